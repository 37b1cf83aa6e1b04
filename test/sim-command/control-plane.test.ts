import { describe, expect, it } from 'vitest';
import { startTerminal } from './terminal.ts';

const MANIFESTS = '/etc/kubernetes/manifests';

describe('the control plane', () => {
  it('runs as static Pods, each with a mirror Pod that its node owns', () => {
    const { run } = startTerminal();
    const pods = run('kubectl get pods -n kube-system -l tier=control-plane --no-headers');
    for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
      expect(pods).toMatch(new RegExp(`^${name}-cp-1 +1/1 +Running`, 'm'));
    }
    expect(
      run(
        `kubectl get pod -n kube-system etcd-cp-1 -o jsonpath='{.metadata.ownerReferences[0].kind}/{.metadata.ownerReferences[0].name} {.metadata.annotations.kubernetes\\.io/config\\.source} {.spec.priorityClassName}'`,
      ),
    ).toBe('Node/cp-1 file system-node-critical');
  });

  it('has manifests that are real files in kubeadm’s form', () => {
    const { run } = startTerminal();
    expect(run(`ls ${MANIFESTS}`, 'cp-1').split('\n').filter(Boolean)).toEqual([
      'etcd.yaml',
      'kube-apiserver.yaml',
      'kube-controller-manager.yaml',
      'kube-scheduler.yaml',
    ]);
    const text = run(`cat ${MANIFESTS}/kube-scheduler.yaml`, 'cp-1');
    expect(text).toContain('apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    component: kube-scheduler\n');
    expect(text).toContain('    - --leader-elect=true\n');
  });

  it('schedules nothing while the scheduler’s manifest is away', () => {
    const { run } = startTerminal();
    run(`mv ${MANIFESTS}/kube-scheduler.yaml /root/`, 'cp-1');
    run('kubectl run web --image=nginx; sim advance 1m');
    expect(run('kubectl get pods --no-headers')).toMatch(/^web +0\/1 +Pending/);
    expect(run('kubectl get pods -n kube-system')).not.toContain('kube-scheduler');
    run(`mv /root/kube-scheduler.yaml ${MANIFESTS}/`, 'cp-1');
    run('sim advance 20s');
    expect(run('kubectl get pods --no-headers')).toMatch(/^web +1\/1 +Running/);
  });

  it('reconciles nothing while the controller manager’s manifest is away', () => {
    const { run } = startTerminal();
    run(`mv ${MANIFESTS}/kube-controller-manager.yaml /root/`, 'cp-1');
    run('kubectl create deployment web --image=nginx; sim advance 1m');
    expect(run('kubectl get pods')).toContain('No resources found');
    run(`mv /root/kube-controller-manager.yaml ${MANIFESTS}/`, 'cp-1');
    // The old leader never gave its Lease up: it has to run out first.
    run('sim advance 40s');
    expect(run('kubectl get deployment web --no-headers')).toMatch(/^web +1\/1/);
  });

  it('refuses connections without its store, and comes back with it', () => {
    const { run } = startTerminal();
    run('kubectl create deployment web --image=nginx --replicas=2; sim advance 20s');
    run(`mv ${MANIFESTS}/etcd.yaml /root/`, 'cp-1');
    run('sim advance 5s');
    expect(run('kubectl get pods')).toBe(
      'The connection to the server 10.0.0.10:6443 was refused - did you specify the right host or port?\n',
    );
    run('sim advance 5m');
    run(`mv /root/etcd.yaml ${MANIFESTS}/`, 'cp-1');
    run('sim advance 6m');
    expect(run('kubectl get deployment web --no-headers')).toMatch(/^web +2\/2/);
    expect(run('kubectl get pods --no-headers').match(/ 0 +1[0-9]m/g)).toHaveLength(2);
    run('kubectl scale deployment web --replicas=3; sim advance 20s');
    expect(run('kubectl get deployment web --no-headers')).toMatch(/^web +3\/3/);
  });

  it('keeps one leader of several, and another follows when its node dies', () => {
    const { run } = startTerminal({ controlPlanes: 3, workers: 0 });
    const leader = () =>
      run(
        `kubectl get lease -n kube-system kube-scheduler -o jsonpath='{.spec.holderIdentity} {.spec.leaseTransitions}'`,
      );
    const [first, transitions] = leader().split(' ');
    expect(transitions).toBe('0');
    const node = first.split('_')[0];
    run(`sim node crash ${node}; sim advance 1m`);
    const [second, later] = leader().split(' ');
    expect(second.split('_')[0]).not.toBe(node);
    expect(later).toBe('1');
  });

  it('lets everybody read cluster-info, and nothing else of kube-public', () => {
    const { run } = startTerminal();
    const get = (path: string) => run(`curl -sk https://cp-1:6443/api/v1/namespaces/kube-public${path}`, 'worker-1');
    expect(get('/configmaps/cluster-info')).toContain('"name": "cluster-info"');
    expect(get('/configmaps')).toContain('User \\"system:anonymous\\" cannot list resource \\"configmaps\\"');
  });
});
