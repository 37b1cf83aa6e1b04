// The notes as files: where they are, what they are called.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const CONTENT = fileURLToPath(new URL('../../content/', import.meta.url));

export interface PageFile {
  /** 'workloads/deployments' */
  name: string;
  path: string;
  source: string;
}

/** All notes in order of their names, or those whose names contain one of `wanted`. */
export function readPages(wanted: string[] = []): PageFile[] {
  const base = join(CONTENT, 'notes');
  return (readdirSync(base, { recursive: true }) as string[])
    .filter((file) => file.endsWith('.mdx'))
    .sort()
    .map((file) => ({ name: relative('.', file).replace(/\.mdx$/, ''), path: join(base, file) }))
    .filter(({ name }) => wanted.length === 0 || wanted.some((w) => name.includes(w.replace(/^.*notes\//, '').replace(/\.mdx$/, ''))))
    .map((page) => ({ ...page, source: readFileSync(page.path, 'utf8') }));
}

export const readContent = (name: string) => readFileSync(join(CONTENT, name), 'utf8');
