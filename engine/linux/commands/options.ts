// Options of commands as getopt reads them, with its error texts; and small things that every command needs.

import type { Co } from '../../sim/index.ts';
import { type FileNode, FsError, type FileSystem } from '../fs.ts';
import { filesOf } from '../host.ts';
import { Exit, fileReader, SIGPIPE_STATUS } from '../io.ts';
import type { Process, Reader } from '../types.ts';

/** What a command accepts. */
export interface Spec {
  /** As in getopt: letters; `:` after one that takes a value, `::` after one whose value is optional. */
  short: string;
  /** Long names to letters (or to a key of its own, with `:` when it takes a value). */
  long?: Record<string, string>;
  /** What follows the name in the usage line. */
  usage?: string;
  /** Exit status for a wrong option (default 1). */
  status?: number;
  /** Options end at the first operand. */
  ordered?: boolean;
  /** `-5` means option `key` with value 5. */
  digits?: string;
}

export class Options {
  readonly given: [key: string, value: string][] = [];
  args: string[] = [];

  has(key: string): boolean {
    return this.given.some((one) => one[0] === key);
  }

  /** The last value given. */
  value(key: string): string | undefined {
    for (let i = this.given.length - 1; i >= 0; i--) if (this.given[i][0] === key) return this.given[i][1];
    return undefined;
  }

  values(key: string): string[] {
    return this.given.filter((one) => one[0] === key).map((one) => one[1]);
  }

  /** Which of several options that exclude each other was given last. */
  last(keys: string): string | undefined {
    for (let i = this.given.length - 1; i >= 0; i--) if (keys.includes(this.given[i][0])) return this.given[i][0];
    return undefined;
  }
}

/** The name by which the command was called. */
export function nameOf(process: Process): string {
  const name = process.argv[0];
  return name.slice(name.lastIndexOf('/') + 1);
}

export function isBusybox(process: Process): boolean {
  return process.host.userland === 'busybox';
}

/** Writes `name: message` to stderr. */
export function complain(process: Process, message: string) {
  process.stderr.write(`${nameOf(process)}: ${message}\n`);
}

/** Ends the command with a message. */
export function fail(process: Process, message: string, status = 1): never {
  complain(process, message);
  throw new Exit(status);
}

/** Ends the command with a hint at `--help`, as GNU's do. */
export function usageError(process: Process, message: string, status = 1): never {
  const hint = isBusybox(process) ? '' : `Try '${nameOf(process)} --help' for more information.\n`;
  process.stderr.write(`${nameOf(process)}: ${message}\n${hint}`);
  throw new Exit(status);
}

/** Writes to stdout; ends the command when nobody reads any more. */
export function put(process: Process, text: string) {
  if (!process.stdout.write(text)) throw new Exit(SIGPIPE_STATUS);
}

export function parseOptions(process: Process, spec: Spec): Options {
  const out = new Options();
  const { argv } = process;
  const wrong = (message: string): never => usageError(process, message, spec.status);
  let i = 1;
  for (; i < argv.length; i++) {
    const arg = argv[i];
    if (arg === '--') {
      i++;
      break;
    }
    if (arg.startsWith('--')) {
      i = longOption(process, spec, out, i, wrong);
      continue;
    }
    if (arg[0] !== '-' || arg === '-') {
      if (spec.ordered) break;
      out.args.push(arg);
      continue;
    }
    if (spec.digits && /^-\d+$/.test(arg)) {
      out.given.push([spec.digits, arg.slice(1)]);
      continue;
    }
    for (let k = 1; k < arg.length; k++) {
      const letter = arg[k];
      const at = letter === ':' ? -1 : spec.short.indexOf(letter);
      if (at < 0) wrong(isBusybox(process) ? `unrecognized option: ${letter}` : `invalid option -- '${letter}'`);
      if (spec.short[at + 1] !== ':') {
        out.given.push([letter, '']);
        continue;
      }
      const optional = spec.short[at + 2] === ':';
      let value: string | undefined = arg.slice(k + 1);
      if (!value && !optional) value = argv[++i];
      if (value === undefined) {
        wrong(
          isBusybox(process) ? `option requires an argument: ${letter}` : `option requires an argument -- '${letter}'`,
        );
      }
      out.given.push([letter, value as string]);
      break;
    }
  }
  for (; i < argv.length; i++) out.args.push(argv[i]);
  return out;
}

