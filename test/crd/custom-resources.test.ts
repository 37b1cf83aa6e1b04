import { expect, test } from 'vitest';
import { serve } from '../apiserver/support.ts';
import { DEFINITIONS, FOOS, definition, foo, serveFoos } from './support.ts';

const conditions = (body: { status: { conditions: { type: string; status: string; reason: string }[] } }) =>
  body.status.conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);

test('a definition is established a moment after it was made, and then its kind is served', () => {
  const { send, sim } = serve();
  send('POST', DEFINITIONS, definition());
  expect(send('GET', FOOS).body).toBe('404 page not found\n');
  sim.runUntil(sim.now + 1000);
  expect(conditions(send('GET', `${DEFINITIONS}/foos.example.com`).body)).toEqual([
    'NamesAccepted=True NoConflicts',
    'Established=True InitialNamesAccepted',
  ]);
  expect(send('GET', FOOS).body).toMatchObject({ kind: 'FooList', items: [] });
  expect(send('GET', '/apis/example.com/v1').body.resources[0]).toMatchObject({ name: 'foos', shortNames: ['fo'] });
  expect(
    send('GET', '/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com').body.status.conditions[0].reason,
  ).toBe('Local');
});

test('a name that another definition of the group has is not accepted until that one goes', () => {
  const { send, sim } = serveFoos();
  const other = definition();
  other.metadata.name = 'bars.example.com';
  Object.assign(other.spec.names, { plural: 'bars', singular: 'bar', kind: 'Foo', shortNames: ['fo'] });
  send('POST', DEFINITIONS, other);
  sim.runUntil(sim.now + 1000);
  const { status } = send('GET', `${DEFINITIONS}/bars.example.com`).body;
  expect(status.conditions[0]).toMatchObject({ reason: 'ListKindConflict', message: '"FooList" is already in use' });
  expect(conditions({ status })[1]).toBe('Established=False NotAccepted');
  send('DELETE', `${DEFINITIONS}/foos.example.com`);
  sim.runUntil(sim.now + 10_000);
  expect(conditions(send('GET', `${DEFINITIONS}/bars.example.com`).body)[1]).toBe(
    'Established=True InitialNamesAccepted',
  );
});

