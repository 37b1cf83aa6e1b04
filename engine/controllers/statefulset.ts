// StatefulSet controller: Pods with names and claims of their own, created upwards and taken away downwards, one at a
// time or in parallel (kubernetes/pkg/controller/statefulset).

import { isAlreadyExists, isNotFound, keyOf, type Informer, type ResourceClient } from '../client/index.ts';
import { matchesSelector } from '../api/selectors.ts';
import { claim, controllerOf, controllerRef, indexByController, orphansIn } from './owners.ts';
import { isPodAvailable, isPodFinished, isPodReady, nextAvailability } from './pods.ts';
import { podFromTemplate } from './pod-control.ts';
import { History, templateOf } from './revisions.ts';
import { StatefulClaims } from './statefulset-claims.ts';
import { ordinalOf, podName, statefulPod } from './statefulset-pods.ts';
import { revisionHash } from './template-hash.ts';
import type { Controller, ControllerContext } from './context.ts';
import type {
  ControllerRevision,
  KubeObject,
  Pod,
  StatefulSet,
  StatefulSetSpec,
  StatefulSetStatus,
} from '../api/types.ts';

const REVISION_LABEL = 'controller-revision-hash';
const HASH_LABEL = 'controller.kubernetes.io/hash';

export const statefulSetController: Controller = {
  name: 'statefulset-controller',
  account: 'statefulset-controller',
  component: 'statefulset-controller',
  start: (context) => void new StatefulSetController(context),
};

const specOf = (set: StatefulSet) => set.spec as StatefulSetSpec;
const startOf = (set: StatefulSet) => specOf(set).ordinals?.start ?? 0;
const endOf = (set: StatefulSet) => startOf(set) + (specOf(set).replicas ?? 0);
const isRunningReady = (pod: Pod) => pod.status?.phase === 'Running' && isPodReady(pod);
const isTerminating = (pod: Pod) => pod.metadata.deletionTimestamp !== undefined;
const revisionOf = (pod: Pod) => pod.metadata.labels?.[REVISION_LABEL];

