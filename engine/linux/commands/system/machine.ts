// lscpu, lsblk, findmnt, hostnamectl, timedatectl, dmesg: what a machine is, and what its kernel has said.

import { filesOf } from '../../host.ts';
import { mountTable } from '../../mount-table.ts';
import type { Process, Program } from '../../types.ts';
import { formatDate } from '../date.ts';
import { fail, operands, parseOptions, put } from '../options.ts';

const labelled = (rows: readonly (readonly [string, string])[], width: number): string =>
  rows.map(([name, value]) => `${`${name}:`.padEnd(width)}${value}\n`).join('');

export const lscpu: Program = function* (process) {
  operands(process, parseOptions(process, { short: '', usage: '[options]' }).args, 0, 0);
  const text = filesOf(process).readFile('/proc/cpuinfo');
  const value = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1] ?? '';
  const count = text.match(/^processor/gm)?.length ?? 1;
  put(
    process,
    labelled(
      [
        ['Architecture', 'x86_64'],
        ['  CPU op-mode(s)', '32-bit, 64-bit'],
        ['  Byte Order', 'Little Endian'],
        ['CPU(s)', String(count)],
        ['  On-line CPU(s) list', count > 1 ? `0-${count - 1}` : '0'],
        ['Vendor ID', value('vendor_id')],
        ['  Model name', value('model name')],
        ['    Thread(s) per core', '1'],
        ['    Core(s) per socket', String(count)],
        ['    Socket(s)', '1'],
        ['    Flags', value('flags')],
        ['NUMA', ''],
        ['  NUMA node(s)', '1'],
        ['  NUMA node0 CPU(s)', count > 1 ? `0-${count - 1}` : '0'],
      ],
      33,
    ),
  );
  return 0;
};

const size = (bytes: number): string => {
  const gib = bytes / 1024 ** 3;
  if (gib < 1) return `${Math.round(bytes / 1024 ** 2)}M`;
  return `${gib % 1 < 0.05 ? Math.trunc(gib) : gib.toFixed(1)}G`;
};

export const lsblk: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'afnpl',
    long: { all: 'a', fs: 'f', noheadings: 'n', paths: 'p', list: 'l' },
    usage: '[options] [<device> ...]',
  });
  if (options.args.length) fail(process, `${options.args[0]}: single devices are not modelled by this engine`, 32);
  const mounts = mountTable(process.host);
  const byDevice = new Map<string, { size: number; type: string; paths: string[] }>();
  for (const { device, type, path, size: bytes, isFile } of mounts) {
    if (!device.startsWith('/dev/') || isFile) continue;
    const known = byDevice.get(device);
    if (known) known.paths.push(path);
    else byDevice.set(device, { size: bytes, type, paths: [path] });
  }
  const short = (device: string) => (options.has('p') ? device : device.slice('/dev/'.length));
  const tree = !options.has('l');
  const rows: string[][] = [];
  const line = (name: string, at: string, bytes: number, kind: string, type: string, paths: readonly string[]) => {
    const [first = '', ...more] = paths;
    rows.push(options.has('f') ? [name, type, first] : [name, at, '0', size(bytes), '0', kind, first]);
    for (const path of more) rows.push(options.has('f') ? ['', '', path] : ['', '', '', '', '', '', path]);
  };
  let minor = 0;
  byDevice.forEach(({ size: bytes, type, paths }, device) => {
    const disk = /^\/dev\/vd[a-z]/.exec(device)?.[0];
    if (disk && disk !== device) {
      line(short(disk), `254:${minor++}`, bytes, 'disk', '', []);
      line(`${tree ? '└─' : ''}${short(device)}`, `254:${minor++}`, bytes, 'part', type, paths);
    } else line(short(device), `254:${minor++}`, bytes, 'disk', type, paths);
  });
  const titles = options.has('f')
    ? ['NAME', 'FSTYPE', 'MOUNTPOINTS']
    : ['NAME', 'MAJ:MIN', 'RM', 'SIZE', 'RO', 'TYPE', 'MOUNTPOINTS'];
  const right = options.has('f') ? [] : [2, 3, 4];
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const all = options.has('n') ? rows : [titles, ...rows];
  for (const row of all)
    put(
      process,
      `${row.map((cell, i) => (i === row.length - 1 ? cell : right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' ')}\n`,
    );
  return 0;
};

