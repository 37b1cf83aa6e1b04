// How many replicas a metric calls for: the ratio of what is used to what is wanted, with Pods that are not ready or
// have no metrics counted in the cautious way (kubernetes/pkg/controller/podautoscaler/replica_calculator.go).

import { podRequests } from './pod-requests.ts';
import { MetricError, type PodMetric, type PodMetrics } from './hpa-metrics.ts';
import { podCondition } from './pods.ts';
import type { Pod } from '../api/types.ts';

// --horizontal-pod-autoscaler-cpu-initialization-period, --horizontal-pod-autoscaler-initial-readiness-delay.
const CPU_INITIALIZATION = 300_000;
const READINESS_DELAY = 30_000;

/** How far the ratio may be from 1 without anything being done. */
export interface Tolerances {
  up: number;
  down: number;
}

export interface Proposal {
  replicas: number;
  /** Percent of the request, where the target is one. */
  utilization?: number;
  /** Mean per Pod, thousandths. */
  average: number;
}

interface Groups {
  ready: number;
  unready: Set<string>;
  missing: Set<string>;
}

const within = ({ up, down }: Tolerances, ratio: number) => ratio >= 1 - down && ratio <= 1 + up;

export interface Question {
  current: number;
  resource: string;
  /** Undefined: of the whole Pod. */
  container: string | undefined;
  pods: readonly Pod[];
  metrics: PodMetrics;
  tolerances: Tolerances;
  now: number;
}

/** For a target in percent of the request. */
export function replicasByUtilization(question: Question, target: number): Proposal {
  const { pods, metrics, resource, container } = question;
  const groups = group(question);
  const requests = new Map<string, number>();
  for (const pod of pods) {
    const request = podRequests(pod, resource, container);
    if (typeof request === 'string')
      throw new MetricError(`missing request for ${resource} in container ${request} of Pod ${pod.metadata.name}`);
    requests.set(pod.metadata.name as string, request);
  }
  const ratioOf = (counted: PodMetrics) => {
    let used = 0;
    let requested = 0;
    let n = 0;
    counted.forEach(({ value }, name) => {
      const request = requests.get(name);
      if (request === undefined) return;
      used += value;
      requested += request;
      n++;
    });
    if (requested === 0) throw new MetricError('no metrics returned matched known pods');
    const utilization = Math.trunc((used * 100) / requested);
    return { ratio: utilization / target, utilization, average: Math.trunc(used / n) };
  };
  const { utilization, average, ratio } = ratioOf(metrics);
  const assumed = (name: string) => ((requests.get(name) ?? 0) * Math.max(100, target)) / 100;
  const replicas = decide(question, groups, ratio, assumed, (counted) => ratioOf(counted).ratio);
  return { replicas, utilization, average };
}

/** For a target per Pod in absolute terms (thousandths). */
export function replicasByValue(question: Question, target: number): Proposal {
  const groups = group(question);
  const ratioOf = (counted: PodMetrics) => {
    let used = 0;
    counted.forEach(({ value }) => (used += value));
    const average = Math.trunc(used / counted.size);
    return { ratio: average / target, average };
  };
  const { ratio, average } = ratioOf(question.metrics);
  const replicas = decide(
    question,
    groups,
    ratio,
    () => target,
    (counted) => ratioOf(counted).ratio,
  );
  return { replicas, average };
}

function decide(
  { current, metrics, tolerances }: Question,
  { ready, unready, missing }: Groups,
  ratio: number,
  assumed: (name: string) => number,
  ratioOf: (counted: PodMetrics) => number,
): number {
  const unreadyMatter = unready.size > 0 && ratio > 1;
  if (!unreadyMatter && missing.size === 0) return within(tolerances, ratio) ? current : Math.ceil(ratio * ready);
  const counted = new Map(metrics);
  const guess = (value: number): PodMetric => ({ value, at: 0, window: 0 });
  // On the way down Pods without metrics count as fully used, on the way up as idle.
  if (ratio < 1) missing.forEach((name) => counted.set(name, guess(assumed(name))));
  else if (ratio > 1) missing.forEach((name) => counted.set(name, guess(0)));
  if (unreadyMatter) unready.forEach((name) => counted.set(name, guess(0)));
  const next = ratioOf(counted);
  if (within(tolerances, next) || (ratio < 1 && next > 1) || (ratio > 1 && next < 1)) return current;
  const replicas = Math.ceil(next * counted.size);
  return (next < 1 && replicas > current) || (next > 1 && replicas < current) ? current : replicas;
}

/** Sorts the Pods out; metrics of those that do not count are taken away. */
function group({ pods, metrics, resource, now }: Question): Groups {
  const groups: Groups = { ready: 0, unready: new Set(), missing: new Set() };
  for (const pod of pods) {
    const name = pod.metadata.name as string;
    const metric = metrics.get(name);
    if (pod.metadata.deletionTimestamp || pod.status?.phase === 'Failed') {
      metrics.delete(name);
    } else if (pod.status?.phase === 'Pending') {
      groups.unready.add(name);
    } else if (!metric) {
      groups.missing.add(name);
    } else if (resource === 'cpu' && isUnready(pod, metric, now)) {
      groups.unready.add(name);
    } else {
      groups.ready++;
    }
  }
  groups.unready.forEach((name) => metrics.delete(name));
  if (metrics.size === 0) throw new MetricError('did not receive metrics for targeted pods (pods might be unready)');
  return groups;
}

/** A Pod that is just starting uses CPU for that alone. */
function isUnready(pod: Pod, metric: PodMetric, now: number): boolean {
  const ready = podCondition(pod, 'Ready');
  const started = pod.status?.startTime ? Date.parse(pod.status.startTime) : undefined;
  if (!ready || started === undefined) return true;
  const since = Date.parse(ready.lastTransitionTime ?? '');
  if (started + CPU_INITIALIZATION > now) return ready.status === 'False' || metric.at < since + metric.window;
  return ready.status === 'False' && started + READINESS_DELAY > since;
}
