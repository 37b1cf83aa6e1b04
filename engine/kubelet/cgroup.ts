// A container's cgroup: the memory it holds against its limit, the CPU time it has had and was denied, and the files
// that show both. CPU is counted as demand: a steady part (millicores) and work done at once; what exceeds the
// quota is throttled.

import { FileNode, type Meter } from '../linux/index.ts';
import type { Sim } from '../sim/index.ts';
import { LazyDir } from './lazy-dir.ts';
import { place } from './place.ts';

/** The rate shown is that of the time since the last whole window but one, as an agent that looks every 15 s sees it. */
const WINDOW_MS = 15_000;
/** cpu.max: the CFS period. */
const PERIOD_MS = 100;
/** What work gets of a quota that a steady load uses up. */
const LEAST_SHARE = 0.1;
/** The range of cpu.shares. */
const MAX_SHARES = 262_144;

export interface CgroupLimits {
  /** Bytes; undefined: none. */
  memory: number | undefined;
  /** Millicores; undefined: none. */
  cpu: number | undefined;
  /** Requested millicores. */
  cpuRequest: number;
}

/** The cgroup of a Pod that has resources of its own: what its containers have together is bounded there. */
export interface ParentCgroup {
  join(child: Cgroup): void;
  leave(child: Cgroup): void;
  /** What a child wants, or may have, is about to change. */
  settle(): void;
  /** It has changed. */
  changed(): void;
  /** Millicores that a child gets of its steady load, and that are left for work at once. */
  share(child: Cgroup): number;
  readonly cpuLeft: number;
  /** More memory is held: too much kills the container that holds most. */
  allocated(): void;
}

export class Cgroup implements Meter {
  limits: CgroupLimits;
  /** Bytes held by all processes. */
  memory = 0;
  memoryPeak = 0;
  oomKills = 0;
  private readonly sim: Sim;
  private readonly outOfMemory: () => void;
  private readonly parent: ParentCgroup | undefined;
  /** Millicores wanted all the time. */
  private steady = 0;
  /** ms of CPU time had, and denied, up to `at`. */
  private used = 0;
  private denied = 0;
  private throttledPeriods = 0;
  /** When the work taken up so far will be done. */
  private freeAt = 0;
  private at: number;
  private readonly bornAt: number;
  /** Start of the present window, with what was used before it and before the one before. */
  private windowStart: number;
  private usedAtWindow = 0;
  private previousStart: number;
  private usedAtPrevious = 0;

  constructor(sim: Sim, limits: CgroupLimits, outOfMemory: () => void, parent?: ParentCgroup) {
    this.sim = sim;
    this.parent = parent;
    parent?.join(this);
    this.limits = limits;
    this.outOfMemory = outOfMemory;
    this.at = this.bornAt = this.windowStart = this.previousStart = sim.now;
  }

  allocate(bytes: number) {
    this.memory = Math.max(0, this.memory + bytes);
    this.memoryPeak = Math.max(this.memoryPeak, this.memory);
    const { memory } = this.limits;
    if (memory !== undefined && this.memory > memory) this.kill();
    else if (bytes > 0) this.parent?.allocated();
  }

  /** The kernel ends it for want of memory. */
  kill() {
    this.oomKills++;
    this.outOfMemory();
  }

  spend(ms: number) {
    this.advance();
    this.used += ms;
  }

  /** Work is done in turn, as fast as the quota that the steady load leaves allows; one piece uses one CPU at most. */
  reserve(ms: number): number {
    const { parent } = this;
    const cpu = this.limits.cpu ?? (parent && Infinity);
    if (cpu === undefined) return ms;
    const { now } = this.sim;
    const own = Math.max(cpu - this.rate, cpu * LEAST_SHARE);
    const left = parent ? Math.min(own, parent.cpuLeft) : own;
    if (left === Infinity) return ms;
    this.freeAt = Math.max(this.freeAt, now) + (ms * 1000) / left;
    const takes = Math.max(ms, this.freeAt - now);
    this.denied += takes - ms;
    if (takes > ms) this.throttledPeriods += Math.ceil(takes / PERIOD_MS);
    return takes;
  }

  load(millis: number) {
    this.settle();
    this.steady = Math.max(0, this.steady + millis);
    this.parent?.changed();
  }

  /** Counts up to now what the present loads have used. */
  private settle() {
    if (this.parent) this.parent.settle();
    else this.advance();
  }

  /** Changes the limits of what runs; too little memory for what is held kills it. */
  resize(limits: CgroupLimits) {
    this.settle();
    this.limits = limits;
    this.parent?.changed();
    this.allocate(0);
  }

