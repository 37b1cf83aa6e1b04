// What containers use, as the metrics server asks for it.

import type { PodWorker } from './pod-worker.ts';

/** What a node's own daemons use: kubelet, container runtime, system. Millicores, bytes. */
export const DAEMONS = { cpuMillis: 75, memoryBytes: 420 * 1024 * 1024 };

/** What one container uses, for metrics: CPU over the last quarter of a minute or two, memory now. */
export interface ContainerUsage {
  namespace: string;
  pod: string;
  container: string;
  cpuMillis: number;
  memoryBytes: number;
  /** Virtual time of its start, ms. */
  startedAt: number;
}

export function usageOf(workers: Iterable<PodWorker>): ContainerUsage[] {
  const list: ContainerUsage[] = [];
  for (const worker of workers) {
    const { name = '', namespace = '' } = worker.pod.metadata ?? {};
    worker.records.forEach(({ current }) => {
      if (current?.state !== 'running') return;
      const { cgroup, startedAt } = current;
      list.push({
        namespace,
        pod: name,
        container: current.name,
        cpuMillis: cgroup.cpuMillis,
        memoryBytes: cgroup.memory,
        startedAt,
      });
    });
  }
  return list;
}
