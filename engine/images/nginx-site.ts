// A running nginx: its listeners, and how it answers a request as its configuration says.

import {
  byteLength,
  exchange,
  header,
  type Headers,
  hostPort,
  type HttpRequest,
  type HttpResponse,
  type Listener,
  type Process,
  serveHttp,
  STATUS_TEXT,
  type Tls,
} from '../linux/index.ts';
import { Signal, type Co } from '../sim/index.ts';
import { ConfigFailure, type Location, type NginxConfig, type Server } from './nginx-config.ts';
import { tlsOf } from './nginx-tls.ts';
import { clock } from './service.ts';
import { lookUp, mimeType, requestPath } from './static-files.ts';

/** The servers of one running nginx. */
export class Site {
  readonly worker = 29;
  private readonly process: Process;
  private readonly version: string;
  private config: NginxConfig;
  private listeners = new Map<number, Listener>();
  private active = 0;
  private requests = 0;
  private readonly idle = new Signal();
  private next = 0;

  constructor(process: Process, version: string, config: NginxConfig) {
    this.process = process;
    this.version = version;
    this.config = config;
  }

  listen(): boolean {
    const { host } = this.process;
    for (const server of this.config.servers) {
      for (const port of server.ports) {
        if (this.listeners.has(port)) continue;
        if (port < 1024 && this.process.uid !== 0) {
          return this.emerg(`bind() to 0.0.0.0:${port} failed (13: Permission denied)`);
        }
        let tls: Tls | undefined;
        try {
          tls = tlsOf(this.process, this.config, port, () =>
            errorPage(
              '400 The plain HTTP request was sent to HTTPS port',
              ['400 Bad Request', 'The plain HTTP request was sent to HTTPS port'],
              this.version,
            ),
          );
        } catch (error) {
          if (!(error instanceof ConfigFailure)) throw error;
          return this.emerg(error.message);
        }
        const listener = serveHttp(host.sim, host.net, port, (request) => this.handle(request, port), { tls });
        if (!listener) return this.emerg(`bind() to 0.0.0.0:${port} failed (98: Address already in use)`);
        this.listeners.set(port, listener);
      }
    }
    return true;
  }

  private emerg(text: string): boolean {
    this.process.stderr.write(
      `${clock(this.process).slashes} [emerg] ${this.process.pid}#${this.process.pid}: ${text}\nnginx: [emerg] ${text}\n`,
    );
    for (const listener of this.listeners.values()) listener.close();
    return false;
  }

  reload(config: NginxConfig) {
    this.config = config;
    const wanted = new Set(config.servers.flatMap((server) => server.ports));
    this.listeners.forEach((listener, port) => {
      // A certificate may be another one now.
      if (wanted.has(port) && !listener.tls) return;
      listener.close();
      this.listeners.delete(port);
    });
    this.listen();
  }

  /** Stops listening; gracefully: open requests are answered first. */
  *drain(graceful: boolean): Co {
    for (const listener of this.listeners.values()) listener.close();
    while (graceful && this.active > 0) yield this.idle;
  }

  private *handle(request: HttpRequest, port: number): Co<HttpResponse> {
    this.active++;
    this.requests++;
    const hostHeader = header(request.headers, 'host') ?? '';
    const name = hostHeader.replace(/:\d+$/, '');
    const server = this.pick(port, name);
    let response: HttpResponse;
    try {
      response = yield* this.answer(server, request, name, hostHeader);
    } finally {
      if (--this.active === 0) this.idle.fire();
    }
    this.access(request, response);
    const headers: Headers = [
      ['Server', `nginx/${this.version}`],
      ['Date', clock(this.process).http],
      ...(response.headers ?? []),
    ];
    if (typeof response.body === 'string') headers.push(['Content-Length', String(byteLength(response.body))]);
    if (header(request.headers, 'connection')?.toLowerCase() !== 'close') headers.push(['Connection', 'keep-alive']);
    headers.sort((a, b) => rank(a[0]) - rank(b[0]));
    return { ...response, headers };
  }

