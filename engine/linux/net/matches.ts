// The conditions that rules load with -m: ports, comments, connection state, marks, chance, recent addresses,
// kinds of addresses.

import type { HookContext, Match } from './rule.ts';
import type { Packet, Protocol } from './packet.ts';
import { hex } from './targets.ts';

export function comment(text: string): Match {
  return {
    test: () => true,
    save: () => `-m comment --comment ${/^[\w-]+$/.test(text) ? text : `"${text.replace(/["'\\]/g, '\\$&')}"`}`,
    list: () => `/* ${text} */`,
  };
}

export interface PortRange {
  from: number;
  to: number;
  not?: boolean;
}

/** Names that `iptables -L` without -n puts for ports. */
const SERVICES: Record<number, string> = { 22: 'ssh', 53: 'domain', 80: 'http', 443: 'https', 8080: 'http-alt' };

/** `-m tcp --dport 80`; the protocol itself is the rule's. */
export function ports(protocol: 'tcp' | 'udp' | 'sctp', dport?: PortRange, sport?: PortRange): Match {
  const within = (port: number, range: PortRange | undefined) =>
    !range || (port >= range.from && port <= range.to) !== !!range.not;
  const option = (name: string, range: PortRange | undefined) =>
    range ? `${range.not ? ' !' : ''} --${name} ${rangeText(range, ':')}` : '';
  const shown = (name: string, range: PortRange | undefined, numeric: boolean) => {
    if (!range) return '';
    const text = !numeric && range.from === range.to ? (SERVICES[range.from] ?? String(range.from)) : undefined;
    return ` ${name}${range.from === range.to ? '' : 's'}:${range.not ? '!' : ''}${text ?? rangeText(range, ':')}`;
  };
  return {
    dport: dport && dport.from === dport.to && !dport.not ? dport.from : undefined,
    test: (packet) => within(packet.dport, dport) && within(packet.sport, sport),
    save: () => `-m ${protocol}${option('sport', sport)}${option('dport', dport)}`,
    list: (numeric) => `${protocol}${shown('spt', sport, numeric)}${shown('dpt', dport, numeric)}`,
  };
}

function rangeText({ from, to }: PortRange, between: string): string {
  return from === to ? String(from) : `${from}${between}${to}`;
}

export function multiport(which: 'dports' | 'sports', ranges: readonly PortRange[], not = false): Match {
  const text = ranges.map((range) => rangeText(range, ':')).join(',');
  return {
    test(packet) {
      const port = which === 'dports' ? packet.dport : packet.sport;
      return ranges.some(({ from, to }) => port >= from && port <= to) !== not;
    },
    save: () => `-m multiport ${not ? '! ' : ''}--${which} ${text}`,
    list: () => `multiport ${which} ${not ? '!' : ''}${text}`,
  };
}

/** `-m conntrack --ctstate`: INVALID never holds here, RELATED neither. */
export function ctstate(states: readonly string[], not = false): Match {
  const holds = (packet: Packet) => {
    if (packet.state === 'UNTRACKED') return states.includes('UNTRACKED');
    if (states.includes(packet.state)) return true;
    const { tracked } = packet;
    return !!tracked && ((states.includes('DNAT') && tracked.dnat) || (states.includes('SNAT') && tracked.snat));
  };
  const text = states.join(',');
  return {
    test: (packet) => holds(packet) !== not,
    save: () => `-m conntrack ${not ? '! ' : ''}--ctstate ${text}`,
    list: () => `${not ? '! ' : ''}ctstate ${text}`,
  };
}

export function mark(value: number, mask: number, not = false): Match {
  const text = mask === 0xffffffff ? hex(value) : `${hex(value)}/${hex(mask)}`;
  return {
    test: (packet) => ((packet.mark & mask) >>> 0 === value) !== not,
    save: () => `-m mark ${not ? '! ' : ''}--mark ${text}`,
    list: () => `mark match ${not ? '! ' : ''}${text}`,
  };
}

