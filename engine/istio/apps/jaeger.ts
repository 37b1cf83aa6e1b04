// Jaeger in one process: takes spans on port 4317 and shows traces on port 16686.

import { serveHttp, type HttpResponse, type Program } from '../../linux/index.ts';
import { untilSignal } from '../../images/service.ts';
import type { Co } from '../../sim/index.ts';
import { EXPORT, type Span } from '../envoy/tracing.ts';

export const jaeger: Program = function* (process): Co<number> {
  const { sim, net } = process.host;
  const spans: Span[] = [];
  const json = (data: unknown[]): HttpResponse => ({
    status: 200,
    headers: [['Content-Type', 'application/json']],
    body: JSON.stringify({ data, total: data.length, limit: 0, offset: 0, errors: null }) + '\n',
  });
  // eslint-disable-next-line require-yield
  serveHttp(
    sim,
    net,
    4317,
    function* ({ target, body }) {
      if (target !== EXPORT) return { status: 200, headers: [['Grpc-Status', '12']] };
      spans.push(...(JSON.parse(body) as Span[]));
      return {
        status: 200,
        headers: [
          ['Content-Type', 'application/grpc'],
          ['Grpc-Status', '0'],
        ],
        body: '',
      };
    },
    { process },
  );
  // eslint-disable-next-line require-yield
  serveHttp(
    sim,
    net,
    16686,
    function* ({ target }) {
      const [path, query = ''] = target.split('?');
      if (path === '/api/services') return json([...new Set(spans.map(({ service }) => service))].sort());
      if (path === '/api/traces') {
        const service = /(?:^|&)service=([^&]*)/.exec(query)?.[1];
        const limit = Number(/(?:^|&)limit=(\d+)/.exec(query)?.[1] ?? 20);
        const ids = [
          ...new Set(spans.filter((span) => !service || span.service === service).map(({ traceId }) => traceId)),
        ];
        return json(ids.slice(-limit).map((id) => trace(spans.filter(({ traceId }) => traceId === id))));
      }
      return { status: 404, body: '404 page not found\n' };
    },
    { process },
  );
  yield* untilSignal(process);
  return 0;
};

/** As Jaeger's interface for programs has it; times in microseconds. */
function trace(spans: Span[]) {
  const services = [...new Set(spans.map(({ service }) => service))];
  const traceID = spans[0].traceId;
  return {
    traceID,
    spans: spans
      .sort((a, b) => a.start - b.start)
      .map(({ spanId, parentSpanId, name, service, start, end, kind, tags }) => ({
        traceID,
        spanID: spanId,
        operationName: name,
        references: parentSpanId ? [{ refType: 'CHILD_OF', traceID, spanID: parentSpanId }] : [],
        startTime: Math.round(start * 1000),
        duration: Math.round((end - start) * 1000),
        tags: Object.entries({ 'span.kind': kind, ...tags }).map(([key, value]) => ({ key, type: 'string', value })),
        processID: `p${services.indexOf(service) + 1}`,
      })),
    processes: Object.fromEntries(services.map((serviceName, i) => [`p${i + 1}`, { serviceName }])),
  };
}
