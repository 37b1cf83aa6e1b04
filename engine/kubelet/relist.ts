// The kubelet's look at the runtime (PLEG): once a second, while something has changed there.

import type { Sim, Timer } from '../sim/index.ts';
import type { PodWorker } from './pod-worker.ts';

// kubelet: plegRelistPeriod.
const RELIST_MS = 1000;

export class Relist {
  private readonly sim: Sim;
  /** Workers whose containers have changed since the last look. */
  private changed = new Set<PodWorker>();
  private timer: Timer | undefined;

  constructor(sim: Sim) {
    this.sim = sim;
  }

  /** Has the worker looked at next time; `startedAt`: from when the seconds count, ms. */
  add(worker: PodWorker, startedAt: number) {
    this.changed.add(worker);
    if (this.timer) return;
    const since = this.sim.now - startedAt;
    const next = startedAt + (Math.floor(since / RELIST_MS) + 1) * RELIST_MS;
    this.timer = this.sim.at(next, () => {
      this.timer = undefined;
      const workers = this.changed;
      this.changed = new Set();
      workers.forEach((each) => each.relisted());
    });
  }

  stop() {
    this.timer?.cancel();
    this.timer = undefined;
    this.changed.clear();
  }
}
