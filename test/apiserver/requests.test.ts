// Requests that no client should send, and the words in which they are refused; what an older release answers.

import { expect, test } from 'vitest';
import { createScheme } from '../../engine/api/index.ts';
import { ApiServer } from '../../engine/apiserver/index.ts';
import { Sim } from '../../engine/sim/index.ts';
import { BIRTH, configMap, CONFIGMAPS, deployment, pod, PODS, serve } from './support.ts';

test('a body that is too large or too deep is not read', () => {
  const { send } = serve();
  expect(send('POST', CONFIGMAPS, configMap('a', undefined, { a: 'x'.repeat(3 << 20) }))).toMatchObject({
    code: 413,
    body: { reason: 'RequestEntityTooLarge', message: 'Request entity too large: limit is 3145728' },
  });
  const deep = `{"kind":"ConfigMap","apiVersion":"v1","x":${'['.repeat(300)}${']'.repeat(300)}}`;
  expect(send('POST', CONFIGMAPS, deep)).toMatchObject({ code: 400, body: { message: 'exceeded max depth' } });
});

test('a JSON patch of too many steps', () => {
  const { send, patch } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  const steps = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' }));
  expect(patch(`${CONFIGMAPS}/a`, 'json', steps)).toMatchObject({
    code: 413,
    body: {
      message: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    },
  });
});

test.each([
  ['null', 200, undefined],
  [
    '[]',
    500,
    /^couldn't get version\/kind; json parse error: json: cannot unmarshal array into Go value of type struct/,
  ],
  [
    '{"gracePeriodSeconds":"x"}',
    500,
    /^json: cannot unmarshal string into Go struct field DeleteOptions\.gracePeriodSeconds of type int64$/,
  ],
])('options of a deletion: %s', (body, code, message) => {
  const { send } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  const answer = send('DELETE', `${CONFIGMAPS}/a`, body);
  expect(answer.code).toBe(code);
  if (message) expect(answer.body.message).toMatch(message);
});

test('resource versions that are none', () => {
  const { send } = serve();
  const map = (version: string) => ({ ...configMap('a'), metadata: { name: 'a', resourceVersion: version } });
  expect(send('POST', CONFIGMAPS, map('5'))).toMatchObject({
    code: 500,
    body: { message: 'resourceVersion should not be set on objects to be created' },
  });
  send('POST', CONFIGMAPS, configMap('a'));
  expect(send('PUT', `${CONFIGMAPS}/a`, map('abc')).body.message).toContain('strconv.ParseUint: parsing "abc"');
});

test('a watch tells who owns what of an object as it comes to be', () => {
  const { send } = serve();
  const managers: string[][] = [];
  const { watch } = send('GET', CONFIGMAPS, undefined, { query: { watch: 'true' } });
  watch!.pipe(({ object }) =>
    managers.push((object.metadata.managedFields ?? []).map(({ manager }) => manager as string)),
  );
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  send('PATCH', `${CONFIGMAPS}/a`, configMap('a', undefined, { k: 'v' }), { headers, query: { fieldManager: 'me' } });
  expect(managers).toEqual([['me']]);
});

test('a Pod gets what its RuntimeClass says', () => {
  const { send } = serve();
  const runtime = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'slow' }, handler: 'slow' };
  const spec = { runtimeClassName: 'slow' };
  expect(send('POST', PODS, pod('p', spec)).body.message).toBe(
    'pods "p" is forbidden: pod rejected: RuntimeClass "slow" not found',
  );
  const overhead = { podFixed: { cpu: '100m' } };
  send('POST', '/apis/node.k8s.io/v1/runtimeclasses', {
    ...runtime,
    overhead,
    scheduling: { nodeSelector: { runtime: 'slow' } },
  });
  expect(send('POST', PODS, pod('p', spec)).body.spec).toMatchObject({
    overhead: { cpu: '100m' },
    nodeSelector: { runtime: 'slow' },
  });
});

test('a load balancer with local traffic gets a port for health checks, and loses it with its type', () => {
  const { send, patch } = serve();
  const path = '/api/v1/namespaces/default/services';
  const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80 }] };
  const made = send('POST', path, { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec });
  expect(made.body.spec.healthCheckNodePort).toBeGreaterThanOrEqual(30_000);
  const { spec: now } = patch(`${path}/s`, 'merge', { spec: { type: 'ClusterIP' } }).body;
  expect(now.healthCheckNodePort).toBeUndefined();
  expect(now.ports[0].nodePort).toBeUndefined();
});

test('a release before v1.34 prints times of templates that have none', () => {
  const template = (version: string) => {
    const sim = new Sim({ seed: 7, start: BIRTH });
    const server = new ApiServer({ sim, scheme: createScheme(), freeze: true, version });
    server.bootstrap();
    const user = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const path = '/apis/apps/v1/namespaces/default/deployments';
    const body = JSON.stringify(deployment('web'));
    const answer = server.handle({ method: 'POST', path, user, headers, body });
    const object = typeof answer.body === 'string' ? JSON.parse(answer.body) : answer.body;
    return object.spec.template.metadata;
  };
  expect(template('v1.28.4')).toEqual({ creationTimestamp: null, labels: { app: 'web' } });
  expect(template('v1.35.0')).toEqual({ labels: { app: 'web' } });
});

test('a number that cannot be held exactly is refused, the same digits in a text are not', () => {
  const { send } = serve();
  const path = '/api/v1/namespaces/default/configmaps';
  const body = (generation: string, value: string) =>
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"n","generation":${generation}},"data":{"a":"${value}"}}`;
  expect(send('POST', path, body('9007199254740993', 'x')).body.message).toBe(
    'whole numbers beyond 2^53 are not modelled by this engine',
  );
  expect(send('POST', path, body('9007199254740991', 'x, 9007199254740993 ')).body.data.a).toBe('x, 9007199254740993 ');
  const yaml = { headers: { 'content-type': 'application/yaml' } };
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y, generation: 9007199254740993}\n';
  expect(send('POST', path, text, yaml).body.message).toContain('whole numbers beyond 2^53');
});
