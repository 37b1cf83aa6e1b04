// The client's side of SSH: a connection to a machine, whose key is known and which knows ours, and its channels.

import { carries } from '../konnectivity/tunnel.ts';
import { Pipe, PIPE_CAPACITY, type ConnectError, type Process, type Reader, type Writer } from '../linux/index.ts';
import { Signal, type Co, type Task } from '../sim/index.ts';
import type { Destination } from './destination.ts';
import { checkHostKey } from './known-hosts.ts';
import { identities } from './identities.ts';
import { fingerprint } from './keys.ts';
import { end, FAILED } from './options.ts';
import { BANNER, Messages, SSH_PORT, type SessionRequest, type ToClient, type ToServer } from './protocol.ts';

const REASONS: Readonly<Record<ConnectError, string>> = {
  ECONNREFUSED: 'Connection refused',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
};
/** How often a wire that is down is looked at again, ms. */
const WIRE_MS = 200;
/** TCP gives up on a peer that is silent: two hours, and nine probes 75 s apart, ms. */
const TCP_KEEPALIVE = 7_875_000;

/** Servers of other protocols wait for more, and close the connection some time, ms. */
const BANNER_MS = 60_000;

/** What messages go over: a TCP connection, or a channel of another SSH connection. */
interface Wire {
  reader: Reader;
  writer: Writer;
  /** Packets get through. */
  carries(): boolean;
  close(): void;
}

export interface Channel {
  readonly id: number;
  readonly out: Pipe;
  readonly err: Pipe;
  /** Fires when anything below changes. */
  readonly changed: Signal;
  state: 'opening' | 'open' | 'refused' | 'closed';
  reason: string;
  status: number | undefined;
  signal: string | undefined;
}

export class Connection {
  /** Why it is no more. */
  ended: 'closed' | 'timeout' | 'silent' | undefined = undefined;
  readonly changed = new Signal();
  private readonly process: Process;
  private readonly wire: Wire;
  private readonly messages: Messages<ToClient, ToServer>;
  private readonly channels = new Map<number, Channel>();
  private next = 0;
  private readonly pump: Task<void>;
  private keeper: Task<void> | undefined;

  constructor(process: Process, wire: Wire, messages: Messages<ToClient, ToServer>) {
    this.process = process;
    this.wire = wire;
    this.messages = messages;
    this.pump = process.host.sim.spawn('ssh', this.listen());
  }

  /** ServerAliveInterval, ms, and ServerAliveCountMax. */
  keepAlive(interval: number, most: number) {
    this.keeper = this.process.host.sim.spawn('ssh keepalive', this.watch(interval, most));
  }

  private *watch(interval: number, most: number): Co {
    for (let missed = 0; missed < most;) {
      yield interval;
      missed = this.wire.carries() ? 0 : missed + 1;
    }
    this.end('timeout');
  }

  private *listen(): Co {
    for (;;) {
      const message = yield* this.messages.hear();
      let waited = 0;
      // What was sent over a wire that is down arrives when it is up again.
      while (!this.wire.carries()) {
        yield WIRE_MS;
        waited += WIRE_MS;
        if (waited > TCP_KEEPALIVE) return this.end('silent');
      }
      if (!message) return this.end('closed');
      yield* this.handle(message);
    }
  }

  private *handle(message: ToClient): Co {
    if (!('channel' in message)) return;
    const channel = this.channels.get(message.channel);
    if (!channel) return;
    switch (message.type) {
      case 'opened':
        channel.state = 'open';
        break;
      case 'refused':
        channel.state = 'refused';
        channel.reason = message.reason;
        break;
      case 'data': {
        const pipe = message.extended ? channel.err : channel.out;
        if (!pipe.write(message.text)) this.close(channel);
        while (pipe.size > PIPE_CAPACITY && !pipe.broken) yield pipe.changed;
        break;
      }
      case 'exit':
        channel.status = message.status;
        channel.signal = message.signal;
        break;
      case 'eof':
        channel.out.end();
        channel.err.end();
        break;
      case 'close':
        channel.state = 'closed';
        channel.out.end();
        channel.err.end();
    }
    channel.changed.fire();
  }

  private end(why: NonNullable<Connection['ended']>) {
    this.ended ??= why;
    this.channels.forEach((channel) => {
      channel.out.end();
      channel.err.end();
      channel.changed.fire();
    });
    this.changed.fire();
  }

  open(request: { session: SessionRequest } | { host: string; port: number }): Channel {
    const id = this.next++;
    const channel: Channel = {
      id,
      out: new Pipe(),
      err: new Pipe(),
      changed: new Signal(),
      state: 'opening',
      reason: '',
      status: undefined,
      signal: undefined,
    };
    this.channels.set(id, channel);
    this.say({ type: 'open', channel: id, ...request });
    return channel;
  }

  /** Waits until it is open; why it is not. */
  *opened(channel: Channel): Co<string | undefined> {
    while (channel.state === 'opening' && !this.ended) yield { signals: [channel.changed, this.changed] };
    if (channel.state === 'open' || channel.state === 'closed') return undefined;
    return channel.reason || 'connection closed';
  }

  send(channel: Channel, text: string): boolean {
    return this.say({ type: 'data', channel: channel.id, text });
  }
  eof(channel: Channel) {
    this.say({ type: 'eof', channel: channel.id });
  }
  signal(channel: Channel, name: string) {
    this.say({ type: 'signal', channel: channel.id, name });
  }
  close(channel: Channel) {
    this.channels.delete(channel.id);
    this.say({ type: 'close', channel: channel.id });
  }
  drain(): Co<void> {
    return this.wire.writer.drain();
  }

