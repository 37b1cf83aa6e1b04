import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodSpec } from '../../engine/api/types.ts';
import { startNode, type TestNode } from './node.ts';

const sleeper = (more: Partial<PodSpec> = {}, container: object = {}): Partial<PodSpec> => ({
  containers: [{ name: 'c', image: 'busybox', command: ['sleep', '1h'], ...container }],
  ...more,
});
const statusOf = (node: TestNode, name: string) => node.pod(name).status;
const patchNode = (node: TestNode, patch: object) =>
  node.client.of<Node>('v1', 'nodes', false).patch('', 'worker-1', 'merge', patch);

describe('a Pod that somebody has bound to the wrong node', () => {
  it('is rejected by its node selector', () => {
    const node = startNode();
    node.create('picky', sleeper({ nodeSelector: { disk: 'ssd' } }));
    node.wait(3);
    expect(statusOf(node, 'picky')).toMatchObject({
      phase: 'Failed',
      reason: 'NodeAffinity',
      message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    });
    patchNode(node, { metadata: { labels: { disk: 'ssd' } } });
    node.create('content', sleeper({ nodeSelector: { disk: 'ssd' } }));
    node.wait(10);
    expect(statusOf(node, 'content')?.phase).toBe('Running');
  });

  it('is rejected for a host port that is taken, as long as it is', () => {
    const node = startNode();
    const ports = { ports: [{ containerPort: 80, hostPort: 8080 }] };
    node.create('first', sleeper({}, ports));
    node.wait(5);
    node.create('second', sleeper({}, ports));
    node.wait(3);
    expect(statusOf(node, 'second')).toMatchObject({
      reason: 'NodePorts',
      message:
        "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    });
    node.remove('first', 1);
    node.wait(5);
    node.create('third', sleeper({}, ports));
    node.wait(5);
    expect(statusOf(node, 'third')?.phase).toBe('Running');
  });

  it('is rejected by a taint NoExecute, not by NoSchedule', () => {
    const node = startNode();
    patchNode(node, { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } });
    node.create('placed', sleeper());
    node.wait(5);
    patchNode(node, { spec: { taints: [{ key: 'b', effect: 'NoExecute' }] } });
    node.create('late', sleeper());
    node.create('tolerant', sleeper({ tolerations: [{ operator: 'Exists' }] }));
    node.wait(5);
    expect(statusOf(node, 'placed')?.phase).toBe('Running');
    expect(statusOf(node, 'tolerant')?.phase).toBe('Running');
    expect(statusOf(node, 'late')).toMatchObject({ phase: 'Failed', reason: 'TaintToleration' });
  });
});

describe('a critical Pod on a full node', () => {
  const asking = (cpu: string, limits = false) => ({
    resources: limits ? { requests: { cpu, memory: '64Mi' }, limits: { cpu, memory: '64Mi' } } : { requests: { cpu } },
  });
  const manifest = (cpu: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'vital' },
    spec: sleeper({}, asking(cpu)),
  });
  const place = (node: TestNode, cpu: string) => {
    const { fs } = node.kubelet.machine;
    fs.mkdir('/etc/kubernetes/manifests', { recursive: true });
    fs.writeFile('/etc/kubernetes/manifests/vital.json', JSON.stringify(manifest(cpu)));
    node.wait(30);
  };

  it('gets room from Pods that promise less, as few as can be', () => {
    const node = startNode();
    node.create('guaranteed', sleeper({ terminationGracePeriodSeconds: 1 }, asking('1', true)));
    node.create('small', sleeper({ terminationGracePeriodSeconds: 1 }, asking('500m')));
    node.create('large', sleeper({ terminationGracePeriodSeconds: 1 }, asking('2')));
    node.wait(5);
    place(node, '2');
    expect(statusOf(node, 'large')).toMatchObject({
      phase: 'Failed',
      reason: 'Preempting',
      message: 'Preempted in order to admit critical pod',
    });
    expect(node.events('large')).toContain('Preempting: Preempted in order to admit critical pod');
    expect(statusOf(node, 'small')?.phase).toBe('Running');
    expect(statusOf(node, 'guaranteed')?.phase).toBe('Running');
    expect(statusOf(node, 'vital-worker-1')?.phase).toBe('Running');
  });

  it('is rejected where no Pods could give enough', () => {
    const node = startNode();
    place(node, '9');
    expect(statusOf(node, 'vital-worker-1')).toMatchObject({ phase: 'Failed', reason: 'UnexpectedAdmissionError' });
    expect(statusOf(node, 'vital-worker-1')?.message).toContain(
      'no set of running pods found to reclaim resources: [(res: cpu, q: 5000), ]',
    );
  });
});

describe('a mount that is read-only all the way down', () => {
  it('is reported as it turned out', () => {
    const node = startNode();
    const mount = (name: string, recursiveReadOnly?: string) => ({
      name,
      mountPath: `/${name}`,
      readOnly: true,
      recursiveReadOnly,
    });
    node.create('box', {
      ...sleeper(
        { volumes: ['a', 'b', 'c'].map((name) => ({ name, emptyDir: {} })) },
        { volumeMounts: [mount('a'), mount('b', 'Enabled'), mount('c', 'IfPossible')] },
      ),
    } as Pod['spec'] as PodSpec);
    node.wait(10);
    const mounts = statusOf(node, 'box')?.containerStatuses?.[0].volumeMounts ?? [];
    expect(mounts.map(({ recursiveReadOnly }) => recursiveReadOnly).slice(0, 3)).toEqual([
      'Disabled',
      'Enabled',
      'Enabled',
    ]);
  });
});
