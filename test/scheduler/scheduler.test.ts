import { describe, expect, it } from 'vitest';
import { deployment, pod, requesting, TestCluster, type NodeSpec, type TestOptions } from '../controllers/cluster.ts';
import type { Pod } from '../../engine/api/types.ts';

function start(options: TestOptions = {}): TestCluster {
  const cluster = new TestCluster(options);
  cluster.pass(1000);
  return cluster;
}
/** Creates the Pod, lets it be scheduled and says where to. */
function place(cluster: TestCluster, name: string, spec: object = {}, metadata: object = {}): string | undefined {
  cluster.create(pod(name, spec, metadata));
  cluster.pass(1000);
  return nodeOf(cluster, name);
}
const get = (cluster: TestCluster, name: string) => cluster.get<Pod>('v1', 'pods', name) as Pod;
const nodeOf = (cluster: TestCluster, name: string) => get(cluster, name).spec?.nodeName;
const scheduled = (cluster: TestCluster, name: string) =>
  get(cluster, name).status?.conditions?.find(({ type }) => type === 'PodScheduled');
const cordon = (cluster: TestCluster, name: string, unschedulable: boolean) =>
  cluster.admin.of('v1', 'nodes', false).patch('', name, 'merge', { spec: { unschedulable } });
const zones: NodeSpec[] = ['a', 'a', 'b', 'b'].map((zone, i) => ({
  name: `node-${i + 1}`,
  labels: { 'topology.kubernetes.io/zone': zone },
}));

describe('Pods of one template', () => {
  const scale = (cluster: TestCluster, replicas: number) => {
    cluster.patch('apps/v1', 'deployments', 'web', { spec: { replicas } });
    cluster.pass(1000);
  };
  const perNode = (cluster: TestCluster) => {
    const counts: Record<string, number> = {};
    for (const { spec } of cluster.pods())
      counts[spec?.nodeName ?? 'none'] = (counts[spec?.nodeName ?? 'none'] ?? 0) + 1;
    return counts;
  };
  const web = (cluster: TestCluster, replicas: number, spec: object = requesting('1')) => {
    cluster.create(deployment('web', replicas, {}, spec));
    cluster.pass(1000);
  };
  const node = (cluster: TestCluster, name: string, patch: object) =>
    cluster.admin.of('v1', 'nodes', false).patch('', name, 'merge', patch);

  it('each find the nodes as they are by then: cordoned, tainted, new, full', () => {
    const cluster = start();
    web(cluster, 2);
    expect(perNode(cluster)).toEqual({ 'worker-1': 1, 'worker-2': 1 });
    cordon(cluster, 'worker-1', true);
    scale(cluster, 3);
    expect(perNode(cluster)).toEqual({ 'worker-1': 1, 'worker-2': 2 });
    cordon(cluster, 'worker-1', false);
    node(cluster, 'worker-2', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } });
    scale(cluster, 5);
    expect(perNode(cluster)).toEqual({ 'worker-1': 3, 'worker-2': 2 });
    cluster.addNode({ name: 'worker-3' });
    scale(cluster, 9);
    expect(perNode(cluster)).toEqual({ 'worker-1': 4, 'worker-2': 2, 'worker-3': 3 });
    scale(cluster, 12);
    expect(perNode(cluster)).toEqual({ 'worker-1': 4, 'worker-2': 2, 'worker-3': 4, none: 2 });
  });

  it('heed a Pod that wants none of them near, from its coming to its end', () => {
    const cluster = start();
    web(cluster, 1, {});
    const selector = { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' };
    const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [selector] };
    const alone = place(cluster, 'shy', { affinity: { podAntiAffinity } }) as string;
    scale(cluster, 8);
    expect(cluster.pods().filter(({ spec }) => spec?.nodeName === alone)).toHaveLength(1);
    cluster.admin.of('v1', 'pods').delete('default', 'shy');
    cluster.pass(2000);
    scale(cluster, 12);
    expect(perNode(cluster)[alone]).toBeGreaterThan(1);
  });

  it.each([
    ['many nodes', 120, 150, '500m'],
    ['nodes that fill up', 3, 5, '1'],
  ])('go where Pods that share nothing with each other would go: %s', (_, count, replicas, cpu) => {
    const nodes = Array.from({ length: count }, (_node, i) => ({ name: `node-${i + 1}`, cpu: '2' }));
    const labels = () => ({ app: 'web' });
    const service = (cluster: TestCluster) =>
      cluster.create({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web', namespace: 'default' },
        spec: { selector: labels(), ports: [{ port: 80 }] },
      });
    const template = start({ nodes });
    service(template);
    web(template, replicas, requesting(cpu));
    const single = start({ nodes });
    service(single);
    for (let i = 0; i < replicas; i++) single.create(pod(`p-${i}`, requesting(cpu), { labels: labels() }));
    single.pass(1000);
    const version = ({ metadata }: Pod) => Number(metadata.resourceVersion);
    const bound = (cluster: TestCluster) => cluster.pods().sort((a, b) => version(a) - version(b));
    const places = (cluster: TestCluster) => bound(cluster).map(({ spec }) => spec?.nodeName);
    expect(places(template)).toEqual(places(single));
    const points = (cluster: TestCluster) =>
      bound(cluster).map(({ metadata }) => cluster.scheduler?.explain(`default/${metadata.name}`)?.scored);
    expect(points(template)).toEqual(points(single));
  });

  it('are tried after those of a higher priority that came later', () => {
    const cluster = start();
    cluster.create({
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'high' },
      value: 1000,
    });
    cluster.create(pod('low-1', requesting('3')));
    cluster.create(pod('low-2', requesting('3')));
    cluster.create(pod('high', { ...requesting('3'), priorityClassName: 'high' }));
    cluster.pass(1000);
    expect(['low-1', 'low-2', 'high'].map((name) => nodeOf(cluster, name) !== undefined)).toEqual([true, false, true]);
  });
});

