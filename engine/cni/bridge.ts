// The bridge plug-in (as flannel delegates to it): a Pod's namespace gets one end of a veth pair, the bridge cni0 of its
// node the other.

import type { Pod } from '../api/types.ts';
import {
  DEFAULT_ROUTE,
  Link,
  macOf,
  type NetworkNamespace,
  parseCidr,
  vethPair,
  type Cidr,
} from '../linux/net/index.ts';
import { mapPorts } from './portmap.ts';

export const BRIDGE = 'cni0';
/** Names of host ends are made by chance. */
const VETH_DIGITS = 8;

/** ADD: wires the Pod up. `subnet` is the node's range; its first address is the bridge's. */
export function attachPod(node: NetworkNamespace, pod: NetworkNamespace, owner: Pod, subnet: string) {
  const [ip] = pod.addresses;
  pod.name = `${owner.metadata.namespace}/${owner.metadata.name}`;
  pod.unplug();
  const range = parseCidr(subnet) as Cidr;
  const bridge = node.link(BRIDGE) ?? createBridge(node, range);
  const gateway = bridge.addresses[0].ip;
  const host = `veth${node.network.sim.random('veth').hex(VETH_DIGITS)}`;
  const [inside, outside] = vethPair(
    { namespace: pod, name: 'eth0', mac: macOf(ip) },
    { namespace: node, name: host, mac: randomMac(node) },
  );
  outside.hairpin = true;
  outside.enslave(bridge);
  pod.assign(inside, ip, range.bits);
  pod.routes.add({ destination: DEFAULT_ROUTE, via: gateway, link: inside, protocol: 'boot' });
  mapPorts(node, pod, owner, subnet);
}

function createBridge(node: NetworkNamespace, range: Cidr): Link {
  const address = `${range.text.slice(0, range.text.lastIndexOf('.'))}.${(range.base & 255) + 1}`;
  const bridge = node.addLink('bridge', BRIDGE, macOf(address));
  node.assign(bridge, address, range.bits);
  return bridge;
}

function randomMac(node: NetworkNamespace): string {
  const hex = node.network.sim.random('veth').hex(10);
  return `${hex[0]}2:${hex.match(/../g)?.join(':')}`;
}
