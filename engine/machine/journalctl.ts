// journalctl: systemd's own lines on units, and what their programs have logged.

import type { Process, Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { SoftwareOf } from './apt.ts';
import { die, readFlags } from './flags.ts';
import { systemdOf, type Entry, type KubeletOf, type Systemd } from './units.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS: Readonly<Record<string, number>> = {
  ...{ ms: 1, s: SECOND, sec: SECOND, second: SECOND, seconds: SECOND },
  ...{ m: MINUTE, min: MINUTE, minute: MINUTE, minutes: MINUTE, h: HOUR, hr: HOUR, hour: HOUR, hours: HOUR },
  ...{ d: DAY, day: DAY, days: DAY, w: 7 * DAY, week: 7 * DAY, weeks: 7 * DAY },
};
/** systemd: --pager-end goes with as many lines, unless they are given. */
const PAGER_END = '1000';

interface Line extends Entry {
  /** As the journal shows it. */
  line: string;
}

function short(ms: number): string {
  const date = new Date(ms);
  return `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2, '0')} ${date.toISOString().slice(11, 19)}`;
}

/** The journal of some units, in order of time. */
export function journal(systemd: Systemd, names: readonly string[]): Line[] {
  const { hostname } = systemd.host;
  const entries: Entry[] = [];
  for (const name of names) {
    const unit = systemd.unit(name);
    if (!unit) continue;
    const own = systemd.lines.get(name) ?? [];
    const { since, state } = unit;
    // What happened otherwise than by systemctl: the machine was switched on, or its process has been stopped.
    if (since && !own.some(({ time }) => Math.abs(time - since) <= 2)) {
      const word = state === 'active' ? 'Started' : 'Stopped';
      if (state === 'active' || state === 'inactive')
        entries.push({ time: since, text: `${word} ${name} - ${systemd.file(name)?.description}.` });
    }
    entries.push(...own, ...unit.entries());
  }
  return entries
    .sort((a, b) => a.time - b.time)
    .map((entry) => {
      const { time, text, program, pid } = entry;
      return { ...entry, line: `${short(time)} ${hostname} ${program ?? 'systemd'}[${pid ?? 1}]: ${text}` };
    });
}

/** The kernel's lines. */
function kernelLines({ host }: Systemd): Line[] {
  const lines = host.facts?.().kernelLog ?? [];
  return lines.map(({ time, text }) => ({
    time,
    text,
    line: `${short(time)} ${host.hostname} kernel: ${text}`,
    program: 'kernel',
  }));
}

const FLAGS = {
  unit: 'string',
  'no-pager': 'bool',
  lines: 'string',
  output: 'string',
  boot: 'bool',
  dmesg: 'bool',
  follow: 'bool',
  grep: 'string',
  identifier: 'string',
  priority: 'string',
  since: 'string',
  until: 'string',
  reverse: 'bool',
  catalog: 'bool',
  'pager-end': 'bool',
  quiet: 'bool',
  utc: 'bool',
  'no-hostname': 'bool',
} as const;
const SHORTS = {
  u: 'unit',
  n: 'lines',
  o: 'output',
  b: 'boot',
  k: 'dmesg',
  f: 'follow',
  g: 'grep',
  t: 'identifier',
  p: 'priority',
  S: 'since',
  U: 'until',
  r: 'reverse',
  x: 'catalog',
  e: 'pager-end',
  q: 'quiet',
};
const OUTPUTS = ['short', 'cat', 'json', 'json-pretty', 'short-iso', 'short-precise', 'short-unix'];
const PRIORITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
/** Programs write all to stderr, which systemd takes for information. */
const INFO = 6;
/** systemd: without -n, --follow begins with so many lines. */
const FOLLOWED = '10';
/** How often the journal is looked at when it is followed, ms. */
const FOLLOW_MS = 200;

