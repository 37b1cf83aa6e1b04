// etcd in memory: one revision counter over an ordered key space, every change kept until compaction so that
// watches can start in the past. Values are immutable objects and are shared with whoever reads them.

import type { Sim } from '../sim/index.ts';
import { KeyIndex } from './key-index.ts';
import { Leases, type Lease } from './leases.ts';
import {
  ErrCompacted,
  ErrFutureRev,
  type Compare,
  type KeyValue,
  type Op,
  type RangeOptions,
  type RangeResult,
  type StoreEvent,
  type StoreWatcher,
  type TxnResult,
  type Unread,
} from './types.ts';

type Listener = (event: StoreEvent) => void;
interface Watcher extends StoreWatcher {
  prefix: string;
  listener: Listener;
  cancelled: boolean;
}
/** What begins with the same two segments ('/registry/pods/'): its keys in their order, and who watches some of it. */
interface Bucket {
  readonly prefix: string;
  readonly keys: KeyIndex;
  watchers: readonly Watcher[];
}
const NOBODY: readonly Watcher[] = [];

export interface EtcdOptions {
  sim: Sim;
  /** Freezes what is stored, deeply, so that a write to a shared object throws. For tests: it costs time. */
  freeze?: boolean;
}

export class Etcd {
  /** Revision of the last change; an empty store is at 1. */
  revision = 1;
  /** Up to here history is gone; 0: nowhere. */
  compacted = 0;
  private readonly values = new Map<string, KeyValue>();
  private readonly buckets = new Map<string, Bucket>();
  /** Of shorter keys and prefixes; who watches it watches all. */
  private readonly root = this.bucketOf('/');
  /** The two used last: one change seldom comes alone. */
  private recent: Bucket | undefined;
  private before: Bucket | undefined;
  /** All changes after `compacted`, in order. */
  private history: StoreEvent[] = [];
  private readonly leases: Leases;
  private readonly freeze: boolean;

  constructor(options: EtcdOptions) {
    this.freeze = options.freeze ?? false;
    this.leases = new Leases(options.sim, (keys) => {
      if (keys.length)
        this.txn(
          [],
          keys.map((key) => ({ delete: key })),
        );
    });
  }

  get size(): number {
    return this.values.size;
  }

  get(key: string): KeyValue | undefined {
    return this.values.get(key);
  }

  /** Keys that begin with `prefix`, in order. Throws ErrCompacted and ErrFutureRev for revisions it has not. */
  range(prefix: string, options: RangeOptions = {}): RangeResult {
    const limit = options.limit ?? 0;
    const revision = options.revision || this.revision;
    const past = revision === this.revision ? undefined : this.changesSince(prefix, revision);
    const kvs: KeyValue[] = [];
    let count = 0;
    const take = (kv: KeyValue) => {
      count++;
      if (limit === 0 || kvs.length < limit) kvs.push(kv);
    };
    const start = options.from !== undefined && options.from > prefix ? options.from : prefix;
    if (!past) {
      this.walk(prefix, start, (key) => take(this.values.get(key) as KeyValue));
    } else {
      const keys: string[] = [];
      this.walk(prefix, start, (key) => {
        if (!past.has(key)) keys.push(key);
      });
      past.forEach((kv, key) => {
        if (kv && key >= start) keys.push(key);
      });
      keys.sort();
      for (let i = 0; i < keys.length; i++) take(past.get(keys[i]) ?? (this.values.get(keys[i]) as KeyValue));
    }
    return { kvs, more: count > kvs.length, count, revision };
  }

  put(key: string, value: object, lease = 0): KeyValue {
    const revision = ++this.revision;
    return this.write(revision, key, value, lease);
  }

  /** The value of a key that is not there yet is made when somebody reads it. */
  putUnread(key: string, value: Unread, lease: number) {
    const revision = ++this.revision;
    if (lease) this.leases.attach(lease, key);
    const kv = new UnreadKeyValue(key, value, revision, lease, this.freeze);
    const bucket = this.bucketOf(key);
    bucket.keys.add(key);
    this.values.set(key, kv);
    this.emit(bucket, { type: 'PUT', revision, key, kv, prev: undefined });
  }

