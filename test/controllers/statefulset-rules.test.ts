import { describe, expect, it } from 'vitest';
import { isPodReady } from '../../engine/controllers/pods.ts';
import { TestCluster } from './cluster.ts';
import { setImage, start, template } from './workload.ts';
import type { ControllerRevision, PersistentVolumeClaim } from '../../engine/api/types.ts';

const set = (spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    serviceName: 'nginx',
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    template: template({ app: 'web' }),
    podManagementPolicy: 'Parallel',
    ...spec,
  },
});
const claimed = (policy?: object) =>
  set({
    persistentVolumeClaimRetentionPolicy: policy,
    volumeClaimTemplates: [
      {
        metadata: { name: 'www' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ],
  });
const claims = (cluster: TestCluster) =>
  cluster.list<PersistentVolumeClaim>('v1', 'persistentvolumeclaims').filter((one) => !one.metadata.deletionTimestamp);
const owners = (cluster: TestCluster) =>
  claims(cluster).map(
    ({ metadata }) => `${metadata.name} ${(metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind}/${name}`)}`,
  );
/** Pods without a volume do not start; the rules on claims need none. */
const withClaims = (policy?: object) => {
  const cluster = start(claimed(policy));
  cluster.pass(2000);
  return cluster;
};

describe('the claims of a StatefulSet', () => {
  it('belong to nobody unless the retention policy says so', () => {
    expect(owners(withClaims())).toEqual(['www-web-0 ', 'www-web-1 ', 'www-web-2 ']);
  });

  it('follow the set when whenDeleted says Delete, also those that were there before', () => {
    const cluster = withClaims();
    cluster.patch('apps/v1', 'statefulsets', 'web', {
      spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } },
    });
    cluster.pass(3000);
    expect(owners(cluster)).toEqual([
      'www-web-0 StatefulSet/web',
      'www-web-1 StatefulSet/web',
      'www-web-2 StatefulSet/web',
    ]);
    cluster.patch('apps/v1', 'statefulsets', 'web', {
      spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain' } },
    });
    cluster.pass(3000);
    expect(owners(cluster)[0]).toBe('www-web-0 ');
  });

  it('go with the Pods that scaling takes away when whenScaled says Delete', () => {
    const cluster = withClaims({ whenScaled: 'Delete', whenDeleted: 'Retain' });
    cluster.patch('apps/v1', 'statefulsets', 'web', { spec: { replicas: 1 } });
    cluster.pass(20_000);
    expect(owners(cluster)).toEqual(['www-web-0 ']);
  });
});

describe('maxUnavailable of a StatefulSet', () => {
  const rolling = (maxUnavailable: number | string) => ({
    replicas: 5,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } },
  });
  /** The least number of ready Pods that the update leaves. */
  const least = (cluster: TestCluster) => {
    let min = Infinity;
    for (let i = 0; i < 400; i++) {
      cluster.pass(50);
      const ready = cluster.pods().filter((pod) => isPodReady(pod) && !pod.metadata.deletionTimestamp).length;
      min = Math.min(min, ready);
    }
    return min;
  };
  const images = (cluster: TestCluster) => new Set(cluster.pods().map(({ spec }) => spec?.containers[0].image));

  it.each([
    [2, 3],
    ['40%', 3],
    [1, 4],
  ])('%s of 5 leaves %i that are ready, and the update comes to its end', (maxUnavailable, left) => {
    const cluster = start(set(rolling(maxUnavailable)));
    setImage(cluster, 'statefulsets', 'web', 'nginx:1.28');
    expect(least(cluster)).toBe(left);
    expect(images(cluster)).toEqual(new Set(['nginx:1.28']));
  });

  it('does not spare Pods that are broken already', () => {
    const cluster = new TestCluster();
    cluster.unready = (pod) => pod.spec?.containers[0].image === 'nginx:bad';
    cluster.pass(1000);
    cluster.create(
      set({ replicas: 3, template: template({ app: 'web' }, { containers: [{ name: 'main', image: 'nginx:bad' }] }) }),
    );
    cluster.pass(5000);
    setImage(cluster, 'statefulsets', 'web', 'nginx:1.28');
    cluster.pass(10_000);
    expect(images(cluster)).toEqual(new Set(['nginx:1.28']));
  });
});

describe('a StatefulSet of the same name', () => {
  it('goes on with the Pods and the history that were left behind', () => {
    const cluster = start(set());
    setImage(cluster, 'statefulsets', 'web', 'nginx:1.28');
    cluster.pass(20_000);
    cluster.admin.of('apps/v1', 'statefulsets').delete('default', 'web', { propagationPolicy: 'Orphan' });
    cluster.pass(2000);
    cluster.admin.of('v1', 'pods').delete('default', 'web-0');
    cluster.create(set({ replicas: 2 }));
    cluster.pass(20_000);
    const names = cluster.pods().map(({ metadata }) => metadata.name);
    expect(names.sort()).toEqual(['web-0', 'web-1']);
    const owned = cluster
      .list<ControllerRevision>('apps/v1', 'controllerrevisions')
      .filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === 'web');
    expect(owned).toHaveLength(2);
  });
});
