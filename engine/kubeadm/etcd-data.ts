// What etcd keeps on disk: which state of the store a data directory holds. A snapshot that is restored into a directory
// becomes the cluster's state when a member starts with it.

import type { Etcd, KeyValue, Op } from '../etcd/index.ts';
import type { FileSystem } from '../linux/index.ts';

export interface StoreState {
  revision: number;
  kvs: readonly KeyValue[];
}

/** The database of a data directory. */
export const databaseOf = (directory: string): string => `${directory.replace(/\/$/, '')}/member/snap/db`;

export class EtcdData {
  private readonly store: Etcd;
  /** By the text of the file that stands for them. */
  private readonly states = new Map<string, StoreState>();
  /** The file behind the store as it is now. */
  private present: string | undefined;
  private opened = 0;
  /** What a member has found in its directory and clients do not see yet. */
  private found: StoreState | undefined;

  constructor(store: Etcd) {
    this.store = store;
  }

  /** The store as it is now. */
  get state(): StoreState {
    return this.store.range('');
  }

  /** `text` stands for this state from now on. */
  keep(text: string, state: StoreState) {
    this.states.set(text, state);
  }

  find(text: string): StoreState | undefined {
    return this.states.get(text);
  }

  /** The cluster is gone, and its data with it. */
  forget() {
    this.present = this.found = undefined;
  }

  /** A member starts with a data directory. A string: why it cannot. */
  open(fs: FileSystem, directory: string, members: number): string | undefined {
    const path = databaseOf(directory);
    const text = fs.exists(path) ? fs.readFile(path) : '';
    if (text !== '' && text === this.present) return undefined;
    if (members > 1) {
      // A new member of a cluster receives what the others have.
      if (text === '' && this.present !== undefined) fs.writeFile(path, this.present);
      return text === ''
        ? undefined
        : 'another data directory for one of several members is not modelled by this engine';
    }
    if (text === '') {
      if (this.present !== undefined)
        return `${directory} is empty: a member that begins anew is not modelled by this engine`;
    } else {
      const state = this.states.get(text);
      if (!state) return 'failed to open database: invalid database';
      if (this.present !== undefined) this.states.set(this.present, this.state);
      this.found = state;
    }
    this.present = `etcd database ${++this.opened}\n`;
    fs.writeFile(path, this.present);
    return undefined;
  }

  /**
   * Clients can be served: the store holds again what the directory held, under a new revision, as `--bump-revision` makes
   * it, so that who watches sees changes. What had a lease lives only as long as that.
   */
  settle() {
    if (!this.found) return;
    const { kvs } = this.found;
    this.found = undefined;
    const { store } = this;
    const wanted = new Set<string>();
    const ops: Op[] = [];
    const resourceVersion = String(store.revision + 1);
    for (const { key, value, lease } of kvs) {
      wanted.add(key);
      const now = store.get(key);
      if (now?.value === value || (!now && lease)) continue;
      ops.push({ put: key, value: stamped(value, resourceVersion), lease: now?.lease });
    }
    for (const { key, lease } of this.state.kvs) if (!wanted.has(key) && !lease) ops.push({ delete: key });
    if (ops.length) store.txn([], ops);
  }
}

/** The API server's objects carry the revision at which they were written. */
function stamped(value: object, resourceVersion: string): object {
  const { metadata } = value as { metadata?: object };
  return metadata ? { ...value, metadata: { ...metadata, resourceVersion } } : value;
}
