// The values of Python programs: None is null, bool boolean, int bigint, float number, str string; the rest are classes.

import type { Co } from '../../sim/index.ts';

export type Value = null | boolean | bigint | number | string | List | Tuple | Dict | Func | Module | Kind | Raised;
export type Call = (args: Value[], named: ReadonlyMap<string, Value>) => Co<Value>;

export class List {
  readonly items: Value[];
  constructor(items: Value[] = []) {
    this.items = items;
  }
}
export class Tuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}
/** A dict; a set when `values` are of no account. */
export class Dict {
  readonly entries = new Map<string, [Value, Value]>();
  readonly isSet: boolean;
  constructor(pairs: Iterable<readonly [Value, Value]> = [], isSet = false) {
    this.isSet = isSet;
    for (const [key, value] of pairs) this.set(key, value);
  }
  get(key: Value): Value | undefined {
    return this.entries.get(hash(key))?.[1];
  }
  set(key: Value, value: Value) {
    const id = hash(key);
    this.entries.set(id, [this.entries.get(id)?.[0] ?? key, value]);
  }
  keys(): Value[] {
    return [...this.entries.values()].map(([key]) => key);
  }
}
export class Func {
  readonly name: string;
  readonly call: Call;
  constructor(name: string, call: Call) {
    this.name = name;
    this.call = call;
  }
}
/** A module, or what else has named members: a file, a time. */
export class Module {
  readonly name: string;
  readonly members: Record<string, Value>;
  readonly text: string;
  /** What going through it gives. */
  readonly lines: Value[] | undefined;
  constructor(name: string, members: Record<string, Value>, text = `<module '${name}'>`, lines?: Value[]) {
    this.lines = lines;
    this.name = name;
    this.members = members;
    this.text = text;
  }
}
/** A class of exceptions, and one of them. */
export class Kind {
  readonly name: string;
  readonly base: Kind | undefined;
  constructor(name: string, base?: Kind) {
    this.name = name;
    this.base = base;
  }
  is(other: Kind): boolean {
    return this === other || this.base?.is(other) === true;
  }
}
export class Raised {
  readonly kind: Kind;
  readonly args: readonly Value[];
  /** Where it was raised, and what called that. */
  readonly frames: { line: number; name: string }[] = [];
  /** The names of the last of them. */
  within: object | undefined;
  constructor(kind: Kind, args: readonly Value[]) {
    this.kind = kind;
    this.args = args;
  }
}

const BASE = new Kind('BaseException');
const EXCEPTION = new Kind('Exception', BASE);
const OS_ERROR = new Kind('OSError', EXCEPTION);
const LOOKUP = new Kind('LookupError', EXCEPTION);
/** By name, each below what it is one of. */
export const KINDS: Record<string, Kind> = Object.fromEntries(
  [
    BASE,
    EXCEPTION,
    OS_ERROR,
    LOOKUP,
    new Kind('SystemExit', BASE),
    new Kind('KeyboardInterrupt', BASE),
    new Kind('FileNotFoundError', OS_ERROR),
    new Kind('PermissionError', OS_ERROR),
    new Kind('IsADirectoryError', OS_ERROR),
    new Kind('ConnectionRefusedError', OS_ERROR),
    new Kind('KeyError', LOOKUP),
    new Kind('IndexError', LOOKUP),
    ...[
      'TypeError',
      'ValueError',
      'NameError',
      'AttributeError',
      'ZeroDivisionError',
      'RuntimeError',
      'AssertionError',
      'NotImplementedError',
      'ModuleNotFoundError',
      'ImportError',
      'StopIteration',
    ].map((name) => new Kind(name, EXCEPTION)),
  ].map((kind) => [kind.name, kind]),
);

export const raise = (kind: string, message: string): never => {
  throw new Raised(KINDS[kind], [message]);
};

/** What a real interpreter has and this one has not. */
export class Unmodelled extends Error {}

