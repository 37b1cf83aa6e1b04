// A cluster on a cloud: its machines are the provider's, and the programs that speak with the provider are there.

import type { Client } from '../client/index.ts';
import type { Handle } from '../apiserver/types.ts';
import { installManifests } from '../addons/index.ts';
import type { CloudOptions, ClusterSettings } from '../cluster-options.ts';
import type { Repository } from '../images/types.ts';
import type { Kubelet } from '../kubelet/index.ts';
import { releaseTags } from '../kubeadm/releases.ts';
import { csiImages } from '../csi/images.ts';
import { csiManifests } from '../csi/manifests.ts';
import type { Host, Network } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Sim } from '../sim/index.ts';
import { cloudControllerManager, NAME } from './controller-manager.ts';
import { cloudManifests, managerImage } from './manifests.ts';
import { Provider } from './provider.ts';

/** How long the agent on a machine takes to hear of a new key. */
const GUEST_AGENT_MS = 1000;
/** What kubeadm was told of the kubelet. */
const FLAGS_FILE = '/var/lib/kubelet/kubeadm-flags.env';

export interface CloudSettings {
  sim: Sim;
  network: Network;
  /** Addresses of the machines' router, one of each family. */
  gateway: readonly string[];
  handle: Handle;
  version: string;
  birth: number;
  cloud?: Required<CloudOptions>;
  tunnel: ClusterSettings['tunnel'];
}

export interface Cloud {
  readonly provider: Provider;
  readonly images: readonly Repository[];
  /** A machine of the provider becomes a node. */
  launch(name: string, ips: readonly string[], kubelet: Kubelet): void;
  /** A key opens an account on all machines from now on; whether it is new. */
  installKey(user: string, line: string): boolean;
  /** Creates the objects of the programs that speak with the provider. */
  install(client: Client, clusterCIDR: string): void;
}

export function createCloud(settings: CloudSettings): Cloud {
  const { version, cloud, sim } = settings;
  const provider = new Provider({ ...settings, publicMachines: settings.tunnel === 'ssh' });
  const machines = new Map<string, Host>();
  return {
    provider,
    images: [
      {
        names: [managerImage],
        tags: releaseTags(version),
        size: 19_200_000,
        memory: 21_000_000,
        cpu: 3,
        programs: { [`/bin/${NAME}`]: cloudControllerManager({ ...settings, provider }) },
      },
      ...(cloud?.csiDriver ? csiImages(settings.handle, { provider, machines }) : []),
    ],
    launch(name, ips, kubelet) {
      const { publicIP } = provider.launch(name, ips);
      const { net } = kubelet.machine;
      const device = net.links.find(({ kind }) => kind === 'device');
      if (publicIP && device) net.assign(device, publicIP, 32);
      machines.set(name, kubelet.machine);
      const flags = `--cloud-provider=external --node-ip=${ips.join()}`;
      kubelet.machine.fs.mkdir('/var/lib/kubelet', { recursive: true });
      kubelet.machine.fs.writeFile(FLAGS_FILE, `KUBELET_KUBEADM_ARGS="${flags}"\n`);
    },
    installKey(user, line) {
      const isNew = provider.addSshKey(user, line);
      if (isNew) sim.after(GUEST_AGENT_MS, () => machines.forEach(({ fs }) => part('ssh').authorize(fs, user, line)));
      return isNew;
    },
    install(client, clusterCIDR) {
      installManifests(client, cloudManifests({ version, clusterCIDR, replicas: cloud?.controllerManagers ?? 1 }));
      if (cloud?.csiDriver) installManifests(client, csiManifests());
    },
  };
}
