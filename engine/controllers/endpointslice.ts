// EndpointSlice controller: a Service's endpoints in slices of at most 100, one set a family of addresses and a set of
// ports. Slices are changed as little as can be (kubernetes/endpointslice: reconciler).

import { type ResourceClient } from '../client/index.ts';
import { orderPorts } from './endpoint-ports.ts';
import { controllerRef, sameMap } from './owners.ts';
import { isPodReady } from './pods.ts';
import {
  endpointHostname,
  HEADLESS_LABEL,
  isEndpoint,
  isHeadless,
  ServicePods,
  targetPort,
  TriggerTimes,
} from './service-pods.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { DiscoveryV1EndpointPort as Port, Endpoint, EndpointSlice, Node, Pod, Service } from '../api/types.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';
const CONTROLLER = 'endpointslice-controller.k8s.io';
const MAX_ENDPOINTS = 100;
const ZONE = 'topology.kubernetes.io/zone';

export const endpointSliceController: Controller = {
  name: 'endpointslice-controller',
  account: 'endpointslice-controller',
  component: 'endpoint-slice-controller',
  start(context) {
    const services = ServicePods.of(context.informers);
    const slices = context.informer<EndpointSlice>('discovery.k8s.io/v1', 'endpointslices');
    const triggers = new TriggerTimes();
    slices.addIndex('service', (slice) => {
      const { labels, namespace } = slice.metadata;
      return labels?.[MANAGED_BY] === CONTROLLER ? [`${namespace}/${labels[SERVICE_NAME]}`] : [];
    });
    const reconciler = new Reconciler(context);
    const queue = context.queue((key) => {
      const service = services.services.byKey(key);
      if (!service) {
        triggers.forget(key);
        return;
      }
      if (!service.spec?.selector || service.spec.type === 'ExternalName' || service.metadata.deletionTimestamp) return;
      const pods = [...services.podsOf(key).values()];
      reconciler.reconcile(service, pods, slices.byIndex('service', key), triggers.next(key, service, pods));
    });
    services.onChange((key, delay) => queue.addAfter(key, delay));
    slices.on({
      delete: ({ metadata: { namespace, labels } }) => {
        if (labels?.[MANAGED_BY] === CONTROLLER) queue.add(`${namespace}/${labels[SERVICE_NAME]}`);
      },
    });
  },
};

/** What one family of addresses and one set of ports should hold. */
interface Wanted {
  ports: Port[];
  /** By address and Pod. */
  endpoints: Map<string, Endpoint>;
}

const endpointKey = ({ addresses, targetRef }: Endpoint): string => `${addresses.join()} ${targetRef?.uid ?? ''}`;
const portsKey = (ports: readonly Port[] | undefined): string =>
  (ports ?? []).map((p) => `${p.name ?? ''}/${p.port}/${p.protocol}/${p.appProtocol ?? ''}`).join();

class Reconciler {
  private readonly client: ResourceClient<EndpointSlice>;
  private readonly node: (name: string) => Node | undefined;

  constructor(context: ControllerContext) {
    this.client = context.client.of<EndpointSlice>('discovery.k8s.io/v1', 'endpointslices');
    const nodes = context.informer<Node>('v1', 'nodes');
    this.node = (name) => nodes.byKey(name);
  }

  reconcile(service: Service, pods: readonly Pod[], existing: readonly EndpointSlice[], trigger: string | undefined) {
    const families = service.spec?.ipFamilies ?? ['IPv4'];
    for (const slice of existing) if (!families.includes(slice.addressType)) this.delete(slice);
    for (const family of families) {
      const own = existing.filter((slice) => slice.addressType === family);
      this.reconcileFamily(service, family, this.wanted(service, family, pods), own, trigger);
    }
  }

