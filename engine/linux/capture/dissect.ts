// A frame's headers read from its bytes: what filters ask and what is printed.

import { ipText } from '../net/address.ts';
import { text6 } from '../net/address6.ts';
import { ETHERTYPE } from './encode.ts';

export const at16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
export const at32 = (bytes: Uint8Array, at: number): number => at16(bytes, at) * 65_536 + at16(bytes, at + 2);

export function ipAt(bytes: Uint8Array, at: number, six = false): string {
  if (!six) return ipText(at32(bytes, at));
  let value = 0n;
  for (let i = 0; i < 16; i++) value = (value << 8n) | BigInt(bytes[at + i] ?? 0);
  return text6(value);
}

export function macAt(bytes: Uint8Array, at: number): string {
  let out = '';
  for (let i = 0; i < 6; i++) out += `${i ? ':' : ''}${(bytes[at + i] ?? 0).toString(16).padStart(2, '0')}`;
  return out;
}

/** How a packet was framed when it was captured. */
export type LinkType = 'ethernet' | 'cooked';
/** Bytes of Linux's cooked header: it stands where Ethernet's is not the same on all interfaces. */
export const COOKED = 20;
export const ETHERNET = 14;

export interface IpPart {
  version: 4 | 6;
  /** Where its header begins, and where what it carries does. */
  at: number;
  payload: number;
  /** Where the packet ends by its own account. */
  end: number;
  protocol: number;
  source: string;
  destination: string;
  ttl: number;
}

export interface Packet {
  bytes: Uint8Array;
  /** On the wire: more than was kept when a snapshot is shorter. */
  length: number;
  linkType: LinkType;
  etherType: number;
  /** Where the network's header begins. */
  network: number;
  ip: IpPart | undefined;
  /** Of TCP, UDP and SCTP. */
  sport: number | undefined;
  dport: number | undefined;
  /** Addresses in ARP: who asks, who is asked for. */
  arp: { source: string; destination: string } | undefined;
  /** Which way it went. */
  out: boolean;
}

const PORTS = new Set([6, 17, 132]);

export function dissect(bytes: Uint8Array, linkType: LinkType, length = bytes.length): Packet {
  const cooked = linkType === 'cooked';
  const etherType = at16(bytes, cooked ? 0 : 12);
  const network = cooked ? COOKED : ETHERNET;
  const out = cooked && bytes[10] === 4;
  const ip = ipPart(bytes, network, etherType);
  const ported = ip && PORTS.has(ip.protocol);
  const arp =
    etherType === ETHERTYPE.arp
      ? { source: ipAt(bytes, network + 14), destination: ipAt(bytes, network + 24) }
      : undefined;
  const sport = ported ? at16(bytes, ip.payload) : undefined;
  const dport = ported ? at16(bytes, ip.payload + 2) : undefined;
  return { bytes, length, linkType, etherType, network, ip, sport, dport, arp, out };
}

export function ipPart(bytes: Uint8Array, at: number, etherType: number): IpPart | undefined {
  if (etherType === ETHERTYPE.ipv4) {
    return {
      version: 4,
      at,
      payload: at + (bytes[at] & 15) * 4,
      end: at + at16(bytes, at + 2),
      protocol: bytes[at + 9],
      source: ipAt(bytes, at + 12),
      destination: ipAt(bytes, at + 16),
      ttl: bytes[at + 8],
    };
  }
  if (etherType !== ETHERTYPE.ipv6) return undefined;
  return {
    version: 6,
    at,
    payload: at + 40,
    end: at + 40 + at16(bytes, at + 4),
    protocol: bytes[at + 6],
    source: ipAt(bytes, at + 8, true),
    destination: ipAt(bytes, at + 24, true),
    ttl: bytes[at + 7],
  };
}
