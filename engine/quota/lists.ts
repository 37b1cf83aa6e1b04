// Arithmetic on lists of quantities by resource name.

import { addQuantities, compareQuantities, subtractQuantities } from '../api/quantity.ts';

export type Quantities = Readonly<Record<string, string>>;

/** The sum, name by name. */
export function addLists(a: Quantities, b: Quantities): Record<string, string> {
  const sum: Record<string, string> = { ...a };
  for (const name in b) sum[name] = sum[name] === undefined ? b[name] : addQuantities(sum[name], b[name]);
  return sum;
}

/** The greater of both, name by name. */
export function greatestOf(a: Quantities, b: Quantities): Record<string, string> {
  const out: Record<string, string> = { ...a };
  for (const name in b) if (out[name] === undefined || compareQuantities(b[name], out[name]) > 0) out[name] = b[name];
  return out;
}

/** What `now` has more than `before`; nothing is below zero. */
export function growth(now: Quantities, before: Quantities): Record<string, string> {
  const out: Record<string, string> = {};
  for (const name in now) {
    const rest = before[name] === undefined ? now[name] : subtractQuantities(now[name], before[name]);
    if (compareQuantities(rest, '0') > 0) out[name] = rest;
  }
  return out;
}

export function sameLists(a: Quantities = {}, b: Quantities = {}): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => b[name] !== undefined && compareQuantities(a[name], b[name]) === 0);
}

/** As messages print it: 'limits.cpu=1,pods=2'. */
export const listText = (list: Quantities, names: readonly string[]): string =>
  names.map((name) => `${name}=${list[name]}`).join(',');
