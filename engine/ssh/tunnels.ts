// The tunnels that are open, one to a node: connections into the cluster go through that of the node which is meant, and
// through any of them where there is none such.

import type { Egress, Way } from '../apiserver/egress.ts';
import { carries, endsOf } from '../konnectivity/tunnel.ts';
import { exchange, type ConnectError, type Process, type Socket } from '../linux/index.ts';
import { keptIn } from '../linux/net/index.ts';
import type { Co } from '../sim/index.ts';
import { identityOf } from './keys.ts';
import { Messages, SSH_PORT, type ToClient, type ToServer } from './protocol.ts';
import { sessionsOf, type Session } from './sshd.ts';

/** pkg/ssh: sshDialTimeout, and healthCheckPoll. */
const DIAL_MS = 150_000;
/** golang.org/x/crypto/ssh */
const BANNER = 'SSH-2.0-Go';
const CHECK_MS = 60_000;
/** --kubelet-read-only-port: what a tunnel is checked with. */
const READ_ONLY_PORT = 10255;
const CHECK_URL = `http://127.0.0.1:${READ_ONLY_PORT}/healthz`;

export type Log = (level: 'I' | 'W' | 'E', where: string, text: string) => void;

interface Tunnel {
  address: string;
  socket: Socket;
  session: string;
}

/** sshd, when it cannot open a connection. */
const REJECTED: Readonly<Record<ConnectError, string>> = {
  ECONNREFUSED: 'Connection refused',
  EHOSTUNREACH: 'No route to host',
  ETIMEDOUT: 'Connection timed out',
};
const rejected = (error: ConnectError) => `ssh: rejected: connect failed (${REJECTED[error]})`;
const REFUSED: Readonly<Record<ConnectError, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ETIMEDOUT: 'i/o timeout',
};
const UNABLE =
  'ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain';

export interface TunnelListOptions {
  process: Process;
  user: string;
  keyfile: string;
  log: Log;
}

export class TunnelList implements Egress {
  /** Attempts to open one, and how many of them failed. */
  opened = 0;
  failed = 0;
  private entries: Tunnel[] = [];
  private readonly adding = new Set<string>();
  private readonly process: Process;
  private readonly user: string;
  private readonly keyfile: string;
  private readonly log: Log;
  private closed = false;

  constructor({ process, user, keyfile, log }: TunnelListOptions) {
    this.process = process;
    this.user = user;
    this.keyfile = keyfile;
    this.log = log;
  }

  /** Opens tunnels to addresses that have none, and closes those to others. */
  update(addresses: readonly string[]) {
    const { sim } = this.process.host;
    for (const address of addresses) {
      if (this.adding.has(address) || this.entries.some((entry) => entry.address === address)) continue;
      this.adding.add(address);
      sim.spawn(`ssh ${address}`, this.add(address));
    }
    this.entries = this.entries.filter((entry) => {
      if (addresses.includes(entry.address)) return true;
      this.log('I', 'ssh.go:429', `Removing tunnel to deleted node at ${JSON.stringify(entry.address)}`);
      entry.socket.close();
      return false;
    });
  }

  private *add(address: string): Co {
    const to = JSON.stringify(address);
    this.log('I', 'ssh.go:446', `Trying to add tunnel to ${to}`);
    const identity = identityOf(this.process.host.fs, this.keyfile);
    // Upstream leaves the address among those that are being added: it is not tried again.
    if (typeof identity !== 'string')
      return this.log('E', 'ssh.go:449', `Failed to create tunnel for ${to}: ${identity.problem}`);
    const tunnel = yield* this.open(address, identity);
    if (this.closed) return;
    this.adding.delete(address);
    this.opened++;
    if (typeof tunnel === 'string') {
      this.failed++;
      return this.log('E', 'ssh.go:453', `Failed to open tunnel to ${to}: ${tunnel}`);
    }
    this.entries.push(tunnel);
    this.log('I', 'ssh.go:463', `Successfully added tunnel for ${to}`);
  }

  /** Logs in, or says why not. */
  private *open(address: string, key: string): Co<Tunnel | string> {
    const { net } = this.process.host;
    const socket = yield* net.connect(address, SSH_PORT, { timeout: DIAL_MS });
    if (typeof socket === 'string') return `dial tcp ${address}:${SSH_PORT}: ${REFUSED[socket]}`;
    const messages = new Messages<ToClient, ToServer>(socket);
    socket.writer.write(`${BANNER}\r\n`);
    messages.say({ type: 'auth', user: this.user, key });
    yield* messages.line();
    const answer = yield* messages.hear();
    if (answer?.type === 'welcome' && !this.closed) return { address, socket, session: answer.session };
    socket.close();
    return answer?.type === 'denied' ? UNABLE : 'ssh: handshake failed: EOF';
  }

  // ---- connections -------------------------------------------------------------------------------------------

  reach(ip: string, port: number): string | undefined {
    const end = this.dial(ip, port);
    if ('error' in end) return end.error;
    const error = end.net.reach('tcp', ip, port);
    return error && rejected(error);
  }

  *connect(ip: string, port: number, timeout: number): Co<Socket | string> {
    const end = this.dial(ip, port);
    if ('error' in end) {
      if (end.lost) yield timeout;
      return end.error;
    }
    return yield* this.through(end, ip, port, timeout);
  }

