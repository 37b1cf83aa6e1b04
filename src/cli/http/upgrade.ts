// Connections that stop being HTTP: exec, attach and port-forward, over WebSockets as kubectl and the client libraries
// ask for them, or over SPDY/3.1 as older clients do.

import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { execOverSpdy, execOverWebSocket, EXEC_PROTOCOLS } from './exec.ts';
import type { Answer, Live, Request } from './live.ts';
import { FORWARD_PROTOCOLS, forwardOverSpdy, forwardOverWebSocket } from './port-forward.ts';
import { SpdyConnection, type SpdyStream } from './spdy.ts';

/** An upgraded connection and the engine's stream behind it. */
export interface Upgraded {
  live: Live;
  stream: number;
  request: Request;
}

export type SpdyServer = (upgraded: Upgraded) => (stream: SpdyStream) => void;

const SPDY = 'SPDY/3.1';
/** Without a subprotocol there are channels all the same, in their first form. */
const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered, request) => protocolOf(request.url ?? '', [...offered]) || false,
});

const isForward = (url: string): boolean => /\/portforward(\?|$)/.test(url);

function protocolOf(url: string, offered: readonly string[]): string | undefined {
  const known = isForward(url) ? FORWARD_PROTOCOLS : EXEC_PROTOCOLS;
  return known.find((protocol) => offered.includes(protocol));
}

export function upgrade(live: Live, request: Request, incoming: IncomingMessage, socket: Duplex, head: Buffer) {
  proceed(live, request, incoming, socket, head, live.request(request));
}

function proceed(
  live: Live,
  request: Request,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  answer: Answer,
): void {
  const kind = (incoming.headers.upgrade ?? '').toLowerCase();
  const webSocket = kind === 'websocket';
  const offered = list(incoming.headers[webSocket ? 'sec-websocket-protocol' : 'x-stream-protocol-version']);
  const { stream } = answer;
  // Somebody is asked first (a webhook).
  if (answer.streamKind === 'later' && stream !== undefined) {
    const gone = () => live.end(stream);
    socket.once('close', gone);
    live.listen(
      stream,
      ({ items }) => {
        if (items.length === 0) return;
        socket.off('close', gone);
        proceed(live, request, incoming, socket, head, items[0] as Answer);
      },
      { live: true },
    );
    return;
  }
  const forwards = answer.streamKind === 'ports';
  const refuse = (code: number, message: string) => {
    if (stream !== undefined) live.end(stream);
    const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code };
    raw(socket, code, answer.headers, status);
  };
  if (answer.code !== 101 || stream === undefined) {
    if (stream !== undefined) live.end(stream);
    raw(socket, answer.code === 200 ? 400 : answer.code, answer.headers, answer.body);
    return;
  }
  const upgraded = { live, stream, request };
  if (webSocket) {
    if (offered.length > 0 && !protocolOf(incoming.url ?? '', offered)) {
      return refuse(403, `unable to upgrade: none of the protocols is known: ${offered.join(', ')}`);
    }
    sockets.handleUpgrade(incoming, socket, head, (ws: WebSocket) => {
      ws.on('error', () => ws.terminate());
      (forwards ? forwardOverWebSocket : execOverWebSocket)(upgraded, ws);
    });
  } else if (kind === SPDY.toLowerCase()) {
    const protocol = forwards ? 'portforward.k8s.io' : 'v4.channel.k8s.io';
    if (offered.length > 0 && !offered.includes(protocol)) {
      return refuse(
        403,
        `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${protocol}]`,
      );
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${SPDY}\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
    );
    spdyOver(socket, (forwards ? forwardOverSpdy : execOverSpdy)(upgraded), () => live.end(stream));
    if (head.length) socket.unshift(head);
  } else
    refuse(400, `unable to upgrade: missing upgrade headers in request: ${JSON.stringify(incoming.headers.upgrade)}`);
}

/** Speaks SPDY on a plain connection. */
function spdyOver(socket: Duplex, onStream: (stream: SpdyStream) => void, closed: () => void) {
  const spdy = new SpdyConnection({
    write: (bytes) => void (socket.writable && socket.write(bytes)),
    onStream,
    onError: () => socket.destroy(),
  });
  socket.on('data', (bytes: Buffer) => spdy.receive(bytes));
  socket.on('close', () => {
    spdy.close();
    closed();
  });
}

/** The values of a header that may stand several times or hold a list. */
const list = (value: string | string[] | undefined): string[] =>
  [value ?? []]
    .flat()
    .flatMap((text) => text.split(',').map((word) => word.trim()))
    .filter(Boolean);

/** An ordinary answer on a connection that asked for something else. */
function raw(socket: Duplex, code: number, headers: Record<string, string>, body: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {}) + '\n';
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  let head = `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\nContent-Type: ${type}\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`);
}
