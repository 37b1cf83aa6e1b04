// A TCP connection as its segments: handshake, data, receipts, end. The network carries what was written and nothing else;
// here it gets its numbers, as Linux would choose them.

import { encode } from '../bytes.ts';
import type { Attempt, Connection, Flow, Observer } from '../net/observer.ts';
import type { Sighting } from '../net/packet.ts';
import { FLAG, PROTOCOL, tcp, tcpOptions } from './encode.ts';
import type { Content, Hub } from './hub.ts';
import { clientFinished, clientHello, record, serverHello } from './tls-bytes.ts';

/** A receipt waits so long for data to go with (TCP_DELACK_MIN). */
const DELAYED_ACK = 40;
/** The first flight: ten segments, which the driver hands over as one. */
const BURST = 10;
const SCALE = 128;

interface End {
  /** The way of what it sends, and how long that takes, ms. */
  seen: readonly Sighting[] | undefined;
  /** Neighbours are asked for with its first segment. */
  asks: boolean;
  isn: number;
  /** Relative numbers: the next to send, what it has got, what it has said that it got. */
  next: number;
  got: number;
  said: number;
  mss: number;
  window: number;
  stamps: number;
  /** The other side's last time stamp. */
  echo: number;
  id: number;
  ended: boolean;
}

export class TcpFlow implements Flow {
  readonly observer: Observer;
  private readonly hub: Hub;
  private readonly ends: [client: End, server: End];
  private readonly delay: number;
  private readonly tls: () => boolean;
  private connection: Connection | undefined;
  /** Of TLS: its handshake is over, and what follows is late by so much. */
  private hello = false;
  private shift = 0;
  private dead = false;

  private constructor(
    hub: Hub,
    forth: readonly Sighting[] | undefined,
    back: readonly Sighting[] | undefined,
    delay: number,
  ) {
    this.observer = hub;
    this.hub = hub;
    this.delay = delay;
    this.ends = [newEnd(hub, forth), newEnd(hub, back)];
    // What a server offers leaves room for the time stamps that it has been asked for.
    const [client, server] = this.ends;
    client.window = client.mss * Math.max(1, Math.floor(65_535 / client.mss));
    server.window = (server.mss - 12) * Math.max(1, Math.floor(65_535 / (server.mss - 12)));
    this.tls = () => this.connection?.tls ?? false;
  }

  static begin(hub: Hub, { from, way, packet, fate, back, accepts }: Attempt): TcpFlow {
    const flow = new TcpFlow(hub, way.seen, back?.seen, way.delay);
    const { sim } = hub.network;
    flow.again();
    if (fate.kind === 'delivered') {
      sim.after(way.delay, () => {
        const [, server] = flow.ends;
        server.got = 1;
        if (accepts()) flow.segment(1, FLAG.syn | FLAG.ack);
        else {
          server.isn = 0;
          flow.reset(1);
        }
      });
    } else if (fate.kind === 'rejected' && fate.with === 'tcp-reset') {
      const { source, sport, destination, dport } = packet;
      const ends = { source: destination, sport: dport, destination: source, dport: sport };
      flow.ends[1].seen = hub.walk(fate.by, ends, 'tcp', packet);
      sim.after(way.delay, () => {
        flow.ends[1].got = 1;
        flow.ends[1].isn = 0;
        flow.reset(1);
      });
    } else hub.complain(from, way, packet, fate, flow.content(0, FLAG.syn));
    return flow;
  }

  static adopt(hub: Hub, connection: Connection, forth: readonly Sighting[], back: readonly Sighting[]): TcpFlow {
    const flow = new TcpFlow(hub, forth, back, connection.forth.way.delay);
    const [client, server] = flow.ends;
    client.next = server.got = server.said = 1 + connection.forth.bytes + (connection.forth.ended ? 1 : 0);
    server.next = client.got = client.said = 1 + connection.back.bytes + (connection.back.ended ? 1 : 0);
    client.ended = connection.forth.ended;
    server.ended = connection.back.ended;
    flow.connection = connection;
    flow.hello = true;
    return flow;
  }

  again() {
    this.ends[0].next = 0;
    this.segment(0, FLAG.syn);
  }

  established(connection: Connection) {
    this.connection = connection;
    this.ends[0].got = 1;
    this.ends[0].echo = this.stamp(1);
    this.segment(0, FLAG.ack);
  }

  sent(fromClient: boolean, text: string) {
    if (text === '' || this.dead) return;
    const from = fromClient ? 0 : 1;
    const { sim } = this.hub.network;
    if (!this.tls()) return this.transmit(from, encode(text));
    if (!this.hello && fromClient) this.greet();
    sim.after(this.shift, () => this.transmit(from, record(encode(text), this.hub)));
  }

