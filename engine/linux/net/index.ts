// The network stack of machines: namespaces, links, routes, rules, connection tracking, sockets. What few machines have
// (ipset.ts, ipvs.ts, nft.ts) is imported from its own file, so that others go without it.
export { keptIn } from './connection.ts';
export * from './address.ts';
export * from './address6.ts';
export { type ConntrackEntry, type ConntrackEvent, Conntrack, type Tuple } from './conntrack.ts';
export {
  DEFAULT_ROUTE,
  DEFAULT_ROUTE6,
  type InterfaceAddress,
  Lan,
  Link,
  type LinkKind,
  type RouteEntry,
} from './link.ts';
export * from './namespace.ts';
export { Chain } from './chain.ts';
export { Netfilter, type Queue } from './netfilter.ts';
export * from './rule.ts';
export { Table } from './table.ts';
export { Network, vethPair } from './network.ts';
export type { Fate, Hop, HopKind, Packet, Protocol } from './packet.ts';
export * from './socket.ts';
export * from './dns.ts';
export * from './resolver.ts';
export * as match from './matches.ts';
export { ACCEPT, dnat, DROP, masquerade, redirect, reject, RETURN, setXmark, snat } from './targets.ts';
