import { expect, test } from 'vitest';
import { CONFIGMAPS, configMap, DEPLOYMENTS, deployment, serve } from './support.ts';

function served() {
  const base = serve();
  const apply = (path: string, fieldManager: string, body: object, query: Record<string, string> = {}) =>
    base.send('PATCH', path, body, {
      headers: { 'content-type': 'application/apply-patch+yaml' },
      query: { fieldManager, ...query },
    });
  return { ...base, apply };
}
const A = `${CONFIGMAPS}/a`;
const data = (values: Record<string, string>) => configMap('a', undefined, values);

test('applying creates the object and records what the manager named', () => {
  const { apply } = served();
  const { code, body } = apply(A, 'one', data({ k: 'v' }));
  expect(code).toBe(201);
  expect(body.metadata.managedFields).toEqual([
    {
      manager: 'one',
      operation: 'Apply',
      apiVersion: 'v1',
      time: '2026-01-05T09:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:k': {} } },
    },
  ]);
});

test('what a manager no longer names goes', () => {
  const { apply } = served();
  apply(A, 'one', data({ k: '1', l: '2' }));
  expect(apply(A, 'one', data({ k: '1' })).body.data).toEqual({ k: '1' });
});

test('null for a value that is there makes it the empty one', () => {
  const { apply } = served();
  apply(A, 'one', data({ k: '1' }));
  expect(apply(A, 'one', configMap('a', undefined, { k: null as never })).body.data).toEqual({ k: '' });
});

test('what another manager owns with another value is a conflict, unless it is forced', () => {
  const { apply, send } = served();
  apply(A, 'one', data({ k: '1', l: '1' }));
  const refused = apply(A, 'two', data({ k: '2', l: '2' }));
  expect(refused).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
  expect(refused.body.message).toBe('Apply failed with 2 conflicts: conflicts with "one":\n- .data.k\n- .data.l');
  expect(apply(A, 'two', data({ k: '2' }), { force: 'true' }).body.data).toEqual({ k: '2', l: '1' });
  // The first manager has lost `k`, so that leaving it out does not remove it.
  apply(A, 'one', data({ l: '1' }));
  expect(send('GET', A).body.data).toEqual({ k: '2', l: '1' });
});

test('updates own what they change, and applying against them says so', () => {
  const { apply, send } = served();
  send('POST', CONFIGMAPS, data({ k: '1' }), { query: { fieldManager: 'creator' } });
  send('PUT', A, data({ k: '1', l: '2' }), { query: { fieldManager: 'editor' } });
  const owners = send('GET', A).body.metadata.managedFields.map(
    ({ manager, fieldsV1 }: { manager: string; fieldsV1: object }) => [manager, fieldsV1],
  );
  expect(owners).toEqual([
    ['creator', { 'f:data': { '.': {}, 'f:k': {} } }],
    ['editor', { 'f:data': { 'f:l': {} } }],
  ]);
  expect(apply(A, 'one', data({ l: '3' })).body.message).toBe(
    'Apply failed with 1 conflict: conflict with "editor" using v1: .data.l',
  );
});

test('list elements are owned by their keys', () => {
  const { apply } = served();
  const path = `${DEPLOYMENTS}/web`;
  const web = deployment('web');
  apply(path, 'one', web);
  const only = (container: object) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { template: { spec: { containers: [container] } } },
  });
  const { body } = apply(path, 'two', only({ name: 'side', image: 'busybox' }));
  expect(body.spec.template.spec.containers.map((one: { name: string }) => one.name)).toEqual(['c', 'side']);
  expect(apply(path, 'two', only({ name: 'c', image: 'other' })).body.message).toBe(
    'Apply failed with 1 conflict: conflict with "one": .spec.template.spec.containers[name="c"].image',
  );
});

test('a configuration needs a manager and known fields', () => {
  const { apply } = served();
  expect(apply(A, '', data({})).body.message).toBe(
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  );
  expect(apply(A, 'one', { ...data({}), foo: 1 }).body.message).toBe(
    'failed to create typed patch object (/a; /v1, Kind=ConfigMap): .foo: field not declared in schema',
  );
});

test('components that read in memory see no managed fields', () => {
  const { apply, server } = served();
  apply(A, 'one', data({ k: 'v' }));
  const { body } = server.handle({ method: 'GET', path: A, user: { name: 'c', groups: [] } });
  expect((body as { metadata: object }).metadata).not.toHaveProperty('managedFields');
});

test('the status belongs to nobody who has not written it by its own path', () => {
  const { send, apply } = served();
  const managers = () =>
    send('GET', `${DEPLOYMENTS}/d`).body.metadata.managedFields.map(
      ({ manager, fieldsV1 }: { manager: string; fieldsV1: object }) => [manager, 'f:status' in fieldsV1],
    );
  send('POST', DEPLOYMENTS, { ...deployment('d'), status: {} }, { query: { fieldManager: 'maker' } });
  apply(`${DEPLOYMENTS}/d`, 'applier', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', labels: { a: 'b' } },
    status: { replicas: 3 },
  });
  send(
    'PATCH',
    `${DEPLOYMENTS}/d/status`,
    { status: { replicas: 1 } },
    {
      headers: { 'content-type': 'application/merge-patch+json' },
      query: { fieldManager: 'counter' },
    },
  );
  expect(managers()).toEqual([
    ['applier', false],
    ['counter', true],
    ['maker', false],
  ]);
});

