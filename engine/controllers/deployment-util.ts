// The arithmetic of rollouts: surge and unavailability, counts over ReplicaSets, proportions
// (kubernetes/pkg/controller/deployment/util). Pure functions.

import type { Deployment, DeploymentSpec, DeploymentStatus, ReplicaSet, ReplicaSetSpec } from '../api/types.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

export const specOf = (d: Deployment): DeploymentSpec => d.spec as DeploymentSpec;
export const rsSpecOf = (rs: ReplicaSet): ReplicaSetSpec => rs.spec as ReplicaSetSpec;
export const wanted = (object: Deployment | ReplicaSet): number => object.spec?.replicas ?? 0;
export const availableOf = (rs: ReplicaSet | undefined): number => rs?.status?.availableReplicas ?? 0;

export function isRollingUpdate(d: Deployment): boolean {
  return specOf(d).strategy?.type === 'RollingUpdate';
}

/** A number, or a percentage of `total` rounded up or down. */
function scaled(value: number | string | undefined, total: number, up: boolean): number {
  if (typeof value !== 'string') return value ?? 0;
  const exact = (Number(value.slice(0, -1)) * total) / 100;
  return up ? Math.ceil(exact) : Math.floor(exact);
}

/** maxSurge and maxUnavailable as numbers of Pods; both 0 would never move, so the latter becomes 1. */
export function fenceposts(d: Deployment): { surge: number; unavailable: number } {
  const rolling = specOf(d).strategy?.rollingUpdate;
  const total = wanted(d);
  const surge = scaled(rolling?.maxSurge, total, true);
  const unavailable = scaled(rolling?.maxUnavailable, total, false);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

export const maxSurge = (d: Deployment): number => (isRollingUpdate(d) ? fenceposts(d).surge : 0);

export function maxUnavailable(d: Deployment): number {
  if (!isRollingUpdate(d) || wanted(d) === 0) return 0;
  return Math.min(fenceposts(d).unavailable, wanted(d));
}

export function sum(list: readonly ReplicaSet[], of: (rs: ReplicaSet) => number): number {
  let total = 0;
  for (let i = 0; i < list.length; i++) total += of(list[i]);
  return total;
}

export const active = (list: readonly ReplicaSet[]): ReplicaSet[] => list.filter((rs) => wanted(rs) > 0);

export function revisionOf(rs: ReplicaSet): number {
  const value = Number(rs.metadata.annotations?.[REVISION] ?? 0);
  return Number.isInteger(value) ? value : 0;
}

/** Oldest first; equal times by name. */
export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const x = a.metadata.creationTimestamp as string;
  const y = b.metadata.creationTimestamp as string;
  if (x !== y) return x < y ? -1 : 1;
  return (a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1;
}

export function complete(d: Deployment, status: DeploymentStatus): boolean {
  const total = wanted(d);
  return (
    (status.updatedReplicas ?? 0) === total &&
    (status.replicas ?? 0) === total &&
    (status.availableReplicas ?? 0) === total &&
    (status.observedGeneration ?? 0) >= (d.metadata.generation ?? 0)
  );
}

/** True when a rollout moved between two statuses. */
export function progressing(old: DeploymentStatus, status: DeploymentStatus): boolean {
  const outdated = (s: DeploymentStatus) => (s.replicas ?? 0) - (s.updatedReplicas ?? 0);
  return (
    (status.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    outdated(status) < outdated(old) ||
    (status.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

/** True when the new ReplicaSet has all it should, so that the others need not grow any more. */
export function isSaturated(d: Deployment, rs: ReplicaSet | undefined): boolean {
  if (!rs) return false;
  const total = wanted(d);
  return (
    Number(rs.metadata.annotations?.[DESIRED_REPLICAS]) === total && wanted(rs) === total && availableOf(rs) === total
  );
}

/** How many Pods the new ReplicaSet should have at this moment. */
export function newReplicaSetSize(d: Deployment, all: readonly ReplicaSet[], current: number): number {
  if (!isRollingUpdate(d)) return wanted(d);
  const room = wanted(d) + maxSurge(d) - sum(all, wanted);
  if (room <= 0) return current;
  return current + Math.min(room, wanted(d) - current);
}

/** Sizes by name that share a change of the Deployment's size among ReplicaSets in proportion to what they have. */
export function proportionalSizes(d: Deployment, list: readonly ReplicaSet[]): Map<string, number> {
  const total = wanted(d);
  const room = (total > 0 ? total + maxSurge(d) : 0) - sum(list, wanted);
  const bigger = (a: ReplicaSet, b: ReplicaSet) => wanted(b) - wanted(a);
  const ordered = [...list].sort((a, b) => bigger(a, b) || (room > 0 ? byCreation(b, a) : byCreation(a, b)));
  const sizes = new Map<string, number>();
  let added = 0;
  for (const rs of ordered) {
    const share = room === 0 ? 0 : proportion(d, rs, room, added);
    sizes.set(rs.metadata.name as string, wanted(rs) + share);
    added += share;
  }
  if (room !== 0 && ordered.length > 0) {
    const first = ordered[0].metadata.name as string;
    sizes.set(first, Math.max(0, (sizes.get(first) as number) + room - added));
  }
  return sizes;
}

function proportion(d: Deployment, rs: ReplicaSet, room: number, added: number): number {
  if (wanted(rs) === 0 || room === added) return 0;
  const share = fraction(d, rs);
  return room > 0 ? Math.min(share, room - added) : Math.max(share, room - added);
}

function fraction(d: Deployment, rs: ReplicaSet): number {
  if (wanted(d) === 0) return -wanted(rs);
  const before = Number(rs.metadata.annotations?.[MAX_REPLICAS]) || (d.status?.replicas ?? 0);
  if (before === 0) return 0;
  const size = (wanted(rs) * (wanted(d) + maxSurge(d))) / before;
  return Math.round(size) - wanted(rs);
}
