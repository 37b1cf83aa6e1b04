// Requests that must wait for somebody outside (an admission webhook). The stages of a request are plain calls: one that
// needs an answer which is not there yet throws Suspended, the server gets the answer while time passes, and the stages
// run again from the first with all answers so far. Nothing is stored before admission is over, so this is safe; what
// was drawn by chance or read from the clock is remembered, so that the object keeps its name.

import { Signal, type Co, type Sim } from '../sim/index.ts';
import { failure } from './status.ts';
import type { ApiResponse, LaterAnswer } from './types.ts';

/** Thrown where an answer is missing. */
export class Suspended {
  readonly key: string;
  readonly work: () => Co<unknown>;
  constructor(key: string, work: () => Co<unknown>) {
    this.key = key;
    this.work = work;
  }
}

/** What one request has learned so far. */
export class Replay {
  private readonly known = new Map<string, unknown>();

  /** Made once a request. */
  once<T>(key: string, make: () => T): T {
    if (!this.known.has(key)) this.known.set(key, make());
    return this.known.get(key) as T;
  }

  /** The result of `work`, for which the request waits. */
  ask<T>(key: string, work: () => Co<T>): T {
    if (!this.known.has(key)) throw new Suspended(key, work);
    return this.known.get(key) as T;
  }

  *settle({ key, work }: Suspended): Co {
    this.known.set(key, yield* work());
  }
}

/** Callers that block wait inside each other; more at once than this are sent away, as by --max-requests-inflight. */
const MAX_BLOCKED = 16;

const overloaded = (): ApiResponse => {
  const message = 'the server has received too many requests and has asked us to try again later';
  return {
    code: 429,
    headers: { 'retry-after': '1' },
    body: failure(429, 'TooManyRequests', message, { retryAfterSeconds: 1 }) as never,
  };
};

/** Requests of one server that wait. */
export class Waiting {
  private readonly sim: Sim;
  private blocked = 0;

  constructor(sim: Sim) {
    this.sim = sim;
  }

  /** The answer by and by: `attempt` runs the stages with what is known. */
  answer(replay: Replay, first: Suspended, attempt: () => ApiResponse | Suspended): LaterAnswer {
    const ready = new Signal();
    const run = function* (): Co {
      let result: ApiResponse | Suspended = first;
      while (result instanceof Suspended) {
        yield* replay.settle(result);
        result = attempt();
      }
      later.answer = result;
      ready.fire();
    };
    const task = this.sim.spawn('request', run());
    const later: LaterAnswer = {
      ready,
      answer: undefined,
      cancel: () => task.kill(),
      wait: () => this.block(later),
    };
    return later;
  }

  private block(later: LaterAnswer): ApiResponse {
    if (this.blocked < MAX_BLOCKED) {
      this.blocked++;
      try {
        while (!later.answer && this.sim.step());
      } finally {
        this.blocked--;
      }
    }
    if (!later.answer) later.cancel();
    return later.answer ?? overloaded();
  }
}
