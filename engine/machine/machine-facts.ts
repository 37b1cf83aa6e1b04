// What the kernel of a node tells of it: memory and CPU time as containers and daemons use them, in which cgroup a process
// is, and its own log, where it says whom it has ended for want of memory.

import type { Container, Kubelet } from '../kubelet/index.ts';
import type { MachineFacts } from '../linux/index.ts';
import { podSlice, type Worker } from '../kubelet/pod-slices.ts';
import { nodeProcesses, original, SERVICE_UNITS } from './node-processes.ts';

/** engine/kubelet/usage.ts: what the daemons of a node use together, here by process. Millicores, bytes. */
const MIB = 1024 ** 2;
const DAEMONS: Readonly<Record<string, { cpuMillis: number; memory: number }>> = {
  init: { cpuMillis: 1, memory: 13 * MIB },
  runtime: { cpuMillis: 24, memory: 62 * MIB },
  kubelet: { cpuMillis: 48, memory: 97 * MIB },
  sshd: { cpuMillis: 0, memory: 8 * MIB },
  shim: { cpuMillis: 0, memory: 10 * MIB },
  pause: { cpuMillis: 0, memory: 1 * MIB },
};
/** What the kernel and all else hold. */
const REST = { cpuMillis: 75, memory: 420 * MIB };
/** A command that a person has typed. */
const COMMAND = { memory: 4 * MIB, cpuTime: 0, cpuMillis: 0 };

const KERNEL_LOGS = new WeakMap<Kubelet, { boot: number; lines: { time: number; text: string }[] }>();

function kernelLog(kubelet: Kubelet): { time: number; text: string }[] {
  const { bootedAt, machine } = kubelet;
  const known = KERNEL_LOGS.get(kubelet);
  if (known?.boot === bootedAt) return known.lines;
  const { release, version } = machine.kernel;
  const total = Math.round(memoryOf(kubelet) / 1024);
  const lines = [
    `Linux version ${release} (debian-kernel@lists.debian.org) (x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0, GNU ld (GNU Binutils for Debian) 2.44) ${version}`,
    `Command line: ${commandLine(release)}`,
    `Memory: ${total}K/${total}K available`,
    `smp: Brought up 1 node, ${kubelet.capacity.cpu} CPUs`,
    'EXT4-fs (vda1): mounted filesystem with ordered data mode. Quota mode: none.',
    `systemd[1]: Hostname set to <${machine.hostname}>.`,
  ].map((text) => ({ time: bootedAt, text }));
  KERNEL_LOGS.set(kubelet, { boot: bootedAt, lines });
  return lines;
}

export const commandLine = (release: string): string => `BOOT_IMAGE=/boot/vmlinuz-${release} root=/dev/vda1 ro quiet`;

/** By quality of service (kubelet: qos.GetContainerOOMScoreAdjust). */
function oomScore({ pod }: Worker, container: Container, capacity: number): number {
  const { limits } = container.cgroup;
  const qos = pod.status?.qosClass ?? 'BestEffort';
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const request = container.resources.requests?.memory;
  const bytes = request === undefined ? 0 : (quantity(request) ?? limits.memory ?? 0);
  return Math.min(999, Math.max(3, Math.trunc(1000 - (1000 * bytes) / capacity)));
}

const quantity = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|k|M|G)?$/.exec(text);
  const units: Readonly<Record<string, number>> = { Ki: 1024, Mi: MIB, Gi: 1024 ** 3, k: 1e3, M: 1e6, G: 1e9 };
  return match ? Number(match[1]) * (units[match[2]] ?? 1) : undefined;
};

