// A cluster put together: store, API server, controllers, scheduler, a kubelet a node, and the machine in front
// of which the reader sits. Every component reaches the others through the API server only.

import { addonImages, installAddons, installManifests, withOwnSchedulers } from './addons/index.ts';
import { konnectivityImages } from './addons/konnectivity.ts';
import { utf8Base64 } from './api/base64.ts';
import { createScheme } from './api/index.ts';
import { cniFiles, runtimeNetwork } from './cni/config.ts';
import { prepareNode } from './cni/node.ts';
import { ClientCertificates } from './apiserver/authentication/client-certificates.ts';
import { ApiServer } from './apiserver/index.ts';
import { minorOf } from './apiserver/release.ts';
import type { LoggedRequest } from './apiserver/request-log.ts';
import type { Handle } from './apiserver/types.ts';
import { Client, InformerFactory } from './client/index.ts';
import { readOptions, type ClusterOptions } from './cluster-options.ts';
import { CommandRequests } from './command-requests.ts';
import { startControllers } from './controllers/index.ts';
import type { HostCalls } from './host-calls.ts';
import { createRegistry } from './images/index.ts';
import { NAME_SERVER, publicAuthority, startDatacenter } from './datacenter.ts';
import { createJq } from './jq.ts';
import { kubeconfig } from './kubeadm/certificate-files.ts';
import { ControlPlane } from './kubeadm/control-plane.ts';
import { CONTROL_PLANE_LABELS, CONTROL_PLANE_TAINT } from './kubeadm/control-plane-manifests.ts';
import { KUBELET_CONF, kubeletCertificates, kubeletConf } from './kubeadm/kubelet-certificates.ts';
import { isEnabled } from './kubeadm/manager-flags.ts';
import { nodePrograms, unitFiles, unitFilesWith } from './kubeadm/node-programs.ts';
import {
  DOCKER_LIST,
  dockerLine,
  KEY_FILE,
  REPOSITORY_KEY,
  Software,
  SOURCE_LIST,
  sourceLine,
} from './kubeadm/software.ts';
import { CONFIG, CONFIG_FILE, Kubelet, RUNTIMES, type NodeSpec, type RuntimeName } from './kubelet/index.ts';
import {
  createHost,
  DEFAULT_ROUTE6,
  devices,
  type DirNode,
  FileSystem,
  type Link,
  Network,
  type NetworkNamespace,
  programTree,
  tree,
  type Host,
  type Process,
  type Program,
  type TreeEntry,
} from './linux/index.ts';
import { commands } from './linux/commands/names.ts';
import { lazyProgram, part, shell } from './parts/index.ts';
import { credentials, type Credentials } from './pki/credentials.ts';
import { startScheduler, type Scheduler } from './scheduler/index.ts';
import { Sim } from './sim/index.ts';

export type { ClusterOptions };

