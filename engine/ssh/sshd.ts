// sshd on a node: a client with a key that its user's authorized_keys knows may have connections opened from the node
// (RFC 4254, direct-tcpip). Shells and files over SSH are not modelled.

import { untilSignal } from '../images/service.ts';
import type { NetworkNamespace, Process, Program, Socket } from '../linux/index.ts';
import type { Co, Sim } from '../sim/index.ts';
import { authorizedKeys, fingerprint, hasUser } from './keys.ts';

export const SSH_PORT = 22;

/** A client that has logged in. */
export interface Session {
  net: NetworkNamespace;
  /** Connections that it has opened for the client and that are still there. */
  open: Set<Socket>;
}

/** What a client says when it is connected: who it is, and the key that it holds. */
export interface Hello {
  user: string;
  key: string;
}

/** Sessions by cluster and name: over the connection the client names one, and so speaks to its node. */
const clusters = new WeakMap<Sim, Map<string, Session>>();

export function sessionsOf(sim: Sim): Map<string, Session> {
  let sessions = clusters.get(sim);
  if (!sessions) clusters.set(sim, (sessions = new Map()));
  return sessions;
}

export const sshd: Program = function* (process): Co<number> {
  const { argv, host } = process;
  yield 10;
  const strange = argv.slice(1).find((arg) => arg !== '-D');
  if (strange !== undefined) {
    process.stderr.write(`sshd: the option ${strange} is not modelled by this engine\n`);
    return 1;
  }
  const listener = host.net.listen(
    SSH_PORT,
    (socket) =>
      void host.spawn({
        program: session(socket),
        argv: ['sshd: [accepted]'],
        stdout: process.stdout,
        stderr: process.stderr,
        parent: process,
      }),
    { process },
  );
  if (!listener) {
    process.stderr.write(`error: Bind to port ${SSH_PORT} on 0.0.0.0 failed: Address already in use.\n`);
    process.stderr.write('fatal: Cannot bind any address.\n');
    return 255;
  }
  process.stderr.write(`Server listening on 0.0.0.0 port ${SSH_PORT}.\n`);
  try {
    // Who is logged in stays so: the unit has KillMode=process.
    yield* untilSignal(process, ['TERM']);
    process.stderr.write('Received signal 15; terminating.\n');
    return 0;
  } finally {
    listener.close();
  }
};

const session = (socket: Socket): Program =>
  function* (process): Co<number> {
    const { host, pid } = process;
    const sessions = sessionsOf(host.sim);
    const name = `${host.hostname}/${pid}`;
    const from = `${socket.remote.ip} port ${socket.remote.port}`;
    const self: Session = { net: host.net, open: new Set() };
    try {
      const hello = (yield* socket.reader.read()) ?? '';
      const said = helloOf(hello);
      if (!said) {
        process.stderr.write(`banner exchange: Connection from ${from}: invalid format\n`);
        return 255;
      }
      const { user, key } = said;
      if (!accepts(process, said)) {
        process.stderr.write(
          `Connection closed by ${hasUser(host.fs, user) ? 'authenticating' : 'invalid'} user ${user} ${from} [preauth]\n`,
        );
        socket.writer.write('denied\n');
        return 255;
      }
      process.argv = [`sshd: ${user}`];
      process.stderr.write(`Accepted publickey for ${user} from ${from} ssh2: RSA ${fingerprint(key)}\n`);
      sessions.set(name, self);
      socket.writer.write(`session ${name}\n`);
      while ((yield* socket.reader.read()) !== undefined);
      process.stderr.write(`Disconnected from user ${user} ${from}\n`);
      return 0;
    } finally {
      sessions.delete(name);
      for (const one of self.open) one.close();
      socket.close();
    }
  };

function helloOf(text: string): Hello | undefined {
  try {
    return JSON.parse(text) as Hello;
  } catch {
    return undefined;
  }
}

function accepts({ host: { fs } }: Process, { user, key }: Hello): boolean {
  const file = fs.find(authorizedKeys(user));
  if (!hasUser(fs, user) || file?.kind !== 'file') return false;
  return file.text.split('\n').some((line) => line.trim().split(/\s+/).slice(0, 2).join(' ') === key);
}
