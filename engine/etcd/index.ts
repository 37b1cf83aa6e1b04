// The cluster's store: etcd's semantics over immutable objects in memory.
export { Etcd, type EtcdOptions } from './etcd.ts';
export type { Lease } from './leases.ts';
export {
  ErrCompacted,
  ErrFutureRev,
  ErrLeaseNotFound,
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
