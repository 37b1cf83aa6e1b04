// HTTP/1.1 over sockets: what curl and wget send, and a server for images that answer.

import { faultyStatus, portFault } from './faults.ts';
import type { Co, Sim } from '../sim/index.ts';
import { byteLength } from './bytes.ts';
import { LineReader } from './io.ts';
import type { Listener, ListenOptions, NetworkNamespace, Socket, Tls } from './net/index.ts';
import type { Reader } from './types.ts';

/** Header names are kept as they were written; look them up with `header`. */
export type Headers = [name: string, value: string][];

export interface HttpRequest {
  method: string;
  /** Path with query. */
  target: string;
  headers: Headers;
  body: string;
  /** The connection it came by. */
  socket: Socket;
}

export interface HttpResponse {
  status: number;
  headers?: Headers;
  /** A reader streams (chunked); text is sent with its length. */
  body?: string | Reader;
}

/** What a client got: body read as it comes. */
export interface HttpAnswer {
  /** As received: `HTTP/1.1 200 OK`. */
  statusLine: string;
  status: number;
  headers: Headers;
  read(): Co<string | undefined>;
}

export const STATUS_TEXT: Record<number, string> = {
  100: 'Continue',
  101: 'Switching Protocols',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  206: 'Partial Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

export function header(headers: Headers, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (let i = 0; i < headers.length; i++) {
    const given = headers[i][0];
    if (given.length === wanted.length && given.toLowerCase() === wanted) return headers[i][1];
  }
  return undefined;
}

/** Clients of people. */
const HUMAN = /^(curl|Wget|Mozilla)/;

/** apiserver: whether JSON is to be indented, by the parameter `pretty` or by who asks. */
export function wantsPretty(headers: Headers, query: Readonly<Record<string, unknown>> = {}): boolean {
  if (query.pretty !== undefined) return query.pretty !== 'false' && query.pretty !== '0';
  return HUMAN.test(header(headers, 'user-agent') ?? '');
}

/** The head of a request or an answer: its first line and its header fields. */
export function* readHead(lines: LineReader): Co<{ first: string; headers: Headers } | undefined> {
  let first: string | undefined;
  const headers: Headers = [];
  for (;;) {
    const raw = lines.take() ?? (yield* lines.line());
    if (raw === undefined) return undefined;
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (first === undefined) {
      if (line) first = line;
      continue;
    }
    if (line === '') return { first, headers };
    const colon = line.indexOf(':');
    if (colon > 0) headers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
}

/** The body that follows a head, piece by piece. Without a length it ends with the connection. */
export function bodyReader(reader: Reader, headers: Headers, lengthKnown: boolean): () => Co<string | undefined> {
  if (header(headers, 'transfer-encoding')?.toLowerCase() === 'chunked') {
    const state = { done: false };
    return function* () {
      if (state.done) return undefined;
      const lines = new LineReader(reader);
      const size = parseInt((yield* lines.line()) ?? '0', 16);
      lines.release();
      if (!size) {
        state.done = true;
        return undefined;
      }
      const chunk = yield* readBytes(reader, size);
      yield* readBytes(reader, 2);
      return chunk;
    };
  }
  const length = header(headers, 'content-length');
  if (length === undefined && !lengthKnown) return () => reader.read();
  let left = Number(length ?? 0);
  return function* () {
    if (left <= 0) return undefined;
    const text = yield* reader.read();
    if (text === undefined) {
      left = 0;
      return undefined;
    }
    const size = byteLength(text);
    if (size <= left) {
      left -= size;
      return text;
    }
    const part = takeBytes(text, left);
    left = 0;
    reader.unread(text.slice(part.length));
    return part;
  };
}

function takeBytes(text: string, bytes: number): string {
  if (byteLength(text) === text.length) return text.slice(0, bytes);
  let end = 0;
  for (let used = 0; end < text.length && used < bytes; end++) used += byteLength(text[end]);
  return text.slice(0, end);
}

function* readBytes(reader: Reader, bytes: number): Co<string> {
  let out = '';
  let left = bytes;
  while (left > 0) {
    const text = yield* reader.read();
    if (text === undefined) break;
    const part = takeBytes(text, left);
    if (part.length < text.length) reader.unread(text.slice(part.length));
    left -= byteLength(part);
    out += part;
  }
  return out;
}

export function headText(first: string, headers: Headers): string {
  let text = first + '\r\n';
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  return text + '\r\n';
}

/** Sends a request on an open connection and waits for the answer's head; undefined: the other side hung up. */
export function* exchange(
  socket: Socket,
  request: { method: string; target: string; headers: Headers; body?: string; scheme?: string },
): Co<HttpAnswer | undefined> {
  const { method, target, headers, body, scheme } = request;
  if (scheme === 'http' && socket.tls) return plainToTls(socket, socket.tls);
  if (!socket.writer.write(headText(`${method} ${target} HTTP/1.1`, headers) + (body ?? ''))) return undefined;
  const lines = new LineReader(socket.reader);
  for (;;) {
    const head = yield* readHead(lines);
    if (!head) return undefined;
    const status = Number(head.first.split(' ')[1]);
    if (status === 100) continue;
    lines.release();
    const empty = method === 'HEAD' || status === 204 || status === 304;
    const read = empty
      ? function* (): Co<string | undefined> {
          return undefined;
        }
      : bodyReader(socket.reader, head.headers, false);
    return { statusLine: head.first, status, headers: head.headers, read };
  }
}

/** What a server that waits for TLS says to a request without it. */
function plainToTls(
  socket: Socket,
  { plain = () => 'Client sent an HTTP request to an HTTPS server.\n' }: Tls,
): HttpAnswer {
  let body: string | undefined = plain();
  socket.close();
  return {
    statusLine: 'HTTP/1.0 400 Bad Request',
    status: 400,
    headers: [],
    // eslint-disable-next-line require-yield
    *read() {
      const text = body;
      body = undefined;
      return text;
    },
  };
}

/** Serves requests one after the other on every connection; undefined when the port is taken. */
export function serveHttp(
  sim: Sim,
  net: NetworkNamespace,
  port: number,
  handle: (request: HttpRequest) => Co<HttpResponse>,
  options: ListenOptions = {},
): Listener | undefined {
  const handled = function* (request: HttpRequest): Co<HttpResponse> {
    const status = faultyStatus(portFault(net, port), request.target);
    if (status === undefined) return yield* handle(request);
    return { status, headers: [['Content-Type', 'text/plain; charset=utf-8']], body: `${STATUS_TEXT[status] ?? ''}\n` };
  };
  return net.listen(port, (socket) => void sim.spawn(`http:${port}`, serve(socket, handled)), options);
}

function* serve(socket: Socket, handle: (request: HttpRequest) => Co<HttpResponse>): Co {
  for (;;) {
    const lines = new LineReader(socket.reader);
    const head = yield* readHead(lines);
    if (!head) break;
    lines.release();
    const [method, target = '/', version = ''] = head.first.split(' ');
    let response: HttpResponse;
    let close = header(head.headers, 'connection')?.toLowerCase() === 'close' || version === 'HTTP/1.0';
    if (!version.startsWith('HTTP/')) {
      response = { status: 400, body: '400 Bad Request' };
      close = true;
    } else {
      const read = bodyReader(socket.reader, head.headers, true);
      let body = '';
      for (let part = yield* read(); part !== undefined; part = yield* read()) body += part;
      response = yield* handle({ method, target, headers: head.headers, body, socket });
    }
    yield* respond(socket, response, method, close);
    if (close) break;
  }
  socket.close();
}

function* respond(socket: Socket, response: HttpResponse, method: string, close: boolean): Co {
  const { status, body = '' } = response;
  const headers: Headers = [...(response.headers ?? [])];
  if (typeof body !== 'string') headers.push(['Transfer-Encoding', 'chunked']);
  else if (header(headers, 'content-length') === undefined && status !== 204 && status !== 304) {
    headers.push(['Content-Length', String(byteLength(body))]);
  }
  if (header(headers, 'connection') === undefined && close) headers.push(['Connection', 'close']);
  const head = headText(`HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? 'Unknown'}`, headers);
  if (typeof body === 'string') {
    socket.writer.write(method === 'HEAD' ? head : head + body);
    return;
  }
  socket.writer.write(head);
  for (let part = yield* body.read(); part !== undefined; part = yield* body.read()) {
    if (!socket.writer.write(`${byteLength(part).toString(16)}\r\n${part}\r\n`)) return body.close();
    yield* socket.writer.drain();
  }
  socket.writer.write('0\r\n\r\n');
}
