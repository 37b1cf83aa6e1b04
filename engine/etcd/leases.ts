// Leases: keys that share a time to live. When a lease runs out or is revoked its keys are deleted.

import type { Sim, Timer } from '../sim/index.ts';
import { ErrLeaseNotFound } from './types.ts';

export interface Lease {
  readonly id: number;
  /** Seconds. */
  readonly ttl: number;
  /** Virtual time (ms) at which it runs out. */
  expiresAt: number;
  readonly keys: Set<string>;
}

type Held = Lease & { timer: Timer };

export class Leases {
  private readonly sim: Sim;
  private readonly held = new Map<number, Held>();
  private readonly expire: (keys: readonly string[]) => void;
  private next = 1;

  /** `expire` deletes the keys of a lease that ended. */
  constructor(sim: Sim, expire: (keys: readonly string[]) => void) {
    this.sim = sim;
    this.expire = expire;
  }

  grant(ttl: number): Lease {
    const id = this.next++;
    const at = this.sim.now + ttl * 1000;
    const lease: Held = { id, ttl, expiresAt: at, keys: new Set(), timer: this.sim.at(at, () => this.revoke(id)) };
    this.held.set(id, lease);
    return lease;
  }

  get(id: number): Lease | undefined {
    return this.held.get(id);
  }

  /** Starts the time to live anew. */
  keepAlive(id: number) {
    const lease = this.need(id);
    lease.timer.cancel();
    lease.expiresAt = this.sim.now + lease.ttl * 1000;
    lease.timer = this.sim.at(lease.expiresAt, () => this.revoke(id));
  }

  revoke(id: number) {
    const lease = this.need(id);
    lease.timer.cancel();
    this.held.delete(id);
    const keys = [...lease.keys];
    keys.sort();
    this.expire(keys);
  }

  attach(id: number, key: string) {
    const lease = this.held.get(id);
    if (!lease) throw new ErrLeaseNotFound();
    lease.keys.add(key);
  }

  detach(id: number, key: string) {
    this.held.get(id)?.keys.delete(key);
  }

  list(): Lease[] {
    return [...this.held.values()];
  }

  private need(id: number): Held {
    const lease = this.held.get(id);
    if (!lease) throw new ErrLeaseNotFound();
    return lease;
  }
}
