// kubectl proxy: the API of the cluster on a port of this machine, with kubectl's own credentials.

import { eventJson, wireJson } from '../../api/go-order.ts';
import type { ApiRequest, ApiResponse } from '../../apiserver/types.ts';
import {
  header,
  type Headers,
  hostPort,
  type HttpRequest,
  type HttpResponse,
  type Reader,
  serveHttp,
  wantsPretty,
} from '../../linux/index.ts';
import { Signal, type Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';

const FIRST_FREE = 32768;
const LAST_FREE = 60999;

export const proxy: Command = {
  name: 'proxy',
  short: 'Run a proxy to the Kubernetes API server',
  group: 'Troubleshooting and Debugging Commands',
  usage: '[--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]',
  examples: ['kubectl proxy --port=8001', 'kubectl proxy --api-prefix=/k8s-api'],
  flags: [
    {
      name: 'accept-hosts',
      type: 'string',
      default: '^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$',
      usage: 'Regular expression for hosts that the proxy should accept.',
    },
    {
      name: 'accept-paths',
      type: 'string',
      default: '^.*',
      usage: 'Regular expression for paths that the proxy should accept.',
    },
    { name: 'address', type: 'string', default: '127.0.0.1', usage: 'The IP address on which to serve on.' },
    { name: 'api-prefix', type: 'string', default: '/', usage: 'Prefix to serve the proxied API under.' },
    {
      name: 'append-server-path',
      type: 'bool',
      usage: 'If true, the path in the address of the server goes before that of each request.',
    },
    { name: 'disable-filter', type: 'bool', usage: 'If true, disable request filtering in the proxy.' },
    { name: 'keepalive', type: 'duration', usage: 'Time between probes of a silent connection. 0 sends none.' },
    {
      name: 'port',
      short: 'p',
      type: 'int',
      default: 8001,
      usage: 'The port on which to run the proxy. Set to 0 to pick a random port.',
    },
    {
      name: 'reject-methods',
      type: 'string',
      default: '^$',
      usage: 'Regular expression for HTTP methods that the proxy should reject.',
    },
    {
      name: 'reject-paths',
      type: 'string',
      default: '^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach',
      usage:
        'Regular expression for paths that the proxy should reject. Paths specified here will be rejected even accepted by --accept-paths.',
    },
    { name: 'unix-socket', short: 'u', type: 'string', usage: 'Unix socket on which to run the proxy.' },
    { name: 'www', short: 'w', type: 'string', usage: 'Also serve the files of this directory.' },
    { name: 'www-prefix', short: 'P', type: 'string', default: '/static/', usage: 'Prefix to serve them under.' },
  ],
  *run(kubectl, args) {
    const { host } = kubectl.process;
    if (args.string('unix-socket'))
      throw new CommandError('--unix-socket is not possible here: machines have no sockets in the file system');
    if (args.duration('keepalive') !== 0)
      throw new CommandError('--keepalive is not possible here: silent connections are not probed');
    const files = args.string('www') && staticFiles(kubectl, args.string('www'), bounded(args.string('www-prefix')));
    const address = args.string('address');
    const port = args.int('port') || FIRST_FREE + host.sim.random('free-port').int(LAST_FREE - FIRST_FREE + 1);
    const allowed = args.bool('disable-filter') ? () => true : filterOf(args);
    const prefix = bounded(args.string('api-prefix'));
    const root = args.bool('append-server-path') ? serverPath(kubectl) : '';
    const handle = function* (request: HttpRequest): Co<HttpResponse> {
      return (files && files(request)) || (yield* answer(kubectl, request, prefix, allowed, root));
    };
    const listener = serveHttp(host.sim, host.net, port, handle, { address });
    if (!listener) throw new CommandError(`listen tcp ${hostPort(address, port)}: bind: address already in use`);
    if (args.bool('disable-filter')) {
      kubectl.warn('Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious');
    }
    kubectl.line(`Starting to serve on ${hostPort(address, port)}`);
    try {
      // Until it is told to stop.
      yield new Signal();
    } finally {
      listener.close();
    }
  },
};

/** '/static/' of 'static'. */
const bounded = (prefix: string) => prefix.replace(/\/?$/, '/').replace(/^\/?/, '/');

/** '/k8s' of https://10.0.0.10:6443/k8s/. */
const serverPath = (kubectl: Kubectl) => kubectl.connection.server.replace(/^\w+:\/\/[^/]*/, '').replace(/\/$/, '');

const TYPES: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
};

