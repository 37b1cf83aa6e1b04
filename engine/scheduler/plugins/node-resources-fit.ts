// NodeResourcesFit: requests must fit into what is allocatable and not yet requested; emptier nodes score higher
// (strategy LeastAllocated over cpu and memory).

import { MAX_NODE_SCORE, unresolvable, unschedulable, type Plugin, type Status } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

function shortage(pod: PodInfo, node: NodeInfo): Status | undefined {
  const { request } = pod;
  const { allocatable, requested } = node;
  const full = node.pods.size + 1 > allocatable.pods;
  if (
    !full &&
    request.cpu <= allocatable.cpu - requested.cpu &&
    request.memory <= allocatable.memory - requested.memory &&
    request.ephemeralStorage === 0 &&
    !request.scalars
  ) {
    return undefined;
  }
  const reasons: string[] = full ? ['Too many pods'] : [];
  let never = false;
  const check = (name: string, wants: number, used: number, capacity: number) => {
    if (wants === 0 || wants <= capacity - used) return;
    reasons.push(`Insufficient ${name}`);
    if (wants > capacity) never = true;
  };
  check('cpu', request.cpu, requested.cpu, allocatable.cpu);
  check('memory', request.memory, requested.memory, allocatable.memory);
  check('ephemeral-storage', request.ephemeralStorage, requested.ephemeralStorage, allocatable.ephemeralStorage);
  for (const name in request.scalars) {
    check(name, request.scalars[name], requested.scalars?.[name] ?? 0, allocatable.scalars?.[name] ?? 0);
  }
  if (reasons.length === 0) return undefined;
  // More than the whole node has: no Pod that leaves could help.
  return never ? unresolvable(...reasons) : unschedulable(...reasons);
}

function free(requested: number, capacity: number): number {
  return requested > capacity ? 0 : Math.floor(((capacity - requested) * MAX_NODE_SCORE) / capacity);
}

export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  events: ['AssignedPodDelete', 'AssignedPodScaleDown', 'NodeAdd', 'NodeAllocatable', 'TargetPodUpdate'],
  filter: shortage,
  helps(pod, event, node) {
    if (event !== 'NodeAdd' && event !== 'NodeAllocatable') return true;
    return node !== undefined && shortage(pod, node) === undefined;
  },
  score(pod, node) {
    const { cpu, memory } = node.allocatable;
    let sum = 0;
    let weights = 0;
    if (cpu > 0) {
      sum += free(node.nonZeroCPU + pod.request.nonZeroCPU, cpu);
      weights++;
    }
    if (memory > 0) {
      sum += free(node.nonZeroMemory + pod.request.nonZeroMemory, memory);
      weights++;
    }
    return weights === 0 ? 0 : Math.floor(sum / weights);
  },
};