export interface Cluster {
  readonly sim: Sim;
  readonly handle: Handle;
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
/** Of what people start: the numbers below belong to a machine's own processes. */
const FIRST_PID = 1000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Where the nodes' ranges for Pods come from. */
const CLUSTER_CIDR = '10.244.0.0/16';
const DUAL_CLUSTER_CIDR = `${CLUSTER_CIDR},fd00:10:244::/56`;
const DUAL_SERVICE_CIDR = '10.96.0.0/16,fd00:10:96::/112';
/** The machines' own network, and the way out of it. */
const NODE_BITS = 16;
const GATEWAY = '10.0.0.1';
const GATEWAY6 = 'fd00:10::1';
/** The API server as the administrator's kubeconfig names it, and as Pods are told of it. */
const SERVER = 'https://10.0.0.10:6443';
const SERVICE = 'https://10.96.0.1:443';
const WORKSTATION = '10.0.255.1';
const MASTERS = ['system:masters', 'system:authenticated'];

export function createCluster(options: ClusterOptions, hostCalls: HostCalls): Cluster {
  const settings = readOptions(options);
  const sim = new Sim({ seed: settings.seed, start: settings.birth - SETTLE });
  const born = credentials(settings.birth);
  /** Whether there is a cluster at the reader's first command. */
  const hasCluster = settings.controlPlanes > 0;
  // kubeadm's own range is the wider one.
  const serviceCIDR = hasCluster ? (settings.dualStack ? DUAL_SERVICE_CIDR : '10.96.0.0/16') : '10.96.0.0/12';
  const clusterCIDR = settings.dualStack ? DUAL_CLUSTER_CIDR : CLUSTER_CIDR;
  const scheme = createScheme();
  const apiServer = new ApiServer({
    sim,
    scheme,
    version: settings.version,
    address: nodeAddress(0),
    serviceCIDR,
    authorizationMode: 'Node,RBAC',
  });
  const serve: Handle = (request) => apiServer.handle(request);
  if (hasCluster) apiServer.bootstrap();

  const network = new Network(sim);
  const clientOf = (component: string, name: string, groups: string[], through = handle): Client =>
    new Client(through, `${component}/${settings.version} (linux/amd64) kubernetes`, { name, groups });
  let scheduler: Scheduler | undefined;
  const controlPlane: ControlPlane = new ControlPlane({
    sim,
    version: settings.version,
    addresses: settings.nodes.slice(0, settings.controlPlanes).map((_, index) => nodeAddress(index)),
    podCIDR: clusterCIDR,
    serviceCIDR,
    ca: born.ca,
    made: born.notBefore,
    admin: born,
    store: apiServer.etcd,
    bootstrap(net) {
      apiServer.runsOn(net);
      apiServer.bootstrap();
    },
    serves: (version) => apiServer.setVersion(version),
    birth: settings.birth,
    serve,
    client: (name) => clientOf(name, `system:${name}`, ['system:authenticated']),
    startScheduler: (client, host, version) =>
      (scheduler = startScheduler({
        sim,
        client,
        informers: new InformerFactory(client),
        host,
        release: minorOf(version),
      })),
    tunnel: settings.tunnel !== '',
    stored: (kv) => part('control-plane').stored(apiServer, kv),
    configureServer({ tokens, passwords, openId, authorizationMode, kubeletCA, egress, encryption }) {
      apiServer.passwords = passwords;
      apiServer.openId = openId;
      apiServer.encrypt(encryption);
      apiServer.staticTokens.users = tokens;
      apiServer.authorizer = apiServer.authorizers[authorizationMode];
      apiServer.kubeletCA = kubeletCA;
      apiServer.tunnel = egress;
    },
    startControllers: (client, flags, version) =>
      startControllers({
        sim,
        client: (name) => clientOf('kube-controller-manager', name, groupsOf(name)),
        informers: new InformerFactory(client),
        rootCA: born.ca,
        clusterCIDR: flags.clusterCIDR,
        enabled: (name) =>
          isEnabled(flags.controllers, name) && (name !== 'node-ipam-controller' || flags.allocateNodeCIDRs),
        nodeMonitor: { period: flags.nodeMonitorPeriod, grace: flags.nodeMonitorGracePeriod },
        release: minorOf(version),
      }),
  });
  const { handle } = controlPlane;
  const certificates = new ClientCertificates(sim, born);
  const cloud = settings.cloud && part('cloud').createCloud({ sim, network, gateway: GATEWAY, handle, ...settings });
  const kubectls = new Map<string, Program>();
  const kubectlOf = (version: string): Program => {
    let program = kubectls.get(version);
    if (!program)
      kubectls.set(
        version,
        (program = lazyProgram(() =>
          part('kubectl').createKubectl({
            transport: (request, { user }) =>
              controlPlane.answered(() =>
                serve(certificates.connected(request, user['client-certificate-data'], user['client-key-data'])),
              ),
            known: ({ server, cluster }) =>
              !cluster['tls-server-name'] &&
              (server === SERVICE ||
                (controlPlane.isServer(server) && cluster['certificate-authority-data'] === utf8Base64(born.ca))),
            version,
          }),
        )),
      );
    return program;
  };
  const kubectl = kubectlOf(settings.version);
  const software = new Map<string, Software>();
  const softwareAt = (hostname: string): Software => {
    let found = software.get(hostname);
    const version = settings.machines.includes(hostname) ? undefined : settings.version;
    if (!found) software.set(hostname, (found = new Software(version, RUNTIMES[settings.runtime].unit)));
    return found;
  };
  const softwareOf = ({ host }: Process): Software => softwareAt(host.hostname);
  /** What every machine has. */
  const system = programTree({ ...commands, '/bin/sh': shell('sh'), '/bin/bash': shell('bash') }, sim.now);
  const kubelets = new Map<string, Kubelet>();
  const jq = createJq((args, input) => hostCalls.jq(args, input));
  const programs = nodePrograms({
    client: clientOf('kubeadm', 'kubernetes-admin', MASTERS),
    controlPlane,
    kubeletOf: ({ host }) => kubelets.get(host.hostname) as Kubelet,
    softwareOf,
    kubectl: (process) => kubectlOf(softwareOf(process).release('kubectl'))(process),
  });
  const binary =
    settings.installer === 'binary'
      ? new (part('machine').BinaryInstall)({
          version: settings.version,
          podCIDR: CLUSTER_CIDR,
          serviceCIDR,
          proxyMode: settings.proxyMode,
          ca: born.ca,
          made: born.notBefore,
          controlPlane,
          proxyClient: (name) =>
            clientOf('kube-proxy', 'system:kube-proxy', ['system:node-proxier', 'system:authenticated'], (request) =>
              controlPlane.handleFrom(name, request),
            ),
          kubelet: programs.packaged.kubelet,
        })
      : undefined;
  const nodeSystem = programTree({ ...programs.system, ...programs.packaged, jq }, sim.now, system);
  /** Of machines on which nothing of Kubernetes has been installed. */
  const blankSystem = settings.machines.length ? programTree({ ...programs.system, jq }, sim.now, system) : nodeSystem;
  const images = createRegistry({
    kubectl,
    repositories: [
      ...withOwnSchedulers(controlPlane.repositories, handle),
      ...addonImages(handle, settings.version, { core: apiServer, kubelets }),
      ...konnectivityImages({ handle, connected: certificates.connected.bind(certificates) }),
      ...(cloud?.images ?? []),
      ...(settings.cni === 'calico' ? part('networks').calicoImages(handle) : []),
    ],
  });

  const kubeadm = clientOf('kubeadm', 'kubernetes-admin', MASTERS);
  const machines = new Map<string, Host>();
  const networks = settings.cni === 'flannel' ? undefined : part('networks');
  const builtIn = settings.cni === 'kubenet' ? networks?.kubenet : undefined;
  [...settings.nodes, ...settings.machines].forEach((name, index) => {
    const isControlPlane = index < settings.controlPlanes;
    const isBlank = index >= settings.nodes.length;
    const ip = nodeAddress(index);
    const net = network.namespace([], name);
    const eth0 = net.plug('eth0', ip, NODE_BITS, GATEWAY);
    const ip6 = settings.dualStack ? nodeAddress6(index) : undefined;
    if (ip6) enableIPv6(net, eth0, ip6);
    if (!isBlank) prepareNode(net);
    networks?.prepare(settings.cni, net, CLUSTER_CIDR, () =>
      settings.nodes.map((_, other) => ({ ip: nodeAddress(other), subnet: nodeRange(other) })),
    );
    const installed = isBlank
      ? NOTHING
      : (binary?.install(name, ip, isControlPlane, sim.now) ??
        (isControlPlane ? controlPlane.install(name, ip, sim.now) : NOTHING));
    const fs = isBlank
      ? fileSystem(sim, blankSystem, blankFiles(name), BLANK_DIRECTORIES)
      : fileSystem(
          sim,
          nodeSystem,
          {
            ...machineFiles(name, settings.runtime),
            [SOURCE_LIST]: sourceLine(settings.version),
            [DOCKER_LIST]: dockerLine,
            [KEY_FILE]: REPOSITORY_KEY,
            ...(networks ? networks.networkFiles(settings.cni, nodeRange(index)) : cniFiles()),
            ...kubeletCertificates(name, ip, born.notBefore, sim.now),
            [KUBELET_CONF]: () => kubeletConf(controlPlane.server, born.ca, name),
            ...installed.files,
          },
          MACHINE_DIRECTORIES,
        );
    const machine = createHost({
      sim,
      hostname: name,
      fs,
      net,
      env: { PATH, HOME: '/root' },
      firstPid: FIRST_PID,
    });
    machines.set(name, machine);
    if (index === 0) apiServer.runsOn(net);
    const node: NodeSpec = isControlPlane
      ? {
          name,
          ip,
          ip6,
          taints: settings.tainted ? [CONTROL_PLANE_TAINT] : [],
        }
      : { name, ip, ip6 };
    const client = clientOf('kubelet', `system:node:${name}`, ['system:nodes', 'system:authenticated'], (request) =>
      controlPlane.handleFrom(name, request),
    );
    const version = { kubeletVersion: settings.version };
    const kubelet: Kubelet = new Kubelet({
      sim,
      client,
      node: {
        ...node,
        ...version,
        runtime: settings.runtime,
        cloudProvider: cloud && 'external',
        runtimeHandlers: settings.kata.includes(name) ? ['kata'] : undefined,
      },
      network,
      images,
      machine,
      scheme,
      ...runtimeNetwork(fs, net, builtIn),
    });
    for (const image of installed.images) kubelet.images.preload(image);
    cloud?.launch(name, ip, kubelet);
    kubelets.set(name, kubelet);
    apiServer.kubelets.set(name, kubelet);
    if (isBlank) {
      kubelet.runtimeRuns = false;
      return;
    }
    kubelet.start();
    binary?.start(kubelet, softwareAt(name), isControlPlane);
    // A kubelet may not say of itself what its node is for.
    if (isControlPlane)
      kubeadm.of('v1', 'nodes', false).patch('', name, 'strategic', { metadata: { labels: CONTROL_PLANE_LABELS } });
  });

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
      plug(name, connected) {
        const net = machines.get(name)?.net;
        for (const link of net?.links ?? []) if (link.kind === 'device') link.up = connected;
        net?.routes.changed();
        controlPlane.plug(name, connected);
        kubelets.forEach((kubelet, other) => kubelet.link(controlPlane.connects(other)));
      },
      requests: (all) => commandRequests.list(all),
      explain: (pod) => scheduler?.explain(pod),
      cloud: cloud?.provider,
    }),
  );

  const home = fileSystem(sim, system, workstationFiles(hasCluster ? born : undefined), [
    '/root',
    '/tmp',
    '/var/log',
    `${HOME}/.kube`,
  ]);
  for (const path of [HOME, `${HOME}/.kube`, `${HOME}/.kube/config`])
    if (home.exists(path)) home.chown(path, USER_ID, USER_ID);
  const router = startDatacenter(
    network,
    Object.fromEntries([
      ['workstation', WORKSTATION],
      ...[...machines.keys()].map((name, i) => [name, nodeAddress(i)]),
    ]),
    NODE_BITS,
    GATEWAY,
  );
  cloud?.provider.connect(router);
  const workstationNet = network.namespace([], 'workstation');
  workstationNet.plug('eth0', WORKSTATION, NODE_BITS, GATEWAY);
  const workstation = createHost({
    sim,
    hostname: 'workstation',
    fs: home,
    net: workstationNet,
    env: { PATH, HOME, USER: 'user' },
    firstPid: FIRST_PID,
    programs: {
      kubectl,
      istioctl: lazyProgram(() => part('istio').createIstioctl(kubectl)),
      sim: simCommand,
      jq,
    },
  });

  if (hasCluster) {
    if (!binary) controlPlane.configure(kubeadm);
    installAddons(kubeadm, {
      version: settings.version,
      server: `https://${nodeAddress(0)}:6443`,
      clusterCIDR,
      dns: { domain: 'cluster.local', address: '10.96.0.10' },
      blankMachines: settings.machines.length > 0,
      kubeProxy: !binary,
      proxyMode: settings.proxyMode,
      ingressController: settings.ingressController,
      cni: settings.cni,
      cloud: cloud !== undefined,
    });
    cloud?.install(kubeadm, CLUSTER_CIDR);
    if (settings.tunnel)
      sim.after(AGENTS_AFTER, () => installManifests(kubeadm, part('konnectivity').agentManifests(nodeAddress(0))));
  }
  sim.runUntil(settings.birth);
  return {
    sim,
    handle,
    client,
    workstation,
    home: HOME,
    uid: USER_ID,
    machines,
    commandStarts: () => commandRequests.mark(),
    requests: () => commandRequests.present(),
  };
}

