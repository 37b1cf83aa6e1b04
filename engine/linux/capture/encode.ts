// Packets as bytes: Ethernet, ARP, IP, TCP, UDP, ICMP, with their checksums.

import { concat } from '../bytes.ts';
import { ipNumber } from '../net/address.ts';
import { parse6 } from '../net/address6.ts';

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;
export const FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

const EMPTY = new Uint8Array(0);

export const u16 = (value: number): number[] => [(value >>> 8) & 255, value & 255];
export const u32 = (value: number): number[] => [
  (value >>> 24) & 255,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];

export function addressBytes(ip: string): number[] {
  if (!ip.includes(':')) return u32(ipNumber(ip));
  const value = parse6(ip) ?? 0n;
  const out: number[] = [];
  for (let shift = 120n; shift >= 0n; shift -= 8n) out.push(Number((value >> shift) & 255n));
  return out;
}

export const macBytes = (mac: string): number[] => mac.split(':').map((part) => parseInt(part, 16) || 0);

/** Frames end at their payload: virtual interfaces fill none up. */
export function ethernet(to: string, from: string, type: number, payload: Uint8Array): Uint8Array {
  return concat(Uint8Array.from([...macBytes(to), ...macBytes(from), ...u16(type)]), payload);
}

/** RFC 1071, from a sum that has begun. */
function checksum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  const even = bytes.length & ~1;
  for (let i = 0; i < even; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  if (even < bytes.length) sum += bytes[even] << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

export interface IpHeader {
  source: string;
  destination: string;
  ttl: number;
  protocol: number;
  id: number;
  /** Don't fragment. */
  df: boolean;
}

export function ip(header: IpHeader, payload: Uint8Array): Uint8Array {
  const { source, destination, ttl, protocol, id, df } = header;
  const ends = [...addressBytes(source), ...addressBytes(destination)];
  if (destination.includes(':')) {
    return concat(Uint8Array.from([0x60, 0, 0, 0, ...u16(payload.length), protocol, ttl, ...ends]), payload);
  }
  const fields = [...u16(id & 0xffff), df ? 0x40 : 0, 0, ttl, protocol, 0, 0, ...ends];
  const head = Uint8Array.from([0x45, 0, ...u16(20 + payload.length), ...fields]);
  head.set(u16(checksum(head)), 10);
  return concat(head, payload);
}

/** Fills in the checksum of a TCP, UDP or ICMP packet; `at`: where it stands. */
function summed({ source, destination, protocol }: IpHeader, packet: Uint8Array, at: number): Uint8Array {
  const pseudo =
    protocol === PROTOCOL.icmp
      ? EMPTY
      : Uint8Array.from([
          ...addressBytes(source),
          ...addressBytes(destination),
          ...u32(packet.length),
          0,
          0,
          0,
          protocol,
        ]);
  packet.set(u16(checksum(packet, ~checksum(pseudo) & 0xffff)), at);
  return packet;
}

export interface TcpHeader {
  sport: number;
  dport: number;
  seq: number;
  ack: number;
  flags: number;
  window: number;
  options: readonly number[];
}

export function tcp(around: IpHeader, header: TcpHeader, data: Uint8Array = EMPTY): Uint8Array {
  const { sport, dport, seq, ack, flags, window, options } = header;
  const words = 5 + options.length / 4;
  const ports = [...u16(sport), ...u16(dport)];
  const head = [...ports, ...u32(seq), ...u32(ack), words << 4, flags, ...u16(window), 0, 0, 0, 0, ...options];
  return summed(around, concat(Uint8Array.from(head), data), 16);
}

export function udp(around: IpHeader, sport: number, dport: number, data: Uint8Array): Uint8Array {
  const head = Uint8Array.from([...u16(sport), ...u16(dport), ...u16(8 + data.length), 0, 0]);
  return summed(around, concat(head, data), 6);
}

/** `rest`: the four bytes after the checksum. */
export function icmp(
  around: IpHeader,
  type: number,
  code: number,
  rest: readonly number[],
  data: Uint8Array,
): Uint8Array {
  return summed(around, concat(Uint8Array.from([type, code, 0, 0, ...rest]), data), 2);
}

export interface ArpHeader {
  reply: boolean;
  fromMac: string;
  fromIp: string;
  /** Unknown in a question. */
  toMac: string;
  toIp: string;
}

export function arp({ reply, fromMac, fromIp, toMac, toIp }: ArpHeader): Uint8Array {
  const head = [0, 1, 8, 0, 6, 4, 0, reply ? 2 : 1];
  return Uint8Array.from([
    ...head,
    ...macBytes(fromMac),
    ...addressBytes(fromIp),
    ...macBytes(toMac),
    ...addressBytes(toIp),
  ]);
}

export interface TcpOptions {
  mss?: number;
  /** Time stamps: one's own and the last one of the other side. */
  stamps?: [value: number, echo: number];
}

const NOP = 1;
const WINDOW_SCALE = 7;

/** The options of Linux: those of a SYN when there is a segment size, else time stamps alone. */
export function tcpOptions({ mss, stamps }: TcpOptions): number[] {
  const times = stamps ? [8, 10, ...u32(stamps[0]), ...u32(stamps[1])] : [];
  if (mss === undefined) return stamps ? [NOP, NOP, ...times] : [];
  return [2, 4, ...u16(mss), 4, 2, ...times, NOP, 3, 3, WINDOW_SCALE];
}