  private wanted(service: Service, family: string, pods: readonly Pod[]): Map<string, Wanted> {
    const byPorts = new Map<string, Wanted>();
    for (const pod of pods) {
      if (!isEndpoint(pod, true)) continue;
      const addresses: string[] = [];
      for (const { ip } of pod.status?.podIPs ?? [{ ip: pod.status?.podIP }]) {
        if (ip && ip.includes(':') === (family === 'IPv6')) addresses.push(ip);
      }
      if (addresses.length === 0) continue;
      const ports: Port[] = [];
      for (const one of service.spec?.ports ?? []) {
        const number = targetPort(pod, one);
        if (number === undefined) continue;
        const port: Port = { name: one.name ?? '', port: number, protocol: one.protocol ?? 'TCP' };
        if (one.appProtocol) port.appProtocol = one.appProtocol;
        ports.push(port);
      }
      const key = portsKey(orderPorts(ports));
      let group = byPorts.get(key);
      if (!group) byPorts.set(key, (group = { ports, endpoints: new Map() }));
      const endpoint = this.endpoint(service, pod, addresses);
      group.endpoints.set(endpointKey(endpoint), endpoint);
    }
    return byPorts;
  }

  private endpoint(service: Service, pod: Pod, addresses: string[]): Endpoint {
    const serving = isPodReady(pod);
    const terminating = pod.metadata.deletionTimestamp !== undefined;
    const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
    const { namespace, name, uid } = pod.metadata;
    const endpoint: Endpoint = {
      addresses,
      conditions: { ready, serving, terminating },
      targetRef: { kind: 'Pod', namespace, name, uid },
    };
    const nodeName = pod.spec?.nodeName;
    if (nodeName) endpoint.nodeName = nodeName;
    const zone = nodeName ? this.node(nodeName)?.metadata.labels?.[ZONE] : undefined;
    if (zone) endpoint.zone = zone;
    const hostname = endpointHostname(pod, service);
    if (hostname) endpoint.hostname = hostname;
    switch (service.spec?.trafficDistribution) {
      case 'PreferClose':
      case 'PreferSameZone':
        if (zone) endpoint.hints = { forZones: [{ name: zone }] };
        break;
      case 'PreferSameNode':
        if (nodeName) endpoint.hints = { forNodes: [{ name: nodeName }], ...(zone && { forZones: [{ name: zone }] }) };
        break;
    }
    return endpoint;
  }

  private reconcileFamily(
    service: Service,
    family: string,
    wanted: Map<string, Wanted>,
    existing: readonly EndpointSlice[],
    trigger: string | undefined,
  ) {
    const meta = { labels: this.labels(service), trigger };
    const create: { ports: Port[] | null; endpoints: Endpoint[] | null }[] = [];
    const update: { slice: EndpointSlice; endpoints: Endpoint[] }[] = [];
    const remove: EndpointSlice[] = [];
    const kept: EndpointSlice[] = [];
    const byPorts = new Map<string, EndpointSlice[]>();
    for (const slice of existing) {
      const key = portsKey(slice.ports);
      if (!wanted.has(key)) remove.push(slice);
      else if (byPorts.has(key)) byPorts.get(key)?.push(slice);
      else byPorts.set(key, [slice]);
    }
    wanted.forEach(({ ports, endpoints }, key) => {
      const missing = new Map(endpoints);
      const open: { slice: EndpointSlice; endpoints: Endpoint[]; changed: boolean }[] = [];
      for (const slice of byPorts.get(key) ?? []) {
        const next: Endpoint[] = [];
        let changed = !sameMap(slice.metadata.labels, meta.labels);
        for (const old of slice.endpoints ?? []) {
          const id = endpointKey(old);
          const now = missing.get(id);
          missing.delete(id);
          if (!now) changed = true;
          else {
            if (!sameEndpoint(old, now)) changed = true;
            next.push(now);
          }
        }
        open.push({ slice, endpoints: next, changed });
      }
      this.place(open, missing);
      for (const { slice, endpoints: next, changed } of open) {
        if (!changed) kept.push(slice);
        else if (next.length > 0) update.push({ slice, endpoints: next });
        else remove.push(slice);
      }
      const rest = [...missing.values()];
      for (let i = 0; i < rest.length; i += MAX_ENDPOINTS)
        create.push({ ports, endpoints: rest.slice(i, i + MAX_ENDPOINTS) });
    });
    // A Service without endpoints still has a slice, which says so.
    if (kept.length + update.length + create.length === 0) {
      const placeholder = remove.find((slice) => !slice.endpoints?.length && !slice.ports?.length);
      if (placeholder && sameMap(placeholder.metadata.labels, meta.labels))
        remove.splice(remove.indexOf(placeholder), 1);
      else create.push({ ports: null, endpoints: null });
    }
    for (const { slice, endpoints } of update) this.update({ ...slice, endpoints }, meta);
    for (const { ports, endpoints } of create) {
      // A slice that would go is filled anew instead.
      const reused = remove.shift();
      const content = { ports, endpoints } as { ports: Port[]; endpoints: Endpoint[] };
      if (reused) this.update({ ...reused, ...content }, meta);
      else this.create(service, family, content, meta);
    }
    for (const slice of remove) this.delete(slice);
  }

