// Commands that run other commands: finding the program and waiting for it.

import type { Co } from '../../sim/index.ts';
import { filesOf, waitFor } from '../host.ts';
import type { Process, Program, SpawnOptions } from '../types.ts';

/** The program for a command line by the process's PATH; scripts run by the interpreter that they name. */
export function resolveProgram(
  process: Process,
  argv: string[],
  env = process.env,
): { program: Program; argv: string[] } | undefined {
  const fs = filesOf(process);
  const name = argv[0];
  const paths = name.includes('/')
    ? [name]
    : (env.PATH ?? process.env.PATH ?? '').split(':').map((dir) => `${dir || '.'}/${name}`);
  for (const path of paths) {
    const node = fs.find(path);
    if (node?.kind !== 'file' || !fs.may(node, 1)) continue;
    if (node.program) return { program: node.program, argv };
    const line = node.text.split('\n', 1)[0];
    const [interpreter, option] = line.startsWith('#!')
      ? line
          .slice(2)
          .trim()
          .split(/\s+(.*)/s)
      : ['sh'];
    const program = process.host.program(interpreter);
    if (program) return { program, argv: [interpreter, ...(option ? [option] : []), path, ...argv.slice(1)] };
  }
  return undefined;
}

/** Starts a command with the process's own streams unless others are given. */
export function start(process: Process, argv: string[], options: Partial<SpawnOptions> = {}): Process | undefined {
  const found = resolveProgram(process, argv, options.env);
  if (!found) return undefined;
  const { stdin, stdout, stderr, cwd, env, tty } = process;
  return process.host.spawn({ stdin, stdout, stderr, cwd, env, tty, parent: process, ...options, ...found });
}

/** Runs a command to its end; 127 when there is none of that name (nothing is told). */
export function* run(process: Process, argv: string[], options: Partial<SpawnOptions> = {}): Co<number> {
  yield 1;
  const child = start(process, argv, options);
  if (!child) return 127;
  try {
    return yield* waitFor(child);
  } finally {
    // A command that is killed takes along what it runs.
    if (child.status === undefined) child.signal('TERM');
  }
}
