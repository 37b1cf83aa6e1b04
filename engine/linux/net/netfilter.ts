// The packet filter of one network namespace: tables of chains of rules, evaluated in order at the hooks that a
// packet passes. A long chain is looked up by destination and port first; what that skips could not have matched.

import type { Sim } from '../../sim/index.ts';
import { type Cidr, inCidr, ipNumber } from './address.ts';
import { Conntrack } from './conntrack.ts';
import type { IpSet } from './ipset.ts';
import type { Ipvs } from './ipvs.ts';
import type { NetworkNamespace } from './namespace.ts';
import type { Nft, NftStage } from './nft.ts';
import { type Hop, type Journey, type Packet, packetText, type Protocol, type Rejection } from './packet.ts';

export type HookName = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security';
export type Verdict = 'ACCEPT' | 'DROP' | 'RETURN' | { reject: Rejection };

/** What a rule can look at beside the packet. */
export interface HookContext {
  namespace: NetworkNamespace;
  hook: HookName;
  in: string;
  out: string;
  /** The table that is being asked. */
  table: TableName;
  /** The packet crosses a bridge of this namespace and is not routed. */
  bridged: boolean;
  journey: Journey;
}

/** `-m NAME …`: a further condition of a rule. */
export interface Match {
  test(packet: Packet, context: HookContext): boolean;
  /** As iptables-save prints it, `-m` included. */
  save(): string;
  /** As `iptables -L` prints it. */
  list(numeric: boolean): string;
  /** The set that it asks. */
  readonly set?: string;
  /** The only destination port that it lets through. */
  readonly dport?: number;
}

/** `-j NAME …` other than a chain. */
export interface Target {
  readonly name: string;
  apply(packet: Packet, context: HookContext): Verdict | undefined;
  /** Options as iptables-save prints them, with a blank in front. */
  save(): string;
  list(): string;
}

export interface RuleSpec {
  protocol?: Protocol | 'sctp' | '';
  notProtocol?: boolean;
  source?: Cidr;
  notSource?: boolean;
  destination?: Cidr;
  notDestination?: boolean;
  in?: string;
  notIn?: boolean;
  out?: string;
  notOut?: boolean;
  matches?: readonly Match[];
  /** A chain to go to, a target, or neither: the rule only counts. */
  jump?: Chain;
  goto?: boolean;
  target?: Target;
}

export class Rule {
  readonly spec: RuleSpec;
  packets = 0;
  bytes = 0;

  constructor(spec: RuleSpec) {
    this.spec = spec;
  }

  matches(packet: Packet, context: HookContext): boolean {
    const { spec } = this;
    const { protocol, source, destination, matches } = spec;
    if (destination && inCidr(destination, ipNumber(packet.destination)) === !!spec.notDestination) return false;
    if (protocol && (protocol === packet.protocol) === !!spec.notProtocol) return false;
    if (source && inCidr(source, ipNumber(packet.source)) === !!spec.notSource) return false;
    if (spec.in !== undefined && sameInterface(spec.in, context.in) === !!spec.notIn) return false;
    if (spec.out !== undefined && sameInterface(spec.out, context.out) === !!spec.notOut) return false;
    if (matches) for (let i = 0; i < matches.length; i++) if (!matches[i].test(packet, context)) return false;
    return true;
  }
}

