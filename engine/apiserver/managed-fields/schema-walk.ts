// Field sets and merges of objects by their schema: which maps and lists are one value, which lists are maps or sets.

import type { KubeObject, ListRule, ResourceInfo, Scheme } from '../../api/types.ts';
import { equal } from '../equal.ts';
import { difference, isEmpty, type FieldSet } from './field-set.ts';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Duplicate keys in a list that is a map. */
export class TypedError extends Error {}

/** What the server keeps itself: nobody owns it. */
const NOT_OWNED: FieldSet = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    'f:name': {},
    'f:namespace': {},
    'f:creationTimestamp': {},
    'f:selfLink': {},
    'f:uid': {},
    'f:clusterName': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:resourceVersion': {},
  },
};

/**
 * Structs that are there even when they are empty: nobody adds them as such. (In the Go types these are fields by value and
 * lists without omitempty; a pointer, a map or an omitted list is owned by who adds it.)
 */
const ALWAYS_THERE = new Set([
  'metadata',
  'spec',
  'status',
  'strategy',
  'updateStrategy',
  'template',
  'jobTemplate',
  'containers',
  'resources',
  'state',
  'lastState',
  'loadBalancer',
  'involvedObject',
  'source',
  'roleRef',
  'scaleTargetRef',
  'nodeInfo',
  'daemonEndpoints',
  'kubeletEndpoint',
  'target',
]);

export class Typed {
  private readonly scheme: Scheme;
  private readonly info: ResourceInfo;
  private readonly rules = new Map<string, ListRule | undefined>();

  constructor(scheme: Scheme, info: ResourceInfo) {
    this.scheme = scheme;
    this.info = info;
  }

  private rule(path: string): ListRule | undefined {
    if (this.rules.has(path)) return this.rules.get(path);
    const rule = this.scheme.listRule(this.info, path.split('.'));
    this.rules.set(path, rule);
    return rule;
  }

  /** The fields that an applied configuration names. */
  applied(object: KubeObject): FieldSet | undefined {
    const set = this.setOf(object, '') as FieldSet;
    return difference(set, NOT_OWNED, true);
  }

  private setOf(value: unknown, path: string): FieldSet {
    if (Array.isArray(value)) {
      const rule = this.rule(path);
      if (value.length === 0 || !rule || (rule.listType !== 'map' && rule.listType !== 'set')) return {};
      const out: FieldSet = {};
      for (const item of value) {
        const element = elementOf(rule, item);
        if (out[element]) throw new TypedError(`.${path}: duplicate entries for key ${shownKey(element)}`);
        out[element] = rule.listType === 'set' || this.atomic(path, item) ? {} : { '.': {}, ...this.setOf(item, path) };
      }
      return out;
    }
    if (!isObject(value) || (path !== '' && this.atomic(path, value))) return {};
    const out: FieldSet = {};
    for (const key in value) if (value[key] !== undefined) out[`f:${key}`] = this.setOf(value[key], join(path, key));
    return out;
  }

  /** Custom resources have no types behind them: what is there was put there. */
  private isAlwaysThere(key: string): boolean {
    return this.info.custom ? key === 'metadata' : ALWAYS_THERE.has(key);
  }

  private atomic(path: string, value: unknown): boolean {
    return isObject(value) && this.rule(path)?.mapType === 'atomic';
  }

  /** Fields that differ between two states: added or changed ones, and those that are gone. */
  compare(
    old: KubeObject | undefined,
    now: KubeObject,
  ): { changed: FieldSet | undefined; removed: FieldSet | undefined } {
    const { changed, removed } = this.diff(old ?? {}, now, '');
    return { changed: difference(changed, NOT_OWNED, true), removed: difference(removed, NOT_OWNED, true) };
  }

  private diff(old: unknown, now: unknown, path: string): { changed?: FieldSet; removed?: FieldSet } {
    if (old === now) return {};
    if (Array.isArray(now) && Array.isArray(old)) {
      const rule = this.rule(path);
      if (!rule || (rule.listType !== 'map' && rule.listType !== 'set')) return equal(old, now) ? {} : { changed: {} };
      const before = new Map<string, unknown>();
      for (const item of old) before.set(elementOf(rule, item), item);
      const changed: FieldSet = {};
      const removed: FieldSet = {};
      for (const item of now) {
        const element = elementOf(rule, item);
        if (!before.has(element)) changed[element] = this.added(item, path, true);
        else {
          const inner = rule.listType === 'set' ? {} : this.diff(before.get(element), item, path);
          if (inner.changed) changed[element] = inner.changed;
          if (inner.removed) removed[element] = inner.removed;
        }
        before.delete(element);
      }
      before.forEach((item, element) => (removed[element] = this.added(item, path, true)));
      return present(changed, removed);
    }
    if (isObject(now) && isObject(old)) {
      if (path !== '' && this.atomic(path, now)) return equal(old, now) ? {} : { changed: {} };
      const changed: FieldSet = {};
      const removed: FieldSet = {};
      for (const key in now) {
        const inner = join(path, key);
        if (now[key] === undefined) continue;
        if (old[key] === undefined) changed[`f:${key}`] = this.added(now[key], inner, !this.isAlwaysThere(key));
        else {
          const differing = this.diff(old[key], now[key], inner);
          if (differing.changed) changed[`f:${key}`] = differing.changed;
          if (differing.removed) removed[`f:${key}`] = differing.removed;
        }
      }
      for (const key in old) {
        if (now[key] === undefined && old[key] !== undefined)
          removed[`f:${key}`] = this.added(old[key], join(path, key), true);
      }
      return present(changed, removed);
    }
    return equal(old, now) ? {} : { changed: {} };
  }

