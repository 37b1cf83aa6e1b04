// A tree of files as one user sees it: paths, symbolic links, mounts, permissions. A directory may be mounted in
// several file systems (a volume).

import type { Layout } from './layout.ts';
import { Mounts, type Mount, type MountOptions } from './mounts.ts';
import { DirNode, FileNode, FsError, LinkNode, type FsNode, type Meta } from './nodes.ts';
import { dirname, normalize } from './path.ts';
import { roomOf, setRoom } from './room.ts';

export type { Mount, MountOptions } from './mounts.ts';
export * from './nodes.ts';
export * from './path.ts';

export interface Stat {
  kind: 'file' | 'dir' | 'link' | 'device' | 'block' | 'fifo';
  /** Permission bits alone. */
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** ms since the epoch. */
  mtime: number;
  node: FsNode;
}

/** Who looks at the files, and from where. */
export interface ViewOptions {
  cwd?: string;
  uid?: number;
  gid?: number;
  groups?: number[];
  umask?: number;
}

interface Core {
  root: DirNode;
  now: () => number;
  /** Modification time of what came with the tree and has none. */
  born: number;
  mounts: Mounts;
  readOnly: boolean;
  disk: MountOptions | undefined;
  /** Its root has not been made yet. */
  pending: Pending | undefined;
}

/** Files that are made when somebody looks where the layout cannot tell what is there, or writes. */
interface Pending {
  layout: Layout;
  /** Puts things over the layout's tree, at its places and nowhere else. */
  fill: (fs: FileSystem) => void;
}

interface Place {
  parent: DirNode;
  name: string;
  node: FsNode | undefined;
  /** Canonical absolute path, without links. */
  path: string;
  readOnly: boolean;
}

const MAX_LINKS = 40;

// What stands for the files of whoever has none yet.
const NOTHING = new DirNode();
const NO_MOUNTS = new Mounts();

/** Makes the files as they would have been made at once. */
function fill(core: Core, { layout, fill: put }: Pending) {
  const { readOnly, now } = core;
  core.pending = undefined;
  core.now = () => core.born;
  core.root = new DirNode({ lower: layout.base });
  core.mounts = new Mounts();
  core.readOnly = false;
  put(new FileSystem({}, core));
  core.readOnly = readOnly;
  core.now = now;
}

export interface FileSystemOptions {
  /** The clock for modification times. */
  now?: () => number;
  /** A tree to lie over: it is read and never changed. */
  base?: DirNode;
  /** A tree to use as it is. */
  root?: DirNode;
  /** Instead of both. */
  pending?: Pending;
  readOnly?: boolean;
  /** What its root is on. */
  disk?: MountOptions;
}

/** A tree of files as one user sees it from one directory; `view` gives others on the same tree. */
export class FileSystem {
  private readonly made: Core;
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  readonly umask: number;
  private readonly groups: number[];

  constructor(options: FileSystemOptions = {}, core?: Core, view: ViewOptions = {}) {
    this.made = core ?? {
      root: options.root ?? (options.pending ? NOTHING : new DirNode(options.base ? { lower: options.base } : {})),
      now: options.now ?? (() => 0),
      born: options.now?.() ?? 0,
      mounts: options.pending ? NO_MOUNTS : new Mounts(),
      readOnly: options.readOnly ?? false,
      disk: options.disk,
      pending: options.pending,
    };
    this.cwd = view.cwd ?? '/';
    this.uid = view.uid ?? 0;
    this.gid = view.gid ?? 0;
    this.groups = view.groups ?? [];
    this.umask = view.umask ?? 0o022;
  }

  /** The same files seen by another user or from another directory. */
  view(view: ViewOptions): FileSystem {
    return new FileSystem({}, this.made, view);
  }

  private get core(): Core {
    const { made } = this;
    if (made.pending) fill(made, made.pending);
    return made;
  }

  /** What tells of its files as long as they have not been made; root sees them all. */
  get layout(): Layout | undefined {
    return this.uid === 0 ? this.made.pending?.layout : undefined;
  }

