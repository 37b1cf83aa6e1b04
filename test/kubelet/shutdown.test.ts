import { describe, expect, it } from 'vitest';
import type { Node, PodSpec } from '../../engine/api/types.ts';
import { untilSignal } from '../../engine/images/service.ts';
import { CONFIG, CONFIG_FILE } from '../../engine/kubelet/index.ts';
import type { Program } from '../../engine/linux/index.ts';
import { startTerminal } from '../sim-command/terminal.ts';
import { conditionsOf, imageOf, startNode, type TestNode } from './node.ts';

/** Ends so many seconds after it has been asked to. */
const slow = (seconds: number): Program =>
  function* (process) {
    yield* untilSignal(process);
    process.stdout.write('asked\n');
    yield seconds * 1000;
    process.stdout.write('done\n');
    return 0;
  };
const repositories = [imageOf('slow', slow(8)), imageOf('quick', slow(0))];

function configured(more: string): TestNode {
  const node = startNode({ repositories });
  restart(node, more);
  return node;
}

/** The kubelet starts again with these lines in its configuration file. */
function restart(node: TestNode, more: string) {
  const { fs } = node.kubelet.machine;
  fs.mkdir('/var/lib/kubelet', { recursive: true });
  fs.writeFile(CONFIG_FILE, `${CONFIG}${more}\n`);
  node.kubelet.stop();
  node.kubelet.start();
}

const pod = (image: string, more: Partial<PodSpec> = {}): Partial<PodSpec> => ({
  containers: [{ name: 'c', image: `test/${image}:1` }],
  ...more,
});
const ready = (node: TestNode) =>
  node.client
    .of<Node>('v1', 'nodes', false)
    .get('', 'worker-1')
    .status?.conditions?.find(({ type }) => type === 'Ready');
const log = (node: TestNode) => node.kubelet.machine.fs.readFile('/var/log/kubelet.log');

