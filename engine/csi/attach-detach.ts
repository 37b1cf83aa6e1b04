// Attach/detach controller: a VolumeAttachment for each volume of a driver that a Pod needs on its node, taken away when
// no Pod needs it there and the node has let go of it (kubernetes/pkg/controller/volume/attachdetach).

import { claimNameOf } from '../api/volume-claims.ts';
import type { CSIDriver, Node, PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttachment } from '../api/types.ts';
import {
  isAlreadyExists,
  isNotFound,
  keyOf,
  type Informer,
  type ResourceClient,
  type WorkQueue,
} from '../client/index.ts';
import type { ControllerContext } from '../controllers/context.ts';
import { attachmentName, isShared, uniqueName } from './names.ts';

/** maxWaitForUnmountDuration: then a volume is taken from a node that does not answer. */
const UNMOUNT_MS = 360_000;
/** csiTimeout: how long the driver's attacher is waited for. */
const ATTACH_MS = 120_000;
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';
const BY_VOLUME = 'volume';
const BY_CLAIM = 'claim';

export class AttachDetach {
  private readonly context: ControllerContext;
  private readonly pods: Informer<Pod>;
  private readonly claims: Informer<PersistentVolumeClaim>;
  private readonly volumes: Informer<PersistentVolume>;
  private readonly nodes: Informer<Node>;
  private readonly drivers: Informer<CSIDriver>;
  private readonly attachments: Informer<VolumeAttachment>;
  private readonly client: ResourceClient<VolumeAttachment>;
  private readonly queue: WorkQueue;
  /** When a volume ceased to be wanted on a node, by the attachment's name. */
  private readonly unwanted = new Map<string, number>();
  /** What has been told of each attachment. */
  private readonly told = new Map<string, string>();

  constructor(context: ControllerContext) {
    this.context = context;
    this.pods = context.informer<Pod>('v1', 'pods');
    this.claims = context.informer<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
    this.volumes = context.informer<PersistentVolume>('v1', 'persistentvolumes');
    this.nodes = context.informer<Node>('v1', 'nodes');
    this.drivers = context.informer<CSIDriver>('storage.k8s.io/v1', 'csidrivers');
    this.attachments = context.informer<VolumeAttachment>('storage.k8s.io/v1', 'volumeattachments');
    this.client = context.client.of<VolumeAttachment>('storage.k8s.io/v1', 'volumeattachments', false);
    this.attachments.addIndex(BY_VOLUME, ({ spec }) => [spec.source.persistentVolumeName ?? '']);
    this.pods.addIndex(BY_CLAIM, claimsOf, 'spec');
    this.queue = context.queue((name) => this.sync(name));
    const podChanged = (pod: Pod) => {
      for (const key of claimsOf(pod)) this.claimChanged(this.claims.byKey(key));
    };
    this.pods.on({
      add: podChanged,
      update(pod, old) {
        if (pod.spec?.nodeName !== old.spec?.nodeName || pod.status?.phase !== old.status?.phase) podChanged(pod);
      },
      delete: podChanged,
    });
    this.claims.on({ update: (claim) => this.claimChanged(claim) });
    this.volumes.on({ add: (volume) => this.queue.add(keyOf(volume)) });
    const changed = ({ spec }: VolumeAttachment) => this.queue.add(spec.source.persistentVolumeName ?? '');
    this.attachments.on({ add: changed, update: changed, delete: changed });
    this.nodes.on({
      update: (node, old) => {
        const { volumesInUse } = node.status ?? {};
        if (volumesInUse !== old.status?.volumesInUse || node.spec?.taints !== old.spec?.taints) this.nodeChanged(node);
      },
      delete: (node) => this.nodeChanged(node),
    });
  }

  private claimChanged(claim: PersistentVolumeClaim | undefined) {
    if (claim?.spec?.volumeName) this.queue.add(claim.spec.volumeName);
  }

