// The ReplicaSets of a Deployment as its revisions: finding or creating the one of the present template, scaling,
// and clearing away the oldest (kubernetes/pkg/controller/deployment/sync.go).

import { ApiError, isAlreadyExists, type EventRecorder, type ResourceClient } from '../client/index.ts';
import { condition, setCondition } from './conditions.ts';
import { deploymentCondition, hasProgressDeadline } from './deployment-status.ts';
import {
  active,
  byCreation,
  DESIRED_REPLICAS,
  isRollingUpdate,
  isSaturated,
  MAX_REPLICAS,
  maxSurge,
  newReplicaSetSize,
  proportionalSizes,
  REVISION,
  REVISION_HISTORY,
  revisionOf,
  rsSpecOf,
  specOf,
  wanted,
} from './deployment-util.ts';
import { controllerRef, isControlledBy, sameMap } from './owners.ts';
import { namespaceIsTerminating } from './pod-control.ts';
import { POD_TEMPLATE_HASH, sameTemplate, withLabel } from './pod-template.ts';
import { templateHash } from './template-hash.ts';
import type { ControllerContext } from './context.ts';
import type { ReleaseWays } from './release.ts';
import type { Deployment, DeploymentStatus, KubeObject, ReplicaSet } from '../api/types.ts';
import type { Sim } from '../sim/index.ts';

/** Annotations that belong to one object and are not handed on to ReplicaSets. */
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);
const HISTORY_LENGTH = 2000;

/** A Deployment with its ReplicaSets, as one sync sees them; `d` is replaced when the sync has changed it. */
export interface Revisions {
  d: Deployment;
  newRS: ReplicaSet | undefined;
  old: ReplicaSet[];
}

export const allOf = (r: Revisions): ReplicaSet[] => (r.newRS ? [...r.old, r.newRS] : r.old);

export class ReplicaSets {
  private readonly sim: Sim;
  private readonly deployments: ResourceClient<Deployment>;
  private readonly replicaSets: ResourceClient<ReplicaSet>;
  private readonly recorder: EventRecorder;
  private readonly ways: ReleaseWays;

  constructor(
    { sim, recorder, ways }: ControllerContext,
    deployments: ResourceClient<Deployment>,
    replicaSets: ResourceClient<ReplicaSet>,
  ) {
    this.sim = sim;
    this.deployments = deployments;
    this.replicaSets = replicaSets;
    this.recorder = recorder;
    this.ways = ways;
  }

  /** Splits `list` into the ReplicaSet of the present template and the others, and brings revisions up to date. */
  revisions(d: Deployment, list: readonly ReplicaSet[], create: boolean): Revisions {
    const ordered = [...list].sort(byCreation);
    const existing = ordered.find((rs) => sameTemplate(rsSpecOf(rs).template ?? {}, specOf(d).template));
    const old = ordered.filter((rs) => rs !== existing);
    const revision = old.reduce((max, rs) => Math.max(max, revisionOf(rs)), 0) + 1;
    if (existing) return this.refresh({ d, newRS: existing, old }, revision);
    return create ? this.create({ d, newRS: undefined, old }, revision) : { d, newRS: undefined, old };
  }

  /** Carries annotations, revision and minReadySeconds over to the ReplicaSet that exists already. */
  private refresh(r: Revisions, revision: number): Revisions {
    const { d } = r;
    const rs = r.newRS as ReplicaSet;
    const annotations = this.annotationsFor(d, rs.metadata.annotations, revision);
    const minReadySeconds = specOf(d).minReadySeconds;
    if (
      !sameMap(annotations, rs.metadata.annotations) ||
      (rsSpecOf(rs).minReadySeconds ?? 0) !== (minReadySeconds ?? 0)
    ) {
      const newRS = this.update({
        ...rs,
        metadata: { ...rs.metadata, annotations },
        spec: { ...rsSpecOf(rs), minReadySeconds },
      });
      return { ...r, newRS };
    }
    const conditions = d.status?.conditions;
    let changed = this.withRevision(d, annotations[REVISION]);
    if (hasProgressDeadline(d) && !condition(conditions, 'Progressing')) {
      const message = `Found new replica set "${rs.metadata.name}"`;
      const found = deploymentCondition('Progressing', 'True', 'FoundNewReplicaSet', message, this.sim.now);
      changed = withConditions(changed, setCondition(conditions ?? [], found));
    }
    return changed === d ? r : { ...r, d: this.updateStatus(changed) };
  }

