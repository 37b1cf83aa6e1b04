// top -b: processes by what they use, in rounds. The screen that it draws without -b is not there.

import { commandOf } from '../../host.ts';
import type { Process, Program } from '../../types.ts';
import { screenProgram } from '../editors.ts';
import { fail, isBusybox, parseOptions, put } from '../options.ts';
import { uptimeText } from '../machine.ts';
import { userName } from '../users.ts';
import { cpuShare, memoryTable } from './memory.ts';

interface Row {
  one: Process;
  cpu: number;
  memory: number;
  cpuTime: number;
}

export const top: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'bn:d:o:cHip:u:1w:',
    long: { batch: 'b', iterations: 'n', delay: 'd', 'sort-override': 'o' },
    usage: '-hv | -bcHisSE -d delay -n iterations [-u user | -p pid(s)] -o field -w [cols]',
  });
  if (!options.has('b') || isBusybox(process)) return yield* screenProgram(process);
  for (const letter of 'Hi') if (options.has(letter)) fail(process, `-${letter} is not modelled by this engine`);
  const times = Number(options.value('n') ?? Infinity);
  const delay = Number(options.value('d') ?? 3) * 1000;
  for (let i = 0; i < times; i++) {
    if (i) {
      yield delay;
      put(process, '\n');
    }
    put(process, page(process, options));
  }
  return 0;
};

const mib = (kib: number) => (kib / 1024).toFixed(1);

function page(process: Process, options: ReturnType<typeof parseOptions>): string {
  const { host } = process;
  const facts = host.facts?.();
  const all = [...host.processes.values(), ...(host.others?.() ?? [])];
  const pids = options.value('p')?.split(',');
  const user = options.value('u');
  const rows: Row[] = all
    .filter((one) => !pids || pids.includes(String(one.pid)))
    .filter((one) => user === undefined || userName(process, one.uid) === user)
    .map((one) => {
      const usage = facts?.usageOf(one) ?? { cpuMillis: 0, memory: 0, cpuTime: 0 };
      return { one, cpu: usage.cpuMillis / 10, memory: usage.memory, cpuTime: usage.cpuTime };
    });
  const field = options.value('o')?.replace(/^[+-]/, '') ?? '%CPU';
  const by: Readonly<Record<string, (row: Row) => number>> = {
    '%CPU': ({ cpu }) => cpu,
    '%MEM': ({ memory }) => memory,
    RES: ({ memory }) => memory,
    'TIME+': ({ cpuTime }) => cpuTime,
    PID: ({ one }) => -one.pid,
  };
  const value = by[field] ?? fail(process, `unrecognized field name '${field}'`);
  rows.sort((a, b) => value(b) - value(a) || a.one.pid - b.one.pid);
  const { MemTotal, MemFree, MemAvailable, Buffers, Cached, SwapTotal, SwapFree } = memoryTable(process);
  const used = MemTotal - MemFree - Buffers - Cached;
  const busy = cpuShare(process);
  const number = (text: string) => text.padStart(8);
  const running = rows.filter(({ one, cpu }) => one === process || cpu > 90).length;
  let out = `top -${uptimeText(process)}\n`;
  out += `Tasks: ${String(all.length).padStart(3)} total, ${String(running).padStart(3)} running, ${String(all.length - running).padStart(3)} sleeping,   0 stopped,   0 zombie\n`;
  out += `%Cpu(s): ${busy.toFixed(1).padStart(4)} us,  0.0 sy,  0.0 ni, ${(100 - busy).toFixed(1).padStart(4)} id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st \n`;
  out += `MiB Mem : ${number(mib(MemTotal))} total, ${number(mib(MemFree))} free, ${number(mib(used))} used, ${number(mib(Buffers + Cached))} buff/cache     \n`;
  out += `MiB Swap: ${number(mib(SwapTotal))} total, ${number(mib(SwapFree))} free, ${number(mib(SwapTotal - SwapFree))} used. ${number(mib(MemAvailable))} avail Mem \n\n`;
  out += '    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n';
  for (const { one, cpu, memory, cpuTime } of rows) {
    const name = (userName(process, one.uid) ?? String(one.uid)).slice(0, 8).padEnd(8);
    const kib = Math.ceil(memory / 1024);
    const seconds = cpuTime / 1000;
    const time = `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, '0')}`;
    const state = one === process || cpu > 90 ? 'R' : 'S';
    const command = options.has('c') ? one.argv.join(' ') : commandOf(one);
    out += `${String(one.pid).padStart(7)} ${name}  20   0 ${String(kib * 2).padStart(7)} ${String(kib).padStart(6)} ${String(Math.floor(kib / 2)).padStart(6)} ${state} ${cpu.toFixed(1).padStart(5)} ${((kib / MemTotal) * 100).toFixed(1).padStart(5)} ${time.padStart(9)} ${command}\n`;
  }
  return out;
}
