// Command-line flags as pflag reads them: a table of flags in, values and positional arguments out, and the
// errors in pflag's words.

import { CommandError, quote } from './errors.ts';

export type FlagType =
  | 'bool'
  | 'string'
  | 'int'
  /** Repeatable, each value split at commas. */
  | 'strings'
  /** Repeatable, values as they are. */
  | 'array'
  /** '1m30s'; the value is in ms. */
  | 'duration';

export interface Flag {
  name: string;
  short?: string;
  type: FlagType;
  default?: boolean | string | number;
  /** The value when the flag stands alone (`--dry-run`). */
  alone?: string;
  usage: string;
  required?: boolean;
  hidden?: boolean;
}

/** The values of one command line. Reading a flag that the command does not have is a bug and throws. */
export class Args {
  /** Positional arguments. */
  readonly args: string[] = [];
  /** How many of them stood before `--`; -1 without one. */
  dash = -1;
  private readonly values = new Map<string, boolean | string | number | string[]>();
  private readonly given = new Set<string>();
  private readonly presets = new Set<string>();

  constructor(flags: readonly Flag[]) {
    for (const flag of flags) this.values.set(flag.name, initial(flag));
  }

  bool(name: string): boolean {
    return this.get(name) as boolean;
  }
  string(name: string): string {
    return this.get(name) as string;
  }
  int(name: string): number {
    return this.get(name) as number;
  }
  /** Milliseconds. */
  duration(name: string): number {
    return this.get(name) as number;
  }
  strings(name: string): string[] {
    return this.get(name) as string[];
  }
  /** The command has this flag at all. */
  has(name: string): boolean {
    return this.values.has(name);
  }
  /** It was written on the command line. */
  changed(name: string): boolean {
    return this.given.has(name);
  }

  set(flag: Flag, text: string) {
    const value = read(flag, text);
    this.values.set(
      flag.name,
      Array.isArray(value) && this.given.has(flag.name) ? [...this.strings(flag.name), ...value] : value,
    );
    this.given.add(flag.name);
  }

  /** A value to take where none was written. */
  preset(flag: Flag, text: string) {
    if (this.given.has(flag.name)) return;
    this.values.set(flag.name, read(flag, text));
    this.presets.add(flag.name);
  }

  /** It was written, or preset. */
  known(name: string): boolean {
    return this.given.has(name) || this.presets.has(name);
  }

  /** The values of `flags` alone, those that `shadowed` has flags of its own for as if they had not been written. */
  only(flags: readonly Flag[], shadowed: readonly Flag[]): Args {
    const out = new Args(flags);
    for (const { name } of flags) {
      if (shadowed.some((flag) => flag.name === name)) continue;
      out.values.set(name, this.get(name));
      if (this.given.has(name)) out.given.add(name);
    }
    return out;
  }

  private get(name: string) {
    const value = this.values.get(name);
    if (value === undefined) throw new Error(`no flag --${name}`);
    return value;
  }
}

function initial(flag: Flag) {
  if (flag.type === 'strings' || flag.type === 'array') return flag.default ? [String(flag.default)] : [];
  if (flag.type === 'bool') return flag.default ?? false;
  if (flag.type === 'string') return flag.default ?? '';
  return flag.default ?? 0;
}

const BOOL: Record<string, boolean> = {
  ...{ '1': true, t: true, T: true, true: true, TRUE: true, True: true },
  ...{ '0': false, f: false, F: false, false: false, FALSE: false, False: false },
};

