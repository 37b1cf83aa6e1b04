// What is said of a container runtime that does not answer.

import { goDuration } from './format.ts';
import type { Runtime } from './runtimes.ts';

// kubelet: baseRuntimeSyncThreshold, and the generic PLEG's relistThreshold.
const RUNTIME_THRESHOLD_MS = 30_000;
const PLEG_THRESHOLD_MS = 180_000;

/** Nobody listens at its socket. */
export const unreachable = ({ socket }: Runtime): string =>
  `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix ${socket}: connect: no such file or directory"`;

/** What makes the node unready after so many ms; undefined: it is not noticed yet. */
export function runtimeTrouble(down: number): string | undefined {
  if (down < RUNTIME_THRESHOLD_MS) return undefined;
  if (down < PLEG_THRESHOLD_MS) return 'container runtime is down';
  return `[container runtime is down, PLEG is not healthy: pleg was last seen active ${goDuration(down)} ago; threshold is 3m0s]`;
}
