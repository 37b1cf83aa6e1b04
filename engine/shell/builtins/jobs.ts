// wait, jobs, fg, kill and what else deals with background commands and processes.

import { SIGNAL_WORDS, signalName, SIGNALS, waitFor } from '../../linux/host.ts';
import type { Process } from '../../linux/types.ts';
import type { Descriptors, Job, Shell } from '../shell.ts';
import { type Builtin, type Call, complain, flags, write } from './call.ts';

function done(job: Job): boolean {
  return job.processes.every((process) => process.status !== undefined);
}

/** `%1`, `%%`, `%+`, `%-`, `%name`; undefined: no such job. */
function findJob(shell: Shell, spec: string): Job | undefined {
  const { jobs } = shell;
  const name = spec.slice(1);
  if (name === '' || name === '%' || name === '+') return jobs[jobs.length - 1];
  if (name === '-') return jobs[jobs.length - 2] ?? jobs[jobs.length - 1];
  if (/^\d+$/.test(name)) return jobs.find((job) => job.id === Number(name));
  return jobs.find((job) => (name[0] === '?' ? job.text.includes(name.slice(1)) : job.text.startsWith(name)));
}

function mark(shell: Shell, job: Job): string {
  const { jobs } = shell;
  return job === jobs[jobs.length - 1] ? '+' : job === jobs[jobs.length - 2] ? '-' : ' ';
}

function stateOf(job: Job): string {
  if (!done(job)) return 'Running';
  const status = job.last.status ?? 0;
  if (status === 0) return 'Done';
  return (status > 128 && SIGNAL_WORDS[status - 128]) || `Exit ${status}`;
}

function describe(shell: Shell, job: Job, long: boolean): string {
  const running = done(job) ? '' : ' &';
  const pid = long ? `${String(job.last.pid).padStart(5)} ` : '';
  return `[${job.id}]${mark(shell, job)} ${long ? '' : ' '}${pid}${stateOf(job).padEnd(24)}${job.text}${running}\n`;
}

/** Tells of jobs that have ended since the last time and forgets them: what a prompt does first. */
export function reportJobs(shell: Shell, fds: Descriptors) {
  for (const job of shell.jobs) {
    if (!done(job) || job.reported) continue;
    fds[2]?.writer?.write(describe(shell, job, false));
    job.reported = true;
  }
  forget(shell);
}

function forget(shell: Shell) {
  shell.jobs = shell.jobs.filter((job) => !job.reported);
}

export const listJobs: Builtin = function* (call) {
  const { shell } = call;
  const parsed = flags(call, 'lprs', 'jobs [-lnprs] [jobspec ...] or jobs -x command [args]');
  if (!parsed) return 2;
  let text = '';
  for (const job of shell.jobs) {
    if (parsed.on.has('r') && done(job)) continue;
    if (parsed.on.has('s')) continue;
    text += parsed.on.has('p') ? `${job.processes[0].pid}\n` : describe(shell, job, parsed.on.has('l'));
    if (done(job)) job.reported = true;
  }
  forget(shell);
  return text ? write(call, text) : 0;
};

export const wait: Builtin = function* (call) {
  const { shell, fds } = call;
  const parsed = flags(call, 'nf', 'wait [-fn] [-p var] [id ...]');
  if (!parsed) return 2;
  const { args } = parsed;
  if (parsed.on.has('n')) return yield* waitAny(call, args);
  const targets: (Process | undefined)[] = [];
  if (!args.length) for (const job of shell.jobs) targets.push(...job.processes);
  for (const arg of args) targets.push(waitTarget(call, arg));
  let status = 0;
  for (const process of targets) {
    if (!process) {
      status = 127;
      continue;
    }
    while (process.task && !process.task.done) {
      yield { signals: [process.task.exited, shell.signalled] };
      if (!shell.arrived.length) continue;
      const signal = shell.arrived[0];
      yield* call.runner.runTraps(shell, fds);
      return 128 + (SIGNALS[signal] ?? 0);
    }
    status = args.length ? (process.status ?? 0) : 0;
  }
  for (const job of shell.jobs) {
    if (
      !args.length ||
      args.includes(String(job.last.pid)) ||
      args.some((arg) => arg[0] === '%' && findJob(shell, arg) === job)
    ) {
      if (done(job) && !shell.interactive) job.reported = true;
    }
  }
  if (!shell.interactive) forget(shell);
  return status;
};

function waitTarget(call: Call, arg: string): Process | undefined {
  const { shell } = call;
  if (arg[0] === '%') {
    const job = findJob(shell, arg);
    if (!job) complain(call, `${arg}: no such job`);
    return job?.last;
  }
  if (!/^\d+$/.test(arg)) {
    complain(call, `\`${arg}': not a pid or valid job spec`);
    return undefined;
  }
  for (const job of shell.jobs) for (const process of job.processes) if (process.pid === Number(arg)) return process;
  complain(call, `pid ${arg} is not a child of this shell`);
  return undefined;
}