class StatefulSetController {
  private readonly context: ControllerContext;
  private readonly sets: Informer<StatefulSet>;
  private readonly pods: Informer<Pod>;
  private readonly claims: StatefulClaims;
  private readonly client: ResourceClient<StatefulSet>;
  private readonly podClient: ResourceClient<Pod>;
  private readonly history: History;
  private readonly queue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.client = context.client.of<StatefulSet>('apps/v1', 'statefulsets');
    this.podClient = context.client.of<Pod>('v1', 'pods');
    this.sets = context.informer<StatefulSet>('apps/v1', 'statefulsets');
    this.pods = context.informer<Pod>('v1', 'pods');
    this.claims = new StatefulClaims(context);
    this.history = new History(context);
    indexByController(this.pods);
    this.queue = context.queue((key) => this.sync(key));
    const enqueue = (set: StatefulSet) => this.queue.add(keyOf(set));
    this.sets.on({ add: enqueue, update: enqueue });
    const podChanged = (pod: Pod) => this.podChanged(pod);
    this.pods.on({ add: podChanged, update: podChanged, delete: podChanged });
  }

  private podChanged(pod: Pod) {
    const ref = controllerOf(pod);
    const namespace = pod.metadata.namespace as string;
    if (ref) {
      if (ref.kind === 'StatefulSet') this.queue.add(`${namespace}/${ref.name}`);
      return;
    }
    for (const set of this.sets.inNamespace(namespace)) {
      if (matchesSelector(specOf(set).selector, pod.metadata.labels)) this.queue.add(keyOf(set));
    }
  }

  private sync(key: string) {
    const set = this.sets.byKey(key);
    if (!set || set.metadata.deletionTimestamp) return;
    const owner = set as KubeObject;
    const ref = controllerRef(set, 'apps/v1', 'StatefulSet');
    const mine = (pod: Pod) => ordinalOf(set, pod) >= 0 && matchesSelector(specOf(set).selector, pod.metadata.labels);
    const pods = claim<Pod>({ client: this.podClient, informer: this.pods, owner: set, ref, matches: mine });
    let collisions = set.status?.collisionCount ?? 0;
    const update = this.history.sync(owner, specOf(set).template, {
      hash: HASH_LABEL,
      labels: { ...specOf(set).template.metadata?.labels },
      annotations: set.metadata.annotations,
      hashOf: (json) => revisionHash(json, collisions),
      collided: (json) => revisionHash(json, ++collisions),
    });
    const current =
      this.history.list(owner).find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
    this.act(set, pods, current, update);
    this.updateStatus(set, current, update, collisions);
    const used = new Set([current.metadata.name as string, update.metadata.name as string]);
    for (const pod of pods) used.add(revisionOf(pod) ?? '');
    this.history.truncate(owner, specOf(set).revisionHistoryLimit ?? 10, used);
    const { minReadySeconds = 0 } = specOf(set);
    const wait = minReadySeconds > 0 ? nextAvailability(pods, minReadySeconds, this.context.sim.now) : undefined;
    if (wait !== undefined) this.queue.addAfter(key, wait);
  }

  /** One step: creations, then removals, then updates; with OrderedReady no further than the first Pod that is not well. */
  private act(set: StatefulSet, pods: readonly Pod[], current: ControllerRevision, update: ControllerRevision) {
    const ordered = specOf(set).podManagementPolicy !== 'Parallel';
    const byOrdinal = new Map<number, Pod>();
    for (const pod of pods) byOrdinal.set(ordinalOf(set, pod), pod);
    for (let ordinal = startOf(set); ordinal < endOf(set); ordinal++) {
      const pod = byOrdinal.get(ordinal);
      if (!pod) {
        this.create(set, ordinal, this.needsCurrent(set, ordinal) ? current : update);
        if (ordered) return;
      } else if (isPodFinished(pod) && !isTerminating(pod)) {
        const failed = pod.status?.phase === 'Failed';
        const reason = failed ? 'RecreatingFailedPod' : 'RecreatingTerminatedPod';
        const text = `StatefulSet ${keyOf(set)} is recreating ${failed ? 'failed' : 'terminated'} Pod ${pod.metadata.name}`;
        this.context.recorder.event(set, failed ? 'Warning' : 'Normal', reason, text);
        this.delete(set, pod);
        if (ordered) return;
      } else {
        this.claims.ensure(set, ordinal);
        if (ordered && !this.isWell(set, pod)) return;
        this.claims.follow(set, pod, false);
      }
    }
    if (this.scaleDown(set, pods, ordered)) return;
    if (specOf(set).updateStrategy?.type !== 'OnDelete') this.rollOver(set, byOrdinal, update);
  }

  private isWell(set: StatefulSet, pod: Pod): boolean {
    const available = isPodAvailable(pod, specOf(set).minReadySeconds ?? 0, this.context.sim.now);
    return !isTerminating(pod) && isRunningReady(pod) && available;
  }

  /** Deletes Pods beyond the wanted number, the highest first; true while there is something to wait for. */
  private scaleDown(set: StatefulSet, pods: readonly Pod[], ordered: boolean): boolean {
    const beyond = pods.filter((pod) => ordinalOf(set, pod) < startOf(set) || ordinalOf(set, pod) >= endOf(set));
    beyond.sort((a, b) => ordinalOf(set, b) - ordinalOf(set, a));
    for (const pod of beyond) this.claims.follow(set, pod, true);
    const unwell = beyond.filter((pod) => !this.isWell(set, pod)).at(-1);
    for (const pod of beyond) {
      if (isTerminating(pod)) {
        if (ordered) return true;
        continue;
      }
      // Only the unwell Pod that is first in order may go while others are not well.
      if (ordered && unwell && pod !== unwell && !this.isWell(set, pod)) return true;
      this.delete(set, pod);
      if (ordered) return true;
    }
    return false;
  }

  /** Replaces outdated Pods from the highest ordinal down to the partition, as many at a time as may be unavailable. */
  private rollOver(set: StatefulSet, byOrdinal: ReadonlyMap<number, Pod>, update: ControllerRevision) {
    const { partition = 0, maxUnavailable } = specOf(set).updateStrategy?.rollingUpdate ?? {};
    const budget = unavailableBudget(maxUnavailable, specOf(set).replicas ?? 0);
    const outdated: Pod[] = [];
    let left = budget;
    for (let ordinal = endOf(set) - 1; ordinal >= startOf(set); ordinal--) {
      const pod = byOrdinal.get(ordinal);
      // One that was missing has only just been created.
      const well = pod !== undefined && this.isWell(set, pod);
      if (!well) left--;
      if (!pod || ordinal < startOf(set) + partition) continue;
      if (revisionOf(pod) === update.metadata.name || isTerminating(pod)) continue;
      // One that is unavailable already costs nothing more.
      if (well) outdated.push(pod);
      else this.delete(set, pod);
    }
    for (let i = 0; i < outdated.length && i < left; i++) this.delete(set, outdated[i]);
  }

  private needsCurrent(set: StatefulSet, ordinal: number): boolean {
    const { type, rollingUpdate } = specOf(set).updateStrategy ?? {};
    return type !== 'OnDelete' && ordinal < startOf(set) + (rollingUpdate?.partition ?? 0);
  }

  private create(set: StatefulSet, ordinal: number, revision: ControllerRevision) {
    const { recorder } = this.context;
    const name = podName(set, ordinal);
    const ref = controllerRef(set, 'apps/v1', 'StatefulSet');
    const pod = statefulPod(
      set,
      ordinal,
      podFromTemplate(templateOf(revision), set as KubeObject, ref),
      revision.metadata.name as string,
    );
    try {
      this.claims.ensure(set, ordinal);
      this.podClient.create(set.metadata.namespace as string, pod);
      recorder.event(
        set,
        'Normal',
        'SuccessfulCreate',
        `create Pod ${name} in StatefulSet ${set.metadata.name} successful`,
      );
    } catch (error) {
      if (
        isAlreadyExists(error) &&
        orphansIn(this.pods, set.metadata.namespace as string).some((one) => one.metadata.name === name)
      )
        return;
      const text = `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${(error as Error).message}`;
      recorder.event(set, 'Warning', 'FailedCreate', text);
      throw error;
    }
  }

  private delete(set: StatefulSet, pod: Pod) {
    const what = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
    try {
      this.podClient.delete(pod.metadata.namespace as string, pod.metadata.name as string);
      this.context.recorder.event(set, 'Normal', 'SuccessfulDelete', `${what} successful`);
    } catch (error) {
      if (isNotFound(error)) return;
      this.context.recorder.event(set, 'Warning', 'FailedDelete', `${what} failed error: ${(error as Error).message}`);
      throw error;
    }
  }

  private updateStatus(
    set: StatefulSet,
    current: ControllerRevision,
    update: ControllerRevision,
    collisionCount: number,
  ) {
    const { now } = this.context.sim;
    const updateRevision = update.metadata.name as string;
    let currentRevision = current.metadata.name as string;
    const status: StatefulSetStatus = {
      observedGeneration: set.metadata.generation,
      replicas: 0,
      availableReplicas: 0,
      collisionCount,
    };
    const count = (field: 'readyReplicas' | 'currentReplicas' | 'updatedReplicas') =>
      (status[field] = (status[field] ?? 0) + 1);
    for (const pod of this.pods.byIndex('controller-uid', set.metadata.uid as string)) {
      status.replicas++;
      if (isRunningReady(pod)) {
        count('readyReplicas');
        if (isPodAvailable(pod, specOf(set).minReadySeconds ?? 0, now))
          status.availableReplicas = (status.availableReplicas ?? 0) + 1;
      }
      if (isTerminating(pod)) continue;
      if (revisionOf(pod) === currentRevision) count('currentReplicas');
      if (revisionOf(pod) === updateRevision) count('updatedReplicas');
    }
    const settled = status.updatedReplicas === status.replicas && status.readyReplicas === status.replicas;
    if (specOf(set).updateStrategy?.type !== 'OnDelete' && settled && status.replicas === (specOf(set).replicas ?? 0)) {
      status.currentReplicas = status.updatedReplicas;
      currentRevision = updateRevision;
    }
    status.currentRevision = currentRevision;
    status.updateRevision = updateRevision;
    const fields = [
      'observedGeneration',
      'replicas',
      'availableReplicas',
      'readyReplicas',
      'currentReplicas',
      'updatedReplicas',
      'currentRevision',
      'updateRevision',
      'collisionCount',
    ] as const;
    if (fields.every((field) => set.status?.[field] === status[field])) return;
    this.client.updateStatus(set.metadata.namespace as string, set.metadata.name as string, { ...set, status });
  }
}

/** maxUnavailable as a number of Pods, at least one; a percentage is rounded up. */
function unavailableBudget(value: number | string | undefined, replicas: number): number {
  if (value === undefined) return 1;
  const count = typeof value === 'number' ? value : Math.ceil((Number(value.slice(0, -1)) * replicas) / 100);
  return Math.max(1, count);
}
