import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

describe('crictl', () => {
  const NODE = 'worker-1';

  it('lists Pods by name and by label', () => {
    const { run } = startTerminal();
    expect(run('crictl pods --name kube-proxy -q | wc -l', NODE)).toBe('1\n');
    const shown = run('crictl pods --label k8s-app=kube-proxy', NODE);
    expect(shown).toContain('kube-proxy-');
    expect(shown.trim().split('\n')).toHaveLength(2);
  });

  it('lists images of a repository, or their IDs alone', () => {
    const { run } = startTerminal();
    expect(run('crictl images registry.k8s.io/kube-proxy', NODE)).toMatch(
      /^IMAGE +TAG +IMAGE ID +SIZE\nregistry\.k8s\.io\/kube-proxy +v1\.35\.0 +[0-9a-f]{13} +\S+\n$/,
    );
    expect(run('crictl images -q', NODE)).toMatch(/^(sha256:[0-9a-f]{64}\n)+$/);
  });

  it('runs a command in a container, with flags before its ID', () => {
    const { run } = startTerminal();
    const id = run('crictl ps -q --name kube-proxy', NODE).trim();
    expect(run(`crictl exec -i -t ${id} nothing`, NODE)).toContain('"nothing": executable file not found');
    expect(run('crictl version', NODE)).toContain('RuntimeName:  containerd\nRuntimeVersion:  v2.1.5\n');
  });

  it('shows a container and its Pod as the runtime has them, down to the number of its process', () => {
    const { run } = startTerminal();
    const id = run('crictl ps -q --name kube-proxy', NODE).trim();
    const { info, status } = JSON.parse(run(`crictl inspect ${id.slice(0, 13)}`, NODE));
    expect(status).toMatchObject({ id, state: 'CONTAINER_RUNNING', metadata: { name: 'kube-proxy', attempt: 0 } });
    expect(run(`ps -p ${info.pid} -o args=`, NODE)).toContain('/usr/local/bin/kube-proxy --config');
    expect(run(`head -c 4 ${status.logPath}`, NODE)).toBe('2026');
    const sandbox = JSON.parse(run(`crictl inspectp ${info.sandboxID}`, NODE));
    expect(sandbox.status.linux.namespaces.options).toEqual({ ipc: 'POD', network: 'NODE', pid: 'CONTAINER' });
    expect(run(`crictl ps -q --pod ${info.sandboxID}`, NODE).trim()).toBe(id);
    expect(run('crictl ps -q --state exited', NODE)).toBe('');
  });

  it('pulls an image', () => {
    const { run } = startTerminal();
    expect(run('crictl pull busybox', NODE)).toMatch(/^Image is up to date for sha256:[0-9a-f]{64}\n$/);
    expect(run('crictl images -q busybox', NODE)).toMatch(/^sha256:/);
    expect(run('crictl pull no/such', NODE)).toMatch(/^FATA\[0000\] pulling image: rpc error: code = \w+ desc = /);
  });
});
