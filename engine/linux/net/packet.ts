// A packet on its way, and what a journey through the network leaves behind.

import type { ConntrackEntry } from './conntrack.ts';
import type { Process } from '../types.ts';
import type { NetworkNamespace } from './namespace.ts';

export type Protocol = 'tcp' | 'udp' | 'icmp';

/** The first packet of a flow, or an answer to it. Ports of ICMP: the echo's identifier and 0. */
export interface Packet {
  protocol: Protocol;
  source: string;
  sport: number;
  destination: string;
  dport: number;
  /** Bytes with headers. */
  length: number;
  ttl: number;
  mark: number;
  /** What connection tracking of the namespace that it is in knows of it. */
  tracked: ConntrackEntry | undefined;
  /** It flows against the direction of the tracked connection. */
  reply: boolean;
  state: 'NEW' | 'ESTABLISHED' | 'UNTRACKED';
  /** Whose socket it leaves by, on the machine where it was made. */
  owner: Process | undefined;
}

export type Rejection =
  'icmp-port-unreachable' | 'icmp-host-prohibited' | 'icmp-net-unreachable' | 'tcp-reset' | string;

/** Where a packet ended. */
export type Fate =
  | { kind: 'delivered'; namespace: NetworkNamespace }
  | { kind: 'dropped' }
  | { kind: 'rejected'; with: Rejection; by: NetworkNamespace }
  /** No route, or nobody answers ARP; who has found that out. */
  | { kind: 'unreachable'; by: NetworkNamespace }
  | { kind: 'expired'; by: NetworkNamespace; address: string };

export const DROPPED: Fate = { kind: 'dropped' };

export type HopKind = 'link' | 'bridge' | 'route' | 'rule' | 'rewrite' | 'verdict';

/** One step of a traced packet, in words that a reader knows. */
export interface Hop {
  namespace: string;
  /** The interface that the packet came in by or leaves by; '' inside of the machine. */
  link: string;
  kind: HopKind;
  text: string;
  /** Of a rule: it matched, and nothing came of it. */
  idle?: boolean;
  /** As it is after this step. */
  packet: string;
}

/** What a walk adds up. */
export interface Journey {
  /** One way, ms. */
  delay: number;
  hops: number;
  /** Connections that were new with this packet. */
  entries: ConntrackEntry[] | undefined;
  /** Filled when the way is to be shown. */
  trace: Hop[] | undefined;
  /** Rules that a traced packet was compared with. */
  compared: number;
  /** Look-ups in tables that such a packet took. */
  lookups: number;
  /** The namespace that the packet is in. */
  last: NetworkNamespace | undefined;
}

export function journey(from: NetworkNamespace, trace?: Hop[]): Journey {
  return { delay: 0, hops: 0, entries: undefined, trace, compared: 0, lookups: 0, last: from };
}

export function packetText(packet: Packet): string {
  const { protocol, source, sport, destination, dport } = packet;
  if (protocol === 'icmp') return `icmp ${source} > ${destination}`;
  return `${protocol} ${source}:${sport} > ${destination}:${dport}`;
}

/** The tuple of a flow as a key. */
export function tupleKey(
  protocol: Protocol,
  source: string,
  sport: number,
  destination: string,
  dport: number,
): string {
  return `${protocol} ${source} ${sport} ${destination} ${dport}`;
}
