import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';
import { prepare } from './blank.ts';

const API = 'apiVersion: kubeadm.k8s.io/v1beta4';
const write = (file: string, text: string) => `cat > ${file} <<'END'\n${text}\nEND\n`;

describe('a configuration file of kubeadm', () => {
  const CLUSTER = `${API}
kind: InitConfiguration
bootstrapTokens:
- token: abcdef.0123456789abcdef
  ttl: 1h
nodeRegistration:
  taints: []
---
${API}
kind: ClusterConfiguration
clusterName: lab
nonsense: 1
networking:
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.112.0.0/16
apiServer:
  certSANs: [api.example]
  extraArgs:
  - name: audit-log-path
    value: '-'
  - name: audit-policy-file
    value: /etc/kubernetes/audit/policy.yaml
  extraVolumes:
  - name: audit
    hostPath: /etc/kubernetes/audit
    mountPath: /etc/kubernetes/audit
    pathType: Directory
etcd:
  local:
    dataDir: /data/etcd
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
maxPods: 50
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: ipvs`;

  it('makes the cluster that it describes, and is kept in it', () => {
    const terminal = startTerminal({ controlPlanes: 0, machines: ['cp-1', 'new-1'] });
    const { run } = terminal;
    for (const machine of ['cp-1', 'new-1']) prepare(terminal, machine);
    run(write('c.yaml', CLUSTER), 'cp-1');
    run('mkdir -p ~/.kube /etc/kubernetes/audit', 'cp-1');
    run(
      "printf 'apiVersion: audit.k8s.io/v1\\nkind: Policy\\nrules: [{level: Metadata}]\\n' > /etc/kubernetes/audit/policy.yaml",
      'cp-1',
    );
    expect(run('kubeadm init --config c.yaml --service-cidr 10.0.0.0/8', 'cp-1')).toContain(
      "can not mix '--config' with arguments [service-cidr]",
    );
    const init = run('kubeadm init --config c.yaml; cp /etc/kubernetes/admin.conf ~/.kube/config', 'cp-1');
    expect(init).toMatch(/Kind:"ClusterConfiguration"}: strict decoding error: unknown field "nonsense"/);
    expect(init).toContain('[api.example cp-1 kubernetes');
    expect(init).not.toContain('adding the taints');
    run('sleep 20', 'cp-1');
    expect(run('kubectl get node cp-1 -o jsonpath={.status.capacity.pods}', 'cp-1')).toBe('50');
    expect(run('kubectl get services', 'cp-1')).toContain('10.112.0.1');
    expect(run('kubectl config current-context; ls /data/etcd', 'cp-1')).toBe('kubernetes-admin@lab\nmember\n');
    expect(run('kubectl -n kube-system logs kube-apiserver-cp-1 | tail -1', 'cp-1')).toContain('audit.k8s.io/v1');
    expect(run('kubectl -n kube-system get configmap kube-proxy -o yaml', 'cp-1')).toContain('mode: ipvs');
    const kept = run('kubectl -n kube-system get configmap kubeadm-config -o yaml', 'cp-1');
    expect(kept).toMatch(/certSANs:\n +- api\.example/);
    expect(kept).not.toContain('nonsense');

    const join = `apiVersion: kubeadm.k8s.io/v1beta3
kind: JoinConfiguration
discovery:
  timeout: 5m0s
  bootstrapToken: {token: abcdef.0123456789abcdef, apiServerEndpoint: "10.0.0.10:6443", unsafeSkipCAVerification: true}
nodeRegistration:
  kubeletExtraArgs: {node-ip: 10.0.0.11}`;
    const joined = run(`${write('j.yaml', join)}kubeadm join --config j.yaml`, 'new-1');
    expect(joined).toContain('uses a deprecated API spec: "kubeadm.k8s.io/v1beta3" (kind: "JoinConfiguration")');
    expect(joined).toContain('This node has joined the cluster');
    expect(run('cat /var/lib/kubelet/kubeadm-flags.env', 'new-1')).toBe('KUBELET_KUBEADM_ARGS="--node-ip=10.0.0.11"\n');
  });

  it('is refused for what cannot be read, and is checked and brought up to date by kubeadm config', () => {
    const { run } = startTerminal({ workers: 0 });
    const old = 'kind: ClusterConfiguration\napiServer:\n  extraArgs: {v: "4"}';
    const kubeadm = (words: string, text: string) => run(`${write('c.yaml', text)}kubeadm ${words} c.yaml`, 'cp-1');
    expect(kubeadm('init --config', `apiVersion: kubeadm.k8s.io/v1beta2\n${old}`)).toContain(
      'your configuration file uses an old API spec: "kubeadm.k8s.io/v1beta2"',
    );
    expect(kubeadm('init --config', `${API}\n${old}`)).toContain(
      'error: json: cannot unmarshal object into Go struct field APIServer.apiServer.extraArgs of type []v1beta4.Arg',
    );
    expect(kubeadm('init --config', `${API}\nkind: JoinConfiguration`)).toContain(
      'no InitConfiguration or ClusterConfiguration kind was found',
    );
    expect(
      kubeadm('init --config', `${API}\n${old.replace(/api.*/s, 'etcd: {external: {endpoints: [a]}}')}`),
    ).toContain('ClusterConfiguration: etcd.external: {"endpoints":["a"]} is not modelled by this engine');
    expect(kubeadm('config validate --config', `${API}\nkind: ClusterConfiguration\nfoo: 1`)).toContain(
      'strict decoding error: unknown field "foo"',
    );
    expect(kubeadm('config validate --config', `apiVersion: kubeadm.k8s.io/v1beta3\n${old}`)).toBe('ok\n');
    const migrated = run('kubeadm config migrate --old-config c.yaml', 'cp-1');
    expect(migrated).toMatch(/^apiServer:\n {2}extraArgs:\n {2}- name: v\n {4}value: "4"\napiVersion: .*v1beta4$/m);
  });
});

