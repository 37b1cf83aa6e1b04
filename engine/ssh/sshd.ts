// A connection to a machine's sshd: a client with a key that its user's authorized_keys knows may run commands and
// shells there, have connections opened from the machine (RFC 4254, direct-tcpip), and read and write files.

import type { Host, NetworkNamespace, Process, Program, Socket, Writer } from '../linux/index.ts';
import type { Co, Sim } from '../sim/index.ts';
import { Channels } from './channels.ts';
import { SSH_UNIT } from './daemon.ts';
import { fingerprint, userOf, type User } from './keys.ts';
import { BANNER, Messages, type Hello, type ToClient, type ToServer } from './protocol.ts';
import { readConfig, type SshdConfig } from './sshd-config.ts';

/** A client that has logged in. */
export interface Session {
  net: NetworkNamespace;
  /** Connections that it has opened for the client and that are still there. */
  open: Set<Socket>;
}

/** Sessions by cluster and name: over the connection the client names one, and so speaks to its node. */
const clusters = new WeakMap<Sim, Map<string, Session>>();

export function sessionsOf(sim: Sim): Map<string, Session> {
  let sessions = clusters.get(sim);
  if (!sessions) clusters.set(sim, (sessions = new Map()));
  return sessions;
}

export const HOST_KEY = '/etc/ssh/ssh_host_ed25519_key';

/** The program as it is called by hand: it says whether its settings are right. */
export const sshd: Program = function* (process) {
  const { argv, host, stderr } = process;
  const strange = argv.slice(1).find((arg) => arg !== '-t');
  if (strange !== undefined || argv.length === 1) {
    stderr.write(`sshd: only -t is modelled by this engine: it runs as ${SSH_UNIT}\n`);
    return 1;
  }
  const { problems } = readConfig(host.fs);
  for (const problem of problems) stderr.write(`${problem}\n`);
  return problems.length ? 255 : 0;
};

/** Who has connected is served by a process of its own; `log`: what it writes goes to the journal. */
export const serve = (host: Host, socket: Socket, log: (pid: number, text: string) => void): Process => {
  const journal: Writer = {
    write(text) {
      for (const line of text.split('\n')) if (line) log(process.pid, line);
      return true;
    },
    *drain() {},
    close() {},
  };
  const process: Process = host.spawn({
    program: session(socket),
    argv: ['sshd: [accepted]'],
    stdout: journal,
    stderr: journal,
  });
  return process;
};

const session = (socket: Socket): Program =>
  function* (process): Co<number> {
    const { host, pid } = process;
    const sessions = sessionsOf(host.sim);
    const name = `${host.hostname}/${pid}`;
    const from = `${socket.remote.ip} port ${socket.remote.port}`;
    const self: Session = { net: host.net, open: new Set() };
    const messages = new Messages<ToServer, ToClient>(socket);
    const config = readConfig(host.fs);
    let channels: Channels | undefined;
    try {
      socket.writer.write(`${BANNER}\r\n`);
      const banner = yield* messages.line();
      if (!banner?.startsWith('SSH-2.0-')) {
        const why = banner === undefined ? `Connection closed by remote host` : `invalid format`;
        process.stderr.write(
          banner === undefined
            ? `error: kex_exchange_identification: ${why}\nConnection closed by ${from}\n`
            : `error: kex_exchange_identification: client sent invalid protocol identifier "${banner.trim().slice(0, 60)}"\nbanner exchange: Connection from ${from}: ${why}\n`,
        );
        if (banner !== undefined) socket.writer.write('Invalid SSH identification string.\r\n');
        return 255;
      }
      const login = yield* authenticate(process, messages, config, from);
      if (!login) return 255;
      const { user } = login;
      process.argv = [`sshd: ${user.name}`];
      sessions.set(name, self);
      messages.say({ type: 'welcome', session: name });
      channels = new Channels({ process, user, socket, messages, config, open: self.open });
      for (;;) {
        const message = yield* messages.hear();
        if (!message) break;
        yield* channels.handle(message);
      }
      process.stderr.write(`Received disconnect from ${from}:11: disconnected by user\n`);
      process.stderr.write(`Disconnected from user ${user.name} ${from}\n`);
      return 0;
    } finally {
      sessions.delete(name);
      channels?.close();
      for (const one of self.open) one.close();
      socket.close();
    }
  };

