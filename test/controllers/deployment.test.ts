import { describe, expect, it } from 'vitest';
import { deployment, TestCluster } from './cluster.ts';
import type { Deployment, Pod, ReplicaSet } from '../../engine/api/types.ts';

function start(object: object, options = {}): TestCluster {
  const cluster = new TestCluster(options);
  cluster.pass(1000);
  cluster.create(object);
  cluster.pass(3000);
  return cluster;
}
const web = (cluster: TestCluster) => cluster.get<Deployment>('apps/v1', 'deployments', 'web') as Deployment;
const patch = (cluster: TestCluster, spec: object) => cluster.patch('apps/v1', 'deployments', 'web', { spec });
const image = (name: string) => ({ template: { spec: { containers: [{ name: 'nginx', image: name }] } } });
const replicaSets = (cluster: TestCluster) => cluster.list<ReplicaSet>('apps/v1', 'replicasets');
const sizes = (cluster: TestCluster) =>
  replicaSets(cluster)
    .map((rs) => rs.spec?.replicas)
    .sort();
const condition = (d: Deployment, type: string) => d.status?.conditions?.find((c) => c.type === type);
/** 'up 0 to 3', 'down 3 to 2'… */
const scalings = (cluster: TestCluster) =>
  cluster.events('ScalingReplicaSet').map((text) => text.replace(/^Scaled (\w+) replica set \S+ from /, '$1 '));

