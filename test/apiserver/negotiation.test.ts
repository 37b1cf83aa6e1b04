import { expect, test } from 'vitest';
import { configMap, CONFIGMAPS, PODS, serve } from './support.ts';

test('protobuf is refused in both directions with what is read and offered', () => {
  const { send } = serve();
  const sent = send('POST', CONFIGMAPS, 'k8s', { headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } });
  expect(sent.code).toBe(415);
  expect(sent.body.message).toBe(
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
  );
  const asked = send('GET', CONFIGMAPS, undefined, { headers: { accept: 'application/vnd.kubernetes.protobuf' } });
  expect(asked.code).toBe(406);
  expect(asked.body.message).not.toContain('protobuf');
});

test('a body that is no object is not recognized', () => {
  const { send } = serve();
  expect(send('POST', PODS, '').body.message).toBe(
    "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
  );
  expect(send('POST', PODS, '[1]').body.message).toMatch(/^the object provided is unrecognized .* \(5b315d\)$/);
});

test('keys that stand twice in YAML are reported with their line', () => {
  const { send } = serve();
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: x\n  k: y\n';
  const headers = { 'content-type': 'application/yaml' };
  expect(send('POST', CONFIGMAPS, text, { headers, query: { fieldValidation: 'Strict' } }).body.message).toBe(
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: yaml: unmarshal errors:\n  line 7: key "k" already set in map',
  );
  expect(send('POST', CONFIGMAPS, text, { headers, query: { fieldValidation: 'Ignore' } }).body.data).toEqual({
    k: 'y',
  });
});

test('a version that is not known is told from one that is another', () => {
  const { send } = serve();
  expect(send('POST', CONFIGMAPS, { ...configMap('a'), apiVersion: 'v9' }).body.message).toContain(
    'no kind "ConfigMap" is registered for version "v9"',
  );
  expect(send('POST', CONFIGMAPS, { ...configMap('a'), kind: 'Pod' }).body.message).toContain(
    'converting (v1.Pod) to (core.ConfigMap): unknown conversion',
  );
});

test('OpenAPI tells clients which requests are checked and how lists are merged', () => {
  const { send } = serve();
  expect(send('GET', '/openapi/v3').body.paths['apis/apps/v1']).toEqual({
    serverRelativeURL: expect.stringMatching(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]+$/) as string,
  });
  const { paths, components } = send('GET', '/openapi/v3/apis/apps/v1').body;
  const { patch } = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'];
  expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
  expect(patch.parameters.map((one: { name: string }) => one.name)).toContain('fieldValidation');
  expect(components.schemas.PodSpec.properties.containers).toMatchObject({
    type: 'array',
    'x-kubernetes-patch-merge-key': 'name',
    'x-kubernetes-patch-strategy': 'merge',
  });
  expect(components.schemas.Deployment.properties.spec.allOf).toEqual([
    { $ref: '#/components/schemas/DeploymentSpec' },
  ]);
  expect(components.schemas.DeploymentSpec.required).toContain('selector');
  expect(send('GET', '/openapi/v3/apis/nothing/v1').code).toBe(404);
});

test('the aggregated discovery is known by its content type', () => {
  const { send } = serve();
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
  const { headers } = send('GET', '/apis', undefined, { headers: { accept } });
  expect(headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
});

test('forms of v1beta1, and forms that do not fit', () => {
  const { send } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  const as = (path: string, form: string, version = 'v1') =>
    send('GET', path, undefined, { headers: { accept: `application/json;as=${form};v=${version};g=meta.k8s.io` } });
  expect(as(CONFIGMAPS, 'Table', 'v1beta1').body).toMatchObject({
    apiVersion: 'meta.k8s.io/v1beta1',
    rows: [{ object: { apiVersion: 'meta.k8s.io/v1beta1', kind: 'PartialObjectMetadata' } }],
  });
  expect(as(CONFIGMAPS, 'PartialObjectMetadata')).toMatchObject({
    code: 406,
    body: { message: 'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)' },
  });
  expect(as(`${CONFIGMAPS}/a`, 'PartialObjectMetadataList')).toMatchObject({
    code: 406,
    body: {
      message: 'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
    },
  });
});
