// Demonstration servers with endpoints of their own to play with: podinfo and kuard.

import { allocate, type HttpRequest, type HttpResponse, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app, html, json, pathOf, text, type Answer, type AppOptions, type Routes } from './app.ts';
import { clock, flagValue } from './service.ts';
import { BUSYBOX_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain, releases } from './versions.ts';

// ---- podinfo ----------------------------------------------------------------------------------------------------

const REVISION = 'a30fa3224289a3f3e413157104dee8844e329926';

/** A flag, or the variable of its name (`--ui-color`, PODINFO_UI_COLOR), or a default. */
function setting(process: Process, name: string, fallback = ''): string {
  const variable = `PODINFO_${name.toUpperCase().replaceAll('-', '_')}`;
  return flagValue(process.argv, `--${name}`) ?? process.env[variable] ?? fallback;
}

const flag = (process: Process, name: string) =>
  process.argv.includes(`--${name}`) || setting(process, name) === 'true';

/** What two endpoints show: whether the server says that it is healthy and ready. */
interface Health {
  healthy: boolean;
  ready: boolean;
  requests: Record<string, number>;
}

const podinfo = (version: string): Program =>
  function* (process): Co<number> {
    const health: Health = { healthy: !flag(process, 'unhealthy'), ready: !flag(process, 'unready'), requests: {} };
    const port = Number(setting(process, 'port', '9898'));
    const metricsPort = Number(setting(process, 'port-metrics', '0'));
    const metrics = { '/metrics': () => metricsOf(health.requests) };
    return yield* app(
      {
        ports: [
          { port, http: { ...podinfoRoutes(health, version), ...metrics } },
          ...(metricsPort ? [{ port: metricsPort, http: { ...metrics, '/healthz': text('OK') } }] : []),
        ],
        start: (p) =>
          entry(p, 'podinfo/main.go:170', 'Starting podinfo', { version, revision: REVISION, port: String(port) }),
        ready: (p) => entry(p, 'http/server.go:273', 'Starting HTTP Server.', { addr: `:${port}` }),
        stop: (p) => entry(p, 'signals/shutdown.go:34', 'Shutting down HTTP/HTTPS server', { timeout: 5 }),
        stream: 'stderr',
        access: (_request, { status }) => {
          health.requests[status] = (health.requests[status] ?? 0) + 1;
          return '';
        },
      },
      version,
    )(process);
  };

const entry = (process: Process, caller: string, msg: string, more: object) =>
  JSON.stringify({ level: 'info', ts: clock(process).iso, caller, msg, ...more }) + '\n';

const metricsOf = (requests: Record<string, number>): string =>
  '# HELP http_requests_total The total number of HTTP requests.\n# TYPE http_requests_total counter\n' +
  Object.keys(requests)
    .map((status) => `http_requests_total{status="${status}"} ${requests[status]}\n`)
    .join('');

