// Proxies: HAProxy and Caddy as far as their configuration forwards, answers and serves files; Traefik and Envoy with
// what they do before they are configured.

import type { HttpRequest, HttpResponse, Process, Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app, fill, html, json, text, type Port, type Routes } from './app.ts';
import { forward } from './forward.ts';
import { clock, execArguments, flagValue } from './service.ts';
import { lookUp, mimeType, requestPath } from './static-files.ts';
import { BUSYBOX_COMMANDS, DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { releases, variants } from './versions.ts';
import { hostPort } from '../linux/net/index.ts';

/** Passes a request on to one of some servers (`host:port`), each in its turn. */
function balancer(servers: readonly string[]) {
  let turn = 0;
  return function* (request: HttpRequest, process: Process): Co<HttpResponse | number> {
    for (let i = 0; i < servers.length; i++) {
      const [name, port = '80'] = servers[turn++ % servers.length].split(':');
      const addresses = yield* process.host.resolve(name);
      if (!addresses?.length) continue;
      const { method, target, headers, body } = request;
      const answer = yield* forward(process, hostPort(addresses[0], port), {
        method,
        target,
        headers: [
          ...headers.filter(([key]) => !/^connection$/i.test(key)),
          ['X-Forwarded-For', request.socket.remote.ip],
        ],
        body,
      });
      if (typeof answer !== 'number') return answer;
    }
    return 503;
  };
}

// ---- HAProxy ----------------------------------------------------------------------------------------------------

interface Section {
  kind: string;
  name: string;
  binds: number[];
  servers: string[];
  backend?: string;
}

/** Keywords that change nothing that can be seen here. */
const TUNING =
  /^(log|option|timeout|maxconn|retries|balance|mode|daemon|user|group|stats socket|chroot|pidfile|errorfile|ssl-default|tune|nbthread|description|default-server|cookie|http-reuse|hash-type)\b/;

function readHaproxy(config: string): Section[] | string {
  const sections: Section[] = [];
  for (const [i, raw] of config.split('\n').entries()) {
    const line = raw.replace(/#.*/, '').trim();
    if (!line) continue;
    const [word, ...rest] = line.split(/\s+/);
    const section = sections[sections.length - 1];
    if (/^(global|defaults|frontend|backend|listen)$/.test(word)) {
      sections.push({ kind: word, name: rest[0] ?? '', binds: [], servers: [] });
    } else if (!section) return `line ${i + 1}: '${word}' outside of a section`;
    else if (word === 'bind') section.binds.push(Number(rest[0].split(':').pop()));
    else if (word === 'server') section.servers.push(rest[1]);
    else if (word === 'default_backend') section.backend = rest[0];
    else if (!TUNING.test(line)) return `line ${i + 1}: the keyword '${word}' is not modelled by this engine`;
  }
  return sections;
}

const haproxyError = (status: number, title: string, why: string) =>
  text(`<html><body><h1>${status} ${title}</h1>\n${why}\n</body></html>\n`, status, [['Cache-Control', 'no-cache']]);

const haproxy = (version: string): Program =>
  function* (process): Co<number> {
    const file = flagValue(process.argv, '-f') ?? '/usr/local/etc/haproxy/haproxy.cfg';
    const { fs } = process.host;
    const alert = (message: string) => {
      process.stderr.write(`[ALERT]    (1) : ${message}\n`);
      return 1;
    };
    if (process.argv.includes('-v')) {
      process.stdout.write(`HAProxy version ${version} - https://haproxy.org/\n`);
      return 0;
    }
    if (!fs.exists(file)) return alert(`Cannot open configuration file/directory ${file} : No such file or directory`);
    const sections = readHaproxy(fs.readFile(file));
    if (typeof sections === 'string') return alert(`config : parsing [${file}] ${sections}`);
    const ports: Port[] = [];
    for (const section of sections) {
      if (section.binds.length === 0) continue;
      const backend = section.backend
        ? sections.find((one) => one.kind === 'backend' && one.name === section.backend)
        : section;
      if (!backend) return alert(`config : unable to find required default_backend: '${section.backend}'.`);
      const pass = balancer(backend.servers);
      const http: Routes = {
        *'/*'(request, p): Co<HttpResponse> {
          const answer = yield* pass(request, p);
          if (typeof answer !== 'number') return answer;
          return haproxyError(503, 'Service Unavailable', 'No server is available to handle this request.');
        },
      };
      for (const port of section.binds) ports.push({ port, http });
    }
    return yield* app({
      ports,
      stream: 'stderr',
      ready: `[NOTICE]   (1) : haproxy version is ${version}\n[NOTICE]   (1) : New worker (8) forked\n[NOTICE]   (1) : Loading success.\n`,
      signals: ['USR1'],
      stop: '[NOTICE]   (1) : exiting\n',
    })(process);
  };

// ---- Caddy ------------------------------------------------------------------------------------------------------

const CADDYFILE = ':80 {\n\troot * /usr/share/caddy\n\tfile_server\n}\n';

const caddyLog = (process: Process, level: string, logger: string, msg: string, more: object = {}) =>
  JSON.stringify({ level, ts: process.host.sim.now / 1000, logger, msg, ...more }) + '\n';

/** The sites of a Caddyfile; an Error says what is not understood. */
function readCaddyfile(config: string): Port[] | string {
  const ports: Port[] = [];
  let routes: Record<string, Routes[string]> = {};
  let root = '/srv';
  let depth = 0;
  for (const raw of config.split('\n')) {
    const line = raw.replace(/(^|\s)#.*/, '').trim();
    if (!line) continue;
    if (line === '}') {
      depth--;
      continue;
    }
    const words = (line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []).map((word) =>
      word[0] === '"' ? word.slice(1, -1).replace(/\\n/g, '\n').replace(/\\(.)/g, '$1') : word,
    );
    if (words[words.length - 1] === '{') words.pop();
    if (depth === 0) {
      if (line.endsWith('{')) depth++;
      if (words.length === 0) continue;
      routes = {};
      root = '/srv';
      const port = Number(/:(\d+)/.exec(words[0])?.[1] ?? (words[0].startsWith('https') ? 443 : 80));
      ports.push({ port, http: routes });
      continue;
    }
    if (line.endsWith('{')) depth++;
    const path = words[1]?.startsWith('/') ? words.splice(1, 1)[0] : words[1] === '*' ? words.splice(1, 1)[0] : '/*';
    const where = path === '*' ? '/*' : path;
    switch (words[0]) {
      case 'root':
        root = words[1];
        break;
      case 'respond':
        routes[where] = /^\d{3}$/.test(words[1] ?? '')
          ? text('', Number(words[1]))
          : text(words[1] ?? '', Number(words[2] ?? 200));
        break;
      case 'reverse_proxy': {
        const pass = balancer(words.slice(1).map((one) => one.replace(/^https?:\/\//, '')));
        routes[where] = function* (request, p): Co<HttpResponse> {
          const answer = yield* pass(request, p);
          return typeof answer === 'number' ? { status: 502, body: '' } : answer;
        };
        break;
      }
      case 'redir':
        routes[where] = { status: Number(words[2] ?? 302), headers: [['Location', words[1]]], body: '' };
        break;
      case 'file_server': {
        const directory = root;
        routes[where] = (request, p) => {
          const found = lookUp(p.host.fs, directory + requestPath(request.target), ['index.html', 'index.txt']);
          if (found.kind !== 'file') return { status: found.kind === 'denied' ? 403 : 404, body: '' };
          return { status: 200, headers: [['Content-Type', mimeType(found.path)]], body: found.node.text };
        };
        break;
      }
      case 'encode':
      case 'log':
      case 'admin':
      case 'auto_https':
        break;
      default:
        return `unrecognized directive: ${words[0]} (or one that is not modelled by this engine)`;
    }
  }
  return ports;
}

const caddy: Program = function* (process): Co<number> {
  const { fs } = process.host;
  const fail = (message: string) => {
    process.stderr.write(`Error: ${message}\n`);
    return 1;
  };
  const [, command] = process.argv;
  let ports: Port[] | string;
  if (command === 'run') {
    const file = flagValue(process.argv, '--config', '-c') ?? '/etc/caddy/Caddyfile';
    if (!fs.exists(file)) return fail(`reading config from file: open ${file}: no such file or directory`);
    process.stderr.write(caddyLog(process, 'info', '', 'using config from file', { file }));
    ports = readCaddyfile(fs.readFile(file));
    if (typeof ports === 'string') return fail(`adapting config using caddyfile: ${file}: ${ports}`);
  } else if (command === 'file-server' || command === 'respond' || command === 'reverse-proxy') {
    const port = Number((flagValue(process.argv, '--listen', '--from') ?? ':80').split(':').pop());
    const body =
      command === 'respond'
        ? `respond "${process.argv[process.argv.length - 1]}"`
        : command === 'file-server'
          ? `root * ${flagValue(process.argv, '--root') ?? process.cwd}\nfile_server`
          : `reverse_proxy ${flagValue(process.argv, '--to')}`;
    ports = readCaddyfile(`:${port} {\n${body}\n}\n`) as Port[];
  } else return fail(`the command "${command ?? ''}" of caddy is not modelled by this engine`);
  return yield* app({
    ports,
    stream: 'stderr',
    headers: [['Server', 'Caddy']],
    missing: { status: 200, body: '' },
    ready: (p) => caddyLog(p, 'info', '', 'serving initial configuration'),
    stop: (p) => caddyLog(p, 'info', '', 'shutting down apps, then terminating', { signal: 'SIGTERM' }),
  })(process);
};

// ---- Traefik, Envoy ---------------------------------------------------------------------------------------------

const traefik = (version: string): Program =>
  app(
    {
      ports: ({ argv }) => {
        const has = (flag: string) => argv.some((word) => word === flag || word === `${flag}=true`);
        const entry = argv.find((word) => /^--entry[pP]oints\.\w+\.address=/.test(word));
        const ping: Routes = has('--ping') ? { '/ping': text('OK') } : {};
        const api: Routes = {
          '/dashboard/*': html('Traefik'),
          '/api/version': json({ Version: version, Codename: 'munster' }),
          '/api/overview': json({ http: { routers: { total: 0 }, services: { total: 0 } }, providers: [] }),
          ...ping,
        };
        return [
          { port: Number(entry?.split(':').pop() ?? 80), http: {} },
          ...(has('--api.insecure') || has('--ping') ? [{ port: 8080, http: has('--api.insecure') ? api : ping }] : []),
        ];
      },
      start: `{second} INF Traefik version ${version} built on 2025-12-16T09:00:00Z version=${version}\n`,
      ready: (process) => {
        const providers = process.argv.filter((word) => /^--providers\.(kubernetes|docker|file|consul)/i.test(word));
        return providers
          .map((word) =>
            fill(
              `{second} WRN the provider ${word.split('=')[0].slice(12)} is not modelled by this engine: no routes come from it\n`,
              process,
            ),
          )
          .join('');
      },
      stop: '{second} INF Stopping server gracefully\n{second} INF Server stopped\n',
    },
    version,
  );

const envoy = (version: string): Program =>
  app(
    {
      ports: [
        { port: 10000, http: { '/*': text('upstream connect error or disconnect/reset before headers', 503) } },
        {
          port: 9901,
          http: {
            '/ready': 'LIVE\n',
            '/server_info': json({ version: `${version}/Clean/RELEASE/BoringSSL`, state: 'LIVE' }, 200, 1),
            '/stats': 'server.live: 1\nserver.state: 0\n',
          },
        },
      ],
      check: ({ argv, host }) => {
        const file = flagValue(argv, '-c', '--config-path') ?? '/etc/envoy/envoy.yaml';
        if (!host.fs.exists(file))
          return `[critical][main] error initializing configuration '${file}': unable to read file: ${file}\n`;
        return host.fs.readFile(file) === ENVOY_YAML
          ? undefined
          : `[critical][main] error initializing configuration '${file}': configurations other than the image's own are not modelled by this engine\n`;
      },
      stream: 'stderr',
      headers: [['server', 'envoy']],
      start: (process) =>
        `[${clock(process).plain}.000][1][info][main] initializing epoch 0 (base id=0, hot restart version=11.104)\n`,
      ready: (process) => `[${clock(process).plain}.000][1][info][main] starting main dispatch loop\n`,
      stop: (process) => `[${clock(process).plain}.000][1][warning][main] caught ENVOY_SIGTERM\n`,
    },
    version,
  );
const ENVOY_YAML = 'admin:\n  address:\n    socket_address: { address: 0.0.0.0, port_value: 9901 }\nstatic_resources:\n  listeners:\n  - name: listener_0\n    address:\n      socket_address: { address: 0.0.0.0, port_value: 10000 }\n'; // prettier-ignore

const debian = { userland: 'gnu', commands: DEBIAN_COMMANDS } as const satisfies Partial<Repository>;
const alpine = { userland: 'busybox', commands: BUSYBOX_COMMANDS } as const satisfies Partial<Repository>;

export const proxyRepositories: Repository[] = [
  {
    ...debian,
    names: [
      'docker.io/library/haproxy',
      'docker.io/haproxytech/haproxy-alpine',
      'docker.io/haproxytech/haproxy-debian',
    ],
    tags: () =>
      variants(
        {
          ...releases(
            '2.0.35',
            '2.2.33',
            '2.4.30',
            '2.6.23',
            '2.8.16',
            '2.9.15',
            '3.0.12',
            '3.1.11',
            '3.2.10',
            '3.3.0',
          ),
          lts: '3.2.10',
        },
        'alpine',
      ),
    size: 42_000_000,
    user: '99',
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['haproxy', '-f', '/usr/local/etc/haproxy/haproxy.cfg'],
    stopSignal: 'USR1',
    memory: 14_000_000,
    files: () => ({ '/usr/local/etc/haproxy/': '' }),
    versionedPrograms: (version) => ({
      '/usr/local/bin/docker-entrypoint.sh': execArguments('haproxy'),
      '/usr/local/sbin/haproxy': haproxy(version.split('-')[0]),
    }),
  },
  {
    ...alpine,
    names: ['docker.io/library/caddy'],
    tags: () => variants(releases('2.6.4', '2.7.6', '2.8.4', '2.9.1', '2.10.2'), 'alpine'),
    size: 23_000_000,
    workingDir: '/srv',
    cmd: ['caddy', 'run', '--config', '/etc/caddy/Caddyfile', '--adapter', 'caddyfile'],
    exposedPorts: ['80/tcp', '443/tcp', '443/udp', '2019/tcp'],
    memory: 14_000_000,
    env: (version) => ({
      CADDY_VERSION: `v${version.split('-')[0]}`,
      XDG_CONFIG_HOME: '/config',
      XDG_DATA_HOME: '/data',
    }),
    files: () => ({
      '/etc/caddy/Caddyfile': CADDYFILE,
      '/usr/share/caddy/index.html': html('Caddy works!'),
      '/srv/': '',
    }),
    programs: { '/usr/bin/caddy': caddy },
  },
  {
    ...alpine,
    names: ['docker.io/library/traefik'],
    tags: () => ({ ...releases('1.7.34', '2.9.10', '2.10.7', '2.11.33', '3.0.4', '3.1.7', '3.2.5', '3.3.7', '3.4.5', '3.5.6', '3.6.5'), 'v1.7': '1.7.34', 'v2.2': '2.2.11', 'v2.9': '2.9.10', 'v2.10': '2.10.7', 'v2.11': '2.11.33', 'v3.0': '3.0.4', 'v3.3': '3.3.7', 'v3.4': '3.4.5', 'v3.5': '3.5.6', 'v3.6': '3.6.5', 'v3.6.5': '3.6.5', v2: '2.11.33', v3: '3.6.5' }), // prettier-ignore
    size: 49_000_000,
    entrypoint: ['/entrypoint.sh'],
    cmd: ['traefik'],
    exposedPorts: ['80/tcp'],
    memory: 32_000_000,
    versionedPrograms: (version) => ({
      '/entrypoint.sh': execArguments('traefik'),
      '/usr/local/bin/traefik': traefik(version),
    }),
  },
  {
    ...debian,
    names: ['docker.io/envoyproxy/envoy'],
    tags: Object.fromEntries(
      ['1.24', '1.27', '1.30', '1.31', '1.32', '1.33', '1.34', '1.35', '1.36'].flatMap((minor) =>
        ['latest', '0'].map((patch) => [`v${minor}${patch === '0' ? '.0' : '-latest'}`, `${minor}.0`]),
      ),
    ),
    size: 68_000_000,
    entrypoint: ['/docker-entrypoint.sh'],
    cmd: ['envoy', '-c', '/etc/envoy/envoy.yaml'],
    entrypointRuns: '/docker-entrypoint.sh',
    exposedPorts: ['10000/tcp'],
    memory: 28_000_000,
    files: () => ({ '/etc/envoy/envoy.yaml': ENVOY_YAML }),
    versionedPrograms: (version) => ({ '/usr/local/bin/envoy': envoy(version) }),
  },
];
