// A container as the runtime knows it: created, running, exited. It outlives the kubelet process that made it.

import type { Container as ContainerSpec, ResourceRequirements } from '../api/types.ts';
import type { Image } from '../images/types.ts';
import {
  ComputedDir,
  createHost,
  FileSystem,
  healthOf,
  layoutOf,
  nullReader,
  portFault,
  Pipe,
  pipeReader,
  setPortFault,
  type Confinement,
  type Host,
  type Kernel,
  type MountOptions,
  type NetworkNamespace,
  type PidNamespace,
  type PortFault,
  type Process,
  type Program,
} from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Sim } from '../sim/index.ts';
import { Cgroup, type CgroupLimits, type ParentCgroup } from './cgroup.ts';
import { ContainerLog } from './log.ts';

export type ContainerKind = 'init' | 'main' | 'ephemeral';

/** What containerd is told to run. */
export interface ContainerConfig {
  spec: ContainerSpec;
  kind: ContainerKind;
  image: Image;
  attempt: number;
  command: readonly string[];
  env: Record<string, string>;
  workingDir: string;
  hostname: string;
  kernel: Kernel | undefined;
  net: NetworkNamespace;
  uid: number;
  gid: number;
  groups: number[];
  readOnlyRoot: boolean;
  /** What its root may do; undefined: everything. */
  capabilities: ReadonlySet<string> | undefined;
  confinement: Confinement;
  sysctls: Readonly<Record<string, string>>;
  limits: CgroupLimits;
  /** Of a Pod with resources of its own. */
  parent?: ParentCgroup | undefined;
  /** Process numbers shared with other containers. */
  pids: PidNamespace | undefined;
  /** What its files are on. */
  disk: MountOptions | undefined;
  /** Processes of the machine that are numbered with its own: those of other containers. */
  others: (() => Process[]) | undefined;
  facts: Host['facts'];
  /** The kernel is about to end it for want of memory. */
  outOfMemory: ((container: Container) => void) | undefined;
  /** Whether the Pod may have one more process; undefined: always. */
  mayFork?: (() => boolean) | undefined;
  /** Mounts volumes, /etc/hosts and the like. */
  mount: (fs: FileSystem) => void;
  /** Where it does so, if it may be done later; undefined: it has to be done when the container starts. */
  places: readonly string[] | undefined;
  /** What it has written into the file for that. */
  terminationMessage: () => string;
  /** Of which its ID says that it is; default containerd. */
  runtime?: string;
}

/** The runtime could not start it: containerd's words. */
export class StartError extends Error {}

/** What the kernel shows of itself. */
const KERNEL_PLACES = ['/sys', '/proc'];

export class Container {
  readonly id: string;
  readonly name: string;
  readonly config: ContainerConfig;
  readonly createdAt: number;
  state: 'created' | 'running' | 'exited' = 'created';
  startedAt = 0;
  finishedAt = 0;
  exitCode = 0;
  reason = '';
  message = '';
  readonly log: ContainerLog;
  host: Host | undefined;
  process: Process | undefined;
  readonly cgroup: Cgroup;
  /** What the runtime has been told of its resources. */
  resources: ResourceRequirements;
  /** Results of probes; undefined: not known yet. */
  probes: { startup?: boolean; readiness?: boolean; liveness?: boolean } = {};
  private stdin: Pipe | undefined;
  private oomKilled = false;
  private waiting = false;
  private forced: number | undefined;
  private faulty: Set<number> | undefined;
  private extra = { cpu: 0, memory: 0 };
  /** It answers nothing and no signal but KILL. */
  private hung = false;
  private readonly sim: Sim;
  private readonly now: () => number;
  private readonly onExit: (container: Container) => void;

  constructor(sim: Sim, config: ContainerConfig, onExit: (container: Container) => void) {
    this.sim = sim;
    this.config = config;
    this.id = sim.random('container-id').hex(64);
    this.name = config.spec.name;
    this.createdAt = sim.now;
    this.onExit = onExit;
    this.now = () => sim.now;
    this.log = new ContainerLog(sim);
    this.resources = config.spec.resources ?? {};
    this.cgroup = new Cgroup(sim, config.limits, () => this.oomKill(), config.parent);
  }