function podinfoRoutes(health: Health, version: string): Routes {
  const pretty = (value: unknown, status = 200): HttpResponse => ({ ...json(value, status, 2) });
  const info = (process: Process) => ({
    hostname: process.host.hostname,
    version,
    revision: REVISION,
    color: setting(process, 'ui-color', '#34577c'),
    logo: setting(
      process,
      'ui-logo',
      'https://raw.githubusercontent.com/stefanprodan/podinfo/gh-pages/cuddle_clap.gif',
    ),
    message: setting(process, 'ui-message', `greetings from podinfo v${version}`),
    goos: 'linux',
    goarch: 'amd64',
    runtime: 'go1.25.5',
    num_goroutine: '8',
    num_cpu: '2',
  });
  const state = (up: boolean) => (up ? pretty({ status: 'OK' }) : { status: 503, body: '' });
  const set = (key: 'ready', value: boolean) => () => {
    health[key] = value;
    return { status: 202, body: '' };
  };
  const last = (request: HttpRequest) => pathOf(request).split('/').pop() ?? '';
  return {
    '/': (request, process) => {
      const agent = request.headers.find(([name]) => name.toLowerCase() === 'user-agent')?.[1] ?? '';
      const about = info(process);
      if (!agent.includes('Mozilla')) return pretty(about);
      return html(
        about.hostname,
        `<div style="background-color: ${about.color}">\n<img src="${about.logo}">\n<h1>${about.message}</h1>\n<p>Served by ${about.hostname}</p>\n</div>`,
      );
    },
    '/api/info': (_request, process) => pretty(info(process)),
    '/version': pretty({ commit: REVISION, version }),
    '/healthz': () => state(health.healthy),
    '/readyz': () => state(health.ready),
    'POST /readyz/enable': set('ready', true),
    'POST /readyz/disable': set('ready', false),
    '/env': (_request, { env }) => pretty(Object.keys(env).map((name) => `${name}=${env[name]}`)),
    '/headers': ({ headers }) => pretty(Object.fromEntries(headers.map(([name, value]) => [name, [value]]))),
    '/status/*': (request) => pretty({ status: Number(last(request)) }, Number(last(request))),
    *'/delay/*'(request): Co<HttpResponse> {
      yield Number(last(request)) * 1000;
      return pretty({ delay: Number(last(request)) });
    },
    '/panic': (_request, process): Answer => {
      process.stderr.write(entry(process, 'http/panic.go:16', 'Panic command received', {}).replace('info', 'fatal'));
      process.signal('KILL');
      return '';
    },
    'POST /echo': ({ body }) => ({ ...text(body), status: 202 }),
    'POST /api/echo': ({ body }) => ({ ...text(body), status: 202 }),
    '/configs': (_request, process) => {
      const path = setting(process, 'config-path');
      const { fs } = process.host;
      if (!path || !fs.isDirectory(path)) return pretty({});
      const names = fs.readdir(path).filter((name) => fs.find(`${path}/${name}`)?.kind === 'file');
      return pretty(Object.fromEntries(names.map((name) => [name, fs.readFile(`${path}/${name}`)])));
    },
    '/cache/*': pretty({ code: 400, message: 'cache server is offline' }),
    '/token': { status: 501, body: 'tokens of podinfo are not modelled by this engine\n' },
    '/store*': { status: 501, body: 'the store of podinfo is not modelled by this engine\n' },
  };
}

// ---- kuard ------------------------------------------------------------------------------------------------------

/** A probe's endpoint that can be told to fail. */
function probe(base: string): Routes {
  let failNext = 0;
  const history: { id: number; when: string; relWhen: string; code: number }[] = [];
  const status = () => json({ probePath: base, failNext, history });
  return {
    [base]: (_request, process) => {
      const code = failNext === 0 ? 200 : 500;
      if (failNext > 0) failNext--;
      history.unshift({
        id: (history[0]?.id ?? 0) + 1,
        when: clock(process).http.slice(5, 25),
        relWhen: 'now',
        code,
      });
      if (history.length > 20) history.pop();
      const message = code === 200 ? 'ok' : failNext < 0 ? 'fail, permanent' : `fail, ${failNext} left`;
      return { status: code, headers: [['Content-Type', 'text/plain']], body: message };
    },
    [`${base}/api`]: status,
    [`PUT ${base}/api`]: ({ body }) => {
      try {
        failNext = Number((JSON.parse(body) as { failNext?: number }).failNext ?? 0);
      } catch {
        return text('invalid character in the body: it must be JSON\n', 400);
      }
      return status();
    },
  };
}