export const findmnt: Program = function* (process) {
  const options = parseOptions(process, {
    short: 't:n',
    long: { types: 't', noheadings: 'n' },
    usage: '[options] [<mountpoint>]',
  });
  operands(process, options.args, 0, 1);
  const [wanted] = options.args;
  const type = options.value('t')?.split(',');
  const rows = mountTable(process.host)
    .filter((row) => (wanted === undefined || row.path === wanted) && (!type || type.includes(row.type)))
    .map(({ path, device, type: kind, readOnly }) => [path, device, kind, `${readOnly ? 'ro' : 'rw'},relatime`]);
  if (!rows.length) return 1;
  // Below the root, as a tree.
  if (!type && wanted === undefined)
    rows.slice(1).forEach((row, i) => (row[0] = `${i === rows.length - 2 ? '└─' : '├─'}${row[0]}`));
  const titles = ['TARGET', 'SOURCE', 'FSTYPE', 'OPTIONS'];
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  for (const row of options.has('n') ? rows : [titles, ...rows])
    put(process, `${row.map((cell, i) => (i === 3 ? cell : cell.padEnd(widths[i]))).join(' ')}\n`);
  return 0;
};

export const hostnamectl: Program = function* (process) {
  const [verb = 'status', name] = parseOptions(process, { short: '', usage: '[OPTIONS...] COMMAND ...' }).args;
  const { host } = process;
  const fs = filesOf(process);
  if (verb === 'hostname' && name === undefined) {
    put(process, `${host.hostname}\n`);
    return 0;
  }
  if (verb === 'set-hostname' || verb === 'hostname') {
    if (!name) fail(process, 'Too few arguments.');
    fs.writeFile('/etc/hostname', `${name}\n`);
    host.hostname = name;
    return 0;
  }
  if (verb !== 'status') {
    process.stderr.write(`Unknown command verb '${verb}', or one that this engine does not model.\n`);
    return 1;
  }
  const release = fs.find('/etc/os-release');
  const os = release?.kind === 'file' ? (/^PRETTY_NAME="?([^"\n]*)/m.exec(release.text)?.[1] ?? '') : '';
  const rows: [string, string][] = [
    ['Static hostname', host.hostname],
    ['Icon name', 'computer-vm'],
    ['Chassis', 'vm'],
    ['Virtualization', 'kvm'],
    ['Operating System', os],
    ['Kernel', `Linux ${host.kernel.release}`],
    ['Architecture', 'x86-64'],
  ];
  put(process, rows.map(([label, text]) => `${label.padStart(16)}: ${text}\n`).join(''));
  return 0;
};

export const timedatectl: Program = function* (process) {
  const [verb = 'status'] = parseOptions(process, { short: '', usage: '[OPTIONS...] COMMAND ...' }).args;
  if (verb !== 'status') {
    process.stderr.write(`timedatectl: ${verb} is not modelled by this engine: all machines have one clock, in UTC\n`);
    return 1;
  }
  const { now } = process.host.sim;
  const rows: [string, string][] = [
    ['Local time', formatDate('%a %F %T UTC', now)],
    ['Universal time', formatDate('%a %F %T UTC', now)],
    ['RTC time', formatDate('%a %F %T', now)],
    ['Time zone', 'Etc/UTC (UTC, +0000)'],
    ['System clock synchronized', 'yes'],
    ['NTP service', 'active'],
    ['RTC in local TZ', 'no'],
  ];
  put(process, rows.map(([label, text]) => `${label.padStart(25)}: ${text}\n`).join(''));
  return 0;
};

/** Seconds since the machine was started, as the kernel's log begins its lines. */
const sinceBoot = (ms: number): string => `[${(ms / 1000).toFixed(6).padStart(12)}]`;

export const dmesg: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'TtwWHxl:kcC',
    long: { ctime: 'T', notime: 't', follow: 'w', human: 'H', decode: 'x', level: 'l', kernel: 'k', clear: 'C' },
    usage: '[options]',
  });
  for (const letter of 'HxlcCW') if (options.has(letter)) fail(process, `-${letter} is not modelled by this engine`);
  if (process.uid !== 0) fail(process, 'read kernel buffer failed: Operation not permitted');
  const facts = process.host.facts?.();
  let printed = 0;
  for (;;) {
    const lines = process.host.facts?.().kernelLog ?? [];
    for (const { time, text } of lines.slice(printed)) {
      const stamp = options.has('t')
        ? ''
        : options.has('T')
          ? `[${formatDate('%a %b %e %T %Y', time)}] `
          : `${sinceBoot(time - (facts?.bootedAt ?? time))} `;
      put(process, `${stamp}${text}\n`);
    }
    printed = lines.length;
    if (!options.has('w')) return 0;
    yield FOLLOW_MS;
  }
};

/** How often a log that is followed is looked at, ms. */
const FOLLOW_MS = 200;

export const who: Program = function* (process: Process) {
  operands(process, parseOptions(process, { short: 'bHq', usage: '[OPTION]...' }).args, 0, 2);
  const { host } = process;
  for (const one of host.processes.values()) {
    const login = /^sshd: ([^@]+)@(pts\/\d+)$/.exec(one.argv[0]);
    if (login)
      put(process, `${login[1].padEnd(8)} ${login[2].padEnd(12)} ${formatDate('%F %H:%M', one.startedAt ?? 0)}\n`);
  }
  return 0;
};
