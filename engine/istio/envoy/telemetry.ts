// What a proxy tells of the traffic: metrics for all of it, access logs and spans where a Telemetry asks for them.

import type { JsonObject } from '../../api/types.ts';
import type { Workload } from '../types.ts';
import type { View } from './view.ts';

/** One request or connection, as it is reported once it is over. */
export interface Report {
  reporter: 'source' | 'destination';
  source: Workload | undefined;
  destination: Workload | undefined;
  sourcePrincipal: string;
  destinationPrincipal: string;
  service: { host: string; name: string; namespace: string };
  protocol: 'http' | 'grpc' | 'tcp';
  status: number;
  grpcStatus: string;
  flags: string;
  /** Seen by the destination only. */
  security: 'mutual_tls' | 'none' | 'unknown';
}

const canonical = (workload: Workload | undefined) => {
  const labels = workload?.labels ?? {};
  return {
    service: labels['service.istio.io/canonical-name'] ?? labels.app ?? workload?.name ?? 'unknown',
    revision: workload ? (labels['service.istio.io/canonical-revision'] ?? labels.version ?? 'latest') : 'latest',
  };
};

const word = (text: string | undefined) => text || 'unknown';

/** The labels of Istio's standard metrics, in their order. */
function labelsOf(report: Report, http: boolean): string {
  const { source, destination, service } = report;
  const [from, to] = [canonical(source), canonical(destination)];
  const pairs: [string, string][] = [
    ['reporter', report.reporter],
    ['source_workload', word(source?.name)],
    ['source_canonical_service', from.service],
    ['source_canonical_revision', from.revision],
    ['source_workload_namespace', word(source?.namespace)],
    ['source_principal', word(report.sourcePrincipal)],
    ['source_app', word(source?.labels.app)],
    ['source_version', source?.labels.version ?? (source ? '' : 'unknown')],
    ['source_cluster', source ? 'Kubernetes' : 'unknown'],
    ['destination_workload', word(destination?.name)],
    ['destination_workload_namespace', word(destination?.namespace)],
    ['destination_principal', word(report.destinationPrincipal)],
    ['destination_app', word(destination?.labels.app)],
    ['destination_version', destination?.labels.version ?? (destination ? '' : 'unknown')],
    ['destination_service', service.host],
    ['destination_canonical_service', to.service],
    ['destination_canonical_revision', to.revision],
    ['destination_service_name', service.name],
    ['destination_service_namespace', word(service.namespace)],
    ['destination_cluster', destination ? 'Kubernetes' : 'unknown'],
    ['request_protocol', report.protocol],
    ...(http
      ? ([
          ['response_code', String(report.status)],
          ['grpc_response_status', report.grpcStatus],
        ] as [string, string][])
      : []),
    ['response_flags', report.flags || '-'],
    ['connection_security_policy', report.security],
  ];
  return pairs.map(([name, value]) => `${name}="${value}"`).join(',');
}

const BUCKETS = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

interface Histogram {
  counts: number[];
  sum: number;
  count: number;
}

export class Metrics {
  private readonly counters = new Map<string, Map<string, number>>();
  private readonly durations = new Map<string, Histogram>();

  private add(name: string, labels: string, by: number) {
    let series = this.counters.get(name);
    if (!series) this.counters.set(name, (series = new Map()));
    series.set(labels, (series.get(labels) ?? 0) + by);
  }

  request(report: Report, duration: number, bytesIn: number, bytesOut: number) {
    const labels = labelsOf(report, true);
    this.add('istio_requests_total', labels, 1);
    this.add('istio_request_bytes_sum', labels, bytesIn);
    this.add('istio_response_bytes_sum', labels, bytesOut);
    let histogram = this.durations.get(labels);
    if (!histogram) this.durations.set(labels, (histogram = { counts: BUCKETS.map(() => 0), sum: 0, count: 0 }));
    for (let i = 0; i < BUCKETS.length; i++) if (duration <= BUCKETS[i]) histogram.counts[i]++;
    histogram.sum += duration;
    histogram.count++;
  }

