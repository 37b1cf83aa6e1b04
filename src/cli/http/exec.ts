// exec and attach: a process's streams as numbered channels of a WebSocket, or as streams of SPDY.
// Channels: 0 stdin, 1 stdout, 2 stderr, 3 how it ended, 4 the terminal's size; 255 closes the one that it names.

import type { WebSocket } from 'ws';
import { decode, encode } from '../../../engine/linux/bytes.ts';
import type { News } from './live.ts';
import type { SpdyStream } from './spdy.ts';
import type { Upgraded } from './upgrade.ts';

/** Best first. Before v4 the end is told in words; base64 is for clients without binary messages. */
export const EXEC_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
];

const STDIN = 0;
const STDOUT = 1;
const ERROR = 3;
const RESIZE = 4;
const CLOSE = 255;
/** What may lie unread at a slow client before the process has to wait, bytes. */
const MAX_UNREAD = 1024 * 1024;

interface Client {
  write(channel: number, bytes: Uint8Array): void;
  busy(): boolean;
  /** Everything has been said. */
  end(): void;
}

export function execOverWebSocket({ live, stream, request }: Upgraded, ws: WebSocket) {
  const base64 = ws.protocol.includes('base64');
  const inWords = !ws.protocol.startsWith('v');
  // The API server translates v5 itself, and wraps the kubelet's error into one of its own.
  const wrapped = ws.protocol.startsWith('v5');
  ws.on('message', (data: Buffer, isBinary: boolean) => {
    if (data.length === 0) return;
    // The channel is a byte, or a digit before base64.
    const text = isBinary && !base64 ? undefined : data.toString('latin1');
    const channel = text === undefined ? data[0] : Number(text[0]);
    receive(channel, text === undefined ? data.subarray(1) : Buffer.from(text.slice(1), 'base64'));
  });
  ws.on('close', () => live.end(stream));
  const client: Client = {
    write(channel, bytes) {
      if (base64) ws.send(`${channel}${Buffer.from(bytes).toString('base64')}`);
      else ws.send(Buffer.concat([Buffer.of(channel), bytes]));
    },
    busy: () => ws.bufferedAmount > MAX_UNREAD,
    end: () => ws.close(1000),
  };
  // An empty message says that the process is there.
  client.write(STDOUT, new Uint8Array());
  follow({ live, stream, request }, client, { inWords, wrapped });

  function receive(channel: number, bytes: Buffer) {
    if (channel === STDIN) live.send(stream, { text: decode(bytes) });
    else if (channel === RESIZE) resize({ live, stream, request }, bytes);
    else if (channel === CLOSE && bytes[0] === STDIN) live.send(stream, { end: true });
  }
}

const CHANNELS: Record<string, number> = { stdin: 0, stdout: 1, stderr: 2, error: ERROR, resize: RESIZE };

export const execOverSpdy = (upgraded: Upgraded) => {
  const { live, stream, request } = upgraded;
  const open: SpdyStream[] = [];
  const { stdin, stdout, stderr } = request.query ?? {};
  const wanted = 1 + [stdin, stdout, stderr].filter((asked) => asked === 'true' || asked === '1').length;
  const client: Client = {
    write: (channel, bytes) => open[channel]?.write(bytes),
    busy: () => false,
    end: () => open.forEach((one) => one.end()),
  };
  let started = false;
  return (one: SpdyStream) => {
    const channel = CHANNELS[one.headers.streamtype];
    open[channel] = one;
    if (channel === STDIN) {
      one.onData = (bytes) => live.send(stream, { text: decode(bytes) });
      one.onEnd = () => live.send(stream, { end: true });
    } else if (channel === RESIZE) one.onData = (bytes) => resize(upgraded, bytes);
    if (started || open.filter((_, at) => at !== RESIZE).length < wanted) return;
    started = true;
    follow(upgraded, client, {});
  };
};

/** The process's output to the client, then how it ended. */
function follow({ live, stream, request }: Upgraded, client: Client, how: { inWords?: boolean; wrapped?: boolean }) {
  const heard = ({ items, ended, exitCode, error }: News) => {
    for (const [channel, text] of items as [number, string][]) client.write(channel, encode(text));
    if (!ended || items.length > 0) return;
    const failure = error !== undefined && how.wrapped ? `Internal error occurred: ${error}` : error;
    const status = statusOf(exitCode ?? 0, failure, [request.query?.command ?? []].flat());
    const words = how.inWords ? (status.message ?? '') : JSON.stringify(status);
    if (words) client.write(ERROR, Buffer.from(words));
    client.end();
  };
  live.listen(stream, heard, { busy: () => client.busy(), live: true });
}

interface Ending {
  metadata: object;
  status: string;
  message?: string;
  reason?: string;
  details?: object;
  code?: number;
}

function statusOf(exitCode: number, error: string | undefined, command: readonly string[]): Ending {
  if (error !== undefined) {
    const cause = error.replace(/^Internal error occurred: /, '');
    const details = { causes: [{ message: cause }] };
    return { metadata: {}, status: 'Failure', message: error, reason: 'InternalError', details, code: 500 };
  }
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: error executing command [${command.join(' ')}], exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** Sizes as JSON, one or several in a message; names count without regard to case, as for Go. */
function resize({ live, stream }: Upgraded, bytes: Buffer) {
  for (const text of bytes.toString('utf8').match(/\{[^}]*\}/g) ?? []) {
    const columns = /"width"\s*:\s*(\d+)/i.exec(text)?.[1];
    const rows = /"height"\s*:\s*(\d+)/i.exec(text)?.[1];
    if (columns && rows) live.send(stream, { columns: Number(columns), rows: Number(rows) });
  }
}
