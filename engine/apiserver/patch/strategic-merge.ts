// Strategic merge patch: lists are merged by the keys and strategies of the schema, `$` directives steer it.
// Rules come from the scheme by path; nothing here knows a kind.

import type { ListRule, ResourceInfo, Scheme } from '../../api/types.ts';
import { equal } from '../equal.ts';
import { withoutUndefined } from '../without-undefined.ts';
import { PatchError } from './errors.ts';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ELEMENT_ORDER = '$setElementOrder/';
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/';
const BAD_RETAIN_KEYS = 'invalid patch format of retainKeys';

/** The rules of one kind as a tree of its fields, asked for once. */
class Rules {
  readonly rule: ListRule | undefined;
  /** Whether its list is merged, not replaced. */
  readonly isMerged: boolean;
  /** The directive that orders its list. */
  readonly orderKey: string;
  private readonly ask: (path: readonly string[]) => ListRule | undefined;
  private readonly path: readonly string[];
  private readonly fields = new Map<string, Rules>();

  constructor(ask: (path: readonly string[]) => ListRule | undefined, path: readonly string[] = []) {
    this.ask = ask;
    this.path = path;
    this.rule = path.length ? ask(path) : undefined;
    this.isMerged = this.rule?.patchStrategy?.includes('merge') === true;
    this.orderKey = ELEMENT_ORDER + path.at(-1);
  }

  field(name: string): Rules {
    let rules = this.fields.get(name);
    if (!rules) this.fields.set(name, (rules = new Rules(this.ask, [...this.path, name])));
    return rules;
  }
}

/** A list that has been merged: values are immutable, so the same lists by the same rules give the same again. */
interface Merged {
  rules: Rules;
  old: unknown;
  order: unknown;
  list: unknown;
  /** An order that the patch's list keeps to. */
  checked?: unknown;
}

/** By the patch's list: a kubelet sends those of Pods of one template many times. Some of the last ones. */
const merged = new Map<readonly unknown[], Merged>();
const MAX_MERGED = 256;

const rulesOf = new WeakMap<ResourceInfo, Rules>();

/** The patched object; parts that the patch does not touch are shared with `target`. */
export function strategicMerge(scheme: Scheme, info: ResourceInfo, target: Json, patch: Json): Json {
  let rules = rulesOf.get(info);
  if (!rules) rulesOf.set(info, (rules = new Rules((path) => scheme.listRule(info, path))));
  return mergeObject(rules, target, patch);
}

function mergeObject(rules: Rules, target: Json | undefined, patch: Json): Json {
  const directive = patch.$patch;
  if (directive !== undefined) {
    if (directive === 'replace') return withoutUndefined(without(patch, '$patch'));
    if (directive === 'delete') return {};
    throw badDirective(patch);
  }
  let out: Json | undefined;
  let orders: string[] | undefined;
  for (const key in patch) {
    const value = patch[key];
    if (value === undefined) continue;
    // '$' sorts before what fields begin with.
    if (key < '%' && key.charCodeAt(0) === 36) {
      if (key === '$patch' || key === '$retainKeys') continue;
      if (key.startsWith(ELEMENT_ORDER)) {
        const name = key.slice(ELEMENT_ORDER.length);
        const list = patch[name];
        const own = rules.field(name);
        const known = merged.get(list as unknown[]);
        if (known?.checked !== value || known?.rules !== own) {
          checkOrder(value, list, own.rule?.patchMergeKey);
          if (known?.rules === own) known.checked = value;
        }
        if (list === undefined) (orders ??= []).push(name);
        continue;
      }
      if (key.startsWith(DELETE_PRIMITIVES)) {
        const name = key.slice(DELETE_PRIMITIVES.length);
        const list = (out ?? target)?.[name];
        if (!Array.isArray(value) || !Array.isArray(list)) continue;
        out ??= { ...target };
        out[name] = list.filter((item) => !value.some((other) => equal(item, other)));
        continue;
      }
    }
    const old = out ? out[key] : target?.[key];
    if (value === old && value !== null) continue;
    let result: unknown = value;
    if (value === null) result = undefined;
    else if (typeof value === 'object') result = mergeValue(rules.field(key), old, value, patch);
    if (result === old) continue;
    out ??= target ? { ...target } : {};
    // A list that lost its last element is not written at all.
    if (result === undefined || (Array.isArray(result) && result.length === 0)) delete out[key];
    else out[key] = result;
  }
  if (orders) out = orderLists(rules, orders, target, patch, out);
  const retain = patch.$retainKeys;
  if (retain !== undefined) {
    if (!Array.isArray(retain)) throw new PatchError(BAD_RETAIN_KEYS, 400);
    for (const key in patch) {
      if (key.charCodeAt(0) !== 36 && patch[key] !== null && !retain.includes(key)) {
        throw new PatchError(BAD_RETAIN_KEYS, 400);
      }
    }
    out ??= { ...target };
    for (const key in out) if (!retain.includes(key)) delete out[key];
  }
  return out ?? target ?? {};
}

