// Numbers in capture filters: bytes of a packet by protocol and place, `len`, names of flags and types, and sums of them.

import { ETHERTYPE, PROTOCOL } from './encode.ts';
import type { Packet } from './dissect.ts';

export type Value = (packet: Packet) => number | undefined;

interface Parsed {
  value: Value;
  /** The word after it. */
  end: number;
}

/** Places of fields. */
export const FIELDS: Readonly<Record<string, number>> = {
  tcpflags: 13,
  icmptype: 0,
  icmpcode: 1,
  icmp6type: 0,
  icmp6code: 1,
};

export const CONSTANTS: Readonly<Record<string, number>> = {
  ...FIELDS,
  'tcp-fin': 1,
  'tcp-syn': 2,
  'tcp-rst': 4,
  'tcp-push': 8,
  'tcp-ack': 16,
  'tcp-urg': 32,
  'tcp-ece': 64,
  'tcp-cwr': 128,
  'icmp-echoreply': 0,
  'icmp-unreach': 3,
  'icmp-sourcequench': 4,
  'icmp-redirect': 5,
  'icmp-echo': 8,
  'icmp-timxceed': 11,
  'icmp-paramprob': 12,
  'icmp6-destinationrunreach': 1,
  'icmp6-timeexceeded': 3,
  'icmp6-echo': 128,
  'icmp6-echoreply': 129,
  'icmp6-neighborsolicit': 135,
  'icmp6-neighboradvert': 136,
};

/** Where a protocol's header begins; undefined: not in this packet. What IPv6 carries is not reached by a place. */
const STARTS: Readonly<Record<string, (packet: Packet) => number | undefined>> = {
  ether: ({ linkType }) => (linkType === 'ethernet' ? 0 : undefined),
  ip: ({ etherType, network }) => (etherType === ETHERTYPE.ipv4 ? network : undefined),
  ip6: ({ etherType, network }) => (etherType === ETHERTYPE.ipv6 ? network : undefined),
  arp: ({ etherType, network }) => (etherType === ETHERTYPE.arp ? network : undefined),
  tcp: carried(PROTOCOL.tcp, 4),
  udp: carried(PROTOCOL.udp, 4),
  icmp: carried(PROTOCOL.icmp, 4),
  icmp6: carried(PROTOCOL.icmp6, 6),
};

function carried(protocol: number, version: 4 | 6) {
  return ({ ip }: Packet) => (ip?.protocol === protocol && ip.version === version ? ip.payload : undefined);
}

/** Operators, the weakest first. */
const LEVELS: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { '|': (a, b) => (a | b) >>> 0 },
  { '^': (a, b) => (a ^ b) >>> 0 },
  { '&': (a, b) => (a & b) >>> 0 },
  { '<<': (a, b) => (a << b) >>> 0, '>>': (a, b) => a >>> b },
  { '+': (a, b) => (a + b) >>> 0, '-': (a, b) => (a - b) >>> 0 },
  { '*': (a, b) => Math.imul(a, b) >>> 0, '/': (a, b) => Math.floor(a / b) >>> 0, '%': (a, b) => (a % b) >>> 0 },
];

/** Reads a number from a word on; undefined when none stands there. */
export function arithmetic(words: readonly string[], start: number, level = 0): Parsed | undefined {
  if (level === LEVELS.length) return operand(words, start);
  let left = arithmetic(words, start, level + 1);
  while (left) {
    const apply = LEVELS[level][words[left.end]];
    if (!apply) return left;
    const before = left.value;
    const right = arithmetic(words, left.end + 1, level + 1);
    if (!right) return undefined;
    left = {
      end: right.end,
      value(packet) {
        const a = before(packet);
        const b = right.value(packet);
        return a === undefined || b === undefined ? undefined : apply(a, b);
      },
    };
  }
  return undefined;
}

function operand(words: readonly string[], at: number): Parsed | undefined {
  const word = words[at];
  if (word === undefined) return undefined;
  if (word === '(') {
    const inner = arithmetic(words, at + 1);
    return inner && words[inner.end] === ')' ? { value: inner.value, end: inner.end + 1 } : undefined;
  }
  if (word === '-') {
    const inner = operand(words, at + 1);
    if (!inner) return undefined;
    return {
      end: inner.end,
      value(packet) {
        const value = inner.value(packet);
        return value === undefined ? undefined : -value >>> 0;
      },
    };
  }
  if (word === 'len') return { value: ({ length }) => length, end: at + 1 };
  if (/^(0x[0-9a-f]+|\d+)$/i.test(word)) {
    const number = Number(word);
    return { value: () => number, end: at + 1 };
  }
  if (words[at + 1] === '[' && word in STARTS) return place(words, at);
  if (word in CONSTANTS) return { value: () => CONSTANTS[word], end: at + 1 };
  return undefined;
}

/** `tcp[13]`, `ip[2:2]`, `udp[udp[4]]`. */
function place(words: readonly string[], at: number): Parsed | undefined {
  const start = STARTS[words[at]];
  const offset = arithmetic(words, at + 2);
  if (!offset) return undefined;
  let { end } = offset;
  let size = 1;
  if (words[end] === ':') {
    size = Number(words[end + 1]);
    if (![1, 2, 4].includes(size)) return undefined;
    end += 2;
  }
  if (words[end] !== ']') return undefined;
  return {
    end: end + 1,
    value(packet) {
      const from = start(packet);
      const by = offset.value(packet);
      if (from === undefined || by === undefined || from + by + size > packet.bytes.length) return undefined;
      let value = 0;
      for (let i = 0; i < size; i++) value = value * 256 + packet.bytes[from + by + i];
      return value;
    },
  };
}
