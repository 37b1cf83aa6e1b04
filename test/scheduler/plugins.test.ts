// What each plug-in says of nodes, against numbers worked out by hand from upstream's formulas.

import { describe, expect, test } from 'vitest';
import { Cache } from '../../engine/scheduler/cache.ts';
import type { CycleState, Handle, Plugin } from '../../engine/scheduler/framework.ts';
import { PodInfo } from '../../engine/scheduler/pod-info.ts';
import { imageLocality } from '../../engine/scheduler/plugins/image-locality.ts';
import { interPodAffinity } from '../../engine/scheduler/plugins/inter-pod-affinity.ts';
import { nodeAffinity } from '../../engine/scheduler/plugins/node-affinity.ts';
import { nodeName } from '../../engine/scheduler/plugins/node-name.ts';
import { nodePorts } from '../../engine/scheduler/plugins/node-ports.ts';
import { nodeResourcesBalancedAllocation } from '../../engine/scheduler/plugins/node-resources-balanced-allocation.ts';
import { nodeResourcesFit } from '../../engine/scheduler/plugins/node-resources-fit.ts';
import { nodeUnschedulable } from '../../engine/scheduler/plugins/node-unschedulable.ts';
import { podTopologySpread } from '../../engine/scheduler/plugins/pod-topology-spread.ts';
import { taintToleration } from '../../engine/scheduler/plugins/taint-toleration.ts';
import { PRESENT, waysOf } from '../../engine/scheduler/release.ts';
import type { Node, Pod, PodSpec } from '../../engine/api/types.ts';

const ZONE = 'topology.kubernetes.io/zone';
const MB = 1024 * 1024;

type Nodes = Record<string, { labels?: Record<string, string>; spec?: object; status?: object }>;
type Pods = Record<string, { node: string; labels?: Record<string, string>; spec?: Partial<PodSpec> }>;

const podOf = (name: string, spec: object = {}, labels: Record<string, string> = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: name, labels },
    spec: { containers: [{ name: 'c', image: 'app:1' }], ...spec },
  }) as Pod;

function world(nodes: Nodes, pods: Pods = {}): { handle: Handle; cache: Cache } {
  const cache = new Cache();
  for (const [name, { labels = {}, spec = {}, status = {} }] of Object.entries(nodes)) {
    const allocatable = { cpu: '4', memory: '8Gi', pods: '110' };
    cache.setNode({
      metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
      spec,
      status: { allocatable, ...status },
    } as Node);
  }
  for (const [name, { node, labels, spec }] of Object.entries(pods))
    cache.setPod(podOf(name, { ...spec, nodeName: node }, labels), `default/${name}`);
  const handle: Handle = {
    nodes: cache.nodes(),
    node: (name) => cache.node(name),
    counts: (query) => cache.counts(query),
    wake: () => {},
    happened: () => {},
    eachNamespace: (visit) => visit('default', {}),
  };
  return { handle, cache };
}

/** Each node's points after normalising; undefined when the plug-in has nothing to say. */
function points(make: (handle: Handle) => Plugin, nodes: Nodes, pods: Pods, pod: Pod) {
  const { handle } = world(nodes, pods);
  const plugin = make(handle);
  const info = new PodInfo(pod);
  const state: CycleState = new Map();
  if (plugin.preScore?.(info, handle.nodes, state)) return undefined;
  const scores = handle.nodes.map((node) => plugin.score?.(info, node, state) ?? 0);
  plugin.normalize?.(info, scores, handle.nodes, state);
  return Object.fromEntries(handle.nodes.map(({ name }, i) => [name, scores[i]]));
}

/** Each node's refusal, its first word being the code; '' where the Pod may go. */
function refusals(make: (handle: Handle) => Plugin, nodes: Nodes, pods: Pods, pod: Pod) {
  const { handle } = world(nodes, pods);
  const plugin = make(handle);
  const info = new PodInfo(pod);
  const state: CycleState = new Map();
  const before = plugin.preFilter?.(info, state);
  return Object.fromEntries(
    handle.nodes.map((node) => {
      if (before) return [node.name, before.code];
      const status = plugin.filter?.(info, node, state);
      return [node.name, status ? `${status.code}: ${status.reasons.join(', ')}` : ''];
    }),
  );
}

