// flannel's backend vxlan: an interface flannel.1 on every node, and behind it the ranges of all others.

import { type Cidr, ipText, type Link, macOf, type NetworkNamespace } from '../linux/net/index.ts';
import { addRemote, addVxlan } from '../linux/net/vxlan.ts';

export interface VxlanConfig {
  Type?: string;
  VNI?: number;
  Port?: number;
  DirectRouting?: boolean;
}

const VNI = 1;
const PORT = 8472;
const KNOWN = ['Type', 'VNI', 'Port'];

/** What of a configuration is not modelled. */
export function vxlanProblem(config: VxlanConfig): string | undefined {
  const strange = Object.keys(config).find((key) => !KNOWN.includes(key));
  return strange && `the backend's field ${strange} is not modelled by this engine`;
}

/** The interface's hardware address follows from the address that it has: the first one of the node's range. */
const macFor = (range: Cidr) => macOf(ipText(range.base), '7e:1f');

export class VxlanBackend {
  readonly link: Link;
  private readonly net: NetworkNamespace;

  constructor(net: NetworkNamespace, device: Link, { VNI: vni = VNI, Port: port = PORT }: VxlanConfig) {
    const name = `flannel.${vni}`;
    this.net = net;
    this.link = net.link(name) ?? addVxlan(net, name, '00:00:00:00:00:00', { vni, port, device });
  }

  /** This node's range. */
  own(range: Cidr) {
    const address = ipText(range.base);
    if (this.link.has(address)) return;
    this.link.mac = macFor(range);
    this.net.assign(this.link, address, 32);
  }

  /** Another node's range. */
  add(destination: Cidr, machine: string) {
    const via = ipText(destination.base);
    const { routes } = this.net;
    routes.remove((route) => route.destination.text === destination.text && route.link !== this.link);
    if (routes.add({ destination, via, link: this.link, protocol: 'boot' })) {
      addRemote(this.link, via, macFor(destination), machine);
    }
  }
}
