// The scheduling queue: Pods to try now (active), Pods that wait out a back-off, and Pods that were refused and wait
// for something to change (kubernetes/pkg/scheduler/backend/queue).

import type { Sim, Timer } from '../sim/index.ts';
import type { Pod } from '../api/types.ts';
import type { NodeInfo } from './node-info.ts';
import { PodInfo } from './pod-info.ts';
import type { ClusterEvent, Plugin, Status } from './framework.ts';

// DefaultPodInitialBackoffDuration, DefaultPodMaxBackoffDuration, DefaultPodMaxInUnschedulablePodsDuration.
const INITIAL_BACKOFF = 1000;
const MAX_BACKOFF = 10_000;
const MAX_UNSCHEDULABLE = 300_000;
/** Places of Pods that are gone from the head of the queue before they are cleared away. */
const MAX_LEFT = 1000;
const NOBODY: ReadonlySet<string> = new Set();

export interface QueuedPod {
  info: PodInfo;
  /** When it entered the queue, ms; equal ones keep the order in which they came. */
  timestamp: number;
  seq: number;
  /** Attempts that ended in a refusal. */
  refusals: number;
  /** Attempts in a row that ended in an error of the API server. */
  errors: number;
  /** Plug-ins that refused it the last time. */
  refusedBy: ReadonlySet<string>;
  /** Held back by a preEnqueue plug-in. */
  gatedBy: string | undefined;
  backoffUntil: number;
}

export interface QueueOptions {
  sim: Sim;
  plugins: readonly Plugin[];
  /** Told when there is something to try. */
  ready: () => void;
}

export class SchedulingQueue {
  private readonly sim: Sim;
  private readonly plugins: readonly Plugin[];
  private readonly gates: readonly Plugin[];
  private readonly less: (a: PodInfo, b: PodInfo) => number;
  private readonly ready: () => void;
  private readonly active = new Map<string, QueuedPod>();
  /** The active ones in their order, from `head` on. Most come in order: they are put at the end. */
  private ordered: QueuedPod[] = [];
  private head = 0;
  private readonly backoff = new Map<string, QueuedPod>();
  private readonly refused = new Map<string, QueuedPod>();
  private timer: Timer | undefined;
  private seq = 0;
  private moved = 0;

  constructor(options: QueueOptions) {
    this.sim = options.sim;
    this.plugins = options.plugins;
    this.gates = options.plugins.filter((plugin) => plugin.preEnqueue);
    this.ready = options.ready;
    const sorter = options.plugins.find((plugin) => plugin.less);
    this.less = (a, b) => sorter?.less?.(a, b) ?? 0;
  }

  /** Grows with every cluster event: a Pod refused while one came is tried again rather than left waiting. */
  get movesSeen(): number {
    return this.moved;
  }

  get size(): number {
    return this.active.size + this.backoff.size + this.refused.size;
  }

  /** Pods that are not scheduled, with what holds them. */
  waiting(): { key: string; queue: 'active' | 'backoff' | 'unschedulable'; by: string[] }[] {
    const list: { key: string; queue: 'active' | 'backoff' | 'unschedulable'; by: string[] }[] = [];
    const add = (queue: 'active' | 'backoff' | 'unschedulable') => (pod: QueuedPod, key: string) =>
      void list.push({ key, queue, by: pod.gatedBy ? [pod.gatedBy] : [...pod.refusedBy] });
    this.active.forEach(add('active'));
    this.backoff.forEach(add('backoff'));
    this.refused.forEach(add('unschedulable'));
    return list;
  }

  add(pod: Pod) {
    const info = new PodInfo(pod);
    this.remove(info.key);
    this.enqueue({
      info,
      timestamp: this.sim.now,
      seq: this.seq++,
      refusals: 0,
      errors: 0,
      refusedBy: NOBODY,
      gatedBy: undefined,
      backoffUntil: 0,
    });
  }

  /** A Pod that is not scheduled changed: what was refused may pass now. */
  update(pod: Pod, relevant: boolean) {
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    const queued = this.active.get(key) ?? this.backoff.get(key) ?? this.refused.get(key);
    if (!queued) {
      if (relevant) this.add(pod);
      return;
    }
    queued.info = new PodInfo(pod);
    if (!relevant || !this.refused.has(key)) return;
    if (queued.gatedBy) {
      this.refused.delete(key);
      queued.gatedBy = undefined;
      this.enqueue(queued);
    } else if (this.helps(queued, 'TargetPodUpdate', undefined, undefined)) {
      this.refused.delete(key);
      this.enqueue(queued);
    }
  }

  remove(key: string) {
    if (this.active.size > 0) {
      const queued = this.active.get(key);
      if (queued) {
        this.active.delete(key);
        this.ordered.splice(this.ordered.indexOf(queued, this.head), 1);
      }
    }
    if (this.backoff.size > 0) this.backoff.delete(key);
    if (this.refused.size > 0) this.refused.delete(key);
  }

  /** The next Pod to try. With nothing active, one that waits out a back-off is tried early (SchedulerPopFromBackoffQ). */
  pop(): QueuedPod | undefined {
    if (this.head < this.ordered.length) {
      const queued = this.ordered[this.head++];
      this.active.delete(queued.info.key);
      if (this.head === this.ordered.length || this.head === MAX_LEFT) {
        this.ordered = this.ordered.slice(this.head);
        this.head = 0;
      }
      return queued;
    }
    let early: QueuedPod | undefined;
    this.backoff.forEach((one) => {
      if (one.errors === 0 && (!early || one.backoffUntil < early.backoffUntil)) early = one;
    });
    if (early) this.backoff.delete(early.info.key);
    return early;
  }

