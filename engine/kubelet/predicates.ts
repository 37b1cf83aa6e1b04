// What the kubelet asks of the scheduler's rules before it takes a Pod that was bound to it, perhaps by somebody else: node
// affinity, host ports, taints. And how a critical Pod gets room for what it requests.

import { podQOSClass } from '../api/qos.ts';
import type { Pod, PodSpec } from '../api/types.ts';
import { isCritical } from './eviction.ts';
import type { Kubelet } from './kubelet.ts';
import { podRequests } from './pod-spec.ts';
import type { PodWorker } from './pod-worker.ts';
import { podRef } from './reference.ts';

export interface Refusal {
  reason: string;
  message: string;
}

const failed = (reason: string, why: string): Refusal => ({
  reason,
  message: `Predicate ${reason} failed: ${why}`,
});

/** Why a Pod that is in the wrong place is: the words of the scheduler's rules. */
export function misplaced(what: 'affinity' | 'ports' | 'taints'): Refusal {
  switch (what) {
    case 'affinity':
      return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
    case 'ports':
      return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports");
    case 'taints':
      return failed('TaintToleration', "node(s) had taints that the pod didn't tolerate");
  }
}

// ---- room for critical Pods ----------------------------------------------------------------------------------

const PREEMPTED = 'Preempted in order to admit critical pod';
const CLASSES = ['BestEffort', 'Burstable', 'Guaranteed'];
const RESOURCES = ['cpu', 'memory'] as const;
type Amounts = Partial<Record<(typeof RESOURCES)[number] | 'pods', number>>;

const requestsOf = (worker: PodWorker): Required<Amounts> => ({
  ...podRequests(worker.pod.spec as PodSpec),
  pods: 1,
});

/** Ends Pods of lower rank until what a critical Pod requests is free; why that cannot be. */
export function makeRoom(kubelet: Kubelet, pod: Pod): Refusal | undefined {
  const missing = kubelet.allocation.missing(pod);
  const byClass = CLASSES.map((): PodWorker[] => []);
  kubelet.workers.forEach((worker) => {
    if (worker.phase === 'syncing' && !worker.failure && worker.pod !== pod && yields(worker.pod, pod))
      byClass[CLASSES.indexOf(podQOSClass(worker.pod.spec as PodSpec))].push(worker);
  });
  const left = without(missing, byClass.flat());
  if (left.length) {
    const text = left.map(([name, amount]) => `(res: ${name}, q: ${amount}), `).join('');
    return {
      reason: 'UnexpectedAdmissionError',
      message: `Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [${text}]`,
    };
  }
  // As few as can be, and rather those that promise least: each class only gives what the others cannot.
  const [bestEffort, burstable, guaranteed] = byClass;
  const third = nearest(guaranteed, without(missing, [...bestEffort, ...burstable]));
  const second = nearest(burstable, without(missing, [...bestEffort, ...third]));
  const first = nearest(bestEffort, without(missing, [...second, ...third]));
  for (const victim of [...first, ...second, ...third]) {
    kubelet.recorder.event(podRef(victim.pod), 'Warning', 'Preempting', PREEMPTED);
    victim.fail({ reason: 'Preempting', message: PREEMPTED, disruption: true }, victim.ownGrace);
  }
  return undefined;
}

/** Whether a Pod goes for another one. */
function yields(pod: Pod, other: Pod): boolean {
  const isStatic = (one: Pod) => one.metadata?.annotations?.['kubernetes.io/config.source'] === 'file';
  if (isCritical(other) && !isCritical(pod)) return true;
  if (isStatic(other) && !isStatic(pod)) return true;
  return (other.spec?.priority ?? 0) > (pod.spec?.priority ?? 0);
}

type Missing = [keyof Amounts, number][];

function without(missing: Missing, workers: readonly PodWorker[]): Missing {
  return missing
    .map(([name, amount]): Missing[number] => [
      name,
      workers.reduce((rest, worker) => rest - requestsOf(worker)[name], amount),
    ])
    .filter(([, amount]) => amount > 0);
}

/** Pods that cover what is missing, each time the one that comes closest, of equals the smaller one. */
function nearest(workers: readonly PodWorker[], missing: Missing): PodWorker[] {
  const chosen: PodWorker[] = [];
  const rest = [...workers];
  let open = missing;
  while (open.length && rest.length) {
    const distance = (worker: PodWorker) =>
      open.reduce((sum, [name, amount]) => {
        const left = amount - requestsOf(worker)[name];
        return left > 0 ? sum + (left / amount) ** 2 : sum;
      }, 0);
    const size = (worker: PodWorker) => requestsOf(worker);
    rest.sort((a, b) => distance(a) - distance(b) || size(a).memory - size(b).memory || size(a).cpu - size(b).cpu);
    const next = rest.shift() as PodWorker;
    chosen.push(next);
    open = without(open, [next]);
  }
  return chosen;
}
