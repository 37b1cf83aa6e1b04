// Packets as tcpdump 4.99 prints them: the time, the link's header when asked for, and a line for each protocol inside.

import { formatDate } from '../commands/date.ts';
import { at16, type IpPart, ipPart, type LinkType, macAt, type Packet, dissect, ETHERNET } from './dissect.ts';
import { ETHERTYPE, PROTOCOL } from './encode.ts';
import { hexDump, readable } from './print-data.ts';
import { icmp6Text, icmpText } from './print-icmp.ts';
import { Conversations, tcpText } from './print-tcp.ts';
import { udpText } from './print-udp.ts';
import { serviceName } from './services.ts';

export interface PrintOptions {
  /** -n */
  numeric: boolean;
  /** -e */
  link: boolean;
  /** -v, -vv, -vvv */
  verbose: number;
  /** -q */
  quiet: boolean;
  /** -S */
  absolute: boolean;
  /** -t once to five times. */
  time: number;
  /** -A, -x, -xx, -X, -XX */
  data: '' | 'A' | 'x' | 'xx' | 'X' | 'XX';
  /** -#: packets are numbered. */
  count: boolean;
  /** What addresses are called, when somebody knows. */
  name: (address: string) => string | undefined;
}

const ETHERTYPES: Record<number, string> = {
  [ETHERTYPE.ipv4]: 'IPv4',
  [ETHERTYPE.arp]: 'ARP',
  [ETHERTYPE.ipv6]: 'IPv6',
};
const PROTOCOLS: Record<number, string> = {
  [PROTOCOL.icmp]: 'ICMP',
  [PROTOCOL.tcp]: 'TCP',
  [PROTOCOL.udp]: 'UDP',
  [PROTOCOL.icmp6]: 'ICMPv6',
};
/** Kinds of packets in the cooked header. */
const PACKET_TYPES = ['In', 'B', 'M', 'P', 'Out'];

const hex4 = (value: number) => value.toString(16).padStart(4, '0');

export class Printer {
  readonly options: PrintOptions;
  readonly conversations = new Conversations();
  private first: number | undefined;
  private previous: number | undefined;
  private printed = 0;

  constructor(options: PrintOptions) {
    this.options = options;
  }

  /** `interfaceName`: of the cooked header's number. */
  line(packet: Packet, time: number, interfaceName: (index: number) => string | undefined): string {
    const { data, count, link, quiet } = this.options;
    const number = count ? `${String(++this.printed).padStart(5)}  ` : '';
    let out = `${number}${this.timeText(time)}`;
    const { bytes, linkType, etherType, length } = packet;
    if (linkType === 'cooked') {
      const index = at16(bytes, 4) * 65_536 + at16(bytes, 6);
      out += `${(interfaceName(index) ?? String(index)).padEnd(5)} ${(PACKET_TYPES[bytes[10]] ?? '?').padEnd(3)} `;
      if (link) {
        const type = quiet ? '' : `ethertype ${typeText(etherType)}, `;
        out += `ifindex ${index} ${macAt(bytes, 12)} ${type}length ${length}: `;
      }
    }
    out += linkType === 'ethernet' ? this.frame(packet) : this.body(packet, packet.network, etherType, link);
    const whole = data === 'xx' || data === 'XX';
    const shown = bytes.subarray(whole ? 0 : packet.network, whole ? undefined : (packet.ip?.end ?? undefined));
    if (data === 'A') out += readable(shown);
    else if (data) out += hexDump(shown, data.toLowerCase() !== data);
    return `${out}\n`;
  }

  private frame(packet: Packet): string {
    const { bytes, etherType, length, network } = packet;
    let out = '';
    if (this.options.link) {
      const type = this.options.quiet ? (ETHERTYPES[etherType] ?? 'Unknown') : `ethertype ${typeText(etherType)}`;
      out = `${macAt(bytes, 6)} > ${macAt(bytes, 0)}, ${type}, length ${length}: `;
    }
    return out + this.body(packet, network, etherType, this.options.link);
  }

  /** `introduced`: the header in front has said which protocol follows. */
  private body({ bytes }: { bytes: Uint8Array }, at: number, etherType: number, introduced: boolean): string {
    if (etherType === ETHERTYPE.arp) return this.arp(bytes, at, introduced);
    const ip = ipPart(bytes, at, etherType);
    if (!ip) return `${introduced ? '' : `unknown ethertype 0x${hex4(etherType)}, `}length ${bytes.length - at}`;
    return `${introduced ? '' : ip.version === 6 ? 'IP6 ' : 'IP '}${this.ip(bytes, ip)}`;
  }

