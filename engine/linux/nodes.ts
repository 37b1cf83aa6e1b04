// What file systems are made of: files, directories, symbolic links, and the errors of libc. A directory may lie
// over a lower one (an image's tree, shared by all of its containers).

import { Signal } from '../sim/index.ts';
import { byteLength } from './bytes.ts';
import { fitting, roomOf } from './room.ts';
import type { Pipe } from './pipe.ts';
import type { Program } from './types.ts';

/** What libc's strerror says for each error that a file system gives. */
export const ERRORS = {
  ENOENT: 'No such file or directory',
  EEXIST: 'File exists',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  EROFS: 'Read-only file system',
  ENOTEMPTY: 'Directory not empty',
  ELOOP: 'Too many levels of symbolic links',
  EINVAL: 'Invalid argument',
  EBUSY: 'Device or resource busy',
  ENOSPC: 'No space left on device',
} as const;

export type FsCode = keyof typeof ERRORS;

/** Thrown by every operation that fails; `message` is the libc text alone, without the path. */
export class FsError extends Error {
  readonly code: FsCode;
  readonly path: string;
  constructor(code: FsCode, path: string) {
    super(ERRORS[code]);
    this.code = code;
    this.path = path;
  }
}

/** What programs put where the path would stand when they fail in the middle of a file. */
const WRITE = 'write error';

export type FsNode = FileNode | DirNode | LinkNode;

/** Special files: what `open` finds there instead of content. */
export type Device = 'null' | 'zero' | 'full' | 'random' | 'tty' | 'stdin' | 'stdout' | 'stderr';

export interface Meta {
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
}

export class FileNode {
  readonly kind = 'file';
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  nlink = 1;
  /** A command: what runs when the file is executed. */
  program?: Program;
  device?: Device;
  /** A block device: its content is what is on it. */
  block?: boolean;
  /** A named pipe. */
  fifo?: Pipe;
  /** Size in bytes where the content does not tell it (a program's binary). */
  bytes?: number;
  private content: string | (() => string);
  private tail: string[] | undefined;
  private watched: Signal | undefined;

  constructor(content: string | (() => string) = '', meta: Meta = {}) {
    this.content = content;
    this.mode = meta.mode ?? 0o644;
    this.uid = meta.uid ?? 0;
    this.gid = meta.gid ?? 0;
    this.mtime = meta.mtime ?? 0;
  }

  get text(): string {
    if (typeof this.content === 'function') return this.content();
    if (this.tail) {
      this.content += this.tail.join('');
      this.tail = undefined;
    }
    return this.content;
  }

  set text(text: string) {
    const room = roomOf(this);
    room?.take(-this.size);
    const written = room ? fitting(this, text) : text;
    if (typeof this.content === 'function') this.bytes = undefined;
    this.content = written;
    this.tail = undefined;
    this.watched?.fire();
    if (written.length < text.length) throw new FsError('ENOSPC', WRITE);
  }

  /** Its content is made when it is read; so many bytes. */
  compute(content: () => string, bytes: number) {
    const room = roomOf(this);
    room?.take(-this.size);
    const fit = room ? room.take(bytes) : bytes;
    this.content = fit < bytes ? () => content().slice(0, fit) : content;
    this.tail = undefined;
    this.bytes = fit;
    this.watched?.fire();
    if (fit < bytes) throw new FsError('ENOSPC', WRITE);
  }

  /** Adds at the end without joining strings until somebody reads (logs grow by many small lines). */
  append(text: string) {
    if (typeof this.content === 'function') {
      this.content = this.content();
      this.bytes = undefined;
    }
    const written = fitting(this, text);
    (this.tail ??= []).push(written);
    this.watched?.fire();
    if (written.length < text.length) throw new FsError('ENOSPC', WRITE);
  }

  /** Fires on every change of the content. */
  get changed(): Signal {
    return (this.watched ??= new Signal());
  }

  /** Its content is computed: nobody has written to it. */
  get computed(): boolean {
    return typeof this.content === 'function';
  }

  get size(): number {
    return this.bytes ?? (this.device || this.fifo || this.block ? 0 : byteLength(this.text));
  }

  copy(): FileNode {
    const copy = new FileNode(this.content, this);
    if (this.tail) copy.tail = this.tail.slice();
    copy.program = this.program;
    copy.device = this.device;
    copy.fifo = this.fifo;
    copy.bytes = this.bytes;
    return copy;
  }
}

export class LinkNode {
  readonly kind = 'link';
  mode = 0o777;
  uid: number;
  gid: number;
  mtime: number;
  target: string;
  constructor(target: string, meta: Meta = {}) {
    this.target = target;
    this.uid = meta.uid ?? 0;
    this.gid = meta.gid ?? 0;
    this.mtime = meta.mtime ?? 0;
  }
  get size(): number {
    return byteLength(this.target);
  }
}

