// Random Services, endpoints, NetworkPolicies and packets, as fast-check makes and shrinks them.

import * as fc from 'fast-check';
import type {
  EndpointSlice,
  LabelSelector,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  Service,
} from '../../../engine/api/types.ts';
import type { Addresses } from './addresses.ts';

export const NAMESPACES = ['default', 'blue', 'green'];
export const NODES = ['cp-1', 'worker-1', 'worker-2'];
export const ZONES = ['east', 'east', 'west'];
/** Pods are there once and for all; everything else changes. */
export const PODS = Array.from({ length: 12 }, (_, i) => ({
  name: `pod-${i}`,
  namespace: NAMESPACES[i % 3],
  node: NODES[Math.floor(i / 4)],
  labels: { app: 'abc'[(i * 5) % 3], tier: i % 2 ? 'front' : 'back' },
  /** What the named ports of its container mean. */
  ports: { web: i % 4 === 0 ? 8080 : 80, metrics: i % 5 === 0 ? undefined : 9100 + (i % 2), dns: 53 },
}));

export interface Front {
  service: Service;
  slices: EndpointSlice[];
  /** Of the balancer, which a cloud would have written. */
  balancer: string[];
  /** Whether what was there under this name is changed, or goes before the new one comes. */
  replace: boolean;
}

/** Who sends: a Pod, a node, or a machine outside. */
export type Sender = { pod: number } | { node: number } | { outside: true };

export interface Probe {
  from: Sender;
  /** Which of all Services, and which of its addresses. */
  service: number;
  port: number;
  to: 'cluster' | 'node' | 'bridge' | 'localhost' | 'external' | 'balancer' | 'pod';
  at: number;
  /** Another port than the Service's. */
  stray: boolean;
  traced: boolean;
}

export interface Scenario {
  fronts: Front[];
  policies: NetworkPolicy[];
  probes: Probe[];
}

const app = fc.constantFrom('a', 'b', 'c', 'none');
const labels = fc.oneof(
  fc.record({ app }),
  fc.record({ tier: fc.constantFrom('front', 'back') }),
  fc.record({ app, tier: fc.constantFrom('front', 'back') }),
);
const often = (part: number) => fc.nat(99).map((number) => number < part);

interface PortChoice {
  number: number;
  protocol: 'TCP' | 'UDP';
  target: number | string;
  slicePort: number;
}

const port: fc.Arbitrary<PortChoice> = fc.record({
  number: fc.constantFrom(80, 443, 8080, 53),
  protocol: fc.constantFrom('TCP' as const, 'TCP' as const, 'UDP' as const),
  target: fc.constantFrom<number | string>(80, 8080, 53, 'web', 'metrics', 'dns'),
  slicePort: fc.constantFrom(80, 8080, 9100),
});
const ports = fc.uniqueArray(port, {
  minLength: 1,
  maxLength: 3,
  selector: ({ number, protocol }) => `${number}${protocol}`,
});

const endpoint = fc.record({
  pod: fc.nat(PODS.length - 1),
  state: fc.constantFrom('ready', 'ready', 'ready', 'unready', 'terminating', 'gone', 'unsaid'),
  placed: often(85),
  zone: fc.constantFrom('east', 'west'),
  node: fc.nat(NODES.length - 1),
});
type EndpointChoice = typeof endpoint extends fc.Arbitrary<infer T> ? T : never;
const slice = fc.record({
  endpoints: fc.uniqueArray(endpoint, { maxLength: 5, selector: ({ pod }) => pod }),
  hints: fc.constantFrom('none', 'none', 'zones', 'nodes', 'some'),
  /** How many of the Service's ports it knows. */
  ports: fc.constantFrom(3, 3, 3, 1, 0),
});

const CONDITIONS: Record<string, object | undefined> = {
  ready: { ready: true, serving: true, terminating: false },
  unready: { ready: false, serving: false, terminating: false },
  terminating: { ready: false, serving: true, terminating: true },
  gone: { ready: false, serving: false, terminating: true },
  unsaid: {},
};

