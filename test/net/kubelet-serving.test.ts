// Who the kubelet is to those who connect to it: serverTLSBootstrap, and an API server that looks.

import { beforeAll, expect, it } from 'vitest';
import { TestCluster } from './cluster.ts';

const CONFIG = '/var/lib/kubelet/config.yaml';
let test: TestCluster;
const set = (line: string) =>
  test.run(
    `sed -i '/${line.split(':')[0]}/d' ${CONFIG}; echo '${line}' >> ${CONFIG}; systemctl restart kubelet; sleep 5`,
    'worker-1',
  );

beforeAll(() => {
  test = new TestCluster({ workers: 1, taintControlPlanes: true, ingressController: false });
  test.run(`kubectl run web --image=nginx; kubectl wait --for=condition=Ready pod/web`);
});

it('has no certificate until somebody has approved its request', () => {
  set('serverTLSBootstrap: true');
  expect(test.run('kubectl get csr')).toMatch(/kubernetes\.io\/kubelet-serving +system:node:worker-1 +<none> +Pending/);
  expect(test.run('kubectl logs web')).toContain('remote error: tls: internal error');
  expect(test.run('kubectl exec web -- date')).toContain('error dialing backend: remote error: tls: internal error');
  expect(test.run('curl -sS https://worker-1:10250/healthz', 'worker-1')).toContain('tlsv1 alert internal error');
  test.run('kubectl certificate approve $(kubectl get csr -o name | cut -d/ -f2); sleep 3');
  expect(test.run('kubectl logs web')).toContain('start worker process');
  const file = '/var/lib/kubelet/pki/kubelet-server-current.pem';
  expect(test.run(`openssl x509 -in ${file} -noout -subject -ext subjectAltName`, 'worker-1')).toMatch(
    /CN = system:node:worker-1[^]*DNS:worker-1, IP Address:10\.0\.0\.11/,
  );
});

it('is trusted by an API server that looks, as one with a certificate of its own making is not', () => {
  test.run(
    "sed -i 's|^    - --kubelet-client-key|    - --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt\\n&|' /etc/kubernetes/manifests/kube-apiserver.yaml; sleep 60",
    'cp-1',
  );
  expect(test.run('kubectl logs web')).toContain('start worker process');
  expect(test.run('kubectl -n kube-system logs kube-scheduler-cp-1')).toContain(
    'x509: certificate signed by unknown authority',
  );
  expect(test.run('curl -sS --cacert /etc/kubernetes/pki/ca.crt https://10.0.0.11:10250/', 'cp-1')).toBe(
    'Unauthorized',
  );
});

it('tells everybody who asks on its read-only port', () => {
  set('readOnlyPort: 10255');
  expect(test.run('curl -s http://10.0.0.11:10255/healthz', 'cp-1')).toBe('ok');
  expect(test.run('curl -s http://10.0.0.11:10255/pods', 'cp-1')).toContain('"name":"web"');
  expect(test.run('kubectl logs web')).toContain('start worker process');
});
