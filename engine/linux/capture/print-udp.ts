// UDP as tcpdump prints it: DNS, frames in VXLAN, or how long it is.

import { at16, type IpPart } from './dissect.ts';
import { dnsText } from './print-dns.ts';
import { sumText } from './print-sum.ts';
import type { Printer } from './print.ts';

const DOMAIN = 53;
const MDNS = 5353;
const VXLAN = 4789;
/** Linux's own port for VXLAN belongs to OTV, whose header is the same. */
const OTV = 8472;
const HEADER = 8;

export function udpText(printer: Printer, bytes: Uint8Array, ip: IpPart): string {
  const { verbose, quiet } = printer.options;
  const at = ip.payload;
  const [sport, dport] = [at16(bytes, at), at16(bytes, at + 2)];
  const length = at16(bytes, at + 4) - 8;
  let out = `${printer.endsWithPorts(ip, sport, dport)}: `;
  if (quiet) return `${out}UDP, length ${length}`;
  if (verbose > 0) {
    const sum = at16(bytes, at + 6);
    const right = sum === 0 ? 'no cksum' : sumText(bytes, ip, 6);
    out +=
      right === 'correct'
        ? '[udp sum ok] '
        : right.startsWith('incorrect')
          ? `[bad udp cksum 0x${sum.toString(16).padStart(4, '0')}${right.slice(9)}!] `
          : `[${right}] `;
  }
  const data = bytes.subarray(at + 8, ip.end);
  const has = (port: number) => sport === port || dport === port;
  if (has(DOMAIN) || has(MDNS)) return out + dnsText(printer, data);
  if (has(VXLAN)) {
    const flags = data[0] & 8 ? 'I' : '.';
    const vni = at16(data, 4) * 256 + data[6];
    return `${out}VXLAN, flags [${flags}] (0x${hex2(data[0])}), vni ${vni}\n${printer.inner(data.subarray(HEADER))}`;
  }
  if (has(OTV)) {
    const flags = data[0] & 8 ? 'I' : '.';
    const overlay = at16(data, 1) * 256 + data[3];
    const instance = at16(data, 4) * 256 + data[6];
    return `${out}OTV, flags [${flags}] (0x${hex2(data[0])}), overlay ${overlay}, instance ${instance}\n${printer.inner(data.subarray(HEADER))}`;
  }
  return `${out}UDP, length ${length}`;
}

const hex2 = (value: number) => value.toString(16).padStart(2, '0');
