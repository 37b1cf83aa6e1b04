// The shell as a program: `bash -c`, a script file, standard input; options and arguments.

import type { Co } from '../sim/index.ts';
import { FsError } from '../linux/fs.ts';
import { LineReader } from '../linux/io.ts';
import { terminalOf } from '../linux/terminal.ts';
import type { Process, Program } from '../linux/types.ts';
import type { List } from './ast.ts';
import { optionName, setOption } from './builtins/variables.ts';
import { type Flavour, FLAVOURS, SyntaxProblem } from './flavour.ts';
import { enclosed, runStage } from './children.ts';
import { reportSyntax, runCommand, runList } from './interpreter.ts';
import { Parser } from './parser.ts';
import { type Descriptors, Flow, Shell } from './shell.ts';

export type ShellName = 'bash' | 'sh' | 'dash';

/** A shell as a command: `bash`, busybox's `sh`, or Debian's `dash`. */
export function createShell({ name }: { name: ShellName }): Program {
  const flavour = FLAVOURS[name === 'sh' ? 'ash' : name];
  return (process) => runShell(process, flavour);
}

/** Takes over the process's environment, and the variables that every shell sets. */
export function initialize(shell: Shell) {
  const { process, variables } = shell;
  for (const name in process.env) variables.put(name, { value: process.env[name], exported: true });
  variables.put('PWD', { value: shell.cwd, exported: true });
  if (shell.flavour.kind !== 'dash') {
    const level = Number(shell.get('SHLVL') ?? 0) + 1;
    variables.put('SHLVL', { value: String(level), exported: true });
  }
  variables.put('OPTIND', { value: '1' });
}

export function standardStreams(process: Process): Descriptors {
  return [
    { reader: process.stdin, tty: process.tty },
    { writer: process.stdout, tty: process.tty },
    { writer: process.stderr, tty: process.tty },
  ];
}

interface Invocation {
  command?: string;
  script?: string;
  name: string;
  args: string[];
  options: Set<string>;
  error?: string;
}

function invocation(argv: string[]): Invocation {
  const out: Invocation = { name: argv[0], args: [], options: new Set() };
  let i = 1;
  let wantsCommand = false;
  let fromInput = false;
  for (; i < argv.length; i++) {
    const arg = argv[i];
    if (arg === '--' || arg === '-') {
      i++;
      break;
    }
    if (arg === '--norc' || arg === '--noprofile' || arg === '--login') continue;
    if (!/^[-+]./.test(arg)) break;
    if (arg.startsWith('--')) return { ...out, error: `${arg}: invalid option` };
    for (const letter of arg.slice(1)) {
      if (letter === 'c') wantsCommand = true;
      else if (letter === 's') fromInput = true;
      else if (letter === 'l' || letter === 'i') continue;
      else if (letter === 'o') {
        const name = argv[++i] ?? '';
        if (arg[0] === '-') out.options.add(name);
      } else if (optionName(letter)) {
        if (arg[0] === '-') out.options.add(optionName(letter) as string);
      } else return { ...out, error: `${arg[0]}${letter}: invalid option` };
    }
  }
  if (wantsCommand) {
    if (argv[i] === undefined) return { ...out, error: '-c: option requires an argument' };
    out.command = argv[i++];
    if (argv[i] !== undefined) out.name = argv[i++];
  } else if (!fromInput && argv[i] !== undefined) {
    out.script = argv[i++];
    out.name = out.script;
  }
  out.args = argv.slice(i);
  return out;
}

