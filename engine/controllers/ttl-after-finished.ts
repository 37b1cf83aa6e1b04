// Deletes finished Jobs when their ttlSecondsAfterFinished are over.

import { isNotFound, keyOf } from '../client/index.ts';
import type { Controller } from './context.ts';
import type { Job } from '../api/types.ts';

export const ttlAfterFinishedController: Controller = {
  name: 'ttl-after-finished-controller',
  account: 'ttl-after-finished-controller',
  component: 'ttl-after-finished-controller',
  start(context) {
    const client = context.client.of<Job>('batch/v1', 'jobs');
    const jobs = context.informer<Job>('batch/v1', 'jobs');
    const queue = context.queue((key) => {
      const job = jobs.byKey(key);
      if (!job || job.metadata.deletionTimestamp) return;
      const finished = finishedAt(job);
      const ttl = job.spec?.ttlSecondsAfterFinished;
      if (finished === undefined || ttl === undefined) return;
      const rest = finished + ttl * 1000 - context.sim.now;
      if (rest > 0) {
        queue.addAfter(key, rest);
        return;
      }
      const { namespace, name, uid } = job.metadata;
      try {
        client.delete(namespace as string, name as string, { propagationPolicy: 'Foreground', preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
    const consider = (job: Job) => {
      if (job.spec?.ttlSecondsAfterFinished !== undefined && finishedAt(job) !== undefined) queue.add(keyOf(job));
    };
    jobs.on({ add: consider, update: consider });
  },
};

/** When the Job became Complete or Failed, ms since the epoch. */
function finishedAt(job: Job): number | undefined {
  const done = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  return done?.lastTransitionTime === undefined ? undefined : Date.parse(done.lastTransitionTime);
}