  /** As `Layout.find`. */
  private foresee(path: string): FsNode | null | undefined {
    const { pending } = this.made;
    return pending && this.uid === 0 && path.startsWith('/') ? pending.layout.find(path) : undefined;
  }

  get root(): DirNode {
    return this.core.root;
  }

  get readOnly(): boolean {
    return this.made.readOnly;
  }

  set readOnly(readOnly: boolean) {
    this.made.readOnly = readOnly;
  }

  get disk(): MountOptions | undefined {
    return this.made.disk;
  }

  set disk(disk: MountOptions | undefined) {
    this.made.disk = disk;
  }

  /** An absolute path without `.`, `..` and double slashes; links are not followed. */
  absolute(path: string): string {
    return normalize(path.startsWith('/') ? path : `${this.cwd}/${path}`);
  }

  // ---- reading -------------------------------------------------------------------------------------------

  node(path: string, follow = true): FsNode {
    const foreseen = follow ? this.foresee(path) : undefined;
    if (foreseen && foreseen.kind === 'file') return foreseen;
    const place = this.walk(path, follow);
    if (!place.node) throw new FsError('ENOENT', path);
    return place.node;
  }

  /** The node, or undefined when there is none (or the way to it is barred). */
  find(path: string, follow = true): FsNode | undefined {
    const foreseen = follow ? this.foresee(path) : undefined;
    if (foreseen !== undefined && foreseen?.kind !== 'dir') return foreseen ?? undefined;
    // Most look-ups are along PATH and fail: no error is made for them.
    const place = path.startsWith('/') ? this.direct(path, follow, true) : undefined;
    if (place !== undefined && place?.node?.kind !== 'dir') return place?.node;
    try {
      return this.walk(path, follow).node;
    } catch (error) {
      if (error instanceof FsError) return undefined;
      throw error;
    }
  }

  /** The node to look at alone: a directory may be a lower layer's own, which nothing may be put into. */
  look(path: string): FsNode | undefined {
    const foreseen = this.foresee(path);
    if (foreseen !== undefined) return foreseen ?? undefined;
    const place = path.startsWith('/') ? this.direct(path, true, true) : undefined;
    return place === undefined ? this.find(path) : place?.node;
  }

  /**
   * The directories that an absolute path leads through, with the last one if it is one; undefined where a mount, a link or
   * computed entries are on the way.
   */
  directories(path: string): DirNode[] | undefined {
    const { mounts, root } = this.core;
    if (mounts.under(path) || mounts.has('/')) return undefined;
    const dirs: DirNode[] = [];
    const names = path.split('/');
    let next: FsNode | undefined = root;
    for (let i = 1; next?.kind === 'dir'; i++) {
      if (next.constructor !== DirNode) return undefined;
      dirs.push(next);
      next = i < names.length ? next.peek(names[i]) : undefined;
    }
    return next?.kind === 'link' ? undefined : dirs;
  }

  /** Another one with every change of what is mounted. */
  get mountsVersion(): number {
    return this.core.mounts.version;
  }

  /** The file to read from, checked. */
  openRead(path: string): FileNode {
    const node = this.node(path);
    if (node.kind !== 'file') throw new FsError('EISDIR', path);
    if (!this.may(node, 4)) throw new FsError('EACCES', path);
    return node;
  }

  readFile(path: string): string {
    return this.openRead(path).text;
  }

  readdir(path: string): string[] {
    const node = this.node(path);
    if (node.kind !== 'dir') throw new FsError('ENOTDIR', path);
    if (!this.may(node, 4)) throw new FsError('EACCES', path);
    const names = node.names();
    const here = this.realpath(path);
    if (here !== '/' && !this.core.mounts.under(here)) return names;
    const prefix = here === '/' ? '/' : here + '/';
    this.core.mounts.forEach((at) => {
      const name = at.slice(prefix.length);
      if (at.startsWith(prefix) && name && !name.includes('/') && !names.includes(name)) names.push(name);
    });
    return names.sort();
  }

