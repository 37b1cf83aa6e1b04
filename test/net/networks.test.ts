// Pod networks beside flannel: what each makes of routes and of NetworkPolicies.

import { expect, it } from 'vitest';
import { TestCluster } from './cluster.ts';

const DENY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {matchLabels: {app: web}}}`;

/** A cluster with a client and a server on different nodes, and what the client gets before and after a policy denies all. */
function walk(options: object) {
  const test = new TestCluster({ ...options, ingressController: false });
  test.run(`kubectl run web --image=nginx --labels=app=web --overrides='{"spec": {"nodeName": "worker-1"}}'
    kubectl expose pod web --port=80
    kubectl run tools --image=nicolaka/netshoot --overrides='{"spec": {"nodeName": "worker-2"}}' --command -- sleep 1d
    kubectl wait --for=condition=Ready pod --all; sleep 5`);
  const get = () => test.run("kubectl exec tools -- curl -s -m 3 -o /dev/null -w '%{http_code}' web").slice(0, 3);
  const before = get();
  test.apply(DENY);
  test.run('sleep 2');
  return { test, before, after: get() };
}

it('Calico gives Pods nothing but routes, and enforces policies', () => {
  const { test, before, after } = walk({ cni: 'calico' });
  expect([before, after]).toEqual(['200', '000']);
  expect(test.run('kubectl exec tools -- ip route')).toBe(
    'default via 169.254.1.1 dev eth0 \n169.254.1.1 dev eth0 scope link \n',
  );
  const routes = test.run('ip route', 'worker-1');
  expect(routes).toMatch(/^10\.244\.1\.\d+ dev cali\w+ scope link $/m);
  expect(routes).toContain('10.244.2.0/24 via 10.0.0.12 dev eth0 proto bird');
  expect(test.run('ip link show type bridge', 'worker-1')).toBe('');
});

it('the bridge plug-in by itself ignores policies, and hides Pods behind their node', () => {
  const { test, before, after } = walk({ cni: 'bridge' });
  expect([before, after]).toEqual(['200', '200']);
  expect(test.run('kubectl logs web | tail -1')).toMatch(/^10\.0\.0\.12 - - /);
});

it('kubenet makes cbr0 of the node’s range, and ignores policies', () => {
  const { test, before, after } = walk({ version: 'v1.20.15', cni: 'kubenet' });
  expect([before, after]).toEqual(['200', '200']);
  const range = test.run("kubectl get node worker-1 -o jsonpath='{.spec.podCIDR}'");
  expect(test.run('ip -br addr show cbr0', 'worker-1')).toContain(range.replace('.0/24', '.1/24'));
  expect(test.run('kubectl logs web | tail -1')).toMatch(/^10\.244\.2\.\d+ - - /);
});

it('without any a node is not ready, until a configuration is put there', () => {
  const test = new TestCluster({ cni: 'none', ingressController: false });
  expect(
    test.run('kubectl get node worker-1 -o jsonpath=\'{.status.conditions[?(@.type=="Ready")].message}\''),
  ).toContain('cni plugin not initialized');
  test.run(
    `mkdir -p /etc/cni/net.d; cat > /etc/cni/net.d/10-bridge.conflist <<E
{"cniVersion": "0.3.1", "name": "own", "plugins": [
  {"type": "bridge", "bridge": "br7", "isGateway": true, "ipMasq": true,
   "ipam": {"type": "host-local", "subnet": "172.20.7.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}]}
E
sleep 30`,
    'worker-1',
  );
  expect(test.run('kubectl get node worker-1 --no-headers')).toMatch(/ Ready /);
  test.run(`kubectl run web --image=nginx --overrides='{"spec": {"nodeName": "worker-1"}}'; sleep 10`);
  expect(test.run("kubectl get pod web -o jsonpath='{.status.podIP}'")).toMatch(/^172\.20\.7\./);
  expect(test.run('ip -br addr show br7', 'worker-1')).toContain('172.20.7.1/24');
});

it('kubenet is not there any more', () => {
  expect(() => new TestCluster({ cni: 'kubenet' })).toThrow('before v1.24 also kubenet');
});
