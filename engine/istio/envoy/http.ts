// HTTP/1.1 on connections that the proxy has accepted already: one request after the other, answers passed on as they come.

import {
  bodyReader,
  byteLength,
  header,
  headText,
  LineReader,
  readHead,
  STATUS_TEXT,
  type Headers,
  type Reader,
  type Socket,
} from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Request } from './routes.ts';

export interface Reply {
  status: number;
  headers: Headers;
  body: string | Reader;
  /** After a 101: what the client's bytes go to. */
  upgrade?: Socket;
  /** The answer is out. */
  done?: (bytes: number) => void;
}

/** What belongs to a connection and not to the message on it. */
const HOP = /^(connection|keep-alive|proxy-connection|te|transfer-encoding|upgrade)$/;

/** Header names as Envoy writes them, without those of the connection. */
export function endToEnd(headers: Headers): Headers {
  const out: Headers = [];
  for (let i = 0; i < headers.length; i++) {
    const name = headers[i][0].toLowerCase();
    if (!HOP.test(name)) out.push([name, headers[i][1]]);
  }
  return out;
}

export const isUpgrade = ({ headers }: Request): boolean => /upgrade/i.test(header(headers, 'connection') ?? '');

/** Whether text is the beginning of an HTTP request. */
export const looksLikeHttp = (text: string): boolean => /^[A-Z]+ \S+ HTTP\/1\.[01]\r?\n/.test(text);

/** Serves requests until the client hangs up. */
export function* serveConnection(
  socket: Socket,
  handle: (request: Request) => Co<Reply>,
  join: (upstream: Socket) => Co<unknown>,
): Co {
  for (;;) {
    const lines = new LineReader(socket.reader);
    const head = yield* readHead(lines);
    if (!head) break;
    lines.release();
    const [method, target = '/', version = ''] = head.first.split(' ');
    if (!version.startsWith('HTTP/1.')) {
      socket.writer.write(
        'HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nBad Request',
      );
      break;
    }
    const read = bodyReader(socket.reader, head.headers, true);
    let body = '';
    for (let part = yield* read(); part !== undefined; part = yield* read()) body += part;
    const reply = yield* handle({ method, target, version, headers: head.headers, body });
    const close = header(head.headers, 'connection')?.toLowerCase() === 'close' || version === 'HTTP/1.0';
    const bytes = yield* send(socket, reply, method, close);
    reply.done?.(bytes);
    if (reply.upgrade) {
      yield* join(reply.upgrade);
      return;
    }
    if (close) break;
  }
  socket.close();
}

function* send(socket: Socket, { status, headers, body, upgrade }: Reply, method: string, close: boolean): Co<number> {
  const out: Headers = headers.slice();
  const text = typeof body === 'string';
  if (upgrade) out.push(['connection', 'Upgrade']);
  else if (!text) out.push(['transfer-encoding', 'chunked']);
  else if (status !== 204 && status !== 304 && header(out, 'content-length') === undefined)
    out.push(['content-length', String(byteLength(body))]);
  if (close) out.push(['connection', 'close']);
  const head = headText(`HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? 'Unknown'}`, out);
  if (text) {
    socket.writer.write(method === 'HEAD' ? head : head + body);
    return method === 'HEAD' ? 0 : byteLength(body);
  }
  socket.writer.write(head);
  let sum = 0;
  for (let part = yield* body.read(); part !== undefined; part = yield* body.read()) {
    sum += byteLength(part);
    if (!socket.writer.write(`${byteLength(part).toString(16)}\r\n${part}\r\n`)) {
      body.close();
      return sum;
    }
    yield* socket.writer.drain();
  }
  socket.writer.write('0\r\n\r\n');
  return sum;
}
