// What a page's front matter or a --cluster file may say of its cluster.

export interface ClusterOptions {
  /** Default v1.35.0. Back to v1.20: shown as the release of every component; the API's answers take an older form where
   * clients see one (`engine/apiserver/release.ts`), everything else is v1.35's. */
  version?: string;
  /** Default 1. */
  controlPlanes?: number;
  /** How many, or their names; default 2. */
  workers?: number | string[];
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
  tainted: boolean;
  kata: readonly string[];
  /** '' for the default. */
  proxyMode: string;
  ingressController: boolean;
}

const VERSION = 'v1.35.0';
const BIRTH = '2026-01-05T09:00:00Z';
const MAX_NODES = 5000;
const PROXY_MODES = ['', 'iptables', 'nftables', 'ipvs'];

/** Reads the options; a setting that the engine does not have is an error, never ignored. */
export function readOptions(options: ClusterOptions): ClusterSettings {
  const {
    version = VERSION,
    controlPlanes = 1,
    workers = 2,
    seed = 1,
    birth = BIRTH,
    taintControlPlanes = false,
    kata = [],
    proxyMode = '',
    ingressController = true,
    ...rest
  } = options ?? {};
  const unknown = Object.keys(rest);
  if (unknown.length) throw new Error(`cluster: unknown setting ${unknown.join(', ')}`);
  const release = /^v?(1\.(?:2\d|3[0-5]))(\.\d+)?$/.exec(String(version));
  if (!release) throw new Error(`cluster: version ${version} is not modelled; this engine is ${VERSION}`);
  const whole = (name: string, value: unknown, least: number) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > MAX_NODES) {
      throw new Error(`cluster: ${name} must be a whole number from ${least} to ${MAX_NODES}`);
    }
    return value;
  };
  whole('controlPlanes', controlPlanes, 1);
  whole('seed', Math.abs(Number(seed)) % MAX_NODES, 0);
  const born = Date.parse(birth);
  if (Number.isNaN(born)) throw new Error(`cluster: birth must be a time such as ${BIRTH}`);
  const names = Array.isArray(workers)
    ? workers.map(String)
    : Array.from({ length: whole('workers', workers, 0) }, (_, i) => `worker-${i + 1}`);
  const nodes = [...Array.from({ length: controlPlanes }, (_, i) => `cp-${i + 1}`), ...names];
  const known = new Set<string>();
  for (const name of nodes) {
    if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) || known.has(name))
      throw new Error(`cluster: ${JSON.stringify(name)} is no node name, or stands there twice`);
    known.add(name);
  }
  if (typeof taintControlPlanes !== 'boolean') throw new Error('cluster: taintControlPlanes must be true or false');
  if (!Array.isArray(kata)) throw new Error('cluster: kata must be a list of node names');
  const stranger = kata.find((name) => !known.has(name));
  if (stranger !== undefined) throw new Error(`cluster: kata: there is no node ${JSON.stringify(stranger)}`);
  const userspace = proxyMode === 'userspace' && Number(release[1].split('.')[1]) < 26;
  if (!PROXY_MODES.includes(proxyMode) && !userspace)
    throw new Error('cluster: proxyMode must be iptables, nftables or ipvs; before v1.26 also userspace');
  if (typeof ingressController !== 'boolean') throw new Error('cluster: ingressController must be true or false');
  return {
    version: `v${release[1]}${release[2] ?? '.0'}`,
    seed: Number(seed),
    birth: born,
    controlPlanes,
    nodes,
    tainted: taintControlPlanes,
    kata,
    proxyMode,
    ingressController,
  };
}
