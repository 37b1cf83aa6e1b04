// pods/NAME/proxy, services/NAME/proxy, nodes/NAME/proxy: the request goes on, over the cluster's network, to what the
// name stands for. NAME may be NAME:PORT or SCHEME:NAME:PORT. The answer takes virtual time.

import type { KubeObject, Node, Pod, Service } from '../../api/types.ts';
import { byteLength, exchange, type Headers, hostPort } from '../../linux/index.ts';
import { Pipe } from '../../linux/pipe.ts';
import { Signal, type Co } from '../../sim/index.ts';
import type { Context } from '../context.ts';
import type { Egress } from '../egress.ts';
import type { Core } from '../handlers/types.ts';
import { badRequest, notFound, StatusError } from '../status.ts';
import type { ApiRequest, ApiResponse, LaterAnswer } from '../types.ts';
import { KUBELET_PORT, preferredAddress, queryText } from './kubelet.ts';

interface Location {
  ip: string;
  port: number;
}

type Scheme = 'http' | 'https';

/** Of this hop only (RFC 9110, 7.6.1), or told anew. */
const HOP = new Set(['connection', 'host', 'content-length', 'transfer-encoding', 'keep-alive', 'upgrade', 'te']);

const unavailable = (message: string) => new StatusError(503, 'ServiceUnavailable', message);

export function proxy(core: Core, ctx: Context): ApiResponse {
  const { request, info } = ctx;
  const locate = LOCATE[info.resource];
  const name = /^(?:(https?)?:(?=[^:]*:))?([^:]*)(?::([^:]*))?$/.exec(ctx.route.name);
  if (!locate || !name) throw badRequest(`invalid ${info.singular} request ${JSON.stringify(ctx.route.name)}`);
  const location = locate(core, ctx, name[2], name[3] ?? '');
  const scheme = (name[1] as Scheme | undefined) ?? (info.resource === 'nodes' ? 'https' : 'http');
  const at = request.path.indexOf('/proxy', request.path.indexOf(ctx.route.name));
  const target = request.path.slice(at + '/proxy'.length);
  if (target === '' && (request.method === 'GET' || request.method === 'HEAD')) {
    return { code: 301, headers: { location: `${request.path}/${queryText(request.query)}` }, body: '' };
  }
  const { cluster } = core.egress;
  if (!cluster) throw unavailable('error trying to reach service: the API server has no network');
  const kubelet = info.resource === 'nodes' && location.port === KUBELET_PORT && core.kubelets.get(name[2]);
  if (kubelet && request.method === 'GET') {
    if (cluster.reach(location.ip, KUBELET_PORT) === undefined) {
      const figures = kubelet.figures(target);
      if (figures) return { code: figures.code ?? 200, headers: { 'content-type': figures.type }, body: figures.body };
      throw new StatusError(501, 'NotImplemented', `the kubelet's ${target} is not modelled by this engine`);
    }
  }
  return { code: 200, headers: {}, later: pass(core, cluster, location, scheme, target, request) };
}

type Locate = (core: Core, ctx: Context, name: string, port: string) => Location;

const LOCATE: Record<string, Locate> = {
  pods(core, ctx, name, port) {
    const pod = found<Pod>(core, ctx, name);
    const ip = pod.status?.podIP;
    if (!ip) throw badRequest('address not allowed');
    let number = Number(port);
    if (!port) {
      const declared = pod.spec?.containers?.find((container) => container.ports?.length)?.ports?.[0];
      number = declared?.containerPort ?? 80;
    }
    return { ip, port: checked(number, port) };
  },
  services(core, ctx, name, port) {
    const service = found<Service>(core, ctx, name);
    let portName = port;
    if (/^\d+$/.test(port)) {
      const declared = service.spec?.ports?.find((candidate) => candidate.port === Number(port));
      if (!declared) throw unavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
      portName = declared.name ?? '';
    }
    const none = unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
    const kind = core.scheme.resource('', 'v1', 'endpoints');
    const endpoints = kind && core.storage.get(kind, ctx.route.namespace, name);
    for (const { addresses = [], ports = [] } of (endpoints as unknown as Endpoints | undefined)?.subsets ?? []) {
      const match = ports.find((candidate) => (candidate.name ?? '') === portName);
      if (!match || addresses.length === 0) continue;
      return { ip: addresses[core.sim.random('service-proxy').int(addresses.length)].ip, port: match.port };
    }
    throw none;
  },
  nodes(core, ctx, name, port) {
    found<Node>(core, ctx, name);
    const ip = preferredAddress(core, name);
    return { ip, port: port ? checked(Number(port), port) : KUBELET_PORT };
  },
};

