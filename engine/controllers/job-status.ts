// What the status of a Job says: its end, Pods that are still to be counted, counts that are there or not.

import { condition } from './conditions.ts';
import type { Job, JobStatus, Pod } from '../api/types.ts';

/** How a Job ends, or is about to. */
export interface Outcome {
  type: 'Complete' | 'Failed';
  reason: string;
  message: string;
}

/** How an earlier sync decided that the Job ends. */
export function targetOf({ status }: Job): Outcome | undefined {
  const target = condition(status?.conditions, 'FailureTarget') ?? condition(status?.conditions, 'SuccessCriteriaMet');
  if (target?.status !== 'True') return undefined;
  const { type, reason = '', message = '' } = target;
  return { type: type === 'FailureTarget' ? 'Failed' : 'Complete', reason, message };
}

/** Pods whose finalizers are still to go, as the status lists them; those that succeeded for an index are counted by it. */
export function uncounted(isIndexed: boolean, pods: readonly Pod[]): NonNullable<JobStatus['uncountedTerminatedPods']> {
  const uids = (succeeded: boolean) =>
    pods
      .filter(({ status }) => (status?.phase === 'Succeeded') === succeeded)
      .map(({ metadata }) => metadata.uid as string);
  const succeeded = isIndexed ? [] : uids(true);
  const failed = uids(false);
  return { ...(succeeded.length && { succeeded }), ...(failed.length && { failed }) };
}

export function setCount(status: JobStatus, field: 'active' | 'succeeded' | 'failed', value: number) {
  if (value > 0) status[field] = value;
  else delete status[field];
}

export const sorted = (status: JobStatus): object =>
  Object.fromEntries(Object.entries(status).sort(([a], [b]) => (a < b ? -1 : 1)));
