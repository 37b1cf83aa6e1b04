// The proxy's administration port: its clusters and statistics, and what istioctl reads of its configuration.

import type { HttpResponse } from '../../linux/index.ts';
import { inPem } from '../istiod/authority.ts';
import { VERSION, type Endpoint } from '../types.ts';
import type { Cluster } from './cluster.ts';
import type { Proxy } from './proxy.ts';

const text = (body: string, status = 200): HttpResponse => ({
  status,
  headers: [['Content-Type', 'text/plain; charset=UTF-8']],
  body,
});
const json = (value: unknown): HttpResponse => ({
  status: 200,
  headers: [['Content-Type', 'application/json']],
  body: JSON.stringify(value, null, 1) + '\n',
});

const PAGES: Record<string, (proxy: Proxy) => HttpResponse> = {
  '/clusters': (proxy) => text(clusters(proxy).map(clusterText).join('')),
  '/stats': (proxy) => text(stats(proxy)),
  '/stats/prometheus': (proxy) => text(proxy.metrics.text()),
  '/server_info': () => json({ version: VERSION, state: 'LIVE' }),
  '/istioctl/clusters': (proxy) => json(clusterRows(proxy)),
  '/istioctl/endpoints': (proxy) => json(endpointRows(proxy)),
  '/istioctl/routes': (proxy) => json(routeRows(proxy)),
  '/istioctl/secret': (proxy) => json(secret(proxy)),
};

export function adminPage(proxy: Proxy, target: string): HttpResponse {
  const path = target.split('?')[0];
  return Object.hasOwn(PAGES, path)
    ? PAGES[path](proxy)
    : text(`${path} is not modelled by this engine; there are ${Object.keys(PAGES).slice(0, 4).join(', ')}\n`, 404);
}

/** Of every service and subset that the proxy knows, used or not. */
function clusters(proxy: Proxy): Cluster[] {
  return proxy.view.services().flatMap(({ host, ports }) =>
    ports.flatMap(({ number }) => {
      const subsets: string[] = (proxy.view.destinationRule(host)?.spec?.subsets ?? []).map(
        ({ name }: { name: string }) => name,
      );
      return ['', ...subsets].map((subset) => proxy.cluster(host, number, subset));
    }),
  );
}

function clusterText(cluster: Cluster): string {
  let out = '';
  const line = (key: string, name: string, value: string | number) =>
    (out += `${cluster.name}::${key}${name}::${value}\n`);
  const detection = cluster.policy.outlierDetection;
  if (detection) line('', 'outlier::success_rate_average', '-1');
  const { tcp, http } = cluster.policy.connectionPool ?? {};
  line('', 'default_priority::max_connections', tcp?.maxConnections ?? 4294967295);
  line('', 'default_priority::max_pending_requests', http?.http1MaxPendingRequests ?? 4294967295);
  for (const host of cluster.all()) {
    const of = (name: string, value: string | number) => line(`${host.key}::`, name, value);
    of('rq_active', host.active);
    of('rq_total', host.requests);
    of('rq_success', host.requests - host.errors);
    of('rq_error', host.errors);
    of('health_flags', host.ejectedUntil > 0 ? '/failed_outlier_check' : 'healthy');
    of('priority', 0);
  }
  return out;
}

/** Statistics of clusters are kept where the Pod's annotation asks for them. */
function stats(proxy: Proxy): string {
  const annotations = JSON.parse(proxy.process.env.ISTIO_METAJSON_ANNOTATIONS ?? '{}');
  const prefixes: string[] = annotations['sidecar.istio.io/statsInclusionPrefixes']?.split(',') ?? [];
  const lines = ['server.live: 1', 'server.state: 0', `listener_manager.workers_started: 1`];
  proxy.clusters.forEach((cluster) => {
    const prefix = `cluster.${cluster.name};.`;
    if (!prefixes.some((wanted) => prefix.startsWith(wanted.trim()))) return;
    for (const name in cluster.counters) lines.push(`${prefix}${name}: ${cluster.counters[name]}`);
  });
  return lines.sort().join('\n') + '\n';
}

function clusterRows(proxy: Proxy) {
  return clusters(proxy).map(({ service, port, subset }) => {
    const rule = proxy.view.destinationRule(service);
    const { resolution = 'EDS' } = proxy.view.service(service) ?? {};
    return {
      service,
      port,
      subset,
      type: resolution,
      rule: rule ? `${rule.metadata.name}.${rule.metadata.namespace}` : '',
    };
  });
}

function endpointRows(proxy: Proxy) {
  return clusters(proxy).flatMap((cluster) =>
    cluster.all().map(({ endpoint, ejectedUntil }: { endpoint: Endpoint; ejectedUntil: number }) => ({
      endpoint: `${endpoint.ip}:${endpoint.port}`,
      status: 'HEALTHY',
      outlier: ejectedUntil > 0 ? 'FAILED' : 'OK',
      cluster: cluster.name,
    })),
  );
}

function routeRows(proxy: Proxy) {
  return proxy.view.services().flatMap(({ host, name, namespace, ports }) =>
    ports
      .filter(({ protocol }) => protocol !== 'TCP' && protocol !== 'TLS')
      .flatMap(({ number }) => {
        const found = proxy.view.virtualHost(host, number);
        if (!found) return [];
        const domains =
          namespace === proxy.view.self.namespace
            ? `${name}, ${name}.${namespace} + 1 more...`
            : `${name}.${namespace}, ${host}`;
        return found.routes.map(({ prefix }) => ({
          name: String(number),
          vhost: found.name,
          domains,
          match: `${prefix === '/' ? '/' : prefix}*`,
          virtualService: found.virtualService,
        }));
      }),
  );
}

function secret({ credential }: Proxy) {
  if (!credential) return undefined;
  const { serial, notBefore, notAfter, issuer } = credential;
  return { certificate: inPem(credential), root: issuer, serial, notBefore, notAfter };
}
