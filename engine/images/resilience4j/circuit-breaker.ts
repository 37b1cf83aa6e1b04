// Resilience4j's circuit breaker: CLOSED, OPEN, HALF_OPEN and the two states that an operator may force, moved by the
// rates of failed and of slow calls in a sliding window. Defaults and order of events are the library's (2.x).

import { callNotPermitted, type JavaException } from './exceptions.ts';
import type { EventLog } from './events.ts';
import { CountWindow, TimeWindow, type SlidingWindow } from './sliding-window.ts';

export type State = 'CLOSED' | 'OPEN' | 'HALF_OPEN' | 'FORCED_OPEN' | 'DISABLED';

/** Durations in ms, rates in per cent. */
export interface BreakerConfig {
  slidingWindowType: string;
  slidingWindowSize: number;
  minimumNumberOfCalls: number;
  failureRateThreshold: number;
  slowCallRateThreshold: number;
  slowCallDurationThreshold: number;
  waitDurationInOpenState: number;
  permittedNumberOfCallsInHalfOpenState: number;
  maxWaitDurationInHalfOpenState: number;
  automaticTransitionFromOpenToHalfOpenEnabled: boolean;
  recordExceptions: readonly string[];
  ignoreExceptions: readonly string[];
  registerHealthIndicator: boolean;
  allowHealthIndicatorToFail: boolean;
}

export interface BreakerEvent {
  circuitBreakerName: string;
  type: string;
  errorMessage: string | null;
  durationInMs: number | null;
  stateTransition: string | null;
}

interface Clock {
  now: () => number;
  after: (ms: number, run: () => void) => void;
}

/** Too few calls to say. */
const UNKNOWN_RATE = -1;

export class CircuitBreaker {
  readonly name: string;
  readonly config: BreakerConfig;
  state: State = 'CLOSED';
  private readonly clock: Clock;
  private readonly events: EventLog<BreakerEvent>;
  private window: SlidingWindow;
  /** So many calls must be in the window before its rates count. */
  private least: number;
  private notPermitted = 0;
  /** Calls that may still begin while HALF_OPEN. */
  private permits = 0;
  /** OPEN until then, ms. */
  private openUntil = 0;
  /** Numbers the transitions, so that a late timer knows its own. */
  private since = 0;

  constructor(name: string, config: BreakerConfig, clock: Clock, events: EventLog<BreakerEvent>) {
    this.name = name;
    this.config = config;
    this.clock = clock;
    this.events = events;
    const { slidingWindowType, slidingWindowSize, minimumNumberOfCalls } = config;
    const byCount = slidingWindowType === 'COUNT_BASED';
    this.window = this.closedWindow();
    // A window that holds fewer calls would never fill.
    this.least = byCount ? Math.min(minimumNumberOfCalls, slidingWindowSize) : minimumNumberOfCalls;
  }

  private closedWindow(): SlidingWindow {
    const { slidingWindowType, slidingWindowSize } = this.config;
    return slidingWindowType === 'COUNT_BASED'
      ? new CountWindow(slidingWindowSize)
      : new TimeWindow(slidingWindowSize, this.clock.now);
  }

  /** Throws CallNotPermittedException. A call that was let through must be told to `onCall` or `onIgnored`. */
  acquirePermission() {
    if (this.state === 'OPEN' && this.clock.now() >= this.openUntil) this.become('HALF_OPEN');
    const { state } = this;
    if (state === 'CLOSED' || state === 'DISABLED') return;
    if (state === 'HALF_OPEN' && this.permits > 0) {
      this.permits--;
      return;
    }
    this.notPermitted++;
    this.tell('NOT_PERMITTED');
    throw callNotPermitted(this.name, state);
  }

  /** How a permitted call ended, after `duration` ms. */
  onCall(duration: number, error?: JavaException) {
    if (this.state === 'DISABLED') return;
    const { recordExceptions, ignoreExceptions, slowCallDurationThreshold } = this.config;
    if (error?.isOneOf(ignoreExceptions)) {
      // As if it had not been made.
      if (this.state === 'HALF_OPEN') this.permits++;
      this.tell('IGNORED_ERROR', { errorMessage: String(error), durationInMs: Math.floor(duration) });
      return;
    }
    const failed = error !== undefined && (recordExceptions.length === 0 || error.isOneOf(recordExceptions));
    const durationInMs = Math.floor(duration);
    if (failed) this.tell('ERROR', { errorMessage: String(error), durationInMs });
    else this.tell('SUCCESS', { durationInMs });
    this.window.record({ failed, slow: duration > slowCallDurationThreshold });
    this.judge();
  }