const badDirective = (patch: Json) =>
  new PatchError(`unknown patch type: ${String(patch.$patch)} in map: ${goMap(patch)}`);

/** A list of the order must name what the patch's own list has, in the same order. */
function checkOrder(wanted: unknown, list: unknown, mergeKey: string | undefined) {
  for (const value of [wanted, list]) {
    if (value === undefined || Array.isArray(value)) continue;
    throw new PatchError(`expected a []interface {}, but received a ${goType(value)}`);
  }
  if (!Array.isArray(list) || list.length === 0 || (wanted as unknown[]).length === 0) return;
  let at = 0;
  for (const item of list) {
    if (mergeKey && isObject(item) && item.$patch === 'delete') continue;
    const id = idOf(item, mergeKey);
    while (at < (wanted as unknown[]).length && !equal(idOf((wanted as unknown[])[at], mergeKey), id)) at++;
    if (at++ < (wanted as unknown[]).length) continue;
    throw new PatchError(
      `The order in patch list:\n${goMap(list)}\n doesn't match ${ELEMENT_ORDER.slice(0, -1)} list:\n${goMap(wanted)}\n`,
    );
  }
}

const idOf = (item: unknown, mergeKey: string | undefined): unknown =>
  mergeKey && isObject(item) ? item[mergeKey] : item;

const goType = (value: unknown): string =>
  isObject(value) ? 'map[string]interface {}' : Array.isArray(value) ? '[]interface {}' : GO_TYPES[typeof value];
const GO_TYPES: Record<string, string> = { string: 'string', number: 'int64', boolean: 'bool', object: '%!s(<nil>)' };

/** Elements of a list that is merged are all of one type. */
function checkElements(...lists: (readonly unknown[])[]) {
  let first: string | undefined;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const type = goType(list[i]);
      if (first === undefined) {
        if (type === '[]interface {}') throw new PatchError('lists of lists are not supported', 422);
        first = type;
      } else if (type !== first) {
        throw new PatchError(`list element types are not identical: ${first} ${type}`);
      }
    }
  }
}

/** Lists that the patch orders without changing an element. */
function orderLists(
  rules: Rules,
  names: readonly string[],
  target: Json | undefined,
  patch: Json,
  changed: Json | undefined,
) {
  let out = changed;
  for (const name of names) {
    const list = (out ?? target)?.[name];
    if (!Array.isArray(list)) continue;
    const { rule } = rules.field(name);
    const ordered = order(list, patch[ELEMENT_ORDER + name] as unknown[], list, rule?.patchMergeKey);
    if (!equal(ordered, list)) {
      out ??= { ...target };
      out[name] = ordered;
    }
  }
  return out;
}

/** `value`, the field of `patch` with these rules, is an object or a list. */
function mergeValue(rules: Rules, old: unknown, value: object, patch: Json): unknown {
  if (Array.isArray(value)) {
    if (!rules.isMerged) return equal(old, value) ? old : withoutUndefined(value);
    const order = patch[rules.orderKey] as unknown[] | undefined;
    const known = merged.get(value);
    if (known && known.old === old && known.order === order && known.rules === rules) return known.list;
    const list = mergeList(rules, Array.isArray(old) ? old : NOTHING, value, rules.rule?.patchMergeKey, order);
    if (merged.size === MAX_MERGED) merged.clear();
    merged.set(value, { rules, old, order, list });
    return list;
  }
  if (!isObject(old)) return mergeObject(rules, undefined, value as Json);
  if (rules.rule?.patchStrategy === 'replace') return equal(old, value) ? old : withoutUndefined(value);
  return mergeObject(rules, old, value as Json);
}

