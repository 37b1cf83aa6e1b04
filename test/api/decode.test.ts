import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../engine/api/index.ts';
import { deploymentBody, deployments, podBody, pods, resource, scheme } from './kit.ts';

const words = (info: typeof pods, body: unknown) => {
  try {
    scheme.decode(info, body);
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  return 'no error';
};

describe('wrong JSON types', () => {
  test.each([
    [
      { replicas: '3' },
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { replicas: 1.5 },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { replicas: 3e9 },
      'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [{ paused: 'yes' }, 'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool'],
    [
      { template: [] },
      'json: cannot unmarshal array into Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec',
    ],
  ])('%j', (spec, message) => {
    expect(words(deployments, deploymentBody(spec))).toBe(message);
  });

  test.each([
    [
      { containers: {} },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      { containers: [{ env: [{ name: 'a', value: 1 }] }] },
      'json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string',
    ],
    [
      { nodeSelector: { a: true } },
      'json: cannot unmarshal bool into Go struct field PodSpec.spec.nodeSelector of type string',
    ],
    [
      { nodeSelector: 'a=b' },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.nodeSelector of type map[string]string',
    ],
  ])('in a Pod: %j', (spec, message) => {
    expect(words(pods, podBody(spec))).toBe(message);
  });

  test('broken quantities, times and base64 have words of their own', () => {
    const limits = (memory: unknown) => podBody({ containers: [{ name: 'c', resources: { limits: { memory } } }] });
    expect(words(pods, limits('lots'))).toMatch(/^quantities must match the regular expression/);
    expect(words(resource('v1/secrets'), { metadata: { name: 's' }, data: { a: 'e30=x' } })).toBe(
      'illegal base64 data at input byte 4',
    );
    expect(words(resource('v1/secrets'), { metadata: { name: 's' }, data: { a: 'abcde' } })).toBe(
      'illegal base64 data at input byte 4',
    );
    expect(words(pods, podBody({}, { creationTimestamp: 'now' }))).toBe(
      'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
    );
  });

  test('documents nested without end are refused', () => {
    let schema: object = {};
    for (let i = 0; i < 300; i++) schema = { properties: { a: schema } };
    const body = { metadata: { name: 'x' }, spec: { versions: [{ schema: { openAPIV3Schema: schema } }] } };
    expect(words(resource('apiextensions.k8s.io/v1/customresourcedefinitions'), body)).toBe('exceeded max depth');
  });
});

describe('unknown fields', () => {
  test('are named with their path and dropped', () => {
    const decoded = scheme.decode(pods, podBody({ foo: 1, containers: [{ name: 'c', imagePullpolicy: 'Always' }] }));
    expect(decoded.strict.sort()).toEqual([
      'unknown field "spec.containers[0].imagePullpolicy"',
      'unknown field "spec.foo"',
    ]);
    expect(decoded.object.spec).not.toHaveProperty('foo');
    expect(decoded.object.spec.containers[0]).not.toHaveProperty('imagePullpolicy');
  });

  test('names are case-sensitive', () => {
    expect(scheme.decode(deployments, deploymentBody({ Replicas: 3 })).strict).toEqual([
      'unknown field "spec.Replicas"',
    ]);
  });
});

describe('what is stored', () => {
  const spec = (given: object) => scheme.decode(pods, podBody(given)).object.spec;

  test('nulls and zeros of plain values are left out, zeros of pointers stay', () => {
    expect(spec({ nodeSelector: null, hostNetwork: false, nodeName: '', tolerations: [] })).toEqual(spec({}));
    expect(spec({ automountServiceAccountToken: false })).toMatchObject({ automountServiceAccountToken: false });
    expect(spec({ terminationGracePeriodSeconds: 0 })).toMatchObject({ terminationGracePeriodSeconds: 0 });
  });

  test('pointers without omitempty are printed as null, plain values as empty', () => {
    const event = { metadata: { name: 'e' }, involvedObject: {} };
    expect(scheme.decode(resource('v1/events'), event).object).toMatchObject({
      reportingComponent: '',
      reportingInstance: '',
    });
    expect(spec({ volumes: [{ name: 'v', projected: {} }] }).volumes[0]).toEqual({
      name: 'v',
      projected: { sources: null },
    });
    expect(spec({ hostnameOverride: '' })).toMatchObject({ hostnameOverride: '' });
  });

  test('structs by value are always there', () => {
    expect(spec({}).containers[0].resources).toEqual({});
    expect(scheme.decode(resource('v1/services'), { metadata: { name: 's' } }).object.status).toEqual({
      loadBalancer: {},
    });
    expect(scheme.decode(resource('v1/configmaps'), { metadata: { name: 's' } }).object).toEqual({
      metadata: { name: 's' },
    });
  });

  test('a null in a map of strings is an empty string', () => {
    expect(scheme.decode(pods, podBody({}, { labels: { a: null } })).object.metadata.labels).toEqual({ a: '' });
  });

  test('quantities become canonical and times UTC', () => {
    const limits = { cpu: 0.5, memory: '1024Mi' };
    expect(spec({ containers: [{ name: 'c', resources: { limits } }] }).containers[0].resources.limits).toEqual({
      cpu: '500m',
      memory: '1Gi',
    });
    const meta = { deletionTimestamp: '2026-01-05T10:00:00.5+01:00' };
    expect(scheme.decode(pods, podBody({}, meta)).object.metadata.deletionTimestamp).toBe('2026-01-05T09:00:00Z');
  });

  test('what is in order already is not copied', () => {
    const once = scheme.decode(deployments, deploymentBody()).object;
    expect(scheme.decode(deployments, once).object).toBe(once);
  });
});
