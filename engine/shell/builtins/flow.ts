// exit, return, break, eval, source, exec, trap: what changes the course of a script.

import { FsError } from '../../linux/fs.ts';
import { signalName, SIGNALS } from '../../linux/host.ts';
import { readAll, readWhole } from '../../linux/io.ts';
import { findCommand, findInPath, NotFound } from '../lookup.ts';
import { Flow, pay, type Shell } from '../shell.ts';
import { singleQuoted } from '../../linux/quote.ts';
import { type Builtin, type Call, complain, flags, write } from './call.ts';

export const nothing: Builtin = function* () {
  return 0;
};

export const no: Builtin = function* () {
  return 1;
};

/** The number given to exit or return; undefined after having complained. */
function statusArgument(call: Call): number {
  const { shell, argv } = call;
  const text = argv[1];
  if (text === undefined) return shell.status;
  if (!/^[+-]?\d+$/.test(text)) {
    complain(call, shell.flavour.kind === 'bash' ? `${text}: numeric argument required` : `Illegal number: ${text}`);
    return 2;
  }
  return Number(text) & 255;
}

export const exit: Builtin = function* (call) {
  const status = statusArgument(call);
  if (call.argv.length > 2 && call.shell.flavour.kind === 'bash') {
    complain(call, 'too many arguments');
    return 1;
  }
  throw new Flow('exit', status);
};

export const returnFrom: Builtin = function* (call) {
  const { shell } = call;
  if (!shell.functionNames.length && !shell.sourcing) {
    if (shell.flavour.kind !== 'bash') throw new Flow('exit', statusArgument(call));
    complain(call, "can only `return' from a function or sourced script");
    return 2;
  }
  throw new Flow('return', statusArgument(call));
};

export const breakLoop: Builtin = function* (call) {
  const { shell, argv } = call;
  const [name, text] = argv;
  if (shell.loops === 0) {
    if (shell.flavour.kind === 'bash') complain(call, "only meaningful in a `for', `while', or `until' loop");
    return 0;
  }
  if (text !== undefined && !/^\d+$/.test(text)) {
    complain(call, `${text}: numeric argument required`);
    throw new Flow('exit', 128);
  }
  const count = Number(text ?? 1);
  if (count < 1) {
    complain(call, `${text}: loop count out of range`);
    return 1;
  }
  throw new Flow(name === 'break' ? 'break' : 'continue', count);
};

export const evaluateText: Builtin = function* ({ shell, argv, fds, runner }) {
  return yield* runner.runText(shell, argv.slice(1).join(' '), fds);
};

export const source: Builtin = function* (call) {
  const { shell, argv, fds } = call;
  const path = argv[1];
  if (path === undefined) {
    complain(call, 'filename argument required');
    if (shell.flavour.kind === 'bash') fds[2]?.writer?.write(`${argv[0]}: usage: ${argv[0]} filename [arguments]\n`);
    return 2;
  }
  const found = path.includes('/') ? path : (findInPath(shell, path) ?? path);
  let text: string;
  try {
    const file = shell.fs.openRead(found);
    if (file.device === 'stdin') text = fds[0]?.reader ? yield* readAll(fds[0].reader) : '';
    else text = yield* readWhole(file, shell.process);
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    const words = error.code === 'EISDIR' ? 'is a directory' : error.message;
    if (shell.flavour.kind === 'bash')
      shell.complain(fds, `${error.code === 'EISDIR' ? argv[0] + ': ' : ''}${path}: ${words}`);
    else
      complain(call, shell.flavour.kind === 'dash' ? `${path}: not found` : `can't open '${path}': ${error.message}`);
    if (shell.flavour.kind === 'bash' || shell.interactive) return 1;
    throw new Flow('exit', 2);
  }
  return yield* sourced(call, text, path, argv.slice(2));
};

