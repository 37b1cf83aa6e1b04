// Disruption controller: how many Pods of each PodDisruptionBudget may be evicted now
// (kubernetes/pkg/controller/disruption).

import { isConflict, isNotFound, keyOf, timestamp, type Informer, type ResourceClient } from '../client/index.ts';
import { matchesSelector } from '../api/selectors.ts';
import { condition } from './conditions.ts';
import { controllerOf } from './owners.ts';
import { isPodReady } from './pods.ts';
import type { Controller, ControllerContext } from './context.ts';
import type {
  Condition,
  Deployment,
  KubeObject,
  Pod,
  PodDisruptionBudget,
  PodDisruptionBudgetStatus,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../api/types.ts';

/** An eviction that was granted counts for this long, until the Pod is seen to go. */
const DELETION_TIMEOUT = 120_000;
const SYNC_TIME = 10;

export const disruptionController: Controller = {
  name: 'disruption-controller',
  account: 'disruption-controller',
  component: 'controllermanager',
  start: (context) => void new DisruptionController(context),
};

class DisruptionController {
  private readonly context: ControllerContext;
  private readonly client: ResourceClient<PodDisruptionBudget>;
  private readonly budgets: Informer<PodDisruptionBudget>;
  private readonly pods: Informer<Pod>;
  private readonly queue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.client = context.client.of<PodDisruptionBudget>('policy/v1', 'poddisruptionbudgets');
    this.budgets = context.informer<PodDisruptionBudget>('policy/v1', 'poddisruptionbudgets');
    this.pods = context.informer<Pod>('v1', 'pods');
    this.queue = context.queue((key) => this.sync(key));
    const enqueue = (budget: PodDisruptionBudget) => this.queue.add(keyOf(budget));
    this.budgets.on({ add: enqueue, update: enqueue });
    const podChanged = (pod: Pod) => {
      if (this.budgets.size === 0) return;
      for (const budget of this.budgets.inNamespace(pod.metadata.namespace as string)) {
        if (matchesSelector(budget.spec?.selector, pod.metadata.labels)) this.queue.addAfter(keyOf(budget), SYNC_TIME);
      }
    };
    this.pods.on({ add: podChanged, update: podChanged, delete: podChanged });
  }

  private sync(key: string) {
    const budget = this.budgets.byKey(key);
    if (!budget) return;
    const { recorder, sim } = this.context;
    const pods = this.pods
      .inNamespace(budget.metadata.namespace as string)
      .filter((pod) => matchesSelector(budget.spec?.selector, pod.metadata.labels));
    if (pods.length === 0) recorder.event(budget, 'Normal', 'NoPods', 'No matching pods found');
    const { disrupted, recheck } = stillDisrupted(budget, pods, sim.now);
    let status: PodDisruptionBudgetStatus;
    try {
      const { expected, desired } = this.expectation(budget, pods);
      const healthy = pods.filter(
        (pod) => !pod.metadata.deletionTimestamp && !disrupted[pod.metadata.name as string] && isPodReady(pod),
      ).length;
      status = {
        observedGeneration: budget.metadata.generation,
        currentHealthy: healthy,
        desiredHealthy: desired,
        expectedPods: expected,
        disruptionsAllowed: expected > 0 ? Math.max(0, healthy - desired) : 0,
      };
      if (Object.keys(disrupted).length > 0) status.disruptedPods = disrupted;
      const reason = status.disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods';
      status.conditions = this.conditions(budget, reason, '');
    } catch (error) {
      if (!(error instanceof ScaleError)) throw error;
      recorder.event(
        budget,
        'Warning',
        'CalculateExpectedPodCountFailed',
        `Failed to calculate the number of expected pods: ${error.message}`,
      );
      // Nothing is known: nothing may be evicted.
      const old = budget.status ?? { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
      status = {
        ...old,
        disruptionsAllowed: 0,
        observedGeneration: budget.metadata.generation,
        conditions: this.conditions(budget, 'SyncFailed', error.message),
      };
    }
    this.write(budget, status);
    if (recheck !== undefined) this.queue.addAfter(key, recheck);
  }

  private expectation(budget: PodDisruptionBudget, pods: readonly Pod[]): { expected: number; desired: number } {
    const { minAvailable, maxUnavailable } = budget.spec ?? {};
    if (maxUnavailable !== undefined) {
      const expected = this.scaleOf(pods);
      return { expected, desired: Math.max(0, expected - amount(maxUnavailable, expected)) };
    }
    if (typeof minAvailable === 'string') {
      const expected = this.scaleOf(pods);
      return { expected, desired: amount(minAvailable, expected) };
    }
    return { expected: pods.length, desired: minAvailable ?? 1 };
  }

  /** How many Pods the controllers behind these Pods want in sum. */
  private scaleOf(pods: readonly Pod[]): number {
    const seen = new Map<string, number>();
    for (const pod of pods) {
      const ref = controllerOf(pod);
      // Pods on their own are left out of the count, as upstream does since 1.26.
      if (!ref) continue;
      if (seen.has(ref.uid)) continue;
      const scale = this.replicas(pod.metadata.namespace as string, ref.kind, ref.name);
      if (!scale) throw new ScaleError(`found no controllers for pod "${pod.metadata.name}"`);
      seen.set(scale.uid, scale.replicas);
      if (scale.uid !== ref.uid) seen.set(ref.uid, 0);
    }
    let sum = 0;
    seen.forEach((replicas) => (sum += replicas));
    return sum;
  }

  private replicas(namespace: string, kind: string, name: string): { uid: string; replicas: number } | undefined {
    const of = (object: { metadata: { uid?: string }; spec?: { replicas?: number } } | undefined) =>
      object && { uid: object.metadata.uid as string, replicas: object.spec?.replicas ?? 1 };
    switch (kind) {
      case 'ReplicaSet': {
        const rs = this.context.informer<ReplicaSet>('apps/v1', 'replicasets').get(namespace, name);
        const owner = rs && controllerOf(rs);
        if (owner?.kind !== 'Deployment') return of(rs);
        return of(this.context.informer<Deployment>('apps/v1', 'deployments').get(namespace, owner.name));
      }
      case 'StatefulSet':
        return of(this.context.informer<StatefulSet>('apps/v1', 'statefulsets').get(namespace, name));
      case 'ReplicationController':
        return of(this.context.informer<ReplicationController>('v1', 'replicationcontrollers').get(namespace, name));
      default:
        return undefined;
    }
  }

  private conditions(budget: PodDisruptionBudget, reason: string, message: string): Condition[] {
    const status = reason === 'SufficientPods' ? 'True' : 'False';
    const old = condition(budget.status?.conditions, 'DisruptionAllowed');
    const lastTransitionTime =
      old?.status === status ? (old.lastTransitionTime as string) : timestamp(this.context.sim.now);
    const others = (budget.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionAllowed');
    return [
      ...others,
      {
        type: 'DisruptionAllowed',
        status,
        observedGeneration: budget.metadata.generation,
        lastTransitionTime,
        reason,
        message,
      },
    ];
  }

  private write(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus) {
    const text = (s: PodDisruptionBudgetStatus | undefined) =>
      s &&
      JSON.stringify([
        s.currentHealthy,
        s.desiredHealthy,
        s.disruptionsAllowed,
        s.expectedPods,
        s.observedGeneration,
        s.disruptedPods ?? {},
        condition(s.conditions, 'DisruptionAllowed')?.reason,
      ]);
    if (text(budget.status) === text(status)) return;
    try {
      this.client.updateStatus(budget.metadata.namespace as string, budget.metadata.name as string, {
        ...budget,
        status,
      });
    } catch (error) {
      if (isConflict(error)) this.queue.add(keyOf(budget as KubeObject));
      else if (!isNotFound(error)) throw error;
    }
  }
}

class ScaleError extends Error {}

/** A number of Pods; a percentage is rounded up. */
function amount(value: number | string, total: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number(value.slice(0, -1)) * total) / 100);
}

/** Evicted Pods that have not been seen to go yet, and when to look again, ms. */
function stillDisrupted(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  now: number,
): { disrupted: Record<string, string>; recheck: number | undefined } {
  const known = budget.status?.disruptedPods;
  const disrupted: Record<string, string> = {};
  let recheck: number | undefined;
  for (const { metadata } of known ? pods : []) {
    const name = metadata.name as string;
    const time = known?.[name];
    if (!time || metadata.deletionTimestamp) continue;
    const rest = Date.parse(time) + DELETION_TIMEOUT - now;
    if (rest <= 0) continue;
    disrupted[name] = time;
    recheck = Math.min(recheck ?? Infinity, rest);
  }
  return { disrupted, recheck };
}
