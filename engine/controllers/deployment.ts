// Deployment controller: rolls ReplicaSets over to the present template, by RollingUpdate or Recreate, and follows
// changes of size; paused ones are only scaled (kubernetes/pkg/controller/deployment).

import { keyOf, type Informer, type ResourceClient, type WorkQueue } from '../client/index.ts';
import { condition, setCondition } from './conditions.ts';
import { allOf, ReplicaSets, type Revisions } from './deployment-replicasets.ts';
import {
  calculateStatus,
  deploymentCondition,
  hasProgressDeadline,
  rolloutStatus,
  sameStatus,
  stuckCheckAfter,
} from './deployment-status.ts';
import {
  active,
  availableOf,
  byCreation,
  complete,
  DESIRED_REPLICAS,
  maxUnavailable,
  newReplicaSetSize,
  specOf,
  sum,
  wanted,
} from './deployment-util.ts';
import { claim, claimChanged, controlledBy, controllerOf, controllerRef, indexByController } from './owners.ts';
import { isPodFinished } from './pods.ts';
import { matchesSelector, selectorRequirements } from '../api/selectors.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { Deployment, DeploymentStatus, KubeObject, Pod, ReplicaSet } from '../api/types.ts';

export const deploymentController: Controller = {
  name: 'deployment-controller',
  account: 'deployment-controller',
  component: 'deployment-controller',
  start: (context) => void new DeploymentController(context),
};

class DeploymentController {
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  private readonly deployments: Informer<Deployment>;
  private readonly rsInformer: Informer<ReplicaSet>;
  private readonly pods: Informer<Pod>;
  private readonly rsClient: ResourceClient<ReplicaSet>;
  private readonly replicaSets: ReplicaSets;

  constructor(context: ControllerContext) {
    this.context = context;
    const client = context.client.of<Deployment>('apps/v1', 'deployments');
    this.rsClient = context.client.of<ReplicaSet>('apps/v1', 'replicasets');
    this.replicaSets = new ReplicaSets(context, client, this.rsClient);
    this.queue = context.queue((key) => this.sync(key));
    this.deployments = context.informer<Deployment>('apps/v1', 'deployments');
    this.rsInformer = context.informer<ReplicaSet>('apps/v1', 'replicasets');
    this.pods = context.informer<Pod>('v1', 'pods');
    indexByController(this.rsInformer);
    indexByController(this.pods);
    const enqueue = (d: Deployment) => this.queue.add(keyOf(d));
    this.deployments.on({ add: enqueue, update: enqueue });
    this.rsInformer.on({
      add: (rs) => this.replicaSetChanged(rs, undefined),
      update: (rs, old) => this.replicaSetChanged(rs, old),
      delete: (rs) => this.enqueueOwner(rs),
    });
    this.pods.on({ delete: (pod) => this.podDeleted(pod) });
  }

  private enqueueOwner(rs: ReplicaSet) {
    const ref = controllerOf(rs);
    if (ref?.kind === 'Deployment') this.queue.add(`${rs.metadata.namespace}/${ref.name}`);
  }

  private replicaSetChanged(rs: ReplicaSet, old: ReplicaSet | undefined) {
    const changed = !old || claimChanged(rs, old);
    if (old && changed) this.enqueueOwner(old);
    if (controllerOf(rs)) this.enqueueOwner(rs);
    else if (changed) {
      for (const d of this.deployments.inNamespace(rs.metadata.namespace as string)) {
        if (matchesSelector(specOf(d).selector, rs.metadata.labels)) this.queue.add(keyOf(d));
      }
    }
  }

  /** Recreate goes on when the last old Pod is gone. */
  private podDeleted(pod: Pod) {
    const ref = controllerOf(pod);
    if (ref?.kind !== 'ReplicaSet') return;
    const { namespace } = pod.metadata;
    const rs = this.rsInformer.get(namespace as string, ref.name);
    const owner = rs && controllerOf(rs);
    if (owner?.kind !== 'Deployment') return;
    const d = this.deployments.get(namespace as string, owner.name);
    if (d && specOf(d).strategy?.type === 'Recreate') this.queue.add(keyOf(d));
  }

  private sync(key: string) {
    const d = this.deployments.byKey(key);
    if (!d) return;
    if (selectorRequirements(specOf(d).selector).length === 0) {
      this.context.recorder.event(
        d as KubeObject,
        'Warning',
        'SelectingAll',
        'This deployment is selecting all pods. A non-empty selector is required.',
      );
      this.writeStatus(d, { ...d.status, observedGeneration: d.metadata.generation });
      return;
    }
    const list = claim<ReplicaSet>({
      client: this.rsClient,
      informer: this.rsInformer,
      owner: d,
      ref: controllerRef(d, 'apps/v1', 'Deployment'),
      matches: (rs) => matchesSelector(specOf(d).selector, rs.metadata.labels),
    });
    if (d.metadata.deletionTimestamp) {
      this.scalingStatus(this.replicaSets.revisions(d, list, false));
      return;
    }
    const current = this.markPause(d);
    if (specOf(current).paused || isScaling(current, list)) this.scaleOnly(current, list);
    else if (specOf(current).strategy?.type === 'Recreate') this.recreate(current, list);
    else this.rollingUpdate(current, list);
  }

