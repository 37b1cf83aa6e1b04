// The packet filter of one network namespace: what a packet meets at each hook that it passes, in the kernel's order, and
// the translation of addresses that its connection keeps.

import type { Sim } from '../../sim/index.ts';
import { hostPort } from './address.ts';
import type { Chain } from './chain.ts';
import { Conntrack } from './conntrack.ts';
import type { IpSet } from './ipset.ts';
import type { Ipvs } from './ipvs.ts';
import type { Nft, NftStage } from './nft.ts';
import { type Packet, packetText } from './packet.ts';
import type { HookContext, HookName, TableName, Verdict } from './rule.ts';
import { Table } from './table.ts';

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

const unreachable = ({ destination }: Packet): Verdict => ({
  reject: destination.includes(':') ? 'icmp6-port-unreachable' : 'icmp-port-unreachable',
});

export class Netfilter {
  readonly conntrack: Conntrack;
  /** Virtual servers, once there are any. */
  ipvs: Ipvs | undefined;
  readonly sets = new Map<string, IpSet>();
  /** Tables of nftables that are no table of iptables. */
  nft: Nft | undefined;
  readonly tables: Partial<Record<TableName, Table>> = {};
  /** Those of IPv6. */
  readonly tables6: Partial<Record<TableName, Table>> = {};
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

  table6(name: TableName): Table {
    return (this.tables6[name] ??= new Table(name, true));
  }

  private tablesOf(packet: Packet) {
    return packet.destination.includes(':') ? this.tables6 : this.tables;
  }

  /** Passes a packet through a hook; undefined: it may go on. */
  hook(packet: Packet, context: HookContext): Verdict | undefined {
    const { hook } = context;
    const tables = this.tablesOf(packet);
    if (hook === 'PREROUTING' || hook === 'OUTPUT') {
      const raw = tables.raw?.hooks[hook];
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
          if (found === 'none') return unreachable(packet);
          if (found && !context.namespace.owns(packet.destination)) return undefined;
        }
        this.translate(packet, context);
        if (hook === 'OUTPUT' && this.ipvs?.take(packet, this, context) === 'none') {
          return unreachable(packet);
        }
        continue;
      }
      const end = name === 'filter' && this.nft && this.askNft('filter', packet, context);
      if (end) return end;
      const chain = tables[name]?.hooks[hook];
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
      const chain = this.tablesOf(packet).nat?.hooks[hook];
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
      const now = destination ? hostPort(other.source, other.sport) : hostPort(other.destination, other.dport);
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
