// Those who look on while packets pass: what the network tells them. Nobody does unless something captures (../capture/).

import type { NetworkNamespace } from './namespace.ts';
import type { Fate, Journey, Packet } from './packet.ts';
import type { Address } from './socket.ts';

/** The first packet of a connection has gone its way. */
export interface Attempt {
  from: NetworkNamespace;
  way: Journey;
  /** As it was when it ended. */
  packet: Packet;
  fate: Fate;
  /** The way of an answer. */
  back: Journey | undefined;
  /** Whether somebody takes the connection; asked when the packet has arrived. */
  accepts: () => boolean;
}

/** One direction of a connection. */
export interface Direction {
  way: Journey;
  /** What was sent in it, and in how many pieces. */
  bytes: number;
  writes: number;
  ended: boolean;
  /** How much of that the interfaces have counted. */
  counted: { bytes: number; writes: number };
}

export interface Connection {
  client: NetworkNamespace;
  server: NetworkNamespace;
  /** As the client has them. */
  local: Address;
  remote: Address;
  /** As the server has them. */
  served: Address;
  seen: Address;
  tls: boolean;
  forth: Direction;
  back: Direction;
  /** What the observer keeps of it. */
  flow: Flow | undefined;
}

/** A connection as an observer follows it. */
export interface Flow {
  readonly observer: Observer;
  /** The first packet is sent again. */
  again(): void;
  /** The client has its answer. */
  established(connection: Connection): void;
  sent(fromClient: boolean, text: string): void;
  ended(fromClient: boolean, how: 'FIN' | 'RST'): void;
}

/** Echo requests are told apart by these. */
export interface EchoMarks {
  id: number;
  sequence: number;
  /** Bytes of data. */
  size: number;
}

export interface Observer {
  connecting(attempt: Attempt): Flow;
  /** A connection that was there before. */
  adopt(connection: Connection): Flow;
  datagram(from: NetworkNamespace, way: Journey, packet: Packet, payload: unknown, fate: Fate): void;
  /** `back`: the answer's way, when there was one. */
  echo(
    from: NetworkNamespace,
    way: Journey,
    packet: Packet,
    marks: EchoMarks,
    fate: Fate,
    back: Journey | undefined,
  ): void;
}

/** When a silent address is tried again, ms after the first SYN (tcp_syn_linear_timeouts 4, tcp_syn_retries 6). */
export const SYN_RETRIES = [1, 2, 3, 4, 5, 7, 11, 19, 35, 67].map((seconds) => seconds * 1000);
