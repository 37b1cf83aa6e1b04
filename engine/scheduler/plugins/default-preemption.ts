// DefaultPreemption: when a Pod fits nowhere, looks for a node where it would fit without some Pods of lower priority,
// evicts the least of them and nominates the node (kubernetes/pkg/scheduler/framework/preemption).

import { ApiError, isNotFound, timestamp, type Client, type Informer } from '../../client/index.ts';
import { matchesSelector } from '../../api/selectors.ts';
import { fitError } from '../diagnosis.ts';
import {
  unresolvable,
  unschedulable,
  type CycleState,
  type Handle,
  type NodeStatuses,
  type Plugin,
  type Status,
} from '../framework.ts';
import type { Pod, PodDisruptionBudget } from '../../api/types.ts';
import type { Sim } from '../../sim/index.ts';
import type { SchedulerEvents } from '../events.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import type { Cycle, Profile } from '../profile.ts';

const NAME = 'DefaultPreemption';
const NO_HELP = unresolvable('Preemption is not helpful for scheduling');
const NO_VICTIMS = unresolvable('No preemption victims found for incoming pod');
const DISRUPTION_TARGET = 'DisruptionTarget';
const PREEMPTED = 'PreemptionByScheduler';
/** Candidates enough to choose from in a large cluster (minCandidateNodesAbsolute). */
const MAX_CANDIDATES = 100;

export interface PreemptionOptions {
  sim: Sim;
  client: Client;
  handle: Handle;
  events: SchedulerEvents;
  budgets: Informer<PodDisruptionBudget>;
  schedulerName: string;
  profile: () => Profile;
  cycle: (state: CycleState) => Cycle;
}

interface Candidate {
  node: string;
  /** Most important first. */
  victims: PodInfo[];
  violations: number;
}

const startOf = (pod: PodInfo): string => pod.pod.status?.startTime ?? '9999';

/** Higher priority, then longer running. */
function byImportance(a: PodInfo, b: PodInfo): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  return startOf(a) < startOf(b) ? -1 : startOf(a) > startOf(b) ? 1 : 0;
}

