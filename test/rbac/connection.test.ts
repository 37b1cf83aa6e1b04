// How a client reaches an API server and how the server knows it: addresses, certificates' names, a token file.

import { describe, expect, it } from 'vitest';
import { cluster } from './cluster.ts';

describe('kubectl', () => {
  const own = cluster({ workers: 0 });
  const names = (flags: string) => own.run(`kubectl ${flags} get namespaces default -o name`);

  it('goes where the kubeconfig or a flag says', () => {
    expect(names('--server=https://10.0.0.10:6443')).toBe('namespace/default\n');
    expect(names('--server=https://cp-1:6443')).toBe('namespace/default\n');
    expect(names('--server=https://10.0.0.10:6444')).toContain(
      'The connection to the server 10.0.0.10:6444 was refused',
    );
    expect(names('--server=https://10.0.0.99:6443')).toBe(
      'Unable to connect to the server: dial tcp 10.0.0.99:6443: connect: no route to host\n',
    );
    expect(names('--server=https://nowhere:6443')).toContain('dial tcp: lookup nowhere on 10.0.0.2:53: no such host');
    expect(names('--server=http://10.0.0.10:6443')).toBe('Client sent an HTTP request to an HTTPS server.\n');
  });

  it('tries localhost without a kubeconfig', () => {
    expect(own.run('KUBECONFIG=/none kubectl get pods')).toContain('The connection to the server localhost:8080 was');
  });

  it('checks who signed the certificate, and for which name', () => {
    own.run('kubectl config set-cluster bare --server=https://10.0.0.10:6443');
    expect(names('--cluster=bare')).toContain('x509: certificate signed by unknown authority');
    expect(names('--cluster=bare --insecure-skip-tls-verify')).toBe('namespace/default\n');
    expect(names('--tls-server-name=other')).toContain('kubernetes.default.svc.cluster.local, not other');
  });
});

describe('--token-auth-file', () => {
  const own = cluster({ workers: 0 });
  const restart = (change: string) =>
    own.run(`${change}; sed -i 's|- kube-apiserver$|&\\n    - --profiling|' $m/kube-apiserver.yaml; sleep 90`, 'cp-1');

  it('makes users of its lines', () => {
    own.run(`m=/etc/kubernetes/manifests; t=/etc/kubernetes/pki/t.csv`, 'cp-1');
    own.run(`sed -i "s|- kube-apiserver$|&\\n    - --token-auth-file=$t|" $m/kube-apiserver.yaml`, 'cp-1');
    restart(`echo 's3cr3t,jane,u-1,"devs,ops"' > $t`);
    own.run('kubectl config set-credentials jane --token=s3cr3t');
    expect(own.run("kubectl --user=jane auth whoami -o jsonpath='{.status.userInfo}'")).toBe(
      '{"groups":["devs","ops","system:authenticated"],"uid":"u-1","username":"jane"}',
    );
  });

  it('keeps the server from starting when a column is missing', () => {
    restart(`echo 's3cr3t,jane' > $t`);
    expect(own.run('kubectl get nodes')).toContain('was refused');
    restart(`echo 's3cr3t,jane,u-2' > $t`);
    expect(own.run('sleep 5m; kubectl get nodes -o name')).toBe('node/cp-1\n');
  });
});

it('containers may change their network with NET_ADMIN only', () => {
  const own = cluster({ workers: 0 });
  const pod = (name: string, context: string) =>
    own.run(
      `kubectl run ${name} --image=busybox:1.37 --overrides='{"spec":{"containers":[{"name":"c","image":"busybox:1.37","command":["sleep","1h"],"securityContext":${context}}]}}'; kubectl wait pod/${name} --for=condition=Ready`,
    );
  const add = (name: string) => own.run(`kubectl exec ${name} -- ip link add dummy0 type dummy`);
  pod('plain', '{}');
  pod('admin', '{"capabilities":{"drop":["ALL"],"add":["NET_ADMIN"]}}');
  pod('user', '{"runAsUser":1000,"capabilities":{"add":["NET_ADMIN"]}}');
  pod('privileged', '{"privileged":true}');
  expect(add('plain')).toContain('ip: RTNETLINK answers: Operation not permitted');
  expect(add('admin')).toBe('');
  expect(add('user')).toContain('Operation not permitted');
  expect(add('privileged')).toBe('');
});
