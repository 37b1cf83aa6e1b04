// What processes hold of the network: listeners, connections, datagram sockets.

import type { Process, Reader, Writer } from '../types.ts';
import type { Fate } from './packet.ts';

export type ConnectError = 'ECONNREFUSED' | 'ETIMEDOUT' | 'EHOSTUNREACH';

export interface Address {
  ip: string;
  port: number;
}

/** What a server shows of itself under TLS; the words of certificates are not modelled, who issued them is. */
export interface Tls {
  /** PEM text of the authority that signed the certificate. */
  ca: string;
  /** DNS names and addresses that the certificate is good for. */
  names: string[];
  /** The body of the answer to HTTP without TLS; absent: that of servers written in Go. */
  plain?: string;
}

/** One end of a connection. */
export interface Socket {
  readonly local: Address;
  readonly remote: Address;
  /** Set on both ends of a connection to a TLS port. */
  readonly tls?: Tls;
  readonly reader: Reader;
  readonly writer: Writer;
  /** Ends both directions. */
  close(): void;
}

export interface Listener {
  readonly port: number;
  readonly address: string;
  readonly tls?: Tls;
  /** Whose it is, where that is known. */
  readonly process?: Process;
  onConnect(socket: Socket): void;
  close(): void;
}

export interface ListenOptions {
  /** Only connections to this address (default: any of the namespace's). */
  address?: string;
  tls?: Tls;
  process?: Process;
}

export interface Datagram {
  readonly from: Address;
  readonly to: Address;
  readonly payload: unknown;
}

export interface UdpSocket {
  readonly port: number;
  readonly address: string;
  readonly process?: Process;
  onDatagram(datagram: Datagram): void;
  /** Sends a payload of so many bytes; the fate says whether an ICMP error came back. */
  send(to: Address, payload: unknown, length: number, from?: string): Fate;
  close(): void;
}

/** How long Linux tries to connect to a silent address: six SYNs. */
export const CONNECT_TIMEOUT = 127_000;

/** All of a namespace's addresses. */
export const ANY = '0.0.0.0';