  opened(report: Report) {
    this.add('istio_tcp_connections_opened_total', labelsOf(report, false), 1);
  }

  closed(report: Report, sent: number, received: number) {
    const labels = labelsOf(report, false);
    this.add('istio_tcp_connections_closed_total', labels, 1);
    this.add('istio_tcp_sent_bytes_total', labels, sent);
    this.add('istio_tcp_received_bytes_total', labels, received);
  }

  /** In Prometheus' text format. */
  text(): string {
    let out = '';
    const names = [...this.counters.keys()].sort();
    for (const name of names) {
      if (!name.endsWith('_sum')) out += `# TYPE ${name} counter\n`;
      this.counters.get(name)?.forEach((value, labels) => (out += `${name}{${labels}} ${value}\n`));
    }
    const name = 'istio_request_duration_milliseconds';
    if (this.durations.size) out += `# TYPE ${name} histogram\n`;
    this.durations.forEach(({ counts, sum, count }, labels) => {
      BUCKETS.forEach((le, i) => (out += `${name}_bucket{${labels},le="${le}"} ${counts[i]}\n`));
      out += `${name}_bucket{${labels},le="+Inf"} ${count}\n${name}_sum{${labels}} ${Math.round(sum * 1000) / 1000}\n${name}_count{${labels}} ${count}\n`;
    });
    return out;
  }
}

// ---- what a Telemetry asks for -----------------------------------------------------------------------------

export interface Settings {
  accessLog: boolean;
  tracing?: { service: string; port: number; percent: number };
}

/** Of mesh, namespace and workload, each over the one before. */
export function settingsOf(view: View): Settings {
  return view.once('telemetry', () => {
    const { mesh } = view.snapshot;
    let accessLog = mesh.accessLogFile !== '';
    let provider: string | undefined = mesh.defaultTracing[0];
    let percent = mesh.sampling;
    let reporting = true;
    for (const { spec } of view.concerning('Telemetry', (one) => one.selector?.matchLabels)) {
      for (const one of (spec?.accessLogging ?? []) as JsonObject[]) accessLog = !one.disabled;
      for (const one of (spec?.tracing ?? []) as JsonObject[]) {
        provider = one.providers?.[0]?.name ?? provider;
        percent = one.randomSamplingPercentage ?? percent;
        reporting = !one.disableSpanReporting;
      }
    }
    const found =
      provider !== undefined && reporting && mesh.enableTracing ? mesh.tracingProviders.get(provider) : undefined;
    return { accessLog, tracing: found && { ...found, percent } };
  });
}

/** A line of Envoy's access log in Istio's default format. */
export interface LogEntry {
  start: number;
  /** `GET /path HTTP/1.1`; '- - -' for TCP. */
  request: string;
  status: number;
  flags: string;
  details: string;
  failure: string;
  received: number;
  sent: number;
  duration: number;
  upstreamTime: string;
  forwardedFor: string;
  userAgent: string;
  requestId: string;
  authority: string;
  upstream: string;
  cluster: string;
  upstreamLocal: string;
  local: string;
  remote: string;
  sni: string;
  route: string;
}

export function logLine(entry: LogEntry): string {
  const dash = (text: string) => text || '-';
  const quoted = (text: string) => `"${dash(text)}"`;
  return (
    [
      `[${new Date(entry.start).toISOString()}]`,
      quoted(entry.request),
      String(entry.status),
      dash(entry.flags),
      dash(entry.details),
      '-',
      quoted(entry.failure),
      String(entry.received),
      String(entry.sent),
      String(Math.round(entry.duration)),
      dash(entry.upstreamTime),
      quoted(entry.forwardedFor),
      quoted(entry.userAgent),
      quoted(entry.requestId),
      quoted(entry.authority),
      quoted(entry.upstream),
      dash(entry.cluster),
      dash(entry.upstreamLocal),
      dash(entry.local),
      dash(entry.remote),
      dash(entry.sni),
      dash(entry.route),
    ].join(' ') + '\n'
  );
}