/** sshd: MaxAuthTries. */
const TRIES = 6;

function* authenticate(
  process: Process,
  messages: Messages<ToServer, ToClient>,
  config: SshdConfig,
  from: string,
): Co<{ user: User } | undefined> {
  const { host } = process;
  let tried: Hello | undefined;
  for (let tries = 0; tries < TRIES;) {
    const message = yield* messages.hear();
    if (!message) break;
    if (message.type === 'kex') {
      const file = host.fs.find(`${HOST_KEY}.pub`);
      if (file?.kind !== 'file') {
        process.stderr.write('error: no hostkeys available\n');
        return undefined;
      }
      messages.say({ type: 'hostkey', line: file.text.trim().split(' ').slice(0, 2).join(' ') });
      continue;
    }
    if (message.type !== 'auth') break;
    tried = message;
    const user = accepted(process, message, config, from);
    if (user) {
      const kind = message.key.startsWith('ssh-rsa') ? 'RSA' : 'ED25519';
      process.stderr.write(
        `Accepted publickey for ${user.name} from ${from} ssh2: ${kind} ${fingerprint(message.key)}\n`,
      );
      return { user };
    }
    tries++;
    messages.say({ type: 'denied', methods: 'publickey', last: tries === TRIES });
    if (tries === TRIES)
      process.stderr.write(
        `error: maximum authentication attempts exceeded for ${whose(host, message.user)} ${from} ssh2 [preauth]\n`,
      );
  }
  process.stderr.write(
    tried
      ? `Connection closed by ${userOf(host.fs, tried.user) ? 'authenticating' : 'invalid'} user ${tried.user} ${from} [preauth]\n`
      : `Connection closed by ${from} [preauth]\n`,
  );
  return undefined;
}

const whose = (host: Host, name: string) => (userOf(host.fs, name) ? name : `invalid user ${name} from`);

/** The user whom a key lets in. */
function accepted(process: Process, hello: Hello, config: SshdConfig, from: string): User | undefined {
  const { host } = process;
  const { fs } = host;
  const user = userOf(fs, hello.user);
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  if (!user) {
    say(`Invalid user ${hello.user} from ${from}`);
    return undefined;
  }
  const listed = (names: readonly string[]) => names.includes(user.name);
  if (listed(config.denyUsers) || (config.allowUsers.length > 0 && !listed(config.allowUsers))) {
    const why = listed(config.denyUsers) ? 'listed in DenyUsers' : 'not listed in AllowUsers';
    say(`User ${user.name} from ${from.split(' ')[0]} not allowed because ${why}`);
    return undefined;
  }
  if (user.uid === 0 && config.permitRootLogin === 'no') {
    say(`ROOT LOGIN REFUSED FROM ${from}`);
    return undefined;
  }
  if (!config.pubkeyAuthentication) return undefined;
  const path = `${user.home}/.ssh/authorized_keys`;
  const file = fs.find(path);
  if (file?.kind !== 'file') return undefined;
  for (const [node, kind] of [
    [fs.find(user.home), 'directory'],
    [fs.find(`${user.home}/.ssh`), 'directory'],
    [file, 'file'],
  ] as const) {
    if (!node || !(node.mode & 0o022)) continue;
    say(
      `Authentication refused: bad ownership or modes for ${kind} ${node === file ? path : kind === 'directory' && node === fs.find(user.home) ? user.home : `${user.home}/.ssh`}`,
    );
    return undefined;
  }
  const known = file.text.split('\n').some((line) => line.trim().split(/\s+/).slice(0, 2).join(' ') === hello.key);
  return known ? user : undefined;
}
