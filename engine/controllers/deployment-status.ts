// What a Deployment says of itself: counts, Available, Progressing with its deadline, ReplicaFailure
// (kubernetes/pkg/controller/deployment/progress.go, sync.go).

import { timestamp } from '../client/index.ts';
import { condition, setCondition, withoutCondition } from './conditions.ts';
import { availableOf, complete, maxUnavailable, progressing, specOf, sum, wanted } from './deployment-util.ts';
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../api/types.ts';

/** An absent deadline comes to the controller as the greatest int32. */
const NO_DEADLINE = 2147483647;

export function hasProgressDeadline(d: Deployment): boolean {
  const { progressDeadlineSeconds } = specOf(d);
  return progressDeadlineSeconds !== undefined && progressDeadlineSeconds !== NO_DEADLINE;
}

export function deploymentCondition(
  type: string,
  status: string,
  reason: string,
  message: string,
  now: number,
): DeploymentCondition {
  const time = timestamp(now);
  return { type, status, lastUpdateTime: time, lastTransitionTime: time, reason, message };
}

export function calculateStatus(
  d: Deployment,
  all: readonly ReplicaSet[],
  newRS: ReplicaSet | undefined,
  now: number,
): DeploymentStatus {
  const available = sum(all, availableOf);
  const unavailable = Math.max(0, sum(all, wanted) - available);
  const replicas = sum(all, (rs) => rs.status?.replicas ?? 0);
  const ready = sum(all, (rs) => rs.status?.readyReplicas ?? 0);
  const updated = newRS?.status?.replicas ?? 0;
  // Counts of 0 are left out as Go's omitempty does.
  const status: DeploymentStatus = { observedGeneration: d.metadata.generation };
  if (replicas) status.replicas = replicas;
  if (updated) status.updatedReplicas = updated;
  if (ready) status.readyReplicas = ready;
  if (available) status.availableReplicas = available;
  if (unavailable) status.unavailableReplicas = unavailable;
  if (d.status?.collisionCount !== undefined) status.collisionCount = d.status.collisionCount;
  // Unknown as long as one of the ReplicaSets has not said.
  if (all.every((rs) => rs.status?.terminatingReplicas !== undefined)) {
    status.terminatingReplicas = sum(all, (rs) => rs.status?.terminatingReplicas ?? 0);
  }
  const minimum = available >= wanted(d) - maxUnavailable(d);
  status.conditions = setCondition(
    d.status?.conditions ?? [],
    minimum
      ? deploymentCondition(
          'Available',
          'True',
          'MinimumReplicasAvailable',
          'Deployment has minimum availability.',
          now,
        )
      : deploymentCondition(
          'Available',
          'False',
          'MinimumReplicasUnavailable',
          'Deployment does not have minimum availability.',
          now,
        ),
  );
  return status;
}

/** The status of a rollout under way: progress against the deadline, and the failure of a ReplicaSet. */
export function rolloutStatus(
  d: Deployment,
  all: readonly ReplicaSet[],
  newRS: ReplicaSet | undefined,
  now: number,
): DeploymentStatus {
  const status = calculateStatus(d, all, newRS, now);
  let conditions = status.conditions as DeploymentCondition[];
  const old = condition(d.status?.conditions, 'Progressing');
  if (!hasProgressDeadline(d)) conditions = withoutCondition(conditions, 'Progressing');
  const settled = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && old?.reason === 'NewReplicaSetAvailable';
  if (hasProgressDeadline(d) && !settled) {
    const what = newRS ? `ReplicaSet "${newRS.metadata.name}"` : `Deployment "${d.metadata.name}"`;
    if (complete(d, status)) {
      const message = `${what} has successfully progressed.`;
      conditions = setCondition(
        conditions,
        deploymentCondition('Progressing', 'True', 'NewReplicaSetAvailable', message, now),
      );
    } else if (progressing(d.status ?? {}, status)) {
      const next = deploymentCondition('Progressing', 'True', 'ReplicaSetUpdated', `${what} is progressing.`, now);
      if (old?.status === 'True') next.lastTransitionTime = old.lastTransitionTime;
      conditions = [...withoutCondition(conditions, 'Progressing'), next];
    } else if (timedOut(d, status, now)) {
      const message = `${what} has timed out progressing.`;
      conditions = setCondition(
        conditions,
        deploymentCondition('Progressing', 'False', 'ProgressDeadlineExceeded', message, now),
      );
    }
  }
  const failure = replicaFailure(all, newRS);
  status.conditions = failure ? setCondition(conditions, failure) : withoutCondition(conditions, 'ReplicaFailure');
  return status;
}

function replicaFailure(all: readonly ReplicaSet[], newRS: ReplicaSet | undefined): DeploymentCondition | undefined {
  const of = (rs: ReplicaSet | undefined) => condition(rs?.status?.conditions, 'ReplicaFailure');
  let found = of(newRS);
  for (let i = 0; i < all.length && !found; i++) found = of(all[i]);
  return found && { ...found, lastUpdateTime: found.lastTransitionTime };
}

export function timedOut(d: Deployment, status: DeploymentStatus, now: number): boolean {
  const known = condition(status.conditions, 'Progressing');
  if (!known || known.reason === 'NewReplicaSetAvailable') return false;
  if (known.reason === 'ProgressDeadlineExceeded') return true;
  const deadline = (specOf(d).progressDeadlineSeconds as number) * 1000;
  return Date.parse(known.lastUpdateTime as string) + deadline < now;
}

/** Milliseconds after which a rollout that does not move must be looked at again; undefined when it need not. */
export function stuckCheckAfter(d: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const known = condition(d.status?.conditions, 'Progressing');
  if (!hasProgressDeadline(d) || !known) return undefined;
  if (complete(d, status) || known.reason === 'ProgressDeadlineExceeded') return undefined;
  const due = Date.parse(known.lastUpdateTime as string) + (specOf(d).progressDeadlineSeconds as number) * 1000;
  return Math.max(due - now, 0) + 1000;
}

const COUNTS = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas'] as const;

export function sameStatus(a: DeploymentStatus | undefined, b: DeploymentStatus): boolean {
  if (!a) return false;
  for (const field of COUNTS) if ((a[field] ?? 0) !== (b[field] ?? 0)) return false;
  if (a.observedGeneration !== b.observedGeneration || a.collisionCount !== b.collisionCount) return false;
  if (a.terminatingReplicas !== b.terminatingReplicas) return false;
  const x = a.conditions ?? [];
  const y = b.conditions ?? [];
  return x.length === y.length && x.every((c, i) => c === y[i] || sameCondition(c, y[i]));
}

function sameCondition(a: DeploymentCondition, b: DeploymentCondition): boolean {
  return (
    a.type === b.type &&
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.lastUpdateTime === b.lastUpdateTime &&
    a.lastTransitionTime === b.lastTransitionTime
  );
}
