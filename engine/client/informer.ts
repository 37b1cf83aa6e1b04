// Informers: a component's local, indexed copy of a resource, kept by one watch and shared by all who ask.
// Handlers run inside the request that made the change; they only note keys (see WorkQueue), never act.

import type { Client, ListOptions } from './client.ts';
import type { KubeObject, ObjectMeta } from '../api/types.ts';
import type { WatchEvent, WatchSink } from '../apiserver/types.ts';

type Named = { metadata: ObjectMeta };
/** What an index finds an object by: one value, several, or none. */
export type IndexValues = string | readonly string[] | undefined;
/** Keys of objects by the values that `values` gives for them. */
interface Index<T> {
  values: (object: T) => IndexValues;
  entries: Map<string, Set<string>>;
}
/** What the values of an index are made of: an update that leaves it as it is moves nothing. */
export type IndexedPart = 'spec' | 'owners' | 'object';

export interface Handlers<T> {
  add?: (object: T) => void;
  update?: (object: T, old: T) => void;
  delete?: (object: T) => void;
}

/** 'namespace/name', or 'name' for what has no namespace. */
export const keyOf = (object: Named): string =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : (object.metadata.name as string);

/** Inverse of keyOf: the namespace is '' when there is none. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

export class Informer<T extends object> {
  private readonly items = new Map<string, T>();
  private readonly indexes: Record<IndexedPart, Index<T>[]> = { spec: [], owners: [], object: [] };
  private readonly byName = new Map<string, Index<T>>();
  /** Keys by namespace, from when somebody asks on: an object never moves to another. */
  private namespaces: Map<string, Set<string>> | undefined;
  private readonly adds: NonNullable<Handlers<T>['add']>[] = [];
  private readonly updates: NonNullable<Handlers<T>['update']>[] = [];
  private readonly deletes: NonNullable<Handlers<T>['delete']>[] = [];
  private stopped: (() => void) | undefined;

  /** @internal Begins the watch. */
  start(client: Client, groupVersion: string, plural: string, options: ListOptions) {
    const watch = client.of<T>(groupVersion, plural).watch('', options);
    this.stopped = () => watch.stop();
    watch.pipe(this.note as WatchSink);
  }

  stop() {
    this.stopped?.();
  }

  get(namespace: string, name: string): T | undefined {
    return this.items.get(namespace ? `${namespace}/${name}` : name);
  }
  byKey(key: string): T | undefined {
    return this.items.get(key);
  }
  list(): T[] {
    return [...this.items.values()];
  }
  get size(): number {
    return this.items.size;
  }
  inNamespace(namespace: string): T[] {
    if (!this.namespaces) {
      const entries = (this.namespaces = new Map<string, Set<string>>());
      this.items.forEach((object, key) => add(entries, namespaceOf(object), key));
    }
    return this.found(this.namespaces.get(namespace));
  }
  /** Adds an index over present and later objects; `part`: all of an object that its values are made of. */
  addIndex(name: string, values: (object: T) => IndexValues, part: IndexedPart = 'object') {
    if (this.byName.has(name)) return;
    const index: Index<T> = { values, entries: new Map() };
    this.indexes[part].push(index);
    this.byName.set(name, index);
    this.items.forEach((object, key) => move(index, key, undefined, values(object)));
  }
  byIndex(name: string, value: string): T[] {
    return this.found(this.byName.get(name)?.entries.get(value));
  }
  private found(keys: Set<string> | undefined): T[] {
    const found: T[] = [];
    keys?.forEach((key) => found.push(this.items.get(key) as T));
    return found;
  }

  /** Calls `add` for what is there already. */
  on({ add, update, delete: remove }: Handlers<T>) {
    if (update) this.updates.push(update);
    if (remove) this.deletes.push(remove);
    if (!add) return;
    this.adds.push(add);
    for (const object of this.items.values()) add(object);
  }

  private readonly note = (type: WatchEvent['type'], object: T, known?: string, before?: T) => {
    if (type === 'BOOKMARK' || type === 'ERROR') return;
    const key = known ?? keyOf(object as Named);
    const deleted = type === 'DELETED';
    const old = before ?? this.items.get(key);
    if (deleted) this.items.delete(key);
    else this.items.set(key, object);
    if (deleted || !old) {
      this.comesOrGoes(key, old, deleted ? undefined : object, object);
      return;
    }
    const { indexes, updates } = this;
    const was = old as unknown as KubeObject;
    const is = object as unknown as KubeObject;
    if (was.spec !== is.spec) place(indexes.spec, key, old, object);
    if (was.metadata.ownerReferences !== is.metadata.ownerReferences) place(indexes.owners, key, old, object);
    if (indexes.object.length) place(indexes.object, key, old, object);
    for (let i = 0; i < updates.length; i++) updates[i](object, old);
  };

  /** `told`: what handlers are told. */
  private comesOrGoes(key: string, old: T | undefined, now: T | undefined, told: T) {
    const { indexes, namespaces } = this;
    if (namespaces && now) add(namespaces, namespaceOf(now), key);
    else if (namespaces && old) drop(namespaces, namespaceOf(old), key);
    place(indexes.spec, key, old, now);
    place(indexes.owners, key, old, now);
    place(indexes.object, key, old, now);
    const handlers = now ? this.adds : this.deletes;
    for (let i = 0; i < handlers.length; i++) handlers[i](told);
  }
}

