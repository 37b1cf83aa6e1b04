// What a page's front matter or a --cluster file may say of its cluster.

import type { IPFamily } from './addressing.ts';
import type { RuntimeName } from './kubelet/index.ts';

export interface ClusterOptions {
  /** Default v1.35.0. Back to v1.18: shown as the release of every component; the API's answers take an older form where
   * clients see one (`engine/apiserver/release.ts`), everything else is v1.35's. */
  version?: string;
  /** Default 1. With 0 there is no cluster yet: `machines` are what it may be installed on. */
  controlPlanes?: number;
  /** How many, or their names; default 2, without a control plane none. */
  workers?: number | string[];
  /** Names of machines beside the nodes, as Debian installs them: without runtime, kubelet and kubeadm. */
  machines?: string[];
  /** kubeadm (the default), or binary: the control plane and kube-proxy run as services of their machines. */
  installer?: string;
  /** containerd (the default) or cri-o; before v1.24 also docker. */
  runtime?: string;
  /** Everything random in the cluster follows from it. */
  seed?: number;
  /** The instant at which the reader's first command starts, RFC 3339; default 2026-01-05T09:00:00Z. */
  birth?: string;
  /**
   * Keep ordinary Pods off the control planes, as kubeadm leaves a new cluster. Default false: as in the small clusters
   * that people learn on, every node takes Pods.
   */
  taintControlPlanes?: boolean;
  /** Nodes on which containerd has a handler `kata` too, which runs each Pod in a virtual machine of its own. */
  kata?: string[];
  /** kube-proxy's mode: iptables (the default), nftables or ipvs. */
  proxyMode?: string;
  /** Have ingress-nginx with the class `nginx`, as small clusters offer it; default true. Without it Ingresses do nothing. */
  ingressController?: boolean;
  /**
   * How the API server's connections reach nodes, Pods and Services: directly, or by `konnectivity`; before v1.22 also by
   * `ssh`, with a cloud: tunnels to the sshd of every machine, whose provider brings the key there.
   */
  tunnel?: string;
  /** The Pods' network: flannel (the default), calico, bridge or none; before v1.24 also kubenet. */
  cni?: string;
  /** [IPv4] (the default), [IPv6], or both, the primary family first: of which nodes, Pods and Services have addresses. */
  ipFamilies?: string[];
  /**
   * The machines are a cloud provider's: kubelets wait for the cloud-controller-manager, which brings load balancers and
   * routes, and a CSI driver makes disks and file shares. Default false.
   */
  cloud?: boolean | CloudOptions;
}

export interface CloudOptions {
  /** Copies of the cloud-controller-manager; default 1. */
  controllerManagers?: number;
  /** Have the provider's CSI driver; default true. */
  csiDriver?: boolean;
}

/** The same, read and complete. */
export interface ClusterSettings {
  version: string;
  seed: number;
  /** ms since the epoch. */
  birth: number;
  controlPlanes: number;
  /** Names, control planes first. */
  nodes: string[];
  /** Blank machines. */
  machines: readonly string[];
  installer: 'kubeadm' | 'binary';
  runtime: RuntimeName;
  tainted: boolean;
  kata: readonly string[];
  /** '' for the default. */
  proxyMode: string;
  ingressController: boolean;
  tunnel: '' | 'konnectivity' | 'ssh';
  cni: string;
  /** The primary one first. */
  families: readonly IPFamily[];
  /** Undefined: the machines are nobody's. */
  cloud: Required<CloudOptions> | undefined;
}

const VERSION = 'v1.35.0';
const BIRTH = '2026-01-05T09:00:00Z';
const MAX_NODES = 5000;
const NETWORKS = ['flannel', 'calico', 'bridge', 'none'];
const FAMILIES: Readonly<Record<string, readonly IPFamily[]>> = {
  IPv4: ['IPv4'],
  IPv6: ['IPv6'],
  'IPv4,IPv6': ['IPv4', 'IPv6'],
  'IPv6,IPv4': ['IPv6', 'IPv4'],
};
const PROXY_MODES = ['', 'iptables', 'nftables', 'ipvs'];

