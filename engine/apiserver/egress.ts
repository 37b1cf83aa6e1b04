// How connections leave the API server towards nodes, Pods and Services: directly from its machine, unless an egress
// selector sends them another way (engine/konnectivity).

import type { ConnectError, NetworkNamespace, Socket } from '../linux/net/index.ts';
import type { Co } from '../sim/index.ts';
import { hostPort } from '../linux/net/index.ts';

export interface Egress {
  /** Why a TCP connection would not come about, in the dialler's words; undefined: it would. No time passes. */
  reach(ip: string, port: number): string | undefined;
  /** Opens a connection, or says why not; `timeout` in ms. */
  connect(ip: string, port: number, timeout: number): Co<Socket | string>;
  /** How a connection gets to where it is dialled. No time passes, and nothing is sent. */
  way(ip: string, port: number): Way;
  /** One more of the server's health checks; `failure`: why it fails now. */
  readonly check?: { readonly name: string; failure(): string | undefined };
  /** More of the server's metrics. */
  metrics?(): string[];
}

/** A connection's way before its first packet leaves for its destination. */
export interface Way {
  passages: Passage[];
  /** From where it is dialled; undefined: nowhere, for the reason in `error`. */
  from: NetworkNamespace | undefined;
  error?: string;
}

export interface Passage {
  /** The network namespace. */
  where: string;
  /** The program that does it. */
  by: string;
  text: string;
  /** What carries it, where that is a connection: both ends, as the program sees them. */
  connection?: { local: string; remote: string };
}

const WHY: Readonly<Record<ConnectError, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ETIMEDOUT: 'i/o timeout',
};

/** What Go's dialler says of a failure. */
export const dialError = (ip: string, port: number, error: ConnectError): string =>
  `dial tcp ${hostPort(ip, port)}: ${WHY[error]}`;

/** Straight from a machine. */
export const directEgress = (net: NetworkNamespace): Egress => ({
  reach(ip, port) {
    const error = net.reach('tcp', ip, port);
    return error && dialError(ip, port, error);
  },
  *connect(ip, port, timeout) {
    const socket = yield* net.connect(ip, port, { timeout });
    return typeof socket === 'string' ? dialError(ip, port, socket) : socket;
  },
  way: () => ({ passages: [], from: net }),
});
