// sed: the stream editor. Reads its script (sed-script.ts) and runs it over each line.

import type { Co } from '../../sim/index.ts';
import { FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import { Exit, LineReader } from '../io.ts';
import { replaceMatches } from '../regex.ts';
import type { Process, Program, Reader } from '../types.ts';
import { complain, emit, fail, isBusybox, nameOf, openInput, parseOptions } from './options.ts';
import { type Address, type Command, parseScript, SedError } from './sed-script.ts';

const SPEC = {
  short: 'ne:f:i::Ersuz',
  long: {
    quiet: 'n',
    silent: 'n',
    expression: 'e',
    file: 'f',
    'in-place': 'i',
    'regexp-extended': 'E',
    separate: 's',
    unbuffered: 'u',
    'null-data': 'z',
  },
  usage: '[OPTION]... {script-only-if-no-other-script} [input-file]...',
};
/** Steps in one cycle before a script counts as endless. */
const STEPS = 10_000;

export const sed: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  const { args } = options;
  let script = '';
  for (const [key, value] of options.given) {
    if (key === 'e') script += (script ? '\n' : '') + value;
    else if (key === 'f') {
      try {
        script += (script ? '\n' : '') + filesOf(process).readFile(value).replace(/\n$/, '');
      } catch (error) {
        if (error instanceof FsError) fail(process, `couldn't open file ${value}: ${error.message}`);
        throw error;
      }
    }
  }
  if (!options.has('e') && !options.has('f')) {
    if (!args.length) {
      process.stderr.write(`Usage: ${nameOf(process)} [OPTION]... {script-only-if-no-other-script} [input-file]...\n`);
      return 1;
    }
    script = args.shift() as string;
  }
  let commands: Command[];
  const quietLine = script.startsWith('#n\n') || script === '#n';
  try {
    commands = parseScript(script, options.has('E') || options.has('r'));
  } catch (error) {
    if (error instanceof SedError) fail(process, `-e expression #1, char ${error.at}: ${error.message}`);
    throw error;
  }
  const separator = options.has('z') ? '\0' : '\n';
  const quiet = options.has('n') || quietLine;
  const run = (inputs: string[], write: (text: string) => Co) =>
    new Editor(process, commands, quiet, separator, write).run(inputs);
  const print = (text: string) => emit(process, text);
  if (options.has('s') && !options.has('i')) {
    let status = 0;
    for (const path of args) status = (yield* run([path], print)) || status;
    return status;
  }
  if (!options.has('i')) return yield* run(args.length ? args : ['-'], print);
  return yield* inPlace(process, args, options.value('i') as string, run);
};

function* inPlace(
  process: Process,
  paths: string[],
  suffix: string,
  run: (inputs: string[], write: (text: string) => Co) => Co<number>,
): Co<number> {
  const fs = filesOf(process);
  let status = 0;
  for (const path of paths) {
    const before = fs.find(path);
    if (before?.kind !== 'file') {
      complain(
        process,
        before ? `couldn't edit ${path}: not a regular file` : `can't read ${path}: No such file or directory`,
      );
      status = before ? 4 : 2;
      continue;
    }
    let out = '';
    const old = fs.readFile(path);
    // eslint-disable-next-line require-yield
    const result = yield* run([path], function* (text) {
      out += text;
    });
    if (suffix)
      fs.writeFile(suffix.includes('*') ? suffix.replaceAll('*', path) : path + suffix, old, { mode: before.mode });
    fs.writeFile(path, out);
    status ||= result;
  }
  return status;
}

class Editor {
  private pattern = '';
  private hold = '';
  private number = 0;
  private readonly queue: string[] = [];
  private out = '';
  private appended: string[] = [];
  private substituted = false;
  private ended = false;
  private lastTerminated = true;
  private readonly active = new Map<Command, number | true>();
  private readonly files = new Map<string, string>();
  private input: LineReader | undefined;
  private inputs: string[] = [];
  private lastRegexp: RegExp | undefined;
  private status = 0;
  private readonly process: Process;
  private readonly commands: Command[];
  private readonly quiet: boolean;
  private readonly separator: string;
  private readonly write: (text: string) => Co;

  constructor(process: Process, commands: Command[], quiet: boolean, separator: string, write: (text: string) => Co) {
    this.process = process;
    this.commands = commands;
    this.quiet = quiet;
    this.separator = separator;
    this.write = write;
  }

  *run(inputs: string[]): Co<number> {
    this.inputs = inputs.slice();
    let status: number | undefined;
    while (status === undefined && (yield* this.nextLine())) {
      status = yield* this.cycle();
      if (this.out.length > 8192 || !this.queue.length) yield* this.flush();
    }
    yield* this.flush();
    const fs = filesOf(this.process);
    this.files.forEach((text, path) => {
      if (path === '/dev/stdout') return;
      fs.writeFile(path, text);
    });
    return status ?? this.status;
  }

