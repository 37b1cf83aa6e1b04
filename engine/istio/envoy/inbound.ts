// Connections into a Pod (port 15006): who is there, may they, and on to the application.

import {
  exchange as send,
  byteLength,
  header,
  type Address,
  type Headers,
  type HttpAnswer,
  type Socket,
} from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import { TO_APPLICATION } from '../iptables.ts';
import { isHello, join, secureServer, type Secured } from '../wire.ts';
import type { Upstream } from './cluster.ts';
import { endToEnd, isUpgrade, looksLikeHttp, serveConnection, type Reply } from './http.ts';
import { limit } from './limits.ts';
import { denial, type Caller } from './policy.ts';
import { about, addressText, failureBody, type Exchange, type Proxy } from './proxy.ts';
import type { Request } from './routes.ts';
import { fingerprintOf } from '../istiod/authority.ts';

const CONNECT = {
  ECONNREFUSED: 'Connection refused',
  EHOSTUNREACH: 'No route to host',
  ETIMEDOUT: 'Connection timed out',
};

export function* inbound(proxy: Proxy, raw: Socket): Co {
  const original = proxy.net.originalDestination(raw);
  if (original.port === raw.local.port) return raw.close();
  const mode = proxy.view.mtlsMode(original.port);
  const served = proxy.view.inboundService(original.port);
  let socket = raw;
  let secured: Secured | undefined;
  let first: string | undefined;
  // A server that speaks first, to a client without a proxy: nothing comes until it has.
  const waits = served?.port.protocol !== 'TCP' || mode !== 'DISABLE';
  if (waits) {
    first = yield* raw.reader.read();
    if (first === undefined) return raw.close();
    if (isHello(first) && mode !== 'DISABLE' && proxy.credential) {
      const made = secureServer(proxy.sim, raw, first, { credential: proxy.credential, peer: proxy.view.self });
      if (typeof made === 'string') return raw.reset();
      secured = made;
      ({ socket } = made);
    } else if (mode === 'STRICT') return raw.reset();
    else raw.reader.unread(first);
  }
  const caller: Caller = {
    principal: secured?.peer.credential.uri ?? '',
    remote: raw.remote,
    ip: original.ip,
    port: original.port,
    sni: secured?.sni ?? '',
  };
  const protocol = served?.port.protocol ?? 'AUTO';
  let http = secured ? secured.peer.alpn === 'istio-http/1.1' : false;
  if (!http && (protocol === 'HTTP' || protocol === 'GRPC' || protocol === 'AUTO')) {
    if (secured || first === undefined) {
      first = yield* socket.reader.read();
      if (first === undefined) return socket.close();
      socket.reader.unread(first);
    }
    http = looksLikeHttp(first);
  }
  const name = `inbound|${original.port}||`;
  const exchangeOf = (): Exchange => {
    const made = proxy.exchange('destination', raw, original, secured);
    made.cluster = served ? name : 'InboundPassthroughCluster';
    if (served) made.service = about(served.service);
    else made.service = { host: made.cluster, name: made.cluster, namespace: proxy.view.self.namespace };
    made.upstream = addressText(original);
    made.route = 'default';
    return made;
  };
  if (http) {
    const pool: Upstream[] = [];
    yield* serveConnection(
      socket,
      (request) => httpIn(proxy, request, exchangeOf(), caller, pool),
      (upstream) => join(proxy.sim, socket, upstream),
    );
    for (const { socket: idle } of pool) idle.close();
    return;
  }
  const exchange = exchangeOf();
  const why = denial(proxy.view, caller, undefined);
  if (why) {
    exchange.details = why;
    return proxy.refused(exchange);
  }
  const upstream = yield* toApplication(proxy, original);
  if (typeof upstream === 'string') return proxy.refused({ ...exchange, flags: 'UF', failure: CONNECT[upstream] });
  yield* proxy.passBytes(exchange, socket, upstream);
}

const toApplication = (proxy: Proxy, { ip, port }: Address) =>
  proxy.net.connect(ip, port, { process: proxy.process, from: TO_APPLICATION, timeout: 10_000 });

function* httpIn(proxy: Proxy, plain: Request, exchange: Exchange, caller: Caller, pool: Upstream[]): Co<Reply> {
  const annotated = proxy.annotate(plain, exchange);
  const request = proxy.tracer.begin(exchange, annotated);
  const reply = (yield* limit(proxy, request, exchange)) ?? (yield* allowed(proxy, request, exchange, caller, pool));
  const headers = reply.headers.map(([name, value]): Headers[number] => [
    name,
    name === 'server' ? 'istio-envoy' : value,
  ]);
  return { ...reply, headers, done: (bytes) => proxy.finished(exchange, reply, bytes) };
}

function* allowed(proxy: Proxy, request: Request, exchange: Exchange, caller: Caller, pool: Upstream[]): Co<Reply> {
  const why = denial(proxy.view, caller, request);
  if (why) {
    exchange.details = why;
    return proxy.reply(403, 'RBAC: access denied');
  }
  const headers = endToEnd(request.headers).filter(
    ([name]) => name !== 'content-length' && name !== 'x-forwarded-client-cert',
  );
  if (request.body) headers.push(['content-length', String(byteLength(request.body))]);
  if (exchange.secured) {
    const { credential } = exchange.secured.peer;
    headers.push([
      'x-forwarded-client-cert',
      `By=${proxy.credential?.uri};Hash=${fingerprintOf(credential)};Subject="";URI=${credential.uri}`,
    ]);
  }
  if (isUpgrade(request))
    headers.push(['connection', 'Upgrade'], ['upgrade', header(request.headers, 'upgrade') ?? '']);
  for (;;) {
    const idle = pool.pop();
    let socket = idle?.socket;
    if (!socket) {
      const opened = yield* toApplication(proxy, exchange.original);
      if (typeof opened === 'string') {
        const transport = `delayed connect error: ${CONNECT[opened]}`;
        exchange.flags = 'UF';
        exchange.failure = transport.replaceAll(' ', '_');
        exchange.details = `upstream_reset_before_response_started{remote_connection_failure|${exchange.failure}}`;
        return proxy.reply(503, failureBody('connect', transport, false));
      }
      socket = opened;
    }
    const { method, target, body } = request;
    let answer: HttpAnswer | undefined;
    try {
      answer = yield* send(socket, { method, target, headers, body });
    } finally {
      if (!answer) socket.close();
    }
    if (!answer && idle) continue;
    if (!answer) {
      exchange.flags = 'UC';
      exchange.details = 'upstream_reset_before_response_started{connection_termination}';
      return proxy.reply(503, failureBody('reset', '', false));
    }
    const upstream: Upstream = { socket, peer: undefined, requests: 0 };
    return yield* proxy.passOn({ answer, upstream, exhausted: false }, exchange, (usable) =>
      usable ? void pool.push(upstream) : upstream.socket.close(),
    );
  }
}
