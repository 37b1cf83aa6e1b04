// Spans: one for each sampled request at each proxy, joined by the traceparent header, sent to an OpenTelemetry collector.

import { byteLength, exchange as send, header } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import { TRUST_DOMAIN } from '../types.ts';
import type { Exchange, Proxy } from './proxy.ts';
import type { Request } from './routes.ts';
import { settingsOf } from './telemetry.ts';

/** As the collector keeps it. */
export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: 'client' | 'server';
  service: string;
  /** ms since the epoch. */
  start: number;
  end: number;
  tags: Record<string, string>;
}

/** Envoy: what has gathered is sent after so many ms. */
const FLUSH = 5_000;
export const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export class Tracer {
  private readonly proxy: Proxy;
  private readonly begun = new Map<Exchange, Pick<Span, 'traceId' | 'spanId' | 'parentSpanId'>>();
  private waiting: Span[] = [];

  constructor(proxy: Proxy) {
    this.proxy = proxy;
  }

  /** Decides whether the request is sampled, and gives it the header of this span. */
  begin(exchange: Exchange, request: Request): Request {
    const { tracing } = settingsOf(this.proxy.view);
    if (!tracing) return request;
    const { random } = this.proxy;
    const known = PARENT.exec(header(request.headers, 'traceparent') ?? '');
    const sampled = known ? known[3] === '01' : random.float() * 100 < tracing.percent;
    const traceId = known?.[1] ?? random.hex(32);
    const spanId = sampled || !known ? random.hex(16) : known[2];
    if (sampled) this.begun.set(exchange, { traceId, spanId, parentSpanId: known?.[2] ?? '' });
    const headers = request.headers.filter(([name]) => name !== 'traceparent');
    headers.push(['traceparent', `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`]);
    const changed = { ...request, headers };
    exchange.request = changed;
    return changed;
  }

  finish(exchange: Exchange, status: number) {
    const ids = this.begun.get(exchange);
    if (!ids) return;
    this.begun.delete(exchange);
    const { view, sim } = this.proxy;
    const { self } = view;
    const name = self.labels['service.istio.io/canonical-name'] ?? self.labels.app ?? self.name;
    this.waiting.push({
      ...ids,
      name: `${exchange.service.host}:${exchange.original.port}/*`,
      kind: exchange.reporter === 'source' ? 'client' : 'server',
      service: `${name}.${self.namespace}`,
      start: exchange.start,
      end: sim.now,
      tags: {
        'http.status_code': String(status),
        'http.method': exchange.request?.method ?? '',
        upstream_cluster: exchange.cluster,
        response_flags: exchange.flags || '-',
        node_id: `sidecar~${self.ip}~${self.pod}.${self.namespace}~${self.namespace}.svc.${TRUST_DOMAIN}`,
      },
    });
    if (this.waiting.length === 1) sim.after(FLUSH, () => void sim.spawn('spans', this.flush()));
  }

  private *flush(): Co {
    const spans = this.waiting;
    this.waiting = [];
    const { tracing } = settingsOf(this.proxy.view);
    const { net, process, view } = this.proxy;
    const service = tracing && view.service(tracing.service);
    if (!tracing || !service?.addresses[0]) return;
    const socket = yield* net.connect(service.addresses[0], tracing.port, { process, timeout: 5_000 });
    if (typeof socket === 'string') return;
    const body = JSON.stringify(spans);
    const answer = yield* send(socket, {
      method: 'POST',
      target: EXPORT,
      headers: [
        ['host', tracing.service],
        ['content-type', 'application/grpc'],
        ['content-length', String(byteLength(body))],
      ],
      body,
    });
    if (answer) yield* answer.read();
    socket.close();
  }
}
