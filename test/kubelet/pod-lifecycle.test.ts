import { describe, expect, it } from 'vitest';
import type { Program } from '../../engine/linux/index.ts';
import { untilSignal } from '../../engine/images/service.ts';
import { conditionsOf, imageOf, startNode } from './node.ts';

/** Ends with the status that its environment names. */
const exiting: Program = function* (process) {
  process.stdout.write(`run ${process.env.HOSTNAME}\n`);
  yield Number(process.env.AFTER ?? 10);
  return Number(process.env.STATUS ?? 0);
};
const polite: Program = function* (process) {
  yield* untilSignal(process);
  yield 500;
  return 0;
};
const stubborn: Program = function* () {
  for (;;) yield 60_000;
};
const repositories = [imageOf('exiting', exiting), imageOf('polite', polite), imageOf('stubborn', stubborn)];
const exits = (status: number, after = 10) => [
  {
    name: 'main',
    image: 'test/exiting:1',
    env: [
      { name: 'STATUS', value: String(status) },
      { name: 'AFTER', value: String(after) },
    ],
  },
];

describe('a Pod from bind to delete', () => {
  it('has of a kubelet before v1.29 no condition that tells of its sandbox', () => {
    const node = startNode({ node: { kubeletVersion: 'v1.28.4' } });
    node.create('web', { containers: [{ name: 'nginx', image: 'nginx:1.27' }] });
    node.wait(6);
    expect(Object.keys(conditionsOf(node.pod('web')))).toEqual([
      'Initialized',
      'Ready',
      'ContainersReady',
      'PodScheduled',
    ]);
  });

  it('becomes Running and Ready with an address of the node, with the events of pull, create and start', () => {
    const node = startNode();
    node.create('web', { containers: [{ name: 'nginx', image: 'nginx:1.27' }] });
    node.wait(6);
    const { status } = node.pod('web');
    expect(status?.phase).toBe('Running');
    expect(status?.podIP).toBe('10.244.1.2');
    expect(status?.hostIPs).toEqual([{ ip: '10.0.0.11' }]);
    expect(status?.qosClass).toBe('BestEffort');
    expect(conditionsOf(node.pod('web'))).toEqual({
      PodReadyToStartContainers: 'True',
      Initialized: 'True',
      Ready: 'True',
      ContainersReady: 'True',
      PodScheduled: 'True',
    });
    expect(status?.conditions?.every(({ lastProbeTime }) => lastProbeTime === null)).toBe(true);
    const [container] = status?.containerStatuses ?? [];
    expect(container.image).toBe('docker.io/library/nginx:1.27');
    expect(container.imageID).toMatch(/^docker\.io\/library\/nginx@sha256:[0-9a-f]{64}$/);
    expect(container.containerID).toMatch(/^containerd:\/\/[0-9a-f]{64}$/);
    expect(container).toMatchObject({ ready: true, started: true, restartCount: 0, lastState: {} });
    expect(container.volumeMounts?.[0]).toMatchObject({ readOnly: true, recursiveReadOnly: 'Disabled' });
    const [pulling, pulled, ...rest] = node.events('web');
    expect(pulling).toBe('Pulling: Pulling image "nginx:1.27"');
    expect(pulled).toMatch(
      /^Pulled: Successfully pulled image "nginx:1.27" in \d.*s \(\d.*s including waiting\)\. Image size: \d+ bytes\.$/,
    );
    expect(rest).toEqual(['Created: Container created', 'Started: Container started']);
  });

  it('starts a second Pod from the image that is already there', () => {
    const node = startNode();
    node.create('one', { containers: [{ name: 'nginx', image: 'nginx:1.27' }] });
    node.wait(6);
    node.create('two', { containers: [{ name: 'nginx', image: 'nginx:1.27' }] });
    node.wait(3);
    expect(node.events('two')[0]).toBe(
      'Pulled: Container image "nginx:1.27" already present on machine and can be accessed by the pod',
    );
    expect(node.pod('two').status?.podIP).toBe('10.244.1.3');
  });

  it('stops containers by SIGTERM and then deletes the object', () => {
    const node = startNode({ repositories });
    node.create('web', { containers: [{ name: 'main', image: 'test/polite:1' }] });
    node.wait(4);
    node.remove('web');
    node.wait(0.3);
    expect(node.exists('web')).toBe(true);
    expect(node.events('web').at(-1)).toBe('Killing: Stopping container main');
    node.wait(1);
    expect(node.exists('web')).toBe(false);
  });

  it('kills a container that ignores SIGTERM when the grace period is over', () => {
    const node = startNode({ repositories });
    node.create('web', { terminationGracePeriodSeconds: 5, containers: [{ name: 'main', image: 'test/stubborn:1' }] });
    node.wait(4);
    node.remove('web');
    node.wait(4.9);
    expect(node.exists('web')).toBe(true);
    node.wait(0.5);
    expect(node.exists('web')).toBe(false);
  });

  it('gives the address of a deleted Pod back', () => {
    const node = startNode({ repositories });
    node.create('web', { containers: [{ name: 'main', image: 'test/polite:1' }] });
    node.wait(4);
    const ip = node.pod('web').status?.podIP ?? '';
    expect(node.network.byAddress.has(ip)).toBe(true);
    node.remove('web');
    node.wait(2);
    expect(node.network.byAddress.has(ip)).toBe(false);
  });

  it('ends as Succeeded or Failed when nothing is to be restarted', () => {
    const node = startNode({ repositories });
    node.create('good', { restartPolicy: 'Never', containers: exits(0) });
    node.create('bad', { restartPolicy: 'Never', containers: exits(3) });
    node.wait(6);
    expect(node.pod('good').status?.phase).toBe('Succeeded');
    expect(node.pod('good').status?.containerStatuses?.[0].state?.terminated).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
    });
    expect(node.pod('bad').status?.phase).toBe('Failed');
    expect(node.pod('bad').status?.containerStatuses?.[0].state?.terminated).toMatchObject({
      exitCode: 3,
      reason: 'Error',
    });
    expect(node.pod('good').status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PodCompleted',
    });
    expect(conditionsOf(node.pod('bad')).PodReadyToStartContainers).toBe('False');
  });

  it('restarts at once the first time, then backs off for 10 s, 20 s, 40 s', () => {
    const node = startNode({ repositories });
    node.create('crash', { containers: exits(1) });
    node.wait(6);
    const [first] = node.pod('crash').status?.containerStatuses ?? [];
    expect(first.restartCount).toBe(1);
    expect(first.state?.waiting?.reason).toBe('CrashLoopBackOff');
    const uid = node.pod('crash').metadata?.uid;
    expect(first.state?.waiting?.message).toBe(
      `back-off 10s restarting failed container=main pod=crash_default(${uid})`,
    );
    expect(first.lastState?.terminated).toMatchObject({ exitCode: 1, reason: 'Error' });
    expect(node.pod('crash').status?.phase).toBe('Running');
    expect(node.events('crash')).toContain(
      `BackOff: Back-off restarting failed container main in pod crash_default(${uid})`,
    );
    node.wait(16);
    expect(node.pod('crash').status?.containerStatuses?.[0].state?.waiting?.message).toMatch(/^back-off 20s /);
    node.wait(32);
    expect(node.pod('crash').status?.containerStatuses?.[0].state?.waiting?.message).toMatch(/^back-off 40s /);
    expect(node.logs('crash', 'main', { previous: true })).toBe('run crash\n');
  });

  it('fails a Pod that is active for longer than its deadline', () => {
    const node = startNode({ repositories });
    node.create('slow', { activeDeadlineSeconds: 8, restartPolicy: 'Never', containers: exits(0, 600_000) });
    node.wait(6);
    expect(node.pod('slow').status?.phase).toBe('Running');
    node.wait(40);
    expect(node.pod('slow').status).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
  });

  it('refuses a Pod that asks for more than the node has', () => {
    const node = startNode({ repositories });
    node.create('big', {
      containers: [{ name: 'main', image: 'test/polite:1', resources: { requests: { cpu: '8' } } }],
    });
    node.wait(2);
    expect(node.pod('big').status?.containerStatuses).toBeUndefined();
    expect(node.pod('big').status).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 8000, used: 0, capacity: 4000",
    });
  });
});