  /** Progress is not judged while paused: the condition says so from the pause to the resumption. */
  private markPause(d: Deployment): Deployment {
    if (!hasProgressDeadline(d)) return d;
    const known = condition(d.status?.conditions, 'Progressing');
    if (known?.reason === 'ProgressDeadlineExceeded') return d;
    const { paused = false } = specOf(d);
    if (paused === (known?.reason === 'DeploymentPaused')) return d;
    const next = paused
      ? deploymentCondition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', this.context.sim.now)
      : deploymentCondition(
          'Progressing',
          'Unknown',
          'DeploymentResumed',
          'Deployment is resumed',
          this.context.sim.now,
        );
    return this.replicaSets.updateStatus({
      ...d,
      status: { ...d.status, conditions: setCondition(d.status?.conditions ?? [], next) },
    });
  }

  /** A paused Deployment, or one whose size changed: scaling, but no rollout. */
  private scaleOnly(d: Deployment, list: readonly ReplicaSet[]) {
    const r = this.replicaSets.revisions(d, list, false);
    this.replicaSets.scaleToDeployment(r);
    if (specOf(d).paused) this.replicaSets.cleanup(r.d, r.old);
    this.scalingStatus(r);
  }

  private rollingUpdate(d: Deployment, list: readonly ReplicaSet[]) {
    const r = this.replicaSets.revisions(d, list, true);
    if (!this.sizeNew(r) && !this.scaleDownOld(r) && complete(r.d, r.d.status ?? {}))
      this.replicaSets.cleanup(r.d, r.old);
    this.progressStatus(r);
  }

  private recreate(d: Deployment, list: readonly ReplicaSet[]) {
    let r = this.replicaSets.revisions(d, list, false);
    let scaledDown = false;
    for (const rs of active(r.old)) if (this.replicaSets.scale(r.d, rs, 0)) scaledDown = true;
    if (!scaledDown && !this.oldPodsRun(r)) {
      if (!r.newRS) r = this.replicaSets.revisions(r.d, list, true);
      if (r.newRS) this.replicaSets.scale(r.d, r.newRS, wanted(r.d));
      if (complete(r.d, r.d.status ?? {})) this.replicaSets.cleanup(r.d, r.old);
    }
    this.progressStatus(r);
  }

  private oldPodsRun(r: Revisions): boolean {
    return r.old.some((rs) => controlledBy(this.pods, rs).some((pod) => !isPodFinished(pod)));
  }

  /** Brings the new ReplicaSet to the size that surge allows. */
  private sizeNew(r: Revisions): boolean {
    const rs = r.newRS as ReplicaSet;
    if (wanted(rs) === wanted(r.d)) return false;
    const size = wanted(rs) > wanted(r.d) ? wanted(r.d) : newReplicaSetSize(r.d, allOf(r), wanted(rs));
    return this.replicaSets.scale(r.d, rs, size);
  }

  /** Takes Pods from the old ReplicaSets as far as enough stay available: those that are not available first. */
  private scaleDownOld(r: Revisions): boolean {
    const { d } = r;
    const old = active(r.old).sort(byCreation);
    if (old.length === 0) return false;
    const newRS = r.newRS as ReplicaSet;
    const minimum = wanted(d) - maxUnavailable(d);
    const spare = sum(allOf(r), wanted) - minimum - (wanted(newRS) - availableOf(newRS));
    if (spare <= 0) return false;

    let cleaned = 0;
    for (const rs of old) {
      const less = Math.min(spare - cleaned, Math.max(0, wanted(rs) - availableOf(rs)));
      if (less > 0) this.replicaSets.scale(d, rs, wanted(rs) - less);
      cleaned += less;
    }
    let excess = sum(allOf(r), availableOf) - minimum;
    let taken = 0;
    for (const rs of cleaned > 0 ? old.map((one) => this.present(one)) : old) {
      const less = Math.min(wanted(rs), Math.max(0, excess));
      if (less > 0) this.replicaSets.scale(d, rs, wanted(rs) - less);
      excess -= less;
      taken += less;
    }
    return cleaned + taken > 0;
  }

  /** A ReplicaSet as it is now, after what this sync did to it. */
  private present(rs: ReplicaSet): ReplicaSet {
    return this.rsInformer.get(rs.metadata.namespace as string, rs.metadata.name as string) ?? rs;
  }

  private fresh(r: Revisions): Revisions {
    return { d: r.d, newRS: r.newRS && this.present(r.newRS), old: r.old.map((rs) => this.present(rs)) };
  }

  private scalingStatus(revisions: Revisions) {
    const r = this.fresh(revisions);
    this.writeStatus(r.d, calculateStatus(r.d, allOf(r), r.newRS, this.context.sim.now));
  }

  private progressStatus(revisions: Revisions) {
    const { sim } = this.context;
    const r = this.fresh(revisions);
    const status = rolloutStatus(r.d, allOf(r), r.newRS, sim.now);
    if (!this.writeStatus(r.d, status)) {
      const wait = stuckCheckAfter(r.d, status, sim.now);
      if (wait !== undefined) this.queue.addAfter(keyOf(r.d), wait);
    }
  }

  private writeStatus(d: Deployment, status: DeploymentStatus): boolean {
    if (sameStatus(d.status, status)) return false;
    this.replicaSets.updateStatus({ ...d, status });
    return true;
  }
}

/** True when the size asked for changed since the ReplicaSets were last scaled. */
function isScaling(d: Deployment, list: readonly ReplicaSet[]): boolean {
  return active(list).some((rs) => {
    const desired = rs.metadata.annotations?.[DESIRED_REPLICAS];
    return desired !== undefined && Number(desired) !== wanted(d);
  });
}
