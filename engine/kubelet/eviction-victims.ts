// Whom node-pressure eviction ends, and which Pods have more on the disk than they declare.

import { formatQuantity, quantityValue } from '../api/quantity.ts';
import type { Pod, PodSpec } from '../api/types.ts';
import { threshold } from './changed-config.ts';
import type { Tuning } from './config-file.ts';
import { isCritical, type Resource, type Signal, type Threshold } from './eviction.ts';
import { removeUnused } from './image-gc.ts';
import type { Kubelet } from './kubelet.ts';
import type { PodWorker } from './pod-worker.ts';

/** Throws away images where that helps, else ends one Pod. */
export function reclaim(kubelet: Kubelet, threshold: Threshold, available: number, imagesInUse: () => Set<string>) {
  const { node, recorder, tuning } = kubelet;
  const { signal } = threshold;
  const ref = { kind: 'Node', name: node.name, uid: node.name, apiVersion: 'v1' };
  recorder.event(ref, 'Warning', 'EvictionThresholdMet', `Attempting to reclaim ${signal.resource}`);
  if (signal.resource === 'ephemeral-storage') {
    removeUnused(kubelet, imagesInUse());
    if (signal.available() >= threshold.amount + threshold.reclaim) return;
  }
  const worker = ranked(kubelet, signal)[0]?.worker;
  if (!worker) return;
  const text = signal.resource === 'pids' ? String : amount;
  let message = `The node was low on resource: ${signal.resource}. Threshold quantity: ${text(threshold.amount)}, available: ${text(available)}. `;
  worker.records.forEach(({ current }) => {
    if (current?.state !== 'running' || signal.resource === 'pids') return;
    const used = signal.resource === 'memory' ? current.cgroup.memory : current.diskBytes;
    const asked = containerRequest(worker.pod, current.name, signal.resource);
    if (used > asked) {
      message += `Container ${current.name} was using ${amount(used)}, request is ${amount(asked)}, has larger consumption of ${signal.resource}. `;
    }
  });
  const own = worker.pod.spec?.terminationGracePeriodSeconds ?? Infinity;
  // A soft eviction lets the Pod end by itself, within limits.
  worker.evict(message, threshold.grace === undefined ? undefined : Math.min(tuning.eviction.maxGrace, own));
}

/** The thresholds of a configuration: the hard ones as they are, one of processes, and the soft ones. Memory goes first. */
export function thresholdsOf(
  { eviction }: Tuning,
  hard: readonly Threshold[],
  signals: readonly Signal[],
  most: Readonly<Record<Resource, number>>,
): Threshold[] {
  const bytes = (name: string, text: string) => {
    const signal = signals.find((one) => one.name === name) as Signal;
    return { signal, amount: threshold(text, String(most[signal.resource])) };
  };
  const list: Threshold[] = hard.map(({ signal, amount: least }) => ({ signal, amount: least, reclaim: 0 }));
  if (eviction.pids) list.push({ ...bytes('pid.available', eviction.pids), reclaim: 0 });
  for (const { signal: name, amount: text, grace } of eviction.soft) {
    if (signals.some((one) => one.name === name)) list.push({ ...bytes(name, text), grace, reclaim: 0 });
  }
  for (const one of list) {
    const more = eviction.minimumReclaim[one.signal.name];
    if (more !== undefined) one.reclaim = threshold(more, String(most[one.signal.resource]));
  }
  const last = ({ signal }: Threshold) => (signal.resource === 'memory' ? 0 : 1);
  return list.sort((a, b) => last(a) - last(b));
}

/** Pods in the order in which they go (kubelet: rankMemoryPressure, rankDiskPressureFunc). */
function ranked(kubelet: Kubelet, signal: Signal) {
  const candidates: { worker: PodWorker; usage: number; request: number; priority: number }[] = [];
  kubelet.workers.forEach((worker) => {
    if (worker.phase !== 'syncing' || isCritical(worker.pod) || worker.failure) return;
    const usage = signal.usage(worker);
    const request = signal.request(worker.pod);
    candidates.push({ worker, usage, request, priority: worker.pod.spec?.priority ?? 0 });
  });
  const over = ({ usage, request }: { usage: number; request: number }) => (usage > request ? 0 : 1);
  // kubelet: rankPIDPressure knows no requests.
  if (signal.resource === 'pids') return candidates.sort((a, b) => a.priority - b.priority || b.usage - a.usage);
  return candidates.sort(
    (a, b) => over(a) - over(b) || a.priority - b.priority || b.usage - b.request - (a.usage - a.request),
  );
}

function containerRequest(pod: Pod, name: string, resource: Resource): number {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const request = all.find((container) => container.name === name)?.resources?.requests?.[resource];
  return request === undefined ? 0 : quantityValue(request);
}

/** What a Pod that declares limits has too much of. */
export function storageExcess(worker: PodWorker): string | undefined {
  const spec = worker.pod.spec as PodSpec;
  for (const { name, emptyDir } of spec.volumes ?? []) {
    if (emptyDir?.sizeLimit === undefined) continue;
    if (worker.volumes.bytes(name) > quantityValue(emptyDir.sizeLimit)) {
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${emptyDir.sizeLimit}". `;
    }
  }
  let total = 0;
  let all = true;
  for (const { resources } of spec.containers) {
    const limit = resources?.limits?.['ephemeral-storage'];
    if (limit === undefined) all = false;
    else total += quantityValue(limit);
  }
  if (all && worker.diskBytes > total) {
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${amount(total)}. `;
  }
  for (const { name, resources } of spec.containers) {
    const limit = resources?.limits?.['ephemeral-storage'];
    const current = worker.records.get(name)?.current;
    if (limit === undefined || current?.state !== 'running') continue;
    if (current.diskBytes > quantityValue(limit)) {
      return `Container ${name} exceeded its local ephemeral storage limit "${limit}". `;
    }
  }
  return undefined;
}

/** Bytes as Go prints a binary quantity. */
function amount(bytes: number): string {
  return formatQuantity({ nanos: BigInt(Math.max(0, Math.floor(bytes))) * 1_000_000_000n, format: 'BinarySI' });
}
