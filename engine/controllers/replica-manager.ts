// Keeps as many Pods as `spec.replicas` says: the one engine behind ReplicaSets and ReplicationControllers
// (kubernetes/pkg/controller/replicaset). Its cache is never behind the API server, so it needs no expectations.

import { ApiError, keyOf, type Informer, type ResourceClient, type WorkQueue } from '../client/index.ts';
import { condition, newCondition, withoutCondition } from './conditions.ts';
import { adopt, claimChanged, controllerOf, controllerRef, indexByController, orphansIn, release } from './owners.ts';
import { OwnedPods } from './owned-pods.ts';
import { BURST, createPod, deletePod, namespaceIsTerminating, podFromTemplate, slowStart } from './pod-control.ts';
import { podsToDelete } from './pod-ranking.ts';
import { isPodActive, nextAvailability } from './pods.ts';
import type { ControllerContext } from './context.ts';
import type { KubeObject, ObjectMeta, OwnerReference, Pod, PodTemplateSpec, ReplicaSetStatus } from '../api/types.ts';

/** How long a sync takes in a real controller manager: Pod changes of that time are handled by one. */
const SYNC_TIME = 10;

/** What ReplicaSets and ReplicationControllers have in common. */
export interface Replicated {
  metadata: ObjectMeta;
  spec?: { replicas?: number; minReadySeconds?: number; template?: PodTemplateSpec };
  status?: Partial<ReplicaSetStatus>;
}

export interface ReplicaKind<T extends Replicated> {
  groupVersion: string;
  plural: string;
  kind: string;
  matches: (object: T, labels: Record<string, string> | undefined) => boolean;
  /** Whether status tells of terminating Pods. */
  countsTerminating: boolean;
  /** Objects whose Pods make a node count as crowded when some Pods must go. */
  siblings: (object: T) => readonly T[];
}

export class ReplicaManager<T extends Replicated> {
  private readonly context: ControllerContext;
  private readonly kind: ReplicaKind<T>;
  private readonly objects: Informer<T>;
  private readonly podInformer: Informer<Pod>;
  private readonly client: ResourceClient<T>;
  private readonly podClient: ResourceClient<Pod>;
  private readonly queue: WorkQueue;
  private readonly owned = new Map<string, OwnedPods>();
  /** The owners that a Pod had last: those of one template share them. */
  private recent: { refs: readonly OwnerReference[]; name: string; owned: OwnedPods } | undefined;
  /** Pods by their templates. */
  private readonly madeFrom = new WeakMap<PodTemplateSpec, Pod>();
  /** Keys whose claim on Pods must be looked at again. */
  private readonly unclaimed = new Set<string>();

  constructor(context: ControllerContext, kind: ReplicaKind<T>) {
    this.context = context;
    this.kind = kind;
    this.client = context.client.of<T>(kind.groupVersion, kind.plural);
    this.podClient = context.client.of<Pod>('v1', 'pods');
    this.queue = context.queue((key) => this.sync(key));
    this.objects = context.informer<T>(kind.groupVersion, kind.plural);
    this.podInformer = context.informer<Pod>('v1', 'pods');
    indexByController(this.objects);
    indexByController(this.podInformer);
    this.objects.on({
      add: (object) => this.reclaim(keyOf(object)),
      update: (object, old) => {
        const { generation, deletionTimestamp } = object.metadata;
        const changed = generation !== old.metadata.generation || deletionTimestamp !== old.metadata.deletionTimestamp;
        this.queue.addAfter(keyOf(object), changed ? 0 : SYNC_TIME);
      },
      delete: (object) => {
        this.owned.delete(object.metadata.uid as string);
        this.recent = undefined;
        this.queue.add(keyOf(object));
      },
    });
    this.podInformer.on({
      add: (pod) => this.podChanged(pod, undefined),
      update: (pod, old) => this.podChanged(pod, old),
      delete: (pod) => this.podDeleted(pod),
    });
  }

  private reclaim(key: string) {
    this.unclaimed.add(key);
    this.queue.add(key);
  }

  private podsOf(uid: string, namespace: string | undefined, name: string | undefined): OwnedPods {
    let owned = this.owned.get(uid);
    if (!owned) this.owned.set(uid, (owned = new OwnedPods(namespace, name)));
    return owned;
  }

  private podsOfObject({ metadata: { uid, namespace, name } }: Replicated): OwnedPods {
    return this.podsOf(uid as string, namespace, name);
  }

  private podDeleted(pod: Pod) {
    const ref = controllerOf(pod);
    if (ref?.kind !== this.kind.kind) return;
    this.owned.get(ref.uid)?.delete(pod.metadata.name as string);
    this.queue.addAfter(`${pod.metadata.namespace}/${ref.name}`, SYNC_TIME);
  }

  private podChanged(pod: Pod, old: Pod | undefined) {
    const { namespace, name, labels, ownerReferences } = pod.metadata;
    const { recent } = this;
    const changed = old !== undefined && claimChanged(pod, old);
    if (recent && ownerReferences === recent.refs && !changed) {
      recent.owned.set(name as string, pod);
      this.queue.addAfter(recent.owned.keyOf(namespace, recent.name), SYNC_TIME);
      return;
    }
    const ref = controllerOf(pod);
    if (old && changed) {
      const oldRef = controllerOf(old);
      if (oldRef && oldRef.uid !== ref?.uid) this.podDeleted(old);
    }
    if (ref) {
      if (ref.kind !== this.kind.kind) return;
      const owned = this.podsOf(ref.uid, namespace, ref.name);
      this.recent = { refs: ownerReferences as OwnerReference[], name: ref.name, owned };
      owned.set(name as string, pod);
      const key = owned.keyOf(namespace, ref.name);
      if (changed) this.unclaimed.add(key);
      this.queue.addAfter(key, SYNC_TIME);
    } else if ((changed || !old) && !pod.metadata.deletionTimestamp) {
      for (const object of this.objects.inNamespace(namespace as string)) {
        if (this.kind.matches(object, labels)) this.reclaim(keyOf(object));
      }
    }
  }