  private nodeChanged(node: Node) {
    for (const { spec } of this.attachments.list())
      if (spec.nodeName === keyOf(node)) this.queue.add(spec.source.persistentVolumeName ?? '');
  }

  private sync(name: string) {
    const volume = this.volumes.byKey(name);
    const csi = volume?.spec?.csi;
    const present = this.attachments.byIndex(BY_VOLUME, name);
    if (!volume || !csi) return;
    if (this.drivers.byKey(csi.driver)?.spec.attachRequired === false) return;
    const key = uniqueName(csi.driver, csi.volumeHandle);
    const wanted = this.podsByNode(volume);
    for (const attachment of present) if (!wanted.has(attachment.spec.nodeName)) this.detach(attachment, key);
    for (const [node, pods] of wanted) {
      const attachment = present.find(({ spec }) => spec.nodeName === node);
      if (attachment) this.follow(attachment, volume, key, pods);
      else this.attach(volume, node, pods, present);
    }
  }

  /** Pods that need the volume, by node. */
  private podsByNode(volume: PersistentVolume): Map<string, Pod[]> {
    const found = new Map<string, Pod[]>();
    const { namespace, name, uid } = volume.spec?.claimRef ?? {};
    const claim = this.claims.get(namespace ?? '', name ?? '');
    if (claim?.metadata.uid !== uid || claim?.spec?.volumeName !== volume.metadata.name) return found;
    for (const pod of this.pods.byIndex(BY_CLAIM, `${namespace}/${name}`)) {
      const node = pod.spec?.nodeName;
      const { phase } = pod.status ?? {};
      if (!node || phase === 'Succeeded' || phase === 'Failed') continue;
      const there = found.get(node);
      if (there) there.push(pod);
      else found.set(node, [pod]);
    }
    return found;
  }

  private attach(volume: PersistentVolume, node: string, pods: Pod[], present: readonly VolumeAttachment[]) {
    const { csi, accessModes } = volume.spec ?? {};
    const volumeName = volume.metadata.name as string;
    if (!csi || !this.nodes.byKey(node)) return;
    if (!isShared(accessModes) && present.length > 0) {
      // One that is about to go is waited for without a word.
      if (present.every(({ metadata }) => metadata.deletionTimestamp)) return;
      this.tellOfOthers(volume, present, pods);
      return;
    }
    const name = attachmentName(csi.driver, csi.volumeHandle, node);
    try {
      this.client.create('', {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        metadata: { name },
        spec: { attacher: csi.driver, nodeName: node, source: { persistentVolumeName: volumeName } },
      } as VolumeAttachment);
    } catch (error) {
      // Another volume of the same storage may have it there still: then again later.
      if (!isAlreadyExists(error) || this.attachments.byKey(name)?.spec.source.persistentVolumeName !== volumeName)
        throw error;
    }
    this.context.sim.after(ATTACH_MS, () => this.tellOfSilence(name, volume));
  }

  private tellOfOthers(volume: PersistentVolume, present: readonly VolumeAttachment[], pods: readonly Pod[]) {
    const elsewhere = new Set(present.map(({ spec }) => spec.nodeName));
    const others: string[] = [];
    this.podsByNode(volume).forEach((list, node) => {
      if (elsewhere.has(node)) for (const { metadata } of list) others.push(metadata.name as string);
    });
    const why = others.length
      ? `Volume is already used by pod(s) ${others.join(', ')}`
      : "Volume is already exclusively attached to one node and can't be attached to another";
    const text = `Multi-Attach error for volume ${JSON.stringify(volume.metadata.name)} ${why}`;
    for (const pod of pods) {
      const of = `${pod.metadata.uid} ${volume.metadata.name}`;
      if (this.told.get(of) === 'multi') continue;
      this.told.set(of, 'multi');
      this.context.recorder.event(pod, 'Warning', 'FailedAttachVolume', text);
    }
  }