const NOTHING: { files: Record<string, TreeEntry>; images: string[] } = { files: {}, images: [] };
const BLANK_DIRECTORIES = ['/root', '/run', '/tmp', '/var/log', '/etc/apt/keyrings', '/etc/apt/sources.list.d'];
const MACHINE_DIRECTORIES = ['/root', '/run', '/tmp', '/var/log', '/etc/kubernetes/manifests'];

/** The range of a node's Pods, as the controller manager gives them out to nodes that come in turn. */
const nodeRange = (index: number) => `10.244.${index}.0/24`;

/** Of the network fd00:10::/64, the same number as in `nodeAddress`. */
const nodeAddress6 = (index: number) => `fd00:10::${(index + 10).toString(16)}`;

/** A machine of two families: an address on the LAN, the loopback's, and the way out. */
function enableIPv6(net: NetworkNamespace, link: Link, ip: string) {
  net.links[0].addresses.push({ ip: '::1', bits: 128 });
  net.assign(link, ip, 64);
  net.routes.add({ destination: DEFAULT_ROUTE6, via: GATEWAY6, link, protocol: 'boot' });
}

/** 10.0.0.10 is the first control plane. */
const nodeAddress = (index: number) => `10.0.${(index + 10) >> 8}.${(index + 10) & 255}`;

