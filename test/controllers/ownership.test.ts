import { describe, expect, it } from 'vitest';
import { deployment, pod, TestCluster } from './cluster.ts';
import type { ConfigMap, KubeObject, Namespace, Pod, ReplicaSet, ServiceAccount } from '../../engine/api/types.ts';

function start(...objects: object[]): TestCluster {
  const cluster = new TestCluster();
  cluster.pass(1000);
  for (const object of objects) cluster.create(object);
  cluster.pass(3000);
  return cluster;
}
const configMap = (name: string, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', ...metadata },
});
const deployments = (cluster: TestCluster) => cluster.admin.of('apps/v1', 'deployments');
const namespaces = (cluster: TestCluster) => cluster.admin.of<Namespace>('v1', 'namespaces', false);

describe('deletion with dependents', () => {
  it('takes them along in the background by default', () => {
    const cluster = start(deployment('web', 3));
    deployments(cluster).delete('default', 'web');
    expect(cluster.get('apps/v1', 'deployments', 'web')).toBeUndefined();
    expect(cluster.pods()).toHaveLength(3);
    cluster.pass(3000);
    expect(cluster.pods()).toHaveLength(0);
    expect(cluster.list('apps/v1', 'replicasets')).toHaveLength(0);
  });

  it('waits for them in the foreground', () => {
    const cluster = start(deployment('web', 3));
    deployments(cluster).delete('default', 'web', { propagationPolicy: 'Foreground' });
    cluster.pass(100);
    const waiting = cluster.get<KubeObject>('apps/v1', 'deployments', 'web');
    expect(waiting?.metadata.finalizers).toEqual(['foregroundDeletion']);
    expect(cluster.pods().every((one) => one.metadata.deletionTimestamp)).toBe(true);
    cluster.pass(3000);
    expect(cluster.get('apps/v1', 'deployments', 'web')).toBeUndefined();
    expect(cluster.pods()).toHaveLength(0);
  });

  it('leaves orphans when asked to', () => {
    const cluster = start(deployment('web', 2));
    deployments(cluster).delete('default', 'web', { propagationPolicy: 'Orphan' });
    cluster.pass(3000);
    expect(cluster.get('apps/v1', 'deployments', 'web')).toBeUndefined();
    const [rs] = cluster.list<ReplicaSet>('apps/v1', 'replicasets');
    expect(rs.metadata.ownerReferences ?? []).toEqual([]);
    expect(cluster.pods()).toHaveLength(2);
  });

  it('collects an object whose owner never was, and one whose owner has another uid', () => {
    const owner = (name: string, uid: string) => ({
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }],
    });
    const cluster = start(
      configMap('real'),
      configMap('a', owner('absent', 'u-1')),
      configMap('b', owner('real', 'u-2')),
    );
    const names = cluster.list<ConfigMap>('v1', 'configmaps').map(({ metadata }) => metadata.name);
    expect(names).toContain('real');
    expect(names).not.toContain('a');
    expect(names).not.toContain('b');
  });

  it('keeps an object while one of its owners lives, without the reference to the one that is gone', () => {
    const cluster = start(configMap('one'), configMap('two'));
    const ref = (name: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name,
      uid: cluster.get<KubeObject>('v1', 'configmaps', name)?.metadata.uid as string,
    });
    const two = ref('two');
    cluster.create(configMap('child', { ownerReferences: [ref('one'), two] }));
    cluster.pass(100);
    cluster.admin.of('v1', 'configmaps').delete('default', 'one');
    cluster.pass(100);
    expect(cluster.get<KubeObject>('v1', 'configmaps', 'child')?.metadata.ownerReferences).toEqual([two]);
  });
});

describe('a namespace', () => {
  it('gets a default service account and the CA certificate', () => {
    const cluster = start({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
    expect(cluster.list<ServiceAccount>('v1', 'serviceaccounts', 'team').map(({ metadata }) => metadata.name)).toEqual([
      'default',
    ]);
    expect(cluster.list<ConfigMap>('v1', 'configmaps', 'team')[0].data).toEqual({ 'ca.crt': 'CERTIFICATE' });
    cluster.admin.of('v1', 'serviceaccounts').delete('team', 'default');
    cluster.pass(100);
    expect(cluster.list('v1', 'serviceaccounts', 'team')).toHaveLength(1);
  });

  it('is gone when all that is in it is gone', () => {
    const cluster = start({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
    cluster.create(pod('p', {}, { namespace: 'team' }));
    cluster.pass(2000);
    namespaces(cluster).delete('', 'team');
    cluster.pass(4_900);
    expect(cluster.pods('team')).toHaveLength(1);
    cluster.pass(200);
    const going = namespaces(cluster).find('', 'team');
    expect(going?.status?.phase).toBe('Terminating');
    expect(going?.status?.conditions?.find(({ type }) => type === 'NamespaceContentRemaining')).toMatchObject({
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: 'Some resources are remaining: pods. has 1 resource instances',
    });
    cluster.pass(30_000);
    expect(namespaces(cluster).find('', 'team')).toBeUndefined();
    expect(cluster.pods('team')).toHaveLength(0);
  });

  it('says which finalizers hold it back', () => {
    const cluster = start({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
    cluster.create(configMap('stuck', { namespace: 'team', finalizers: ['example.com/hold'] }));
    namespaces(cluster).delete('', 'team');
    cluster.pass(20_000);
    expect(
      namespaces(cluster)
        .find('', 'team')
        ?.status?.conditions?.find(({ type }) => type === 'NamespaceFinalizersRemaining'),
    ).toMatchObject({
      status: 'True',
      message: 'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    });
    cluster.admin.of('v1', 'configmaps').patch('team', 'stuck', 'merge', { metadata: { finalizers: null } });
    cluster.pass(20_000);
    expect(namespaces(cluster).find('', 'team')).toBeUndefined();
  });
});

describe('Pods of a node that was deleted', () => {
  it('are given up after a while', () => {
    const cluster = start(deployment('web', 2));
    const node = cluster.pods()[0].spec?.nodeName as string;
    cluster.silent.add(node);
    cluster.admin.of('v1', 'nodes', false).delete('', node);
    cluster.pass(90_000);
    const nodes = cluster.list<Pod>('v1', 'pods').map(({ spec }) => spec?.nodeName);
    expect(nodes).toHaveLength(2);
    expect(nodes).not.toContain(node);
  });
});
