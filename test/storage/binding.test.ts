// Persistent volumes: which claim gets which volume, when, what the scheduler has to say in it, and what becomes of
// volumes whose claims are gone.

import { describe, expect, test } from 'vitest';
import { pod as podOf, TestCluster, type TestOptions } from '../controllers/cluster.ts';
import type {
  Event,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeSpec,
  Pod,
  StorageClass,
} from '../../engine/api/types.ts';

class Storage extends TestCluster {
  readonly volumes = this.admin.of<PersistentVolume>('v1', 'persistentvolumes', false);
  readonly claims = this.admin.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
  readonly podClient = this.admin.of<Pod>('v1', 'pods');

  constructor(options: TestOptions = {}) {
    super(options);
    // The namespaces get their service accounts.
    this.run(1);
  }

  volume(name: string, storage: string, spec: Partial<PersistentVolumeSpec> = {}, labels?: Record<string, string>) {
    this.volumes.create('', {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name, labels },
      spec: {
        capacity: { storage },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'manual',
        hostPath: { path: `/mnt/${name}` },
        ...spec,
      },
    });
  }

  claim(name: string, storage: string, spec: PersistentVolumeClaim['spec'] = {}) {
    this.claims.create('default', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'manual',
        resources: { requests: { storage } },
        ...spec,
      },
    });
  }

  storageClass(name: string, volumeBindingMode: string, rest: Partial<StorageClass> = {}) {
    this.admin.of<StorageClass>('storage.k8s.io/v1', 'storageclasses', false).create('', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode,
      ...rest,
    });
  }

  pod(name: string, claimName: string) {
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName } }];
    const containers = [{ name: 'main', image: 'nginx:1.27' }];
    this.podClient.create('default', podOf(name, { containers, volumes }) as Pod);
  }

  /** 'phase volume' of a claim. */
  state(name: string): string {
    const { spec, status } = this.claims.get('default', name);
    return `${status?.phase} ${spec?.volumeName ?? '-'}`;
  }

  phase(name: string): string | undefined {
    return this.volumes.find('', name)?.status?.phase;
  }

  /** Messages of the events about an object. */
  said(name: string): string[] {
    const events = this.admin.of<Event>('v1', 'events').list('');
    return events
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map(({ reason, message }) => `${reason}: ${message}`);
  }

  run(seconds: number) {
    this.sim.runUntil(this.sim.now + seconds * 1000);
  }
}

const on = (node: string) => ({
  required: {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }],
  },
});