describe('a Pod', () => {
  it('is bound to a node with an event and a condition that say so', () => {
    const cluster = start();
    const node = place(cluster, 'p');
    expect(['worker-1', 'worker-2']).toContain(node);
    expect(cluster.events('Scheduled')).toEqual([`Successfully assigned default/p to ${node}`]);
    expect(scheduled(cluster, 'p')).toMatchObject({ status: 'True' });
  });

  it('that asks for more than any node has says what is short on how many', () => {
    const cluster = start();
    expect(place(cluster, 'huge', requesting('64', '512Gi'))).toBeUndefined();
    const message =
      '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Insufficient memory. ' +
      'no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';
    expect(cluster.events('FailedScheduling')).toEqual([message]);
    expect(scheduled(cluster, 'huge')).toMatchObject({ status: 'False', reason: 'Unschedulable', message });
  });

  it('that would fit on an emptier node hears that nobody can be preempted for it', () => {
    const cluster = start();
    place(cluster, 'a', requesting('3'));
    place(cluster, 'b', requesting('3'));
    place(cluster, 'c', requesting('3'));
    expect(scheduled(cluster, 'c')?.message).toBe(
      '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, ' +
        'preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.',
    );
  });

  it('waits when there are no nodes at all', () => {
    const cluster = start({ nodes: [] });
    place(cluster, 'p');
    expect(scheduled(cluster, 'p')?.message).toBe('no nodes available to schedule pods');
  });

  it('is tried again when a Pod leaves, when a node comes, when a taint goes', () => {
    const cluster = start();
    place(cluster, 'a', requesting('3'));
    place(cluster, 'b', requesting('3'));
    place(cluster, 'c', requesting('3'));
    expect(nodeOf(cluster, 'c')).toBeUndefined();
    const freed = nodeOf(cluster, 'a');
    cluster.admin.of('v1', 'pods').delete('default', 'a');
    cluster.pass(2000);
    expect(nodeOf(cluster, 'c')).toBe(freed);

    place(cluster, 'd', requesting('3'));
    cluster.addNode({ name: 'worker-3' });
    cluster.pass(6000);
    expect(nodeOf(cluster, 'd')).toBe('worker-3');

    place(cluster, 'e', requesting('3'));
    cluster.admin.of('v1', 'nodes', false).patch('', 'cp-1', 'merge', { spec: { taints: null } });
    cluster.pass(6000);
    expect(nodeOf(cluster, 'e')).toBe('cp-1');
  });

  it('is not tried again for changes that cannot help it', () => {
    const cluster = start();
    place(cluster, 'p', { nodeSelector: { disk: 'ssd' } });
    const at = cluster.scheduler?.explain('default/p')?.at;
    place(cluster, 'other');
    cluster.pass(60_000);
    expect(cluster.scheduler?.explain('default/p')?.at).toBe(at);
    cluster.admin.of('v1', 'nodes', false).patch('', 'worker-2', 'merge', { metadata: { labels: { disk: 'ssd' } } });
    cluster.pass(2000);
    expect(nodeOf(cluster, 'p')).toBe('worker-2');
  });

  it('with scheduling gates waits until they are taken away', () => {
    const cluster = start();
    expect(place(cluster, 'p', { schedulingGates: [{ name: 'example.com/wait' }] })).toBeUndefined();
    expect(cluster.events('FailedScheduling')).toEqual([]);
    expect(cluster.scheduler?.waiting()).toEqual([
      { key: 'default/p', queue: 'unschedulable', by: ['SchedulingGates'] },
    ]);
    cluster.admin.of('v1', 'pods').patch('default', 'p', 'merge', { spec: { schedulingGates: null } });
    cluster.pass(1000);
    expect(nodeOf(cluster, 'p')).toBeDefined();
  });

  it('that asks for another scheduler is left to it', () => {
    const cluster = start();
    expect(place(cluster, 'p', { schedulerName: 'mine' })).toBeUndefined();
    expect(get(cluster, 'p').status?.conditions).toBeUndefined();
  });
});