const front = (at: Addresses, index: number): fc.Arbitrary<Front> =>
  fc
    .record({
      namespace: fc.constantFrom(...NAMESPACES),
      type: fc.constantFrom('ClusterIP', 'NodePort', 'NodePort', 'LoadBalancer'),
      ports,
      labels: fc.option(labels, { freq: 2 }),
      affinity: often(20),
      internal: fc.constantFrom('Cluster', 'Cluster', 'Local'),
      external: fc.constantFrom('Cluster', 'Local'),
      externalIP: often(30),
      ranges: fc.constantFrom<string[]>([], [], [at.nodes], [at.podsOf(0), at.aroundOutside]),
      near: fc.constantFrom(undefined, undefined, 'PreferSameZone', 'PreferSameNode'),
      slices: fc.array(slice, { maxLength: 2 }),
      balanced: often(80),
      replace: often(50),
    })
    .map((of) => {
      const name = `s${index}`;
      const outward = of.type !== 'ClusterIP';
      const portName = (i: number) => (of.ports.length > 1 ? `p${i}` : undefined);
      const service: Service = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: of.namespace },
        spec: {
          type: of.type,
          clusterIP: at.cluster(index),
          ipFamilies: [at.family],
          selector: of.labels ?? undefined,
          ports: of.ports.map(({ number, protocol, target }, i) => ({
            name: portName(i),
            port: number,
            protocol,
            targetPort: target,
            nodePort: outward ? 30_000 + index * 4 + i : undefined,
          })),
          sessionAffinity: of.affinity ? 'ClientIP' : 'None',
          sessionAffinityConfig: of.affinity ? { clientIP: { timeoutSeconds: 20 } } : undefined,
          internalTrafficPolicy: of.internal,
          externalTrafficPolicy: outward || of.externalIP ? of.external : undefined,
          externalIPs: of.externalIP ? [at.external(index)] : undefined,
          loadBalancerSourceRanges: of.type === 'LoadBalancer' && of.ranges.length ? of.ranges : undefined,
          trafficDistribution: of.near,
        },
      };
      return {
        service,
        slices: of.labels ? [] : of.slices.map((one, k) => endpointSlice(at, service, of.ports, one, k)),
        balancer: of.type === 'LoadBalancer' && of.balanced ? [at.balancer(index)] : [],
        replace: of.replace,
      };
    });