  /** Everything of a value that is new; `self`: the value's own place as well. */
  private added(value: unknown, path: string, self: boolean): FieldSet {
    const out: FieldSet = {};
    if (Array.isArray(value)) {
      const rule = this.rule(path);
      if (rule?.listType !== 'map' && rule?.listType !== 'set') return {};
      for (const item of value) {
        out[elementOf(rule, item)] = rule.listType === 'set' ? {} : this.added(item, path, true);
      }
    } else if (isObject(value)) {
      if (this.atomic(path, value)) return {};
      for (const key in value) {
        if (value[key] !== undefined)
          out[`f:${key}`] = this.added(value[key], join(path, key), !this.isAlwaysThere(key));
      }
    }
    return self && !isEmpty(out) ? { '.': {}, ...out } : out;
  }

  /** `live` with what the configuration says; nulls stay for decoding, which knows which fields have a zero value. */
  merge<T>(live: T, config: unknown, path = ''): T {
    if (config === undefined) return live;
    if (live === undefined || live === null || config === null) return config as T;
    if (Array.isArray(config) && Array.isArray(live)) return this.mergeLists(live, config, path) as T;
    if (!isObject(config) || !isObject(live) || (path !== '' && this.atomic(path, config))) {
      return (equal(live, config) ? live : config) as T;
    }
    const out: Json = { ...live };
    for (const key in config) {
      out[key] = this.merge(out[key], config[key], join(path, key));
    }
    return out as T;
  }

  private mergeLists(live: readonly unknown[], config: readonly unknown[], path: string): unknown[] {
    const rule = this.rule(path);
    if (!rule || (rule.listType !== 'map' && rule.listType !== 'set'))
      return equal(live, config) ? (live as unknown[]) : (config as unknown[]);
    const wanted = new Map<string, unknown>();
    for (const item of config) wanted.set(elementOf(rule, item), item);
    const present = new Map<string, unknown>();
    for (const item of live) present.set(elementOf(rule, item), item);
    // The configuration's order rules; what only the server has keeps its place behind what it followed.
    const out: unknown[] = [];
    const taken = new Set<string>();
    const take = (element: string) => {
      taken.add(element);
      const item = wanted.get(element);
      out.push(present.has(element) && rule.listType === 'map' ? this.merge(present.get(element), item, path) : item);
    };
    const order = [...wanted.keys()];
    let next = 0;
    for (const item of live) {
      const element = elementOf(rule, item);
      if (!wanted.has(element)) {
        out.push(item);
        continue;
      }
      if (taken.has(element)) continue;
      while (next < order.length) {
        const one = order[next++];
        if (!taken.has(one)) take(one);
        if (one === element) break;
      }
    }
    for (; next < order.length; next++) if (!taken.has(order[next])) take(order[next]);
    return out;
  }

  /** `object` without the fields of `set`. */
  remove<T>(object: T, set: FieldSet | undefined, path = ''): T | undefined {
    if (!set || object === undefined || object === null) return object;
    if (Array.isArray(object)) {
      const rule = this.rule(path);
      if (!rule || (rule.listType !== 'map' && rule.listType !== 'set')) return undefined;
      const out: unknown[] = [];
      for (const item of object) {
        const own = set[elementOf(rule, item)];
        const left = own ? (own['.'] || rule.listType === 'set' ? undefined : this.remove(item, own, path)) : item;
        if (left !== undefined) out.push(left);
      }
      return (out.length ? out : undefined) as T | undefined;
    }
    if (!isObject(object)) return undefined;
    const out: Json = { ...object };
    for (const element in set) {
      if (element === '.') continue;
      const key = element.slice(2);
      const below = set[element];
      const left = isEmpty(below) || below['.'] ? undefined : this.remove(out[key], below, join(path, key));
      if (left === undefined) delete out[key];
      else out[key] = left;
    }
    return Object.keys(out).length ? (out as T) : undefined;
  }
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

const DEFAULT_KEYS: Record<string, unknown> = { protocol: 'TCP' };

export function elementOf(rule: ListRule, item: unknown): string {
  if (rule.listType === 'set') return `v:${JSON.stringify(item)}`;
  const keys: Json = {};
  for (const key of [...(rule.listMapKeys ?? [])].sort()) {
    const value = (item as Json)?.[key] ?? DEFAULT_KEYS[key];
    if (value !== undefined) keys[key] = value;
  }
  return `k:${JSON.stringify(keys)}`;
}

export function shownKey(element: string): string {
  const keys = JSON.parse(element.slice(2)) as Json;
  return `[${Object.keys(keys)
    .map((key) => `${key}=${JSON.stringify(keys[key])}`)
    .join(',')}]`;
}

function present(changed: FieldSet, removed: FieldSet): { changed?: FieldSet; removed?: FieldSet } {
  const out: { changed?: FieldSet; removed?: FieldSet } = {};
  if (!isEmpty(changed)) out.changed = changed;
  if (!isEmpty(removed)) out.removed = removed;
  return out;
}
