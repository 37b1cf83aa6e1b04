// The bridge plug-in (as flannel delegates to it): a Pod's namespace gets one end of a veth pair, the bridge cni0 of its
// node the other.

import type { Pod } from '../api/types.ts';
import {
  DEFAULT_ROUTE,
  DEFAULT_ROUTE6,
  ipText,
  Link,
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

/**
 * ADD: wires the Pod up. `subnets` is the node's range, or one of each family with a comma; the first address of each is
 * the bridge's.
 */
export function attachPod(
  node: NetworkNamespace,
  pod: NetworkNamespace,
  owner: Pod,
  subnets: string,
  options: BridgeOptions = FLANNEL,
) {
  const [ip, ip6] = pod.addresses;
  const [subnet, subnet6] = subnets.split(',');
  pod.name = `${owner.metadata.namespace}/${owner.metadata.name}`;
  pod.unplug();
  const range = parseCidr(subnet) as Cidr;
  const bridge = node.link(options.bridge) ?? createBridge(node, options.bridge, range);
  const gateway = bridge.addresses[0].ip;
  const host = `veth${node.network.sim.random('veth').hex(VETH_DIGITS)}`;
  const [inside, outside] = vethPair(
    { namespace: pod, name: 'eth0', mac: macOf(ip) },
    { namespace: node, name: host, mac: randomMac(node) },
  );
  outside.hairpin = options.hairpin;
  outside.enslave(bridge);
  pod.assign(inside, ip, range.bits);
  pod.routes.add({ destination: DEFAULT_ROUTE, via: gateway, link: inside, protocol: 'boot' });
  if (ip6 && subnet6) {
    const range6 = parseCidr(subnet6) as Cidr;
    const router = ipText(range6.base + 1);
    if (!bridge.has(router)) node.assign(bridge, router, range6.bits);
    pod.links[0].addresses.push({ ip: '::1', bits: 128 });
    pod.assign(inside, ip6, range6.bits);
    pod.routes.add({ destination: DEFAULT_ROUTE6, via: router, link: inside, protocol: 'boot' });
  }
  if (options.ports) mapPorts(node, pod, owner, subnet);
}

function createBridge(node: NetworkNamespace, name: string, range: Cidr): Link {
  const address = `${range.text.slice(0, range.text.lastIndexOf('.'))}.${(range.base & 255) + 1}`;
  const bridge = node.addLink('bridge', name, macOf(address));
  node.assign(bridge, address, range.bits);
  return bridge;
}

function randomMac(node: NetworkNamespace): string {
  const hex = node.network.sim.random('veth').hex(10);
  return `${hex[0]}2:${hex.match(/../g)?.join(':')}`;
}