function endpointSlice(
  at: Addresses,
  { metadata: { name, namespace }, spec }: Service,
  choices: PortChoice[],
  { endpoints, hints, ports: known }: { endpoints: EndpointChoice[]; hints: string; ports: number },
  k: number,
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-${k}`, namespace, labels: { 'kubernetes.io/service-name': name ?? '' } },
    addressType: at.family,
    ports: (spec?.ports ?? [])
      .slice(0, known)
      .map((one, i) => ({ name: one.name ?? '', protocol: one.protocol, port: choices[i].slicePort })),
    // An address stands in one of a Service's slices only.
    endpoints: endpoints
      .filter(({ pod }) => pod % 2 === k)
      .map(({ pod, state, placed, zone, node }, i) => ({
        // The Pod's address is filled in when it is known.
        addresses: [PODS[pod].name],
        nodeName: placed ? PODS[pod].node : undefined,
        conditions: CONDITIONS[state],
        hints:
          hints === 'none' || (hints === 'some' && i % 2)
            ? undefined
            : { forZones: [{ name: zone }], forNodes: hints === 'nodes' ? [{ name: NODES[node] }] : undefined },
      })),
  };
}

// ---- policies --------------------------------------------------------------------------------------------

const selector: fc.Arbitrary<LabelSelector> = fc.oneof(
  fc.constant({}),
  labels.map((matchLabels) => ({ matchLabels: matchLabels as Record<string, string> })),
  fc
    .record({ operator: fc.constantFrom('In', 'NotIn'), values: fc.uniqueArray(app, { minLength: 1, maxLength: 2 }) })
    .map(({ operator, values }) => ({ matchExpressions: [{ key: 'app', operator, values }] })),
  fc.constantFrom('Exists', 'DoesNotExist').map((operator) => ({ matchExpressions: [{ key: 'tier', operator }] })),
);
const spaces: fc.Arbitrary<LabelSelector> = fc.oneof(
  fc.constant({}),
  fc.constantFrom(...NAMESPACES).map((name) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })),
  fc.constant({ matchLabels: { team: 'colour' } }),
);
const block = (at: Addresses) =>
  fc.constantFrom<NetworkPolicyPeer>(
    { ipBlock: { cidr: at.pods } },
    { ipBlock: { cidr: at.pods, except: [at.podsOf(1)] } },
    { ipBlock: { cidr: at.nodes } },
    { ipBlock: { cidr: at.all, except: [at.podsOf(0), at.secondNode] } },
  );
const peer = (at: Addresses): fc.Arbitrary<NetworkPolicyPeer> =>
  fc.oneof(
    selector.map((podSelector) => ({ podSelector })),
    spaces.map((namespaceSelector) => ({ namespaceSelector })),
    fc.record({ podSelector: selector, namespaceSelector: spaces }),
    block(at),
  );
const policyPort: fc.Arbitrary<NetworkPolicyPort> = fc.oneof(
  fc.record({ protocol: fc.constantFrom('TCP', 'UDP'), port: fc.constantFrom<number | string>(80, 8080, 53, 'web') }),
  fc.record({ port: fc.constantFrom<number | string>(80, 'web', 'metrics') }),
  fc.constantFrom({ port: 80, endPort: 9000 }, { port: 53, endPort: 80 }, { protocol: 'UDP', port: 1, endPort: 65535 }),
  fc.constantFrom({ protocol: 'TCP' }, { protocol: 'UDP' }),
);
const rule = (at: Addresses) =>
  fc.record({
    ports: fc.option(fc.array(policyPort, { maxLength: 2 }), { nil: undefined }),
    peers: fc.option(fc.array(peer(at), { maxLength: 2 }), { nil: undefined }),
  });
const types = fc.constantFrom<string[] | undefined>(undefined, ['Ingress'], ['Egress'], ['Ingress', 'Egress']);

const policy = (at: Addresses, index: number): fc.Arbitrary<NetworkPolicy> =>
  fc
    .record({
      namespace: fc.constantFrom(...NAMESPACES),
      podSelector: selector,
      policyTypes: types,
      ingress: fc.option(fc.array(rule(at), { maxLength: 2 }), { nil: undefined }),
      egress: fc.option(fc.array(rule(at), { maxLength: 2 }), { nil: undefined }),
    })
    .map(({ namespace, podSelector, policyTypes, ingress, egress }) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `n${index}`, namespace },
      spec: {
        podSelector,
        policyTypes,
        ingress: ingress?.map(({ ports: list, peers }) => ({ ports: list, from: peers })),
        egress: egress?.map(({ ports: list, peers }) => ({ ports: list, to: peers })),
      },
    }));

const probe: fc.Arbitrary<Probe> = fc.record({
  from: fc.oneof(
    { weight: 4, arbitrary: fc.record({ pod: fc.nat(PODS.length - 1) }) },
    { weight: 2, arbitrary: fc.record({ node: fc.nat(NODES.length - 1) }) },
    { weight: 2, arbitrary: fc.constant({ outside: true as const }) },
  ),
  service: fc.nat(99),
  port: fc.nat(2),
  to: fc.constantFrom(
    'cluster',
    'cluster',
    'cluster',
    'node',
    'node',
    'bridge',
    'localhost',
    'external',
    'balancer',
    'pod',
  ),
  at: fc.nat(11),
  stray: often(4),
  traced: often(30),
});

const some = <T>(make: (index: number) => fc.Arbitrary<T>, most: number) =>
  fc.integer({ min: 0, max: most }).chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => make(i + 1))));

export const scenario = (at: Addresses): fc.Arbitrary<Scenario> =>
  fc.record({
    fronts: some((index) => front(at, index), 16),
    policies: fc.oneof(
      fc.constant<NetworkPolicy[]>([]),
      some((index) => policy(at, index), 4),
    ),
    probes: fc.array(probe, { minLength: 60, maxLength: 100 }),
  });
