// When a Job's failed Pods may be followed by others: 10 s, doubling with each failure up to 10 minutes, for the Job as a
// whole or, with backoffLimitPerIndex, for each index by itself (kubernetes/pkg/controller/job: backoff_utils).

import { completionIndex, failuresOf } from './job-pods.ts';
import type { Pod } from '../api/types.ts';

// DefaultJobPodFailureBackOff, MaxJobPodFailureBackOff.
const BACKOFF = 10_000;
const MAX_BACKOFF = 600_000;

const restOf = (failures: number, last: number, now: number): number =>
  last + Math.min(MAX_BACKOFF, BACKOFF * 2 ** (failures - 1)) - now;

/** Milliseconds until the next Pod may follow the failures since the last success. */
export function backoffOf(pods: readonly Pod[], now: number): number {
  let lastSuccess = 0;
  const failures: number[] = [];
  for (const pod of pods) {
    if (pod.status?.phase === 'Succeeded') lastSuccess = Math.max(lastSuccess, endOf(pod));
    else if (pod.status?.phase === 'Failed') failures.push(endOf(pod));
  }
  const since = failures.filter((time) => time >= lastSuccess);
  return since.length === 0 ? 0 : restOf(since.length, Math.max(...since), now);
}

/** Milliseconds until the last failed Pod of an index may be replaced. */
export function indexBackoffOf(failed: Pod | undefined, now: number): number {
  if (!failed) return 0;
  const { counted, ignored } = failuresOf(failed);
  return Math.max(0, restOf(counted + ignored + 1, endOf(failed), now));
}

/**
 * The last failed Pod of each index that is neither running again nor decided. It keeps its finalizer until its successor
 * runs, because that one takes the count of failures over.
 */
export function lastFailures(failed: readonly Pod[], isOpen: (index: number) => boolean): Map<number, Pod> {
  const last = new Map<number, Pod>();
  for (const pod of failed) {
    const index = completionIndex(pod);
    if (index === undefined || !isOpen(index)) continue;
    const known = last.get(index);
    if (!known || endOf(pod) >= endOf(known)) last.set(index, pod);
  }
  return last;
}

/** When the Pod's last container ended, ms since the epoch. */
function endOf(pod: Pod): number {
  let end = 0;
  for (const { state } of pod.status?.containerStatuses ?? []) {
    if (state?.terminated?.finishedAt) end = Math.max(end, Date.parse(state.terminated.finishedAt));
  }
  return end || Date.parse(pod.metadata.deletionTimestamp ?? (pod.metadata.creationTimestamp as string));
}
