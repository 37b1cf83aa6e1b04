// The directory in which plug-ins show themselves to the kubelet by their sockets: it is told what comes and goes.

import { DirNode, type FsNode } from '../linux/index.ts';
import type { Kubelet } from '../kubelet/index.ts';

const DIRECTORY = '/var/lib/kubelet/plugins_registry';

class WatchedDir extends DirNode {
  private readonly onSet: (name: string) => void;
  private readonly onDelete: (name: string) => void;
  constructor(onSet: (name: string) => void, onDelete: (name: string) => void) {
    super({ mode: 0o750 });
    this.onSet = onSet;
    this.onDelete = onDelete;
  }
  override set(name: string, node: FsNode) {
    super.set(name, node);
    this.onSet(name);
  }
  override delete(name: string) {
    super.delete(name);
    this.onDelete(name);
  }
}

export function watchPlugins(kubelet: Kubelet) {
  const { fs } = kubelet.machine;
  fs.mkdir('/var/lib/kubelet', { recursive: true });
  const directory = new WatchedDir(
    (name) => kubelet.csi.plugged(`${DIRECTORY}/${name}`),
    (name) => kubelet.csi.unplugged(`${DIRECTORY}/${name}`),
  );
  fs.put(DIRECTORY, directory);
}
