// Where a packet has to end, worked out from the API's objects alone: nothing here knows of rules, chains or servers.

import type {
  EndpointSlice,
  LabelSelector,
  Namespace,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  Pod,
  Service,
  ServicePort,
} from '../../../engine/api/types.ts';

import { type Addresses, isOf, within } from './addresses.ts';

export type Mode = 'iptables' | 'ipvs' | 'nftables' | 'userspace';

export interface World {
  mode: Mode;
  /** The family that packets are of. */
  addresses: Addresses;
  pods: Pod[];
  namespaces: Namespace[];
  services: Service[];
  slices: EndpointSlice[];
  policies: NetworkPolicy[];
  nodes: { name: string; ip: string; bridge: string; zone: string }[];
}

type Node = World['nodes'][number];

export interface Sent {
  protocol: 'tcp' | 'udp';
  /** undefined: a machine outside. */
  pod: Pod | undefined;
  node: Node | undefined;
  /** Of the machine outside. */
  source: string;
  ip: string;
  port: number;
  /** An outside packet's way in, for addresses that no machine has. */
  by: Node | undefined;
}

export type Outcome =
  | { kind: 'lost' | 'refused' }
  /** One of these; `seen`: who it seems to come from. `affinity`: what decides where a client goes again. */
  | { kind: 'reached'; at: Map<string, string>; affinity: string }
  /** To the node itself, where nobody may listen. */
  | { kind: 'machine' };

/** The Pod's address of the family. */
export const ipOf = ({ addresses }: World, pod: Pod): string =>
  pod.status?.podIPs?.find(({ ip }) => isOf(addresses.family, ip ?? ''))?.ip ?? '';

interface Candidate {
  ip: string;
  port: number;
  node: string | undefined;
}

interface Frontend {
  service: Service;
  port: ServicePort;
  /** `loopback`: a node's port at ::1, which the kernel has no way out of. */
  kind: 'cluster' | 'external' | 'balancer' | 'node' | 'loopback';
}

export function expected(world: World, sent: Sent): Outcome {
  const { node, pod, by } = sent;
  if (pod) return through(world, nodeOf(world, pod.spec?.nodeName), sent, ipOf(world, pod), false);
  if (node) return through(world, node, sent, spokenFrom(world, node, sent.ip), true);
  const entry = world.nodes.find(({ ip }) => ip === sent.ip) ?? by;
  // Cluster and Pod addresses mean nothing outside.
  return entry ? through(world, entry, sent, sent.source, false) : { kind: 'lost' };
}

const nodeOf = (world: World, name: string | undefined): Node => world.nodes.find((one) => one.name === name) as Node;
const isLocalhost = (ip: string) => ip === '127.0.0.1' || ip === '::1';
const ownAddress = (node: Node, ip: string) => ip === node.ip || ip === node.bridge || isLocalhost(ip);

/** The address that a node speaks from: of its own addresses, which IPVS's virtual servers have too, the same one. */
function spokenFrom(world: World, node: Node, ip: string): string {
  if (ownAddress(node, ip) || (world.mode === 'ipvs' && world.services.some((one) => isVirtual(one, ip)))) return ip;
  return isNear(node, ip) ? node.bridge : node.ip;
}

/** Whether an address is of the node's own range for Pods. */
const isNear = ({ bridge }: Node, ip: string) => ip.startsWith(bridge.slice(0, -1));

const isVirtual = (one: Service, ip: string) =>
  one.spec?.clusterIP === ip || !!one.spec?.externalIPs?.includes(ip) || balancerIPs(one).includes(ip);

const VERDICTS = { drop: 'lost', reject: 'refused', ignore: 'machine' } as const;

