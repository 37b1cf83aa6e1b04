// The functions of Go templates, with the two that kubectl adds (exists, base64decode).

import { decode, fromBase64 } from '../../linux/bytes.ts';
import { goMap } from './go-values.ts';

export class TemplateError extends Error {}

/** What a missing key gives. */
export const NO_VALUE = Symbol('no value');

export function show(value: unknown): string {
  return value === NO_VALUE || value === null || value === undefined ? '<no value>' : goMap(value);
}

export function truth(value: unknown): boolean {
  if (value === NO_VALUE || value === null || value === undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value);
}

function order(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) throw new TemplateError('incompatible types for comparison');
  if (typeof a !== 'number' && typeof a !== 'string') throw new TemplateError('invalid type for comparison');
  return a < (b as typeof a) ? -1 : a > (b as typeof a) ? 1 : 0;
}

function equal(a: unknown, b: unknown): boolean {
  if (a === NO_VALUE || b === NO_VALUE) return a === b;
  if (a !== null && b !== null && typeof a !== typeof b) throw new TemplateError('incompatible types for comparison');
  if (typeof a === 'object' && a !== null) throw new TemplateError('non-comparable type');
  return a === b;
}

function at(value: unknown, index: unknown): unknown {
  if (value === null || value === undefined || value === NO_VALUE) throw new TemplateError('index of untyped nil');
  if (Array.isArray(value) || typeof value === 'string') {
    if (typeof index !== 'number') throw new TemplateError(`cannot index slice/array with type ${typeof index}`);
    if (index < 0 || index >= value.length) throw new TemplateError(`index out of range: ${index}`);
    return typeof value === 'string' ? value.charCodeAt(index) : value[index];
  }
  const map = value as Record<string, unknown>;
  return typeof index === 'string' && Object.hasOwn(map, index) ? map[index] : NO_VALUE;
}

function print(args: unknown[]): string {
  let out = '';
  args.forEach((arg, i) => {
    if (i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string') out += ' ';
    out += show(arg);
  });
  return out;
}

const HTML: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&#34;', "'": '&#39;' };

export const FUNCTIONS: Record<string, (...args: any[]) => unknown> = {
  and: () => undefined,
  or: () => undefined,
  not: (a) => !truth(a),
  eq: (a, ...rest) => rest.some((b) => equal(a, b)),
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => order(a, b) < 0,
  le: (a, b) => order(a, b) <= 0,
  gt: (a, b) => order(a, b) > 0,
  ge: (a, b) => order(a, b) >= 0,
  len(value) {
    if (typeof value === 'string' || Array.isArray(value)) return value.length;
    if (value !== null && typeof value === 'object') return Object.keys(value).length;
    throw new TemplateError(
      value === NO_VALUE || value === null ? 'len of nil pointer' : `len of type ${typeof value}`,
    );
  },
  index: (value, ...indexes) => indexes.reduce(at, value),
  slice: (value, from = 0, to = value.length) => value.slice(from, to),
  print: (...args) => print(args),
  println: (...args) => args.map(show).join(' ') + '\n',
  printf: (format, ...args) => sprintf(format, args),
  html: (...args) => print(args).replace(/[<>&"']/g, (c) => HTML[c]),
  js: (...args) => JSON.stringify(print(args)).slice(1, -1).replaceAll("'", "\\'"),
  urlquery: (...args) => encodeURIComponent(print(args)),
  exists: (value, ...path) => {
    for (const key of path) {
      if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return false;
      value = value[key];
    }
    return true;
  },
  base64decode(text) {
    const { bytes, ok } = fromBase64(String(text));
    if (!ok)
      throw new TemplateError(`base64 decode: illegal base64 data at input byte ${Math.floor((bytes.length * 4) / 3)}`);
    return decode(bytes);
  },
};

/** fmt.Sprintf for the verbs that make sense on JSON values. */
function sprintf(format: string, args: unknown[]): string {
  let next = 0;
  const out = format.replace(
    /%([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (_, flags: string, width = '', precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const arg = args[next++];
      let text: string;
      if (verb === 'd' || verb === 'x' || verb === 'X' || verb === 'o' || verb === 'b') {
        const base = { d: 10, x: 16, X: 16, o: 8, b: 2 }[verb] as number;
        if (typeof arg === 'string' && (verb === 'x' || verb === 'X'))
          text = Array.from(arg, (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('');
        else if (typeof arg !== 'number')
          return `%!${verb}(${typeof arg === 'string' ? 'string' : typeof arg}=${show(arg)})`;
        else text = Math.trunc(arg).toString(base);
        if (verb === 'X') text = text.toUpperCase();
      } else if (verb === 'f' || verb === 'e' || verb === 'g') {
        if (typeof arg !== 'number') return `%!${verb}(${typeof arg}=${show(arg)})`;
        text = verb === 'f' ? arg.toFixed(precision === undefined ? 6 : Number(precision)) : String(arg);
      } else if (verb === 'q') text = JSON.stringify(show(arg));
      else if (verb === 't' && typeof arg !== 'boolean') return `%!t(${typeof arg}=${show(arg)})`;
      else if (verb === 'c' && typeof arg === 'number') text = String.fromCodePoint(arg);
      else if (verb === 'T') text = typeof arg;
      else if (verb === 's' && typeof arg === 'number') return `%!s(int64=${arg})`;
      else if (verb === 's' && typeof arg === 'boolean') return `%!s(bool=${arg})`;
      else text = show(arg);
      if (verb === 's' && precision !== undefined) text = text.slice(0, Number(precision));
      if (flags.includes('+') && typeof arg === 'number' && arg >= 0) text = '+' + text;
      if (flags.includes('-')) return text.padEnd(Number(width));
      return text.padStart(Number(width), flags.includes('0') ? '0' : ' ');
    },
  );
  const extra = args.slice(next);
  return extra.length
    ? `${out}%!(EXTRA ${extra.map((a) => `${typeof a === 'number' ? 'int64' : typeof a}=${show(a)}`).join(', ')})`
    : out;
}
