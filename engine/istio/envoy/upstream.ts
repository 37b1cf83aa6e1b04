// Calls to a cluster: connections to its endpoints, with mTLS where both sides can, retries and timeouts.

import { byteLength, exchange, header, type ConnectError, type Headers, type HttpAnswer } from '../../linux/index.ts';
import type { Co, Sim } from '../../sim/index.ts';
import { secureClient, type Hello } from '../wire.ts';
import type { Cluster, Host, Upstream } from './cluster.ts';
import { endToEnd, isUpgrade } from './http.ts';
import type { Proxy } from './proxy.ts';
import { queryOf, type Request, type RetryPolicy } from './routes.ts';

export type FailureKind = 'connect' | 'reset' | 'overflow' | 'timeout' | 'none';

/** Why there is no answer. */
export interface Failure {
  kind: FailureKind;
  /** What Envoy says of the transport. */
  transport: string;
  host: Host | undefined;
}

export interface Answered {
  answer: HttpAnswer;
  upstream: Upstream;
  host: Host;
  attempts: number;
  /** Retries have run out on an answer that asked for another. */
  exhausted: boolean;
}

const CONNECT: Record<ConnectError, string> = {
  ECONNREFUSED: 'delayed connect error: Connection refused',
  EHOSTUNREACH: 'delayed connect error: No route to host',
  ETIMEDOUT: 'connection timeout',
};
/** Envoy: base interval of the back-off between retries, ms. */
const BACKOFF = 25;
export const isFailure = (result: Answered | Failure): result is Failure => 'kind' in result;

/** Runs `co`, but not longer than so many ms (0: without end); undefined: time is up. */
export function* within<T>(sim: Sim, ms: number, co: Co<T>): Co<T | undefined> {
  if (!(ms > 0)) return yield* co;
  const end = sim.now + ms;
  const task = sim.spawn('timeout', co);
  while (!task.done) {
    if (sim.now >= end) {
      task.kill();
      return undefined;
    }
    yield { signals: [task.exited], timeout: end - sim.now };
  }
  if (task.error) throw task.error;
  return task.result;
}

/** Opens a connection to a host of a cluster, with mTLS if it takes that. */
export function* open(proxy: Proxy, cluster: Cluster, host: Host, alpn: Hello['alpn']): Co<Upstream | string> {
  const { endpoint } = host;
  let ip = endpoint.ip;
  if (endpoint.byName) {
    const found = yield* proxy.process.host.resolve(ip);
    if (!found?.length) return 'dns_resolution_failure';
    [ip] = found;
  }
  const socket = yield* proxy.net.connect(ip, endpoint.port, {
    timeout: cluster.connectTimeout,
    process: proxy.process,
  });
  if (typeof socket === 'string') return CONNECT[socket];
  const { credential, view } = proxy;
  const mode = cluster.policy.tls?.mode;
  const { workload } = endpoint;
  const able = workload?.proxy === 'sidecar' && view.mtlsModeOf(workload, endpoint.port) !== 'DISABLE';
  if (!credential || mode === 'DISABLE' || (mode !== 'ISTIO_MUTUAL' && !able))
    return { socket, peer: undefined, requests: 0 };
  const { port, subset, service } = cluster;
  const sni = `outbound_.${port}_.${subset}_.${service}`;
  const secured = yield* secureClient(proxy.sim, socket, { credential, sni, alpn, peer: view.self });
  if (typeof secured === 'string') {
    socket.close();
    return secured;
  }
  return { socket: secured.socket, peer: secured.peer, requests: 0 };
}

/** One try: a connection from the pool, or a new one, and the request on it. */
function* attempt(
  proxy: Proxy,
  cluster: Cluster,
  host: Host,
  request: Request,
  headers: Headers,
): Co<Answered | Failure> {
  for (;;) {
    const place = yield* cluster.place(host);
    if (place === false) return { kind: 'overflow', transport: '', host };
    let upstream: Upstream;
    if (place === true) {
      const opened = yield* open(proxy, cluster, host, 'istio-http/1.1');
      if (typeof opened === 'string') {
        cluster.closed(host);
        return { kind: 'connect', transport: opened, host };
      }
      upstream = opened;
    } else upstream = place as Upstream;
    let answer: HttpAnswer | undefined;
    try {
      const { method, target, body } = request;
      answer = yield* exchange(upstream.socket, { method, target, headers, body });
    } finally {
      // Whoever gives up waiting leaves the connection in no state to be used again.
      if (!answer) cluster.closed(host, upstream.socket);
    }
    if (answer) {
      upstream.requests++;
      return { answer, upstream, host, attempts: 1, exhausted: false };
    }
    // One that had been closed while nobody used it says nothing about the host.
    if (place === true) return { kind: 'reset', transport: '', host };
  }
}

