// The provisioner at work: for each claim of its class a directory, for each released volume its end.

import {
  EventRecorder,
  isAlreadyExists,
  isNotFound,
  keyOf,
  referenceTo,
  WorkQueue,
  type Client,
  type Informer,
  type InformerFactory,
} from '../client/index.ts';
import { classOf, PROVISIONED_BY, PROVISIONER, SELECTED_NODE } from '../api/volume-claims.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../api/types.ts';
import type { Sim } from '../sim/index.ts';
import { HELPER_IMAGE, NAMESPACE, PROVISIONER_NAME } from './local-path-manifests.ts';

const ROOT = '/var/local-path-provisioner';
const NODE_ANNOTATION = 'local.path.provisioner/selected-node';
const MODES = new Set(['ReadWriteOnce', 'ReadWriteOncePod']);

/** A claim that cannot have a volume, in the provisioner's words. */
class ProvisionError extends Error {}

export class LocalPathProvisioner {
  private readonly client: Client;
  private readonly recorder: EventRecorder;
  private readonly claims: Informer<PersistentVolumeClaim>;
  private readonly volumes: Informer<PersistentVolume>;
  private readonly classes: Informer<StorageClass>;
  private readonly helpers: Informer<Pod>;
  private readonly claimQueue: WorkQueue;
  private readonly volumeQueue: WorkQueue;
  private readonly log: (text: string) => void;

  constructor(sim: Sim, client: Client, informers: InformerFactory, identity: string, log: (text: string) => void) {
    this.client = client;
    this.log = log;
    this.recorder = new EventRecorder(sim, client, `${PROVISIONER_NAME}_${identity}`);
    this.claims = informers.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
    this.volumes = informers.of<PersistentVolume>('v1', 'persistentvolumes');
    this.classes = informers.of<StorageClass>('storage.k8s.io/v1', 'storageclasses');
    this.helpers = informers.of<Pod>('v1', 'pods', { labelSelector: 'local-path-helper' });
    this.claimQueue = new WorkQueue({ sim, name: 'local-path claims', reconcile: (key) => this.provision(key) });
    this.volumeQueue = new WorkQueue({ sim, name: 'local-path volumes', reconcile: (key) => this.remove(key) });
    const wanted = (claim: PersistentVolumeClaim) => {
      const { annotations } = claim.metadata;
      if (!claim.spec?.volumeName && annotations?.[PROVISIONER] === PROVISIONER_NAME) this.claimQueue.add(keyOf(claim));
    };
    this.claims.on({ add: wanted, update: wanted });
    const released = (volume: PersistentVolume) => {
      const ours = volume.metadata.annotations?.[PROVISIONED_BY] === PROVISIONER_NAME;
      if (ours && volume.status?.phase === 'Released') this.volumeQueue.add(keyOf(volume));
    };
    this.volumes.on({ add: released, update: released });
    const helped = ({ metadata: { annotations } }: Pod) => {
      const { claim, volume } = annotations ?? {};
      if (claim) this.claimQueue.add(claim);
      else if (volume) this.volumeQueue.add(volume);
    };
    this.helpers.on({ update: helped, delete: helped });
  }

  stop() {
    this.claimQueue.stop();
    this.volumeQueue.stop();
  }

  private provision(key: string) {
    const claim = this.claims.byKey(key);
    const storageClass = this.classes.byKey(claim ? classOf(claim) : '');
    if (!claim || claim.spec?.volumeName || claim.metadata.deletionTimestamp || !storageClass) return;
    const node = claim.metadata.annotations?.[SELECTED_NODE];
    // A class that waits for its first consumer: the scheduler has not spoken yet.
    if (node === undefined && storageClass.volumeBindingMode === 'WaitForFirstConsumer') return;
    const name = `pvc-${claim.metadata.uid}`;
    if (this.volumes.byKey(name)) return;
    const { namespace } = claim.metadata;
    try {
      const wrong = claim.spec?.accessModes?.find((mode) => !MODES.has(mode));
      if (wrong)
        throw new ProvisionError('NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes');
      if (claim.spec?.selector) throw new ProvisionError('claim.Spec.Selector is not supported');
      if (node === undefined) throw new ProvisionError('configuration error, no node was specified');
      const path = `${ROOT}/${name}_${namespace}_${claim.metadata.name}`;
      const helper = this.help('create', name, path, node, { claim: key });
      if (helper === 'new')
        this.recorder.event(
          claim,
          'Normal',
          'Provisioning',
          `External provisioner is provisioning volume for claim ${JSON.stringify(key)}`,
        );
      if (helper !== 'done') return;
      this.create(claim, storageClass, name, path, node);
    } catch (error) {
      if (!(error instanceof ProvisionError)) throw error;
      const text = `failed to provision volume with StorageClass ${JSON.stringify(storageClass.metadata.name)}: ${error.message}`;
      this.recorder.event(claim, 'Warning', 'ProvisioningFailed', text);
      throw error;
    }
  }