describe('a claim', () => {
  test('gets the smallest volume that is large enough, has its modes and its class', () => {
    const cluster = new Storage();
    cluster.volume('large', '10Gi');
    cluster.volume('small', '1Gi');
    cluster.volume('fitting', '5Gi');
    cluster.volume('shared', '4Gi', { accessModes: ['ReadWriteMany'] });
    cluster.volume('other', '4Gi', { storageClassName: 'other' });
    cluster.claim('data', '3Gi');
    cluster.run(1);
    expect(cluster.state('data')).toBe('Bound fitting');
    expect(cluster.claims.get('default', 'data').status).toEqual({
      phase: 'Bound',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '5Gi' },
    });
    expect(cluster.volumes.get('', 'fitting').spec?.claimRef).toMatchObject({ name: 'data', namespace: 'default' });
    expect(['large', 'small', 'shared', 'other'].map((name) => cluster.phase(name))).toEqual(
      Array<string>(4).fill('Available'),
    );
  });

  test('waits for a volume and takes the one that comes, by its labels', () => {
    const cluster = new Storage();
    cluster.claim('data', '1Gi', { storageClassName: '', selector: { matchLabels: { disk: 'fast' } } });
    cluster.volume('slow', '1Gi', { storageClassName: '' }, { disk: 'slow' });
    cluster.run(20);
    expect(cluster.state('data')).toBe('Pending -');
    expect(cluster.said('data')).toEqual([
      'FailedBinding: no persistent volumes available for this claim and no storage class is set',
    ]);
    cluster.volume('fast', '1Gi', { storageClassName: '' }, { disk: 'fast' });
    cluster.run(1);
    expect(cluster.state('data')).toBe('Bound fast');
  });

  test('is told why the volume that it names cannot be had', () => {
    const cluster = new Storage();
    cluster.volume('disk', '1Gi');
    cluster.claim('big', '5Gi', { volumeName: 'disk' });
    cluster.run(1);
    expect(cluster.said('big')).toEqual([
      'VolumeMismatch: Cannot bind to requested volume "disk": requested PV is too small',
    ]);
    cluster.claim('right', '1Gi', { volumeName: 'disk' });
    cluster.run(1);
    expect(cluster.state('right')).toBe('Bound disk');
    cluster.claim('late', '1Gi', { volumeName: 'disk' });
    cluster.run(1);
    expect(cluster.said('late')).toEqual(['FailedBinding: volume "disk" already bound to a different claim.']);
  });

  test('gets the volume that is reserved for it, and nobody else does', () => {
    const cluster = new Storage();
    cluster.volume('reserved', '1Gi', { claimRef: { namespace: 'default', name: 'mine' } });
    cluster.claim('other', '1Gi');
    cluster.volume('huge', '100Gi');
    cluster.run(1);
    cluster.claim('mine', '1Gi');
    cluster.run(1);
    expect([cluster.state('other'), cluster.state('mine')]).toEqual(['Bound huge', 'Bound reserved']);
  });

  test('is lost when its volume is taken away', () => {
    const cluster = new Storage();
    cluster.volume('disk', '1Gi');
    cluster.claim('data', '1Gi');
    cluster.run(1);
    const volume = cluster.volumes.get('', 'disk');
    cluster.volumes.delete('', 'disk');
    cluster.run(1);
    expect(cluster.state('data')).toBe('Bound disk');
    cluster.volumes.update('', 'disk', {
      ...volume,
      metadata: { ...cluster.volumes.get('', 'disk').metadata, finalizers: [] },
    });
    cluster.run(1);
    expect(cluster.state('data')).toBe('Lost disk');
    expect(cluster.said('data')).toEqual([
      'ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    ]);
  });

  test('names the provisioner of its class and says for what it waits', () => {
    const cluster = new Storage();
    cluster.storageClass('fast', 'Immediate', { provisioner: 'x.io/y' });
    cluster.claim('data', '1Gi', { storageClassName: 'fast' });
    cluster.claim('gone', '1Gi', { storageClassName: 'slow' });
    cluster.run(1);
    expect(cluster.claims.get('default', 'data').metadata.annotations).toEqual({
      'volume.beta.kubernetes.io/storage-provisioner': 'x.io/y',
      'volume.kubernetes.io/storage-provisioner': 'x.io/y',
    });
    expect(cluster.said('data')[0]).toContain("by the external provisioner 'x.io/y'");
    expect(cluster.said('gone')).toEqual(['ProvisioningFailed: storageclass.storage.k8s.io "slow" not found']);
  });

  test('without a class gets the default one when there is one later', () => {
    const cluster = new Storage();
    cluster.claim('data', '1Gi', { storageClassName: undefined });
    cluster.run(1);
    cluster.storageClass('std', 'Immediate', {
      metadata: { name: 'std', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'x.io/y',
    });
    cluster.run(20);
    expect(cluster.claims.get('default', 'data').spec?.storageClassName).toBe('std');
  });
});

describe('a volume whose claim is gone', () => {
  const onNode = (path: string): Partial<PersistentVolumeSpec> => ({
    hostPath: undefined,
    local: { path },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['worker-1'] }] },
        ],
      },
    },
  });
  const released = (persistentVolumeReclaimPolicy: string, source: Partial<PersistentVolumeSpec> = {}) => {
    const cluster = new Storage();
    cluster.volume('disk', '1Gi', { persistentVolumeReclaimPolicy, ...source });
    cluster.claim('data', '1Gi');
    cluster.run(1);
    cluster.claims.delete('default', 'data');
    cluster.run(1);
    return cluster;
  };

  test('is kept, and given to nobody, with Retain', () => {
    const cluster = released('Retain');
    expect(cluster.phase('disk')).toBe('Released');
    cluster.claim('data', '1Gi');
    cluster.run(20);
    expect([cluster.phase('disk'), cluster.state('data')]).toEqual(['Released', 'Pending -']);
    cluster.volumes.patch('', 'disk', 'merge', { spec: { claimRef: null } });
    cluster.run(1);
    expect([cluster.phase('disk'), cluster.state('data')]).toEqual(['Bound', 'Bound disk']);
  });

  test('fails when nothing can delete or recycle it', () => {
    const local = onNode('/mnt/disk');
    expect(released('Delete', local).volumes.get('', 'disk').status).toMatchObject({
      phase: 'Failed',
      message: 'error getting deleter volume plugin for volume "disk": no deletable volume plugin matched',
    });
    expect(released('Recycle', local).said('disk')).toEqual([
      'VolumeFailedRecycle: No recycler plugin found for the volume!',
    ]);
  });

  test('of a host’s directory is deleted only below /tmp', () => {
    expect(released('Delete').volumes.get('', 'disk').status).toMatchObject({
      phase: 'Failed',
      message: 'host_path deleter only supports /tmp/.+ but received provided /mnt/disk',
    });
    expect(released('Delete', { hostPath: { path: '/tmp/disk' } }).phase('disk')).toBeUndefined();
  });
});