  /** It has ended: nothing is held or wanted any more. */
  end() {
    this.settle();
    this.memory = 0;
    this.steady = 0;
    this.parent?.leave(this);
  }

  /** Millicores used over the last windows. */
  get cpuMillis(): number {
    this.advance();
    const since = this.previousStart;
    const took = this.sim.now - since;
    return took <= 0 ? this.rate : Math.round(((this.used - this.usedAtPrevious) / took) * 1000);
  }

  /** ms of CPU time since its start. */
  get cpuTime(): number {
    this.advance();
    return this.used;
  }

  private get rate(): number {
    return this.parent ? this.parent.share(this) : this.wanted;
  }

  /** Millicores that it would have by itself. */
  get wanted(): number {
    return Math.min(this.steady, this.limits.cpu ?? Infinity);
  }

  /** Counts the steady load up to now, window by window. */
  advance() {
    const { now } = this.sim;
    if (now - this.windowStart >= WINDOW_MS) {
      const whole = Math.floor((now - this.windowStart) / WINDOW_MS);
      if (whole > 1) this.count(this.windowStart + (whole - 1) * WINDOW_MS);
      const previous = whole > 1 ? this.at : this.windowStart;
      const usedAtPrevious = whole > 1 ? this.used : this.usedAtWindow;
      this.count(this.windowStart + whole * WINDOW_MS);
      this.previousStart = previous;
      this.usedAtPrevious = usedAtPrevious;
      this.windowStart = this.at;
      this.usedAtWindow = this.used;
    }
    this.count(now);
  }

  private count(to: number) {
    const took = to - this.at;
    if (took <= 0) return;
    this.at = to;
    const rate = this.rate;
    this.used += (rate * took) / 1000;
    if (this.steady > rate) {
      this.denied += ((this.steady - rate) * took) / 1000;
      this.throttledPeriods += took / PERIOD_MS;
    }
  }

  /** /sys of the container, with what its cgroup shows. */
  files(): LazyDir {
    return new LazyDir((dir) => {
      for (const name in FILES) {
        const file = new FileNode(() => `${FILES[name](this)}\n`, { mode: 0o444 });
        place(dir, `fs/cgroup/${name}`, file);
      }
    });
  }

  /** CFS periods since its start, and in how many of them the quota was used up. */
  get throttling(): { periods: number; throttled: number } {
    this.advance();
    const periods = this.limits.cpu === undefined ? 0 : Math.floor((this.at - this.bornAt) / PERIOD_MS);
    return { periods, throttled: Math.min(periods, Math.floor(this.throttledPeriods)) };
  }

  get cpuStat(): string {
    this.advance();
    const usec = (ms: number) => Math.round(ms * 1000);
    const { periods, throttled } = this.throttling;
    return [
      `usage_usec ${usec(this.used)}`,
      `user_usec ${usec(this.used * 0.8)}`,
      `system_usec ${usec(this.used) - usec(this.used * 0.8)}`,
      `nr_periods ${periods}`,
      `nr_throttled ${throttled}`,
      `throttled_usec ${usec(this.denied)}`,
    ].join('\n');
  }
}

const FILES: Record<string, (cgroup: Cgroup) => string> = {
  'cgroup.controllers': () => 'cpuset cpu io memory hugetlb pids rdma misc',
  'cpu.max': ({ limits }) =>
    limits.cpu === undefined ? 'max 100000' : `${Math.max(1000, limits.cpu * PERIOD_MS)} 100000`,
  'cpu.stat': (cgroup) => cgroup.cpuStat,
  'cpu.weight': ({ limits }) => String(weightOf(limits.cpuRequest)),
  'memory.current': ({ memory }) => String(memory),
  'memory.events': ({ oomKills }) =>
    `low 0\nhigh 0\nmax ${oomKills}\noom ${oomKills}\noom_kill ${oomKills}\noom_group_kill ${oomKills}`,
  'memory.max': ({ limits }) => (limits.memory === undefined ? 'max' : String(Math.floor(limits.memory / 4096) * 4096)),
  'memory.peak': ({ memoryPeak }) => String(memoryPeak),
};

/** From a CPU request to cpu.shares to cpu.weight; 1 CPU is the default weight of 100 (opencontainers/cgroups). */
export function weightOf(millis: number): number {
  const shares = Math.floor((millis * 1024) / 1000);
  if (shares <= 2) return 1;
  if (shares >= MAX_SHARES) return 10_000;
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}
