import { describe, expect, it } from 'vitest';
import { pod, TestCluster } from './cluster.ts';
import type { Pod, ReplicaSet, ReplicationController } from '../../engine/api/types.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'nginx', image: 'nginx' }] } };
const replicaSet = (replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'web', namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template },
});

function start(...objects: object[]): TestCluster {
  const cluster = new TestCluster();
  cluster.pass(1000);
  for (const object of objects) cluster.create(object);
  cluster.pass(3000);
  return cluster;
}
const web = (cluster: TestCluster) => cluster.get<ReplicaSet>('apps/v1', 'replicasets', 'web') as ReplicaSet;
const scale = (cluster: TestCluster, replicas: number) => {
  cluster.patch('apps/v1', 'replicasets', 'web', { spec: { replicas } });
  cluster.pass(3000);
};

describe('a ReplicaSet', () => {
  it('creates the Pods of its template, which name it as their controller', () => {
    const cluster = start(replicaSet(3));
    const pods = cluster.pods();
    expect(pods).toHaveLength(3);
    for (const { metadata } of pods) {
      expect(metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      const owner = {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web',
        uid: web(cluster).metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      };
      expect(metadata.ownerReferences).toEqual([owner]);
    }
    expect(web(cluster).status).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      observedGeneration: 1,
      terminatingReplicas: 0,
    });
    expect(cluster.events('SuccessfulCreate').sort()).toEqual(
      pods.map(({ metadata }) => `Created pod: ${metadata.name}`).sort(),
    );
  });

  it('adopts matching Pods without a controller, and deletes those that are too many', () => {
    const cluster = start(pod('a', {}, { labels: { app: 'web' } }), replicaSet(2));
    expect(cluster.pods()).toHaveLength(2);
    expect(cluster.get<Pod>('v1', 'pods', 'a')?.metadata.ownerReferences?.[0].name).toBe('web');
    cluster.create(pod('b', {}, { labels: { app: 'web' } }));
    cluster.pass(3000);
    expect(cluster.get('v1', 'pods', 'b')).toBeUndefined();
  });

  it('lets go of a Pod whose labels match no more, and replaces it', () => {
    const cluster = start(replicaSet(2));
    const name = cluster.pods()[0].metadata.name as string;
    cluster.patch('v1', 'pods', name, { metadata: { labels: { app: 'debug' } } });
    cluster.pass(3000);
    expect(cluster.pods()).toHaveLength(3);
    expect(cluster.get<Pod>('v1', 'pods', name)?.metadata.ownerReferences ?? []).toEqual([]);
  });

  it('deletes the Pod of the least deletion cost first, and unready ones before that', () => {
    const cluster = start(replicaSet(3));
    const [first, second, third] = cluster.pods().map(({ metadata }) => metadata.name as string);
    cluster.patch('v1', 'pods', second, {
      metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-10' } },
    });
    cluster.setReady(cluster.get<Pod>('v1', 'pods', third) as Pod, false);
    scale(cluster, 2);
    expect(cluster.get('v1', 'pods', third)).toBeUndefined();
    scale(cluster, 1);
    expect(cluster.get('v1', 'pods', second)).toBeUndefined();
    expect(cluster.get('v1', 'pods', first)).toBeDefined();
  });

  it('replaces a Pod that was deleted, while it still terminates', () => {
    const cluster = start(replicaSet(1));
    const name = cluster.pods()[0].metadata.name as string;
    cluster.admin.of('v1', 'pods').delete('default', name);
    cluster.pass(100);
    expect(web(cluster).status).toMatchObject({ replicas: 1, terminatingReplicas: 1 });
    cluster.pass(3000);
    expect(web(cluster).status).toMatchObject({ replicas: 1, readyReplicas: 1, terminatingReplicas: 0 });
  });

  it('tries a hopeless Pod once and not as often as there are replicas', () => {
    const cluster = new TestCluster();
    cluster.pass(1000);
    const hopeless = { ...template, spec: { ...template.spec, priorityClassName: 'missing' } };
    cluster.create({ ...replicaSet(100), spec: { ...replicaSet(100).spec, template: hopeless } });
    cluster.pass(2);
    expect(cluster.events('FailedCreate')).toHaveLength(1);
    expect(web(cluster).status?.conditions).toMatchObject([
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' },
    ]);
  });

  it('comes to hundreds of replicas through more than one burst', () => {
    const cluster = new TestCluster({ scheduler: false, kubelet: false });
    cluster.create(replicaSet(700));
    cluster.pass(3);
    expect(cluster.pods()).toHaveLength(500);
    cluster.pass(100);
    expect(cluster.pods()).toHaveLength(700);
  });
});

describe('a ReplicationController', () => {
  it('keeps its number of Pods, and takes the selector from its template', () => {
    const cluster = start({
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata: { name: 'old', namespace: 'default' },
      spec: { replicas: 2, template },
    });
    expect(cluster.pods()).toHaveLength(2);
    const { status, spec } = cluster.get<ReplicationController>(
      'v1',
      'replicationcontrollers',
      'old',
    ) as ReplicationController;
    expect(spec?.selector).toEqual({ app: 'web' });
    expect(status).toEqual({
      replicas: 2,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      observedGeneration: 1,
    });
  });
});
