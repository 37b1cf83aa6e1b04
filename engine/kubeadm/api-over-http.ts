// The API over HTTP inside the simulated network: what `curl https://cp-1:6443/…` and programs in Pods get.

import { eventJson, wireJson } from '../api/go-order.ts';
import type { ApiRequest, ApiResponse, Handle, WatchStream } from '../apiserver/types.ts';
import {
  header,
  pipeReader,
  wantsPretty,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type Pipe,
  type Reader,
} from '../linux/index.ts';
import type { Co } from '../sim/index.ts';

export function* apiOverHttp(request: HttpRequest, serve: Handle): Co<HttpResponse> {
  const mark = request.target.indexOf('?');
  const path = mark < 0 ? request.target : request.target.slice(0, mark);
  const query = parseQuery(mark < 0 ? '' : request.target.slice(mark + 1));
  const headers: Record<string, string> = {};
  for (const [name, value] of request.headers) headers[name.toLowerCase()] = value;
  const asked: ApiRequest = {
    method: request.method as ApiRequest['method'],
    path: decodeURIComponent(path),
    query,
    headers,
    body: request.body || undefined,
  };
  let answer = serve(asked);
  const { later } = answer;
  if (later) {
    while (!later.answer) yield later.ready;
    answer = later.answer;
  }
  return response(answer, wantsPretty(request.headers, query));
}

function response(answer: ApiResponse, indent: boolean): HttpResponse {
  const { code, body, watch, text, exec, portForward } = answer;
  if (exec ?? portForward) {
    exec?.kill();
    return { status: 400, headers: PLAIN, body: 'this connection cannot be upgraded\n' };
  }
  const headers: Headers = Object.entries(answer.headers).map(([name, value]) => [canonical(name), value]);
  const typed = header(headers, 'content-type') !== undefined;
  if (text) return { status: code, headers: typed ? headers : [...headers, ...PLAIN], body: pipeReader(text as Pipe) };
  if (watch) return { status: code, headers: [...headers, ...JSON_TYPE], body: watchReader(watch) };
  if (typeof body === 'string') return { status: code, headers: typed ? headers : [...headers, ...PLAIN], body };
  const out = indent ? wireJson(body, 2) : `${wireJson(body ?? null)}\n`;
  return { status: code, headers: typed ? headers : [...headers, ...JSON_TYPE], body: out };
}

const PLAIN: Headers = [['Content-Type', 'text/plain; charset=utf-8']];
const JSON_TYPE: Headers = [['Content-Type', 'application/json']];

const canonical = (name: string) => name.replace(/(^|-)([a-z])/g, (text) => text.toUpperCase());

/** One event a line, until the watch or the reader ends. */
function watchReader(watch: WatchStream): Reader {
  return {
    *read(): Co<string | undefined> {
      for (;;) {
        const event = watch.next();
        if (event) return `${eventJson(event)}\n`;
        if (watch.ended) return undefined;
        yield watch.changed;
      }
    },
    unread() {},
    close: () => watch.stop(),
  };
}

function parseQuery(text: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  for (const pair of text.split('&')) {
    if (!pair) continue;
    const [name, value = ''] = pair.split('=', 2).map((part) => decodeURIComponent(part.replace(/\+/g, ' ')));
    const before = query[name];
    query[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return query;
}
