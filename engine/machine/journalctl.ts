// journalctl: systemd's own lines on units, and what their programs have logged.

import type { Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { SoftwareOf } from './apt.ts';
import { die, readFlags } from './flags.ts';
import { systemdOf, type Entry, type KubeletOf, type Systemd } from './units.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** systemd: --pager-end goes with as many lines, unless they are given. */
const PAGER_END = '1000';

interface Line extends Entry {
  /** As the journal shows it. */
  line: string;
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
  const short = (ms: number) => {
    const date = new Date(ms);
    return `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2, '0')} ${date.toISOString().slice(11, 19)}`;
  };
  return entries
    .sort((a, b) => a.time - b.time)
    .map((entry) => {
      const { time, text, program, pid } = entry;
      return { ...entry, line: `${short(time)} ${hostname} ${program ?? 'systemd'}[${pid ?? 1}]: ${text}` };
    });
}

export const journalctl = (kubeletOf: KubeletOf, softwareOf: SoftwareOf): Program =>
  function* (process): Co<number> {
    const flags = readFlags(
      process.argv.slice(1),
      {
        unit: 'string',
        'no-pager': 'bool',
        lines: 'string',
        output: 'string',
        boot: 'bool',
        priority: 'string',
        since: 'string',
        reverse: 'bool',
        catalog: 'bool',
        'pager-end': 'bool',
      },
      {
        u: 'unit',
        n: 'lines',
        o: 'output',
        b: 'boot',
        p: 'priority',
        S: 'since',
        r: 'reverse',
        x: 'catalog',
        e: 'pager-end',
      },
      (text) => die(process, `journalctl: ${text}; not modelled by this engine`),
    );
    yield 5;
    const output = flags.string('output') ?? 'short';
    if (output !== 'cat' && output !== 'short')
      die(process, `the output ${output} is not modelled by this engine; there are short and cat`);
    const systemd = systemdOf(kubeletOf(process), softwareOf(process));
    const unit = flags.string('unit');
    const names = unit === undefined ? systemd.names() : [unit.includes('.') ? unit : `${unit}.service`];
    let entries = journal(systemd, names);
    const priority = flags.string('priority');
    if (priority !== undefined) {
      if (!/^(err|error|3)$/.test(priority)) die(process, 'only the priority err is modelled by this engine');
      // Programs write all to stderr, which systemd takes for information.
      entries = [];
    }
    const from = flags.string('since');
    if (from !== undefined) {
      const match = /^-(\d+)\s*(s|sec|m|min|h|d)$/.exec(from);
      if (!match) die(process, `times such as ${from} are not modelled by this engine; use -5m`);
      const begin = process.host.sim.now - Number(match[1]) * UNITS[match[2]];
      entries = entries.filter(({ time }) => time >= begin);
    }
    const lines = flags.string('lines') ?? (flags.bool('pager-end') ? PAGER_END : undefined);
    if (lines !== undefined) entries = entries.slice(-Number(lines));
    if (flags.bool('reverse')) entries.reverse();
    if (entries.length === 0) process.stdout.write('-- No entries --\n');
    const cat = output === 'cat';
    for (const { text, line } of entries) process.stdout.write(`${cat ? text : line}\n`);
    return 0;
  };
