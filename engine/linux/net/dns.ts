// DNS messages as datagrams carry them here: the fields of RFC 1035, not its bytes; and asking a server.

import type { Co } from '../../sim/index.ts';
import { Signal } from '../../sim/index.ts';
import { parse6 } from './address6.ts';
import type { NetworkNamespace } from './namespace.ts';

export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'SRV' | 'PTR' | 'NS' | 'SOA' | 'TXT' | 'MX' | 'ANY';
export type ResponseCode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED';

export interface DnsQuestion {
  /** Ends with a dot, as asked. */
  name: string;
  type: RecordType;
}

export interface DnsRecord {
  name: string;
  type: RecordType;
  ttl: number;
  /** As `dig` prints it. */
  data: string;
}

export interface DnsMessage {
  id: number;
  question: DnsQuestion;
  response: boolean;
  recursionDesired: boolean;
  code: ResponseCode;
  authoritative: boolean;
  recursionAvailable: boolean;
  answers: readonly DnsRecord[];
  authority: readonly DnsRecord[];
  additional: readonly DnsRecord[];
  /** Octets of EDNS's record, when there is one: 11, with a cookie 12 more. */
  opt?: number;
}

export type DnsFailure = 'timeout' | 'refused' | 'unreachable';

export const DNS_PORT = 53;
/** resolv.conf's `timeout` and `attempts`. */
export const DNS_TIMEOUT = 5_000;
export const DNS_ATTEMPTS = 2;

export function query(id: number, name: string, type: RecordType, recursionDesired = true): DnsMessage {
  return {
    id,
    question: { name: absolute(name), type },
    response: false,
    recursionDesired,
    code: 'NOERROR',
    authoritative: false,
    recursionAvailable: false,
    answers: [],
    authority: [],
    additional: [],
  };
}

export function absolute(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

/** The name under which an address is looked up backwards. */
export function reverseName(ip: string): string {
  const six = ip.includes(':') ? parse6(ip) : undefined;
  if (six !== undefined) return `${[...six.toString(16).padStart(32, '0')].reverse().join('.')}.ip6.arpa.`;
  return `${ip.split('.').reverse().join('.')}.in-addr.arpa.`;
}

/** Octets after which CoreDNS compresses an answer: what a client without EDNS takes. */
const PLAIN_SIZE = 512;

const nameSize = (name: string) => (name === '.' ? 1 : name.length + 1);

/** Octets of a record's data. */
function dataSize({ type, data }: DnsRecord): number {
  switch (type) {
    case 'A':
      return 4;
    case 'AAAA':
      return 16;
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return nameSize(data);
    case 'MX':
      return 2 + nameSize(data.slice(data.indexOf(' ') + 1));
    case 'SRV':
      return 6 + nameSize(data.slice(data.lastIndexOf(' ') + 1));
    case 'SOA': {
      const [mname, rname] = data.split(' ');
      return nameSize(mname) + nameSize(rname) + 20;
    }
    default:
      return data.replace(/^"|"$/g, '').length + 1;
  }
}

/** Octets of a message on the wire, and whether owners' names that repeat the question's are shortened in it. */
export function messageForm(message: DnsMessage): { size: number; compressed: boolean } {
  const { question, answers, authority, additional, opt = 0 } = message;
  const asked = nameSize(question.name);
  let size = 12 + asked + 4 + opt;
  let saved = 0;
  for (const list of [answers, authority, additional]) {
    for (const record of list) {
      size += nameSize(record.name) + 10 + dataSize(record);
      if (record.name === question.name) saved += asked - 2;
    }
  }
  const compressed = size > PLAIN_SIZE;
  return { size: compressed ? size - saved : size, compressed };
}

export const messageSize = (message: DnsMessage): number => messageForm(message).size;

/** Asks one server once. */
export function* ask(
  net: NetworkNamespace,
  server: string,
  message: DnsMessage,
  timeout = DNS_TIMEOUT,
  port = DNS_PORT,
): Co<DnsMessage | DnsFailure> {
  const { sim } = net.network;
  const arrived = new Signal();
  let answer: DnsMessage | undefined;
  const socket = net.bind(0, ({ from, payload }) => {
    const got = payload as DnsMessage;
    if (from.ip !== server || from.port !== port || got.id !== message.id || !got.response) return;
    answer = got;
    arrived.fire();
  });
  if (!socket) return 'unreachable';
  const fate = socket.send({ ip: server, port }, message, messageSize(message));
  const deadline = sim.now + timeout;
  try {
    if (fate.kind === 'rejected') {
      yield 0;
      return 'refused';
    }
    if (fate.kind === 'unreachable') {
      yield 0;
      return 'unreachable';
    }
    while (!answer) {
      if (sim.now >= deadline) return 'timeout';
      yield { signals: [arrived], timeout: deadline - sim.now };
    }
    return answer;
  } finally {
    socket.close();
  }
}
