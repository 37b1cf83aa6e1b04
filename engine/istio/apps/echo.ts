// docker.io/istio/app, with which Istio tests itself: a server that tells of itself over HTTP, gRPC, WebSocket and TCP, and
// a client that asks it often.

import {
  byteLength,
  exchange,
  faultyStatus,
  header,
  headText,
  portFault,
  serveHttp,
  bodyReader,
  readHead,
  LineReader,
  STATUS_TEXT,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type Process,
  type Program,
  type Socket,
} from '../../linux/index.ts';
import { parseUrl } from '../../linux/url.ts';
import { clock, flagValue, untilSignal } from '../../images/service.ts';
import type { Co } from '../../sim/index.ts';
import { within } from '../envoy/upstream.ts';
import { milliseconds } from '../types.ts';

const GRPC_PATH = '/proto.EchoTestService/Echo';

/** All values of a flag that may stand more than once. */
function values(argv: readonly string[], name: string): string[] {
  const out: string[] = [];
  argv.forEach((word, i) => {
    if (word === name) out.push(argv[i + 1] ?? '');
    else if (word.startsWith(`${name}=`)) out.push(word.slice(name.length + 1));
  });
  return out;
}

const stamp = (process: Process) => clock(process).iso.replace('Z', '000Z');

// ---- the server --------------------------------------------------------------------------------------------

/** `server --port 8080 --grpc 7070 --tcp 9090 --version v1` */
export const echo: Program = function* (process): Co<number> {
  const { sim, net } = process.host;
  const { argv } = process;
  const version = flagValue(argv, '--version') ?? '';
  const listeners = [];
  const open = (kind: string, port: number, listener: unknown) => {
    process.stdout.write(`${stamp(process)}\tinfo\tListening ${kind} on ${port}\n`);
    listeners.push(listener);
  };
  const ports = values(argv, '--port');
  for (const port of (ports.length ? ports : ['8080']).map(Number))
    open(
      'HTTP/1.1',
      port,
      net.listen(port, (socket) => void sim.spawn('echo', serve(process, socket, port, version)), { process }),
    );
  for (const port of values(argv, '--grpc').map(Number))
    open(
      'GRPC',
      port,
      serveHttp(sim, net, port, (request) => grpc(process, request, port, version), { process }),
    );
  for (const port of values(argv, '--tcp').map(Number))
    open(
      'TCP',
      port,
      net.listen(port, (socket) => void sim.spawn('echo', tcp(process, socket, port, version)), { process }),
    );
  yield* untilSignal(process);
  return 0;
};

function about(process: Process, port: number, version: string, more: readonly string[]): string {
  const { hostname, net } = process.host;
  return [`ServiceVersion=${version}`, `ServicePort=${port}`, ...more, `IP=${net.addresses[0]}`, `Hostname=${hostname}`]
    .map((line) => `${line}\n`)
    .join('');
}

/** As Go writes header names. */
const canonical = (name: string) => name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());

function requestLines({ method, target, headers }: Pick<HttpRequest, 'method' | 'target' | 'headers'>): string[] {
  return [
    `Host=${header(headers, 'host') ?? ''}`,
    `URL=${target}`,
    `Method=${method}`,
    'Proto=HTTP/1.1',
    ...headers
      .filter(([name]) => name.toLowerCase() !== 'host')
      .map(([name, value]) => `RequestHeader=${canonical(name)}:${value}`)
      .sort(),
  ];
}

/** `codes=503:1,200:3`: one of them, by weight; `delay=2s`. */
function* behave(process: Process, target: string): Co<number> {
  const query = new Map((target.split('?')[1] ?? '').split('&').map((pair) => pair.split('=') as [string, string]));
  const delay = milliseconds(query.get('delay'));
  if (delay) yield delay;
  const codes = (query.get('codes') ?? '200').split(',').map((text) => text.split(':').map(Number));
  const total = codes.reduce((sum, [, weight = 1]) => sum + weight, 0);
  let at = codes.length > 1 ? process.host.sim.random(`echo ${process.host.hostname}`).float() * total : 0;
  for (const [code, weight = 1] of codes) if ((at -= weight) < 0) return code;
  return 200;
}

