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
});
