// NodeResourcesBalancedAllocation: prefers nodes whose resources (cpu and memory) would be used to a like degree.

import { MAX_NODE_SCORE, SKIP, type Plugin } from '../framework.ts';
import { usageWith, type ResourceWeight } from './node-resources-fit.ts';

export interface BalancedArgs {
  resources?: readonly ResourceWeight[];
}

const DEFAULT_RESOURCES: readonly ResourceWeight[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

export function nodeResourcesBalancedAllocation({ resources = DEFAULT_RESOURCES }: BalancedArgs = {}): Plugin {
  return {
    name: 'NodeResourcesBalancedAllocation',
    preScore: ({ request }) =>
      request.cpu === 0 && request.memory === 0 && !request.scalars && request.ephemeralStorage === 0
        ? SKIP
        : undefined,
    score(pod, node) {
      let sum = 0;
      let squares = 0;
      let n = 0;
      for (let i = 0; i < resources.length; i++) {
        const usage = usageWith(pod, node, resources[i].name, false);
        if (usage[1] === 0) continue;
        const share = Math.min(1, usage[0] / usage[1]);
        sum += share;
        squares += share * share;
        n++;
      }
      if (n < 2) return MAX_NODE_SCORE;
      const mean = sum / n;
      return Math.floor((1 - Math.sqrt(Math.max(0, squares / n - mean * mean))) * MAX_NODE_SCORE);
    },
  };
}
