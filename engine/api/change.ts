// Changing immutable objects: each helper returns what it was given when nothing is different.

import type { JsonObject } from './types.ts';

/** `object` with each of `values` set where it has no such field (or null). */
export function fill<T extends JsonObject>(object: T, values: JsonObject): T {
  let out: JsonObject | undefined;
  for (const key in values) {
    if (object[key] !== undefined && object[key] !== null) continue;
    out ??= { ...object };
    out[key] = values[key];
  }
  return (out as T) ?? object;
}

/** `object` with `key` set to `value`; undefined removes the field. */
export function set<T extends JsonObject>(object: T, key: string, value: unknown): T {
  if (object[key] === value) return object;
  const out: JsonObject = { ...object };
  if (value === undefined) delete out[key];
  else out[key] = value;
  return out as T;
}

/** `object` with its field `key` replaced by what `change` makes of it; absent fields stay absent. */
export function update<T extends JsonObject>(object: T, key: string, change: (value: any) => unknown): T {
  const value = object[key];
  return value === undefined || value === null ? object : set(object, key, change(value));
}

/** `object` with every element of its list `key` replaced by what `change` makes of it. */
export function updateEach<T extends JsonObject>(object: T, key: string, change: (value: any) => unknown): T {
  const list = object[key] as unknown[] | undefined | null;
  if (!list) return object;
  let out: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const value = change(list[i]);
    if (value === list[i]) continue;
    out ??= list.slice();
    out[i] = value;
  }
  return out ? set(object, key, out) : object;
}

/** Whether two JSON values are equal; shared parts cost nothing. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a)) {
    const other = b as unknown[];
    if (a.length !== other.length) return false;
    for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], other[i])) return false;
    return true;
  }
  let count = 0;
  for (const key in a) {
    const value = (a as JsonObject)[key];
    if (value === undefined) continue;
    count++;
    if (!deepEqual(value, (b as JsonObject)[key])) return false;
  }
  for (const key in b) if ((b as JsonObject)[key] !== undefined) count--;
  return count === 0;
}