/** A packet in the hands of a node's kernel. `local`: one of the node's own. */
function through(world: World, node: Node, sent: Sent, from: string, local: boolean): Outcome {
  const found = frontend(world, node, sent);
  if (!found) return plain(world, node, sent, from, local);
  const verdict = choose(world, node, found, from, local);
  if (typeof verdict === 'string') return { kind: VERDICTS[verdict] };
  const at = new Map<string, string>();
  let blocked = 0;
  for (const one of verdict.list) {
    const target = podAt(world, one.ip) as Pod;
    const home = nodeOf(world, target.spec?.nodeName);
    // The network hides from Pods elsewhere who is not of this node; kube-proxy hides a Pod from itself.
    const itself = one.ip === from && (world.mode !== 'ipvs' || isLoop(world, node, one, sent.protocol));
    const hidden = verdict.hide || itself || (home !== node && !isNear(node, from));
    const shown = !hidden ? from : home === node ? node.bridge : node.ip;
    if (!permitted(world, node, { from, local }, target, one.port, sent.protocol, home === node ? from : shown)) {
      blocked++;
      continue;
    }
    // What was translated here has to come back this way.
    const passes = home === node || local || sent.pod?.spec?.nodeName === node.name;
    const returns = hidden || (passes && one.ip !== from);
    at.set(`${one.ip}:${one.port}`, `${shown}${returns ? '' : ', unanswered'}`);
  }
  if (at.size === 0) return { kind: 'lost' };
  const server = world.mode === 'ipvs' ? ` ${sent.ip}:${sent.port}` : '';
  const sticky = found.service.spec?.sessionAffinity === 'ClientIP';
  const { port, protocol } = found.port;
  const affinity = sticky ? `${node.name} ${found.service.metadata.uid} ${port}/${protocol} ${from}${server}` : '';
  // With some endpoints forbidden, which one is chosen decides.
  if (blocked) at.set('lost', '');
  return { kind: 'reached', at, affinity };
}

/** IPVS mode knows a Pod that speaks to itself by one list for all Services, of the endpoints that name this node. */
const isLoop = (world: World, node: Node, { ip, port }: Candidate, protocol: string) =>
  world.services.some((service) =>
    service.spec?.ports?.some(
      (each) =>
        (each.protocol ?? 'TCP').toLowerCase() === protocol &&
        endpoints(world, service, each).some((one) => one.ip === ip && one.port === port && one.node === node.name),
    ),
  );

const podAt = (world: World, ip: string) => world.pods.find((pod) => ipOf(world, pod) === ip);

/** A packet for no Service. */
function plain(world: World, node: Node, sent: Sent, from: string, local: boolean): Outcome {
  const { ip, port, protocol, pod } = sent;
  if (ownAddress(node, ip)) return { kind: 'machine' };
  const target = podAt(world, ip);
  const reached = (shown: string): Outcome => ({
    kind: 'reached',
    at: new Map([[`${ip}:${port}`, shown]]),
    affinity: '',
  });
  if (target) {
    // Nobody outside knows the way to a Pod.
    if (!pod && !local) return { kind: 'lost' };
    if (target === pod) return reached(from);
    return permitted(world, node, { from, local }, target, port, protocol, from) ? reached(from) : { kind: 'lost' };
  }
  const other = world.nodes.find((one) => one !== node && (one.ip === ip || one.bridge === ip));
  if (other) {
    // The policies of a Pod see a node's address; what becomes of it there they do not.
    if (pod && !leaves(world, pod, undefined, ip, port, protocol)) return { kind: 'lost' };
    return through(world, other, sent, pod && ip === other.ip ? node.ip : from, false);
  }
  if (world.mode === 'ipvs' && world.services.some((one) => isVirtual(one, ip))) return { kind: 'refused' };
  if (world.mode === 'nftables' && world.services.some(({ spec }) => spec?.clusterIP === ip))
    return { kind: 'refused' };
  return { kind: 'lost' };
}

/**
 * Of a connection in userspace mode: the Pods that may answer. None: the proxy takes the connection and ends it again;
 * undefined: it is for no Service. Traffic policies, conditions and hints this mode never came to know.
 */
export function portal(world: World, { pod, node, ip, port, protocol }: Sent): string[] | undefined {
  const at = node ?? (pod ? nodeOf(world, pod.spec?.nodeName) : world.nodes.find((one) => one.ip === ip));
  const asked = { protocol, pod, node, source: '', ip, port, by: undefined };
  const found =
    at && (frontend(world, at, asked) ?? world.nodes.map((one) => frontend(world, one, asked)).find((one) => one));
  return found && endpoints(world, found.service, found.port).map((one) => one.ip);
}

// ---- Services --------------------------------------------------------------------------------------------

const balancerIPs = ({ status }: Service): string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []));

function frontend(world: World, node: Node, { ip, port, protocol }: Sent): Frontend | undefined {
  const here = {
    iptables: () => ownAddress(node, ip),
    ipvs: () => ownAddress(node, ip) && !isLocalhost(ip),
    nftables: () => ip === node.ip,
    userspace: () => ownAddress(node, ip),
  }[world.mode]();
  for (const service of world.services) {
    const { spec } = service;
    const kind =
      spec?.clusterIP === ip
        ? 'cluster'
        : spec?.externalIPs?.includes(ip)
          ? 'external'
          : balancerIPs(service).includes(ip)
            ? 'balancer'
            : here
              ? ip === '::1'
                ? 'loopback'
                : 'node'
              : undefined;
    if (!kind) continue;
    for (const one of spec?.ports ?? []) {
      if ((one.protocol ?? 'TCP').toLowerCase() !== protocol) continue;
      const isNode = kind === 'node' || kind === 'loopback';
      if ((isNode ? one.nodePort : one.port) === port) return { service, port: one, kind };
    }
  }
  return undefined;
}

