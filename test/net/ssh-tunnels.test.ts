// The API server's SSH tunnels of v1.21 and before: it logs in at every node, nodes accept nothing but port 22.

import { beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.ts';

const MANIFEST = '/etc/kubernetes/manifests/kube-apiserver.yaml';
const OPTIONS = {
  version: 'v1.20.4',
  tunnel: 'ssh',
  cloud: { csiDriver: false },
  workers: 2,
  taintControlPlanes: true,
  ingressController: false,
};
const PAGE = 'kubectl get --raw /api/v1/namespaces/default/services/web:80/proxy/';

let test: TestCluster;
const log = () => test.run('kubectl -n kube-system logs kube-apiserver-cp-1');

beforeAll(() => {
  test = new TestCluster(OPTIONS);
  test.run(`kubectl run web --image=nginx --port=80 --overrides='{"spec": {"nodeName": "worker-1"}}'
    kubectl expose pod web
    kubectl wait --for=condition=Ready pod/web`);
});

describe('with tunnels', () => {
  it('makes its key, has the provider put it on the machines, and logs in at the external address of each', () => {
    expect(log()).toMatch(/Setting up proxy: tunnel \/etc\/srv\/sshproxy\/\.sshkeyfile/);
    expect(log()).toContain('Successfully added sshKey to project metadata');
    for (const number of [10, 11, 12]) expect(log()).toContain(`Successfully added tunnel for "203.0.113.${number}"`);
    expect(test.run('head -1 /etc/srv/sshproxy/.sshkeyfile.pub', 'cp-1')).toBe('-----BEGIN PUBLIC KEY-----\n');
    expect(test.run('cat /home/tunnel/.ssh/authorized_keys', 'worker-1')).toMatch(/^ssh-rsa AAAA\S+ tunnel@tunnel$/m);
    expect(test.run('ss -tn sport = :22', 'worker-1')).toMatch(/ESTAB +0 +0 +203\.0\.113\.11:22 +10\.0\.0\.10:/);
    expect(test.run('journalctl -u ssh', 'worker-1')).toContain('Accepted publickey for tunnel from 10.0.0.10');
  });

  it('carries logs, exec, port-forward and the proxy while the node accepts nothing but port 22', () => {
    test.run('iptables -I INPUT -i eth0 -p tcp ! --dport 22 -m conntrack --ctstate NEW -j DROP', 'worker-1');
    expect(test.run('curl -sk -m 2 https://10.0.0.11:10250/healthz; echo $?', 'cp-1')).toBe('28\n');
    expect(test.run('kubectl logs web')).toContain('start worker process');
    expect(test.run('kubectl exec web -- echo through')).toBe('through\n');
    expect(test.run(PAGE)).toContain('Welcome to nginx!');
    expect(
      test.run('kubectl port-forward pod/web 8080:80 > /dev/null & sleep 1; curl -s localhost:8080; kill %1'),
    ).toContain('Welcome to nginx!');
    expect(log()).toMatch(/\[[0-9a-f]{16}: 203\.0\.113\.11:10250\] Dialing\.\.\./);
    expect(log()).toMatch(/SSH tunnel not found for address "10\.244\.\d+\.\d+", picking random node/);
  });

  it('shows the way through the tunnel, for programs too', () => {
    const text = test.run('sim trace apiserver node/worker-1');
    expect(text).toMatch(/cp-1 +- +tunnel +kube-apiserver: the SSH tunnel to 203\.0\.113\.11/);
    expect(text).toMatch(/worker-1 +- +tunnel +sshd: session worker-1\/\d+ connects to the address/);
    expect(text).toContain('Delivered to worker-1, port 10250');
    const { hops, fate } = JSON.parse(test.run('sim trace apiserver pod/web:80 -o json'));
    expect(hops.slice(0, 3).map(({ kind, by }: { kind: string; by: string }) => `${kind} ${by}`)).toEqual([
      'tunnel kube-apiserver',
      'tunnel kube-apiserver',
      'tunnel sshd',
    ]);
    expect(hops[1].connection.remote).toMatch(/^203\.0\.113\.\d+:22$/);
    expect(fate).toBe('delivered');
  });

  it('opens a tunnel anew when a look through it fails, and counts', () => {
    expect(log()).not.toContain('Healthcheck failed');
    test.run("systemctl stop ssh; sleep 60; pgrep -f 'sshd: tunnel'", 'worker-1');
    expect(log()).not.toContain('Healthcheck failed');
    test.run("pkill -f 'sshd: tunnel'; sleep 75", 'worker-1');
    expect(log()).toContain(
      'Healthcheck failed for tunnel to "203.0.113.11": Get "http://127.0.0.1:10255/healthz": EOF',
    );
    expect(log()).toContain(
      'Failed to open tunnel to "203.0.113.11": dial tcp 203.0.113.11:22: connect: connection refused',
    );
    expect(test.run('kubectl logs web')).toContain(
      'Get "https://203.0.113.11:10250/containerLogs/default/web/web": ssh: rejected: connect failed (Connection timed out)',
    );
    test.run('systemctl start ssh; sleep 16', 'worker-1');
    expect(test.run('kubectl logs web')).toContain('start worker process');
    const metrics = test.run('kubectl get --raw /metrics');
    expect(Number(/^ssh_tunnel_open_fail_count (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
    expect(metrics).toMatch(/^apiserver_proxy_tunnel_sync_duration_seconds \d+$/m);
  });

  it('is let in nowhere with a key that nobody knows', () => {
    test.run('rm /etc/srv/sshproxy/.sshkeyfile.pub', 'cp-1');
    for (const node of ['cp-1', 'worker-1', 'worker-2'])
      test.run('sed -i s/AAAA/BBBB/ /home/tunnel/.ssh/authorized_keys', node);
    test.run(`sed -i 's/--cloud-provider=gce/--cloud-provider=external/' ${MANIFEST}; sleep 60`, 'cp-1');
    const none = 'No SSH tunnels currently open. Were the targets able to accept an ssh-key for user "tunnel"?';
    expect(test.run('kubectl exec web -- date')).toContain(`error dialing backend: ${none}`);
    expect(test.run(PAGE)).toContain(`error trying to reach service: ${none}`);
    expect(test.run('sim trace apiserver node/worker-1')).toContain(`Not sent: ${none}`);
    expect(test.run('crictl logs $(crictl ps --name kube-apiserver -q)', 'cp-1')).toContain(
      'ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain',
    );
  });

  it('is unwell, and started again, when no provider has brought its key for a quarter of an hour', () => {
    expect(test.run('kubectl get --raw "/livez/SSH Tunnel Check"')).toBe('ok');
    test.run('sleep 900');
    expect(test.run('kubectl get --raw /livez')).toMatch(
      /\[-\]SSH Tunnel Check failed: reason withheld\nlivez check failed/,
    );
    expect(test.run('kubectl get --raw "/livez/SSH Tunnel Check"')).toContain('SSHKey sync is taking too long: 9');
    test.run('sleep 150');
    expect(test.run('kubectl -n kube-system get pod kube-apiserver-cp-1 --no-headers')).toMatch(/Running +1 /);
  });
});

describe('the setting', () => {
  it('is of releases before v1.22, and needs a cloud', () => {
    const start = (options: object) => () => new TestCluster({ ...OPTIONS, ...options } as never);
    expect(start({ version: 'v1.22.0' })).toThrow('tunnel must be konnectivity, or absent; before v1.22 also ssh');
    expect(start({ cloud: false })).toThrow('tunnel: ssh needs a cloud');
  });
});
