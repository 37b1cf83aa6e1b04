// nginx: the official image and the small one of the Kubernetes documentation. Serves what its configuration
// says, writes the notices and access lines that nginx writes.

import { byteLength, exchange, header, serveHttp, STATUS_TEXT, type Headers, type HttpRequest, type HttpResponse, type Listener, type Process, type Program } from '../linux/index.ts';
import { Signal, type Co } from '../sim/index.ts';
import { ConfigFailure, readConfig, type Location, type NginxConfig, type Server } from './nginx-config.ts';
import { script } from './registry.ts';
import { become, clock } from './service.ts';
import { lookUp, mimeType, requestPath } from './static-files.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain, series, variants } from './versions.ts';

const WORKERS = 4;
const KERNEL = 'Linux 6.12.57+deb13-amd64';

/** nginx itself: `nginx [-g directives] [-t] [-v] [-s signal]`. */
function nginx(version: string): Program {
  const upstream = version.split('-')[0];
  return function* (process): Co<number> {
    const { argv, host } = process;
    const log = (level: string, text: string, pid = process.pid) =>
      process.stderr.write(`${clock(process).slashes} [${level}] ${pid}#${pid}: ${text}\n`);
    yield 5;
    if (argv.includes('-v') || argv.includes('-V')) {
      process.stderr.write(`nginx version: nginx/${upstream}\n`);
      return 0;
    }
    let config: NginxConfig;
    try {
      config = readConfig(host.fs);
    } catch (error) {
      if (!(error instanceof ConfigFailure)) throw error;
      log('emerg', error.message);
      process.stderr.write(`nginx: [emerg] ${error.message}\n`);
      if (argv.includes('-t')) process.stderr.write('nginx: configuration file /etc/nginx/nginx.conf test failed\n');
      return 1;
    }
    if (argv.includes('-t')) {
      process.stderr.write('nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n');
      process.stderr.write('nginx: configuration file /etc/nginx/nginx.conf test is successful\n');
      return 0;
    }
    const s = argv.indexOf('-s');
    if (s >= 0) {
      const signal = { stop: 'TERM', quit: 'QUIT', reload: 'HUP', reopen: 'USR1' }[argv[s + 1]];
      if (!signal) {
        process.stderr.write(`nginx: invalid option: "-s ${argv[s + 1] ?? ''}"\n`);
        return 1;
      }
      host.processes.get(1)?.signal(signal);
      return 0;
    }
    const site = new Site(process, upstream, config);
    if (!site.listen()) return 1;
    // Since 1.21 the image logs at level notice, before at warn.
    const talks = Number(upstream.split('.')[1]) >= 21;
    if (talks) {
      const head = `${clock(process).slashes} [notice] ${process.pid}#${process.pid}: `;
      const workers = Array.from({ length: WORKERS }, (_, i) => `start worker process ${site.worker + i}`);
      process.stderr.write([...startNotices(upstream), ...workers].map((text) => `${head}${text}\n`).join(''));
    }
    const caught = new Signal();
    let last = '';
    for (const name of ['TERM', 'INT', 'QUIT', 'HUP', 'USR1']) {
      process.handlers.set(name, () => {
        last = name;
        caught.fire();
      });
    }
    for (;;) {
      yield caught;
      if (last === 'USR1') continue;
      if (last !== 'HUP') break;
      if (talks) log('notice', 'signal 1 (SIGHUP) received from 0, reconfiguring');
      try {
        site.reload(readConfig(host.fs));
      } catch (error) {
        if (!(error instanceof ConfigFailure)) throw error;
        log('emerg', error.message);
      }
    }
    const number = { TERM: 15, INT: 2, QUIT: 3 }[last];
    if (talks) {
      log('notice', `signal ${number} (SIG${last}) received, ${last === 'QUIT' ? 'shutting down' : 'exiting'}`);
      log('notice', 'exit');
    }
    yield* site.drain(last === 'QUIT');
    return 0;
  };
}

const startNotices = (version: string) => [
  'using the "epoll" event method',
  `nginx/${version}`,
  'built by gcc 14.2.0 (Debian 14.2.0-19) ',
  `OS: ${KERNEL}`,
  'getrlimit(RLIMIT_NOFILE): 1048576:1048576',
  'start worker processes',
];

