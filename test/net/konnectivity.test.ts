// The API server's connections through Konnectivity: agents dial, nodes let nobody in.

import { beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.ts';

let test: TestCluster;
const agents = (label: string) =>
  test.run(
    `kubectl -n kube-system patch daemonset konnectivity-agent -p '{"spec": {"template": {"spec": {"nodeSelector": {"konnectivity": "${label}"}}}}}'; sleep 60`,
  );

beforeAll(() => {
  test = new TestCluster({ tunnel: 'konnectivity', workers: 1, taintControlPlanes: true, ingressController: false });
  test.run(`kubectl create deployment web --image=nginx
    kubectl expose deployment web --port=80
    kubectl rollout status deployment web`);
});

it('opens its connections from the agents to the server', () => {
  expect(test.run('ss -tn sport = :8132', 'cp-1')).toMatch(/ESTAB +0 +0 +10\.0\.0\.10:8132 +10\.0\.0\.11:/);
  expect(test.run('kubectl -n kube-system logs konnectivity-server-cp-1')).toContain('"Agent connected"');
});

it('carries logs, exec and the proxy while the node refuses everybody', () => {
  test.run('iptables -I INPUT -i eth0 -p tcp -m conntrack --ctstate NEW -j DROP', 'worker-1');
  expect(test.run('kubectl logs deployment/web')).toContain('start worker process');
  expect(test.run('kubectl exec deployment/web -- echo through')).toContain('through');
  expect(test.run('kubectl get --raw /api/v1/namespaces/default/services/web:80/proxy/')).toContain(
    'Welcome to nginx!',
  );
  expect(test.run('iptables -nvL INPUT | grep DROP', 'worker-1')).toMatch(/^ +0 +0 DROP/);
  expect(test.run('kubectl -n kube-system logs daemonset/konnectivity-agent')).toContain(
    'dialAddress="10.0.0.11:10250"',
  );
});

it('shows the way through the tunnel, and counts its agents', () => {
  const text = test.run('sim trace apiserver node/worker-1');
  expect(text).toMatch(/cp-1 +- +tunnel +kube-apiserver: egress selector: cluster goes by GRPC through \/etc\//);
  expect(text).toMatch(/cp-1 +- +tunnel +konnectivity-server: strategy destHost: the agent [-0-9a-f]{36}/);
  expect(text).toMatch(/kube-system\/konnectivity-agent-\w+ +- +tunnel +konnectivity-agent: connects to the address/);
  expect(text).toContain('Delivered to worker-1, port 10250');
  const { hops } = JSON.parse(test.run('sim trace apiserver pod/$(kubectl get pod -o name | cut -d/ -f2):80 -o json'));
  expect(hops[2].connection).toEqual({ local: '10.0.0.10:8132', remote: expect.stringMatching(/^10\.0\.0\.11:\d+$/) });
  expect(test.run('curl -s localhost:8133/metrics', 'cp-1')).toMatch(/^\w+_server_ready_backend_connections 1$/m);
});

it('says so when no agent is connected, or no server listens', () => {
  agents('nowhere');
  expect(test.run('kubectl exec deployment/web -- date')).toContain('error dialing backend: No agent available');
  expect(test.run('kubectl get --raw /api/v1/namespaces/default/services/web:80/proxy/')).toContain(
    'error trying to reach service: No agent available',
  );
  test.run('mv /etc/kubernetes/manifests/konnectivity-server.yaml /root/; sleep 60', 'cp-1');
  expect(test.run('kubectl logs deployment/web')).toMatch(
    /dial unix \/etc\/kubernetes\/konnectivity-server\/konnectivity-server\.socket: connect: connection refused/,
  );
});

it('accepts no agent without the token of its service account', () => {
  test.run('mv /root/konnectivity-server.yaml /etc/kubernetes/manifests/; sleep 30', 'cp-1');
  test.run('kubectl label nodes --all konnectivity=yes');
  test.run('kubectl -n kube-system create serviceaccount other');
  test.run(
    `kubectl -n kube-system patch daemonset konnectivity-agent -p '{"spec": {"template": {"spec": {"serviceAccountName": "other"}}}}'`,
  );
  agents('yes');
  expect(test.run('kubectl logs deployment/web')).toContain('No agent available');
  test.run(
    `kubectl -n kube-system patch daemonset konnectivity-agent -p '{"spec": {"template": {"spec": {"serviceAccountName": "konnectivity-agent"}}}}'; sleep 60`,
  );
  expect(test.run('kubectl logs deployment/web')).toContain('start worker process');
  expect(test.run('kubectl -n kube-system logs konnectivity-server-cp-1')).toContain(
    'incoming request from \\"other\\" service account',
  );
});

it('ends the API server when its configuration is none', () => {
  test.run(
    "sed -i 's/GRPC/Carrier/' /etc/kubernetes/egress-selector-configuration.yaml; crictl ps | grep kube-apiserver | awk '{print $1}' | xargs crictl stop; sleep 5",
    'cp-1',
  );
  expect(test.run('kubectl get nodes')).toContain('connection to the server 10.0.0.10:6443 was refused');
  expect(test.run('crictl logs $(crictl ps -a --name kube-apiserver -q | head -1)', 'cp-1')).toContain(
    'failed to validate egress selector configuration',
  );
});

describe('a server', () => {
  const FILE = '/etc/kubernetes/manifests/konnectivity-server.yaml';
  const said = (from: string, to: string) => {
    test.run(`sed -i 's#${from}#${to}#' ${FILE}; sleep 30`, 'cp-1');
    const text = test.run('crictl logs $(crictl ps -a --name konnectivity-server -q | head -1)', 'cp-1');
    test.run(`sed -i 's#${to}#${from}#' ${FILE}`, 'cp-1');
    return text;
  };

  it('does not start with options that contradict each other, or that are not modelled', () => {
    expect(said('server-port=0', 'server-port=8090')).toBe(
      'Error: failed to validate server options with server port should be set to 0 not 8090 for UDS\n',
    );
    expect(said('admin-port=8133', 'admin-port=80')).toContain(
      'please do not try to use reserved port 80 for the admin port',
    );
    expect(said('pki/apiserver.key', 'pki/ca.key')).toContain('tls: private key does not match public key');
    expect(said('--v=3', '--keepalive-time=2h')).toContain('the flag --keepalive-time=2h is not modelled');
    expect(said('--v=3', '--no-such=3')).toContain('Error: unknown flag: --no-such');
  });
});