  ended(fromClient: boolean, how: 'FIN' | 'RST') {
    const from = fromClient ? 0 : 1;
    this.hub.network.sim.after(this.shift, () => {
      if (this.dead || this.ends[from].ended) return;
      if (how === 'RST') return this.reset(from);
      this.ends[from].ended = true;
      this.segment(from, FLAG.fin | FLAG.ack);
      this.arrive(from, 1, true);
    });
  }

  /** TLS 1.3: one round before the first data, which this network does not wait for. */
  private greet() {
    const { sim } = this.hub.network;
    this.hello = true;
    this.shift = 2 * this.delay;
    this.transmit(0, clientHello(this.hub));
    sim.after(this.delay, () => this.transmit(1, serverHello(this.hub)));
    sim.after(this.shift, () => this.transmit(0, clientFinished(this.hub)));
  }

  private transmit(from: 0 | 1, data: Uint8Array) {
    if (this.dead) return;
    const most = BURST * (this.ends[from].mss - 12);
    for (let at = 0; at < data.length; at += most) {
      const part = data.subarray(at, at + most);
      const last = at + most >= data.length;
      this.segment(from, FLAG.ack | (last ? FLAG.psh : 0), part);
      this.arrive(from, part.length, false);
    }
  }

  /** The other side gets what was sent, and says so. */
  private arrive(from: 0 | 1, length: number, fin: boolean) {
    const { sim } = this.hub.network;
    const to = from === 0 ? 1 : 0;
    const stamp = this.stamp(from);
    const receive = () => {
      const end = this.ends[to];
      end.got += length;
      end.echo = stamp;
      const receipt = () => {
        if (!this.dead && end.said < end.got) this.segment(to, FLAG.ack);
      };
      if (fin && !end.ended) sim.after(DELAYED_ACK, receipt);
      else receipt();
    };
    sim.after(this.delay, receive);
  }

  private reset(from: 0 | 1) {
    this.dead = true;
    this.segment(from, FLAG.rst | FLAG.ack);
  }

  private stamp(side: 0 | 1): number {
    return (this.ends[side].stamps + Math.floor(this.hub.network.sim.now)) >>> 0;
  }

  private segment(side: 0 | 1, flags: number, data?: Uint8Array) {
    const end = this.ends[side];
    const content = this.content(side, flags, data);
    if (flags & (FLAG.syn | FLAG.fin)) end.next++;
    if (data) end.next += data.length;
    end.said = end.got;
    this.hub.emit(end.seen, content);
    // Once asked for, a neighbour is known.
    if (end.asks) end.seen = end.seen?.filter(({ arp }) => arp === undefined);
    end.asks = false;
  }

  private content(side: 0 | 1, flags: number, data?: Uint8Array): Content {
    const end = this.ends[side];
    const other = this.ends[side === 0 ? 1 : 0];
    const syn = (flags & FLAG.syn) !== 0;
    const rst = (flags & FLAG.rst) !== 0;
    const seq = (end.isn + end.next) >>> 0;
    const ack = flags & FLAG.ack ? (other.isn + end.got) >>> 0 : 0;
    const held = Math.min(Math.max(0, end.got - 1), end.window >> 1);
    const window = rst ? 0 : syn ? end.window : Math.ceil((end.window - held) / SCALE);
    const stamps: [number, number] = [
      this.stamp(side),
      syn && side === 0 ? 0 : end.echo || this.stamp(side === 0 ? 1 : 0),
    ];
    const options = rst ? [] : tcpOptions({ mss: syn ? end.mss : undefined, stamps });
    // The answer to a SYN has no number yet, and a reset never has one.
    const id = rst || (syn && side === 1) ? 0 : end.id++;
    return {
      protocol: PROTOCOL.tcp,
      id,
      df: true,
      bytes: (around, { sport, dport }) => tcp(around, { sport, dport, seq, ack, flags, window, options }, data),
    };
  }
}

function newEnd(hub: Hub, seen: readonly Sighting[] | undefined): End {
  const random = hub.network.sim.random('tcp-isn');
  const first = seen?.find(({ arp }) => arp === undefined);
  const headers = first?.destination.includes(':') ? 60 : 40;
  return {
    seen,
    asks: first !== seen?.[0],
    isn: random.bits() >>> 0,
    next: 0,
    got: 0,
    said: 0,
    mss: Math.min(65_535, first?.link.mtu ?? 1500) - headers,
    window: 0,
    stamps: random.bits() >>> 0,
    echo: 0,
    id: random.int(65_536),
    ended: false,
  };
}