function* waitAny(call: Call, args: string[]) {
  const { shell } = call;
  const jobs = args.length
    ? shell.jobs.filter((job) => args.some((arg) => arg === String(job.last.pid) || findJob(shell, arg) === job))
    : shell.jobs;
  if (!jobs.length) return 127;
  for (;;) {
    const ended = jobs.find((job) => done(job) && !job.reported);
    if (ended) {
      ended.reported = true;
      forget(shell);
      return ended.last.status ?? 0;
    }
    const signals = jobs.flatMap((job) =>
      job.processes.filter((p) => p.status === undefined).map((p) => p.task!.exited),
    );
    if (!signals.length) return 127;
    yield { signals };
  }
}

export const fg: Builtin = function* (call) {
  const { shell, argv } = call;
  const job = findJob(shell, argv[1] ?? '%');
  if (!job) {
    complain(call, `${argv[1] ?? 'current'}: no such job`);
    return 1;
  }
  write(call, `${job.text}\n`);
  shell.foreground = job.processes;
  for (const process of job.processes) yield* waitFor(process);
  shell.foreground = [];
  job.reported = true;
  forget(shell);
  return job.last.status ?? 0;
};

export const bg: Builtin = function* (call) {
  const { shell, argv } = call;
  const job = findJob(shell, argv[1] ?? '%');
  complain(call, job ? `job ${job.id} already in background` : `${argv[1] ?? 'current'}: no such job`);
  return job ? 0 : 1;
};

export const disown: Builtin = function* (call) {
  const { shell, argv } = call;
  for (const spec of argv.length > 1 ? argv.slice(1) : ['%']) {
    const job = spec[0] === '%' ? findJob(shell, spec) : shell.jobs.find((one) => one.last.pid === Number(spec));
    if (!job) {
      complain(call, `${spec === '%' ? 'current' : spec}: no such job`);
      return 1;
    }
    shell.jobs = shell.jobs.filter((one) => one !== job);
  }
  return 0;
};

export const kill: Builtin = function* (call) {
  const { shell, argv } = call;
  const parsed = killArguments(argv.slice(1));
  if ('error' in parsed) {
    complain(call, parsed.error);
    return 1;
  }
  if ('list' in parsed) return write(call, parsed.list);
  if (!parsed.targets.length) {
    call.fds[2]?.writer?.write(
      'kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n',
    );
    return 2;
  }
  let status = 0;
  for (const target of parsed.targets) {
    if (target[0] === '%') {
      const job = findJob(shell, target);
      if (!job) {
        complain(call, `${target}: no such job`);
        status = 1;
      } else for (const process of job.processes) if (process.status === undefined) process.signal(parsed.signal);
      continue;
    }
    if (!/^-?\d+$/.test(target)) {
      complain(call, `${target}: arguments must be process or job IDs`);
      status = 1;
      continue;
    }
    const { host } = shell.process;
    const pid = Math.abs(Number(target));
    const process = host.processes.get(pid) ?? host.others?.().find((one) => one.pid === pid);
    const child = shell.jobs.some((job) => job.processes.some((one) => one.pid === Number(target)));
    if (!process && !child) {
      complain(
        call,
        shell.flavour.kind === 'bash' ? `(${target}) - No such process` : `can't kill pid ${target}: No such process`,
      );
      status = 1;
    } else if (parsed.signal !== '0') process?.signal(parsed.signal);
  }
  // A signal to the shell itself takes effect before the next command.
  yield 0;
  return status;
};

/** `-9`, `-TERM`, `-s TERM`, `-l`: which signal goes to whom. */
export function killArguments(
  args: string[],
): { signal: string; targets: string[] } | { list: string } | { error: string } {
  let i = 0;
  let signal = 'TERM';
  const first = args[0] ?? '';
  if (first === '-l' || first === '-L') {
    if (args.length === 1)
      return {
        list:
          Object.keys(SIGNALS)
            .map((name) => `${SIGNALS[name]}) SIG${name}`)
            .join('\n') + '\n',
      };
    let list = '';
    for (const word of args.slice(1)) {
      const name = signalName(String(Number(word) > 128 ? Number(word) - 128 : word));
      if (!name) return { error: `${word}: invalid signal specification` };
      list += /^\d+$/.test(word) ? `${name}\n` : `${SIGNALS[name]}\n`;
    }
    return { list };
  }
  let word: string | undefined;
  if (first === '-s' || first === '-n') {
    word = args[1] ?? '';
    i = 2;
  } else if (/^-[A-Za-z0-9]/.test(first) && first !== '--') {
    word = first.slice(1);
    i = 1;
  }
  if (word !== undefined) {
    const name = word === '0' ? '0' : signalName(word);
    if (!name) return { error: `${word}: invalid signal specification` };
    signal = name;
  }
  if (args[i] === '--') i++;
  return { signal, targets: args.slice(i) };
}