  /** The driver's attacher has not said a word. */
  private tellOfSilence(name: string, volume: PersistentVolume) {
    const attachment = this.attachments.byKey(name);
    const csi = volume.spec?.csi;
    if (!attachment || !csi || attachment.status?.attached || attachment.status?.attachError) return;
    const text = `timed out waiting for external-attacher of ${csi.driver} CSI driver to attach volume ${csi.volumeHandle}`;
    const pods = this.podsByNode(volume).get(attachment.spec.nodeName) ?? [];
    this.tellOfFailure(volume, pods, text);
    this.context.sim.after(ATTACH_MS, () => this.tellOfSilence(name, volume));
  }

  private tellOfFailure(volume: PersistentVolume, pods: readonly Pod[], why: string) {
    const text = `AttachVolume.Attach failed for volume ${JSON.stringify(volume.metadata.name)} : ${why}`;
    for (const pod of pods) this.context.recorder.event(pod, 'Warning', 'FailedAttachVolume', text);
  }

  /** What has become of an attachment: it is told, and written into the Node. */
  private follow(attachment: VolumeAttachment, volume: PersistentVolume, key: string, pods: readonly Pod[]) {
    const name = keyOf(attachment);
    this.unwanted.delete(name);
    // On its way out: when it is gone, a new one is made.
    if (attachment.metadata.deletionTimestamp) return;
    const { attached, attachError } = attachment.status ?? {};
    if (attached) {
      this.setAttached(attachment.spec.nodeName, key, true);
      if (this.told.get(name) === 'attached') return;
      this.told.set(name, 'attached');
      const text = `AttachVolume.Attach succeeded for volume ${JSON.stringify(volume.metadata.name)} `;
      for (const pod of pods) this.context.recorder.event(pod, 'Normal', 'SuccessfulAttachVolume', text);
    } else if (attachError?.time && this.told.get(name) !== attachError.time) {
      this.told.set(name, attachError.time);
      this.tellOfFailure(volume, pods, attachError.message ?? '');
    }
  }

  private detach({ metadata, spec }: VolumeAttachment, key: string) {
    const { sim } = this.context;
    const name = metadata.name as string;
    const node = this.nodes.byKey(spec.nodeName);
    if (metadata.deletionTimestamp) return;
    const since = this.unwanted.get(name) ?? sim.now;
    this.unwanted.set(name, since);
    if (node?.status?.volumesInUse?.includes(key) && !this.isLost(node, since)) {
      if (since === sim.now) sim.after(UNMOUNT_MS, () => this.queue.add(spec.source.persistentVolumeName ?? ''));
      return;
    }
    this.setAttached(spec.nodeName, key, false);
    this.unwanted.delete(name);
    this.told.delete(name);
    try {
      this.client.delete('', name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** A node that will not unmount any more, as far as one can tell. */
  private isLost({ spec, status }: Node, since: number): boolean {
    if (spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE)) return true;
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    return ready !== 'True' && this.context.sim.now >= since + UNMOUNT_MS;
  }

  private setAttached(name: string, key: string, attached: boolean) {
    const node = this.nodes.byKey(name);
    const old = node?.status?.volumesAttached ?? [];
    if (!node || old.some((one) => one.name === key) === attached) return;
    const rest = old.filter((one) => one.name !== key);
    const volumesAttached = attached ? [...rest, { name: key, devicePath: '' }] : rest;
    const status = { volumesAttached: volumesAttached.length ? volumesAttached : null };
    try {
      this.context.client.of<Node>('v1', 'nodes', false).patch('', name, 'merge', { status }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function claimsOf(pod: Pod): string[] {
  const keys: string[] = [];
  for (const volume of pod.spec?.volumes ?? []) {
    const name = claimNameOf(pod, volume);
    if (name) keys.push(`${pod.metadata.namespace}/${name}`);
  }
  return keys;
}
