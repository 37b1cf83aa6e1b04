// chmod, chown, chgrp: who may do what with a file.

import { FsError, type FileSystem } from '../fs.ts';
import { filesOf } from '../host.ts';
import type { Process, Program } from '../types.ts';
import { complain, fail, isBusybox, operands, type Options, parseOptions, put, usageError } from './options.ts';
import { groupId, userId } from './users.ts';

const WHO: Record<string, number> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };

/** New permission bits from `755` or `u+x,g-w`; undefined when the text is no mode. */
export function parseMode(text: string, before: number, directory: boolean, umask: number): number | undefined {
  if (/^[0-7]{1,5}$/.test(text)) return parseInt(text, 8) & 0o7777;
  let mode = before;
  for (const clause of text.split(',')) {
    const match = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/.exec(clause);
    if (!match) return undefined;
    const who = match[1] === '' ? 0o7777 & ~umask : [...match[1]].reduce((bits, c) => bits | WHO[c], 0);
    const all = match[1] === '' ? 0o7777 : who;
    for (const [, op, letters] of match[2].matchAll(/([-+=])([ugo](?![rwxXst])|[rwxXst]*)/g)) {
      const bits = permissionBits(letters, mode, directory) & who;
      if (op === '+') mode |= bits;
      else if (op === '-') mode &= ~bits;
      else mode = (mode & ~(all & 0o777)) | bits;
    }
  }
  return mode;
}

function permissionBits(letters: string, mode: number, directory: boolean): number {
  if (/^[ugo]$/.test(letters)) {
    const part = (mode >> { u: 6, g: 3, o: 0 }[letters as 'u']) & 7;
    return part * 0o111;
  }
  let bits = 0;
  for (const c of letters) {
    if (c === 'r') bits |= 0o444;
    else if (c === 'w') bits |= 0o222;
    else if (c === 'x' || (c === 'X' && (directory || mode & 0o111))) bits |= 0o111;
    else if (c === 's') bits |= 0o6000;
    else if (c === 't') bits |= 0o1000;
  }
  return bits;
}

/** Every path below `path`, itself first. Links are not followed. */
function below(fs: FileSystem, path: string, out: string[], depth = 0): string[] {
  out.push(path);
  const node = fs.find(path, depth === 0);
  if (node?.kind === 'dir' && depth < 64)
    for (const name of fs.readdir(path)) below(fs, `${path.replace(/\/$/, '')}/${name}`, out, depth + 1);
  return out;
}

function change(
  process: Process,
  options: Options,
  paths: string[],
  body: (path: string, fs: FileSystem) => void,
): number {
  const fs = filesOf(process);
  let status = 0;
  for (const operand of paths) {
    try {
      for (const path of options.has('R') ? below(fs, operand, []) : [operand]) {
        if (path !== operand && fs.lstat(path).kind === 'link') continue;
        body(path, fs);
      }
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      status = 1;
      if (options.has('f')) continue;
      const words =
        error.code === 'ENOENT'
          ? `cannot access '${operand}'`
          : `changing ${process.argv[0].endsWith('chmod') ? 'permissions' : 'ownership'} of '${error.path}'`;
      complain(process, isBusybox(process) ? `${operand}: ${error.message}` : `${words}: ${error.message}`);
    }
  }
  return status;
}

export const chmod: Program = function* (process) {
  // A mode may look like an option: `chmod -x file`.
  const at = process.argv.findIndex((arg, i) => i > 0 && /^-[rwxXst]+$/.test(arg));
  if (at > 0 && process.argv[at] !== '-R')
    process.argv = [...process.argv.slice(0, at), '--', ...process.argv.slice(at)];
  const options = parseOptions(process, {
    short: 'Rvfc',
    long: { recursive: 'R', verbose: 'v', silent: 'f', changes: 'c', reference: 'reference:' },
    usage: '[OPTION]... MODE[,MODE]... FILE...',
  });
  const reference = options.value('reference');
  operands(process, options.args, reference === undefined ? 2 : 1);
  const text = reference === undefined ? (options.args.shift() as string) : undefined;
  const umask = process.umask ?? 0o022;
  if (text !== undefined && parseMode(text, 0, false, umask) === undefined)
    usageError(process, `invalid mode: ‘${text}’`);
  return change(process, options, options.args, (path, fs) => {
    const { mode, kind } = fs.stat(path);
    const wanted =
      text === undefined ? fs.stat(reference as string).mode : (parseMode(text, mode, kind === 'dir', umask) as number);
    fs.chmod(path, wanted);
    const octal = (bits: number) => bits.toString(8).padStart(4, '0');
    if (options.has('v') || (options.has('c') && wanted !== mode)) {
      put(
        process,
        `mode of '${path}' ${wanted === mode ? 'retained as' : `changed from ${octal(mode)} to`} ${octal(wanted)}\n`,
      );
    }
  });
};

const OWNER = {
  short: 'RhvfL',
  long: { recursive: 'R', 'no-dereference': 'h', verbose: 'v', silent: 'f', reference: 'reference:' },
  usage: '[OPTION]... [OWNER][:[GROUP]] FILE...',
};

function identity(
  process: Process,
  text: string,
  look: (process: Process, name: string) => number | undefined,
  what: string,
  whole: string,
): number {
  if (/^\d+$/.test(text)) return Number(text);
  return look(process, text) ?? fail(process, `invalid ${what}: ‘${whole}’`);
}

export const chown: Program = function* (process) {
  const options = parseOptions(process, OWNER);
  operands(process, options.args, 2);
  const text = options.args.shift() as string;
  const [user, group] = text.split(/[:.]/, 2);
  const uid = user ? identity(process, user, userId, 'user', text) : undefined;
  const gid = group ? identity(process, group, groupId, 'group', text) : undefined;
  return change(process, options, options.args, (path, fs) => fs.chown(path, uid, gid, !options.has('h')));
};

export const chgrp: Program = function* (process) {
  const options = parseOptions(process, OWNER);
  operands(process, options.args, 2);
  const text = options.args.shift() as string;
  const gid = identity(process, text, groupId, 'group', text);
  return change(process, options, options.args, (path, fs) => fs.chown(path, undefined, gid, !options.has('h')));
};