describe('a claim that waits for its first consumer', () => {
  test('is bound to a volume of the node that the scheduler chooses', () => {
    const cluster = new Storage();
    cluster.storageClass('local', 'WaitForFirstConsumer');
    cluster.volume('disk', '1Gi', { storageClassName: 'local', nodeAffinity: on('worker-2') });
    cluster.claim('data', '1Gi', { storageClassName: 'local' });
    cluster.run(20);
    expect(cluster.state('data')).toBe('Pending -');
    expect(cluster.said('data')).toEqual([
      'WaitForFirstConsumer: waiting for first consumer to be created before binding',
    ]);
    cluster.pod('p', 'data');
    cluster.run(2);
    expect(cluster.state('data')).toBe('Bound disk');
    expect(cluster.podClient.get('default', 'p').spec?.nodeName).toBe('worker-2');
  });

  test('keeps its Pod waiting while no node has a volume for it', () => {
    const cluster = new Storage();
    cluster.storageClass('local', 'WaitForFirstConsumer');
    cluster.claim('data', '1Gi', { storageClassName: 'local' });
    cluster.pod('p', 'data');
    cluster.run(2);
    expect(cluster.said('p')[0]).toContain("2 node(s) didn't find available persistent volumes to bind.");
    cluster.volume('disk', '1Gi', { storageClassName: 'local', nodeAffinity: on('worker-1') });
    cluster.run(20);
    expect(cluster.podClient.get('default', 'p').spec?.nodeName).toBe('worker-1');
  });

  test('gives two Pods two volumes when both are scheduled at once', () => {
    const cluster = new Storage();
    cluster.storageClass('local', 'WaitForFirstConsumer');
    for (const node of ['worker-1', 'worker-2'])
      cluster.volume(`disk-${node}`, '1Gi', { storageClassName: 'local', nodeAffinity: on(node) });
    for (const name of ['a', 'b']) {
      cluster.claim(name, '1Gi', { storageClassName: 'local' });
      cluster.pod(name, name);
    }
    cluster.run(5);
    const nodes = ['a', 'b'].map((name) => cluster.podClient.get('default', name).spec?.nodeName);
    expect(nodes.toSorted()).toEqual(['worker-1', 'worker-2']);
  });
});