  /** Throws StartError when its command cannot be run. */
  start() {
    const { image, env, command, uid, gid, groups } = this.config;
    const { disk } = this.config;
    const base = image.tree();
    const { places, workingDir } = this.config;
    let layout = places && layoutOf(base, places.concat(KERNEL_PLACES));
    // What an image says where to work, it need not have.
    const lacking = layout?.find(workingDir) === null;
    if (places && lacking) layout = layoutOf(base, places.concat(KERNEL_PLACES, workingDir));
    const { now } = this;
    const put = (files: FileSystem) => {
      this.config.mount(files);
      files.root.set('sys', this.cgroup.files());
      files.root.set('proc', new ComputedDir(() => part('tools').procEntries(host)));
      if (lacking) files.mkdir(workingDir, { recursive: true });
    };
    const fs = new FileSystem(layout ? { pending: { layout, fill: put }, now, disk } : { base, now, disk });
    const host = createHost({
      sim: this.sim,
      hostname: this.config.hostname,
      kernel: this.config.kernel,
      fs,
      net: this.config.net,
      env,
      userland: image.userland,
      pids: this.config.pids,
      capabilities: this.config.capabilities,
      confinement: this.config.confinement,
      sysctls: this.config.sysctls,
    });
    host.others = this.config.others;
    host.facts = this.config.facts;
    host.mayFork = this.config.mayFork;
    if (!layout) put(fs);
    this.host = host;
    const name = command[0];
    const found = resolveCommand(host, command, this.config.workingDir);
    if (!found) throw new StartError(execError(host, name));
    if (!lacking && !fs.exists(workingDir)) fs.mkdir(workingDir, { recursive: true });
    if (this.config.readOnlyRoot) fs.readOnly = true;
    host.meter = this.cgroup;
    this.state = 'running';
    this.startedAt = this.sim.now;
    const process = host.spawn({
      ...found,
      env,
      cwd: this.config.workingDir,
      stdin: this.config.spec.stdin ? pipeReader(this.input) : nullReader,
      stdout: this.log.writer('stdout'),
      stderr: this.log.writer('stderr'),
      tty: this.config.spec.tty,
      uid,
      gid,
      groups,
      ended: () => this.waiting && this.sim.after(0, this.reap),
    });
    this.process = process;
    this.sim.after(0, this.reap);
    this.cgroup.load(image.cpu);
    this.cgroup.allocate(image.memory);
  }

  /** Its main process has ended; otherwise waits until it has. */
  private readonly reap = () => {
    const { process } = this;
    if (process && process.status === undefined) this.waiting = true;
    else this.exited(this.forced ?? process?.status ?? 137);
  };

  private exited(status: number) {
    if (this.state === 'exited') return;
    this.killRest();
    this.finish(status, this.oomKilled ? 'OOMKilled' : status === 0 ? 'Completed' : 'Error');
    const { spec, terminationMessage } = this.config;
    this.message = terminationMessage().slice(0, 4096);
    if (!this.message && status !== 0 && spec.terminationMessagePolicy === 'FallbackToLogsOnError') {
      this.message = this.log.tail(80, 2048);
    }
    this.onExit(this);
  }

  /** What is left of it in a shared process namespace ends with its main process. */
  private killRest() {
    if (!this.config.pids) return;
    for (const process of [...(this.host?.processes.values() ?? [])]) {
      if (process.host === this.host) process.signal('KILL');
    }
  }

  private finish(status: number, reason: string) {
    this.state = 'exited';
    this.exitCode = status;
    this.reason = reason;
    this.finishedAt = this.sim.now;
    this.behave();
    this.cgroup.end();
    this.log.close();
  }

  /** It was created and could not be started. */
  failedToStart(message: string) {
    this.finish(128, 'StartError');
    this.message = message;
  }

  /** Bytes on the node's disk: its writable layer and its log. */
  get diskBytes(): number {
    return blocks(this.host?.fs.root.layerBytes() ?? 0) + blocks(this.log.bytes);
  }

  /** How many run in it. */
  get processes(): number {
    if (this.state !== 'running' || !this.host) return 0;
    if (!this.config.pids) return this.host.processes.size;
    let sum = 0;
    this.host.processes.forEach(({ host }) => (sum += host === this.host ? 1 : 0));
    return sum;
  }

  /** Its standard input, which attaching clients write to. */
  get input(): Pipe {
    return (this.stdin ??= new Pipe());
  }

  /** The machine lost power under it. */
  lost() {
    if (this.state !== 'running') return;
    this.finish(255, 'Unknown');
    this.process?.signal('KILL');
  }

