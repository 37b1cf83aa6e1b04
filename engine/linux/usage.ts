// What processes say of the memory and CPU time that they use. The runtime counts it for a container; on a machine
// without a meter it costs nothing.

import type { Co } from '../sim/index.ts';
import { current } from './current.ts';
import type { Process } from './types.ts';

/** Counts for one machine. */
export interface Meter {
  /** `bytes` more are held (negative: given back). */
  allocate(bytes: number): void;
  /** `ms` of CPU time have been spent. */
  spend(ms: number): void;
  /** From now on `millis` thousandths of a CPU more are wanted all the time (negative: fewer). */
  load(millis: number): void;
  /** Takes up `ms` of work and says in how many ms it is done: under a CPU limit work has to wait. */
  reserve(ms: number): number;
}

/** The process takes `bytes` more memory (negative: gives them back). */
export function allocate(process: Process, bytes: number) {
  process.host.meter?.allocate(bytes);
}

/** Whoever takes a step right now holds `bytes` more, or less. */
export function charge(bytes: number) {
  if (current.process) allocate(current.process, bytes);
}

/** The process keeps `millis` thousandths of a CPU busy from now on (negative: no more). */
export function load(process: Process, millis: number) {
  process.host.meter?.load(millis);
}

/** Computes for `ms` of CPU time; under a CPU limit that takes longer. */
export function* compute(process: Process, ms: number): Co {
  const { meter } = process.host;
  if (!meter) {
    yield ms;
    return;
  }
  yield meter.reserve(ms);
  meter.spend(ms);
}
