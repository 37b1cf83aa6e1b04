// Strategic merge patch: lists are merged by the keys and strategies of the schema, `$` directives steer it.
// Rules come from the scheme by path; nothing here knows a kind.

import type { ListRule, ResourceInfo, Scheme } from '../../api/types.ts';
import { equal } from '../equal.ts';
import { PatchError } from './errors.ts';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ELEMENT_ORDER = '$setElementOrder/';
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/';

/** Rules of one kind by path, asked for once. */
class Rules {
  private readonly scheme: Scheme;
  private readonly info: ResourceInfo;
  private readonly known = new Map<string, ListRule | undefined>();
  constructor(scheme: Scheme, info: ResourceInfo) {
    this.scheme = scheme;
    this.info = info;
  }
  at(path: string): ListRule | undefined {
    if (this.known.has(path)) return this.known.get(path);
    const rule = this.scheme.listRule(this.info, path.split('.'));
    this.known.set(path, rule);
    return rule;
  }
}

const rulesOf = new WeakMap<ResourceInfo, Rules>();

/** The patched object; parts that the patch does not touch are shared with `target`. */
export function strategicMerge(scheme: Scheme, info: ResourceInfo, target: Json, patch: Json): Json {
  let rules = rulesOf.get(info);
  if (!rules) rulesOf.set(info, (rules = new Rules(scheme, info)));
  return mergeObject(rules, '', target, patch);
}

function mergeObject(rules: Rules, path: string, target: Json | undefined, patch: Json): Json {
  const directive = patch.$patch;
  if (directive !== undefined) {
    if (directive === 'replace') return without(patch, '$patch');
    if (directive === 'delete') return {};
    throw new PatchError(`unknown patch type: ${String(directive)} in map: ${goMap(patch)}`);
  }
  let out: Json | undefined;
  const orders: string[] = [];
  for (const key in patch) {
    const value = patch[key];
    if (value === undefined) continue;
    if (key.charCodeAt(0) === 36) {
      // '$'
      if (key === '$patch' || key === '$retainKeys') continue;
      if (key.startsWith(ELEMENT_ORDER)) {
        orders.push(key.slice(ELEMENT_ORDER.length));
        continue;
      }
      if (key.startsWith(DELETE_PRIMITIVES)) {
        const name = key.slice(DELETE_PRIMITIVES.length);
        out ??= { ...target };
        const removed = value as unknown[];
        const list = (out[name] as unknown[] | undefined) ?? [];
        out[name] = list.filter((item) => !removed.some((other) => equal(item, other)));
        continue;
      }
    }
    const old = out ? out[key] : target?.[key];
    if (value === null) {
      if (old !== undefined) {
        out ??= { ...target };
        delete out[key];
      }
      continue;
    }
    const merged = mergeValue(rules, path === '' ? key : `${path}.${key}`, old, value, patch[ELEMENT_ORDER + key]);
    if (merged === old) continue;
    out ??= { ...target };
    out[key] = merged;
  }
  // Lists that the patch orders without changing an element.
  for (const name of orders) {
    if (patch[name] !== undefined) continue;
    const list = (out ?? target)?.[name];
    if (!Array.isArray(list)) continue;
    const rule = rules.at(path === '' ? name : `${path}.${name}`);
    const ordered = order(list, patch[ELEMENT_ORDER + name] as unknown[], list, rule?.patchMergeKey);
    if (!equal(ordered, list)) {
      out ??= { ...target };
      out[name] = ordered;
    }
  }
  const retain = patch.$retainKeys;
  if (Array.isArray(retain)) {
    for (const key in patch) {
      if (key.charCodeAt(0) !== 36 && patch[key] !== null && !retain.includes(key)) {
        throw new PatchError('Invalid patch format of $retainKeys');
      }
    }
    out ??= { ...target };
    for (const key in out) if (!retain.includes(key)) delete out[key];
  }
  return out ?? target ?? {};
}

