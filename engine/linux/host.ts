// A machine as processes see it: files, network, the process table, signals. A node, the reader's terminal
// and every container is one.

import { type Co, type Sim, type Task } from '../sim/index.ts';
import { current } from './current.ts';
import { type DirNode, FileNode, type FileSystem, FsError, tree } from './fs.ts';
import { Exit, nullReader, nullWriter } from './io.ts';
import { type NetworkNamespace, resolveName } from './net/index.ts';
import type { Terminal } from './terminal.ts';
import type { Meter } from './usage.ts';
import type {
  Confinement,
  Host,
  Kernel,
  MachineFacts,
  Process,
  Program,
  Reader,
  SpawnOptions,
  Userland,
  Writer,
} from './types.ts';

/** Signal numbers of Linux on x86 and arm. */
export const SIGNALS: Record<string, number> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  WINCH: 28,
};

/** What a shell says of a command that a signal has ended. */
export const SIGNAL_WORDS: Record<number, string> = {
  1: 'Hangup',
  6: 'Aborted',
  9: 'Killed',
  10: 'User defined signal 1',
  11: 'Segmentation fault',
  12: 'User defined signal 2',
  14: 'Alarm clock',
  15: 'Terminated',
};

/** A signal's name from `TERM`, `SIGTERM` or `15`; undefined when there is none of that name. */
export function signalName(word: string): string | undefined {
  const name = word.toUpperCase().replace(/^SIG/, '');
  if (name in SIGNALS) return name;
  for (const known in SIGNALS) if (String(SIGNALS[known]) === word) return known;
  return undefined;
}

/** Signals that do nothing to a process without a handler. */
const HARMLESS = new Set(['CHLD', 'CONT', 'URG', 'WINCH']);

export interface HostOptions {
  sim: Sim;
  hostname: string;
  /** Default: that of the machines of a cluster. */
  kernel?: Kernel;
  fs: FileSystem;
  net: NetworkNamespace;
  env?: Record<string, string>;
  /** Commands to install as files: a plain name goes to /usr/bin, an absolute path where it says. */
  programs?: Record<string, Program>;
  userland?: Userland;
  capabilities?: ReadonlySet<string>;
  confinement?: Confinement;
  sysctls?: Readonly<Record<string, string>>;
  /** Number of the first process (default 1). Process 1 of a container ignores signals that it does not handle,
   * and when it ends all others are killed. */
  firstPid?: number;
  /** Process numbers shared with another machine. */
  pids?: PidNamespace;
}

export const NODE_KERNEL: Kernel = {
  release: '6.12.57+deb13-amd64',
  version: '#1 SMP PREEMPT_DYNAMIC Debian 6.12.57-1 (2025-11-05)',
};

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function createHost(options: HostOptions): Host {
  return new Machine(options);
}

/** A file that runs `program` when it is executed. */
export function programFile(program: Program, bytes = 68_536): FileNode {
  const file = new FileNode('\x7fELF', { mode: 0o755 });
  file.program = program;
  file.bytes = bytes;
  return file;
}

const pathOf = (name: string) => (name.startsWith('/') ? name : `/usr/bin/${name}`);

/** A tree of commands that many machines lie over, itself over `lower`; names as in `HostOptions.programs`. */
export function programTree(programs: Readonly<Record<string, Program>>, mtime: number, lower?: DirNode): DirNode {
  const files: Record<string, FileNode> = {};
  for (const name in programs) {
    const file = programFile(programs[name]);
    file.mtime = mtime;
    files[pathOf(name)] = file;
  }
  return tree(files, mtime, lower);
}

/** The process numbers that machines share; each has its own unless it is told otherwise. */
export class PidNamespace {
  private readonly started = new Map<number, Process>();
  /** What starts the others. */
  private unstarted: (() => void) | undefined;
  private next: number;

  constructor(first = 1) {
    this.next = first;
  }

  get processes(): Map<number, Process> {
    const start = this.unstarted;
    if (start) {
      this.unstarted = undefined;
      start();
    }
    return this.started;
  }

  /** Runs it when somebody looks at the processes. */
  later(start: () => void) {
    // What was to come before comes now.
    void this.processes;
    this.unstarted = start;
  }

