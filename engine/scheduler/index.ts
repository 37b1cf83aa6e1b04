// kube-scheduler: chooses a node for every Pod that has none.

import { Scheduler, type SchedulerOptions } from './scheduler.ts';

export { Scheduler, type SchedulerOptions } from './scheduler.ts';
export type { Decision } from './diagnosis.ts';
export type { ClusterEvent, Handle, Plugin, Status } from './framework.ts';
export type { ProfileEntry } from './profile.ts';

export function startScheduler(options: SchedulerOptions): Scheduler {
  return new Scheduler(options);
}
