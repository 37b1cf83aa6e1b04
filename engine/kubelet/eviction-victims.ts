// Whom node-pressure eviction ends, and which Pods have more on the disk than they declare.

import { formatQuantity, quantityValue } from '../api/quantity.ts';
import type { Pod, PodSpec } from '../api/types.ts';
import { isCritical, type Resource, type Signal } from './eviction.ts';
import type { Kubelet } from './kubelet.ts';
import type { PodWorker } from './pod-worker.ts';

/** Throws away images where that helps, else ends one Pod. */
export function reclaim(kubelet: Kubelet, signal: Signal, available: number, imagesInUse: () => Set<string>) {
  const { node, recorder } = kubelet;
  const ref = { kind: 'Node', name: node.name, uid: node.name, apiVersion: 'v1' };
  recorder.event(ref, 'Warning', 'EvictionThresholdMet', `Attempting to reclaim ${signal.resource}`);
  if (signal.resource === 'ephemeral-storage') {
    kubelet.images.collect(Infinity, imagesInUse());
    if (signal.available() >= signal.threshold) return;
  }
  const worker = ranked(kubelet, signal)[0]?.worker;
  if (!worker) return;
  let message = `The node was low on resource: ${signal.resource}. Threshold quantity: ${amount(signal.threshold)}, available: ${amount(available)}. `;
  worker.records.forEach(({ current }) => {
    if (current?.state !== 'running') return;
    const used = signal.resource === 'memory' ? current.cgroup.memory : current.diskBytes;
    const asked = containerRequest(worker.pod, current.name, signal.resource);
    if (used > asked) {
      message += `Container ${current.name} was using ${amount(used)}, request is ${amount(asked)}, has larger consumption of ${signal.resource}. `;
    }
  });
  worker.evict(message);
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
