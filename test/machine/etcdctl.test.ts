import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

const PKI = '/etc/kubernetes/pki/etcd';
const ETCDCTL = `etcdctl --cacert ${PKI}/ca.crt --cert ${PKI}/healthcheck-client.crt --key ${PKI}/healthcheck-client.key`;
const MANIFEST = '/etc/kubernetes/manifests/etcd.yaml';

describe('etcdctl', () => {
  it('shows the objects of the API under their keys, with the revision that is their resourceVersion', () => {
    const { run } = startTerminal();
    run('kubectl create configmap settings');
    const key = '/registry/configmaps/default/settings';
    expect(run(`${ETCDCTL} get ${key} --keys-only`, 'cp-1')).toBe(`${key}\n\n`);
    const revision = run("kubectl get configmap settings -o jsonpath='{.metadata.resourceVersion}'");
    expect(run(`${ETCDCTL} get ${key} --keys-only -w json`, 'cp-1')).toContain(`"mod_revision":${revision},`);
  });

  it('deletes behind the API server’s back', () => {
    const { run } = startTerminal();
    run('kubectl create configmap settings');
    expect(run(`${ETCDCTL} del /registry/configmaps/default/settings`, 'cp-1')).toBe('1\n');
    expect(run('kubectl get configmap settings')).toContain('configmaps "settings" not found');
  });

  it('is let in with a certificate of etcd’s own authority only', () => {
    const { run } = startTerminal();
    expect(run(`${ETCDCTL} endpoint health`, 'cp-1')).toMatch(/^127\.0\.0\.1:2379 is healthy/);
    expect(run('etcdctl get x', 'cp-1')).toContain('error reading server preface: EOF');
    const other = ETCDCTL.replace(`${PKI}/ca.crt`, '/etc/kubernetes/pki/ca.crt');
    expect(run(`${other} get x`, 'cp-1')).toContain('x509: certificate signed by unknown authority');
    const client = ETCDCTL.replaceAll(`${PKI}/healthcheck-client`, '/etc/kubernetes/pki/apiserver-kubelet-client');
    expect(run(`${client} get x`, 'cp-1')).toContain('tls: certificate required');
  });

  it('reaches the same data through every member, while a majority runs', () => {
    const { run } = startTerminal({ controlPlanes: 3, workers: 0 });
    expect(run(`${ETCDCTL} put greeting hello`, 'cp-1')).toBe('OK\n');
    expect(run(`${ETCDCTL} get greeting`, 'cp-3')).toBe('greeting\nhello\n');
    run('sim node partition cp-3; sim advance 5s');
    expect(run(`${ETCDCTL} get greeting`, 'cp-3')).toContain('Error: context deadline exceeded');
    expect(run(`${ETCDCTL} get greeting`, 'cp-1')).toBe('greeting\nhello\n');
    run('sim node heal cp-3; sim advance 5s');
    run(`mv ${MANIFEST} /root`, 'cp-2');
    run(`mv ${MANIFEST} /root`, 'cp-3');
    run('sim advance 5s');
    expect(run(`${ETCDCTL} get greeting`, 'cp-1')).toContain('Error: context deadline exceeded');
    expect(run('kubectl create configmap x')).toBe(
      'error: failed to create configmap: etcdserver: request timed out\n',
    );
  });

  it('has a leader, and a new one in a later term when that is gone', () => {
    const { run } = startTerminal({ controlPlanes: 3, workers: 0 });
    const status = () =>
      JSON.parse(run(`${ETCDCTL} endpoint status --cluster -w json 2> /dev/null`, 'cp-1')) as {
        Endpoint: string;
        Status: { leader: number; header: { member_id: number }; raftTerm: number };
      }[];
    const leader = () => status().find(({ Status }) => Status.leader === Status.header.member_id);
    const before = leader();
    const node =
      { '10': 'cp-1', '11': 'cp-2', '12': 'cp-3' }[/\.(\d\d):/.exec(before?.Endpoint ?? '')?.[1] ?? ''] ?? '';
    expect(node).not.toBe('');
    run(`mv ${MANIFEST} /root`, node);
    run('sim advance 5s');
    const after = status().find(({ Status }) => Status.leader !== 0)?.Status;
    expect(after?.raftTerm).toBe((before?.Status.raftTerm ?? 0) + 1);
    expect(after?.leader).not.toBe(before?.Status.leader);
  });
});

describe('a snapshot', () => {
  const use = (from: string, to: string) => `sed -i 's#path: ${from}$#path: ${to}#' ${MANIFEST}; sleep 60`;

  it('is the cluster’s state again when a member starts with the directory it was restored to', () => {
    const { run } = startTerminal({ workers: 0 });
    run('kubectl create configmap settings --from-literal=a=1; kubectl create deployment web --image=nginx; sleep 10');
    expect(run(`${ETCDCTL} snapshot save /tmp/s.db`, 'cp-1')).toContain('Snapshot saved at /tmp/s.db');
    expect(run('etcdutl -w table snapshot status /tmp/s.db', 'cp-1')).toContain('TOTAL KEYS');
    run(`kubectl delete deployment web; kubectl patch cm settings -p '{"data":{"a":"2"}}'; kubectl create cm late`);
    run('etcdutl snapshot restore /tmp/s.db --data-dir /var/lib/restored', 'cp-1');
    expect(run('etcdutl snapshot restore /tmp/s.db --data-dir /var/lib/restored', 'cp-1')).toContain('not empty');
    expect(run('kubectl get cm late -o name')).toBe('configmap/late\n');
    run(use('/var/lib/etcd', '/var/lib/restored'), 'cp-1');
    expect(run('kubectl get deployment web; kubectl get pods')).toMatch(/web +1\/1[\s\S]*Running/);
    expect(run("kubectl get cm settings -o jsonpath='{.data.a}'; kubectl get cm late")).toMatch(/^1Error.*not found/);
    expect(run('kubectl scale deployment web --replicas=2; sleep 10; kubectl get deployment web')).toContain('2/2');
    run(use('/var/lib/restored', '/var/lib/etcd'), 'cp-1');
    expect(run('kubectl get cm late -o name; kubectl get deployment web')).toMatch(/late[\s\S]*not found/);
  });

  it('is refused when the file is none', () => {
    const { run } = startTerminal({ workers: 0 });
    run('echo nothing > /tmp/s.db', 'cp-1');
    expect(run('etcdutl snapshot restore /tmp/s.db --data-dir /tmp/d', 'cp-1')).toContain('integrity check failed');
  });
});
