// kubectl proxy: the API of the cluster on a port of this machine, with kubectl's own credentials.

import type { ApiRequest, ApiResponse } from '../../apiserver/types.ts';
import {
  header,
  serveHttp,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type Reader,
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
  usage: '[--port=PORT] [--api-prefix=PREFIX]',
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
    { name: 'disable-filter', type: 'bool', usage: 'If true, disable request filtering in the proxy.' },
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
  ],
  *run(kubectl, args) {
    const { host } = kubectl.process;
    const address = args.string('address');
    const port = args.int('port') || FIRST_FREE + host.sim.random('free-port').int(LAST_FREE - FIRST_FREE + 1);
    const allowed = args.bool('disable-filter') ? () => true : filterOf(args);
    const prefix = args.string('api-prefix').replace(/\/?$/, '/').replace(/^\/?/, '/');
    const handle = (request: HttpRequest) => answer(kubectl, request, prefix, allowed);
    const listener = serveHttp(host.sim, host.net, port, handle, { address });
    if (!listener) throw new CommandError(`listen tcp ${address}:${port}: bind: address already in use`);
    if (args.bool('disable-filter')) {
      kubectl.warn('Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious');
    }
    kubectl.line(`Starting to serve on ${address}:${port}`);
    try {
      // Until it is told to stop.
      yield new Signal();
    } finally {
      listener.close();
    }
  },
};

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

function* answer(kubectl: Kubectl, request: HttpRequest, prefix: string, allowed: Filter): Co<HttpResponse> {
  const { method, target, headers, body } = request;
  const mark = target.indexOf('?');
  const whole = mark < 0 ? target : target.slice(0, mark);
  const host = (header(headers, 'host') ?? '').replace(/:\d+$/, '');
  if (!allowed(method, whole, host)) return FORBIDDEN;
  if (!whole.startsWith(prefix)) return NOT_FOUND;
  const sent: Record<string, string> = {};
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (lower === 'accept' || lower === 'content-type') sent[lower] = value;
  }
  // A real client reads text: without a wish it gets JSON.
  sent.accept ??= 'application/json';
  return shown(
    yield* kubectl.exchange({
      method: method as ApiRequest['method'],
      path: decodeURIComponent(`/${whole.slice(prefix.length)}`),
      query: mark < 0 ? undefined : queryOf(target.slice(mark + 1)),
      headers: sent,
      body: body || undefined,
    }),
  );
}

function shown({ code, headers, body, watch, text }: ApiResponse): HttpResponse {
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
          if (event) return JSON.stringify(event) + '\n';
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
      body: JSON.stringify(body) + '\n',
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
