// Runs what the parser made: lists, pipelines, compound commands, functions, builtins and programs.

import type { Co } from '../sim/index.ts';
import { FileNode } from '../linux/fs.ts';
import { SIGNAL_WORDS, SIGNALS, waitFor } from '../linux/host.ts';
import { Collector, Exit, nullReader, nullWriter, pipeReader, pipeWriter } from '../linux/io.ts';
import { Pipe } from '../linux/pipe.ts';
import type { Process, Program } from '../linux/types.ts';
import type { Command, Compound, List, Simple } from './ast.ts';
import type { Builtin } from './builtins/call.ts';
import { builtinFor, DECLARING } from './builtins/index.ts';
import { conditionHolds } from './condition.ts';
import { assign, type Context, evaluate, expandInto, expandPattern, expandText, expandWords, type Runner } from './expand.ts';
import { findCommand, NotFound } from './lookup.ts';
import { SyntaxProblem } from './flavour.ts';
import { Parser } from './parser.ts';
import { matches } from './pattern.ts';
import { redirected, RedirectError } from './redirect.ts';
import { type Descriptor, type Descriptors, ExpansionError, Flow, type Job, pay, type Shell } from './shell.ts';
import { quoteForTrace } from '../linux/quote.ts';
import { ReadonlyError } from './variables.ts';

/** Virtual ms that a builtin and the start of a program take. */
const BUILTIN_COST = 0.1;
const PROGRAM_COST = 1;
/** Blocks, functions and substitutions inside each other: the engine's own stack is small. */
const MAX_NESTING = 100;

export const runner: Runner = {
  substitute,
  processPath,
  runText,
  runTraps,
  runProgram,
  becomeProgram,
  builtin: (shell, name) => builtinFor(shell.flavour, name),
};

function contextOf(shell: Shell, fds: Descriptors): Context {
  return { shell, fds, runner };
}

export function* runList(shell: Shell, list: List, fds: Descriptors): Co<number> {
  const { items } = list;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (item.background) startJob(shell, item.command, item.text, fds);
    else shell.status = yield* runCommand(shell, item.command, fds);
  }
  return shell.status;
}

export function* runCommand(shell: Shell, command: Command, fds: Descriptors): Co<number> {
  switch (command.kind) {
    case 'simple':
      return yield* settle(shell, runSimple(shell, command, fds), fds);
    case 'and-or': {
      shell.conditional++;
      let status: number;
      try {
        status = yield* runCommand(shell, command.first, fds);
      } finally {
        shell.conditional--;
      }
      for (let i = 0; i < command.rest.length; i++) {
        const { op, command: next } = command.rest[i];
        shell.status = status;
        if ((op === '&&') !== (status === 0)) continue;
        const last = i === command.rest.length - 1;
        if (!last) shell.conditional++;
        try {
          status = yield* runCommand(shell, next, fds);
        } finally {
          if (!last) shell.conditional--;
        }
      }
      return (shell.status = status);
    }
    case 'pipeline': {
      const started = shell.process.host.sim.now;
      if (command.negate) shell.conditional++;
      let status: number;
      try {
        const several = command.commands.length > 1;
        status = several
          ? yield* settle(shell, runPipeline(shell, command.commands, fds), fds)
          : yield* runCommand(shell, command.commands[0], fds);
      } finally {
        if (command.negate) shell.conditional--;
      }
      if (command.timed) fds[2]?.writer?.write(timing(shell.process.host.sim.now - started));
      return (shell.status = command.negate ? (status === 0 ? 1 : 0) : status);
    }
    case 'function':
      shell.functions.set(command.name, { body: command.body, source: command.source });
      return 0;
    default: {
      const { nesting } = shell;
      deeper(shell, fds, 'shell');
      const status = yield* runCompound(shell, command, fds);
      shell.nesting = nesting;
      return status;
    }
  }
}

/** One level more of blocks, functions and substitutions inside each other; past the limit the script ends. */
function deeper(shell: Shell, fds: Descriptors, name: string) {
  if (++shell.nesting <= MAX_NESTING) return;
  shell.complain(fds, `${name}: maximum function nesting level exceeded (${MAX_NESTING})`);
  throw new Flow(shell.interactive ? 'abort' : 'exit', 1);
}