describe('filters', () => {
  const refusal = (cluster: TestCluster, name: string) =>
    /available: (.*?)\. (no new|preemption)/.exec(scheduled(cluster, name)?.message ?? '')?.[1];

  it('keep Pods off cordoned nodes', () => {
    const cluster = start();
    cordon(cluster, 'worker-1', true);
    cluster.pass(100);
    for (const name of ['a', 'b', 'c']) expect(place(cluster, name)).toBe('worker-2');
    cordon(cluster, 'worker-2', true);
    cluster.pass(100);
    place(cluster, 'd');
    expect(refusal(cluster, 'd')).toBe('1 node(s) had untolerated taint(s), 2 node(s) were unschedulable');
  });

  it('let Pods onto tainted nodes that tolerate the taint', () => {
    const cluster = start();
    const tolerations = [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }];
    expect(place(cluster, 'p', { tolerations, nodeSelector: { 'kubernetes.io/hostname': 'cp-1' } })).toBe('cp-1');
  });

  it('follow node selectors and required node affinity', () => {
    const cluster = start({ nodes: zones });
    const inZone = (operator: string, values?: string[]) => ({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator, values }] }],
          },
        },
      },
    });
    expect(['node-3', 'node-4']).toContain(
      place(cluster, 'a', { nodeSelector: { 'topology.kubernetes.io/zone': 'b' } }),
    );
    expect(['node-1', 'node-2']).toContain(place(cluster, 'b', inZone('In', ['a'])));
    expect(['node-3', 'node-4']).toContain(place(cluster, 'c', inZone('NotIn', ['a'])));
    place(cluster, 'd', inZone('DoesNotExist'));
    expect(refusal(cluster, 'd')).toBe("4 node(s) didn't match Pod's node affinity/selector");
  });

  it('count Pods against the limit of the node', () => {
    const cluster = start({ nodes: [{ name: 'tiny', pods: '2' }] });
    place(cluster, 'a');
    place(cluster, 'b');
    place(cluster, 'c');
    expect(refusal(cluster, 'c')).toBe('1 Too many pods');
  });

  it('give a host port to one Pod of a node only', () => {
    const cluster = start();
    const spec = { containers: [{ name: 'main', image: 'nginx', ports: [{ containerPort: 80, hostPort: 8080 }] }] };
    expect(new Set([place(cluster, 'a', spec), place(cluster, 'b', spec)])).toEqual(new Set(['worker-1', 'worker-2']));
    place(cluster, 'c', spec);
    expect(refusal(cluster, 'c')).toBe(
      "1 node(s) had untolerated taint(s), 2 node(s) didn't have free ports for the requested pod ports",
    );
  });

  it('keep Pods apart by required anti-affinity, the existing ones included', () => {
    const cluster = start();
    const apart = {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { app: 'db' } }, topologyKey: 'kubernetes.io/hostname' },
          ],
        },
      },
    };
    const labels = { app: 'db' };
    expect(new Set([place(cluster, 'a', apart, { labels }), place(cluster, 'b', apart, { labels })])).toEqual(
      new Set(['worker-1', 'worker-2']),
    );
    place(cluster, 'c', apart, { labels });
    expect(refusal(cluster, 'c')).toBe(
      "1 node(s) had untolerated taint(s), 2 node(s) didn't match pod anti-affinity rules",
    );
    place(cluster, 'd', {}, { labels });
    expect(refusal(cluster, 'd')).toBe(
      "1 node(s) had untolerated taint(s), 2 node(s) didn't satisfy existing pods anti-affinity rules",
    );
  });

  it('bring Pods together by required affinity, and let the first of a group go anywhere', () => {
    const cluster = start({ nodes: zones });
    const near = (app: string) => ({
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { app } }, topologyKey: 'topology.kubernetes.io/zone' },
          ],
        },
      },
    });
    place(cluster, 'lonely', near('nobody'));
    expect(refusal(cluster, 'lonely')).toBe("4 node(s) didn't match pod affinity rules");
    const first = place(cluster, 'a', near('web'), { labels: { app: 'web' } }) as string;
    const second = place(cluster, 'b', near('web'), { labels: { app: 'web' } }) as string;
    const zone = (name: string) => zones.find((one) => one.name === name)?.labels;
    expect(zone(second)).toEqual(zone(first));
  });

  it('hold the skew of topology spread constraints', () => {
    const cluster = start({ nodes: zones });
    const spread = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
        },
      ],
    };
    cordon(cluster, 'node-3', true);
    cordon(cluster, 'node-4', true);
    cluster.pass(100);
    place(cluster, 'a', spread, { labels: { app: 'web' } });
    place(cluster, 'b', spread, { labels: { app: 'web' } });
    expect(refusal(cluster, 'b')).toBe(
      "2 node(s) didn't match pod topology spread constraints, 2 node(s) were unschedulable",
    );
    cordon(cluster, 'node-3', false);
    cluster.pass(12_000);
    expect(nodeOf(cluster, 'b')).toBe('node-3');
  });
});

