// SchedulingGates: a Pod with gates is not even queued.

import { unresolvable, type Plugin } from '../framework.ts';

export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  events: ['TargetPodUpdate'],
  preEnqueue({ spec }) {
    if (!spec.schedulingGates?.length) return undefined;
    return unresolvable(`waiting for scheduling gates: [${spec.schedulingGates.map(({ name }) => name).join(' ')}]`);
  },
};
