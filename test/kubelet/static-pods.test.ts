import { describe, expect, it } from 'vitest';
import { startNode, type TestNode } from './node.ts';

const PATH = '/etc/kubernetes/manifests';
const manifest = (label: string, more = '') => `apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: ${label}}
spec:
  terminationGracePeriodSeconds: 5
  containers:
  - {name: nginx, image: nginx:1.27}
${more}`;

function start(): TestNode & { write(name: string, text: string): void; drop(name: string): void } {
  const node = startNode();
  const { fs } = node.kubelet.machine;
  fs.mkdir(PATH, { recursive: true });
  node.wait(21);
  return {
    ...node,
    write: (name, text) => fs.writeFile(`${PATH}/${name}`, text),
    drop: (name) => fs.remove(`${PATH}/${name}`),
  };
}

const MIRROR = 'kubernetes.io/config.mirror';
const HASH = 'kubernetes.io/config.hash';

describe('static Pods', () => {
  it('start when a manifest appears, and show as a mirror Pod that the node owns', () => {
    const node = start();
    node.write('web.yaml', manifest('a'));
    node.wait(10);
    const pod = node.pod('web-worker-1');
    expect(pod.status?.phase).toBe('Running');
    expect(pod.metadata?.annotations?.[MIRROR]).toBe(pod.metadata?.annotations?.[HASH]);
    expect(pod.metadata?.annotations?.['kubernetes.io/config.source']).toBe('file');
    expect(pod.metadata?.ownerReferences).toMatchObject([{ kind: 'Node', name: 'worker-1', controller: true }]);
    expect(pod.spec?.tolerations).toContainEqual({ operator: 'Exists', effect: 'NoExecute' });
    expect(node.logs('web-worker-1', 'nginx')).toContain('start worker process');
  });

  it('outlive their mirror Pod, which comes back', () => {
    const node = start();
    node.write('web.yaml', manifest('a'));
    node.wait(10);
    const before = node.pod('web-worker-1');
    node.remove('web-worker-1');
    node.wait(2);
    const after = node.pod('web-worker-1');
    expect(after.metadata?.uid).not.toBe(before.metadata?.uid);
    expect(after.status?.containerStatuses?.[0].containerID).toBe(before.status?.containerStatuses?.[0].containerID);
    expect(after.status?.containerStatuses?.[0].restartCount).toBe(0);
  });

  it('end when the manifest goes, and are replaced when it changes', () => {
    const node = start();
    node.write('web.yaml', manifest('a'));
    node.wait(10);
    const before = node.pod('web-worker-1');
    node.write('web.yaml', manifest('b'));
    node.wait(15);
    const after = node.pod('web-worker-1');
    expect(after.metadata?.labels).toEqual({ app: 'b' });
    expect(after.metadata?.annotations?.[HASH]).not.toBe(before.metadata?.annotations?.[HASH]);
    node.drop('web.yaml');
    node.wait(10);
    expect(node.exists('web-worker-1')).toBe(false);
  });

  it('run without the kubelet process and are taken over by the next one', () => {
    const node = start();
    node.write('web.yaml', manifest('a'));
    node.wait(10);
    const before = node.pod('web-worker-1').status?.containerStatuses?.[0].containerID;
    node.kubelet.stop();
    node.wait(30);
    node.kubelet.start();
    node.wait(10);
    expect(node.pod('web-worker-1').status?.containerStatuses?.[0]).toMatchObject({
      containerID: before,
      restartCount: 0,
    });
  });

  it('are not made of files that are no Pods; the log says why', () => {
    const node = start();
    node.write('a.yaml', 'kind: Service\napiVersion: v1\n');
    node.write('b.yaml', manifest('a').replace('name: web', 'name: Web_1'));
    node.write('.hidden.yaml', manifest('a'));
    node.wait(5);
    expect(node.client.of('v1', 'pods').list('default')).toEqual([]);
    const log = node.kubelet.machine.fs.readFile('/var/log/kubelet.log');
    expect(log).toContain('a.yaml: couldn\'t parse as pod(no kind \\"Service\\"');
    expect(log).toContain('err="invalid pod: [metadata.name');
    expect(log).toContain('path="/etc/kubernetes/manifests/b.yaml"');
  });

  it('are refused when they refer to objects of the API', () => {
    const node = start();
    node.write('c.yaml', manifest('a').replace('1.27}', '1.27, envFrom: [{configMapRef: {name: settings}}]}'));
    node.write('s.yaml', manifest('a', '  serviceAccountName: robot').replace('name: web', 'name: robot'));
    node.wait(10);
    const log = node.kubelet.machine.fs.readFile('/var/log/kubelet.log');
    expect(log).toContain('err="static pods may not reference configmaps" path="/etc/kubernetes/manifests/c.yaml"');
    expect(log).toContain('err="static pods may not reference serviceaccounts"');
  });
});