/** The servers of one running nginx. */
class Site {
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
        const listener = serveHttp(host.sim, host.net, port, (request) => this.handle(request, port));
        if (!listener) return this.emerg(`bind() to 0.0.0.0:${port} failed (98: Address already in use)`);
        this.listeners.set(port, listener);
      }
    }
    return true;
  }

  private emerg(text: string): boolean {
    this.process.stderr.write(`${clock(this.process).slashes} [emerg] ${this.process.pid}#${this.process.pid}: ${text}\nnginx: [emerg] ${text}\n`);
    for (const listener of this.listeners.values()) listener.close();
    return false;
  }

  reload(config: NginxConfig) {
    this.config = config;
    const wanted = new Set(config.servers.flatMap((server) => server.ports));
    this.listeners.forEach((listener, port) => {
      if (wanted.has(port)) return;
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
    const headers: Headers = [['Server', `nginx/${this.version}`], ['Date', clock(this.process).http], ...(response.headers ?? [])];
    if (header(request.headers, 'connection')?.toLowerCase() !== 'close') headers.push(['Connection', 'keep-alive']);
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
      return { status: 200, headers: [['Content-Type', 'text/plain'], ...extra], body: `Active connections: ${this.active} \nserver accepts handled requests\n ${n} ${n} ${n} \nReading: 0 Writing: 1 Waiting: 0 \n` };
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
        const node = fs.find(fileOf(candidate));
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
        return { status: 200, headers: [['Content-Type', type], ...common, ['Accept-Ranges', 'bytes']], body: node.text };
      }
      case 'directory':
        if (!path.endsWith('/')) {
          return this.page(301, [['Location', `http://${hostHeader}${path}/`], ...extra]);
        }
        if (location.autoindex) return this.listing(found.path, path, extra);
        this.error(request, server, `directory index of "${found.path}" is forbidden`, name);
        return this.page(403, extra);
      case 'denied':
        this.error(request, server, `open() "${found.path}" failed (13: Permission denied)`, name);
        return this.page(403, extra);
      case 'missing': {
        const why = found.code === 'ENOTDIR' ? '20: Not a directory' : '2: No such file or directory';
        const at = path.endsWith('/') ? `"${found.path}${index[0]}" is not found (${why})` : `open() "${found.path}" failed (${why})`;
        this.error(request, server, at, name);
        return this.page(404, extra);
      }
    }
  }

  private returned({ code, text }: { code: number; text: string }, vars: (text: string) => string, location: Location, extra: Headers): HttpResponse {
    if (code >= 301 && code <= 308 && code !== 304) return this.page(code, [['Location', vars(text)], ...extra]);
    if (text === '') return this.page(code, extra);
    return { status: code, headers: [['Content-Type', location.defaultType ?? 'application/octet-stream'], ...extra], body: vars(text) };
  }

  private *proxy(location: Location, request: HttpRequest, vars: (text: string) => string): Co<HttpResponse> {
    const url = /^http:\/\/([^/]+)(\/.*)?$/.exec(vars(location.proxyPass ?? ''));
    if (!url) return this.page(500, []);
    const upstream = this.config.upstreams[url[1]];
    const target = upstream ? upstream[this.next++ % upstream.length] : url[1];
    const colon = target.lastIndexOf(':');
    const [host, port] = colon < 0 ? [target, 80] : [target.slice(0, colon), Number(target.slice(colon + 1))];
    const { net } = this.process.host;
    const addresses = yield* net.resolve(host);
    if (!addresses?.length) {
      this.error(request, undefined, `${host} could not be resolved (3: Host not found)`, '');
      return this.page(502, []);
    }
    const path = url[2] === undefined ? request.target : url[2] + request.target.slice(location.path.length);
    const socket = yield* net.connect(addresses[0], port, { timeout: 60_000 });
    if (typeof socket === 'string') {
      const why = socket === 'ECONNREFUSED' ? '111: Connection refused' : socket === 'EHOSTUNREACH' ? '113: No route to host' : '110: Operation timed out';
      const upstreamUrl = `http://${addresses[0]}:${port}${path}`;
      this.error(request, undefined, `connect() failed (${why}) while connecting to upstream`, '', upstreamUrl);
      return this.page(socket === 'ETIMEDOUT' ? 504 : 502, []);
    }
    const headers: Headers = [['Host', url[1]], ['Connection', 'close']];
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
      this.error(request, undefined, 'upstream prematurely closed connection while reading response header from upstream', '');
      return this.page(502, []);
    }
    let body = '';
    for (let part = yield* answer.read(); part !== undefined; part = yield* answer.read()) body += part;
    socket.close();
    const hidden = ['server', 'date', 'connection', 'content-length', 'transfer-encoding'];
    return { status: answer.status, headers: answer.headers.filter(([key]) => !hidden.includes(key.toLowerCase())), body };
  }

  private page(status: number, headers: Headers): HttpResponse {
    const title = `${status} ${STATUS_TEXT[status] === 'Method Not Allowed' ? 'Not Allowed' : (STATUS_TEXT[status] ?? '')}`.trim();
    const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx/${this.version}</center>\r\n</body>\r\n</html>\r\n`;
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
      proxy_add_x_forwarded_for: [header(request.headers, 'x-forwarded-for'), request.socket.remote.ip].filter(Boolean).join(', '),
      remote_port: String(request.socket.remote.port),
      server_addr: request.socket.local.ip,
      server_port: String(request.socket.local.port),
      server_name: name,
      scheme: 'http',
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

/** The image's entry point: says what it looks at, then becomes the command. */
const entrypoint: Program = function* (process): Co<number> {
  const [, ...command] = process.argv;
  const say = (text: string) => process.stdout.write(`${text}\n`);
  if (command[0] === 'nginx' || command[0] === 'nginx-debug') {
    const d = '/docker-entrypoint.d';
    say(`/docker-entrypoint.sh: ${d}/ is not empty, will attempt to perform configuration`);
    say(`/docker-entrypoint.sh: Looking for shell scripts in ${d}/`);
    say(`/docker-entrypoint.sh: Launching ${d}/10-listen-on-ipv6-by-default.sh`);
    const conf = '/etc/nginx/conf.d/default.conf';
    const { fs } = process.host;
    if (!fs.exists(conf)) say(`10-listen-on-ipv6-by-default.sh: info: ${conf.slice(1)} is not a file or does not exist`);
    else if (!fs.access(conf, 2)) say(`10-listen-on-ipv6-by-default.sh: info: can not modify ${conf} (read-only file system?)`);
    else {
      say(`10-listen-on-ipv6-by-default.sh: info: Getting the checksum of ${conf}`);
      say(`10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in ${conf}`);
    }
    say(`/docker-entrypoint.sh: Sourcing ${d}/15-local-resolvers.envsh`);
    say(`/docker-entrypoint.sh: Launching ${d}/20-envsubst-on-templates.sh`);
    say(`/docker-entrypoint.sh: Launching ${d}/30-tune-worker-processes.sh`);
    say('/docker-entrypoint.sh: Configuration complete; ready for start up');
  }
  return yield* become(process, command);
};

const INDEX = `<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>

<p>For online documentation and support please refer to
<a href="http://nginx.org/">nginx.org</a>.<br/>
Commercial support is available at
<a href="http://nginx.com/">nginx.com</a>.</p>

<p><em>Thank you for using nginx.</em></p>
</body>
</html>
`;

const ERROR_PAGE = `<!DOCTYPE html>
<html>
<head>
<title>Error</title>
</head>
<body>
<h1>An error occurred.</h1>
</body>
</html>
`;

const MAIN_CONF = `
user  nginx;
worker_processes  auto;

error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;


events {
    worker_connections  1024;
}


http {
    include       /etc/nginx/mime.types;
    default_type  application/octet-stream;

    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';

    access_log  /var/log/nginx/access.log  main;

    sendfile        on;
    #tcp_nopush     on;

    keepalive_timeout  65;

    #gzip  on;

    include /etc/nginx/conf.d/*.conf;
}
`;

const DEFAULT_CONF = `server {
    listen       80;
    server_name  localhost;

    #access_log  /var/log/nginx/host.access.log  main;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }

    #error_page  404              /404.html;

    # redirect server error pages to the static page /50x.html
    #
    error_page   500 502 503 504  /50x.html;
    location = /50x.html {
        root   /usr/share/nginx/html;
    }
}
`;

const FRONTEND_CONF = `upstream Backend {
    # hello is the internal DNS name of the backend Service
    server hello;
}

server {
    listen 80;

    location / {
        proxy_pass http://Backend;
    }
}
`;

const TAGS = {
  ...plain('1.7.1', '1.7.5'),
  ...series('1.7', 12, 7),
  ...series('1.8', 1),
  ...series('1.9', 15),
  ...series('1.10', 3),
  ...series('1.11', 13),
  ...series('1.12', 2),
  ...series('1.13', 12),
  ...series('1.14', 2),
  ...series('1.15', 12),
  ...series('1.16', 1),
  ...series('1.17', 10),
  ...series('1.18', 0),
  ...series('1.19', 10),
  ...series('1.20', 2),
  ...series('1.21', 6),
  ...series('1.22', 1),
  ...series('1.23', 4),
  ...series('1.24', 0),
  ...series('1.25', 5),
  ...series('1.26', 3),
  ...series('1.27', 5),
  ...series('1.28', 1),
  ...series('1.29', 4),
};

const files = () => ({
  '/docker-entrypoint.sh': script(entrypoint, '#!/bin/sh\n# vim:sw=4:ts=4:et\n\nset -e\n'),
  '/docker-entrypoint.d/': '',
  '/etc/nginx/nginx.conf': MAIN_CONF,
  '/etc/nginx/mime.types': '\ntypes {\n    text/html                                        html htm shtml;\n}\n',
  '/etc/nginx/conf.d/default.conf': DEFAULT_CONF,
  '/usr/share/nginx/html/index.html': INDEX,
  '/usr/share/nginx/html/50x.html': ERROR_PAGE,
  '/var/log/nginx/': '',
  '/var/cache/nginx/': '',
});

/** Size by version: old images were larger in layers and smaller in sum. */
function sizeOf(version: string): number {
  if (version.includes('alpine-slim')) return 5_150_000;
  if (version.includes('alpine')) return 21_400_000;
  const minor = Number(version.split('.')[1]);
  return minor < 19 ? 44_710_000 + minor * 11_213 : 55_300_000 + minor * 611_027;
}

const common = {
  userland: 'gnu',
  commands: DEBIAN_COMMANDS.concat('curl'),
  os: 'Debian GNU/Linux 13 (trixie)',
  exposedPorts: ['80/tcp'],
  stopSignal: 'QUIT',
  memory: 9_500_000,
  files,
} as const satisfies Partial<Repository>;

/** The same image for every version needs the program of that version: one repository entry serves all. */
export const nginxRepositories: Repository[] = [
  {
    ...common,
    names: ['docker.io/library/nginx'],
    tags: variants({ ...TAGS, '1': '1.29.4', latest: '1.29.4', mainline: '1.29.4', stable: '1.28.1' }, 'alpine', 'alpine-slim', 'perl'),
    size: sizeOf,
    // Images before 1.19 have no entry point script.
    entrypoint: (version) => (Number(version.split('.')[1]) < 19 ? [] : ['/docker-entrypoint.sh']),
    cmd: ['nginx', '-g', 'daemon off;'],
    env: (version) => ({ NGINX_VERSION: version.split('-')[0], PKG_RELEASE: '1~trixie', DYNPKG_RELEASE: '1~trixie' }),
    versionedPrograms: (version) => ({ '/usr/sbin/nginx': nginx(version) }),
  },
  {
    ...common,
    names: ['registry.k8s.io/nginx-slim', 'k8s.gcr.io/nginx-slim', 'gcr.io/google_containers/nginx-slim'],
    tags: { '0.8': '1.11.1', '0.21': '1.19.2', '0.22': '1.19.3', '0.23': '1.19.4', '0.24': '1.21.5', '0.25': '1.23.1', '0.26': '1.25.1', '0.27': '1.27.0' },
    size: 54_200_000,
    stopSignal: 'TERM',
    cmd: ['nginx', '-g', 'daemon off;'],
    versionedPrograms: (version) => ({ '/usr/sbin/nginx': nginx(version) }),
  },
  {
    ...common,
    names: ['docker.io/nginxinc/nginx-unprivileged'],
    tags: { latest: '1.29.4', stable: '1.28.1', '1.27': '1.27.5', '1.28': '1.28.1', '1.29': '1.29.4' },
    size: 57_000_000,
    user: '101',
    exposedPorts: ['8080/tcp'],
    entrypoint: ['/docker-entrypoint.sh'],
    cmd: ['nginx', '-g', 'daemon off;'],
    files: () => ({ ...files(), '/etc/nginx/conf.d/default.conf': DEFAULT_CONF.replace('80;', '8080;') }),
    versionedPrograms: (version) => ({ '/usr/sbin/nginx': nginx(version) }),
  },
  {
    // The frontend of the documentation's two-tier example passes everything on to the service `hello`.
    ...common,
    names: ['gcr.io/google-samples/hello-frontend', 'us-docker.pkg.dev/google-samples/containers/gke/hello-frontend'],
    tags: { '1.0': '1.14.2' },
    size: 44_700_000,
    cmd: ['nginx', '-g', 'daemon off;'],
    files: () => ({ ...files(), '/etc/nginx/conf.d/frontend.conf': FRONTEND_CONF, '/etc/nginx/conf.d/default.conf': '' }),
    versionedPrograms: (version) => ({ '/usr/sbin/nginx': nginx(version) }),
  },
];
