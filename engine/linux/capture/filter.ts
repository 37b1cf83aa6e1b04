// The language of capture filters (pcap-filter): `tcp port 80 and not host 10.0.0.1`, `tcp[tcpflags] & tcp-syn != 0`. `and`
// and `or` bind alike and from the left; qualifiers that a name lacks are those of the one before.

import { inCidr, ipNumber, parseCidr } from '../net/address.ts';
import { canonical } from '../net/address6.ts';
import { arithmetic, CONSTANTS, FIELDS } from './filter-numbers.ts';
import { ETHERTYPE, PROTOCOL } from './encode.ts';
import { macAt, type Packet } from './dissect.ts';
import { portOfService } from './services.ts';

export type Test = (packet: Packet) => boolean;

/** What is wrong with an expression, in libpcap's words. */
export class FilterError extends Error {}

/** Addresses of names that stand in an expression. */
export type Names = ReadonlyMap<string, readonly string[]>;

const LINK: Record<string, number> = { ip: ETHERTYPE.ipv4, ip6: ETHERTYPE.ipv6, arp: ETHERTYPE.arp, rarp: 0x8035 };
const CARRIED: Record<string, readonly number[]> = {
  tcp: [PROTOCOL.tcp],
  udp: [PROTOCOL.udp],
  icmp: [PROTOCOL.icmp],
  icmp6: [PROTOCOL.icmp6],
  sctp: [132],
  igmp: [2],
  esp: [50],
  ah: [51],
};
const DIRECTIONS = new Set(['src', 'dst']);
const KINDS = new Set(['host', 'net', 'port', 'portrange', 'proto']);
const UNMODELLED = new Set([
  'gateway',
  'vlan',
  'mpls',
  'pppoed',
  'pppoes',
  'geneve',
  'wlan',
  'atalk',
  'iso',
  'stp',
  'ipx',
]);
const RELATIONS: Record<string, (a: number, b: number) => boolean> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};

interface Qualifiers {
  protocol: string | undefined;
  direction: 'src' | 'dst' | 'src or dst' | 'src and dst';
  kind: string | undefined;
}

const TOKEN = /\s*(?:(\|\||&&|<<|>>|[<>=!]=|[()[\]!<>=+*%&|^]|:(?=\d))|((?:[\w\\]|::)[\w.:/\\-]*)|([-/]))/y;

function tokenize(text: string): string[] {
  const out: string[] = [];
  TOKEN.lastIndex = 0;
  let inside = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const found = TOKEN.exec(text);
    if (!found) throw new FilterError("can't parse filter expression: syntax error");
    const word = found[1] ?? found[2] ?? found[3];
    if (word === '[') inside++;
    if (word === ']') inside--;
    // `tcp[13:1]`, `tcp[12]-4`: inside of brackets colons and signs stand for themselves.
    if (found[2] && inside > 0) out.push(...word.split(/([:/]|(?<=\d)-)/).filter(Boolean));
    else out.push(word);
  }
  return out;
}

/** Words in an expression that may be names of hosts: they are looked up before it is compiled. */
export function namesIn(text: string): string[] {
  const words = tokenize(text);
  return words.filter((word, i) => {
    if (/^[\d\\]/.test(word) || word.includes(':') || !/^[\w.-]+$/.test(word)) return false;
    if (words[i + 1] === '[' || word in CONSTANTS || word in FIELDS) return false;
    return words[i - 1] === 'host' || (word.includes('.') && !['port', 'net', 'proto'].includes(words[i - 1]));
  });
}

export function compile(text: string, names: Names = new Map()): Test {
  return text.trim() === '' ? () => true : new Compiler(tokenize(text), names).whole();
}

class Compiler {
  private readonly words: readonly string[];
  private readonly names: Names;
  private at = 0;
  private last: Qualifiers = { protocol: undefined, direction: 'src or dst', kind: undefined };

  constructor(words: readonly string[], names: Names) {
    this.words = words;
    this.names = names;
  }

  whole(): Test {
    const test = this.expression();
    if (this.at < this.words.length) this.wrong();
    return test;
  }

  private wrong(): never {
    throw new FilterError("can't parse filter expression: syntax error");
  }

  private take(...wanted: string[]): boolean {
    const found = wanted.includes(this.words[this.at]);
    if (found) this.at++;
    return found;
  }