/** The endpoints that may answer, and whether the node hides who asks. */
function choose(
  world: World,
  node: Node,
  { service, port, kind }: Frontend,
  from: string,
  local: boolean,
): { list: Candidate[]; hide: boolean } | keyof typeof VERDICTS {
  const { spec } = service;
  const all = endpoints(world, service, port);
  const live = all.filter(({ ready }) => ready);
  const dying = all.filter(({ serving, terminating }) => serving && terminating);
  const any = live.length + dying.length > 0;
  const cluster = live.length ? nearest(live, node) : dying;
  const here = (list: Known[]) => list.filter((one) => one.node === node.name);
  const near = here(live).length ? here(live) : here(dying);
  const internalLocal = spec?.internalTrafficPolicy === 'Local';
  const externalLocal = spec?.externalTrafficPolicy === 'Local';
  const reachable = !!port.nodePort || !!spec?.externalIPs?.length || balancerIPs(service).length > 0;
  const stranger = !from.startsWith(world.addresses.podsBegin);
  const wanted = kind === 'cluster' ? internalLocal : externalLocal;
  const ranges = kind === 'balancer' ? (spec?.loadBalancerSourceRanges ?? []) : [];
  const client = local ? node.ip : from;
  const barred = ranges.length > 0 && !ranges.some((range) => within(range, client));

  if (world.mode === 'ipvs') {
    // Nothing here: IPVS goes on with all, if there is a list of all.
    const list = !wanted ? cluster : near.length ? near : !internalLocal || reachable ? cluster : [];
    // The node's own packets meet the ranges behind the virtual server, those of others before it.
    if (barred && (list.length || !local)) return 'drop';
    if (list.length === 0) return 'reject';
    return { list, hide: kind === 'cluster' ? stranger : !externalLocal };
  }
  if (barred && (any || world.mode === 'nftables')) return 'drop';
  // Rules that refuse stand at INPUT and FORWARD: what the node itself sends goes on to nobody.
  if (!any)
    return world.mode === 'iptables' && local && (kind === 'external' || kind === 'balancer') ? 'drop' : 'reject';
  // Only the rules that refuse look at ::1.
  if (kind === 'loopback') return (externalLocal ? near : cluster).length ? 'ignore' : 'drop';
  if (kind === 'cluster') {
    const list = internalLocal ? near : cluster;
    return list.length ? { list, hide: stranger } : 'drop';
  }
  if (!externalLocal) return { list: cluster, hide: true };
  if (!stranger) return { list: cluster, hide: false };
  if (local) return { list: cluster, hide: true };
  return near.length ? { list: near, hide: false } : 'drop';
}

interface Known extends Candidate {
  ready: boolean;
  serving: boolean;
  terminating: boolean;
  zones: string[];
  nodes: string[];
}

function nearest(live: Known[], node: Node): Known[] {
  const same = live.filter(({ nodes }) => nodes.includes(node.name));
  if (same.length && live.every(({ nodes }) => nodes.length)) return same;
  const zone = live.filter(({ zones }) => zones.includes(node.zone));
  return zone.length && live.every(({ zones }) => zones.length) ? zone : live;
}

/** Of a Service with a selector from the Pods, else from what somebody has written. */
function endpoints(world: World, service: Service, port: ServicePort): Known[] {
  const { metadata, spec } = service;
  if (spec?.selector) return selected(world, service, port);
  const out = new Map<string, Known>();
  for (const slice of world.slices) {
    const owner = slice.metadata.labels?.['kubernetes.io/service-name'];
    if (owner !== metadata.name || slice.metadata.namespace !== metadata.namespace) continue;
    const number = slice.ports?.find(
      (one) => (one.name ?? '') === (port.name ?? '') && one.protocol === (port.protocol ?? 'TCP'),
    )?.port;
    if (number === undefined) continue;
    for (const { addresses, conditions = {}, nodeName, hints } of slice.endpoints ?? []) {
      const ready = conditions.ready ?? true;
      out.set(`${addresses[0]}:${number}`, {
        ip: addresses[0],
        port: number,
        node: nodeName,
        ready,
        serving: conditions.serving ?? ready,
        terminating: conditions.terminating ?? false,
        zones: hints?.forZones?.map(({ name }) => name) ?? [],
        nodes: hints?.forNodes?.map(({ name }) => name) ?? [],
      });
    }
  }
  return [...out.values()];
}