test('deleting a definition deletes its objects, and waits for those that somebody holds', () => {
  const { send, patch, sim } = serveFoos();
  send('POST', FOOS, foo('free'));
  send('POST', FOOS, { ...foo('held'), metadata: { name: 'held', finalizers: ['example.com/hold'] } });
  send('DELETE', `${DEFINITIONS}/foos.example.com`);
  sim.runUntil(sim.now + 1000);
  expect(send('GET', FOOS).body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([
    'held',
  ]);
  expect(send('POST', FOOS, foo('late'))).toMatchObject({
    code: 405,
    body: { message: 'create not allowed while custom resource definition is terminating' },
  });
  patch(`${FOOS}/held`, 'merge', { metadata: { finalizers: null } });
  sim.runUntil(sim.now + 10_000);
  expect(send('GET', `${DEFINITIONS}/foos.example.com`).code).toBe(404);
  expect(send('GET', FOOS).code).toBe(404);
  expect(send('GET', '/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com').code).toBe(404);
});

test('what the schema does not know is pruned, and warned about', () => {
  const { send } = serveFoos({
    properties: { a: { type: 'string' }, any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  });
  const { headers, body } = send('POST', FOOS, foo('a', { a: 'x', b: 1, any: { deep: { er: 1 } } }));
  expect(headers.warning).toBe('299 - "unknown field \\"spec.b\\""');
  expect(body.spec).toEqual({ a: 'x', any: { deep: { er: 1 } } });
  expect(send('POST', FOOS, foo('s', { b: 1 }), { query: { fieldValidation: 'Strict' } }).body.message).toBe(
    'Foo in version "v1" cannot be handled as a Foo: strict decoding error: unknown field "spec.b"',
  );
});

test('defaults fill what is missing, also in what was stored before they were there', () => {
  const { send, patch, sim } = serveFoos({ properties: { a: { type: 'string' } } });
  send('POST', FOOS, foo('a', {}));
  patch(`${DEFINITIONS}/foos.example.com`, 'json', [
    {
      op: 'add',
      path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/b',
      value: { type: 'integer', default: 7 },
    },
  ]);
  sim.runUntil(sim.now + 1000);
  expect(send('GET', `${FOOS}/a`).body.spec).toEqual({ b: 7 });
  expect(send('POST', FOOS, foo('n', { a: null, b: null })).body.spec).toEqual({ b: 7 });
});

test.each([
  [
    { a: { type: 'integer', minimum: 1 } },
    { a: 0 },
    'spec.a: Invalid value: 0: spec.a in body should be greater than or equal to 1',
  ],
  [
    { a: { type: 'string' } },
    { a: 1 },
    'spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer"',
  ],
  [
    { a: { 'x-kubernetes-int-or-string': true } },
    { a: true },
    'spec.a: Invalid value: "boolean": spec.a in body must be of type integer,string: "boolean"',
  ],
  [
    { a: { type: 'string', enum: ['x', 'y'] } },
    { a: 'z' },
    'spec.a: Unsupported value: "z": supported values: "x", "y"',
  ],
  [
    { a: { type: 'string', format: 'ipv6' } },
    { a: '1.2.3.4' },
    'spec.a: Invalid value: "1.2.3.4": spec.a in body must be of type ipv6: "1.2.3.4"',
  ],
  [
    { a: { type: 'array', items: { type: 'integer', maximum: 3 } } },
    { a: [1, 9] },
    'spec.a[1]: Invalid value: 9: spec.a[1] in body should be less than or equal to 3',
  ],
  [
    { a: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' } },
    { a: ['x', 'x'] },
    'spec.a[1]: Duplicate value: "x"',
  ],
  [
    { a: { type: 'object', properties: { x: { type: 'string' } }, anyOf: [{ required: ['x'] }] } },
    { a: {} },
    '[<nil>: Invalid value: "": "spec.a" must validate at least one schema (anyOf), spec.a.x: Required value]',
  ],
])("a value that does not fit its schema %j is refused in the validator's words", (properties, spec, message) => {
  const { send } = serveFoos({ properties });
  expect(send('POST', FOOS, foo('a', spec))).toMatchObject({
    code: 422,
    body: { message: `Foo.example.com "a" is invalid: ${message}` },
  });
});

test('an update is not refused for what it leaves as it was', () => {
  const { send, patch, sim } = serveFoos({ properties: { a: { type: 'integer' }, b: { type: 'string' } } });
  send('POST', FOOS, foo('a', { a: 8 }));
  const place = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/a/maximum';
  patch(`${DEFINITIONS}/foos.example.com`, 'json', [{ op: 'add', path: place, value: 5 }]);
  sim.runUntil(sim.now + 1000);
  expect(patch(`${FOOS}/a`, 'merge', { spec: { b: 'new' } }).code).toBe(200);
  expect(patch(`${FOOS}/a`, 'merge', { spec: { a: 7 } }).code).toBe(422);
});

test('with a status subresource, status is written there only, and other changes make a new generation', () => {
  const { send, patch } = serveFoos(undefined, { subresources: { status: {} } });
  expect(send('POST', FOOS, foo('a', { n: 1 }, { status: { ready: true } })).body.status).toBeUndefined();
  expect(patch(`${FOOS}/a/status`, 'merge', { status: { ready: true }, spec: { n: 2 } }).body).toMatchObject({
    metadata: { generation: 1 },
    spec: { n: 1 },
    status: { ready: true },
  });
  expect(patch(`${FOOS}/a`, 'merge', { spec: { n: 2 }, status: { ready: false } }).body).toMatchObject({
    metadata: { generation: 2 },
    status: { ready: true },
  });
});

test('the scale subresource reads and writes the fields that the definition names', () => {
  const scale = {
    specReplicasPath: '.spec.size',
    statusReplicasPath: '.status.size',
    labelSelectorPath: '.status.selector',
  };
  const { send, patch } = serveFoos(undefined, { subresources: { scale } });
  send('POST', FOOS, foo('a', { size: 2 }, { status: { size: 1, selector: 'app=a' } }));
  expect(send('GET', `${FOOS}/a/scale`).body).toMatchObject({
    spec: { replicas: 2 },
    status: { replicas: 1, selector: 'app=a' },
  });
  expect(patch(`${FOOS}/a/scale`, 'merge', { spec: { replicas: 5 } }).body.spec).toEqual({ replicas: 5 });
  expect(send('GET', `${FOOS}/a`).body.spec).toEqual({ size: 5 });
  expect(patch(`${FOOS}/a/scale`, 'merge', { spec: { replicas: -1 } }).body.message).toBe(
    'Foo.example.com "a" is invalid: .spec.size: Invalid value: -1: should be a non-negative integer',
  );
});

test('columns of the definition are printed by their types', () => {
  const columns = [
    { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Map', type: 'string', jsonPath: '.spec.map' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ];
  const { send } = serveFoos(undefined, { additionalPrinterColumns: columns });
  send(
    'POST',
    FOOS,
    foo('a', { size: 3, map: { k: 'v' } }, { status: { conditions: [{ type: 'Ready', status: 'True' }] } }),
  );
  send('POST', FOOS, foo('b'));
  const { body } = send('GET', FOOS, undefined, {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  });
  expect(body.rows.map((row: { cells: unknown[] }) => row.cells)).toEqual([
    ['a', 3, 'True', '{"k":"v"}', '0s'],
    ['b', null, null, null, '0s'],
  ]);
});

test('every version shows what its schema knows of what is stored', () => {
  const version = (name: string, field: string, more: object) => ({
    name,
    served: true,
    storage: name === 'v1',
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { [field]: { type: 'string' }, both: { type: 'string' } } } },
      },
    },
    ...more,
  });
  const versions = [version('v1', 'a', {}), version('v2', 'b', { deprecated: true })];
  const { send } = serveFoos(undefined, undefined, { versions });
  const v2 = '/apis/example.com/v2/namespaces/default/foos';
  const created = send('POST', v2, { ...foo('a', { b: 'x', both: 'y' }), apiVersion: 'example.com/v2' });
  expect(created.headers.warning).toBe('299 - "example.com/v2 Foo is deprecated"');
  expect(created.body).toMatchObject({ apiVersion: 'example.com/v2', spec: { both: 'y' } });
  expect(send('GET', `${FOOS}/a`).body).toMatchObject({ apiVersion: 'example.com/v1', spec: { both: 'y' } });
  expect(send('GET', `${v2}/a`).body.metadata.managedFields).toHaveLength(1);
});

test('server-side apply merges lists as the schema says', () => {
  const list = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: { type: 'object', required: ['k'], properties: { k: { type: 'string' }, v: { type: 'string' } } },
  };
  const { apply } = serveFoos({ properties: { l: list } });
  apply('one', foo('a', { l: [{ k: '1', v: 'x' }] }));
  expect(apply('two', foo('a', { l: [{ k: '2', v: 'y' }] })).body.spec.l).toEqual([
    { k: '1', v: 'x' },
    { k: '2', v: 'y' },
  ]);
  expect(apply('two', foo('a', { l: [{ k: '1', v: 'z' }] })).body.message).toBe(
    'Apply failed with 1 conflict: conflict with "one": .spec.l[k="1"].v',
  );
});

