// Volumes behind claims: finds the PersistentVolume that a Pod's claim is bound to and says where its files are on the
// node (kubelet/volumemanager: desired state of the world).

import type { Client } from '../client/index.ts';
import { claimNameOf } from '../api/volume-claims.ts';
import { isReachable } from '../api/volume-matching.ts';
import type { CSIDriver, CSINode, Node, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../api/types.ts';
import { quote } from './format.ts';
import { MountError } from './mount-error.ts';
import type { DriverVolume } from './types.ts';

/** A directory of the node that holds a claim's files. */
export interface ClaimedPlace {
  path: string;
  /** As of a hostPath volume: what must be there, or is made. */
  type: string;
  readOnly: boolean;
  /** A local volume's name: its directory must be there. */
  local?: string;
}

export function claimedPlace(client: Client, nodeName: string, pod: Pod, volume: Volume): ClaimedPlace | DriverVolume {
  if (volume.csi) throw noInlineVolume(client, nodeName, volume.csi.driver, volume.name);
  const namespace = pod.metadata.namespace as string;
  const name = claimNameOf(pod, volume) as string;
  const claim = client.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims').find(namespace, name);
  if (!claim) throw new MountError(`persistentvolumeclaim ${quote(name)} not found`);
  const { volumeName } = claim.spec ?? {};
  if (!volumeName || claim.status?.phase !== 'Bound')
    throw new MountError(`persistentvolumeclaim ${quote(`${namespace}/${name}`)} is not bound`);
  const bound = client.of<PersistentVolume>('v1', 'persistentvolumes', false).find('', volumeName);
  if (!bound?.spec) throw new MountError(`persistentvolume ${quote(volumeName)} not found`);
  const refuse = (text: string): never => {
    throw new MountError(text, volumeName);
  };
  if (bound.spec.nodeAffinity) {
    const node = client.of<Node>('v1', 'nodes', false).get('', nodeName);
    if (!isReachable(bound, { name: nodeName, labels: node.metadata.labels ?? {} }))
      refuse('no matching NodeSelectorTerms');
  }
  const modes = bound.spec.accessModes ?? [];
  const readOnly =
    volume.persistentVolumeClaim?.readOnly === true || (modes.length === 1 && modes[0] === 'ReadOnlyMany');
  const { csi, hostPath, local } = bound.spec;
  if (csi) return { claim, bound, readOnly };
  if ((bound.spec.volumeMode ?? 'Filesystem') === 'Block')
    refuse('volumes of mode Block are modelled by this engine for CSI drivers only');
  if (hostPath) return { path: hostPath.path, type: hostPath.type ?? '', readOnly };
  if (local) return { path: local.path, type: 'Directory', readOnly, local: volumeName };
  return refuse(
    `the kind of storage of persistentvolume ${quote(volumeName)} is not modelled by this engine: hostPath, local and csi are`,
  );
}

/** Why a driver makes no volume for one Pod: it must say that it can, and run on the node. */
function noInlineVolume(client: Client, nodeName: string, driver: string, volume: string): MountError {
  const known = client.of<CSIDriver>('storage.k8s.io/v1', 'csidrivers', false).find('', driver);
  const modes = known?.spec.volumeLifecycleModes ?? ['Persistent'];
  if (!known || !modes.includes('Ephemeral')) {
    const why = known ? `only supports [${modes.map(quote).join(' ')}]` : 'no CSIDriver object';
    const text = `volume mode "Ephemeral" not supported by driver ${driver} (${why})`;
    return new MountError(text, volume, 'MountVolume.NewMounter initialization');
  }
  const node = client.of<CSINode>('storage.k8s.io/v1', 'csinodes', false).find('', nodeName);
  if (!node?.spec.drivers.some(({ name }) => name === driver))
    return new MountError(
      `kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name ${driver} not found in the list of registered CSI drivers`,
    );
  return new MountError('volumes that a CSI driver makes for one Pod are not modelled by this engine');
}