const kuard = (version: string): Program =>
  function* (process): Co<number> {
    let taken = 0;
    const port = Number((flagValue(process.argv, '--address') ?? ':8080').split(':').pop());
    const options: AppOptions = {
      ports: [
        {
          port,
          http: {
            '/': ({ method, target, headers, socket }, { host }) =>
              html(
                'KUAR Demo',
                `<h1>Demo application version <i>v${version}</i></h1>\n<div>This is served by <b>${host.hostname}</b>, ${host.net.addresses.join(', ')}</div>\n<pre>${method} ${target} HTTP/1.1\n${headers.map(([name, value]) => `${name}: ${value}`).join('\n')}</pre>\n<div>${socket.remote.ip}:${socket.remote.port}</div>`,
              ),
            ...probe('/healthy'),
            ...probe('/ready'),
            '/env/api': (_request, { argv, env }) => json({ commandLine: argv, env }),
            '/fs/*': (request, { host }) => {
              const path = pathOf(request).slice('/fs'.length);
              const node = host.fs.find(path);
              if (node?.kind === 'file') return { status: 200, body: node.text };
              if (!host.fs.isDirectory(path)) return text('404 page not found\n', 404);
              const names = host.fs.readdir(path);
              return `<pre>\n${names.map((name) => `<a href="${name}">${name}</a>\n`).join('')}</pre>\n`;
            },
            '/mem/api': () => json({ memStats: { alloc: taken } }),
            'POST /mem/api/alloc': (request, p) => {
              const size = Number(/[?&]size=(\d+)/.exec(request.target)?.[1] ?? 0);
              taken += size;
              allocate(p, size);
              return { status: 200, body: '' };
            },
            'POST /mem/api/clear': (_request, p) => {
              allocate(p, -taken);
              taken = 0;
              return { status: 200, body: '' };
            },
            '/keygen*': text('the key generator of kuard is not modelled by this engine\n', 501),
            '/memq/*': text('the work queue of kuard is not modelled by this engine\n', 501),
          },
        },
      ],
      start: (p) => {
        const stars = '*'.repeat(70);
        const lines = [
          `Starting kuard version: v${version}`,
          stars,
          '* WARNING: This server may expose sensitive',
          '* and secret information. Be careful.',
          stars,
          `Serving on HTTP on :${port}`,
        ];
        return lines.map((line) => `${clock(p).slashes} ${line}\n`).join('');
      },
      stream: 'stderr',
      access: ({ method, target, socket }, _response, p) =>
        `${clock(p).slashes} ${socket.remote.ip}:${socket.remote.port} ${method} ${target}\n`,
      status: 143,
    };
    return yield* app(options)(process);
  };

const alpine = { userland: 'busybox', commands: BUSYBOX_COMMANDS, os: 'Alpine Linux v3.23' } as const;

export const demoRepositories: Repository[] = [
  {
    ...alpine,
    names: ['ghcr.io/stefanprodan/podinfo', 'docker.io/stefanprodan/podinfo', 'quay.io/stefanprodan/podinfo'],
    commands: BUSYBOX_COMMANDS.concat('curl'),
    tags: () =>
      releases(
        ...['3.1.5', '4.0.6', '5.0.3', '5.1.4', '5.2.1', '6.0.3', '6.1.8', '6.2.3', '6.3.6', '6.4.1', '6.5.4'],
        ...['6.6.3', '6.7.1', '6.8.0', '6.9.4'],
      ),
    size: 24_800_000,
    user: '100:1000',
    workingDir: '/home/app',
    cmd: ['./podinfo'],
    exposedPorts: ['9898/tcp'],
    memory: 14_000_000,
    versionedPrograms: (version) => ({ '/home/app/podinfo': podinfo(version) }),
  },
  {
    ...alpine,
    names: ['gcr.io/kuar-demo/kuard-amd64', 'docker.io/kuaristio/kuard-amd64'],
    tags: () => ({
      ...plain('1', '2', '3', 'v0.10.0', 'v0.9', 'v0.10'),
      blue: '0.10.0-blue',
      green: '0.10.0-green',
      purple: '0.10.0-purple',
      latest: '0.10.0-blue',
    }),
    size: 11_500_000,
    user: '65534:65534',
    cmd: ['/kuard'],
    exposedPorts: ['8080/tcp'],
    memory: 5_000_000,
    versionedPrograms: (version) => ({ '/kuard': kuard(version.replace(/^v/, '')) }),
  },
];
