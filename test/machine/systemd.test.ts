import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

describe('systemctl', () => {
  it('knows the kubelet and the runtime, and nothing of the control plane', () => {
    const { run } = startTerminal();
    expect(run('systemctl is-active kubelet containerd', 'cp-1')).toBe('active\nactive\n');
    expect(run('systemctl status etcd', 'cp-1')).toBe('Unit etcd.service could not be found.\n');
    expect(run('service kubelet status', 'worker-1')).toContain('Active: active (running) since Mon 2026-01-05');
    expect(run('systemctl cat kubelet', 'worker-1')).toContain(
      '# /usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf\n',
    );
  });

  it('stops and starts the kubelet itself', () => {
    const { run } = startTerminal();
    run('systemctl stop kubelet', 'worker-1');
    expect(run('systemctl status kubelet', 'worker-1')).toContain('Active: inactive (dead) since');
    run('sim advance 90s');
    expect(run('kubectl get node worker-1 --no-headers')).toMatch(/^worker-1 +NotReady/);
    run('systemctl restart kubelet', 'worker-1');
    run('sim advance 15s');
    expect(run('kubectl get node worker-1 --no-headers')).toMatch(/^worker-1 +Ready/);
    expect(run('kubectl -n kube-system logs ds/kube-proxy')).not.toContain('connection refused');
  });

  it('does not start a kubelet with flags that would have no effect, or that are gone', () => {
    const { run } = startTerminal();
    const said = (flags: string) =>
      run(
        `mkdir -p /etc/default; echo 'KUBELET_EXTRA_ARGS=${flags}' > /etc/default/kubelet; systemctl restart kubelet; sleep 2; journalctl -u kubelet | grep 'command failed' | tail -1`,
        'worker-1',
      );
    expect(said('--node-labels=a=b')).toContain('the flag --node-labels=a=b is not modelled by this engine');
    expect(said('--network-plugin=cni')).toContain('failed to parse kubelet flag: unknown flag: --network-plugin');
    said('--node-ip=10.0.0.11');
    expect(run('systemctl is-active kubelet', 'worker-1')).toBe('active\n');
  });

  it('stops the runtime: what runs goes on, nothing new starts, and the node says so', () => {
    const { run } = startTerminal();
    const on = `--overrides='{"spec": {"nodeName": "worker-1"}}'`;
    run(`kubectl run old --image=nginx ${on}; sim advance 10s`);
    run('systemctl stop containerd', 'worker-1');
    run(`kubectl run new --image=nginx ${on}; sim advance 45s`);
    expect(run('kubectl get pods --no-headers')).toMatch(/^new +0\/1 +Pending .*\nold +1\/1 +Running/);
    expect(run('kubectl describe node worker-1')).toMatch(/Ready +False .*container runtime is down/);
    expect(run('crictl ps', 'worker-1')).toContain('connect: no such file or directory');
    run('systemctl start containerd', 'worker-1');
    run('sim advance 15s');
    expect(run('kubectl get pods --no-headers')).toMatch(/^new +1\/1 +Running/);
    expect(run('kubectl get node worker-1 --no-headers')).toMatch(/^worker-1 +Ready/);
  });

  it('has the services among the processes, and starts again what is killed', () => {
    const { run } = startTerminal();
    expect(run('ps -e -o pid,comm | head -5', 'worker-1')).toMatch(
      /^ +PID COMMAND\n +1 init\n +640 containerd\n +690 sshd\n +812 kubelet\n$/,
    );
    run('kill -9 $(pgrep kubelet)', 'worker-1');
    expect(run('pgrep kubelet; systemctl is-active kubelet', 'worker-1')).toBe('inactive\n');
    run('sim advance 11s');
    expect(run('pgrep kubelet', 'worker-1')).toBe('812\n');
  });

  it('has the kubelet’s lines in its journal', () => {
    const { run } = startTerminal();
    run('systemctl restart kubelet', 'worker-1');
    expect(run('journalctl -u kubelet --since -1m', 'worker-1')).toMatch(
      /^Jan 05 09:00:\d\d worker-1 systemd\[1\]: Started kubelet\.service/m,
    );
    run('echo broken > /etc/kubernetes/manifests/bad.yaml', 'worker-1');
    run('sim advance 1s');
    expect(run('journalctl -u kubelet', 'worker-1')).toMatch(/worker-1 kubelet\[\d+\]: E0105 .*bad\.yaml/);
  });
});

describe('crictl', () => {
  it('stops a container, and the kubelet starts another unless it does not run', () => {
    const { run } = startTerminal();
    run(`kubectl run web --image=nginx --overrides='{"spec": {"nodeName": "worker-1"}}'; sim advance 10s`);
    run('crictl stop $(crictl ps --name web -q)', 'worker-1');
    run('sim advance 5s');
    expect(run('kubectl get pod web --no-headers')).toMatch(/^web +1\/1 +Running +1 /);
    run('systemctl stop kubelet; crictl stop $(crictl ps --name web -q); sleep 30', 'worker-1');
    expect(run('crictl ps -a --name web', 'worker-1')).toMatch(/ Exited +web +1 /);
  });

  it('runs commands in containers and reads their logs without the API', () => {
    const { run } = startTerminal();
    run(`kubectl run web --image=nginx --overrides='{"spec": {"nodeName": "worker-1"}}'; sim advance 10s`);
    expect(run('crictl exec $(crictl ps --name web -q) hostname', 'worker-1')).toBe('web\n');
    expect(run('crictl logs $(crictl ps --name web -q)', 'worker-1')).toContain('start worker process');
    expect(run('crictl images', 'worker-1')).toMatch(/docker\.io\/library\/nginx +latest /);
  });
});

describe('the flags of kube-controller-manager', () => {
  const MANIFEST = '/etc/kubernetes/manifests/kube-controller-manager.yaml';

  it('switch controllers off', () => {
    const { run } = startTerminal();
    run(`sed -i 's/--controllers=.*/--controllers=*,-replicaset-controller/' ${MANIFEST}`, 'cp-1');
    run('sim advance 40s; kubectl create deployment web --image=nginx; sim advance 10s');
    expect(run('kubectl get rs --no-headers')).toMatch(/ 1 +0 +0 /);
    expect(run('kubectl -n kube-system logs kube-controller-manager-cp-1')).toContain(
      '"Warning: controller is disabled" controller="replicaset-controller"',
    );
  });

  it('end the process when they are unknown or not modelled', () => {
    const { run } = startTerminal();
    const change = (flag: string) => {
      run(`sed -i '/--v=/d; /--pod-/d; s/    - --cluster-name=.*/&\\n    - ${flag}/' ${MANIFEST}`, 'cp-1');
      run('sim advance 20s');
      return run('kubectl -n kube-system logs kube-controller-manager-cp-1');
    };
    expect(change('--pod-eviction-timeout=5m')).toBe('Error: unknown flag: --pod-eviction-timeout\n');
    expect(change('--v=1')).toContain('"Controller starting..." controller="deployment-controller"');
  });

  it('change the pace and patience of the node controller', () => {
    const { run } = startTerminal();
    run(`sed -i 's/    - --cluster-name=.*/&\\n    - --node-monitor-grace-period=20s/' ${MANIFEST}`, 'cp-1');
    run('sim advance 40s; sim node stop worker-1; sim advance 35s');
    expect(run('kubectl get node worker-1 --no-headers')).toMatch(/^worker-1 +NotReady/);
  });
});