test('fields that the definition makes selectable can be selected by', () => {
  const { send } = serveFoos(
    { properties: { color: { type: 'string' } } },
    { selectableFields: [{ jsonPath: '.spec.color' }] },
  );
  send('POST', FOOS, foo('a', { color: 'red' }));
  send('POST', FOOS, foo('b', { color: 'blue' }));
  const names = (fieldSelector: string) =>
    send('GET', FOOS, undefined, { query: { fieldSelector } }).body.items?.map(
      (i: { metadata: { name: string } }) => i.metadata.name,
    );
  expect(names('spec.color=blue')).toEqual(['b']);
  expect(send('GET', FOOS, undefined, { query: { fieldSelector: 'spec.size=1' } }).body.message).toBe(
    'field label not supported: spec.size',
  );
});

test('clients are shown the schema in OpenAPI', () => {
  const { send } = serveFoos({
    description: 'What it does.',
    properties: { a: { type: 'string', description: 'A.' } },
  });
  const { schemas } = send('GET', '/openapi/v3/apis/example.com/v1').body.components;
  expect(schemas['com.example.v1.Foo']).toMatchObject({
    properties: { spec: { description: 'What it does.', properties: { a: { type: 'string', description: 'A.' } } } },
    'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Foo' }],
  });
  expect(schemas.ObjectMeta).toBeDefined();
});

