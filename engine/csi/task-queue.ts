// A work queue whose work takes time: one task a key at once, and again after a growing delay when it fails.

import type { Co, Sim, Task, Timer } from '../sim/index.ts';

// The sidecars' --retry-interval-start and --retry-interval-max.
const RETRY_MS = 1000;
const RETRY_MAX_MS = 300_000;

export interface TaskQueueOptions {
  sim: Sim;
  name: string;
  /** Brings the object of `key` nearer to what is wanted; a throw means: again later. */
  work: (key: string) => Co;
  onError: (key: string, error: Error) => void;
}

export class TaskQueue {
  private readonly options: TaskQueueOptions;
  private readonly running = new Map<string, Task>();
  /** Keys that came while they were worked on. */
  private readonly again = new Set<string>();
  private readonly failures = new Map<string, number>();
  private readonly delayed = new Map<string, Timer>();
  private stopped = false;

  constructor(options: TaskQueueOptions) {
    this.options = options;
  }

  add(key: string) {
    if (this.stopped) return;
    if (this.running.has(key)) this.again.add(key);
    else this.addAfter(key, 1);
  }

  addAfter(key: string, delay: number) {
    const { sim, name } = this.options;
    if (this.stopped) return;
    this.delayed.get(key)?.cancel();
    const begin = () => {
      this.delayed.delete(key);
      this.running.set(key, sim.spawn(`${name} ${key}`, this.run(key)));
    };
    this.delayed.set(key, sim.after(delay, begin));
  }

  stop() {
    this.stopped = true;
    this.running.forEach((task) => task.kill());
    this.delayed.forEach((timer) => timer.cancel());
    this.running.clear();
    this.delayed.clear();
  }

  private *run(key: string): Co {
    const { sim, name, work, onError } = this.options;
    let failed = false;
    try {
      yield* work(key);
      this.failures.delete(key);
    } catch (error) {
      // A bug of ours, not an answer of somebody else: be loud.
      if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError)
        sim.report(`${name} ${key}`, error);
      failed = true;
      onError(key, error as Error);
    }
    this.running.delete(key);
    const again = this.again.delete(key);
    if (failed) {
      const n = this.failures.get(key) ?? 0;
      this.failures.set(key, n + 1);
      this.addAfter(key, Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** n));
    } else if (again) this.add(key);
  }
}