/** Why `text` is no value of the flag. */
export function checkValue(flag: Flag, text: string): string | undefined {
  try {
    read(flag, text);
    return undefined;
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}

function read(flag: Flag, text: string): boolean | string | number | string[] {
  const fail = (message: string) => {
    const name = flag.short ? `-${flag.short}, --${flag.name}` : `--${flag.name}`;
    return new CommandError(`invalid argument ${quote(text)} for "${name}" flag: ${message}`);
  };
  switch (flag.type) {
    case 'bool': {
      const value = BOOL[text];
      if (value === undefined) throw fail(`strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
      return value;
    }
    case 'int':
      if (!/^[+-]?(\d+|0[xX][0-9a-fA-F]+)$/.test(text))
        throw fail(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
      if (Math.abs(Number(text)) >= 2 ** 63) throw fail(`strconv.ParseInt: parsing ${quote(text)}: value out of range`);
      return Number(text);
    case 'duration': {
      const ms = parseDuration(text);
      if (typeof ms === 'string') throw fail(ms);
      return ms;
    }
    case 'strings':
      return splitCsv(text);
    case 'array':
      return [text];
    default:
      return text;
  }
}

/** Fields of one CSV line: commas separate, double quotes protect. */
function splitCsv(text: string): string[] {
  if (text === '') return [];
  if (!text.includes('"')) return text.split(',');
  const out: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') field += text[++i];
      else if (c === '"') quoted = false;
      else field += c;
    } else if (c === '"' && field === '') quoted = true;
    else if (c === ',') {
      out.push(field);
      field = '';
    } else if (c === '"') throw new CommandError(`parse error on line 1, column ${i + 1}: bare " in non-quoted-field`);
    else field += c;
  }
  out.push(field);
  return out;
}

const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A Go duration in ms, or the words of Go's error. */
export function parseDuration(text: string): number | string {
  const match = /^([+-]?)(.*)$/s.exec(text) as RegExpExecArray;
  let rest = match[2];
  if (rest === '0') return 0;
  if (rest === '') return `time: invalid duration ${quote(text)}`;
  let ms = 0;
  while (rest) {
    const part = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (!part) return `time: invalid duration ${quote(text)}`;
    if (!part[2]) return `time: missing unit in duration ${quote(text)}`;
    const unit = UNIT_MS[part[2]];
    if (unit === undefined) return `time: unknown unit ${quote(part[2])} in duration ${quote(text)}`;
    ms += Number(part[1]) * unit;
    rest = rest.slice(part[0].length);
  }
  return match[1] === '-' ? -ms : ms;
}

/** A duration as Go prints it: 90000 ms is '1m30s'. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  let rest = Math.abs(ms);
  if (rest < 1000) return `${sign}${rest}ms`;
  const hours = Math.floor(rest / 3_600_000);
  rest -= hours * 3_600_000;
  const minutes = Math.floor(rest / 60_000);
  const seconds = (rest - minutes * 60_000) / 1000;
  return sign + (hours ? `${hours}h` : '') + (hours || minutes ? `${minutes}m` : '') + `${seconds}s`;
}

/** Reads `argv` (without the command's own name). */
export function parseFlags(flags: readonly Flag[], argv: readonly string[]): Args {
  const byName = new Map<string, Flag>();
  const byShort = new Map<string, Flag>();
  for (const flag of flags) {
    byName.set(flag.name, flag);
    if (flag.short) byShort.set(flag.short, flag);
  }
  const result = new Args(flags);
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i];
    if (arg === '--') {
      result.dash = result.args.length;
      for (let j = i + 1; j < argv.length; j++) result.args.push(argv[j]);
      break;
    }
    if (arg.length < 2 || arg[0] !== '-') result.args.push(arg);
    else if (arg[1] === '-') i = longFlag(result, byName, argv, i);
    else i = shortFlags(result, byShort, argv, i);
  }
  return result;
}

const valueAlone = (flag: Flag) => flag.alone ?? (flag.type === 'bool' ? 'true' : undefined);

function longFlag(result: Args, byName: Map<string, Flag>, argv: readonly string[], i: number): number {
  const arg = argv[i];
  if (arg[2] === '-' || arg[2] === '=') throw new CommandError(`bad flag syntax: ${arg}`);
  const equals = arg.indexOf('=');
  const written = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
  const flag = byName.get(written.replaceAll('_', '-'));
  if (!flag) throw new CommandError(`unknown flag: --${written}`);
  if (equals >= 0) result.set(flag, arg.slice(equals + 1));
  else if (valueAlone(flag) !== undefined) result.set(flag, valueAlone(flag) as string);
  else if (i + 1 < argv.length) result.set(flag, argv[++i]);
  else throw new CommandError(`flag needs an argument: --${written}`);
  return i;
}

function shortFlags(result: Args, byShort: Map<string, Flag>, argv: readonly string[], i: number): number {
  const all = argv[i].slice(1);
  for (let at = 0; at < all.length; at++) {
    const flag = byShort.get(all[at]);
    if (!flag) throw new CommandError(`unknown shorthand flag: ${goRune(all[at])} in -${all.slice(at)}`);
    if (all.length > at + 2 && all[at + 1] === '=') {
      result.set(flag, all.slice(at + 2));
      return i;
    }
    const alone = valueAlone(flag);
    if (alone !== undefined) {
      result.set(flag, alone);
      continue;
    }
    if (at + 1 < all.length) result.set(flag, all.slice(at + 1));
    else if (i + 1 < argv.length) result.set(flag, argv[++i]);
    else throw new CommandError(`flag needs an argument: ${goRune(all[at])} in -${all.slice(at)}`);
    return i;
  }
  return i;
}

const goRune = (c: string) => (c === "'" ? "'\\''" : `'${c}'`);
