// DNS messages as bytes: RFC 1035.

import { messageForm, type DnsMessage, type DnsRecord, type RecordType, type ResponseCode } from '../net/dns.ts';
import { encode } from '../bytes.ts';
import { addressBytes, u16, u32 } from './encode.ts';

export const TYPES: Record<RecordType, number> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  ANY: 255,
};
const CODES: Record<ResponseCode, number> = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };
const IN = 1;
const OPT = 41;
const UDP_SIZE = 1232;
/** The question's name stands right after the header. */
const FIRST_NAME = [0xc0, 12];

function nameBytes(name: string): number[] {
  const out: number[] = [];
  for (const label of name.split('.')) if (label) out.push(label.length, ...encode(label));
  out.push(0);
  return out;
}

function dataBytes({ type, data }: DnsRecord): number[] {
  const words = data.split(' ');
  switch (type) {
    case 'A':
    case 'AAAA':
      return addressBytes(data);
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return nameBytes(data);
    case 'MX':
      return [...u16(Number(words[0])), ...nameBytes(words[1] ?? '')];
    case 'SRV':
      return [...words.slice(0, 3).flatMap((word) => u16(Number(word))), ...nameBytes(words[3] ?? '')];
    case 'SOA':
      return [
        ...nameBytes(words[0]),
        ...nameBytes(words[1] ?? ''),
        ...words.slice(2, 7).flatMap((word) => u32(Number(word))),
      ];
    default: {
      const text = encode(data.replace(/^"|"$/g, ''));
      return [text.length, ...text];
    }
  }
}

export function dnsBytes(message: DnsMessage): Uint8Array {
  const { id, question, response, recursionDesired, code, authoritative, recursionAvailable, opt } = message;
  const { answers, authority, additional } = message;
  const { compressed } = messageForm(message);
  const high = (response ? 0x80 : 0) | (authoritative ? 4 : 0) | (recursionDesired ? 1 : 0);
  const low = (recursionAvailable ? 0x80 : 0) | CODES[code];
  const out = [...u16(id), high, low, 0, 1, ...u16(answers.length), ...u16(authority.length)];
  out.push(...u16(additional.length + (opt ? 1 : 0)));
  out.push(...nameBytes(question.name), ...u16(TYPES[question.type]), 0, IN);
  for (const list of [answers, authority, additional]) {
    for (const record of list) {
      const owner = compressed && record.name === question.name ? FIRST_NAME : nameBytes(record.name);
      const data = dataBytes(record);
      out.push(...owner, ...u16(TYPES[record.type]), 0, IN, ...u32(record.ttl), ...u16(data.length), ...data);
    }
  }
  if (opt) {
    // Beside the size that the sender takes: a cookie of eight bytes, when there is one.
    const cookie = opt > 11 ? [0, 10, 0, 8, ...u16(id), ...u16(~id & 0xffff), ...u16(id ^ 0x5a5a), ...u16(id)] : [];
    out.push(0, ...u16(OPT), ...u16(UDP_SIZE), 0, 0, 0, 0, ...u16(cookie.length), ...cookie);
  }
  return Uint8Array.from(out);
}