function timing(ms: number): string {
  const text = (n: number) => `${Math.floor(n / 60000)}m${((n % 60000) / 1000).toFixed(3)}s`;
  return `\nreal\t${text(ms)}\nuser\t${text(0)}\nsys\t${text(0)}\n`;
}

/** Tells of what failed, runs traps that are due, and ends the shell under `set -e`. */
function* settle(shell: Shell, command: Co<number>, fds: Descriptors): Co<number> {
  let status: number;
  try {
    status = yield* command;
  } catch (error) {
    status = failed(shell, error, fds);
  }
  shell.status = status;
  if (shell.arrived.length) yield* runTraps(shell, fds);
  if (status !== 0 && shell.conditional === 0) {
    const trap = shell.traps.get('ERR');
    if (trap) yield* runText(shell, trap, fds);
    if (shell.options.has('e')) throw new Flow('exit', status);
  }
  return status;
}

/** The status after an error of the shell itself; errors that end the command line are thrown on as `Flow`. */
function failed(shell: Shell, error: unknown, fds: Descriptors): number {
  if (error instanceof RedirectError) {
    shell.complain(fds, error.message);
    return 1;
  }
  const readonly = shell.flavour.kind === 'bash' ? 'readonly variable' : 'is read only';
  const message =
    error instanceof ExpansionError
      ? error.message
      : error instanceof ReadonlyError
        ? `${error.name}: ${readonly}`
        : undefined;
  if (message === undefined) throw error;
  shell.complain(fds, message);
  const bash = shell.flavour.kind === 'bash';
  const status = error instanceof ExpansionError ? error.status : bash ? 1 : 2;
  const fatal = !bash || (error instanceof ExpansionError && error.fatal);
  throw new Flow(fatal && !shell.interactive ? 'exit' : 'abort', status);
}

export function* runTraps(shell: Shell, fds: Descriptors): Co {
  while (shell.arrived.length) {
    const name = shell.arrived.shift() as string;
    const text = shell.traps.get(name);
    if (!text) continue;
    const { status } = shell;
    yield* runText(shell, text, fds);
    shell.status = status;
  }
}

/** Runs text as commands of this shell (`eval`, traps, `source`); a syntax error gives 2. */
export function* runText(shell: Shell, text: string, fds: Descriptors, line = shell.line, status = 0): Co<number> {
  const { nesting } = shell;
  deeper(shell, fds, 'eval');
  try {
    const alias = shell.interactive ? (name: string) => shell.aliases.get(name) : undefined;
    const parser = new Parser(text, { flavour: shell.flavour, alias, line });
    shell.status = status;
    let first = true;
    for (;;) {
      let list: List | undefined;
      try {
        list = parser.next();
      } catch (error) {
        if (!(error instanceof SyntaxProblem)) throw error;
        reportSyntax(shell, error, fds, parser);
        return (shell.status = 2);
      }
      if (!list) return first ? (shell.status = 0) : shell.status;
      first = false;
      yield* runList(shell, list, fds);
    }
  } finally {
    shell.nesting = nesting;
  }
}

export function reportSyntax(shell: Shell, error: SyntaxProblem, fds: Descriptors, parser: Parser) {
  shell.line = error.line;
  const script = shell.numbered && shell.flavour.kind === 'bash' && !shell.scriptFile ? '-c: ' : '';
  const prefix = shell.prefix().replace(/line \d+: $/, (line) => script + line);
  fds[2]?.writer?.write(`${prefix}${error.message(shell.flavour)}\n`);
  if (shell.numbered && shell.flavour.kind === 'bash' && error.token !== undefined && !error.opener) {
    fds[2]?.writer?.write(`${prefix}\`${parser.lineText()}'\n`);
  }
}

// ---- compound commands -----------------------------------------------------------------------------------

