// ps, kill, pkill, pgrep, killall: the processes of the machine.

import { commandOf, signalName, SIGNALS } from '../host.ts';
import type { Process, Program } from '../types.ts';
import { formatDate } from './date.ts';
import { complain, fail, isBusybox, operands, type Options, parseOptions, put } from './options.ts';
import { userName } from './users.ts';

function all(process: Process): Process[] {
  return [...process.host.processes.values(), ...(process.host.others?.() ?? [])].sort((a, b) => a.pid - b.pid);
}

/** What a process uses, where the machine counts it. */
const usageOf = (one: Process) => one.host.facts?.().usageOf(one) ?? { memory: 1536 * 1024, cpuTime: 0, cpuMillis: 0 };

/** CPU time: `00:01:05`. */
function timeOf(one: Process): string {
  const seconds = Math.floor(usageOf(one).cpuTime / 1000);
  const part = (n: number) => String(n).padStart(2, '0');
  return `${part(Math.floor(seconds / 3600))}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}`;
}

/** Hundredths of one CPU since its start, and of the machine's memory. */
function shares(one: Process): { cpu: string; memory: string; rss: number } {
  const facts = one.host.facts?.();
  const { cpuTime, memory } = usageOf(one);
  const age = Math.max(1, one.host.sim.now - (one.startedAt ?? 0));
  const cpu = ((cpuTime / age) * 100).toFixed(1);
  return { cpu, memory: facts ? ((memory / facts.memory) * 100).toFixed(1) : '0.0', rss: Math.ceil(memory / 1024) };
}

/** Processes below those that have started them, each with the branch that leads to it. */
function forest(list: Process[]): Map<Process, string> {
  const children = new Map<Process | undefined, Process[]>();
  const byPid = new Map(list.map((one) => [one.pid, one]));
  for (const one of list) {
    const parent = one.parent && byPid.get(one.parent.pid);
    // Everything hangs below the first process, which is not drawn as a root.
    const key = parent && parent.pid !== 1 ? parent : undefined;
    const known = children.get(key);
    if (known) known.push(one);
    else children.set(key, [one]);
  }
  const out = new Map<Process, string>();
  const walk = (one: Process, branch: string, indent: string) => {
    out.set(one, branch);
    const below = children.get(one) ?? [];
    below.forEach((child, i) => {
      const last = i === below.length - 1;
      walk(child, `${indent} \\_ `, `${indent} ${last ? ' ' : '|'}  `);
    });
  };
  for (const one of children.get(undefined) ?? []) walk(one, '', '');
  return out;
}

/** `-%mem,+pid` */
function sorted(process: Process, list: Process[], order: string): Process[] {
  const values: Readonly<Record<string, (one: Process) => number | string>> = {
    '%cpu': (one) => usageOf(one).cpuTime / Math.max(1, one.host.sim.now - (one.startedAt ?? 0)),
    '%mem': (one) => usageOf(one).memory,
    rss: (one) => usageOf(one).memory,
    pid: (one) => one.pid,
    ppid: (one) => one.parent?.pid ?? 0,
    start_time: (one) => one.startedAt ?? 0,
    time: (one) => usageOf(one).cpuTime,
    comm: commandOf,
    user: (one) => userName(process, one.uid) ?? String(one.uid),
  };
  const aliases: Readonly<Record<string, string>> = { pcpu: '%cpu', pmem: '%mem', cputime: 'time', rssize: 'rss' };
  const keys = order.split(',').map((word) => {
    const name = word.replace(/^[+-]/, '');
    const value = values[aliases[name] ?? name];
    return { value: value ?? fail(process, `error: unknown sort specifier`), down: word.startsWith('-') };
  });
  return list.toSorted((a, b) => {
    for (const { value, down } of keys) {
      const [x, y] = [value(a), value(b)];
      if (x !== y) return (x < y ? -1 : 1) * (down ? -1 : 1);
    }
    return 0;
  });
}

