// The API server's connections through Konnectivity: agents dial, nodes let nobody in.

import { beforeAll, expect, it } from 'vitest';
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
