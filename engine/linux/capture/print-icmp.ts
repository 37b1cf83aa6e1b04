// ICMP and ICMPv6 as tcpdump prints them.

import { at16, ipAt, type IpPart, ipPart, macAt } from './dissect.ts';
import { ETHERTYPE, PROTOCOL } from './encode.ts';
import type { Printer } from './print.ts';

/** By code, of an error about a host that cannot be reached; `%` is its address. */
const UNREACHABLE: Record<number, string> = {
  0: 'net % unreachable',
  1: 'host % unreachable',
  6: 'net % unreachable - unknown',
  7: 'host % unreachable - unknown',
  9: 'net % unreachable - admin prohibited',
  10: 'host % unreachable - admin prohibited',
  13: 'host % unreachable - admin prohibited filter',
};
const UNREACHABLE6: Record<number, string> = {
  0: 'unreachable route %',
  1: 'unreachable prohibited %',
  3: 'unreachable address %',
  4: 'unreachable port, %',
};

export function icmpText(printer: Printer, bytes: Uint8Array, ip: IpPart): string {
  const at = ip.payload;
  const [type, code] = [bytes[at], bytes[at + 1]];
  const length = ip.end - at;
  let text = `type-#${type}`;
  if (type === 8 || type === 0) {
    text = `echo ${type === 8 ? 'request' : 'reply'}, id ${at16(bytes, at + 4)}, seq ${at16(bytes, at + 6)}`;
    return `ICMP ${text}, length ${length}`;
  }
  const quoted = ipPart(bytes, at + 8, ETHERTYPE.ipv4);
  if (type === 3 && quoted) text = unreachableText(printer, bytes, quoted, code);
  else if (type === 11) text = code === 0 ? 'time exceeded in-transit' : 'ip reassembly time exceeded';
  let out = `ICMP ${text}, length ${length}`;
  if (printer.options.verbose > 0 && quoted && (type === 3 || type === 11)) {
    out += `\n\tIP ${printer.ip(bytes, { ...quoted, end: Math.min(quoted.end, bytes.length) })}`;
  }
  return out;
}

function unreachableText(printer: Printer, bytes: Uint8Array, quoted: IpPart, code: number): string {
  const address = printer.address(quoted.destination);
  if (code === 2) return `${address} protocol ${quoted.protocol} unreachable`;
  if (code === 3) return `${address} ${portText(printer, bytes, quoted)} unreachable`;
  return (UNREACHABLE[code] ?? `#${code} % unreachable`).replace('%', address);
}

function portText(printer: Printer, bytes: Uint8Array, { protocol, payload }: IpPart): string {
  const port = printer.port(at16(bytes, payload + 2));
  if (protocol === PROTOCOL.tcp) return `tcp port ${port}`;
  return protocol === PROTOCOL.udp ? `udp port ${port}` : `protocol ${protocol} port ${port}`;
}

export function icmp6Text(printer: Printer, bytes: Uint8Array, ip: IpPart): string {
  const at = ip.payload;
  const [type, code] = [bytes[at], bytes[at + 1]];
  const length = ip.end - at;
  const target = () => printer.address(ipAt(bytes, at + 8, true));
  let text = `type-#${type}`;
  if (type === 128 || type === 129) {
    text = `echo ${type === 128 ? 'request' : 'reply'}, id ${at16(bytes, at + 4)}, seq ${at16(bytes, at + 6)}`;
  } else if (type === 135 || type === 136) {
    const verbose = printer.options.verbose > 0;
    const name = `ICMP6, neighbor ${type === 135 ? 'solicitation' : 'advertisement'}`;
    const about = type === 135 ? `, who has ${target()}` : `, tgt is ${target()}`;
    return verbose
      ? `${name}, length ${length}${about}${neighbourOptions(bytes, at, type)}`
      : `${name}${about}, length ${length}`;
  } else {
    const quoted = ipPart(bytes, at + 8, ETHERTYPE.ipv6);
    const address = quoted ? printer.address(quoted.destination) : '';
    if (type === 3) text = `time exceeded in-transit for ${address}`;
    else if (type === 1 && quoted) {
      const port = code === 4 ? ` ${portText(printer, bytes, quoted)}` : '';
      text = `destination unreachable, ${(UNREACHABLE6[code] ?? `unknown unreach code (${code}) %`).replace('%', address)}${port}`;
    }
  }
  return `ICMP6, ${text}, length ${length}`;
}

/** What -v adds: the flags of an answer, and whose hardware address is told. */
function neighbourOptions(bytes: Uint8Array, at: number, type: number): string {
  const flags: [number, string][] = [
    [0x80, 'router'],
    [0x40, 'solicited'],
    [0x20, 'override'],
  ];
  const set = flags.filter(([bit]) => bytes[at + 4] & bit).map(([, word]) => word);
  const whose = bytes[at + 24] === 1 ? 'source' : 'destination';
  const option = `\n\t  ${whose} link-address option (${bytes[at + 24]}), length 8 (1): ${macAt(bytes, at + 26)}`;
  return `${type === 136 ? `, Flags [${set.join(', ')}]` : ''}${option}`;
}
