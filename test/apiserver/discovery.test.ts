import { expect, test } from 'vitest';
import { KubeletError, type KubeletApi } from '../../engine/apiserver/types.ts';
import { Pipe } from '../../engine/linux/pipe.ts';
import { pod, PODS, serve } from './support.ts';

test('discovery lists groups, versions and resources with their short names', () => {
  const { send } = serve();
  expect(send('GET', '/api').body.versions).toEqual(['v1']);
  expect(send('GET', '/apis/apps').body.preferredVersion).toEqual({ groupVersion: 'apps/v1', version: 'v1' });
  const { resources } = send('GET', '/apis/apps/v1').body;
  const named = (name: string) => resources.find((one: { name: string }) => one.name === name);
  expect(named('deployments')).toMatchObject({ kind: 'Deployment', shortNames: ['deploy'], namespaced: true });
  expect(named('deployments/scale')).toMatchObject({ group: 'autoscaling', version: 'v1', kind: 'Scale' });
});

test('what v1.35 serves only when it is asked to at its start is not there: mutating admission policies', () => {
  const { send } = serve();
  const { versions } = send('GET', '/apis/admissionregistration.k8s.io').body;
  expect(versions.map(({ version }: { version: string }) => version)).toEqual(['v1']);
  const { resources } = send('GET', '/apis/admissionregistration.k8s.io/v1').body;
  expect(resources.map(({ name }: { name: string }) => name)).not.toContain('mutatingadmissionpolicies');
  for (const version of ['v1', 'v1beta1', 'v1alpha1']) {
    const path = `/apis/admissionregistration.k8s.io/${version}/mutatingadmissionpolicies`;
    expect(send('POST', path, { metadata: { name: 'p' } }).code).toBe(404);
  }
});

test('the warning that Endpoints are deprecated comes from the releases that have it', () => {
  const { send, server } = serve();
  const warning = () => send('GET', '/api/v1/namespaces/default/endpoints').headers.warning;
  expect(warning()).toBe('299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"');
  server.setVersion('v1.32.0');
  expect(warning()).toBeUndefined();
});

test('version and health answer as a real server does', () => {
  const { send } = serve();
  expect(send('GET', '/version').body).toMatchObject({ major: '1', minor: '35', gitVersion: 'v1.35.0' });
  expect(send('GET', '/readyz').body).toBe('ok');
  expect(send('GET', '/nothing').code).toBe(404);
});

test('reviews are answered and not stored', () => {
  const { send, server } = serve();
  const before = server.etcd.revision;
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
  };
  expect(send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review).body.status).toEqual({
    allowed: true,
  });
  const who = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  expect(send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', who).body.status.userInfo.username).toBe(
    'kubernetes-admin',
  );
  expect(server.etcd.revision).toBe(before);
});

test('logs and exec go to the kubelet of the node', () => {
  const { send, server } = serve();
  send('POST', PODS, pod('p', { nodeName: 'worker-1' }));
  const log = new Pipe();
  log.write('hello\n');
  const kubelet: KubeletApi = {
    logs: (_namespace, _pod, container, options) => {
      if (options.previous)
        throw new KubeletError(400, `previous terminated container "${container}" in pod "p" not found`);
      return log;
    },
    exec: (_namespace, _pod, _container, command) => ({
      stdout: log,
      stderr: log,
      exited: log.changed,
      exitCode: command.length,
      kill() {},
    }),
    attach: () => ({ stdout: log, stderr: log, exited: log.changed, exitCode: 0, kill() {} }),
    portForward: () => ({
      *dial(port) {
        yield 1;
        return `nobody listens on ${port}`;
      },
    }),
    figures: () => undefined,
  };
  server.kubelets.set('worker-1', kubelet);
  expect(send('GET', `${PODS}/p/log`).text?.take()).toBe('hello\n');
  expect(send('GET', `${PODS}/p/log`, undefined, { query: { previous: 'true' } }).body.message).toBe(
    'previous terminated container "c" in pod "p" not found',
  );
  expect(send('GET', `${PODS}/p/log`, undefined, { query: { container: 'x' } }).body.message).toBe(
    'container x is not valid for pod p',
  );
  expect(send('POST', `${PODS}/p/exec`, undefined, { query: { command: ['ls', '-l'] } }).exec?.exitCode).toBe(2);
});

test('an eviction that a budget does not allow is put off', () => {
  const { send, patch } = serve();
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
  const labelled = { ...pod('p', { nodeName: 'worker-1' }), metadata: { name: 'p', labels: { app: 'a' } } };
  send('POST', PODS, labelled);
  patch(`${PODS}/p/status`, 'merge', { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
  send('POST', budgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'a' } } },
  });
  const status = {
    observedGeneration: 1,
    disruptionsAllowed: 0,
    currentHealthy: 1,
    desiredHealthy: 1,
    expectedPods: 1,
  };
  patch(`${budgets}/b/status`, 'merge', { status });
  const evict = () =>
    send('POST', `${PODS}/p/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } });
  expect(evict()).toMatchObject({
    code: 429,
    body: { message: "Cannot evict pod as it would violate the pod's disruption budget.", reason: 'TooManyRequests' },
  });
  patch(`${budgets}/b/status`, 'merge', { status: { disruptionsAllowed: 1 } });
  expect(evict().code).toBe(201);
  expect(send('GET', `${PODS}/p`).body.metadata.deletionTimestamp).toBeDefined();
});

test('a Pod without an address cannot be reached by proxy', () => {
  const { send } = serve();
  send('POST', PODS, pod('p'));
  expect(send('GET', `${PODS}/p/proxy/`)).toMatchObject({ code: 400, body: { message: 'address not allowed' } });
});

test('health tells of every check, and of those that were left out', () => {
  const { send } = serve();
  const verbose = send('GET', '/livez', undefined, { query: { verbose: '', exclude: ['etcd', 'nothing'] } });
  expect(verbose.body).toContain('[+]ping ok\n');
  expect(verbose.body).toContain('[+]etcd excluded: ok\n');
  expect(verbose.body).toMatch(/warn: .* no matches for "nothing"\nlivez check passed\n$/);
  expect(send('GET', '/livez/etcd').body).toBe('ok');
  expect(send('GET', '/livez/shutdown').code).toBe(404);
});
