// Runs what the parser made: lists, conditions and compound commands; what fails is told and traps run here.

import type { Co } from '../sim/index.ts';
import type { Command, Compound, List } from './ast.ts';
import { builtinFor } from './builtins/index.ts';
import { enclosed, processPath, runPipeline, startJob, substitute } from './children.ts';
import { conditionHolds } from './condition.ts';
import { type Context, evaluate, expandPattern, expandText, expandWords, type Runner } from './expand.ts';
import { SyntaxProblem } from './flavour.ts';
import { Parser } from './parser.ts';
import { matches } from './pattern.ts';
import { redirected, RedirectError } from './redirect.ts';
import { BUILTIN_COST, type Descriptors, ExpansionError, Flow, pay, type Shell } from './shell.ts';
import { becomeProgram, runProgram, runSimple } from './simple.ts';
import { ReadonlyError } from './variables.ts';

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

export function contextOf(shell: Shell, fds: Descriptors): Context {
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
      deeper(shell, fds);
      const status = yield* runCompound(shell, command, fds);
      shell.nesting = nesting;
      return status;
    }
  }
}

/** One level more of blocks, functions and substitutions inside each other; past the limit the script ends. */
export function deeper(shell: Shell, fds: Descriptors, name?: string) {
  if (++shell.nesting <= MAX_NESTING) return;
  const what = name === undefined ? 'maximum nesting level' : `${name}: maximum function nesting level`;
  shell.complain(fds, `${what} exceeded (${MAX_NESTING})`);
  throw new Flow(shell.interactive ? 'abort' : 'exit', 1);
}

function timing(ms: number): string {
  const text = (n: number) => `${Math.floor(n / 60000)}m${((n % 60000) / 1000).toFixed(3)}s`;
  return `\nreal\t${text(ms)}\nuser\t${text(0)}\nsys\t${text(0)}\n`;
}

/** Tells of what failed, runs traps that are due, and ends the shell under `set -e`. */
export function* settle(shell: Shell, command: Co<number>, fds: Descriptors): Co<number> {
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
export function failed(shell: Shell, error: unknown, fds: Descriptors): number {
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
  deeper(shell, fds);
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
      const words = command.words
        ? yield* guarded(shell, expandWords(contextOf(shell, fds), command.words), fds)
        : shell.parameters;
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