  stat(path: string): Stat {
    return this.statOf(this.node(path, true));
  }

  lstat(path: string): Stat {
    return this.statOf(this.node(path, false));
  }

  exists(path: string): boolean {
    return path === '/' || this.look(path) !== undefined;
  }

  isDirectory(path: string): boolean {
    return this.look(path)?.kind === 'dir';
  }

  /** The base's own directory at `path`, when nothing at or below it has been changed or mounted. */
  pristine(path: string): DirNode | undefined {
    const foreseen = this.foresee(path);
    if (foreseen && foreseen.kind === 'dir') return foreseen;
    const node = this.find(path);
    if (node?.kind !== 'dir') return undefined;
    if (path !== '/' && !this.core.mounts.under(path)) return node.unchanged;
    let covered = false;
    this.core.mounts.forEach((at) => {
      if (`${at}/`.startsWith(`${path}/`) || path.startsWith(`${at}/`)) covered = true;
    });
    return covered ? undefined : node.unchanged;
  }

  readlink(path: string): string {
    const node = this.node(path, false);
    if (node.kind !== 'link') throw new FsError('EINVAL', path);
    return node.target;
  }

  /** The canonical path; every part but the last must exist (all of them with `strict`). */
  realpath(path: string, strict = true): string {
    const place = this.walk(path, true);
    if (strict && !place.node) throw new FsError('ENOENT', path);
    return place.path;
  }

  /** Whether this user may read (4), write (2) or execute (1) the node. */
  may(node: FsNode, access: number): boolean {
    if (this.uid === 0) return access !== 1 || node.kind === 'dir' || (node.mode & 0o111) !== 0;
    const shift = node.uid === this.uid ? 6 : node.gid === this.gid || this.groups.includes(node.gid) ? 3 : 0;
    return ((node.mode >> shift) & access) === access;
  }

  access(path: string, access: number): boolean {
    const foreseen = this.foresee(path);
    if (foreseen && foreseen.kind === 'file') return !(access === 2 && this.readOnly) && this.may(foreseen, access);
    try {
      const place = this.walk(path, true);
      if (!place.node || (access === 2 && place.readOnly)) return false;
      return this.may(place.node, access);
    } catch (error) {
      if (error instanceof FsError) return false;
      throw error;
    }
  }

  // ---- writing -------------------------------------------------------------------------------------------

  /** The file to write to, created when it is not there. */
  openWrite(path: string, options: { append?: boolean; mode?: number; exclusive?: boolean } = {}): FileNode {
    const place = this.walk(path, true);
    if (place.node) {
      if (place.node.kind !== 'file') throw new FsError('EISDIR', path);
      if (options.exclusive) throw new FsError('EEXIST', path);
      if (place.node.device || place.node.fifo) return place.node;
      if (!this.may(place.node, 2)) throw new FsError('EACCES', path);
      if (place.readOnly) throw new FsError('EROFS', path);
      const mount = this.core.mounts.get(place.path);
      const file = (mount ? mount.node : place.parent.writable(place.name)) as FileNode;
      if (!options.append) file.text = '';
      file.mtime = this.core.now();
      return file;
    }
    if (path.endsWith('/')) throw new FsError('EISDIR', path);
    this.mayChange(place, path);
    const file = new FileNode('', this.fresh(place.parent, (options.mode ?? 0o666) & ~this.umask));
    this.link(place, file);
    return file;
  }

  writeFile(path: string, text: string, options: { append?: boolean; mode?: number } = {}) {
    const file = this.openWrite(path, options);
    if (options.append) file.append(text);
    else file.text = text;
    file.mtime = this.core.now();
  }

  /** Puts a ready node there (a device, a program, a lazily filled file). */
  put(path: string, node: FsNode) {
    const place = this.walk(path, false);
    this.mayChange(place, path);
    node.mtime ||= this.core.now();
    this.link(place, node);
  }

