import { describe, expect, it } from 'vitest';
import { startTerminal, type TestTerminal } from '../sim-command/terminal.ts';
import { KEY, prepare, SOURCE } from './blank.ts';

const TOKEN = 'abcdef.0123456789abcdef';

const hashOn = ({ run }: TestTerminal) =>
  /[0-9a-f]{64}/.exec(
    run(
      'openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt | openssl pkey -pubin -outform der | openssl dgst -sha256',
      'cp-1',
    ),
  )?.[0];

describe('a blank machine', () => {
  it('has nothing of Kubernetes until packages are installed from a repository whose key it has', () => {
    const { run } = startTerminal({ workers: 0, machines: ['new-1'] });
    expect(run('kubeadm version', 'new-1')).toContain('command not found');
    run(`echo '${SOURCE}' > /etc/apt/sources.list.d/kubernetes.list`, 'new-1');
    expect(run('apt-get update', 'new-1')).toContain('is not signed');
    expect(run('apt-get install -y kubeadm', 'new-1')).toContain('Unable to locate package kubeadm');
    run(`curl -fsSL https://pkgs.k8s.io/core:/stable:/v1.35/deb/Release.key | gpg --dearmor -o ${KEY}`, 'new-1');
    expect(run('apt-get update && apt-get install -y kubeadm && kubeadm version -o short', 'new-1')).toMatch(
      /Setting up kubeadm[\s\S]*v1\.35\.0\n$/,
    );
  });

  it('becomes a cluster of IPv6, when the ranges are of the family of its address', () => {
    const terminal = startTerminal({ controlPlanes: 0, machines: ['cp-1', 'new-1'], ipFamilies: ['IPv6'] });
    const { run } = terminal;
    for (const machine of ['cp-1', 'new-1']) prepare(terminal, machine);
    const init = (flags: string) => run(`kubeadm init --pod-network-cidr fd00:10:244::/56 ${flags}`, 'cp-1');
    expect(init('')).toContain('/proc/sys/net/ipv6/conf/default/forwarding contents are not set to 1');
    for (const machine of ['cp-1', 'new-1']) run('sysctl -w net.ipv6.conf.default.forwarding=1', machine);
    expect(init('')).toContain('kube-apiserver check failed at https://[fd00:10::a]:6443/livez');
    expect(run('grep -rho "service IP family.*" /var/log/pods | tail -1', 'cp-1')).toContain(
      '10.96.0.0/12\\" must match public address family \\"fd00:10::a\\""',
    );
    run('kubeadm reset --force', 'cp-1');
    expect(init('--service-cidr fd00:10:96::/112')).toContain('initialized successfully');
    run('mkdir -p ~/.kube; cp /etc/kubernetes/admin.conf ~/.kube/config', 'cp-1');
    const join = run('kubeadm token create --print-join-command', 'cp-1').trim();
    expect(join).toMatch(/^kubeadm join \[fd00:10::a\]:6443 /);
    expect(run(join, 'new-1')).toContain('This node has joined the cluster');
    expect(run('kubectl get services -A', 'cp-1')).toMatch(/kubernetes +ClusterIP +fd00:10:96::1 [^]*fd00:10:96::a /);
    expect(run('grep -A1 clusterDNS /var/lib/kubelet/config.yaml', 'new-1')).toContain('- fd00:10:96::a');
    expect(run('sleep 20; kubectl get nodes -o jsonpath={.items[*].spec.podCIDR}', 'cp-1')).toBe(
      'fd00:10:244::/64 fd00:10:244:1::/64',
    );
  });

  it('joins with a token and the hash of the right authority, and no sooner', () => {
    const terminal = startTerminal({ workers: 0, machines: ['new-1'] });
    const { run } = terminal;
    prepare(terminal, 'new-1', 'kubeadm');
    run(`kubeadm token create ${TOKEN}`, 'cp-1');
    const join = (hash = hashOn(terminal)) =>
      run(`kubeadm join 10.0.0.10:6443 --token ${TOKEN} --discovery-token-ca-cert-hash sha256:${hash}`, 'new-1');
    expect(join()).toContain("cannot execute 'kubelet --version'");
    run('apt-get install -y kubelet; systemctl enable --now kubelet', 'new-1');
    expect(run('sleep 1; systemctl is-active kubelet', 'new-1')).toBe('activating\n');
    expect(join('0'.repeat(64))).toContain('are pinned');
    expect(join()).toContain('This node has joined the cluster');
    expect(run('kubectl get csr')).toMatch(/system:bootstrap:abcdef .*Approved,Issued/);
    expect(run('sim advance 1m; kubectl get nodes')).toMatch(/new-1 +Ready/);
    expect(join()).toContain('kubelet.conf already exists');
    run('kubeadm reset --force; sim advance 1m', 'new-1');
    expect(run('ls /etc/kubernetes/manifests /var/lib/kubelet', 'new-1')).not.toContain('config.yaml');
    expect(run('sim advance 1m; kubectl get nodes')).toMatch(/new-1 +NotReady/);
  });

  it('cannot join with a token whose time is over', () => {
    const terminal = startTerminal({ workers: 0, machines: ['new-1'] });
    const { run } = terminal;
    prepare(terminal, 'new-1');
    expect(run(`kubeadm token create ${TOKEN} --ttl 1h; kubeadm token list`, 'cp-1')).toMatch(/abcdef\.\S+ +(59m|1h)/);
    expect(run('sim advance 61m; kubectl -n kube-system get secrets')).not.toContain('bootstrap-token');
    expect(run('kubeadm token list', 'cp-1')).toBe('');
    expect(
      run(
        `kubeadm join 10.0.0.10:6443 --token ${TOKEN} --discovery-token-ca-cert-hash sha256:${hashOn(terminal)}`,
        'new-1',
      ),
    ).toContain('could not find a JWS signature in the cluster-info ConfigMap for token ID "abcdef"');
  });
});

