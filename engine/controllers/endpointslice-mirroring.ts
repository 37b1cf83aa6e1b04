// EndpointSlice mirroring: Endpoints written by hand, for Services without a selector, appear as slices as well, since
// that is where proxies look (kubernetes/pkg/controller/endpointslicemirroring).

import { isNotFound, keyOf } from '../client/index.ts';
import { SERVICE_NAME, MANAGED_BY } from './endpointslice.ts';
import { isMirrored } from './endpoints-origin.ts';
import { controllerRef } from './owners.ts';
import type { Controller } from './context.ts';
import type { Endpoint, EndpointAddress, Endpoints, EndpointSlice, Service } from '../api/types.ts';

const CONTROLLER = 'endpointslicemirroring-controller.k8s.io';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';
/** Of one subset; what is beyond is not mirrored. */
const MAX_ENDPOINTS = 1000;

export const endpointSliceMirroringController: Controller = {
  name: 'endpointslice-mirroring-controller',
  account: 'endpointslicemirroring-controller',
  component: 'endpoint-slice-mirroring-controller',
  start(context) {
    const client = context.client.of<EndpointSlice>('discovery.k8s.io/v1', 'endpointslices');
    const services = context.informer<Service>('v1', 'services');
    const endpoints = context.informer<Endpoints>('v1', 'endpoints');
    const slices = context.informer<EndpointSlice>('discovery.k8s.io/v1', 'endpointslices');
    slices.addIndex('mirrored', ({ metadata: { labels, namespace } }) =>
      labels?.[MANAGED_BY] === CONTROLLER ? [`${namespace}/${labels[SERVICE_NAME]}`] : [],
    );
    const queue = context.queue((key) => {
      const service = services.byKey(key);
      const source = endpoints.byKey(key);
      const present = slices.byIndex('mirrored', key);
      const wanted = service && !service.spec?.selector && source && isMirrored(source) ? mirrored(source) : [];
      for (const slice of wanted) {
        const old = present.find((one) => one.addressType === slice.addressType && samePorts(one, slice));
        if (!old) client.create(slice.metadata.namespace as string, slice);
        else {
          present.splice(present.indexOf(old), 1);
          if (JSON.stringify(old.endpoints) === JSON.stringify(slice.endpoints)) continue;
          client.update(old.metadata.namespace as string, old.metadata.name as string, {
            ...old,
            endpoints: slice.endpoints,
          });
        }
      }
      for (const { metadata } of present) {
        try {
          client.delete(metadata.namespace as string, metadata.name as string);
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
    });
    const changed = (object: Service | Endpoints) => queue.add(keyOf(object));
    services.on({ add: changed, update: changed, delete: changed });
    endpoints.on({ add: changed, update: changed, delete: changed });
  },
};

const samePorts = (a: EndpointSlice, b: EndpointSlice): boolean => JSON.stringify(a.ports) === JSON.stringify(b.ports);

/** One slice a subset and family of addresses. */
function mirrored(source: Endpoints): EndpointSlice[] {
  const { name, namespace, labels, annotations } = source.metadata;
  const { [LAST_APPLIED]: _applied, [TRIGGER_TIME]: _trigger, ...kept } = annotations ?? {};
  const list: EndpointSlice[] = [];
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of source.subsets ?? []) {
    for (const addressType of ['IPv4', 'IPv6']) {
      const ofFamily = ({ ip }: EndpointAddress) => ip.includes(':') === (addressType === 'IPv6');
      const endpoints = [
        ...addresses.filter(ofFamily).map((one) => endpointOf(one, true)),
        ...notReadyAddresses.filter(ofFamily).map((one) => endpointOf(one, false)),
      ].slice(0, MAX_ENDPOINTS);
      if (endpoints.length === 0) continue;
      list.push({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          generateName: `${name}-`,
          namespace,
          labels: { ...labels, [SERVICE_NAME]: name as string, [MANAGED_BY]: CONTROLLER },
          ...(Object.keys(kept).length > 0 && { annotations: kept }),
          ownerReferences: [controllerRef(source, 'v1', 'Endpoints')],
        },
        addressType,
        endpoints,
        ports: ports.map((port) => ({ ...port, name: port.name ?? '' })),
      });
    }
  }
  return list;
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  const endpoint: Endpoint = { addresses: [ip], conditions: { ready } };
  if (hostname) endpoint.hostname = hostname;
  if (nodeName) endpoint.nodeName = nodeName;
  if (targetRef) endpoint.targetRef = targetRef;
  return endpoint;
}