  /** Its first process has ended: nothing will be started any more. */
  forget() {
    this.unstarted = undefined;
  }

  take(): number {
    while (this.processes.has(this.next)) this.next++;
    return this.next++;
  }
}

class Machine implements Host {
  readonly sim: Sim;
  hostname: string;
  readonly kernel: Kernel;
  readonly fs: FileSystem;
  readonly net: NetworkNamespace;
  readonly userland: Userland;
  readonly capabilities: ReadonlySet<string> | undefined;
  readonly confinement: Confinement | undefined;
  readonly sysctls: Readonly<Record<string, string>> | undefined;
  env: Record<string, string>;
  others: (() => Process[]) | undefined = undefined;
  facts: (() => MachineFacts) | undefined = undefined;
  mayFork: (() => boolean) | undefined = undefined;
  meter: Meter | undefined = undefined;
  readonly pids: PidNamespace;

  constructor(options: HostOptions) {
    this.sim = options.sim;
    this.hostname = options.hostname;
    this.kernel = options.kernel ?? NODE_KERNEL;
    this.fs = options.fs;
    this.net = options.net;
    this.userland = options.userland ?? 'gnu';
    this.capabilities = options.capabilities;
    this.confinement = options.confinement;
    this.sysctls = options.sysctls;
    this.env = options.env ?? { PATH: DEFAULT_PATH };
    this.pids = options.pids ?? new PidNamespace(options.firstPid);
    const { programs } = options;
    if (programs) {
      for (const name in programs) {
        const path = pathOf(name);
        this.fs.mkdir(path.slice(0, path.lastIndexOf('/')) || '/', { recursive: true });
        this.fs.put(path, programFile(programs[name]));
      }
    }
  }

  program(name: string): Program | undefined {
    const path = this.env.PATH ?? DEFAULT_PATH;
    const foreseen = this.fs.layout?.program(name, path);
    if (foreseen !== undefined) return foreseen ?? undefined;
    if (name.includes('/')) return executable(this.fs, name);
    for (const dir of path.split(':')) {
      const found = executable(this.fs, `${dir || '.'}/${name}`);
      if (found) return found;
    }
    return undefined;
  }

  get processes(): Map<number, Process> {
    return this.pids.processes;
  }

  resolve(name: string): Co<string[] | undefined> {
    return resolveName(this.fs, this.net, name);
  }

  spawn(options: SpawnOptions): Process {
    const process = new Running(this, options.pid ?? this.pids.take(), options);
    this.processes.set(process.pid, process);
    const program = this.mayFork && process.pid > 1 && !this.mayFork() ? unforked : options.program;
    process.task = this.sim.spawn(process.argv[0], process.run(program));
    return process;
  }

  later(start: () => void) {
    // Whether there may be more is to be seen at once.
    if (this.mayFork) start();
    else this.pids.later(start);
  }

  ended(process: Running) {
    if (process.pid === 1) this.pids.forget();
    this.processes.delete(process.pid);
    this.net.closeSocketsOf(process);
    if (process.pid === 1) for (const other of [...this.processes.values()]) other.signal('KILL');
    process.onEnd?.();
  }
}

/** What a shell does when the kernel gives it no further process. */
// eslint-disable-next-line require-yield
const unforked: Program = function* ({ host, parent, stderr }) {
  const name = parent?.argv[0] ?? 'sh';
  const busybox = host.userland === 'busybox';
  stderr.write(`${name}: ${busybox ? "can't fork" : 'fork'}: Resource temporarily unavailable\n`);
  return busybox ? 2 : 254;
};

/** The program behind a path, if that file may be executed. */
function executable(fs: FileSystem, path: string): Program | undefined {
  const node = fs.find(path);
  return node?.kind === 'file' && fs.may(node, 1) ? node.program : undefined;
}

class Running implements Process {
  readonly pid: number;
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  stdin: Reader;
  stdout: Writer;
  stderr: Writer;
  tty: boolean;
  terminal: Terminal | undefined;
  readonly host: Machine;
  readonly parent?: Process;
  task?: Task<number>;
  handlers = new Map<string, (name: string) => void>();
  uid: number;
  gid: number;
  groups: number[];
  umask: number;
  status: number | undefined = undefined;
  endedBy: string | undefined = undefined;
  readonly startedAt: number;
  readonly onEnd: (() => void) | undefined;
  private fatal: number | undefined;

