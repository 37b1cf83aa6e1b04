// Envoy as Istio configures it: takes a Pod's connections out and in, and passes them on by what istiod says.

import {
  byteLength,
  header,
  type Address,
  type Headers,
  type NetworkNamespace,
  type Process,
  type Reader,
  type Socket,
  type Tls,
} from '../../linux/index.ts';
import { clock } from '../../images/service.ts';
import type { Co, Random, Sim } from '../../sim/index.ts';
import { type MeshService, type Workload } from '../types.ts';
import { type Credential, join, type Secured } from '../wire.ts';
import { Cluster } from './cluster.ts';
import { endToEnd, type Reply } from './http.ts';
import type { Request } from './routes.ts';
import { logLine, Metrics, settingsOf, type Report } from './telemetry.ts';
import { Tracer } from './tracing.ts';
import type { Answered } from './upstream.ts';
import type { View } from './view.ts';

/** One request or connection from its beginning to its log line. */
export interface Exchange {
  reporter: 'source' | 'destination';
  start: number;
  socket: Socket;
  /** Where it wanted to go. */
  original: Address;
  secured: Secured | undefined;
  request?: Request;
  requestId: string;
  service: { host: string; name: string; namespace: string };
  destination: Workload | undefined;
  destinationPrincipal: string;
  cluster: string;
  upstream: string;
  upstreamLocal: string;
  upstreamTime: string;
  flags: string;
  details: string;
  failure: string;
  route: string;
}

const PEER = 'x-envoy-peer-metadata';

export class Proxy {
  readonly process: Process;
  readonly sim: Sim;
  readonly net: NetworkNamespace;
  readonly random: Random;
  readonly metrics = new Metrics();
  readonly tracer: Tracer;
  readonly clusters = new Map<string, Cluster>();
  /** A gateway: nothing is redirected to it, it listens itself. */
  readonly router: boolean;
  view: View;
  credential: Credential | undefined;

  constructor(process: Process, view: View, router: boolean) {
    this.process = process;
    this.sim = process.host.sim;
    this.net = process.host.net;
    this.random = this.sim.random(`envoy ${process.host.hostname}`);
    this.view = view;
    this.router = router;
    this.tracer = new Tracer(this);
  }

  cluster(service: string, port: number, subset: string): Cluster {
    const key = `${port}|${subset}|${service}`;
    let found = this.clusters.get(key);
    if (!found) this.clusters.set(key, (found = new Cluster(this.sim, this.random, service, port, subset)));
    return found.use(this.view);
  }

  /** What lies behind a connection that bytes are only passed on for. */
  readonly passes = (local: Address, remote: Address): Tls | undefined => {
    const original = this.net.originalDestination({ local, remote });
    if (original.ip === local.ip && original.port === local.port) return undefined;
    return this.net.tlsAt(original, { process: this.process, from: local.port === 15006 ? '127.0.0.6' : undefined });
  };

  exchange(reporter: Exchange['reporter'], socket: Socket, original: Address, secured: Secured | undefined): Exchange {
    return {
      reporter,
      start: this.sim.now,
      socket,
      original,
      secured,
      requestId: '',
      service: { host: 'unknown', name: 'unknown', namespace: 'unknown' },
      destination: undefined,
      destinationPrincipal: '',
      cluster: '',
      upstream: '',
      upstreamLocal: '',
      upstreamTime: '',
      flags: '',
      details: '',
      failure: '',
      route: '',
    };
  }

  // ---- headers ---------------------------------------------------------------------------------------------

  /** What Envoy adds to a request that comes from a client, not from another proxy. */
  annotate(request: Request, exchange: Exchange): Request {
    const headers = endToEnd(request.headers).filter(([name]) => !name.startsWith(PEER));
    const had = header(headers, 'x-request-id');
    exchange.requestId = had ?? this.random.uuid();
    if (!had) headers.push(['x-request-id', exchange.requestId]);
    if (header(headers, 'x-forwarded-proto') === undefined) headers.push(['x-forwarded-proto', 'http']);
    if (this.router) {
      const { ip } = exchange.socket.remote;
      const before = header(headers, 'x-forwarded-for');
      headers.push(['x-forwarded-for', before ? `${before},${ip}` : ip], ['x-envoy-internal', 'true']);
    }
    // Those of the connection are looked at again when it is passed on.
    for (const [name, value] of request.headers)
      if (/^(connection|upgrade)$/i.test(name)) headers.push([name.toLowerCase(), value]);
    const changed = { ...request, headers };
    exchange.request = changed;
    return changed;
  }

  reply(status: number, body: string, headers: Headers = []): Reply {
    const type: Headers = body ? [['content-type', 'text/plain']] : [];
    return {
      status,
      headers: [...headers, ...type, ['date', clock(this.process).http], ['server', this.server]],
      body,
    };
  }

  private get server(): string {
    return this.router ? 'istio-envoy' : 'envoy';
  }

