import { describe, expect, it } from 'vitest';
import { timestamp } from '../../engine/client/index.ts';
import { deployment, pod, TestCluster } from './cluster.ts';
import type { Node, Pod } from '../../engine/api/types.ts';

const node = (cluster: TestCluster, name: string) => cluster.admin.of<Node>('v1', 'nodes', false).get('', name);
const ready = (cluster: TestCluster, name: string) =>
  node(cluster, name).status?.conditions?.find(({ type }) => type === 'Ready');
const taints = (cluster: TestCluster, name: string) =>
  (node(cluster, name).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();

describe('a node', () => {
  it('gets a range of Pod addresses of its own', () => {
    const cluster = new TestCluster();
    cluster.pass(100);
    expect(['cp-1', 'worker-1', 'worker-2'].map((name) => node(cluster, name).spec?.podCIDR)).toEqual([
      '10.244.0.0/24',
      '10.244.1.0/24',
      '10.244.2.0/24',
    ]);
  });

  it('is marked unknown 50 s after its last sign of life, and its Pods unready', () => {
    const cluster = new TestCluster();
    cluster.pass(1000);
    cluster.create(deployment('web', 2));
    cluster.pass(29_000);
    const name = cluster.pods()[0].spec?.nodeName as string;
    cluster.silent.add(name);
    cluster.pass(45_000);
    expect(ready(cluster, name)?.status).toBe('True');
    cluster.pass(15_000);
    expect(ready(cluster, name)).toMatchObject({
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    expect(taints(cluster, name)).toEqual([
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
    const lost = cluster.pods().filter(({ spec }) => spec?.nodeName === name);
    expect(
      lost.every((one) => one.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'False')),
    ).toBe(true);
    expect(cluster.events('NodeNotReady')).toContain(`Node ${name} status is now: NodeNotReady`);
  });

  it('that stays away loses its Pods after their 300 seconds, and they start elsewhere', () => {
    const cluster = new TestCluster();
    cluster.pass(1000);
    cluster.create(deployment('web', 2));
    cluster.pass(29_000);
    cluster.silent.add('worker-1');
    cluster.pass(330_000);
    expect(cluster.events('TaintManagerEviction')).toEqual([]);
    cluster.pass(50_000);
    const gone = cluster.pods().filter(({ metadata }) => metadata.deletionTimestamp);
    expect(gone.map(({ spec }) => spec?.nodeName)).toEqual(['worker-1']);
    expect(cluster.events('TaintManagerEviction')).toEqual([
      `Marking for deletion Pod default/${gone[0].metadata.name}`,
    ]);
    const alive = cluster.pods().filter(({ metadata }) => !metadata.deletionTimestamp);
    expect(alive.map(({ spec }) => spec?.nodeName)).toEqual(['worker-2', 'worker-2']);
  });

  it('that comes back keeps its Pods and loses its taints', () => {
    const cluster = new TestCluster();
    cluster.pass(1000);
    cluster.create(deployment('web', 2));
    cluster.pass(29_000);
    cluster.silent.add('worker-1');
    cluster.pass(100_000);
    cluster.silent.delete('worker-1');
    const condition = {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      lastHeartbeatTime: timestamp(cluster.sim.now),
    };
    cluster.admin
      .of('v1', 'nodes', false)
      .patch('', 'worker-1', 'strategic', { status: { conditions: [condition] } }, 'status');
    cluster.pass(400_000);
    expect(taints(cluster, 'worker-1')).toEqual([]);
    expect(cluster.pods()).toHaveLength(2);
    expect(cluster.pods().every(({ metadata }) => !metadata.deletionTimestamp)).toBe(true);
  });

  it('that is cordoned carries the taint for it', () => {
    const cluster = new TestCluster();
    cluster.admin.of('v1', 'nodes', false).patch('', 'worker-1', 'merge', { spec: { unschedulable: true } });
    cluster.pass(100);
    expect(taints(cluster, 'worker-1')).toEqual(['node.kubernetes.io/unschedulable:NoSchedule']);
    cluster.admin.of('v1', 'nodes', false).patch('', 'worker-1', 'merge', { spec: { unschedulable: null } });
    cluster.pass(100);
    expect(taints(cluster, 'worker-1')).toEqual([]);
  });
});

describe('a NoExecute taint', () => {
  const taint = (cluster: TestCluster, name: string) =>
    cluster.admin
      .of('v1', 'nodes', false)
      .patch('', name, 'merge', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoExecute' }] } });
  const tolerating = (seconds?: number) => ({
    tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }],
    nodeName: 'worker-1',
  });

  it('drives out at once who does not tolerate it, later who does for a time, never who does for good', () => {
    const cluster = new TestCluster();
    cluster.pass(100);
    cluster.create(pod('none', { nodeName: 'worker-1' }));
    cluster.create(pod('a-while', tolerating(60)));
    cluster.create(pod('always', tolerating()));
    cluster.pass(2000);
    taint(cluster, 'worker-1');
    cluster.pass(5000);
    const names = () => cluster.list<Pod>('v1', 'pods').map(({ metadata }) => metadata.name);
    expect(names()).toEqual(['a-while', 'always']);
    cluster.pass(60_000);
    expect(names()).toEqual(['always']);
  });
});
