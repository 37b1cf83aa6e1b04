// What the plug-in `kubernetes` knows of the cluster.

import type { EndpointSlice, Namespace, Service } from '../api/types.ts';
import { ApiError, type Client, Informer } from '../client/index.ts';
import type { Sim, Timer } from '../sim/index.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';
/** client-go: from one try to list to the next. */
const RETRY_MS = 1000;
const RETRY_MAX_MS = 30_000;

export class ClusterView {
  readonly services = new Informer<Service>();
  readonly slices = new Informer<EndpointSlice>();
  readonly namespaces = new Informer<Namespace>();
  /** Everything has been listed: before that no question about the cluster can be answered. */
  synced = false;
  private retry: Timer | undefined;

  /** `complain` hears what cannot be listed; it is tried again until it can. */
  start(client: Client, sim: Sim, complain: (kind: string, why: string) => void) {
    this.services.addIndex('address', ({ spec }) => [...(spec?.clusterIPs ?? []), ...(spec?.externalIPs ?? [])]);
    this.slices.addIndex('service', ({ metadata: { namespace, labels } }) => [
      `${namespace}/${labels?.[SERVICE_NAME]}`,
    ]);
    this.slices.addIndex('address', ({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
    const list = (wait: number) => {
      let kind = 'Service';
      try {
        this.services.start(client, 'v1', 'services', {});
        kind = 'EndpointSlice';
        this.slices.start(client, 'discovery.k8s.io/v1', 'endpointslices', {});
        kind = 'Namespace';
        this.namespaces.start(client, 'v1', 'namespaces', {});
        this.synced = true;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        this.stop();
        complain(kind, error.message);
        this.retry = sim.after(wait, () => list(Math.min(2 * wait, RETRY_MAX_MS)));
      }
    };
    list(RETRY_MS);
  }

  stop() {
    this.retry?.cancel();
    for (const informer of [this.services, this.slices, this.namespaces]) informer.stop();
  }
}
