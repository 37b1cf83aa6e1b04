// A directory that has no entries of its own: what is in it is worked out at every look.

import { DirNode, FsError, type FsNode } from './nodes.ts';

export interface Entries {
  names(): string[];
  entry(name: string): FsNode | undefined;
}

/** `entries` is asked for when somebody first looks into it. */
export class ComputedDir extends DirNode {
  private readonly make: () => Entries;
  private made: Entries | undefined;

  constructor(make: () => Entries) {
    super({ mode: 0o555 });
    this.make = make;
  }

  private get entries(): Entries {
    return (this.made ??= this.make());
  }

  override get(name: string) {
    return this.entries.entry(name);
  }
  override peek(name: string) {
    return this.entries.entry(name);
  }
  override names() {
    return this.entries.names();
  }
  override set(name: string) {
    throw new FsError('EPERM', name);
  }
  override delete(name: string) {
    throw new FsError('EPERM', name);
  }
  override layerBytes() {
    return 0;
  }
  override totalBytes() {
    return 0;
  }
}
