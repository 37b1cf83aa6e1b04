// How connections leave the API server towards nodes, Pods and Services: directly from its machine, unless an egress
// selector sends them another way (engine/konnectivity).

import type { ConnectError, NetworkNamespace, Socket } from '../linux/net/index.ts';
import type { Co } from '../sim/index.ts';

export interface Egress {
  /** Why a TCP connection would not come about, in the dialler's words; undefined: it would. No time passes. */
  reach(ip: string, port: number): string | undefined;
  /** Opens a connection, or says why not; `timeout` in ms. */
  connect(ip: string, port: number, timeout: number): Co<Socket | string>;
}

const WHY: Readonly<Record<ConnectError, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ETIMEDOUT: 'i/o timeout',
};

/** What Go's dialler says of a failure. */
export const dialError = (ip: string, port: number, error: ConnectError): string =>
  `dial tcp ${ip.includes(':') ? `[${ip}]` : ip}:${port}: ${WHY[error]}`;

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
});
