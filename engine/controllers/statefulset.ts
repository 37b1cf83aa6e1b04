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

/** A Pod in one state, as its set sees it: every sync looks at all of them, and few have changed. */
interface Member {
  readonly pod: Pod;
  readonly set: string | undefined;
  readonly selector: StatefulSetSpec['selector'];
  readonly ordinal: number;
  /** Named after the set and selected by it. */
  readonly mine: boolean;
  readonly runningReady: boolean;
  readonly finished: boolean;
  readonly terminating: boolean;
  readonly revision: string | undefined;
}

class StatefulSetController {
  private readonly context: ControllerContext;
  private readonly sets: Informer<StatefulSet>;
  private readonly pods: Informer<Pod>;
  private readonly claims: StatefulClaims;
  private readonly client: ResourceClient<StatefulSet>;
  private readonly podClient: ResourceClient<Pod>;
  private readonly history: History;
  private readonly queue;
  /** By the Pods' uids. */
  private readonly members = new Map<string, Member>();

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
    const gone = (pod: Pod) => {
      this.members.delete(pod.metadata.uid as string);
      this.podChanged(pod);
    };
    this.pods.on({ add: podChanged, update: podChanged, delete: gone });
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

  private member(set: StatefulSet, pod: Pod): Member {
    const { name } = set.metadata;
    const { selector } = specOf(set);
    const uid = pod.metadata.uid as string;
    const known = this.members.get(uid);
    if (known && known.pod === pod && known.selector === selector && known.set === name) return known;
    const ordinal = ordinalOf(set, pod);
    const { labels, deletionTimestamp } = pod.metadata;
    const member: Member = {
      pod,
      set: name,
      selector,
      ordinal,
      mine: ordinal >= 0 && matchesSelector(selector, labels),
      runningReady: pod.status?.phase === 'Running' && isPodReady(pod),
      finished: isPodFinished(pod),
      terminating: deletionTimestamp !== undefined,
      revision: labels?.[REVISION_LABEL],
    };
    this.members.set(uid, member);
    return member;
  }

  private sync(key: string) {
    const set = this.sets.byKey(key);
    if (!set || set.metadata.deletionTimestamp) return;
    const owner = set as KubeObject;
    const ref = controllerRef(set, 'apps/v1', 'StatefulSet');
    const matches = (pod: Pod) => this.member(set, pod).mine;
    const pods = claim<Pod>({ client: this.podClient, informer: this.pods, owner: set, ref, matches });
    const members = pods.map((pod) => this.member(set, pod));
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
    this.act(set, members, current, update);
    this.updateStatus(set, current, update, collisions);
    const used = new Set([current.metadata.name as string, update.metadata.name as string]);
    for (const { revision = '' } of members) used.add(revision);
    this.history.truncate(owner, specOf(set).revisionHistoryLimit ?? 10, used);
    const { minReadySeconds = 0 } = specOf(set);
    const wait = minReadySeconds > 0 ? nextAvailability(pods, minReadySeconds, this.context.sim.now) : undefined;
    if (wait !== undefined) this.queue.addAfter(key, wait);
  }

  /** One step: creations, then removals, then updates; with OrderedReady no further than the first Pod that is not well. */
  private act(set: StatefulSet, members: readonly Member[], current: ControllerRevision, update: ControllerRevision) {
    const ordered = specOf(set).podManagementPolicy !== 'Parallel';
    const claims = specOf(set).volumeClaimTemplates?.length ? this.claims : undefined;
    const byOrdinal = new Map<number, Member>();
    for (let i = 0; i < members.length; i++) byOrdinal.set(members[i].ordinal, members[i]);
    const end = endOf(set);
    for (let ordinal = startOf(set); ordinal < end; ordinal++) {
      const member = byOrdinal.get(ordinal);
      if (!member) {
        this.create(set, ordinal, this.needsCurrent(set, ordinal) ? current : update);
        if (ordered) return;
      } else if (member.finished && !member.terminating) {
        const { pod } = member;
        const failed = pod.status?.phase === 'Failed';
        const reason = failed ? 'RecreatingFailedPod' : 'RecreatingTerminatedPod';
        const text = `StatefulSet ${keyOf(set)} is recreating ${failed ? 'failed' : 'terminated'} Pod ${pod.metadata.name}`;
        this.context.recorder.event(set, failed ? 'Warning' : 'Normal', reason, text);
        this.delete(set, pod);
        if (ordered) return;
      } else {
        claims?.ensure(set, ordinal);
        if (ordered && !this.isWell(set, member)) return;
        claims?.follow(set, member.pod, false);
      }
    }
    if (this.scaleDown(set, members, ordered)) return;
    if (specOf(set).updateStrategy?.type !== 'OnDelete') this.rollOver(set, byOrdinal, update);
  }

  private isWell(set: StatefulSet, { terminating, runningReady, pod }: Member): boolean {
    return !terminating && runningReady && isPodAvailable(pod, specOf(set).minReadySeconds ?? 0, this.context.sim.now);
  }

  /** Deletes Pods beyond the wanted number, the highest first; true while there is something to wait for. */
  private scaleDown(set: StatefulSet, members: readonly Member[], ordered: boolean): boolean {
    const start = startOf(set);
    const end = endOf(set);
    const beyond = members.filter(({ ordinal }) => ordinal < start || ordinal >= end);
    beyond.sort((a, b) => b.ordinal - a.ordinal);
    for (const { pod } of beyond) this.claims.follow(set, pod, true);
    const unwell = beyond.filter((member) => !this.isWell(set, member)).at(-1);
    for (const member of beyond) {
      if (member.terminating) {
        if (ordered) return true;
        continue;
      }
      // Only the unwell Pod that is first in order may go while others are not well.
      if (ordered && unwell && member !== unwell && !this.isWell(set, member)) return true;
      this.delete(set, member.pod);
      if (ordered) return true;
    }
    return false;
  }

  /** Replaces outdated Pods from the highest ordinal down to the partition, as many at a time as may be unavailable. */
  private rollOver(set: StatefulSet, byOrdinal: ReadonlyMap<number, Member>, update: ControllerRevision) {
    const { partition = 0, maxUnavailable } = specOf(set).updateStrategy?.rollingUpdate ?? {};
    const budget = unavailableBudget(maxUnavailable, specOf(set).replicas ?? 0);
    const outdated: Pod[] = [];
    let left = budget;
    const start = startOf(set);
    for (let ordinal = endOf(set) - 1; ordinal >= start; ordinal--) {
      const member = byOrdinal.get(ordinal);
      // One that was missing has only just been created.
      const well = member !== undefined && this.isWell(set, member);
      if (!well) left--;
      if (!member || ordinal < start + partition) continue;
      if (member.revision === update.metadata.name || member.terminating) continue;
      // One that is unavailable already costs nothing more.
      if (well) outdated.push(member.pod);
      else this.delete(set, member.pod);
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
      const { runningReady, terminating, revision } = this.member(set, pod);
      status.replicas++;
      if (runningReady) {
        count('readyReplicas');
        if (isPodAvailable(pod, specOf(set).minReadySeconds ?? 0, now))
          status.availableReplicas = (status.availableReplicas ?? 0) + 1;
      }
      if (terminating) continue;
      if (revision === currentRevision) count('currentReplicas');
      if (revision === updateRevision) count('updatedReplicas');
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
