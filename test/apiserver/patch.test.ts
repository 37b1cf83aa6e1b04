import { expect, test } from 'vitest';
import { CONFIGMAPS, configMap, DEPLOYMENTS, deployment, serve } from './support.ts';

function web() {
  const served = serve();
  const base = deployment('web');
  const container = {
    name: 'c',
    image: 'nginx',
    env: [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ],
    args: ['x', 'y'],
  };
  const spec = {
    ...base.spec,
    template: { ...base.spec.template, spec: { containers: [container, { name: 'side', image: 'busybox' }] } },
  };
  served.send('POST', DEPLOYMENTS, { ...base, spec });
  const path = `${DEPLOYMENTS}/web`;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const strategic = (podSpec: object): any => {
    const { body } = served.patch(path, 'strategic-merge', { spec: { template: { spec: podSpec } } });
    return body.spec?.template.spec ?? body;
  };
  return { ...served, path, strategic };
}

test('a strategic merge changes the container of that name', () => {
  const { containers } = web().strategic({ containers: [{ name: 'c', image: 'nginx:1.27' }] });
  expect(containers.map((one: { name: string; image: string }) => `${one.name}=${one.image}`)).toEqual([
    'c=nginx:1.27',
    'side=busybox',
  ]);
});

test('a strategic merge deletes and replaces by directive', () => {
  const { strategic } = web();
  expect(strategic({ containers: [{ name: 'c', env: [{ name: 'A', $patch: 'delete' }] }] }).containers[0].env).toEqual([
    { name: 'B', value: '2' },
  ]);
  const { containers } = strategic({ containers: [{ $patch: 'replace' }, { name: 'only', image: 'x' }] });
  expect(containers.map((one: { name: string }) => one.name)).toEqual(['only']);
});

test('a list without a merge key is replaced as a whole', () => {
  expect(web().strategic({ containers: [{ name: 'c', args: ['z'] }] }).containers[0].args).toEqual(['z']);
});

test('$setElementOrder puts merged elements in order', () => {
  const { containers } = web().strategic({
    $setElementOrder: undefined,
    '$setElementOrder/containers': [{ name: 'side' }, { name: 'new' }, { name: 'c' }],
    containers: [{ name: 'new', image: 'x' }],
  });
  expect(containers.map((one: { name: string }) => one.name)).toEqual(['side', 'new', 'c']);
});

test('$retainKeys clears what the patch does not name', () => {
  const { patch, path } = web();
  const { body } = patch(path, 'strategic-merge', { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } });
  expect(body.spec.strategy).toEqual({ type: 'Recreate' });
});

test('$deleteFromPrimitiveList takes values out', () => {
  const { send, patch } = serve();
  const held = configMap('a');
  send('POST', CONFIGMAPS, { ...held, metadata: { ...held.metadata, finalizers: ['x.io/a', 'x.io/b'] } });
  const { body } = patch(`${CONFIGMAPS}/a`, 'strategic-merge', {
    metadata: { '$deleteFromPrimitiveList/finalizers': ['x.io/a'] },
  });
  expect(body.metadata.finalizers).toEqual(['x.io/b']);
});

test('an unknown directive is named', () => {
  expect(web().strategic({ nodeSelector: { $patch: 'explode' } }).message).toBe(
    'unknown patch type: explode in map: map[$patch:explode]',
  );
});

test('a merge patch deletes with null and replaces lists', () => {
  const { send, patch } = serve();
  send('POST', CONFIGMAPS, configMap('a', { x: '1', y: '2' }, { k: 'v' }));
  const { body } = patch(`${CONFIGMAPS}/a`, 'merge', { metadata: { labels: { x: null } }, data: { n: 'm' } });
  expect(body).toMatchObject({ metadata: { labels: { y: '2' } }, data: { k: 'v', n: 'm' } });
  expect(body.metadata.labels.x).toBeUndefined();
});

test('a JSON patch is applied as a whole or not at all', () => {
  const { send, patch } = serve();
  send('POST', CONFIGMAPS, configMap('a', { x: '1' }));
  const path = `${CONFIGMAPS}/a`;
  const broken = [
    { op: 'add', path: '/metadata/labels/ok', value: '1' },
    { op: 'remove', path: '/metadata/labels/zz' },
  ];
  expect(patch(path, 'json', broken)).toMatchObject({
    code: 422,
    body: { message: 'the server rejected our request due to an error in our request' },
  });
  const moves = [
    { op: 'test', path: '/metadata/labels/x', value: '1' },
    { op: 'move', from: '/metadata/labels/x', path: '/metadata/labels/a~1b' },
  ];
  expect(patch(path, 'json', moves).body.metadata.labels).toEqual({ 'a/b': '1' });
});

