// Servers written as data: what one prints at its start, where it listens, what it answers, how it ends. The families
// of images (demos, web sites, monitoring…) are tables over this one program.

import { byteLength, serveHttp, type Headers, type HttpRequest, type HttpResponse } from '../linux/index.ts';
import type { Listener, Process, Program, Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { clock, untilSignal } from './service.ts';

/** A text with `{iso}`, `{host}`, `{version}`… in it (see `fill`), or a function that makes one. */
export type Text = string | ((process: Process, version: string) => string);

/** What a path answers: a text (its type is guessed from how it begins), or a function of the request. */
export type Route = string | HttpResponse | ((request: HttpRequest, process: Process) => Answer);
export type Answer = string | HttpResponse | Co<HttpResponse>;

/** By path; one that ends in `*` stands for all that begin so, the longest that fits answers. `GET /x`: for one method. */
export type Routes = Readonly<Record<string, Route>>;

export interface Port {
  port: number;
  http?: Routes;
  /** Of a protocol that is not HTTP; absent: connections are accepted and nothing is said. */
  talk?: (socket: Socket, process: Process) => Co;
}

export interface AppOptions {
  /** None: it works without being asked. */
  ports: readonly Port[] | ((process: Process, version: string) => readonly Port[]);
  /** What is wrong with arguments, environment or files: printed, and the status is 1. */
  check?: (process: Process, version: string) => string | undefined;
  /** Printed before and after `boot` ms of preparation. */
  start?: Text;
  boot?: number;
  ready?: Text;
  /** Printed when it is told to stop. */
  stop?: Text;
  /** Where it writes; default stdout. */
  stream?: 'stdout' | 'stderr';
  /** Status after SIGTERM; default 0. */
  status?: number;
  /** Signals that end it beside TERM, INT and QUIT. */
  signals?: readonly string[];
  /** A line for every request. */
  access?: (request: HttpRequest, response: HttpResponse, process: Process) => string;
  headers?: Headers;
  /** Answers what no route does; default: `404 page not found`, as Go's servers say. */
  missing?: Route;
}

const PLACEHOLDERS = /\{(iso|second|plain|slashes|common|klog|apache|host|ip|pid|version|port)\}/g;

/** Puts times, names and numbers into a text. */
export function fill(text: Text, process: Process, version = '', port = 0): string {
  if (typeof text === 'function') return text(process, version);
  if (!text.includes('{')) return text;
  const now = clock(process);
  const { host } = process;
  return text.replace(PLACEHOLDERS, (_all, name: string) => {
    switch (name) {
      case 'iso':
        return now.iso;
      case 'second':
        return `${now.iso.slice(0, 19)}Z`;
      case 'host':
        return host.hostname;
      case 'ip':
        return host.net.addresses[0] ?? '127.0.0.1';
      case 'pid':
        return String(process.pid);
      case 'version':
        return version;
      case 'port':
        return String(port);
    }
    return now[name as 'plain' | 'slashes' | 'common' | 'klog' | 'apache'];
  });
}

/** The program of a version. */
export function app(options: AppOptions, version = ''): Program {
  const number = version.split('-')[0];
  return function* (process): Co<number> {
    const { sim, net } = process.host;
    const out = process[options.stream ?? 'stdout'];
    const say = (text: Text | undefined, port = 0) => {
      const filled = text === undefined ? '' : fill(text, process, number, port);
      if (filled) out.write(filled);
    };
    const problem = options.check?.(process, number);
    if (problem) {
      process.stderr.write(problem);
      return 1;
    }
    const ports = typeof options.ports === 'function' ? options.ports(process, number) : options.ports;
    say(options.start, ports[0]?.port);
    if (options.boot) yield options.boot;
    const listeners: Listener[] = [];
    for (const { port, http, talk } of ports) {
      const listener = http
        ? serveHttp(sim, net, port, serve(options, http, process, number))
        : net.listen(port, (socket) => talk && void sim.spawn(`port ${port}`, talk(socket, process)));
      if (!listener) {
        process.stderr.write(`listen tcp :${port}: bind: address already in use\n`);
        for (const one of listeners) one.close();
        return 1;
      }
      listeners.push(listener);
    }
    say(options.ready, ports[0]?.port);
    yield* untilSignal(process, ['TERM', 'INT', 'QUIT', ...(options.signals ?? [])]);
    for (const listener of listeners) listener.close();
    say(options.stop, ports[0]?.port);
    return options.status ?? 0;
  };
}

const NOT_FOUND: HttpResponse = {
  status: 404,
  headers: [['Content-Type', 'text/plain; charset=utf-8']],
  body: '404 page not found\n',
};

function serve(options: AppOptions, routes: Routes, process: Process, version: string) {
  return function* (request: HttpRequest): Co<HttpResponse> {
    const route = routeOf(routes, request.method, pathOf(request)) ?? options.missing ?? NOT_FOUND;
    const given = typeof route === 'function' ? route(request, process) : route;
    let response: HttpResponse;
    if (typeof given === 'string') response = text(typeof route === 'string' ? fill(given, process, version) : given);
    else if ('status' in given) response = given;
    else response = yield* given;
    if (options.access) process[options.stream ?? 'stdout'].write(options.access(request, response, process));
    return {
      ...response,
      headers: [...(response.headers ?? []), ...(options.headers ?? []), ['Date', clock(process).http]],
    };
  };
}

function routeOf(routes: Routes, method: string, path: string): Route | undefined {
  const own = routes[`${method} ${path}`] ?? routes[path];
  if (own !== undefined) return own;
  let best = '';
  for (const key in routes) {
    const pattern = key.startsWith(`${method} `) ? key.slice(method.length + 1) : key;
    if (!pattern.endsWith('*') || !path.startsWith(pattern.slice(0, -1))) continue;
    if (pattern.length >= best.length) best = key;
  }
  return best ? routes[best] : undefined;
}

/** The path of a request, without its query. */
export const pathOf = ({ target }: HttpRequest): string => target.split('?', 1)[0];

/** The query of a request, by name. */
export function queryOf({ target }: HttpRequest): Record<string, string> {
  const query: Record<string, string> = {};
  const at = target.indexOf('?');
  for (const pair of at < 0 ? [] : target.slice(at + 1).split('&')) {
    const [key, value = ''] = pair.split('=');
    if (key) query[decodeURIComponent(key)] = decodeURIComponent(value.replaceAll('+', ' '));
  }
  return query;
}

/** An answer with a body whose type shows in its first character. */
export function text(body: string, status = 200, headers: Headers = []): HttpResponse {
  const type =
    body[0] === '<'
      ? 'text/html; charset=utf-8'
      : /^[{["]/.test(body)
        ? 'application/json'
        : 'text/plain; charset=utf-8';
  return { status, headers: [['Content-Type', type], ...headers], body };
}

export const json = (value: unknown, status = 200, indent?: number): HttpResponse =>
  text(JSON.stringify(value, undefined, indent) + '\n', status, []);

export const redirect = (location: string, status = 302): HttpResponse => ({
  status,
  headers: [['Location', location]],
  body: '',
});

/** The combined log format of Apache and nginx. */
export function combined(request: HttpRequest, response: HttpResponse, process: Process): string {
  const find = (name: string) => request.headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? '-';
  const size = typeof response.body === 'string' ? byteLength(response.body) : 0;
  return `${request.socket.remote.ip} - - [${clock(process).common}] "${request.method} ${request.target} HTTP/1.1" ${response.status} ${size} "${find('referer')}" "${find('user-agent')}"\n`;
}

/** A small page. */
export const html = (title: string, body = `<h1>${title}</h1>`): string =>
  `<!DOCTYPE html>\n<html>\n<head>\n<title>${title}</title>\n</head>\n<body>\n${body}\n</body>\n</html>\n`;

/** The number of a port in the environment. */
export const portFrom =
  (name: string, fallback: number) =>
  ({ env }: Process): number =>
    Number(env[name] || fallback);

/** Whether something listens at `host[:port]`. */
export function* reachable(process: Process, server: string, fallbackPort: number): Co<boolean> {
  const [name, port] = server.split(':');
  const addresses = yield* process.host.resolve(name);
  if (!addresses?.length) return false;
  const socket = yield* process.host.net.connect(addresses[0], Number(port ?? fallbackPort), { timeout: 5_000 });
  if (typeof socket === 'string') return false;
  socket.close();
  return true;
}