function longOption(process: Process, spec: Spec, out: Options, at: number, wrong: (message: string) => never): number {
  const arg = process.argv[at];
  const equals = arg.indexOf('=');
  const typed = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
  const long = spec.long ?? {};
  if (typed === 'help') {
    put(process, helpText(process, spec));
    throw new Exit(0);
  }
  let names = Object.hasOwn(long, typed) ? [typed] : Object.keys(long).filter((name) => name.startsWith(typed));
  if (names.length > 1 && names.every((name) => long[name] === long[names[0]])) names = [names[0]];
  if (!names.length) wrong(isBusybox(process) ? `unrecognized option: ${typed}` : `unrecognized option '--${typed}'`);
  if (names.length > 1) {
    wrong(`option '--${typed}' is ambiguous; possibilities: ${names.map((name) => `'--${name}'`).join(' ')}`);
  }
  const target = long[names[0]];
  const key = target.replace(/:+$/, '');
  const inShort = key.length === 1 ? spec.short.indexOf(key) : -1;
  const colons =
    target.slice(key.length) || (inShort >= 0 ? (/^:*/.exec(spec.short.slice(inShort + 1))?.[0] ?? '') : '');
  if (!colons) {
    if (equals >= 0) wrong(`option '--${names[0]}' doesn't allow an argument`);
    out.given.push([key, '']);
    return at;
  }
  if (equals >= 0) out.given.push([key, arg.slice(equals + 1)]);
  else if (colons === '::') out.given.push([key, '']);
  else {
    if (at + 1 >= process.argv.length) wrong(`option '--${names[0]}' requires an argument`);
    out.given.push([key, process.argv[++at]]);
  }
  return at;
}

function helpText(process: Process, spec: Spec): string {
  const lines = [`Usage: ${nameOf(process)} ${spec.usage ?? '[OPTION]...'}`, '', 'Options modelled here:'];
  const names = new Map<string, string[]>();
  for (const letter of spec.short.replaceAll(':', '')) names.set(letter, [`-${letter}`]);
  for (const [name, target] of Object.entries(spec.long ?? {})) {
    const key = target.replace(/:+$/, '');
    names.set(key, [...(names.get(key) ?? []), `--${name}`]);
  }
  for (const forms of names.values()) lines.push(`  ${forms.join(', ')}`);
  return lines.join('\n') + '\n';
}

/** A whole number given to an option, with GNU's words when it is none. */
export function numberOption(process: Process, text: string, what: string, status = 1): number {
  const match = /^([+-]?\d+)([bkKMGT]?)(B|iB)?$/.exec(text);
  if (!match) fail(process, `invalid ${what}: ‘${text}’`, status);
  return Number(match[1]) * (match[2] ? UNITS[match[2]] : 1);
}

const UNITS: Record<string, number> = { b: 512, k: 1024, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** GNU's commands that have words of their own for a file that cannot be read. */
const OPEN_WORDS: Record<string, (path: string, why: string) => string> = {
  head: (path, why) => `cannot open '${path}' for reading: ${why}`,
  tail: (path, why) => `cannot open '${path}' for reading: ${why}`,
  tac: (path, why) => `failed to open '${path}' for reading: ${why}`,
  sort: (path, why) => `cannot read: ${path}: ${why}`,
};

/** How this command tells that a file cannot be read. */
export function cannotOpen(process: Process, path: string, error: FsError): string {
  if (isBusybox(process)) return `can't open '${path}': ${error.message}`;
  const words = error.code === 'EISDIR' ? undefined : OPEN_WORDS[nameOf(process)];
  return words ? words(path, error.message) : `${path}: ${error.message}`;
}

/** Opens a file or, for `-`, standard input; undefined after having complained. */
export function openInput(process: Process, path: string): Reader | undefined {
  if (path === '-') return process.stdin;
  try {
    return fileReader(openFile(process, path), process);
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    complain(process, cannotOpen(process, path, error));
    return undefined;
  }
}

export function openFile(process: Process, path: string): FileNode {
  return filesOf(process).openRead(path);
}

/** Runs `body` over each file in turn (standard input when there is none); status 1 when one cannot be read. */
export function* eachInput(
  process: Process,
  paths: string[],
  body: (reader: Reader, path: string) => Co<void>,
): Co<number> {
  let status = 0;
  for (const path of paths.length ? paths : ['-']) {
    const reader = openInput(process, path);
    if (reader) yield* body(reader, path);
    else status = 1;
  }
  return status;
}

/** Writes a batch of output and waits while the other side is full. */
export function* emit(process: Process, text: string): Co {
  if (!text) return;
  put(process, text);
  yield* process.stdout.drain();
}

/** Runs `body` with each operand; what fails in the file system is told by `describe` and gives status 1. */
export function eachPath(
  process: Process,
  paths: string[],
  body: (path: string, fs: FileSystem) => void,
  describe: (path: string, error: FsError) => string,
): number {
  const fs = filesOf(process);
  let status = 0;
  for (const path of paths) {
    try {
      body(path, fs);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(process, describe(path, error));
      status = 1;
    }
  }
  return status;
}

/** Complains when there are too few or too many operands. */
export function operands(process: Process, args: string[], least: number, most = Infinity, what = 'operand') {
  if (args.length < least) {
    usageError(process, args.length ? `missing ${what} after ‘${args[args.length - 1]}’` : `missing ${what}`);
  }
  if (args.length > most) usageError(process, `extra operand ‘${args[most]}’`);
}
