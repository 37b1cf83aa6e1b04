// NodeResourcesFit: requests must fit into what is allocatable and not yet requested; emptier nodes score higher
// (strategy LeastAllocated over cpu and memory).

import { always, MAX_NODE_SCORE, unresolvable, unschedulable, type Plugin, type Status } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { PRESENT, waysOf } from '../release.ts';

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

const resolvable = (status: Status | undefined) => status && unschedulable(...status.reasons);

export interface ResourceWeight {
  name: string;
  weight: number;
}

/** Arguments of the plug-in; what is left out is the default. */
export interface FitArgs {
  scoringStrategy?: {
    type?: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
    resources?: readonly ResourceWeight[];
    requestedToCapacityRatio?: { shape: readonly { utilization: number; score: number }[] };
  };
}

/** How much there is of a resource on the node; 0: not scored. */
export function capacityOf({ request }: PodInfo, { allocatable }: NodeInfo, name: string): number {
  switch (name) {
    case 'cpu':
      return allocatable.cpu;
    case 'memory':
      return allocatable.memory;
    case 'ephemeral-storage':
      return allocatable.ephemeralStorage;
    default:
      // Nodes are not judged by an extended resource that the Pod does not want.
      return request.scalars?.[name] ? (allocatable.scalars?.[name] ?? 0) : 0;
  }
}

/** What the Pod would bring a resource of the node to. */
export function usageWith({ request }: PodInfo, node: NodeInfo, name: string, nonZero: boolean): number {
  const { requested } = node;
  switch (name) {
    case 'cpu':
      return nonZero ? node.nonZeroCPU + request.nonZeroCPU : requested.cpu + request.cpu;
    case 'memory':
      return nonZero ? node.nonZeroMemory + request.nonZeroMemory : requested.memory + request.memory;
    case 'ephemeral-storage':
      return requested.ephemeralStorage + request.ephemeralStorage;
    default:
      return (requested.scalars?.[name] ?? 0) + (request.scalars?.[name] ?? 0);
  }
}

type Scorer = (used: number, capacity: number) => number;

const least: Scorer = (used, capacity) =>
  used > capacity ? 0 : Math.floor(((capacity - used) * MAX_NODE_SCORE) / capacity);
const most: Scorer = (used, capacity) => Math.floor((Math.min(used, capacity) * MAX_NODE_SCORE) / capacity);

/** Points on a line from point to point of the shape; its scores go from 0 to 10. */
function shaped(shape: readonly { utilization: number; score: number }[]): Scorer {
  return (used, capacity) => {
    const at = used > capacity ? 100 : Math.floor((used * 100) / capacity);
    for (let i = 0; i < shape.length; i++) {
      const { utilization, score } = shape[i];
      if (at > utilization) continue;
      if (i === 0) return score * 10;
      const before = shape[i - 1];
      const steps = (score - before.score) * 10 * (at - before.utilization);
      return before.score * 10 + Math.trunc(steps / (utilization - before.utilization));
    }
    return shape[shape.length - 1].score * 10;
  };
}

const DEFAULT_RESOURCES: readonly ResourceWeight[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

export function nodeResourcesFit({ scoringStrategy = {} }: FitArgs = {}, { preemptsInVain } = waysOf(PRESENT)): Plugin {
  const { type = 'LeastAllocated', resources = DEFAULT_RESOURCES, requestedToCapacityRatio } = scoringStrategy;
  const byRatio = type === 'RequestedToCapacityRatio';
  const scorer = byRatio ? shaped(requestedToCapacityRatio?.shape ?? []) : type === 'MostAllocated' ? most : least;
  return {
    name: 'NodeResourcesFit',
    local: always,
    events: ['AssignedPodDelete', 'AssignedPodScaleDown', 'NodeAdd', 'NodeAllocatable', 'TargetPodUpdate'],
    filter: preemptsInVain ? (pod, node) => resolvable(shortage(pod, node)) : shortage,
    helps(pod, event, node) {
      if (event !== 'NodeAdd' && event !== 'NodeAllocatable') return true;
      return node !== undefined && shortage(pod, node) === undefined;
    },
    score(pod, node) {
      let sum = 0;
      let weights = 0;
      for (let i = 0; i < resources.length; i++) {
        const { name, weight } = resources[i];
        const capacity = capacityOf(pod, node, name);
        if (capacity === 0) continue;
        const points = scorer(usageWith(pod, node, name, true), capacity);
        if (byRatio && points === 0) continue;
        sum += points * weight;
        weights += weight;
      }
      if (weights === 0) return 0;
      return byRatio ? Math.round(sum / weights) : Math.floor(sum / weights);
    },
  };
}
