// Whoever captures packets of a network: what passes an interface that somebody listens at is made into bytes, at the
// time at which it passes there.

import { concat, encode } from '../bytes.ts';
import type { DnsMessage } from '../net/dns.ts';
import type { Link } from '../net/link.ts';
import type { NetworkNamespace } from '../net/namespace.ts';
import type { Network } from '../net/network.ts';
import type { Attempt, Connection, EchoMarks, Flow, Observer } from '../net/observer.ts';
import { type Fate, type Journey, journey, type Packet, type Sighting } from '../net/packet.ts';
import { originate } from '../net/walk.ts';
import { dnsBytes } from './dns-bytes.ts';
import { arp, ethernet, ETHERTYPE, icmp, ip, type IpHeader, PROTOCOL, u16, udp } from './encode.ts';
import { neighbourAnswer, neighbourQuestion } from './neighbours.ts';
import { TcpFlow } from './tcp-flow.ts';

export interface Frame {
  /** Virtual time, ms. */
  time: number;
  link: Link;
  out: boolean;
  /** From the header of Ethernet on. */
  bytes: Uint8Array;
}

export interface Capture {
  namespace: NetworkNamespace;
  /** undefined: all interfaces of the namespace. */
  link: Link | undefined;
  /** What a bridge only passes on is heard too. */
  promiscuous: boolean;
  take(frame: Frame): void;
}

/** What goes into a packet at each place that it passes: addresses may differ from place to place. */
export interface Content {
  protocol: number;
  id: number;
  df: boolean;
  bytes(around: IpHeader, at: Sighting): Uint8Array;
}

/** Of an ICMP error: as much of the packet as fits into 576 bytes. */
const QUOTED = 548;
const NO_MAC = '00:00:00:00:00:00';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

export class Hub implements Observer {
  readonly network: Network;
  private readonly captures = new Set<Capture>();
  private ids = 0;

  /** Starts a capture; call what it returns to end it. */
  static open(network: Network, capture: Capture): () => void {
    const hub = network.observer instanceof Hub ? network.observer : new Hub(network);
    network.observer = hub;
    hub.captures.add(capture);
    return () => {
      hub.captures.delete(capture);
      if (hub.captures.size === 0 && network.observer === hub) network.observer = undefined;
    };
  }

  private constructor(network: Network) {
    this.network = network;
  }

  /** The next of IP's identifiers. */
  identifier(): number {
    this.ids = (this.ids + 1 + this.network.sim.random('ip-id').int(64)) & 0xffff;
    return this.ids;
  }

  private wanted(link: Link, passes: boolean): boolean {
    let found = false;
    this.captures.forEach((capture) => (found ||= hears(capture, link, passes)));
    return found;
  }

  /** Shows a packet wherever it passes. `delay`: ms until it leaves. */
  emit(seen: readonly Sighting[] | undefined, content: Content, delay = 0) {
    if (!seen) return;
    for (const at of seen) {
      if (at.arp !== undefined) this.askNeighbour(at, at.arp, delay);
      else {
        const passes = at.link.kind === 'bridge' && !at.out && at.to !== at.link;
        this.show(at.link, at.out, passes, delay + at.after, () => {
          const { inside } = at;
          if (!inside) return frameOf(at, content);
          const carried = encapsulated(inside.vni, frameOf({ ...at, ...inside }, content));
          const outer: Content = {
            protocol: PROTOCOL.udp,
            id: content.id,
            df: false,
            bytes: (_around, { sport, dport }) => carried(sport, dport),
          };
          return frameOf(at, outer);
        });
      }
    }
  }

  /** `passes`: it goes by a bridge that is not meant. */
  private show(link: Link, out: boolean, passes: boolean, delay: number, bytes: () => Uint8Array) {
    if (!this.wanted(link, passes)) return;
    const { sim } = this.network;
    sim.after(delay, () => {
      if (!this.wanted(link, passes)) return;
      const frame: Frame = { time: sim.now, link, out, bytes: bytes() };
      this.captures.forEach((capture) => {
        if (hears(capture, link, passes)) capture.take(frame);
      });
    });
  }

