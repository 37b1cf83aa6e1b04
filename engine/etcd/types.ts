// The store's vocabulary, as etcd's v3 API has it: key-values with revisions, ranges, transactions, watches.

/** One version of a key. Immutable; `value` is shared, never copied. */
export interface KeyValue<T = object> {
  readonly key: string;
  readonly value: T;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Writes since the key was created; 1 for the first. */
  readonly version: number;
  /** 0: none. */
  readonly lease: number;
}

/** A value that is made when somebody first reads it: what is written often and seldom looked at. `revision` is that of its key. */
export interface Unread {
  make(revision: number): object;
}

export interface StoreEvent<T = object> {
  readonly type: 'PUT' | 'DELETE';
  readonly revision: number;
  readonly key: string;
  /** Absent on DELETE. */
  readonly kv?: KeyValue<T>;
  /** What was there before. */
  readonly prev?: KeyValue<T>;
}

export interface RangeOptions {
  /** At most so many; `more` says that there are others. */
  limit?: number;
  /** Start here instead of at the prefix (a continued list). */
  from?: string;
  /** As of this revision instead of now. */
  revision?: number;
}

export interface RangeResult<T = object> {
  kvs: KeyValue<T>[];
  more: boolean;
  /** Of all that match, without `limit`. */
  count: number;
  revision: number;
}

/** Version 0 or modRevision 0: the key does not exist. */
export interface Compare {
  key: string;
  target: 'modRevision' | 'createRevision' | 'version' | 'lease';
  /** '=' when absent. */
  op?: '=' | '!=' | '<' | '>';
  value: number;
}

export type Op = { put: string; value: object; lease?: number } | { delete: string } | { get: string };

export interface TxnResult {
  succeeded: boolean;
  revision: number;
  /** One for each operation that ran: what was put, deleted or found. */
  responses: (KeyValue | undefined)[];
}

export interface StoreWatcher {
  cancel(): void;
}

/** The revision asked for has been compacted. */
export class ErrCompacted extends Error {
  readonly compacted: number;
  constructor(compacted: number) {
    super('etcdserver: mvcc: required revision has been compacted');
    this.compacted = compacted;
  }
}

/** The revision asked for has not happened yet. */
export class ErrFutureRev extends Error {
  constructor() {
    super('etcdserver: mvcc: required revision is a future revision');
  }
}

export class ErrLeaseNotFound extends Error {
  constructor() {
    super('etcdserver: requested lease not found');
  }
}