  private *flush(): Co {
    const text = this.out;
    this.out = '';
    if (text) yield* this.write(text);
  }

  /** Fills the queue until it holds more than one line or the input ends, so that `$` is known. */
  private *fill(): Co {
    while (this.queue.length < 2) {
      if (!this.input) {
        const path = this.inputs.shift();
        if (path === undefined) {
          this.ended = true;
          return;
        }
        const reader = this.open(path);
        if (!reader) continue;
        this.input = new LineReader(reader, this.separator);
      }
      // What is ready is shown before more is waited for.
      if (this.out) yield* this.flush();
      const lines = yield* this.input.lines();
      if (!lines) {
        this.input = undefined;
        continue;
      }
      this.lastTerminated = this.input.terminated;
      for (let i = 0; i < lines.length; i++) this.queue.push(lines[i]);
    }
  }

  private open(path: string): Reader | undefined {
    const fs = filesOf(this.process);
    if (path !== '-' && fs.isDirectory(path)) {
      complain(this.process, `read error on ${path}: Is a directory`);
      this.status = 2;
      return undefined;
    }
    if (path !== '-' && !fs.exists(path)) {
      const error = new FsError('ENOENT', path);
      complain(
        this.process,
        isBusybox(this.process) ? `${path}: ${error.message}` : `can't read ${path}: ${error.message}`,
      );
      this.status = 2;
      return undefined;
    }
    const reader = openInput(this.process, path);
    if (!reader) this.status = 2;
    return reader;
  }

  private *nextLine(): Co<boolean> {
    if (this.queue.length < 2 && !this.ended) yield* this.fill();
    if (!this.queue.length) return false;
    this.pattern = this.queue.shift() as string;
    this.number++;
    this.substituted = false;
    return true;
  }

  private get isLast(): boolean {
    return this.ended && this.queue.length === 0;
  }

  private print(text: string) {
    const end = this.isLast && !this.lastTerminated && text === this.pattern ? '' : this.separator;
    this.out += text + end;
  }

  private finishCycle() {
    if (!this.quiet) this.print(this.pattern);
    for (const text of this.appended) this.out += text;
    this.appended = [];
  }

  private matchesAddress(address: Address): boolean {
    switch (address.kind) {
      case 'line':
        return this.number === address.line;
      case 'last':
        return this.isLast;
      case 'step':
        return address.step === 0
          ? this.number === address.first
          : this.number >= address.first && (this.number - address.first) % address.step === 0;
      default:
        return this.regexp(address.regexp).test(this.pattern);
    }
  }

  private regexp(regexp: RegExp | undefined): RegExp {
    const now = regexp ?? this.lastRegexp;
    if (!now) fail(this.process, 'no previous regular expression');
    this.lastRegexp = now;
    now.lastIndex = 0;
    return now;
  }

  private selected(command: Command): boolean {
    const { first, second } = command;
    if (!first) return true;
    if (!second) return this.matchesAddress(first) !== command.negated;
    return this.inRange(command, first, second) !== command.negated;
  }

  private inRange(command: Command, first: Address, second: NonNullable<Command['second']>): boolean {
    const state = this.active.get(command);
    if (state !== undefined) {
      if (state === true) {
        if (this.matchesAddress(second as Address)) this.active.delete(command);
        else if (second.kind === 'line' && this.number > second.line) {
          this.active.delete(command);
          return false;
        }
        return true;
      }
      if (this.number >= state) this.active.delete(command);
      return this.number <= state;
    }
    // 0,/re/ may end on the first line.
    const zero = first.kind === 'line' && first.line === 0;
    if (zero && this.number === 1) {
      if (!this.matchesAddress(second as Address)) this.active.set(command, true);
      return true;
    }
    if (zero || !this.matchesAddress(first)) return false;
    if (second.kind === 'plus') {
      if (second.count > 0) this.active.set(command, this.number + second.count);
    } else if (second.kind === 'multiple') {
      const end = Math.ceil(this.number / second.count) * second.count;
      if (end > this.number) this.active.set(command, end);
    } else if (second.kind === 'line') {
      if (second.line > this.number) this.active.set(command, true);
    } else this.active.set(command, true);
    return true;
  }