const namespaceOf = (object: object): string => (object as Named).metadata.namespace ?? '';

function place<T>(indexes: readonly Index<T>[], key: string, old: T | undefined, now: T | undefined) {
  for (let i = 0; i < indexes.length; i++) {
    const { values } = indexes[i];
    move(indexes[i], key, old && values(old), now && values(now));
  }
}

/** A change of what an index finds an object by: most leave it as it is. */
function move<T>({ entries }: Index<T>, key: string, before: IndexValues, after: IndexValues) {
  if (before === after) return;
  if (typeof before === 'object' && typeof after === 'object' && before.length === after.length) {
    let same = true;
    for (let i = 0; same && i < after.length; i++) same = before[i] === after[i];
    if (same) return;
  }
  if (typeof before === 'string') drop(entries, before, key);
  else if (before) for (let i = 0; i < before.length; i++) drop(entries, before[i], key);
  if (typeof after === 'string') add(entries, after, key);
  else if (after) for (let i = 0; i < after.length; i++) add(entries, after[i], key);
}

function add(entries: Map<string, Set<string>>, value: string, key: string) {
  const keys = entries.get(value);
  if (keys) keys.add(key);
  else entries.set(value, new Set([key]));
}

function drop(entries: Map<string, Set<string>>, value: string, key: string) {
  const keys = entries.get(value);
  keys?.delete(key);
  if (keys?.size === 0) entries.delete(value);
}

/** The informers of one process, one a resource. */
export class InformerFactory {
  private readonly client: Client;
  private readonly informers = new Map<string, Informer<never>>();
  constructor(client: Client) {
    this.client = client;
  }
  /** The shared informer of a resource; `options` (a field selector, say) make it one of its own. */
  of<T extends object = KubeObject>(groupVersion: string, plural: string, options: ListOptions = {}): Informer<T> {
    const key = `${groupVersion}/${plural}?${options.labelSelector ?? ''}&${options.fieldSelector ?? ''}`;
    let informer = this.informers.get(key) as unknown as Informer<T> | undefined;
    if (!informer) {
      informer = new Informer<T>();
      this.informers.set(key, informer as unknown as Informer<never>);
      informer.start(this.client, groupVersion, plural, options);
    }
    return informer;
  }
  stop() {
    for (const informer of this.informers.values()) informer.stop();
    this.informers.clear();
  }
}
