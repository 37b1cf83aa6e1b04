import { describe, expect, it } from 'vitest';
import type { Node } from '../../engine/api/types.ts';
import { untilSignal } from '../../engine/images/service.ts';
import { CONFIG, CONFIG_FILE } from '../../engine/kubelet/index.ts';
import type { Program } from '../../engine/linux/index.ts';
import { imageOf, startNode } from './node.ts';

const speaks: Program = function* (process) {
  process.stdout.write('to all\n');
  process.stderr.write('to few\nhalf');
  yield* untilSignal(process);
  return 0;
};
const repositories = [imageOf('speaks', speaks)];

describe('log files on the node', () => {
  it('hold a container’s lines with time and stream, under the Pod’s directory and a link', () => {
    const node = startNode({ repositories });
    node.create('app', { containers: [{ name: 'main', image: 'test/speaks:1' }] });
    node.wait(5);
    const { fs } = node.kubelet.machine;
    const uid = node.pod('app').metadata?.uid;
    const path = `/var/log/pods/default_app_${uid}/main/0.log`;
    const lines = fs.readFile(path).split('\n');
    expect(lines.map((line) => line.replace(/^\S+/, 'TIME'))).toEqual([
      'TIME stdout F to all',
      'TIME stderr F to few',
      '',
    ]);
    const [link] = fs.readdir('/var/log/containers').filter((name) => name.startsWith('app_default_main-'));
    expect(fs.readFile(`/var/log/containers/${link}`)).toBe(fs.readFile(path));
    expect(node.kubelet.figures('/logs/pods/')?.body).toContain(`<a href="default_app_${uid}/">`);
    expect(node.kubelet.figures(path.replace('/var/log', '/logs'))?.body).toBe(fs.readFile(path));
    expect(node.kubelet.figures('/logs/nothing')).toMatchObject({ code: 404 });
    node.remove('app', 1);
    node.wait(10);
    expect(fs.readdir('/var/log/pods')).toEqual([]);
  });

  it('keep the instance before the last restart', () => {
    const once: Program = function* (process) {
      process.stdout.write('short\n');
      yield 1000;
      return 1;
    };
    const node = startNode({ repositories: [imageOf('once', once)] });
    node.create('app', { containers: [{ name: 'main', image: 'test/once:1' }] });
    node.wait(90);
    const restarts = node.pod('app').status?.containerStatuses?.[0].restartCount as number;
    expect(restarts).toBeGreaterThan(1);
    const uid = node.pod('app').metadata?.uid;
    expect(node.kubelet.machine.fs.readdir(`/var/log/pods/default_app_${uid}/main`).sort()).toEqual(
      [`${restarts - 1}.log`, `${restarts}.log`].sort(),
    );
  });
});

