// Container Device Interface: what the files of devices on the node say about the containers that get them (containerd's
// part; cncf-tags/container-device-interface).

import type { Container } from '../api/types.ts';
import type { FileSystem } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { CreateError } from './confinement.ts';
import type { PodWorker } from './pod-worker.ts';

const DIRECTORIES = ['/etc/cdi', '/var/run/cdi'];
const MODELLED = new Set(['env']);

interface Edits {
  env?: string[];
}
interface Spec {
  kind: string;
  devices?: { name: string; containerEdits?: Edits }[];
  containerEdits?: Edits;
}

/** The variables that the container's devices bring. Throws CreateError. */
export function deviceEnvironment(worker: PodWorker, container: Container): Record<string, string> {
  const ids = worker.kubelet.devices.devicesOf(worker, container);
  const env: Record<string, string> = {};
  if (ids.length === 0) return env;
  const edits = editsOf(worker.kubelet.machine.fs);
  const unknown = ids.filter((id) => !edits.has(id));
  if (unknown.length > 0)
    throw new CreateError(`CDI device injection failed: unresolvable CDI devices ${unknown.join(', ')}`);
  for (const id of ids)
    for (const one of edits.get(id) ?? []) {
      for (const field in one)
        if (!MODELLED.has(field))
          throw new CreateError(`containerEdits.${field} of CDI devices is not modelled by this engine: env is`);
      for (const variable of one.env ?? []) {
        const equals = variable.indexOf('=');
        env[variable.slice(0, equals)] = variable.slice(equals + 1);
      }
    }
  return env;
}

/** By the devices' full names. */
function editsOf(fs: FileSystem): Map<string, Edits[]> {
  const edits = new Map<string, Edits[]>();
  for (const directory of DIRECTORIES) {
    const dir = fs.find(directory);
    if (dir?.kind !== 'dir') continue;
    for (const name of dir.names()) {
      const file = dir.get(name);
      if (file?.kind !== 'file' || !/\.(json|yaml)$/.test(name)) continue;
      const spec = part('yaml').parseDocument(file.text).toJS() as Spec | null;
      for (const device of spec?.devices ?? []) {
        const all = [spec?.containerEdits, device.containerEdits].filter((one) => one !== undefined);
        edits.set(`${spec?.kind}=${device.name}`, all);
      }
    }
  }
  return edits;
}