test.each([
  [
    'a list that is a map names its keys',
    { a: { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } } },
    'properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map',
  ],
  [
    'a key of such a list is required or has a default',
    {
      a: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', properties: { k: { type: 'string' } } },
      },
    },
    'properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
  ],
  [
    'a default is of its type',
    { a: { type: 'integer', default: 'x' } },
    'properties[a].default: Invalid value: "string":  in body must be of type integer: "string"',
  ],
  [
    'parts of a combination declare no types',
    { a: { type: 'string', anyOf: [{ type: 'string' }] } },
    'properties[a].anyOf[0].type: Forbidden: must be empty to be structural',
  ],
  [
    'there are no references',
    { a: { type: 'object', $ref: '#/x' } },
    'properties[a].$ref: Forbidden: $ref is not supported',
  ],
])('in a schema, %s', (_what, properties, fault) => {
  const { send } = serve();
  const { code, body } = send('POST', DEFINITIONS, definition({ properties }));
  expect(code).toBe(422);
  expect(body.message).toBe(
    `CustomResourceDefinition.apiextensions.k8s.io "foos.example.com" is invalid: spec.validation.openAPIV3Schema.properties[spec].${fault}`,
  );
});

test('the scope of an established definition cannot change, nor can a stored version go', () => {
  const { patch, send } = serveFoos();
  expect(patch(`${DEFINITIONS}/foos.example.com`, 'merge', { spec: { scope: 'Cluster' } }).body.message).toContain(
    'spec.scope: Invalid value: "Cluster": field is immutable',
  );
  const [version] = send('GET', `${DEFINITIONS}/foos.example.com`).body.spec.versions;
  expect(
    patch(`${DEFINITIONS}/foos.example.com`, 'merge', { spec: { versions: [{ ...version, name: 'v2' }] } }).body
      .message,
  ).toContain(
    'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version',
  );
});

test('a version that a webhook would convert fails like the webhook', () => {
  const version = (name: string) => ({ ...definition().spec.versions[0], name, storage: name === 'v1' });
  const clientConfig = { service: { name: 'hook', namespace: 'default', path: '/convert' } };
  const { send } = serveFoos(undefined, undefined, {
    versions: [version('v1'), version('v2')],
    conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } },
  });
  expect(send('POST', FOOS, foo('a')).code).toBe(201);
  const waiting = send('GET', '/apis/example.com/v2/namespaces/default/foos').later;
  expect(waiting?.wait?.().body).toHaveProperty(
    'message',
    'conversion webhook for example.com/v1, Kind=Foo failed: Post "https://hook.default.svc:443/convert?timeout=30s": service "hook" not found',
  );
});

test('patterns are those of Go: flags in their middle count, what Go does not know is refused', () => {
  const of = (pattern: string) => definition({ properties: { a: { type: 'string', pattern } } });
  const { send } = serveFoos({ properties: { a: { type: 'string', pattern: '^(?i)(abort|warn)?$' } } });
  expect(send('POST', FOOS, foo('a', { a: 'WARN' })).code).toBe(201);
  expect(send('POST', FOOS, foo('b', { a: 'other' })).code).toBe(422);
  expect(serve().send('POST', DEFINITIONS, of('^(?!x)a$')).body.message).toContain(
    'error parsing regexp: invalid or unsupported Perl syntax: `(?!`',
  );
  expect(serve().send('POST', DEFINITIONS, of('a{1001}')).body.message).toContain('invalid repeat count: `{1001}`');
});

test.each([
  ['a(?i)b', 'aB', 'AB'],
  ['^(?i:a)[[:digit:]]\\z', 'A1', 'A1\n'],
  ['^[]a]\\Q.*\\E$', '].*', ']x'],
  ['^\\p{Greek}\\-\\pL$', 'α-b', 'a-b'],
  ['(?s)^a.b$', 'a\nb', 'a\nc'],
])('the expression %s is read as Go reads it', (pattern, yes, no) => {
  const { send } = serveFoos({ properties: { a: { type: 'string', pattern } } });
  expect([yes, no].map((a, i) => send('POST', FOOS, foo(`x${i}`, { a })).code)).toEqual([201, 422]);
});

test('a schema with choices between fields does not break what clients of OpenAPI v2 read', () => {
  const source = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } };
  const { send } = serveFoos({
    properties: { source: { ...source, oneOf: [{ required: ['a'] }, { required: ['b'] }] } },
  });
  const { code, body } = send('GET', '/openapi/v2');
  expect(code).toBe(200);
  expect(body.definitions['com.example.v1.Foo'].properties.spec.properties.source).toEqual(source);
});
