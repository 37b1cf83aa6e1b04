// fsGroup: a volume's files are given to the Pod's group before its containers start (kubernetes/pkg/volume: SetVolumeOwnership).

import type { CSIDriver, PersistentVolume, PodSecurityContext } from '../api/types.ts';
import type { FsNode } from '../linux/index.ts';

/** Deeper trees are left as they are. */
const MAX_DEPTH = 200;

/** Whether the driver lets the kubelet change owners; `fsGroupPolicy` of its CSIDriver. */
function mayChange(driver: CSIDriver | undefined, { spec }: PersistentVolume): boolean {
  const policy = driver?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType';
  if (policy !== 'ReadWriteOnceWithFSType') return policy === 'File';
  const modes = spec?.accessModes ?? [];
  return spec?.csi?.fsType !== undefined && modes.some((mode) => mode.startsWith('ReadWriteOnce'));
}

export function applyFsGroup(
  root: FsNode,
  { fsGroup, fsGroupChangePolicy }: PodSecurityContext,
  driver: CSIDriver | undefined,
  volume: PersistentVolume,
) {
  if (fsGroup === undefined || root.kind !== 'dir' || !mayChange(driver, volume)) return;
  const fits = root.gid === fsGroup && (root.mode & 0o2770) === 0o2770;
  if (fsGroupChangePolicy === 'OnRootMismatch' && fits) return;
  give(root, fsGroup, 0);
}

function give(node: FsNode, gid: number, depth: number) {
  node.gid = gid;
  if (node.kind === 'file') node.mode |= 0o660;
  if (node.kind !== 'dir') return;
  node.mode |= 0o2770;
  if (depth >= MAX_DEPTH) return;
  for (const name of node.names()) {
    const child = node.get(name);
    if (child) give(child, gid, depth + 1);
  }
}
