// NodeResourcesFit: requests must fit into what is allocatable and not yet requested; emptier nodes score higher
// (strategy LeastAllocated over cpu and memory).

import { MAX_NODE_SCORE, unresolvable, unschedulable, type Plugin, type Status } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

function shortage(pod: PodInfo, node: NodeInfo): Status | undefined {
  const { request } = pod;
  const { allocatable, requested } = node;
  let reasons: string[] | undefined;
  let never = false;
  const check = (name: string, wants: number, free: number, capacity: number) => {
    if (wants === 0 || wants <= free) return;
    (reasons ??= []).push(`Insufficient ${name}`);
    if (wants > capacity) never = true;
  };
  if (node.pods.size + 1 > allocatable.pods) (reasons ??= []).push('Too many pods');
  if (request.cpu > allocatable.cpu - requested.cpu)
    check('cpu', request.cpu, allocatable.cpu - requested.cpu, allocatable.cpu);
  if (request.memory > allocatable.memory - requested.memory) {
    check('memory', request.memory, allocatable.memory - requested.memory, allocatable.memory);
  }
  if (request.ephemeralStorage > 0) {
    const free = allocatable.ephemeralStorage - requested.ephemeralStorage;
    check('ephemeral-storage', request.ephemeralStorage, free, allocatable.ephemeralStorage);
  }
  for (const name in request.scalars) {
    const capacity = allocatable.scalars?.[name] ?? 0;
    check(name, request.scalars[name], capacity - (requested.scalars?.[name] ?? 0), capacity);
  }
  if (!reasons) return undefined;
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
