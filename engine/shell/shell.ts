// The state of one shell: variables, options, functions, jobs, traps, and how it speaks of errors.

import { type Co, Signal } from '../sim/index.ts';
import type { FileSystem } from '../linux/fs.ts';
import type { Process, Reader, Writer } from '../linux/types.ts';
import { compute } from '../linux/usage.ts';
import type { Command } from './ast.ts';
import type { Flavour } from './flavour.ts';
import { Variables } from './variables.ts';

/** Virtual ms that a builtin and the start of a program take. */
export const BUILTIN_COST = 0.1;
export const PROGRAM_COST = 1;

/** An open file descriptor. */
export interface Descriptor {
  reader?: Reader;
  writer?: Writer;
  tty?: boolean;
}

export type Descriptors = (Descriptor | undefined)[];

/** Thrown by `break`, `continue`, `return` and `exit` up to whatever they end; `abort` gives up a command line. */
export class Flow {
  readonly kind: 'break' | 'continue' | 'return' | 'exit' | 'abort';
  /** Exit status, or the number of loops. */
  value: number;
  constructor(kind: Flow['kind'], value: number) {
    this.kind = kind;
    this.value = value;
  }
}

/** Thrown where an expansion fails; the command line ends with `status`. */
export class ExpansionError {
  readonly message: string;
  readonly status: number;
  /** Ends a script, not only the command line. */
  readonly fatal: boolean;
  constructor(message: string, status = 1, fatal = false) {
    this.message = message;
    this.status = status;
    this.fatal = fatal;
  }
}

export interface Job {
  id: number;
  text: string;
  processes: Process[];
  /** The last process of the pipeline, whose status counts. */
  last: Process;
  /** Its end has been told. */
  reported: boolean;
}

export interface ShellFunction {
  body: Command;
  source: string;
}

export interface ShellOptions {
  process: Process;
  flavour: Flavour;
  /** `$0` */
  name: string;
  parameters?: string[];
  interactive?: boolean;
}

export class Shell {
  process: Process;
  readonly flavour: Flavour;
  name: string;
  parameters: string[];
  readonly interactive: boolean;
  variables = new Variables();
  functions = new Map<string, ShellFunction>();
  aliases = new Map<string, string>();
  /** Of commands, the options that `complete` was given. */
  completions = new Map<string, string[]>();
  /** Single letters of `set`, `pipefail`, and names of `shopt`. */
  options = new Set<string>();
  /** Text to run when a signal comes, on EXIT or on ERR; '' ignores. */
  traps = new Map<string, string>();
  jobs: Job[] = [];
  cwd: string;
  status = 0;
  /** `$!` */
  background: number | undefined;
  /** Number of the line being run. */
  line = 1;
  /** The script comes from a file. */
  scriptFile = false;
  /** Errors name the line: scripts and `-c`. */
  numbered = false;
  /** Loops, functions and sourced files around the current command. */
  loops = 0;
  functionNames: string[] = [];
  sourcing = 0;
  /** Above zero a failing command does not end the shell under `set -e`. */
  conditional = 0;
  /** Signals that came and whose trap has yet to run. */
  arrived: string[] = [];
  readonly signalled = new Signal();
  /** Virtual ms of work not yet waited for. */
  cost = 0;
  /** What runs in the foreground, for Ctrl-C. */
  foreground: Process[] = [];
  /** Files of process substitutions to take away after the command. */
  temporary: string[] = [];
  subshell = 0;
  nesting = 0;
  /** `pushd` and `popd`. */
  directories: string[] = [];
  /** Where getopts is: argument and character in it. */
  optionIndex = 1;
  optionOffset = 1;
  readonly pid: number;
  readonly bornAt: number;
  private view: FileSystem | undefined;
  /** Paths of commands that were found, with the PATH they were found by. */
  commandPaths = new Map<string, string>();

  constructor(options: ShellOptions) {
    this.process = options.process;
    this.flavour = options.flavour;
    this.name = options.name;
    this.parameters = options.parameters ?? [];
    this.interactive = options.interactive ?? false;
    this.cwd = options.process.cwd;
    this.pid = options.process.pid;
    this.bornAt = options.process.host.sim.now;
  }

