// Endpoints controller: the older form of a Service's addresses, one object a Service, at most 1,000 addresses.

import { isAlreadyExists, type ResourceClient } from '../client/index.ts';
import { sameMap } from './owners.ts';
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
import type { EndpointAddress, EndpointPort, Endpoints, EndpointSubset, Pod, Service } from '../api/types.ts';

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
const CAPACITY = 1000;

export const endpointsController: Controller = {
  name: 'endpoints-controller',
  account: 'endpoint-controller',
  component: 'endpoint-controller',
  start(context) {
    const services = ServicePods.of(context.informers);
    const informer = context.informer<Endpoints>('v1', 'endpoints');
    const client = context.client.of<Endpoints>('v1', 'endpoints');
    const triggers = new TriggerTimes();
    const queue = context.queue((key) => {
      const service = services.services.byKey(key);
      const present = informer.byKey(key);
      if (!service) {
        triggers.forget(key);
        // Only what a controller made follows its Service; Endpoints written by hand stay, where the label tells them.
        if (present && (!context.ways.marksEndpoints || present.metadata.labels?.[MANAGED_BY]))
          client.delete(present.metadata.namespace as string, present.metadata.name as string);
        return;
      }
      if (!service.spec?.selector || service.spec.type === 'ExternalName') return;
      const pods = [...services.podsOf(key).values()];
      sync(context, client, service, present, subsetsOf(service, pods), triggers.next(key, service, pods));
    });
    services.onChange((key, delay) => queue.addAfter(key, delay));
    informer.on({ delete: (endpoints) => queue.add(`${endpoints.metadata.namespace}/${endpoints.metadata.name}`) });
  },
};

function sync(
  context: ControllerContext,
  client: ResourceClient<Endpoints>,
  service: Service,
  present: Endpoints | undefined,
  all: EndpointSubset[],
  trigger: string | undefined,
) {
  const { namespace, name } = service.metadata;
  const { subsets, truncated } = withinCapacity(all);
  const labels: Record<string, string> = { ...service.metadata.labels };
  if (context.ways.marksEndpoints) labels[MANAGED_BY] = 'endpoint-controller';
  if (isHeadless(service)) labels[HEADLESS_LABEL] = '';
  else delete labels[HEADLESS_LABEL];
  const same = present && sameSubsets(present.subsets ?? [], subsets) && sameMap(present.metadata.labels, labels);
  if (same && Boolean(present.metadata.annotations?.[OVER_CAPACITY]) === truncated) return;
  const annotations: Record<string, string> = { ...present?.metadata.annotations };
  if (trigger) annotations[TRIGGER_TIME] = trigger;
  else delete annotations[TRIGGER_TIME];
  if (truncated) annotations[OVER_CAPACITY] = 'truncated';
  else delete annotations[OVER_CAPACITY];
  const next: Endpoints = {
    ...(present ?? { apiVersion: 'v1', kind: 'Endpoints' }),
    metadata: { ...(present?.metadata ?? { name, namespace }), labels, annotations },
    subsets,
  };
  if (Object.keys(annotations).length === 0) delete next.metadata.annotations;
  if (Object.keys(labels).length === 0) delete next.metadata.labels;
  if (subsets.length === 0) delete next.subsets;
  try {
    if (present) client.update(namespace as string, name as string, next);
    else client.create(namespace as string, next);
  } catch (error) {
    if (!isAlreadyExists(error)) {
      const verb = present ? 'update' : 'create';
      const text = `Failed to ${verb} endpoint ${namespace}/${name}: ${(error as Error).message}`;
      context.recorder.event(
        present ?? service,
        'Warning',
        present ? 'FailedToUpdateEndpoint' : 'FailedToCreateEndpoint',
        text,
      );
      throw error;
    }
  }
}

function addressOf(pod: Pod, service: Service, ip: string): EndpointAddress {
  const { namespace, name, uid } = pod.metadata;
  const address: EndpointAddress = { ip, targetRef: { kind: 'Pod', namespace, name, uid } };
  if (pod.spec?.nodeName) address.nodeName = pod.spec.nodeName;
  const hostname = endpointHostname(pod, service);
  if (hostname) address.hostname = hostname;
  return address;
}

