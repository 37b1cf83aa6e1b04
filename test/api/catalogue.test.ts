import { describe, expect, test } from 'vitest';
import { createScheme } from '../../engine/api/index.ts';
import { pods, resource, scheme } from './kit.ts';

test('Pods are served as a real cluster lists them', () => {
  expect(pods).toMatchObject({
    kind: 'Pod',
    listKind: 'PodList',
    singular: 'pod',
    shortNames: ['po'],
    categories: ['all'],
    namespaced: true,
    groupVersion: 'v1',
    storagePrefix: '/registry/pods/',
  });
  expect(pods.subresources.eviction).toEqual({ kind: 'Eviction', verbs: ['create'], group: 'policy', version: 'v1' });
  expect(resource('v1/namespaces').verbs).not.toContain('deletecollection');
});

test('every served resource has a readable structure, a table and a way through create', () => {
  for (const info of scheme.resources()) {
    const object = scheme.decode(info, {
      apiVersion: info.groupVersion,
      kind: info.kind,
      metadata: { name: 'x' },
    }).object;
    const prepared = scheme.prepareForCreate(info, scheme.applyDefaults(info, object));
    expect(prepared.metadata.name, info.resource).toBe('x');
    expect(Array.isArray(scheme.validate(info, prepared))).toBe(true);
    expect(scheme.structOf(info), info.resource).toBeDefined();
  }
});

test('short names are unique where kubectl needs them to be', () => {
  const seen = new Map<string, string>();
  for (const info of scheme.resources()) {
    for (const short of info.shortNames) {
      const other = seen.get(short);
      // Events are one thing in two groups, autoscalers one in two versions.
      if (other !== undefined) expect(['events', 'horizontalpodautoscalers']).toContain(info.resource);
      seen.set(short, info.resource);
    }
  }
});

test('resources come and go at run time', () => {
  const own = createScheme();
  const foos = {
    ...pods,
    group: 'example.com',
    resource: 'foos',
    kind: 'Foo',
    groupVersion: 'example.com/v1',
    subresources: {},
  };
  own.addResource(foos, { decode: (value) => ({ object: value as never, strict: ['unknown field "x"'] }) });
  expect(own.resource('example.com', 'v1', 'foos')).toBe(foos);
  expect(own.kind('example.com', 'v1', 'Foo')).toBe(foos);
  expect(own.decode(foos, {}).strict).toEqual(['unknown field "x"']);
  own.removeResource('example.com', 'v1', 'foos');
  expect(own.resource('example.com', 'v1', 'foos')).toBeUndefined();
});

describe('rules for lists', () => {
  const deployments = resource('apps/v1/deployments');

  test('containers merge by name', () => {
    const rule = scheme.listRule(deployments, ['spec', 'template', 'spec', 'containers']);
    expect(rule).toEqual({ listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' });
  });

  test('ports merge by number in a patch and by number and protocol in an apply', () => {
    const rule = scheme.listRule(deployments, ['spec', 'template', 'spec', 'containers', 'ports']);
    expect(rule).toMatchObject({ listMapKeys: ['containerPort', 'protocol'], patchMergeKey: 'containerPort' });
  });

  test('volumes retain keys, the strategy too', () => {
    expect(scheme.listRule(deployments, ['spec', 'template', 'spec', 'volumes'])?.patchStrategy).toBe(
      'merge,retainKeys',
    );
    expect(scheme.listRule(deployments, ['spec', 'strategy'])?.patchStrategy).toBe('retainKeys');
  });

  test('finalizers are a set, tolerations are atomic, selectors are atomic maps', () => {
    expect(scheme.listRule(deployments, ['metadata', 'finalizers'])).toMatchObject({
      listType: 'set',
      patchStrategy: 'merge',
    });
    expect(scheme.listRule(deployments, ['spec', 'template', 'spec', 'tolerations'])).toEqual({ listType: 'atomic' });
    expect(scheme.listRule(deployments, ['spec', 'selector'])).toMatchObject({ mapType: 'atomic' });
    expect(scheme.listRule(resource('policy/v1/poddisruptionbudgets'), ['spec', 'selector'])).toMatchObject({
      patchStrategy: 'replace',
    });
  });
});

describe('field labels', () => {
  test('Pods can be asked for their node and phase', () => {
    const pod = { metadata: {}, spec: { nodeName: 'worker-1' }, status: { phase: 'Running' } } as never;
    expect(scheme.field(pods, 'spec.nodeName')?.(pod)).toBe('worker-1');
    expect(scheme.field(pods, 'status.phase')?.(pod)).toBe('Running');
    expect(scheme.field(pods, 'spec.hostNetwork')?.(pod)).toBe('false');
    expect(scheme.field(pods, 'spec.containers')).toBeUndefined();
  });

  test('an unsupported label is refused in the words of the kind', () => {
    expect(scheme.unsupportedField(pods, 'spec.x')).toBe('field label not supported: spec.x');
    expect(scheme.unsupportedField(resource('v1/configmaps'), 'data.a')).toBe(
      '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
  });
});

test('Events and autoscalers convert between their versions and back', () => {
  const core = resource('v1/events');
  const events = resource('events.k8s.io/v1/events');
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e' },
    message: 'hi',
    involvedObject: { name: 'p' },
  };
  const converted = scheme.conversion(events)!.fromStored(event);
  expect(converted).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'hi', regarding: { name: 'p' } });
  expect(scheme.conversion(events)!.toStored(converted)).toEqual(event);
  expect(scheme.conversion(core)).toBeUndefined();

  const v1 = resource('autoscaling/v1/horizontalpodautoscalers');
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } };
  const hpa = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h' },
    spec: { maxReplicas: 3, metrics: [cpu] },
  };
  const old = scheme.conversion(v1)!.fromStored(hpa);
  expect(old.spec).toEqual({ maxReplicas: 3, targetCPUUtilizationPercentage: 60 });
  expect(scheme.conversion(v1)!.toStored(old)).toEqual(hpa);
});