export const ps: Program = function* (process) {
  const name = process.argv.slice(1).join(' ');
  if (isBusybox(process)) return busyboxPs(process);
  // `ps aux` and `ps -ef` are two grammars.
  const bsd = /^[a-z]+$/.test(name) && !name.startsWith('-');
  if (bsd) {
    if (/[^auxwf]/.test(name)) fail(process, 'error: unsupported option (BSD syntax)');
    return aux(process, name);
  }
  const options = parseOptions(process, {
    short: 'efAo:p:u:wC:lH',
    long: {
      format: 'o',
      pid: 'p',
      'no-headers': 'no-headers',
      ppid: 'ppid:',
      sort: 'sort:',
      forest: 'H',
      user: 'u',
    },
    usage: '[options]',
  });
  let list = all(process);
  const everything = options.has('e') || options.has('A');
  if (options.has('p'))
    list = list.filter((one) => (options.value('p') as string).split(',').includes(String(one.pid)));
  else if (options.has('C')) list = list.filter((one) => commandOf(one) === options.value('C'));
  else if (options.has('ppid')) list = list.filter((one) => String(one.parent?.pid ?? 0) === options.value('ppid'));
  else if (options.has('u'))
    list = list.filter((one) => (userName(process, one.uid) ?? String(one.uid)) === options.value('u'));
  else if (!everything)
    list = list.filter((one) => process.host.processes.has(one.pid) && (one.parent !== undefined || one === process));
  const order = options.value('sort');
  if (order !== undefined) list = sorted(process, list, order);
  const format = options.value('o');
  if (format !== undefined) return custom(process, list, format, options.has('no-headers'));
  const branches = options.has('H') ? forest(list) : undefined;
  if (branches) list = [...branches.keys()];
  if (options.has('l')) return long(process, list, options.has('f'), options.has('no-headers'));
  let out = options.has('f')
    ? 'UID          PID    PPID  C STIME TTY          TIME CMD\n'
    : '    PID TTY          TIME CMD\n';
  if (options.has('no-headers')) out = '';
  for (const one of list) {
    const tty = (one.tty ? 'pts/0' : '?').padEnd(8);
    if (options.has('f')) {
      const user = owner(process, one);
      const started = formatDate('%H:%M', one.startedAt ?? 0);
      out += `${user} ${String(one.pid).padStart(7)} ${String(one.parent?.pid ?? 0).padStart(7)}  0 ${started} ${tty} ${timeOf(one)} ${branches?.get(one) ?? ''}${one.argv.join(' ')}\n`;
    } else out += `${String(one.pid).padStart(7)} ${tty} ${timeOf(one)} ${branches?.get(one) ?? ''}${commandOf(one)}\n`;
  }
  put(process, out);
  return list.length ? 0 : 1;
};

/** `ps -l` and `ps -lf`: what the scheduler of the kernel knows, too. */
function long(process: Process, list: Process[], full: boolean, bare: boolean): number {
  let out = '';
  if (!bare)
    out = full
      ? 'F S UID          PID    PPID  C PRI  NI ADDR SZ WCHAN  STIME TTY          TIME CMD\n'
      : 'F S   UID     PID    PPID  C PRI  NI ADDR SZ WCHAN  TTY          TIME CMD\n';
  for (const one of list) {
    const pids = `${String(one.pid).padStart(7)} ${String(one.parent?.pid ?? 0).padStart(7)}  0  80   0 -  1083 `;
    const tail = `${(one.tty ? 'pts/0' : '?').padEnd(8)} ${timeOf(one)}`;
    const state = one === process ? '0 R' : '4 S';
    out += full
      ? `${state} ${owner(process, one)} ${pids}-      ${formatDate('%H:%M', one.startedAt ?? 0)} ${tail} ${one.argv.join(' ')}\n`
      : `${state} ${String(one.uid).padStart(5)} ${pids}-      ${tail} ${commandOf(one)}\n`;
  }
  put(process, out);
  return list.length ? 0 : 1;
}

/** A name of more than eight characters loses its end. */
function owner(viewer: Process, { uid }: Process): string {
  const name = userName(viewer, uid) ?? String(uid);
  return (name.length > 8 ? `${name.slice(0, 7)}+` : name).padEnd(8);
}

function busyboxPs(process: Process): number {
  const options = parseOptions(process, { short: 'o:T', usage: '[-o COL1,COL2=HEADER]' });
  const list = all(process);
  const format = options.value('o');
  if (format !== undefined) return custom(process, list, format, false);
  let out = 'PID   USER     TIME  COMMAND\n';
  for (const one of list) {
    const user = (userName(process, one.uid) ?? String(one.uid)).slice(0, 8).padEnd(8);
    out += `${String(one.pid).padStart(5)} ${user}  0:00 ${one.argv.join(' ')}\n`;
  }
  put(process, out);
  return 0;
}