interface Endpoints {
  subsets?: { addresses?: { ip: string }[]; ports?: { name?: string; port: number }[] }[];
}

function found<T>(core: Core, ctx: Context, name: string): T {
  const object: KubeObject | undefined = core.storage.get(ctx.info, ctx.route.namespace, name);
  if (!object) throw notFound(ctx.info, name);
  return object as T;
}

function checked(port: number, text: string): number {
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw unavailable(`error trying to reach service: dial tcp: lookup tcp/${text}: unknown port`);
}

function pass(
  core: Core,
  egress: Egress,
  location: Location,
  scheme: Scheme,
  target: string,
  request: ApiRequest,
): LaterAnswer {
  const ready = new Signal();
  const task = core.sim.spawn(
    'proxy',
    forward(egress, location, scheme, target, request, (answer) => {
      later.answer = answer;
      ready.fire();
    }),
  );
  const later: LaterAnswer = { ready, answer: undefined, cancel: () => task.kill() };
  return later;
}

function* forward(
  egress: Egress,
  { ip, port }: Location,
  scheme: Scheme,
  target: string,
  request: ApiRequest,
  answerWith: (answer: ApiResponse) => void,
): Co {
  const failed = (why: string) => {
    const { status } = unavailable(`error trying to reach service: ${why}`);
    answerWith({ code: 503, headers: {}, body: status as never });
  };
  const socket = yield* egress.connect(ip, port, 30_000);
  if (typeof socket === 'string') return failed(socket);
  try {
    // Nobody looks at the certificate.
    if (scheme === 'https' && !socket.tls) return failed('http: server gave HTTP response to HTTPS client');
    if (scheme === 'http' && socket.tls) {
      const text = 'Client sent an HTTP request to an HTTPS server.\n';
      return answerWith({ code: 400, headers: { 'content-type': 'text/plain' }, body: text });
    }
    const { body = '' } = request;
    const answer = yield* exchange(socket, {
      method: request.method,
      target: target + queryText(request.query),
      headers: headersOf(request, hostPort(ip, port)),
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    if (!answer) return failed('EOF');
    const headers: Record<string, string> = {};
    for (const [name, value] of answer.headers) {
      if (!HOP.has(name.toLowerCase())) headers[name.toLowerCase()] = value;
    }
    const text = new Pipe();
    answerWith({ code: answer.status, headers, text });
    for (let part = yield* answer.read(); part !== undefined; part = yield* answer.read()) {
      if (!text.write(part)) break;
      while (text.size > 65_536 && !text.broken) yield text.changed;
    }
    text.end();
  } finally {
    socket.close();
  }
}

function headersOf(request: ApiRequest, host: string): Headers {
  const headers: Headers = [['Host', host]];
  const sent = request.headers ?? {};
  for (const name of Object.keys(sent)) {
    // The credentials are for the API server.
    if (!HOP.has(name) && name !== 'authorization') headers.push([name, sent[name]]);
  }
  if (request.body !== undefined) headers.push(['Content-Length', String(lengthOf(request.body))]);
  headers.push(['X-Forwarded-Uri', request.path], ['Connection', 'close']);
  return headers;
}

const lengthOf = (body: string | object): number => byteLength(typeof body === 'string' ? body : JSON.stringify(body));
