// The server's side of a connection's channels: commands and shells, connections onward, and files (sftp).

import { Pipe, pipeReader, waitFor, type Process, type Socket, type Writer } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { answer, type SftpRequest } from './sftp.ts';
import type { User } from './keys.ts';
import type { Messages, SessionRequest, ToClient, ToServer } from './protocol.ts';
import type { SshdConfig } from './sshd-config.ts';

export interface ChannelsOptions {
  /** The one that serves the connection. */
  process: Process;
  user: User;
  socket: Socket;
  messages: Messages<ToServer, ToClient>;
  config: SshdConfig;
  /** Connections onward that are still there. */
  open: Set<Socket>;
}

interface Channel {
  input(text: string): Co | undefined;
  end(): void;
  close(): void;
  signal?(name: string): void;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const USER_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/games';
const REASONS = {
  ECONNREFUSED: 'Connection refused',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
};

export class Channels {
  private readonly of: ChannelsOptions;
  private readonly channels = new Map<number, Channel>();

  constructor(options: ChannelsOptions) {
    this.of = options;
  }

  *handle(message: ToServer): Co {
    if (message.type === 'kex' || message.type === 'auth') return;
    const { channel: id } = message;
    if (message.type === 'open') {
      if ('session' in message) this.session(id, message.session);
      else this.of.process.host.sim.spawn('ssh direct-tcpip', this.forward(id, message.host, message.port));
      return;
    }
    const channel = this.channels.get(id);
    if (!channel) return;
    if (message.type === 'data') {
      const waits = channel.input(message.text);
      if (waits) yield* waits;
    } else if (message.type === 'eof') channel.end();
    else if (message.type === 'signal') channel.signal?.(message.name);
    else channel.close();
  }

  /** The client is gone. */
  close() {
    this.channels.forEach((channel) => channel.close());
  }

  // ---- commands and shells -----------------------------------------------------------------------------------

  private session(id: number, request: SessionRequest) {
    const { process, messages } = this.of;
    if (request.subsystem === 'sftp') {
      this.files(id);
      return;
    }
    const child = this.start(id, request);
    if (!child) {
      messages.say({ type: 'opened', channel: id });
      messages.say({ type: 'exit', channel: id, status: 1 });
      return;
    }
    process.host.sim.spawn('ssh session', this.finish(id, child));
  }

  private start(id: number, { command, terminal, env: asked }: SessionRequest): Process | undefined {
    const { process, user, messages, socket } = this.of;
    const { host } = process;
    const { name, uid, gid, home, shell } = user;
    const stdin = new Pipe();
    const out = (extended: boolean): Writer => ({
      write: (text) =>
        this.channels.has(id) && messages.say({ type: 'data', channel: id, text, ...(extended && { extended }) }),
      drain: () => messages.socket.writer.drain(),
      close() {},
    });
    const stdout = out(false);
    const program = host.program(shell);
    if (!program) {
      process.stderr.write(`User ${name} not allowed because shell ${shell} does not exist\n`);
      return undefined;
    }
    const { local, remote } = socket;
    const tty = terminal !== undefined;
    const env: Record<string, string> = {
      ...asked,
      HOME: home,
      LOGNAME: name,
      PATH: uid === 0 ? PATH : USER_PATH,
      SHELL: shell,
      USER: name,
      SSH_CLIENT: `${remote.ip} ${remote.port} ${local.port}`,
      SSH_CONNECTION: `${remote.ip} ${remote.port} ${local.ip} ${local.port}`,
      ...(tty && { SSH_TTY: '/dev/pts/0' }),
    };
    process.argv = [`sshd: ${name}@${tty ? 'pts/0' : 'notty'}`];
    const base = shell.replace(/.*\//, '');
    messages.say({ type: 'opened', channel: id });
    const motd = host.fs.find('/etc/motd');
    // pam_motd
    if (command === undefined && motd?.kind === 'file') stdout.write(motd.text);
    const child = host.spawn({
      program,
      argv: command === undefined ? [`-${base}`] : [base, '-c', command],
      env,
      cwd: host.fs.isDirectory(home) ? home : '/',
      stdin: pipeReader(stdin),
      stdout,
      stderr: tty ? stdout : out(true),
      tty,
      terminal,
      uid,
      gid,
      groups: [],
      parent: process,
    });
    this.channels.set(id, {
      *input(text) {
        stdin.write(text);
        while (stdin.size > INPUT && !stdin.broken) yield stdin.changed;
      },
      end: () => stdin.end(),
      close: () => {
        this.channels.delete(id);
        stdin.end();
        // Only who has a terminal learns that it is gone.
        if (tty) for (const one of [...host.processes.values()]) if (descends(one, child)) one.signal('HUP');
      },
      signal: (signal) => child.signal(signal),
    });
    return child;
  }

  private *finish(id: number, child: Process): Co {
    const { messages } = this.of;
    const status = yield* waitFor(child);
    if (!this.channels.delete(id)) return;
    messages.say({ type: 'exit', channel: id, status, ...(child.endedBy && { signal: child.endedBy }) });
    messages.say({ type: 'close', channel: id });
  }

  // ---- connections onward ------------------------------------------------------------------------------------

  private *forward(id: number, host: string, port: number): Co {
    const { process, messages, config, open } = this.of;
    const machine = process.host;
    const refuse = (reason: string) => void messages.say({ type: 'refused', channel: id, reason });
    if (!config.allowTcpForwarding) return refuse('administratively prohibited: open failed');
    const addresses = yield* machine.resolve(host);
    if (!addresses?.length) return refuse(`connect failed: Name or service not known`);
    const socket = yield* machine.net.connect(addresses[0], port, { process });
    if (typeof socket === 'string') return refuse(`connect failed: ${REASONS[socket]}`);
    open.add(socket);
    this.channels.set(id, {
      *input(text) {
        socket.writer.write(text);
        yield* socket.writer.drain();
      },
      end: () => socket.writer.close(),
      close: () => {
        this.channels.delete(id);
        open.delete(socket);
        socket.close();
      },
    });
    messages.say({ type: 'opened', channel: id });
    for (;;) {
      const text = yield* socket.reader.read();
      if (text === undefined || !messages.say({ type: 'data', channel: id, text })) break;
      yield* messages.socket.writer.drain();
    }
    messages.say({ type: 'eof', channel: id });
  }

  // ---- files -------------------------------------------------------------------------------------------------

  private files(id: number) {
    const { process, user, messages } = this.of;
    const { uid, gid, home } = user;
    const fs = process.host.fs.view({ uid, gid, cwd: home });
    let rest = '';
    this.channels.set(id, {
      input: (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() as string;
        for (const line of lines) {
          const reply = answer(fs, JSON.parse(line) as SftpRequest);
          messages.say({ type: 'data', channel: id, text: `${JSON.stringify(reply)}\n` });
        }
        return undefined;
      },
      end() {},
      close: () => void this.channels.delete(id),
    });
    messages.say({ type: 'opened', channel: id });
  }
}

/** Characters that a command may leave unread before the client has to wait. */
const INPUT = 65_536;

function descends(process: Process, ancestor: Process): boolean {
  for (let one: Process | undefined = process; one; one = one.parent) if (one === ancestor) return true;
  return false;
}
