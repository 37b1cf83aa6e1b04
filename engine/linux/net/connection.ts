// The two ends of a TCP connection: what one writes arrives at the other after the way's delay, and is counted.

import { Signal } from '../../sim/index.ts';
import { byteLength } from '../bytes.ts';
import { PIPE_CAPACITY } from '../io.ts';
import type { Pipe } from '../pipe.ts';
import type { Reader, Writer } from '../types.ts';
import type { Network } from './network.ts';
import type { Connection, Direction, Flow, Observer } from './observer.ts';
import { count, type Journey } from './packet.ts';
import type { Socket } from './socket.ts';

/** Headers of a frame with those of IP and of TCP with its timestamps. */
export const TCP_HEADERS = 66;

export interface EndOptions extends Pick<Socket, 'tls' | 'process' | 'service'> {
  /** The end that has opened the connection. */
  client: boolean;
  incoming: Pipe;
  outgoing: Pipe;
  /** ms from one end to the other. */
  delay: number;
  /** The end is closed; called once or more. */
  closed(socket: Socket): void;
}

/** What one end writes. It does not hold its socket: cycles are not freed before the collector runs. */
class Outgoing implements Writer {
  private readonly network: Network;
  private readonly connection: Connection;
  private readonly client: boolean;
  private readonly pipe: Pipe;
  private readonly delay: number;
  private readonly arrived = new Signal();
  private flying = 0;

  constructor(network: Network, connection: Connection, { client, outgoing, delay }: EndOptions) {
    this.network = network;
    this.connection = connection;
    this.client = client;
    this.pipe = outgoing;
    this.delay = delay;
  }

  write(text: string): boolean {
    const { pipe, network, connection, client } = this;
    if (pipe.broken || pipe.ended) return false;
    this.flying += text.length;
    if (network.observer) flowOf(connection, network.observer).sent(client, text);
    const mine = client ? connection.forth : connection.back;
    mine.writes++;
    mine.bytes += byteLength(text);
    network.sim.after(this.delay, () => {
      this.flying -= text.length;
      pipe.write(text);
      this.arrived.fire();
    });
    return true;
  }

  *drain() {
    const { pipe, arrived } = this;
    while (pipe.size + this.flying > PIPE_CAPACITY && !pipe.broken) yield { signals: [pipe.changed, arrived] };
  }

  close() {
    this.end('FIN');
    const { pipe } = this;
    this.network.sim.after(this.delay, () => pipe.end());
  }

  abort() {
    this.end('RST');
    const { pipe } = this;
    this.network.sim.after(this.delay, () => pipe.abort());
  }

  private end(how: 'FIN' | 'RST') {
    const { network, connection, client } = this;
    const mine = client ? connection.forth : connection.back;
    if (mine.ended) return;
    if (network.observer) flowOf(connection, network.observer).ended(client, how);
    mine.ended = true;
    count(mine.way, 1, TCP_HEADERS);
  }
}

/** One end of a connection as its process sees it. */
export class End implements Socket {
  readonly local: Socket['local'];
  readonly remote: Socket['remote'];
  readonly tls: Socket['tls'];
  readonly process: Socket['process'];
  readonly service: Socket['service'];
  readonly reader: Reader;
  readonly writer: Outgoing;
  private readonly options: EndOptions;
  private readonly mine: Direction;
  private readonly theirs: Direction;

  constructor(network: Network, connection: Connection, options: EndOptions) {
    const { client, incoming, tls, process, service } = options;
    this.options = options;
    this.mine = client ? connection.forth : connection.back;
    this.theirs = client ? connection.back : connection.forth;
    this.local = client ? connection.local : connection.served;
    this.remote = client ? connection.remote : connection.seen;
    this.tls = tls;
    this.process = process;
    this.service = service;
    this.reader = {
      read: () => incoming.read(),
      unread: (text) => incoming.unread(text),
      close: () => incoming.closeReader(),
    };
    this.writer = new Outgoing(network, connection, options);
  }

  get state() {
    if (this.mine.ended) return 'FIN-WAIT-2';
    return this.theirs.ended ? 'CLOSE-WAIT' : 'ESTAB';
  }

  get wasReset(): boolean {
    return this.options.incoming.reset;
  }

  reset() {
    this.writer.abort();
    this.close();
  }

  close() {
    this.options.closed(this);
    this.writer.close();
    this.options.incoming.closeReader();
  }
}

/** The same socket, which is in `open` until somebody closes it. */
export function keptIn(open: Set<Socket>, socket: Socket): Socket {
  open.add(socket);
  const close = () => {
    open.delete(socket);
    socket.close();
  };
  return Object.assign(Object.create(socket) as Socket, { close });
}

export const direction = (way: Journey): Direction => ({
  way,
  bytes: 0,
  writes: 0,
  ended: false,
  counted: { bytes: 0, writes: 0 },
});

const flowOf = (connection: Connection, observer: Observer): Flow =>
  connection.flow?.observer === observer ? connection.flow : (connection.flow = observer.adopt(connection));

/** The interfaces on a connection's way count what it has carried since the last time: each piece, and its receipt. */
export function settle({ forth, back }: Connection) {
  for (const one of [forth, back]) {
    const { counted, way } = one;
    const writes = one.writes - counted.writes;
    if (writes === 0) continue;
    count(way, writes, one.bytes - counted.bytes + writes * TCP_HEADERS);
    count(one === forth ? back.way : forth.way, writes, writes * TCP_HEADERS);
    one.counted = { bytes: one.bytes, writes: one.writes };
  }
}