function* runCompound(shell: Shell, command: Compound, outer: Descriptors): Co<number> {
  let fds = outer;
  shell.line = command.line;
  if (command.redirects.length) {
    try {
      fds = yield* redirected(contextOf(shell, outer), command.redirects);
    } catch (error) {
      return (shell.status = failed(shell, error, outer));
    }
  }
  switch (command.kind) {
    case 'group':
      return yield* runList(shell, command.body, fds);
    case 'subshell': {
      const child = shell.fork(shell.process);
      fds = fds.slice();
      const status = yield* enclosed(child, runList(child, command.body, fds), fds);
      shell.cost += child.cost;
      return yield* settle(shell, constant(status), fds);
    }
    case 'if':
      for (const branch of command.branches) {
        if ((yield* condition(shell, branch.condition, fds)) === 0) return yield* runList(shell, branch.body, fds);
      }
      return command.otherwise ? yield* runList(shell, command.otherwise, fds) : (shell.status = 0);
    case 'while':
    case 'until': {
      const wanted = command.kind === 'while';
      return yield* loop(
        shell,
        function* () {
          return ((yield* condition(shell, command.condition, fds)) === 0) === wanted;
        },
        command.body,
        fds,
      );
    }
    case 'for': {
      const words = command.words ? yield* guarded(shell, expandWords(contextOf(shell, fds), command.words), fds) : shell.parameters;
      if (!words) return shell.status;
      let i = 0;
      return yield* loop(
        shell,
        function* () {
          if (i >= words.length) return false;
          shell.set(command.name, words[i++]);
          return true;
        },
        command.body,
        fds,
      );
    }
    case 'c-for': {
      const context = contextOf(shell, fds);
      if ((yield* guarded(shell, evaluate(context, command.init), fds)) === undefined) return shell.status;
      let first = true;
      return yield* loop(
        shell,
        function* () {
          if (!first) yield* evaluate(context, command.step);
          first = false;
          return command.condition.raw === '' || (yield* evaluate(context, command.condition)) !== 0n;
        },
        command.body,
        fds,
      );
    }
    case 'select':
      shell.complain(fds, 'select: menus are not modelled here');
      return (shell.status = 1);
    case 'case':
      return yield* runCase(shell, command, fds);
    case 'arithmetic': {
      const value = yield* guarded(shell, evaluate(contextOf(shell, fds), command.expression), fds);
      return yield* settle(shell, constant(value ? 0 : 1), fds);
    }
    case 'condition': {
      const holds = yield* guarded(shell, conditionHolds(contextOf(shell, fds), command.test), fds);
      shell.cost += BUILTIN_COST;
      if (shell.cost >= 1) yield* pay(shell);
      return yield* settle(shell, constant(holds === undefined ? 2 : holds ? 0 : 1), fds);
    }
  }
}

function* constant(status: number): Co<number> {
  return status;
}

/** Runs an expansion; its failure is told and gives undefined. */
function* guarded<T>(shell: Shell, co: Co<T>, fds: Descriptors): Co<T | undefined> {
  try {
    return yield* co;
  } catch (error) {
    shell.status = failed(shell, error, fds);
    return undefined;
  }
}

function* condition(shell: Shell, list: List, fds: Descriptors): Co<number> {
  shell.conditional++;
  try {
    return yield* runList(shell, list, fds);
  } finally {
    shell.conditional--;
  }
}

function* loop(shell: Shell, more: () => Co<boolean>, body: List, fds: Descriptors): Co<number> {
  let status = 0;
  const { nesting } = shell;
  shell.loops++;
  try {
    for (;;) {
      try {
        if (!(yield* more())) break;
        status = yield* runList(shell, body, fds);
      } catch (error) {
        if (!(error instanceof Flow) || (error.kind !== 'break' && error.kind !== 'continue')) throw error;
        status = 0;
        shell.nesting = nesting;
        if (--error.value > 0 && shell.loops > 1) throw error;
        if (error.kind === 'break') break;
      }
      shell.cost += BUILTIN_COST;
      if (shell.cost >= 1) yield* pay(shell);
    }
  } finally {
    shell.loops--;
  }
  return (shell.status = status);
}

