import { expect, test } from 'vitest';
import { account, DEPLOYMENTS, deployment, pod, PODS, serve } from './support.ts';

const SERVICES = '/api/v1/namespaces/default/services';
const service = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});
const label = (level: string) => ({ metadata: { labels: { 'pod-security.kubernetes.io/enforce': level } } });

test('a Pod gets a service account, its token volume, tolerations and a priority', () => {
  const { send } = serve();
  const { spec } = send('POST', PODS, pod('p')).body;
  expect(spec).toMatchObject({ serviceAccountName: 'default', priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
  expect(spec.volumes[0].name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
  expect(spec.containers[0].volumeMounts).toEqual([
    { name: spec.volumes[0].name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
  ]);
  expect(spec.tolerations.map((one: { key: string }) => one.key)).toEqual([
    'node.kubernetes.io/not-ready',
    'node.kubernetes.io/unreachable',
  ]);
});

test('a Pod of an unknown service account is refused', () => {
  const { send } = serve();
  expect(send('POST', PODS, pod('p', { serviceAccountName: 'ghost' })).body.message).toBe(
    'pods "p" is forbidden: error looking up service account default/ghost: serviceaccount "ghost" not found',
  );
});

test('a service account that mounts no token gives its Pods none', () => {
  const { send } = serve();
  send('POST', '/api/v1/namespaces/default/serviceaccounts', {
    ...account('quiet'),
    automountServiceAccountToken: false,
  });
  expect(send('POST', PODS, pod('p', { serviceAccountName: 'quiet' })).body.spec.volumes).toBeUndefined();
});

test('the priority of a Pod is the value of its class', () => {
  const { send } = serve();
  expect(send('POST', PODS, pod('p', { priorityClassName: 'system-node-critical' })).body.spec.priority).toBe(
    2000001000,
  );
  expect(send('POST', PODS, pod('q', { priorityClassName: 'none' })).body.message).toBe(
    'pods "q" is forbidden: no PriorityClass with name none was found',
  );
});

test('Pods that break the standard of their namespace are refused, their owners warned about', () => {
  const { send, patch } = serve();
  patch('/api/v1/namespaces/default', 'merge', label('baseline'));
  const privileged = { containers: [{ name: 'c', image: 'nginx', securityContext: { privileged: true } }] };
  expect(send('POST', PODS, pod('p', privileged)).body.message).toBe(
    'pods "p" is forbidden: violates PodSecurity "baseline:latest": privileged (container "c" must not set securityContext.privileged=true)',
  );
  const owner = deployment('web');
  const template = { ...owner.spec.template, spec: { ...owner.spec.template.spec, hostNetwork: true } };
  expect(send('POST', DEPLOYMENTS, { ...owner, spec: { ...owner.spec, template } }).headers.warning).toBe(
    '299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces (hostNetwork=true)"',
  );
  expect(send('POST', PODS, pod('fine')).code).toBe(201);
});

test('who tightens a namespace is told of the Pods that would not pass', () => {
  const { send, patch } = serve();
  send('POST', PODS, pod('a'));
  send('POST', PODS, pod('b'));
  expect(patch('/api/v1/namespaces/default', 'merge', label('restricted')).headers.warning).toContain(
    'a (and 1 other pod): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile',
  );
});

test('limit ranges fill in and bound what containers ask for', () => {
  const { send } = serve();
  const limits = [{ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '1' } }];
  send('POST', '/api/v1/namespaces/default/limitranges', {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'lr' },
    spec: { limits },
  });
  const { body } = send('POST', PODS, pod('p'));
  expect(body.spec.containers[0].resources).toEqual({ limits: { cpu: '500m' }, requests: { cpu: '100m' } });
  expect(body.metadata.annotations).toEqual({
    'kubernetes.io/limit-ranger': 'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
  });
  const greedy = { containers: [{ name: 'c', image: 'nginx', resources: { limits: { cpu: '2' } } }] };
  expect(send('POST', PODS, pod('q', greedy)).body.message).toBe(
    'pods "q" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
  );
});

test('Services get addresses and node ports that nobody else has', () => {
  const { send } = serve();
  const { spec } = send('POST', SERVICES, service('a', { type: 'NodePort' })).body;
  expect(spec.clusterIP).toMatch(/^10\.96\./);
  expect(spec.clusterIPs).toEqual([spec.clusterIP]);
  expect(spec.ports[0].nodePort).toBeGreaterThanOrEqual(30000);
  expect(send('POST', SERVICES, service('b', { clusterIP: spec.clusterIP })).body.message).toBe(
    `Service "b" is invalid: spec.clusterIPs: Invalid value: ["${spec.clusterIP}"]: failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`,
  );
  send('DELETE', `${SERVICES}/a`);
  expect(send('POST', SERVICES, service('b', { clusterIP: spec.clusterIP })).code).toBe(201);
  expect(send('POST', SERVICES, service('c', { clusterIP: 'None' })).body.spec.clusterIPs).toEqual(['None']);
});

test('the kubernetes Service has the first address of the range', () => {
  expect(serve().send('GET', `${SERVICES}/kubernetes`).body.spec.clusterIP).toBe('10.96.0.1');
});
