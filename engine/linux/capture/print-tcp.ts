// TCP as tcpdump prints it: flags, numbers counted from the beginning of the conversation, options, and what is inside.

import { at16, at32, type IpPart } from './dissect.ts';
import { FLAG } from './encode.ts';
import { sumText } from './print-sum.ts';
import { textProtocol } from './print-data.ts';
import { dnsText } from './print-dns.ts';
import type { Printer } from './print.ts';

/** First numbers of conversations, as they were seen. */
export class Conversations {
  private readonly known = new Map<string, { low: number; high: number }>();

  /** Numbers from the beginning; the first packet that has a number of the other side shows them as they are. */
  relative({ source, destination }: IpPart, sport: number, dport: number, syn: boolean, seq: number, ack: number) {
    const reverse = sport > dport || (sport === dport && source > destination);
    const key = reverse ? `${destination} ${dport} ${source} ${sport}` : `${source} ${sport} ${destination} ${dport}`;
    const found = this.known.get(key);
    if (!found || syn) {
      const [mine, theirs] = [seq, (ack - 1) >>> 0];
      this.known.set(key, reverse ? { low: theirs, high: mine } : { low: mine, high: theirs });
      return { seq, ack };
    }
    const [mine, theirs] = reverse ? [found.high, found.low] : [found.low, found.high];
    return { seq: (seq - mine) >>> 0, ack: (ack - theirs) >>> 0 };
  }
}

const LETTERS: [number, string][] = [
  [FLAG.fin, 'F'],
  [FLAG.syn, 'S'],
  [FLAG.rst, 'R'],
  [FLAG.psh, 'P'],
  [FLAG.ack, '.'],
  [FLAG.urg, 'U'],
  [FLAG.ece, 'E'],
  [FLAG.cwr, 'W'],
];

const HTTP_PORTS = new Set([80, 8080, 3128, 591, 2710]);
const HTTP_STARTS =
  /^(HTTP\/\d\.\d \d{3}\b|(GET|PUT|COPY|HEAD|LOCK|MOVE|POLL|POST|BCOPY|BMOVE|MKCOL|TRACE|LABEL|MERGE|PATCH|DELETE|OPTIONS|CONNECT|PROPFIND|SEARCH|UNLOCK|NOTIFY|SUBSCRIBE|UNSUBSCRIBE|M-SEARCH)[ \r\n])/;
const REDIS = 6379;
const DOMAIN = 53;

export function tcpText(printer: Printer, bytes: Uint8Array, ip: IpPart): string {
  const { verbose, quiet, absolute } = printer.options;
  const at = ip.payload;
  const [sport, dport] = [at16(bytes, at), at16(bytes, at + 2)];
  const head = (bytes[at + 12] >> 4) * 4;
  const length = ip.end - at - head;
  let out = `${printer.endsWithPorts(ip, sport, dport)}: `;
  if (quiet) return `${out}tcp ${length}`;
  const flags = bytes[at + 13];
  let letters = '';
  for (const [flag, letter] of LETTERS) if (flags & flag) letters += letter;
  out += `Flags [${letters || 'none'}]`;
  let seq = at32(bytes, at + 4);
  let ack = at32(bytes, at + 8);
  if (!absolute && flags & FLAG.ack) {
    ({ seq, ack } = printer.conversations.relative(ip, sport, dport, (flags & FLAG.syn) !== 0, seq, ack));
  }
  if (verbose > 0)
    out += `, cksum 0x${at16(bytes, at + 16)
      .toString(16)
      .padStart(4, '0')} (${sumText(bytes, ip, 16)})`;
  if (verbose > 1 || length > 0 || flags & (FLAG.syn | FLAG.fin | FLAG.rst)) {
    out += `, seq ${seq}${length > 0 ? `:${(seq + length) >>> 0}` : ''}`;
  }
  if (flags & FLAG.ack) out += `, ack ${ack}`;
  out += `, win ${at16(bytes, at + 14)}`;
  const options = optionTexts(bytes, at + 20, at + head);
  if (options.length) out += `, options [${options.join(',')}]`;
  out += `, length ${length}`;
  if (length <= 0 || flags & FLAG.rst) return out;
  return out + inside(printer, bytes.subarray(at + head, ip.end), sport, dport);
}

function inside(printer: Printer, data: Uint8Array, sport: number, dport: number): string {
  if (data.length === 0) return '';
  const verbose = printer.options.verbose > 0;
  if (HTTP_PORTS.has(sport) || HTTP_PORTS.has(dport)) return `: ${textProtocol('HTTP', data, HTTP_STARTS, verbose)}`;
  if (sport === REDIS || dport === REDIS) return `: RESP${respText(data)}`;
  if ((sport === DOMAIN || dport === DOMAIN) && data.length > 2) return ` ${dnsText(printer, data.subarray(2))}`;
  return '';
}

function optionTexts(bytes: Uint8Array, start: number, end: number): string[] {
  const out: string[] = [];
  for (let at = start; at < end;) {
    const kind = bytes[at];
    if (kind === 0) {
      out.push('eol');
      break;
    }
    if (kind === 1) {
      out.push('nop');
      at++;
      continue;
    }
    const size = bytes[at + 1];
    if (size < 2) break;
    if (kind === 2) out.push(`mss ${at16(bytes, at + 2)}`);
    else if (kind === 3) out.push(`wscale ${bytes[at + 2]}`);
    else if (kind === 4) out.push('sackOK');
    else if (kind === 8) out.push(`TS val ${at32(bytes, at + 2)} ecr ${at32(bytes, at + 6)}`);
    else out.push(`unknown-${kind}`);
    at += size;
  }
  return out;
}

/** Redis's protocol: words in quotation marks, as they stand. */
function respText(data: Uint8Array): string {
  let out = '';
  const lines = String.fromCharCode(...data.subarray(0, 4096)).split('\r\n');
  for (let i = 0; i < lines.length - 1; i++) {
    const [kind, rest] = [lines[i][0], lines[i].slice(1)];
    if (kind === '$') out += rest === '-1' ? ' null' : ` "${lines[++i] ?? ''}"`;
    else if (kind === ':') out += ` ${rest}`;
    else if (kind === '*') out += rest === '0' ? ' empty' : '';
    else out += ` "${rest}"`;
  }
  return out;
}
