// What the store asks of encryption at rest, where there is any.

import type { ResourceInfo } from '../../api/types.ts';
import type { KeyValue } from '../../etcd/index.ts';

export interface AtRest {
  /** A value has been written. */
  wrote(info: ResourceInfo, key: string, value: object): void;
  /** Written otherwise than it would be now: an update that changes nothing writes it anew. */
  isStale(info: ResourceInfo, value: object): boolean;
  /** Whether this server can read the value under the key. */
  canRead(key: string): boolean;
  /** Throws when this server cannot read the value under the key, or one of those under the prefix. */
  checkOne(key: string): void;
  checkAll(prefix: string): void;
  /** What stands in etcd; undefined for kinds whose form there is not modelled. */
  bytesOf(kv: KeyValue): Uint8Array | undefined;
}
