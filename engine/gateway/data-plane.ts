// The data plane: nginx in a Pod of its own for each Gateway. It asks the control plane for its configuration, goes on with
// the last one while the control plane is away, and routes requests by it.

import { forward, page } from '../images/forward.ts';
import { clock, untilSignal } from '../images/service.ts';
import {
  byteLength,
  header,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  LineReader,
  type Listener,
  type Process,
  type Program,
  serveHttp,
  type Socket,
} from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { type Asked, changedHeaders, changedPath, hostOf, ruleFor } from './matching.ts';
import type { Configuration, RoutedRule, Server, Upstream } from './types.ts';

/** The agent's own settings: whom to ask. */
const AGENT_CONFIG = '/etc/nginx-agent/nginx-agent.conf';
const READY_PORT = 8081;
const RETRY = 5_000;

export const dataPlane: Program = function* (process): Co<number> {
  yield 60;
  const plane = new DataPlane(process);
  const agent = process.host.sim.spawn('nginx-agent', plane.agent());
  try {
    yield* untilSignal(process);
  } finally {
    agent.kill();
    plane.stop();
  }
  return 0;
};

class DataPlane {
  private readonly process: Process;
  private servers: Server[] = [];
  private readonly listeners = new Map<number, Listener | undefined>();
  private readonly ready: Listener | undefined;
  private configured = false;
  private socket: Socket | undefined;
  private turn = 0;

  constructor(process: Process) {
    this.process = process;
    const { sim, net } = process.host;
    const configured = () => this.configured;
    // eslint-disable-next-line require-yield
    this.ready = serveHttp(sim, net, READY_PORT, function* ({ target }) {
      if (target !== '/readyz') return page(404);
      return configured() ? { status: 200, body: 'ok\n' } : page(503);
    });
  }

  stop() {
    this.socket?.close();
    this.ready?.close();
    this.listeners.forEach((listener) => listener?.close());
  }

  /** Asks for the configuration, and again when the connection breaks. */
  *agent(): Co {
    const { fs, net, hostname } = this.process.host;
    const text = fs.exists(AGENT_CONFIG) ? fs.readFile(AGENT_CONFIG) : '';
    const host = /^ *host: *(\S+)$/m.exec(text)?.[1] ?? '';
    const port = Number(/^ *port: *(\d+)$/m.exec(text)?.[1] ?? 443);
    for (;;) {
      const [ip] = (yield* this.process.host.resolve(host)) ?? [];
      const socket = ip === undefined ? undefined : yield* net.connect(ip, port, { timeout: RETRY });
      if (typeof socket === 'object') {
        this.socket = socket;
        socket.writer.write(`${JSON.stringify({ pod: hostname, gateway: /^ *gateway: *(\S+)$/m.exec(text)?.[1] })}\n`);
        const lines = new LineReader(socket.reader);
        for (let line = yield* lines.line(); line !== undefined; line = yield* lines.line()) {
          if (line.trim()) this.configure(JSON.parse(line) as Configuration);
        }
        socket.close();
      }
      this.log('error', `agent: connection to ${host}:${port} failed, trying again`);
      yield RETRY;
    }
  }

  private configure({ servers, version }: Configuration) {
    this.servers = servers;
    this.configured = true;
    this.log('notice', `signal 1 (SIGHUP) received, reconfiguring (config version ${version})`);
    this.listeners.forEach((listener) => listener?.close());
    this.listeners.clear();
    const { sim, net } = this.process.host;
    for (const { port, certificates } of servers) {
      const tls = certificates && { ca: '', names: [], byName: certificates };
      const handle = (request: HttpRequest) => this.answer(request, port);
      this.listeners.set(port, serveHttp(sim, net, port, handle, { tls, process: this.process }));
    }
  }

