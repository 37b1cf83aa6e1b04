import { describe, expect, it } from 'vitest';
import { startTerminal, type TestTerminal } from '../sim-command/terminal.ts';

const SOURCE = '/etc/apt/sources.list.d/kubernetes.list';

/** Installs a release of kubeadm on the control plane. */
function useKubeadm({ run }: TestTerminal, release: string, minor: string) {
  run(`sed -i 's/v1\\.[0-9]*/v${minor}/' ${SOURCE} && apt-get -qq update && apt-mark unhold kubeadm`, 'cp-1');
  return run(`apt-get install -y -qq --allow-downgrades kubeadm='${release}-*' && kubeadm version -o short`, 'cp-1');
}

describe('packages', () => {
  it('are those of the minor version that the source list names, once it has been read', () => {
    const { run } = startTerminal({ version: 'v1.34.3' });
    expect(run('apt-cache madison kubeadm', 'cp-1')).toMatch(
      /^ +kubeadm \| 1\.34\.3-1\.1 \| https:\/\/pkgs\.k8s\.io\//,
    );
    run(`sed -i 's/v1.34/v1.35/' ${SOURCE}`, 'cp-1');
    expect(run('apt-cache madison kubeadm', 'cp-1')).not.toContain('1.35');
    run('apt-get -qq update', 'cp-1');
    expect(run('apt-cache madison kubeadm', 'cp-1')).toContain('1.35.0-1.1');
  });

  it('stay as they are while they are held, and never go back unasked', () => {
    const { run } = startTerminal({ version: 'v1.34.3' });
    expect(run("apt-get install -y kubeadm='1.34.0-*'", 'cp-1')).toContain('E: Held packages were changed');
    run('apt-mark unhold kubeadm', 'cp-1');
    expect(run("apt-get install -y kubeadm='1.34.0-*'", 'cp-1')).toContain('E: Packages were downgraded');
    expect(run("apt-get install -y kubeadm='1.36.0-*'", 'cp-1')).toContain(
      "Version '1.36.0-*' for 'kubeadm' was not found",
    );
  });

  it('go up all together with upgrade, one by one with install', () => {
    const { run } = startTerminal({ version: 'v1.34.3' });
    run(`sed -i 's/v1.34/v1.35/' ${SOURCE}; apt-get -qq update; apt-mark unhold kubeadm kubectl`, 'cp-1');
    expect(run("apt-get install -y kubectl='1.35.0-*'", 'cp-1')).toContain('1 upgraded, 0 newly installed');
    expect(run('apt-get upgrade -y', 'cp-1')).toContain('  containerd.io kubeadm openssl\n');
    expect(run('dpkg-query -W kubelet', 'cp-1')).toBe('kubelet\t1.34.3-1.1\n');
  });
});

describe('kubeadm upgrade', () => {
  it('takes the control plane to the next minor version, and leaves the kubelets alone', () => {
    const terminal = startTerminal({ version: 'v1.34.3' });
    const { run } = terminal;
    expect(useKubeadm(terminal, '1.35.0', '1.35')).toMatch(/v1\.35\.0\n$/);
    expect(run('kubeadm upgrade plan', 'cp-1')).toMatch(/kube-apiserver +cp-1 +v1\.34\.3 +v1\.35\.0/);
    expect(run('kubeadm upgrade apply v1.35.0 --yes', 'cp-1')).toContain('was upgraded to "v1.35.0".');
    expect(run('kubectl version')).toContain('Server Version: v1.35.0');
    expect(run("kubectl get nodes -o jsonpath='{.items[*].status.nodeInfo.kubeletVersion}'")).toBe(
      'v1.34.3 v1.34.3 v1.34.3',
    );
    run('sim advance 2m');
    expect(run('kubectl -n kube-system get ds kube-proxy -o wide --no-headers')).toMatch(
      / 3 +3 +3 +3 .*kube-proxy:v1\.35\.0/,
    );
  });

  it('keeps to one minor version at a time, and to kubelets of at most three minor versions less', () => {
    const terminal = startTerminal({ version: 'v1.31.14', workers: 0 });
    const { run } = terminal;
    const apply = (release: string) => run(`kubeadm upgrade apply v${release} --yes`, 'cp-1');
    expect(apply('1.32.11')).toContain('at least one minor release higher than the kubeadm minor release (32 > 31)');
    useKubeadm(terminal, '1.33.7', '1.33');
    expect(apply('1.33.7')).toContain('is too high; kubeadm can upgrade only 1 minor version at a time');
    for (const release of ['1.32.11', '1.33.7', '1.34.3']) {
      useKubeadm(terminal, release, release.slice(0, 4));
      expect(apply(release)).toContain('[upgrade] SUCCESS!');
    }
    useKubeadm(terminal, '1.35.0', '1.35');
    expect(apply('1.35.0')).toContain('kubelets in this cluster that are too old that have these versions [v1.31.14]');
  });

  it('leaves the kubelet to its package and a restart', () => {
    const { run } = startTerminal({ version: 'v1.34.3' });
    const version = () => run("kubectl get node worker-1 -o jsonpath='{.status.nodeInfo.kubeletVersion}'");
    run(`sed -i 's/v1.34/v1.35/' ${SOURCE}; apt-get -qq update; apt-mark unhold kubelet`, 'worker-1');
    run("apt-get install -y -qq kubelet='1.35.0-*'", 'worker-1');
    expect(version()).toBe('v1.34.3');
    expect(run('systemctl restart kubelet', 'worker-1')).toContain('changed on disk');
    run('sim advance 5s');
    expect(version()).toBe('v1.35.0');
    expect(run('systemctl daemon-reload; systemctl restart kubelet', 'worker-1')).toBe('');
  });
});
