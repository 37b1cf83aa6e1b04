// The two ends of a TCP connection: what one writes arrives at the other after the way's delay, and is counted.

import { Signal } from '../../sim/index.ts';
import { byteLength } from '../bytes.ts';
import { PIPE_CAPACITY } from '../io.ts';
import type { Pipe } from '../pipe.ts';
import type { Writer } from '../types.ts';
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

/** One end of a connection as its process sees it. */
export function endOf(network: Network, connection: Connection, options: EndOptions): Socket {
  const { client, incoming, outgoing, delay, tls, process, service } = options;
  const { sim } = network;
  const mine = client ? connection.forth : connection.back;
  const theirs = client ? connection.back : connection.forth;
  const arrived = new Signal();
  let flying = 0;
  const writer: Writer = {
    write: (text) => {
      if (outgoing.broken || outgoing.ended) return false;
      flying += text.length;
      if (network.observer) flowOf(connection, network.observer).sent(client, text);
      mine.writes++;
      mine.bytes += byteLength(text);
      sim.after(delay, () => {
        flying -= text.length;
        outgoing.write(text);
        arrived.fire();
      });
      return true;
    },
    *drain() {
      while (outgoing.size + flying > PIPE_CAPACITY && !outgoing.broken) {
        yield { signals: [outgoing.changed, arrived] };
      }
    },
    close: () => {
      end('FIN');
      sim.after(delay, () => outgoing.end());
    },
  };
  const end = (how: 'FIN' | 'RST') => {
    if (mine.ended) return;
    if (network.observer) flowOf(connection, network.observer).ended(client, how);
    mine.ended = true;
    count(mine.way, 1, TCP_HEADERS);
  };
  const socket: Socket = {
    local: client ? connection.local : connection.served,
    remote: client ? connection.remote : connection.seen,
    tls,
    process,
    service,
    reader: {
      read: () => incoming.read(),
      unread: (text) => incoming.unread(text),
      close: () => incoming.closeReader(),
    },
    writer,
    get state() {
      if (mine.ended) return 'FIN-WAIT-2';
      return theirs.ended ? 'CLOSE-WAIT' : 'ESTAB';
    },
    get wasReset() {
      return incoming.reset;
    },
    reset: () => {
      end('RST');
      sim.after(delay, () => outgoing.abort());
      socket.close();
    },
    close: () => {
      options.closed(socket);
      writer.close();
      incoming.closeReader();
    },
  };
  return socket;
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
