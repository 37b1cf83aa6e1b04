import { expect, test } from 'vitest';
import { BIRTH, CONFIGMAPS, configMap, DEPLOYMENTS, deployment, pod, PODS, serve } from './support.ts';

test('a created object carries uid, creation time and resource version', () => {
  const { send } = serve();
  const { code, body } = send('POST', CONFIGMAPS, configMap('a'));
  expect(code).toBe(201);
  expect(body.metadata).toMatchObject({ name: 'a', namespace: 'default', creationTimestamp: '2026-01-05T09:00:00Z' });
  expect(body.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  expect(send('GET', `${CONFIGMAPS}/a`).body).toEqual(body);
});

test('generateName appends five characters', () => {
  const { send } = serve();
  const { body } = send('POST', CONFIGMAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'g-' } });
  expect(body.metadata.name).toMatch(/^g-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
});

test('what is missing, doubled or unknown is answered in upstream words', () => {
  const { send } = serve();
  send('POST', DEPLOYMENTS, deployment('web'));
  const message = (method: 'GET' | 'POST' | 'PUT', path: string, body?: object) =>
    send(method, path, body).body.message;
  expect(message('GET', `${PODS}/x`)).toBe('pods "x" not found');
  expect(message('POST', DEPLOYMENTS, deployment('web'))).toBe('deployments.apps "web" already exists');
  expect(message('GET', '/api/v1/gizmos')).toBe('the server could not find the requested resource');
  expect(message('PUT', CONFIGMAPS, configMap('a'))).toBe(
    'the server does not allow this method on the requested resource',
  );
  expect(send('GET', '/apis/nope.io/v1/foos')).toMatchObject({ code: 404, body: '404 page not found\n' });
});

test('an update based on an old resource version is a conflict', () => {
  const { send } = serve();
  const { body } = send('POST', DEPLOYMENTS, deployment('web'));
  const path = `${DEPLOYMENTS}/web`;
  expect(send('PUT', path, { ...body, spec: { ...body.spec, replicas: 2 } }).code).toBe(200);
  const stale = send('PUT', path, { ...body, spec: { ...body.spec, replicas: 3 } });
  expect(stale).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
  expect(stale.body.message).toBe(
    'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again',
  );
});

test('an update that changes nothing writes nothing', () => {
  const { send, server } = serve();
  const { body } = send('POST', CONFIGMAPS, configMap('a', undefined, { k: 'v' }));
  const before = server.etcd.revision;
  expect(send('PUT', `${CONFIGMAPS}/a`, body).body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  expect(server.etcd.revision).toBe(before);
});

test('status and spec are written through their own doors, and only the spec counts generations', () => {
  const { send, patch } = serve();
  const { body } = send('POST', DEPLOYMENTS, deployment('web'));
  const path = `${DEPLOYMENTS}/web`;
  const both = { ...body, spec: { ...body.spec, replicas: 5 }, status: { replicas: 9 } };
  expect(send('PUT', path, both).body).toMatchObject({
    metadata: { generation: 2 },
    spec: { replicas: 5 },
    status: {},
  });
  const status = patch(`${path}/status`, 'merge', { spec: { replicas: 1 }, status: { replicas: 4 } }).body;
  expect(status).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 5 }, status: { replicas: 4 } });
});

test('an unknown field is a warning, or an error when validation is strict', () => {
  const { send } = serve();
  const typo = { ...deployment('web'), spec: { ...deployment('web').spec, replicaz: 3 } };
  expect(send('POST', DEPLOYMENTS, typo).headers.warning).toBe('299 - "unknown field \\"spec.replicaz\\""');
  const strict = send('POST', DEPLOYMENTS, typo, { query: { fieldValidation: 'Strict' } });
  expect(strict.code).toBe(400);
  expect(strict.body.message).toBe(
    'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replicaz"',
  );
  expect(send('POST', DEPLOYMENTS, '{"a": ').body).toMatchObject({ code: 400, reason: 'BadRequest' });
});

test('a duplicate field of a JSON text is reported with its path', () => {
  const { send } = serve();
  const text = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1","k":"2"}}';
  expect(send('POST', CONFIGMAPS, text).headers.warning).toBe('299 - "duplicate field \\"data.k\\""');
});

test('dry run answers as if and stores nothing', () => {
  const { send } = serve();
  expect(send('POST', CONFIGMAPS, configMap('a'), { query: { dryRun: 'All' } }).code).toBe(201);
  expect(send('GET', `${CONFIGMAPS}/a`).code).toBe(404);
});

test('a body may be YAML', () => {
  const { send } = serve();
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n';
  expect(send('POST', CONFIGMAPS, text, { headers: { 'content-type': 'application/yaml' } }).body.data).toEqual({
    k: 'v',
  });
});

test('a Pod on a node is deleted gracefully and goes with the last word of the kubelet', () => {
  const { send, watch } = serve();
  const { events } = watch(PODS);
  send('POST', PODS, pod('p', { nodeName: 'worker-1', terminationGracePeriodSeconds: 20 }));
  expect(send('DELETE', `${PODS}/p`).body.metadata).toMatchObject({
    deletionTimestamp: new Date(BIRTH + 20_000).toISOString().replace('.000', ''),
    deletionGracePeriodSeconds: 20,
  });
  // Later requests only shorten the time.
  expect(
    send('DELETE', `${PODS}/p`, undefined, { query: { gracePeriodSeconds: '60' } }).body.metadata
      .deletionGracePeriodSeconds,
  ).toBe(20);
  send('DELETE', `${PODS}/p`, undefined, { query: { gracePeriodSeconds: '0' } });
  expect(send('GET', `${PODS}/p`).code).toBe(404);
  expect(events).toEqual(['ADDED p', 'MODIFIED p', 'DELETED p']);
});

