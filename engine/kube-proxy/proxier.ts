// What every mode of kube-proxy does, and the chains that iptables and IPVS modes share.

import {
  type Chain,
  type Cidr,
  inCidr,
  ipNumber,
  match,
  masquerade,
  type Netfilter,
  type NetworkNamespace,
  parseCidr,
  RETURN,
  Rule,
  setXmark,
  type Table,
} from '../linux/net/index.ts';
import type { Categories, Family, ServicePort } from './state.ts';

export interface SyncedPort {
  port: ServicePort;
  all: Categories;
}

export interface Proxier {
  /** False when somebody has thrown away what was written. */
  readonly intact: boolean;
  /** What a log says when all is written again. */
  readonly reloading: string | undefined;
  /** What all Services share. */
  setUp(): void;
  /** Replaces what one Service has; no ports: it goes. */
  sync(service: string, ports: readonly SyncedPort[]): void;
  /** After any number of `sync`s. */
  commit(): void;
  /** How many rules the last `commit` wrote into each table of iptables; absent where a mode writes none there. */
  rulesWritten?(): Readonly<Record<string, number>>;
}

/** The chains that are written anew whatever has changed. */
const SHARED =
  /^KUBE-(SERVICES|NODEPORTS|NODE-PORT|EXTERNAL-SERVICES|POSTROUTING|MARK-MASQ|FORWARD|PROXY-FIREWALL|LOAD-BALANCER|SOURCE-RANGES-FIREWALL|IPVS-FILTER|IPVS-OUT-FILTER)$/;

export function sharedRules(table: Table): number {
  let sum = 0;
  table.chains.forEach(({ rules }, name) => {
    if (SHARED.test(name)) sum += rules.length;
  });
  return sum;
}

/** A range of the family out of one of each with a comma between them (clusterCIDR). */
export function rangeOf(text: string, family: Family): Cidr | undefined {
  return parseCidr(text.split(',').find((range) => range.includes(':') === (family === 'IPv6')) ?? '');
}

export const isOf =
  (family: Family) =>
  (ip: string): boolean =>
    ip.includes(':') === (family === 'IPv6');

/** The machine's addresses in `ranges` (nodePortAddresses): there it serves node ports. */
export function nodePortAddresses(
  { addresses }: NetworkNamespace,
  ranges: readonly string[],
  family: Family,
): string[] {
  const own = addresses.filter(isOf(family));
  return own.filter((ip) =>
    ranges.some((text) => {
      if (text === 'primary') return ip === own[0];
      const range = parseCidr(text);
      return range !== undefined && inCidr(range, ipNumber(ip));
    }),
  );
}

/** `iptables -I` unless the chain has such a jump already. */
export function jump(table: Table, hook: string, fresh: Rule) {
  const chain = table.ensure(hook);
  const same = (other: Rule) =>
    other.spec.jump === fresh.spec.jump &&
    other.spec.matches?.map((each) => each.save()).join() === fresh.spec.matches?.map((each) => each.save()).join();
  if (!chain.rules.some(same)) chain.insert(0, fresh);
}

/** Packets with the mark leave with the address of this machine. */
export function masquerading(mark: number): Rule[] {
  return [
    new Rule({ target: RETURN, matches: [match.mark(mark, mark, true)] }),
    new Rule({ target: setXmark(mark, 0) }),
    new Rule({ target: masquerade(true), matches: [match.comment('kubernetes service traffic requiring SNAT')] }),
  ];
}

const OWN = /^KUBE-(?!FIREWALL$|KUBELET-CANARY$|IPTABLES-HINT$)/;

/** Takes away what iptables mode, or IPVS mode, has left in the tables: the kubelet's own chains stay. */
export function cleanUpIptables({ tables, tables6 }: Netfilter) {
  for (const table of [tables, tables6].flatMap((all) => [all.mangle, all.nat, all.filter])) {
    if (!table) continue;
    table.settle();
    const gone = new Set<Chain>();
    table.chains.forEach((chain) => OWN.test(chain.name) && gone.add(chain));
    table.chains.forEach((chain) => {
      if (gone.has(chain)) return;
      const kept = chain.rules.filter(({ spec }) => !spec.jump || !gone.has(spec.jump));
      if (kept.length < chain.rules.length) chain.set(kept);
    });
    for (const chain of gone) table.drop(chain);
  }
}