/** The request with Envoy's headers, as it leaves. */
function outgoing(request: Request, attempts: number): Headers {
  const headers = endToEnd(request.headers).filter(
    ([name]) => name !== 'x-envoy-attempt-count' && name !== 'content-length',
  );
  if (request.body) headers.push(['content-length', String(byteLength(request.body))]);
  headers.push(['x-envoy-attempt-count', String(attempts)]);
  if (isUpgrade(request))
    headers.push(['connection', 'Upgrade'], ['upgrade', header(request.headers, 'upgrade') ?? '']);
  return headers;
}

const GRPC: Record<string, string> = {
  '1': 'cancelled',
  '4': 'deadline-exceeded',
  '8': 'resource-exhausted',
  '13': 'internal',
  '14': 'unavailable',
};

function asksAgain(on: ReadonlySet<string>, result: Answered | Failure): boolean {
  if (isFailure(result)) {
    if (result.kind === 'overflow' || result.kind === 'none') return false;
    if (on.has('5xx') || on.has('gateway-error') || on.has('reset')) return true;
    return result.kind === 'connect' && (on.has('connect-failure') || on.has('reset-before-request'));
  }
  const { status, headers } = result.answer;
  if (on.has('5xx') && status >= 500) return true;
  if (on.has('gateway-error') && status >= 502 && status <= 504) return true;
  if (on.has('retriable-4xx') && status === 409) return true;
  if (on.has(String(status)) || (on.has('retriable-status-codes') && status === 503)) return true;
  const grpc = header(headers, 'grpc-status');
  return grpc !== undefined && grpc in GRPC && on.has(GRPC[grpc]);
}

/** Sends a request to one of the cluster's hosts, and to others when that fails and the policy says so. */
export function* call(proxy: Proxy, cluster: Cluster, request: Request, retries: RetryPolicy): Co<Answered | Failure> {
  const tried = new Set<Host>();
  const hash = hashValue(cluster, request, proxy);
  for (let attempts = 1; ; attempts++) {
    const host = cluster.use(proxy.view).pick(tried, hash);
    if (!host) return { kind: 'none', transport: '', host: undefined };
    host.active++;
    cluster.count('upstream_rq_total');
    let result: Answered | Failure;
    try {
      const tries = attempt(proxy, cluster, host, request, outgoing(request, attempts));
      result = (yield* within(proxy.sim, retries.perTryTimeout, tries)) ?? { kind: 'timeout', transport: '', host };
    } finally {
      host.active--;
    }
    if (isFailure(result)) {
      if (result.kind !== 'overflow') cluster.result(host, result.kind === 'timeout' ? 504 : 0);
    } else cluster.result(host, result.answer.status);
    const again = asksAgain(retries.on, result);
    if (!again || attempts > retries.attempts) {
      if (isFailure(result)) return result;
      return { ...result, attempts, exhausted: again && retries.attempts > 0 };
    }
    cluster.count('upstream_rq_retry');
    tried.add(host);
    if (!isFailure(result)) {
      while ((yield* result.answer.read()) !== undefined);
      cluster.give(host, result.upstream, header(result.answer.headers, 'connection')?.toLowerCase() !== 'close');
    }
    yield proxy.random.float() * BACKOFF * (2 ** attempts - 1);
  }
}

function hashValue({ hashOn }: Cluster, request: Request, { view }: Proxy): string | undefined {
  if (!hashOn) return undefined;
  if (hashOn.httpHeaderName) return header(request.headers, hashOn.httpHeaderName);
  if (hashOn.useSourceIp) return view.self.ip;
  return queryOf(request.target, hashOn.httpQueryParameterName);
}