const taint = (key: string, effect: string) => ({ key, effect });
const ways = waysOf(PRESENT);

describe('points', () => {
  test('TaintToleration: none for the node with the most taints that the Pod would rather avoid', () => {
    const nodes: Nodes = {
      none: {},
      one: { spec: { taints: [taint('a', 'PreferNoSchedule')] } },
      two: { spec: { taints: [taint('a', 'PreferNoSchedule'), taint('b', 'PreferNoSchedule')] } },
      hard: { spec: { taints: [taint('a', 'NoSchedule')] } },
    };
    const plugin = () => taintToleration(ways);
    expect(points(plugin, nodes, {}, podOf('p'))).toEqual({ none: 100, one: 50, two: 0, hard: 100 });
    const tolerating = podOf('p', { tolerations: [{ key: 'b', operator: 'Exists' }] });
    expect(points(plugin, nodes, {}, tolerating)).toEqual({ none: 100, one: 0, two: 0, hard: 100 });
  });

  test('NodeAffinity: the share of the greatest sum of weights', () => {
    const nodes: Nodes = {
      none: {},
      ssd: { labels: { disk: 'ssd' } },
      fast: { labels: { net: 'fast' } },
      both: { labels: { disk: 'ssd', net: 'fast' } },
    };
    const prefer = (weight: number, key: string, value: string) => ({
      weight,
      preference: { matchExpressions: [{ key, operator: 'In', values: [value] }] },
    });
    const pod = podOf('p', {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [prefer(10, 'disk', 'ssd'), prefer(30, 'net', 'fast')],
        },
      },
    });
    expect(points(() => nodeAffinity, nodes, {}, pod)).toEqual({ none: 0, ssd: 25, fast: 75, both: 100 });
    expect(points(() => nodeAffinity, nodes, {}, podOf('q'))).toBeUndefined();
  });

  test('NodeResourcesBalancedAllocation: 100 less the deviation of the shares', () => {
    const asks = (cpu: string, memory: string) => ({
      containers: [{ name: 'c', image: 'app:1', resources: { requests: { cpu, memory } } }],
    });
    const nodes: Nodes = { empty: {}, even: {}, uneven: {} };
    const used: Pods = {
      a: { node: 'even', spec: asks('1', '2Gi') },
      b: { node: 'uneven', spec: asks('2', '0') },
    };
    // With the Pod: 1/4 and 1/8 → 0.0625 apart from the middle; 2/4 and 3/8 → 0.0625; 3/4 and 1/8 → 0.3125.
    expect(points(() => nodeResourcesBalancedAllocation(), nodes, used, podOf('p', asks('1', '1Gi')))).toEqual({
      empty: 93,
      even: 93,
      uneven: 68,
    });
    // 1/4 and 1/4.
    expect(points(() => nodeResourcesBalancedAllocation(), nodes, {}, podOf('p', asks('1', '2Gi')))).toEqual({
      empty: 100,
      even: 100,
      uneven: 100,
    });
    expect(points(() => nodeResourcesBalancedAllocation(), nodes, used, podOf('p'))).toBeUndefined();
  });

  test('ImageLocality: by size, damped by the share of nodes that have the image', () => {
    const having = (size: number) => ({ status: { images: [{ names: ['app:1'], sizeBytes: size }], allocatable: {} } });
    // floor(100 × (300 MB × 2/4 − 23 MB) / (1,000 MB − 23 MB)) = 12; a small image is worth nothing.
    expect(points(imageLocality, { a: having(300 * MB), b: having(300 * MB), c: {}, d: {} }, {}, podOf('p'))).toEqual({
      a: 12,
      b: 12,
      c: 0,
      d: 0,
    });
    expect(points(imageLocality, { a: having(20 * MB), b: {} }, {}, podOf('p'))).toEqual({ a: 0, b: 0 });
    expect(points(imageLocality, { a: having(5000 * MB) }, {}, podOf('p'))).toEqual({ a: 100 });
  });

  const zones: Nodes = {
    a: { labels: { [ZONE]: 'a' } },
    b: { labels: { [ZONE]: 'b' } },
    nowhere: {},
  };
  const web = { app: 'web' };
  const threeToOne: Pods = {
    w1: { node: 'a', labels: web },
    w2: { node: 'a', labels: web },
    w3: { node: 'a', labels: web },
    w4: { node: 'b', labels: web },
    other: { node: 'b', labels: { app: 'db' } },
  };

  test('InterPodAffinity: from the fewest to the most wanted neighbours', () => {
    const near = (weight: number) => ({
      weight,
      podAffinityTerm: { topologyKey: ZONE, labelSelector: { matchLabels: web } },
    });
    const preferring = (kind: string) =>
      podOf('p', { affinity: { [kind]: { preferredDuringSchedulingIgnoredDuringExecution: [near(10)] } } });
    // Raw 30, 10 and 0; with anti-affinity −30, −10 and 0.
    expect(points(interPodAffinity, zones, threeToOne, preferring('podAffinity'))).toEqual({
      a: 100,
      b: 33,
      nowhere: 0,
    });
    expect(points(interPodAffinity, zones, threeToOne, preferring('podAntiAffinity'))).toEqual({
      a: 0,
      b: 66,
      nowhere: 100,
    });
  });

  test('PodTopologySpread: fewer Pods, weighed by the logarithm of the number of domains', () => {
    const constraint = (topologyKey: string, maxSkew = 1) => ({
      topologyKey,
      maxSkew,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: web },
    });
    const spread = (handle: Handle) => podTopologySpread(handle, () => undefined);
    // ln(2 + 2) = 1.386: a round(4.16) = 4, b round(1.39) = 1, so 100 × (4 + 1 − x) / 4; a node without the label gets nothing.
    const pod = podOf('p', { topologySpreadConstraints: [constraint(ZONE)] }, web);
    expect(points(spread, zones, threeToOne, pod)).toEqual({ a: 25, b: 100, nowhere: 0 });
    // A greater maxSkew adds to all alike: 3 × 1.386 + 4 → 8, 1.386 + 4 → 5.
    const lax = podOf('p', { topologySpreadConstraints: [constraint(ZONE, 5)] }, web);
    expect(points(spread, zones, threeToOne, lax)).toEqual({ a: 62, b: 100, nowhere: 0 });
    expect(points(spread, zones, threeToOne, podOf('p', {}, web))).toBeUndefined();
  });
});