  /** What was there, or undefined (and no new revision) when nothing was. */
  delete(key: string): KeyValue | undefined {
    const prev = this.values.get(key);
    if (prev) this.erase(++this.revision, prev);
    return prev;
  }

  /** All of `then` when every comparison holds, else all of `otherwise`: one revision, nothing in between. */
  txn(compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[] = []): TxnResult {
    let succeeded = true;
    for (let i = 0; i < compare.length && succeeded; i++) succeeded = this.holds(compare[i]);
    const ops = succeeded ? then : otherwise;
    const responses: (KeyValue | undefined)[] = [];
    let revision = 0;
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i];
      if ('put' in op) {
        revision ||= ++this.revision;
        responses.push(this.write(revision, op.put, op.value, op.lease ?? 0));
      } else if ('delete' in op) {
        const prev = this.values.get(op.delete);
        if (prev) {
          revision ||= ++this.revision;
          this.erase(revision, prev);
        }
        responses.push(prev);
      } else responses.push(this.values.get(op.get));
    }
    return { succeeded, revision: this.revision, responses };
  }

  /**
   * Calls `listener` for every change under `prefix` after `revision` (default: from now on), inside the call that
   * makes the change. Throws ErrCompacted when that part of history is gone.
   */
  watch(prefix: string, listener: Listener, revision = this.revision): StoreWatcher {
    const missed = this.eventsAfter(prefix, revision);
    for (let i = 0; i < missed.length; i++) listener(missed[i]);
    const bucket = this.bucketOf(prefix);
    const watcher: Watcher = {
      prefix,
      listener,
      cancelled: false,
      cancel: () => {
        watcher.cancelled = true;
        // A new array: a dispatch may be walking the old one.
        bucket.watchers = bucket.watchers.filter((other) => other !== watcher);
      },
    };
    bucket.watchers = [...bucket.watchers, watcher];
    return watcher;
  }

  /** Changes under `prefix` after `revision`, oldest first. */
  eventsAfter(prefix: string, revision: number): StoreEvent[] {
    if (revision >= this.revision) return [];
    if (revision < this.compacted) throw new ErrCompacted(this.compacted);
    const events: StoreEvent[] = [];
    for (let i = this.position(revision + 1); i < this.history.length; i++) {
      if (this.history[i].key.startsWith(prefix)) events.push(this.history[i]);
    }
    return events;
  }

  /** Forgets all that was overwritten or deleted at or before `revision`. */
  compact(revision: number) {
    if (revision > this.revision) throw new ErrFutureRev();
    if (revision <= this.compacted) throw new ErrCompacted(this.compacted);
    this.history = this.history.slice(this.position(revision + 1));
    this.compacted = revision;
  }

  /** A lease of `ttl` seconds. */
  grantLease(ttl: number): Lease {
    return this.leases.grant(ttl);
  }
  keepAlive(lease: number) {
    this.leases.keepAlive(lease);
  }
  /** Deletes the keys that hold it. */
  revokeLease(lease: number) {
    this.leases.revoke(lease);
  }
  lease(id: number): Lease | undefined {
    return this.leases.get(id);
  }

  private holds(compare: Compare): boolean {
    const actual = this.values.get(compare.key)?.[compare.target] ?? 0;
    switch (compare.op) {
      case '!=':
        return actual !== compare.value;
      case '<':
        return actual < compare.value;
      case '>':
        return actual > compare.value;
      default:
        return actual === compare.value;
    }
  }

  private write(revision: number, key: string, value: object, lease: number): KeyValue {
    if (this.freeze) deepFreeze(value);
    const prev = this.values.get(key);
    if (prev?.lease && prev.lease !== lease) this.leases.detach(prev.lease, key);
    if (lease && prev?.lease !== lease) this.leases.attach(lease, key);
    const createRevision = prev ? prev.createRevision : revision;
    const version = prev ? prev.version + 1 : 1;
    const kv: KeyValue = { key, value, createRevision, modRevision: revision, version, lease };
    const bucket = this.bucketOf(key);
    if (!prev) bucket.keys.add(key);
    this.values.set(key, kv);
    this.emit(bucket, { type: 'PUT', revision, key, kv, prev });
    return kv;
  }

  /** Visits the keys that begin with `prefix`, from `start` on, in order. */
  private walk(prefix: string, start: string, visit: (key: string) => void) {
    const bucket = this.bucketOf(prefix);
    if (bucket !== this.root) {
      bucket.keys.from(start, (key) => {
        if (!key.startsWith(prefix)) return false;
        visit(key);
        return true;
      });
      return;
    }
    const all: string[] = [];
    this.buckets.forEach(({ keys }) =>
      keys.from('', (key) => {
        if (key >= start && key.startsWith(prefix)) all.push(key);
        return true;
      }),
    );
    all.sort().forEach(visit);
  }

  private erase(revision: number, prev: KeyValue) {
    if (prev.lease) this.leases.detach(prev.lease, prev.key);
    this.values.delete(prev.key);
    const bucket = this.bucketOf(prev.key);
    bucket.keys.remove(prev.key);
    this.emit(bucket, { type: 'DELETE', revision, key: prev.key, prev });
  }

  private emit(bucket: Bucket, event: StoreEvent) {
    this.history.push(event);
    const { root } = this;
    if (bucket.watchers.length) dispatch(bucket, event);
    if (bucket !== root && root.watchers.length) dispatch(root, event);
  }

  private bucketOf(key: string): Bucket {
    const { recent, before } = this;
    if (recent && key.startsWith(recent.prefix)) return recent;
    if (before && key.startsWith(before.prefix)) {
      this.before = recent;
      return (this.recent = before);
    }
    const first = key.indexOf('/', 1);
    const second = first < 0 ? -1 : key.indexOf('/', first + 1);
    const prefix = second < 0 ? '' : key.slice(0, second + 1);
    let bucket = this.buckets.get(prefix);
    if (!bucket) this.buckets.set(prefix, (bucket = { prefix, keys: new KeyIndex(), watchers: NOBODY }));
    if (prefix !== '') {
      this.before = this.recent;
      this.recent = bucket;
    }
    return bucket;
  }

  /** What keys under `prefix` that changed after `revision` held then (undefined: nothing). */
  private changesSince(prefix: string, revision: number): Map<string, KeyValue | undefined> {
    if (revision > this.revision) throw new ErrFutureRev();
    const before = new Map<string, KeyValue | undefined>();
    const events = this.eventsAfter(prefix, revision);
    for (let i = 0; i < events.length; i++) {
      if (!before.has(events[i].key)) before.set(events[i].key, events[i].prev);
    }
    return before;
  }

  /** Index in `history` of the first event at or after `revision`. */
  private position(revision: number): number {
    let low = 0;
    let high = this.history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.history[middle].revision < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function dispatch({ prefix, watchers }: Bucket, event: StoreEvent) {
  for (let i = 0; i < watchers.length; i++) {
    const watcher = watchers[i];
    if (watcher.cancelled) continue;
    if (watcher.prefix === prefix || event.key.startsWith(watcher.prefix)) watcher.listener(event);
  }
}

/** The first value of a key, made when somebody asks for it. */
class UnreadKeyValue implements KeyValue {
  readonly key: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly lease: number;
  private readonly freeze: boolean;
  private unread: Unread | undefined;
  private made: object | undefined;

  constructor(key: string, value: Unread, revision: number, lease: number, freeze: boolean) {
    this.key = key;
    this.unread = value;
    this.createRevision = this.modRevision = revision;
    this.lease = lease;
    this.freeze = freeze;
  }

  get version(): number {
    return 1;
  }

  get value(): object {
    const { unread } = this;
    if (unread) {
      this.made = unread.make(this.modRevision);
      this.unread = undefined;
      if (this.freeze) deepFreeze(this.made);
    }
    return this.made as object;
  }
}

function deepFreeze(value: unknown) {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const key in value) deepFreeze((value as Record<string, unknown>)[key]);
}