function* runCase(shell: Shell, command: Extract<Compound, { kind: 'case' }>, fds: Descriptors): Co<number> {
  const context = contextOf(shell, fds);
  const text = yield* guarded(shell, expandText(context, command.word), fds);
  if (text === undefined) return shell.status;
  let status = 0;
  let through = false;
  for (const item of command.items) {
    let hit = through;
    for (let i = 0; i < item.patterns.length && !hit; i++) {
      const pattern = yield* guarded(shell, expandPattern(context, item.patterns[i]), fds);
      hit = pattern !== undefined && matches(pattern, text, shell.flavour.bashisms);
    }
    if (!hit) continue;
    shell.status = 0;
    status = yield* runList(shell, item.body, fds);
    if (item.end === ';;') break;
    through = item.end === ';&';
  }
  return (shell.status = status);
}

// ---- subshells and substitutions -------------------------------------------------------------------------

/** Runs a child shell to its end: `exit` ends the child alone, its EXIT trap runs. */
export function* enclosed(child: Shell, body: Co<number>, fds: Descriptors): Co<number> {
  let status: number;
  try {
    status = yield* body;
  } catch (error) {
    if (!(error instanceof Flow)) throw error;
    status = error.kind === 'break' || error.kind === 'continue' ? 0 : error.value;
  }
  return yield* runExitTrap(child, status, fds);
}

export function* runExitTrap(shell: Shell, status: number, fds: Descriptors): Co<number> {
  const trap = shell.traps.get('EXIT');
  if (!trap) return status;
  shell.traps.delete('EXIT');
  shell.status = status;
  try {
    yield* runText(shell, trap, fds);
  } catch (error) {
    if (!(error instanceof Flow)) throw error;
    if (error.kind === 'exit') return error.value;
  }
  return status;
}

function* substitute(shell: Shell, body: List, fds: Descriptors): Co<string> {
  const out = new Collector();
  const child = shell.fork(shell.process);
  // A substitution stands on twice as much of the stack as a block.
  child.nesting++;
  deeper(child, fds, 'command substitution');
  const inner = fds.slice();
  inner[1] = { writer: out };
  // `$(< file)` is the file's content.
  const only = body.items.length === 1 ? body.items[0].command : undefined;
  if (only?.kind === 'simple' && !only.words.length && !only.assignments.length && only.redirects.length === 1) {
    try {
      const read = (yield* redirected(contextOf(child, inner), only.redirects))[0]?.reader;
      for (let text = read && (yield* read.read()); text !== undefined; text = yield* read!.read()) out.write(text);
      shell.status = 0;
    } catch (error) {
      shell.status = failed(shell, error, fds);
    }
    return out.text;
  }
  const conditional = child.conditional;
  child.conditional = shell.flavour.kind === 'bash' ? conditional : 0;
  // bash drops -e inside substitutions.
  if (shell.flavour.kind === 'bash') child.options.delete('e');
  shell.status = yield* enclosed(child, runList(child, body, inner), inner);
  shell.cost += child.cost;
  return out.text;
}

function processPath(shell: Shell, direction: '<' | '>', body: List, fds: Descriptors): string {
  let fd = 63;
  while (shell.fs.exists(`/dev/fd/${fd}`)) fd--;
  const path = `/dev/fd/${fd}`;
  const pipe = new Pipe();
  const node = new FileNode('', { mode: 0o600 });
  node.fifo = pipe;
  shell.fs.mkdir('/dev/fd', { recursive: true });
  shell.fs.put(path, node);
  shell.temporary.push(path);
  const inner = fds.slice();
  if (direction === '<') inner[1] = { writer: pipeWriter(pipe) };
  else inner[0] = { reader: pipeReader(pipe) };
  spawnShell(shell, inner, (child) => runList(child, body, inner), () => {
    if (direction === '<') pipe.end();
    else pipe.closeReader();
  });
  return path;
}

/** Starts a process that runs a part of the script in a child of this shell. */
function spawnShell(shell: Shell, fds: Descriptors, body: (child: Shell) => Co<number>, ended: () => void): Process {
  const program: Program = function* (process) {
    const child = shell.fork(process);
    try {
      return yield* enclosed(child, body(child), fds);
    } finally {
      ended();
    }
  };
  return shell.process.host.spawn({
    program,
    argv: [shell.name],
    env: shell.variables.exported(),
    cwd: shell.cwd,
    ...streams(fds),
    tty: fds[0]?.tty,
    parent: shell.process,
  });
}