describe('kubeadm upgrade diff', () => {
  it('shows what an upgrade would change in the manifests', () => {
    const { run } = startTerminal({ version: 'v1.34.3', workers: 0 });
    const lines = run('kubeadm upgrade diff v1.34.2', 'cp-1').match(/^[-+] .*$/gm);
    expect(lines).toContain('-    image: registry.k8s.io/kube-scheduler:v1.34.3');
    expect(lines).toContain('+    image: registry.k8s.io/kube-scheduler:v1.34.2');
    expect(lines).toHaveLength(6);
  });
});

describe('phases one by one', () => {
  it('change one thing of a control plane that is there', () => {
    const { run } = startTerminal({ workers: 0 });
    const text = `${API}
kind: ClusterConfiguration
kubernetesVersion: v1.35.0
networking: {podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16}
scheduler:
  extraArgs: [{name: v, value: "2"}]
apiServer: {certSANs: [api.example]}`;
    run(`${write('c.yaml', text)}rm /etc/kubernetes/pki/apiserver.*`, 'cp-1');
    expect(run('kubeadm init phase certs apiserver --config c.yaml', 'cp-1')).toContain('[api.example cp-1 ');
    run('kubeadm init phase control-plane scheduler --config c.yaml', 'cp-1');
    expect(run('sleep 30; kubectl -n kube-system get pod kube-scheduler-cp-1 -o yaml')).toContain('- --v=2');
    run('kubeadm init phase upload-config kubeadm --config c.yaml', 'cp-1');
    expect(run('kubectl -n kube-system get configmap kubeadm-config -o yaml')).toContain('- api.example');
    expect(run('kubeadm init phase nothing', 'cp-1')).toContain('unknown command "nothing" for "kubeadm init phase"');
    expect(run('kubeadm init phase certs', 'cp-1')).toContain('"certs" is not meant to be run on its own');
    expect(run('kubeadm init --skip-phases nothing', 'cp-1')).toContain('invalid phase name: nothing');
  });

  it('leave out what is skipped', () => {
    const terminal = startTerminal({ controlPlanes: 0, machines: ['cp-1'] });
    prepare(terminal, 'cp-1');
    const init = terminal.run('kubeadm init --skip-phases addon/kube-proxy,mark-control-plane', 'cp-1');
    expect(init).toContain('essential addon: CoreDNS');
    expect(init).not.toMatch(/kube-proxy$|mark-control-plane/m);
  });
});

describe('kubeadm certs generate-csr', () => {
  it('writes keys and requests for an authority elsewhere', () => {
    const { run } = startTerminal({ workers: 0 });
    const words = 'kubeadm certs generate-csr --cert-dir csr --kubeconfig-dir csr';
    expect(run(words, 'cp-1')).toContain('generating keys and CSRs in /root/csr\n  apiserver\n');
    expect(run('openssl req -in csr/etcd/server.csr -noout -text', 'cp-1')).toContain('DNS:localhost');
    expect(run(words, 'cp-1')).toContain('files already exist');
  });
});

describe('the API server', () => {
  it('publishes by which authorities it is known', () => {
    const { run } = startTerminal({ workers: 0 });
    const get = (key: string) =>
      run(`kubectl -n kube-system get configmap extension-apiserver-authentication -o jsonpath='{.data.${key}}'`);
    expect(get('requestheader-allowed-names')).toBe('["front-proxy-client"]');
    expect(get('requestheader-client-ca-file')).toBe(run('cat /etc/kubernetes/pki/front-proxy-ca.crt', 'cp-1'));
    expect(get('client-ca-file')).toBe(run('cat /etc/kubernetes/pki/ca.crt', 'cp-1'));
  });
});
