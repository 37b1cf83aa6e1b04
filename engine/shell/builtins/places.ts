// cd, pwd, the directory stack, umask.

import { FsError, normalize } from '../../linux/fs.ts';
import type { Shell } from '../shell.ts';
import { type Builtin, type Call, complain, flags, write } from './call.ts';

export const cd: Builtin = function* (call) {
  const { shell } = call;
  const parsed = flags(call, 'LPe', 'cd [-L|[-P [-e]] [-@]] [dir]');
  if (!parsed) return 2;
  const { args } = parsed;
  if (args.length > 1 && shell.flavour.kind === 'bash') {
    complain(call, 'too many arguments');
    return 1;
  }
  let target = args[0];
  if (target === undefined) {
    const home = shell.get('HOME');
    if (!home) {
      complain(call, 'HOME not set');
      return 1;
    }
    target = home;
  }
  const back = target === '-';
  if (back) {
    const old = shell.get('OLDPWD');
    if (old === undefined) {
      complain(call, 'OLDPWD not set');
      return 1;
    }
    target = old;
  }
  const status = go(call, target, parsed.on.has('P'));
  if (status === 0 && back) write(call, `${shell.cwd}\n`);
  return status;
};

function go(call: Call, target: string, physical: boolean): number {
  const { shell } = call;
  // A relative path keeps the links by which the shell came here.
  const path = normalize(target.startsWith('/') ? target : `${shell.cwd}/${target}`);
  try {
    const node = shell.fs.node(path);
    if (node.kind !== 'dir') throw new FsError('ENOTDIR', path);
    if (!shell.fs.may(node, 1)) throw new FsError('EACCES', path);
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    if (shell.flavour.kind === 'bash') complain(call, `${target}: ${error.message}`);
    else
      complain(
        call,
        shell.flavour.kind === 'ash' ? `can't cd to ${target}: ${error.message}` : `can't cd to ${target}`,
      );
    return shell.flavour.kind === 'bash' ? 1 : 2;
  }
  move(shell, physical ? shell.fs.realpath(path) : path);
  return 0;
}

function move(shell: Shell, path: string) {
  shell.set('OLDPWD', shell.cwd);
  shell.cwd = path;
  shell.set('PWD', path);
  if (shell.subshell === 0) shell.process.cwd = path;
}

export const pwd: Builtin = function* (call) {
  const parsed = flags(call, 'LP', 'pwd [-LP]');
  if (!parsed) return 2;
  const { shell } = call;
  return write(call, `${parsed.on.has('P') ? shell.fs.realpath(shell.cwd) : shell.cwd}\n`);
};

function tildePath(shell: Shell, path: string): string {
  const { home } = shell;
  return path === home ? '~' : path.startsWith(home + '/') ? '~' + path.slice(home.length) : path;
}

function stack(shell: Shell): string {
  return [shell.cwd, ...shell.directories].map((path) => tildePath(shell, path)).join(' ') + '\n';
}

export const dirs: Builtin = function* (call) {
  return write(call, stack(call.shell));
};

export const pushd: Builtin = function* (call) {
  const { shell, argv } = call;
  const from = shell.cwd;
  const target = argv[1] ?? shell.directories.shift();
  if (target === undefined) {
    complain(call, 'no other directory');
    return 1;
  }
  const status = go(call, target, false);
  if (status !== 0) return status;
  shell.directories.unshift(from);
  return write(call, stack(shell));
};

export const popd: Builtin = function* (call) {
  const { shell } = call;
  const target = shell.directories.shift();
  if (target === undefined) {
    complain(call, 'directory stack empty');
    return 1;
  }
  const status = go(call, target, false);
  return status || write(call, stack(shell));
};

export const umask: Builtin = function* (call) {
  const { shell, argv } = call;
  const { process } = shell;
  const text = argv[1];
  const mask = process.umask ?? 0o022;
  if (text === undefined) return write(call, `${mask.toString(8).padStart(4, '0')}\n`);
  if (text === '-S') {
    const part = (bits: number) => ['r', 'w', 'x'].filter((_c, i) => !(bits & (4 >> i))).join('');
    return write(call, `u=${part(mask >> 6)},g=${part((mask >> 3) & 7)},o=${part(mask & 7)}\n`);
  }
  if (!/^[0-7]{1,4}$/.test(text)) {
    complain(call, `${text}: octal number out of range`);
    return 1;
  }
  process.umask = parseInt(text, 8);
  return 0;
};