/** Reads the options; a setting that the engine does not have is an error, never ignored. */
export function readOptions(options: ClusterOptions): ClusterSettings {
  const {
    version = VERSION,
    controlPlanes = 1,
    workers = controlPlanes === 0 ? 0 : 2,
    machines = [],
    installer = 'kubeadm',
    runtime = 'containerd',
    seed = 1,
    birth = BIRTH,
    taintControlPlanes = false,
    kata = [],
    proxyMode = '',
    ingressController = true,
    tunnel = '',
    cni = 'flannel',
    ipFamilies = ['IPv4'],
    cloud = false,
    ...rest
  } = options ?? {};
  const unknown = Object.keys(rest);
  if (unknown.length) throw new Error(`cluster: unknown setting ${unknown.join(', ')}`);
  const release = /^v?(1\.(?:1[89]|2\d|3[0-5]))(\.\d+)?$/.exec(String(version));
  if (!release) throw new Error(`cluster: version ${version} is not modelled; this engine is ${VERSION}`);
  const whole = (name: string, value: unknown, least: number) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > MAX_NODES) {
      throw new Error(`cluster: ${name} must be a whole number from ${least} to ${MAX_NODES}`);
    }
    return value;
  };
  whole('controlPlanes', controlPlanes, 0);
  whole('seed', Math.abs(Number(seed)) % MAX_NODES, 0);
  const born = Date.parse(birth);
  if (Number.isNaN(born)) throw new Error(`cluster: birth must be a time such as ${BIRTH}`);
  const names = Array.isArray(workers)
    ? workers.map(String)
    : Array.from({ length: whole('workers', workers, 0) }, (_, i) => `worker-${i + 1}`);
  const nodes = [...Array.from({ length: controlPlanes }, (_, i) => `cp-${i + 1}`), ...names];
  const known = new Set<string>();
  if (!Array.isArray(machines)) throw new Error('cluster: machines must be a list of names');
  for (const name of [...nodes, ...machines.map(String)]) {
    if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) || known.has(name))
      throw new Error(`cluster: ${JSON.stringify(name)} is no node name, or stands there twice`);
    known.add(name);
  }
  if (installer !== 'kubeadm' && installer !== 'binary')
    throw new Error('cluster: installer must be kubeadm or binary');
  const runtimes = Number(release[1].split('.')[1]) < 24 ? ['containerd', 'cri-o', 'docker'] : ['containerd', 'cri-o'];
  if (!runtimes.includes(runtime))
    throw new Error('cluster: runtime must be containerd or cri-o; before v1.24 also docker');
  if (installer === 'binary' && tunnel) throw new Error('cluster: a tunnel needs the installer kubeadm');
  if (known.size === 0) throw new Error('cluster: without a control plane there must be machines');
  if (controlPlanes === 0 && names.length) throw new Error('cluster: without a control plane there are no workers');
  if (typeof taintControlPlanes !== 'boolean') throw new Error('cluster: taintControlPlanes must be true or false');
  if (!Array.isArray(kata)) throw new Error('cluster: kata must be a list of node names');
  const stranger = kata.find((name) => !known.has(name));
  if (stranger !== undefined) throw new Error(`cluster: kata: there is no node ${JSON.stringify(stranger)}`);
  const userspace = proxyMode === 'userspace' && Number(release[1].split('.')[1]) < 26;
  if (!PROXY_MODES.includes(proxyMode) && !userspace)
    throw new Error('cluster: proxyMode must be iptables, nftables or ipvs; before v1.26 also userspace');
  if (typeof ingressController !== 'boolean') throw new Error('cluster: ingressController must be true or false');
  const overSsh = tunnel === 'ssh' && Number(release[1].split('.')[1]) < 22;
  if (tunnel !== '' && tunnel !== 'konnectivity' && !overSsh)
    throw new Error('cluster: tunnel must be konnectivity, or absent; before v1.22 also ssh');
  if (tunnel && controlPlanes > 1)
    throw new Error('cluster: a tunnel with more than one control plane is not modelled');
  if (overSsh && !cloud)
    throw new Error('cluster: tunnel: ssh needs a cloud, whose machines have public addresses and take its keys');
  if (!NETWORKS.includes(cni) && !(cni === 'kubenet' && Number(release[1].split('.')[1]) < 24))
    throw new Error('cluster: cni must be flannel, calico, bridge or none; before v1.24 also kubenet');
  if (cni !== 'flannel' && (cloud || machines.length))
    throw new Error('cluster: a cloud, and machines beside the nodes, are modelled with flannel only');
  const families = FAMILIES[String(ipFamilies)];
  if (!families) throw new Error('cluster: ipFamilies must be [IPv4], [IPv6], [IPv4, IPv6] or [IPv6, IPv4]');
  return {
    version: `v${release[1]}${release[2] ?? '.0'}`,
    seed: Number(seed),
    birth: born,
    controlPlanes,
    nodes,
    machines: machines.map(String),
    installer,
    runtime: runtime as RuntimeName,
    tainted: taintControlPlanes,
    kata,
    proxyMode,
    ingressController,
    tunnel,
    cni,
    families,
    cloud: readCloud(cloud, nodes.length),
  };
}

function readCloud(cloud: unknown, nodes: number): Required<CloudOptions> | undefined {
  if (cloud === false) return undefined;
  if (cloud !== true && (typeof cloud !== 'object' || cloud === null || Array.isArray(cloud)))
    throw new Error('cluster: cloud must be true, false or its settings');
  const { controllerManagers = 1, csiDriver = true, ...rest } = (cloud === true ? {} : cloud) as CloudOptions;
  const unknown = Object.keys(rest);
  if (unknown.length) throw new Error(`cluster: cloud: unknown setting ${unknown.join(', ')}`);
  if (!Number.isInteger(controllerManagers) || controllerManagers < 0 || controllerManagers > nodes)
    throw new Error(`cluster: cloud: controllerManagers must be a whole number from 0 to ${nodes}`);
  if (typeof csiDriver !== 'boolean') throw new Error('cluster: cloud: csiDriver must be true or false');
  return { controllerManagers, csiDriver };
}
