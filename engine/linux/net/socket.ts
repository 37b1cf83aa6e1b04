// What processes hold of the network: listeners, connections, datagram sockets.

import type { Process, Reader, Writer } from '../types.ts';
import type { Fate } from './packet.ts';

export type ConnectError = 'ECONNREFUSED' | 'ETIMEDOUT' | 'EHOSTUNREACH';

export interface Address {
  ip: string;
  port: number;
}

interface Shown {
  ca: string;
  names: readonly string[];
  commonName?: string;
}

/** What a server shows of itself under TLS; the words of certificates are not modelled, who issued them is. */
export interface Tls {
  /** Others that are shown to who asks for a name (SNI): `shop.example`, `*.example`. */
  byName?: readonly ({ pattern: string } & Shown)[];
  /** PEM text of the authority that signed the certificate. */
  ca: string;
  /** DNS names and addresses that the certificate is good for. */
  names: string[];
  /** Counts for some clients when there are no names. */
  commonName?: string;
  /** Why a handshake ends when there is nothing to show; absent: no such name. */
  alert?: 'internal error';
  /** The body of the answer to HTTP without TLS; absent: that of servers written in Go. */
  plain?: () => string;
}

/** What a server shows to a client that asks for a name; undefined: it ends the handshake there. */
export function shownTo({ byName = [], ca, names, commonName }: Tls, name: string): Shown | undefined {
  const found =
    byName.find(({ pattern }) => pattern === name) ??
    byName.find(({ pattern }) => pattern === '' || (pattern.startsWith('*.') && name.endsWith(pattern.slice(1))));
  return found ?? (ca === '' ? undefined : { ca, names, commonName });
}

/** One end of a connection. */
export interface Socket {
  readonly local: Address;
  readonly remote: Address;
  /** Set on both ends of a connection to a TLS port. */
  readonly tls?: Tls;
  /** Whose end it is, where that is known. */
  readonly process?: Process;
  /** The program of a service that is no process here. */
  readonly service?: string;
  readonly reader: Reader;
  readonly writer: Writer;
  readonly state?: 'ESTAB' | 'CLOSE-WAIT' | 'FIN-WAIT-2';
  /** The other side has reset it. */
  readonly wasReset: boolean;
  /** Ends both directions. */
  close(): void;
  /** Ends it with a reset: what has not been read yet is lost to the other side. */
  reset(): void;
}

export interface Listener {
  readonly port: number;
  readonly address: string;
  readonly tls?: Tls;
  /** Of a proxy that passes bytes on: what the end behind it shows, which is then what its clients see. */
  readonly passes?: (local: Address, remote: Address) => Tls | undefined;
  /** Whose it is, where that is known. */
  readonly process?: Process;
  /** The program of a service that is no process here. */
  readonly service?: string;
  onConnect(socket: Socket): void;
  close(): void;
}

export interface ListenOptions {
  /** Only connections to this address (default: any of the namespace's). */
  address?: string;
  tls?: Tls;
  passes?: Listener['passes'];
  process?: Process;
  service?: string;
}

export interface ConnectOptions {
  /** ms; default: Linux's. */
  timeout?: number;
  /** Whose socket it is (default: the process that takes a step). */
  process?: Process;
  /** The address to connect from (default: by the route). */
  from?: string;
  /** SO_MARK */
  mark?: number;
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