  private create(r: Revisions, revision: number): Revisions {
    const { d } = r;
    const spec = specOf(d);
    const hash = templateHash(spec.template, this.ways.minor, d.status?.collisionCount);
    const template = withLabel(spec.template, POD_TEMPLATE_HASH, hash);
    const replicas = newReplicaSetSize(d, r.old, 0);
    const wantedRS: ReplicaSet = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${d.metadata.name}-${hash}`,
        namespace: d.metadata.namespace,
        labels: template.metadata?.labels,
        annotations: { ...this.annotationsFor(d, undefined, revision), ...this.replicaAnnotations(d) },
        ownerReferences: [controllerRef(d, 'apps/v1', 'Deployment')],
      },
      spec: {
        replicas,
        minReadySeconds: spec.minReadySeconds,
        selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [POD_TEMPLATE_HASH]: hash } },
        template,
      },
    };
    if (spec.minReadySeconds === undefined) delete wantedRS.spec?.minReadySeconds;
    let newRS: ReplicaSet;
    try {
      newRS = this.replicaSets.create(d.metadata.namespace as string, wantedRS);
    } catch (error) {
      return this.createFailed(r, wantedRS, error);
    }
    if (replicas > 0) this.recordScaling(d, newRS, 0, true);
    let changed = this.withRevision(d, String(revision));
    if (hasProgressDeadline(d)) {
      const message = `Created new replica set "${newRS.metadata.name}"`;
      const created = deploymentCondition('Progressing', 'True', 'NewReplicaSetCreated', message, this.sim.now);
      changed = withConditions(changed, setCondition(d.status?.conditions ?? [], created));
    }
    return { ...r, newRS, d: changed === d ? d : this.updateStatus(changed) };
  }

  private createFailed(r: Revisions, wantedRS: ReplicaSet, error: unknown): Revisions {
    const { d } = r;
    const name = wantedRS.metadata.name as string;
    if (isAlreadyExists(error)) {
      const existing = this.replicaSets.get(d.metadata.namespace as string, name);
      if (isControlledBy(existing, d) && sameTemplate(rsSpecOf(existing).template ?? {}, specOf(d).template)) {
        return { ...r, newRS: existing };
      }
      // A hash collision: count it, and the next sync hashes to another name.
      const collisionCount = (d.status?.collisionCount ?? 0) + 1;
      this.updateStatus({ ...d, status: { ...d.status, collisionCount } });
      throw error;
    }
    if (!(error instanceof ApiError) || namespaceIsTerminating(error)) throw error;
    const message = `Failed to create new replica set "${name}": ${error.message}`;
    if (hasProgressDeadline(d)) {
      const failed = deploymentCondition('Progressing', 'False', 'ReplicaSetCreateError', message, this.sim.now);
      this.updateStatus(withConditions(d, setCondition(d.status?.conditions ?? [], failed)));
    }
    this.recorder.event(d as KubeObject, 'Warning', 'ReplicaSetCreateError', message);
    throw error;
  }

  /** The Deployment's annotations that go with its Pods, and the revision (with the earlier ones when it returns). */
  private annotationsFor(
    d: Deployment,
    present: Record<string, string> | undefined,
    revision: number,
  ): Record<string, string> {
    const annotations: Record<string, string> = { ...present };
    const source = d.metadata.annotations;
    for (const key in source) if (!NOT_COPIED.has(key)) annotations[key] = source[key];
    const before = present?.[REVISION];
    if (Number(before ?? 0) < revision) {
      annotations[REVISION] = String(revision);
      if (before !== undefined) annotations[REVISION_HISTORY] = history(present?.[REVISION_HISTORY], before);
    }
    return annotations;
  }

  private replicaAnnotations(d: Deployment): Record<string, string> {
    return { [DESIRED_REPLICAS]: String(wanted(d)), [MAX_REPLICAS]: String(wanted(d) + maxSurge(d)) };
  }

  private withRevision(d: Deployment, revision: string): Deployment {
    if (d.metadata.annotations?.[REVISION] === revision) return d;
    return { ...d, metadata: { ...d.metadata, annotations: { ...d.metadata.annotations, [REVISION]: revision } } };
  }

  /** Gives a ReplicaSet its size and says so; the size annotations follow the Deployment. Answers whether the size changed. */
  scale(d: Deployment, rs: ReplicaSet, size: number): boolean {
    const annotations = { ...rs.metadata.annotations, ...this.replicaAnnotations(d) };
    const before = wanted(rs);
    if (before === size && sameMap(annotations, rs.metadata.annotations)) return false;
    const scaled = this.update({
      ...rs,
      metadata: { ...rs.metadata, annotations },
      spec: { ...rsSpecOf(rs), replicas: size },
    });
    if (before !== size) this.recordScaling(d, scaled, before);
    return before !== size;
  }

  private recordScaling(d: Deployment, rs: ReplicaSet, before: number, created = false) {
    const direction = wanted(rs) > before ? 'up' : 'down';
    const sizes = this.ways.scalesFromTo
      ? `from ${before} to ${wanted(rs)}`
      : `to ${wanted(rs)}${created ? '' : ` from ${before}`}`;
    const message = `Scaled ${direction} replica set ${rs.metadata.name} ${sizes}`;
    this.recorder.event(d, 'Normal', 'ScalingReplicaSet', message);
  }

  /** Follows a change of `spec.replicas` that is no rollout: the active one alone, or all in proportion. */
  scaleToDeployment(r: Revisions) {
    const { d, newRS, old } = r;
    const all = allOf(r);
    const running = active(all);
    if (running.length <= 1) {
      const only = running[0] ?? newRS ?? [...old].sort(byCreation).at(-1);
      if (only && wanted(only) !== wanted(d)) this.scale(d, only, wanted(d));
      return;
    }
    if (isSaturated(d, newRS)) {
      for (const rs of active(old)) this.scale(d, rs, 0);
      return;
    }
    if (!isRollingUpdate(d)) return;
    const sizes = proportionalSizes(d, running);
    for (const rs of running) this.scale(d, rs, sizes.get(rs.metadata.name as string) as number);
  }

  /** Deletes the oldest ReplicaSets beyond revisionHistoryLimit that have no Pods left. */
  cleanup(d: Deployment, old: readonly ReplicaSet[]) {
    const limit = specOf(d).revisionHistoryLimit;
    if (limit === undefined || limit === 2147483647) return;
    const alive = old.filter((rs) => !rs.metadata.deletionTimestamp);
    const excess = alive.length - limit;
    if (excess <= 0) return;
    const ordered = [...alive].sort((a, b) => revisionOf(a) - revisionOf(b) || byCreation(a, b));
    for (let i = 0; i < excess; i++) {
      const rs = ordered[i];
      const observed = rs.status?.observedGeneration ?? 0;
      if ((rs.status?.replicas ?? 0) !== 0 || wanted(rs) !== 0 || (rs.metadata.generation ?? 0) > observed) continue;
      this.replicaSets.delete(rs.metadata.namespace as string, rs.metadata.name as string);
    }
  }

  updateStatus(d: Deployment): Deployment {
    return this.deployments.updateStatus(d.metadata.namespace as string, d.metadata.name as string, d);
  }

  private update(rs: ReplicaSet): ReplicaSet {
    return this.replicaSets.update(rs.metadata.namespace as string, rs.metadata.name as string, rs);
  }
}

function withConditions(d: Deployment, conditions: DeploymentStatus['conditions']): Deployment {
  return { ...d, status: { ...d.status, conditions } };
}

/** Earlier revisions, the oldest dropped when the list grows too long. */
function history(present: string | undefined, revision: string): string {
  const list = present ? present.split(',') : [];
  let length = (present?.length ?? 0) + revision.length + 1;
  while (list.length > 0 && length > HISTORY_LENGTH) length -= (list.shift() as string).length + 1;
  return [...list, revision].join(',');
}