  private sync(key: string) {
    const object = this.objects.byKey(key);
    if (!object) {
      this.unclaimed.delete(key);
      return;
    }
    const owned = this.podsOfObject(object);
    owned.templateLabels(object.spec?.template?.metadata?.labels);
    if (this.unclaimed.delete(key)) this.claim(object, owned);
    const failure = object.metadata.deletionTimestamp ? undefined : this.manage(object, owned);
    this.updateStatus(object, owned, failure);
    this.awaitAvailability(key, object, owned);
    if (failure) throw failure.error;
  }

  private ref(object: T) {
    return controllerRef(object, this.kind.groupVersion, this.kind.kind);
  }

  /** Lets go of Pods that match no more and adopts matching ones that nobody controls. */
  private claim(object: T, owned: OwnedPods) {
    if (object.metadata.deletionTimestamp) return;
    const { matches } = this.kind;
    const lost: Pod[] = [];
    for (const pod of owned.all()) if (!matches(object, pod.metadata.labels)) lost.push(pod);
    for (const pod of lost) release(this.podClient, pod, object.metadata.uid as string);
    for (const pod of orphansIn(this.podInformer, object.metadata.namespace as string)) {
      if (isPodActive(pod) && matches(object, pod.metadata.labels)) adopt(this.podClient, pod, this.ref(object));
    }
  }

  /** The same object as long as the template is the same: the API server need not look at it again. */
  private podFor(object: T): Pod {
    const template = object.spec?.template as PodTemplateSpec;
    const known = this.madeFrom.get(template);
    if (known && controllerOf(known)?.uid === object.metadata.uid) return known;
    const pod = podFromTemplate(template, object as unknown as KubeObject, this.ref(object));
    this.madeFrom.set(template, pod);
    return pod;
  }

  /** Creates what is missing, deletes what is too much; answers what went wrong. */
  private manage(object: T, owned: OwnedPods): { reason: string; error: unknown } | undefined {
    const { recorder, sim } = this.context;
    const owner = object as unknown as KubeObject;
    const wanted = object.spec?.replicas ?? 0;
    const missing = wanted - owned.active;
    if (missing > 0) {
      const pod = this.podFor(object);
      const error = slowStart(Math.min(missing, BURST), () => {
        try {
          createPod(this.podClient, recorder, owner, pod);
        } catch (refused) {
          if (!namespaceIsTerminating(refused)) throw refused;
        }
      });
      return error === undefined ? undefined : { reason: 'FailedCreate', error };
    }
    if (missing < 0) {
      const pods = owned.activePods();
      const count = Math.min(-missing, BURST);
      const related: Pod[] = [];
      for (const sibling of this.kind.siblings(object)) {
        for (const pod of this.podsOfObject(sibling).activePods()) related.push(pod);
      }
      let error: unknown;
      for (const pod of podsToDelete(pods, related, count, sim.now)) {
        try {
          deletePod(this.podClient, recorder, owner, pod.metadata.name as string);
        } catch (refused) {
          error ??= refused;
        }
      }
      return error === undefined ? undefined : { reason: 'FailedDelete', error };
    }
    return undefined;
  }

  private updateStatus(object: T, owned: OwnedPods, failure: { reason: string; error: unknown } | undefined) {
    const { now } = this.context.sim;
    const { metadata, status: old } = object;
    const available = owned.available(object.spec?.minReadySeconds ?? 0, now);
    const conditions = old?.conditions;
    const known = condition(conditions, 'ReplicaFailure');
    const replicas = owned.active;
    const terminating = this.kind.countsTerminating ? owned.terminating : undefined;
    if (
      old?.replicas === replicas &&
      (old.fullyLabeledReplicas ?? 0) === owned.labeled &&
      (old.readyReplicas ?? 0) === owned.ready &&
      (old.availableReplicas ?? 0) === available &&
      old.terminatingReplicas === terminating &&
      old.observedGeneration === metadata.generation &&
      (known !== undefined) === (failure !== undefined)
    ) {
      return;
    }
    // Counts of 0 are left out as Go's omitempty does; replicas and terminatingReplicas are always there.
    const status: Partial<ReplicaSetStatus> = { replicas, observedGeneration: metadata.generation };
    if (owned.labeled) status.fullyLabeledReplicas = owned.labeled;
    if (owned.ready) status.readyReplicas = owned.ready;
    if (available) status.availableReplicas = available;
    if (terminating !== undefined) status.terminatingReplicas = terminating;
    if (failure && !known) {
      const message = failure.error instanceof Error ? failure.error.message : String(failure.error);
      status.conditions = [...(conditions ?? []), newCondition('ReplicaFailure', 'True', failure.reason, message, now)];
    } else if (conditions) {
      status.conditions = failure ? conditions : withoutCondition(conditions, 'ReplicaFailure');
      if (status.conditions.length === 0) delete status.conditions;
    }
    try {
      this.client.updateStatus(metadata.namespace as string, metadata.name as string, { ...object, status });
    } catch (error) {
      if (!(error instanceof ApiError) || !failure) throw error;
    }
  }

  private awaitAvailability(key: string, object: T, owned: OwnedPods) {
    const minReadySeconds = object.spec?.minReadySeconds ?? 0;
    if (minReadySeconds === 0) return;
    const wait = nextAvailability(owned.activePods(), minReadySeconds, this.context.sim.now);
    if (wait !== undefined) this.queue.addAfter(key, wait);
  }
}
