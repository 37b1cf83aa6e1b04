// Node-pressure eviction: when memory or disk runs short, the kubelet says so in the node's conditions, throws away
// what it can spare and then ends Pods, one a round, those first that use more than they asked for.

import { quantityValue } from '../api/quantity.ts';
import type { Pod, PodSpec } from '../api/types.ts';
import { podQOSClass } from '../api/qos.ts';
import type { MountOptions } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Kubelet } from './kubelet.ts';
import { PRESSURES, type NodeStatusManager, type Verdict } from './node-status.ts';
import type { PodWorker } from './pod-worker.ts';
import { podRequests } from './pod-spec.ts';

// kubelet: evictionHard's defaults, evictionPressureTransitionPeriod, imageGCHigh/LowThresholdPercent.
const MEMORY_AVAILABLE = 100 * 1024 ** 2;
const NODEFS_AVAILABLE = 0.1;
const TRANSITION_MS = 300_000;
const GC_HIGH = 0.85;
const GC_LOW = 0.8;
const GC_EVERY_MS = 300_000;
/** What an operating system and its daemons take of a node. */
const SYSTEM_MEMORY = 600 * 1024 ** 2;
const SYSTEM_DISK = 8 * 1024 ** 3;
/** system-node-critical and above. */
const CRITICAL = 2_000_000_000;

export type Resource = 'memory' | 'ephemeral-storage';

export interface Signal {
  resource: Resource;
  condition: 'MemoryPressure' | 'DiskPressure';
  reason: string;
  sufficient: string;
  message: string;
  threshold: number;
  available: () => number;
  usage: (worker: PodWorker) => number;
  request: (pod: Pod) => number;
}

export class EvictionManager {
  private readonly kubelet: Kubelet;
  private readonly status: NodeStatusManager;
  private readonly signals: readonly Signal[];
  private readonly diskBytes: number;
  private readonly memoryBytes: number;
  /** Bytes that fill-disk keeps. */
  private ballast = 0;
  /** When each pressure was last observed, by condition. */
  private readonly seen = new Map<string, number>();
  private collectedAt = 0;
  /** Pods that declare limits on local storage. */
  private readonly limited = new Set<PodWorker>();

  constructor(kubelet: Kubelet, status: NodeStatusManager) {
    this.kubelet = kubelet;
    this.status = status;
    this.diskBytes = quantityValue(status.capacity['ephemeral-storage']);
    this.memoryBytes = quantityValue(status.capacity.memory);
    this.signals = [
      {
        resource: 'memory',
        condition: 'MemoryPressure',
        reason: 'KubeletHasInsufficientMemory',
        sufficient: 'NodeHasSufficientMemory',
        message: 'kubelet has insufficient memory available',
        threshold: MEMORY_AVAILABLE,
        available: () => this.memoryBytes - SYSTEM_MEMORY - this.sum((worker) => worker.memory),
        usage: (worker) => worker.memory,
        request: (pod) => podRequests(pod.spec as PodSpec).memory,
      },
      {
        resource: 'ephemeral-storage',
        condition: 'DiskPressure',
        reason: 'KubeletHasDiskPressure',
        sufficient: 'NodeHasNoDiskPressure',
        message: 'kubelet has disk pressure',
        threshold: Math.floor(this.diskBytes * NODEFS_AVAILABLE),
        available: () => (this.diskQuiet ? Infinity : this.diskBytes - this.diskUsed),
        usage: (worker) => worker.diskBytes,
        request: (pod) => storageRequest(pod),
      },
    ];
  }

  /** Bytes that have to stay free. */
  setThresholds({ memory, disk }: { memory: number; disk: number }) {
    this.signals[0].threshold = memory;
    this.signals[1].threshold = disk;
  }

  private sum(of: (worker: PodWorker) => number): number {
    let sum = 0;
    this.kubelet.workers.forEach((worker) => (sum += of(worker)));
    return sum;
  }

  /** What Pods write here never fills a disk by itself: without images and ballast there is nothing to measure. */
  private get diskQuiet(): boolean {
    return this.ballast === 0 && this.kubelet.images.bytes < this.diskBytes / 2;
  }

  /** The node's disk, as what is mounted from it shows it. */
  get disk(): MountOptions {
    return { device: '/dev/vda1', type: 'ext4', size: () => this.diskBytes, used: () => this.diskUsed };
  }

