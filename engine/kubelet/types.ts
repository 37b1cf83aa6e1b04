// What a kubelet is given: its node, the machine that it runs on, the network and the registries.

import type { Client } from '../client/index.ts';
import type { Container, PersistentVolume, PersistentVolumeClaim, Pod, Scheme, Taint, Volume } from '../api/types.ts';
import type { Host, Network, NetworkNamespace } from '../linux/index.ts';
import type { Registry } from '../images/types.ts';
import type { Co, Sim } from '../sim/index.ts';
import type { PodWorker } from './pod-worker.ts';
import type { RuntimeName } from './runtimes.ts';

export interface NodeSpec {
  name: string;
  /** InternalIP. */
  ip: string;
  /** The one of the other family, on nodes that have both. */
  secondaryIP?: string;
  /** Labels beside those that every kubelet sets (`--node-labels`). */
  labels?: Record<string, string>;
  /** Taints at registration (`--register-with-taints`). */
  taints?: Taint[];
  /** Capacity; defaults: 4 CPUs, 8148000Ki, 98831908Ki of storage, 110 pods. */
  cpu?: string;
  memory?: string;
  ephemeralStorage?: string;
  pods?: number;
  kernelVersion?: string;
  osImage?: string;
  /** Handlers that containerd has beside runc; known: kata. */
  runtimeHandlers?: readonly string[];
  /** Default containerd. */
  runtime?: RuntimeName;
  /** As it is reported; default that of the runtime. */
  containerRuntimeVersion?: string;
  /** Default `v1.35.0`. */
  kubeletVersion?: string;
  /** --cloud-provider: the node waits for a cloud-controller-manager, which then says what its addresses are. */
  cloudProvider?: 'external';
}

/** A claim's volume that a CSI driver serves. */
export interface DriverVolume {
  claim: PersistentVolumeClaim;
  bound: PersistentVolume;
  readOnly: boolean;
}

/** What becomes of plug-ins of one type that show themselves on the node. */
export interface PluginHandler {
  /** Throws RpcError or ApiError. */
  register(name: string, endpoint: string): Co;
  deregister(name: string): void;
}

/** What the kubelet asks of the drivers of devices; there is none before the first of them, or the first Pod with claims. */
export interface DeviceDrivers extends PluginHandler {
  /** Makes a Pod's claims ready on the node; false when that failed, which an event says. */
  prepare(worker: PodWorker): Co<boolean>;
  /** Gives back what was made ready for the Pod alone. */
  unprepare(worker: PodWorker): Co;
  /** What the runtime is told of a container's devices: their names in CDI. */
  devicesOf(worker: PodWorker, container: Container): string[];
  crashed(): void;
}

/** What the kubelet asks of CSI drivers; there is none before the first volume or driver of that kind. */
export interface CsiVolumes extends PluginHandler {
  /** Mounts a volume for a Pod, or throws MountError or NotAttachedError. */
  mount(worker: PodWorker, volume: Volume, found: DriverVolume): Co;
  /** Finishes what is under way for a Pod's volumes that grow. */
  expand(worker: PodWorker): Co;
  release(worker: PodWorker): Co;
  crashed(): void;
}

/** What the network plug-ins of a machine are like at present. */
export interface PluginState {
  /** Whether there is a configuration. */
  readonly configured: boolean;
  /** Why a Pod cannot be wired up. */
  readonly problem: string | undefined;
  /** The node's range where the plug-ins know it themselves; undefined: the Node says it. */
  readonly subnet: string | undefined;
  /** What is said when all addresses are taken. */
  readonly full: string;
  /** What the node says while the network is not ready; undefined: that nothing is configured. */
  readonly unready: string | undefined;
}

export interface KubeletOptions {
  sim: Sim;
  /** Acts as `system:node:NAME` in group system:nodes. */
  client: Client;
  node: NodeSpec;
  network: Network;
  images: Registry;
  /** The node's own machine: hostPath volumes and hostNetwork Pods use it. Made when absent. */
  machine?: Host;
  /** The catalogue of kinds, which manifests of static Pods are read with; made when absent. */
  scheme?: Scheme;
  /** Address of the cluster's DNS service (default 10.96.0.10). */
  clusterDNS?: string;
  /** Default cluster.local. */
  clusterDomain?: string;
  /** The runtime's network plug-ins. */
  plugins?: () => PluginState;
  /** Wires up a Pod's network namespace under its addresses; `subnet` is the node's range. */
  setupNetwork?: (net: NetworkNamespace, pod: Pod, ips: readonly string[], subnet: string) => void;
}