  private expression(): Test {
    let left = this.factor();
    for (;;) {
      const before = left;
      if (this.take('and', '&&')) {
        const right = this.factor();
        left = (packet) => before(packet) && right(packet);
      } else if (this.take('or', '||')) {
        const right = this.factor();
        left = (packet) => before(packet) || right(packet);
      } else return left;
    }
  }

  private factor(): Test {
    if (this.take('not', '!')) {
      const test = this.factor();
      return (packet) => !test(packet);
    }
    const relation = this.relation();
    if (relation) return relation;
    if (this.take('(')) {
      const test = this.expression();
      if (!this.take(')')) this.wrong();
      return test;
    }
    return this.primitive();
  }

  /** `tcp[13] & 2 != 0`; undefined when no comparison of numbers stands here. */
  private relation(): Test | undefined {
    const left = arithmetic(this.words, this.at);
    const compare = left && RELATIONS[this.words[left.end]];
    if (!compare) return undefined;
    const right = arithmetic(this.words, left.end + 1);
    if (!right) return this.wrong();
    this.at = right.end;
    return (packet) => {
      const a = left.value(packet);
      const b = right.value(packet);
      return a !== undefined && b !== undefined && compare(a, b);
    };
  }

  private primitive(): Test {
    const word = this.words[this.at];
    if (word === undefined) return this.wrong();
    if (UNMODELLED.has(word)) throw new FilterError(`'${word}' in a filter is not modelled by this engine`);
    if (this.take('inbound')) return ({ out }) => !out;
    if (this.take('outbound')) return ({ out }) => out;
    if (this.take('less', 'greater')) {
      const limit = Number(this.words[this.at++]);
      if (!Number.isInteger(limit)) this.wrong();
      return word === 'less' ? ({ length }) => length <= limit : ({ length }) => length >= limit;
    }
    const start = this.at;
    const qualifiers = this.qualifiers();
    const next = this.words[this.at];
    if (qualifiers.protocol === 'ether') return this.ether(qualifiers);
    if (this.take('broadcast', 'multicast')) return groupTest(next, qualifiers.protocol);
    const given = this.at > start;
    if (next === undefined || ['and', 'or', '&&', '||', ')'].includes(next)) {
      // A protocol by itself.
      const bare = qualifiers.protocol !== undefined && qualifiers.kind === undefined && this.at === start + 1;
      return bare ? protocolTest(qualifiers.protocol as string) : this.wrong();
    }
    if (!/^[\w\\:]/.test(next)) this.wrong();
    if (given) this.last = qualifiers;
    const { protocol, direction, kind = 'host' } = given ? qualifiers : this.last;
    this.at++;
    const carrier = protocol === undefined ? undefined : protocolTest(protocol);
    const test = this.named(next.replace(/^\\/, ''), kind, direction, protocol);
    return carrier && kind !== 'proto' ? (packet) => carrier(packet) && test(packet) : test;
  }

  private qualifiers(): Qualifiers {
    const out: Qualifiers = { protocol: undefined, direction: 'src or dst', kind: undefined };
    const word = this.words[this.at];
    if (word in LINK || word in CARRIED || word === 'ether') {
      out.protocol = word;
      this.at++;
    }
    const first = this.words[this.at];
    if (DIRECTIONS.has(first)) {
      this.at++;
      out.direction = first as 'src' | 'dst';
      const joint = this.words[this.at];
      const second = this.words[this.at + 1];
      if ((joint === 'or' || joint === 'and') && DIRECTIONS.has(second) && second !== first) {
        this.at += 2;
        out.direction = `src ${joint} dst`;
      }
    }
    if (KINDS.has(this.words[this.at])) out.kind = this.words[this.at++];
    return out;
  }

  private ether({ direction, kind }: Qualifiers): Test {
    const word = this.words[this.at++];
    if (word === 'broadcast' || word === 'multicast') return groupTest(word, 'ether');
    if (word === undefined) return this.wrong();
    if (kind === 'proto') {
      const name = word.replace(/^\\/, '');
      const type = LINK[name] ?? Number(name);
      if (!Number.isInteger(type)) this.wrong();
      return ({ etherType }) => etherType === type;
    }
    if (!/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(word)) {
      throw new FilterError(`ethernet address used in non-ether expression`);
    }
    const mac = word.toLowerCase();
    return byEnds(direction, (packet, source) =>
      packet.linkType === 'ethernet' ? macAt(packet.bytes, source ? 6 : 0) === mac : false,
    );
  }

