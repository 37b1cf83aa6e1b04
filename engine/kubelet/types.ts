// What a kubelet is given: its node, the machine that it runs on, the network and the registries.

import type { Client } from '../client/index.ts';
import type { Pod, Scheme, Taint } from '../api/types.ts';
import type { Host, Network, NetworkNamespace } from '../linux/index.ts';
import type { Registry } from '../images/types.ts';
import type { Sim } from '../sim/index.ts';

export interface NodeSpec {
  name: string;
  /** InternalIP. */
  ip: string;
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
  /** Default `containerd://2.1.5`. */
  containerRuntimeVersion?: string;
  /** Default `v1.35.0`. */
  kubeletVersion?: string;
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
  /** The runtime's network plug-ins: whether there is a configuration, and why a Pod cannot be wired up. */
  plugins?: { configured(): boolean; problem(): string | undefined };
  /** Called for each Pod's network namespace before its containers start: name resolution, service addresses. */
  setupNetwork?: (net: NetworkNamespace, pod: Pod) => void;
}