describe('a machine that is shut down', () => {
  it('ends its Pods first, with the reason Terminated, and takes no new ones', () => {
    const node = configured('shutdownGracePeriod: 30s\nshutdownGracePeriodCriticalPods: 10s');
    node.create('slow', pod('slow'));
    node.wait(10);
    node.kubelet.powerOff();
    node.wait(2);
    expect(ready(node)).toMatchObject({ status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' });
    expect(node.pod('slow').status?.phase).toBe('Running');
    node.create('late', pod('quick'));
    node.wait(1);
    expect(node.pod('late').status).toMatchObject({
      phase: 'Failed',
      reason: 'NodeShutdown',
      message: 'Pod was rejected: Pod was rejected as the node is shutting down.',
    });
    node.wait(10);
    expect(node.pod('slow').status).toMatchObject({
      phase: 'Failed',
      reason: 'Terminated',
      message: 'Pod was terminated in response to imminent node shutdown.',
    });
    expect(conditionsOf(node.pod('slow')).DisruptionTarget).toBe('True');
    expect(node.events('worker-1')).toContain('Shutdown: Shutdown manager detected shutdown event');
    expect(node.kubelet.power).toBe(false);
    node.kubelet.start();
    node.wait(20);
    expect(ready(node)?.status).toBe('True');
    expect(node.pod('slow').status?.phase).toBe('Failed');
  });

  it('ends them by priority, one group after the other, each within its own time', () => {
    const node = configured(
      'shutdownGracePeriodByPodPriority: [{priority: 1000, shutdownGracePeriodSeconds: 20}, {priority: 0, shutdownGracePeriodSeconds: 5}]',
    );
    for (const value of [10, 1000])
      node.client.of('scheduling.k8s.io/v1', 'priorityclasses', false).create('', {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name: `p${value}` },
        value,
      } as never);
    node.create('high', pod('slow', { priorityClassName: 'p1000' }));
    node.create('low', pod('slow', { priorityClassName: 'p10' }));
    node.wait(10);
    node.kubelet.powerOff();
    node.wait(3);
    expect(node.logs('low', 'c')).toBe('asked\n');
    expect(node.logs('high', 'c')).toBe('');
    node.wait(3);
    expect(node.pod('low').status?.containerStatuses?.[0].state?.terminated?.exitCode).toBe(137);
    expect(node.logs('high', 'c')).toContain('asked');
  });

  it('just goes off without a configuration for it', () => {
    const node = startNode({ repositories });
    node.create('slow', pod('slow'));
    node.wait(10);
    node.kubelet.powerOff();
    node.wait(20);
    expect(node.kubelet.power).toBe(false);
    expect(node.pod('slow').status?.phase).toBe('Running');
    expect(node.pod('slow').status?.reason).toBeUndefined();
  });

  it('runs its static Pods again when it is up', () => {
    const node = configured('shutdownGracePeriod: 30s');
    const { fs } = node.kubelet.machine;
    fs.mkdir('/etc/kubernetes/manifests', { recursive: true });
    fs.writeFile(
      '/etc/kubernetes/manifests/web.yaml',
      '{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: c, image: "test/quick:1"}]}}',
    );
    node.wait(30);
    node.kubelet.powerOff(true);
    node.wait(10);
    expect(node.pod('web-worker-1').status?.reason).toBe('Terminated');
    node.wait(60);
    expect(node.pod('web-worker-1').status?.phase).toBe('Running');
  });

  it('is refused a configuration that contradicts itself, in the kubelet’s words', () => {
    const node = configured('shutdownGracePeriod: 10s\nshutdownGracePeriodCriticalPods: 20s');
    expect(node.kubelet.running).toBe(false);
    expect(log(node)).toContain(
      'invalid configuration: shutdownGracePeriodCriticalPods 20s must be <= shutdownGracePeriod 10s',
    );
  });

  it('goes with systemctl and with sim', () => {
    const { run } = startTerminal();
    run(`echo 'shutdownGracePeriod: 20s' >> /var/lib/kubelet/config.yaml; systemctl restart kubelet`, 'worker-1');
    run('kubectl run web --image=nginx --overrides=\'{"spec":{"nodeName":"worker-1"}}\'; sim advance 10s');
    run('systemctl reboot', 'worker-1');
    run('sim advance 10s');
    expect(run("kubectl get pod web -o jsonpath='{.status.phase} {.status.reason}'")).toBe('Failed Terminated');
    run('sim advance 60s');
    expect(run('kubectl get node worker-1 --no-headers')).toMatch(/ Ready/);
    expect(run('sim node shutdown worker-2; sim advance 10m; kubectl get node worker-2 --no-headers')).toMatch(
      /shutting down\n[^]*NotReady/,
    );
  });
});

describe('restarts', () => {
  const crashes: Program = function* () {
    yield 100;
    return 1;
  };
  const restarts = (more: string, seconds: number) => {
    const node = startNode({ repositories: [imageOf('crashes', crashes)] });
    restart(node, more);
    node.create('c', pod('crashes'));
    node.wait(seconds);
    return node.pod('c').status?.containerStatuses?.[0];
  };

  it('wait no longer than maxContainerRestartPeriod', () => {
    const ten = restarts('crashLoopBackOff: {maxContainerRestartPeriod: 5s}', 125)?.restartCount ?? 0;
    expect(ten).toBeGreaterThan(14);
    const usual = restarts('', 125)?.restartCount ?? 0;
    expect(usual).toBeLessThan(6);
  });

  it('begin anew with the shortest time when a container has run for ten minutes', () => {
    let runs = 0;
    const settles: Program = function* () {
      yield ++runs === 5 ? 660_000 : 100;
      return 1;
    };
    const node = startNode({ repositories: [imageOf('settles', settles)] });
    node.create('c', pod('settles'));
    const message = () => node.pod('c').status?.containerStatuses?.[0].state?.waiting?.message ?? '';
    node.wait(70);
    expect(message()).toContain('back-off 40s');
    node.wait(700);
    expect(runs).toBeGreaterThan(5);
    expect(message()).toContain('back-off 10s');
  });

  it('begin with one second behind the gate ReduceDefaultCrashLoopBackOffDecay', () => {
    const status = restarts('featureGates: {ReduceDefaultCrashLoopBackOffDecay: true}', 400);
    expect(status?.restartCount).toBeGreaterThan(8);
    expect(status?.state?.waiting?.message).toContain('back-off 1m0s restarting');
  });

  it('have limits of their own, and gates that are not modelled are refused', () => {
    const node = configured('crashLoopBackOff: {maxContainerRestartPeriod: 10m}');
    expect(log(node)).toContain('(got: 600 seconds) must be set between 1s and 300s');
    restart(node, 'featureGates: {MemoryQoS: true}');
    expect(log(node)).toContain('the feature gate MemoryQoS is not modelled by this engine');
    restart(node, 'crashLoopBackOff: {maxContainerRestartPeriod: 60s}');
    expect(JSON.parse(node.kubelet.figures('/configz')?.body ?? '')).toMatchObject({
      kubeletconfig: { crashLoopBackOff: { maxContainerRestartPeriod: '1m0s' } },
    });
  });
});
