// Directories that most Pods never look into cost nothing until somebody does.

import { DirNode, type FsNode } from '../linux/index.ts';

/** A directory that is filled when something first looks into it. */
export class LazyDir extends DirNode {
  private fill: ((dir: DirNode) => void) | undefined;
  constructor(fill: (dir: DirNode) => void, mode = 0o755, gid?: number) {
    super({ mode, gid });
    this.fill = fill;
  }
  private ready() {
    const fill = this.fill;
    this.fill = undefined;
    fill?.(this);
  }
  get filled(): boolean {
    return this.fill === undefined;
  }
  override get(name: string) {
    this.ready();
    return super.get(name);
  }
  override peek(name: string) {
    this.ready();
    return super.peek(name);
  }
  override names() {
    this.ready();
    return super.names();
  }
  override set(name: string, node: FsNode) {
    this.ready();
    super.set(name, node);
  }
}
