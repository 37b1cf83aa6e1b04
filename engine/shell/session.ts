// The shell of a terminal: one command line after the other, with everything that lasts between them.

import { type Co, Signal } from '../sim/index.ts';
import { nullReader } from '../linux/io.ts';
import type { Host, Process, Program, Reader, Writer } from '../linux/types.ts';
import { reportJobs } from './builtins/jobs.ts';
import { FLAVOURS } from './flavour.ts';
import { runExitTrap } from './children.ts';
import { runText } from './interpreter.ts';
import { initialize, type ShellName } from './program.ts';
import { type Descriptors, Flow, pay, Shell } from './shell.ts';

export interface SessionOptions {
  host: Host;
  /** Default bash. */
  shell?: ShellName;
  env?: Record<string, string>;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** A person types here: aliases work and background jobs are told of (default true). */
  interactive?: boolean;
}

export interface SessionStreams {
  stdin?: Reader;
  stdout: Writer;
  stderr: Writer;
  /** The streams are a terminal. */
  tty?: boolean;
}

/** Variables, functions, working directory, background jobs and redirections by `exec` last between lines. */
export class ShellSession {
  readonly host: Host;
  /** True after `exit`: nothing runs any more. */
  ended = false;
  private readonly shell: Shell;
  /** Descriptors that `exec` has set. */
  private readonly kept: Descriptors = [];

  constructor(options: SessionOptions) {
    this.host = options.host;
    // The session's process waits in the table while lines run as its children.
    const idle: Program = function* () {
      for (;;) yield new Signal();
    };
    const name = options.shell ?? 'bash';
    const process = this.host.spawn({ ...options, program: idle, argv: [name] });
    const flavour = FLAVOURS[name === 'sh' ? 'ash' : name];
    this.shell = new Shell({ process, flavour, name, interactive: options.interactive ?? true });
    initialize(this.shell);
  }

  get cwd(): string {
    return this.shell.cwd;
  }

  get process(): Process {
    return this.shell.process;
  }

  /** A variable as the shell has it. */
  get(name: string): string | undefined {
    return this.shell.get(name);
  }

  set(name: string, value: string, exported = false) {
    this.shell.variables.put(name, { value, exported });
  }

  /** Runs what was typed: one or more lines. Input that is not complete is an error, status 2. */
  *run(text: string, streams: SessionStreams): Co<number> {
    const { shell } = this;
    const { stdin = nullReader, stdout, stderr, tty = false } = streams;
    const fds: Descriptors = [
      { reader: stdin, tty },
      { writer: stdout, tty },
      { writer: stderr, tty },
    ];
    const given = fds.slice();
    this.kept.forEach((descriptor, fd) => (fds[fd] = descriptor));
    const before = fds.slice();
    Object.assign(shell.process, { stdin, stdout, stderr, tty });
    const status = shell.status;
    let result = 0;
    try {
      result = yield* runText(shell, text, fds, 1, status);
    } catch (error) {
      if (!(error instanceof Flow)) throw error;
      result = error.value;
      if (error.kind === 'exit') {
        this.ended = true;
        result = yield* runExitTrap(shell, result, fds);
      } else if (error.kind !== 'abort') result = 0;
    } finally {
      shell.foreground = [];
      shell.nesting = 0;
      shell.conditional = 0;
      shell.loops = 0;
    }
    yield* pay(shell);
    for (let fd = 0; fd < fds.length; fd++) {
      if (fds[fd] !== before[fd]) this.kept[fd] = fds[fd] === given[fd] ? undefined : fds[fd];
    }
    if (shell.interactive) reportJobs(shell, fds);
    shell.status = result;
    return result;
  }

  /** Ctrl-C: interrupts what runs in the foreground. */
  interrupt() {
    for (const process of this.shell.foreground) process.signal('INT');
  }

  /** Ends the session: hangs up its background jobs. */
  *close(): Co {
    this.ended = true;
    const { shell } = this;
    for (const job of shell.jobs) for (const process of job.processes) process.signal('HUP');
    yield* runExitTrap(shell, shell.status, []);
    shell.process.signal('KILL');
  }
}