describe('a Deployment', () => {
  it('creates one ReplicaSet named by the hash of its template, and becomes available', () => {
    const cluster = start(deployment('web', 3));
    const [rs] = replicaSets(cluster);
    const hash = rs.metadata.labels?.['pod-template-hash'] as string;
    expect(hash).toMatch(/^[bcdf456789]{8,10}$/);
    expect(rs.metadata.name).toBe(`web-${hash}`);
    expect(rs.spec?.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash });
    expect(rs.metadata.annotations).toEqual({
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
      'deployment.kubernetes.io/revision': '1',
    });
    const d = web(cluster);
    expect(d.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    expect(d.status).toMatchObject({
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      observedGeneration: 1,
    });
    expect(condition(d, 'Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
    expect(condition(d, 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "${rs.metadata.name}" has successfully progressed.`,
    });
  });

  it('rolls over to a new template step by step within surge and unavailability', () => {
    const cluster = start(deployment('web', 3));
    patch(cluster, image('nginx:1.28'));
    cluster.pass(20_000);
    expect(scalings(cluster)).toEqual([
      'up 0 to 3',
      'up 0 to 1',
      'down 3 to 2',
      'up 1 to 2',
      'down 2 to 1',
      'up 2 to 3',
      'down 1 to 0',
    ]);
    expect(sizes(cluster)).toEqual([0, 3]);
    expect(web(cluster).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
  });

  it('returns to an earlier ReplicaSet when the template is what it was, under a new revision', () => {
    const cluster = start(deployment('web', 2));
    patch(cluster, image('nginx:1.28'));
    cluster.pass(10_000);
    patch(cluster, image('nginx:1.27'));
    cluster.pass(10_000);
    const current = replicaSets(cluster).find((rs) => rs.spec?.replicas === 2);
    expect(replicaSets(cluster)).toHaveLength(2);
    expect(current?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
  });

  it('keeps the old Pods when the new ones do not become ready, and gives up at the deadline', () => {
    const cluster = start(deployment('web', 4, { progressDeadlineSeconds: 60 }));
    cluster.unready = (pod) => pod.spec?.containers[0].image === 'nginx:broken';
    patch(cluster, image('nginx:broken'));
    cluster.pass(30_000);
    expect(sizes(cluster)).toEqual([2, 3]);
    expect(web(cluster).status).toMatchObject({
      replicas: 5,
      updatedReplicas: 2,
      availableReplicas: 3,
      unavailableReplicas: 2,
    });
    expect(condition(web(cluster), 'Progressing')).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
    cluster.pass(60_000);
    const late = condition(web(cluster), 'Progressing');
    expect(late).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    expect(late?.message).toMatch(/^ReplicaSet "web-\w+" has timed out progressing\.$/);
  });

  it('does not roll out while it is paused, but follows its size', () => {
    const cluster = start(deployment('web', 2));
    patch(cluster, { paused: true });
    cluster.pass(1000);
    expect(condition(web(cluster), 'Progressing')).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    });
    patch(cluster, { ...image('nginx:1.28'), replicas: 4 });
    cluster.pass(5000);
    expect(sizes(cluster)).toEqual([4]);
    patch(cluster, { paused: false });
    cluster.pass(20_000);
    expect(sizes(cluster)).toEqual([0, 4]);
    expect(condition(web(cluster), 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  it('shares new replicas among ReplicaSets in proportion while a rollout is under way', () => {
    const cluster = start(
      deployment('web', 10, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }),
      {
        nodes: [{ name: 'worker-1', cpu: '64', memory: '256Gi' }],
      },
    );
    cluster.unready = (pod) => pod.spec?.containers[0].image === 'nginx:broken';
    patch(cluster, image('nginx:broken'));
    cluster.pass(5000);
    expect(sizes(cluster)).toEqual([5, 8]);
    patch(cluster, { replicas: 15 });
    cluster.pass(5000);
    expect(sizes(cluster)).toEqual([11, 7].sort());
  });

  it('with strategy Recreate starts new Pods only when the old ones are gone', () => {
    const cluster = start(deployment('web', 3, { strategy: { type: 'Recreate' } }));
    const images = new Set<string>();
    patch(cluster, image('nginx:1.28'));
    for (let i = 0; i < 40; i++) {
      cluster.pass(100);
      images.add([...new Set(cluster.pods().map((pod) => pod.spec?.containers[0].image))].sort().join());
    }
    expect(images).not.toContain('nginx:1.27,nginx:1.28');
    expect(images).toContain('nginx:1.28');
    expect(scalings(cluster)).toEqual(['up 0 to 3', 'down 3 to 0', 'up 0 to 3']);
  });

  it('keeps as many old ReplicaSets as revisionHistoryLimit says', () => {
    const cluster = start(deployment('web', 1, { revisionHistoryLimit: 1 }));
    for (const version of ['1.28', '1.29', '1.30']) {
      patch(cluster, image(`nginx:${version}`));
      cluster.pass(10_000);
    }
    const images = replicaSets(cluster).map((rs) => rs.spec?.template?.spec?.containers[0].image);
    expect(images.sort()).toEqual(['nginx:1.29', 'nginx:1.30']);
  });

  it('counts Pods as available only after minReadySeconds', () => {
    const cluster = start(deployment('web', 1, { minReadySeconds: 10 }));
    expect(web(cluster).status).toMatchObject({ readyReplicas: 1 });
    expect(web(cluster).status?.availableReplicas).toBeUndefined();
    cluster.pass(10_000);
    expect(web(cluster).status?.availableReplicas).toBe(1);
  });

  it('passes on the failure of its ReplicaSet to create Pods', () => {
    const cluster = start(deployment('web', 1, {}, { priorityClassName: 'missing' }));
    const failure = condition(web(cluster), 'ReplicaFailure');
    expect(failure).toMatchObject({ status: 'True', reason: 'FailedCreate' });
    expect(failure?.message).toContain('no PriorityClass with name missing was found');
    expect(cluster.events('FailedCreate')[0]).toMatch(/^Error creating: pods "web-[-\w]+" is forbidden: /);
  });

  it('takes a new name when the hash of its template belongs to a ReplicaSet of somebody else', () => {
    const cluster = start(deployment('web', 1));
    const [{ metadata }] = replicaSets(cluster);
    cluster.admin.of('apps/v1', 'deployments').delete('default', 'web');
    cluster.pass(5000);
    cluster.create({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: metadata.name, namespace: 'default' },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'other' } },
        template: { metadata: { labels: { app: 'other' } }, spec: { containers: [{ name: 'a', image: 'b' }] } },
      },
    });
    cluster.create(deployment('web', 1));
    cluster.pass(5000);
    expect(web(cluster).status).toMatchObject({ collisionCount: 1, availableReplicas: 1 });
  });

  it('leaves Pods with the same labels alone that it did not make', () => {
    const cluster = start(deployment('web', 2));
    cluster.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'lone', namespace: 'default', labels: { app: 'web' } },
      spec: { containers: [{ name: 'a', image: 'nginx' }] },
    });
    cluster.pass(3000);
    expect(cluster.pods()).toHaveLength(3);
    expect(cluster.get<Pod>('v1', 'pods', 'lone')?.metadata.ownerReferences).toBeUndefined();
  });
});
