// The claims of Pods, and the annotations by which controllers, scheduler and provisioners speak of them.

import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from './types.ts';

export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** On a volume: who made it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** On a claim: who shall make its volume; the older one is written as well. */
export const PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const PROVISIONER_BETA = 'volume.beta.kubernetes.io/storage-provisioner';
/** On a claim: the node that the scheduler chose for its first Pod. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const CLASS_BETA = 'volume.beta.kubernetes.io/storage-class';

/** The name of the class; '' for none. */
export function classOf(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.metadata.annotations?.[CLASS_BETA] ?? object.spec?.storageClassName ?? '';
}

/** The claim that one of a Pod's volumes is about; undefined for all other kinds of volumes. */
export function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined;
}

/** A local copy of the volumes that can be indexed. */
interface VolumeIndex {
  addIndex(name: string, keys: (volume: PersistentVolume) => readonly string[]): void;
  byIndex(name: string, value: string): PersistentVolume[];
}

/** Indexes the volumes by class. */
export function volumesByClass(volumes: VolumeIndex): (storageClass: string) => PersistentVolume[] {
  volumes.addIndex('class', (volume) => [classOf(volume)]);
  return (storageClass) => volumes.byIndex('class', storageClass);
}