  private named(name: string, kind: string, direction: Qualifiers['direction'], protocol: string | undefined): Test {
    if (kind === 'port' || kind === 'portrange') {
      const [low, high] = this.ports(name, kind);
      return byEnds(direction, ({ sport, dport }, source) => {
        const port = source ? sport : dport;
        return port !== undefined && port >= low && port <= high;
      });
    }
    if (kind === 'proto') {
      const numbers = CARRIED[name] ?? [Number(name)];
      if (!Number.isInteger(numbers[0])) throw new FilterError(`unknown ip proto '${name}'`);
      const version = protocol === 'ip6' ? 6 : protocol === 'ip' ? 4 : undefined;
      return ({ ip }) =>
        ip !== undefined && numbers.includes(ip.protocol) && (version === undefined || ip.version === version);
    }
    if (kind === 'net') return this.net(name, direction);
    const addresses = ipNumber(name) >= 0 ? [canonical(name)] : this.names.get(name);
    if (!addresses?.length) {
      if (/^\d+(\.\d+){0,3}$/.test(name) && name.split('.').length < 4) return this.net(name, direction);
      throw new FilterError(`unknown host '${name}'`);
    }
    return byEnds(direction, (packet, source) => {
      const ends = packet.ip ?? packet.arp;
      return ends !== undefined && addresses.includes(source ? ends.source : ends.destination);
    });
  }

  private ports(name: string, kind: string): [number, number] {
    const number = (text: string): number => {
      const port = /^\d+$/.test(text) ? Number(text) : portOfService(text);
      if (port === undefined) throw new FilterError(`unknown port '${text}'`);
      if (port > 65_535) throw new FilterError(`illegal port number ${text} > 65535`);
      return port;
    };
    const range = /^(\d+)-(\d+)$/.exec(name);
    if (kind === 'port' || !range) return [number(name), number(name)];
    return [number(range[1]), number(range[2])];
  }

  private net(name: string, direction: Qualifiers['direction']): Test {
    let text = name;
    if (!name.includes(':')) {
      // `10.244` is 10.244.0.0/16.
      const [address, bits] = name.split('/');
      const parts = address.split('.');
      text = `${[...parts, '0', '0', '0'].slice(0, 4).join('.')}/${bits ?? 8 * parts.length}`;
    }
    if (this.take('mask')) {
      const mask = ipNumber(this.words[this.at++] ?? '');
      let bits = 0;
      for (let bit = 31; bit >= 0 && (mask >>> bit) & 1; bit--) bits++;
      text = `${text.split('/')[0]}/${bits}`;
    }
    const range = parseCidr(text);
    if (!range) throw new FilterError(`unknown network '${name}'`);
    return byEnds(direction, (packet, source) => {
      const ends = packet.ip ?? packet.arp;
      return ends !== undefined && inCidr(range, ipNumber(source ? ends.source : ends.destination));
    });
  }
}

function byEnds(direction: Qualifiers['direction'], test: (packet: Packet, source: boolean) => boolean): Test {
  switch (direction) {
    case 'src':
      return (packet) => test(packet, true);
    case 'dst':
      return (packet) => test(packet, false);
    case 'src and dst':
      return (packet) => test(packet, true) && test(packet, false);
    default:
      return (packet) => test(packet, true) || test(packet, false);
  }
}

function protocolTest(name: string): Test {
  const type = LINK[name];
  if (type !== undefined) return ({ etherType }) => etherType === type;
  const numbers = CARRIED[name];
  return ({ ip }) => ip !== undefined && numbers.includes(ip.protocol);
}

function groupTest(word: string, protocol: string | undefined): Test {
  if (protocol === 'ip6') return ({ ip }) => ip?.version === 6 && ip.destination.startsWith('ff');
  if (protocol === 'ip' && word === 'multicast')
    return ({ ip }) => ip?.version === 4 && /^2[23]\d\./.test(ip.destination);
  if (word === 'broadcast')
    return ({ bytes, linkType }) => linkType === 'ethernet' && macAt(bytes, 0) === 'ff:ff:ff:ff:ff:ff';
  return ({ bytes, linkType }) => linkType === 'ethernet' && (bytes[0] & 1) === 1;
}
