// What is mounted on a machine, as df, mount and /proc/mounts list it.

import type { DirNode } from './nodes.ts';
import type { Host } from './types.ts';

export interface MountRow {
  path: string;
  device: string;
  type: string;
  readOnly: boolean;
  isFile: boolean;
  /** Bytes. */
  size: number;
  used: number;
}

/** Of a machine about which nobody says more: its terminal. */
const DISK = 40 * 1024 ** 3;
const SHM = 64 * 1024 ** 2;

export function mountTable({ fs, confinement }: Host): MountRow[] {
  const { disk } = fs;
  const size = disk?.size?.() ?? DISK;
  const used = disk?.used?.() ?? fs.root.totalBytes();
  const device = confinement ? 'overlay' : (disk?.device ?? 'overlay');
  const type = confinement ? 'overlay' : (disk?.type ?? 'overlay');
  const rows: MountRow[] = [{ path: '/', device, type, readOnly: fs.readOnly, isFile: false, size, used }];
  const add = (path: string, name: string, kind: string, bytes: number, taken: number, isFile = false) =>
    rows.push({ path, device: name, type: kind, readOnly: false, isFile, size: bytes, used: taken });
  if (confinement) {
    // Every container's own devices and shared memory.
    add('/dev', 'tmpfs', 'tmpfs', SHM, 0);
    add('/dev/shm', 'shm', 'tmpfs', SHM, 0);
    if (disk?.device) add('/etc/hosts', disk.device, disk.type ?? 'ext4', size, used, true);
  }
  for (const mount of fs.mounts()) {
    const { node } = mount;
    rows.push({
      path: mount.path,
      device: mount.device ?? 'tmpfs',
      type: mount.type ?? 'tmpfs',
      readOnly: mount.readOnly ?? false,
      isFile: node.kind === 'file',
      size: mount.size?.() ?? size,
      used: mount.used?.() ?? (node.kind === 'dir' ? (node as DirNode).totalBytes() : node.size),
    });
  }
  // What is mounted last at a place is what is seen there.
  return rows.filter(({ path }, i) => rows.findLastIndex((row) => row.path === path) === i);
}