test('who deletes becomes no owner of what the deletion leaves', () => {
  const { send } = served();
  send('POST', CONFIGMAPS, data({ k: 'v' }), { query: { fieldManager: 'maker' } });
  send('DELETE', A, { propagationPolicy: 'Foreground' });
  const { metadata } = send('GET', A).body;
  expect(metadata.deletionTimestamp).toBeDefined();
  expect(metadata.managedFields.map(({ manager }: { manager: string }) => manager)).toEqual(['maker']);
});

test('fields are recorded in an order of their own: by name, and items by the values of their keys', () => {
  const ports = [9, 10].map((containerPort) => ({ containerPort, protocol: 'TCP' }));
  const base = deployment('d');
  const { template } = base.spec;
  const containers = ['z', 'b'].map((name) => ({ name, image: 'i', ports: ports.toReversed() }));
  const spec = { ...base.spec, template: { ...template, spec: { containers } } };
  const { body } = served().apply(`${DEPLOYMENTS}/d`, 'one', { ...base, spec });
  const fields = body.metadata.managedFields[0].fieldsV1['f:spec']['f:template']['f:spec']['f:containers'];
  expect(Object.keys(fields)).toEqual(['k:{"name":"b"}', 'k:{"name":"z"}']);
  expect(Object.keys(fields['k:{"name":"b"}'])).toEqual(['.', 'f:image', 'f:name', 'f:ports']);
  expect(Object.keys(fields['k:{"name":"b"}']['f:ports'])).toEqual([
    'k:{"containerPort":9,"protocol":"TCP"}',
    'k:{"containerPort":10,"protocol":"TCP"}',
  ]);
});

test('what admission and the server add to a new object belongs to nobody, so that applying it later removes nothing', () => {
  const { send, apply } = served();
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  };
  const pods = '/api/v1/namespaces/default/pods';
  const created = send('POST', pods, pod, { query: { fieldManager: 'kubectl' } });
  expect(created.body.spec.tolerations).toHaveLength(2);
  const owned = created.body.metadata.managedFields[0].fieldsV1['f:spec'];
  expect(Object.keys(owned)).toContain('f:restartPolicy');
  expect(Object.keys(owned)).not.toContain('f:tolerations');
  const service = send('POST', '/api/v1/namespaces/default/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: { ports: [{ port: 80 }] },
  });
  expect(service.body.spec.clusterIP).toBeDefined();
  expect(Object.keys(service.body.metadata.managedFields[0].fieldsV1['f:spec'])).not.toContain('f:clusterIP');
  expect(apply(`${pods}/p`, 'kubectl', pod).code).toBe(200);
});

test.each([
  [
    { spec: { replicas: 'x', paused: 1 } },
    'errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.paused: expected boolean, got &{1}',
  ],
  [
    { spec: { template: { spec: { containers: [{ name: 'c', foo: 1 }] } } } },
    '.spec.template.spec.containers[name="c"].foo: field not declared in schema',
  ],
  [
    { spec: { template: { spec: { containers: [{ image: 'i' }] } } } },
    `.spec.template.spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn't have default value)`,
  ],
])('a configuration that does not fit its types: %j', (fields, why) => {
  const { send } = serve();
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, ...fields };
  expect(send('PATCH', `${DEPLOYMENTS}/d`, body, { headers, query: { fieldManager: 'm' } })).toMatchObject({
    code: 500,
    body: { message: `failed to create typed patch object (/d; apps/v1, Kind=Deployment): ${why}` },
  });
});

test.each([
  ['', 400, 'invalid object type: /, Kind='],
  ['{apiVersion: v1, kind: Pod, metadata: {name: a}}', 400, 'invalid object type: /v1, Kind=Pod'],
  [
    '5',
    400,
    'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into Go value of type map[string]interface {}',
  ],
])('a configuration that is none: %s', (body, code, message) => {
  const { send } = serve();
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const answer = send('PATCH', `${CONFIGMAPS}/a`, body, { headers, query: { fieldManager: 'm' } });
  expect(answer).toMatchObject({ code, body: { message } });
});

test('a Scale is applied to the object that it scales', () => {
  const { send } = serve();
  send('POST', DEPLOYMENTS, deployment('d'), { query: { fieldManager: 'first' } });
  const replicas = (n: number) => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'd' },
    spec: { replicas: n },
  });
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  send('PUT', `${DEPLOYMENTS}/d/scale`, replicas(2), { query: { fieldManager: 'first' } });
  const query = { fieldManager: 'second' };
  expect(send('PATCH', `${DEPLOYMENTS}/d/scale`, replicas(3), { headers, query }).body.message).toBe(
    'Apply failed with 1 conflict: conflict with "first" with subresource "scale" using apps/v1: .spec.replicas',
  );
  const forced = send('PATCH', `${DEPLOYMENTS}/d/scale`, replicas(3), { headers, query: { ...query, force: 'true' } });
  expect(forced.body.spec).toEqual({ replicas: 3 });
  const { metadata } = send('GET', `${DEPLOYMENTS}/d`).body;
  expect(metadata.managedFields).toContainEqual(
    expect.objectContaining({ manager: 'second', operation: 'Apply', subresource: 'scale' }),
  );
});
