// Neighbour discovery of IPv6 as frames: what ARP is for IPv4.

import { parse6, text6 } from '../net/address6.ts';
import { addressBytes, ethernet, ETHERTYPE, icmp, ip, type IpHeader, macBytes, PROTOCOL } from './encode.ts';

const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const GROUP = parse6('ff02::1:ff00:0') ?? 0n;

const header = (source: string, destination: string): IpHeader => ({
  source,
  destination,
  ttl: 255,
  protocol: PROTOCOL.icmp6,
  id: 0,
  df: false,
});

/** Who has `address`? To the group of those whose addresses end alike. */
export function neighbourQuestion(mac: string, own: string, address: string): Uint8Array {
  const low = (parse6(address) ?? 0n) & 0xffffffn;
  const around = header(own, text6(GROUP | low));
  const tail = low.toString(16).padStart(6, '0').match(/../g)?.join(':') ?? '';
  const data = Uint8Array.from([...addressBytes(address), 1, 1, ...macBytes(mac)]);
  return ethernet(
    `33:33:ff:${tail}`,
    mac,
    ETHERTYPE.ipv6,
    ip(around, icmp(around, SOLICITATION, 0, [0, 0, 0, 0], data)),
  );
}

/** Solicited, and overriding what was known. */
export function neighbourAnswer(toMac: string, to: string, mac: string, address: string): Uint8Array {
  const around = header(address, to);
  const data = Uint8Array.from([...addressBytes(address), 2, 1, ...macBytes(mac)]);
  return ethernet(toMac, mac, ETHERTYPE.ipv6, ip(around, icmp(around, ADVERTISEMENT, 0, [0x60, 0, 0, 0], data)));
}
