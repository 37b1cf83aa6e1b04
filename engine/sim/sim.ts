// The virtual clock, the event queue and coroutines: the only source of time, order and chance in the
// engine. Everything that happens later than now is an event here; equal times run in the order in
// which they were scheduled, so a run is a pure function of its inputs and the seed.

import { Entry, EventQueue, type Timer } from './queue.ts';
import { Random, streamSeed } from './random.ts';

/** What a coroutine yields to be suspended: milliseconds, a signal, or the first of several with a timeout. */
export type Wait = number | Signal | { signals: Signal[]; timeout?: number };

/** A coroutine: yields waits, returns a value. Call another one with `yield*`. */
export type Co<T = void> = Generator<Wait, T, void>;

/** A condition that tasks wait for. `fire()` wakes all that wait at that moment; it keeps no memory. */
export class Signal {
  private waiters: Task<unknown>[] | undefined;

  fire() {
    const woken = this.waiters;
    if (!woken) return;
    this.waiters = undefined;
    for (let i = 0; i < woken.length; i++) woken[i].wake();
  }
  /** @internal */
  add(task: Task<unknown>) {
    if (this.waiters) this.waiters.push(task);
    else this.waiters = [task];
  }
  /** @internal */
  remove(task: Task<unknown>) {
    if (!this.waiters) return;
    const i = this.waiters.indexOf(task);
    if (i < 0) return;
    if (this.waiters.length === 1) this.waiters = undefined;
    else this.waiters.splice(i, 1);
  }
}

const NOTHING = () => {};
function* nothing(): Co {}
const OVER: Co<unknown> = nothing();

/** A running coroutine. */
export class Task<T = void> {
  readonly name: string;
  private left: Signal | undefined;
  done = false;
  result: T | undefined;
  /** What the coroutine threw, if it did. */
  error: unknown;
  private readonly sim: Sim;
  private co: Co<T>;
  /** @internal */
  go = () => this.resume();
  private timer: Timer | undefined;
  /** What it waits for, besides a timer: a signal, or the first of several. */
  private signal: Signal | undefined;
  private signals: readonly Signal[] | undefined;
  private pendingKill = false;
  private running = false;

  constructor(sim: Sim, name: string, co: Co<T>) {
    this.sim = sim;
    this.name = name;
    this.co = co;
  }

  /** Fires once, after `done` has become true. */
  get exited(): Signal {
    return (this.left ??= new Signal());
  }

  /** @internal Called by signals and timers; the task goes on in an event of its own, now. */
  wake() {
    if (this.done) return;
    this.detach();
    this.timer = this.sim.after(0, this.go);
  }

  /** Ends the task: its `finally` blocks run, nothing after the current wait does. */
  kill() {
    if (this.done) return;
    if (this.running) {
      this.pendingKill = true;
      return;
    }
    this.detach();
    this.running = true;
    let step: IteratorResult<Wait, T> | undefined;
    try {
      step = this.co.return(undefined as T);
      // A coroutine that waits again in its `finally` is not waited for.
      for (let i = 0; i < 100 && !step.done; i++) step = this.co.return(undefined as T);
    } catch (error) {
      this.error = error;
    }
    this.running = false;
    this.finish(undefined);
  }

  /** @internal */
  resume() {
    if (this.done) return;
    this.timer = undefined;
    this.running = true;
    let step: IteratorResult<Wait, T>;
    try {
      step = this.co.next();
    } catch (error) {
      this.running = false;
      this.error = error;
      this.finish(undefined);
      this.sim.report(this.name, error);
      return;
    }
    this.running = false;
    if (step.done) {
      this.finish(step.value);
      return;
    }
    if (this.pendingKill) {
      this.kill();
      return;
    }
    const wait = step.value;
    if (typeof wait === 'number') {
      this.timer = this.sim.after(wait, this.go);
    } else if (!('signals' in wait)) {
      // Not instanceof, which looks for a method that says what an instance is.
      wait.add(this as Task<unknown>);
      this.signal = wait;
    } else {
      this.signals = wait.signals;
      for (const signal of wait.signals) signal.add(this as Task<unknown>);
      if (wait.timeout !== undefined) {
        this.timer = this.sim.after(Math.max(0, wait.timeout), () => {
          this.detach();
          this.resume();
        });
      }
    }
  }

