// Resilience4j's other parts: a bulkhead bounds calls at a time, a time limiter the wait for one, retry tries again.

import { Signal, type Co, type Sim } from '../../sim/index.ts';
import type { EventLog } from './events.ts';
import { JavaException, bulkheadFull, timedOut } from './exceptions.ts';

/** A call to the other side: an answer, or a JavaException thrown. */
export type Call = () => Co<string>;

/** Of waiting, ms: what sums of fractions may be wrong by is no time to wait. */
const LEAST = 0.001;

/** So many at a time; the others wait in line. Also the threads of a server. */
export class Semaphore {
  private free: number;
  private readonly released = new Signal();

  constructor(permits: number) {
    this.free = permits;
  }

  /** Waits at most `patience` ms; false when nobody has left by then. */
  *acquire(sim: Sim, patience = Infinity): Co<boolean> {
    const until = sim.now + patience;
    while (this.free === 0) {
      const timeout = until - sim.now;
      if (timeout < LEAST) return false;
      yield patience === Infinity ? this.released : { signals: [this.released], timeout };
    }
    this.free--;
    return true;
  }

  release() {
    this.free++;
    this.released.fire();
  }
}

/** Durations in ms. */
export interface BulkheadConfig {
  maxConcurrentCalls: number;
  maxWaitDuration: number;
}

export interface BulkheadEvent {
  bulkheadName: string;
  type: string;
}

export function bulkhead(name: string, config: BulkheadConfig, sim: Sim, events: EventLog<BulkheadEvent>) {
  const places = new Semaphore(config.maxConcurrentCalls);
  const tell = (type: string) => events.add({ bulkheadName: name, type });
  return (call: Call): Call =>
    function* () {
      if (!(yield* places.acquire(sim, config.maxWaitDuration))) {
        tell('CALL_REJECTED');
        throw bulkheadFull(name);
      }
      tell('CALL_PERMITTED');
      try {
        return yield* call();
      } finally {
        places.release();
        tell('CALL_FINISHED');
      }
    };
}

export interface TimeLimiterConfig {
  timeoutDuration: number;
  cancelRunningFuture: boolean;
}

export interface TimeLimiterEvent {
  timeLimiterName: string;
  type: string;
}

export function timeLimiter(name: string, config: TimeLimiterConfig, sim: Sim, events: EventLog<TimeLimiterEvent>) {
  const tell = (type: string) => events.add({ timeLimiterName: name, type });
  return (call: Call): Call =>
    function* () {
      let answer: string | undefined;
      let error: unknown;
      const task = sim.spawn(
        `call ${name}`,
        (function* (): Co {
          try {
            answer = yield* call();
          } catch (thrown) {
            error = thrown;
          }
        })(),
      );
      if (!task.done) yield { signals: [task.exited], timeout: config.timeoutDuration };
      if (!task.done) {
        if (config.cancelRunningFuture) task.kill();
        tell('TIMEOUT');
        throw timedOut(name);
      }
      tell(error === undefined ? 'SUCCESS' : 'ERROR');
      if (error !== undefined) throw error;
      return answer as string;
    };
}

export interface RetryConfig {
  /** The first attempt is one of them. */
  maxAttempts: number;
  waitDuration: number;
  enableExponentialBackoff: boolean;
  exponentialBackoffMultiplier: number;
  exponentialMaxWaitDuration: number;
  retryExceptions: readonly string[];
  ignoreExceptions: readonly string[];
}

export interface RetryEvent {
  retryName: string;
  type: string;
  errorMessage: string | null;
  numberOfAttempts: number;
}

export function retry(name: string, config: RetryConfig, events: EventLog<RetryEvent>) {
  const { maxAttempts, waitDuration, exponentialBackoffMultiplier, exponentialMaxWaitDuration } = config;
  const tell = (type: string, numberOfAttempts: number, error?: JavaException) =>
    events.add({ retryName: name, type, errorMessage: error ? String(error) : null, numberOfAttempts });
  const again = (error: JavaException) =>
    !error.isOneOf(config.ignoreExceptions) &&
    (config.retryExceptions.length === 0 || error.isOneOf(config.retryExceptions));
  return (call: Call): Call =>
    function* () {
      let wait = waitDuration;
      for (let attempt = 1; ; attempt++) {
        try {
          const answer = yield* call();
          if (attempt > 1) tell('SUCCESS', attempt - 1);
          return answer;
        } catch (error) {
          if (!(error instanceof JavaException)) throw error;
          if (!again(error)) tell('IGNORED_ERROR', attempt - 1, error);
          else if (attempt >= maxAttempts) tell('ERROR', attempt, error);
          if (!again(error) || attempt >= maxAttempts) throw error;
          tell('RETRY', attempt, error);
        }
        yield wait;
        if (config.enableExponentialBackoff)
          wait = Math.min(wait * exponentialBackoffMultiplier, exponentialMaxWaitDuration);
      }
    };
}
