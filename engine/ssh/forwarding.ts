// ssh -L: ports of this machine whose connections go on from the other end.

import type { Listener, Process, Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { Connection } from './client.ts';
import { isPort, type SshOptions } from './options.ts';

export interface Forwards {
  close(): void;
}

interface Forward {
  bind: string | undefined;
  port: number;
  host: string;
  hostPort: number;
}

/** `[bind:]port:host:hostport`, or `[bind:]port host:hostport` of a file. */
function read(text: string): Forward | undefined {
  const parts = text.replace(/\s+/, ':').match(/\[[^\]]*\]|[^:]+|(?<=^|:)(?=:)/g) ?? [];
  const words = parts.map((part) => part.replace(/^\[(.*)\]$/, '$1'));
  const bind = words.length === 4 ? words.shift() : undefined;
  const [port, host, hostPort] = words;
  if (words.length !== 3 || !isPort(port) || !isPort(hostPort) || !host) return undefined;
  return { bind, port: Number(port), host, hostPort: Number(hostPort) };
}

const FIRST_FREE_PORT = 1024;

/** Opens the ports; why that has ended the client. */
export function localForwards(process: Process, connection: Connection, options: SshOptions): Forwards | string {
  const listeners: Listener[] = [];
  const close = () => listeners.forEach((listener) => listener.close());
  for (const text of options.texts('localforward')) {
    const forward = read(text);
    if (!forward) {
      close();
      return `Bad local forwarding specification '${text}'`;
    }
    const { bind, port } = forward;
    if (port < FIRST_FREE_PORT && process.uid !== 0) {
      close();
      return 'Privileged ports can only be forwarded by root.';
    }
    const any = bind === '' || bind === '*' || bind === '0.0.0.0';
    const address = any ? undefined : bind === undefined || bind === 'localhost' ? '127.0.0.1' : bind;
    const accept = (socket: Socket) =>
      void process.host.sim.spawn('ssh -L', carry(process, connection, socket, forward));
    const listener = process.host.net.listen(port, accept, { process, ...(address && { address }) });
    if (listener) {
      listeners.push(listener);
      continue;
    }
    process.stderr.write(
      `bind [${address ?? '0.0.0.0'}]:${port}: Address already in use\n` +
        `channel_setup_fwd_listener_tcpip: cannot listen to port: ${port}\nCould not request local forwarding.\n`,
    );
    if (!options.is('exitonforwardfailure')) continue;
    close();
    return 'Error: some requested forwardings have failed.';
  }
  return { close };
}

function* carry(process: Process, connection: Connection, socket: Socket, { host, hostPort }: Forward): Co {
  const channel = connection.open({ host, port: hostPort });
  const why = yield* connection.opened(channel);
  if (why !== undefined) {
    process.stderr.write(`channel ${channel.id + 2}: open failed: ${why}\n`);
    return socket.close();
  }
  const sending = process.host.sim.spawn('ssh -L', sendOn(connection, channel, socket));
  for (;;) {
    const text = yield* channel.out.read();
    if (text === undefined || !socket.writer.write(text)) break;
    yield* socket.writer.drain();
  }
  sending.kill();
  connection.close(channel);
  socket.close();
}

function* sendOn(connection: Connection, channel: ReturnType<Connection['open']>, socket: Socket): Co {
  for (;;) {
    const text = yield* socket.reader.read();
    if (text === undefined || !connection.send(channel, text)) break;
    yield* connection.drain();
  }
  connection.eof(channel);
}
