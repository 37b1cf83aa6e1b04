// Processes and the machines they run on: a reader's terminal, a node, a container. A command is a Program;
// a Host is what a program can see (files, network, other processes, commands in PATH).

import type { Co, Sim, Task } from '../sim/index.ts';
import type { Pipe } from './pipe.ts';
import type { FileSystem } from './fs.ts';
import type { PidNamespace } from './host.ts';
import type { NetworkNamespace } from './net/index.ts';
import type { Terminal } from './terminal.ts';
import type { Meter } from './usage.ts';

/** Where a process reads and writes; a pipe, a file or nothing. */
export interface Reader {
  /** Waits for text; undefined at the end. */
  read(): Co<string | undefined>;
  /** Puts back what was read too far. */
  unread(text: string): void;
  /** No more will be read. */
  close(): void;
}

export interface Writer {
  /** False when nobody reads any more (SIGPIPE: stop with status 141). */
  write(text: string): boolean;
  /** Waits while the other side is full (pipes hold 64 KiB); call it in loops that write without end. */
  drain(): Co<void>;
  close(): void;
}

export interface Process {
  readonly pid: number;
  /** argv[0] is the name it was called by. */
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  stdin: Reader;
  stdout: Writer;
  stderr: Writer;
  /** A terminal is attached (affects `kubectl exec -it`, prompts). */
  tty: boolean;
  /** Its size; absent: an ordinary one's. */
  terminal?: Terminal;
  readonly host: Host;
  readonly parent?: Process;
  task?: Task<number>;
  /** Delivers a signal by name ('TERM', 'KILL', 'INT', 'HUP'…); without a handler it ends the process with 128+n. */
  signal(name: string): void;
  /** Handlers a program or a shell trap has set. */
  handlers: Map<string, (name: string) => void>;
  uid: number;
  gid: number;
  /** Supplementary groups. */
  groups?: number[];
  umask?: number;
  /** Exit status, once it has ended (128+n after a signal). */
  status?: number;
  /** The signal that ended it. */
  endedBy?: string;
  /** Virtual time of its start. */
  readonly startedAt?: number;
}

/** A command: reads its process, returns the exit status. Must `yield` in loops that may be endless. */
export type Program = (process: Process) => Co<number>;

export interface Host {
  readonly sim: Sim;
  hostname: string;
  /** Release and version of the kernel it runs on. */
  readonly kernel: Kernel;
  readonly fs: FileSystem;
  readonly net: NetworkNamespace;
  /** Addresses of a name, as the C library finds them by this machine's files; undefined: no such name. */
  resolve(name: string): Co<string[] | undefined>;
  /** Whose commands these are: error texts and some options differ. */
  readonly userland?: Userland;
  /** What root may do here, by names without CAP_; undefined: everything. */
  readonly capabilities?: ReadonlySet<string>;
  /** How the kernel confines what runs here; undefined: not at all. */
  readonly confinement?: Confinement;
  /** Kernel settings of its namespaces that are not the defaults. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Environment of a fresh process. */
  env: Record<string, string>;
  /** Commands by absolute path or plain name; undefined: not there. PATH look-up is the caller's (`shell` does it). */
  program(name: string): Program | undefined;
  readonly processes: Map<number, Process>;
  /** Those of the containers that run on it. */
  others?: () => Process[];
  /** Whether there may be one more process; undefined: always. */
  mayFork?: (() => boolean) | undefined;
  /** What the kernel tells of the machine under it; absent: of an ordinary one. */
  facts?: () => MachineFacts;
  /** What they are numbered in. */
  readonly pids: PidNamespace;
  /** Starts a program; the returned process's task ends with its exit status. */
  spawn(options: SpawnOptions): Process;
  /** Runs `start`, which spawns processes that do nothing but wait: at the latest when somebody looks at the processes. */
  later(start: () => void): void;
  /** Counts what its processes use. */
  meter?: Meter;
}

/** The machine as /proc and /sys show it. */
export interface MachineFacts {
  /** ms */
  bootedAt: number;
  cpus: number;
  /** Bytes, and how many of them programs hold. */
  memory: number;
  usedMemory: number;
  /** Thousandths of a CPU in use, and ms of CPU time since it was started. */
  cpuMillis: number;
  cpuTime: number;
  /** Lines of the kernel's own log. */
  kernelLog: readonly { time: number; text: string }[];
  /** `/system.slice/kubelet.service` */
  cgroupOf(process: Process): string;
  /** Bytes, ms and thousandths of a CPU of one process. */
  usageOf(process: Process): { memory: number; cpuTime: number; cpuMillis: number };
}

/** What the kernel is told of a container's processes beside their capabilities. */
export interface Confinement {
  /** Tell its namespaces from those of others. */
  pod: string;
  container: string;
  /** Namespaces of the node that it is in. */
  shared: readonly string[];
  noNewPrivileges: boolean;
  /** System calls are filtered. */
  seccomp: boolean;
  /** The AppArmor profile; undefined: none. */
  apparmor: string | undefined;
  /** Where its users are among the node's; undefined: they are the node's. */
  userNamespace: { first: number; count: number } | undefined;
}

export interface Kernel {
  release: string;
  version: string;
}

export type Userland = 'gnu' | 'busybox';

export interface SpawnOptions {
  program: Program;
  argv: string[];
  env?: Record<string, string>;
  cwd?: string;
  stdin?: Reader;
  stdout?: Writer;
  stderr?: Writer;
  tty?: boolean;
  /** Its number; default: the next one. */
  pid?: number;
  /** Default: the parent's. */
  terminal?: Terminal;
  parent?: Process;
  uid?: number;
  gid?: number;
  groups?: number[];
  umask?: number;
  /** When it was started, if that was before now. */
  startedAt?: number;
  /** Called when it has ended. */
  ended?: () => void;
}

/** Adapts a Pipe to the two sides that processes hold. */
export interface PipeEnds {
  reader(pipe: Pipe): Reader;
  writer(pipe: Pipe): Writer;
}