function mergeValue(rules: Rules, path: string, old: unknown, value: unknown, elementOrder: unknown): unknown {
  if (Array.isArray(value)) {
    const rule = rules.at(path);
    if (!rule?.patchStrategy?.includes('merge')) return equal(old, value) ? old : value;
    const list = Array.isArray(old) ? old : [];
    return mergeList(rules, path, list, value, rule.patchMergeKey, elementOrder as unknown[] | undefined);
  }
  if (isObject(value)) {
    if (!isObject(old)) return mergeObject(rules, path, undefined, value);
    if (rules.at(path)?.patchStrategy === 'replace') return equal(old, value) ? old : value;
    return mergeObject(rules, path, old, value);
  }
  return old === value ? old : value;
}

function mergeList(
  rules: Rules,
  path: string,
  old: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string | undefined,
  elementOrder: readonly unknown[] | undefined,
): unknown[] {
  if (!mergeKey || (patch.length > 0 && !isObject(patch[0]))) {
    const out = old.slice();
    for (const item of patch) if (!out.some((other) => equal(item, other))) out.push(item);
    const list = order(out, elementOrder ?? patch, old, undefined);
    return list.length === old.length && equal(list, old) ? (old as unknown[]) : list;
  }
  let out = old.slice();
  const additions: Json[] = [];
  for (const item of patch) {
    const element = item as Json;
    if (element.$patch === 'replace') {
      // The list as a whole: the other elements of the patch are what it becomes.
      return patch.filter((other) => (other as Json).$patch !== 'replace');
    }
    const id = element[mergeKey];
    if (id === undefined || id === null) {
      throw new PatchError(`map: ${goMap(element)} does not contain declared merge key: ${mergeKey}`);
    }
    if (element.$patch === 'delete') out = out.filter((other) => (other as Json)[mergeKey] !== id);
    else additions.push(element);
  }
  for (const element of additions) {
    const id = element[mergeKey];
    const index = out.findIndex((other) => (other as Json)[mergeKey] === id);
    if (index < 0) out.push(mergeObject(rules, path, undefined, element));
    else out[index] = mergeObject(rules, path, out[index] as Json, element);
  }
  // Elements stand as the patch has them, even without a directive that says so.
  out = order(out, elementOrder ?? additions, old, mergeKey);
  if (out.length === old.length) {
    let same = true;
    for (let i = 0; i < out.length && same; i++) same = out[i] === old[i];
    if (same) return old as unknown[];
  }
  return out;
}

/**
 * Puts `list` into the order that the patch asks for: elements that the patch names in its order, others (added on the
 * server) where they stood relative to what preceded them there.
 */
function order(
  list: readonly unknown[],
  wanted: readonly unknown[],
  server: readonly unknown[],
  mergeKey?: string,
): unknown[] {
  const idOf = (item: unknown): unknown => (mergeKey && isObject(item) ? item[mergeKey] : item);
  const position = new Map<unknown, number>();
  wanted.forEach((item, index) => position.set(idOf(item), index));
  const serverPosition = new Map<unknown, number>();
  server.forEach((item, index) => serverPosition.set(idOf(item), index));
  const named = list.filter((item) => position.has(idOf(item)));
  named.sort((a, b) => (position.get(idOf(a)) as number) - (position.get(idOf(b)) as number));
  const others = list.filter((item) => !position.has(idOf(item)));
  const out: unknown[] = [];
  let o = 0;
  let n = 0;
  while (n < named.length || o < others.length) {
    if (o >= others.length) out.push(named[n++]);
    else if (n >= named.length) out.push(others[o++]);
    else {
      const a = serverPosition.get(idOf(named[n]));
      const b = serverPosition.get(idOf(others[o])) ?? Infinity;
      if (a === undefined || a < b) out.push(named[n++]);
      else out.push(others[o++]);
    }
  }
  return out;
}

function without(object: Json, key: string): Json {
  const { [key]: _dropped, ...rest } = object;
  return rest;
}

/** A map as Go's %v prints it: map[a:1 b:x], keys sorted. */
export function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`;
  if (!isObject(value)) return String(value);
  const keys = Object.keys(value).sort();
  return `map[${keys.map((key) => `${key}:${goMap(value[key])}`).join(' ')}]`;
}
