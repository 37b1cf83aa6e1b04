// httpbin: endpoints that show a request or answer as its path asks, of the Python and of the Go implementation.

import { header, type HttpRequest, type HttpResponse, type Process } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app, html, json, pathOf, queryOf, redirect, text, type Route, type Routes } from './app.ts';
import { flagValue } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain } from './versions.ts';

const last = (request: HttpRequest) => pathOf(request).split('/').pop() ?? '';

/** The Go implementation shows lists of values where the Python one shows one. */
function routes(go: boolean): Routes {
  const value = (one: string) => (go ? [one] : one);
  const headersOf = ({ headers }: HttpRequest) =>
    Object.fromEntries(headers.filter(([name]) => name !== 'Connection').map(([name, one]) => [name, value(one)]));
  const show = (request: HttpRequest, more: object = {}) => {
    const query = queryOf(request);
    return {
      args: Object.fromEntries(Object.keys(query).map((name) => [name, value(query[name])])),
      headers: headersOf(request),
      ...(go ? { method: request.method } : {}),
      origin: request.socket.remote.ip,
      url: `http://${header(request.headers, 'host') ?? ''}${request.target}`,
      ...more,
    };
  };
  const pretty = (one: unknown, status = 200) => json(one, status, 2);
  const withBody = (request: HttpRequest) => {
    const type = header(request.headers, 'content-type') ?? '';
    const form = type.includes('form-urlencoded') ? queryOf({ ...request, target: `?${request.body}` }) : {};
    let parsed: unknown = null;
    try {
      parsed = type.includes('json') ? (JSON.parse(request.body) as unknown) : null;
    } catch {
      // What is no JSON stays text.
    }
    return show(request, { data: Object.keys(form).length ? '' : request.body, files: {}, form, json: parsed });
  };
  const only =
    (method: string, answer: (request: HttpRequest) => HttpResponse): Route =>
    (request) =>
      request.method === method
        ? answer(request)
        : { status: 405, headers: [['Allow', `${method}, OPTIONS`]], body: '' };
  const onward = (request: HttpRequest) => {
    const left = Number(last(request)) - 1;
    return redirect(left > 0 ? `/relative-redirect/${left}` : '/get');
  };
  return {
    '/': html('httpbin.org'),
    '/get': only('GET', (request) => pretty(show(request))),
    '/post': only('POST', (request) => pretty(withBody(request))),
    '/put': only('PUT', (request) => pretty(withBody(request))),
    '/patch': only('PATCH', (request) => pretty(withBody(request))),
    '/delete': only('DELETE', (request) => pretty(withBody(request))),
    '/anything*': (request) => pretty({ ...withBody(request), method: request.method }),
    '/headers': (request) => pretty({ headers: headersOf(request) }),
    '/ip': (request) => pretty({ origin: request.socket.remote.ip }),
    '/user-agent': (request) => pretty({ 'user-agent': header(request.headers, 'user-agent') ?? '' }),
    '/uuid': (_request, { host }) => {
      const hex = host.sim.random('httpbin').hex(32);
      const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
      return pretty({ uuid });
    },
    '/hostname': (_request, { host }) => pretty({ hostname: host.hostname }),
    '/status/*': (request, { host }) => {
      const codes = last(request).split(',').map(Number);
      const status = codes[host.sim.random('httpbin').int(codes.length)];
      return status >= 100 && status < 600 ? { status, body: '' } : text('Invalid status code', 400);
    },
    *'/delay/*'(request): Co<HttpResponse> {
      yield Math.min(Number(last(request)), 10) * 1000;
      return pretty(show(request));
    },
    '/redirect/*': onward,
    '/relative-redirect/*': onward,
    '/redirect-to': (request) => redirect(queryOf(request).url ?? '/'),
    '/robots.txt': 'User-agent: *\nDisallow: /deny\n',
    '/html': html('Herman Melville - Moby-Dick'),
    '/json': pretty({ slideshow: { author: 'Yours Truly', title: 'Sample Slide Show' } }),
    '/response-headers': (request) => ({ ...pretty(queryOf(request)), headers: Object.entries(queryOf(request)) }),
    '/basic-auth/*': (request) => {
      const given = header(request.headers, 'authorization');
      return given
        ? pretty({ authenticated: true, user: pathOf(request).split('/')[2] })
        : { status: 401, headers: [['WWW-Authenticate', 'Basic realm="Fake Realm"']], body: '' };
    },
  };
}

const server = (go: boolean, port: (process: Process) => number) =>
  app({
    ports: (process) => [{ port: port(process), http: routes(go) }],
    stream: 'stderr',
    headers: go
      ? [['Access-Control-Allow-Origin', '*']]
      : [
          ['Server', 'gunicorn/19.9.0'],
          ['Access-Control-Allow-Origin', '*'],
        ],
    start: go
      ? 'time={iso} level=INFO msg="go-httpbin listening on http://0.0.0.0:{port}"\n'
      : '[{plain} +0000] [{pid}] [INFO] Starting gunicorn 19.9.0\n[{plain} +0000] [{pid}] [INFO] Listening at: http://0.0.0.0:{port} ({pid})\n',
  });

/** gunicorn's `-b 0.0.0.0:80`. */
const bound = ({ argv }: Process) => Number((flagValue(argv, '-b', '--bind') ?? ':80').split(':').pop());

const base = { userland: 'gnu', commands: DEBIAN_COMMANDS, memory: 32_000_000 } as const satisfies Partial<Repository>;

export const httpbinRepositories: Repository[] = [
  {
    ...base,
    names: ['docker.io/kennethreitz/httpbin', 'docker.io/kong/httpbin', 'docker.io/citizenstig/httpbin'],
    tags: () => plain('latest', '0.1.0', '0.2.1'),
    size: 180_000_000,
    cmd: ['gunicorn', '-b', '0.0.0.0:80', 'httpbin:app', '-k', 'gevent'],
    exposedPorts: ['80/tcp'],
    programs: { '/usr/local/bin/gunicorn': server(false, bound) },
  },
  {
    ...base,
    userland: undefined,
    commands: undefined,
    names: ['docker.io/mccutchen/go-httpbin', 'ghcr.io/mccutchen/go-httpbin'],
    tags: () => plain('latest', 'v2.5.0', 'v2.9.0', 'v2.13.0', 'v2.14.0', 'v2.15.0', 'v2.18.3'),
    size: 6_000_000,
    cmd: ['/bin/go-httpbin'],
    exposedPorts: ['8080/tcp'],
    programs: {
      '/bin/go-httpbin': server(true, ({ argv, env }) => Number(flagValue(argv, '-port') ?? env.PORT ?? 8080)),
    },
  },
];