describe('init containers and sidecars', () => {
  it('run one after the other before the main containers', () => {
    const node = startNode({ repositories });
    node.create('app', {
      initContainers: [
        { ...exits(0, 3000)[0], name: 'first' },
        { ...exits(0, 3000)[0], name: 'second' },
      ],
      containers: [{ name: 'main', image: 'test/polite:1' }],
    });
    node.wait(4);
    const early = node.pod('app').status;
    expect(early?.phase).toBe('Pending');
    expect(early?.conditions?.find(({ type }) => type === 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [first second]',
    });
    expect(early?.containerStatuses?.[0].state?.waiting?.reason).toBe('PodInitializing');
    node.wait(10);
    const late = node.pod('app').status;
    expect(late?.phase).toBe('Running');
    expect(late?.initContainerStatuses?.map(({ ready, state }) => [ready, state?.terminated?.reason])).toEqual([
      [true, 'Completed'],
      [true, 'Completed'],
    ]);
  });

  it('keep the main containers from starting when one fails for good', () => {
    const node = startNode({ repositories });
    node.create('app', {
      restartPolicy: 'Never',
      initContainers: [{ ...exits(4)[0], name: 'setup' }],
      containers: [{ name: 'main', image: 'test/polite:1' }],
    });
    node.wait(6);
    expect(node.pod('app').status?.phase).toBe('Failed');
    expect(node.pod('app').status?.containerStatuses?.[0].state?.waiting?.reason).toBe('PodInitializing');
  });

  it('sidecars run beside the main container and end after it', () => {
    const node = startNode({ repositories });
    node.create('job', {
      restartPolicy: 'Never',
      initContainers: [{ name: 'proxy', image: 'test/polite:1', restartPolicy: 'Always' }],
      containers: exits(0, 5000),
    });
    node.wait(4);
    expect(node.pod('job').status?.initContainerStatuses?.[0]).toMatchObject({ started: true, ready: true });
    node.wait(8);
    expect(node.pod('job').status?.phase).toBe('Succeeded');
    expect(node.pod('job').status?.initContainerStatuses?.[0].state?.terminated?.exitCode).toBe(0);
  });
});

