// POST pods/NAME/eviction: a deletion that disruption budgets may refuse.

import {
  matchesSelector,
  type Eviction,
  type KubeObject,
  type PodCondition,
  type PodDisruptionBudget,
} from '../../api/index.ts';
import { readObject } from '../body.ts';
import { dryRunOf, writerOf, type Context } from '../context.ts';
import { deleteObject } from '../handlers/delete.ts';
import type { Core } from '../handlers/types.ts';
import { badRequest, internalError, notFound, tooManyRequests } from '../status.ts';
import { Selection } from '../storage/selection.ts';
import type { ApiResponse } from '../types.ts';
import { admitted } from './admit.ts';

const RETRY_SECONDS = 10;

export function eviction(core: Core, ctx: Context): ApiResponse {
  const { namespace, name } = ctx.route;
  const info = core.scheme.kind('policy', 'v1', 'Eviction') ?? {
    ...ctx.info,
    group: 'policy',
    groupVersion: 'policy/v1',
    kind: 'Eviction',
  };
  const admission = admitted(core, ctx, 'CREATE', info, readObject(core.scheme, ctx, info));
  const sent = admission.object as unknown as Eviction;
  if (sent.metadata?.name !== name) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
  const pod = core.storage.get(ctx.info, namespace, name);
  if (!pod) throw notFound(ctx.info, name);
  admission.validate();
  if (!mayIgnoreBudgets(pod)) {
    const spend = () => spendBudget(core, ctx, pod);
    if (core.replay) core.replay.once('budget', spend);
    else spend();
  }
  if (!ctx.dryRun && !dryRunOf(sent.deleteOptions?.dryRun)) markTarget(core, ctx, pod);
  // Admission had its say on the eviction; the deletion is the registry's own.
  deleteObject(core, ctx, ctx.info, namespace, name, sent.deleteOptions ?? {}, false);
  return {
    code: 201,
    headers: {},
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
  };
}

/** The Pod says why it goes, for whoever judges its failure (a Job's podFailurePolicy). */
function markTarget(core: Core, ctx: Context, pod: KubeObject) {
  const { status } = pod;
  const others = ((status?.conditions ?? []) as PodCondition[]).filter(({ type }) => type !== 'DisruptionTarget');
  if (others.length !== (status?.conditions ?? []).length) return;
  const target: PodCondition = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null as never,
    lastTransitionTime: ctx.time,
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    observedGeneration: pod.metadata.generation,
  };
  const next = { ...pod, status: { ...status, conditions: [...others, target] } };
  core.storage.put(ctx.info, next, (result) => core.ledger.note(ctx.info, result, pod, writerOf(ctx, 'status')));
}

/** What does not run disrupts nothing. */
function mayIgnoreBudgets({ metadata, status }: KubeObject): boolean {
  const phase = status?.phase;
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || metadata.deletionTimestamp !== undefined;
}

function spendBudget(core: Core, ctx: Context, pod: KubeObject) {
  const { namespace } = ctx.route;
  const info = core.scheme.resource('policy', 'v1', 'poddisruptionbudgets');
  if (!info) return;
  const budgets = core.storage
    .cache(info)
    .list(new Selection(namespace, undefined, [], []))
    .filter((budget) =>
      matchesSelector(budget.spec?.selector, pod.metadata.labels),
    ) as unknown as PodDisruptionBudget[];
  if (budgets.length === 0) return;
  if (budgets.length > 1) {
    throw internalError(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const budget = budgets[0];
  const ready = pod.status?.conditions?.some(
    (condition: { type: string; status: string }) => condition.type === 'Ready' && condition.status === 'True',
  );
  const status = budget.status;
  const healthyEnough =
    (status?.currentHealthy ?? 0) >= (status?.desiredHealthy ?? 0) && (status?.desiredHealthy ?? 0) > 0;
  if (!ready && (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow' || healthyEnough)) return;
  const name = budget.metadata.name as string;
  if ((status?.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    throw refused(`The disruption budget ${name} is still being processed by the server.`);
  }
  const allowed = status?.disruptionsAllowed ?? 0;
  if (allowed <= 0) {
    throw refused(
      `The disruption budget ${name} needs ${status?.desiredHealthy} healthy pods and has ${status?.currentHealthy} currently`,
    );
  }
  if (ctx.dryRun) return;
  core.storage.put(info, {
    ...(budget as unknown as KubeObject),
    status: {
      ...status,
      disruptionsAllowed: allowed - 1,
      disruptedPods: { ...status?.disruptedPods, [pod.metadata.name as string]: ctx.time },
    },
  });
}

const refused = (message: string) =>
  tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
    retryAfterSeconds: RETRY_SECONDS,
  });
