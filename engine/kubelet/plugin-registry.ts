// The directory in which plug-ins show themselves to the kubelet by their sockets. Nobody watches it before something
// first looks into it.

import { part } from '../parts/index.ts';
import type { Kubelet } from './kubelet.ts';
import { LazyDir } from './lazy-dir.ts';
import { ensureDirectory } from './place.ts';

const NAME = 'plugins_registry';
export const PLUGIN_REGISTRY = `/var/lib/kubelet/${NAME}`;

export function placePluginRegistry(kubelet: Kubelet) {
  const directory = new LazyDir((dir) => part('kubelet').watchPlugins(kubelet, dir), 0o750);
  ensureDirectory(kubelet.machine.fs.root, '/var/lib/kubelet')?.set(NAME, directory);
}
