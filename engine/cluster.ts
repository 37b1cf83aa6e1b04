// A cluster put together: store, API server, controllers, scheduler, a kubelet a node, and the machine in front
// of which the reader sits. Every component reaches the others through the API server only.

import { addonImages, installAddons, withOwnSchedulers } from './addons/index.ts';
import { utf8Base64 } from './api/base64.ts';
import { createScheme } from './api/index.ts';
import { attachPod } from './cni/bridge.ts';
import { cniFiles, isConfigured, pluginProblem } from './cni/config.ts';
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
import { NAME_SERVER, startDatacenter } from './datacenter.ts';
import { createJq } from './jq.ts';
import { kubeconfig } from './kubeadm/certificate-files.ts';
import { ControlPlane } from './kubeadm/control-plane.ts';
import { kubeletCertificates } from './kubeadm/kubelet-certificates.ts';
import { isEnabled } from './kubeadm/manager-flags.ts';
import { nodePrograms, unitFiles } from './kubeadm/node-programs.ts';
import { Software, SOURCE_LIST, sourceLine } from './kubeadm/software.ts';
import { CONFIG, CONFIG_FILE, Kubelet, type NodeSpec } from './kubelet/index.ts';
import {
  createHost,
  devices,
  type DirNode,
  FileSystem,
  Network,
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
const HOME = '/home/user';
const USER_ID = 1000;
/** Of what people start: the numbers below belong to a machine's own processes. */
const FIRST_PID = 1000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Where the nodes' ranges for Pods come from. */
const CLUSTER_CIDR = '10.244.0.0/16';
/** The machines' own network, and the way out of it. */
const NODE_BITS = 16;
const GATEWAY = '10.0.0.1';
/** The API server as the administrator's kubeconfig names it, and as Pods are told of it. */
const SERVER = 'https://10.0.0.10:6443';
const SERVICE = 'https://10.96.0.1:443';
const WORKSTATION = '10.0.255.1';
const MASTERS = ['system:masters', 'system:authenticated'];

export function createCluster(options: ClusterOptions, hostCalls: HostCalls): Cluster {
  const settings = readOptions(options);
  const sim = new Sim({ seed: settings.seed, start: settings.birth - SETTLE });
  const born = credentials(settings.birth);
  const scheme = createScheme();
  const apiServer = new ApiServer({
    sim,
    scheme,
    version: settings.version,
    address: nodeAddress(0),
    authorizationMode: 'Node,RBAC',
  });
  const serve: Handle = (request) => apiServer.handle(request);
  apiServer.bootstrap();

  const network = new Network(sim);
  const clientOf = (component: string, name: string, groups: string[], through = handle): Client =>
    new Client(through, `${component}/${settings.version} (linux/amd64) kubernetes`, { name, groups });
  let scheduler: Scheduler | undefined;
  const controlPlane: ControlPlane = new ControlPlane({
    sim,
    version: settings.version,
    addresses: settings.nodes.slice(0, settings.controlPlanes).map((_, index) => nodeAddress(index)),
    podCIDR: CLUSTER_CIDR,
    serviceCIDR: '10.96.0.0/16',
    ca: born.ca,
    made: born.notBefore,
    admin: born,
    store: apiServer.etcd,
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
    configureServer({ tokens, authorizationMode, kubeletCA }) {
      apiServer.staticTokens.users = tokens;
      apiServer.authorizer = apiServer.authorizers[authorizationMode];
      apiServer.kubeletCA = kubeletCA;
    },
    startControllers: (client, flags) =>
      startControllers({
        sim,
        client: (name) => clientOf('kube-controller-manager', name, groupsOf(name)),
        informers: new InformerFactory(client),
        rootCA: born.ca,
        enabled: (name) =>
          isEnabled(flags.controllers, name) && (name !== 'node-ipam-controller' || flags.allocateNodeCIDRs),
        nodeMonitor: { period: flags.nodeMonitorPeriod, grace: flags.nodeMonitorGracePeriod },
      }),
  });
  const { handle } = controlPlane;
  const certificates = new ClientCertificates(sim, born);
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
                (server === SERVER && cluster['certificate-authority-data'] === utf8Base64(born.ca))),
            version,
          }),
        )),
      );
    return program;
  };
  const kubectl = kubectlOf(settings.version);
  const software = new Map<string, Software>();
  const softwareOf = ({ host: { hostname } }: Process): Software => {
    let found = software.get(hostname);
    if (!found) software.set(hostname, (found = new Software(settings.version)));
    return found;
  };
  /** What every machine has. */
  const system = programTree({ ...commands, '/bin/sh': shell('sh'), '/bin/bash': shell('bash') }, sim.now);
  const kubelets = new Map<string, Kubelet>();
  const jq = createJq((args, input) => hostCalls.jq(args, input));
  const nodeSystem = programTree(
    {
      ...nodePrograms({
        client: clientOf('kubeadm', 'kubernetes-admin', MASTERS),
        kubeletOf: ({ host }) => kubelets.get(host.hostname) as Kubelet,
        softwareOf,
      }),
      jq,
      kubectl: (process) => kubectlOf(softwareOf(process).release('kubectl'))(process),
    },
    sim.now,
    system,
  );
  const images = createRegistry({
    kubectl,
    repositories: [
      ...withOwnSchedulers(controlPlane.repositories, handle),
      ...addonImages(handle, settings.version, { core: apiServer, kubelets }),
    ],
  });

  const kubeadm = clientOf('kubeadm', 'kubernetes-admin', MASTERS);
  const machines = new Map<string, Host>();
  settings.nodes.forEach((name, index) => {
    const isControlPlane = index < settings.controlPlanes;
    const ip = nodeAddress(index);
    const net = network.namespace([], name);
    net.plug('eth0', ip, NODE_BITS, GATEWAY);
    prepareNode(net);
    const installed = isControlPlane ? controlPlane.install(name, ip, sim.now) : NOTHING;
    const fs = fileSystem(
      sim,
      nodeSystem,
      {
        ...machineFiles(name),
        [SOURCE_LIST]: sourceLine(settings.version),
        ...cniFiles(),
        ...kubeletCertificates(name, ip, born.notBefore, sim.now),
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
    apiServer.net ??= net;
    const node: NodeSpec = isControlPlane
      ? {
          name,
          ip,
          taints: settings.tainted ? [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] : [],
        }
      : { name, ip };
    const client = clientOf('kubelet', `system:node:${name}`, ['system:nodes', 'system:authenticated'], (request) =>
      controlPlane.handleFrom(name, request),
    );
    const version = { kubeletVersion: settings.version };
    const kubelet: Kubelet = new Kubelet({
      sim,
      client,
      node: { ...node, ...version, runtimeHandlers: settings.kata.includes(name) ? ['kata'] : undefined },
      network,
      images,
      machine,
      scheme,
      plugins: { configured: () => isConfigured(fs), problem: () => pluginProblem(fs) },
      setupNetwork: (podNet, pod) => attachPod(net, podNet, pod, kubelet.addresses.cidr),
    });
    for (const image of installed.images) kubelet.images.preload(image);
    kubelets.set(name, kubelet);
    apiServer.kubelets.set(name, kubelet);
    kubelet.start();
    // A kubelet may not say of itself what its node is for.
    if (isControlPlane) kubeadm.of('v1', 'nodes', false).patch('', name, 'strategic', CONTROL_PLANE);
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
    }),
  );

  const home = fileSystem(sim, system, workstationFiles(born), ['/root', '/tmp', '/var/log', HOME]);
  for (const path of [HOME, `${HOME}/.kube`, `${HOME}/.kube/config`]) home.chown(path, USER_ID, USER_ID);
  startDatacenter(
    network,
    Object.fromEntries([['workstation', WORKSTATION], ...settings.nodes.map((name, i) => [name, nodeAddress(i)])]),
    NODE_BITS,
    GATEWAY,
  );
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
      sim: simCommand,
      jq,
    },
  });

  controlPlane.configure(kubeadm);
  installAddons(kubeadm, {
    version: settings.version,
    server: `https://${nodeAddress(0)}:6443`,
    clusterCIDR: CLUSTER_CIDR,
    dns: { domain: 'cluster.local', address: '10.96.0.10' },
    proxyMode: settings.proxyMode,
    ingressController: settings.ingressController,
  });
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
const MACHINE_DIRECTORIES = ['/root', '/run', '/tmp', '/var/log', '/etc/kubernetes/manifests'];

/** kubeadm: mark-control-plane. */
const CONTROL_PLANE = {
  metadata: {
    labels: {
      'node-role.kubernetes.io/control-plane': '',
      'node.kubernetes.io/exclude-from-external-load-balancers': '',
    },
  },
};

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
  '/etc/hosts': `127.0.0.1\tlocalhost\n127.0.1.1\t${hostname}\n`,
  '/etc/os-release':
    'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n',
});

const machineFiles = (hostname: string) => ({
  ...baseFiles(hostname),
  ...unitFiles,
  [CONFIG_FILE]: CONFIG,
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
});

const workstationFiles = (own: Credentials) => ({
  ...baseFiles('workstation'),
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/bash\n',
  [`${HOME}/.kube/config`]: kubeconfig({ ...own, server: SERVER, user: 'kubernetes-admin' }),
});
