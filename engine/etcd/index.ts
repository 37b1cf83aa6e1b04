// The cluster's store: etcd's semantics over immutable objects in memory.
export { Etcd, type EtcdOptions } from './etcd.ts';
export type { Lease } from './leases.ts';
export {
  ErrCompacted,
  ErrFutureRev,
  Unread,
  ErrLeaseNotFound,
  type Compare,
  type KeyValue,
  type Op,
  type RangeOptions,
  type RangeResult,
  type StoreEvent,
  type StoreWatcher,
  type TxnResult,
} from './types.ts';
