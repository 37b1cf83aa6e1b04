// Connection tracking of one network namespace: which flows there are, how each is translated, and when it is
// forgotten. Timeouts are those that a node has under kube-proxy (its tcpEstablishedTimeout is 24 h).

import type { Sim } from '../../sim/index.ts';
import { type Packet, type Protocol, tupleKey } from './packet.ts';

export interface Tuple {
  source: string;
  sport: number;
  destination: string;
  dport: number;
}

export type ConnectionState = 'SYN_SENT' | 'ESTABLISHED' | 'TIME_WAIT' | 'CLOSE' | 'NONE';

/** What happens to an entry; `state`: that of TCP then. */
export type ConntrackEvent = {
  event: 'NEW' | 'UPDATE' | 'DESTROY';
  entry: ConntrackEntry;
  state: string;
  timeout: number;
};

const SECOND = 1000;
/** How long an entry lives after its last packet. */
export const TIMEOUTS: Record<string, number> = {
  SYN_SENT: 120 * SECOND,
  ESTABLISHED: 86_400 * SECOND,
  TIME_WAIT: 120 * SECOND,
  CLOSE: 10 * SECOND,
  SYN_RECV: 60 * SECOND,
  FIN_WAIT: 120 * SECOND,
  LAST_ACK: 30 * SECOND,
  udp: 30 * SECOND,
  udp_stream: 120 * SECOND,
  icmp: 30 * SECOND,
};

export class ConntrackEntry {
  readonly protocol: Protocol;
  readonly original: Tuple;
  reply: Tuple;
  state: ConnectionState;
  expires = 0;
  seenReply = false;
  assured = false;
  mark = 0;
  /** NAT has been decided for the destination and for the source. */
  dstDone = false;
  srcDone = false;
  confirmed = false;
  readonly table: Conntrack;

  constructor(table: Conntrack, packet: Packet) {
    const { protocol, source, sport, destination, dport } = packet;
    this.table = table;
    this.protocol = protocol;
    this.original = { source, sport, destination, dport };
    // An echo's identifier is the same both ways.
    this.reply =
      protocol === 'icmp'
        ? { source: destination, sport, destination: source, dport }
        : { source: destination, sport: dport, destination: source, dport: sport };
    this.state = protocol === 'tcp' ? 'SYN_SENT' : 'NONE';
  }

  get translated(): boolean {
    return this.dnat || this.snat;
  }

  get dnat(): boolean {
    const { original, reply } = this;
    return reply.source !== original.destination || (this.protocol !== 'icmp' && reply.sport !== original.dport);
  }

  get snat(): boolean {
    const { original, reply } = this;
    return reply.destination !== original.source || (this.protocol !== 'icmp' && reply.dport !== original.sport);
  }

  /** The connection has ended: it is kept for a while. */
  finish(state: 'TIME_WAIT' | 'CLOSE') {
    const known = this.state === state;
    this.state = state;
    this.expires = this.table.sim.now + TIMEOUTS[state];
    if (!this.table.watchers || known) return;
    if (state === 'TIME_WAIT') for (const passing of ['FIN_WAIT', 'LAST_ACK']) this.table.tell('UPDATE', this, passing);
    this.table.tell('UPDATE', this);
  }

  /** Rewrites the destination as NAT has decided. */
  rewriteDestination(packet: Packet) {
    const other = packet.reply ? this.original : this.reply;
    packet.destination = other.source;
    if (this.protocol !== 'icmp') packet.dport = other.sport;
  }

  rewriteSource(packet: Packet) {
    const other = packet.reply ? this.original : this.reply;
    packet.source = other.destination;
    if (this.protocol !== 'icmp') packet.sport = other.dport;
  }
}

/** Entries after which the table is searched for expired ones. */
const SWEEP_AT = 1024;

export class Conntrack {
  readonly sim: Sim;
  private readonly byTuple = new Map<string, ConntrackEntry>();
  private sweepAt = SWEEP_AT;
  /** Those who are told of every change; none in most tables. */
  watchers: Set<(event: ConntrackEvent) => void> | undefined;

  constructor(sim: Sim) {
    this.sim = sim;
  }

  /** Tells of every change until it is stopped, of ends when they are noticed: once a second. */
  watch(told: (event: ConntrackEvent) => void): () => void {
    const watchers = (this.watchers ??= new Set());
    watchers.add(told);
    const timer = this.sim.every(SECOND, () => this.sweep());
    return () => {
      timer.cancel();
      watchers.delete(told);
      if (watchers.size === 0) this.watchers = undefined;
    };
  }

