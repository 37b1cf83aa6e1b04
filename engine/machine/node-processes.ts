// The processes of containers as their node sees them: the same ones, under numbers of the node's own.

import type { Kubelet } from '../kubelet/index.ts';
import type { Process } from '../linux/index.ts';

/** Where the numbers of containers' processes begin on a node. */
const FIRST = 2001;
const seen = new WeakMap<Process, Process>();
const next = new WeakMap<Kubelet, number>();

export function nodeProcesses(kubelet: Kubelet): Process[] {
  const found = new Set<Process>();
  kubelet.workers.forEach((worker) =>
    worker.records.forEach(({ current }) => {
      const host = current?.host;
      // With hostPID they are among the node's already.
      if (host && host.pids !== kubelet.machine.pids) host.processes.forEach((process) => found.add(process));
    }),
  );
  return [...found]
    .sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0))
    .map((process) => {
      let own = seen.get(process);
      if (!own) {
        const pid = next.get(kubelet) ?? FIRST;
        next.set(kubelet, pid + 1);
        const signal = (name: string) => process.signal(name);
        own = Object.create(process, { pid: { value: pid }, signal: { value: signal } }) as Process;
        seen.set(process, own);
      }
      return own;
    });
}
