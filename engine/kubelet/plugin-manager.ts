// The plug-in manager: asks each socket in the plug-ins' directory who it is and hands it to whom its type is for
// (kubernetes/pkg/kubelet/pluginmanager).

import { ApiError } from '../client/index.ts';
import { call, RpcError } from '../linux/grpc.ts';
import type { DirNode, FsNode } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { Kubelet } from './kubelet.ts';
import { PLUGIN_REGISTRY } from './plugin-registry.ts';
import type { PluginHandler } from './types.ts';

const RETRY_MS = 1000;

interface Plugin {
  node: FsNode;
  registered?: { handler: PluginHandler; name: string };
}

export function watchPlugins(kubelet: Kubelet, directory: DirNode) {
  kubelet.sim.spawn('plugin manager', watch(kubelet, directory));
}

function* watch(kubelet: Kubelet, directory: DirNode): Co {
  const known = new Map<string, Plugin>();
  for (;;) {
    known.forEach((plugin, file) => {
      if (directory.get(file) === plugin.node || !kubelet.running) return;
      known.delete(file);
      plugin.registered?.handler.deregister(plugin.registered.name);
    });
    for (const file of directory.names()) {
      const node = directory.get(file);
      if (!node || known.has(file)) continue;
      const plugin: Plugin = { node };
      known.set(file, plugin);
      kubelet.sim.spawn(`plugin ${file}`, register(kubelet, `${PLUGIN_REGISTRY}/${file}`, plugin));
    }
    yield directory.changed;
  }
}

function* register(kubelet: Kubelet, path: string, plugin: Plugin): Co {
  const { fs } = kubelet.machine;
  while (fs.find(path) === plugin.node) {
    try {
      const { type, name, endpoint } = (yield* call(fs, path, 'Registration/GetInfo', {})) as Record<string, string>;
      const handler = type === 'CSIPlugin' ? kubelet.csi : type === 'DRAPlugin' ? kubelet.devices : undefined;
      if (!handler) {
        const error = `no handler registered for plugin type: ${type} at socket ${path}`;
        kubelet.log('E', 'goroutinemap.go:150', `"Operation failed" err="RegisterPlugin error -- ${error}"`);
        yield* call(fs, path, 'Registration/NotifyRegistrationStatus', { plugin_registered: false, error });
        return;
      }
      yield* handler.register(name, endpoint);
      plugin.registered = { handler, name };
      yield* call(fs, path, 'Registration/NotifyRegistrationStatus', { plugin_registered: true });
      return;
    } catch (error) {
      if (!(error instanceof RpcError) && !(error instanceof ApiError)) throw error;
      kubelet.log('E', 'goroutinemap.go:150', `"Operation failed" err="RegisterPlugin error -- ${error.message}"`);
      yield RETRY_MS;
    }
  }
}
