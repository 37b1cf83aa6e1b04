// external-attacher: attaches what VolumeAttachments ask for, and detaches when they go
// (kubernetes-csi/external-attacher).

import type { CSINode, PersistentVolume, VolumeAttachment } from '../api/types.ts';
import { isConflict, isNotFound, keyOf, timestamp } from '../client/index.ts';
import type { Co } from '../sim/index.ts';
import { RpcError } from '../linux/grpc.ts';
import { capability, type Sidecar } from './sidecar.ts';
import { TaskQueue } from './task-queue.ts';

export function attacher(sidecar: Sidecar): { stop(): void } {
  const { sim, client, informers, driver, rpc, log } = sidecar;
  const finalizer = `external-attacher/${driver.replaceAll('.', '-')}`;
  const attachments = informers.of<VolumeAttachment>('storage.k8s.io/v1', 'volumeattachments');
  const volumes = informers.of<PersistentVolume>('v1', 'persistentvolumes');
  const csiNodes = informers.of<CSINode>('storage.k8s.io/v1', 'csinodes');
  const attachmentClient = client.of<VolumeAttachment>('storage.k8s.io/v1', 'volumeattachments', false);
  const volumeClient = client.of<PersistentVolume>('v1', 'persistentvolumes', false);

  const mark = (finalizers: readonly string[] = []) => ({ metadata: { finalizers: [...finalizers, finalizer] } });

  /** Writes that come too late are no failure: the change that came first brings the object back. */
  function write(change: () => void) {
    try {
      change();
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  function status(name: string, body: object) {
    write(() => attachmentClient.patch('', name, 'merge', { status: body }, 'status'));
  }

  const idOf = (node: string): string | undefined =>
    csiNodes.byKey(node)?.spec.drivers.find(({ name }) => name === driver)?.nodeID;

  function* sync(name: string): Co {
    const attachment = attachments.byKey(name);
    if (!attachment) return;
    if (attachment.metadata.deletionTimestamp) yield* detach(name, attachment);
    else if (!attachment.status?.attached) yield* attach(name, attachment);
  }

  function* attach(name: string, { metadata, spec }: VolumeAttachment): Co {
    const volumeName = spec.source.persistentVolumeName ?? '';
    try {
      const volume = volumes.byKey(volumeName);
      if (!volume?.spec?.csi) throw new RpcError('NotFound', `could not get PersistentVolume ${volumeName}`);
      const node = idOf(spec.nodeName);
      if (node === undefined)
        throw new RpcError('NotFound', `CSINode ${spec.nodeName} does not contain driver ${driver}`);
      if (!metadata.finalizers?.includes(finalizer))
        write(() => attachmentClient.patch('', name, 'merge', mark(metadata.finalizers)));
      const ofVolume = volume.metadata.finalizers;
      if (!ofVolume?.includes(finalizer)) write(() => volumeClient.patch('', volumeName, 'merge', mark(ofVolume)));
      const { accessModes, csi, volumeMode } = volume.spec;
      const { publish_context } = yield* rpc('Controller/ControllerPublishVolume', {
        volume_id: csi.volumeHandle,
        node_id: node,
        volume_capability: capability(accessModes, volumeMode, csi.fsType),
        readonly: false,
      });
      status(name, { attached: true, attachmentMetadata: publish_context, attachError: null });
      log('csi_handler.go:261', `Attached ${JSON.stringify(name)}`);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      status(name, { attached: false, attachError: { message: error.message, time: timestamp(sim.now) } });
      throw error;
    }
  }

  function* detach(name: string, { metadata, spec }: VolumeAttachment): Co {
    if (!metadata.finalizers?.includes(finalizer)) return;
    const volumeName = spec.source.persistentVolumeName ?? '';
    const volume = volumes.byKey(volumeName);
    const node = idOf(spec.nodeName) ?? metadata.annotations?.['csi.alpha.kubernetes.io/node-id'];
    try {
      if (volume?.spec?.csi && node !== undefined)
        yield* rpc('Controller/ControllerUnpublishVolume', { volume_id: volume.spec.csi.volumeHandle, node_id: node });
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      status(name, { detachError: { message: error.message, time: timestamp(sim.now) } });
      throw error;
    }
    const rest = metadata.finalizers.filter((one) => one !== finalizer);
    write(() => attachmentClient.patch('', name, 'merge', { metadata: { finalizers: rest.length ? rest : null } }));
    log('csi_handler.go:555', `Fully detached ${JSON.stringify(name)}`);
    release(volumeName);
  }

  /** A volume that is attached nowhere may go. */
  function release(name: string) {
    const volume = volumes.byKey(name);
    if (!volume?.metadata.finalizers?.includes(finalizer)) return;
    const inUse = attachments.list().some(({ spec }) => spec.source.persistentVolumeName === name);
    if (inUse) return;
    const rest = volume.metadata.finalizers.filter((one) => one !== finalizer);
    write(() => volumeClient.patch('', name, 'merge', { metadata: { finalizers: rest.length ? rest : null } }));
  }

  const queue = new TaskQueue({
    sim,
    name: 'csi-attacher',
    work: sync,
    onError: (key, error) =>
      log('csi_handler.go:239', `Error processing ${JSON.stringify(key)}: ${error.message}`, 'E'),
  });
  const changed = (attachment: VolumeAttachment) => {
    if (attachment.spec.attacher === driver) queue.add(keyOf(attachment));
  };
  attachments.on({
    add: changed,
    update: (now, old) => {
      // What it has written itself is no news.
      if (now.metadata.deletionTimestamp !== old.metadata.deletionTimestamp) changed(now);
    },
    delete: ({ spec }) => release(spec.source.persistentVolumeName ?? ''),
  });
  const deleting = (volume: PersistentVolume) => {
    if (volume.metadata.deletionTimestamp) release(keyOf(volume));
  };
  volumes.on({ update: deleting });
  return queue;
}
