// The order of fields within managedFields, as structured-merge-diff writes them (part `apply`): fields by name, then items
// by their keys, then values, then indexes; numbers by size.

import type { FieldSet } from './field-set.ts';

const RANKS = '.fkvi';

/** The same set with its elements in order. */
export function ordered(set: FieldSet): FieldSet {
  const names = Object.keys(set);
  const out: FieldSet = {};
  for (const name of names.length > 1 ? names.sort(before) : names) out[name] = ordered(set[name]);
  return out;
}

function before(a: string, b: string): number {
  const rank = RANKS.indexOf(a[0]) - RANKS.indexOf(b[0]);
  if (rank) return rank;
  if (a[0] === 'k' || a[0] === 'v') return compare(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
  if (a[0] === 'i') return Number(a.slice(2)) - Number(b.slice(2));
  return a < b ? -1 : 1;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'object' && typeof b === 'object' && a && b) {
    const left = a as Record<string, unknown>;
    const right = b as Record<string, unknown>;
    for (const key of Object.keys(left).sort()) {
      const result = compare(left[key], right[key]);
      if (result) return result;
    }
    return 0;
  }
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const x = String(a);
  const y = String(b);
  return x === y ? 0 : x < y ? -1 : 1;
}
