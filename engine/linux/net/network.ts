// Everything that is wired together: the LAN that machines are plugged into, and who has which address.

import type { Sim } from '../../sim/index.ts';
import { Lan } from './link.ts';
import { NetworkNamespace } from './namespace.ts';
import type { Observer } from './observer.ts';

export class Network {
  readonly sim: Sim;
  /** One way over the LAN, ms. */
  latency = 0.2;
  readonly lan = new Lan();
  /** Namespaces by address: for those who look on, packets find their way without it. */
  readonly byAddress = new Map<string, NetworkNamespace>();
  /** There while somebody captures packets. */
  observer: Observer | undefined;

  constructor(sim: Sim) {
    this.sim = sim;
  }

  /** Lets interfaces count what open connections have carried. */
  settle() {
    new Set(this.byAddress.values()).forEach((namespace) => namespace.settle());
  }

  /** A namespace with a loopback, on the LAN under each of the addresses. */
  namespace(addresses: readonly string[] = [], name = ''): NetworkNamespace {
    const namespace = new NetworkNamespace(this, name);
    for (const ip of addresses) namespace.addAddress(ip);
    return namespace;
  }
}

/** A pair of interfaces, one in each namespace, joined by a wire. */
export function vethPair(
  a: { namespace: NetworkNamespace; name: string; mac: string },
  b: { namespace: NetworkNamespace; name: string; mac: string },
) {
  const one = a.namespace.addLink('veth', a.name, a.mac);
  const other = b.namespace.addLink('veth', b.name, b.mac);
  one.peer = other;
  other.peer = one;
  return [one, other] as const;
}
