// The kubelet's configuration file, which kubeadm writes and the kubelet reads when it starts.

import type { FileSystem } from '../linux/index.ts';
import { part } from '../parts/index.ts';

export const CONFIG_FILE = '/var/lib/kubelet/config.yaml';

/** As kubeadm writes it; what stands at zero there is left out. */
export const CONFIG = `apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  webhook:
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///var/run/containerd/containerd.sock
kind: KubeletConfiguration
resolvConf: /run/systemd/resolve/resolv.conf
rotateCertificates: true
staticPodPath: /etc/kubernetes/manifests
`;
const MANIFESTS = '/etc/kubernetes/manifests';

export const DNS_ADDRESS = '10.96.0.10';

/** The same for a cluster whose DNS has another address. */
export const installedConfig = (clusterDNS: string): string =>
  clusterDNS === DNS_ADDRESS ? CONFIG : CONFIG.replace(DNS_ADDRESS, clusterDNS);

/** What of it has an effect here. */
export interface Settings {
  /** The folder of static Pods, '' for none. */
  staticPodPath: string;
  /** 0: none. */
  readOnlyPort: number;
  serverTLSBootstrap: boolean;
  /** For the resolv.conf of Pods. */
  clusterDNS: string;
  clusterDomain: string;
  /** Kernel settings beyond the safe ones that Pods may have. */
  allowedUnsafeSysctls?: readonly string[];
  /** Undefined: all as the kubelet has it by itself. */
  node?: NodeLimits;
  /** Undefined: as in TUNING. */
  tuning?: Tuning;
}

/** What few configurations change. Times in ms. */
export interface Tuning {
  /** From a container's end to its next start: at first, doubling, and at most. */
  restart: { first: number; most: number };
  /** Graceful node shutdown: how long Pods from this priority on have, lowest first. None: the machine just goes off. */
  shutdown: readonly ShutdownPeriod[];
  /** Images without a container go when the disk is used beyond `high`, down to `low` (shares of it), or when too old. */
  imageGC: { high: number; low: number; minimumAge: number; maximumAge: number };
  /** How many images are pulled at a time. */
  parallelPulls: number;
  eviction: {
    /** From the last time that a pressure was seen to the end of its condition. */
    transition: number;
    /** Seconds; the grace of a soft eviction at most. */
    maxGrace: number;
    soft: readonly SoftThreshold[];
    /** Processes that have to be free for the node: an amount, a share such as 10%, or '' for none. */
    pids: string;
    /** By signal: what is reclaimed beyond the threshold. */
    minimumReclaim: Readonly<Record<string, string>>;
  };
  /** Processes that a container may have; -1: as many as it likes. */
  podPids: number;
  /** Containers that ask for no profile are filtered as the runtime does by default. */
  seccompDefault: boolean;
}

export interface ShutdownPeriod {
  priority: number;
  shutdownGracePeriodSeconds: number;
}

/** Pods go when this has been short for so long. */
export interface SoftThreshold {
  signal: string;
  amount: string;
  /** ms. */
  grace: number;
}

/** What the kubelet has by itself. */
export const TUNING: Tuning = {
  restart: { first: 10_000, most: 300_000 },
  shutdown: [],
  imageGC: { high: 0.85, low: 0.8, minimumAge: 120_000, maximumAge: 0 },
  parallelPulls: 1,
  eviction: { transition: 300_000, maxGrace: 0, soft: [], pids: '', minimumReclaim: {} },
  podPids: -1,
  seccompDefault: false,
};

/** How much of the machine Pods get. */
export interface NodeLimits {
  maxPods: number;
  /** By resource, for Kubernetes' and the system's daemons together. */
  reserved: Readonly<Record<string, string>>;
  /** What has to stay free, below which Pods are evicted: an amount, a share such as 10%, or '' for none. */
  memory: string;
  disk: string;
}

/**
 * The settings in the file, which was installed with the address of the cluster's DNS. A string: why the kubelet does not
 * start with them.
 */
export function readConfig(fs: FileSystem, clusterDNS: string, clusterDomain: string): Settings | string {
  const before = installedConfig(clusterDNS);
  const file = fs.find(CONFIG_FILE);
  if (file?.kind === 'file' && file.text !== before) return part('kubelet').changedConfig(file.text, before);
  return { staticPodPath: MANIFESTS, readOnlyPort: 0, serverTLSBootstrap: false, clusterDNS, clusterDomain };
}
