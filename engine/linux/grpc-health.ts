// The gRPC health protocol (grpc.health.v1.Health/Check), carried as one HTTP request: what a gRPC probe asks.

import type { Co, Sim } from '../sim/index.ts';
import { exchange, serveHttp, type Headers } from './http.ts';
import type { Listener, ListenOptions, NetworkNamespace, Socket } from './net/index.ts';

export type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

const PATH = '/grpc.health.v1.Health/Check';
const TYPE: Headers = [['Content-Type', 'application/grpc']];

/** Answers health checks on a port; undefined when it is taken. */
export function serveGrpcHealth(
  sim: Sim,
  net: NetworkNamespace,
  port: number,
  statusOf: (service: string) => ServingStatus,
  options: ListenOptions = {},
): Listener | undefined {
  return serveHttp(
    sim,
    net,
    port,
    // eslint-disable-next-line require-yield
    function* ({ target, body }) {
      return target === PATH ? { status: 200, headers: TYPE, body: statusOf(body) } : { status: 415, headers: TYPE };
    },
    options,
  );
}

/** Asks on an open connection; undefined when what answers speaks no gRPC. */
export function* checkGrpcHealth(socket: Socket, service: string): Co<ServingStatus | undefined> {
  const headers: Headers = [['Host', socket.remote.ip], ['Content-Length', String(service.length)], ...TYPE];
  const answer = yield* exchange(socket, { method: 'POST', target: PATH, headers, body: service });
  if (!answer || answer.status !== 200) return undefined;
  const type = answer.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (type !== 'application/grpc') return undefined;
  return (yield* answer.read()) as ServingStatus | undefined;
}
