// What is mounted in a tree: by canonical path, and by the first part of it, since most look-ups go where nothing is
// mounted.

import { changes, type DirNode, type FileNode } from './nodes.ts';

export interface MountOptions {
  readOnly?: boolean;
  /** What `mount` and `df` call it. */
  device?: string;
  type?: string;
  /** Bytes of a file system of its own size. */
  size?: () => number;
  /** Bytes taken of it; default: those of the files below. */
  used?: () => number;
}

export interface Mount extends MountOptions {
  path: string;
  node: DirNode | FileNode;
}

export class Mounts {
  private readonly byPath = new Map<string, Mount>();
  /** How many lie at or below each first part: 'etc', 'var'; '' for one over the root itself. */
  private readonly tops: Record<string, number> = Object.create(null) as Record<string, number>;

  /** Another one with every change. */
  version = 0;
  private watchers: Set<(path: string, mount: Mount | undefined) => void> | undefined;

  /** Tells of what is mounted from now on, and (undefined) what is not any more; answers how to stop. */
  watch(see: (path: string, mount: Mount | undefined) => void): () => void {
    const watchers = (this.watchers ??= new Set());
    watchers.add(see);
    return () => void watchers.delete(see);
  }

  get(path: string): Mount | undefined {
    return this.byPath.get(path);
  }

  has(path: string): boolean {
    return this.byPath.has(path);
  }

  /** Whether something is mounted at or below the first part of an absolute path. */
  under(path: string): boolean {
    return this.byPath.size > 0 && this.tops[top(path)] > 0;
  }

  set(mount: Mount) {
    if (!this.byPath.has(mount.path)) this.tops[top(mount.path)] = (this.tops[top(mount.path)] ?? 0) + 1;
    this.byPath.set(mount.path, mount);
    this.version = ++changes.last;
    this.watchers?.forEach((see) => see(mount.path, mount));
  }

  delete(path: string): boolean {
    if (!this.byPath.delete(path)) return false;
    this.tops[top(path)]--;
    this.version = ++changes.last;
    this.watchers?.forEach((see) => see(path, undefined));
    return true;
  }

  all(): Mount[] {
    return [...this.byPath.values()];
  }

  forEach(see: (path: string) => void) {
    this.byPath.forEach((_mount, path) => see(path));
  }
}

function top(path: string): string {
  const end = path.indexOf('/', 1);
  return end < 0 ? path.slice(1) : path.slice(1, end);
}