/** Counts the changes of all directories, and of what is mounted: while it stands still, nothing is new anywhere. */
export const changes = { last: 0 };

export class DirNode {
  readonly kind = 'dir';
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  readonly size = 4096;
  /** Another one with every entry that comes, goes or is replaced. */
  version = 0;
  /** Entries of this layer; the lower one's show through where this has none and has not removed them. */
  private own: Map<string, FsNode> | undefined;
  private readonly lower: DirNode | undefined;
  private removed: Set<string> | undefined;
  private watched: Signal | undefined;

  constructor(meta: Meta & { lower?: DirNode } = {}) {
    this.lower = meta.lower;
    this.mode = meta.mode ?? meta.lower?.mode ?? 0o755;
    this.uid = meta.uid ?? meta.lower?.uid ?? 0;
    this.gid = meta.gid ?? meta.lower?.gid ?? 0;
    this.mtime = meta.mtime ?? meta.lower?.mtime ?? 0;
  }

  get(name: string): FsNode | undefined {
    const own = this.own?.get(name);
    if (own || !this.lower || this.removed?.has(name)) return own;
    const below = this.lower.get(name);
    if (below?.kind !== 'dir') return below;
    const over = new DirNode({ lower: below });
    this.set(name, over);
    return over;
  }

  /** The entry as it is, for looking on: a lower layer's directory is not laid over. */
  peek(name: string): FsNode | undefined {
    return this.own?.get(name) ?? (this.removed?.has(name) ? undefined : this.lower?.peek(name));
  }

  /** The entry as one that may be changed: a lower layer's file is copied up first. */
  writable(name: string): FsNode | undefined {
    const node = this.get(name);
    if (!node || node.kind === 'dir' || this.own?.has(name)) return node;
    const copy = node.kind === 'file' ? node.copy() : new LinkNode(node.target, node);
    this.set(name, copy);
    return copy;
  }

  set(name: string, node: FsNode) {
    (this.own ??= new Map()).set(name, node);
    this.version = ++changes.last;
    this.watched?.fire();
  }

  delete(name: string) {
    this.own?.delete(name);
    if (this.lower?.get(name)) (this.removed ??= new Set()).add(name);
    this.version = ++changes.last;
    this.watched?.fire();
  }

  /** Fires when an entry comes, goes or is replaced. */
  get changed(): Signal {
    return (this.watched ??= new Signal());
  }

  names(): string[] {
    const names: string[] = [];
    this.own?.forEach((_node, name) => names.push(name));
    if (this.lower) {
      for (const name of this.lower.names()) if (!this.own?.has(name) && !this.removed?.has(name)) names.push(name);
    }
    return names.sort();
  }

  get empty(): boolean {
    return this.names().length === 0;
  }

  /** The lower directory, when nothing has been changed over it here or below. */
  get unchanged(): DirNode | undefined {
    let same = !this.removed;
    this.own?.forEach((node) => {
      if (node.kind !== 'dir' || !node.unchanged) same = false;
    });
    return same ? this.lower : undefined;
  }

  /** Bytes of the files in this layer alone: what a container has written. */
  layerBytes(): number {
    let sum = 0;
    this.own?.forEach((node) => (sum += node.kind === 'dir' ? node.layerBytes() : node.size));
    return sum;
  }

  /** Bytes of everything below. */
  totalBytes(): number {
    let sum = 0;
    for (const name of this.names()) {
      const node = this.get(name) as FsNode;
      sum += node.kind === 'dir' ? node.totalBytes() : node.size;
    }
    return sum;
  }
}

export type TreeEntry = string | (() => string) | FsNode;

/** A tree from paths to contents, over `lower` if there is one; a path that ends in `/` is an empty directory. */
export function tree(entries: Record<string, TreeEntry>, mtime = 0, lower?: DirNode): DirNode {
  const root = new DirNode({ mtime, lower });
  for (const path in entries) {
    const names = path.split('/').filter(Boolean);
    const entry = entries[path];
    let dir = root;
    const depth = path.endsWith('/') ? names.length : names.length - 1;
    for (let i = 0; i < depth; i++) {
      let next = dir.get(names[i]);
      if (next?.kind !== 'dir') {
        next = new DirNode({ mtime });
        dir.set(names[i], next);
      }
      dir = next;
    }
    if (depth < names.length) {
      dir.set(names[depth], typeof entry === 'object' ? entry : new FileNode(entry, { mtime }));
    }
  }
  return root;
}