  /** Puts missing endpoints into slices that change anyway, then all of the rest into one that has room for it. */
  private place(open: { endpoints: Endpoint[]; changed: boolean }[], missing: Map<string, Endpoint>) {
    const put = (into: { endpoints: Endpoint[]; changed: boolean }) => {
      for (const [id, endpoint] of missing) {
        if (into.endpoints.length >= MAX_ENDPOINTS) return;
        into.endpoints.push(endpoint);
        into.changed = true;
        missing.delete(id);
      }
    };
    for (const one of open) if (one.changed && missing.size > 0) put(one);
    const roomy = open.find(({ endpoints }) => missing.size > 0 && endpoints.length + missing.size <= MAX_ENDPOINTS);
    if (roomy) put(roomy);
  }

  private labels(service: Service): Record<string, string> {
    const labels = {
      ...service.metadata.labels,
      [SERVICE_NAME]: service.metadata.name as string,
      [MANAGED_BY]: CONTROLLER,
    };
    if (isHeadless(service)) return { ...labels, [HEADLESS_LABEL]: '' };
    return labels;
  }

  private create(
    service: Service,
    addressType: string,
    content: { ports: Port[]; endpoints: Endpoint[] },
    { labels, trigger }: { labels: Record<string, string>; trigger: string | undefined },
  ) {
    const { namespace, name } = service.metadata;
    this.client.create(namespace as string, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: `${name}-`,
        namespace,
        labels,
        ...(trigger && { annotations: { [TRIGGER_TIME]: trigger } }),
        ownerReferences: [controllerRef(service, 'v1', 'Service')],
      },
      addressType,
      ...content,
    });
  }

  private update(
    slice: EndpointSlice,
    { labels, trigger }: { labels: Record<string, string>; trigger: string | undefined },
  ) {
    const { [TRIGGER_TIME]: _, ...others } = slice.metadata.annotations ?? {};
    const annotations = trigger ? { ...others, [TRIGGER_TIME]: trigger } : others;
    const metadata = { ...slice.metadata, labels, annotations };
    if (Object.keys(annotations).length === 0) delete (metadata as { annotations?: object }).annotations;
    this.client.update(slice.metadata.namespace as string, slice.metadata.name as string, { ...slice, metadata });
  }

  private delete(slice: EndpointSlice) {
    this.client.delete(slice.metadata.namespace as string, slice.metadata.name as string);
  }
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  const x = a.conditions;
  const y = b.conditions;
  return (
    x?.ready === y?.ready &&
    x?.serving === y?.serving &&
    x?.terminating === y?.terminating &&
    a.nodeName === b.nodeName &&
    a.zone === b.zone &&
    a.hostname === b.hostname &&
    (a.hints === b.hints || JSON.stringify(a.hints) === JSON.stringify(b.hints))
  );
}