  /** Opens or closes by the rates in the window. */
  private judge() {
    if (this.state !== 'CLOSED' && this.state !== 'HALF_OPEN') return;
    const { failure, slow } = this.rates();
    if (failure === UNKNOWN_RATE) return;
    const tooManyFail = failure >= this.config.failureRateThreshold;
    const tooManySlow = slow >= this.config.slowCallRateThreshold;
    if (this.state === 'HALF_OPEN') {
      this.become(tooManyFail || tooManySlow ? 'OPEN' : 'CLOSED');
      return;
    }
    if (tooManyFail) this.tell('FAILURE_RATE_EXCEEDED');
    if (tooManySlow) this.tell('SLOW_CALL_RATE_EXCEEDED');
    if (tooManyFail || tooManySlow) this.become('OPEN');
  }

  private rates(): { failure: number; slow: number } {
    const { calls, failed, slow } = this.window.totals();
    if (calls === 0 || calls < this.least) return { failure: UNKNOWN_RATE, slow: UNKNOWN_RATE };
    return { failure: (failed * 100) / calls, slow: (slow * 100) / calls };
  }

  become(state: State) {
    const before = this.state;
    if (before === state) return;
    this.state = state;
    const { config, clock } = this;
    // OPEN shows what has opened it; the other states begin anew.
    if (state !== 'OPEN') {
      const trial = state === 'HALF_OPEN';
      const size = config.permittedNumberOfCallsInHalfOpenState;
      this.window = trial ? new CountWindow(size) : this.closedWindow();
      const most = trial ? size : config.slidingWindowType === 'COUNT_BASED' ? config.slidingWindowSize : Infinity;
      this.least = Math.min(config.minimumNumberOfCalls, most);
      this.notPermitted = 0;
      this.permits = trial ? size : 0;
    }
    this.tell('STATE_TRANSITION', { stateTransition: `${before}_TO_${state}` });
    const still = (ms: number, next: State) =>
      clock.after(ms, () => {
        if (this.state === state && this.since === since) this.become(next);
      });
    const since = ++this.since;
    if (state === 'OPEN') {
      this.openUntil = clock.now() + config.waitDurationInOpenState;
      if (config.automaticTransitionFromOpenToHalfOpenEnabled) still(config.waitDurationInOpenState, 'HALF_OPEN');
    } else if (state === 'HALF_OPEN' && config.maxWaitDurationInHalfOpenState > 0)
      still(config.maxWaitDurationInHalfOpenState, 'OPEN');
  }
  private tell(type: string, what: Partial<BreakerEvent> = {}) {
    // Forced states publish nothing but the way into them.
    if ((this.state === 'DISABLED' || this.state === 'FORCED_OPEN') && type !== 'STATE_TRANSITION') return;
    this.events.add({
      circuitBreakerName: this.name,
      type,
      errorMessage: null,
      durationInMs: null,
      stateTransition: null,
      ...what,
    });
  }

  /** As the actuator shows it. */
  details() {
    const { calls, failed, slow, slowFailed } = this.window.totals();
    const rates = this.rates();
    return {
      failureRate: percent(rates.failure),
      slowCallRate: percent(rates.slow),
      failureRateThreshold: percent(this.config.failureRateThreshold),
      slowCallRateThreshold: percent(this.config.slowCallRateThreshold),
      bufferedCalls: calls,
      failedCalls: failed,
      slowCalls: slow,
      slowFailedCalls: slowFailed,
      notPermittedCalls: this.notPermitted,
      state: this.state,
    };
  }
}

/** A float as Java prints it: `50.0%`, `33.333332%`. */
const percent = (rate: number) => `${Number.isInteger(rate) ? `${rate}.0` : shortest(rate)}%`;
/** The fewest digits that still mean the same 32-bit float. */
function shortest(value: number): string {
  const float = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = float.toPrecision(digits);
    if (Math.fround(Number(text)) === float) return String(Number(text));
  }
  return String(float);
}
