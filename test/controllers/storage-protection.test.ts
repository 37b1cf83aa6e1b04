import { expect, test } from 'vitest';
import { pod, TestCluster } from './cluster.ts';

const claim = (name: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'default' },
  spec: { storageClassName: 'manual', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});
const mounting = (claimName: string, rest: object = {}) => ({
  volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
  ...rest,
});
const remove = (cluster: TestCluster, plural: string, name: string) =>
  cluster.admin.of('v1', plural).delete('default', name);
const present = (cluster: TestCluster, name: string) => cluster.get('v1', 'persistentvolumeclaims', name) !== undefined;

test('a claim that nobody uses goes when it is deleted', () => {
  const cluster = new TestCluster();
  cluster.create(claim('a'));
  remove(cluster, 'persistentvolumeclaims', 'a');
  expect(present(cluster, 'a')).toBe(true);
  cluster.pass(1000);
  expect(present(cluster, 'a')).toBe(false);
});

test('a claim waits for the Pods on nodes that mount it', () => {
  const cluster = new TestCluster();
  cluster.pass(1000);
  cluster.create(claim('a'));
  cluster.create(pod('user', mounting('a', { nodeName: 'worker-1' })));
  cluster.create(pod('waiting', mounting('a', { schedulerName: 'none' })));
  remove(cluster, 'persistentvolumeclaims', 'a');
  cluster.pass(5000);
  expect(present(cluster, 'a')).toBe(true);
  remove(cluster, 'pods', 'user');
  cluster.pass(40_000);
  expect(present(cluster, 'a')).toBe(false);
});
