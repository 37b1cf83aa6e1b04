// A machine's sshd as long as nobody connects: a listener, and files that are made when they are read. All else of it is
// a part of the engine that loads with the first connection.

import { FileNode, programFile, type Host, type Listener, type Process, type TreeEntry } from '../linux/index.ts';
import { lazyProgram, part } from '../parts/index.ts';

const PORT = 22;
export const SSHD_PID = 690;
export const SSH_UNIT = 'ssh.service';
export const SSHD_ARGV = ['sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups'];

interface Line {
  time: number;
  text: string;
  program: string;
  pid: number;
}

export class Sshd {
  readonly host: Host;
  /** When it was started or stopped last, ms. */
  since = 0;
  readonly log: Line[] = [];
  private listeners: Listener[] = [];
  private readonly sessions = new Set<Process>();

  constructor(host: Host) {
    this.host = host;
    daemons.set(host, this);
    host.fs.chmod('/root/.ssh', 0o700);
    this.listen([PORT]);
  }

  get running(): boolean {
    return this.listeners.length > 0;
  }

  private note(text: string, pid = SSHD_PID) {
    this.log.push({ time: this.host.sim.now, text, program: 'sshd', pid });
  }

  private listen(ports: readonly number[]) {
    const { net, sim } = this.host;
    this.since = sim.now;
    for (const port of ports) {
      const listener = net.listen(port, (socket) => this.accept(socket), { service: 'sshd' });
      if (listener) {
        this.listeners.push(listener);
        this.note(`Server listening on 0.0.0.0 port ${port}.`);
      } else this.note(`error: Bind to port ${port} on 0.0.0.0 failed: Address already in use.`);
    }
    if (!this.running) this.note('fatal: Cannot bind any address.');
  }

  private accept(socket: Parameters<Listener['onConnect']>[0]) {
    const { sessions } = this;
    const process: Process = part('ssh').serve(this.host, socket, (pid, text) => this.note(text, pid));
    sessions.forEach((one) => one.status !== undefined && sessions.delete(one));
    sessions.add(process);
  }

  /** As its file of settings says. */
  start() {
    if (this.running) return;
    const { ports, problems } = part('ssh').readConfig(this.host.fs);
    for (const problem of problems) this.note(problem);
    if (problems.length === 0) this.listen(ports);
  }

  /** Who is logged in stays so: the unit has KillMode=process. */
  stop() {
    if (!this.running) return;
    for (const listener of this.listeners) listener.close();
    this.listeners = [];
    this.since = this.host.sim.now;
    this.note('Received signal 15; terminating.');
  }

  /** The machine has lost its power, or has it again. */
  power(on: boolean) {
    if (on) return this.start();
    for (const listener of this.listeners) listener.close();
    this.listeners = [];
    this.sessions.forEach((one) => one.signal('KILL'));
    this.sessions.clear();
  }
}

const daemons = new WeakMap<Host, Sshd>();

/** Undefined on a machine that has none: the reader's. */
export const sshdOf = (host: Host): Sshd | undefined => daemons.get(host);

const secret = (text: () => string) => new FileNode(text, { mode: 0o600 });

/** What lies on a machine for its sshd. */
export const serverFiles = (hostname: string): Record<string, TreeEntry> => ({
  '/etc/ssh/ssh_host_ed25519_key': secret(() => part('ssh').serverFile('key', hostname)),
  '/etc/ssh/ssh_host_ed25519_key.pub': () => part('ssh').serverFile('public', hostname),
  '/etc/ssh/sshd_config': () => part('ssh').serverFile('config', hostname),
  '/root/.ssh/authorized_keys': secret(() => part('ssh').serverFile('authorized', hostname)),
  [`/usr/lib/systemd/system/${SSH_UNIT}`]: () => part('ssh').serverFile('unit', hostname),
  '/usr/sbin/sshd': programFile(
    lazyProgram(() => part('ssh').sshd),
    1_560_000,
  ),
});

/** The reader's side, in a home directory. `machines`: addresses by name. */
export const clientFiles = (
  home: string,
  machines: Readonly<Record<string, readonly string[]>>,
): Record<string, TreeEntry> => ({
  [`${home}/.ssh/config`]: secret(() => part('ssh').clientFile('config', machines)),
  [`${home}/.ssh/id_ed25519`]: secret(() => part('ssh').clientFile('key', machines)),
  [`${home}/.ssh/id_ed25519.pub`]: () => part('ssh').clientFile('public', machines),
  [`${home}/.ssh/known_hosts`]: secret(() => part('ssh').clientFile('known', machines)),
});