function aux(process: Process, letters: string): number {
  let out = letters.includes('u')
    ? 'USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n'
    : '    PID TTY      STAT   TIME COMMAND\n';
  const branches = letters.includes('f') ? forest(all(process)) : undefined;
  // Without `x` only those that have a terminal, as a shell's own.
  const list = (branches ? [...branches.keys()] : all(process)).filter(
    (one) => /[ax]/.test(letters) || one.parent?.pid === process.parent?.pid || one === process.parent,
  );
  for (const one of list) {
    const tty = (one.tty ? 'pts/0' : '?').padEnd(8);
    const state = one === process ? 'R' : 'S';
    const command = `${branches?.get(one) ?? ''}${one.argv.join(' ')}`;
    const seconds = Math.floor(usageOf(one).cpuTime / 1000);
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    if (letters.includes('u')) {
      const { cpu, memory, rss } = shares(one);
      const started = formatDate('%H:%M', one.startedAt ?? 0);
      out += `${owner(process, one)} ${String(one.pid).padStart(7)} ${cpu.padStart(4)} ${memory.padStart(4)} ${String(rss * 2).padStart(6)} ${String(rss).padStart(5)} ${tty} ${state.padEnd(4)} ${started}   ${time} ${command}\n`;
    } else out += `${String(one.pid).padStart(7)} ${tty} ${state.padEnd(4)}   ${time} ${command}\n`;
  }
  put(process, out);
  return 0;
}

const COLUMNS: Record<
  string,
  { title: string; width: number; right?: boolean; value: (one: Process, viewer: Process) => string }
> = {
  pid: { title: 'PID', width: 7, right: true, value: (one) => String(one.pid) },
  ppid: { title: 'PPID', width: 7, right: true, value: (one) => String(one.parent?.pid ?? 0) },
  user: { title: 'USER', width: 8, value: (one, viewer) => userName(viewer, one.uid) ?? String(one.uid) },
  uid: { title: 'UID', width: 5, right: true, value: (one) => String(one.uid) },
  comm: { title: 'COMMAND', width: 15, value: commandOf },
  args: { title: 'COMMAND', width: 27, value: (one) => one.argv.join(' ') },
  cmd: { title: 'CMD', width: 27, value: (one) => one.argv.join(' ') },
  tty: { title: 'TT', width: 8, value: (one) => (one.tty ? 'pts/0' : '?') },
  stat: { title: 'STAT', width: 4, value: (one, viewer) => (one === viewer ? 'R' : 'S') },
  time: { title: 'TIME', width: 8, right: true, value: timeOf },
  rss: { title: 'RSS', width: 5, right: true, value: (one) => String(shares(one).rss) },
  '%cpu': { title: '%CPU', width: 4, right: true, value: (one) => shares(one).cpu },
  pcpu: { title: '%CPU', width: 4, right: true, value: (one) => shares(one).cpu },
  '%mem': { title: '%MEM', width: 4, right: true, value: (one) => shares(one).memory },
  pmem: { title: '%MEM', width: 4, right: true, value: (one) => shares(one).memory },
  etime: { title: 'ELAPSED', width: 11, right: true, value: (one) => elapsed(one) },
};

function elapsed(one: Process): string {
  const seconds = Math.floor((one.host.sim.now - (one.startedAt ?? 0)) / 1000);
  const part = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${hours ? part(hours) + ':' : ''}${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}`;
}

function custom(process: Process, list: Process[], format: string, bare: boolean): number {
  const columns = format.split(/[,\s]+/).map((word) => {
    const [key, title] = word.split('=');
    const column = COLUMNS[key] ?? fail(process, `error: unknown user-defined format specifier "${key}"`);
    return { ...column, title: title ?? column.title };
  });
  const line = (texts: string[]) =>
    texts
      .map((text, i) =>
        columns[i].right
          ? text.padStart(columns[i].width)
          : i === texts.length - 1
            ? text
            : text.padEnd(columns[i].width),
      )
      .join(' ') + '\n';
  let out = bare || columns.every((column) => column.title === '') ? '' : line(columns.map((column) => column.title));
  for (const one of list) out += line(columns.map((column) => column.value(one, process)));
  put(process, out);
  return 0;
}

/** Splits `-TERM`, `-9`, `-s TERM` off the arguments. */
function signalArgument(process: Process, args: string[]): { signal: string; rest: string[] } {
  const first = args[0] ?? '';
  let word = 'TERM';
  let rest = args;
  if (first === '-s' || first === '-n' || first === '--signal') {
    word = args[1] ?? '';
    rest = args.slice(2);
  } else if (/^-(?:[A-Z][A-Z0-9]+|\d+)$/.test(first)) {
    word = first.slice(1);
    rest = args.slice(1);
  }
  if (word === '0') return { signal: '0', rest };
  const signal = signalName(word);
  if (!signal) fail(process, isBusybox(process) ? `bad signal name '${word}'` : `‘${word}’: invalid signal`);
  return { signal, rest };
}

export const kill: Program = function* (process) {
  const args = process.argv.slice(1);
  if (args[0] === '-l') {
    put(process, Object.keys(SIGNALS).join(' ') + '\n');
    return 0;
  }
  const { signal, rest } = signalArgument(process, args);
  operands(process, rest, 1);
  let status = 0;
  for (const text of rest[0] === '--' ? rest.slice(1) : rest) {
    const target = process.host.processes.get(Number(text)) ?? all(process).find(({ pid }) => pid === Number(text));
    if (!/^-?\d+$/.test(text)) {
      complain(process, isBusybox(process) ? `invalid number '${text}'` : `‘${text}’: invalid process id`);
      status = 1;
    } else if (!target) {
      complain(process, isBusybox(process) ? `can't kill pid ${text}: No such process` : `(${text}) - No such process`);
      status = 1;
    } else if (process.uid !== 0 && process.uid !== target.uid) {
      complain(process, `(${text}) - Operation not permitted`);
      status = 1;
    } else if (signal !== '0') target.signal(signal);
  }
  return status;
};

