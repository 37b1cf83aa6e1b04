// What the plug-in `kubernetes` knows of the cluster.

import type { EndpointSlice, Namespace, Service } from '../api/types.ts';
import { type Client, Informer } from '../client/index.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';

export class ClusterView {
  readonly services = new Informer<Service>();
  readonly slices = new Informer<EndpointSlice>();
  readonly namespaces = new Informer<Namespace>();

  start(client: Client) {
    this.services.addIndex('address', ({ spec }) => [...(spec?.clusterIPs ?? []), ...(spec?.externalIPs ?? [])]);
    this.slices.addIndex('service', ({ metadata: { namespace, labels } }) => [
      `${namespace}/${labels?.[SERVICE_NAME]}`,
    ]);
    this.slices.addIndex('address', ({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
    this.services.start(client, 'v1', 'services', {});
    this.slices.start(client, 'discovery.k8s.io/v1', 'endpointslices', {});
    this.namespaces.start(client, 'v1', 'namespaces', {});
  }

  stop() {
    for (const informer of [this.services, this.slices, this.namespaces]) informer.stop();
  }
}