function selected(world: World, { metadata, spec }: Service, port: ServicePort): Known[] {
  const { pods, nodes } = world;
  const out: Known[] = [];
  const near = spec?.trafficDistribution;
  for (const pod of pods) {
    if (pod.metadata.namespace !== metadata.namespace) continue;
    const { selector = {} } = spec ?? {};
    if (!Object.keys(selector).every((key) => pod.metadata.labels?.[key] === selector[key])) continue;
    const target = port.targetPort ?? port.port;
    const number = typeof target === 'number' ? target : portNamed(pod, target, port.protocol ?? 'TCP');
    if (number === undefined) continue;
    const zone = nodes.find(({ name }) => name === pod.spec?.nodeName)?.zone ?? '';
    out.push({
      ip: ipOf(world, pod),
      port: number,
      node: pod.spec?.nodeName,
      ready: true,
      serving: true,
      terminating: false,
      zones: near ? [zone] : [],
      nodes: near === 'PreferSameNode' ? [pod.spec?.nodeName ?? ''] : [],
    });
  }
  return out;
}

function portNamed({ spec }: Pod, name: string, protocol: string): number | undefined {
  for (const { ports = [] } of spec?.containers ?? []) {
    for (const one of ports) if (one.name === name && (one.protocol ?? 'TCP') === protocol) return one.containerPort;
  }
  return undefined;
}

// ---- policies --------------------------------------------------------------------------------------------

/** Whether the policies of both ends let it pass. `at`: the node that sends it on; `seen`: its source at the target's. */
function permitted(
  world: World,
  at: Node,
  { from, local }: { from: string; local: boolean },
  target: Pod,
  port: number,
  protocol: string,
  seen: string,
): boolean {
  const sender = podAt(world, from);
  const ip = ipOf(world, target);
  if (sender?.spec?.nodeName === at.name && !leaves(world, sender, target, ip, port, protocol)) return false;
  // A Pod's own node always reaches it.
  if (local && target.spec?.nodeName === at.name) return true;
  return admitted(world, 'Ingress', target, { pod: podAt(world, seen), ip: seen }, target, port, protocol);
}

function leaves(world: World, from: Pod, to: Pod | undefined, ip: string, port: number, protocol: string): boolean {
  return admitted(world, 'Egress', from, { pod: to, ip }, to, port, protocol);
}

function admitted(
  world: World,
  direction: 'Ingress' | 'Egress',
  subject: Pod,
  other: { pod: Pod | undefined; ip: string },
  target: Pod | undefined,
  port: number,
  protocol: string,
): boolean {
  const isolating = world.policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === subject.metadata.namespace &&
      selects(spec?.podSelector, subject.metadata.labels) &&
      (spec?.policyTypes ?? []).includes(direction),
  );
  if (isolating.length === 0) return true;
  return isolating.some(({ metadata, spec }) => {
    const rules =
      direction === 'Ingress'
        ? (spec?.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
        : (spec?.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
    return rules.some(
      ({ peers, ports }) =>
        (!ports?.length || ports.some((one) => isPort(one, target, port, protocol))) &&
        (!peers?.length || peers.some((one) => isPeer(world, one, metadata.namespace ?? '', other))),
    );
  });
}

function isPort(
  { protocol = 'TCP', port, endPort }: NetworkPolicyPort,
  pod: Pod | undefined,
  number: number,
  is: string,
) {
  if (protocol.toLowerCase() !== is) return false;
  if (port === undefined) return true;
  if (typeof port === 'string') return !!pod && portNamed(pod, port, protocol) === number;
  return number >= port && number <= (endPort ?? port);
}

function isPeer(
  world: World,
  { ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer,
  namespace: string,
  { pod, ip }: { pod: Pod | undefined; ip: string },
): boolean {
  if (ipBlock) return within(ipBlock.cidr, ip) && !(ipBlock.except ?? []).some((range) => within(range, ip));
  if (!pod) return false;
  const home = world.namespaces.find(({ metadata }) => metadata.name === pod.metadata.namespace);
  const inSpace = namespaceSelector
    ? selects(namespaceSelector, home?.metadata.labels)
    : pod.metadata.namespace === namespace;
  return inSpace && selects(podSelector, pod.metadata.labels);
}

function selects(selector: LabelSelector | undefined, labels: Record<string, string> = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.keys(matchLabels).every((key) => labels[key] === matchLabels[key]) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const has = Object.hasOwn(labels, key);
      if (operator === 'Exists') return has;
      if (operator === 'DoesNotExist') return !has;
      const one = has && values.includes(labels[key]);
      return operator === 'In' ? one : !one;
    })
  );
}
