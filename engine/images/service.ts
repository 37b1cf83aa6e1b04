// What the programs of images have in common: to run until a signal, to write the time into a log, to refuse.

import type { Process, Program } from '../linux/index.ts';
import { Signal, type Co } from '../sim/index.ts';

/** Waits for the first of some signals and says which it was. */
export function* untilSignal(process: Process, names: readonly string[] = ['TERM', 'INT', 'QUIT']): Co<string> {
  const caught = new Signal();
  let which: string | undefined;
  const take = (name: string) => {
    which ??= name;
    caught.fire();
  };
  for (const name of names) process.handlers.set(name, take);
  while (which === undefined) yield caught;
  return which;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const two = (n: number) => String(n).padStart(2, '0');

/** Virtual now in the forms that servers write. */
export function clock(process: Process): Clock {
  return new Clock(process.host.sim.now);
}

/** The second that was last asked for: many containers start within one. */
const last = { second: NaN, plain: '', slashes: '' };

class Clock {
  private readonly now: number;
  private made: Date | undefined;
  constructor(now: number) {
    this.now = now;
  }
  private get date(): Date {
    return (this.made ??= new Date(this.now));
  }
  get iso(): string {
    return this.date.toISOString();
  }
  private get second(): typeof last {
    const second = Math.floor(this.now / 1000);
    if (second !== last.second) {
      const { iso } = this;
      const plain = `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
      Object.assign(last, { second, plain, slashes: plain.replaceAll('-', '/') });
    }
    return last;
  }
  /** `2026-01-05 09:00:05`. */
  get plain(): string {
    return this.second.plain;
  }
  /** `2026/01/05 09:00:05`, as nginx and Go's log package write it. */
  get slashes(): string {
    return this.second.slashes;
  }
  private get dayMonthYear(): string[] {
    const { date } = this;
    return [two(date.getUTCDate()), MONTHS[date.getUTCMonth()], String(date.getUTCFullYear())];
  }
  /** `05/Jan/2026:09:00:05 +0000`, of access logs. */
  get common(): string {
    return `${this.dayMonthYear.join('/')}:${this.iso.slice(11, 19)} +0000`;
  }
  /** `Mon, 05 Jan 2026 09:00:05 GMT`, of HTTP headers. */
  get http(): string {
    return `${DAYS[this.date.getUTCDay()]}, ${this.dayMonthYear.join(' ')} ${this.iso.slice(11, 19)} GMT`;
  }
  /** `05 Jan 2026 09:00:05.000`, of redis. */
  get redis(): string {
    return `${this.dayMonthYear.join(' ')} ${this.iso.slice(11, 23)}`;
  }
  /** `Mon Jan 05 09:00:05.000000 2026`, of httpd. */
  get apache(): string {
    const [day, month, year] = this.dayMonthYear;
    return `${DAYS[this.date.getUTCDay()]} ${month} ${day} ${this.iso.slice(11, 23)}000 ${year}`;
  }
  /** `I0105 09:00:05.000000`, of klog. */
  get klog(): string {
    return `I${two(this.date.getUTCMonth() + 1)}${two(this.date.getUTCDate())} ${this.iso.slice(11, 23)}000`;
  }
}

/** A program that is known and not modelled says so, with status 1. */
export function refuse(what: string): Program {
  return function* (process): Co<number> {
    yield 1;
    process.stderr.write(`${process.argv[0].split('/').pop()}: ${what}\n`);
    return 1;
  };
}

/** A daemon that writes a banner and waits for its end. */
export function daemon(
  banner: (process: Process) => string,
  bye: (process: Process) => string = () => '',
  stream: 'stdout' | 'stderr' = 'stdout',
): Program {
  return function* (process): Co<number> {
    process[stream].write(banner(process));
    yield* untilSignal(process);
    const text = bye(process);
    if (text) process[stream].write(text);
    return 0;
  };
}

/** The value after one of some flags: `-p 80`, `--port=80`, `-p80` is not one. */
export function flagValue(argv: readonly string[], ...names: string[]): string | undefined {
  for (let i = 0; i < argv.length; i++) {
    for (const name of names) {
      if (argv[i] === name) return argv[i + 1];
      if (argv[i].startsWith(`${name}=`)) return argv[i].slice(name.length + 1);
    }
  }
  return undefined;
}

/** exec(3): the same process goes on with another program. */
export function* become(process: Process, command: string[]): Co<number> {
  const program = command.length ? process.host.program(command[0]) : undefined;
  if (!program) {
    process.stderr.write(`${process.argv[0]}: exec: ${command[0] ?? ''}: not found\n`);
    return 127;
  }
  process.argv = command;
  return yield* program(process);
}

/** An entry point script that ends with `exec "$@"`; a first argument that is a flag goes to `command`. */
export function execArguments(command?: string): Program {
  return function* (process): Co<number> {
    const [, ...args] = process.argv;
    yield 2;
    return yield* become(
      process,
      command && (args.length === 0 || args[0].startsWith('-')) ? [command, ...args] : args,
    );
  };
}
