import { describe, expect, it } from 'vitest';
import { allocate, compute, load, serveGrpcHealth, type Program } from '../../engine/linux/index.ts';
import { untilSignal } from '../../engine/images/service.ts';
import type { Node } from '../../engine/api/types.ts';
import { CONFIG, CONFIG_FILE } from '../../engine/kubelet/index.ts';
import { imageOf, startNode, type TestNode } from './node.ts';

const MI = 1024 ** 2;
const hungry = (bytes: number, millis = 0): Program =>
  function* (process) {
    allocate(process, bytes);
    load(process, millis);
    yield* untilSignal(process);
    return 0;
  };

describe('usage', () => {
  it('is counted by container: memory held now, CPU over the last windows', () => {
    const node = startNode({ repositories: [imageOf('busy', hungry(100 * MI, 700))] });
    node.create('busy', { containers: [{ name: 'c', image: 'test/busy:1' }] });
    node.wait(60);
    const [usage] = node.kubelet.usage();
    expect(usage).toMatchObject({ namespace: 'default', pod: 'busy', container: 'c', cpuMillis: 700 });
    expect(usage.memoryBytes).toBeGreaterThan(100 * MI);
  });

  it('of CPU stays within the limit, and work takes longer there', () => {
    let took = 0;
    const worker: Program = function* (process) {
      const began = process.host.sim.now;
      yield* compute(process, 1000);
      took = process.host.sim.now - began;
      yield* untilSignal(process);
      return 0;
    };
    const node = startNode({ repositories: [imageOf('worker', worker), imageOf('busy', hungry(0, 3000))] });
    const resources = { limits: { cpu: '250m' } };
    node.create('worker', { containers: [{ name: 'c', image: 'test/worker:1', resources }] });
    node.create('busy', { containers: [{ name: 'c', image: 'test/busy:1', resources }] });
    node.wait(60);
    expect(took).toBe(4000);
    expect(node.kubelet.usage().find(({ pod }) => pod === 'busy')?.cpuMillis).toBe(250);
  });

  it("of a container without a limit of its own stays within the Pod's", () => {
    const node = startNode({ repositories: [imageOf('busy', hungry(0, 3000))] });
    node.create('busy', {
      resources: { limits: { cpu: '250m' } },
      containers: [{ name: 'c', image: 'test/busy:1' }],
    });
    node.wait(60);
    expect(node.kubelet.usage().find(({ pod }) => pod === 'busy')?.cpuMillis).toBe(250);
  });
});

describe('a Pod with resources of its own', () => {
  const cpuOf = (node: TestNode, container: string) =>
    node.kubelet.usage().find((one) => one.container === container)?.cpuMillis ?? 0;

  it('shares its quota of CPU among its containers, by what they request', () => {
    const node = startNode({ repositories: [imageOf('busy', hungry(0, 3000)), imageOf('idle', hungry(0, 50))] });
    node.create('shared', {
      resources: { limits: { cpu: '1' } },
      containers: [
        { name: 'a', image: 'test/busy:1', resources: { requests: { cpu: '600m' } } },
        { name: 'b', image: 'test/busy:1', resources: { requests: { cpu: '100m' } } },
        { name: 'c', image: 'test/idle:1' },
      ],
    });
    node.wait(60);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => cpuOf(node, name));
    expect(a + b + c).toBeGreaterThan(990);
    expect(a + b + c).toBeLessThan(1010);
    expect(a).toBeGreaterThan(2 * b);
    expect(c).toBe(50);
  });

  it('has the container killed that holds most when its memory is used up', () => {
    const node = startNode({ repositories: [imageOf('big', hungry(150 * MI)), imageOf('small', hungry(60 * MI))] });
    node.create('shared', {
      restartPolicy: 'Never',
      resources: { limits: { memory: '200Mi' } },
      containers: [
        { name: 'big', image: 'test/big:1' },
        { name: 'small', image: 'test/small:1' },
      ],
    });
    node.wait(20);
    const [big, small] = node.pod('shared').status?.containerStatuses ?? [];
    expect(big.state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
    expect(small.state?.running).toBeDefined();
  });

  it('is counted by what it requests as a whole', () => {
    const node = startNode();
    node.create('whole', {
      resources: { requests: { cpu: '9' } },
      containers: [{ name: 'c', image: 'busybox', resources: { requests: { cpu: '1' } } }],
    });
    node.wait(3);
    expect(node.pod('whole').status?.reason).toBe('OutOfcpu');
  });
});