  private create(
    claim: PersistentVolumeClaim,
    { metadata, reclaimPolicy }: StorageClass,
    name: string,
    path: string,
    node: string,
  ) {
    const { accessModes, resources, volumeMode } = claim.spec ?? {};
    const hostname = { key: 'kubernetes.io/hostname', operator: 'In', values: [node] };
    try {
      this.client.of<PersistentVolume>('v1', 'persistentvolumes', false).create('', {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name, annotations: { [NODE_ANNOTATION]: node, [PROVISIONED_BY]: PROVISIONER_NAME } },
        spec: {
          accessModes,
          capacity: { storage: resources?.requests?.storage ?? '0' },
          claimRef: referenceTo(claim),
          hostPath: { path, type: 'DirectoryOrCreate' },
          nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
          persistentVolumeReclaimPolicy: reclaimPolicy,
          storageClassName: metadata.name,
          volumeMode,
        },
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    this.log(`Volume ${name} has been created on ${node}:${path}`);
    this.recorder.event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
  }

  private remove(name: string) {
    const volume = this.volumes.byKey(name);
    if (volume?.status?.phase !== 'Released' || volume.spec?.persistentVolumeReclaimPolicy !== 'Delete') return;
    const node = volume.metadata.annotations?.[NODE_ANNOTATION];
    const path = volume.spec.hostPath?.path;
    if (node && path && this.help('delete', name, path, node, { volume: name }) !== 'done') return;
    this.client.of<PersistentVolume>('v1', 'persistentvolumes', false).delete('', name);
    this.log(`Volume ${name} has been deleted on ${node}:${path}`);
  }

  /** Runs a Pod on the node that makes or removes the directory; 'done' once it has ended well. */
  private help(
    action: 'create' | 'delete',
    volume: string,
    path: string,
    node: string,
    annotations: Record<string, string>,
  ): 'new' | 'running' | 'done' {
    const pods = this.client.of<Pod>('v1', 'pods');
    const name = `helper-pod-${action}-${volume}`;
    const phase = this.helpers.get(NAMESPACE, name)?.status?.phase;
    const clear = () => {
      try {
        pods.delete(NAMESPACE, name, { gracePeriodSeconds: 0 });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    };
    if (phase === 'Succeeded' || phase === 'Failed') {
      clear();
      if (phase === 'Succeeded') return 'done';
      throw new ProvisionError(`failed to ${action} volume ${volume}: helper pod ${name} failed`);
    }
    if (this.helpers.get(NAMESPACE, name)) return 'running';
    const parent = path.slice(0, path.lastIndexOf('/'));
    pods.create(NAMESPACE, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { 'local-path-helper': action }, annotations },
      spec: {
        nodeName: node,
        restartPolicy: 'Never',
        serviceAccountName: 'local-path-provisioner-service-account',
        automountServiceAccountToken: false,
        tolerations: [{ operator: 'Exists' }],
        terminationGracePeriodSeconds: 30,
        containers: [
          {
            name: 'helper-pod',
            image: HELPER_IMAGE,
            imagePullPolicy: 'IfNotPresent',
            command: ['/bin/sh', action === 'create' ? '/script/setup' : '/script/teardown'],
            env: [
              { name: 'VOL_DIR', value: path },
              { name: 'VOL_MODE', value: 'Filesystem' },
            ],
            volumeMounts: [
              { name: 'script', mountPath: '/script' },
              { name: 'data', mountPath: parent },
            ],
          },
        ],
        volumes: [
          { name: 'script', configMap: { name: 'local-path-config' } },
          { name: 'data', hostPath: { path: parent, type: 'DirectoryOrCreate' } },
        ],
      },
    } as Pod);
    return 'new';
  }
}