  /** An upstream's answer as the client gets it. */
  *passOn(
    { answer, upstream, exhausted }: Pick<Answered, 'answer' | 'upstream' | 'exhausted'>,
    exchange: Exchange,
    give: (usable: boolean) => void,
    server = this.server,
  ): Co<Reply> {
    exchange.upstreamTime = String(Math.round(this.sim.now - exchange.start));
    exchange.details = 'via_upstream';
    if (exhausted) exchange.flags = 'URX';
    exchange.upstreamLocal = addressText(upstream.socket.local);
    const headers = endToEnd(answer.headers).filter(
      ([name]) => name !== 'server' && name !== 'x-envoy-upstream-service-time' && !name.startsWith(PEER),
    );
    headers.push(['x-envoy-upstream-service-time', exchange.upstreamTime], ['server', server]);
    if (header(headers, 'date') === undefined) headers.push(['date', clock(this.process).http]);
    if (answer.status === 101) {
      const protocol = header(answer.headers, 'upgrade');
      if (protocol) headers.push(['upgrade', protocol]);
      return { status: 101, headers, body: '', upgrade: upstream.socket, done: () => undefined };
    }
    const keep = header(answer.headers, 'connection')?.toLowerCase() !== 'close';
    const streams =
      header(answer.headers, 'content-length') === undefined &&
      ![204, 304].includes(answer.status) &&
      exchange.request?.method !== 'HEAD';
    if (!streams) {
      let body = '';
      for (let part = yield* answer.read(); part !== undefined; part = yield* answer.read()) body += part;
      give(keep);
      return { status: answer.status, headers, body };
    }
    const chunked = header(answer.headers, 'transfer-encoding') !== undefined;
    let over = false;
    const end = (usable: boolean) => {
      if (!over) give(usable);
      over = true;
    };
    const body: Reader = {
      *read() {
        const part = yield* answer.read();
        if (part === undefined) end(chunked && keep);
        return part;
      },
      unread() {},
      close: () => end(false),
    };
    return { status: answer.status, headers, body };
  }

  // ---- reports ---------------------------------------------------------------------------------------------

  report(exchange: Exchange, protocol: Report['protocol'], status = 0, grpcStatus = ''): Report {
    const { reporter, secured, request } = exchange;
    const inbound = reporter === 'destination';
    const peer = secured?.peer.peer;
    return {
      reporter,
      source: inbound ? peer : this.router && !request ? undefined : this.view.self,
      destination: inbound ? this.view.self : exchange.destination,
      sourcePrincipal: inbound
        ? (secured?.peer.credential.uri ?? '')
        : exchange.destinationPrincipal && (this.credential?.uri ?? ''),
      destinationPrincipal: inbound ? (secured ? (this.credential?.uri ?? '') : '') : exchange.destinationPrincipal,
      service: exchange.service,
      protocol,
      status,
      grpcStatus,
      flags: exchange.flags,
      security: !inbound ? 'unknown' : secured ? 'mutual_tls' : 'none',
    };
  }

  /** The request is over: it is counted, and logged and traced if that is wanted. */
  finished(exchange: Exchange, reply: Reply, sent: number) {
    const { request } = exchange;
    if (!request) return;
    const grpc = header(request.headers, 'content-type')?.startsWith('application/grpc') ?? false;
    const duration = this.sim.now - exchange.start;
    const received = byteLength(request.body);
    const grpcStatus = grpc ? (header(reply.headers, 'grpc-status') ?? '0') : '';
    this.metrics.request(
      this.report(exchange, grpc ? 'grpc' : 'http', reply.status, grpcStatus),
      duration,
      received,
      sent,
    );
    this.tracer.finish(exchange, reply.status);
    this.log(exchange, `${request.method} ${request.target} ${request.version}`, reply.status, received, sent);
  }

  log(exchange: Exchange, request: string, status: number, received: number, sent: number) {
    if (!settingsOf(this.view).accessLog) return;
    const { socket, original, secured } = exchange;
    const headers = exchange.request?.headers ?? [];
    this.process.stdout.write(
      logLine({
        ...exchange,
        request,
        status,
        received,
        sent,
        duration: this.sim.now - exchange.start,
        forwardedFor: header(headers, 'x-forwarded-for') ?? '',
        userAgent: header(headers, 'user-agent') ?? '',
        authority: header(headers, 'host') ?? '',
        local: addressText(original),
        remote: addressText(socket.remote),
        sni: secured?.sni ?? '',
      }),
    );
  }

  /** Bytes both ways, counted and logged. */
  *passBytes(exchange: Exchange, downstream: Socket, upstream: Socket): Co {
    exchange.upstreamLocal = addressText(upstream.local);
    this.metrics.opened(this.report(exchange, 'tcp'));
    const { forth, back } = yield* join(this.sim, downstream, upstream);
    this.metrics.closed(this.report(exchange, 'tcp'), back, forth);
    this.log(exchange, '- - -', 0, forth, back);
  }

  /** A connection that could not be passed on. */
  refused(exchange: Exchange) {
    this.metrics.opened(this.report(exchange, 'tcp'));
    this.metrics.closed(this.report(exchange, 'tcp'), 0, 0);
    this.log(exchange, '- - -', 0, 0, 0);
    exchange.socket.close();
  }
}

export const addressText = ({ ip, port }: Address): string => `${ip}:${port}`;

export const about = ({ host, name, namespace }: MeshService) => ({ host, name, namespace });

/** Envoy's body for an answer that it had to make up. */
export function failureBody(kind: string, transport: string, retried: boolean): string {
  const reason =
    { connect: 'remote connection failure', reset: 'connection termination', overflow: 'overflow' }[kind] ?? kind;
  const which = retried ? 'retried and the latest reset reason' : 'reset reason';
  return `upstream connect error or disconnect/reset before headers. ${which}: ${reason}${transport ? `, transport failure reason: ${transport}` : ''}`;
}