  /** Runs the script over the pattern space; a number ends the program. */
  private *cycle(): Co<number | undefined> {
    const { commands } = this;
    let steps = 0;
    for (let at = 0; at < commands.length; at++) {
      if (++steps > STEPS) {
        yield 1;
        steps = 0;
      }
      const command = commands[at];
      if (!this.selected(command)) {
        if (command.name === '{') at = command.target as number;
        continue;
      }
      switch (command.name) {
        case '{':
        case '}':
        case ':':
          break;
        case 's':
          this.substitute(command);
          break;
        case 'y':
          this.pattern = [...this.pattern].map((c) => command.map?.get(c) ?? c).join('');
          break;
        case 'd':
          for (const text of this.appended) this.out += text;
          this.appended = [];
          return undefined;
        case 'D': {
          const newline = this.pattern.indexOf('\n');
          for (const text of this.appended) this.out += text;
          this.appended = [];
          if (newline < 0) return undefined;
          this.pattern = this.pattern.slice(newline + 1);
          at = -1;
          continue;
        }
        case 'p':
          this.print(this.pattern);
          break;
        case 'P':
          this.out += this.pattern.split('\n', 1)[0] + this.separator;
          break;
        case 'n':
          if (this.queue.length < 1 && !this.ended) yield* this.fill();
          if (!this.quiet && !(this.isLast && this.process.env.POSIXLY_CORRECT !== undefined)) this.print(this.pattern);
          for (const text of this.appended) this.out += text;
          this.appended = [];
          if (!(yield* this.nextLine())) return 0;
          break;
        case 'N': {
          if (this.queue.length < 1 && !this.ended) yield* this.fill();
          const before = this.pattern;
          for (const text of this.appended) this.out += text;
          this.appended = [];
          const { substituted } = this;
          if (!(yield* this.nextLine())) {
            if (!this.quiet) this.print(before);
            return this.status;
          }
          this.pattern = `${before}\n${this.pattern}`;
          this.substituted = substituted;
          break;
        }
        case 'g':
          this.pattern = this.hold;
          break;
        case 'G':
          this.pattern += `\n${this.hold}`;
          break;
        case 'h':
          this.hold = this.pattern;
          break;
        case 'H':
          this.hold += `\n${this.pattern}`;
          break;
        case 'x': {
          const { hold } = this;
          this.hold = this.pattern;
          this.pattern = hold;
          break;
        }
        case '=':
          this.out += `${this.number}\n`;
          break;
        case 'l':
          this.out += unambiguous(this.pattern);
          break;
        case 'a':
          this.appended.push(`${command.text}\n`);
          break;
        case 'i':
          this.out += `${command.text}\n`;
          break;
        case 'c': {
          const inside = command.second && !command.negated && this.active.has(command);
          if (!inside) this.out += `${command.text}\n`;
          return undefined;
        }
        case 'r': {
          const node = filesOf(this.process).find(command.text as string);
          if (node?.kind === 'file') this.appended.push(node.text);
          break;
        }
        case 'w':
          this.toFile(command.text as string, this.pattern + '\n');
          break;
        case 'b':
          at = command.target as number;
          break;
        case 't':
        case 'T':
          if (this.substituted === (command.name === 't')) at = command.target as number;
          this.substituted = false;
          break;
        case 'q':
          this.finishCycle();
          return command.number ?? 0;
        case 'Q':
          return command.number ?? 0;
        case 'z':
          this.pattern = '';
          break;
        default:
          throw new Exit(1);
      }
    }
    this.finishCycle();
    return undefined;
  }

  private toFile(path: string, text: string) {
    if (path === '/dev/stdout') this.out += text;
    else this.files.set(path, (this.files.get(path) ?? '') + text);
  }

  private substitute(command: Command) {
    const { substitution } = command;
    if (!substitution) return;
    const regexp = this.regexp(substitution.regexp);
    let count = 0;
    let changed = false;
    const { nth, global } = substitution;
    const result = replaceMatches(this.pattern, regexp, (match) => {
      count++;
      if (count < nth || (!global && count > nth)) return match[0];
      changed = true;
      return substitution.replace(match);
    });
    if (!changed) return;
    this.pattern = result;
    this.substituted = true;
    if (substitution.print) this.print(result);
    if (substitution.file) this.toFile(substitution.file, result + '\n');
  }
}

function unambiguous(text: string): string {
  const escapes: Record<string, string> = {
    '\\': '\\\\',
    '\t': '\\t',
    '\n': '\\n',
    '\r': '\\r',
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\v': '\\v',
  };
  const shown = text.replace(
    /[\\\x00-\x1f\x7f]/g,
    (c) => escapes[c] ?? '\\' + c.charCodeAt(0).toString(8).padStart(3, '0'),
  );
  const lines: string[] = [];
  let rest = shown;
  while (rest.length > 69) {
    lines.push(rest.slice(0, 69) + '\\');
    rest = rest.slice(69);
  }
  return [...lines, rest + '$'].join('\n') + '\n';
}
