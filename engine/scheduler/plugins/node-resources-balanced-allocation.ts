// NodeResourcesBalancedAllocation: prefers nodes whose cpu and memory would be used to a like degree.

import { MAX_NODE_SCORE, SKIP, type Plugin } from '../framework.ts';

const share = (requested: number, capacity: number) => Math.min(1, requested / capacity);

export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  preScore: ({ request }) => (request.cpu === 0 && request.memory === 0 ? SKIP : undefined),
  score({ request }, { allocatable, requested }) {
    if (allocatable.cpu === 0 || allocatable.memory === 0) return MAX_NODE_SCORE;
    const cpu = share(requested.cpu + request.cpu, allocatable.cpu);
    const memory = share(requested.memory + request.memory, allocatable.memory);
    return Math.floor((1 - Math.abs(cpu - memory) / 2) * MAX_NODE_SCORE);
  },
};
