// What every builtin gets, and how it reads options, writes and complains.

import type { Co } from '../../sim/index.ts';
import type { Assignment } from '../ast.ts';
import type { Runner } from '../expand.ts';
import type { Descriptors, Shell } from '../shell.ts';

export interface Call {
  shell: Shell;
  argv: string[];
  fds: Descriptors;
  /** Those around the command, before its own redirections. */
  outer: Descriptors;
  runner: Runner;
}

/** `assignments`: arguments of a declaration that were written as assignments. */
export type Builtin = (call: Call, assignments: Assignment[]) => Co<number>;

/** Tells an error of the builtin itself. */
export function complain(call: Call, message: string) {
  call.shell.complain(call.fds, `${call.argv[0]}: ${message}`);
}

export function write(call: Call, text: string): number {
  const ok = call.fds[1]?.writer?.write(text);
  if (ok === undefined) {
    complain(call, 'write error: Bad file descriptor');
    return 1;
  }
  return ok ? 0 : 1;
}

/** Single-letter options of a builtin and the rest; undefined after having complained. Letters before `:` take a value. */
export function flags(
  call: Call,
  allowed: string,
  usage: string,
): { on: Map<string, string>; args: string[] } | undefined {
  const on = new Map<string, string>();
  const { argv } = call;
  let i = 1;
  for (; i < argv.length; i++) {
    const arg = argv[i];
    if (arg === '--') {
      i++;
      break;
    }
    if (!/^-./.test(arg)) break;
    for (let k = 1; k < arg.length; k++) {
      const at = arg[k] === ':' ? -1 : allowed.indexOf(arg[k]);
      if (at < 0) {
        complain(call, `-${arg[k]}: invalid option`);
        if (call.shell.flavour.kind === 'bash') call.fds[2]?.writer?.write(`${argv[0]}: usage: ${usage}\n`);
        return undefined;
      }
      if (allowed[at + 1] !== ':') {
        on.set(arg[k], '');
        continue;
      }
      const value = arg.slice(k + 1) || argv[++i];
      if (value === undefined) {
        complain(call, `-${arg[k]}: option requires an argument`);
        return undefined;
      }
      on.set(arg[k], value);
      break;
    }
  }
  return { on, args: argv.slice(i) };
}