function groupsOf(name: string): string[] {
  const account = /^system:serviceaccount:([^:]+):/.exec(name);
  return account
    ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`, 'system:authenticated']
    : ['system:authenticated'];
}

function fileSystem(sim: Sim, system: DirNode, files: Record<string, TreeEntry>, directories: string[]): FileSystem {
  const fs = new FileSystem({ root: tree(files, sim.now, system), now: () => sim.now });
  for (const path of directories) fs.mkdir(path, { recursive: true });
  fs.chmod('/tmp', 0o1777);
  return fs;
}

const baseFiles = (hostname: string): Record<string, TreeEntry> => ({
  ...devices(),
  '/etc/group': 'root:x:0:\nuser:x:1000:\n',
  '/etc/resolv.conf': `nameserver ${NAME_SERVER}\n`,
  '/etc/hostname': `${hostname}\n`,
  '/etc/ssl/certs/ca-certificates.crt': publicAuthority,
  '/etc/hosts': `127.0.0.1\tlocalhost\n127.0.1.1\t${hostname}\n`,
  '/etc/os-release':
    'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n',
});

const blankFiles = (hostname: string) => ({
  ...baseFiles(hostname),
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
});

const machineFiles = (hostname: string, runtime: RuntimeName) => ({
  ...blankFiles(hostname),
  ...(runtime === 'containerd' ? unitFiles : unitFilesWith(RUNTIMES[runtime].unit)),
  [CONFIG_FILE]: CONFIG,
});

/** `own`: what the cluster has for its administrator; undefined when there is none yet. */
const workstationFiles = (own: Credentials | undefined): Record<string, TreeEntry> => ({
  ...baseFiles('workstation'),
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/bash\n',
  ...(own && { [`${HOME}/.kube/config`]: kubeconfig({ ...own, server: SERVER, user: 'kubernetes-admin' }) }),
});
