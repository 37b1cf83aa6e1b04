// Which Pods a controller deletes first when it scales down (controller_utils: ActivePodsWithRanks).

import { isPodReady, maxRestarts, readySince } from './pods.ts';
import type { Pod } from '../api/types.ts';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASE_ORDER: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/** Precomputed sort keys of one Pod. */
interface Ranked {
  pod: Pod;
  assigned: number;
  phase: number;
  ready: number;
  cost: number;
  /** How many related Pods share its node. */
  colocated: number;
  readySince: number;
  restarts: { regular: number; sidecar: number };
  created: number;
}

/** The pod-deletion-cost annotation; 0 when absent or not an int32. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST];
  if (text === undefined || !/^(0|-?[1-9][0-9]*|\+[1-9][0-9]*)$/.test(text)) return 0;
  const value = Number(text);
  return value >= -2147483648 && value <= 2147483647 ? value : 0;
}

/** Ages are compared by their binary logarithm in ns (LogarithmicScaleDown), so that near-equal ones are shuffled by uid. */
function logarithm(since: number, now: number): number {
  const age = now - since;
  return age > 0 ? Math.floor(Math.log2(age * 1e6)) : -1;
}

function compare(a: Ranked, b: Ranked, now: number): number {
  if (a.assigned !== b.assigned) return a.assigned - b.assigned;
  if (a.phase !== b.phase) return a.phase - b.phase;
  if (a.ready !== b.ready) return a.ready - b.ready;
  if (a.cost !== b.cost) return a.cost - b.cost;
  if (a.colocated !== b.colocated) return b.colocated - a.colocated;
  const byAge = (x: number, y: number): number => {
    const difference = logarithm(x, now) - logarithm(y, now);
    if (difference !== 0) return difference;
    return (a.pod.metadata.uid as string) < (b.pod.metadata.uid as string) ? -1 : 1;
  };
  if (a.ready && a.readySince !== b.readySince) return byAge(a.readySince, b.readySince);
  if (a.restarts.regular !== b.restarts.regular) return b.restarts.regular - a.restarts.regular;
  if (a.restarts.sidecar !== b.restarts.sidecar) return b.restarts.sidecar - a.restarts.sidecar;
  if (a.created !== b.created) return byAge(a.created, b.created);
  return 0;
}

/**
 * The `count` Pods of `pods` to delete first. `related` are the Pods whose nodes count as crowded; undefined: neither
 * crowds nor deletion costs matter (ActivePods).
 */
export function podsToDelete(
  pods: readonly Pod[],
  related: readonly Pod[] | undefined,
  count: number,
  now: number,
): Pod[] {
  if (count >= pods.length) return pods.slice();
  const crowd: Record<string, number> = Object.create(null);
  const crowding = related ?? [];
  for (let i = 0; i < crowding.length; i++) {
    const node = crowding[i].spec?.nodeName;
    if (node) crowd[node] = (crowd[node] ?? 0) + 1;
  }
  const ranked: Ranked[] = [];
  for (let i = 0; i < pods.length; i++) {
    const pod = pods[i];
    const node = pod.spec?.nodeName;
    const ready = isPodReady(pod);
    ranked.push({
      pod,
      assigned: node ? 1 : 0,
      phase: PHASE_ORDER[pod.status?.phase ?? 'Pending'] ?? 0,
      ready: ready ? 1 : 0,
      cost: related ? deletionCost(pod) : 0,
      colocated: node ? (crowd[node] ?? 0) : 0,
      readySince: ready ? readySince(pod) : 0,
      restarts: maxRestarts(pod),
      created: Date.parse(pod.metadata.creationTimestamp as string),
    });
  }
  ranked.sort((a, b) => compare(a, b, now));
  return ranked.slice(0, count).map((r) => r.pod);
}
