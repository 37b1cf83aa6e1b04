// What a machine's files are before anything has run on it: a tree, and the places where something is put over it. Many
// containers have the same: what stands where nothing is put is looked up once for all of them, and their own layers are
// made when somebody needs them.

import type { DirNode, FsNode } from './nodes.ts';
import { normalize } from './path.ts';
import type { Program } from './types.ts';

/** Layouts that one tree has, and answers that one layout keeps. */
const MAX_KNOWN = 200;

/** By tree, then by places: undefined where the way to one of them is not plain. */
const layouts = new WeakMap<DirNode, Map<string, Layout | undefined>>();

/** The layout of a tree with something put at each of the absolute paths; undefined when a link or a file is in the way. */
export function layoutOf(base: DirNode, places: readonly string[]): Layout | undefined {
  let known = layouts.get(base);
  if (!known) layouts.set(base, (known = new Map()));
  const key = places.join('\0');
  let layout = known.get(key);
  if (layout === undefined && !known.has(key)) {
    if (known.size >= MAX_KNOWN) known.clear();
    layout = places.every((path) => isPlain(base, path)) ? new Layout(base, places) : undefined;
    known.set(key, layout);
  }
  return layout;
}

/** Whether only directories lead to a path, as far as they exist. */
function isPlain(base: DirNode, path: string): boolean {
  if (normalize(path) !== path || path === '/') return false;
  let dir = base;
  const names = path.split('/');
  for (let i = 1; i < names.length; i++) {
    const node = dir.peek(names[i]);
    if (!node) return true;
    if (node.kind !== 'dir') return i === names.length - 1 && node.kind === 'file';
    dir = node;
  }
  return true;
}

export class Layout {
  readonly base: DirNode;
  private readonly places: readonly string[];
  private readonly known = new Map<string, FsNode | null | undefined>();
  private readonly programs = new Map<string, Program | null | undefined>();

  /** The tree never changes. */
  constructor(base: DirNode, places: readonly string[]) {
    this.base = base;
    this.places = places;
  }

  /** What an absolute path leads to: null for nothing, undefined where something put there may change the answer. */
  find(path: string): FsNode | null | undefined {
    const { known } = this;
    let found = known.get(path);
    if (found === undefined && !known.has(path)) {
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(path, (found = this.follow(path)));
    }
    return found;
  }

  /** The program that a command's name or path stands for, by a PATH; null and undefined as of `find`. */
  program(name: string, path: string): Program | null | undefined {
    const { programs } = this;
    const key = `${name}:${path}`;
    let program = programs.get(key);
    if (program === undefined && !programs.has(key)) {
      if (programs.size >= MAX_KNOWN) programs.clear();
      programs.set(key, (program = this.search(name, path)));
    }
    return program;
  }

  private search(name: string, path: string): Program | null | undefined {
    for (const place of name.includes('/') ? [name] : path.split(':').map((dir) => `${dir}/${name}`)) {
      const node = place.startsWith('/') ? this.find(place) : undefined;
      if (node === undefined) return undefined;
      if (node?.kind === 'file' && (node.mode & 0o111) !== 0 && node.program) return node.program;
    }
    return null;
  }

  private follow(path: string): FsNode | null | undefined {
    let todo = path.split('/').reverse();
    let dir = this.base;
    let at = '';
    for (let links = 0; todo.length;) {
      const name = todo.pop() as string;
      if (name === '' || name === '.') continue;
      if (name === '..') return undefined;
      const node = dir.peek(name);
      const here = `${at}/${name}`;
      if (this.places.includes(here)) return undefined;
      if (!node) return this.putBelow(here) ? undefined : null;
      if (node.kind === 'link') {
        if (++links > 10) return undefined;
        todo = todo.concat(node.target.split('/').reverse());
        if (!node.target.startsWith('/')) continue;
        dir = this.base;
        at = '';
      } else if (node.kind === 'file') return todo.length ? undefined : node;
      else {
        dir = node;
        at = here;
      }
    }
    return this.putBelow(at) ? undefined : dir;
  }

  private putBelow(path: string): boolean {
    return this.places.some((place) => place.startsWith(`${path}/`));
  }
}
