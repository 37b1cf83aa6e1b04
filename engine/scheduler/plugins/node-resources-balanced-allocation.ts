// NodeResourcesBalancedAllocation: prefers nodes whose resources (cpu and memory) would be used to a like degree.

import { always, MAX_NODE_SCORE, SKIP, type Plugin } from '../framework.ts';
import { capacityOf, usageWith, type ResourceWeight } from './node-resources-fit.ts';

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
    local: always,
    preScore: ({ request }) =>
      request.cpu === 0 && request.memory === 0 && !request.scalars && request.ephemeralStorage === 0
        ? SKIP
        : undefined,
    score(pod, node) {
      const shares: number[] = [];
      for (let i = 0; i < resources.length; i++) {
        const { name } = resources[i];
        const capacity = capacityOf(pod, node, name);
        if (capacity > 0) shares.push(Math.min(1, usageWith(pod, node, name, false) / capacity));
      }
      return Math.floor((1 - deviation(shares)) * MAX_NODE_SCORE);
    },
  };
}

/** The standard deviation. That of two is half their difference, which is free of the rounding of squares. */
function deviation(shares: readonly number[]): number {
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs((shares[0] - shares[1]) / 2);
  let sum = 0;
  for (const share of shares) sum += share;
  const mean = sum / shares.length;
  let squares = 0;
  for (const share of shares) squares += (share - mean) * (share - mean);
  return Math.sqrt(squares / shares.length);
}
