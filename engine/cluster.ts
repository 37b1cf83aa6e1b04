// A cluster put together: store, API server, controllers, scheduler, a kubelet a node, and the machine in front
// of which the reader sits. Every component reaches the others through the API server only.

import { addonImages, installAddons, installManifests, withOwnSchedulers } from './addons/index.ts';
import { Addressing, DNS_DOMAIN, dnsServiceIP, serverURL } from './addressing.ts';
import { createScheme } from './api/index.ts';
import { ClientCertificates } from './apiserver/authentication/client-certificates.ts';
import { ApiServer } from './apiserver/index.ts';
import type { LoggedRequest } from './apiserver/request-log.ts';
import type { Handle } from './apiserver/types.ts';
import { Client } from './client/index.ts';
import { readOptions, type ClusterOptions } from './cluster-options.ts';
import { CommandRequests } from './command-requests.ts';
import { startDatacenter } from './datacenter.ts';
import type { HostCalls } from './host-calls.ts';
import { createRegistry } from './images/index.ts';
import { kubeconfig } from './kubeadm/kubeconfig.ts';
import { publishTrust } from './kubeadm/cluster-trust.ts';
import { startComponents } from './kubeadm/components.ts';
import { kubectlPrograms } from './kubectl-programs.ts';
import type { Kubelet } from './kubelet/index.ts';
import { createHost, type Host, Network, type TreeEntry } from './linux/index.ts';
import { blankFiles, diskOf } from './machine-files.ts';
import { createMachines, HOST, systemPrograms } from './machines.ts';
import { lazyProgram, part } from './parts/index.ts';
import { credentials, type Credentials } from './pki/credentials.ts';
import { Sim } from './sim/index.ts';
import { clientFiles } from './ssh/daemon.ts';

export type { ClusterOptions };

export interface Cluster {
  readonly sim: Sim;
  readonly handle: Handle;
  readonly certificates: ClientCertificates;
  /** The administrator's client. */
  readonly client: Client;
  /** The reader's machine and its home directory. */
  readonly workstation: Host;
  readonly home: string;
  /** Who types on the reader's machine: an ordinary user. */
  readonly uid: number;
  /** Nodes by name: what runs in a node's shell runs there. */
  readonly machines: ReadonlyMap<string, Host>;
  /** A command line of the reader begins. */
  commandStarts(): void;
  /** The API requests since then, the components' too. */
  requests(): LoggedRequest[];
}

/** Virtual time between kubeadm's last line and the reader's first command, ms: nodes are Ready by then. */
const SETTLE = 120_000;
/** Konnectivity's agents are started when the Pods' network is there, ms. */
const AGENTS_AFTER = 30_000;
const HOME = '/home/user';
const USER_ID = 1000;
const SSH_FILES = ['config', 'id_ed25519', 'id_ed25519.pub', 'known_hosts'].map((name) => `/.ssh/${name}`);
const MASTERS = ['system:masters', 'system:authenticated'];

