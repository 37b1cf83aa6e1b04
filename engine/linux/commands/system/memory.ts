// free, vmstat, swapon: memory as /proc tells of it.

import { filesOf } from '../../host.ts';
import type { Process, Program } from '../../types.ts';
import { fail, operands, parseOptions, put } from '../options.ts';

/** KiB by name. */
export function memoryTable(process: Process): Record<string, number> {
  const table: Record<string, number> = {};
  for (const line of filesOf(process).readFile('/proc/meminfo').split('\n')) {
    const [name, value] = line.split(/:\s+/);
    if (value !== undefined) table[name] = parseInt(value, 10);
  }
  return table;
}

const UNITS: Readonly<Record<string, number>> = { b: 1 / 1024, k: 1, m: 1024, g: 1024 ** 2, t: 1024 ** 3 };

/** procps: three characters and a unit. */
function human(kib: number): string {
  if (kib === 0) return '0B';
  const names = ['Ki', 'Mi', 'Gi', 'Ti'];
  let value = kib;
  let at = 0;
  for (; value >= 1024 && at < 3; at++) value /= 1024;
  const text = value.toFixed(1);
  return `${text.length <= 3 ? text : Math.trunc(value)}${names[at]}`;
}

export const free: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'bkmghtwls:c:V',
    long: { bytes: 'b', kibi: 'k', mebi: 'm', gibi: 'g', human: 'h', total: 't', wide: 'w', seconds: 's', count: 'c' },
    usage: '[options]',
  });
  operands(process, options.args, 0, 0);
  for (const letter of 'lV') if (options.has(letter)) fail(process, `-${letter} is not modelled by this engine`);
  const times = Number(options.value('c') ?? (options.has('s') ? Infinity : 1));
  const pause = Number(options.value('s') ?? 1) * 1000;
  const unit = UNITS[options.last('bkmg') ?? 'k'];
  const show = (kib: number) => (options.has('h') ? human(kib) : String(Math.trunc(kib / unit)));
  const wide = options.has('w');
  for (let i = 0; i < times; i++) {
    if (i) {
      yield pause;
      put(process, '\n');
    }
    const { MemTotal, MemFree, MemAvailable, Buffers, Cached, Shmem, SwapTotal, SwapFree } = memoryTable(process);
    const line = (name: string, values: number[]) =>
      `${name.padEnd(8)}${values.map((value) => show(value).padStart(12)).join('')}\n`;
    const caches = wide ? [Buffers, Cached] : [Buffers + Cached];
    const titles = ['total', 'used', 'free', 'shared', ...(wide ? ['buffers', 'cache'] : ['buff/cache']), 'available'];
    const used = MemTotal - MemAvailable;
    let out = `${' '.repeat(8)}${titles.map((title) => title.padStart(12)).join('')}\n`;
    out += line('Mem:', [MemTotal, used, MemFree, Shmem, ...caches, MemAvailable]);
    out += line('Swap:', [SwapTotal, SwapTotal - SwapFree, SwapFree]);
    if (options.has('t'))
      out += line('Total:', [MemTotal + SwapTotal, used + SwapTotal - SwapFree, MemFree + SwapFree]);
    put(process, out);
  }
  return 0;
};

export const swapon: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'sa',
    long: { show: 'show', summary: 's', all: 'a', noheadings: 'noheadings', bytes: 'bytes' },
    usage: '[options] [<spec>]',
  });
  if (options.args.length) fail(process, `${options.args[0]}: swap is not modelled by this engine`, 255);
  // There is none, of which both forms say nothing at all.
  return 0;
};

export const swapoff: Program = function* (process) {
  const options = parseOptions(process, { short: 'av', long: { all: 'a', verbose: 'v' }, usage: '[options] [<spec>]' });
  if (!options.args.length && !options.has('a')) {
    process.stderr.write("swapoff: bad usage\nTry 'swapoff --help' for more information.\n");
    return 16;
  }
  for (const path of options.args) {
    process.stderr.write(`swapoff: ${path}: swapoff failed: Invalid argument\n`);
    return 4;
  }
  return 0;
};

const VMSTAT = [
  'procs -----------memory---------- ---swap-- -----io---- -system-- -------cpu-------',
  ' r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st gu',
].join('\n');

export const vmstat: Program = function* (process) {
  const options = parseOptions(process, { short: 'anS:w', usage: '[options] [delay [count]]' });
  for (const letter of 'aS') if (options.has(letter)) fail(process, `-${letter} is not modelled by this engine`);
  operands(process, options.args, 0, 2);
  const [delay, count] = options.args.map(Number);
  const times = delay === undefined ? 1 : (count ?? Infinity);
  put(process, `${VMSTAT}\n`);
  for (let i = 0; i < times; i++) {
    if (i) yield Math.max(1, delay) * 1000;
    const { MemFree, Buffers, Cached } = memoryTable(process);
    const busy = cpuShare(process);
    const cells = [Math.round(load(process)), 0, 0, MemFree, Buffers, Cached, 0, 0, 0, 0, 0, 0];
    const widths = [2, 2, 6, 6, 6, 6, 4, 4, 5, 5, 4, 4];
    const left = cells.map((value, at) => String(value).padStart(widths[at])).join(' ');
    const share = [busy, 0, 100 - busy, 0, 0, 0].map((value) => String(value).padStart(2)).join(' ');
    put(process, `${left} ${share}\n`);
  }
  return 0;
};

export const load = (process: Process): number => Number(filesOf(process).readFile('/proc/loadavg').split(' ')[0]);

/** Hundredths of all processors that are in use now. */
export function cpuShare({ host }: Process): number {
  const facts = host.facts?.();
  return facts ? Math.min(100, Math.round(facts.cpuMillis / facts.cpus / 10)) : 0;
}
