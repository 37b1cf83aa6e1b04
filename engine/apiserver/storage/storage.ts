// Objects in etcd: keys, resource versions, conversion to the stored version, leases for what expires.
// Every read and write of the API server goes through here.

import type { Catalog, Conversion, KubeObject, ResourceInfo } from '../../api/index.ts';
import type { Etcd, Unread } from '../../etcd/index.ts';
import type { Sim } from '../../sim/index.ts';
import type { AtRest } from './at-rest.ts';
import { ResourceCache } from './resource-cache.ts';

/** Events live for an hour (kube-apiserver --event-ttl); those of one minute share a lease. */
const EVENT_TTL_SECONDS = 3600;
const LEASE_REUSE_MS = 60_000;
const NAMESPACES = '/registry/namespaces/';

export class Storage {
  readonly etcd: Etcd;
  readonly scheme: Catalog;
  private readonly sim: Sim;
  private readonly conversions = new WeakMap<ResourceInfo, Conversion | null>();
  private readonly caches = new Map<string, ResourceCache>();
  /** Set when something has been written encrypted, or is to be. */
  atRest: AtRest | undefined;
  private eventLease = { id: 0, until: -1 };

  constructor(sim: Sim, scheme: Catalog, etcd: Etcd) {
    this.sim = sim;
    this.scheme = scheme;
    this.etcd = etcd;
  }

  cache(info: ResourceInfo): ResourceCache {
    let cache = this.caches.get(info.storagePrefix);
    if (!cache) this.caches.set(info.storagePrefix, (cache = new ResourceCache(this.etcd, info)));
    return cache;
  }

  key(info: ResourceInfo, namespace: string, name: string): string {
    return info.namespaced ? `${info.storagePrefix}${namespace}/${name}` : info.storagePrefix + name;
  }

  /** Undefined when objects are stored in the version that `info` names. */
  conversion(info: ResourceInfo): Conversion | undefined {
    let conversion = this.conversions.get(info);
    if (conversion === undefined) {
      conversion = this.scheme.conversion(info) ?? null;
      this.conversions.set(info, conversion);
    }
    return conversion ?? undefined;
  }

  /** The object in the version that `info` names. `fresh`: converted anew. */
  get(info: ResourceInfo, namespace: string, name: string, fresh = false): KubeObject | undefined {
    const key = this.key(info, namespace, name);
    const object = this.etcd.get(key)?.value as KubeObject | undefined;
    if (!object) return undefined;
    this.atRest?.checkOne(key);
    if (this.conversions.get(info) === null) return object;
    const conversion = this.conversion(info);
    return conversion ? conversion.fromStored(object, fresh) : object;
  }

  /** As `get` of that namespace: asked for with everything that is created. */
  namespace(name: string): KubeObject | undefined {
    const key = NAMESPACES + name;
    const found = this.etcd.get(key)?.value as KubeObject | undefined;
    if (found) this.atRest?.checkOne(key);
    return found;
  }

  /** Writes; the result carries the new resourceVersion. `record` gets it before anybody who watches does. */
  put(info: ResourceInfo, object: KubeObject, record?: (result: KubeObject) => void): KubeObject {
    const { stored, result } = this.stamped(info, object, this.etcd.revision + 1, record);
    const key = this.key(info, object.metadata.namespace ?? '', object.metadata.name as string);
    this.atRest?.wrote(info, key, stored);
    this.etcd.put(key, stored, this.leaseFor(info));
    return result;
  }

  /** A new key, whose object is made (see `stamped`) when somebody reads it. */
  putUnread(info: ResourceInfo, key: string, value: Unread) {
    this.etcd.putUnread(key, value, this.leaseFor(info));
  }

  /** The object of a revision: as it is stored, and as it is in the version that `info` names. */
  stamped(info: ResourceInfo, object: KubeObject, revision: number, record?: (result: KubeObject) => void) {
    const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    const conversion = this.conversions.get(info) === null ? undefined : this.conversion(info);
    const stored = conversion ? conversion.toStored(stamped) : stamped;
    const result = conversion && stored !== stamped ? conversion.fromStored(stored) : stamped;
    record?.(result);
    return { stored, result };
  }

  /** Throws when an object of a namespace ('' for all) cannot be decrypted. */
  checkReadable(info: ResourceInfo, namespace: string) {
    const { storagePrefix } = info;
    this.atRest?.checkAll(info.namespaced && namespace ? `${storagePrefix}${namespace}/` : storagePrefix);
  }

  canRead(info: ResourceInfo, { metadata }: KubeObject): boolean {
    return !this.atRest || this.atRest.canRead(this.key(info, metadata.namespace ?? '', metadata.name as string));
  }

  /** Whether an update that changes nothing is to be written nevertheless. */
  isStale(info: ResourceInfo, { metadata }: KubeObject): boolean {
    if (!this.atRest) return false;
    const kv = this.etcd.get(this.key(info, metadata.namespace ?? '', metadata.name as string));
    return kv !== undefined && this.atRest.isStale(info, kv.value);
  }

  /** Removes; the result is the last state with the resourceVersion of the removal. */
  remove(info: ResourceInfo, object: KubeObject): KubeObject {
    this.etcd.delete(this.key(info, object.metadata.namespace ?? '', object.metadata.name as string));
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.etcd.revision) } };
  }

  /** Entries of a namespace ('' for all) from a key on, as of a revision: what continued and exact lists need. */
  page(info: ResourceInfo, namespace: string, options: { from?: string; limit?: number; revision?: number }) {
    const prefix = info.namespaced && namespace ? `${info.storagePrefix}${namespace}/` : info.storagePrefix;
    return this.etcd.range(prefix, options);
  }

  private leaseFor(info: ResourceInfo): number {
    if (info.kind !== 'Event') return 0;
    if (this.eventLease.until < this.sim.now) {
      const lease = this.etcd.grantLease(EVENT_TTL_SECONDS + LEASE_REUSE_MS / 1000);
      this.eventLease = { id: lease.id, until: this.sim.now + LEASE_REUSE_MS };
    }
    return this.eventLease.id;
  }
}