/** Answers what is below the prefix; undefined for the rest. */
function staticFiles(kubectl: Kubectl, directory: string, prefix: string) {
  const { fs } = kubectl;
  const page = (type: string, body: string): HttpResponse => ({ status: 200, headers: [['Content-Type', type]], body });
  return ({ target }: HttpRequest): HttpResponse | undefined => {
    const whole = decodeURIComponent(target.split('?')[0]);
    if (!whole.startsWith(prefix)) return undefined;
    const steps = whole.slice(prefix.length).split('/').filter(Boolean);
    const path = [directory, ...steps].join('/');
    if (steps.includes('..') || !fs.exists(path)) return NOT_FOUND;
    if (!fs.isDirectory(path)) {
      const extension = /\.(\w+)$/.exec(path)?.[1] ?? '';
      return page(TYPES[extension] ?? 'text/plain; charset=utf-8', fs.readFile(path));
    }
    if (!whole.endsWith('/')) return { status: 301, headers: [['Location', `${steps[steps.length - 1]}/`]], body: '' };
    if (fs.exists(`${path}/index.html`)) return page(TYPES.html, fs.readFile(`${path}/index.html`));
    const links = fs
      .readdir(path)
      .slice()
      .sort()
      .map((name) => (fs.isDirectory(`${path}/${name}`) ? `${name}/` : name))
      .map((name) => `<a href="${encodeURIComponent(name).replaceAll('%2F', '/')}">${name}</a>\n`);
    return page(
      TYPES.html,
      `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`,
    );
  };
}

type Filter = (method: string, path: string, host: string) => boolean;

/** Each option is a list of regular expressions. */
function filterOf(args: Args): Filter {
  const expressions = (name: string) =>
    args
      .string(name)
      .split(',')
      .map((text) => new RegExp(text));
  const hosts = expressions('accept-hosts');
  const accepted = expressions('accept-paths');
  const rejected = expressions('reject-paths');
  const methods = expressions('reject-methods');
  const some = (list: readonly RegExp[], text: string) => list.some((expression) => expression.test(text));
  return (method, path, host) =>
    !some(rejected, path) && !some(methods, method) && some(hosts, host) && some(accepted, path);
}

const FORBIDDEN: HttpResponse = {
  status: 403,
  headers: [['Content-Type', 'text/plain; charset=utf-8']],
  body: 'Forbidden\n',
};
const NOT_FOUND: HttpResponse = {
  status: 404,
  headers: [['Content-Type', 'text/plain; charset=utf-8']],
  body: '404 page not found\n',
};

/** `root`: the server's own path, which goes before that of the request. */
function* answer(
  kubectl: Kubectl,
  request: HttpRequest,
  prefix: string,
  allowed: Filter,
  root: string,
): Co<HttpResponse> {
  const { method, target, headers, body } = request;
  const mark = target.indexOf('?');
  const whole = mark < 0 ? target : target.slice(0, mark);
  const host = (header(headers, 'host') ?? '').replace(/:\d+$/, '');
  if (!allowed(method, whole, host)) return FORBIDDEN;
  if (!whole.startsWith(prefix)) return NOT_FOUND;
  const sent: Record<string, string> = {};
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (lower === 'accept' || lower === 'content-type' || lower === 'user-agent') sent[lower] = value;
  }
  // A real client reads text: without a wish it gets JSON.
  sent.accept ??= 'application/json';
  const query = mark < 0 ? undefined : queryOf(target.slice(mark + 1));
  const response = yield* kubectl.exchange({
    method: method as ApiRequest['method'],
    path: root + decodeURIComponent(`/${whole.slice(prefix.length)}`),
    query,
    headers: sent,
    body: body || undefined,
  });
  return shown(response, wantsPretty(headers, query));
}

function shown({ code, headers, body, watch, text }: ApiResponse, indent: boolean): HttpResponse {
  const sent: Headers = Object.keys(headers).map((name) => [name, headers[name]]);
  const typed = header(sent, 'content-type') !== undefined;
  if (text)
    return {
      status: code,
      headers: sent,
      body: { read: () => text.read(), unread: (part) => text.unread(part), close: () => text.closeReader() },
    };
  if (watch) {
    const lines: Reader = {
      *read() {
        for (;;) {
          const event = watch.next();
          if (event) return eventJson(event) + '\n';
          if (watch.ended) return undefined;
          yield watch.changed;
        }
      },
      unread() {},
      close: () => watch.stop(),
    };
    return { status: code, headers: [...sent, ['Content-Type', 'application/json']], body: lines };
  }
  if (typeof body === 'object') {
    return {
      status: code,
      headers: typed ? sent : [...sent, ['Content-Type', 'application/json']],
      body: indent ? wireJson(body, 2) : wireJson(body) + '\n',
    };
  }
  return { status: code, headers: sent, body: body ?? '' };
}

function queryOf(text: string): ApiRequest['query'] {
  const query: Record<string, string | string[]> = {};
  for (const pair of text.split('&')) {
    const at = pair.indexOf('=');
    const name = decodeURIComponent(at < 0 ? pair : pair.slice(0, at));
    const value = at < 0 ? '' : decodeURIComponent(pair.slice(at + 1).replaceAll('+', ' '));
    const before = query[name];
    query[name] = before === undefined ? value : [before, value].flat();
  }
  return query;
}
