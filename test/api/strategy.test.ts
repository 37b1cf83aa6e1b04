import { describe, expect, test } from 'vitest';
import { deploymentBody, deployments, podBody, pods, prepare, resource, scheme } from './kit.ts';

const created = prepare(deployments, deploymentBody());

describe('generation', () => {
  test('grows when the spec changes', () => {
    const scaled = { ...created, spec: { ...created.spec, replicas: 3 } };
    expect(scheme.prepareForUpdate(deployments, scaled, created).metadata.generation).toBe(2);
  });

  test('stays when only labels change', () => {
    const labelled = { ...created, metadata: { ...created.metadata, labels: { a: 'b' } } };
    expect(scheme.prepareForUpdate(deployments, labelled, created).metadata.generation).toBe(1);
  });

  test('of a Deployment grows with its annotations as well', () => {
    const annotated = { ...created, metadata: { ...created.metadata, annotations: { a: 'b' } } };
    expect(scheme.prepareForUpdate(deployments, annotated, created).metadata.generation).toBe(2);
  });

  test('cannot be set by a client', () => {
    const forged = { ...created, metadata: { ...created.metadata, generation: 7 } };
    expect(scheme.prepareForUpdate(deployments, forged, created).metadata.generation).toBe(1);
  });
});

describe('status and spec', () => {
  test('an update does not write status', () => {
    const update = { ...created, status: { replicas: 9 } };
    expect(scheme.prepareForUpdate(deployments, update, created).status).toBe(created.status);
  });

  test('an update of status does not write spec', () => {
    const update = { ...created, spec: { replicas: 9 }, status: { replicas: 2 } };
    const result = scheme.prepareForUpdate(deployments, update, created, 'status');
    expect(result.spec).toBe(created.spec);
    expect(result.status).toEqual({ replicas: 2 });
    expect(result.metadata.generation).toBe(1);
  });

  test('ephemeral containers are all that their subresource writes', () => {
    const pod = prepare(pods, podBody());
    const debug = { name: 'd', image: 'busybox' };
    const update = { ...pod, spec: { ...pod.spec, nodeName: 'x', ephemeralContainers: [debug] } };
    const result = scheme.prepareForUpdate(pods, update, pod, 'ephemeralcontainers');
    expect(result.spec).toEqual({ ...pod.spec, ephemeralContainers: [debug] });
  });

  test('resizing writes resources only', () => {
    const pod = prepare(pods, podBody());
    const bigger = { ...pod.spec.containers[0], image: 'other', resources: { limits: { cpu: '2' } } };
    const result = scheme.prepareForUpdate(
      pods,
      { ...pod, spec: { ...pod.spec, containers: [bigger] } },
      pod,
      'resize',
    );
    expect(result.spec.containers[0]).toMatchObject({ image: 'nginx', resources: { limits: { cpu: '2' } } });
  });
});

test('a DaemonSet counts the generations of its template', () => {
  const daemonSets = resource('apps/v1/daemonsets');
  const key = 'deprecated.daemonset.template.generation';
  const ds = prepare(daemonSets, deploymentBody());
  expect(ds.metadata.annotations?.[key]).toBe('1');
  const other = { ...ds, spec: { ...ds.spec, template: { metadata: { labels: { app: 'other' } } } } };
  expect(scheme.prepareForUpdate(daemonSets, other, ds).metadata.annotations?.[key]).toBe('2');
});

test('a Pod keeps no stop signal of its own: the feature is off', () => {
  const lifecycle = { stopSignal: 'SIGUSR1', preStop: { sleep: { seconds: 1 } } };
  const { spec } = prepare(pods, podBody({ containers: [{ name: 'c', image: 'nginx', lifecycle }] }));
  expect(spec.containers[0].lifecycle).toEqual({ preStop: { sleep: { seconds: 1 } } });
});
