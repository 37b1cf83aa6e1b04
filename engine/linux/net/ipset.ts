// Sets of addresses and ports, for rules that ask whether a packet is in one.

import { type Cidr, inCidr, ipNumber, parseCidr } from './address.ts';
import type { Match } from './rule.ts';
import type { NetworkNamespace } from './namespace.ts';
import type { Packet } from './packet.ts';

export type SetType = 'hash:ip' | 'hash:ip,port' | 'hash:ip,port,ip' | 'hash:ip,port,net' | 'bitmap:port';

export class IpSet {
  readonly name: string;
  readonly type: SetType;
  readonly family: 'inet' | 'inet6';
  /** As `ipset list` shows members: `10.96.0.1,tcp:443`. */
  readonly members = new Set<string>();

  constructor(name: string, type: SetType, family: 'inet' | 'inet6' = 'inet') {
    this.name = name;
    this.type = type;
    this.family = family;
  }

  /** `directions`: `dst,dst`, which side of the packet each part of a member is compared with. */
  has(packet: Packet, directions: readonly string[]): boolean {
    const parts = this.type.slice(this.type.indexOf(':') + 1).split(',');
    const side = (at: number) => directions[at] === 'src';
    let key = '';
    for (let i = 0; i < parts.length; i++) {
      if (parts[i] === 'net') return this.inNet(`${key},`, side(i) ? packet.source : packet.destination);
      if (i > 0) key += ',';
      if (parts[i] === 'ip') key += side(i) ? packet.source : packet.destination;
      else {
        const port = side(i) ? packet.sport : packet.dport;
        key += this.type === 'bitmap:port' ? port : `${packet.protocol}:${port}`;
      }
    }
    return this.members.has(key);
  }

  private inNet(prefix: string, address: string): boolean {
    for (const member of this.members) {
      const range = member.startsWith(prefix) ? parseCidr(member.slice(prefix.length)) : undefined;
      if (range && inCidr(range as Cidr, ipNumber(address))) return true;
    }
    return false;
  }
}

/** `-m set --match-set NAME dst,dst`. */
export function inSet(set: IpSet, directions: string): Match {
  const sides = directions.split(',');
  return {
    set: set.name,
    test: (packet) => set.has(packet, sides),
    save: () => `-m set --match-set ${set.name} ${directions}`,
    list: () => `match-set ${set.name} ${directions}`,
  };
}

/** How many rules of a namespace ask a set. */
export function references(net: NetworkNamespace, set: IpSet): number {
  let count = 0;
  const { tables, tables6 } = net.netfilter ?? {};
  for (const table of [...Object.values(tables ?? {}), ...Object.values(tables6 ?? {})]) {
    for (const chain of table.chains.values()) {
      for (const { spec } of chain.rules) {
        if (spec.matches?.some((match) => match.set === set.name)) count++;
      }
    }
  }
  return count;
}
