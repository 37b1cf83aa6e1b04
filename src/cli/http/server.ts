// The engine's API over HTTPS (HTTP/1.1) on 127.0.0.1: requests reach the same handler that the sandbox calls without HTTP.
// Bodies may be JSON, YAML or protobuf; answers are JSON or YAML. Connections that are upgraded go on in upgrade.ts.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { eventJson, wireJson } from '../../../engine/api/go-order.ts';
import { encode } from '../../../engine/linux/bytes.ts';
import { wantsPretty } from '../../../engine/linux/http.ts';
import { pem } from '../../../engine/pki/pem.ts';
import type { Runner } from '../../sandbox/runner.ts';
import { ADMIN, Live, type Answer, type Request } from './live.ts';
import { encodeOpenApiV2, OPENAPI_ACCEPT, OPENAPI_PROTOBUF, OPENAPI_V2 } from './openapi-v2.ts';
import { decodeBody, PROTOBUF, ProtobufError } from './protobuf.ts';
import { serverCertificate } from './tls.ts';
import { upgrade } from './upgrade.ts';

/** As kube-apiserver's limit for a request body. */
const MAX_BODY = 3 * 1024 * 1024;
/** From this size on an answer is compressed, when the client allows it. */
const COMPRESS_FROM = 128 * 1024;
/** A watcher that has left so much unread is cut off; it starts anew from what it saw last. */
const MAX_UNREAD = 8 * 1024 * 1024;

export interface ApiAddress {
  url: string;
  token: string;
  /** PEM of the authority that clients must trust; absent on plain HTTP. */
  ca?: string;
  live: Live;
  close(): Promise<void>;
}

export interface ServeOptions {
  /** 0 picks one. */
  port: number;
  /** Virtual seconds a second. */
  speed: number;
  /** Without TLS, where clients send no credentials: everybody is the administrator, as behind `kubectl proxy`. */
  plain?: boolean;
}

/** So long may clients of upgraded connections take to end them when the server closes, ms. */
const GRACE_MS = 500;

/** Serves `runner`'s cluster on a port of 127.0.0.1. */
export function serveApi(runner: Runner, options: ServeOptions): Promise<ApiAddress> {
  const live = new Live(runner, options.speed);
  const plain = options.plain ?? false;
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    answer(live, requestOf(live, request, plain), request, response).catch((error: unknown) => {
      process.stderr.write(`${request.method} ${request.url}: ${(error as Error).stack}\n`);
      if (response.headersSent) response.destroy();
      else send(response, 500, 'text/plain; charset=utf-8', `${(error as Error).message}\n`);
    });
  };
  const secrets = plain ? undefined : serverCertificate();
  // Whether a client's certificate is worth anything is the API server's to say.
  const asking = { requestCert: true, rejectUnauthorized: false };
  const server = secrets ? createTlsServer({ ...secrets, ...asking }, onRequest) : createServer(onRequest);
  // Watches are silent for as long as nothing happens.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  // Connections that have been upgraded are not the server's any more: they are remembered here.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    upgrade(live, requestOf(live, request, plain), request, socket, head);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      const url = `${plain ? 'http' : 'https'}://127.0.0.1:${port}`;
      resolve({ url, token: live.token, ca: secrets?.ca, live, close: () => close(server, live, sockets) });
    });
  });
}