/** Ports that lead to the same addresses share a subset (endpoints.RepackSubsets). */
function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const publish = service.spec?.publishNotReadyAddresses === true;
  const family = service.spec?.ipFamilies?.[0];
  const reached = new Map<
    string,
    { port: EndpointPort | undefined; addresses: { address: EndpointAddress; ready: boolean }[] }
  >();
  for (const pod of pods) {
    if (!isEndpoint(pod, publish)) continue;
    const ip = ipOf(pod, family);
    if (!ip) continue;
    const entry = { address: addressOf(pod, service, ip), ready: publish || isPodReady(pod) };
    const ports = service.spec?.ports ?? [];
    const add = (key: string, port: EndpointPort | undefined) => {
      const known = reached.get(key);
      if (known) known.addresses.push(entry);
      else reached.set(key, { port, addresses: [entry] });
    };
    if (ports.length === 0 && isHeadless(service)) add('', undefined);
    for (const one of ports) {
      const number = targetPort(pod, one);
      if (number === undefined) continue;
      const port: EndpointPort = { port: number, protocol: one.protocol ?? 'TCP' };
      if (one.name) port.name = one.name;
      if (one.appProtocol) port.appProtocol = one.appProtocol;
      add(`${one.name ?? ''}/${number}/${port.protocol}/${one.appProtocol ?? ''}`, port);
    }
  }
  const subsets = new Map<string, EndpointSubset>();
  reached.forEach(({ port, addresses }) => {
    addresses.sort((a, b) => (a.address.ip < b.address.ip ? -1 : a.address.ip > b.address.ip ? 1 : 0));
    const key = addresses.map(({ address, ready }) => `${address.ip}/${address.targetRef?.uid}/${ready}`).join(',');
    const known = subsets.get(key);
    if (known) {
      if (port) (known.ports as EndpointPort[]).push(port);
      return;
    }
    const subset: EndpointSubset = {};
    const ready = addresses.filter((one) => one.ready).map(({ address }) => address);
    const notReady = addresses.filter((one) => !one.ready).map(({ address }) => address);
    if (ready.length > 0) subset.addresses = ready;
    if (notReady.length > 0) subset.notReadyAddresses = notReady;
    if (port) subset.ports = [port];
    subsets.set(key, subset);
  });
  return [...subsets.values()];
}

function ipOf(pod: Pod, family: string | undefined): string | undefined {
  const wantsIPv6 = family === 'IPv6';
  for (const { ip } of pod.status?.podIPs ?? []) if (ip?.includes(':') === wantsIPv6) return ip;
  return pod.status?.podIPs?.length ? undefined : pod.status?.podIP;
}

function withinCapacity(all: EndpointSubset[]): { subsets: EndpointSubset[]; truncated: boolean } {
  let room = CAPACITY;
  for (const { addresses = [], notReadyAddresses = [] } of all) room -= addresses.length + notReadyAddresses.length;
  if (room >= 0) return { subsets: all, truncated: false };
  room = CAPACITY;
  const subsets: EndpointSubset[] = [];
  // Ready addresses first, then unready ones, as far as there is room.
  for (const subset of all) {
    const addresses = (subset.addresses ?? []).slice(0, room);
    room -= addresses.length;
    subsets.push(addresses.length > 0 ? { addresses, ports: subset.ports } : { ports: subset.ports });
  }
  all.forEach((subset, i) => {
    const notReady = (subset.notReadyAddresses ?? []).slice(0, room);
    room -= notReady.length;
    if (notReady.length > 0) subsets[i].notReadyAddresses = notReady;
  });
  return {
    subsets: subsets.filter(({ addresses, notReadyAddresses }) => addresses || notReadyAddresses),
    truncated: true,
  };
}

function sameSubsets(a: readonly EndpointSubset[], b: readonly EndpointSubset[]): boolean {
  const text = (list: readonly EndpointSubset[]) =>
    list
      .map(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
        const words = (all: readonly EndpointAddress[]) =>
          all.map((x) => `${x.ip} ${x.hostname} ${x.nodeName} ${x.targetRef?.uid}`).join(';');
        return `${words(addresses)}|${words(notReadyAddresses)}|${ports.map((p) => `${p.name ?? ''} ${p.port} ${p.protocol} ${p.appProtocol}`).join(';')}`;
      })
      .join('\n');
  return text(a) === text(b);
}
