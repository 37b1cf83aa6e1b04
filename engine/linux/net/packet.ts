// A packet on its way, and what a journey through the network leaves behind.

import { hostPort } from './address.ts';
import type { ConntrackEntry } from './conntrack.ts';
import type { Link } from './link.ts';
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

/** A packet that another one carries. */
export type Inside = Pick<Sighting, 'source' | 'sport' | 'destination' | 'dport' | 'ttl' | 'from' | 'to'> & {
  vni: number;
};

/** A frame at one end of a wire, as it was there. */
export interface Sighting {
  link: Link;
  out: boolean;
  /** ms after the packet has left. */
  after: number;
  /** Who has put the frame on the wire, and whose it is there. */
  from: Link;
  to: Link | undefined;
  /** Nothing but a question for this address's owner. */
  arp: string | undefined;
  source: string;
  sport: number;
  destination: string;
  dport: number;
  ttl: number;
  inside?: Inside;
}

/** What a walk adds up. */
export interface Journey {
  /** One way, ms. */
  delay: number;
  hops: number;
  /** Interfaces that it has left by and come in by: they count it when the walk is over. */
  sent: Link[];
  came: Link[];
  /** Filled when somebody looks on. */
  seen: Sighting[] | undefined;
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
  return {
    delay: 0,
    hops: 0,
    sent: [],
    came: [],
    seen: from.network.observer && [],
    entries: undefined,
    trace,
    compared: 0,
    lookups: 0,
    last: from,
  };
}

/** The interfaces on a way count what has gone it. */
export function count({ sent, came }: Journey, packets: number, bytes: number) {
  for (let i = 0; i < sent.length; i++) {
    sent[i].sentPackets += packets;
    sent[i].sentBytes += bytes;
  }
  for (let i = 0; i < came.length; i++) {
    came[i].receivedPackets += packets;
    came[i].receivedBytes += bytes;
  }
}

export function packetText(packet: Packet): string {
  const { protocol, source, sport, destination, dport } = packet;
  if (protocol === 'icmp') return `${destination.includes(':') ? 'icmp6' : 'icmp'} ${source} > ${destination}`;
  return `${protocol} ${hostPort(source, sport)} > ${hostPort(destination, dport)}`;
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
