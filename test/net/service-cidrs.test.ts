// ServiceCIDRs and IPAddresses: where cluster IPs come from, and who has them.

import { beforeAll, expect, it } from 'vitest';
import { TestCluster } from './cluster.ts';

let test: TestCluster;
const range = (name: string, cidr: string) =>
  `apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: ${name}}\nspec: {cidrs: [${cidr}]}`;
const ready = (name: string) =>
  test.run(
    `kubectl get servicecidr ${name} -o jsonpath='{.status.conditions[0].status}/{.status.conditions[0].reason}'`,
  );

beforeAll(() => {
  test = new TestCluster({ ingressController: false });
});

it('every cluster IP is an object that names its Service, as long as it lives', () => {
  test.run('kubectl create service clusterip one --tcp=80 --clusterip=10.96.0.77; sleep 1');
  expect(test.run('kubectl get ipaddress 10.96.0.77 --no-headers')).toMatch(/^10\.96\.0\.77 +services\/default\/one /);
  expect(test.run('kubectl create service clusterip two --tcp=80 --clusterip=10.96.0.77')).toContain(
    'failed to allocate IP 10.96.0.77: provided IP is already allocated',
  );
  test.run('kubectl delete ipaddress 10.96.0.77; sleep 200');
  expect(test.run('kubectl get ipaddress 10.96.0.77 -o name')).toContain('10.96.0.77');
  test.run('kubectl delete service one; sleep 1');
  expect(test.run('kubectl get ipaddress 10.96.0.77')).toContain('not found');
});

it('another range can be added, and does not go while it is needed', () => {
  test.apply(range('more', '10.99.0.0/28'));
  test.run('sleep 2');
  expect(ready('more')).toBe('True/');
  test.run('kubectl create service clusterip far --tcp=80 --clusterip=10.99.0.5; sleep 1');
  expect(test.run("kubectl get service far -o jsonpath='{.spec.clusterIP}'")).toBe('10.99.0.5');
  test.run('kubectl delete servicecidr more --wait=false; sleep 20');
  expect(ready('more')).toBe('False/Terminating');
  // No address is given out of a range that is going.
  expect(test.run('kubectl create service clusterip late --tcp=80 --clusterip=10.99.0.6')).toContain(
    'not in the valid range',
  );
  test.run('kubectl delete service far; sleep 5');
  expect(test.run('kubectl get servicecidr more -o name')).toContain('more');
  test.run('sleep 10');
  expect(test.run('kubectl get servicecidr more')).toContain('not found');
});

it('a range within another goes at once, the default one never', () => {
  test.apply(range('within', '10.96.7.0/24'));
  test.run('sleep 2; kubectl create service clusterip inner --tcp=80 --clusterip=10.96.7.7; sleep 1');
  test.run('kubectl delete servicecidr within --wait=false; sleep 15');
  expect(test.run('kubectl get servicecidr within')).toContain('not found');
  test.run('kubectl delete servicecidr kubernetes --wait=false; sleep 20');
  expect(ready('kubernetes')).toBe('False/Terminating');
});

it('a full range says so', () => {
  const small = new TestCluster({ ingressController: false });
  small.apply(range('tiny', '10.99.0.0/29'));
  small.run('sleep 2');
  for (let i = 1; i < 7; i++) small.run(`kubectl create service clusterip s${i} --tcp=80 --clusterip=10.99.0.${i}`);
  expect(small.run('kubectl create service clusterip s7 --tcp=80 --clusterip=10.99.0.7')).toContain(
    'not in the valid range',
  );
  small.run('kubectl delete servicecidr kubernetes --wait=false; sleep 2');
  expect(small.run('kubectl create service clusterip s8 --tcp=80')).toContain(
    'failed to allocate a serviceIP: range is full',
  );
});

it('releases before v1.33 have neither', () => {
  const old = new TestCluster({ version: 'v1.32.0', ingressController: false });
  expect(old.run('kubectl get servicecidrs,ipaddresses')).toContain("the server doesn't have a resource type");
});

it('ranges are written as subnets are, and described with their state', () => {
  const cidrs = (text: string) => test.run(`cat <<'E' | kubectl apply -f -\n${range('wrong', text)}\nE\n`);
  expect(cidrs('10.99.0.1/28')).toContain('must not have bits set beyond the prefix length');
  expect(cidrs('"FD00::/64"')).toContain('must be in canonical form ("fd00::/64")');
  expect(cidrs('10.98.0.0/28,10.99.0.0/28')).toContain('may specify no more than one IP for each IP family');
  expect(test.run('kubectl describe servicecidr kubernetes')).toMatch(
    /^CIDRs: +10\.96[\s\S]*Type +Status +LastTransition/m,
  );
  expect(test.run('kubectl describe ipaddress 10.96.0.10')).toMatch(/Parent Reference:[\s\S]* {2}Name: +kube-dns\n/);
});
