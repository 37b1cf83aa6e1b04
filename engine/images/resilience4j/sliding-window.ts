// What a circuit breaker remembers: the outcomes of the last N calls, or of the calls of the last N seconds.

export interface Totals {
  calls: number;
  failed: number;
  slow: number;
  slowFailed: number;
}

export interface Outcome {
  failed: boolean;
  slow: boolean;
}

const none = (): Totals => ({ calls: 0, failed: 0, slow: 0, slowFailed: 0 });

function count(totals: Totals, { failed, slow }: Outcome, sign: 1 | -1) {
  totals.calls += sign;
  if (failed) totals.failed += sign;
  if (slow) totals.slow += sign;
  if (failed && slow) totals.slowFailed += sign;
}

export interface SlidingWindow {
  record(outcome: Outcome): void;
  totals(): Totals;
}

/** COUNT_BASED: a ring; each call pushes the oldest out. */
export class CountWindow implements SlidingWindow {
  private readonly size: number;
  private readonly ring: Outcome[] = [];
  private at = 0;
  private readonly sum = none();

  constructor(size: number) {
    this.size = size;
  }

  record(outcome: Outcome) {
    const oldest = this.ring[this.at];
    if (oldest) count(this.sum, oldest, -1);
    this.ring[this.at] = outcome;
    this.at = (this.at + 1) % this.size;
    count(this.sum, outcome, 1);
  }

  totals(): Totals {
    return this.sum;
  }
}

/** TIME_BASED: a bucket for each of the last `seconds` seconds. */
export class TimeWindow implements SlidingWindow {
  private readonly seconds: number;
  private readonly now: () => number;
  private readonly buckets: { second: number; totals: Totals }[] = [];

  /** `now` in ms. */
  constructor(seconds: number, now: () => number) {
    this.seconds = seconds;
    this.now = now;
  }

  record(outcome: Outcome) {
    const second = this.forget();
    let newest = this.buckets.at(-1);
    if (newest?.second !== second) this.buckets.push((newest = { second, totals: none() }));
    count(newest.totals, outcome, 1);
  }

  totals(): Totals {
    this.forget();
    const sum = none();
    for (const { totals } of this.buckets) {
      sum.calls += totals.calls;
      sum.failed += totals.failed;
      sum.slow += totals.slow;
      sum.slowFailed += totals.slowFailed;
    }
    return sum;
  }

  /** Drops what is too old; the second that it is. */
  private forget(): number {
    const second = Math.floor(this.now() / 1000);
    while (this.buckets.length && this.buckets[0].second <= second - this.seconds) this.buckets.shift();
    return second;
  }
}
