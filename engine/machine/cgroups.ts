// /sys/fs/cgroup of a node (version 2, systemd's names): the slices of Pods as the kubelet makes them, with the limits that
// follow from their requests and limits, a scope for each container, and the machine's own services.

import { quantityMilli, quantityValue } from '../api/quantity.ts';
import type { Container, Kubelet } from '../kubelet/index.ts';
import { weightOf } from '../kubelet/cgroup.ts';
import { ComputedDir, FileNode, type FsNode, tree } from '../linux/index.ts';
import { nodeProcesses } from './node-processes.ts';
import { podSlice, podSliceName, qosOf, ROOT, sandboxId, type Worker } from '../kubelet/pod-slices.ts';

const PERIOD = 100_000;
/** kubelet: evictionHard memory.available, which Pods may use before they are evicted. */
const EVICTION = 100 * 1024 ** 2;
const CONTROLLERS = 'cpuset cpu io memory hugetlb pids rdma misc';
const file = (text: () => string | number) => new FileNode(() => `${text()}\n`, { mode: 0o644 });

interface Group {
  /** Millicores and bytes; undefined: no limit. */
  cpu: number | undefined;
  memory: number | undefined;
  weight: number;
  containers: () => Container[];
  pids: () => number[];
}

/** The interface files of a cgroup. */
function groupFiles({ cpu, memory, weight, containers, pids }: Group): Record<string, FsNode> {
  const sum = (value: (container: Container) => number) =>
    containers().reduce((total, container) => total + value(container), 0);
  const usec = () => Math.round(sum(({ cgroup }) => cgroup.cpuTime) * 1000);
  const kills = () => sum(({ cgroup }) => cgroup.oomKills);
  return {
    'cgroup.controllers': file(() => CONTROLLERS),
    'cgroup.procs': file(() => pids().join('\n')),
    'cpu.max': file(() => `${cpu === undefined ? 'max' : Math.max(1000, (cpu * PERIOD) / 1000)} ${PERIOD}`),
    'cpu.stat': file(() => {
      const periods = sum(({ cgroup }) => cgroup.throttling.periods);
      const throttled = sum(({ cgroup }) => cgroup.throttling.throttled);
      return `usage_usec ${usec()}\nnr_periods ${periods}\nnr_throttled ${throttled}`;
    }),
    'cpu.weight': file(() => weight),
    'memory.current': file(() => sum(({ cgroup }) => cgroup.memory)),
    'memory.events': file(
      () => `low 0\nhigh 0\nmax ${kills()}\noom ${kills()}\noom_kill ${kills()}\noom_group_kill ${kills()}`,
    ),
    'memory.max': file(() => (memory === undefined ? 'max' : Math.floor(memory / 4096) * 4096)),
    'pids.current': file(() => pids().length),
  };
}

/** A directory with files, and with directories that come and go. */
function directory(files: Record<string, FsNode>, children: () => Map<string, () => FsNode>): FsNode {
  return new ComputedDir(() => ({
    names: () => [...Object.keys(files), ...children().keys()].sort(),
    entry: (name) => files[name] ?? children().get(name)?.(),
  }));
}

const containersOf = (worker: Worker): Container[] => {
  const list: Container[] = [];
  worker.records.forEach(({ current }) => {
    if (current?.state === 'running') list.push(current);
  });
  return list;
};

const total = (values: readonly (number | undefined)[]): number | undefined =>
  values.length === 0 || values.includes(undefined)
    ? undefined
    : (values as number[]).reduce((sum, one) => sum + one, 0);

/** /sys of a node. */
export function sysEntries(kubelet: Kubelet): { names(): string[]; entry(name: string): FsNode | undefined } {
  const fs = directory({}, () => new Map([['cgroup', () => cgroupTree(kubelet)]]));
  return { names: () => ['fs'], entry: (name) => (name === 'fs' ? fs : undefined) };
}

