// The interfaces of a namespace with their counters up to date.

import type { Link, NetworkNamespace } from '../net/index.ts';

/** Connections of any machine may lead by these interfaces: all of them say first what they have carried. */
export function counted(net: NetworkNamespace): readonly Link[] {
  net.network.settle();
  return net.links;
}