/** One connection: requests one after the other, or a WebSocket from an upgrade on. */
function* serve(process: Process, socket: Socket, port: number, version: string): Co {
  for (;;) {
    const lines = new LineReader(socket.reader);
    const head = yield* readHead(lines);
    if (!head) break;
    lines.release();
    const [method, target = '/', protocol = ''] = head.first.split(' ');
    if (!protocol.startsWith('HTTP/')) break;
    const read = bodyReader(socket.reader, head.headers, true);
    while ((yield* read()) !== undefined);
    const told = about(process, port, version, requestLines({ method, target, headers: head.headers }));
    if (header(head.headers, 'upgrade')?.toLowerCase() === 'websocket') {
      socket.writer.write(
        headText('HTTP/1.1 101 Switching Protocols', [
          ['Upgrade', 'websocket'],
          ['Connection', 'Upgrade'],
        ]),
      );
      for (let message = yield* socket.reader.read(); message !== undefined; message = yield* socket.reader.read())
        socket.writer.write(`${about(process, port, version, ['Protocol=WebSocket'])}${message}`);
      break;
    }
    const status = faultyStatus(portFault(process.host.net, port), target) ?? (yield* behave(process, target));
    const headers: Headers = [
      ['Date', clock(process).http],
      ['Content-Type', 'text/plain; charset=utf-8'],
      ['Content-Length', String(byteLength(told))],
    ];
    socket.writer.write(headText(`HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? 'Unknown'}`, headers) + told);
    if (header(head.headers, 'connection')?.toLowerCase() === 'close') break;
  }
  socket.close();
}

// eslint-disable-next-line require-yield
function* grpc(
  process: Process,
  { target, body, headers }: HttpRequest,
  port: number,
  version: string,
): Co<HttpResponse> {
  const answer: Headers = [['Content-Type', 'application/grpc']];
  if (target !== GRPC_PATH) return { status: 200, headers: [...answer, ['Grpc-Status', '12']] };
  const told = about(process, port, version, [
    `Host=${header(headers, 'host') ?? ''}`,
    'Protocol=GRPC',
    `Echo=${body}`,
  ]);
  return { status: 200, headers: [...answer, ['Grpc-Status', '0']], body: told };
}

function* tcp(process: Process, socket: Socket, port: number, version: string): Co {
  for (let text = yield* socket.reader.read(); text !== undefined; text = yield* socket.reader.read())
    socket.writer.write(`${about(process, port, version, ['Protocol=TCP'])}${text}`);
  socket.close();
}

// ---- the client --------------------------------------------------------------------------------------------

interface Options {
  scheme: string;
  ip: string;
  port: number;
  host: string;
  path: string;
  headers: Headers;
  method: string;
  message: string;
  fresh: boolean;
  timeout: number;
}

const FLAGS = [
  '--url',
  '--count',
  '--timeout',
  '--qps',
  '--method',
  '--msg',
  '--header',
  '-H',
  '--new-connection-per-request',
  '--http2',
];
const PORTS: Record<string, number> = { http: 80, ws: 80, grpc: 7070, tcp: 9090 };