describe('what a configuration says of a node in need', () => {
  const tuned = (more: string, options: Parameters<typeof startNode>[0] = {}) => {
    const node = startNode(options);
    const { fs } = node.kubelet.machine;
    fs.mkdir('/var/lib/kubelet', { recursive: true });
    fs.writeFile(CONFIG_FILE, `${CONFIG}${more}\n`);
    node.kubelet.stop();
    node.kubelet.start();
    return node;
  };
  const pressure = (node: TestNode, type: string) =>
    node.client
      .of<Node>('v1', 'nodes', false)
      .get('', 'worker-1')
      .status?.conditions?.find((one) => one.type === type)?.status;

  it('lets a Pod end by itself when a soft threshold has been met for its grace period', () => {
    const node = tuned(
      'evictionSoft: {memory.available: 1Gi}\nevictionSoftGracePeriod: {memory.available: 1m}\nevictionMaxPodGracePeriod: 20\nevictionPressureTransitionPeriod: 30s',
      { node: { memory: '2000000Ki' }, repositories: [imageOf('a', hungry(600 * MI))] },
    );
    node.create('a', { containers: [{ name: 'c', image: 'test/a:1' }] });
    node.wait(30);
    expect(pressure(node, 'MemoryPressure')).toBe('True');
    expect(node.pod('a').status?.phase).toBe('Running');
    node.wait(60);
    expect(node.pod('a').status).toMatchObject({ phase: 'Failed', reason: 'Evicted' });
    expect(node.pod('a').status?.message).toContain('Threshold quantity: 1Gi');
    node.wait(60);
    expect(pressure(node, 'MemoryPressure')).toBe('False');
  });

  it('has thresholds refused that are not whole, or that nothing here measures', () => {
    const log = (more: string) => tuned(more).kubelet.machine.fs.readFile('/var/log/kubelet.log');
    expect(log('evictionSoft: {memory.available: 1Gi}')).toContain(
      'grace period must be specified for the soft eviction threshold memory.available',
    );
    expect(log('evictionHard: {nodefs.inodesFree: 40%}')).toContain(
      'the eviction signal nodefs.inodesFree is not modelled by this engine',
    );
    expect(log('evictionHard: {disk.free: 1Gi}')).toContain('unsupported eviction signal disk.free');
  });

  it('ends Pods with many processes when these run short', () => {
    const node = tuned('evictionHard: {pid.available: "15500"}', { node: { memory: '2000000Ki' } });
    const forks = 'for i in 1 2 3 4 5 6; do sleep 1000 & done; wait';
    node.create('forks', { containers: [{ name: 'c', image: 'busybox', command: ['sh', '-c', forks] }] });
    node.wait(30);
    expect(pressure(node, 'PIDPressure')).toBe('True');
    expect(node.pod('forks').status?.message).toMatch(
      /^The node was low on resource: pids\. Threshold quantity: 15500, available: 1549\d\. $/,
    );
  });

  it('keeps a Pod from having more processes than podPidsLimit', () => {
    const node = tuned('podPidsLimit: 4');
    const forks = 'for i in 1 2 3 4 5 6; do sleep 1000 & done; wait';
    node.create('forks', { containers: [{ name: 'c', image: 'busybox', command: ['sh', '-c', forks] }] });
    node.wait(10);
    expect(node.logs('forks', 'c')).toContain("sh: can't fork: Resource temporarily unavailable");
  });

  it('collects images by thresholds and age, and says when there are not enough of them', () => {
    const images = (node: TestNode) => node.kubelet.images.references().length;
    const run = (more: string, wait: number) => {
      const node = tuned(more);
      node.create('once', { restartPolicy: 'Never', containers: [{ name: 'c', image: 'nginx', command: ['true'] }] });
      node.wait(20);
      node.remove('once');
      node.wait(wait);
      return node;
    };
    expect(images(run('', 4000))).toBe(1);
    expect(images(run('imageMaximumGCAge: 1h', 4000))).toBe(0);
    const strict = run('imageGCHighThresholdPercent: 2\nimageGCLowThresholdPercent: 1', 700);
    expect(images(strict)).toBe(0);
    expect(strict.events('worker-1').join('\n')).toMatch(
      /FreeDiskSpaceFailed.*: Failed to garbage collect required amount of images\. Attempted to free \d+ bytes, but only found 73019783 bytes eligible to free\./,
    );
    expect(strict.events('worker-1').join('\n')).toContain('ImageGCFailed');
  });

  it('pulls several images at a time when they need not wait for each other', () => {
    const waiting = (more: string) => {
      const node = tuned(more);
      for (const name of ['nginx', 'httpd', 'redis'])
        node.create(name, { containers: [{ name: 'c', image: name, command: ['sleep', '1h'] }] });
      node.wait(30);
      const times = ['nginx', 'httpd', 'redis'].flatMap((name) => node.events(name)).join('\n');
      return [...times.matchAll(/in (\S+) \((\S+) including waiting/g)].filter(([, took, all]) => took !== all).length;
    };
    expect(waiting('')).toBe(2);
    expect(waiting('serializeImagePulls: false')).toBe(0);
    expect(waiting('serializeImagePulls: false\nmaxParallelImagePulls: 2')).toBe(1);
  });

  it('filters the system calls of containers that ask for no profile with seccompDefault', () => {
    const node = tuned('seccompDefault: true');
    node.create('box', { containers: [{ name: 'c', image: 'busybox', command: ['sleep', '1h'] }] });
    node.wait(10);
    expect(node.exec('box', 'c', ['grep', 'Seccomp:', '/proc/1/status']).stdout).toBe('Seccomp:\t2\n');
  });
});

describe('node-pressure eviction', () => {
  it('for memory ends first what uses more than it asked for, by priority', () => {
    const node = startNode({
      node: { memory: '2000000Ki' },
      repositories: [imageOf('a', hungry(400 * MI)), imageOf('b', hungry(500 * MI)), imageOf('c', hungry(450 * MI))],
    });
    const pod = (name: string, memory: string) =>
      node.create(name, { containers: [{ name: 'c', image: `test/${name}:1`, resources: { requests: { memory } } }] });
    pod('a', '450Mi');
    pod('b', '10Mi');
    pod('c', '10Mi');
    node.wait(25);
    expect(node.pod('b').status).toMatchObject({ phase: 'Failed', reason: 'Evicted' });
    expect(node.pod('b').status?.message).toMatch(
      /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: .*Container c was using .*, request is 10Mi, has larger consumption of memory\. $/,
    );
    expect(node.pod('a').status?.phase).toBe('Running');
    expect(node.pod('c').status?.phase).toBe('Running');
    expect(node.pod('b').status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
    );
  });

  it('ends a Pod whose emptyDir has outgrown its limit', () => {
    const node = startNode();
    node.create('full', {
      containers: [
        {
          name: 'c',
          image: 'busybox',
          command: ['sh', '-c', 'head -c 20000 /dev/zero > /cache/x; sleep 1000'],
          volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
        },
      ],
      volumes: [{ name: 'cache', emptyDir: { sizeLimit: '10Ki' } }],
    });
    node.wait(30);
    expect(node.pod('full').status).toMatchObject({
      reason: 'Evicted',
      message: 'Usage of EmptyDir volume "cache" exceeds the limit "10Ki". ',
    });
  });
});

describe('gRPC probes', () => {
  it('ask the health service, by name when one is given', () => {
    const server: Program = function* (process) {
      const { sim, net } = process.host;
      serveGrpcHealth(sim, net, 5000, (name) => (name === 'unknown' ? 'SERVICE_UNKNOWN' : 'SERVING'));
      yield* untilSignal(process);
      return 0;
    };
    const node = startNode({ repositories: [imageOf('grpc', server)] });
    const pod = (name: string, port: number, service?: string) =>
      node.create(name, {
        containers: [
          { name: 'c', image: 'test/grpc:1', readinessProbe: { grpc: { port, service }, periodSeconds: 2 } },
        ],
      });
    pod('well', 5000);
    pod('stranger', 5000, 'unknown');
    pod('closed', 5001);
    node.wait(20);
    const ready = (name: string) => node.pod(name).status?.containerStatuses?.[0].ready;
    expect([ready('well'), ready('stranger'), ready('closed')]).toEqual([true, false, false]);
    expect(node.events('stranger').join('\n')).toContain('code = NotFound desc = unknown service');
    expect(node.events('closed').join('\n')).toMatch(
      /timeout: failed to connect service "10\.244\.1\.\d+:5001" within 1s: context deadline exceeded/,
    );
  });
});

describe('in-place resize', () => {
  const limits = (cpu: string, memory = '200Mi') => ({ requests: { cpu, memory }, limits: { cpu, memory } });
  const resize = (node: ReturnType<typeof startNode>, name: string, resources: object) =>
    node.client.patch(`/api/v1/namespaces/default/pods/${name}/resize`, 'strategic', {
      spec: { containers: [{ name: 'c', resources }] },
    });
  const conditions = (node: ReturnType<typeof startNode>, name: string) =>
    (node.pod(name).status?.conditions ?? [])
      .filter(({ type }) => type.startsWith('PodResize'))
      .map(({ type, reason, message }) => [type, reason, message]);

  it('changes the cgroup of a running container, and tells so', () => {
    const node = startNode();
    node.create('web', { containers: [{ name: 'c', image: 'nginx', resources: limits('500m') }] });
    node.wait(10);
    resize(node, 'web', limits('800m', '300Mi'));
    node.wait(5);
    const status = node.pod('web').status?.containerStatuses?.[0];
    expect(status).toMatchObject({
      restartCount: 0,
      allocatedResources: { cpu: '800m', memory: '300Mi' },
      resources: limits('800m', '300Mi'),
    });
    expect(conditions(node, 'web')).toEqual([]);
    expect(node.exec('web', 'c', ['cat', '/sys/fs/cgroup/cpu.max']).stdout).toBe('80000 100000\n');
    expect(node.exec('web', 'c', ['cat', '/sys/fs/cgroup/memory.max']).stdout).toBe(`${300 * MI}\n`);
    const events = node.events('web').join('\n');
    expect(events).toContain(
      'ResizeStarted: Pod resize started: {"containers":[{"name":"c","resources":{"limits":{"cpu":',
    );
    expect(events).toContain('ResizeCompleted: Pod resize completed: ');
  });

  it('changes processors and memory of the same containers, and no Pod as a whole', () => {
    const node = startNode();
    node.create('web', { containers: [{ name: 'c', image: 'nginx', resources: limits('500m') }] });
    node.create('whole', { resources: limits('500m'), containers: [{ name: 'c', image: 'nginx' }] });
    const to = (name: string, container: object) => () =>
      node.client.patch(`/api/v1/namespaces/default/pods/${name}/resize`, 'merge', {
        spec: { containers: [container] },
      });
    expect(to('whole', { name: 'c', resources: limits('1') })).toThrow(
      '[]: Forbidden: pods with pod-level resources cannot be resized',
    );
    expect(to('web', { name: 'd', resources: limits('500m') })).toThrow(
      'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
    );
    const more = {
      requests: { ...limits('500m').requests, 'ephemeral-storage': '1Gi' },
      limits: limits('500m').limits,
    };
    expect(to('web', { name: 'c', resources: more })).toThrow(
      'spec: Forbidden: only cpu and memory resources are mutable',
    );
  });

  it('is infeasible beyond the node, and deferred until another Pod makes room', () => {
    const node = startNode();
    node.create('a', { containers: [{ name: 'c', image: 'nginx', resources: limits('2') }] });
    node.create('b', { containers: [{ name: 'c', image: 'nginx', resources: limits('1') }] });
    node.wait(10);
    resize(node, 'a', limits('6'));
    node.wait(3);
    expect(conditions(node, 'a')).toEqual([
      ['PodResizePending', 'Infeasible', "Node didn't have enough capacity: cpu, requested: 6000, capacity: 4000"],
    ]);
    resize(node, 'a', limits('3500m'));
    node.wait(3);
    expect(conditions(node, 'a')).toEqual([
      [
        'PodResizePending',
        'Deferred',
        "Node didn't have enough resource: cpu, requested: 3500, used: 1000, capacity: 4000",
      ],
    ]);
    expect(node.pod('a').status?.containerStatuses?.[0].resources).toEqual(limits('2'));
    node.remove('b');
    node.wait(10);
    expect(conditions(node, 'a')).toEqual([]);
    expect(node.pod('a').status?.containerStatuses?.[0].resources).toEqual(limits('3500m'));
  });

  it('starts a container again when its policy says so', () => {
    const node = startNode();
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    node.create('web', { containers: [{ name: 'c', image: 'nginx', resources: limits('500m'), resizePolicy }] });
    node.wait(10);
    resize(node, 'web', limits('500m', '400Mi'));
    node.wait(5);
    expect(node.pod('web').status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      resources: limits('500m', '400Mi'),
    });
    expect(node.events('web').join('\n')).toContain('Killing: Container c resize requires restart');
  });

  it('does not take memory away that is in use', () => {
    const node = startNode({ repositories: [imageOf('hog', hungry(150 * MI))] });
    node.create('hog', { containers: [{ name: 'c', image: 'test/hog:1', resources: limits('500m') }] });
    node.wait(10);
    resize(node, 'hog', limits('500m', '100Mi'));
    node.wait(5);
    expect(conditions(node, 'hog')).toEqual([
      ['PodResizeInProgress', 'Error', expect.stringContaining('below current usage')],
    ]);
    expect(node.pod('hog').status?.phase).toBe('Running');
  });
});