describe('scores', () => {
  it('spread the Pods of a Deployment evenly over the nodes', () => {
    const cluster = start({ nodes: zones });
    cluster.create(deployment('web', 12));
    cluster.pass(3000);
    const counts: Record<string, number> = {};
    for (const { spec } of cluster.pods())
      counts[spec?.nodeName as string] = (counts[spec?.nodeName as string] ?? 0) + 1;
    expect(counts).toEqual({ 'node-1': 3, 'node-2': 3, 'node-3': 3, 'node-4': 3 });
  });

  it('prefer the emptier node, and nodes that preferred affinity names', () => {
    const cluster = start();
    cluster.create(pod('big', { ...requesting('3', '6Gi'), nodeName: 'worker-1' }));
    cluster.pass(1000);
    expect(place(cluster, 'a', requesting('100m', '100Mi'))).toBe('worker-2');
    const prefers = (name: string) => ({
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              preference: { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] },
            },
          ],
        },
      },
    });
    expect(place(cluster, 'b', prefers('worker-1'))).toBe('worker-1');
  });

  it('can be asked for afterwards', () => {
    const cluster = start();
    const node = place(cluster, 'p');
    const decision = cluster.scheduler?.explain('default/p');
    expect(decision).toMatchObject({
      result: 'scheduled',
      node,
      filtered: [{ node: 'cp-1', plugin: 'TaintToleration', reasons: ['node(s) had untolerated taint(s)'] }],
    });
    expect(decision?.scored.map((one) => one.node).sort()).toEqual(['worker-1', 'worker-2']);
    const [first] = decision?.scored ?? [];
    const sum = Object.values(first.plugins).reduce((total, { score, weight }) => total + score * weight, 0);
    expect(first.total).toBe(sum);
    expect(first.plugins.NodeResourcesFit.score).toBeGreaterThan(0);
  });
});

describe('priority', () => {
  const classes = (cluster: TestCluster) => {
    for (const [name, value] of [
      ['high', 1000],
      ['low', 10],
    ] as const) {
      cluster.create({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value });
    }
  };

  it('evicts Pods of lower priority where that makes room, and nominates the node', () => {
    const cluster = start();
    classes(cluster);
    place(cluster, 'a', { ...requesting('3'), priorityClassName: 'low' });
    place(cluster, 'b', { ...requesting('3'), priorityClassName: 'high' });
    cluster.create(pod('c', { ...requesting('3'), priorityClassName: 'high' }));
    const victim = nodeOf(cluster, 'a');
    cluster.pass(10);
    expect(get(cluster, 'c').status?.nominatedNodeName).toBe(victim);
    expect(get(cluster, 'a').metadata.deletionTimestamp).toBeDefined();
    expect(get(cluster, 'a').status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      reason: 'PreemptionByScheduler',
    });
    expect(cluster.events('Preempted')).toEqual([
      `Preempted by pod ${get(cluster, 'c').metadata.uid} on node ${victim}`,
    ]);
    cluster.pass(5000);
    expect(nodeOf(cluster, 'c')).toBe(victim);
  });

  it('does not evict for a Pod whose policy is Never', () => {
    const cluster = start();
    classes(cluster);
    cluster.create({
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'polite' },
      value: 1000,
      preemptionPolicy: 'Never',
    });
    place(cluster, 'a', { ...requesting('3'), priorityClassName: 'low' });
    place(cluster, 'b', { ...requesting('3'), priorityClassName: 'low' });
    place(cluster, 'c', { ...requesting('3'), priorityClassName: 'polite' });
    expect(scheduled(cluster, 'c')?.message).toContain('preemption: not eligible due to preemptionPolicy=Never.');
    expect(cluster.events('Preempted')).toEqual([]);
  });

  it('lets the more important of two waiting Pods go first', () => {
    const cluster = start({ nodes: [] });
    classes(cluster);
    cluster.create(pod('low', { ...requesting('3'), priorityClassName: 'low' }));
    cluster.create(pod('high', { ...requesting('3'), priorityClassName: 'high' }));
    cluster.pass(1000);
    cluster.addNode({ name: 'only' });
    cluster.pass(20_000);
    expect(nodeOf(cluster, 'high')).toBe('only');
    expect(nodeOf(cluster, 'low')).toBeUndefined();
  });
});