  private pick(port: number, name: string): Server {
    const here = this.config.servers.filter((server) => server.ports.includes(port));
    return (
      here.find((server) => server.names.some((pattern) => matchesName(pattern, name))) ??
      here.find((server) => server.isDefault) ??
      here[0]
    );
  }

  private *answer(server: Server, request: HttpRequest, name: string, hostHeader: string): Co<HttpResponse> {
    const path = requestPath(request.target);
    const location = findLocation(server, path);
    const { method } = request;
    const vars = (text: string) => this.variables(text, request, name, hostHeader, path);
    const extra: Headers = location.addHeaders.map(([key, value]) => [key, vars(value)]);
    const early = location.returns ?? server.base.returns;
    if (early) return this.returned(early, vars, location, extra);
    if (location.stubStatus) {
      const n = this.requests;
      return {
        status: 200,
        headers: [['Content-Type', 'text/plain'], ...extra],
        body: `Active connections: ${this.active} \nserver accepts handled requests\n ${n} ${n} ${n} \nReading: 0 Writing: 1 Waiting: 0 \n`,
      };
    }
    if (location.proxyPass) return yield* this.proxy(location, request, vars);
    if (method !== 'GET' && method !== 'HEAD') return this.page(405, extra);
    const { fs } = this.process.host;
    const root = location.root ?? '/etc/nginx/html';
    const fileOf = (uri: string) => (location.alias ? location.alias + uri.slice(location.path.length) : root + uri);
    let uri = path;
    if (location.tryFiles) {
      const candidates = location.tryFiles.slice(0, -1).map(vars);
      const hit = candidates.find((candidate) => {
        const node = fs.look(fileOf(candidate));
        return candidate.endsWith('/') ? node?.kind === 'dir' : node?.kind === 'file';
      });
      const last = vars(location.tryFiles[location.tryFiles.length - 1]);
      if (hit === undefined && last.startsWith('=')) return this.page(Number(last.slice(1)), extra);
      uri = hit ?? last;
    }
    const index = location.index ?? ['index.html'];
    const found = lookUp(fs, fileOf(uri), index);
    switch (found.kind) {
      case 'file': {
        const { node } = found;
        const type = mimeType(found.path, location.defaultType ?? 'text/plain');
        const modified = new Date(node.mtime);
        const stamp = modified.toUTCString();
        const etag = `"${Math.floor(node.mtime / 1000).toString(16)}-${node.size.toString(16)}"`;
        const common: Headers = [['Last-Modified', stamp], ['ETag', etag], ...extra];
        if (header(request.headers, 'if-none-match') === etag) return { status: 304, headers: common };
        return {
          status: 200,
          headers: [['Content-Type', type], ...common, ['Accept-Ranges', 'bytes']],
          body: node.text,
        };
      }
      case 'directory':
        if (!path.endsWith('/')) {
          return this.page(301, [['Location', `${schemeOf(request)}://${hostHeader}${path}/`], ...extra]);
        }
        if (location.autoindex) return this.listing(found.path, path, extra);
        this.error(request, server, `directory index of "${found.path}" is forbidden`, name);
        return this.page(403, extra);
      case 'denied':
        this.error(request, server, `open() "${found.path}" failed (13: Permission denied)`, name);
        return this.page(403, extra);
      case 'missing': {
        const why = found.code === 'ENOTDIR' ? '20: Not a directory' : '2: No such file or directory';
        const at = path.endsWith('/')
          ? `"${found.path}${index[0]}" is not found (${why})`
          : `open() "${found.path}" failed (${why})`;
        this.error(request, server, at, name);
        return this.page(404, extra);
      }
    }
  }

  private returned(
    { code, text }: { code: number; text: string },
    vars: (text: string) => string,
    location: Location,
    extra: Headers,
  ): HttpResponse {
    if (code >= 301 && code <= 308 && code !== 304) return this.page(code, [['Location', vars(text)], ...extra]);
    if (text === '') return this.page(code, extra);
    return {
      status: code,
      headers: [['Content-Type', location.defaultType ?? 'application/octet-stream'], ...extra],
      body: vars(text),
    };
  }

