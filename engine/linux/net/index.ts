// The network stack of machines: namespaces, links, routes, rules, connection tracking, sockets.
export * from './address.ts';
export * from './address6.ts';
export { type ConntrackEntry, Conntrack } from './conntrack.ts';
export { IpSet, inSet, references, type SetType } from './ipset.ts';
export { Ipvs, type RealServer, SCHEDULERS, type VirtualServer } from './ipvs.ts';
export {
  Nft,
  type NftChain,
  type NftMap,
  type NftRule,
  type NftSet,
  NftTable,
  type NftVerdict,
  verdictText,
  vmap,
} from './nft.ts';
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
