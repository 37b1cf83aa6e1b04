// Methods of Python's strings, lists, dicts and sets, and the functions that are always there.

import { format, item } from './operators.ts';
import {
  compare,
  Dict,
  equals,
  Func,
  isNumber,
  iterate,
  KINDS,
  List,
  Module,
  raise,
  Raised,
  repr,
  str,
  truth,
  Tuple,
  typeName,
  Unmodelled,
  type Call,
  type Value,
} from './values.ts';

type Named = ReadonlyMap<string, Value>;
type Plain = (args: Value[], named: Named) => Value;
/** A function that needs no time. */
export const func = (name: string, call: Plain): Func =>
  // eslint-disable-next-line require-yield
  new Func(name, function* (args, named) {
    return call(args, named);
  });
const slow = (name: string, call: Call) => new Func(name, call);
const text = (value: Value | undefined): string =>
  typeof value === 'string' ? value : raise('TypeError', `expected str instance, ${typeName(value ?? null)} found`);
const characters = (value: Value | undefined) =>
  new Set(value === undefined || value === null ? ' \t\n\r' : text(value));

function strip(value: string, side: 'left' | 'right' | 'both', chars: Set<string>): string {
  let [from, to] = [0, value.length];
  if (side !== 'right') while (from < to && chars.has(value[from])) from++;
  if (side !== 'left') while (to > from && chars.has(value[to - 1])) to--;
  return value.slice(from, to);
}

const STRING: Record<string, (self: string, ...args: Value[]) => Value> = {
  upper: (self) => self.toUpperCase(),
  lower: (self) => self.toLowerCase(),
  title: (self) => self.replace(/[A-Za-z]+/g, (word) => word[0].toUpperCase() + word.slice(1).toLowerCase()),
  capitalize: (self) => self.slice(0, 1).toUpperCase() + self.slice(1).toLowerCase(),
  strip: (self, chars) => strip(self, 'both', characters(chars)),
  lstrip: (self, chars) => strip(self, 'left', characters(chars)),
  rstrip: (self, chars) => strip(self, 'right', characters(chars)),
  split: (self, by = null, most = -1n) => {
    const parts = by === null ? self.trim().split(/\s+/).filter(Boolean) : self.split(text(by));
    const count = Number(most);
    return new List(
      count < 0 || parts.length <= count
        ? parts
        : [...parts.slice(0, count), parts.slice(count).join(by === null ? ' ' : text(by))],
    );
  },
  rsplit: (self, by = null, most = -1n) => {
    const parts = by === null ? self.trim().split(/\s+/).filter(Boolean) : self.split(text(by));
    const rest = parts.length - Number(most);
    return new List(
      Number(most) < 0 || rest <= 1
        ? parts
        : [parts.slice(0, rest).join(by === null ? ' ' : text(by)), ...parts.slice(rest)],
    );
  },
  splitlines: (self) => new List(self.replace(/\n$/, '').split('\n')),
  join: (self, values) => iterate(values).map(text).join(self),
  replace: (self, from, to) => self.replaceAll(text(from), text(to)),
  startswith: (self, start) =>
    (start instanceof Tuple ? start.items : [start]).some((one) => self.startsWith(text(one))),
  endswith: (self, end) => (end instanceof Tuple ? end.items : [end]).some((one) => self.endsWith(text(one))),
  find: (self, part) => BigInt(self.indexOf(text(part))),
  index: (self, part) =>
    self.includes(text(part)) ? BigInt(self.indexOf(text(part))) : raise('ValueError', 'substring not found'),
  count: (self, part) => BigInt(self.split(text(part)).length - 1),
  isdigit: (self) => /^\d+$/.test(self),
  isalpha: (self) => /^[A-Za-z]+$/.test(self),
  zfill: (self, width) => self.padStart(Number(width), '0'),
  ljust: (self, width) => self.padEnd(Number(width)),
  rjust: (self, width) => self.padStart(Number(width)),
  encode: (self) => self,
  decode: (self) => self,
};

const LIST: Record<string, (self: List, args: Value[]) => Value> = {
  append: ({ items }, [value]) => (items.push(value), null),
  extend: ({ items }, [values]) => (items.push(...iterate(values)), null),
  insert: ({ items }, [at, value]) => (items.splice(Number(at), 0, value), null),
  pop: ({ items }, [at = -1n]) => {
    if (items.length === 0) return raise('IndexError', 'pop from empty list');
    const i = Number(at);
    return items.splice(i < 0 ? i + items.length : i, 1)[0];
  },
  remove: ({ items }, [value]) => {
    const at = items.findIndex((one) => equals(one, value));
    if (at < 0) return raise('ValueError', 'list.remove(x): x not in list');
    items.splice(at, 1);
    return null;
  },
  index: ({ items }, [value]) => {
    const at = items.findIndex((one) => equals(one, value));
    return at < 0 ? raise('ValueError', `${repr(value)} is not in list`) : BigInt(at);
  },
  count: ({ items }, [value]) => BigInt(items.filter((one) => equals(one, value)).length),
  reverse: ({ items }) => (items.reverse(), null),
  clear: ({ items }) => ((items.length = 0), null),
  copy: ({ items }) => new List([...items]),
};

