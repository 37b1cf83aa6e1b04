// What kube-proxy knows: every Service's ports, and the endpoints behind each, from the API's objects.

import type { Endpoint, Endpoints, EndpointSlice, Service } from '../api/types.ts';
import { hostPort } from '../linux/net/index.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';
/** Another proxy serves such Services. */
const PROXY_NAME = 'service.kubernetes.io/service-proxy-name';
const HEADLESS = 'service.kubernetes.io/headless';
/** What this node's kube-proxy watches of Services and EndpointSlices. */
export const WATCHED = `!${HEADLESS},!${PROXY_NAME}`;

export type Family = 'IPv4' | 'IPv6';
export type PortProtocol = 'tcp' | 'udp' | 'sctp';

/** One port of a Service. */
export interface ServicePort {
  /** `namespace/name:port`, without the colon when the port has no name. */
  name: string;
  namespacedName: string;
  portName: string;
  protocol: PortProtocol;
  clusterIP: string;
  port: number;
  nodePort: number;
  externalIPs: readonly string[];
  loadBalancerIPs: readonly string[];
  sourceRanges: readonly string[];
  /** sessionAffinity ClientIP: seconds. */
  affinitySeconds: number | undefined;
  externalLocal: boolean;
  internalLocal: boolean;
  healthCheckNodePort: number;
}

export interface Backend {
  ip: string;
  port: number;
  local: boolean;
  ready: boolean;
  serving: boolean;
  terminating: boolean;
  zones: readonly string[] | undefined;
  nodes: readonly string[] | undefined;
}

/** The ports that kube-proxy serves in a family; a headless Service and an ExternalName have none. */
export function servicePorts(service: Service, family: Family): ServicePort[] {
  const { spec, metadata, status } = service;
  const own = (ip: string) => ip.includes(':') === (family === 'IPv6');
  const clusterIP = spec?.clusterIP === 'None' ? undefined : spec?.clusterIPs?.find(own);
  if (!spec || !clusterIP || spec.type === 'ExternalName') return [];
  const namespacedName = `${metadata.namespace}/${metadata.name}`;
  const loadBalancerIPs: string[] = [];
  for (const { ip, ipMode } of status?.loadBalancer?.ingress ?? []) {
    if (ip && ipMode !== 'Proxy' && own(ip)) loadBalancerIPs.push(ip);
  }
  const clientIP = spec.sessionAffinity === 'ClientIP';
  return (spec.ports ?? []).map((port) => ({
    name: port.name ? `${namespacedName}:${port.name}` : namespacedName,
    namespacedName,
    portName: port.name ?? '',
    protocol: (port.protocol ?? 'TCP').toLowerCase() as PortProtocol,
    clusterIP,
    port: port.port,
    nodePort: port.nodePort ?? 0,
    externalIPs: spec.externalIPs?.filter(own) ?? [],
    loadBalancerIPs,
    sourceRanges: spec.loadBalancerSourceRanges?.filter(own) ?? [],
    affinitySeconds: clientIP ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : undefined,
    externalLocal: spec.externalTrafficPolicy === 'Local',
    internalLocal: spec.internalTrafficPolicy === 'Local',
    healthCheckNodePort: spec.healthCheckNodePort ?? 0,
  }));
}

/** The endpoints of one port out of a Service's slices, in a fixed order. */
export function backends(
  slices: readonly EndpointSlice[],
  portName: string,
  protocol: string,
  node: string,
  family: Family,
): Backend[] {
  const byAddress = new Map<string, Backend>();
  for (const slice of slices) {
    if (slice.addressType !== family) continue;
    const number = slice.ports?.find(
      (port) => (port.name ?? '') === portName && (port.protocol ?? 'TCP').toLowerCase() === protocol,
    )?.port;
    if (number === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const backend = backendOf(endpoint, number, node);
      // One that stands in two slices: what says that it is here counts.
      const key = backend && hostPort(backend.ip, number);
      if (key && (backend.local || !byAddress.has(key))) byAddress.set(key, backend);
    }
  }
  const out: Backend[] = [];
  for (const key of [...byAddress.keys()].sort()) out.push(byAddress.get(key) as Backend);
  return out;
}

/** Endpoints as the slices that say the same. */
export function slicesOf({ metadata, subsets = [] }: Endpoints): EndpointSlice[] {
  return subsets.map(({ addresses = [], ports }) => ({
    metadata,
    addressType: addresses[0]?.ip.includes(':') ? 'IPv6' : 'IPv4',
    ports,
    endpoints: addresses.map(({ ip, nodeName }) => ({ addresses: [ip], nodeName, conditions: { ready: true } })),
  }));
}

function backendOf(endpoint: Endpoint, port: number, node: string): Backend | undefined {
  const [ip] = endpoint.addresses;
  if (!ip) return undefined;
  const { conditions, hints, nodeName } = endpoint;
  const ready = conditions?.ready ?? true;
  return {
    ip,
    port,
    local: nodeName === node,
    ready,
    serving: conditions?.serving ?? ready,
    terminating: conditions?.terminating ?? false,
    zones: hints?.forZones?.map(({ name }) => name),
    nodes: hints?.forNodes?.map(({ name }) => name),
  };
}

export interface Categories {
  /** Ready or not. */
  all: readonly Backend[];
  cluster: readonly Backend[];
  local: readonly Backend[];
  /** Those that any of the port's addresses can reach. */
  reachable: readonly Backend[];
  any: boolean;
}

/** Which endpoints serve which traffic (kube-proxy: CategorizeEndpoints). */
export function categorize(port: ServicePort, all: readonly Backend[], zone: string, node: string): Categories {
  // Even if traffic from outside has to stay local, Pods and the node itself may go everywhere.
  const useCluster = !port.internalLocal || isExternal(port);
  const useLocal = port.internalLocal || (port.externalLocal && isExternal(port));
  let cluster: readonly Backend[] = [];
  if (useCluster) {
    cluster = all.filter(({ ready }) => ready);
    if (cluster.length === 0) cluster = all.filter(({ serving, terminating }) => serving && terminating);
    else cluster = byTopology(cluster, zone, node);
  }
  let local: readonly Backend[] = [];
  if (useLocal) {
    const own = all.filter((backend) => backend.local);
    local = own.filter(({ ready }) => ready);
    if (local.length === 0) local = own.filter(({ serving, terminating }) => serving && terminating);
  }
  const reachable = useLocal && useCluster ? [...new Set([...cluster, ...local])] : useLocal ? local : cluster;
  const any = all.some(({ ready, serving, terminating }) => ready || (serving && terminating));
  return { all, cluster, local, reachable, any };
}

/** Hints: those for this node if there are any, else for this zone, when every endpoint carries hints. */
function byTopology(ready: readonly Backend[], zone: string, node: string): readonly Backend[] {
  if (ready.every(({ nodes }) => nodes?.length)) {
    const near = ready.filter(({ nodes }) => nodes?.includes(node));
    if (near.length) return near;
  }
  if (zone && ready.every(({ zones }) => zones?.length)) {
    const near = ready.filter(({ zones }) => zones?.includes(zone));
    if (near.length) return near;
  }
  return ready;
}

export function isExternal(port: ServicePort): boolean {
  return port.nodePort !== 0 || port.externalIPs.length > 0 || port.loadBalancerIPs.length > 0;
}
