import { describe, expect, it } from 'vitest';
import type { Lease, Node } from '../../engine/api/types.ts';
import { untilSignal } from '../../engine/images/service.ts';
import { LineReader, type Program } from '../../engine/linux/index.ts';
import { imageOf, startNode, type TestNode } from './node.ts';

const nodeOf = (node: TestNode) => node.client.of<Node>('v1', 'nodes', false).get('', 'worker-1');
const readyOf = (node: TestNode) => nodeOf(node).status?.conditions?.find(({ type }) => type === 'Ready');

describe('the Node object', () => {
  it('is registered with labels, capacity, addresses and system information', () => {
    const { metadata, status } = nodeOf(startNode());
    expect(metadata?.labels).toEqual({
      'beta.kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': 'worker-1',
      'kubernetes.io/os': 'linux',
    });
    expect(status?.capacity).toMatchObject({ cpu: '4', memory: '8148000Ki', pods: '110' });
    expect(status?.allocatable).toMatchObject({ memory: '8045600Ki', 'ephemeral-storage': '91083486262' });
    expect(status?.addresses).toEqual([
      { type: 'InternalIP', address: '10.0.0.11' },
      { type: 'Hostname', address: 'worker-1' },
    ]);
    expect(status?.nodeInfo).toMatchObject({
      kubeletVersion: 'v1.35.0',
      containerRuntimeVersion: 'containerd://2.1.5',
    });
  });

  it('is not ready before it has addresses for Pods, and says why', () => {
    const node = startNode({ podCIDR: false });
    expect(readyOf(node)).toMatchObject({ status: 'False', reason: 'KubeletNotReady' });
    expect(readyOf(node)?.message).toContain('cni plugin not initialized');
    node.client.of('v1', 'nodes', false).patch('', 'worker-1', 'merge', { spec: { podCIDR: '10.244.9.0/24' } });
    node.wait(1);
    expect(readyOf(node)).toMatchObject({
      status: 'True',
      reason: 'KubeletReady',
      message: 'kubelet is posting ready status',
    });
  });

  it('has a Lease that is renewed every ten seconds while the kubelet runs', () => {
    const node = startNode();
    const renewed = () =>
      node.client.of<Lease>('coordination.k8s.io/v1', 'leases').get('kube-node-lease', 'worker-1').spec?.renewTime;
    const first = renewed();
    node.wait(10);
    const second = renewed();
    expect(second).not.toBe(first);
    node.kubelet.stop();
    node.wait(60);
    expect(renewed()).toBe(second);
  });

  it('tells by an event that it was cordoned, and that it was not any more', () => {
    const node = startNode();
    const cordon = (unschedulable: boolean | null) =>
      node.client.of<Node>('v1', 'nodes', false).patch('', 'worker-1', 'merge', { spec: { unschedulable } });
    cordon(true);
    node.wait(15);
    expect(node.events('worker-1')).toContain('NodeNotSchedulable: Node worker-1 status is now: NodeNotSchedulable');
    cordon(null);
    node.wait(15);
    expect(node.events('worker-1')).toContain('NodeSchedulable: Node worker-1 status is now: NodeSchedulable');
  });

  it('is reported again every five minutes when nothing changes', () => {
    const node = startNode();
    const before = readyOf(node)?.lastHeartbeatTime;
    node.wait(200);
    expect(readyOf(node)?.lastHeartbeatTime).toBe(before);
    node.wait(120);
    expect(readyOf(node)?.lastHeartbeatTime).not.toBe(before);
  });
});

const talker: Program = function* (process) {
  process.stdout.write('one\ntwo\n');
  process.stderr.write('three\n');
  yield 5000;
  process.stdout.write('four\nfive');
  yield* untilSignal(process);
  return 0;
};
const echo: Program = function* (process) {
  const lines = new LineReader(process.stdin);
  for (let line = yield* lines.line(); line !== undefined; line = yield* lines.line())
    process.stdout.write(`got ${line}\n`);
  return 7;
};
const repositories = [
  imageOf('talker', talker),
  imageOf('echo', echo, { programs: { '/main': echo, '/bin/echoes': echo } }),
];

describe('logs, exec and attach', () => {
  const running = () => {
    const node = startNode({ repositories });
    node.create('app', { containers: [{ name: 'main', image: 'test/talker:1' }] });
    node.wait(4);
    return node;
  };

  it('logs give both streams in order, the last lines, times and what follows', () => {
    const node = running();
    expect(node.logs('app', 'main')).toBe('one\ntwo\nthree\n');
    expect(node.logs('app', 'main', { tailLines: 1 })).toBe('three\n');
    const stamped = node.kubelet.logs('default', 'app', 'main', { follow: false, previous: false, timestamps: true });
    expect(stamped.take()).toMatch(/^2026-01-05T09:00:0\d\.\d{9}Z one\n/);
    const followed = node.kubelet.logs('default', 'app', 'main', {
      follow: true,
      previous: false,
      timestamps: false,
      tailLines: 0,
    });
    node.wait(6);
    expect(followed.take()).toBe('four\n');
    node.remove('app');
    node.wait(3);
    expect(followed.take()).toBe('five');
    expect(followed.ended).toBe(true);
  });

  it('logs of a container that has not started say what it waits for', () => {
    const node = startNode({ repositories });
    node.create('app', { containers: [{ name: 'main', image: 'nginx:1.161' }] });
    node.wait(0.1);
    expect(() => node.logs('app', 'main')).toThrow(
      'container "main" in pod "app" is waiting to start: ContainerCreating',
    );
    node.wait(5);
    expect(() => node.logs('app', 'main')).toThrow(
      'container "main" in pod "app" is waiting to start: trying and failing to pull image',
    );
    expect(() => node.logs('app', 'main', { previous: true })).toThrow(
      'previous terminated container "main" in pod "app" not found',
    );
  });

  it('exec runs a program in the container with its input and hands back its status', () => {
    const node = startNode({ repositories });
    node.create('app', { containers: [{ name: 'main', image: 'test/echo:1', stdin: true }] });
    node.wait(4);
    const session = node.kubelet.exec('default', 'app', 'main', ['echoes'], { stdin: true, tty: false });
    session.stdin?.write('a\nb\n');
    session.stdin?.end();
    node.wait(1);
    expect(session.stdout.take()).toBe('got a\ngot b\n');
    expect(session.exitCode).toBe(7);
  });

  it('exec of what is not there gives the runtime’s words', () => {
    const node = running();
    expect(node.exec('app', 'main', ['nope']).error).toMatch(
      /^Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "[0-9a-f]{64}": OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in \$PATH$/,
    );
    const other = node.kubelet.exec('default', 'app', 'other', ['x'], { stdin: false, tty: false });
    expect(other.error).toBe('unable to upgrade connection: container not found ("other")');
  });

  it('attach talks to the main process', () => {
    const node = startNode({ repositories });
    node.create('app', { containers: [{ name: 'main', image: 'test/echo:1', stdin: true }], restartPolicy: 'Never' });
    node.wait(4);
    const session = node.kubelet.attach('default', 'app', 'main', { stdin: true, tty: false });
    session.stdin?.write('hi\n');
    node.wait(1);
    expect(session.stdout.take()).toBe('got hi\n');
    session.stdin?.end();
    node.wait(3);
    expect(session.exitCode).toBe(7);
  });
});
