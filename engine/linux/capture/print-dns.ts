// DNS as tcpdump prints it: what is asked, how many answers there are in each section, and those of the first.

import { at16, at32, ipAt } from './dissect.ts';
import { TYPES } from './dns-bytes.ts';
import type { Printer } from './print.ts';

const OPT = 41;
const NAMES: Record<number, string> = { [OPT]: 'OPT' };
for (const name of Object.keys(TYPES)) NAMES[TYPES[name as keyof typeof TYPES]] = name;
NAMES[255] = 'ANY';
const CODES = ['', ' FormErr', ' ServFail', ' NXDomain', ' NotImp', ' Refused'];
const RECURSION_DESIRED = 1;
const AUTHORITATIVE = 4;
const TRUNCATED = 2;
const AVAILABLE = 0x80;
const AUTHENTIC = 0x20;

/** The name at a place, and the place after it. */
function nameAt(data: Uint8Array, start: number): { name: string; end: number } {
  let name = '';
  let end: number | undefined;
  let at = start;
  for (let hops = 0; hops < 128 && at < data.length; hops++) {
    const size = data[at];
    if (size >= 0xc0) {
      end ??= at + 2;
      at = at16(data, at) & 0x3fff;
    } else if (size === 0) {
      end ??= at + 1;
      break;
    } else {
      name += `${String.fromCharCode(...data.subarray(at + 1, at + 1 + size))}.`;
      at += size + 1;
    }
  }
  return { name: name || '.', end: end ?? at };
}

export function dnsText(printer: Printer, data: Uint8Array): string {
  const { verbose } = printer.options;
  const [high, low] = [data[2], data[3]];
  const [questions, answers, authority, additional] = [4, 6, 8, 10].map((at) => at16(data, at));
  let at = 12;
  const question = (): string => {
    const { name, end } = nameAt(data, at);
    at = end + 4;
    return `${NAMES[at16(data, end)] ?? `Type${at16(data, end)}`}? ${name}`;
  };
  const records = (count: number): string => {
    const texts: string[] = [];
    for (let i = 0; i < count; i++) {
      const record = recordText(data, at, verbose);
      at = record.end;
      texts.push(record.text);
    }
    return texts.join(',');
  };
  let out = String(at16(data, 0));
  if (high & 0x80) {
    out += `${CODES[low & 15] ?? ` Resp${low & 15}`}${high & AUTHORITATIVE ? '*' : ''}${low & AVAILABLE ? '' : '-'}`;
    out += `${high & TRUNCATED ? '|' : ''}${low & AUTHENTIC ? '$' : ''}`;
    const asked: string[] = [];
    for (let i = 0; i < questions; i++) asked.push(question());
    if (verbose > 1) out += ` q: ${asked.join(',')}`;
    out += ` ${answers}/${authority}/${additional}`;
    if (answers) out += records(answers);
    if (verbose > 1) {
      if (authority) out += ` ns:${records(authority)}`;
      if (additional) out += ` ar:${records(additional)}`;
    }
  } else {
    out += high & RECURSION_DESIRED ? '+' : '';
    out += low & AUTHENTIC ? '$' : '';
    if (answers) out += ` [${answers}a]`;
    if (questions !== 1) out += ` [${questions}q]`;
    if (authority) out += ` [${authority}n]`;
    if (additional) out += ` [${additional}au]`;
    for (let i = 0; i < questions; i++) out += ` ${question()}`;
    if (verbose > 1 && additional) out += ` ar:${records(additional)}`;
  }
  return `${out} (${data.length})`;
}

function recordText(data: Uint8Array, start: number, verbose: number): { text: string; end: number } {
  const { name, end } = nameAt(data, start);
  const type = at16(data, end);
  const at = end + 10;
  const size = at16(data, end + 8);
  let text = verbose > 0 ? ` ${name}` : '';
  if (verbose > 2 && type !== OPT) text += ` [${at32(data, end + 4)}s]`;
  text += ` ${NAMES[type] ?? `Type${type}`}`;
  switch (type) {
    case TYPES.A:
      text += ` ${ipAt(data, at)}`;
      break;
    case TYPES.AAAA:
      text += ` ${ipAt(data, at, true)}`;
      break;
    case TYPES.CNAME:
    case TYPES.PTR:
    case TYPES.NS:
      text += ` ${nameAt(data, at).name}`;
      break;
    case TYPES.MX:
      text += ` ${nameAt(data, at + 2).name} ${at16(data, at)}`;
      break;
    case TYPES.SRV:
      text += ` ${nameAt(data, at + 6).name}:${at16(data, at + 4)} ${at16(data, at)} ${at16(data, at + 2)}`;
      break;
    case TYPES.TXT:
      text += ` "${String.fromCharCode(...data.subarray(at + 1, at + 1 + data[at]))}"`;
      break;
    case TYPES.SOA: {
      if (verbose === 0) break;
      const primary = nameAt(data, at);
      const mail = nameAt(data, primary.end);
      const numbers = [0, 4, 8, 12, 16].map((place) => at32(data, mail.end + place));
      text += ` ${primary.name} ${mail.name} ${numbers.join(' ')}`;
      break;
    }
    case OPT:
      text += ` UDPsize=${at16(data, end + 2)}`;
      if (verbose > 0 && size >= 4) {
        const cookie = Array.from(data.subarray(at + 4, at + size), (byte) => byte.toString(16).padStart(2, '0'));
        text += ` [COOKIE ${cookie.join('')}]`;
      }
  }
  return { text, end: at + size };
}