describe('the kubelet process', () => {
  it('leaves containers running when it stops, and takes them over when it is back', () => {
    const node = startNode({ repositories });
    node.create('web', { containers: [{ name: 'main', image: 'test/polite:1' }] });
    node.wait(4);
    const before = node.pod('web').status?.containerStatuses?.[0].containerID;
    node.kubelet.stop();
    node.remove('web');
    node.wait(60);
    expect(node.exists('web')).toBe(true);
    node.create('late', { containers: [{ name: 'main', image: 'test/polite:1' }] });
    node.wait(10);
    expect(node.pod('late').status?.phase).toBe('Pending');
    expect(node.pod('web').status?.containerStatuses?.[0].containerID).toBe(before);
    node.kubelet.start();
    node.wait(5);
    expect(node.exists('web')).toBe(false);
    expect(node.pod('late').status?.phase).toBe('Running');
  });

  it('makes sandbox and containers anew after the machine has lost power', () => {
    const node = startNode({ repositories });
    node.create('web', { containers: [{ name: 'main', image: 'test/polite:1' }] });
    node.wait(4);
    node.kubelet.crash();
    node.wait(10);
    node.kubelet.start();
    node.wait(5);
    const [container] = node.pod('web').status?.containerStatuses ?? [];
    expect(container).toMatchObject({ restartCount: 1, ready: true });
    expect(container.lastState?.terminated).toMatchObject({ reason: 'Unknown', exitCode: 255 });
    expect(node.events('web')).toContain('SandboxChanged: Pod sandbox changed, it will be killed and re-created.');
    expect(node.pod('web').status?.podIPs).toEqual([{ ip: node.pod('web').status?.podIP }]);
  });

  it('stops what was deleted by force', () => {
    const node = startNode({ repositories });
    node.create('web', { containers: [{ name: 'main', image: 'test/stubborn:1' }] });
    node.wait(4);
    const ip = node.pod('web').status?.podIP ?? '';
    node.remove('web', 0);
    expect(node.exists('web')).toBe(false);
    expect(node.network.byAddress.has(ip)).toBe(true);
    node.wait(40);
    expect(node.network.byAddress.has(ip)).toBe(false);
  });
});

describe('objects that do not go at once', () => {
  it('a finalizer keeps a stopped Pod, with the state of its containers, until it is taken off', () => {
    const node = startNode({ repositories });
    node.create(
      'web',
      { containers: [{ name: 'main', image: 'test/polite:1' }] },
      { finalizers: ['example.com/hold'] },
    );
    node.wait(4);
    node.remove('web');
    node.wait(10);
    expect(node.pod('web').status?.containerStatuses?.[0].state?.terminated?.exitCode).toBe(0);
    node.client
      .of('v1', 'pods')
      .patch('default', 'web', 'merge', { metadata: { finalizers: null, labels: { seen: 'yes' } } });
    node.wait(1);
    expect(node.exists('web')).toBe(false);
  });

  it('a Pod that is deleted before it could start has failed', () => {
    const node = startNode();
    node.create(
      'web',
      { containers: [{ name: 'main', image: 'test/missing:1' }] },
      { finalizers: ['example.com/hold'] },
    );
    node.wait(4);
    expect(node.pod('web').status?.phase).toBe('Pending');
    node.remove('web');
    node.wait(4);
    const { phase, containerStatuses } = node.pod('web').status ?? {};
    expect(phase).toBe('Failed');
    expect(containerStatuses?.[0].state?.terminated).toMatchObject({
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was terminated',
    });
  });

  it('a Node that was deleted comes back only when its kubelet is started again', () => {
    const node = startNode();
    const nodes = node.client.of('v1', 'nodes', false);
    nodes.delete('', 'worker-1');
    node.wait(400);
    expect(nodes.find('', 'worker-1')).toBeUndefined();
    node.kubelet.stop();
    node.kubelet.start();
    expect(nodes.find('', 'worker-1')).toBeDefined();
  });
});