  /** A child that sees everything as it is now and changes nothing here. */
  fork(process: Process): Shell {
    const child = new Shell({ process, flavour: this.flavour, name: this.name, parameters: this.parameters });
    Object.assign(child, { pid: this.pid, bornAt: this.bornAt, interactive: this.interactive });
    child.variables = this.variables.copy();
    child.functions = new Map(this.functions);
    child.aliases = this.aliases;
    child.completions = this.completions;
    child.options = new Set(this.options);
    child.cwd = this.cwd;
    child.status = this.status;
    child.background = this.background;
    child.line = this.line;
    child.numbered = this.numbered;
    child.scriptFile = this.scriptFile;
    child.loops = this.loops;
    child.functionNames = this.functionNames;
    child.sourcing = this.sourcing;
    child.conditional = this.conditional;
    child.subshell = this.subshell + 1;
    child.nesting = this.nesting;
    child.commandPaths = this.commandPaths;
    this.traps.forEach((text, name) => {
      if (text === '') child.traps.set(name, '');
    });
    return child;
  }

  get fs(): FileSystem {
    if (!this.view || this.view.cwd !== this.cwd || this.view.umask !== this.process.umask) {
      const { uid, gid, groups, umask } = this.process;
      this.view = this.process.host.fs.view({ cwd: this.cwd, uid, gid, groups, umask });
    }
    return this.view;
  }

  /** `bash: ` or `./x.sh: line 3: `, as each shell begins its errors. */
  prefix(): string {
    const { kind } = this.flavour;
    if (kind === 'dash') return `${this.name}: ${this.interactive ? '' : `${this.line}: `}`;
    const script = this.numbered && (kind === 'bash' || this.name.includes('/') || this.sourcing > 0);
    return `${this.name}: ${script ? `line ${this.line}: ` : ''}`;
  }

  complain(fds: Descriptors, message: string) {
    fds[2]?.writer?.write(`${this.prefix()}${message}\n`);
  }

  get(name: string): string | undefined {
    const variable = this.variables.get(name);
    if (!variable) return DYNAMIC[name]?.(this);
    if (variable.value !== undefined) return variable.value;
    return variable.list?.[0] ?? variable.map?.get('0');
  }

  set(name: string, value: string, index?: string) {
    this.variables.assign(name, value, index);
    if (this.options.has('a')) this.variables.put(name, { ...this.variables.get(name), exported: true });
    if (name === 'PATH') this.commandPaths = new Map();
  }

  get home(): string {
    return this.get('HOME') ?? '/root';
  }
}

/** Variables whose value is asked for when they are read. */
const DYNAMIC: Record<string, (shell: Shell) => string | undefined> = {
  RANDOM: (shell) => String(shell.process.host.sim.random('shell-RANDOM').int(32768)),
  SRANDOM: (shell) => String(shell.process.host.sim.random('shell-RANDOM').bits()),
  SECONDS: (shell) => String(Math.floor((shell.process.host.sim.now - shell.bornAt) / 1000)),
  EPOCHSECONDS: (shell) => String(Math.floor(shell.process.host.sim.now / 1000)),
  LINENO: (shell) => String(shell.line),
  PPID: (shell) => String(shell.process.parent?.pid ?? 0),
  UID: (shell) => bash(shell, String(shell.process.uid)),
  EUID: (shell) => bash(shell, String(shell.process.uid)),
  HOSTNAME: (shell) => bash(shell, shell.process.host.hostname),
  BASHPID: (shell) => bash(shell, String(shell.process.pid)),
  BASH: (shell) => bash(shell, '/bin/bash'),
  BASH_VERSION: (shell) => bash(shell, '5.2.37(1)-release'),
  BASH_SUBSHELL: (shell) => bash(shell, String(shell.subshell)),
  FUNCNAME: (shell) => bash(shell, shell.functionNames[shell.functionNames.length - 1]),
  OSTYPE: (shell) => bash(shell, 'linux-gnu'),
  MACHTYPE: (shell) => bash(shell, 'x86_64-pc-linux-gnu'),
  HOSTTYPE: (shell) => bash(shell, 'x86_64'),
  IFS: () => ' \t\n',
  OPTIND: () => '1',
  PS4: () => '+ ',
};

function bash<T>(shell: Shell, value: T): T | undefined {
  return shell.flavour.kind === 'bash' ? value : undefined;
}

/** Waits for the virtual time that the commands so far, and `more`, have taken. */
export function* pay(shell: Shell, more = 0): Co {
  const cost = shell.cost + more;
  shell.cost = 0;
  if (cost > 0) yield* compute(shell.process, cost);
}