  /** What is said over a wire that is down is repeated by TCP until it is up again. */
  private say(message: ToServer): boolean {
    return this.ended ? false : this.messages.say(message);
  }

  disconnect() {
    this.pump.kill();
    this.keeper?.kill();
    this.wire.close();
    this.end('closed');
  }
}

/** Connects and logs in; ends the process with OpenSSH's words where that fails. */
export function* login(process: Process, destination: Destination): Co<Connection> {
  const { options, jump } = destination;
  const through = jump ? yield* login(process, jump) : undefined;
  const { wire, ip } = through
    ? yield* channelWire(process, through, destination)
    : yield* connect(process, destination);
  const messages = new Messages<ToClient, ToServer>(wire);
  const { host, port, user, shown, debug } = destination;
  const address = `${ip || 'UNKNOWN'} port ${ip ? port : 65_535}`;
  const lost = (): never => {
    wire.close();
    return end(process, `Connection closed by ${address}`);
  };
  debug(`Local version string ${BANNER}`);
  wire.writer.write(`${BANNER}\r\n`);
  const { sim } = process.host;
  const patience = options.time('connecttimeout') || BANNER_MS;
  let isLate = false;
  const limit = sim.after(patience, () => {
    isLate = true;
    wire.close();
  });
  const banner = yield* messages.line();
  limit.cancel();
  if (isLate) return end(process, `Connection timed out during banner exchange\nConnection to ${address} timed out`);
  if (!banner?.startsWith('SSH-2.0-')) {
    wire.close();
    return end(
      process,
      banner === undefined
        ? `kex_exchange_identification: Connection closed by remote host\nConnection closed by ${address}`
        : `kex_exchange_identification: banner line contains invalid characters\nbanner exchange: Connection to ${address}: invalid format`,
    );
  }
  debug(`Remote protocol version 2.0, remote software version ${banner.trim().slice(8)}`);
  debug(`Authenticating to ${host}:${port} as '${user}'`);
  messages.say({ type: 'kex' });
  const key = yield* messages.hear();
  if (key?.type !== 'hostkey') return lost();
  debug(`Server host key: ssh-ed25519 ${fingerprint(key.line)}`);
  yield* checkHostKey(process, destination, ip, key.line, wire);
  const own = identities(process, destination);
  let methods = 'publickey';
  debug(`Authentications that can continue: ${methods}`);
  for (const { path, line, kind } of own) {
    debug(`Offering public key: ${path} ${kind} ${fingerprint(line)}`);
    messages.say({ type: 'auth', user, key: line });
    const answer = yield* messages.hear();
    if (answer?.type === 'welcome') {
      debug(`Server accepts key: ${path} ${kind} ${fingerprint(line)}`);
      debug(`Authenticated to ${host} ([${ip}]:${port}) using "publickey".`, true);
      const connection = new Connection(process, wire, messages);
      const interval = options.time('serveraliveinterval') ?? 0;
      if (interval > 0) connection.keepAlive(interval, Number(options.text('serveralivecountmax') ?? 3));
      return connection;
    }
    if (answer?.type !== 'denied') return lost();
    ({ methods } = answer);
    if (answer.last) {
      wire.close();
      return end(
        process,
        `Received disconnect from ${address}:2: Too many authentication failures\nDisconnected from ${address}`,
      );
    }
    debug(`Authentications that can continue: ${methods}`);
  }
  debug('No more authentication methods to try.');
  if (own.length === 0) {
    messages.say({ type: 'auth', user, key: '' });
    yield* messages.hear();
  }
  wire.close();
  return end(process, `${user}@${shown}: Permission denied (${methods}).`);
}

function* connect(process: Process, destination: Destination): Co<{ wire: Wire; ip: string }> {
  const { host: name, port, options, debug } = destination;
  const { host } = process;
  const addresses = yield* host.resolve(name);
  if (!addresses?.length) return end(process, `ssh: Could not resolve hostname ${name}: Name or service not known`);
  const [ip] = addresses;
  debug(`Connecting to ${name} [${ip}] port ${port}.`);
  const timeout = options.time('connecttimeout');
  const socket = yield* host.net.connect(ip, port, { process, ...(timeout && { timeout }) });
  if (typeof socket === 'string') {
    debug(`connect to address ${ip} port ${port}: ${REASONS[socket]}`);
    return end(process, `ssh: connect to host ${name} port ${port}: ${REASONS[socket]}`);
  }
  debug('Connection established.');
  // No TLS begins like this.
  if (socket.tls) socket.close();
  const far = sides(host.net, socket.remote.ip);
  return { wire: { reader: socket.reader, writer: socket.writer, carries: far, close: () => socket.close() }, ip };
}

/** Whether the wires to an address are up: both the machine's own and those on the way. */
const sides =
  (net: Process['host']['net'], ip: string): (() => boolean) =>
  () =>
    net.links.every(({ kind, up }) => kind !== 'device' || up) && carries(net, ip);

function* channelWire(
  process: Process,
  through: Connection,
  { host, port }: Destination,
): Co<{ wire: Wire; ip: string }> {
  const channel = through.open({ host, port });
  const why = yield* through.opened(channel);
  if (why !== undefined) {
    process.stderr.write(`channel 0: open failed: ${why}\nstdio forwarding failed\n`);
    through.disconnect();
    return end(
      process,
      'kex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535',
    );
  }
  const writer: Writer = {
    write: (text) => through.send(channel, text),
    drain: () => through.drain(),
    close: () => through.eof(channel),
  };
  const { out } = channel;
  const reader: Reader = {
    read: () => out.read(),
    unread: (text) => out.unread(text),
    close: () => out.closeReader(),
  };
  return { wire: { reader, writer, carries: () => true, close: () => through.disconnect() }, ip: '' };
}

export { FAILED, SSH_PORT };
