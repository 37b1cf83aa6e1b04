// From a command's name to the program that runs: PATH, permissions, `#!` lines.

import type { FileNode } from '../linux/fs.ts';
import type { Program } from '../linux/types.ts';
import type { Shell } from './shell.ts';

/** Why a command cannot run; `message` in the shell's words. */
export class NotFound {
  readonly message: string;
  readonly status: number;
  constructor(message: string, status: number) {
    this.message = message;
    this.status = status;
  }
}

export interface Found {
  program: Program;
  argv: string[];
}

/** The program for a command line and the arguments it gets. */
export function findCommand(shell: Shell, argv: string[]): Found | NotFound {
  const name = argv[0];
  const bash = shell.flavour.kind === 'bash';
  if (name.includes('/')) return load(shell, name, argv);
  const path = findInPath(shell, name);
  if (path === undefined) return new NotFound(bash ? `${name}: command not found` : `${name}: not found`, 127);
  return load(shell, path, argv);
}

/** The file that a plain name means, by PATH. */
export function findInPath(shell: Shell, name: string): string | undefined {
  const known = shell.commandPaths.get(name);
  if (known !== undefined && isExecutable(shell, known)) return known;
  for (const path of pathsOf(shell, name)) {
    shell.commandPaths.set(name, path);
    return path;
  }
  return undefined;
}

/** All files that a plain name could mean, in the order of PATH. */
export function pathsOf(shell: Shell, name: string): string[] {
  const out: string[] = [];
  if (!name) return out;
  for (const dir of (shell.get('PATH') ?? '').split(':')) {
    const path = `${dir || '.'}/${name}`;
    if (isExecutable(shell, path)) out.push(path);
  }
  return out;
}

function isExecutable(shell: Shell, path: string): boolean {
  const node = shell.fs.find(path);
  return node?.kind === 'file' && shell.fs.may(node, 1);
}

function load(shell: Shell, path: string, argv: string[], depth = 0): Found | NotFound {
  const bash = shell.flavour.kind === 'bash';
  const node = shell.fs.find(path);
  if (!node) return new NotFound(bash ? `${path}: No such file or directory` : `${path}: not found`, 127);
  if (node.kind === 'dir') return new NotFound(bash ? `${path}: Is a directory` : `${path}: Permission denied`, 126);
  if (node.kind === 'link' || !shell.fs.may(node, 1)) return new NotFound(`${path}: Permission denied`, 126);
  if (node.program) return { program: node.program, argv };
  return script(shell, node, path, argv, depth);
}

function script(shell: Shell, node: FileNode, path: string, argv: string[], depth: number): Found | NotFound {
  const { text } = node;
  const args = argv.slice(1);
  if (!text.startsWith('#!')) {
    if (text.includes('\0')) return new NotFound(`${path}: cannot execute binary file: Exec format error`, 126);
    const own = shell.flavour.kind === 'bash' ? 'bash' : 'sh';
    const program = shell.process.host.program(own);
    return program ? { program, argv: [own, path, ...args] } : new NotFound(`${own}: not found`, 127);
  }
  const end = text.indexOf('\n');
  const [interpreter, option] = text
    .slice(2, end < 0 ? undefined : end)
    .trim()
    .split(/\s+(.*)/s);
  const next =
    depth < 3
      ? load(shell, interpreter, [interpreter, ...(option ? [option] : []), path, ...args], depth + 1)
      : undefined;
  if (next && !(next instanceof NotFound)) return next;
  if (shell.flavour.kind !== 'bash') return new NotFound(`${path}: not found`, 127);
  // bash 5.2: "cannot execute: required file not found".
  return new NotFound(`${path}: cannot execute: required file not found`, 127);
}