  mkdir(path: string, options: { recursive?: boolean; mode?: number } = {}) {
    if (options.recursive) {
      const parts = this.absolute(path).split('/');
      let at = '';
      for (let i = 1; i < parts.length; i++) {
        at += '/' + parts[i];
        const node = this.find(at);
        if (!node) this.mkdir(at, { mode: options.mode });
        else if (node.kind !== 'dir') throw new FsError(i === parts.length - 1 ? 'EEXIST' : 'ENOTDIR', at);
      }
      return;
    }
    const place = this.walk(path, false);
    if (place.node) throw new FsError('EEXIST', path);
    this.mayChange(place, path);
    const mode = (options.mode ?? 0o777) & ~this.umask;
    const setgid = place.parent.mode & 0o2000;
    this.link(place, new DirNode(this.fresh(place.parent, mode | setgid)));
  }

  symlink(target: string, path: string) {
    const place = this.walk(path, false);
    if (place.node) throw new FsError('EEXIST', path);
    this.mayChange(place, path);
    this.link(place, new LinkNode(target, this.fresh(place.parent, 0o777)));
  }

  /** A hard link: the same node under a second name. */
  hardlink(existing: string, path: string) {
    const from = this.walk(existing, false);
    if (!from.node) throw new FsError('ENOENT', existing);
    if (from.node.kind === 'dir') throw new FsError('EPERM', existing);
    const place = this.walk(path, false);
    if (place.node) throw new FsError('EEXIST', path);
    this.mayChange(place, path);
    const node = from.parent.writable(from.name) as FileNode | LinkNode;
    if (node.kind === 'file') node.nlink++;
    this.link(place, node);
  }

  unlink(path: string) {
    const place = this.walk(path, false);
    if (!place.node) throw new FsError('ENOENT', path);
    if (place.node.kind === 'dir') throw new FsError('EISDIR', path);
    this.mayChange(place, path);
    if (this.core.mounts.has(place.path)) throw new FsError('EBUSY', path);
    if (place.node.kind === 'file' && place.node.nlink > 1) place.node.nlink--;
    this.drop(place);
  }

  rmdir(path: string) {
    const place = this.walk(path, false);
    if (!place.node) throw new FsError('ENOENT', path);
    if (place.node.kind !== 'dir') throw new FsError('ENOTDIR', path);
    this.mayChange(place, path);
    if (place.path === '/' || this.core.mounts.has(place.path)) throw new FsError('EBUSY', path);
    if (!place.node.empty) throw new FsError('ENOTEMPTY', path);
    this.drop(place);
  }

  /** Removes a file or a whole tree; nothing happens where there is none. */
  remove(path: string) {
    const place = this.walk(path, false);
    if (!place.node) return;
    this.mayChange(place, path);
    if (place.path === '/') throw new FsError('EBUSY', path);
    const inside = place.path + '/';
    this.core.mounts.forEach((at) => {
      if (at === place.path || at.startsWith(inside)) throw new FsError('EBUSY', at);
    });
    this.drop(place);
  }

  rename(from: string, to: string) {
    const source = this.walk(from, false);
    if (!source.node) throw new FsError('ENOENT', from);
    const target = this.walk(to, false);
    this.mayChange(source, from);
    this.mayChange(target, to);
    if (target.node === source.node) return;
    if (target.node?.kind === 'dir') {
      if (source.node.kind !== 'dir') throw new FsError('EISDIR', to);
      if (!target.node.empty) throw new FsError('ENOTEMPTY', to);
    } else if (target.node && source.node.kind === 'dir') throw new FsError('ENOTDIR', to);
    if (source.node.kind === 'dir' && (target.path + '/').startsWith(source.path + '/')) {
      throw new FsError('EINVAL', from);
    }
    const node = source.parent.writable(source.name) as FsNode;
    this.drop(source, roomOf(source.parent) === roomOf(target.parent));
    this.link(target, node);
  }

  chmod(path: string, mode: number) {
    const node = this.changeable(path, true);
    node.mode = mode & 0o7777;
  }