describe('the kubelet’s configuration file', () => {
  it('names the folder of static Pods, and is read when the kubelet starts', () => {
    const node = startNode({ repositories });
    const { fs } = node.kubelet.machine;
    fs.mkdir('/var/lib/kubelet', { recursive: true });
    fs.mkdir('/etc/pods', { recursive: true });
    fs.writeFile(CONFIG_FILE, CONFIG.replace(/staticPodPath:.*/, 'staticPodPath: /etc/pods'));
    fs.writeFile(
      '/etc/pods/web.yaml',
      '{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: a, image: "test/speaks:1"}]}}',
    );
    node.wait(30);
    expect(node.exists('web-worker-1')).toBe(false);
    node.kubelet.stop();
    node.kubelet.start();
    node.wait(30);
    expect(node.pod('web-worker-1').status?.phase).toBe('Running');
  });

  it('keeps the kubelet from starting when something else has been changed in it', () => {
    const node = startNode();
    const { fs } = node.kubelet.machine;
    fs.mkdir('/var/lib/kubelet', { recursive: true });
    const startWith = (line: string) => {
      fs.writeFile(CONFIG_FILE, `${CONFIG}${line}\n`);
      node.kubelet.stop();
      node.kubelet.start();
      return node.kubelet.running;
    };
    expect(startWith('cpuManagerPolicy: static')).toBe(false);
    expect(fs.readFile('/var/log/kubelet.log')).toContain('cpuManagerPolicy: \\"static\\" is not modelled');
    expect(startWith('staticPodURL: http://manifests.example/pod.yaml')).toBe(false);
    expect(fs.readFile('/var/log/kubelet.log')).toContain(
      'staticPodURL: \\"http://manifests.example/pod.yaml\\" is not modelled',
    );
    expect(startWith('maxPod: 5')).toBe(false);
    expect(fs.readFile('/var/log/kubelet.log')).toContain('unknown field \\"maxPod\\"');
    expect(startWith('cpuManagerPolicy: none\nsyncFrequency: 0s\nmemorySwap: {}')).toBe(true);
  });

  it('allows kernel settings that are not safe', () => {
    const node = startNode({ repositories });
    const { fs } = node.kubelet.machine;
    fs.mkdir('/var/lib/kubelet', { recursive: true });
    const wants = (name: string) => ({
      containers: [{ name: 'main', image: 'test/speaks:1' }],
      securityContext: { sysctls: [{ name, value: '1024' }] },
    });
    fs.writeFile(CONFIG_FILE, `${CONFIG}allowedUnsafeSysctls: ["kernel.msg*"]\n`);
    node.kubelet.stop();
    node.kubelet.start();
    node.create('allowed', wants('kernel.msgmax'));
    node.create('other', wants('net.core.somaxconn'));
    node.wait(10);
    expect(node.pod('allowed').status?.phase).toBe('Running');
    expect(node.pod('other').status?.reason).toBe('SysctlForbidden');
    fs.writeFile(CONFIG_FILE, `${CONFIG}allowedUnsafeSysctls: ["vm.*"]\n`);
    node.kubelet.stop();
    node.kubelet.start();
    expect(node.kubelet.running).toBe(false);
  });

  it('says how much of the node Pods get', () => {
    const node = startNode();
    const { fs } = node.kubelet.machine;
    fs.mkdir('/var/lib/kubelet', { recursive: true });
    const allocatable = () => node.client.of<Node>('v1', 'nodes', false).get('', 'worker-1').status?.allocatable;
    const before = allocatable();
    fs.writeFile(
      CONFIG_FILE,
      `${CONFIG}maxPods: 5\nkubeReserved: {cpu: 500m, memory: 1Gi}\nsystemReserved: {cpu: 500m}\nevictionHard: {memory.available: 500Mi}\n`,
    );
    node.kubelet.stop();
    node.kubelet.start();
    node.wait(15);
    expect(allocatable()).toMatchObject({
      cpu: '3',
      memory: '6587424Ki',
      pods: '5',
      'ephemeral-storage': '98831908Ki',
    });
    expect(JSON.parse(node.kubelet.figures('/configz')?.body ?? '')).toMatchObject({
      kubeletconfig: { maxPods: 5, syncFrequency: '1m0s', evictionHard: { 'memory.available': '500Mi' } },
    });
    fs.writeFile(CONFIG_FILE, CONFIG);
    node.kubelet.stop();
    node.kubelet.start();
    node.wait(15);
    expect(allocatable()).toEqual(before);
  });
});

describe('a runtime class', () => {
  const kata = {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'kata' },
    handler: 'kata',
  };

  it('gives the Pod the handler’s kernel where the node has it', () => {
    const kernel: Program = function* (process) {
      process.stdout.write(`${process.host.kernel.release}\n`);
      yield* untilSignal(process);
      return 0;
    };
    const images = [imageOf('kernel', kernel)];
    const node = startNode({ repositories: images, node: { runtimeHandlers: ['kata'] } });
    node.client.of('node.k8s.io/v1', 'runtimeclasses', false).create('', kata);
    const containers = [{ name: 'main', image: 'test/kernel:1' }];
    node.create('own', { containers, runtimeClassName: 'kata' });
    node.create('shared', { containers });
    node.wait(10);
    expect(node.logs('shared', 'main')).toBe(`${node.kubelet.machine.kernel.release}\n`);
    expect(node.logs('own', 'main')).not.toBe(node.logs('shared', 'main'));
  });

  it('keeps the Pod from starting where the node has no such handler', () => {
    const node = startNode({ repositories });
    node.client.of('node.k8s.io/v1', 'runtimeclasses', false).create('', kata);
    node.create('own', { containers: [{ name: 'main', image: 'test/speaks:1' }], runtimeClassName: 'kata' });
    node.wait(5);
    expect(node.events('own').join()).toContain('no runtime for "kata" is configured');
  });
});