  private *proxy(location: Location, request: HttpRequest, vars: (text: string) => string): Co<HttpResponse> {
    const url = /^http:\/\/([^/]+)(\/.*)?$/.exec(vars(location.proxyPass ?? ''));
    if (!url) return this.page(500, []);
    const upstream = this.config.upstreams[url[1]];
    const target = upstream ? upstream[this.next++ % upstream.length] : url[1];
    const colon = target.lastIndexOf(':');
    const [host, port] = colon < 0 ? [target, 80] : [target.slice(0, colon), Number(target.slice(colon + 1))];
    const { net } = this.process.host;
    const addresses = yield* this.process.host.resolve(host);
    if (!addresses?.length) {
      this.error(request, undefined, `${host} could not be resolved (3: Host not found)`, '');
      return this.page(502, []);
    }
    const path = url[2] === undefined ? request.target : url[2] + request.target.slice(location.path.length);
    const socket = yield* net.connect(addresses[0], port, { timeout: 60_000 });
    if (typeof socket === 'string') {
      const why =
        socket === 'ECONNREFUSED'
          ? '111: Connection refused'
          : socket === 'EHOSTUNREACH'
            ? '113: No route to host'
            : '110: Operation timed out';
      const upstreamUrl = `http://${hostPort(addresses[0], port)}${path}`;
      this.error(request, undefined, `connect() failed (${why}) while connecting to upstream`, '', upstreamUrl);
      return this.page(socket === 'ETIMEDOUT' ? 504 : 502, []);
    }
    const headers: Headers = [
      ['Host', url[1]],
      ['Connection', 'close'],
    ];
    for (const [key, value] of request.headers) {
      if (!['host', 'connection'].includes(key.toLowerCase())) headers.push([key, value]);
    }
    for (const [key, value] of location.proxyHeaders) {
      const old = headers.findIndex(([known]) => known.toLowerCase() === key.toLowerCase());
      if (old >= 0) headers[old] = [key, vars(value)];
      else headers.push([key, vars(value)]);
    }
    const answer = yield* exchange(socket, { method: request.method, target: path, headers, body: request.body });
    if (!answer) {
      this.error(
        request,
        undefined,
        'upstream prematurely closed connection while reading response header from upstream',
        '',
      );
      return this.page(502, []);
    }
    let body = '';
    for (let part = yield* answer.read(); part !== undefined; part = yield* answer.read()) body += part;
    socket.close();
    const hidden = ['server', 'date', 'connection', 'content-length', 'transfer-encoding'];
    return {
      status: answer.status,
      headers: answer.headers.filter(([key]) => !hidden.includes(key.toLowerCase())),
      body,
    };
  }

  private page(status: number, headers: Headers): HttpResponse {
    const title =
      `${status} ${STATUS_TEXT[status] === 'Method Not Allowed' ? 'Not Allowed' : (STATUS_TEXT[status] ?? '')}`.trim();
    const body = errorPage(title, [title], this.version);
    if (status === 204 || status === 304) return { status, headers };
    return { status, headers: [['Content-Type', 'text/html'], ...headers], body: status < 300 ? '' : body };
  }

  private listing(dir: string, path: string, extra: Headers): HttpResponse {
    const rows = this.process.host.fs.readdir(dir).map((name) => `<a href="${name}">${name}</a>\r\n`);
    const body = `<html>\r\n<head><title>Index of ${path}</title></head>\r\n<body>\r\n<h1>Index of ${path}</h1><hr><pre><a href="../">../</a>\r\n${rows.join('')}</pre><hr></body>\r\n</html>\r\n`;
    return { status: 200, headers: [['Content-Type', 'text/html'], ...extra], body };
  }