export const journalctl = (kubeletOf: KubeletOf, softwareOf: SoftwareOf): Program =>
  function* (process): Co<number> {
    // A number after -b is its own: -b -1.
    const words = process.argv.slice(1);
    const earlier = words.findIndex((word, i) => /^-\d+$/.test(word) && /^(-\w*b|--boot)$/.test(words[i - 1] ?? ''));
    if (earlier >= 0)
      die(process, `Data from the specified boot (${words[earlier]}) is not available: No such boot ID in journal`);
    const flags = readFlags(words, FLAGS, SHORTS, (text) =>
      die(process, `journalctl: ${text}; not modelled by this engine`),
    );
    yield 5;
    // `-b 0` and `-b` are this boot; earlier ones are not kept.
    const [boot] = flags.args;
    if (flags.args.length > (flags.bool('boot') ? 1 : 0) || (boot !== undefined && boot !== '0')) {
      die(process, `journalctl: matches such as ${flags.args[0]} are not modelled by this engine; use -u UNIT`);
    }
    const output = flags.string('output') ?? 'short';
    if (!OUTPUTS.includes(output))
      die(process, `the output ${output} is not modelled by this engine; there are ${OUTPUTS.join(', ')}`);
    const systemd = systemdOf(kubeletOf(process), softwareOf(process));
    const unit = flags.string('unit');
    const names = unit === undefined ? systemd.names() : [serviceName(unit)];
    const least = priorityOf(process, flags.string('priority'));
    const from = timeOf(process, flags.string('since'));
    const to = timeOf(process, flags.string('until'));
    const identifier = flags.string('identifier');
    const text = flags.string('grep');
    // Letters of either case are meant when there is no large one.
    const pattern = text === undefined ? undefined : new RegExp(text, /[A-Z]/.test(text) ? '' : 'i');
    const read = (): Line[] => {
      const lines = flags.bool('dmesg') ? kernelLines(systemd) : journal(systemd, names);
      const all =
        unit === undefined && !flags.bool('dmesg')
          ? [...kernelLines(systemd), ...lines].sort((a, b) => a.time - b.time)
          : lines;
      return all.filter(
        ({ time, text: message, program = 'systemd' }) =>
          INFO <= least &&
          (from === undefined || time >= from) &&
          (to === undefined || time <= to) &&
          (identifier === undefined || program === identifier) &&
          (!pattern || pattern.test(message)),
      );
    };
    const show = (list: readonly Line[]): boolean =>
      list.every((line) => process.stdout.write(`${formatted(line, output, systemd, flags.bool('no-hostname'))}\n`));
    const all = read();
    const follow = flags.bool('follow');
    const count = flags.string('lines') ?? (flags.bool('pager-end') ? PAGER_END : follow ? FOLLOWED : undefined);
    if (count !== undefined && !/^(\d+|all)$/.test(count)) die(process, `Failed to parse lines '${count}'`);
    let shown = count === undefined || count === 'all' ? all : count === '0' ? [] : all.slice(-Number(count));
    if (flags.bool('reverse')) shown = shown.toReversed();
    if (shown.length === 0 && !follow && !flags.bool('quiet')) process.stdout.write('-- No entries --\n');
    if (!show(shown)) return 141;
    if (!follow) return 0;
    let printed = all.length;
    for (;;) {
      yield FOLLOW_MS;
      const now = read();
      if (now.length > printed && !show(now.slice(printed))) return 141;
      printed = now.length;
    }
  };

/** The number of a priority or the end of a range `warning..err`. */
function priorityOf(process: Process, text: string | undefined): number {
  if (text === undefined) return PRIORITIES.length - 1;
  const word = text.split('..').pop() as string;
  const alias: Readonly<Record<string, string>> = {
    error: 'err',
    warn: 'warning',
    emergency: 'emerg',
    critical: 'crit',
  };
  const at = /^[0-7]$/.test(word) ? Number(word) : PRIORITIES.indexOf(alias[word] ?? word);
  return at >= 0 ? at : die(process, `Unknown log level ${text}`);
}

/** systemd.time: `-5m`, `5 min ago`, `today`, `yesterday`, `now`, a date, a time of day. */
function timeOf(process: Process, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const { now } = process.host.sim;
  const midnight = Math.floor(now / DAY) * DAY;
  const words = text.trim();
  if (words === 'now') return now;
  if (words === 'today') return midnight;
  if (words === 'yesterday') return midnight - DAY;
  const relative = /^-\s*(.+)$|^(.+?)\s+ago$/.exec(words);
  const span = relative?.[1] ?? relative?.[2];
  if (span !== undefined) {
    const parts = [...span.matchAll(/(\d+)\s*([a-z]+)\s*/gi)];
    if (parts.length && parts.map(([part]) => part).join('') === span && parts.every(([, , one]) => one in UNITS))
      return now - parts.reduce((sum, [, number, one]) => sum + Number(number) * UNITS[one], 0);
  }
  const date = /^(?:(\d{4}-\d\d-\d\d))?[ T]?(?:(\d\d):(\d\d)(?::(\d\d))?)?(?: UTC)?$/.exec(words);
  if (date && (date[1] || date[2])) {
    const day = date[1] ? Date.parse(`${date[1]}T00:00:00Z`) : midnight;
    const [hours, minutes, seconds] = [date[2], date[3], date[4]].map((part) => Number(part ?? 0));
    if (!Number.isNaN(day)) return day + ((hours * 60 + minutes) * 60 + seconds) * 1000;
  }
  return die(process, `Failed to parse timestamp: ${text}`);
}

/** `unit`: a name with or without its ending. */
export const serviceName = (unit: string): string => {
  const name = /\.(service|slice|socket|target|timer|mount|scope)$/.test(unit) ? unit : `${unit}.service`;
  return name === 'sshd.service' ? 'ssh.service' : name;
};

function formatted(entry: Line, output: string, { host }: Systemd, bare: boolean): string {
  const { time, text, line, program = 'systemd', pid } = entry;
  const rest = line.slice(short(time).length + 1);
  switch (output) {
    case 'cat':
      return text;
    case 'short-iso':
      return `${new Date(time).toISOString().slice(0, 19)}+00:00 ${rest}`;
    case 'short-precise':
      return `${short(time)}.${String(Math.floor((time % 1000) * 1000)).padStart(6, '0')} ${rest}`;
    case 'short-unix':
      return `${(time / 1000).toFixed(6)} ${rest}`;
    case 'json':
    case 'json-pretty': {
      const fields = {
        __REALTIME_TIMESTAMP: String(Math.floor(time * 1000)),
        _HOSTNAME: host.hostname,
        PRIORITY: String(INFO),
        SYSLOG_IDENTIFIER: program,
        ...(program !== 'kernel' && { _PID: String(pid ?? 1) }),
        _TRANSPORT: program === 'kernel' ? 'kernel' : 'stdout',
        MESSAGE: text,
      };
      return JSON.stringify(fields, null, output === 'json' ? undefined : '\t');
    }
    default:
      return bare ? `${short(time)} ${rest.slice(host.hostname.length + 1)}` : line;
  }
}
