// Connections out of a Pod (port 15001), and those into a gateway: by Host for HTTP, by address for everything else.

import { header, type Address, type Socket } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import type { JsonObject } from '../../api/types.ts';
import { fullName, type MeshPort, type MeshService } from '../types.ts';
import { join } from '../wire.ts';
import type { Cluster } from './cluster.ts';
import { looksLikeHttp, serveConnection, type Reply } from './http.ts';
import { about, failureBody, type Exchange, type Proxy } from './proxy.ts';
import { changeHeaders, targetsOf, weighted, type Request, type Route, type Target } from './routes.ts';
import { limit } from './limits.ts';
import { call, isFailure, open, within, type Answered, type Failure } from './upstream.ts';
import { gatewayName, type VirtualHost } from './view.ts';

/** A connection of the application, redirected here. */
export function* outbound(proxy: Proxy, socket: Socket): Co {
  const original = proxy.net.originalDestination(socket);
  if (original.ip === socket.local.ip && original.port === socket.local.port) return socket.close();
  const headless = proxy.view.headlessAt(original);
  const service = headless?.service ?? proxy.view.at(original.ip);
  const port = headless?.port ?? service?.ports.find(({ number }) => number === original.port);
  const looks = port ? port.protocol : proxy.view.hasHttpPort(original.port) ? 'AUTO' : 'TCP';
  if (looks === 'TCP' || looks === 'TLS') return yield* bytes(proxy, socket, original, service, port);
  const first = yield* socket.reader.read();
  if (first === undefined) return socket.close();
  socket.reader.unread(first);
  if (!looksLikeHttp(first)) return yield* bytes(proxy, socket, original, service, port);
  yield* serveConnection(
    socket,
    (request) => httpOut(proxy, socket, original, request),
    (upstream) => join(proxy.sim, socket, upstream),
  );
}

// ---- HTTP --------------------------------------------------------------------------------------------------

function* httpOut(proxy: Proxy, socket: Socket, original: Address, plain: Request): Co<Reply> {
  const exchange = proxy.exchange('source', socket, original, undefined);
  const request = proxy.annotate(plain, exchange);
  const authority = header(request.headers, 'host') ?? '';
  const host = proxy.view.virtualHost(authority, original.port);
  const reply = host
    ? yield* routed(proxy, host, request, exchange)
    : yield* unknownHost(proxy, authority, request, exchange);
  return reported(proxy, exchange, reply);
}

function reported(proxy: Proxy, exchange: Exchange, reply: Reply): Reply {
  return {
    ...reply,
    done(bytes) {
      reply.done?.(bytes);
      proxy.finished(exchange, reply, bytes);
    },
  };
}

/** A gateway's port: the servers of the Gateways say which hosts it knows. */
export function* gateway(proxy: Proxy, socket: Socket, port: number): Co {
  yield* serveConnection(
    socket,
    function* (plain) {
      const exchange = proxy.exchange('source', socket, socket.local, undefined);
      const request = proxy.annotate(plain, exchange);
      const authority = (header(request.headers, 'host') ?? '').toLowerCase().replace(/:\d+$/, '');
      const host = gatewayHost(proxy, authority, port);
      const limited = yield* limit(proxy, request, exchange);
      const reply = limited ?? (host ? yield* routed(proxy, host, request, exchange) : notFound(proxy, exchange));
      return reported(proxy, exchange, reply);
    },
    (upstream) => join(proxy.sim, socket, upstream),
  );
}

function notFound(proxy: Proxy, exchange: Exchange): Reply {
  exchange.flags = 'NR';
  exchange.details = 'route_not_found';
  return proxy.reply(404, '');
}

/** The VirtualService bound to one of this gateway's servers. */
function gatewayHost({ view }: Proxy, authority: string, port: number): VirtualHost | undefined {
  return view.once(`gateway ${authority}:${port}`, () => {
    for (const { metadata, spec } of gatewaysOf(view.snapshot.objects.Gateway, view.self.labels)) {
      const { namespace = '', name = '' } = metadata;
      const serves = ((spec?.servers ?? []) as JsonObject[]).some(
        (server) =>
          server.port.number === port &&
          (server.hosts as string[]).some((one) => matchesHost(one.split('/').pop() as string, authority)),
      );
      const rule = serves ? view.virtualService(authority, gatewayName(name, namespace)) : undefined;
      if (!rule) continue;
      const made = view.gatewayRoutes(rule, authority, port, gatewayName(name, namespace));
      return {
        name: `${authority}:${port}`,
        routes: made,
        virtualService: `${rule.metadata.name}.${rule.metadata.namespace}`,
      };
    }
    return undefined;
  });
}

const matchesHost = (pattern: string, host: string) =>
  pattern === '*' || pattern === host || (pattern.startsWith('*.') && host.endsWith(pattern.slice(1)));

type Gateways = Proxy['view']['snapshot']['objects']['Gateway'];
export const gatewaysOf = (all: Gateways, labels: Readonly<Record<string, string>>) =>
  all.filter(({ spec }) => Object.entries(spec?.selector ?? {}).every(([name, value]) => labels[name] === value));

