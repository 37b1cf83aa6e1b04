// external-provisioner: a volume of the driver for each claim whose class names it, and its end when it is released
// (kubernetes-csi/external-provisioner).

import { classOf, PROVISIONED_BY, PROVISIONER, SELECTED_NODE } from '../api/volume-claims.ts';
import { quantityValue } from '../api/quantity.ts';
import type { CSINode, PersistentVolume, PersistentVolumeClaim, StorageClass, VolumeAttachment } from '../api/types.ts';
import { EventRecorder, isAlreadyExists, isNotFound, keyOf, referenceTo } from '../client/index.ts';
import type { Node } from '../api/types.ts';
import type { Co } from '../sim/index.ts';
import { RpcError } from '../linux/grpc.ts';
import { capabilities, type Sidecar } from './sidecar.ts';
import { TaskQueue } from './task-queue.ts';

const FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';

export function provisioner(sidecar: Sidecar): { stop(): void } {
  const { sim, client, informers, driver, rpc, process, flags, log } = sidecar;
  const identity = `${sim.now}-${sim.random('csi').int(9999)}-${driver}`;
  const recorder = new EventRecorder(sim, client, `${driver}_${process.host.hostname}_${sim.random('csi').uuid()}`);
  const claims = informers.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
  const volumes = informers.of<PersistentVolume>('v1', 'persistentvolumes');
  const classes = informers.of<StorageClass>('storage.k8s.io/v1', 'storageclasses');
  const nodes = informers.of<Node>('v1', 'nodes');
  const csiNodes = informers.of<CSINode>('storage.k8s.io/v1', 'csinodes');
  const attachments = informers.of<VolumeAttachment>('storage.k8s.io/v1', 'volumeattachments');
  const volumeClient = client.of<PersistentVolume>('v1', 'persistentvolumes', false);
  const withFSType = flags['--default-fstype'] || undefined;

  /** Where the volume may be: first of all where the node is that was chosen. */
  function topology(node: string | undefined, allowed: StorageClass['allowedTopologies']): object[] {
    const within = (labels: Record<string, string>) =>
      !allowed?.length ||
      allowed.some(({ matchLabelExpressions = [] }) =>
        matchLabelExpressions.every(({ key, values }) => values.includes(labels[key])),
      );
    const segments: Record<string, Record<string, string>> = {};
    for (const one of csiNodes.list()) {
      const keys = one.spec.drivers.find(({ name }) => name === driver)?.topologyKeys;
      const labels = nodes.byKey(keyOf(one))?.metadata.labels;
      if (!keys || !labels || !within(labels)) continue;
      segments[one.metadata.name as string] = Object.fromEntries(keys.map((key) => [key, labels[key]]));
    }
    const all = Object.keys(segments).sort();
    const first = node ?? all[sim.random('csi').int(Math.max(1, all.length))];
    const found = new Map<string, object>();
    for (const name of [first, ...all]) {
      if (segments[name]) found.set(JSON.stringify(segments[name]), { segments: segments[name] });
    }
    if (found.size) return [...found.values()];
    throw new RpcError('Internal', 'error generating accessibility requirements: no topology is available');
  }

  function* provision(key: string): Co {
    const claim = claims.byKey(key);
    const storageClass = classes.byKey(claim ? classOf(claim) : '');
    if (!claim || claim.spec?.volumeName || claim.metadata.deletionTimestamp || !storageClass) return;
    const node = claim.metadata.annotations?.[SELECTED_NODE];
    if (node === undefined && storageClass.volumeBindingMode === 'WaitForFirstConsumer') return;
    const name = `pvc-${claim.metadata.uid}`;
    if (volumes.byKey(name)) return;
    const shown = `External provisioner is provisioning volume for claim ${JSON.stringify(key)}`;
    recorder.event(claim, 'Normal', 'Provisioning', shown);
    try {
      yield* create(claim, storageClass, name, node);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const text = `failed to provision volume with StorageClass ${JSON.stringify(storageClass.metadata.name)}: ${error.message}`;
      recorder.event(claim, 'Warning', 'ProvisioningFailed', text);
      throw error;
    }
    recorder.event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
  }

  function* create(
    claim: PersistentVolumeClaim,
    { metadata, parameters, reclaimPolicy, mountOptions, allowedTopologies }: StorageClass,
    name: string,
    node: string | undefined,
  ): Co {
    const { accessModes = [], resources, volumeMode = 'Filesystem', selector } = claim.spec ?? {};
    if (selector) throw new RpcError('InvalidArgument', 'claim Selector is not supported');
    if (claim.spec?.dataSourceRef ?? claim.spec?.dataSource)
      throw new RpcError('Unimplemented', 'this driver makes empty volumes only, no copies of others');
    if (claim.spec?.volumeAttributesClassName)
      throw new RpcError('Unimplemented', 'this driver has no attributes that could be changed');
    const fsType = volumeMode === 'Block' ? undefined : withFSType;
    const { volume } = (yield* rpc('Controller/CreateVolume', {
      name,
      capacity_range: { required_bytes: quantityValue(resources?.requests?.storage ?? '0') },
      volume_capabilities: capabilities(accessModes, volumeMode, fsType),
      parameters: parameters ?? {},
      accessibility_requirements: { preferred: topology(node, allowedTopologies) },
    })) as unknown as {
      volume: {
        volume_id: string;
        capacity_bytes: number;
        accessible_topology: { segments: Record<string, string> }[];
      };
    };
    const terms = volume.accessible_topology.map(({ segments }) => ({
      matchExpressions: Object.keys(segments).map((key) => ({ key, operator: 'In', values: [segments[key]] })),
    }));
    try {
      volumeClient.create('', {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: {
          name,
          annotations: {
            [PROVISIONED_BY]: driver,
            'volume.kubernetes.io/provisioner-deletion-secret-name': '',
            'volume.kubernetes.io/provisioner-deletion-secret-namespace': '',
          },
          finalizers: [FINALIZER],
        },
        spec: {
          accessModes,
          capacity: { storage: `${Math.round(volume.capacity_bytes / 2 ** 30)}Gi` },
          claimRef: referenceTo(claim),
          csi: {
            driver,
            ...(fsType && { fsType }),
            volumeAttributes: { 'storage.kubernetes.io/csiProvisionerIdentity': identity },
            volumeHandle: volume.volume_id,
          },
          ...(mountOptions && { mountOptions }),
          ...(terms.length && { nodeAffinity: { required: { nodeSelectorTerms: terms } } }),
          persistentVolumeReclaimPolicy: reclaimPolicy,
          storageClassName: metadata.name,
          volumeMode,
        },
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  function* remove(name: string): Co {
    const volume = volumes.byKey(name);
    const { csi, persistentVolumeReclaimPolicy } = volume?.spec ?? {};
    if (!volume || !csi || volume.status?.phase !== 'Released' || persistentVolumeReclaimPolicy !== 'Delete') return;
    const attached = attachments.list().find(({ spec }) => spec.source.persistentVolumeName === name);
    try {
      if (attached)
        throw new RpcError(
          'FailedPrecondition',
          `persistentvolume ${name} is still attached to node ${attached.spec.nodeName}`,
        );
      yield* rpc('Controller/DeleteVolume', { volume_id: csi.volumeHandle });
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const text = attached
        ? `persistentvolume ${name} is still attached to node ${attached.spec.nodeName}`
        : error.message;
      recorder.event(volume, 'Warning', 'VolumeFailedDelete', text);
      throw error;
    }
    try {
      const finalizers = volume.metadata.finalizers?.filter((one) => one !== FINALIZER) ?? [];
      volumeClient.patch('', name, 'merge', { metadata: { finalizers: finalizers.length ? finalizers : null } });
      volumeClient.delete('', name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  const failed = (what: string) => (key: string, error: Error) =>
    log(
      'controller.go:1117',
      `"Retrying ${what}" key=${JSON.stringify(key)} err=${JSON.stringify(error.message)}`,
      'W',
    );
  const claimQueue = new TaskQueue({ sim, name: 'csi-provisioner', work: provision, onError: failed('provisioning') });
  const volumeQueue = new TaskQueue({ sim, name: 'csi-provisioner', work: remove, onError: failed('deletion') });
  const wanted = (claim: PersistentVolumeClaim) => {
    if (!claim.spec?.volumeName && claim.metadata.annotations?.[PROVISIONER] === driver) claimQueue.add(keyOf(claim));
  };
  claims.on({ add: wanted, update: wanted });
  const released = (volume: PersistentVolume) => {
    const ours = volume.metadata.annotations?.[PROVISIONED_BY] === driver;
    if (ours && volume.status?.phase === 'Released') volumeQueue.add(keyOf(volume));
  };
  volumes.on({ add: released, update: released });
  return {
    stop() {
      claimQueue.stop();
      volumeQueue.stop();
    },
  };
}