describe('kubeadm init', () => {
  const fresh = () => {
    const terminal = startTerminal({ controlPlanes: 0, machines: ['cp-1'] });
    prepare(terminal, 'cp-1');
    return terminal;
  };

  it('makes a control plane whose node is ready once there is a network', () => {
    const { run } = fresh();
    expect(run('kubeadm init --pod-network-cidr=10.244.0.0/16', 'cp-1')).toContain('has initialized successfully!');
    const kubectl = (words: string) => run(`KUBECONFIG=/etc/kubernetes/admin.conf kubectl ${words}`, 'cp-1');
    run('sleep 60', 'cp-1');
    expect(kubectl('get nodes')).toMatch(/cp-1 +NotReady +control-plane/);
    expect(kubectl('get pods -A')).toMatch(/coredns-\S+ +0\/1 +Pending/);
    run('curl -fsSLO https://manifests.kubebook.example/kube-flannel.yml', 'cp-1');
    kubectl('apply -f kube-flannel.yml');
    run('sleep 60', 'cp-1');
    expect(kubectl('get nodes')).toMatch(/cp-1 +Ready +control-plane/);
    expect(kubectl('get pods -A')).toMatch(/coredns-\S+ +1\/1 +Running/);
    expect(run('kubeadm init', 'cp-1')).toMatch(/\[ERROR Port-6443\][\s\S]*\[ERROR DirAvailable--var-lib-etcd\]/);
  });

  it('begins anew after a reset', () => {
    const { run } = fresh();
    run('kubeadm init; export KUBECONFIG=/etc/kubernetes/admin.conf; kubectl create namespace old', 'cp-1');
    run('kubeadm reset --force; kubeadm init', 'cp-1');
    expect(run('kubectl get namespaces', 'cp-1')).not.toContain('old');
  });

  it('needs a runtime, and refuses a kubelet that is newer than the control plane', () => {
    const { run } = fresh();
    expect(run('kubeadm init --kubernetes-version v1.34.3', 'cp-1')).toContain(
      'the kubelet version is higher than the control plane version',
    );
    run('systemctl stop containerd', 'cp-1');
    expect(run('kubeadm init', 'cp-1')).toContain('failed to create new CRI runtime service');
  });
});