const NOTHING: readonly unknown[] = [];

function mergeList(
  rules: Rules,
  old: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string | undefined,
  elementOrder: readonly unknown[] | undefined,
): unknown[] {
  if (old.length) checkElements(old, patch);
  if (!mergeKey || (patch.length > 0 && !isObject(patch[0]))) {
    const out = old.slice();
    for (const item of patch) {
      if (out.some((other) => equal(item, other))) continue;
      out.push(typeof item === 'object' && item !== null ? withoutUndefined(item) : item);
    }
    const list = order(out, elementOrder ?? patch, old, undefined);
    return list.length === old.length && equal(list, old) ? (old as unknown[]) : list;
  }
  let out = old.slice();
  const additions: Json[] = [];
  for (const item of patch) {
    // Beside what is no list element yet, a patch may have anything: decoding tells.
    if (!isObject(item)) {
      additions.push(item as Json);
      continue;
    }
    const element = item;
    if (element.$patch === 'replace') {
      // The list as a whole: the other elements of the patch are what it becomes.
      return withoutUndefined(patch.filter((other) => (other as Json).$patch !== 'replace'));
    }
    if (element.$patch === 'merge') throw new PatchError('merging lists cannot yet be specified in the patch');
    if (element.$patch !== undefined && element.$patch !== 'delete') throw badDirective(element);
    const id = element[mergeKey];
    if (id === undefined || id === null) {
      throw new PatchError(`map: ${goMap(element)} does not contain declared merge key: ${mergeKey}`);
    }
    if (element.$patch === 'delete') out = out.filter((other) => (other as Json)[mergeKey] !== id);
    else additions.push(element);
  }
  for (let i = 0; i < additions.length; i++) {
    const element = additions[i];
    if (!isObject(element)) {
      out.push(element);
      continue;
    }
    const id = element[mergeKey];
    let index = 0;
    while (index < out.length && (out[index] as Json)[mergeKey] !== id) index++;
    if (index === out.length) out.push(isPlain(element) ? element : mergeObject(rules, undefined, element));
    else out[index] = mergeObject(rules, out[index] as Json, element);
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
  if (stands(list, wanted, mergeKey)) return list as unknown[];
  const position = new Map<unknown, number>();
  wanted.forEach((item, index) => position.set(idOf(item, mergeKey), index));
  const serverPosition = new Map<unknown, number>();
  server.forEach((item, index) => serverPosition.set(idOf(item, mergeKey), index));
  const named = list.filter((item) => position.has(idOf(item, mergeKey)));
  named.sort((a, b) => (position.get(idOf(a, mergeKey)) as number) - (position.get(idOf(b, mergeKey)) as number));
  const others = list.filter((item) => !position.has(idOf(item, mergeKey)));
  const out: unknown[] = [];
  let o = 0;
  let n = 0;
  while (n < named.length || o < others.length) {
    if (o >= others.length) out.push(named[n++]);
    else if (n >= named.length) out.push(others[o++]);
    else {
      const a = serverPosition.get(idOf(named[n], mergeKey));
      const b = serverPosition.get(idOf(others[o], mergeKey)) ?? Infinity;
      if (a === undefined || a < b) out.push(named[n++]);
      else out.push(others[o++]);
    }
  }
  return out;
}

/** Whether an object has simple values only: it is what it says. */
function isPlain(object: Json): boolean {
  for (const key in object) {
    const value = object[key];
    if (typeof value === 'object' || value === undefined || (key < '%' && key.charCodeAt(0) === 36)) return false;
  }
  return true;
}

/** Whether `list` has the wanted elements and no others, in that order: most often it has. */
function stands(list: readonly unknown[], wanted: readonly unknown[], mergeKey: string | undefined): boolean {
  if (list.length !== wanted.length) return false;
  for (let i = 0; i < list.length; i++) {
    if (
      mergeKey ? (list[i] as Json | null)?.[mergeKey] !== (wanted[i] as Json | null)?.[mergeKey] : list[i] !== wanted[i]
    )
      return false;
  }
  return true;
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
