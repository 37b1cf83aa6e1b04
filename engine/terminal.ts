// The reader's terminal: a machine outside the cluster with a shell, kubectl and jq. Commands run one after
// another in the foreground; the cluster goes on only while one runs.

import type { Cluster } from './cluster.ts';
import type { HostCall, HostCalls } from './host-calls.ts';
import { dirname, type Writer } from './linux/index.ts';
import { part } from './parts/index.ts';
import type { ShellSession } from './shell/index.ts';
import type { Task } from './sim/index.ts';

export interface Slice {
  output: ['stdout' | 'stderr', string][];
  done: boolean;
  exitCode: number;
  now: number;
  hostCalls: HostCall[];
}

/** Text buffered before a slice ends early, characters: output streams instead of piling up. */
const SLICE_OUTPUT = 65_536;

/** Virtual time that a command has to end by itself after Ctrl-C, ms. */
const INTERRUPT_GRACE = 500;
const INTERRUPTED = 130;

export class Terminal {
  readonly host: HostCalls;
  private readonly cluster: Cluster;
  /** One shell a machine, kept between commands; '' is the terminal's own. */
  private readonly shells = new Map<string, ShellSession>();
  private output: Slice['output'] = [];
  private buffered = 0;
  private foreground: { task: Task<number>; shell: ShellSession } | undefined;

  constructor(cluster: Cluster, host: HostCalls) {
    this.cluster = cluster;
    this.host = host;
  }

  writeFile(name: string, text: string) {
    const { uid } = this.cluster;
    const fs = this.cluster.workstation.fs.view({ uid, gid: uid });
    const path = name.startsWith('/') ? name : `${this.cluster.home}/${name}`;
    fs.mkdir(dirname(path), { recursive: true });
    fs.writeFile(path, text);
  }

  /** Begins a command line; returns the virtual time. */
  start(command: string, on?: string): number {
    if (this.foreground) throw new Error('a command is running already');
    this.cluster.commandStarts();
    const shell = this.shell(on ?? '');
    if (!shell) {
      const known = [...this.cluster.machines.keys()].join(', ');
      this.write('stderr', `there is no node ${on} here: the nodes are ${known}\n`);
    }
    const { sim } = this.cluster;
    const co = shell ? shell.run(command, { stdout: this.writer('stdout'), stderr: this.writer('stderr') }) : fail();
    this.foreground = { task: sim.spawn('terminal', co), shell: shell as ShellSession };
    return sim.now;
  }

  /** Runs up to `events` events of the foreground command. */
  step(events: number): Slice {
    const { sim } = this.cluster;
    const task = this.foreground?.task;
    for (let i = 0; task && !task.done && i < events; i++) {
      if (this.host.pending || this.buffered > SLICE_OUTPUT) break;
      if (!sim.step()) throw new Error('nothing will ever happen any more, and the command still waits');
    }
    const output = this.output;
    this.output = [];
    this.buffered = 0;
    const done = !task || task.done;
    if (done) this.foreground = undefined;
    return { output, done, exitCode: task?.result ?? INTERRUPTED, now: sim.now, hostCalls: this.host.take() };
  }

  /** Ctrl-C. */
  interrupt() {
    const foreground = this.foreground;
    if (!foreground) return;
    foreground.shell?.interrupt();
    // What is no process of its own (a loop of the shell) ends a moment later.
    this.cluster.sim.after(INTERRUPT_GRACE, () => {
      if (this.foreground === foreground) foreground.task.kill();
    });
  }

  private shell(on: string): ShellSession | undefined {
    let shell = this.shells.get(on);
    if (!shell) {
      const machine = on ? this.cluster.machines.get(on) : this.cluster.workstation;
      if (!machine) return undefined;
      const { home, uid } = this.cluster;
      const { ShellSession } = part('shell');
      shell = new ShellSession(on ? { host: machine, cwd: '/root' } : { host: machine, cwd: home, uid, gid: uid });
      this.shells.set(on, shell);
    }
    return shell;
  }

  private write(stream: 'stdout' | 'stderr', text: string) {
    const last = this.output.at(-1);
    if (last && last[0] === stream && last[1].length < 4096) last[1] += text;
    else this.output.push([stream, text]);
    this.buffered += text.length;
  }

  private writer(stream: 'stdout' | 'stderr'): Writer {
    return {
      write: (text) => {
        this.write(stream, text);
        return true;
      },
      // A writer without end waits here until the slice has been handed out.
      *drain() {
        yield 0;
      },
      close() {},
    };
  }
}

// eslint-disable-next-line require-yield
function* fail() {
  return 1;
}