  private variables(text: string, request: HttpRequest, name: string, hostHeader: string, path: string): string {
    if (!text.includes('$')) return text;
    const query = request.target.indexOf('?');
    const args = query < 0 ? '' : request.target.slice(query + 1);
    const values: Record<string, string> = {
      uri: path,
      document_uri: path,
      request_uri: request.target,
      args,
      query_string: args,
      is_args: args ? '?' : '',
      host: name,
      http_host: hostHeader,
      hostname: this.process.host.hostname,
      remote_addr: request.socket.remote.ip,
      proxy_add_x_forwarded_for: [header(request.headers, 'x-forwarded-for'), request.socket.remote.ip]
        .filter(Boolean)
        .join(', '),
      remote_port: String(request.socket.remote.port),
      server_addr: request.socket.local.ip,
      server_port: String(request.socket.local.port),
      server_name: name,
      scheme: schemeOf(request),
      https: request.socket.tls ? 'on' : '',
      request_method: request.method,
      nginx_version: this.version,
      time_local: clock(this.process).common,
    };
    return text.replace(/\$\{?(\w+)\}?/g, (whole, key: string) => {
      if (key in values) return values[key];
      if (key.startsWith('http_')) return header(request.headers, key.slice(5).replaceAll('_', '-')) ?? '';
      return whole;
    });
  }

  private access(request: HttpRequest, response: HttpResponse) {
    const { socket, method, target, headers } = request;
    const size = typeof response.body === 'string' && method !== 'HEAD' ? byteLength(response.body) : 0;
    const quoted = (key: string) => header(headers, key) ?? '-';
    this.process.stdout.write(
      `${socket.remote.ip} - - [${clock(this.process).common}] "${method} ${target} HTTP/1.1" ${response.status} ${size} "${quoted('referer')}" "${quoted('user-agent')}" "${quoted('x-forwarded-for')}"\n`,
    );
  }

  private error(request: HttpRequest, server: Server | undefined, text: string, host: string, upstream = '') {
    const { socket, method, target, headers } = request;
    const up = upstream && `, upstream: "${upstream}"`;
    this.process.stderr.write(
      `${clock(this.process).slashes} [error] ${this.worker}#${this.worker}: *${this.requests} ${text}, client: ${socket.remote.ip}, server: ${server?.names[0] ?? ''}, request: "${method} ${target} HTTP/1.1"${up}, host: "${header(headers, 'host') ?? host}"\n`,
    );
  }
}

const schemeOf = ({ socket }: HttpRequest) => (socket.tls ? 'https' : 'http');

/** nginx's own page: a title, a heading, perhaps a line more. */
function errorPage(title: string, [heading, ...more]: readonly string[], version: string): string {
  const lines = [`<h1>${heading}</h1>`, ...more].map((line) => `<center>${line}</center>\r\n`).join('');
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n${lines}<hr><center>nginx/${version}</center>\r\n</body>\r\n</html>\r\n`;
}

/** The order in which nginx writes header fields; its own additions come last. */
const ORDER = ['Server', 'Date', 'Content-Type', 'Content-Length', 'Last-Modified', 'Connection', 'Location', 'ETag'];

function rank(name: string): number {
  const place = ORDER.indexOf(name);
  return place < 0 ? ORDER.length : place;
}

function matchesName(pattern: string, name: string): boolean {
  if (pattern.startsWith('*.')) return name.endsWith(pattern.slice(1));
  if (pattern.startsWith('~')) return new RegExp(pattern.slice(1)).test(name);
  return pattern === name;
}

/** `=` first, then the longest prefix unless a regular expression (without `^~` before it) matches. */
function findLocation(server: Server, path: string): Location {
  let best: Location | undefined;
  for (const location of server.locations) {
    if (location.pattern) continue;
    if (location.modifier === '=' ? location.path !== path : !path.startsWith(location.path)) continue;
    if (location.modifier === '=') return location;
    if (!best || location.path.length > best.path.length) best = location;
  }
  if (best?.modifier !== '^~') {
    for (const location of server.locations) if (location.pattern?.test(path)) return location;
  }
  return best ?? server.base;
}
