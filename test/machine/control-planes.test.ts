import { describe, expect, it } from 'vitest';
import { startTerminal, type TestTerminal } from '../sim-command/terminal.ts';
import { prepare } from './blank.ts';

const TOKEN = 'abcdef.0123456789abcdef';
const ENDPOINT = 'cluster.example';
const ETCDCTL = ['cacert ca.crt', 'cert server.crt', 'key server.key']
  .map((pair) => pair.replace(' ', ' /etc/kubernetes/pki/etcd/'))
  .reduce((command, pair) => `${command} --${pair}`, 'kubectl -n kube-system exec etcd-cp-1 -- etcdctl');

function highlyAvailable(machines: string[]): TestTerminal & { join: string; key: string } {
  const terminal = startTerminal({ controlPlanes: 0, machines });
  for (const machine of machines) {
    prepare(terminal, machine);
    terminal.run(`echo '10.0.0.10 ${ENDPOINT}' >> /etc/hosts`, machine);
  }
  const log = terminal.run(
    `kubeadm init --control-plane-endpoint ${ENDPOINT} --upload-certs --token ${TOKEN} --pod-network-cidr 10.244.0.0/16`,
    'cp-1',
  );
  terminal.run('mkdir -p ~/.kube; cp /etc/kubernetes/admin.conf ~/.kube/config', 'cp-1');
  terminal.run(
    'curl -fsSLO https://manifests.kubebook.example/kube-flannel.yml; kubectl apply -f kube-flannel.yml',
    'cp-1',
  );
  const [, join, key] = /^ {2}(kubeadm join .*?) \\\n\t--control-plane --certificate-key (\w{64})$/ms.exec(log) ?? [];
  return { ...terminal, join: `${join.replace(/\\\n\t/g, '')} --control-plane`, key };
}

describe('a further control plane', () => {
  it('joins with the key of the certificates, and its member of etcd votes', () => {
    const { run, join, key } = highlyAvailable(['cp-1', 'cp-2', 'cp-3']);
    expect(run(join, 'cp-2')).toContain("failure loading certificate for CA: couldn't load the certificate file");
    expect(run(`${join} --certificate-key ${'0'.repeat(64)}`, 'cp-2')).toContain('message authentication failed');
    for (const machine of ['cp-2', 'cp-3']) {
      const said = run(`${join} --certificate-key ${key}`, machine);
      expect(said).toContain('[etcd] Announced new etcd member joining to the existing etcd cluster');
      expect(said).toContain('a new control plane instance was created');
    }
    expect(run('grep -h initial-cluster /etc/kubernetes/manifests/etcd.yaml', 'cp-2')).toBe(
      '    - --initial-cluster=cp-1=https://10.0.0.10:2380,cp-2=https://10.0.0.11:2380\n    - --initial-cluster-state=existing\n',
    );
    expect(run('sleep 60; kubectl get nodes', 'cp-1').match(/ Ready +control-plane /g)).toHaveLength(3);
    expect(run('kubectl get node cp-2 -o jsonpath={.spec.taints[*].key}', 'cp-1')).toContain('control-plane');
    expect(run(`${ETCDCTL} member list`, 'cp-1').match(/started, cp-\d, .*false$/gm)).toHaveLength(3);

    expect(run('kubeadm reset --force', 'cp-3')).toContain('Deleted contents of the etcd data directory');
    expect(run(`${ETCDCTL} member list`, 'cp-1').match(/cp-\d/g)).toEqual(['cp-1', 'cp-2']);
    // Two members: without one of them there is no majority.
    run('systemctl stop kubelet; pkill -9 etcd; sleep 1', 'cp-2');
    expect(run('kubectl get nodes --request-timeout 5s', 'cp-1')).not.toContain('Ready');
    run('systemctl start kubelet; sleep 60', 'cp-2');
    expect(run('kubectl get nodes', 'cp-1')).toMatch(/cp-2 +Ready/);
  });

  it('needs certificates that are still there, and an endpoint that stays', () => {
    const { run, join, key } = highlyAvailable(['cp-1', 'cp-2']);
    run('kubectl -n kube-system delete secret kubeadm-certs', 'cp-1');
    const joining = `${join} --certificate-key ${key}`;
    expect(run(joining, 'cp-2')).toContain(
      'This Secret might have expired. Please, run `kubeadm init phase upload-certs',
    );
    run(
      "kubectl -n kube-system get cm kubeadm-config -o yaml | sed '/controlPlaneEndpoint/d' | kubectl replace -f -",
      'cp-1',
    );
    expect(run(joining, 'cp-2')).toContain("a cluster that doesn't have a stable controlPlaneEndpoint address");
  });

  it('has certificates to share for two hours', () => {
    const { run } = startTerminal({ workers: 0 });
    expect(run('kubeadm init phase upload-certs --upload-certs', 'cp-1')).toMatch(/certificate key:\n[0-9a-f]{64}\n$/);
    expect(run('kubectl -n kube-system get secret kubeadm-certs')).toContain('Opaque   8');
    expect(run('sim advance 121m; kubectl -n kube-system get secret kubeadm-certs')).toContain('NotFound');
  });
});

describe('the endpoint of a control plane', () => {
  it('has to be a name that the machine can look up', () => {
    const terminal = startTerminal({ controlPlanes: 0, machines: ['cp-1'] });
    prepare(terminal, 'cp-1');
    expect(terminal.run('kubeadm init --control-plane-endpoint nobody.example', 'cp-1')).toMatch(
      /upload-config\/kubeadm: could not bootstrap the admin user in file admin\.conf: .* lookup nobody\.example/,
    );
  });
});
