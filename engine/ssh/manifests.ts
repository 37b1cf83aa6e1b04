// What sets SSH tunnels up: the API server's flags with the folder for its keys, and a port of the kubelets.

import type { Pod } from '../api/types.ts';
import { CONFIG_FILE, installedConfig } from '../kubelet/index.ts';
import type { TreeEntry } from '../linux/index.ts';

/** As the scripts of the time for Google's cloud had them. */
const DIRECTORY = '/etc/srv/sshproxy';
const KEYFILE = `${DIRECTORY}/.sshkeyfile`;
const USER = 'tunnel';
/** So that the tunnel to a node is the one through which its kubelet is reached. */
const ADDRESS_TYPES = '--kubelet-preferred-address-types=';
const PROVIDER = 'gce';

/** The API server's manifest, told to open tunnels. */
export function throughTunnels(apiServer: Pod): Pod {
  const spec = apiServer.spec as NonNullable<Pod['spec']>;
  const [container] = spec.containers;
  const command = (container.command ?? []).map((word) =>
    word.startsWith(ADDRESS_TYPES) ? `${ADDRESS_TYPES}ExternalIP,InternalIP,Hostname` : word,
  );
  return {
    ...apiServer,
    spec: {
      ...spec,
      containers: [
        {
          ...container,
          command: [...command, `--cloud-provider=${PROVIDER}`, `--ssh-user=${USER}`, `--ssh-keyfile=${KEYFILE}`],
          volumeMounts: [...(container.volumeMounts ?? []), { mountPath: DIRECTORY, name: 'srvsshproxy' }],
        },
      ],
      volumes: [
        ...(spec.volumes ?? []),
        { name: 'srvsshproxy', hostPath: { path: DIRECTORY, type: 'DirectoryOrCreate' } },
      ],
    },
  };
}

/** `clusterDNS`: its address. The server looks through its tunnels at the port that needs no certificate. */
export const nodeFiles = (clusterDNS: string): Record<string, TreeEntry> => ({
  [CONFIG_FILE]: installedConfig(clusterDNS).replace(/^resolvConf:/m, 'readOnlyPort: 10255\n$&'),
});
