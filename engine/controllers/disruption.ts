// Disruption controller: how many Pods of each PodDisruptionBudget may be evicted now
// (kubernetes/pkg/controller/disruption).

import { isConflict, isNotFound, keyOf, timestamp, type Informer, type ResourceClient } from '../client/index.ts';
import { matchesSelector } from '../api/selectors.ts';
import { condition } from './conditions.ts';
import { expectedScale, ScaleError } from './disruption-scale.ts';
import { selectorText } from './selector-text.ts';
import { isPodReady } from './pods.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { Condition, KubeObject, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../api/types.ts';

/** An eviction that was granted counts for this long, until the Pod is seen to go. */
const DELETION_TIMEOUT = 120_000;
/** A Pod that was to be disrupted and lives on for this long is not taken for one any more. */
const STALE_DISRUPTION = 120_000;
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
  private readonly podClient: ResourceClient<Pod>;
  private readonly queue;
  /** Pods whose condition says that they will be disrupted. */
  private readonly targets;

  constructor(context: ControllerContext) {
    this.context = context;
    this.client = context.client.of<PodDisruptionBudget>('policy/v1', 'poddisruptionbudgets');
    this.budgets = context.informer<PodDisruptionBudget>('policy/v1', 'poddisruptionbudgets');
    this.pods = context.informer<Pod>('v1', 'pods');
    this.podClient = context.client.of<Pod>('v1', 'pods');
    this.queue = context.queue((key) => this.sync(key));
    this.targets = context.queue((key) => this.clearStale(key));
    const enqueue = (budget: PodDisruptionBudget) => this.queue.add(keyOf(budget));
    this.budgets.on({ add: enqueue, update: enqueue });
    const podChanged = (pod: Pod) => {
      const since = staleSince(pod);
      if (since !== undefined)
        this.targets.addAfter(keyOf(pod), Math.max(0, since + STALE_DISRUPTION - context.sim.now));
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
    const { disrupted, recheck, overdue } = stillDisrupted(budget, pods, sim.now);
    for (const pod of overdue) {
      // Upstream names the namespace twice, too.
      const text = `Pod was expected by PDB ${budget.metadata.namespace}/${budget.metadata.namespace} to be deleted but it wasn't`;
      recorder.event(pod, 'Warning', 'NotDeleted', text);
    }
    let status: PodDisruptionBudgetStatus;
    try {
      const { expected, desired, unmanaged } = this.expectation(budget, pods);
      if (unmanaged) recorder.event(budget, 'Warning', 'UnmanagedPods', unmanagedText(budget));
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

  /** The disruption did not happen: the condition says so. */
  private clearStale(key: string) {
    const pod = this.pods.byKey(key);
    const since = pod && staleSince(pod);
    const now = this.context.sim.now;
    if (!pod || since === undefined || since + STALE_DISRUPTION > now) return;
    const conditions = (pod.status?.conditions ?? []).map((one) =>
      one.type === 'DisruptionTarget'
        ? {
            type: one.type,
            status: 'False',
            lastProbeTime: null as unknown as string,
            lastTransitionTime: timestamp(now),
          }
        : one,
    );
    const { namespace, name } = pod.metadata;
    this.podClient.updateStatus(namespace as string, name as string, { ...pod, status: { ...pod.status, conditions } });
  }

  private expectation(
    budget: PodDisruptionBudget,
    pods: readonly Pod[],
  ): { expected: number; desired: number; unmanaged: boolean } {
    const { minAvailable, maxUnavailable } = budget.spec ?? {};
    if (maxUnavailable !== undefined) {
      const { sum: expected, unmanaged } = expectedScale(this.context, pods);
      return { expected, desired: Math.max(0, expected - amount(maxUnavailable, expected)), unmanaged };
    }
    if (typeof minAvailable === 'string') {
      const { sum: expected, unmanaged } = expectedScale(this.context, pods);
      return { expected, desired: amount(minAvailable, expected), unmanaged };
    }
    return { expected: pods.length, desired: minAvailable ?? 1, unmanaged: false };
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

/** Since when the Pod is said to be disrupted soon, ms; undefined when it is not, or has been by its kubelet. */
function staleSince({ metadata, status }: Pod): number | undefined {
  if (metadata.deletionTimestamp || status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
  const known = condition(status?.conditions, 'DisruptionTarget');
  if (known?.status !== 'True' || known.reason === 'TerminationByKubelet') return undefined;
  return Date.parse(known.lastTransitionTime as string);
}

const unmanagedText = ({ spec }: PodDisruptionBudget) =>
  `Pods selected by this PodDisruptionBudget (selector: ${selectorText(spec?.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;

/** A number of Pods; a percentage is rounded up. */
function amount(value: number | string, total: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number(value.slice(0, -1)) * total) / 100);
}

/** Evicted Pods that have not been seen to go yet, and when to look again, ms. */
function stillDisrupted(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  now: number,
): { disrupted: Record<string, string>; recheck: number | undefined; overdue: Pod[] } {
  const known = budget.status?.disruptedPods;
  const disrupted: Record<string, string> = {};
  const overdue: Pod[] = [];
  let recheck: number | undefined;
  for (const pod of known ? pods : []) {
    const { metadata } = pod;
    const name = metadata.name as string;
    const time = known?.[name];
    if (!time || metadata.deletionTimestamp) continue;
    const rest = Date.parse(time) + DELETION_TIMEOUT - now;
    if (rest <= 0) {
      overdue.push(pod);
      continue;
    }
    disrupted[name] = time;
    recheck = Math.min(recheck ?? Infinity, rest);
  }
  return { disrupted, recheck, overdue };
}