/** A Host that no service has: to where it wanted to go, or nowhere. */
function* unknownHost(proxy: Proxy, authority: string, request: Request, exchange: Exchange): Co<Reply> {
  const name = authority.replace(/:\d+$/, '');
  if (proxy.view.outboundPolicy === 'REGISTRY_ONLY') {
    exchange.service = { host: name, name: 'BlackHoleCluster', namespace: 'unknown' };
    exchange.details = 'direct_response';
    exchange.route = 'block_all';
    return proxy.reply(502, '');
  }
  exchange.service = { host: name, name: 'PassthroughCluster', namespace: 'unknown' };
  exchange.route = 'allow_any';
  const cluster = passthrough(proxy, exchange.original);
  exchange.cluster = 'PassthroughCluster';
  return yield* answered(
    proxy,
    cluster,
    yield* call(proxy, cluster, request, { attempts: 0, perTryTimeout: 0, on: new Set() }),
    exchange,
  );
}

/** A cluster of one address that nobody has declared. */
function passthrough(proxy: Proxy, { ip, port }: Address): Cluster {
  const cluster = proxy.cluster(`PassthroughCluster ${ip}`, port, '');
  cluster.only({ ip, port });
  return cluster;
}

function* routed(proxy: Proxy, host: VirtualHost, plain: Request, exchange: Exchange): Co<Reply> {
  const route = host.routes.find((one) => one.matches(plain));
  if (!route) return notFound(proxy, exchange);
  exchange.route = route.name;
  const target = weighted(route.targets, route.targets.length > 1 ? proxy.random.float() : 0);
  const { view } = proxy;
  const service = target && view.service(target.host);
  if (service) exchange.service = about(service);
  const request = proxy.tracer.begin(exchange, plain);
  if (route.redirect) return redirected(proxy, route, request, exchange);
  if (route.direct) {
    exchange.details = 'direct_response';
    return proxy.reply(route.direct.status, route.direct.body?.string ?? '');
  }
  const { fault } = route;
  const hit = (percent: number) => proxy.random.float() * 100 < percent;
  if (fault?.delay && hit(fault.delay.percent)) {
    yield fault.delay.ms;
    exchange.flags = 'DI';
  }
  if (fault?.abort && hit(fault.abort.percent)) {
    exchange.flags = exchange.flags ? `${exchange.flags},FI` : 'FI';
    exchange.details = 'fault_filter_abort';
    if (target) exchange.cluster = `outbound|${target.port || exchange.original.port}|${target.subset}|${target.host}`;
    return proxy.reply(fault.abort.status, 'fault filter abort');
  }
  const port = target && (target.port || onlyPort(service));
  const known = service?.ports.some(({ number }) => number === port);
  if (!target || !service || !port || !known || (target.subset && !view.subset(target.host, target.subset))) {
    exchange.flags = 'NC';
    exchange.details = 'cluster_not_found';
    return proxy.reply(503, '');
  }
  const cluster = destination(proxy, service, port, target.subset, exchange.original);
  exchange.cluster = cluster.name;
  const calls = call(proxy, cluster, changed(request, route, target), route.retries);
  const before = exchange.flags;
  const result = yield* within(proxy.sim, route.timeout, calls);
  if (!result) {
    exchange.flags = before ? `${before},UT` : 'UT';
    exchange.details = 'response_timeout';
    return proxy.reply(504, 'upstream request timeout');
  }
  const reply = yield* answered(proxy, cluster, result, exchange);
  if (before && !exchange.flags.includes(before))
    exchange.flags = exchange.flags ? `${before},${exchange.flags}` : before;
  const headers = changeHeaders(changeHeaders(reply.headers, target.headers?.response), route.headers?.response);
  return headers === reply.headers ? reply : { ...reply, headers };
}

/** A route of a gateway without a port means the only one that the service has. */
const onlyPort = (service: MeshService | undefined) => (service?.ports.length === 1 ? service.ports[0].number : 0);

/** The cluster of a service's port; of a headless one, the address that the client has chosen. */
function destination(proxy: Proxy, service: MeshService, port: number, subset: string, original: Address): Cluster {
  const cluster = proxy.cluster(service.host, port, subset);
  if (service.resolution === 'ORIGINAL_DST' && !proxy.router) {
    const only = proxy.cluster(`${service.host} ${original.ip}`, port, subset);
    only.only({ ip: original.ip, port: original.port });
    return only;
  }
  return cluster;
}