function* sourced({ shell, fds, runner }: Call, text: string, path: string, args: string[]) {
  const { parameters, name, numbered, line, scriptFile } = shell;
  if (args.length) shell.parameters = args;
  shell.sourcing++;
  if (shell.flavour.kind === 'bash') shell.name = path;
  shell.numbered = true;
  shell.scriptFile = true;
  try {
    return yield* runner.runText(shell, text, fds, 1);
  } catch (error) {
    if (error instanceof Flow && error.kind === 'return') return error.value;
    throw error;
  } finally {
    shell.sourcing--;
    if (args.length) shell.parameters = parameters;
    Object.assign(shell, { name, numbered, line, scriptFile });
  }
}

export const exec: Builtin = function* (call) {
  const { shell, argv, fds } = call;
  if (argv.length === 1) {
    // Redirections alone stay: the descriptors of what follows are these from now on.
    Object.assign(call.outer, fds);
    return 0;
  }
  const args = argv.slice(argv[1] === '--' ? 2 : 1);
  if (args[0]?.startsWith('-')) {
    complain(call, `${args[0]}: this option is not modelled`);
    return 2;
  }
  const found = findCommand(shell, args);
  if (found instanceof NotFound) {
    const words =
      shell.flavour.kind === 'bash' ? found.message.replace('command not found', 'not found') : found.message;
    complain(call, words);
    if (shell.interactive) return found.status;
    throw new Flow('exit', found.status);
  }
  yield* pay(shell, 1);
  const status = yield* call.runner.becomeProgram(shell, found.program, found.argv, shell.variables.exported(), fds);
  shell.traps.clear();
  throw new Flow('exit', status);
};

export const times: Builtin = function* (call) {
  return write(call, '0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n');
};

export const ulimit: Builtin = function* (call) {
  complain(call, 'resource limits of processes are not modelled');
  return 1;
};

export const history: Builtin = function* (call) {
  complain(call, 'the history of a terminal is not modelled');
  return 1;
};

const PSEUDO = new Set(['EXIT', 'ERR']);

function trapName(word: string): string | undefined {
  const name = word.toUpperCase().replace(/^SIG/, '');
  if (name === '0' || name === 'EXIT') return 'EXIT';
  if (PSEUDO.has(name)) return name;
  return signalName(word);
}

export const trap: Builtin = function* (call) {
  const { shell } = call;
  const parsed = flags(call, 'lp', 'trap [-lp] [[arg] signal_spec ...]');
  if (!parsed) return 2;
  const { args } = parsed;
  if (parsed.on.has('l')) {
    return write(
      call,
      Object.keys(SIGNALS)
        .map((name) => `${String(SIGNALS[name]).padStart(2)}) SIG${name}`)
        .join('\n') + '\n',
    );
  }
  if (!args.length || parsed.on.has('p')) {
    let text = '';
    shell.traps.forEach((action, name) => {
      const label = PSEUDO.has(name) || shell.flavour.kind !== 'bash' ? name : `SIG${name}`;
      if (!args.length || args.some((arg) => trapName(arg) === name))
        text += `trap -- ${singleQuoted(action)} ${label}\n`;
    });
    return text ? write(call, text) : 0;
  }
  // One argument alone resets that signal, as does a dash.
  const resets = args.length === 1 || args[0] === '-' || (/^\d+$/.test(args[0]) && trapName(args[0]) !== undefined);
  const names = args.length === 1 || (resets && args[0] !== '-') ? args : args.slice(1);
  let status = 0;
  for (const word of names) {
    const name = trapName(word);
    if (name === undefined) {
      complain(
        call,
        shell.flavour.kind === 'bash'
          ? `${word}: invalid signal specification`
          : `${word}: invalid signal specification`,
      );
      status = 1;
    } else setTrap(shell, name, resets ? undefined : args[0]);
  }
  return status;
};

function setTrap(shell: Shell, name: string, action: string | undefined) {
  const { process } = shell;
  if (action === undefined) {
    shell.traps.delete(name);
    process.handlers.delete(name);
    return;
  }
  shell.traps.set(name, action);
  if (PSEUDO.has(name)) return;
  process.handlers.set(name, () => {
    if (!action) return;
    shell.arrived.push(name);
    shell.signalled.fire();
  });
}
