// What is mounted on the node below a directory that a container mounts: it is there from the start (a recursive bind), and
// with mountPropagation what comes and goes later is seen too.

import type { VolumeMount } from '../api/types.ts';
import type { FileSystem, Mount } from '../linux/index.ts';

/** `path`: the directory on the node. Answers how to stop following; undefined: nothing is followed. */
export function mountsBelow(
  node: FileSystem,
  container: FileSystem,
  path: string,
  { mountPath, mountPropagation, readOnly, recursiveReadOnly }: VolumeMount,
): (() => void) | undefined {
  const prefix = path === '/' ? '/' : `${path}/`;
  const at = mountPath === '/' ? '/' : `${mountPath}/`;
  // Unless it is read-only all the way down, what is mounted below is as it was.
  const recursive = readOnly && recursiveReadOnly !== undefined && recursiveReadOnly !== 'Disabled';
  const see = (below: string, mount: Mount | undefined) => {
    if (!below.startsWith(prefix)) return;
    const inside = at + below.slice(prefix.length);
    if (mount) {
      const { node: source, path: _path, ...options } = mount;
      container.mount(inside, source, recursive ? { ...options, readOnly: true } : options);
    } else if (container.mounts().some((one) => one.path === inside)) container.unmount(inside);
  };
  for (const mount of node.mounts()) see(mount.path, mount);
  return mountPropagation && mountPropagation !== 'None' ? node.watchMounts(see) : undefined;
}