export function createCluster(options: ClusterOptions, hostCalls: HostCalls): Cluster {
  const settings = readOptions(options);
  const sim = new Sim({ seed: settings.seed, start: settings.birth - SETTLE });
  const born = credentials(settings.birth);
  /** Whether there is a cluster at the reader's first command. */
  const hasCluster = settings.controlPlanes > 0;
  const addressing = new Addressing(settings.families);
  const serviceCIDR = addressing.serviceCIDR(!hasCluster);
  const ranges = { podCIDR: addressing.podCIDR, serviceCIDR, clusterDNS: dnsServiceIP(serviceCIDR) };
  const [firstIP] = addressing.machine(0);
  const scheme = createScheme();
  const apiServer = new ApiServer({
    sim,
    scheme,
    version: settings.version,
    address: firstIP,
    serviceCIDR,
    authorizationMode: 'Node,RBAC',
  });
  const serve = apiServer.handle;
  if (hasCluster) {
    apiServer.bootstrap();
    publishTrust(apiServer, born.ca, born.notBefore);
  }

  const network = new Network(sim);
  const clientOf = (through: Handle, component: string, name: string, groups: string[]): Client =>
    new Client(through, `${component}/${settings.version} (linux/amd64) kubernetes`, { name, groups });
  const { controlPlane, scheduler } = startComponents({
    ...ranges,
    sim,
    apiServer,
    serve,
    born,
    version: settings.version,
    addresses: settings.nodes.slice(0, settings.controlPlanes).map((_, index) => addressing.machine(index)[0]),
    birth: settings.birth,
    tunnel: settings.tunnel,
    installKey: settings.cloud && ((user, line) => cloud?.installKey(user, line) ?? false),
    clientOf,
  });
  const { handle } = controlPlane;
  const certificates = new ClientCertificates(sim, born);
  const cloud =
    settings.cloud && part('cloud').createCloud({ sim, network, gateway: addressing.gateway, handle, ...settings });
  const kubectlOf = kubectlPrograms({ controlPlane, serve, certificates, ca: born.ca });
  const kubectl = kubectlOf(settings.version);
  const kubelets = new Map<string, Kubelet>();
  const images = createRegistry({
    kubectl,
    repositories: [
      ...withOwnSchedulers(controlPlane.repositories, handle),
      ...addonImages(handle, settings.version, {
        core: apiServer,
        kubelets,
        connected: certificates.connected.bind(certificates),
      }),
      ...(cloud?.images ?? []),
      ...(settings.cni === 'calico' ? part('networks').calicoImages(handle) : []),
    ],
  });
  const kubeadm = clientOf(handle, 'kubeadm', 'kubernetes-admin', MASTERS);
  const jq = lazyProgram(() => part('tools').createJq((args, input) => hostCalls.jq(args, input)));
  const system = systemPrograms(sim);
  const machines = createMachines(
    {
      sim,
      settings,
      addressing,
      ranges,
      network,
      scheme,
      images,
      apiServer,
      controlPlane,
      cloud,
      born,
      kubeadm,
      clientOf,
      kubectlOf,
      jq,
      kubelets,
    },
    system,
  );

  const plug = (name: string, connected: boolean) => {
    const net = machines.get(name)?.net;
    for (const link of net?.links ?? []) if (link.kind === 'device') link.up = connected;
    net?.routes.changed();
    controlPlane.plug(name, connected);
    kubelets.forEach((kubelet, other) => kubelet.link(controlPlane.connects(other)));
  };
  kubelets.forEach((kubelet, name) => (kubelet.plug = (connected) => plug(name, connected)));

  const commandRequests = new CommandRequests(apiServer.requests);
  const client = new Client(serve, 'kubebook', { name: 'kubernetes-admin', groups: MASTERS });
  const simCommand = lazyProgram(() =>
    part('sim').createSimCommand({
      sim,
      client,
      kubelets,
      machines,
      images: images.faults,
      plugged: (name) => controlPlane.plugged(name),
      plug,
      requests: (all) => commandRequests.list(all),
      explain: (pod) => scheduler()?.explain(pod),
      egress: () => apiServer.egress.cluster,
      kubeletAddress: (name) => apiServer.kubeletAddress(name),
      cloud: cloud?.provider,
    }),
  );

  const names: Record<string, readonly string[]> = { workstation: addressing.workstation };
  [...machines.keys()].forEach((name, index) => (names[name] = addressing.machine(index)));
  const router = startDatacenter(network, names, addressing);
  cloud?.provider.connect(router);
  const workstationNet = addressing.machineOn(network, 'workstation', addressing.workstation);
  const { workstation: _own, ...others } = names;
  const files = workstationFiles(addressing.nameServer[0], serverURL(firstIP), hasCluster ? born : undefined, others);
  const home = diskOf(sim, system, files);
  home.mkdir(`${HOME}/.kube`, { recursive: true });
  home.chmod(`${HOME}/.ssh`, 0o700);
  for (const path of ['', '/.kube', '/.kube/config', '/.ssh', ...SSH_FILES].map((one) => HOME + one))
    if (home.exists(path)) home.chown(path, USER_ID, USER_ID);
  const workstation = createHost({
    ...HOST,
    sim,
    hostname: 'workstation',
    fs: home,
    net: workstationNet,
    env: { ...HOST.env, HOME, USER: 'user' },
    programs: {
      kubectl,
      istioctl: lazyProgram(() => part('istio').createIstioctl(kubectl)),
      sim: simCommand,
      jq,
    },
  });

  if (hasCluster) {
    const isBinary = settings.installer === 'binary';
    if (!isBinary) controlPlane.configure(kubeadm);
    installAddons(kubeadm, {
      version: settings.version,
      server: controlPlane.server,
      clusterCIDR: ranges.podCIDR,
      dns: { domain: DNS_DOMAIN, address: ranges.clusterDNS },
      blankMachines: settings.machines.length > 0,
      kubeProxy: !isBinary,
      proxyMode: settings.proxyMode,
      ingressController: settings.ingressController,
      cni: settings.cni,
      cloud: cloud !== undefined,
    });
    cloud?.install(kubeadm, ranges.podCIDR);
    if (settings.tunnel === 'konnectivity')
      sim.after(AGENTS_AFTER, () => installManifests(kubeadm, part('konnectivity').agentManifests(firstIP)));
  }
  sim.runUntil(settings.birth);
  return {
    sim,
    handle,
    certificates,
    client,
    workstation,
    home: HOME,
    uid: USER_ID,
    machines,
    commandStarts: () => commandRequests.mark(),
    requests: () => commandRequests.present(),
  };
}

/** `own`: what the cluster has for its administrator; undefined when there is none yet. */
const workstationFiles = (
  nameServer: string,
  server: string,
  own: Credentials | undefined,
  machines: Readonly<Record<string, readonly string[]>>,
): Record<string, TreeEntry> => ({
  ...blankFiles('workstation', nameServer, 'user:x:1000:1000::/home/user:/bin/bash\n', machines),
  ...clientFiles(HOME, machines),
  ...(own && { [`${HOME}/.kube/config`]: kubeconfig({ ...own, server, user: 'kubernetes-admin' }) }),
});
