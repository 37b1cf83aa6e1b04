// Lists, sets and regular expressions.

import { goRegExp } from '../../api/regexp.ts';
import type { Environment } from '../library.ts';
import { define, FunctionError } from './define.ts';

type Ordered = bigint | number | string | boolean | Date;

const ORDERED = ['int', 'double', 'string', 'bool', 'google.protobuf.Timestamp', 'google.protobuf.Duration'];

function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if ((typeof a === 'bigint' && typeof b === 'number') || (typeof a === 'number' && typeof b === 'bigint'))
    // eslint-disable-next-line eqeqeq
    return a == b;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  const keys = Object.keys(x);
  return keys.length === Object.keys(y).length && keys.every((key) => key in y && sameValue(x[key], y[key]));
}

function extreme(list: readonly Ordered[], name: string, better: (a: Ordered, b: Ordered) => boolean): Ordered {
  if (list.length === 0) throw new FunctionError(`${name} called on empty list`);
  let best = list[0];
  for (const item of list) if (better(item, best)) best = item;
  return best;
}

const has = (list: readonly unknown[], wanted: unknown) => list.some((item) => sameValue(item, wanted));
const contains = (list: readonly unknown[], other: readonly unknown[]) => other.every((item) => has(list, item));

/** `sets` is written like a variable. */
class SetsNamespace {}

function pattern(text: string): RegExp {
  const found = goRegExp(text);
  if (!found) throw new FunctionError(`error parsing regexp: ${text}`);
  return found;
}

function findAll(text: string, wanted: string, limit: bigint): string[] {
  const base = pattern(wanted);
  const all = text.match(new RegExp(base.source, `${base.flags}g`)) ?? [];
  return limit < 0n ? [...all] : all.slice(0, Number(limit));
}

export function collections(environment: Environment) {
  environment.registerType('SetsNamespace', SetsNamespace);
  environment.registerConstant('sets', 'SetsNamespace', new SetsNamespace());
  for (const type of ORDERED) {
    define(environment, {
      [`list<${type}>.min(): ${type}`]: (list: Ordered[]) => extreme(list, 'min', (a, b) => a < b),
      [`list<${type}>.max(): ${type}`]: (list: Ordered[]) => extreme(list, 'max', (a, b) => a > b),
    });
  }
  define(environment, {
    'list<A>.isSorted(): bool': (list: Ordered[]) => list.every((item, i) => i === 0 || list[i - 1] <= item),
    'list<int>.sum(): int': (list: bigint[]) => list.reduce((sum, item) => sum + item, 0n),
    'list<double>.sum(): double': (list: number[]) => list.reduce((sum, item) => sum + item, 0),
    'list<A>.indexOf(A): int': (list: unknown[], item: unknown) =>
      BigInt(list.findIndex((one) => sameValue(one, item))),
    'list<A>.lastIndexOf(A): int': (list: unknown[], item: unknown) =>
      BigInt(list.findLastIndex((one) => sameValue(one, item))),
    'SetsNamespace.contains(list<A>, list<A>): bool': (_: unknown, list: unknown[], other: unknown[]) =>
      contains(list, other),
    'SetsNamespace.equivalent(list<A>, list<A>): bool': (_: unknown, list: unknown[], other: unknown[]) =>
      contains(list, other) && contains(other, list),
    'SetsNamespace.intersects(list<A>, list<A>): bool': (_: unknown, list: unknown[], other: unknown[]) =>
      other.some((item) => has(list, item)),
    'string.find(string): string': (text: string, wanted: string) => pattern(wanted).exec(text)?.[0] ?? '',
    'string.findAll(string): list<string>': (text: string, wanted: string) => findAll(text, wanted, -1n),
    'string.findAll(string, int): list<string>': findAll,
  });
}
