// The patch that `kubectl apply` sends: from what was applied last, what is to be applied, and what is live. Lists of
// built-in kinds are merged by the keys of the schema (strategic merge patch); custom resources get a JSON merge patch.

import type { ListRule } from '../../api/types.ts';
import type { Mapping } from '../discovery.ts';
import { builtinScheme } from '../kubectl.ts';

type Json = Record<string, unknown>;

export interface Patch {
  type: 'strategic' | 'merge';
  patch: Json;
}

/** `original` is empty for an object that apply has not written before. */
export function threeWayPatch(mapping: Mapping, original: Json, modified: Json, current: Json): Patch {
  const scheme = builtinScheme();
  const info = scheme.kind(mapping.group, mapping.version, mapping.kind);
  const rule: RuleOf = info ? (path) => scheme.listRule(info, path) : () => undefined;
  return { type: info ? 'strategic' : 'merge', patch: diffMaps(rule, [], original, modified, current) };
}

/** The patch that turns `current` into `modified` and touches nothing else (edit, label, set). */
export function twoWayPatch(mapping: Mapping, current: Json, modified: Json): Patch {
  return threeWayPatch(mapping, current, modified, current);
}

type RuleOf = (path: string[]) => ListRule | undefined;

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

function diffMaps(rule: RuleOf, path: string[], original: Json, modified: Json, current: Json): Json {
  const patch: Json = {};
  for (const key in modified) {
    const value = modified[key];
    if (value === undefined) continue;
    const live = current[key];
    if (value === null) {
      if (live !== undefined && live !== null) patch[key] = null;
    } else if (live === undefined || live === null) patch[key] = value;
    else diffField(rule, [...path, key], original[key], value, live, patch, key);
  }
  for (const key in original) if (modified[key] === undefined && original[key] !== undefined) patch[key] = null;
  return patch;
}

function diffField(
  rule: RuleOf,
  path: string[],
  original: unknown,
  modified: unknown,
  current: unknown,
  patch: Json,
  key: string,
) {
  const strategy = rule(path)?.patchStrategy;
  // What is replaced as a whole is sent as a whole, whether it differs or not.
  if (strategy === 'replace' && isMap(modified)) {
    patch[key] = modified;
    return;
  }
  if (isMap(modified) && isMap(current)) {
    const inner = diffMaps(rule, path, isMap(original) ? original : {}, modified, current);
    const retain = strategy?.includes('retainKeys') === true;
    if (isEmpty(inner) && !(retain && hasMore(current, modified))) return;
    if (retain) inner.$retainKeys = Object.keys(modified).sort();
    patch[key] = inner;
    return;
  }
  if (Array.isArray(modified) && Array.isArray(current)) {
    const found = rule(path);
    if (found?.patchStrategy?.includes('merge')) {
      const before = Array.isArray(original) ? original : [];
      if (found.patchMergeKey)
        diffMapList(rule, path, found, before as Json[], modified as Json[], current as Json[], patch, key);
      else diffPrimitiveList(before, modified, current, patch, key);
      return;
    }
  }
  if (!deepEqual(modified, current)) patch[key] = modified;
}

function diffMapList(
  rule: RuleOf,
  path: string[],
  found: ListRule,
  original: Json[],
  modified: Json[],
  current: Json[],
  patch: Json,
  key: string,
) {
  const mergeKey = found.patchMergeKey as string;
  const retain = found.patchStrategy?.includes('retainKeys');
  const live = indexBy(current, mergeKey);
  const before = indexBy(original, mergeKey);
  const wanted = indexBy(modified, mergeKey);
  const changes: Json[] = [];
  for (const item of modified) {
    const id = item[mergeKey];
    const now = live.get(id);
    if (!now) {
      changes.push(item);
      continue;
    }
    const inner = diffMaps(rule, path, before.get(id) ?? {}, item, now);
    if (isEmpty(inner) && !(retain && hasMore(now, item))) continue;
    changes.push({ ...inner, [mergeKey]: id, ...(retain ? { $retainKeys: Object.keys(item).sort() } : {}) });
  }
  for (const item of original)
    if (!wanted.has(item[mergeKey])) changes.push({ $patch: 'delete', [mergeKey]: item[mergeKey] });
  const order = modified.map((item) => item[mergeKey]);
  // Elements that others have added count as another order.
  if (changes.length === 0 && order.length === current.length && order.every((id, i) => current[i][mergeKey] === id))
    return;
  patch[`$setElementOrder/${key}`] = order.map((id) => ({ [mergeKey]: id }));
  if (changes.length) patch[key] = changes;
}

function diffPrimitiveList(original: unknown[], modified: unknown[], current: unknown[], patch: Json, key: string) {
  const added = modified.filter((v) => !current.includes(v));
  const removed = original.filter((v) => !modified.includes(v));
  // kubectl has put what is live in order by now, but not what is wanted.
  if (removed.length === 0 && deepEqual(modified, current.slice().sort())) return;
  if (removed.length) patch[`$deleteFromPrimitiveList/${key}`] = removed;
  patch[`$setElementOrder/${key}`] = modified;
  if (added.length) patch[key] = added;
}

function indexBy(items: Json[], key: string): Map<unknown, Json> {
  const map = new Map<unknown, Json>();
  for (const item of items) map.set(item[key], item);
  return map;
}

/** Whether the live object has fields that are not wanted, where all that is not wanted goes. */
function hasMore(current: Json, modified: Json): boolean {
  for (const key in current) if (current[key] !== null && current[key] !== undefined && !(key in modified)) return true;
  return false;
}

function isEmpty(map: Json): boolean {
  for (const _ in map) return false;
  return true;
}

export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((v, i) => deepEqual(v, b[i]));
  if (!isMap(a) || !isMap(b)) return false;
  for (const key in a) if (a[key] !== undefined && !deepEqual(a[key], b[key])) return false;
  for (const key in b) if (b[key] !== undefined && a[key] === undefined) return false;
  return true;
}
