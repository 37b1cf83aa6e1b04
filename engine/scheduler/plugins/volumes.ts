// What the volume plug-ins see of storage, and the claims of a Pod.

import { claimNameOf, volumesByClass } from '../../api/volume-claims.ts';
import type { Informer, InformerFactory } from '../../client/index.ts';
import type { CSINode, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass, Volume } from '../../api/types.ts';

export interface Storage {
  claims: Informer<PersistentVolumeClaim>;
  volumes: Informer<PersistentVolume>;
  classes: Informer<StorageClass>;
  csiNodes: Informer<CSINode>;
  ofClass: (storageClass: string) => PersistentVolume[];
}

export function watchStorage(informers: InformerFactory): Storage {
  const volumes = informers.of<PersistentVolume>('v1', 'persistentvolumes');
  return {
    claims: informers.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims'),
    volumes,
    classes: informers.of<StorageClass>('storage.k8s.io/v1', 'storageclasses'),
    csiNodes: informers.of<CSINode>('storage.k8s.io/v1', 'csinodes'),
    ofClass: volumesByClass(volumes),
  };
}

/** Calls `visit` for each volume of the Pod that is a claim's, until it answers true. */
export function someClaim(pod: Pod, visit: (name: string, volume: Volume) => boolean): boolean {
  const volumes = pod.spec?.volumes;
  if (!volumes) return false;
  for (let i = 0; i < volumes.length; i++) {
    const name = claimNameOf(pod, volumes[i]);
    if (name !== undefined && visit(name, volumes[i])) return true;
  }
  return false;
}

/** A disk that one Pod may write. */
export const exclusiveDisk = (volume: Volume): boolean =>
  volume.gcePersistentDisk !== undefined ||
  volume.awsElasticBlockStore !== undefined ||
  volume.iscsi !== undefined ||
  volume.rbd !== undefined;

/** The volume that a claim is bound to, when both exist. */
export function volumeOf(storage: Storage, claim: PersistentVolumeClaim | undefined): PersistentVolume | undefined {
  return claim?.spec?.volumeName ? storage.volumes.byKey(claim.spec.volumeName) : undefined;
}