const DICT: Record<string, (self: Dict, args: Value[]) => Value> = {
  get: (self, [key, fallback = null]) => self.get(key) ?? (self.get(key) === null ? null : fallback),
  keys: (self) => new List(self.keys()),
  values: (self) => new List([...self.entries.values()].map(([, value]) => value)),
  items: (self) => new List([...self.entries.values()].map((pair) => new Tuple(pair))),
  update: (self, [other]) => {
    if (other instanceof Dict) for (const [key, value] of other.entries.values()) self.set(key, value);
    return null;
  },
  setdefault: (self, [key, value = null]) => {
    if (self.get(key) === undefined) self.set(key, value);
    return self.get(key) as Value;
  },
  pop: (self, [key, fallback]) => {
    const found = self.get(key) ?? fallback;
    if (found === undefined) throw new Raised(KINDS.KeyError, [key]);
    for (const [id, [known]] of self.entries) if (equals(known, key)) self.entries.delete(id);
    return found;
  },
  add: (self, [value]) => (self.set(value, true), null),
};

/** `value.name`. */
export function attribute(value: Value, name: string): Value {
  if (value instanceof Module) {
    const member = value.members[name];
    if (member !== undefined) return member;
    if (value.text.startsWith('<module')) throw new Unmodelled(`${value.name}.${name}`);
  }
  if (typeof value === 'string' && name === 'format') return func(name, (args, named) => formatted(value, args, named));
  if (typeof value === 'string' && Object.hasOwn(STRING, name))
    return func(name, (args) => STRING[name](value, ...args));
  if (value instanceof List && name === 'sort') return slow(name, (_args, named) => sort(value.items, named));
  if (value instanceof List && Object.hasOwn(LIST, name)) return func(name, (args) => LIST[name](value, args));
  if (value instanceof Dict && Object.hasOwn(DICT, name)) return func(name, (args) => DICT[name](value, args));
  if (value instanceof Raised && name === 'args') return new Tuple(value.args);
  if (value instanceof Raised && name === 'code') return value.args[0] ?? null;
  if ((value instanceof Func || value instanceof Module) && name === '__name__') return value.name;
  return raise('AttributeError', `'${typeName(value)}' object has no attribute '${name}'`);
}

function formatted(self: string, args: Value[], named: Named): string {
  let next = 0;
  return self.replace(
    /\{\{|\}\}|\{(\w*)(?:!([rs]))?(?::([^{}]*))?\}/g,
    (all: string, key: string | undefined, how: string | undefined, spec = '') => {
      if (key === undefined) return all[0];
      const value = key === '' ? args[next++] : /^\d+$/.test(key) ? args[Number(key)] : named.get(key);
      if (value === undefined)
        throw new Raised(KINDS[key === '' || /^\d/.test(key) ? 'IndexError' : 'KeyError'], [
          key || 'Replacement index out of range for positional args tuple',
        ]);
      return format(how === 'r' ? repr(value) : value, spec);
    },
  );
}

function* sort(items: Value[], named: Named): ReturnType<Call> {
  const key = named.get('key');
  const keyed: { by: Value; value: Value }[] = [];
  for (const value of items)
    keyed.push({ by: key instanceof Func ? yield* key.call([value], new Map()) : value, value });
  keyed.sort((a, b) => compare(a.by, b.by));
  if (truth(named.get('reverse') ?? false)) keyed.reverse();
  items.splice(0, items.length, ...keyed.map(({ value }) => value));
  return null;
}

function integer([value, base]: Value[]): Value {
  if (typeof value === 'string') {
    const shown = () => raise('ValueError', `invalid literal for int() with base ${base ?? 10}: ${repr(value)}`);
    const digits = value.trim().replaceAll('_', '');
    if (base !== undefined && base !== 10n) {
      const number = parseInt(digits, Number(base));
      return Number.isNaN(number) ? shown() : BigInt(number);
    }
    return /^[+-]?\d+$/.test(digits) ? BigInt(digits) : shown();
  }
  if (isNumber(value)) return BigInt(Math.trunc(Number(value)));
  return value === undefined
    ? 0n
    : raise(
        'TypeError',
        `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`,
      );
}

function best(args: Value[], sign: number): Value {
  const items = args.length === 1 ? iterate(args[0]) : args;
  if (items.length === 0) return raise('ValueError', `${sign > 0 ? 'max' : 'min'}() iterable argument is empty`);
  return items.reduce((found, one) => (compare(one, found) * sign > 0 ? one : found));
}

