// A manifest that an installer wrote from an object: its text is made when somebody reads it, and the kubelet need
// not parse what it has in hand. Once written to, it is a file like any other.

import { FileNode } from '../linux/index.ts';

export class ManifestFile extends FileNode {
  private readonly object: object;

  constructor(object: object, text: (object: object) => string, mtime: number) {
    super(() => text(object), { mode: 0o600, mtime });
    this.object = object;
  }

  /** The object, as long as nobody has written to the file. */
  get untouched(): object | undefined {
    return this.computed ? this.object : undefined;
  }
}
