// Simple commands: assignments, builtins, functions, programs.

import type { Co } from '../sim/index.ts';
import { FsError } from '../linux/fs.ts';
import { SIGNAL_WORDS, SIGNALS } from '../linux/host.ts';
import { Exit } from '../linux/io.ts';
import { quoteForTrace } from '../linux/quote.ts';
import type { Process, Program } from '../linux/types.ts';
import type { Simple } from './ast.ts';
import type { Builtin } from './builtins/call.ts';
import { builtinFor, DECLARING } from './builtins/index.ts';
import { foreground, streams } from './children.ts';
import { assign, expandInto, expandText } from './expand.ts';
import { contextOf, deeper, runCommand, runner } from './interpreter.ts';
import { findCommand, NotFound } from './lookup.ts';
import { redirected } from './redirect.ts';
import { BUILTIN_COST, type Descriptors, Flow, pay, PROGRAM_COST, type Shell } from './shell.ts';

/** `replace`: the shell's process is there for this command alone. */
export function* runSimple(shell: Shell, command: Simple, outer: Descriptors, replace = false): Co<number> {
  shell.line = command.line;
  const context = contextOf(shell, outer);
  const before = shell.status;
  const argv: string[] = [];
  const { words } = command;
  let declaring: Builtin | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word.assign) continue;
    yield* expandInto(context, word, argv);
    if (i === 0 && argv.length === 1 && DECLARING[argv[0]]) declaring = DECLARING[argv[0]];
  }
  const substituted = shell.status !== before;
  let fds = outer;
  if (command.redirects.length) fds = yield* redirected(context, command.redirects);
  const temporary = shell.temporary;
  if (temporary.length) shell.temporary = [];
  try {
    if (!argv.length) {
      if (!substituted) shell.status = 0;
      for (const assignment of command.assignments) {
        if (shell.options.has('x')) trace(shell, [`${assignment.name}=${assignment.value?.raw ?? ''}`], outer);
        yield* assign(contextOf(shell, fds), assignment);
      }
      if (shell.cost >= 1) yield* pay(shell);
      shell.cost += BUILTIN_COST;
      return shell.status;
    }
    if (shell.options.has('x')) trace(shell, argv, outer);
    if (declaring)
      return yield* declaring(
        { shell, argv, fds, outer, runner },
        words.filter((word) => word.assign).map((word) => word.assign!),
      );
    return yield* execute(shell, argv, command, fds, outer, replace);
  } finally {
    if (temporary.length) for (const path of temporary) shell.fs.view({}).remove(path);
  }
}

function trace(shell: Shell, argv: string[], fds: Descriptors) {
  const prefix = shell.get('PS4') ?? '+ ';
  fds[2]?.writer?.write(`${prefix}${argv.map(quoteForTrace).join(' ')}\n`);
}

function* execute(
  shell: Shell,
  argv: string[],
  command: Simple,
  fds: Descriptors,
  outer: Descriptors,
  replace: boolean,
): Co<number> {
  const name = argv[0];
  const shellFunction = shell.functions.get(name);
  const builtin = shellFunction ? undefined : builtinFor(shell.flavour, name);
  if (!shellFunction && !builtin) {
    const environment = yield* environmentOf(shell, command, fds);
    const text = command.words.map((word) => word.raw).join(' ');
    return yield* runProgram(shell, argv, environment, fds, replace, text);
  }
  const restore = yield* temporaryAssignments(shell, command, fds);
  try {
    if (shellFunction) return yield* callFunction(shell, name, argv, fds);
    shell.cost += BUILTIN_COST;
    if (shell.cost >= 1) yield* pay(shell);
    return yield* (builtin as Builtin)({ shell, argv, fds, outer, runner }, []);
  } catch (error) {
    // What a builtin writes finds no place any more.
    if (shellFunction || !(error instanceof FsError) || error.code !== 'ENOSPC') throw error;
    shell.complain(outer, `${name}: ${error.path}: ${error.message}`);
    return 1;
  } finally {
    restore();
  }
}