test('a Pod without a node goes at once', () => {
  const { send } = serve();
  send('POST', PODS, pod('p'));
  send('DELETE', `${PODS}/p`);
  expect(send('GET', `${PODS}/p`).code).toBe(404);
});

test('finalizers hold an object until the last one is taken away', () => {
  const { send, patch } = serve();
  const held = configMap('a');
  send('POST', CONFIGMAPS, { ...held, metadata: { ...held.metadata, finalizers: ['x.io/hold'] } });
  const foreground = send('DELETE', `${CONFIGMAPS}/a`, { propagationPolicy: 'Foreground' }).body;
  expect(foreground.metadata).toMatchObject({
    deletionGracePeriodSeconds: 0,
    finalizers: ['x.io/hold', 'foregroundDeletion'],
  });
  expect(send('POST', CONFIGMAPS, held).body.message).toBe('object is being deleted: configmaps "a" already exists');
  patch(`${CONFIGMAPS}/a`, 'merge', { metadata: { finalizers: null } });
  expect(send('GET', `${CONFIGMAPS}/a`).code).toBe(404);
});

test('a deletion with the uid of another life is refused', () => {
  const { send } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  expect(send('DELETE', `${CONFIGMAPS}/a`, { preconditions: { uid: 'other' } }).code).toBe(409);
  expect(send('DELETE', `${CONFIGMAPS}/a`).body).toMatchObject({
    kind: 'Status',
    status: 'Success',
    details: { name: 'a' },
  });
});

test('a namespace that goes takes nothing new and waits until it is finalized', () => {
  const { send } = serve();
  send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
  const { body } = send('DELETE', '/api/v1/namespaces/team');
  expect(body).toMatchObject({ status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } });
  expect(send('POST', '/api/v1/namespaces/team/configmaps', configMap('a')).body.message).toBe(
    'configmaps "a" is forbidden: unable to create new content in namespace team because it is being terminated',
  );
  send('PUT', '/api/v1/namespaces/team/finalize', { ...body, spec: {} });
  expect(send('GET', '/api/v1/namespaces/team').code).toBe(404);
  expect(send('DELETE', '/api/v1/namespaces/default').body.message).toBe(
    'namespaces "default" is forbidden: this namespace may not be deleted',
  );
});

test('a collection is deleted by selector', () => {
  const { send } = serve();
  send('POST', CONFIGMAPS, configMap('a', { k: '1' }));
  send('POST', CONFIGMAPS, configMap('b', { k: '2' }));
  send('DELETE', CONFIGMAPS, undefined, { query: { labelSelector: 'k=1' } });
  expect(send('GET', CONFIGMAPS).body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([
    'b',
  ]);
});

test('events expire after an hour', () => {
  const { send, sim } = serve();
  const event = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, involvedObject: { namespace: 'default' } };
  expect(send('POST', '/api/v1/namespaces/default/events', event).code).toBe(201);
  sim.runUntil(BIRTH + 3600_000 - 1);
  expect(send('GET', '/api/v1/namespaces/default/events/e').code).toBe(200);
  sim.runUntil(BIRTH + 3700_000);
  expect(send('GET', '/api/v1/namespaces/default/events/e').code).toBe(404);
});

test('every request is in the log with its verb, user and answer', () => {
  const { send, server } = serve();
  const from = server.requests.count;
  send('GET', `${PODS}/x`, undefined, { headers: { 'user-agent': 'kubectl/v1.35' } });
  expect(server.requests.since(from)).toEqual([
    expect.objectContaining({
      verb: 'get',
      path: `${PODS}/x`,
      user: 'kubernetes-admin',
      userAgent: 'kubectl/v1.35',
      code: 404,
      time: BIRTH,
    }),
  ]);
});

test('an owner that is named twice is kept once, and the client is told', () => {
  const { send } = serve();
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'u' };
  const answer = send('POST', CONFIGMAPS, {
    ...configMap('a'),
    metadata: { name: 'a', ownerReferences: [owner, owner] },
  });
  expect(answer.body.metadata.ownerReferences).toEqual([owner]);
  expect(answer.headers.warning).toContain('duplicate UID(s) observed: u');
});

test('a deletion with dependents that has to wait is accepted', () => {
  const { send } = serve();
  send('POST', CONFIGMAPS, { ...configMap('a'), metadata: { name: 'a', finalizers: ['a.b/c'] } });
  expect(send('DELETE', `${CONFIGMAPS}/a`, { orphanDependents: false }).code).toBe(202);
});

test('what is sent to a subresource has the name of the path', () => {
  const { send } = serve();
  send('POST', PODS, pod('p'));
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'q' }, target: { kind: 'Node', name: 'n' } };
  expect(send('POST', `${PODS}/p/binding`, binding).body.message).toBe(
    'name in URL does not match name in Binding object',
  );
  expect(send('POST', `${PODS}/p/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction' }).body.message).toBe(
    'name in URL does not match name in Eviction object',
  );
});

test('an object is not read at a version that is yet to come', () => {
  const { send } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  const at = (resourceVersion: string) =>
    send('GET', `${CONFIGMAPS}/a`, undefined, { query: { resourceVersion } }).code;
  expect([at('0'), at('99999'), at('abc')]).toEqual([200, 504, 500]);
});
