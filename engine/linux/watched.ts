// What follows from files that are asked for all the time and hardly ever change.

import type { FileSystem } from './fs.ts';
import { changes, type DirNode } from './nodes.ts';

/**
 * What `work` makes of the nodes at some absolute paths; made again when a directory there, or on the way, may have other
 * entries. It does not follow what stands in files.
 */
export function watched<T>(fs: FileSystem, paths: readonly string[], work: () => T): () => T {
  const dirs: DirNode[] = [];
  const versions: number[] = [];
  let mounts = -1;
  let seen = -1;
  let result: T;
  return () => {
    if (seen === changes.last) return result;
    if (mounts === fs.mountsVersion) {
      let i = 0;
      while (i < dirs.length && dirs[i].version === versions[i]) i++;
      if (i === dirs.length) {
        seen = changes.last;
        return result;
      }
    }
    dirs.length = versions.length = 0;
    mounts = fs.mountsVersion;
    for (const path of paths) {
      const way = fs.directories(path);
      if (!way) mounts = -1;
      else for (const dir of way) versions[dirs.push(dir) - 1] = dir.version;
    }
    result = work();
    seen = mounts < 0 ? -1 : changes.last;
    return result;
  };
}