  private *answer(request: HttpRequest, port: number): Co<HttpResponse> {
    const server = this.servers.find((one) => one.port === port);
    const [path, query = ''] = request.target.split('?');
    const named = header(request.headers, 'host') ?? '';
    const asked: Asked = {
      method: request.method,
      host: named.replace(/:\d+$/, '').toLowerCase(),
      path,
      query,
      headers: request.headers,
    };
    const host = server && hostOf(server.hosts, asked.host);
    const rule = host && ruleFor(host, asked);
    const response = rule ? yield* this.routed(request, rule, asked, server) : page(404);
    const size = typeof response.body === 'string' ? byteLength(response.body) : 0;
    const agent = header(request.headers, 'user-agent') ?? '-';
    this.process.stdout.write(
      `${request.socket.remote.ip} - - [${clock(this.process).common}] "${request.method} ${request.target} HTTP/1.1" ${response.status} ${size} "-" "${agent}"\n`,
    );
    return response;
  }

  private *routed(request: HttpRequest, rule: RoutedRule, asked: Asked, server: Server): Co<HttpResponse> {
    const { filters, upstreams, match } = rule;
    const prefix = match.path?.value ?? '/';
    const query = asked.query ? `?${asked.query}` : '';
    const scheme = server.certificates ? 'https' : 'http';
    let headers = request.headers;
    let { path } = asked;
    let name = header(request.headers, 'host') ?? asked.host;
    for (const { type, requestRedirect, requestHeaderModifier, urlRewrite } of filters) {
      if (type === 'RequestRedirect' && requestRedirect) {
        const to = requestRedirect.scheme ?? scheme;
        const number = requestRedirect.port ?? (requestRedirect.scheme ? undefined : server.port);
        const plain = number === undefined || number === (to === 'https' ? 443 : 80);
        const location = `${to}://${requestRedirect.hostname ?? asked.host}${plain ? '' : `:${number}`}${changedPath(path, requestRedirect.path, prefix)}${query}`;
        const answer = page(requestRedirect.statusCode ?? 302);
        return { ...answer, headers: [...(answer.headers ?? []), ['Location', location]] };
      }
      if (requestHeaderModifier) headers = changedHeaders(headers, requestHeaderModifier);
      if (urlRewrite) {
        path = changedPath(path, urlRewrite.path, prefix);
        name = urlRewrite.hostname ?? name;
      }
    }
    const upstream = this.pick(upstreams);
    if (!upstream || upstream.invalid) return page(500);
    const target = upstream.servers[this.turn++ % Math.max(1, upstream.servers.length)];
    if (target === undefined) return page(503);
    const { method, body, socket } = request;
    const dropped = /^(connection|host|x-forwarded-(for|proto|host|port)|x-real-ip)$/i;
    const answer = yield* forward(this.process, target, {
      method,
      target: path + query,
      headers: [
        ['Host', name],
        ['X-Forwarded-For', [header(headers, 'x-forwarded-for'), socket.remote.ip].filter(Boolean).join(', ')],
        ['X-Real-IP', socket.remote.ip],
        ['X-Forwarded-Proto', scheme],
        ['X-Forwarded-Host', asked.host],
        ['X-Forwarded-Port', String(server.port)],
        ...headers.filter(([key]) => !dropped.test(key)),
      ] as Headers,
      body,
    });
    if (typeof answer === 'number') return page(answer);
    let shown = answer.headers ?? [];
    for (const { responseHeaderModifier } of filters) {
      if (responseHeaderModifier) shown = changedHeaders(shown, responseHeaderModifier);
    }
    return { ...answer, headers: shown };
  }

  /** By weight and chance, as split_clients does it. */
  private pick(upstreams: readonly Upstream[]): Upstream | undefined {
    let sum = 0;
    for (const { weight } of upstreams) sum += weight;
    if (sum === 0) return undefined;
    if (upstreams.length === 1) return upstreams[0];
    let at = this.process.host.sim.random('split-clients').int(sum);
    return upstreams.find(({ weight }) => (at -= weight) < 0);
  }

  private log(level: string, text: string) {
    this.process.stderr.write(`${clock(this.process).slashes} [${level}] 1#1: ${text}\n`);
  }
}