describe('a cluster from binaries', () => {
  it('has its components as services, which stop and come back as such', () => {
    const { run } = startTerminal({ installer: 'binary', workers: 1 });
    expect(run('kubectl -n kube-system get pods -o name')).not.toMatch(/apiserver|proxy|etcd/);
    run('systemctl stop kube-scheduler', 'cp-1');
    expect(run('kubectl run late --image=nginx; sleep 20; kubectl get pod late')).toContain('Pending');
    run('systemctl start kube-scheduler', 'cp-1');
    expect(run('sleep 40; kubectl get pod late')).toContain('Running');
    expect(run('pkill -9 -f kube-apiserver; sleep 1; systemctl is-active kube-apiserver', 'cp-1')).toBe('activating\n');
    expect(run('sleep 10; kubectl get nodes')).toMatch(/cp-1 +Ready/);
    run('sim node crash cp-1');
    expect(run('kubectl get nodes')).toMatch(/refused|Unable to connect/);
    expect(run('sim node start cp-1; sleep 30; kubectl get nodes')).toMatch(/cp-1 +Ready/);
  });

  it('has a scheduler that waits for an API that only its own release has', () => {
    const { run } = startTerminal({ installer: 'binary', workers: 1, version: 'v1.33.7' });
    const replace = (name: string) =>
      run(
        `systemctl stop ${name} && cp /opt/kubernetes/v1.34.3/${name} /usr/local/bin/ && systemctl start ${name}`,
        'cp-1',
      );
    replace('kube-scheduler');
    expect(run('kubectl run early --image=nginx; sleep 60; kubectl get pod early')).toContain('Pending');
    replace('kube-apiserver');
    expect(run('sleep 60; kubectl get pod early')).toContain('Running');
  });
});

describe('the certificates of a control plane', () => {
  it('are listed with their time, and renewed with the names they had', () => {
    const { run } = startTerminal({ workers: 0 });
    const names = 'openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -ext subjectAltName';
    const before = run(names, 'cp-1');
    run('sim advance 48h');
    expect(run('kubeadm certs check-expiration', 'cp-1')).toMatch(
      /^apiserver +Jan 05, 2027 09:00 UTC +362d +ca +no +$/m,
    );
    expect(run('kubeadm certs renew all', 'cp-1')).toContain('certificate for serving the Kubernetes API renewed\n');
    expect(run('kubeadm certs check-expiration', 'cp-1')).toMatch(
      /^admin\.conf +Jan 07, 2027 .* UTC +364d +ca +no +$/m,
    );
    expect(run(names, 'cp-1')).toBe(before);
    const ca = '-CAfile /etc/kubernetes/pki/ca.crt';
    expect(run(`openssl verify ${ca} /etc/kubernetes/pki/apiserver.crt`, 'cp-1')).toContain(': OK');
    expect(run('kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes', 'cp-1')).toContain('cp-1');
  });

  it('cannot be renewed without the key of their authority', () => {
    const { run } = startTerminal({ workers: 0 });
    run('rm /etc/kubernetes/pki/front-proxy-ca.key', 'cp-1');
    expect(run('kubeadm certs renew front-proxy-client', 'cp-1')).toContain('Detected external front-proxy-ca');
    expect(run('kubeadm certs check-expiration', 'cp-1')).toMatch(/^front-proxy-client .* yes +$/m);
  });

  it('can be given to further users', () => {
    const { run } = startTerminal({ workers: 0 });
    run('kubeadm kubeconfig user --client-name jo --org dev --validity-period 24h > jo.conf', 'cp-1');
    expect(run('kubectl --kubeconfig jo.conf auth whoami', 'cp-1')).toMatch(/jo\n.*dev system:authenticated/);
  });
});

describe('phases of kubeadm', () => {
  it('do not run the whole command', () => {
    const { run } = startTerminal({ workers: 0 });
    expect(run('kubeadm init phase certs apiserver', 'cp-1')).toBe(
      '[certs] Using existing apiserver certificate and key on disk\n',
    );
    expect(run('kubeadm upgrade node phase kubelet-config', 'cp-1')).not.toContain('control-plane');
    expect(run('systemctl restart kubelet; sleep 5; systemctl is-active kubelet', 'cp-1')).toBe('active\n');
  });
});

describe('other runtimes', () => {
  it('are what nodes report and containers are called by', () => {
    const { run } = startTerminal({ runtime: 'cri-o', workers: 1 });
    expect(run('kubectl get nodes -o wide')).toMatch(/cri-o:\/\/1\.35\.0\n/);
    expect(run('systemctl is-active crio', 'worker-1')).toBe('active\n');
    expect(() => startTerminal({ runtime: 'docker' })).toThrow('before v1.24 also docker');
  });
});

describe('the processes of a node', () => {
  it('are those of its containers too, and one that is killed is started again', () => {
    const { run } = startTerminal({ workers: 1 });
    run(`kubectl run web --image=nginx --overrides='{"spec":{"nodeName":"worker-1"}}'; sleep 10`);
    expect(run('ps aux', 'worker-1')).toMatch(/nginx -g daemon off;\n/);
    run('kill -9 $(pgrep nginx)', 'worker-1');
    expect(run('sleep 10; kubectl get pod web')).toMatch(/Running +1 /);
    expect(run('ps aux', 'cp-1')).not.toContain('nginx -g');
  });
});
