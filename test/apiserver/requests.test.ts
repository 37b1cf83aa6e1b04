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
  watch!.pipe((_type, object) =>
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

test('options of a write that are none are refused for every verb', () => {
  const { send } = serve();
  const bad = { dryRun: 'Some', fieldManager: 'a\tb', fieldValidation: 'Maybe' };
  const refused = (kind: string) => ({ code: 422, body: { details: { kind } } });
  const made = send('POST', CONFIGMAPS, configMap('a'), { query: bad });
  expect(made).toMatchObject(refused('CreateOptions'));
  expect(made.body.details.causes.map(({ field, message }: Record<string, string>) => `${field}: ${message}`)).toEqual([
    'fieldManager: Invalid value: "a\\tb": invalid character U+0009 (at position 1)',
    'dryRun: Unsupported value: ["Some"]: supported values: "All"',
    'fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"',
  ]);
  send('POST', CONFIGMAPS, configMap('a'));
  expect(send('PUT', `${CONFIGMAPS}/a`, configMap('a'), { query: bad })).toMatchObject(refused('UpdateOptions'));
  expect(send('DELETE', `${CONFIGMAPS}/a`, { dryRun: ['Some'] })).toMatchObject(refused('DeleteOptions'));
  const long = { fieldManager: 'x'.repeat(129) };
  expect(send('PUT', `${CONFIGMAPS}/a`, configMap('a'), { query: long }).body.message).toContain(
    'fieldManager: Too long: may not be more than 128 bytes',
  );
});

test.each([
  ['{', "couldn't get version/kind; json parse error: unexpected end of JSON input (7b)"],
  [
    '{"apiVersion":5}',
    "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .apiVersion of type string (7b2261706956657273696f6e223a357d)",
  ],
  ['{"apiVersion":"a/b/c"}', 'unexpected GroupVersion string: a/b/c (7b2261706956657273696f6e223a22612f622f63227d)'],
])('a body whose kind cannot be read: %s', (body, why) => {
  const message = `the object provided is unrecognized (must be of type ConfigMap): ${why}`;
  expect(serve().send('POST', CONFIGMAPS, body)).toMatchObject({ code: 400, body: { message } });
});

test('a kind that nobody knows is told from one that stands in the wrong place', () => {
  const { send } = serve();
  const message = (kind: string) => send('POST', CONFIGMAPS, { apiVersion: 'v1', kind }).body.message as string;
  expect(message('Foo')).toContain('no kind "Foo" is registered for version "v1"');
  expect(message('ConfigMapList')).toContain('converting (v1.ConfigMapList) to (core.ConfigMap): unknown conversion');
});

test('a deletion whose options are of another kind or type deletes nothing', () => {
  const { send } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  expect(send('DELETE', `${CONFIGMAPS}/a`, pod('a')).code).toBe(500);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  expect(send('DELETE', `${CONFIGMAPS}/a`, 'dryRun=All', { headers }).code).toBe(415);
  expect(send('GET', `${CONFIGMAPS}/a`).code).toBe(200);
});

test.each([
  ['DELETE', '/api/v1/configmaps'],
  ['OPTIONS', CONFIGMAPS],
  ['POST', '/version'],
] as const)('%s %s is no method that is served', (method, path) => {
  expect(serve().send(method as 'DELETE', path).code).toBe(405);
});

test('keys that a YAML document repeats are warned of line by line', () => {
  const body = 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {a: x}\ndata: {a: y}\ndata: {a: z}\n';
  const answer = serve().send('POST', CONFIGMAPS, body, { headers: { 'content-type': 'application/yaml' } });
  expect(answer.headers.warning).toBe(
    '299 - "line 5: key \\"data\\" already set in map", 299 - "line 6: key \\"data\\" already set in map"',
  );
});

test('who may update but not create does not create by an update or an apply', () => {
  const { send, server } = serve();
  const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['update', 'patch'] }];
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'r' }, rules };
  const subjects = [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' };
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  send('POST', `${rbac}/clusterroles`, role);
  send('POST', `${rbac}/clusterrolebindings`, {
    ...role,
    kind: 'ClusterRoleBinding',
    rules: undefined,
    subjects,
    roleRef,
  });
  server.authorizer = server.authorizers['Node,RBAC'];
  const user = { name: 'jane', groups: ['system:authenticated'] };
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const query = { fieldManager: 'm' };
  expect(send('PATCH', `${CONFIGMAPS}/a`, configMap('a'), { user, headers, query }).code).toBe(403);
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'a' } };
  expect(send('PUT', '/apis/coordination.k8s.io/v1/namespaces/default/leases/a', lease, { user }).code).toBe(403);
});
