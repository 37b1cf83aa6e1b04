// Which addresses a cluster's machines, Pods and Services have.

import type { ClusterSettings } from './cluster-options.ts';
import { DEFAULT_ROUTE6, type Network, type NetworkNamespace } from './linux/index.ts';

/** The machines' own network, and the way out of it. */
export const NODE_BITS = 16;
export const GATEWAY = '10.0.0.1';
const GATEWAY6 = 'fd00:10::1';
export const WORKSTATION = '10.0.255.1';
/** The API server as the administrator's kubeconfig names it, and as Pods are told of it. */
export const SERVER = 'https://10.0.0.10:6443';
export const SERVICE = 'https://10.96.0.1:443';
export const DNS = { domain: 'cluster.local', address: '10.96.0.10' };
/** Where the nodes' ranges for Pods come from. */
export const CLUSTER_CIDR = '10.244.0.0/16';

/** The ranges of Pods and of Services; of two families with a comma. */
export function rangesOf({ controlPlanes, dualStack }: ClusterSettings): { podCIDR: string; serviceCIDR: string } {
  if (dualStack) return { podCIDR: `${CLUSTER_CIDR},fd00:10:244::/56`, serviceCIDR: '10.96.0.0/16,fd00:10:96::/112' };
  // kubeadm's own range, which a cluster made by hand has, is the wider one.
  return { podCIDR: CLUSTER_CIDR, serviceCIDR: controlPlanes ? '10.96.0.0/16' : '10.96.0.0/12' };
}

/** 10.0.0.10 is the first control plane. */
export const nodeAddress = (index: number) => `10.0.${(index + 10) >> 8}.${(index + 10) & 255}`;

/** Of the network fd00:10::/64, the same number as in `nodeAddress`. */
const nodeAddress6 = (index: number) => `fd00:10::${(index + 10).toString(16)}`;

/** The range of a node's Pods, as the controller manager gives them out to nodes that come in turn. */
export const nodeRange = (index: number) => `10.244.${index}.0/24`;

/** A machine on the network of the machines. */
export interface Plugged {
  net: NetworkNamespace;
  ip: string;
  ip6: string | undefined;
}

export function plugIn(network: Network, name: string, index: number, dualStack: boolean): Plugged {
  const net = network.namespace([], name);
  const ip = nodeAddress(index);
  const link = net.plug('eth0', ip, NODE_BITS, GATEWAY);
  if (!dualStack) return { net, ip, ip6: undefined };
  const ip6 = nodeAddress6(index);
  net.links[0].addresses.push({ ip: '::1', bits: 128 });
  net.assign(link, ip6, 64);
  net.routes.add({ destination: DEFAULT_ROUTE6, via: GATEWAY6, link, protocol: 'boot' });
  return { net, ip, ip6 };
}
