// nftables of one network namespace: tables of base chains at hooks, chains, sets, and maps from parts of a packet to
// verdicts. Rules are functions with the text that `nft list` shows; whoever writes them gives both.

import type { Netfilter } from './netfilter.ts';
import type { HookContext, HookName } from './rule.ts';
import { type Hop, type Packet, packetText, type Rejection } from './packet.ts';

export type NftVerdict =
  | 'accept'
  | 'drop'
  | 'return'
  | { reject: Rejection }
  | { jump: NftChain }
  /** The rest of the chain is left out. */
  | { goto: NftChain };

export interface NftRule {
  readonly text: string;
  /** undefined: the next rule. */
  run(packet: Packet, context: HookContext, netfilter: Netfilter): NftVerdict | undefined;
}

/** When a hook asks a base chain: filters before NAT has changed the destination, NAT, filters after it. */
export type NftStage = 'early' | 'nat' | 'filter';

export interface NftBase {
  stage: NftStage;
  hook: HookName;
  /** As listed: `dstnat - 10`. */
  priority: string;
}

/** A name, and rules, that are given as functions are worked out when somebody first asks. */
export class NftChain {
  readonly base: NftBase | undefined;
  private named: string | (() => string);
  private made: readonly NftRule[] | (() => readonly NftRule[]);

  constructor(name: string | (() => string), rules: readonly NftRule[] | (() => readonly NftRule[]), base?: NftBase) {
    this.named = name;
    this.made = rules;
    this.base = base;
  }

  get name(): string {
    if (typeof this.named === 'function') this.named = this.named();
    return this.named;
  }

  get rules(): readonly NftRule[] {
    if (typeof this.made === 'function') this.made = this.made();
    return this.made;
  }
}

export interface NftSet {
  readonly name: string;
  readonly type: string;
  readonly comment?: string;
  /** Members are forgotten after so long, ms. */
  readonly timeout?: number;
  /** Members, with the time of the last update. */
  readonly elements: Map<string, number>;
}

/** A verdict map: keys as listed, `10.96.0.1 . tcp . 443`. */
export interface NftMap {
  readonly name: string;
  readonly type: string;
  readonly comment?: string;
  readonly elements: Map<string, NftVerdict>;
}

export const verdictText = (verdict: NftVerdict): string =>
  typeof verdict === 'string'
    ? verdict
    : 'reject' in verdict
      ? 'reject'
      : 'jump' in verdict
        ? `jump ${verdict.jump.name}`
        : `goto ${verdict.goto.name}`;

/** Whose packets a table sees. */
export type NftFamily = 'ip' | 'ip6';

export class NftTable {
  readonly family: NftFamily;
  readonly name: string;
  readonly comment: string | undefined;
  readonly sets = new Map<string, NftSet>();
  readonly maps = new Map<string, NftMap>();
  private readonly all = new Set<NftChain>();
  /** Base chains by what they do and by hook. */
  readonly bases: Record<NftStage, Partial<Record<HookName, NftChain[]>>> = { early: {}, nat: {}, filter: {} };

  constructor(family: NftFamily, name: string, comment?: string) {
    this.family = family;
    this.name = name;
    this.comment = comment;
  }

  add(chain: NftChain): NftChain {
    this.all.add(chain);
    const { base } = chain;
    if (base) (this.bases[base.stage][base.hook] ??= []).push(chain);
    return chain;
  }

  drop(chain: NftChain) {
    this.all.delete(chain);
  }

  /** By name, for listings: all names are worked out now. */
  get chains(): ReadonlyMap<string, NftChain> {
    const chains = new Map<string, NftChain>();
    this.all.forEach((chain) => chains.set(chain.name, chain));
    return chains;
  }

  /** The final verdict of a base chain; undefined: its policy, which is to accept. */
  evaluate(chain: NftChain, packet: Packet, context: HookContext, netfilter: Netfilter): NftVerdict | undefined {
    const { journey } = context;
    const { rules } = chain;
    for (let i = 0; i < rules.length; i++) {
      if (journey.trace) journey.compared++;
      const before = journey.trace?.length ?? 0;
      const verdict = rules[i].run(packet, context, netfilter);
      if (verdict === undefined) continue;
      let hop: Hop | undefined;
      if (journey.trace) {
        const text = `nft ${chain.name}: ${rules[i].text}`;
        const link = context.in || context.out;
        hop = { namespace: context.namespace.name, link, kind: 'rule', text, packet: packetText(packet) };
        journey.trace.splice(before, 0, hop);
      }
      if (verdict === 'return') {
        if (hop) hop.idle = true;
        return undefined;
      }
      if (typeof verdict === 'string' || 'reject' in verdict) return verdict;
      const found = this.evaluate('jump' in verdict ? verdict.jump : verdict.goto, packet, context, netfilter);
      if (found !== undefined) return found;
      if (hop && journey.trace) hop.idle = journey.trace.slice(before + 1).every(({ idle }) => idle);
      if ('goto' in verdict) return undefined;
    }
    return undefined;
  }
}

/** All tables, as a machine's packet filter asks them. */
export class Nft {
  /** By family and name: `ip kube-proxy`. */
  readonly tables = new Map<string, NftTable>();

  ask(stage: NftStage, packet: Packet, context: HookContext, netfilter: Netfilter): NftVerdict | undefined {
    const family: NftFamily = packet.destination.includes(':') ? 'ip6' : 'ip';
    for (const table of this.tables.values()) {
      if (table.family !== family) continue;
      const chains = table.bases[stage][context.hook];
      if (!chains) continue;
      for (const chain of chains) {
        const verdict = table.evaluate(chain, packet, context, netfilter);
        if (verdict !== undefined && verdict !== 'accept') return verdict;
      }
    }
    return undefined;
  }
}

/** `… vmap @NAME`: one look-up, however many elements there are. */
export function vmap(map: NftMap, expression: string, key: (packet: Packet) => string | undefined): NftRule {
  return {
    text: `${expression} vmap @${map.name}`,
    run(packet, { journey }) {
      const wanted = key(packet);
      if (wanted === undefined) return undefined;
      if (journey.trace) journey.lookups++;
      return map.elements.get(wanted);
    },
  };
}
