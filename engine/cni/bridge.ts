// The bridge plug-in (as flannel delegates to it): a Pod's namespace gets one end of a veth pair, the bridge cni0 of its
// node the other.

import type { Pod } from '../api/types.ts';
import {
  DEFAULT_ROUTE,
  DEFAULT_ROUTE6,
  ipText,
  type Link,
  macOf,
  type NetworkNamespace,
  parseCidr,
  vethPair,
  type Cidr,
} from '../linux/net/index.ts';
import { mapPorts } from './portmap.ts';

const BRIDGE = 'cni0';
/** Names of host ends are made by chance. */
const VETH_DIGITS = 8;

export interface BridgeOptions {
  bridge: string;
  /** A Pod's packets may come back to it. */
  hairpin: boolean;
  /** The node's ports that lead to the Pod are opened too. */
  ports: boolean;
}
const FLANNEL: BridgeOptions = { bridge: BRIDGE, hairpin: true, ports: true };

const rangeOf = (subnet: string) => parseCidr(subnet) as Cidr;

/**
 * ADD: wires the Pod up. `subnets` is the node's range, or one of each family with a comma; the first address of each is
 * the bridge's.
 */
export function attachPod(
  node: NetworkNamespace,
  pod: NetworkNamespace,
  owner: Pod,
  ips: readonly string[],
  subnets: string,
  options: BridgeOptions = FLANNEL,
) {
  const ranges = subnets.includes(',') ? subnets.split(',').map(rangeOf) : [rangeOf(subnets)];
  pod.name = `${owner.metadata.namespace}/${owner.metadata.name}`;
  const bridge = node.link(options.bridge) ?? node.addLink('bridge', options.bridge, macOf(ipText(ranges[0].base + 1)));
  const host = `veth${node.network.sim.random('veth').hex(VETH_DIGITS)}`;
  const [inside, outside] = vethPair(
    { namespace: pod, name: 'eth0', mac: macOf(ips[0]) },
    { namespace: node, name: host, mac: randomMac(node) },
  );
  // Where frames travel in datagrams, they have to be smaller.
  const { tunnel } = node;
  if (tunnel) bridge.mtu = inside.mtu = outside.mtu = tunnel.mtu;
  outside.hairpin = options.hairpin;
  outside.enslave(bridge);
  for (let i = 0; i < ips.length; i++) {
    const range = ranges[i];
    const via = gatewayOf(node, bridge, range);
    pod.assign(inside, ips[i], range.bits, range);
    pod.routes.add({ destination: range.upper ? DEFAULT_ROUTE6 : DEFAULT_ROUTE, via, link: inside, protocol: 'boot' });
  }
  if (options.ports) mapPorts(node, pod, owner, subnets);
}

/** The bridge's address of the range's family; without one it gets the first of the range. */
function gatewayOf(node: NetworkNamespace, bridge: Link, range: Cidr): string {
  const six = range.upper !== undefined;
  const own = bridge.addresses.find(({ ip }) => ip.includes(':') === six)?.ip;
  if (own !== undefined) return own;
  const first = ipText(range.base + 1);
  node.assign(bridge, first, range.bits);
  return first;
}

function randomMac(node: NetworkNamespace): string {
  const hex = node.network.sim.random('veth').hex(10);
  return `${hex[0]}2:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6, 8)}:${hex.slice(8)}`;
}