  chown(path: string, uid: number | undefined, gid: number | undefined, follow = true) {
    const node = this.changeable(path, follow);
    if (this.uid !== 0 && ((uid !== undefined && uid !== node.uid) || (gid !== undefined && !this.inGroup(gid)))) {
      throw new FsError('EPERM', path);
    }
    if (uid !== undefined) node.uid = uid;
    if (gid !== undefined) node.gid = gid;
  }

  utimes(path: string, mtime: number) {
    this.changeable(path, true).mtime = mtime;
  }

  // ---- mounts --------------------------------------------------------------------------------------------

  /** Shows `source` at `path`, which is created when it is not there. */
  mount(path: string, source: FileSystem | DirNode | FileNode, options: MountOptions = {}) {
    const node = source instanceof FileSystem ? source.root : source;
    const at = this.absolute(path);
    if (at !== '/' && !this.exists(at)) {
      if (node.kind === 'dir') this.mkdir(at, { recursive: true });
      else {
        this.mkdir(dirname(at), { recursive: true });
        this.writeFile(at, '');
      }
    }
    const real = this.realpath(at);
    this.core.mounts.set({ ...options, path: real, node });
  }

  unmount(path: string) {
    if (!this.core.mounts.delete(this.realpath(path))) throw new FsError('EINVAL', path);
  }

  mounts(): Mount[] {
    return this.core.mounts.all();
  }

  /** Tells of mounts that come and (undefined) go; answers how to stop. */
  watchMounts(see: (path: string, mount: Mount | undefined) => void): () => void {
    return this.core.mounts.watch(see);
  }

  // ---- inside --------------------------------------------------------------------------------------------

  private statOf(node: FsNode): Stat {
    const special = node.kind === 'file' && (node.device ? 'device' : node.block ? 'block' : node.fifo && 'fifo');
    const kind = special || node.kind;
    const { mode, uid, gid, size } = node;
    return { kind, mode, uid, gid, size, mtime: node.mtime || this.core.born, node };
  }

  private inGroup(gid: number): boolean {
    return gid === this.gid || this.groups.includes(gid);
  }

  /** Owner and times of something made in `parent` (a set-group-ID directory hands its group on). */
  private fresh(parent: DirNode, mode: number): Meta {
    return { mode, uid: this.uid, gid: parent.mode & 0o2000 ? parent.gid : this.gid, mtime: this.core.now() };
  }

  private changeable(path: string, follow: boolean): FsNode {
    const place = this.walk(path, follow);
    if (!place.node) throw new FsError('ENOENT', path);
    if (place.readOnly) throw new FsError('EROFS', path);
    if (this.uid !== 0 && this.uid !== place.node.uid) throw new FsError('EPERM', path);
    const mount = this.core.mounts.get(place.path);
    return mount ? mount.node : place.path === '/' ? place.node : (place.parent.writable(place.name) as FsNode);
  }

  private mayChange(place: Place, path: string) {
    if (place.readOnly) throw new FsError('EROFS', path);
    if (!this.may(place.parent, 3)) throw new FsError('EACCES', path);
    const sticky = place.parent.mode & 0o1000;
    if (sticky && place.node && this.uid !== 0 && this.uid !== place.node.uid && this.uid !== place.parent.uid) {
      throw new FsError('EPERM', path);
    }
  }

  private link(place: Place, node: FsNode) {
    const room = roomOf(place.parent);
    if (room && node.kind !== 'link' && roomOf(node) !== room) {
      const bytes = node.kind === 'dir' ? node.totalBytes() : node.size;
      if (room.take(bytes) < bytes) throw new FsError('ENOSPC', place.path);
      setRoom(node, room);
    }
    place.parent.set(place.name, node);
    place.parent.mtime = this.core.now();
  }

  private drop(place: Place, moved = false) {
    const { node } = place;
    const room = roomOf(place.parent);
    if (room && node && node.kind !== 'link' && !moved)
      room.take(-(node.kind === 'dir' ? node.totalBytes() : node.size));
    place.parent.delete(place.name);
    place.parent.mtime = this.core.now();
  }

