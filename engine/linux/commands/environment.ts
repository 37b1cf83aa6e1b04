// env, printenv, nohup, timeout, nice, sudo: commands run under other conditions.

import type { Co } from '../../sim/index.ts';
import { signalName, SIGNALS } from '../host.ts';
import type { Process, Program } from '../types.ts';
import { complain, fail, isBusybox, operands, parseOptions, put, usageError } from './options.ts';
import { duration } from './sleep.ts';
import { resolveProgram, run, start } from './spawn.ts';
import { userId } from './users.ts';

function notFound(process: Process, name: string): number {
  complain(
    process,
    isBusybox(process) ? `can't execute '${name}': No such file or directory` : `‘${name}’: No such file or directory`,
  );
  return 127;
}

function* execute(process: Process, argv: string[], env = process.env, cwd = process.cwd): Co<number> {
  if (!resolveProgram(process, argv, env)) return notFound(process, argv[0]);
  return yield* run(process, argv, { env, cwd });
}

export const env: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'i0u:C:S:',
    long: { 'ignore-environment': 'i', null: '0', unset: 'u', chdir: 'C', 'split-string': 'S' },
    usage: '[OPTION]... [-] [NAME=VALUE]... [COMMAND [ARG]...]',
    status: 125,
    ordered: true,
  });
  let { args } = options;
  const split = options.value('S');
  if (split !== undefined) args = [...split.split(/\s+/).filter(Boolean), ...args];
  let empty = options.has('i');
  if (args[0] === '-') {
    empty = true;
    args = args.slice(1);
  }
  const environment: Record<string, string> = empty ? {} : { ...process.env };
  for (const name of options.values('u')) delete environment[name];
  let i = 0;
  for (; i < args.length && args[i].includes('='); i++) {
    const equals = args[i].indexOf('=');
    environment[args[i].slice(0, equals)] = args[i].slice(equals + 1);
  }
  if (i < args.length) return yield* execute(process, args.slice(i), environment, options.value('C') ?? process.cwd);
  const end = options.has('0') ? '\0' : '\n';
  let out = '';
  for (const name in environment) out += `${name}=${environment[name]}${end}`;
  put(process, out);
  return 0;
};

export const printenv: Program = function* (process) {
  const options = parseOptions(process, {
    short: '0',
    long: { null: '0' },
    usage: '[OPTION]... [VARIABLE]...',
    status: 2,
  });
  const end = options.has('0') ? '\0' : '\n';
  const names = options.args;
  let status = 0;
  let out = '';
  if (!names.length) for (const name in process.env) out += `${name}=${process.env[name]}${end}`;
  for (const name of names) {
    if (Object.hasOwn(process.env, name)) out += process.env[name] + end;
    else status = 1;
  }
  if (out) put(process, out);
  return status;
};

export const nohup: Program = function* (process) {
  const args = process.argv.slice(1);
  if (!args.length) usageError(process, 'missing operand', 125);
  process.handlers.set('HUP', () => {});
  const found = resolveProgram(process, args);
  if (!found) {
    complain(process, `failed to run command '${args[0]}': No such file or directory`);
    return 127;
  }
  yield 1;
  // It becomes the command, so that the signal stays ignored.
  process.argv = found.argv;
  return yield* found.program(process);
};

export const timeout: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'k:s:v',
    long: { 'kill-after': 'k', signal: 's', verbose: 'v', 'preserve-status': 'preserve', foreground: 'foreground' },
    usage: '[OPTION] DURATION COMMAND [ARG]...',
    status: 125,
    ordered: true,
  });
  const { args } = options;
  if (args.length < 2) usageError(process, args.length ? `missing operand after ‘${args[0]}’` : 'missing operand', 125);
  const limit = duration(args[0]);
  if (limit === undefined) usageError(process, `invalid time interval ‘${args[0]}’`, 125);
  const word = options.value('s') ?? 'TERM';
  const signal = signalName(word);
  if (!signal) usageError(process, `‘${word}’: invalid signal`, 125);
  const grace = options.has('k') ? duration(options.value('k') as string) : undefined;
  const command = args.slice(1);
  yield 1;
  const child = start(process, command);
  if (!child) {
    complain(
      process,
      isBusybox(process)
        ? `can't execute '${command[0]}': No such file or directory`
        : `failed to run command ‘${command[0]}’: No such file or directory`,
    );
    return 127;
  }
  const { sim } = process.host;
  const task = child.task!;
  const wait = function* (until: number): Co<boolean> {
    while (!task.done) {
      if (sim.now >= until) return false;
      yield { signals: [task.exited], timeout: until - sim.now };
    }
    return true;
  };
  process.handlers.set('TERM', () => child.signal('TERM'));
  process.handlers.set('INT', () => child.signal('INT'));
  if (yield* wait(limit > 0 && limit < Infinity ? sim.now + limit : sim.now + 2 ** 40)) return child.status ?? 0;
  const send = (name: string) => {
    if (options.has('v')) complain(process, `sending signal ${name} to command ‘${command[0]}’`);
    child.signal(name);
  };
  send(signal);
  if (grace !== undefined && !(yield* wait(sim.now + grace))) {
    send('KILL');
    yield* wait(Infinity);
    return 128 + SIGNALS.KILL;
  }
  while (!task.done) yield task.exited;
  if (options.has('preserve')) return child.status ?? 0;
  return signal === 'KILL' ? 137 : isBusybox(process) ? 143 : 124;
};

export const nice: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'n:',
    long: { adjustment: 'n' },
    usage: '[OPTION] [COMMAND [ARG]...]',
    status: 125,
    ordered: true,
  });
  if (!options.args.length) {
    put(process, '0\n');
    return 0;
  }
  return fail(process, 'priorities of processes are not modelled', 125);
};

/** The user here is root already, or may become it. */
export const sudo: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'EHniu:',
    long: { 'preserve-env': 'E', 'non-interactive': 'n', user: 'u', login: 'i' },
    usage: '[OPTION]... COMMAND [ARG]...',
    ordered: true,
  });
  const { args } = options;
  if (options.has('i')) fail(process, '-i: a login shell of another user is not modelled');
  operands(process, args, 1);
  const environment = { ...process.env };
  let i = 0;
  for (; /^\w+=/.test(args[i] ?? ''); i++)
    environment[args[i].slice(0, args[i].indexOf('='))] = args[i].slice(args[i].indexOf('=') + 1);
  if (!resolveProgram(process, args.slice(i), environment)) {
    complain(process, `${args[i]}: command not found`);
    return 1;
  }
  const user = options.value('u');
  const uid = user === undefined ? 0 : /^#?\d+$/.test(user) ? Number(user.replace('#', '')) : userId(process, user);
  if (uid === undefined) fail(process, `unknown user ${user}`);
  return yield* run(process, args.slice(i), { env: environment, uid, gid: uid });
};