export function defaultPreemption(options: PreemptionOptions): NonNullable<Plugin['postFilter']> {
  const { sim, handle, events, budgets, schedulerName } = options;
  const pods = options.client.of<Pod>('v1', 'pods');

  /** Splits Pods into those whose eviction breaks a disruption budget and the others. */
  function splitByBudget(list: readonly PodInfo[]): { violating: PodInfo[]; allowed: PodInfo[] } {
    const left = new Map<PodDisruptionBudget, number>();
    const violating: PodInfo[] = [];
    const allowed: PodInfo[] = [];
    for (const pod of list) {
      const { labels, name, namespace } = pod.pod.metadata;
      let broken = false;
      for (const budget of labels ? budgets.inNamespace(namespace as string) : []) {
        if (!matchesSelector(budget.spec?.selector, labels) || budget.status?.disruptedPods?.[name as string]) continue;
        const rest = (left.get(budget) ?? budget.status?.disruptionsAllowed ?? 0) - 1;
        left.set(budget, rest);
        if (rest < 0) broken = true;
      }
      (broken ? violating : allowed).push(pod);
    }
    return { violating, allowed };
  }

  /** The fewest and least important Pods without which `pod` fits on the node, or why none help. */
  function victimsOn(pod: PodInfo, node: NodeInfo, cycle: Cycle): Candidate | Status {
    const profile = options.profile();
    const lower = [...node.pods.values()].filter((other) => other.priority < pod.priority);
    if (lower.length === 0) return NO_VICTIMS;
    const copy = node.clone();
    for (const other of lower) profile.removePod(pod, other, copy, cycle);
    const putBack = (list: readonly PodInfo[]) => {
      for (const other of list) profile.addPod(pod, other, copy, cycle);
    };
    const refusal = profile.filter(pod, copy, cycle);
    if (refusal) {
      putBack(lower);
      return refusal.status;
    }
    const { violating, allowed } = splitByBudget(lower.sort(byImportance));
    const victims: PodInfo[] = [];
    const spare = (other: PodInfo): boolean => {
      profile.addPod(pod, other, copy, cycle);
      if (!profile.filter(pod, copy, cycle)) return true;
      profile.removePod(pod, other, copy, cycle);
      victims.push(other);
      return false;
    };
    let violations = 0;
    for (const other of violating) if (!spare(other)) violations++;
    for (const other of allowed) spare(other);
    putBack(victims);
    return { node: node.name, victims: victims.sort(byImportance), violations };
  }

  function ineligible(pod: PodInfo, statuses: NodeStatuses): string | undefined {
    if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
    const nominated = pod.pod.status?.nominatedNodeName;
    const node = nominated ? handle.node(nominated) : undefined;
    if (!node || statuses.get(node.name)?.status.code === 'UnschedulableAndUnresolvable') return undefined;
    for (const other of node.pods.values()) {
      if (other.priority >= pod.priority || !other.pod.metadata.deletionTimestamp) continue;
      const evicted = other.pod.status?.conditions?.some(
        (c) => c.type === DISRUPTION_TARGET && c.status === 'True' && c.reason === PREEMPTED,
      );
      if (evicted) return 'not eligible due to a terminating pod on the nominated node.';
    }
    return undefined;
  }

  function evict(pod: PodInfo, candidate: Candidate) {
    for (const victim of candidate.victims) {
      const { name, uid, generation } = victim.pod.metadata;
      if (victim.pod.metadata.deletionTimestamp) continue;
      const disrupted = {
        type: DISRUPTION_TARGET,
        status: 'True',
        reason: PREEMPTED,
        message: `${schedulerName}: preempting to accommodate a higher priority pod`,
        lastTransitionTime: timestamp(sim.now),
        observedGeneration: generation,
      };
      try {
        pods.patch(
          victim.namespace,
          name as string,
          'strategic',
          { metadata: { uid }, status: { conditions: [disrupted] } },
          'status',
        );
        pods.delete(victim.namespace, name as string);
      } catch (error) {
        if (isNotFound(error)) continue;
        if (!(error instanceof ApiError)) throw error;
        return;
      }
      events.event(
        victim.pod,
        'Normal',
        'Preempted',
        'Preempting',
        `Preempted by pod ${pod.pod.metadata.uid} on node ${candidate.node}`,
        pod.pod,
      );
    }
  }

  return (pod, state, statuses) => {
    const reason = ineligible(pod, statuses);
    if (reason) return { status: unschedulable(`preemption: ${reason}`) };
    const cycle = options.cycle(state);
    const candidates: Candidate[] = [];
    const outcomes: NodeStatuses = new Map();
    for (const node of handle.nodes) {
      if (candidates.length >= MAX_CANDIDATES) break;
      const refusal = statuses.get(node.name);
      if (!refusal || refusal.status.code === 'UnschedulableAndUnresolvable') {
        outcomes.set(node.name, { plugin: NAME, status: NO_HELP });
        continue;
      }
      const found = victimsOn(pod, node, cycle);
      if ('victims' in found) candidates.push(found);
      else outcomes.set(node.name, { plugin: NAME, status: found });
    }
    const best = choose(candidates);
    if (!best) return { status: unschedulable(`preemption: ${fitError(handle.nodes.length, outcomes, '', '')}`) };
    evict(pod, best);
    return { nominatedNodeName: best.node };
  };
}

/** pickOneNodeForPreemption: the criteria in turn, each smaller being better; the first of equals. */
function choose(candidates: readonly Candidate[]): Candidate | undefined {
  const criteria: ((candidate: Candidate) => number)[] = [
    ({ violations }) => violations,
    ({ victims }) => victims[0]?.priority ?? -Infinity,
    ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + 2147483648, 0),
    ({ victims }) => victims.length,
    // The youngest of the most important victims has run the least.
    ({ victims }) => {
      const earliest = victims
        .filter((v) => v.priority === victims[0].priority)
        .reduce((min, v) => (startOf(v) < min ? startOf(v) : min), '9999');
      return earliest === '9999' ? -Infinity : -Date.parse(earliest);
    },
  ];
  let best: readonly Candidate[] = candidates;
  for (const criterion of criteria) {
    if (best.length <= 1) break;
    const least = Math.min(...best.map(criterion));
    best = best.filter((candidate) => criterion(candidate) === least);
  }
  return best[0];
}