  /** Who has an address? Everybody on the segment hears it; its owner answers. */
  private askNeighbour({ link, from, to, after }: Sighting, address: string, delay: number) {
    const own = link.addresses.find((one) => one.ip.includes(':') === address.includes(':'))?.ip;
    if (own === undefined) return;
    const six = address.includes(':');
    const question = six
      ? neighbourQuestion(from.mac, own, address)
      : ethernet(
          BROADCAST,
          from.mac,
          ETHERTYPE.arp,
          arp({ reply: false, fromMac: from.mac, fromIp: own, toMac: NO_MAC, toIp: address }),
        );
    // A silent address is asked for three times.
    for (let second = 0; second < (to ? 1 : 3); second++) {
      for (const [heard, out] of segment(link))
        this.show(heard, out, false, delay + after + second * 1000, () => question);
    }
    if (!to) return;
    const answer = six
      ? neighbourAnswer(from.mac, own, to.mac, address)
      : ethernet(
          from.mac,
          to.mac,
          ETHERTYPE.arp,
          arp({ reply: true, fromMac: to.mac, fromIp: address, toMac: from.mac, toIp: own }),
        );
    for (const [heard, out] of between(to, link))
      this.show(heard, out, heard.kind === 'bridge' && heard !== link && heard !== to, delay + after, () => answer);
  }

  // ---- what the network tells ----------------------------------------------------------------------------

  connecting(attempt: Attempt): Flow {
    return TcpFlow.begin(this, attempt);
  }

  adopt(connection: Connection): Flow {
    const { client, server, local, remote, served, seen } = connection;
    const forth = this.walk(client, {
      source: local.ip,
      sport: local.port,
      destination: remote.ip,
      dport: remote.port,
    });
    const back = this.walk(server, { source: served.ip, sport: served.port, destination: seen.ip, dport: seen.port });
    return TcpFlow.adopt(this, connection, forth, back);
  }

  datagram(from: NetworkNamespace, way: Journey, packet: Packet, payload: unknown, fate: Fate) {
    const data = payloadBytes(payload, packet.length - 28);
    const content: Content = {
      protocol: PROTOCOL.udp,
      id: this.identifier(),
      df: true,
      bytes: (around, { sport, dport }) => udp(around, sport, dport, data),
    };
    this.emit(way.seen, content);
    const closed = fate.kind === 'delivered' && !fate.namespace.datagramSocket(packet.destination, packet.dport);
    const end: Fate = closed ? { kind: 'rejected', with: 'icmp-port-unreachable', by: fate.namespace } : fate;
    this.complain(from, way, packet, end, content);
  }

  echo(
    from: NetworkNamespace,
    way: Journey,
    packet: Packet,
    { id, sequence, size }: EchoMarks,
    fate: Fate,
    back: Journey | undefined,
  ) {
    const six = packet.destination.includes(':');
    const data = Uint8Array.from({ length: size }, (_none, i) => (i < 16 ? 0 : i & 255));
    const marks = [(id >> 8) & 255, id & 255, (sequence >> 8) & 255, sequence & 255];
    const content = (type: number, df: boolean): Content => ({
      protocol: six ? PROTOCOL.icmp6 : PROTOCOL.icmp,
      id: this.identifier(),
      df,
      bytes: (around) => icmp(around, type, 0, marks, data),
    });
    const request = content(six ? 128 : 8, true);
    this.emit(way.seen, request);
    if (back) this.emit(back.seen, content(six ? 129 : 0, false), way.delay);
    this.complain(from, way, packet, fate, request);
  }

  // ---- errors --------------------------------------------------------------------------------------------

  /** The error that comes back for a packet which went no further. */
  complain(from: NetworkNamespace, way: Journey, packet: Packet, fate: Fate, content: Content) {
    if (fate.kind !== 'rejected' && fate.kind !== 'unreachable' && fate.kind !== 'expired') return;
    if (fate.by === from) return;
    const six = packet.destination.includes(':');
    const { type, code } = errorOf(fate, six);
    const { source, sport, destination, dport, ttl } = packet;
    const last = way.seen?.findLast((one) => one.arp === undefined);
    if (!last) return;
    const header: IpHeader = { source, destination, ttl, ...content };
    const quoted = ip(header, content.bytes(header, { ...last, source, sport, destination, dport })).slice(0, QUOTED);
    const own = fate.kind === 'expired' ? fate.address : fate.by.sourceTowards(source);
    const speaker = fate.by.owns(destination) ? destination : (own ?? destination);
    const seen = this.walk(fate.by, { source: speaker, sport: 0, destination: source, dport: 0 }, 'icmp', packet);
    const error: Content = {
      protocol: six ? PROTOCOL.icmp6 : PROTOCOL.icmp,
      id: this.identifier(),
      df: false,
      bytes: (around) => icmp(around, type, code, [0, 0, 0, 0], quoted),
    };
    // Hosts that nobody has are missed after a while.
    this.emit(seen, error, way.delay + (fate.kind === 'unreachable' ? 3000 : 0));
  }