/** The lines that the kernel writes when a container's cgroup has no more room. */
export function noteOutOfMemory(worker: Worker, container: Container) {
  const { kubelet } = worker;
  const { process, cgroup } = container;
  if (!process) return;
  const node = nodeProcesses(kubelet).find((one) => original(one) === process);
  // It is ending already.
  if (!node) return;
  const { pid } = node;
  const task = process.argv[0].replace(/^.*\//, '').slice(0, 15);
  const path = `${podSlice(worker)}/cri-containerd-${container.id}.scope`;
  const kb = (bytes: number) => `${Math.ceil(bytes / 4096) * 4}kB`;
  const held = Math.min(cgroup.memory, cgroup.limits.memory ?? cgroup.memory);
  const score = oomScore(worker, container, memoryOf(kubelet));
  const time = kubelet.sim.now;
  const limit = cgroup.limits.memory ?? 0;
  kernelLog(kubelet).push(
    ...[
      `${task} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=${score}`,
      `memory: usage ${Math.floor(held / 1024)}kB, limit ${Math.floor(limit / 1024)}kB, failcnt ${cgroup.oomKills}`,
      `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=cri-containerd-${container.id}.scope,mems_allowed=0,oom_memcg=${path},task_memcg=${path},task=${task},pid=${pid},uid=${process.uid}`,
      `Memory cgroup out of memory: Killed process ${pid} (${task}) total-vm:${kb(held)}, anon-rss:${kb(held)}, file-rss:0kB, shmem-rss:0kB, UID:${process.uid} pgtables:${kb(held / 512)} oom_score_adj:${score}`,
    ].map((text) => ({ time, text })),
  );
}

const memoryOf = ({ capacity }: Kubelet): number => quantity(capacity.memory ?? '') ?? 8 * 1024 ** 3;

function running(kubelet: Kubelet): { worker: Worker; container: Container }[] {
  const list: { worker: Worker; container: Container }[] = [];
  kubelet.workers.forEach((worker) =>
    worker.records.forEach(({ current }) => {
      if (current?.state === 'running') list.push({ worker, container: current });
    }),
  );
  return list;
}

export function machineFacts(kubelet: Kubelet): MachineFacts {
  const { sim, bootedAt } = kubelet;
  const list = running(kubelet);
  const byHost = new Map<unknown, { worker: Worker; container: Container }>();
  for (const one of list) if (one.container.host) byHost.set(one.container.host, one);
  const sum = (value: (container: Container) => number) =>
    list.reduce((total, { container }) => total + value(container), 0);
  return {
    bootedAt,
    cpus: Math.max(1, Math.round(Number(kubelet.capacity.cpu) || 4)),
    memory: memoryOf(kubelet),
    usedMemory: REST.memory + sum(({ cgroup }) => cgroup.memory),
    cpuMillis: REST.cpuMillis + sum(({ cgroup }) => cgroup.cpuMillis),
    cpuTime: ((sim.now - bootedAt) * REST.cpuMillis) / 1000 + kubelet.spentCPU + sum(({ cgroup }) => cgroup.cpuTime),
    kernelLog: kernelLog(kubelet),
    cgroupOf(process) {
      const unit = SERVICE_UNITS.get(process);
      if (unit) return unit.path;
      const own = original(process);
      const found = byHost.get(own.host);
      if (found) return `${podSlice(found.worker)}/cri-containerd-${found.container.id}.scope`;
      if (own.argv[0]?.startsWith('sshd: ')) return '/system.slice/ssh.service';
      return '/user.slice/user-0.slice/session-1.scope';
    },
    usageOf(process) {
      const unit = SERVICE_UNITS.get(process);
      const daemon = unit && DAEMONS[unit.kind];
      if (daemon) {
        const { cpuMillis, memory } = daemon;
        return { cpuMillis, memory, cpuTime: ((sim.now - (process.startedAt ?? sim.now)) * cpuMillis) / 1000 };
      }
      const own = original(process);
      const container = byHost.get(own.host)?.container;
      // A container's own process has all of what it uses.
      if (!container || container.process !== own) return COMMAND;
      const { cgroup } = container;
      return { memory: cgroup.memory, cpuTime: cgroup.cpuTime, cpuMillis: cgroup.cpuMillis };
    },
  };
}