  way(ip: string): Way {
    const { host } = this.process;
    const exact = this.entries.find(({ address }) => address === ip);
    const tunnel = exact ?? this.entries[0];
    const server = { where: host.net.name, by: 'kube-apiserver' };
    if (!tunnel) return { passages: [{ ...server, text: 'no SSH tunnel is open' }], from: undefined, error: this.none };
    const { socket, session } = tunnel;
    const picked = exact
      ? `the SSH tunnel to ${ip}`
      : `no SSH tunnel to ${ip}: any of the ${this.entries.length} open ones`;
    const connection = endsOf(socket);
    const end = this.endOf(tunnel);
    return {
      passages: [
        { ...server, text: picked },
        {
          ...server,
          connection,
          text: `TCP connection ${connection.local} to ${connection.remote}, opened by the API server as user ${this.user}`,
        },
        ...('error' in end
          ? []
          : [{ where: end.net.name, by: 'sshd', text: `session ${session} connects to the address` }]),
      ],
      ...('error' in end ? { from: undefined, error: end.error } : { from: end.net }),
    };
  }

  private dial(ip: string, port: number): Session | { error: string; lost?: boolean } {
    const { sim, net } = this.process.host;
    const at = `[${sim.random('ssh/dial').hex(16)}: ${ip.includes(':') ? `[${ip}]` : ip}:${port}]`;
    this.log('I', 'ssh.go:356', `${at} Dialing...`);
    const tunnel = this.pick(ip);
    const end = tunnel ? this.endOf(tunnel) : { error: this.none };
    this.log('I', 'ssh.go:358', `${at} Dialed in ${Math.round(4000 * net.network.latency)}µs.`);
    return end;
  }

  private get none(): string {
    return `No SSH tunnels currently open. Were the targets able to accept an ssh-key for user ${JSON.stringify(this.user)}?`;
  }

  private pick(ip: string): Tunnel | undefined {
    const { entries } = this;
    if (!entries.length) return undefined;
    const exact = entries.find(({ address }) => address === ip);
    if (exact) return exact;
    this.log('W', 'ssh.go:380', `SSH tunnel not found for address ${JSON.stringify(ip)}, picking random node`);
    return entries[this.process.host.sim.random('ssh').int(entries.length)];
  }

  /** The node's end of a tunnel, if there still is one. */
  private endOf({ socket, session }: Tunnel): Session | { error: string; lost?: boolean } {
    const { sim, net } = this.process.host;
    const end = sessionsOf(sim).get(session);
    if (!end) return { error: 'EOF' };
    if (carries(net, socket.remote.ip) && carries(end.net, socket.local.ip)) return end;
    const { local, remote } = socket;
    const ends = `${local.ip}:${local.port}->${remote.ip}:${remote.port}`;
    return { error: `read tcp ${ends}: read: connection timed out`, lost: true };
  }

  private *through({ net, open }: Session, ip: string, port: number, timeout: number): Co<Socket | string> {
    yield 2 * net.network.latency;
    const socket = yield* net.connect(ip, port, { timeout });
    if (typeof socket === 'string') return rejected(socket);
    return keptIn(open, socket);
  }

  // ---- health ------------------------------------------------------------------------------------------------

  /** Looks through every tunnel once a minute, one after the other. */
  *checkForever(): Co {
    const { sim } = this.process.host;
    for (;;) {
      const all = [...this.entries];
      all.forEach(
        (tunnel, i) => void sim.after((CHECK_MS * i) / all.length, () => sim.spawn('ssh-check', this.inspect(tunnel))),
      );
      yield CHECK_MS;
    }
  }

  private *inspect(tunnel: Tunnel): Co {
    if (this.closed) return;
    const failure = yield* this.failureOf(tunnel);
    if (failure === undefined || this.closed) return;
    const to = JSON.stringify(tunnel.address);
    this.log('E', 'ssh.go:305', `Healthcheck failed for tunnel to ${to}: ${failure}`);
    this.log('I', 'ssh.go:306', `Attempting once to re-establish tunnel to ${to}`);
    const at = this.entries.indexOf(tunnel);
    if (at >= 0) {
      this.entries.splice(at, 1);
      this.adding.add(tunnel.address);
    }
    tunnel.socket.close();
    yield* this.add(tunnel.address);
  }

  private *failureOf(tunnel: Tunnel): Co<string | undefined> {
    const failed = (why: string) => `Get "${CHECK_URL}": ${why}`;
    const end = this.endOf(tunnel);
    if ('error' in end) return failed(end.error);
    const socket = yield* this.through(end, '127.0.0.1', READ_ONLY_PORT, DIAL_MS);
    if (typeof socket === 'string') return failed(socket);
    const headers: [string, string][] = [
      ['Host', `127.0.0.1:${READ_ONLY_PORT}`],
      ['Connection', 'close'],
    ];
    const answer = yield* exchange(socket, { method: 'GET', target: '/healthz', headers });
    socket.close();
    return answer ? undefined : failed('EOF');
  }

  close() {
    this.closed = true;
    for (const { socket } of this.entries) socket.close();
    this.entries = [];
  }
}