function select(process: Process, options: Options): Process[] {
  const pattern = options.args[0] ?? '';
  let regexp: RegExp;
  try {
    regexp = new RegExp(options.has('x') ? `^(?:${pattern})$` : pattern);
  } catch {
    return fail(process, `invalid pattern ‘${pattern}’`, 2);
  }
  const user = options.value('u');
  return all(process).filter((one) => {
    if (one === process) return false;
    if (user !== undefined && (userName(process, one.uid) ?? String(one.uid)) !== user) return false;
    if (options.has('P') && String(one.parent?.pid) !== options.value('P')) return false;
    return regexp.test(options.has('f') ? one.argv.join(' ') : commandOf(one));
  });
}

const PGREP = {
  short: 'fxlanou:P:vc',
  long: { full: 'f', exact: 'x', 'list-name': 'l', 'list-full': 'a', newest: 'n', oldest: 'o', count: 'c' },
  usage: '[options] <pattern>',
  status: 2,
};

export const pgrep: Program = function* (process) {
  const options = parseOptions(process, PGREP);
  if (options.has('v')) fail(process, '-v: the opposite selection is not modelled', 2);
  if (options.args.length !== 1 && !options.has('u') && !options.has('P'))
    fail(process, options.args.length ? 'only one pattern can be provided' : 'no matching criteria specified', 2);
  let found = select(process, options);
  if (options.has('n')) found = found.slice(-1);
  if (options.has('o')) found = found.slice(0, 1);
  if (options.has('c')) put(process, `${found.length}\n`);
  else
    for (const one of found)
      put(
        process,
        `${one.pid}${options.has('a') ? ' ' + one.argv.join(' ') : options.has('l') ? ' ' + commandOf(one) : ''}\n`,
      );
  return found.length ? 0 : 1;
};

export const pkill: Program = function* (process) {
  const { signal, rest } = signalArgument(process, process.argv.slice(1));
  process.argv = [process.argv[0], ...rest];
  const options = parseOptions(process, { ...PGREP, short: 'fxnou:P:e' });
  if (options.args.length !== 1 && !options.has('u') && !options.has('P'))
    fail(process, options.args.length ? 'only one pattern can be provided' : 'no matching criteria specified', 2);
  let found = select(process, options);
  if (options.has('n')) found = found.slice(-1);
  if (options.has('o')) found = found.slice(0, 1);
  for (const one of found) {
    if (options.has('e')) put(process, `${commandOf(one)} killed (pid ${one.pid})\n`);
    if (signal !== '0') one.signal(signal);
  }
  return found.length ? 0 : 1;
};

export const killall: Program = function* (process) {
  const { signal, rest } = signalArgument(process, process.argv.slice(1));
  process.argv = [process.argv[0], ...rest];
  const options = parseOptions(process, { short: 'q', usage: '[OPTION]... NAME...' });
  let status = 0;
  for (const name of options.args) {
    const found = all(process).filter((one) => one !== process && commandOf(one) === name);
    if (!found.length) {
      if (!options.has('q')) process.stderr.write(`${name}: no process found\n`);
      status = 1;
    }
    for (const one of found) if (signal !== '0') one.signal(signal);
  }
  return status;
};

export const pidof: Program = function* (process) {
  const options = parseOptions(process, { short: 's', usage: '[OPTION] PROGRAM...' });
  let found = all(process)
    .filter((one) => options.args.includes(commandOf(one)) && one !== process)
    .map((one) => one.pid)
    .reverse();
  if (options.has('s')) found = found.slice(0, 1);
  if (found.length) put(process, found.join(' ') + '\n');
  return found.length ? 0 : 1;
};