  /** Sends a signal to process 1, which ignores what it does not handle. */
  signal(name: string) {
    if (!this.hung || name === 'KILL') this.process?.signal(name);
  }

  /** Changes its resources while it runs. */
  resize(resources: ResourceRequirements, limits: CgroupLimits) {
    this.resources = resources;
    this.cgroup.resize(limits);
  }

  /** Its main process ends at once with this status. */
  exit(status: number) {
    if (this.state !== 'running') return;
    this.forced = status;
    this.process?.signal('KILL');
  }

  /** The ports that are this container's in a Pod's shared network: those that its processes listen on. */
  ports(): number[] {
    const { host } = this;
    const own = this.config.net.listening().filter(({ process }) => host !== undefined && process?.host === host);
    return [...new Set(own.map(({ port }) => port))];
  }

  /** Changes how its program serves, until it ends. */
  misbehave(change: PortFault) {
    if (change.connect === 'hang') this.hung = true;
    for (const port of this.ports()) {
      const before = portFault(this.config.net, port);
      const answers = [...(change.answers ?? []), ...(before?.answers ?? [])];
      setPortFault(this.config.net, port, { connect: change.connect ?? before?.connect, answers });
      (this.faulty ??= new Set()).add(port);
    }
    this.healthChanged();
  }

  /** Probes that wait for news of the program look again. */
  private healthChanged() {
    if (this.host) healthOf(this.host)?.changed.fire();
  }

  /** Serves as it was written again, and gives back what was taken on top. */
  behave() {
    this.hung = false;
    this.faulty?.forEach((port) => setPortFault(this.config.net, port, undefined));
    this.faulty = undefined;
    this.cgroup.load(-this.extra.cpu);
    this.cgroup.allocate(-this.extra.memory);
    this.extra = { cpu: 0, memory: 0 };
    this.healthChanged();
  }

  /** Keeps so much busy and so many bytes taken on top of what the program uses itself. */
  burden(more: { cpu?: number; memory?: number }) {
    const { cpu = 0, memory = 0 } = more;
    this.extra = { cpu: this.extra.cpu + cpu, memory: this.extra.memory + memory };
    this.cgroup.load(cpu);
    this.cgroup.allocate(memory);
  }

  /** The kernel kills all of its processes. */
  private oomKill() {
    this.oomKilled = true;
    this.config.outOfMemory?.(this);
    this.process?.signal('KILL');
  }
}

/** What a file system of 4 KiB blocks needs for so many bytes. */
const blocks = (bytes: number) => Math.ceil(bytes / 4096) * 4096;

/** The first line of a script; all that follows the interpreter is one argument of it. */
const INTERPRETER = /^#![ \t]*(\S+)(?:[ \t]+([^\n]*\S))?/;

/** The program that a command runs in a directory: a binary, or the interpreter that a script's first line names. */
export function resolveCommand(
  host: Host,
  command: readonly string[],
  cwd: string,
): { program: Program; argv: string[] } | undefined {
  const path = command[0].startsWith('./') ? `${cwd}/${command[0]}` : command[0];
  const program = host.program(path);
  if (program) return { program, argv: [...command] };
  const node = path.includes('/') ? host.fs.find(path) : undefined;
  if (node?.kind !== 'file' || (node.mode & 0o111) === 0) return undefined;
  const first = INTERPRETER.exec(node.text);
  const interpreter = first && host.program(first[1]);
  if (!interpreter) return undefined;
  return { program: interpreter, argv: [first[1], ...(first[2] ? [first[2]] : []), ...command] };
}

/** runc's words for a command that cannot be executed. */
export function execError(host: Host, name: string): string {
  if (!name.includes('/')) return `exec: ${JSON.stringify(name)}: executable file not found in $PATH`;
  const node = host.fs.find(name);
  if (!node) return `exec: ${JSON.stringify(name)}: stat ${name}: no such file or directory`;
  if (node.kind === 'dir') return `exec: ${JSON.stringify(name)}: is a directory`;
  if ((node.mode & 0o111) === 0) return `exec: ${JSON.stringify(name)}: permission denied`;
  const interpreted = node.kind === 'file' && INTERPRETER.test(node.text);
  return `exec ${name}: ${interpreted ? 'no such file or directory' : 'exec format error'}`;
}