function changed(request: Request, { headers, rewrite, prefix }: Route, target: Target): Request {
  let out = changeHeaders(changeHeaders(request.headers, headers?.request), target.headers?.request);
  let path = request.target;
  if (rewrite?.uri !== undefined) {
    const rest = path.startsWith(prefix) ? path.slice(prefix.length) : '';
    path = rewrite.uri + (rewrite.uri.endsWith('/') ? rest.replace(/^\//, '') : rest);
  }
  if (rewrite?.authority) out = changeHeaders(out, { set: { host: rewrite.authority } });
  return { ...request, target: path, headers: out };
}

function redirected(proxy: Proxy, { redirect = {} }: Route, request: Request, exchange: Exchange): Reply {
  exchange.details = 'direct_response';
  const authority = redirect.authority ?? header(request.headers, 'host') ?? '';
  return proxy.reply(redirect.redirectCode ?? 301, '', [
    ['location', `http://${authority}${redirect.uri ?? request.target}`],
  ]);
}

const FLAGS: Record<Failure['kind'], string> = {
  connect: 'UF',
  reset: 'UC',
  overflow: 'UO',
  timeout: 'UT',
  none: 'UH',
};

/** What the client gets of what the cluster has answered, or not. */
export function* answered(proxy: Proxy, cluster: Cluster, result: Answered | Failure, exchange: Exchange): Co<Reply> {
  const host = result.host;
  if (host) {
    exchange.upstream = host.key;
    exchange.destination = host.endpoint.workload;
  }
  if (isFailure(result)) {
    const { kind, transport } = result;
    exchange.flags = FLAGS[kind];
    exchange.failure = transport.replaceAll(' ', '_');
    if (kind === 'none') {
      exchange.details = 'no_healthy_upstream';
      return proxy.reply(503, 'no healthy upstream');
    }
    if (kind === 'timeout') {
      exchange.details = 'upstream_per_try_timeout';
      return proxy.reply(504, 'upstream request timeout');
    }
    const reason = { connect: 'remote_connection_failure', reset: 'connection_termination', overflow: 'overflow' }[
      kind
    ];
    exchange.details = `upstream_reset_before_response_started{${reason}${transport ? `|${exchange.failure}` : ''}}`;
    return proxy.reply(
      503,
      failureBody(kind, transport, false),
      kind === 'overflow' ? [['x-envoy-overloaded', 'true']] : [],
    );
  }
  exchange.destinationPrincipal = result.upstream.peer?.credential.uri ?? '';
  return yield* proxy.passOn(result, exchange, (usable) => cluster.give(result.host, result.upstream, usable));
}

// ---- TCP ---------------------------------------------------------------------------------------------------

function* bytes(
  proxy: Proxy,
  socket: Socket,
  original: Address,
  service: MeshService | undefined,
  port: MeshPort | undefined,
): Co {
  const exchange = proxy.exchange('source', socket, original, undefined);
  const { view } = proxy;
  let cluster: Cluster;
  if (service && port) {
    const rule = view.virtualService(service.host, 'mesh');
    const tcp = (rule?.spec?.tcp as JsonObject[] | undefined)?.find(
      ({ match }) => !match || match.some((one: JsonObject) => one.port === undefined || one.port === port.number),
    );
    const targets = tcp && targetsOf(tcp.route, rule?.metadata.namespace ?? '', port.number);
    const target = targets && weighted(targets, proxy.random.float());
    const to = target ? view.service(fullName(target.host, '')) : service;
    if (!to) return proxy.refused({ ...exchange, flags: 'NC' });
    exchange.service = about(to);
    cluster = destination(proxy, to, target?.port ?? port.number, target?.subset ?? '', original);
    exchange.cluster = cluster.name;
  } else {
    const declared = view
      .services()
      .find(
        ({ external, addresses, ports, resolution }) =>
          external &&
          !addresses.length &&
          resolution === 'ORIGINAL_DST' &&
          ports.some(({ number }) => number === original.port),
      );
    if (!declared && view.outboundPolicy === 'REGISTRY_ONLY') {
      exchange.service = { host: 'BlackHoleCluster', name: 'BlackHoleCluster', namespace: 'unknown' };
      exchange.cluster = 'BlackHoleCluster';
      exchange.flags = 'UH';
      return proxy.refused(exchange);
    }
    const name = declared ? declared.host : 'PassthroughCluster';
    exchange.service = declared ? about(declared) : { host: name, name, namespace: 'unknown' };
    exchange.cluster = name;
    cluster = passthrough(proxy, original);
  }
  const tried = new Set<never>();
  const host = cluster.pick(tried, undefined);
  if (!host) return proxy.refused({ ...exchange, flags: 'UH' });
  exchange.upstream = host.key;
  exchange.destination = host.endpoint.workload;
  const place = yield* cluster.place(host);
  if (place === false) return proxy.refused({ ...exchange, flags: 'UO' });
  host.active++;
  try {
    const upstream = yield* open(proxy, cluster, host, 'istio');
    if (typeof upstream === 'string') {
      cluster.result(host, 0);
      return proxy.refused({ ...exchange, flags: 'UF', failure: upstream });
    }
    exchange.destinationPrincipal = upstream.peer?.credential.uri ?? '';
    yield* proxy.passBytes(exchange, socket, upstream.socket);
  } finally {
    host.active--;
    cluster.closed(host);
  }
}
