// Informers: a component's local, indexed copy of a resource, kept by one watch and shared by all who ask.
// Handlers run inside the request that made the change; they only note keys (see WorkQueue), never act.

import type { Client, ListOptions } from './client.ts';
import type { KubeObject, ObjectMeta } from '../api/types.ts';

type Named = { metadata: ObjectMeta };
/** Keys of objects by the values that `keys` gives for them. */
interface Index<T> {
  keys: (object: T) => readonly string[];
  /** What the keys are made of: an update that leaves it as it is moves nothing. */
  part: ((object: T) => unknown) | undefined;
  entries: Map<string, Set<string>>;
}

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
  private readonly indexes = new Map<string, Index<T>>();
  private readonly everyIndex: Index<T>[] = [];
  private readonly handlers: Handlers<T>[] = [];
  private stopped: (() => void) | undefined;

  constructor() {
    const namespace = (object: T) => (object as Named).metadata.namespace ?? '';
    this.addIndex('namespace', (object) => [namespace(object)], namespace);
  }

  /** @internal Begins the watch. */
  start(client: Client, groupVersion: string, plural: string, options: ListOptions) {
    const watch = client.of<T>(groupVersion, plural).watch('', options);
    this.stopped = () => watch.stop();
    watch.pipe((event) => {
      if (event.type === 'BOOKMARK' || event.type === 'ERROR') return;
      this.apply(event.type === 'DELETED', event.object as unknown as T);
    });
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
    return this.byIndex('namespace', namespace);
  }
  /** Adds an index over present and later objects; `part` of an object is all that its keys are made of. */
  addIndex(name: string, keys: (object: T) => readonly string[], part?: (object: T) => unknown) {
    if (this.indexes.has(name)) return;
    const index: Index<T> = { keys, part, entries: new Map() };
    this.indexes.set(name, index);
    this.everyIndex.push(index);
    this.items.forEach((object, key) => this.insert(index, key, object));
  }
  byIndex(name: string, value: string): T[] {
    const found: T[] = [];
    this.indexes
      .get(name)
      ?.entries.get(value)
      ?.forEach((key) => found.push(this.items.get(key) as T));
    return found;
  }

  /** Calls `add` for what is there already. */
  on(handlers: Handlers<T>) {
    this.handlers.push(handlers);
    if (handlers.add) for (const object of this.items.values()) handlers.add(object);
  }

  private insert({ keys, entries }: Index<T>, key: string, object: T) {
    const values = keys(object);
    for (let i = 0; i < values.length; i++) add(entries, values[i], key);
  }

  private remove({ keys, entries }: Index<T>, key: string, object: T) {
    const values = keys(object);
    for (let i = 0; i < values.length; i++) drop(entries, values[i], key);
  }

  /** An update: most leave every index as it is. */
  private move({ keys, part, entries }: Index<T>, key: string, old: T, object: T) {
    if (part && part(old) === part(object)) return;
    const before = keys(old);
    const after = keys(object);
    let same = before.length === after.length;
    for (let i = 0; same && i < after.length; i++) same = before[i] === after[i];
    if (same) return;
    for (let i = 0; i < before.length; i++) drop(entries, before[i], key);
    for (let i = 0; i < after.length; i++) add(entries, after[i], key);
  }

  private apply(deleted: boolean, object: T) {
    const { items, everyIndex, handlers } = this;
    const key = keyOf(object as unknown as Named);
    const old = items.get(key);
    if (deleted) {
      items.delete(key);
      if (old) for (let i = 0; i < everyIndex.length; i++) this.remove(everyIndex[i], key, old);
      for (let i = 0; i < handlers.length; i++) handlers[i].delete?.(object);
      return;
    }
    items.set(key, object);
    if (old) {
      for (let i = 0; i < everyIndex.length; i++) this.move(everyIndex[i], key, old, object);
      for (let i = 0; i < handlers.length; i++) handlers[i].update?.(object, old);
    } else {
      for (let i = 0; i < everyIndex.length; i++) this.insert(everyIndex[i], key, object);
      for (let i = 0; i < handlers.length; i++) handlers[i].add?.(object);
    }
  }
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
