// PrioritySort: the queue's order; equal priorities by the time they came.

import type { Plugin } from '../framework.ts';

export const prioritySort: Plugin = {
  name: 'PrioritySort',
  less: (a, b) => b.priority - a.priority,
};