test('a patch of a stale version is a conflict', () => {
  const { send, patch } = serve();
  const { body } = send('POST', CONFIGMAPS, configMap('a'));
  const path = `${CONFIGMAPS}/a`;
  patch(path, 'merge', { data: { k: '1' } });
  expect(
    patch(path, 'merge', { metadata: { resourceVersion: body.metadata.resourceVersion }, data: { k: '2' } }).code,
  ).toBe(409);
});

test('a strategic merge that does not fit the types is told in the words of the converter', () => {
  const { patch, path } = web();
  const refused = (spec: object) => patch(path, 'strategic-merge', { spec }).body.message;
  expect(refused({ replicas: 'x' })).toContain('"map[spec:map[replicas:x]]": unrecognized type: int32');
  expect(refused({ template: 'x' })).toContain('cannot restore struct from: string');
});

test('a patch of another type is not understood', () => {
  const { send } = web();
  const { code } = send('PATCH', `${DEPLOYMENTS}/web`, '{}', { headers: { 'content-type': 'application/json' } });
  expect(code).toBe(415);
});

test('scale reads and writes the replica count', () => {
  const { send, patch, path } = web();
  expect(send('GET', `${path}/scale`).body).toMatchObject({
    kind: 'Scale',
    spec: { replicas: 1 },
    status: { selector: 'app=web' },
  });
  expect(patch(`${path}/scale`, 'merge', { spec: { replicas: 4 } }).body.spec).toEqual({ replicas: 4 });
  expect(send('GET', path).body).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 4 } });
});

test.each([
  [{ spec: { strategy: { $retainKeys: ['x'], type: 'Recreate' } } }, 400, 'invalid patch format of retainKeys'],
  [
    { spec: { template: { spec: { '$setElementOrder/containers': 'x' } } } },
    500,
    'expected a []interface {}, but received a string',
  ],
  [
    { metadata: { '$setElementOrder/finalizers': ['a/b'], finalizers: ['c/d'] } },
    500,
    "The order in patch list:\n[c/d]\n doesn't match $setElementOrder list:\n[a/b]\n",
  ],
  [
    { spec: { template: { spec: { containers: [{ $patch: 'merge', name: 'c' }] } } } },
    500,
    'merging lists cannot yet be specified in the patch',
  ],
  [
    { spec: { template: { spec: { containers: ['c'] } } } },
    500,
    'list element types are not identical: map[string]interface {} string',
  ],
])('a strategic merge that cannot be: %j', (body, code, message) => {
  const { send, patch } = serve();
  send('POST', DEPLOYMENTS, deployment('d'));
  expect(patch(`${DEPLOYMENTS}/d`, 'strategic-merge', body)).toMatchObject({ code, body: { message } });
});

test('what a JSON patch says twice or beside the point is warned of', () => {
  const { send, patch } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  const text = '[{"op":"add","op":"add","path":"/data","value":{"a":"1","a":"2"},"foo":1}]';
  const answer = patch(`${CONFIGMAPS}/a`, 'json', text);
  expect(answer.body.data).toEqual({ a: '2' });
  expect(answer.headers.warning?.match(/json patch \w+ field \\"[^"\\]*/g)).toEqual([
    'json patch duplicate field \\"[0].op',
    'json patch duplicate field \\"[0].value.a',
    'json patch unknown field \\"[0].foo',
  ]);
});

test('a patch of null is none, but to a merge', () => {
  const { send, patch } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  expect(patch(`${CONFIGMAPS}/a`, 'json', 'null').code).toBe(200);
  expect(patch(`${CONFIGMAPS}/a`, 'strategic-merge', 'null').code).toBe(200);
  expect(patch(`${CONFIGMAPS}/a`, 'merge', 'null')).toMatchObject({
    code: 400,
    body: { message: 'Invalid JSON Patch' },
  });
});

test.each([{ metadata: 'x' }, { apiVersion: 5 }, { kind: [] }])('a merge that leaves no object: %j', (body) => {
  const { send, patch } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  const answer = patch(`${CONFIGMAPS}/a`, 'merge', body);
  expect(answer.code).toBe(422);
  expect(answer.body.message).toContain('json: cannot unmarshal');
});
