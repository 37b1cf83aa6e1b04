// /proc as a process of a machine sees it: the processes that it shares numbers with, and what the kernel tells of itself.
// Every entry is computed when it is read.

import { SETTINGS } from './commands/sysctl.ts';
import type { Entries } from './computed-dir.ts';
import { current } from './current.ts';
import { commandOf } from './host.ts';
import { mountTable } from './mount-table.ts';
import { FileNode, LinkNode, tree, type DirNode, type FsNode, type TreeEntry } from './nodes.ts';
import { streamSeed } from '../sim/index.ts';
import type { Host, Process } from './types.ts';

/** Numbers that a kernel gives its first namespaces; those that come later have higher ones. */
const FIRST_NAMESPACES: Readonly<Record<string, number>> = {
  cgroup: 4026531835,
  ipc: 4026531839,
  mnt: 4026531841,
  net: 4026531840,
  pid: 4026531836,
  time: 4026531834,
  user: 4026531837,
  uts: 4026531838,
};
export const NAMESPACES: readonly string[] = Object.keys(FIRST_NAMESPACES);
/** All containers of a Pod are in these. */
const POD_NAMESPACES = new Set(['ipc', 'net', 'user', 'uts']);
const LATER_NAMESPACES = 4026532200;

const CPU_FLAGS =
  'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat clflush mmx fxsr sse sse2 ht syscall nx lm';

const file = (text: () => string, mode = 0o444) => new FileNode(text, { mode });

export function procEntries(host: Host): Entries {
  const kernel = tree(kernelFiles(host), host.sim.now);
  const processes = () => [...host.processes.values(), ...(host.others?.() ?? [])];
  const directories = new WeakMap<Process, DirNode>();
  return {
    names: () => [...processes().map(({ pid }) => String(pid)), ...kernel.names(), 'self'],
    entry(name): FsNode | undefined {
      if (name === 'self') return current.process && new LinkNode(String(current.process.pid));
      if (!/^\d+$/.test(name)) return kernel.get(name);
      const pid = Number(name);
      const process = host.processes.get(pid) ?? processes().find((one) => one.pid === pid);
      if (!process) return undefined;
      let dir = directories.get(process);
      if (!dir) directories.set(process, (dir = tree(processFiles(process, host), host.sim.now)));
      dir.mode = 0o555;
      dir.uid = process.uid;
      dir.gid = process.gid;
      return dir;
    },
  };
}