const LONGEST_RANGE = 1_000_000;

function range(args: Value[]): Value {
  const numbers = args.map((value) =>
    typeof value === 'bigint'
      ? value
      : raise('TypeError', `'${typeName(value)}' object cannot be interpreted as an integer`),
  );
  const [from, to, by] = numbers.length === 1 ? [0n, numbers[0], 1n] : [numbers[0], numbers[1], numbers[2] ?? 1n];
  if (by === 0n) return raise('ValueError', 'range() arg 3 must not be zero');
  if (Number(to - from) / Number(by) > LONGEST_RANGE) throw new Unmodelled('a range of more than a million numbers');
  const out: Value[] = [];
  for (let at = from; by > 0n ? at < to : at > to; at += by) out.push(at);
  return new List(out);
}

const rounded = (value: number, digits: number) => {
  const scaled = value * 10 ** digits;
  const half = Math.abs(scaled % 1) === 0.5;
  return (half ? 2 * Math.round(scaled / 2) : Math.round(scaled)) / 10 ** digits;
};

const FUNCTIONS: Record<string, Plain> = {
  len: ([value]) => BigInt(iterate(value).length),
  str: ([value = '']) => str(value),
  repr: ([value]) => repr(value),
  int: integer,
  float: ([value = 0]) => {
    if (typeof value === 'string' && !(value.trim() !== '' && Number.isFinite(Number(value))))
      return raise('ValueError', `could not convert string to float: ${repr(value)}`);
    return Number(value);
  },
  bool: ([value = false]) => truth(value),
  list: ([value]) => new List(value === undefined ? [] : [...iterate(value)]),
  tuple: ([value]) => new Tuple(value === undefined ? [] : [...iterate(value)]),
  set: ([value]) => new Dict(value === undefined ? [] : iterate(value).map((one) => [one, true] as const), true),
  dict: ([value], named) =>
    new Dict([
      ...(value instanceof Dict
        ? value.entries.values()
        : value === undefined
          ? []
          : iterate(value).map((pair) => [item(pair, 0n), item(pair, 1n)] as const)),
      ...named,
    ]),
  range: (args) => range(args),
  enumerate: ([values, from = 0n]) =>
    new List(iterate(values).map((value, i) => new Tuple([BigInt(i) + (from as bigint), value]))),
  zip: (args) => {
    const lists = args.map(iterate);
    const length = Math.min(...lists.map((one) => one.length));
    return new List(Array.from({ length: lists.length ? length : 0 }, (_, i) => new Tuple(lists.map((one) => one[i]))));
  },
  reversed: ([values]) => new List([...iterate(values)].reverse()),
  min: (args) => best(args, -1),
  max: (args) => best(args, 1),
  abs: ([value]) => (typeof value === 'bigint' ? (value < 0n ? -value : value) : Math.abs(Number(value))),
  round: ([value, digits]) =>
    digits === undefined ? BigInt(rounded(Number(value), 0)) : rounded(Number(value), Number(digits)),
  any: ([values]) => iterate(values).some(truth),
  all: ([values]) => iterate(values).every(truth),
  hex: ([value]) => `0x${(value as bigint).toString(16)}`,
  bin: ([value]) => `0b${(value as bigint).toString(2)}`,
  chr: ([value]) => String.fromCodePoint(Number(value)),
  ord: ([value]) => BigInt(text(value).codePointAt(0) ?? 0),
  format: ([value, spec = '']) => format(value, text(spec)),
  isinstance: ([value, kinds]) => {
    const given = kinds instanceof Tuple ? kinds.items : [kinds];
    return given.some((kind) =>
      kind instanceof Func
        ? kind.name === typeName(value)
        : value instanceof Raised && 'is' in (kind as object) && value.kind.is(kind as never),
    );
  },
  sum: ([values, from = 0n]) =>
    iterate(values).reduce(
      (sum, value) =>
        typeof sum === 'bigint' && typeof value === 'bigint' ? sum + value : Number(sum) + Number(value),
      from,
    ),
};

export const BUILTINS: Record<string, Value> = {
  ...KINDS,
  ...Object.fromEntries(Object.entries(FUNCTIONS).map(([name, call]) => [name, func(name, call)])),
  sorted: slow('sorted', function* ([values], named) {
    const out = [...iterate(values)];
    yield* sort(out, named);
    return new List(out);
  }),
  map: slow('map', function* ([call, values]) {
    const out: Value[] = [];
    for (const value of iterate(values))
      out.push(call instanceof Func ? yield* call.call([value], new Map()) : raise('TypeError', 'not callable'));
    return new List(out);
  }),
  filter: slow('filter', function* ([call, values]) {
    const out: Value[] = [];
    for (const value of iterate(values))
      if (call instanceof Func ? truth(yield* call.call([value], new Map())) : truth(value)) out.push(value);
    return new List(out);
  }),
};
