// A cluster put together: store, API server, controllers, scheduler, a kubelet a node, and the machine in front
// of which the reader sits. Every component reaches the others through the API server only.

import { createScheme } from './api/index.ts';
import { ApiServer } from './apiserver/index.ts';
import type { Handle, UserInfo } from './apiserver/types.ts';
import { Client, InformerFactory } from './client/index.ts';
import { startControllers } from './controllers/index.ts';
import type { HostCalls } from './host-calls.ts';
import { createRegistry } from './images/index.ts';
import { createJq } from './jq.ts';
import { Kubelet, type NodeSpec } from './kubelet/index.ts';
import {
  createHost,
  devices,
  FileSystem,
  Network,
  tree,
  type Host,
  type Program,
  type TreeEntry,
} from './linux/index.ts';
import { commands } from './linux/commands/names.ts';
import { lazyProgram, part, shell } from './parts/index.ts';
import { startScheduler } from './scheduler/index.ts';
import { Sim } from './sim/index.ts';

/** What a page's front matter or a --cluster file may say. */
export interface ClusterOptions {
  /** Default v1.35.0; others are refused. */
  version?: string;
  /** Default 1. */
  controlPlanes?: number;
  /** How many, or their names; default 2. */
  workers?: number | string[];
  /** Everything random in the cluster follows from it. */
  seed?: number;
  /**
   * Keep ordinary Pods off the control planes, as kubeadm leaves a new cluster. Default false: as in the small clusters
   * that people learn on, every node takes Pods.
   */
  taintControlPlanes?: boolean;
}

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
}

const VERSION = 'v1.35.0';
const BIRTH = Date.UTC(2026, 0, 5, 9, 0, 0);
/** Virtual time between kubeadm's last line and the reader's first command, ms: nodes are Ready by then. */
const SETTLE = 120_000;
const HOME = '/home/user';
const USER_ID = 1000;
/** Of what people start: the numbers below belong to a machine's own processes. */
const FIRST_PID = 1000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MAX_NODES = 5000;
const MASTERS = ['system:masters', 'system:authenticated'];
const ADMIN: UserInfo = { name: 'kubernetes-admin', groups: ['kubeadm:cluster-admins', 'system:authenticated'] };

export function createCluster(options: ClusterOptions, hostCalls: HostCalls): Cluster {
  const settings = check(options);
  const sim = new Sim({ seed: settings.seed, start: BIRTH - SETTLE });
  const scheme = createScheme();
  const apiServer = new ApiServer({ sim, scheme, version: VERSION, address: nodeAddress(0) });
  const handle: Handle = (request) => apiServer.handle(request);
  apiServer.bootstrap();

  const network = new Network(sim);
  const clientOf = (component: string, name: string, groups: string[]) =>
    new Client(handle, `${component}/${VERSION} (linux/amd64) kubernetes`, { name, groups });
  // A client certificate is not a token in a header: the connection itself says who the administrator is.
  const kubectl = lazyProgram(() =>
    part('kubectl').createKubectl({
      transport: (request, { user }) => handle(user['client-certificate-data'] ? { ...request, user: ADMIN } : request),
      version: VERSION,
    }),
  );
  const shells: Record<string, Program> = {
    '/bin/sh': shell('sh'),
    '/bin/bash': shell('bash'),
  };
  const images = createRegistry({ kubectl });

  const machines = new Map<string, Host>();
  settings.nodes.forEach((name, index) => {
    const controlPlane = index < settings.controlPlanes;
    const ip = nodeAddress(index);
    const net = network.namespace([ip]);
    const fs = fileSystem(sim, machineFiles(name), ['/root', '/tmp', '/var/log', '/etc/kubernetes/manifests']);
    const machine = createHost({
      sim,
      hostname: name,
      fs,
      net,
      env: { PATH, HOME: '/root' },
      programs: { ...commands, ...shells },
      firstPid: FIRST_PID,
    });
    machines.set(name, machine);
    const node: NodeSpec = controlPlane
      ? {
          name,
          ip,
          labels: {
            'node-role.kubernetes.io/control-plane': '',
            'node.kubernetes.io/exclude-from-external-load-balancers': '',
          },
          taints: settings.tainted ? [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] : [],
        }
      : { name, ip };
    const client = clientOf('kubelet', `system:node:${name}`, ['system:nodes', 'system:authenticated']);
    const kubelet = new Kubelet({ sim, client, node, network, images, machine });
    apiServer.kubelets.set(name, kubelet);
    kubelet.start();
  });

  startControllers({
    sim,
    client: (name) => clientOf('kube-controller-manager', name, groupsOf(name)),
    informers: new InformerFactory(
      clientOf('kube-controller-manager', 'system:kube-controller-manager', ['system:authenticated']),
    ),
    rootCA: ROOT_CA,
  });
  const scheduler = clientOf('kube-scheduler', 'system:kube-scheduler', ['system:authenticated']);
  startScheduler({ sim, client: scheduler, informers: new InformerFactory(scheduler), host: settings.nodes[0] });

  const home = fileSystem(sim, workstationFiles(), ['/root', '/tmp', '/var/log', HOME]);
  for (const path of [HOME, `${HOME}/.kube`, `${HOME}/.kube/config`]) home.chown(path, USER_ID, USER_ID);
  const workstation = createHost({
    sim,
    hostname: 'workstation',
    fs: home,
    net: network.namespace(['10.0.255.1']),
    env: { PATH, HOME, USER: 'user' },
    firstPid: FIRST_PID,
    programs: { ...commands, ...shells, kubectl, jq: createJq((args, input) => hostCalls.jq(args, input)) },
  });

  sim.runUntil(BIRTH);
  return {
    sim,
    handle,
    client: new Client(handle, 'kubebook', { name: 'kubernetes-admin', groups: MASTERS }),
    workstation,
    home: HOME,
    uid: USER_ID,
    machines,
  };
}