/** The environment of a program: exported variables and the assignments before its name. */
function* environmentOf(shell: Shell, command: Simple, fds: Descriptors): Co<Record<string, string>> {
  const base = shell.variables.exported();
  if (!command.assignments.length) return base;
  const environment = { ...base };
  for (const { name, value } of command.assignments) {
    environment[name] = value ? yield* expandText(contextOf(shell, fds), value, true) : '';
  }
  return environment;
}

function* temporaryAssignments(shell: Shell, command: Simple, fds: Descriptors): Co<() => void> {
  const saved: [string, ReturnType<typeof shell.variables.get>][] = [];
  for (const assignment of command.assignments) {
    saved.push([assignment.name, shell.variables.get(assignment.name)]);
    yield* assign(contextOf(shell, fds), assignment);
    shell.variables.put(assignment.name, { ...shell.variables.get(assignment.name), exported: true });
  }
  return () => {
    for (const [name, variable] of saved) {
      if (variable) shell.variables.put(name, variable);
      else shell.variables.unset(name);
    }
  };
}

function* callFunction(shell: Shell, name: string, argv: string[], fds: Descriptors): Co<number> {
  const { body } = shell.functions.get(name)!;
  const { parameters, loops, nesting } = shell;
  deeper(shell, fds, name);
  shell.parameters = argv.slice(1);
  shell.loops = 0;
  shell.functionNames = [...shell.functionNames, name];
  shell.variables.enter();
  shell.cost += BUILTIN_COST;
  if (shell.cost >= 1) yield* pay(shell);
  try {
    return yield* runCommand(shell, body, fds);
  } catch (error) {
    if (error instanceof Flow && error.kind === 'return') return error.value;
    throw error;
  } finally {
    shell.nesting = nesting;
    shell.variables.leave();
    shell.parameters = parameters;
    shell.loops = loops;
    shell.functionNames = shell.functionNames.slice(0, -1);
  }
}

export function* runProgram(
  shell: Shell,
  argv: string[],
  environment: Record<string, string>,
  fds: Descriptors,
  replace: boolean,
  text = argv.join(' '),
): Co<number> {
  const found = findCommand(shell, argv);
  if (found instanceof NotFound) {
    yield* pay(shell, PROGRAM_COST);
    shell.complain(fds, found.message);
    return found.status;
  }
  yield* pay(shell, PROGRAM_COST);
  const { host } = shell.process;
  if (replace) return yield* becomeProgram(shell, found.program, found.argv, environment, fds);
  const process = host.spawn({
    program: found.program,
    argv: found.argv,
    env: environment,
    cwd: shell.cwd,
    ...streams(fds),
    tty: fds[0]?.tty,
    parent: shell.process,
  });
  const [status] = yield* foreground(shell, [process]);
  if (process.endedBy && shell.flavour.kind === 'bash') tellSignal(shell, process, text, fds);
  return status;
}

/** bash tells when a signal has ended a command, except those that people send on purpose. */
function tellSignal(shell: Shell, process: Process, text: string, fds: Descriptors) {
  const words = SIGNAL_WORDS[SIGNALS[process.endedBy as string]];
  if (!words) return;
  if (shell.interactive || process.endedBy === 'TERM') fds[2]?.writer?.write(`${words}\n`);
  else fds[2]?.writer?.write(`${shell.prefix()}${String(process.pid).padStart(5)} ${words.padEnd(23)} ${text}\n`);
}

/** Runs the program in the shell's own process, as `exec` does. */
export function* becomeProgram(
  shell: Shell,
  program: Program,
  argv: string[],
  environment: Record<string, string>,
  fds: Descriptors,
): Co<number> {
  const { process } = shell;
  process.handlers.clear();
  shell.traps.forEach((text, name) => {
    if (text === '') process.handlers.set(name, () => {});
  });
  process.argv = argv;
  process.env = environment;
  process.cwd = shell.cwd;
  Object.assign(process, streams(fds));
  process.tty = fds[0]?.tty ?? false;
  try {
    return yield* program(process);
  } catch (error) {
    if (error instanceof Exit) return error.status;
    throw error;
  }
}
