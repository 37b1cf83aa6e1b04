// A Lease that a component keeps renewing to say that it lives (component-helpers: lease.Controller).

import type { Lease, ObjectMeta } from '../api/types.ts';
import type { Sim } from '../sim/index.ts';
import { ApiError, type Client } from './client.ts';
import { formatMicroTime as microTimestamp } from '../api/time.ts';

export interface HeartbeatOptions {
  sim: Sim;
  client: Client;
  namespace: string;
  name: string;
  holder: string;
  seconds: number;
  /** Labels and owners of a Lease that is not there yet. */
  metadata: () => Partial<ObjectMeta>;
}

export class Heartbeat {
  private readonly options: HeartbeatOptions;
  /** As it was last seen. */
  private lease: Lease | undefined;

  constructor(options: HeartbeatOptions) {
    this.options = options;
  }

  /** Creates the Lease, or writes the time into the one that was last seen. */
  renew() {
    const { sim, client, namespace, name, holder, seconds, metadata } = this.options;
    const leases = client.of<Lease>('coordination.k8s.io/v1', 'leases');
    const spec = { holderIdentity: holder, leaseDurationSeconds: seconds, renewTime: microTimestamp(sim.now) };
    for (let tries = 0; tries < 2; tries++) {
      try {
        this.lease ??= leases.find(namespace, name);
        if (this.lease) {
          this.lease = leases.update(namespace, name, { ...this.lease, spec: { ...this.lease.spec, ...spec } });
          return;
        }
        this.lease = leases.create(namespace, {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name, namespace, ...metadata() },
          spec,
        } as Lease);
        return;
      } catch (error) {
        // Somebody else has written or removed it: look again.
        if (!(error instanceof ApiError)) throw error;
        this.lease = undefined;
      }
    }
  }
}
