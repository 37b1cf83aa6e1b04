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

// kubelet: evictionHard's defaults.
const MEMORY_AVAILABLE = 100 * 1024 ** 2;
const NODEFS_AVAILABLE = 0.1;
const GC_EVERY_MS = 300_000;
/** More than this share of the disk has to stay free only where somebody has configured it. */
const EARLY = 0.25;
/** What an operating system and its daemons take of a node. */
const SYSTEM_MEMORY = 600 * 1024 ** 2;
const SYSTEM_DISK = 8 * 1024 ** 3;
const SYSTEM_PROCESSES = 120;
/** system-node-critical and above. */
const CRITICAL = 2_000_000_000;

export type Resource = 'memory' | 'ephemeral-storage' | 'pids';

export interface Signal {
  /** As evictionHard names it. */
  name: string;
  resource: Resource;
  condition: 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';
  reason: string;
  /** Events on the node. */
  short: string;
  sufficient: string;
  message: string;
  available: () => number;
  usage: (worker: PodWorker) => number;
  request: (pod: Pod) => number;
}

/** Pods go when less than `amount` of it is left, and has been for so long. */
export interface Threshold {
  signal: Signal;
  amount: number;
  /** ms; undefined: a hard one. */
  grace?: number;
  /** Beyond the amount, which also has to come free until it is not met any more. */
  reclaim: number;
  metSince?: number;
}

export class EvictionManager {
  private readonly kubelet: Kubelet;
  private readonly status: NodeStatusManager;
  readonly signals: readonly Signal[];
  private thresholds: Threshold[];
  private readonly diskBytes: number;
  private readonly memoryBytes: number;
  /** Bytes that fill-disk keeps. */
  private ballast = 0;
  /** When each pressure was last observed, by condition. */
  private readonly seen = new Map<string, number>();
  private collectedAt = 0;
  /** Something is to happen long before the disk is full. */
  private strict = false;
  /** Pods that declare limits on local storage. */
  private readonly limited = new Set<PodWorker>();

  constructor(kubelet: Kubelet, status: NodeStatusManager) {
    this.kubelet = kubelet;
    this.status = status;
    this.diskBytes = quantityValue(status.capacity['ephemeral-storage']);
    this.memoryBytes = quantityValue(status.capacity.memory);
    this.signals = [
      {
        name: 'memory.available',
        resource: 'memory',
        condition: 'MemoryPressure',
        reason: 'KubeletHasInsufficientMemory',
        short: 'NodeHasInsufficientMemory',
        sufficient: 'NodeHasSufficientMemory',
        message: 'kubelet has insufficient memory available',
        available: () => this.memoryBytes - SYSTEM_MEMORY - this.sum((worker) => worker.memory),
        usage: (worker) => worker.memory,
        request: (pod) => podRequests(pod.spec as PodSpec).memory,
      },
      {
        name: 'nodefs.available',
        resource: 'ephemeral-storage',
        condition: 'DiskPressure',
        reason: 'KubeletHasDiskPressure',
        short: 'NodeHasDiskPressure',
        sufficient: 'NodeHasNoDiskPressure',
        message: 'kubelet has disk pressure',
        available: () => (this.diskQuiet ? Infinity : this.diskBytes - this.diskUsed),
        usage: (worker) => worker.diskBytes,
        request: (pod) => storageRequest(pod),
      },
      {
        name: 'pid.available',
        resource: 'pids',
        condition: 'PIDPressure',
        reason: 'KubeletHasInsufficientPID',
        short: 'NodeHasInsufficientPID',
        sufficient: 'NodeHasSufficientPID',
        message: 'kubelet has insufficient PID available',
        available: () => this.maxProcesses - SYSTEM_PROCESSES - this.sum((worker) => worker.processes),
        usage: (worker) => worker.processes,
        request: () => 0,
      },
    ];
    const [memory, disk] = this.signals;
    this.thresholds = [
      { signal: memory, amount: MEMORY_AVAILABLE, reclaim: 0 },
      { signal: disk, amount: Math.floor(this.diskBytes * NODEFS_AVAILABLE), reclaim: 0 },
    ];
  }

  /** Bytes that have to stay free. */
  setThresholds({ memory, disk }: { memory: number; disk: number }) {
    for (const threshold of this.thresholds) {
      if (threshold.grace !== undefined) continue;
      if (threshold.signal.resource === 'memory') threshold.amount = memory;
      if (threshold.signal.resource === 'ephemeral-storage') threshold.amount = disk;
    }
    this.heed();
  }

  private heed() {
    const early = this.diskBytes * EARLY;
    const { high } = this.kubelet.tuning.imageGC;
    this.strict =
      this.diskBytes * (1 - high) > early ||
      this.thresholds.some(({ signal, amount }) => signal.resource === 'ephemeral-storage' && amount > early);
  }

  /** Those that a configuration adds to the two hard ones, and what it says of them. */
  tune(
    change: (hard: readonly Threshold[], signals: readonly Signal[], most: Record<Resource, number>) => Threshold[],
  ) {
    const hard = this.thresholds.filter(({ grace, signal }) => grace === undefined && signal.resource !== 'pids');
    const most = { memory: this.memoryBytes, 'ephemeral-storage': this.diskBytes, pids: this.maxProcesses };
    this.thresholds = change(hard, this.signals, most);
    this.heed();
  }

  /** Linux: threads-max, of which one is for every 128 KiB of memory. */
  private get maxProcesses(): number {
    return Math.floor(this.memoryBytes / 131_072);
  }

  private sum(of: (worker: PodWorker) => number): number {
    let sum = 0;
    this.kubelet.workers.forEach((worker) => (sum += of(worker)));
    return sum;
  }

  /** What Pods write here never fills a disk by itself: without images and ballast there is nothing to measure. */
  private get diskQuiet(): boolean {
    return this.ballast === 0 && !this.strict && this.kubelet.images.bytes < this.diskBytes / 2;
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
    let shortest: { threshold: Threshold; available: number } | undefined;
    for (const threshold of this.thresholds) {
      const { signal, amount, reclaim, grace = 0 } = threshold;
      const available = signal.available();
      if (available >= amount + (threshold.metSince === undefined ? 0 : reclaim)) {
        threshold.metSince = undefined;
        continue;
      }
      threshold.metSince ??= sim.now;
      const fresh = !this.seen.has(signal.condition);
      this.seen.set(signal.condition, sim.now);
      if (fresh) this.status.pressureChanged(signal.short);
      if (sim.now - threshold.metSince >= grace) shortest ??= { threshold, available };
    }
    if (this.seen.size) this.relax();
    if (!shortest) return;
    const { threshold, available } = shortest;
    part('kubelet').reclaim(this.kubelet, threshold, available, () => this.imagesInUse());
  }

  /** Pressures end when they have not been seen for a while. */
  private relax() {
    const { sim, tuning } = this.kubelet;
    for (const { condition, sufficient } of this.signals) {
      const since = this.seen.get(condition);
      if (since === undefined || sim.now === since || sim.now - since < tuning.eviction.transition) continue;
      this.seen.delete(condition);
      this.status.pressureChanged(sufficient);
    }
  }

  /** kubelet: image garbage collection, every five minutes. */
  private collect() {
    const { sim, tuning } = this.kubelet;
    if (sim.now - this.collectedAt < GC_EVERY_MS) return;
    this.collectedAt = sim.now;
    if (this.diskQuiet && tuning.imageGC.maximumAge === 0) return;
    part('kubelet').collectImages(this.kubelet, this.diskUsed, this.diskBytes, this.imagesInUse());
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