function* runShell(process: Process, flavour: Flavour): Co<number> {
  const call = invocation(process.argv);
  const own = process.argv[0].replace(/^.*\//, '');
  if (call.error) {
    process.stderr.write(`${own}: ${call.error}\n`);
    return 2;
  }
  const shell = new Shell({ process, flavour, name: call.name, parameters: call.args });
  initialize(shell);
  for (const name of call.options) {
    if (setOption(shell, name, true)) continue;
    process.stderr.write(`${own}: ${name}: invalid option name\n`);
    return 2;
  }
  const fds = standardStreams(process);
  if (call.command !== undefined) {
    shell.numbered = true;
    return yield* finish(shell, runCommandString(shell, call.command, fds), fds);
  }
  if (call.script === undefined) {
    const interactive = process.tty;
    shell.numbered = !interactive;
    return yield* finish(shell, interactive ? runTerminal(shell, fds) : runInput(shell, fds), fds);
  }
  let text: string;
  try {
    text = shell.fs.readFile(call.script);
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    if (flavour.kind === 'bash') process.stderr.write(`${own}: ${call.script}: ${error.message}\n`);
    else
      process.stderr.write(
        `${own}: ${flavour.kind === 'dash' ? '0: cannot open' : "can't open"} ${quoted(flavour, call.script)}${flavour.kind === 'dash' ? ': No such file' : `: ${error.message}`}\n`,
      );
    return error.code === 'ENOENT' ? (flavour.kind === 'bash' ? 127 : 2) : 126;
  }
  shell.numbered = true;
  shell.scriptFile = true;
  return yield* finish(shell, runScript(shell, new Parser(text, { flavour }), fds), fds);
}

function quoted(flavour: Flavour, text: string): string {
  return flavour.kind === 'dash' ? text : `'${text}'`;
}

function* finish(shell: Shell, body: Co<number>, fds: Descriptors): Co<number> {
  return yield* enclosed(shell, body, fds);
}

/** `-c`: parsed line by line; the last simple command takes the shell's place when nothing is left to do. */
function* runCommandString(shell: Shell, text: string, fds: Descriptors): Co<number> {
  const parser = new Parser(text, { flavour: shell.flavour });
  let list = parseNext(shell, parser, fds);
  while (list) {
    const following = parser.finished ? undefined : parseNext(shell, parser, fds);
    const { items } = list;
    const last = items[items.length - 1];
    if (following || !last || last.background || last.command.kind !== 'simple') yield* runList(shell, list, fds);
    else {
      if (items.length > 1) yield* runList(shell, { items: items.slice(0, -1) }, fds);
      shell.status = shell.traps.size
        ? yield* runCommand(shell, last.command, fds)
        : yield* runStage(shell, last.command, fds);
    }
    list = following;
  }
  return shell.status;
}

function parseNext(shell: Shell, parser: Parser, fds: Descriptors): List | undefined {
  try {
    return parser.next();
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    reportSyntax(shell, error, fds, parser);
    throw new Flow('exit', 2);
  }
}

/** Runs a script's lines; a line that is given up does not end the script. */
export function* runScript(shell: Shell, parser: Parser, fds: Descriptors): Co<number> {
  for (;;) {
    const list = parseNext(shell, parser, fds);
    if (!list) return shell.status;
    yield* runLine(shell, list, fds);
  }
}

function* runLine(shell: Shell, list: List, fds: Descriptors): Co {
  try {
    yield* runList(shell, list, fds);
  } catch (error) {
    if (!(error instanceof Flow) || error.kind !== 'abort') throw error;
    shell.status = error.value;
  }
}

/** Commands from standard input: what they do not read of it is the script. */
function* runInput(shell: Shell, fds: Descriptors): Co<number> {
  const reader = shell.process.stdin;
  let text = '';
  let line = 1;
  const input = new LineReader(reader);
  for (;;) {
    const more = yield* input.line();
    if (more !== undefined) {
      input.release();
      text += more + '\n';
    } else if (!text.trim()) return shell.status;
    const parser = new Parser(text, { flavour: shell.flavour, line });
    let list: List | undefined;
    try {
      list = parser.next();
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      // Incomplete so far: more lines may complete it.
      if (error.token === undefined && more !== undefined) continue;
      reportSyntax(shell, error, fds, parser);
      throw new Flow('exit', 2);
    }
    line = parser.at;
    text = '';
    if (list) yield* runLine(shell, list, fds);
    if (more === undefined) return shell.status;
  }
}

/** bash keeps the terminal's size in two variables. */
function noteSize(shell: Shell) {
  const terminal = terminalOf(shell.process);
  if (!terminal?.columns || !terminal.rows) return;
  shell.variables.assign('COLUMNS', String(terminal.columns));
  shell.variables.assign('LINES', String(terminal.rows));
}

/** `kubectl exec -it … -- sh`: prompts on a terminal. */
function* runTerminal(shell: Shell, fds: Descriptors): Co<number> {
  const root = shell.process.uid === 0 ? '#' : '$';
  const prompt = () => {
    const { hostname } = shell.process.host;
    const where = shell.cwd === shell.home ? '~' : shell.cwd;
    return shell.flavour.kind === 'bash'
      ? `root@${hostname}:${where}${root} `
      : shell.flavour.kind === 'ash'
        ? `${where === '~' ? '~' : shell.cwd} ${root} `
        : `${root} `;
  };
  const input = new LineReader(shell.process.stdin);
  let text = '';
  for (;;) {
    shell.process.stdout.write(text ? '> ' : prompt());
    const line = yield* input.line();
    if (line === undefined) return shell.status;
    if (shell.flavour.kind === 'bash') noteSize(shell);
    input.release();
    text += line + '\n';
    const parser = new Parser(text, { flavour: shell.flavour });
    try {
      let list = parser.next();
      text = '';
      for (; list; list = parser.next()) yield* runLine(shell, list, fds);
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      if (error.token === undefined && text) continue;
      reportSyntax(shell, error, fds, parser);
      shell.status = 2;
      text = '';
    }
  }
}