  /** The places that a packet passes which belongs to a known connection (or answers `to`), without leaving a mark. */
  walk(
    from: NetworkNamespace,
    ends: Pick<Packet, 'source' | 'sport' | 'destination' | 'dport'>,
    protocol: Packet['protocol'] = 'tcp',
    to?: Packet,
  ): readonly Sighting[] {
    const way = journey(from);
    const tracked = to?.tracked;
    const packet: Packet = {
      ...ends,
      protocol,
      length: 52,
      ttl: 64,
      mark: 0,
      tracked,
      reply: tracked !== undefined && !to?.reply,
      state: tracked ? 'ESTABLISHED' : to && protocol === 'icmp' ? 'UNTRACKED' : 'NEW',
      owner: undefined,
    };
    // What was refused is not remembered as a connection.
    const confirmed = tracked?.confirmed;
    if (tracked) tracked.confirmed = true;
    originate(from, packet, way);
    if (tracked && confirmed !== undefined) tracked.confirmed = confirmed;
    way.entries?.forEach((entry) => entry.table.remove((one) => one === entry));
    return way.seen ?? [];
  }
}

function frameOf(at: Sighting, content: Content): Uint8Array {
  const { source, destination, ttl } = at;
  const around: IpHeader = { source, destination, ttl, ...content };
  const type = destination.includes(':') ? ETHERTYPE.ipv6 : ETHERTYPE.ipv4;
  return ethernet(at.to?.mac ?? NO_MAC, at.from.mac, type, ip(around, content.bytes(around, at)));
}

/** A frame in a datagram of VXLAN, whose checksum is left out. */
const encapsulated = (vni: number, frame: Uint8Array) => (sport: number, dport: number) => {
  const header = [8, 0, 0, 0, (vni >> 16) & 255, (vni >> 8) & 255, vni & 255, 0];
  const length = 16 + frame.length;
  return concat(Uint8Array.from([...u16(sport), ...u16(dport), ...u16(length), 0, 0, ...header]), frame);
};

const hears = ({ namespace, link, promiscuous }: Capture, heard: Link, passes: boolean) =>
  (link ? link === heard : heard.namespace === namespace && heard.up) && (promiscuous || !passes);

/** Everywhere that a broadcast from an interface is heard. */
function segment(link: Link): [Link, boolean][] {
  const out: [Link, boolean][] = [[link, true]];
  const bridge = link.kind === 'bridge' ? link : link.peer?.master;
  if (link.kind === 'veth' && link.peer) out.push([link.peer, false]);
  if (bridge) {
    if (bridge !== link) out.push([bridge, false]);
    for (const port of bridge.ports) {
      if (port === link.peer || !port.up) continue;
      out.push([port, true]);
      if (port.peer) out.push([port.peer, false]);
    }
  }
  link.lan?.each((other) => {
    if (other !== link) out.push([other, false]);
  });
  return out;
}

/** Where a frame from one interface to another one of the same segment passes. */
function between(from: Link, to: Link): [Link, boolean][] {
  const out: [Link, boolean][] = [[from, true]];
  const bridge = from.kind === 'bridge' ? from : from.peer?.master;
  if (bridge) {
    if (from !== bridge && from.peer) out.push([from.peer, false]);
    if (from !== bridge) out.push([bridge, false]);
    if (to !== bridge && to.peer) out.push([to.peer, true]);
  }
  if (to !== bridge) out.push([to, false]);
  return out;
}

function errorOf(fate: Fate, six: boolean): { type: number; code: number } {
  if (fate.kind === 'expired') return { type: six ? 3 : 11, code: 0 };
  if (fate.kind !== 'rejected') return { type: six ? 1 : 3, code: six ? 3 : 1 };
  const codes: Record<string, [number, number]> = {
    'icmp-host-prohibited': [10, 1],
    'icmp-net-unreachable': [0, 0],
    'icmp-host-unreachable': [1, 3],
    'icmp-admin-prohibited': [13, 1],
    'icmp-net-prohibited': [9, 1],
    'icmp-proto-unreachable': [2, 4],
  };
  const [four, other] = codes[fate.with] ?? [3, 4];
  return { type: six ? 1 : 3, code: six ? other : four };
}

function payloadBytes(payload: unknown, size: number): Uint8Array {
  if (typeof payload === 'string') return encode(payload);
  if (payload && typeof payload === 'object' && 'question' in payload) return dnsBytes(payload as DnsMessage);
  return new Uint8Array(Math.max(0, size));
}