  tell(event: ConntrackEvent['event'], entry: ConntrackEntry, state: string = entry.state) {
    const key =
      entry.protocol === 'tcp' ? state : entry.assured && entry.protocol === 'udp' ? 'udp_stream' : entry.protocol;
    this.watchers?.forEach((told) => told({ event, entry, state, timeout: TIMEOUTS[key] }));
  }

  /** Finds or makes the packet's entry. */
  track(packet: Packet) {
    const { protocol, source, sport, destination, dport } = packet;
    const entry = this.byTuple.get(tupleKey(protocol, source, sport, destination, dport));
    if (entry && entry.expires > this.sim.now) {
      packet.tracked = entry;
      const { original } = entry;
      packet.reply = !(
        original.source === source &&
        original.sport === sport &&
        original.destination === destination &&
        original.dport === dport
      );
      if (packet.reply) this.answered(entry);
      else if (entry.seenReply && protocol !== 'tcp') entry.expires = this.sim.now + TIMEOUTS.udp_stream;
      packet.state = entry.seenReply ? 'ESTABLISHED' : 'NEW';
      return;
    }
    packet.tracked = new ConntrackEntry(this, packet);
    packet.reply = false;
    packet.state = 'NEW';
  }

  private answered(entry: ConntrackEntry) {
    const first = !entry.seenReply;
    this.update(entry);
    if (!this.watchers || !entry.confirmed) return;
    if (first && entry.protocol === 'tcp') {
      const { assured } = entry;
      entry.assured = false;
      this.tell('UPDATE', entry, 'SYN_RECV');
      entry.assured = assured;
    }
    if (first) this.tell('UPDATE', entry);
  }

  private update(entry: ConntrackEntry) {
    if (entry.protocol === 'tcp') {
      if (!entry.seenReply) {
        entry.state = 'ESTABLISHED';
        entry.expires = this.sim.now + TIMEOUTS.ESTABLISHED;
      }
      entry.assured = true;
    } else {
      entry.assured = entry.seenReply && entry.protocol === 'udp';
      const key = entry.protocol === 'icmp' ? 'icmp' : entry.assured ? 'udp_stream' : 'udp';
      entry.expires = this.sim.now + TIMEOUTS[key];
    }
    entry.seenReply = true;
  }

  /** The packet has passed all rules: its connection is remembered from now on. */
  confirm(entry: ConntrackEntry) {
    if (entry.confirmed) return;
    entry.confirmed = true;
    const { protocol, original, reply } = entry;
    entry.expires = this.sim.now + TIMEOUTS[protocol === 'tcp' ? 'SYN_SENT' : protocol];
    this.byTuple.set(keyOf(protocol, original), entry);
    this.byTuple.set(keyOf(protocol, reply), entry);
    if (this.watchers) this.tell('NEW', entry);
    if (this.byTuple.size >= this.sweepAt) this.sweep();
  }

  /** Whether answers to such a tuple belong to another connection already. */
  taken(protocol: Protocol, tuple: Tuple): boolean {
    const entry = this.byTuple.get(keyOf(protocol, tuple));
    return !!entry && entry.expires > this.sim.now;
  }

  /** Where the connection between two ends was meant to go before NAT (SO_ORIGINAL_DST). */
  originalDestination(local: { ip: string; port: number }, remote: { ip: string; port: number }) {
    const entry = this.byTuple.get(tupleKey('tcp', local.ip, local.port, remote.ip, remote.port));
    return entry && { ip: entry.original.destination, port: entry.original.dport };
  }

  /** Live entries, oldest first. */
  list(): ConntrackEntry[] {
    this.sweep();
    return [...new Set(this.byTuple.values())];
  }

  /** Forgets the entries that `which` picks; how many those were. */
  remove(which: (entry: ConntrackEntry) => boolean): number {
    let removed = 0;
    for (const entry of new Set(this.byTuple.values())) {
      if (!which(entry)) continue;
      this.forget(entry);
      removed++;
    }
    return removed;
  }

  private forget(entry: ConntrackEntry) {
    for (const key of [keyOf(entry.protocol, entry.original), keyOf(entry.protocol, entry.reply)]) {
      if (this.byTuple.get(key) === entry) this.byTuple.delete(key);
    }
    if (this.watchers) this.tell('DESTROY', entry);
  }

  private sweep() {
    const { now } = this.sim;
    const { watchers } = this;
    const ended = watchers && new Set<ConntrackEntry>();
    this.byTuple.forEach((entry, key) => {
      if (entry.expires > now) return;
      this.byTuple.delete(key);
      ended?.add(entry);
    });
    ended?.forEach((entry) => this.tell('DESTROY', entry));
    this.sweepAt = Math.max(SWEEP_AT, this.byTuple.size * 2);
  }
}

function keyOf(protocol: Protocol, { source, sport, destination, dport }: Tuple): string {
  return tupleKey(protocol, source, sport, destination, dport);
}