  /** A packet of IP with what it carries. */
  ip(bytes: Uint8Array, ip: IpPart): string {
    const { verbose } = this.options;
    let out = '';
    const name = PROTOCOLS[ip.protocol];
    if (verbose > 0 && ip.version === 4) {
      const { at } = ip;
      const flags = (bytes[at + 6] & 0x40) !== 0 ? 'DF' : (bytes[at + 6] & 0x20) !== 0 ? '+' : 'none';
      out = `(tos 0x${bytes[at + 1].toString(16)}, ttl ${ip.ttl}, id ${at16(bytes, at + 4)}, offset ${(at16(bytes, at + 6) & 0x1fff) * 8}, flags [${flags}], proto ${name ?? 'unknown'} (${ip.protocol}), length ${ip.end - at})\n    `;
    } else if (verbose > 0) {
      out = `(hlim ${ip.ttl}, next-header ${name ?? 'unknown'} (${ip.protocol}) payload length: ${ip.end - ip.payload}) `;
    }
    switch (ip.protocol) {
      case PROTOCOL.tcp:
        return out + tcpText(this, bytes, ip);
      case PROTOCOL.udp:
        return out + udpText(this, bytes, ip);
      case PROTOCOL.icmp:
        return `${out}${this.ends(ip)}: ${icmpText(this, bytes, ip)}`;
      case PROTOCOL.icmp6:
        return `${out}${this.ends(ip)}: ${icmp6Text(this, bytes, ip)}`;
      default:
        return `${out}${this.ends(ip)}:  ip-proto-${ip.protocol} ${ip.end - ip.payload}`;
    }
  }

  /** A frame inside of a packet, on a line of its own. */
  inner(bytes: Uint8Array): string {
    const packet = dissect(bytes, 'ethernet');
    return this.frame(packet);
  }

  address(ip: string): string {
    return (this.options.numeric ? undefined : this.options.name(ip)) ?? ip;
  }

  port(port: number): string {
    return (this.options.numeric ? undefined : serviceName(port)) ?? String(port);
  }

  ends({ source, destination }: IpPart): string {
    return `${this.address(source)} > ${this.address(destination)}`;
  }

  endsWithPorts({ source, destination }: IpPart, sport: number, dport: number): string {
    return `${this.address(source)}.${this.port(sport)} > ${this.address(destination)}.${this.port(dport)}`;
  }

  private arp(bytes: Uint8Array, at: number, introduced: boolean): string {
    const part = { source: ipAddress(bytes, at + 14), target: ipAddress(bytes, at + 24) };
    let out = introduced ? '' : 'ARP, ';
    if (this.options.verbose > 0) out += 'Ethernet (len 6), IPv4 (len 4), ';
    if (at16(bytes, at + 6) === 1) {
      const known = macAt(bytes, at + 18);
      const asked = known === '00:00:00:00:00:00' ? '' : ` (${known})`;
      out += `Request who-has ${this.address(part.target)}${asked} tell ${this.address(part.source)}`;
    } else out += `Reply ${this.address(part.source)} is-at ${macAt(bytes, at + 8)}`;
    return `${out}, length ${bytes.length - at}`;
  }

  private timeText(time: number): string {
    const { time: mode } = this.options;
    const micros = Math.round(time * 1000);
    const fraction = (value: number) => String(value % 1_000_000).padStart(6, '0');
    const before = this.previous ?? micros;
    this.previous = micros;
    this.first ??= micros;
    switch (mode) {
      case 1:
        return '';
      case 2:
        return `${Math.floor(micros / 1_000_000)}.${fraction(micros)} `;
      case 3:
      case 5: {
        const since = micros - (mode === 3 ? before : this.first);
        return `${clock(since / 1000)}.${fraction(since)} `;
      }
      case 4:
        return `${formatDate('%Y-%m-%d', time)} ${clock(time)}.${fraction(micros)} `;
      default:
        return `${clock(micros / 1000)}.${fraction(micros)} `;
    }
  }
}

const clock = (ms: number) => {
  const seconds = Math.floor(ms / 1000) % 86_400;
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
};

const ipAddress = (bytes: Uint8Array, at: number) => Array.from(bytes.subarray(at, at + 4)).join('.');
const typeText = (type: number) => `${ETHERTYPES[type] ?? 'Unknown'} (0x${hex4(type)})`;

export const DESCRIPTIONS: Record<LinkType, string> = {
  ethernet: 'EN10MB (Ethernet)',
  cooked: 'LINUX_SLL2 (Linux cooked v2)',
};
export { ETHERNET };