function sameInterface(pattern: string, name: string): boolean {
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** Rules up to which a chain is simply gone through. */
const LINEAR = 8;

/** Positions of rules by what they can match at all. */
interface RuleIndex {
  byDestination: Map<number, number[]>;
  byPort: Map<number, number[]>;
  rest: number[];
}

const NOWHERE: number[] = [];

export class Chain {
  /** Of a built-in chain. */
  policy: 'ACCEPT' | 'DROP' | undefined;
  packets = 0;
  bytes = 0;
  /** What the name begins with, for names that are worked out late. */
  readonly prefix: string;
  private named: string | (() => string);
  private made: Rule[] | undefined;
  private make: (() => Rule[]) | undefined;
  private index: RuleIndex | undefined;

  /** Rules, and a name's rest, that are given as functions are worked out when somebody first asks. */
  constructor(name: string, rest?: () => string, rules?: () => Rule[]) {
    this.prefix = name;
    this.named = rest ?? name;
    this.make = rules;
  }

  get name(): string {
    if (typeof this.named === 'function') this.named = this.prefix + this.named();
    return this.named;
  }

  get rules(): readonly Rule[] {
    if (!this.made) {
      this.made = this.make?.() ?? [];
      this.make = undefined;
    }
    return this.made;
  }

  /** Replaces all rules; a function is asked when a packet or a listing needs them. */
  set(rules: Rule[] | (() => Rule[])) {
    this.index = undefined;
    if (typeof rules === 'function') {
      this.make = rules;
      this.made = undefined;
    } else this.made = rules;
  }

  insert(position: number, rule: Rule) {
    const rules = this.rules.slice();
    rules.splice(position, 0, rule);
    this.set(rules);
  }

  append(...rules: Rule[]) {
    this.set([...this.rules, ...rules]);
  }

  remove(position: number) {
    this.set(this.rules.filter((_rule, i) => i !== position));
  }

  evaluate(packet: Packet, context: HookContext): Verdict | undefined {
    const { rules } = this;
    const { length } = rules;
    if (context.journey.trace) return this.traced(packet, context);
    if (length <= LINEAR) {
      for (let i = 0; i < length; i++) {
        const verdict = this.step(rules[i], packet, context);
        if (verdict !== undefined) return verdict;
      }
      return undefined;
    }
    const index = (this.index ??= indexOf(rules));
    const ports = index.byPort.get(packet.dport) ?? NOWHERE;
    const { rest } = index;
    let to = packet.destination;
    let addressed = index.byDestination.get(ipNumber(to)) ?? NOWHERE;
    let a = 0;
    let p = 0;
    let r = 0;
    for (;;) {
      const next = Math.min(addressed[a] ?? length, ports[p] ?? length, rest[r] ?? length);
      if (next === length) return undefined;
      if (addressed[a] === next) a++;
      else if (ports[p] === next) p++;
      else r++;
      const verdict = this.step(rules[next], packet, context);
      if (verdict !== undefined) return verdict;
      if (packet.destination !== to) {
        // A target has rewritten it and let it go on.
        to = packet.destination;
        addressed = index.byDestination.get(ipNumber(to)) ?? NOWHERE;
        a = addressed.findIndex((position) => position > next);
        if (a < 0) a = addressed.length;
      }
    }
  }

  /** One rule after the other, as the kernel does it, and counted. */
  private traced(packet: Packet, context: HookContext): Verdict | undefined {
    for (const rule of this.rules) {
      context.journey.compared++;
      const verdict = this.step(rule, packet, context);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  private step(rule: Rule, packet: Packet, context: HookContext): Verdict | undefined {
    if (!rule.matches(packet, context)) return undefined;
    rule.packets++;
    rule.bytes += packet.length;
    const { jump, target } = rule.spec;
    if (context.journey.trace) return this.shown(rule, packet, context, context.journey.trace);
    return jump ? follow(rule.spec, packet, context) : target?.apply(packet, context);
  }

  private shown(rule: Rule, packet: Packet, context: HookContext, trace: Hop[]): Verdict | undefined {
    const { jump, target, matches } = rule.spec;
    const to = jump?.name ?? (target ? target.name + target.save() : 'counted');
    const why = matches?.map((match) => match.list(true)).join(' ');
    const text = `${context.table} ${this.name}: ${to}${why ? ` ${why}` : ''}`;
    const link = context.in || context.out;
    const hop: Hop = { namespace: context.namespace.name, link, kind: 'rule', text, packet: packetText(packet) };
    const before = trace.push(hop);
    const verdict = jump ? follow(rule.spec, packet, context) : target?.apply(packet, context);
    const moot = jump ? trace.slice(before).every(({ idle }) => idle) : !target;
    if (verdict === 'RETURN' || (verdict === undefined && moot)) hop.idle = true;
    return verdict;
  }
}

/** A jump comes back when the chain has no verdict; a goto goes back to where this chain was called from. */
function follow({ jump, goto }: RuleSpec, packet: Packet, context: HookContext): Verdict | undefined {
  const verdict = (jump as Chain).evaluate(packet, context);
  if (verdict !== 'RETURN' && verdict !== undefined) return verdict;
  return goto ? 'RETURN' : undefined;
}

function indexOf(rules: readonly Rule[]): RuleIndex {
  const index: RuleIndex = { byDestination: new Map(), byPort: new Map(), rest: [] };
  for (let i = 0; i < rules.length; i++) {
    const { destination, notDestination, matches } = rules[i].spec;
    if (destination?.bits === 32 && !notDestination) {
      note(index.byDestination, destination.base, i);
      continue;
    }
    let port: number | undefined;
    if (matches) for (let k = 0; k < matches.length && port === undefined; k++) port = matches[k].dport;
    if (port === undefined) index.rest.push(i);
    else note(index.byPort, port, i);
  }
  return index;
}

function note(map: Map<number, number[]>, key: number, position: number) {
  const list = map.get(key);
  if (list) list.push(position);
  else map.set(key, [position]);
}

const BUILT_IN: Record<TableName, readonly HookName[]> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};

export class Table {
  readonly name: TableName;
  readonly chains = new Map<string, Chain>();
  /** Built-in chains by hook: at hand for every packet. */
  readonly hooks: Partial<Record<HookName, Chain>> = {};
  /** Chains whose names nobody has needed yet. */
  private readonly unnamed = new Set<Chain>();

  constructor(name: TableName) {
    this.name = name;
    for (const hook of BUILT_IN[name]) {
      const chain = new Chain(hook);
      chain.policy = 'ACCEPT';
      this.chains.set(hook, chain);
      this.hooks[hook] = chain;
    }
  }

  chain(name: string): Chain | undefined {
    const found = this.chains.get(name);
    if (found) return found;
    let possible = false;
    this.unnamed.forEach(({ prefix }) => (possible ||= name.startsWith(prefix)));
    if (possible) this.settle();
    return this.chains.get(name);
  }

  /** The chain of that name, made when it is not there. */
  ensure(name: string): Chain {
    let chain = this.chain(name);
    if (!chain) this.chains.set(name, (chain = new Chain(name)));
    return chain;
  }

  add(chain: Chain) {
    this.unnamed.add(chain);
  }

  drop(chain: Chain) {
    if (!this.unnamed.delete(chain)) this.chains.delete(chain.name);
  }

  /** Works out all names and rules: for listings. */
  settle() {
    for (;;) {
      const before = this.chains.size;
      const fresh = [...this.unnamed];
      this.unnamed.clear();
      for (const chain of fresh) this.chains.set(chain.name, chain);
      // Rules that are made now may bring chains of their own.
      for (const chain of [...this.chains.values()]) void chain.rules;
      if (this.unnamed.size === 0 && this.chains.size === before) return;
    }
  }

  /** How many rules lead to each chain. */
  references(): Map<Chain, number> {
    const counts = new Map<Chain, number>();
    for (const chain of this.chains.values()) {
      for (const { spec } of chain.rules) if (spec.jump) counts.set(spec.jump, (counts.get(spec.jump) ?? 0) + 1);
    }
    return counts;
  }
}

/** Asked for a packet that is forwarded or delivered, after the tables: a program's queue (NFQUEUE). */
export type Queue = (packet: Packet, context: HookContext) => boolean;

/** The tables in the order in which a hook asks them; connection tracking comes after raw, NAT for a new flow only. */
const ORDER: Record<HookName, readonly TableName[]> = {
  PREROUTING: ['mangle', 'nat'],
  INPUT: ['mangle', 'filter', 'nat'],
  FORWARD: ['mangle', 'filter'],
  OUTPUT: ['mangle', 'nat', 'filter'],
  POSTROUTING: ['mangle', 'nat'],
};

export class Netfilter {
  readonly conntrack: Conntrack;
  /** Virtual servers, once there are any. */
  ipvs: Ipvs | undefined;
  readonly sets = new Map<string, IpSet>();
  /** Tables of nftables that are no table of iptables. */
  nft: Nft | undefined;
  readonly tables: Partial<Record<TableName, Table>> = {};
  /** Asked before a new connection leaves through POSTROUTING or is delivered through INPUT. */
  queue: Queue | undefined;
  /** What `-m recent` has seen: last times by list and address. */
  readonly recent = new Map<string, Map<string, number>>();
  readonly sim: Sim;
  /** Source ports that MASQUERADE and SNAT pick. */
  private nextPort = 1024;

  constructor(sim: Sim) {
    this.sim = sim;
    this.conntrack = new Conntrack(sim);
  }

  table(name: TableName): Table {
    return (this.tables[name] ??= new Table(name));
  }

  /** Passes a packet through a hook; undefined: it may go on. */
  hook(packet: Packet, context: HookContext): Verdict | undefined {
    const { hook } = context;
    if (hook === 'PREROUTING' || hook === 'OUTPUT') {
      const raw = this.tables.raw?.hooks[hook];
      context.table = 'raw';
      const verdict = raw && this.run(raw, packet, context);
      if (verdict !== undefined) return verdict;
      // What a virtual server has sent on comes by OUTPUT as the same connection.
      if (packet.state !== 'UNTRACKED' && !packet.tracked) this.conntrack.track(packet);
    }
    const early = this.nft && this.askNft('early', packet, context);
    if (early) return early;
    const order = ORDER[hook];
    for (let i = 0; i < order.length; i++) {
      const name = order[i];
      context.table = name;
      if (name === 'nat') {
        // The kernel has IPVS in front of the nat table at INPUT, behind it at OUTPUT.
        if (hook === 'INPUT' && this.ipvs) {
          const found = this.ipvs.take(packet, this, context);
          if (found === 'none') return { reject: 'icmp-port-unreachable' };
          if (found && !context.namespace.owns(packet.destination)) return undefined;
        }
        this.translate(packet, context);
        if (hook === 'OUTPUT' && this.ipvs?.take(packet, this, context) === 'none') {
          return { reject: 'icmp-port-unreachable' };
        }
        continue;
      }
      const end = name === 'filter' && this.nft && this.askNft('filter', packet, context);
      if (end) return end;
      const chain = this.tables[name]?.hooks[hook];
      if (!chain) continue;
      const verdict = this.run(chain, packet, context);
      if (verdict !== undefined) return verdict;
    }
    if (hook !== 'POSTROUTING' && hook !== 'INPUT') return undefined;
    if (this.queue && packet.state === 'NEW' && !this.queue(packet, context)) return 'DROP';
    const { tracked } = packet;
    if (tracked && !tracked.confirmed) {
      this.conntrack.confirm(tracked);
      const { journey } = context;
      if (journey.entries) journey.entries.push(tracked);
      else journey.entries = [tracked];
    }
    return undefined;
  }

  private askNft(stage: NftStage, packet: Packet, context: HookContext): Verdict | undefined {
    const verdict = this.nft?.ask(stage, packet, context, this);
    if (verdict === 'drop') return 'DROP';
    return typeof verdict === 'object' && 'reject' in verdict ? verdict : undefined;
  }

  private run(chain: Chain, packet: Packet, context: HookContext): Verdict | undefined {
    const verdict = chain.evaluate(packet, context);
    if (verdict === undefined || verdict === 'RETURN') {
      chain.packets++;
      chain.bytes += packet.length;
      return chain.policy === 'DROP' ? 'DROP' : undefined;
    }
    return verdict === 'ACCEPT' ? undefined : verdict;
  }

  /** NAT: the first packet of a connection asks the table, all others follow what was decided. */
  private translate(packet: Packet, context: HookContext) {
    const { tracked } = packet;
    if (!tracked) return;
    const { hook } = context;
    const destination = hook === 'PREROUTING' || hook === 'OUTPUT';
    const done = destination ? tracked.dstDone : tracked.srcDone;
    if (!done && !packet.reply) {
      const chain = this.tables.nat?.hooks[hook];
      if (chain) {
        const verdict = chain.evaluate(packet, context);
        if (verdict === undefined || verdict === 'RETURN') {
          chain.packets++;
          chain.bytes += packet.length;
        }
      }
      if (!(destination ? tracked.dnat : tracked.snat)) this.nft?.ask('nat', packet, context, this);
      if (destination) tracked.dstDone = true;
      else {
        tracked.srcDone = true;
        if (!tracked.snat) this.keepUnique(packet);
      }
    }
    if (!tracked.translated) return;
    const before = context.journey.trace && packetText(packet);
    if (destination) tracked.rewriteDestination(packet);
    else tracked.rewriteSource(packet);
    const { trace } = context.journey;
    if (trace && before !== packetText(packet)) {
      const { original, reply } = tracked;
      const other = packet.reply ? original : reply;
      const now = destination ? `${other.source}:${other.sport}` : `${other.destination}:${other.dport}`;
      const text = `${destination ? 'destination' : 'source'} becomes ${now}`;
      const link = context.in || context.out;
      trace.push({ namespace: context.namespace.name, link, kind: 'rewrite', text, packet: packetText(packet) });
    }
  }

  /** DNAT: the packet's connection goes to that address (and port, when one is given). */
  toDestination(packet: Packet, address: string, port: number | undefined) {
    const { tracked } = packet;
    if (!tracked) return;
    const { reply } = tracked;
    tracked.reply = { ...reply, source: address, sport: port ?? reply.sport };
  }

  /** SNAT: it seems to come from that address; the port is kept unless it is taken or chance is asked for. */
  toSource(packet: Packet, address: string, random: boolean) {
    const { tracked } = packet;
    if (!tracked) return;
    tracked.reply = { ...tracked.reply, destination: address };
    if (packet.protocol === 'icmp') return;
    if (random) tracked.reply.dport = 1024 + this.sim.random('masquerade').int(64512);
    this.makeUnique(packet);
  }

  /** Two flows that NAT has sent to one place must not look alike to it. */
  private keepUnique(packet: Packet) {
    if (packet.tracked?.dnat && packet.protocol !== 'icmp') this.makeUnique(packet);
  }

  private makeUnique(packet: Packet) {
    const { tracked } = packet;
    if (!tracked) return;
    for (let tries = 0; tries < 64512 && this.conntrack.taken(packet.protocol, tracked.reply); tries++) {
      tracked.reply = { ...tracked.reply, dport: this.nextPort };
      this.nextPort = this.nextPort >= 65535 ? 1024 : this.nextPort + 1;
    }
  }
}
