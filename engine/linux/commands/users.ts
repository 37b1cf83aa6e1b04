// Names of users and groups from /etc/passwd and /etc/group.

import { filesOf } from '../host.ts';
import type { Process } from '../types.ts';

function table(process: Process, path: string): string[][] {
  const node = filesOf(process).find(path);
  return node?.kind === 'file' ? node.text.split('\n').map((line) => line.split(':')) : [];
}

function nameFrom(process: Process, path: string, id: number): string | undefined {
  return table(process, path).find((fields) => fields[2] === String(id))?.[0];
}

function idFrom(process: Process, path: string, name: string): number | undefined {
  const found = table(process, path).find((fields) => fields[0] === name);
  return found ? Number(found[2]) : undefined;
}

/** The user's name; undefined for a number without an entry. */
export const userName = (process: Process, id: number) => nameFrom(process, '/etc/passwd', id);
export const groupName = (process: Process, id: number) => nameFrom(process, '/etc/group', id);
export const userId = (process: Process, name: string) => idFrom(process, '/etc/passwd', name);
export const groupId = (process: Process, name: string) => idFrom(process, '/etc/group', name);
