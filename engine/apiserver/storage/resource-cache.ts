// What the API server keeps beside the store for each resource: indexes for selectors and its watches.
// Both are fed by the store inside the commit; indexes are built when a selector first asks for them.

import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import type { Etcd, StoreEvent } from '../../etcd/index.ts';
import { Change } from './change.ts';
import { Selection } from './selection.ts';
import type { Watch } from './watch.ts';

/** Keys of the objects for which `get` gives a value. */
interface Index {
  get: (object: KubeObject) => string | undefined;
  /** Of an object, that `get` reads: as long as it is the same, so is the value. */
  part: string;
  keys: Map<string, Set<string>>;
}

interface FieldWatches {
  label: string;
  get: (object: KubeObject) => string;
  part: string;
  byValue: Map<string, readonly Watch[]>;
}

const EVERYTHING = new Selection('', undefined, [], []);
const SMALL = 16;
const nameOf = (object: KubeObject): string => object.metadata.name as string;

export class ResourceCache {
  readonly prefix: string;
  private readonly info: ResourceInfo;
  private readonly etcd: Etcd;
  private readonly labelIndexes = new Map<string, Index>();
  private readonly fieldIndexes = new Map<string, Index>();
  /** Watches by what narrows them best: one field's value, a namespace, or nothing. */
  private fieldWatches: readonly FieldWatches[] = [];
  private readonly namespaceWatches = new Map<string, readonly Watch[]>();
  private wideWatches: readonly Watch[] = [];
  private watchCount = 0;
  /** Short lists by prefix, until something changes: admission asks for some with every Pod. */
  private readonly small = new Map<string, readonly KubeObject[]>();

  constructor(etcd: Etcd, info: ResourceInfo) {
    this.etcd = etcd;
    this.prefix = info.storagePrefix;
    this.info = info;
    etcd.watch(this.prefix, this.observe);
  }

  /** Objects that match, in the order of their keys. */
  list(selection: Selection): KubeObject[] {
    const prefix = selection.namespace ? `${this.prefix}${selection.namespace}/` : this.prefix;
    const candidates = this.candidates(selection, prefix);
    const found: KubeObject[] = [];
    if (!candidates) {
      const known = selection.everything && this.small.get(prefix);
      if (known) return known.slice();
      const kvs = this.etcd.range(prefix).kvs;
      for (let i = 0; i < kvs.length; i++) {
        const object = kvs[i].value as KubeObject;
        if (selection.everything || selection.matches(object)) found.push(object);
      }
      if (selection.everything && found.length <= SMALL) this.small.set(prefix, found.slice());
      return found;
    }
    const keys: string[] = [];
    candidates.forEach((key) => {
      if (key.startsWith(prefix)) keys.push(key);
    });
    keys.sort();
    for (let i = 0; i < keys.length; i++) {
      const object = this.etcd.get(keys[i])?.value as KubeObject;
      if (selection.matches(object)) found.push(object);
    }
    return found;
  }

  /** All objects; the same list until something changes, where they are few. */
  all(): readonly KubeObject[] {
    const known = this.small.get(this.prefix);
    if (known) return known;
    const all = this.list(EVERYTHING);
    return this.small.get(this.prefix) ?? all;
  }

  /** The smallest set of keys that an index offers for the selection; undefined: look at all. */
  private candidates(selection: Selection, prefix: string): Set<string> | undefined {
    if (selection.name !== undefined) {
      const key = prefix + selection.name;
      if (this.etcd.get(key)) return new Set([key]);
      // Without a namespace the name may occur in each of them.
      return selection.namespace
        ? new Set()
        : this.indexed(this.fieldIndexes, 'metadata.name', nameOf, [selection.name]);
    }
    let best: Set<string> | undefined;
    for (const term of selection.fields) {
      if (!term.equal || term.label === 'metadata.namespace') continue;
      const keys = this.indexed(this.fieldIndexes, term.label, term.get, [term.value]);
      if (!best || keys.size < best.size) best = keys;
    }
    for (const requirement of selection.labels) {
      const values = requirement.values;
      if (requirement.operator !== 'in') continue;
      const label = requirement.key;
      const keys = this.indexed(this.labelIndexes, label, (object) => object.metadata.labels?.[label], values);
      if (!best || keys.size < best.size) best = keys;
    }
    return best;
  }

  private indexed(
    indexes: Map<string, Index>,
    name: string,
    get: Index['get'],
    values: readonly string[],
  ): Set<string> {
    let index = indexes.get(name);
    if (!index) {
      index = { get, part: indexes === this.fieldIndexes ? this.partOf(name) : 'metadata', keys: new Map() };
      indexes.set(name, index);
      for (const kv of this.etcd.range(this.prefix).kvs) insert(index, get(kv.value as KubeObject), kv.key);
    }
    if (values.length === 1) return index.keys.get(values[0]) ?? NOTHING;
    const all = new Set<string>();
    for (const value of values) index.keys.get(value)?.forEach((key) => all.add(key));
    return all;
  }