  get hasReady(): boolean {
    if (this.active.size > 0) return true;
    if (this.backoff.size === 0) return false;
    let found = false;
    this.backoff.forEach((one) => (found ||= one.errors === 0));
    return found;
  }

  /** Back from a cycle that refused it. `since`: `movesSeen` when the cycle began. */
  refuse(queued: QueuedPod, by: Iterable<string>, since: number) {
    queued.refusedBy = new Set(by);
    queued.refusals++;
    queued.errors = 0;
    queued.timestamp = this.sim.now;
    queued.backoffUntil = this.sim.now + backoffOf(queued.refusals);
    if (since !== this.moved) this.toBackoff(queued);
    else this.hold(queued);
  }

  /** Back from a cycle that failed for a reason of its own; tried again after a back-off. */
  fail(queued: QueuedPod) {
    queued.errors++;
    queued.timestamp = this.sim.now;
    queued.backoffUntil = this.sim.now + backoffOf(queued.errors);
    this.toBackoff(queued);
  }

  /** Something happened: the refused Pods that it may help come back. */
  moveOn(event: ClusterEvent, node?: NodeInfo, other?: Pod) {
    // Counted even when nothing waits: a cycle may be under way for a Pod that this event helps.
    this.moved++;
    if (this.refused.size === 0) return;
    const helped: QueuedPod[] = [];
    this.refused.forEach((queued) => {
      if (queued.gatedBy ? this.opens(queued, event) : this.helps(queued, event, node, other)) helped.push(queued);
    });
    for (const queued of helped) {
      this.refused.delete(queued.info.key);
      if (queued.gatedBy) this.enqueue(queued);
      else this.toBackoff(queued);
    }
  }

  private helps(queued: QueuedPod, event: ClusterEvent, node: NodeInfo | undefined, other: Pod | undefined): boolean {
    // Refused by no plug-in in particular: anything may help.
    if (queued.refusedBy.size === 0) return true;
    for (const plugin of this.plugins) {
      if (!queued.refusedBy.has(plugin.name)) continue;
      if (!plugin.events?.includes(event)) continue;
      if (plugin.helps ? plugin.helps(queued.info, event, node, other) : passes(plugin, queued.info, node)) return true;
    }
    return false;
  }

  /** Whether the gate that holds a Pod back is to be asked again. */
  private opens({ gatedBy }: QueuedPod, event: ClusterEvent): boolean {
    return this.gates.find(({ name }) => name === gatedBy)?.events?.includes(event) ?? false;
  }

  private enqueue(queued: QueuedPod) {
    for (const gate of this.gates) {
      const status: Status | undefined = gate.preEnqueue?.(queued.info);
      if (status) {
        queued.gatedBy = gate.name;
        this.refused.set(queued.info.key, queued);
        return;
      }
    }
    queued.gatedBy = undefined;
    this.active.set(queued.info.key, queued);
    this.insert(queued);
    this.ready();
  }

  private hold(queued: QueuedPod) {
    this.refused.set(queued.info.key, queued);
    this.schedule();
  }

  private toBackoff(queued: QueuedPod) {
    if (queued.backoffUntil <= this.sim.now) {
      this.enqueue(queued);
      return;
    }
    this.backoff.set(queued.info.key, queued);
    this.schedule();
    if (queued.errors === 0) this.ready();
  }

  /** One timer for all back-offs that end and refusals that grow old. */
  private schedule() {
    let due = Infinity;
    this.backoff.forEach((one) => (due = Math.min(due, one.backoffUntil)));
    this.refused.forEach((one) => {
      if (!one.gatedBy) due = Math.min(due, one.timestamp + MAX_UNSCHEDULABLE);
    });
    if (this.timer && this.timer.at <= due && this.timer.at > this.sim.now) return;
    this.timer?.cancel();
    this.timer = due === Infinity ? undefined : this.sim.at(due, () => this.flush());
  }

  private flush() {
    const { now } = this.sim;
    this.timer = undefined;
    const ended: QueuedPod[] = [];
    this.backoff.forEach((one) => {
      if (one.backoffUntil <= now) ended.push(one);
    });
    this.refused.forEach((one) => {
      if (!one.gatedBy && one.timestamp + MAX_UNSCHEDULABLE <= now) ended.push(one);
    });
    for (const one of ended) {
      this.backoff.delete(one.info.key);
      this.refused.delete(one.info.key);
      this.enqueue(one);
    }
    this.schedule();
  }

  stop() {
    this.timer?.cancel();
    this.active.clear();
    this.backoff.clear();
    this.refused.clear();
    this.ordered = [];
    this.head = 0;
  }

  private compare(a: QueuedPod, b: QueuedPod): number {
    return this.less(a.info, b.info) || a.timestamp - b.timestamp || a.seq - b.seq;
  }

  private insert(queued: QueuedPod) {
    const { ordered } = this;
    let at = ordered.length;
    while (at > this.head && this.compare(ordered[at - 1], queued) > 0) at--;
    if (at === ordered.length) ordered.push(queued);
    else ordered.splice(at, 0, queued);
  }
}

function backoffOf(attempts: number): number {
  return Math.min(MAX_BACKOFF, INITIAL_BACKOFF * 2 ** Math.min(attempts - 1, 10));
}

function passes(plugin: Plugin, pod: PodInfo, node: NodeInfo | undefined): boolean {
  if (!plugin.filter || !node) return true;
  const state = new Map();
  const status = plugin.preFilter?.(pod, state);
  if (status) return status.code === 'Skip';
  return plugin.filter(pod, node, state) === undefined;
}