function close(server: Server, live: Live, sockets: ReadonlySet<Socket>): Promise<void> {
  live.close();
  return new Promise((resolve) => {
    const cut = setTimeout(() => sockets.forEach((socket) => socket.destroy()), GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeAllConnections();
  });
}

/** What the engine is asked, without the body. */
function requestOf(live: Live, incoming: IncomingMessage, plain: boolean): Request {
  const { method = 'GET', url = '/', headers } = incoming;
  const { pathname, searchParams } = new URL(url.replace(/^\/+/, '/'), 'http://127.0.0.1');
  const { authorization, ...rest } = headers;
  const admin = authorization === undefined ? plain : authorization === `Bearer ${live.token}`;
  const request: Request = { method, path: decoded(pathname), query: queryOf(searchParams), headers: rest };
  const shown = incoming.socket instanceof TLSSocket ? incoming.socket.getPeerCertificate().raw : undefined;
  if (shown) request.certificate = pem('CERTIFICATE', shown);
  // The administrator may act as somebody else, as everybody whom the rules allow to.
  if (admin) request.user = ADMIN;
  else if (authorization !== undefined) request.headers.authorization = authorization;
  return request;
}

async function answer(live: Live, request: Request, incoming: IncomingMessage, response: ServerResponse) {
  const bytes = await readBody(incoming);
  if (bytes === undefined) {
    response.setHeader('connection', 'close');
    return refuse(response, 413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY}`);
  }
  if (request.path === ADVANCE) return advance(live, request, response);
  if (bytes.length > 0) {
    const type = (incoming.headers['content-type'] ?? '').split(';', 1)[0].trim();
    try {
      request.body = type === PROTOBUF ? JSON.stringify(decodeBody(bytes)) : bytes.toString('utf8');
    } catch (error) {
      if (!(error instanceof ProtobufError)) throw error;
      return refuse(response, 400, 'BadRequest', error.message);
    }
    if (type === PROTOBUF) request.headers['content-type'] = 'application/json';
  }
  const asProtobuf = request.path === OPENAPI_V2 && incoming.headers.accept === OPENAPI_ACCEPT;
  if (asProtobuf) request.headers.accept = 'application/json';
  const found = live.request(request);
  if (asProtobuf && found.code === 200) {
    return send(response, found.code, OPENAPI_PROTOBUF, Buffer.from(encodeOpenApiV2(found.body)));
  }
  await write(live, found, incoming, response);
}

async function write(live: Live, found: Answer, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { stream } = found;
  if (found.streamKind === 'later' && stream !== undefined) {
    const late = await once(live, stream, response);
    return late && write(live, late, incoming, response);
  }
  if (stream !== undefined && found.streamKind !== 'watch' && found.streamKind !== 'text') {
    live.end(stream);
    return refuse(response, 400, 'BadRequest', 'you must specify at least 1 of stdin, stdout, stderr');
  }
  for (const [name, value] of Object.entries(found.headers)) response.setHeader(name, value);
  if (stream !== undefined) return follow(live, found, stream, response);
  const { body, code } = found;
  if (body === undefined || typeof body === 'string') {
    send(response, code, 'text/plain; charset=utf-8', Buffer.from(encode(body ?? '')));
    return;
  }
  const yaml = (incoming.headers.accept ?? '').split(/[,;]/, 1)[0].trim() === 'application/yaml';
  let text = Buffer.from(yaml ? stringify(body) : indented(incoming) ? wireJson(body, 2) : wireJson(body) + '\n');
  if (text.length >= COMPRESS_FROM && /\bgzip\b/.test(String(incoming.headers['accept-encoding'] ?? ''))) {
    text = gzipSync(text, { level: 1 });
    response.setHeader('content-encoding', 'gzip');
    response.setHeader('vary', 'Accept-Encoding');
  }
  send(response, code, yaml ? 'application/yaml' : 'application/json', text);
}

/** Whether people read the answer. */
function indented({ url, headers }: IncomingMessage): boolean {
  const { searchParams } = new URL(url ?? '/', 'http://127.0.0.1');
  return wantsPretty([['User-Agent', headers['user-agent'] ?? '']], queryOf(searchParams));
}

/** The answer that comes later; undefined when the client has gone. */
function once(live: Live, stream: number, response: ServerResponse): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const gone = () => {
      live.end(stream);
      resolve(undefined);
    };
    response.once('close', gone);
    live.listen(
      stream,
      ({ items }) => {
        if (items.length === 0) return;
        response.off('close', gone);
        resolve(items[0] as Answer);
      },
      { live: true },
    );
  });
}

/** A watch, a log or a proxied body, as it comes, until it ends or the client goes. */
function follow(live: Live, { code, streamKind }: Answer, stream: number, response: ServerResponse): Promise<void> {
  const isWatch = streamKind === 'watch';
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/json');
  response.writeHead(code);
  response.flushHeaders();
  return new Promise((resolve) => {
    response.once('close', () => {
      live.end(stream);
      resolve();
    });
    const heard = ({ items, ended }: { items: unknown[]; ended: boolean }) => {
      let text = '';
      for (const item of items)
        text += isWatch ? eventJson(item as { type: string; object: unknown }) + '\n' : (item as string);
      if (text) response.write(isWatch ? text : encode(text));
      if (ended && items.length === 0) response.end();
      else if (isWatch && response.writableLength > MAX_UNREAD) response.destroy();
    };
    // A log waits in the engine while its reader is slow.
    live.listen(stream, heard, { busy: () => !isWatch && response.writableNeedDrain });
  });
}

const ADVANCE = '/kubebook/advance';

/** POST /kubebook/advance?seconds=300: virtual time jumps ahead; the answer says what it is then. */
function advance(live: Live, { method, query, user }: Request, response: ServerResponse) {
  if (user !== ADMIN) return refuse(response, 403, 'Forbidden', 'only the administrator moves the clock');
  const seconds = Number(query?.seconds ?? NaN);
  if (method !== 'POST' || !(seconds >= 0)) {
    return refuse(response, 400, 'BadRequest', `POST ${ADVANCE}?seconds=N moves the clock N seconds on`);
  }
  live.jump(seconds * 1000);
  send(response, 200, 'application/json', JSON.stringify({ now: new Date(live.now()).toISOString() }) + '\n');
}

/** Undefined when it is too long; the rest is not kept. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
  }
  return size > MAX_BODY ? undefined : Buffer.concat(chunks);
}

function queryOf(params: URLSearchParams): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  for (const key of new Set(params.keys())) {
    const values = params.getAll(key);
    query[key] = values.length > 1 ? values : values[0];
  }
  return query;
}

/** The path as it is meant; one that is no valid encoding stays as it was sent. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function send(response: ServerResponse, code: number, type: string, text: string | Buffer) {
  if (!response.hasHeader('content-type')) response.setHeader('content-type', type);
  response.setHeader('content-length', Buffer.byteLength(text));
  response.writeHead(code);
  response.end(text);
}

function refuse(response: ServerResponse, code: number, reason: string, message: string) {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  send(response, code, 'application/json', JSON.stringify(status) + '\n');
}