  private detach() {
    this.timer?.cancel();
    this.timer = undefined;
    const { signal, signals } = this;
    if (signal) {
      this.signal = undefined;
      signal.remove(this as Task<unknown>);
    } else if (signals) {
      this.signals = undefined;
      for (let i = 0; i < signals.length; i++) signals[i].remove(this as Task<unknown>);
    }
  }

  private finish(value: T | undefined) {
    this.done = true;
    this.result = value;
    // What is done holds nothing: `go` holds the task, and cycles are not freed before the collector runs.
    this.go = NOTHING;
    this.co = OVER as Co<T>;
    this.left?.fire();
  }
}

export interface SimOptions {
  seed: number;
  /** Virtual time of birth, ms since the Unix epoch. */
  start: number;
}

export class Sim {
  /** Virtual now, ms since the Unix epoch. */
  now: number;
  readonly seed: number;
  /** Events run so far. */
  events = 0;
  /** Called with what a task or event threw; the default rethrows, so that bugs are loud. */
  onError: (where: string, error: unknown) => void = (_where, error) => {
    throw error;
  };
  private readonly queue = new EventQueue();
  private seq = 0;
  private readonly streams = new Map<string, Random>();

  constructor(options: SimOptions) {
    this.now = options.start;
    this.seed = options.seed;
  }

  private serials = 0;

  /** 1, 2, 3…: tells apart what happens in one millisecond, in its order. */
  serial(): number {
    return ++this.serials;
  }

  /** The random stream of that name; each kind of event draws from its own. */
  random(stream: string): Random {
    let random = this.streams.get(stream);
    if (!random) {
      random = new Random(streamSeed(this.seed, stream));
      this.streams.set(stream, random);
    }
    return random;
  }

  /** Runs `fn` once, `delay` ms from now (never before what is already due now). */
  after(delay: number, fn: () => void): Timer {
    const { now } = this;
    const entry = new Entry(delay > 0 ? now + delay : now, this.seq++, fn);
    this.queue.add(entry, now);
    return entry;
  }

  /** Runs `fn` at virtual time `time` (ms since the epoch); a time in the past means now. */
  at(time: number, fn: () => void): Timer {
    const { now } = this;
    const entry = new Entry(time > now ? time : now, this.seq++, fn);
    this.queue.add(entry, now);
    return entry;
  }

  /** Runs `fn` every `period` ms, the first time after `first` (default: one period). */
  every(period: number, fn: () => void, first = period): Timer {
    const handle = { at: this.now + first, cancelled: false, cancel() {} };
    let timer: Timer;
    const tick = () => {
      if (handle.cancelled) return;
      fn();
      if (!handle.cancelled) timer = this.after(period, tick);
    };
    timer = this.after(first, tick);
    handle.cancel = () => {
      handle.cancelled = true;
      timer.cancel();
    };
    return handle;
  }

  /** Starts a coroutine; its first step runs in an event of its own, now. */
  spawn<T>(name: string, co: Co<T>): Task<T> {
    const task = new Task<T>(this, name, co);
    this.after(0, task.go);
    return task;
  }

  /** Time of the next event, or undefined when nothing will ever happen. */
  nextAt(): number | undefined {
    for (;;) {
      const entry = this.queue.peek();
      if (!entry || entry.run) return entry?.at;
      this.queue.take(entry.at);
    }
  }

  /** Runs the next event and moves the clock to it. False when there is none by `end`. */
  step(end = Infinity): boolean {
    for (;;) {
      const entry = this.queue.take(end);
      if (!entry) return false;
      const run = entry.run;
      if (!run) continue;
      this.now = entry.at;
      this.events++;
      run();
      return true;
    }
  }

  /** Runs all events up to and including `time`, then sets the clock there. */
  runUntil(time: number) {
    while (this.step(time));
    if (time > this.now) this.now = time;
  }

  report(where: string, error: unknown) {
    this.onError(where, error);
  }
}

/** Waits until `cond` holds; `signal` must fire whenever it may have changed. False after `timeout` ms. */
export function* until(sim: Sim, cond: () => boolean, signal: Signal, timeout?: number): Co<boolean> {
  const end = timeout === undefined ? undefined : sim.now + timeout;
  while (!cond()) {
    if (end !== undefined && sim.now >= end) return false;
    yield end === undefined ? signal : { signals: [signal], timeout: end - sim.now };
  }
  return true;
}
