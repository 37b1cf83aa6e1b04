// Questions that several controllers ask of a Pod (kubernetes/pkg/api/v1/pod, controller_utils).

import type { ContainerStatus, Pod, PodCondition } from '../api/types.ts';

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  const conditions = pod.status?.conditions;
  if (!conditions) return undefined;
  for (let i = 0; i < conditions.length; i++) if (conditions[i].type === type) return conditions[i];
  return undefined;
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** Succeeded or Failed. */
export function isPodFinished({ status }: Pod): boolean {
  const phase = status?.phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Neither finished nor being deleted. */
export function isPodActive(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && !isPodFinished(pod);
}

/** Being deleted and not finished yet: what `terminatingReplicas` counts. */
export function isPodTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !isPodFinished(pod);
}

/** When the Pod became Ready (ms since the epoch); 0 when it is not. */
export function readySince(pod: Pod): number {
  const condition = podCondition(pod, 'Ready');
  if (condition?.status !== 'True' || !condition.lastTransitionTime) return 0;
  return Date.parse(condition.lastTransitionTime);
}

/** Ready for at least `minReadySeconds`. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  if (!isPodReady(pod)) return false;
  if (minReadySeconds === 0) return true;
  const since = readySince(pod);
  return since > 0 && since + minReadySeconds * 1000 <= now;
}

/** Milliseconds until the next of the ready Pods becomes available; undefined when none will. */
export function nextAvailability(pods: readonly Pod[], minReadySeconds: number, now: number): number | undefined {
  let next: number | undefined;
  for (let i = 0; i < pods.length; i++) {
    const since = readySince(pods[i]);
    if (since === 0) continue;
    const wait = since + minReadySeconds * 1000 - now;
    if (wait > 0 && (next === undefined || wait < next)) next = wait;
  }
  return next;
}

/** Greatest restart counts: of regular containers and of restartable init containers. */
export function maxRestarts(pod: Pod): { regular: number; sidecar: number } {
  const sidecars = new Set<string>();
  for (const container of pod.spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') sidecars.add(container.name);
  }
  const greatest = (statuses: ContainerStatus[] | undefined, counted: (name: string) => boolean) => {
    let max = 0;
    for (const status of statuses ?? []) if (counted(status.name)) max = Math.max(max, status.restartCount);
    return max;
  };
  return {
    regular: greatest(pod.status?.containerStatuses, () => true),
    sidecar: greatest(pod.status?.initContainerStatuses, (name) => sidecars.has(name)),
  };
}
