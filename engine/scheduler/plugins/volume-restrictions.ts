// VolumeRestrictions: a disk that only one Pod may write is not given to a second, nor a claim with the access mode
// ReadWriteOncePod.

import { SKIP, unschedulable, type Handle, type Plugin } from '../framework.ts';
import { exclusiveDisk, someClaim, type Storage } from './volumes.ts';
import type { Volume } from '../../api/types.ts';
import type { PodInfo } from '../pod-info.ts';

const NAME = 'VolumeRestrictions';
const DISK = unschedulable('node(s) had no available disk');
const ONCE = unschedulable(
  'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
);

export function volumeRestrictions(handle: Handle, storage: Storage): Plugin {
  /** Keys of the Pod's claims that one Pod may use at a time. */
  function exclusiveClaims({ pod, namespace }: PodInfo): string[] {
    const names: string[] = [];
    someClaim(pod, (name) => {
      if (storage.claims.get(namespace, name)?.spec?.accessModes?.includes('ReadWriteOncePod')) names.push(name);
      return false;
    });
    return names;
  }
  const users = (names: readonly string[], { namespace }: PodInfo, other: PodInfo): number => {
    let n = 0;
    if (other.namespace === namespace) someClaim(other.pod, (name) => (names.includes(name) && n++, false));
    return n;
  };
  interface Data {
    names: string[];
    conflicts: number;
  }
  const count =
    (sign: 1 | -1): Plugin['addPod'] =>
    (pod, other, _node, state) => {
      const data = state.get(NAME) as Data | undefined;
      if (data) data.conflicts += sign * users(data.names, pod, other);
    };

  return {
    name: NAME,
    events: ['AssignedPodDelete', 'NodeAdd', 'Storage'],
    helps: () => true,
    preFilter(pod, state) {
      const names = exclusiveClaims(pod);
      if (names.length === 0) return pod.spec.volumes?.some(exclusiveDisk) ? undefined : SKIP;
      const data: Data = { names, conflicts: 0 };
      for (const node of handle.nodes) node.pods.forEach((other) => (data.conflicts += users(names, pod, other)));
      state.set(NAME, data);
      return undefined;
    },
    addPod: count(1),
    removePod: count(-1),
    filter(pod, node, state) {
      const disks = pod.spec.volumes?.filter(exclusiveDisk) ?? [];
      if (disks.length > 0) {
        for (const other of node.pods.values()) {
          if (other.spec.volumes?.some((volume) => disks.some((disk) => conflicts(disk, volume)))) return DISK;
        }
      }
      const data = state.get(NAME) as Data | undefined;
      return data && data.conflicts > 0 ? ONCE : undefined;
    },
  };
}

/** Two uses of one disk, not both of which only read. */
function conflicts(a: Volume, b: Volume): boolean {
  const readOnly = (x?: { readOnly?: boolean }, y?: { readOnly?: boolean }) =>
    x?.readOnly === true && y?.readOnly === true;
  if (a.gcePersistentDisk && a.gcePersistentDisk.pdName === b.gcePersistentDisk?.pdName)
    return !readOnly(a.gcePersistentDisk, b.gcePersistentDisk);
  if (a.awsElasticBlockStore && a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore?.volumeID) return true;
  if (a.iscsi && a.iscsi.iqn === b.iscsi?.iqn) return !readOnly(a.iscsi, b.iscsi);
  if (!a.rbd || !b.rbd) return false;
  const same = a.rbd.pool === b.rbd.pool && a.rbd.image === b.rbd.image;
  return same && a.rbd.monitors.some((monitor) => b.rbd?.monitors.includes(monitor)) && !readOnly(a.rbd, b.rbd);
}
