// A container as the runtime knows it: created, running, exited. It outlives the kubelet process that made it.

import type { Container as ContainerSpec } from '../api/types.ts';
import { watchMemory } from '../images/memory.ts';
import type { Image } from '../images/types.ts';
import {
  createHost,
  FileSystem,
  nullReader,
  Pipe,
  pipeReader,
  type FileNode,
  type Host,
  type NetworkNamespace,
  type Process,
  type Program,
} from '../linux/index.ts';
import type { Sim } from '../sim/index.ts';
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
  net: NetworkNamespace;
  uid: number;
  gid: number;
  groups: number[];
  readOnlyRoot: boolean;
  /** Bytes; undefined: no limit. */
  memoryLimit: number | undefined;
  /** Mounts volumes, /etc/hosts and the like. */
  mount: (fs: FileSystem) => void;
  terminationFile: FileNode | undefined;
}

/** The runtime could not start it: containerd's words. */
export class StartError extends Error {}

/** Who runs in it, as `kubectl get pod -o yaml` shows under `user`. */
export interface Identity {
  uid: number;
  gid: number;
  groups: number[];
}

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
  /** Bytes in use by all of its processes. */
  memory = 0;
  /** Results of probes; undefined: not known yet. */
  probes: { startup?: boolean; readiness?: boolean; liveness?: boolean } = {};
  private stdin: Pipe | undefined;
  private oomKilled = false;
  private readonly sim: Sim;
  private readonly onExit: (container: Container) => void;

  constructor(sim: Sim, config: ContainerConfig, onExit: (container: Container) => void) {
    this.sim = sim;
    this.config = config;
    this.id = sim.random('container-id').hex(64);
    this.name = config.spec.name;
    this.createdAt = sim.now;
    this.onExit = onExit;
    this.log = new ContainerLog(() => sim.now);
  }

  get identity(): Identity {
    const { uid, gid, groups } = this.config;
    return { uid, gid, groups };
  }

  /** Throws StartError when its command cannot be run. */
  start() {
    const { image, env, command, uid, gid, groups } = this.config;
    const fs = new FileSystem({ base: image.tree(), now: () => this.sim.now });
    this.config.mount(fs);
    const host = createHost({
      sim: this.sim,
      hostname: this.config.hostname,
      fs,
      net: this.config.net,
      env,
      userland: image.userland,
    });
    this.host = host;
    const name = command[0];
    const found = resolveCommand(host, command);
    if (!found) throw new StartError(execError(host, name));
    if (!fs.exists(this.config.workingDir)) fs.mkdir(this.config.workingDir, { recursive: true });
    if (this.config.readOnlyRoot) fs.readOnly = true;
    this.memory = image.memory;
    watchMemory(host, (bytes) => this.allocate(bytes));
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
    });
    this.process = process;
    this.sim.spawn(`wait ${this.name}`, this.wait(process));
    if (this.config.memoryLimit !== undefined && this.memory > this.config.memoryLimit) this.oomKill();
  }

  private *wait(process: Process) {
    const task = process.task;
    while (task && !task.done) yield task.exited;
    this.exited(process.status ?? 137);
  }

  private exited(status: number) {
    if (this.state === 'exited') return;
    this.finish(status, this.oomKilled ? 'OOMKilled' : status === 0 ? 'Completed' : 'Error');
    const { spec, terminationFile } = this.config;
    this.message = (terminationFile?.text ?? '').slice(0, 4096);
    if (!this.message && status !== 0 && spec.terminationMessagePolicy === 'FallbackToLogsOnError') {
      this.message = this.log.tail(80, 2048);
    }
    this.onExit(this);
  }

  private finish(status: number, reason: string) {
    this.state = 'exited';
    this.exitCode = status;
    this.reason = reason;
    this.finishedAt = this.sim.now;
    this.memory = 0;
    this.log.close();
  }

  /** It was created and could not be started. */
  failedToStart(message: string) {
    this.finish(128, 'StartError');
    this.message = message;
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
    this.process?.signal(name);
  }

  /** What its processes together hold grows (or shrinks) by `bytes`; beyond the limit the kernel kills them. */
  private allocate(bytes: number) {
    this.memory += bytes;
    const { memoryLimit } = this.config;
    if (memoryLimit !== undefined && this.memory > memoryLimit) this.oomKill();
  }

  private oomKill() {
    this.oomKilled = true;
    this.process?.signal('KILL');
  }
}

/** The program that a command runs: a binary, or the interpreter that a script's first line names. */
export function resolveCommand(
  host: Host,
  command: readonly string[],
): { program: Program; argv: string[] } | undefined {
  const program = host.program(command[0]);
  if (program) return { program, argv: [...command] };
  const node = command[0].includes('/') ? host.fs.find(command[0]) : undefined;
  if (node?.kind !== 'file' || (node.mode & 0o111) === 0) return undefined;
  const first = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(node.text);
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
  return `exec ${name}: exec format error`;
}