function cgroupTree(kubelet: Kubelet): FsNode {
  const facts = () => kubelet.machine.facts?.();
  const pidsIn = (path: string): number[] => {
    const known = facts();
    if (!known) return [];
    const all = [...kubelet.machine.processes.values(), ...nodeProcesses(kubelet)];
    return all.filter((process) => known.cgroupOf(process) === path).map(({ pid }) => pid);
  };
  const workers = (qos: string) => [...kubelet.workers.values()].filter((one) => one.sandbox && qosOf(one) === qos);
  const all = (list: readonly Worker[]) => list.flatMap(containersOf);
  const requests = (list: readonly Worker[]) =>
    all(list).reduce((sum, { cgroup }) => sum + cgroup.limits.cpuRequest, 0);

  const container = (one: Container, path: string): FsNode => {
    const { limits } = one.cgroup;
    return directory(
      groupFiles({
        cpu: limits.cpu,
        memory: limits.memory,
        weight: weightOf(limits.cpuRequest),
        containers: () => [one],
        pids: () => pidsIn(path),
      }),
      () => new Map(),
    );
  };
  const pod = (worker: Worker): FsNode => {
    const path = podSlice(worker);
    const running = containersOf(worker);
    const own = worker.pod.spec?.resources?.limits;
    const sandbox = `cri-containerd-${sandboxId(worker)}.scope`;
    const nothing: Group = {
      cpu: undefined,
      memory: undefined,
      weight: 1,
      containers: () => [],
      pids: () => pidsIn(`${path}/${sandbox}`),
    };
    return directory(
      groupFiles({
        // kubelet: ResourceConfigForPod: limits only where every container has one.
        cpu: own?.cpu ? quantityMilli(own.cpu) : total(running.map(({ cgroup }) => cgroup.limits.cpu)),
        memory: total(running.map(({ cgroup }) => cgroup.limits.memory)),
        weight: weightOf(requests([worker])),
        containers: () => containersOf(worker),
        pids: () => [],
      }),
      () => {
        const names = new Map<string, () => FsNode>();
        for (const one of containersOf(worker)) {
          const name = `cri-containerd-${one.id}.scope`;
          names.set(name, () => container(one, `${path}/${name}`));
        }
        names.set(sandbox, () => directory(groupFiles(nothing), () => new Map()));
        return names;
      },
    );
  };
  const slices = (qos: string) => new Map(workers(qos).map((worker) => [podSliceName(worker), () => pod(worker)]));
  const quality = (qos: string): FsNode =>
    directory(
      groupFiles({
        cpu: undefined,
        memory: undefined,
        weight: qos === 'BestEffort' ? 1 : weightOf(requests(workers(qos))),
        containers: () => all(workers(qos)),
        pids: () => [],
      }),
      () => slices(qos),
    );
  const kubepods = (): FsNode => {
    const { allocatable } = kubelet;
    return directory(
      groupFiles({
        cpu: undefined,
        memory: quantityValue(allocatable.memory) + EVICTION,
        weight: weightOf(quantityMilli(allocatable.cpu)),
        containers: () => all([...kubelet.workers.values()]),
        pids: () => [],
      }),
      () =>
        new Map<string, () => FsNode>([
          ['kubepods-besteffort.slice', () => quality('BestEffort')],
          ['kubepods-burstable.slice', () => quality('Burstable')],
          ...slices('Guaranteed'),
        ]),
    );
  };
  const plain = (path: string): FsNode => tree({ '/cgroup.procs': file(() => pidsIn(path).join('\n')) });
  const units = (slice: string): FsNode =>
    directory({ 'cgroup.procs': file(() => '') }, () => {
      const known = facts();
      const names = new Map<string, () => FsNode>();
      const list = [...kubelet.machine.processes.values(), ...nodeProcesses(kubelet)];
      for (const process of list) {
        const path = known?.cgroupOf(process) ?? '';
        if (path.startsWith(`/${slice}/`)) names.set(path.split('/')[2], () => plain(path));
      }
      return names;
    });
  return directory(
    {
      'cgroup.controllers': file(() => CONTROLLERS),
      'cgroup.procs': file(() => ''),
      'cgroup.subtree_control': file(() => 'cpuset cpu io memory hugetlb pids rdma misc'),
    },
    () =>
      new Map<string, () => FsNode>([
        ['init.scope', () => plain('/init.scope')],
        [ROOT, kubepods],
        ['system.slice', () => units('system.slice')],
        ['user.slice', () => units('user.slice')],
      ]),
  );
}