function kernelFiles(host: Host): Record<string, TreeEntry> {
  const { kernel, sim } = host;
  const born = sim.now;
  const cpus = () => host.facts?.().cpus ?? CPUS;
  const files: Record<string, TreeEntry> = {
    '/cmdline': file(() => `BOOT_IMAGE=/boot/vmlinuz-${kernel.release} root=/dev/vda1 ro quiet\n`),
    '/cpuinfo': file(() => Array.from({ length: cpus() }, (_, i) => cpu(i, cpus())).join('\n')),
    '/filesystems': file(() => 'nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\nnodev\toverlay\n\text4\n'),
    '/loadavg': file(() => loadAverage(host)),
    '/meminfo': file(() => meminfo(host)),
    '/mounts': new LinkNode('self/mounts'),
    '/net': new LinkNode('self/net'),
    '/partitions': file(
      () => `major minor  #blocks  name\n\n 254        0 ${DISK_KIB} vda\n 254        1 ${DISK_KIB - 1024} vda1\n`,
    ),
    '/stat': file(() => stat(host, born)),
    '/swaps': file(() => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'),
    '/uptime': file(() => {
      const up = sim.now - (host.facts?.().bootedAt ?? born);
      const idle = up * cpus() - (host.facts?.().cpuTime ?? 0);
      return `${(up / 1000).toFixed(2)} ${(idle / 1000).toFixed(2)}\n`;
    }),
    '/version': file(() => `Linux version ${kernel.release} (debian-kernel@lists.debian.org) ${kernel.version}\n`),
  };
  for (const name in SETTINGS)
    files[`/sys/${name.replace(/\./g, '/')}`] = file(() => `${SETTINGS[name].get(host)}\n`, 0o644);
  return files;
}

/** Of a machine about which nobody says more. */
const CPUS = 4;
const MEMORY = 8 * 1024 ** 3;
const USED = 400 * 1024 ** 2;
const DISK_KIB = 104_857_600;

/** Demand for CPUs, which is taken to have been what it is now. */
function loadAverage(host: Host): string {
  const load = ((host.facts?.().cpuMillis ?? 0) / 1000).toFixed(2);
  const all = [...host.processes.values(), ...(host.others?.() ?? [])];
  const last = all.reduce((most, { pid }) => Math.max(most, pid), 1);
  return `${load} ${load} ${load} 1/${all.length} ${last}\n`;
}

function meminfo(host: Host): string {
  const { memory: total = MEMORY, usedMemory = USED } = host.facts?.() ?? {};
  const kib = (bytes: number) => Math.floor(bytes / 1024);
  const used = Math.min(kib(usedMemory), kib(total));
  const free = kib(total) - used;
  // Files lie in memory that is given back when it is wanted.
  const cached = Math.floor(free / 4);
  const rows: [string, number][] = [
    ['MemTotal', kib(total)],
    ['MemFree', free - cached],
    ['MemAvailable', free],
    ['Buffers', 0],
    ['Cached', cached],
    ['SwapCached', 0],
    ['Active', used],
    ['Inactive', cached],
    ['SwapTotal', 0],
    ['SwapFree', 0],
    ['AnonPages', used],
    ['Shmem', 0],
    ['HugePages_Total', 0],
    ['HugePages_Free', 0],
    ['Hugepagesize', 2048],
  ];
  return rows
    .map(
      ([name, value]) =>
        `${`${name}:`.padEnd(16)}${String(value).padStart(8)}${name.startsWith('HugePages_') ? '' : ' kB'}\n`,
    )
    .join('');
}

/** Hundredths of a second that processors have spent; all is counted as user time or idle. */
function stat(host: Host, born: number): string {
  const { cpus = CPUS, cpuTime = 0, bootedAt = born } = host.facts?.() ?? {};
  const user = Math.round(cpuTime / 10);
  const idle = Math.max(0, Math.round(((host.sim.now - bootedAt) * cpus) / 10) - user);
  const line = (name: string, share: number) =>
    `${name} ${Math.round(user / share)} 0 0 ${Math.round(idle / share)} 0 0 0 0 0 0\n`;
  const each = Array.from({ length: cpus }, (_, i) => line(`cpu${i}`, cpus)).join('');
  return `${line('cpu ', 1)}${each}btime ${Math.floor(bootedAt / 1000)}\nprocesses ${host.processes.size}\n`;
}

const cpu = (number: number, count: number) =>
  [
    `processor\t: ${number}`,
    'vendor_id\t: GenuineIntel',
    'model name\t: Intel(R) Xeon(R) CPU',
    'cpu MHz\t\t: 2200.000',
    `core id\t\t: ${number}`,
    `cpu cores\t: ${count}`,
    `flags\t\t: ${CPU_FLAGS}`,
    '',
  ].join('\n');

/** `viewer`: the machine from which it is looked at. */
function processFiles(process: Process, viewer: Host): Record<string, TreeEntry> {
  const { host } = process;
  const { confinement } = host;
  const ids = () => {
    const { first, count } = confinement?.userNamespace ?? { first: 0, count: 4294967295 };
    return `${'0'.padStart(10)} ${String(first).padStart(10)} ${String(count).padStart(10)}\n`;
  };
  const files: Record<string, TreeEntry> = {
    '/attr/current': file(
      () => `${confinement?.apparmor ? `${confinement.apparmor} (enforce)` : 'unconfined'}\n`,
      0o666,
    ),
    // A container sees its own cgroup as the root.
    '/cgroup': file(() => `0::${viewer.confinement ? '/' : (viewer.facts?.().cgroupOf(process) ?? '/')}\n`),
    '/cmdline': file(() => process.argv.map((word) => `${word}\0`).join('')),
    '/comm': file(() => `${commandOf(process)}\n`, 0o644),
    '/environ': new FileNode(
      () => {
        let text = '';
        for (const name in process.env) text += `${name}=${process.env[name]}\0`;
        return text;
      },
      { mode: 0o400, uid: process.uid, gid: process.gid },
    ),
    '/gid_map': file(ids, 0o644),
    '/mounts': file(() => mountLines(host)),
    '/net/': '',
    '/exe': new LinkNode(process.argv[0]),
    '/root': host.fs.root,
    '/status': file(() => status(process)),
    '/uid_map': file(ids, 0o644),
  };
  for (const name in FIRST_NAMESPACES) files[`/ns/${name}`] = new LinkNode(`${name}:[${namespaceNumber(host, name)}]`);
  return files;
}

/** Of the node's own namespaces, or of one that is this machine's alone. */
export function namespaceNumber(host: Host, name: string): number {
  const { confinement } = host;
  const first = FIRST_NAMESPACES[name];
  if (!confinement || name === 'time' || confinement.shared.includes(name)) return first;
  if (name === 'user' && !confinement.userNamespace) return first;
  const { pod, container } = confinement;
  const whose = POD_NAMESPACES.has(name) ? pod : `${pod}/${container}`;
  return LATER_NAMESPACES + (streamSeed(0, `${whose}/${name}`) % 100_000);
}

/** Capabilities by the kernel's numbers. */
const CAPABILITIES = [
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE',
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN',
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE',
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE',
]
  .join(' ')
  .split(' ');

/** The sets of a process as /proc shows them: what it can have at most, and what it has. */
function capabilityMasks({ uid, host }: Process): { bounding: string; effective: string } {
  let mask = 0n;
  for (let i = 0; i < CAPABILITIES.length; i++)
    if (host.capabilities === undefined || host.capabilities.has(CAPABILITIES[i])) mask |= 1n << BigInt(i);
  const bounding = mask.toString(16).padStart(16, '0');
  return { bounding, effective: uid === 0 ? bounding : '0'.repeat(16) };
}

function status(process: Process): string {
  const { host, uid, gid, groups = [] } = process;
  const { confinement } = host;
  const { bounding, effective } = capabilityMasks(process);
  const four = (id: number) => `${id}\t${id}\t${id}\t${id}`;
  const none = '0'.repeat(16);
  const filtered = confinement?.seccomp ? 1 : 0;
  const running = process === current.process;
  return (
    [
      `Name:\t${commandOf(process)}`,
      `Umask:\t${(process.umask ?? 0o022).toString(8).padStart(4, '0')}`,
      `State:\t${running ? 'R (running)' : 'S (sleeping)'}`,
      `Tgid:\t${process.pid}`,
      'Ngid:\t0',
      `Pid:\t${process.pid}`,
      `PPid:\t${process.parent?.pid ?? 0}`,
      'TracerPid:\t0',
      `Uid:\t${four(uid)}`,
      `Gid:\t${four(gid)}`,
      'FDSize:\t64',
      `Groups:\t${groups.map((group) => `${group} `).join('')}`,
      `VmRSS:\t${String(Math.ceil((host.facts?.().usageOf(process).memory ?? 0) / 1024)).padStart(8)} kB`,
      'Threads:\t1',
      `CapInh:\t${none}`,
      `CapPrm:\t${effective}`,
      `CapEff:\t${effective}`,
      `CapBnd:\t${bounding}`,
      `CapAmb:\t${none}`,
      `NoNewPrivs:\t${confinement?.noNewPrivileges ? 1 : 0}`,
      `Seccomp:\t${filtered * 2}`,
      `Seccomp_filters:\t${filtered}`,
      'Cpus_allowed:\tf',
      'Cpus_allowed_list:\t0-3',
    ].join('\n') + '\n'
  );
}

function mountLines(host: Host): string {
  return mountTable(host)
    .map(({ path, device, type, readOnly }) => `${device} ${path} ${type} ${readOnly ? 'ro' : 'rw'},relatime 0 0\n`)
    .join('');
}