describe('refusals', () => {
  test('NodeUnschedulable and NodeName', () => {
    const nodes: Nodes = { open: {}, cordoned: { spec: { unschedulable: true } } };
    const cordoned = 'UnschedulableAndUnresolvable: node(s) were unschedulable';
    expect(refusals(() => nodeUnschedulable, nodes, {}, podOf('p'))).toEqual({ open: '', cordoned });
    const tolerating = { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] };
    expect(refusals(() => nodeUnschedulable, nodes, {}, podOf('p', tolerating))).toEqual({ open: '', cordoned: '' });
    expect(refusals(() => nodeName, nodes, {}, podOf('p', { nodeName: 'cordoned' }))).toEqual({
      open: "UnschedulableAndUnresolvable: node(s) didn't match the requested node name",
      cordoned: '',
    });
  });

  test('NodePorts: one Pod for a port, protocol and address', () => {
    const port = (hostPort: number, rest: object = {}) => ({
      containers: [{ name: 'c', image: 'app:1', ports: [{ containerPort: 80, hostPort, ...rest }] }],
    });
    const nodes: Nodes = { any: {}, one: {}, free: {} };
    const used: Pods = {
      x: { node: 'any', spec: port(80) },
      y: { node: 'one', spec: port(80, { hostIP: '10.0.0.1' }) },
    };
    const taken = "Unschedulable: node(s) didn't have free ports for the requested pod ports";
    const ask = (rest: object) => refusals(() => nodePorts, nodes, used, podOf('p', port(80, rest)));
    expect(ask({})).toEqual({ any: taken, one: taken, free: '' });
    expect(ask({ hostIP: '10.0.0.2' })).toEqual({ any: taken, one: '', free: '' });
    expect(ask({ protocol: 'UDP' })).toEqual({ any: '', one: '', free: '' });
  });

  test('NodeResourcesFit: everything that is short, and whether the node could ever hold it', () => {
    const asks = (requests: Record<string, string>) => ({
      containers: [{ name: 'c', image: 'app:1', resources: { requests } }],
    });
    const nodes: Nodes = {
      empty: {},
      busy: {},
      full: { status: { allocatable: { cpu: '4', memory: '8Gi', pods: '1' } } },
    };
    const used: Pods = { x: { node: 'busy', spec: asks({ cpu: '3' }) }, y: { node: 'full' } };
    const ask = (requests: Record<string, string>) =>
      refusals(() => nodeResourcesFit(), nodes, used, podOf('p', asks(requests)));
    expect(ask({ cpu: '2' })).toEqual({
      empty: '',
      busy: 'Unschedulable: Insufficient cpu',
      full: 'Unschedulable: Too many pods',
    });
    expect(ask({ cpu: '5', memory: '9Gi', 'example.com/gpu': '1' })).toMatchObject({
      empty: 'UnschedulableAndUnresolvable: Insufficient cpu, Insufficient memory, Insufficient example.com/gpu',
    });
  });

  test('PodTopologySpread: no domain more than maxSkew above the least', () => {
    const nodes: Nodes = { a: { labels: { [ZONE]: 'a' } }, b: { labels: { [ZONE]: 'b' } }, nowhere: {} };
    const web = { app: 'web' };
    const pods: Pods = {
      w1: { node: 'a', labels: web },
      w2: { node: 'a', labels: web },
      w3: { node: 'b', labels: web },
    };
    const pod = (maxSkew: number, rest: object = {}) =>
      podOf(
        'p',
        {
          topologySpreadConstraints: [
            {
              topologyKey: ZONE,
              maxSkew,
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: { matchLabels: web },
              ...rest,
            },
          ],
        },
        web,
      );
    const spread = (handle: Handle) => podTopologySpread(handle, () => undefined);
    const skewed = "Unschedulable: node(s) didn't match pod topology spread constraints";
    const nowhere =
      "UnschedulableAndUnresolvable: node(s) didn't match pod topology spread constraints (missing required label)";
    expect(refusals(spread, nodes, pods, pod(1))).toEqual({ a: skewed, b: '', nowhere });
    expect(refusals(spread, nodes, pods, pod(2))).toEqual({ a: '', b: '', nowhere });
    // With fewer domains than minDomains the least counts as nothing: 1 + 1 − 0 > 1.
    expect(refusals(spread, nodes, pods, pod(1, { minDomains: 3 }))).toEqual({ a: skewed, b: skewed, nowhere });
  });

  test('InterPodAffinity: required neighbours, unwanted ones, and those who do not want the Pod', () => {
    const nodes: Nodes = { a: { labels: { [ZONE]: 'a' } }, b: { labels: { [ZONE]: 'b' } } };
    const term = (app: string) => ({ topologyKey: ZONE, labelSelector: { matchLabels: { app } } });
    const wants = (kind: string, app: string) => ({
      affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [term(app)] } },
    });
    const pods: Pods = { db: { node: 'a', labels: { app: 'db' } } };
    expect(refusals(interPodAffinity, nodes, pods, podOf('p', wants('podAffinity', 'db')))).toEqual({
      a: '',
      b: "UnschedulableAndUnresolvable: node(s) didn't match pod affinity rules",
    });
    expect(refusals(interPodAffinity, nodes, pods, podOf('p', wants('podAntiAffinity', 'db')))).toEqual({
      a: "Unschedulable: node(s) didn't match pod anti-affinity rules",
      b: '',
    });
    const shy: Pods = { shy: { node: 'b', labels: { app: 'shy' }, spec: wants('podAntiAffinity', 'web') } };
    expect(refusals(interPodAffinity, nodes, shy, podOf('p', {}, { app: 'web' }))).toEqual({
      a: '',
      b: "Unschedulable: node(s) didn't satisfy existing pods anti-affinity rules",
    });
  });
});