export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (value instanceof List) return 'list';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Dict) return value.isSet ? 'set' : 'dict';
  if (value instanceof Func) return 'function';
  if (value instanceof Module) return 'module';
  if (value instanceof Kind) return 'type';
  if (value instanceof Raised) return value.kind.name;
  return { boolean: 'bool', bigint: 'int', number: 'float', string: 'str' }[typeof value as 'string'];
}

export function truth(value: Value): boolean {
  if (value instanceof List || value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Dict) return value.entries.size > 0;
  return value !== null && value !== false && value !== 0n && value !== 0 && value !== '';
}

export function repr(value: Value): string {
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    const text = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r');
    return quote + (quote === "'" ? text.replaceAll("'", "\\'") : text) + quote;
  }
  if (value instanceof Raised) return `${value.kind.name}(${value.args.map(repr).join(', ')})`;
  return str(value);
}

export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return floatText(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof List) return `[${value.items.map(repr).join(', ')}]`;
  if (value instanceof Tuple)
    return value.items.length === 1 ? `(${repr(value.items[0])},)` : `(${value.items.map(repr).join(', ')})`;
  if (value instanceof Dict) {
    if (value.isSet) return value.entries.size ? `{${value.keys().map(repr).join(', ')}}` : 'set()';
    return `{${[...value.entries.values()].map(([key, item]) => `${repr(key)}: ${repr(item)}`).join(', ')}}`;
  }
  if (value instanceof Raised) {
    if (value.args.length > 1)
      return value.kind.is(OS_ERROR)
        ? `[Errno ${str(value.args[0])}] ${str(value.args[1])}`
        : str(new Tuple(value.args));
    return value.args.length === 0 ? '' : value.kind === KINDS.KeyError ? repr(value.args[0]) : str(value.args[0]);
  }
  if (value instanceof Kind) return `<class '${value.name}'>`;
  return value instanceof Module ? value.text : `<function ${value.name}>`;
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function hash(value: Value): string {
  if (value instanceof List || value instanceof Dict)
    return raise('TypeError', `unhashable type: '${typeName(value)}'`);
  if (value instanceof Tuple) return `(${value.items.map(hash).join()})`;
  if (typeof value === 'string') return `"${value}`;
  return typeof value === 'boolean'
    ? String(Number(value))
    : value === null || typeof value !== 'object'
      ? String(value)
      : str(value);
}

export const isNumber = (value: Value): value is bigint | number | boolean =>
  typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';

export function equals(a: Value, b: Value): boolean {
  // eslint-disable-next-line eqeqeq -- 1 == 1.0 == True
  if (isNumber(a) && isNumber(b)) return a == b;
  if ((a instanceof List && b instanceof List) || (a instanceof Tuple && b instanceof Tuple))
    return a.items.length === b.items.length && a.items.every((item, i) => equals(item, b.items[i]));
  if (a instanceof Dict && b instanceof Dict) {
    if (a.entries.size !== b.entries.size) return false;
    return a.keys().every((key) => {
      const other = b.get(key);
      return other !== undefined && equals(a.get(key) as Value, other);
    });
  }
  return a === b;
}

/** Below zero, zero or above, as `<` orders them. */
export function compare(a: Value, b: Value): number {
  if ((isNumber(a) && isNumber(b)) || (typeof a === 'string' && typeof b === 'string'))
    return a < b ? -1 : a > b ? 1 : 0;
  if ((a instanceof List && b instanceof List) || (a instanceof Tuple && b instanceof Tuple)) {
    for (let i = 0; i < Math.min(a.items.length, b.items.length); i++) {
      if (!equals(a.items[i], b.items[i])) return compare(a.items[i], b.items[i]);
    }
    return a.items.length - b.items.length;
  }
  return raise('TypeError', `'<' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

export function iterate(value: Value): Value[] {
  if (value instanceof List) return value.items;
  if (value instanceof Tuple) return [...value.items];
  if (value instanceof Dict) return value.keys();
  if (typeof value === 'string') return [...value];
  if (value instanceof Module && value.lines) return value.lines;
  return raise('TypeError', `'${typeName(value)}' object is not iterable`);
}