  addWatch(watch: Watch) {
    this.watchCount++;
    this.place(watch, (watches) => [...(watches ?? []), watch]);
  }

  removeWatch(watch: Watch) {
    this.watchCount--;
    this.place(watch, (watches) => (watches ?? []).filter((other) => other !== watch));
  }

  private place(watch: Watch, change: (watches: readonly Watch[] | undefined) => readonly Watch[]) {
    const selection = watch.selection;
    const field =
      selection.name !== undefined
        ? { label: 'metadata.name', get: nameOf, value: selection.name }
        : selection.fields.find((term) => term.equal && term.label !== 'metadata.namespace');
    if (field) {
      const { label, get } = field;
      let group = this.fieldWatches.find((other) => other.label === label);
      if (!group) {
        group = { label, get, part: this.partOf(label), byValue: new Map() };
        this.fieldWatches = [...this.fieldWatches, group];
      }
      replace(group.byValue, field.value, change(group.byValue.get(field.value)));
      if (group.byValue.size === 0) this.fieldWatches = this.fieldWatches.filter((other) => other !== group);
    } else if (selection.namespace) {
      replace(this.namespaceWatches, selection.namespace, change(this.namespaceWatches.get(selection.namespace)));
    } else this.wideWatches = change(this.wideWatches);
  }

  /** What a label of fields reads of an object: `spec.nodeName` nothing but the spec. */
  private partOf(label: string): string {
    const dot = label.indexOf('.');
    // Fields of custom resources may be those of another version.
    return dot < 0 || this.info.custom ? '' : label.slice(0, dot);
  }

  private readonly observe = (event: StoreEvent) => {
    if (this.small.size) this.small.clear();
    // Values may be unread: nobody looks, nobody makes them.
    if (this.watchCount === 0 && this.fieldIndexes.size === 0 && this.labelIndexes.size === 0) return;
    const change = new Change(event, this.prefix);
    const { old, now } = change;
    if (this.fieldIndexes.size) this.fieldIndexes.forEach((index) => reindex(index, event.key, old, now));
    if (this.labelIndexes.size && old?.metadata.labels !== now?.metadata.labels)
      this.labelIndexes.forEach((index) => reindex(index, event.key, old, now));
    if (this.watchCount === 0) return;

    const had = old !== undefined;
    const has = now !== undefined;
    tell(this.wideWatches, change, had, has);
    if (this.namespaceWatches.size) {
      const namespace = ((now ?? old) as KubeObject).metadata.namespace ?? '';
      tell(this.namespaceWatches.get(namespace), change, had, has);
    }
    const { fieldWatches } = this;
    for (let i = 0; i < fieldWatches.length; i++) {
      const { get, part, byValue } = fieldWatches[i];
      const after = now && get(now);
      const before = isSame(part, old, now) ? after : old && get(old);
      if (after !== undefined) tell(byValue.get(after), change, before === after, true);
      if (before !== undefined && before !== after) tell(byValue.get(before), change, true, false);
    }
  };
}

function tell(watches: readonly Watch[] | undefined, change: Change, had: boolean, has: boolean) {
  if (watches) for (let i = 0; i < watches.length; i++) watches[i].change(change, had, has);
}

/** Whether two states of an object have a part in common. */
function isSame(part: string, old: KubeObject | undefined, now: KubeObject | undefined): boolean {
  return old !== undefined && now !== undefined && old[part] !== undefined && old[part] === now[part];
}

const NOTHING = new Set<string>();

function insert(index: Index, value: string | undefined, key: string) {
  if (value === undefined) return;
  const keys = index.keys.get(value);
  if (keys) keys.add(key);
  else index.keys.set(value, new Set([key]));
}

function reindex(index: Index, key: string, old: KubeObject | undefined, now: KubeObject | undefined) {
  if (isSame(index.part, old, now)) return;
  const before = old && index.get(old);
  const after = now && index.get(now);
  if (before === after) return;
  if (before !== undefined) {
    const keys = index.keys.get(before);
    keys?.delete(key);
    if (keys?.size === 0) index.keys.delete(before);
  }
  insert(index, after, key);
}

function replace(map: Map<string, readonly Watch[]>, key: string, watches: readonly Watch[]) {
  if (watches.length) map.set(key, watches);
  else map.delete(key);
}

/** Sends what a watch that starts in the past has missed. */
export function replay(events: readonly StoreEvent[], watch: Watch, prefix: string) {
  const { selection } = watch;
  for (let i = 0; i < events.length; i++) {
    const change = new Change(events[i], prefix);
    const { old, now } = change;
    watch.change(change, old !== undefined && selection.matches(old), now !== undefined && selection.matches(now));
  }
}