/** 10.0.0.10 is the first control plane. */
const nodeAddress = (index: number) => `10.0.${(index + 10) >> 8}.${(index + 10) & 255}`;

function groupsOf(name: string): string[] {
  const account = /^system:serviceaccount:([^:]+):/.exec(name);
  return account
    ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`, 'system:authenticated']
    : ['system:authenticated'];
}

/** Reads the options; a setting that the engine does not have is an error, never ignored. */
function check(options: ClusterOptions): { seed: number; controlPlanes: number; nodes: string[]; tainted: boolean } {
  const {
    version = VERSION,
    controlPlanes = 1,
    workers = 2,
    seed = 1,
    taintControlPlanes = false,
    ...rest
  } = options ?? {};
  const unknown = Object.keys(rest);
  if (unknown.length) throw new Error(`cluster: unknown setting ${unknown.join(', ')}`);
  if (!/^v?1\.35(\.0)?$/.test(String(version)))
    throw new Error(`cluster: version ${version} is not modelled; this engine is ${VERSION}`);
  const whole = (name: string, value: unknown, least: number) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > MAX_NODES) {
      throw new Error(`cluster: ${name} must be a whole number from ${least} to ${MAX_NODES}`);
    }
    return value;
  };
  whole('controlPlanes', controlPlanes, 1);
  whole('seed', Math.abs(Number(seed)) % MAX_NODES, 0);
  const names = Array.isArray(workers)
    ? workers.map(String)
    : Array.from({ length: whole('workers', workers, 0) }, (_, i) => `worker-${i + 1}`);
  const nodes = [...Array.from({ length: controlPlanes }, (_, i) => `cp-${i + 1}`), ...names];
  const wrong = nodes.find((name, i) => !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) || nodes.indexOf(name) !== i);
  if (wrong !== undefined) throw new Error(`cluster: ${JSON.stringify(wrong)} is no node name, or stands there twice`);
  if (typeof taintControlPlanes !== 'boolean') throw new Error('cluster: taintControlPlanes must be true or false');
  return { seed: Number(seed), controlPlanes, nodes, tainted: taintControlPlanes };
}

function fileSystem(sim: Sim, files: Record<string, TreeEntry>, directories: string[]): FileSystem {
  const fs = new FileSystem({ root: tree(files, sim.now), now: () => sim.now });
  for (const path of directories) fs.mkdir(path, { recursive: true });
  fs.chmod('/tmp', 0o1777);
  return fs;
}

const baseFiles = (hostname: string): Record<string, TreeEntry> => ({
  ...devices(),
  '/etc/group': 'root:x:0:\nuser:x:1000:\n',
  '/etc/hostname': `${hostname}\n`,
  '/etc/hosts': `127.0.0.1\tlocalhost\n127.0.1.1\t${hostname}\n`,
  '/etc/os-release':
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
});

const machineFiles = (hostname: string) => ({
  ...baseFiles(hostname),
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
});

const workstationFiles = () => ({
  ...baseFiles('workstation'),
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/bash\n',
  [`${HOME}/.kube/config`]: KUBECONFIG,
});

/** Of a certificate's shape only: connections are not encrypted here, so nothing ever checks it. */
const ROOT_CA = `-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIBADAKBggqhkjOPQQDAjAjMSEwHwYDVQQDDBhrdWJlYm9v
ay1jbHVzdGVyLWNhQGVuZ2luZTAeFw0yNjAxMDUwOTAwMDBaFw0zNjAxMDMwOTAw
-----END CERTIFICATE-----
`;

const KUBECONFIG = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: DATA+OMITTED
    server: https://10.0.0.10:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
preferences: {}
users:
- name: kubernetes-admin
  user:
    client-certificate-data: DATA+OMITTED
    client-key-data: DATA+OMITTED
`;
