// The work queue behind every controller: keys are noted any number of times and worked off once each, a
// moment later; a key whose reconcile throws comes back after a growing delay.

import type { Sim, Timer } from '../sim/index.ts';

// client-go: DefaultTypedControllerRateLimiter, 5 ms doubling to 1,000 s a key.
const BASE_DELAY = 5;
const MAX_DELAY = 1_000_000;
/** Virtual time between a change and the reconcile that it causes. */
const LATENCY = 1;

export interface WorkQueueOptions {
  sim: Sim;
  name: string;
  /** Brings the object of `key` one step nearer to what is wanted; a throw means: again later. */
  reconcile: (key: string) => void;
  /** Told of each throw; by default only retried. */
  onError?: (key: string, error: unknown) => void;
}

export class WorkQueue {
  readonly name: string;
  private readonly sim: Sim;
  private readonly reconcile: (key: string) => void;
  private readonly onError: ((key: string, error: unknown) => void) | undefined;
  private pending = new Set<string>();
  private scheduled: Timer | undefined;
  private readonly failures = new Map<string, number>();
  private readonly delayed = new Map<string, Timer>();
  private stopped = false;
  /** At work: a request may block while time passes, and no key is worked on twice at once. */
  private busy = false;
  /** Reconciles run, for those who ask what a controller did. */
  runs = 0;

  constructor(options: WorkQueueOptions) {
    this.sim = options.sim;
    this.name = options.name;
    this.reconcile = options.reconcile;
    this.onError = options.onError;
  }

  add(key: string) {
    if (this.stopped) return;
    this.pending.add(key);
    this.scheduled ??= this.sim.after(LATENCY, () => this.drain());
  }

  /** Adds the key `delay` ms from now; an earlier time that is set already stays. */
  addAfter(key: string, delay: number) {
    if (this.stopped) return;
    if (delay <= 0) {
      this.add(key);
      return;
    }
    const old = this.delayed.get(key);
    if (old && old.at <= this.sim.now + delay) return;
    old?.cancel();
    this.delayed.set(
      key,
      this.sim.after(delay, () => {
        this.delayed.delete(key);
        this.add(key);
      }),
    );
  }

  /** Stops working; what is queued is forgotten. */
  stop() {
    this.stopped = true;
    this.scheduled?.cancel();
    this.scheduled = undefined;
    this.pending.clear();
    for (const timer of this.delayed.values()) timer.cancel();
    this.delayed.clear();
    this.failures.clear();
  }

  private drain() {
    this.scheduled = undefined;
    // Came due while the reconcile before blocked: goes on when that has ended.
    if (this.busy) return;
    this.busy = true;
    const keys = this.pending;
    this.pending = new Set();
    keys.forEach((key) => {
      if (this.stopped) return;
      this.runs++;
      try {
        this.reconcile(key);
        this.failures.delete(key);
      } catch (error) {
        if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) {
          // A bug of ours, not an answer of the API server: be loud.
          this.sim.report(`${this.name} ${key}`, error);
        }
        this.onError?.(key, error);
        const n = this.failures.get(key) ?? 0;
        this.failures.set(key, n + 1);
        this.addAfter(key, Math.min(MAX_DELAY, BASE_DELAY * 2 ** n));
      }
    });
    this.busy = false;
    if (this.pending.size && !this.stopped) this.scheduled ??= this.sim.after(LATENCY, () => this.drain());
  }
}