/** `-m statistic --mode random`: the kernel compares 31 random bits with the probability. */
export function probability(chance: number): Match {
  // kube-proxy writes ten decimals, the kernel keeps 31 bits, and those are shown.
  const limit = Math.round(Number(chance.toFixed(10)) * 0x80000000);
  const text = (limit / 0x80000000).toFixed(11);
  return {
    test: (_packet, { namespace }) => namespace.random.bits() >>> 1 < limit,
    save: () => `-m statistic --mode random --probability ${text}`,
    list: () => `statistic mode random probability ${text}`,
  };
}

/** `-m statistic --mode nth`. */
export function everyNth(every: number, packet: number): Match {
  let count = packet;
  return {
    test() {
      const hit = count === 0;
      count = count === 0 ? every - 1 : count - 1;
      return hit;
    },
    save: () => `-m statistic --mode nth --every ${every}${packet ? ` --packet ${packet}` : ''}`,
    list: () => `statistic mode nth every ${every}${packet ? ` packet ${packet}` : ''}`,
  };
}

export interface Recent {
  list: string;
  /** Seconds that an address is remembered for; absent: the rule sets. */
  seconds?: number;
  reap?: boolean;
  /** Addresses of IPv6. */
  six?: boolean;
}

/** `-m recent`: addresses seen before, for session affinity. */
export function recent({ list, seconds, reap, six }: Recent): Match {
  const set = seconds === undefined;
  const mask = six ? 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' : '255.255.255.255';
  return {
    test({ source }, { namespace }) {
      const { netfilter } = namespace;
      if (!netfilter) return false;
      const { now } = netfilter.sim;
      let seen = netfilter.recent.get(list);
      if (set) {
        if (!seen) netfilter.recent.set(list, (seen = new Map()));
        seen.set(source, now);
        return true;
      }
      const at = seen?.get(source);
      if (at === undefined) return false;
      if (now - at <= seconds * 1000) return true;
      if (reap) seen?.delete(source);
      return false;
    },
    save: () =>
      `-m recent ${set ? '--set' : `--rcheck --seconds ${seconds}${reap ? ' --reap' : ''}`} --name ${list} --mask ${mask} --rsource`,
    list: () =>
      `recent: ${set ? 'SET' : `CHECK seconds: ${seconds}${reap ? ' reap' : ''}`} name: ${list} side: source mask: ${mask}`,
  };
}

/** `-m addrtype`: LOCAL is an address of this machine. */
export function addrtype(which: 'src' | 'dst', type: 'LOCAL' | 'UNICAST', not = false): Match {
  return {
    test(packet: Packet, { namespace }: HookContext) {
      const local = namespace.owns(which === 'src' ? packet.source : packet.destination);
      return (local === (type === 'LOCAL')) !== not;
    },
    save: () => `-m addrtype ${not ? '! ' : ''}--${which}-type ${type}`,
    list: () => `ADDRTYPE match ${which}-type ${not ? '!' : ''}${type}`,
  };
}

/** `-m owner`: who runs the process that the packet leaves. */
export function owner(which: 'uid' | 'gid', id: number, not = false): Match {
  return {
    test: ({ owner: process }) => (process?.[which] === id) !== not && (!!process || not),
    save: () => `-m owner ${not ? '! ' : ''}--${which}-owner ${id}`,
    list: () => `${not ? '! ' : ''}owner ${which === 'uid' ? 'UID' : 'GID'} match ${id}`,
  };
}

/** `-m ipvs`: connections that a virtual server has led on. */
export function ipvs(address: string, protocol: Protocol, port: number): Match {
  const text = `--vaddr ${address} --vproto ${protocol === 'tcp' ? 6 : 17} --vport ${port}`;
  return {
    test({ tracked }) {
      if (!tracked?.dnat || tracked.protocol !== protocol) return false;
      return tracked.original.destination === address && tracked.original.dport === port;
    },
    save: () => `-m ipvs ${text}`,
    list: () => `vaddr ${address} vproto ${protocol.toUpperCase()} vport ${port}`,
  };
}

/** `-m physdev --physdev-is-bridged`. */
export function bridged(not = false): Match {
  return {
    test: (_packet, context) => context.bridged !== not,
    save: () => `-m physdev ${not ? '! ' : ''}--physdev-is-bridged`,
    list: () => `PHYSDEV match ${not ? '! ' : ''}--physdev-is-bridged`,
  };
}
