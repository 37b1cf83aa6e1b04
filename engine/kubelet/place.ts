// Puts nodes straight into a container's top layer, without the checks of a file system's own operations: what
// every container gets has to cost next to nothing.

import { DirNode, type FileNode } from '../linux/index.ts';

/** The directory at `path`, made where it is missing; undefined when something else is in the way. */
export function ensureDirectory(root: DirNode, path: string): DirNode | undefined {
  let dir = root;
  for (const name of path.split('/')) {
    if (name === '') continue;
    let next = dir.get(name);
    if (!next) dir.set(name, (next = new DirNode()));
    if (next.kind !== 'dir') return undefined;
    dir = next;
  }
  return dir;
}

export function place(root: DirNode, path: string, file: FileNode) {
  const slash = path.lastIndexOf('/');
  ensureDirectory(root, path.slice(0, slash))?.set(path.slice(slash + 1), file);
}