  private get diskUsed(): number {
    return SYSTEM_DISK + this.ballast + this.kubelet.images.bytes + this.sum((worker) => worker.diskBytes);
  }

  watch(worker: PodWorker) {
    if (declaresStorageLimits(worker.pod.spec as PodSpec)) this.limited.add(worker);
  }

  unwatch(worker: PodWorker) {
    this.limited.delete(worker);
  }

  fill(free: number | undefined) {
    this.ballast = 0;
    if (free !== undefined) this.ballast = Math.max(0, Math.floor(this.diskBytes * (1 - free)) - this.diskUsed);
  }

  /** The node's pressure conditions. */
  verdicts(): readonly Verdict[] {
    if (this.seen.size === 0) return PRESSURES;
    return PRESSURES.map((fine) => {
      const signal = this.signals.find(({ condition }) => condition === fine.type);
      if (!signal || !this.seen.has(fine.type)) return fine;
      return { type: fine.type, status: 'True', reason: signal.reason, message: signal.message };
    });
  }

  /** The conditions that keep a new Pod away; undefined: it may come. */
  refuses(pod: Pod): string | undefined {
    if (this.seen.size === 0 || isCritical(pod)) return undefined;
    const names = [...this.seen.keys()];
    if (names.length === 1 && names[0] === 'MemoryPressure') {
      if (podQOSClass(pod.spec as PodSpec) !== 'BestEffort') return undefined;
      if (pod.spec?.tolerations?.some(({ key }) => key === 'node.kubernetes.io/memory-pressure')) return undefined;
    }
    return `The node had condition: [${names.sort().join(', ')}]. `;
  }

  /** One round: every 10 s. */
  synchronize() {
    const { sim } = this.kubelet;
    this.limits();
    this.collect();
    let shortest: { signal: Signal; available: number } | undefined;
    for (const signal of this.signals) {
      const available = signal.available();
      const short = available < signal.threshold;
      const since = this.seen.get(signal.condition);
      if (short) {
        this.seen.set(signal.condition, sim.now);
        if (since === undefined)
          this.status.pressureChanged(
            signal.condition === 'DiskPressure' ? 'NodeHasDiskPressure' : 'NodeHasInsufficientMemory',
          );
        shortest ??= { signal, available };
      } else if (since !== undefined && sim.now - since >= TRANSITION_MS) {
        this.seen.delete(signal.condition);
        this.status.pressureChanged(signal.sufficient);
      }
    }
    if (shortest) part('kubelet').reclaim(this.kubelet, shortest.signal, shortest.available, () => this.imagesInUse());
  }

  /** kubelet: image garbage collection, every five minutes. */
  private collect() {
    const { sim, images } = this.kubelet;
    if (sim.now - this.collectedAt < GC_EVERY_MS) return;
    this.collectedAt = sim.now;
    if (this.diskQuiet) return;
    const used = this.diskUsed;
    if (used < this.diskBytes * GC_HIGH) return;
    images.collect(used - this.diskBytes * GC_LOW, this.imagesInUse());
  }

  private imagesInUse(): Set<string> {
    const used = new Set<string>();
    this.kubelet.workers.forEach((worker) =>
      worker.records.forEach(({ current }) => {
        if (current && current.state !== 'exited') used.add(current.config.image.reference);
      }),
    );
    return used;
  }

  /** Local storage limits of Pods, containers and emptyDirs (kubelet: localStorageEviction). */
  private limits() {
    this.limited.forEach((worker) => {
      if (worker.phase !== 'syncing') return;
      const message = part('kubelet').storageExcess(worker);
      if (message) worker.evict(message);
    });
  }
}

export function isCritical(pod: Pod): boolean {
  const { annotations } = pod.metadata ?? {};
  return annotations?.['kubernetes.io/config.source'] === 'file' || (pod.spec?.priority ?? 0) >= CRITICAL;
}

function storageRequest(pod: Pod): number {
  let sum = 0;
  for (const { resources } of pod.spec?.containers ?? [])
    sum += quantityValue(resources?.requests?.['ephemeral-storage'] ?? '0');
  return sum;
}

/** Whether any limit on local storage is declared: most Pods have none. */
function declaresStorageLimits(spec: PodSpec): boolean {
  return (
    (spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) ||
    spec.containers.some(({ resources }) => resources?.limits?.['ephemeral-storage'] !== undefined)
  );
}