  constructor(host: Machine, pid: number, options: SpawnOptions) {
    const parent = options.parent;
    this.host = host;
    this.pid = pid;
    this.argv = options.argv;
    this.parent = parent;
    this.env = options.env ?? parent?.env ?? host.env;
    this.cwd = options.cwd ?? parent?.cwd ?? '/';
    this.stdin = options.stdin ?? nullReader;
    this.stdout = options.stdout ?? nullWriter;
    this.stderr = options.stderr ?? nullWriter;
    this.tty = options.tty ?? false;
    this.terminal = options.terminal ?? parent?.terminal;
    this.uid = options.uid ?? parent?.uid ?? 0;
    this.gid = options.gid ?? parent?.gid ?? 0;
    this.groups = options.groups ?? parent?.groups ?? [];
    this.umask = options.umask ?? parent?.umask ?? 0o022;
    this.startedAt = options.startedAt ?? host.sim.now;
    this.onEnd = options.ended;
  }

  signal(name: string) {
    if (this.status !== undefined) return;
    if (name !== 'KILL') {
      const handler = this.handlers.get(name);
      if (handler) return handler(name);
      // The kernel spares a container's process 1 from signals that it does not handle.
      if (HARMLESS.has(name) || this.pid === 1) return;
    }
    this.endedBy ??= name;
    this.fatal ??= 128 + (SIGNALS[name] ?? 15);
    this.task?.wake();
  }

  /** Steps the program so that a signal can end it wherever it waits. */
  *run(program: Program): Co<number> {
    let inner: Co<number> | undefined;
    let status: number | undefined;
    try {
      inner = program(this);
      for (;;) {
        if (this.fatal !== undefined) {
          status = this.fatal;
          break;
        }
        current.process = this;
        const step = inner.next();
        current.process = undefined;
        if (step.done) {
          status = this.fatal ?? step.value;
          break;
        }
        yield step.value;
      }
    } catch (error) {
      if (error instanceof Exit) status = error.status;
      else if (error instanceof FsError) {
        this.stderr.write(`${this.argv[0]}: ${error.path}: ${error.message}\n`);
        status = 1;
      } else if ((error as { endsProgram?: boolean }).endsProgram) {
        // What the world answers is the program's own trouble, never the machine's.
        this.stderr.write(`${this.argv[0]}: ${(error as Error).message}\n`);
        status = 1;
      } else throw error;
    } finally {
      current.process = undefined;
      // `finally` blocks of the program run also when the task is killed from outside.
      if (status === undefined || this.fatal !== undefined) inner?.return(0);
      this.status = status ?? this.fatal ?? 137;
      this.host.ended(this);
    }
    return this.status;
  }
}

/** The kernel's name of a process: its program's file, which stands before the colon where a daemon writes a title. */
export function commandOf({ argv }: Process): string {
  const title = /^(\S+): /.exec(argv[0]);
  return (title ? title[1] : argv[0].replace(/^.*\//, '')).slice(0, 15);
}

/** Waits for a process to end; its exit status. */
export function* waitFor(process: Process): Co<number> {
  const task = process.task;
  while (task && !task.done) yield task.exited;
  return process.status ?? 137;
}

/** The machine's files as this process sees them. */
export function filesOf(process: Process): FileSystem {
  return process.host.fs.view(process);
}

/** Special files under /dev that every machine has. */
export function devices(): Record<string, FileNode> {
  const out: Record<string, FileNode> = {};
  for (const [name, device] of DEVICES) {
    const file = new FileNode('', { mode: 0o666 });
    file.device = device;
    out[`/dev/${name}`] = file;
  }
  return out;
}

const DEVICES: [string, FileNode['device']][] = [
  ['null', 'null'],
  ['zero', 'zero'],
  ['full', 'full'],
  ['random', 'random'],
  ['urandom', 'random'],
  ['tty', 'tty'],
  ['stdin', 'stdin'],
  ['stdout', 'stdout'],
  ['stderr', 'stderr'],
];