function streams(fds: Descriptors) {
  return {
    stdin: fds[0]?.reader ?? nullReader,
    stdout: fds[1]?.writer ?? nullWriter,
    stderr: fds[2]?.writer ?? nullWriter,
  };
}

/** Starts the stages of a pipeline; each has a process of its own. */
function startPipeline(shell: Shell, commands: Command[], fds: Descriptors): Process[] {
  const processes: Process[] = [];
  let input: Descriptor | undefined = fds[0];
  for (let i = 0; i < commands.length; i++) {
    const inner = fds.slice();
    const from = input;
    inner[0] = from;
    const pipe = i < commands.length - 1 ? new Pipe() : undefined;
    if (pipe) {
      inner[1] = { writer: pipeWriter(pipe) };
      input = { reader: pipeReader(pipe) };
    }
    const first = i === 0;
    const stage = (child: Shell) => runStage(child, commands[i], inner);
    processes.push(
      spawnShell(shell, inner, stage, () => {
        pipe?.end();
        if (!first) from?.reader?.close();
      }),
    );
  }
  return processes;
}

function* runPipeline(shell: Shell, commands: Command[], fds: Descriptors): Co<number> {
  yield* pay(shell, PROGRAM_COST);
  const processes = startPipeline(shell, commands, fds);
  const statuses = yield* foreground(shell, processes);
  shell.variables.put('PIPESTATUS', { list: statuses.map(String) });
  let status = statuses[statuses.length - 1];
  if (shell.options.has('pipefail')) for (const one of statuses) if (one !== 0) status = one;
  return status;
}

function* foreground(shell: Shell, processes: Process[]): Co<number[]> {
  const before = shell.foreground;
  shell.foreground = processes;
  const statuses: number[] = [];
  try {
    for (const process of processes) statuses.push(yield* waitFor(process));
  } finally {
    shell.foreground = before;
  }
  return statuses;
}

/** A process that was started for one command becomes that command's program, as after fork and exec. */
export function* runStage(shell: Shell, command: Command, fds: Descriptors): Co<number> {
  if (command.kind !== 'simple') return yield* runCommand(shell, command, fds);
  return yield* settle(shell, runSimple(shell, command, fds, true), fds);
}

export function startJob(shell: Shell, command: Command, text: string, outer: Descriptors): Job {
  const fds = outer.slice();
  // Without job control a background command does not read the terminal.
  fds[0] = outer[0]?.tty || !shell.interactive ? { reader: nullReader } : outer[0];
  const processes =
    command.kind === 'pipeline' && !command.negate
      ? startPipeline(shell, command.commands, fds)
      : [spawnShell(shell, fds, (child) => runStage(child, command, fds), () => {})];
  let id = 1;
  for (const job of shell.jobs) id = Math.max(id, job.id + 1);
  const last = processes[processes.length - 1];
  const job: Job = { id, text, processes, last, reported: false };
  shell.jobs.push(job);
  shell.background = last.pid;
  shell.status = 0;
  if (shell.interactive && shell.subshell === 0 && shell.functionNames.length === 0) {
    const words = shell.flavour.kind === 'bash' ? `[${id}] ${last.pid}\n` : '';
    fds[2]?.writer?.write(words);
  }
  return job;
}

// ---- simple commands -------------------------------------------------------------------------------------

/** `replace`: the shell's process is there for this command alone. */
function* runSimple(shell: Shell, command: Simple, outer: Descriptors, replace = false): Co<number> {
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
    if (declaring) return yield* declaring({ shell, argv, fds, outer, runner }, words.filter((word) => word.assign).map((word) => word.assign!));
    return yield* execute(shell, argv, command, fds, outer, replace);
  } finally {
    for (const path of temporary) shell.fs.remove(path);
  }
}

function trace(shell: Shell, argv: string[], fds: Descriptors) {
  const prefix = shell.get('PS4') ?? '+ ';
  fds[2]?.writer?.write(`${prefix}${argv.map(quoteForTrace).join(' ')}\n`);
}

function* execute(shell: Shell, argv: string[], command: Simple, fds: Descriptors, outer: Descriptors, replace: boolean): Co<number> {
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
