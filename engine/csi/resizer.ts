// external-resizer: grows volumes whose claims ask for more than they have (kubernetes-csi/external-resizer).

import { compareQuantities, quantityValue } from '../api/quantity.ts';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimCondition } from '../api/types.ts';
import { EventRecorder, keyOf, timestamp } from '../client/index.ts';
import type { Co } from '../sim/index.ts';
import { RpcError } from '../linux/grpc.ts';
import { capability, type Sidecar } from './sidecar.ts';
import { TaskQueue } from './task-queue.ts';

const WAITING = 'Waiting for user to (re-)start a pod to finish file system resize of volume on node.';

export function resizer(sidecar: Sidecar): { stop(): void } {
  const { sim, client, informers, driver, rpc, log } = sidecar;
  const recorder = new EventRecorder(sim, client, `external-resizer ${driver}`);
  const claims = informers.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
  const volumes = informers.of<PersistentVolume>('v1', 'persistentvolumes');

  const condition = (type: string, message = ''): PersistentVolumeClaimCondition => ({
    type,
    status: 'True',
    lastProbeTime: undefined,
    lastTransitionTime: timestamp(sim.now),
    ...(message && { message }),
  });

  function report({ metadata }: PersistentVolumeClaim, status: object) {
    const { namespace = '', name = '' } = metadata;
    client
      .of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims')
      .patch(namespace, name, 'merge', { status }, 'status');
  }

  function* resize(key: string): Co {
    const claim = claims.byKey(key);
    const volume = claim && volumes.byKey(claim.spec?.volumeName ?? '');
    const csi = volume?.spec?.csi;
    if (!claim || !volume || csi?.driver !== driver || claim.status?.phase !== 'Bound') return;
    const asked = claim.spec?.resources?.requests?.storage ?? '0';
    if (compareQuantities(asked, claim.status.capacity?.storage ?? '0') <= 0) return;
    // The controller's part is done: the node's is to come.
    if (compareQuantities(asked, volume.spec?.capacity?.storage ?? '0') <= 0) return;
    const name = keyOf(volume);
    report(claim, {
      allocatedResources: { storage: asked },
      allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' },
      conditions: [condition('Resizing')],
    });
    recorder.event(claim, 'Normal', 'Resizing', `External resizer is resizing volume ${name}`);
    try {
      const { accessModes, volumeMode } = volume.spec ?? {};
      const answer = yield* rpc('Controller/ControllerExpandVolume', {
        volume_id: csi.volumeHandle,
        capacity_range: { required_bytes: quantityValue(asked) },
        volume_capability: capability(accessModes, volumeMode, csi.fsType),
      });
      const storage = `${Math.round((answer.capacity_bytes as number) / 2 ** 30)}Gi`;
      client
        .of<PersistentVolume>('v1', 'persistentvolumes', false)
        .patch('', name, 'merge', { spec: { capacity: { storage } } });
      if (answer.node_expansion_required) {
        report(claim, {
          allocatedResourceStatuses: { storage: 'NodeResizePending' },
          conditions: [condition('FileSystemResizePending', WAITING)],
        });
        recorder.event(claim, 'Normal', 'FileSystemResizeRequired', 'Require file system resize of volume on node');
        return;
      }
      report(claim, { capacity: { storage }, allocatedResourceStatuses: null, conditions: null });
      recorder.event(claim, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded');
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const text = `resize volume ${JSON.stringify(name)} by resizer ${JSON.stringify(driver)} failed: ${error.message}`;
      recorder.event(claim, 'Warning', 'VolumeResizeFailed', text);
      throw error;
    }
  }

  const queue = new TaskQueue({
    sim,
    name: 'csi-resizer',
    work: resize,
    onError: (key, error) =>
      log(
        'controller.go:284',
        `"Error syncing PVC" PVC=${JSON.stringify(key)} err=${JSON.stringify(error.message)}`,
        'E',
      ),
  });
  const asksForMore = (claim: PersistentVolumeClaim) => {
    const { spec, status } = claim;
    const asked = spec?.resources?.requests?.storage;
    if (spec?.volumeName && asked !== status?.capacity?.storage) queue.add(keyOf(claim));
  };
  claims.on({ add: asksForMore, update: asksForMore });
  return queue;
}
