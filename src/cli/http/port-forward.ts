// port-forward: connections into a Pod's network. kubectl opens two streams of SPDY for each (the bytes, and what went
// wrong), inside a WebSocket; client libraries use two channels of a WebSocket for each port.

import type { WebSocket } from 'ws';
import { decode, encode } from '../../../engine/linux/bytes.ts';
import { SpdyConnection, type SpdyStream } from './spdy.ts';
import type { Upgraded } from './upgrade.ts';

/** SPDY through the WebSocket. */
const TUNNEL = 'SPDY/3.1+portforward.k8s.io';
export const FORWARD_PROTOCOLS = [TUNNEL, 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io'];

const MAX_UNREAD = 1024 * 1024;

interface Client {
  write(bytes: Uint8Array): void;
  /** What went wrong. */
  fail(message: string): void;
  busy(): boolean;
  /** The Pod has closed the connection. */
  end(): void;
}

/** One connection; the answer takes what the client sends. */
function connect({ live, stream }: Upgraded, port: number, client: Client) {
  const connection = live.dial(stream, port);
  live.listen(
    connection,
    ({ items, ended, error }) => {
      for (const text of items as string[]) client.write(encode(text));
      if (!ended || items.length > 0) return;
      if (error !== undefined) client.fail(error);
      client.end();
    },
    { busy: () => client.busy(), live: true },
  );
  return {
    send: (bytes: Buffer) => live.send(connection, { text: decode(bytes) }),
    end: () => live.send(connection, { end: true }),
  };
}

type Connection = ReturnType<typeof connect>;

export function forwardOverWebSocket(upgraded: Upgraded, ws: WebSocket) {
  if (ws.protocol === TUNNEL) return tunnel(upgraded, ws);
  const base64 = ws.protocol.includes('base64');
  const send = (channel: number, bytes: Uint8Array) =>
    ws.send(base64 ? `${channel}${Buffer.from(bytes).toString('base64')}` : Buffer.concat([Buffer.of(channel), bytes]));
  const ports = [upgraded.request.query?.ports ?? []].flat().flatMap((text) => text.split(',').map(Number));
  const connections: Connection[] = [];
  ports.forEach((port, at) => {
    // Each channel begins with its port's number.
    const name = Buffer.alloc(2);
    name.writeUInt16LE(port & 0xffff);
    send(2 * at, name);
    send(2 * at + 1, name);
    connections[at] = connect(upgraded, port, {
      write: (bytes) => send(2 * at, bytes),
      fail: (message) => send(2 * at + 1, Buffer.from(message)),
      busy: () => ws.bufferedAmount > MAX_UNREAD,
      end: () => ws.close(1000),
    });
  });
  ws.on('message', (data: Buffer) => {
    if (data.length === 0) return;
    const text = base64 ? data.toString('latin1') : undefined;
    const channel = text === undefined ? data[0] : Number(text[0]);
    connections[channel / 2]?.send(text === undefined ? data.subarray(1) : Buffer.from(text.slice(1), 'base64'));
  });
  ws.on('close', () => {
    upgraded.live.end(upgraded.stream);
  });
}

function tunnel(upgraded: Upgraded, ws: WebSocket) {
  const spdy = new SpdyConnection({
    write: (bytes) => ws.readyState === ws.OPEN && ws.send(bytes),
    onStream: forwarder(upgraded, () => ws.bufferedAmount > MAX_UNREAD),
    onError: () => ws.terminate(),
  });
  ws.on('message', (data: Buffer) => spdy.receive(data));
  ws.on('close', () => {
    spdy.close();
    upgraded.live.end(upgraded.stream);
  });
}

export const forwardOverSpdy = (upgraded: Upgraded) => forwarder(upgraded, () => false);

/** Pairs the two streams of each connection by their request's number. */
function forwarder(upgraded: Upgraded, busy: () => boolean) {
  const errors = new Map<string, SpdyStream>();
  return (one: SpdyStream) => {
    const { streamtype, port, requestid = '' } = one.headers;
    if (streamtype === 'error') {
      errors.set(requestid, one);
      return;
    }
    const error = errors.get(requestid);
    errors.delete(requestid);
    const connection = connect(upgraded, Number(port), {
      write: (bytes) => one.write(bytes),
      fail: (message) => error?.write(Buffer.from(message)),
      busy,
      end() {
        one.end();
        error?.end();
      },
    });
    one.onData = connection.send;
    one.onEnd = connection.end;
  };
}