  /**
   * What `walk` finds for an absolute path of plain names through directories, as most are; null when there certainly
   * is nothing, undefined for all other paths.
   * `looking`: only the node is wanted, to look at: no directory is laid over.
   */
  private direct(path: string, follow: boolean, looking: boolean): Place | null | undefined {
    const { mounts, root } = this.core;
    const top = mounts.get('/');
    const mounted = mounts.under(path);
    let dir = (top?.node as DirNode) ?? root;
    let readOnly = top ? !!top.readOnly : this.core.readOnly;
    for (let from = 1; ;) {
      const slash = path.indexOf('/', from);
      const name = slash < 0 ? path.slice(from) : path.slice(from, slash);
      if (name === '' || name === '.' || name === '..' || !this.may(dir, 1)) return undefined;
      let node = looking ? dir.peek(name) : dir.get(name);
      if (mounted) {
        const mount = mounts.get(slash < 0 ? path : path.slice(0, slash));
        if (mount) {
          node = mount.node;
          readOnly = mount.readOnly ?? false;
        }
      }
      if (slash < 0) {
        return follow && node?.kind === 'link' ? undefined : { parent: dir, name, node, path, readOnly };
      }
      if (!node) return null;
      if (node.kind !== 'dir') return undefined;
      dir = node;
      from = slash + 1;
    }
  }

  /** Follows `path` part by part. Only the last part may be missing. */
  private walk(path: string, follow: boolean): Place {
    if (path === '') throw new FsError('ENOENT', path);
    const place = path.startsWith('/') ? this.direct(path, follow, false) : undefined;
    if (place) return place;
    const { mounts, root } = this.core;
    const top = mounts.get('/');
    const dirs: DirNode[] = [(top?.node as DirNode) ?? root];
    const names: string[] = [];
    const readOnly: boolean[] = [top ? !!top.readOnly : this.core.readOnly];
    const todo = path.split('/').reverse();
    if (!path.startsWith('/')) {
      const base = this.cwd.split('/');
      for (let i = base.length - 1; i >= 0; i--) todo.push(base[i]);
    }
    let links = 0;
    let last: Place | undefined;
    while (todo.length) {
      const name = todo.pop() as string;
      const dir = dirs[dirs.length - 1];
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (dirs.length > 1) {
          dirs.pop();
          names.pop();
          readOnly.pop();
        }
        continue;
      }
      if (!this.may(dir, 1)) throw new FsError('EACCES', path);
      let node = dir.get(name);
      let barred = readOnly[readOnly.length - 1];
      const at = `/${names.length ? names.join('/') + '/' : ''}${name}`;
      if (mounts.under(at)) {
        const mount = mounts.get(at);
        if (mount) {
          node = mount.node;
          barred = mount.readOnly ?? false;
        }
      }
      const more = todo.some((part) => part !== '' && part !== '.');
      if (node?.kind === 'link' && (follow || more || todo.length)) {
        if (++links > MAX_LINKS) throw new FsError('ELOOP', path);
        const parts = node.target.split('/');
        for (let i = parts.length - 1; i >= 0; i--) todo.push(parts[i]);
        if (node.target.startsWith('/')) {
          dirs.length = 1;
          names.length = 0;
          readOnly.length = 1;
        }
        continue;
      }
      if (node?.kind === 'dir') {
        dirs.push(node);
        names.push(name);
        readOnly.push(barred);
        continue;
      }
      if (more) throw new FsError(node ? 'ENOTDIR' : 'ENOENT', path);
      if (node && todo.length) throw new FsError('ENOTDIR', path);
      last = { parent: dir, name, node, path: at, readOnly: barred };
      break;
    }
    if (last) return last;
    const depth = dirs.length - 1;
    return {
      parent: dirs[depth > 0 ? depth - 1 : 0],
      name: names[depth - 1] ?? '',
      node: dirs[depth],
      path: '/' + names.join('/'),
      readOnly: readOnly[depth],
    };
  }
}