/** `client --url grpc://echo:7070 --count 30`: as many calls, one after the other, on one connection where there is one. */
export const echoClient: Program = function* (process): Co<number> {
  const { argv } = process;
  const stop = (why: string) => {
    process.stderr.write(`Error: ${why}\n`);
    return 1;
  };
  const unknown = argv.slice(1).find((word) => word.startsWith('-') && !FLAGS.includes(word.split('=')[0]));
  if (unknown) return stop(`flag ${unknown} is unknown, or is not modelled by this engine`);
  const text =
    flagValue(argv, '--url') ??
    argv.slice(1).find((word, i) => !word.startsWith('-') && !FLAGS.includes(argv[i])) ??
    '';
  const url = parseUrl(text);
  if (!url || !(url.scheme in PORTS))
    return stop(`unsupported scheme, or one that is not modelled by this engine: ${text}`);
  const addresses = yield* process.host.resolve(url.host);
  if (!addresses?.length) return stop(`dial tcp: lookup ${url.host}: no such host`);
  const named = /:\d+(?=$|[/?])/.test(text.replace(/^\w+:\/\//, ''));
  const port = named ? url.port : PORTS[url.scheme];
  const options: Options = {
    scheme: url.scheme,
    ip: addresses[0],
    port,
    host: port === 80 ? url.host : `${url.host}:${port}`,
    path: url.path,
    headers: [...values(argv, '--header'), ...values(argv, '-H')].map((line) => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
    method: flagValue(argv, '--method') ?? 'GET',
    message: flagValue(argv, '--msg') ?? 'HelloWorld',
    fresh: argv.some((word) => /^--new-connection-per-request(=true)?$/.test(word)),
    timeout: milliseconds(flagValue(argv, '--timeout'), 5_000),
  };
  const count = Number(flagValue(argv, '--count') ?? 1);
  const qps = Number(flagValue(argv, '--qps') ?? 0);
  let socket: Socket | undefined;
  let errors = 0;
  let first = '';
  for (let i = 0; i < count; i++) {
    if (!socket || options.fresh || options.scheme === 'tcp' || options.scheme === 'ws') {
      socket?.close();
      const opened = yield* process.host.net.connect(options.ip, options.port, { timeout: options.timeout });
      socket = typeof opened === 'string' ? undefined : opened;
    }
    const problem = socket ? yield* timed(process, socket, options, i) : 'connect: connection refused';
    if (problem !== undefined) {
      errors++;
      first ||= problem;
      process.stdout.write(`[${i}] Error=${problem}\n`);
      socket?.close();
      socket = undefined;
    }
    if (qps) yield 1000 / qps;
  }
  socket?.close();
  if (errors) return stop(`${errors}/${count} requests had errors; first error: ${first}`);
  process.stdout.write(`${stamp(process)}\tinfo\tAll requests succeeded\n`);
  return 0;
};

function* timed(process: Process, socket: Socket, options: Options, index: number): Co<string | undefined> {
  const { sim } = process.host;
  const result = yield* within(sim, options.timeout, kept(once(process, socket, options, index)));
  return result ? result.problem : 'context deadline exceeded';
}

function* kept(call: Co<string | undefined>): Co<{ problem: string | undefined }> {
  return { problem: yield* call };
}

/** One call; a text is why it failed. */
function* once(process: Process, socket: Socket, options: Options, index: number): Co<string | undefined> {
  const { scheme, host, path, headers, message } = options;
  const put = (lines: readonly string[], kind = '') =>
    process.stdout.write(lines.map((line) => `[${index}${kind}] ${line}\n`).join(''));
  const body = (text: string) => put(text.trimEnd().split('\n'), ' body');
  if (scheme === 'tcp') {
    socket.writer.write(`${message}\n`);
    const text = yield* socket.reader.read();
    if (text === undefined) return socket.wasReset ? 'read: connection reset by peer' : 'EOF';
    body(text);
    return undefined;
  }
  const call = scheme === 'grpc';
  const answer = yield* exchange(socket, {
    method: call ? 'POST' : options.method,
    target: call ? GRPC_PATH : path,
    headers: [
      ['Host', host],
      ['User-Agent', call ? 'grpc-go/1.76.0' : 'Go-http-client/1.1'],
      ...(call
        ? ([
            ['Content-Type', 'application/grpc'],
            ['Te', 'trailers'],
            ['Content-Length', String(byteLength(message))],
          ] as Headers)
        : []),
      ...(scheme === 'ws'
        ? ([
            ['Connection', 'Upgrade'],
            ['Upgrade', 'websocket'],
            ['Sec-WebSocket-Version', '13'],
          ] as Headers)
        : []),
      ...headers,
    ],
    body: call ? message : undefined,
  });
  if (!answer) return socket.wasReset ? 'read: connection reset by peer' : 'EOF';
  if (scheme === 'ws') {
    if (answer.status !== 101) return 'websocket: bad handshake';
    socket.writer.write(message);
    body((yield* socket.reader.read()) ?? '');
    return undefined;
  }
  let text = '';
  for (let part = yield* answer.read(); part !== undefined; part = yield* answer.read()) text += part;
  const status = header(answer.headers, 'grpc-status');
  if (call && (status !== '0' || answer.status !== 200))
    return `rpc error: code = ${status === undefined || answer.status !== 200 ? 'Unavailable' : 'Unimplemented'} desc = ${text || STATUS_TEXT[answer.status]}`;
  put([`StatusCode=${answer.status}`]);
  if (text) body(text);
  return undefined;
}