describe('the scheduler', () => {
  test('asks a provisioner for a volume on the node that it chose and waits for it before it binds the Pod', () => {
    const cluster = new Storage();
    cluster.storageClass('dynamic', 'WaitForFirstConsumer', { provisioner: 'x.io/y' });
    cluster.claim('data', '1Gi', { storageClassName: 'dynamic' });
    cluster.pod('p', 'data');
    cluster.run(30);
    const node = cluster.claims.get('default', 'data').metadata.annotations?.['volume.kubernetes.io/selected-node'];
    expect(node).toMatch(/^worker-/);
    expect(cluster.podClient.get('default', 'p').spec?.nodeName).toBeUndefined();
    cluster.volume('made', '1Gi', {
      storageClassName: 'dynamic',
      claimRef: { namespace: 'default', name: 'data' },
      nodeAffinity: on(node as string),
    });
    cluster.run(2);
    expect(cluster.podClient.get('default', 'p').spec?.nodeName).toBe(node);
  });

  test('tries another time when the provisioner gives the node up', () => {
    const cluster = new Storage();
    cluster.storageClass('dynamic', 'WaitForFirstConsumer', { provisioner: 'x.io/y' });
    cluster.claim('data', '1Gi', { storageClassName: 'dynamic' });
    cluster.pod('p', 'data');
    cluster.run(2);
    cluster.claims.patch('default', 'data', 'merge', {
      metadata: { annotations: { 'volume.kubernetes.io/selected-node': null } },
    });
    cluster.run(1);
    expect(cluster.said('p')[0]).toContain('selectedNode annotation reset for PVC "data"');
    cluster.run(20);
    expect(cluster.claims.get('default', 'data').metadata.annotations).toHaveProperty([
      'volume.kubernetes.io/selected-node',
    ]);
  });

  test('says which claim is missing, unbound or out of reach', () => {
    const cluster = new Storage();
    cluster.pod('missing', 'ghost');
    cluster.claim('unbound', '1Gi', { storageClassName: 'none' });
    cluster.pod('unbound-pod', 'unbound');
    cluster.volume('far', '2Gi', { nodeAffinity: on('moon') });
    cluster.claim('bound', '2Gi');
    cluster.run(1);
    cluster.pod('out-of-reach', 'bound');
    cluster.run(1);
    expect(cluster.said('missing')[0]).toContain('0/3 nodes are available: persistentvolumeclaim "ghost" not found.');
    expect(cluster.said('unbound-pod')[0]).toContain('pod has unbound immediate PersistentVolumeClaims.');
    expect(cluster.said('out-of-reach')[0]).toContain("2 node(s) didn't match PersistentVolume's node affinity.");
  });

  test('lets one Pod at a time use a claim with ReadWriteOncePod', () => {
    const cluster = new Storage();
    cluster.volume('disk', '1Gi', { accessModes: ['ReadWriteOncePod'] });
    cluster.claim('data', '1Gi', { accessModes: ['ReadWriteOncePod'] });
    cluster.pod('first', 'data');
    cluster.run(2);
    cluster.pod('second', 'data');
    cluster.run(2);
    expect(cluster.podClient.get('default', 'second').spec?.nodeName).toBeUndefined();
    expect(cluster.said('second')[0]).toContain(
      'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
    );
    cluster.podClient.delete('default', 'first');
    cluster.run(60);
    expect(cluster.podClient.get('default', 'second').spec?.nodeName).toBeDefined();
  });

  test('keeps Pods in the zone of their volume', () => {
    const zone = (name: string) => ({ name, labels: { 'topology.kubernetes.io/zone': name } });
    const cluster = new Storage({ nodes: [zone('a'), zone('b'), zone('c')] });
    cluster.volume('disk', '1Gi', {}, { 'topology.kubernetes.io/zone': 'b' });
    cluster.claim('data', '1Gi');
    for (const name of ['p', 'q', 'r']) cluster.pod(name, 'data');
    cluster.run(5);
    expect(new Set(cluster.podClient.list('default').map(({ spec }) => spec?.nodeName))).toEqual(new Set(['b']));
  });

  test('puts no more volumes of a driver on a node than its CSINode allows', () => {
    const cluster = new Storage({ nodes: [{ name: 'only' }] });
    cluster.admin.of('storage.k8s.io/v1', 'csinodes', false).create('', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: { name: 'only' },
      spec: { drivers: [{ name: 'd.io', nodeID: 'only', allocatable: { count: 1 } }] },
    });
    for (const name of ['a', 'b']) {
      const csi = { driver: 'd.io', volumeHandle: name };
      cluster.volume(name, '1Gi', { hostPath: undefined, csi });
      cluster.claim(name, '1Gi', { volumeName: name });
      cluster.pod(name, name);
      cluster.run(5);
    }
    expect(cluster.podClient.get('default', 'a').spec?.nodeName).toBe('only');
    expect(cluster.said('b').at(-1)).toContain('1 node(s) exceed max volume count.');
  });
});
