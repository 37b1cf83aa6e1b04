// HorizontalPodAutoscaler controller: every 15 seconds compares what a workload's Pods use with what is wanted and sets
// the number of replicas (kubernetes/pkg/controller/podautoscaler).

import {
  ApiError,
  isConflict,
  isNotFound,
  keyOf,
  timestamp,
  type Informer,
  type ResourceClient,
} from '../client/index.ts';
import { formatQuantity, parseQuantity, quantityMilli } from '../api/quantity.ts';
import { matchesRequirements, parseLabelSelector } from '../api/selectors.ts';
import { condition } from './conditions.ts';
import { ScaleHistory, type Told } from './hpa-limits.ts';
import { MetricError, noCustomMetrics, noExternalMetrics, resourceMetrics } from './hpa-metrics.ts';
import { selectorText } from './selector-text.ts';
import { replicasByUtilization, replicasByValue, type Proposal, type Tolerances } from './hpa-replicas.ts';
import type { Controller, ControllerContext } from './context.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  Pod,
  Scale,
} from '../api/types.ts';

/** --horizontal-pod-autoscaler-sync-period. */
const SYNC_PERIOD = 15_000;
/** --horizontal-pod-autoscaler-tolerance. */
const TOLERANCE = 0.1;

export const horizontalPodAutoscalerController: Controller = {
  name: 'horizontal-pod-autoscaler-controller',
  account: 'horizontal-pod-autoscaler',
  component: 'horizontal-pod-autoscaler',
  start: (context) => void new HorizontalPodAutoscalerController(context),
};

const specOf = (hpa: HorizontalPodAutoscaler) => hpa.spec as HorizontalPodAutoscalerSpec;

/** The target as its scale subresource shows it. */
interface Target {
  path: string;
  scale: Scale;
}

/** What all metrics together call for. */
interface Recommended {
  replicas: number;
  metric: string;
  statuses: MetricStatus[];
}

/** A metric that gives no number: the condition's reason and its own words; `message` is how the others name it. */
class MetricFailure extends Error {
  readonly reason: string;
  readonly cause: string;
  constructor(reason: string, cause: string, message: string) {
    super(message);
    this.reason = reason;
    this.cause = cause;
  }
}

class HorizontalPodAutoscalerController {
  private readonly context: ControllerContext;
  private readonly hpas: Informer<HorizontalPodAutoscaler>;
  private readonly pods: Informer<Pod>;
  private readonly client: ResourceClient<HorizontalPodAutoscaler>;
  private readonly histories = new Map<string, ScaleHistory>();
  private readonly queue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.client = context.client.of<HorizontalPodAutoscaler>('autoscaling/v2', 'horizontalpodautoscalers');
    this.hpas = context.informer<HorizontalPodAutoscaler>('autoscaling/v2', 'horizontalpodautoscalers');
    this.pods = context.informer<Pod>('v1', 'pods');
    this.queue = context.queue((key) => this.sync(key));
    const enqueue = (hpa: HorizontalPodAutoscaler) => this.queue.addAfter(keyOf(hpa), SYNC_PERIOD);
    this.hpas.on({ add: enqueue, update: enqueue, delete: (hpa) => this.histories.delete(keyOf(hpa)) });
  }

  private sync(key: string) {
    const hpa = this.hpas.byKey(key);
    if (!hpa) return;
    try {
      new Sync(this.context, this.pods, this.hpas, hpa, this.historyOf(key)).run((status) => this.write(hpa, status));
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
    this.queue.addAfter(key, SYNC_PERIOD);
  }

  private historyOf(key: string): ScaleHistory {
    let history = this.histories.get(key);
    if (!history) this.histories.set(key, (history = new ScaleHistory()));
    return history;
  }

  private write(hpa: HorizontalPodAutoscaler, status: HorizontalPodAutoscalerStatus) {
    if (JSON.stringify(hpa.status) === JSON.stringify(status)) return;
    const { namespace, name } = hpa.metadata;
    this.client.updateStatus(namespace as string, name as string, { ...hpa, status });
  }
}

/** One look at one autoscaler. */
class Sync {
  private readonly context: ControllerContext;
  private readonly pods: Informer<Pod>;
  private readonly hpas: Informer<HorizontalPodAutoscaler>;
  private readonly hpa: HorizontalPodAutoscaler;
  private readonly history: ScaleHistory;
  private readonly now: number;
  private conditions: HorizontalPodAutoscalerCondition[];

  constructor(
    context: ControllerContext,
    pods: Informer<Pod>,
    hpas: Informer<HorizontalPodAutoscaler>,
    hpa: HorizontalPodAutoscaler,
    history: ScaleHistory,
  ) {
    this.context = context;
    this.pods = pods;
    this.hpas = hpas;
    this.hpa = hpa;
    this.history = history;
    this.now = context.sim.now;
    this.conditions = [...(hpa.status?.conditions ?? [])];
  }

  run(write: (status: HorizontalPodAutoscalerStatus) => void) {
    const { hpa } = this;
    const { minReplicas = 1, maxReplicas } = specOf(hpa);
    const old: HorizontalPodAutoscalerStatus = { desiredReplicas: 0, ...hpa.status };
    const finish = (changes: Partial<HorizontalPodAutoscalerStatus>) => {
      const { lastScaleTime } = old;
      const { currentReplicas, desiredReplicas, currentMetrics } = { ...old, ...changes };
      write({
        ...(changes.lastScaleTime || lastScaleTime ? { lastScaleTime: changes.lastScaleTime ?? lastScaleTime } : {}),
        ...(currentReplicas !== undefined && { currentReplicas }),
        desiredReplicas,
        currentMetrics,
        conditions: this.conditions,
      } as HorizontalPodAutoscalerStatus);
    };

    let target: Target;
    try {
      target = this.target();
    } catch (error) {
      this.event('Warning', 'FailedGetScale', (error as Error).message);
      const text = `the HPA controller was unable to get the target's current scale: ${(error as Error).message}`;
      this.tell('AbleToScale', 'False', 'FailedGetScale', text);
      finish({});
      return;
    }
    const ok = "the HPA controller was able to get the target's current scale";
    this.tell('AbleToScale', 'True', 'SucceededGetScale', ok);
    const current = target.scale.spec?.replicas ?? 0;
    this.history.begin(this.now, current);

    let desired: number;
    let why = '';
    let statuses = old.currentMetrics;
    if (current === 0 && minReplicas !== 0) {
      desired = 0;
      const text = 'scaling is disabled since the replica count of the target is zero';
      this.tell('ScalingActive', 'False', 'ScalingDisabled', text);
    } else if (current > maxReplicas) {
      why = 'Current number of replicas above Spec.MaxReplicas';
      desired = maxReplicas;
    } else if (current < minReplicas) {
      why = 'Current number of replicas below Spec.MinReplicas';
      desired = minReplicas;
    } else {
      let recommended: Recommended;
      try {
        recommended = this.recommend(target, current);
      } catch (error) {
        if (!(error instanceof MetricError)) throw error;
        this.event('Warning', 'FailedComputeMetricsReplicas', error.message);
        finish({ currentReplicas: target.scale.status?.replicas ?? current });
        return;
      }
      statuses = recommended.statuses;
      if (recommended.replicas > current) why = `${recommended.metric} above target`;
      else if (recommended.replicas < current) why = 'All metrics below target';
      let told: Told[];
      [desired, told] = this.history.normalize(specOf(hpa), current, recommended.replicas, this.now);
      for (const { type, status, reason, message } of told) this.tell(type, status, reason, message);
    }

    if (desired === current) {
      finish({
        currentReplicas: target.scale.status?.replicas ?? current,
        desiredReplicas: desired,
        currentMetrics: statuses,
      });
      return;
    }
    const text = `New size: ${desired}; reason: ${why}`;
    try {
      this.context.client.send({
        method: 'PUT',
        path: target.path,
        body: { ...target.scale, spec: { ...target.scale.spec, replicas: desired } },
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.event('Warning', 'FailedRescale', `${text}; error: ${error.message}`);
      const unable = `the HPA controller was unable to update the target scale: ${error.message}`;
      this.tell('AbleToScale', 'False', 'FailedUpdateScale', unable);
      finish({ currentReplicas: current });
      return;
    }
    const done = `the HPA controller was able to update the target scale to ${desired}`;
    this.tell('AbleToScale', 'True', 'SucceededRescale', done);
    this.event('Normal', 'SuccessfulRescale', text);
    this.history.scaled(this.now, desired - current, specOf(hpa));
    finish({
      currentReplicas: current,
      desiredReplicas: desired,
      currentMetrics: statuses,
      lastScaleTime: timestamp(this.now),
    });
  }

  private event(type: 'Normal' | 'Warning', reason: string, message: string) {
    this.context.recorder.event(this.hpa, type, reason, message);
  }

  private tell(type: string, status: string, reason: string, message: string) {
    const old = condition(this.conditions, type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : timestamp(this.now);
    const next: HorizontalPodAutoscalerCondition = { type, status, lastTransitionTime, reason, message };
    this.conditions = old ? this.conditions.map((one) => (one === old ? next : one)) : [...this.conditions, next];
  }

  private target(): Target {
    const { apiVersion = 'v1', kind, name } = specOf(this.hpa).scaleTargetRef;
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    const served = this.context.discovery.resources().find((one) => one.group === group && one.kind === kind);
    if (!served) {
      throw new Error(
        group
          ? `no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`
          : `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`,
      );
    }
    const base = served.group ? `/apis/${served.groupVersion}` : `/api/${served.groupVersion}`;
    const path = `${base}/namespaces/${this.hpa.metadata.namespace}/${served.plural}/${name}/scale`;
    try {
      return { path, scale: this.context.client.send({ method: 'GET', path }).body as unknown as Scale };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const resource = group ? `${served.plural}/scale.${group}` : `${served.plural}/scale`;
      throw new Error(`${resource} ${JSON.stringify(name)} not found`, { cause: error });
    }
  }

  // ---- metrics -------------------------------------------------------------------------------------------

  private recommend({ scale }: Target, current: number): Recommended {
    const selector = scale.status?.selector;
    if (!selector) {
      this.event('Warning', 'SelectorRequired', 'selector is required');
      this.tell('ScalingActive', 'False', 'InvalidSelector', "the HPA target's scale is missing a selector");
      throw new MetricError('selector is required');
    }
    this.checkRivals(selector);
    const requirements = parseLabelSelector(selector);
    const pods = this.pods
      .inNamespace(this.hpa.metadata.namespace as string)
      .filter((pod) => matchesRequirements(requirements, pod.metadata.labels));
    const metrics = specOf(this.hpa).metrics ?? [];
    let best: { replicas: number; metric: string } | undefined;
    let failure: MetricFailure | undefined;
    let failures = 0;
    const statuses: MetricStatus[] = [];
    for (const metric of metrics) {
      try {
        const found = this.evaluate(metric, current, selector, pods);
        if (!best || found.replicas > best.replicas) best = found;
        statuses.push(found.status);
      } catch (error) {
        if (!(error instanceof MetricFailure)) throw error;
        failure ??= error;
        failures++;
        this.event('Warning', error.reason, error.cause);
      }
    }
    if (failure && (!best || best.replicas < current)) {
      const text = `the HPA was unable to compute the replica count: ${failure.cause}`;
      this.tell('ScalingActive', 'False', failure.reason, text);
      throw new MetricError(
        `invalid metrics (${failures} invalid out of ${metrics.length}), first error is: ${failure.message}`,
      );
    }
    const { replicas, metric } = best as { replicas: number; metric: string };
    const text = `the HPA was able to successfully calculate a replica count from ${metric}`;
    this.tell('ScalingActive', 'True', 'ValidMetricFound', text);
    return { replicas, metric, statuses };
  }

  /** Two autoscalers on the same Pods would work against each other: neither does anything. */
  private checkRivals(selector: string) {
    const { namespace } = this.hpa.metadata;
    const { kind, name, apiVersion } = specOf(this.hpa).scaleTargetRef;
    const rivals = this.hpas.inNamespace(namespace as string).filter(({ spec }) => {
      const ref = spec?.scaleTargetRef;
      return ref?.kind === kind && ref.name === name && ref.apiVersion === apiVersion;
    });
    if (rivals.length < 2) return;
    const names = rivals.map(({ metadata }) => `${namespace}/${metadata.name}`).join(' ');
    const text = `pods by selector ${selector} are controlled by multiple HPAs: [${names}]`;
    this.event('Warning', 'AmbiguousSelector', text);
    this.tell('ScalingActive', 'False', 'AmbiguousSelector', text);
    throw new MetricError(text);
  }

  private evaluate(
    metric: MetricSpec,
    current: number,
    selector: string,
    pods: readonly Pod[],
  ): { replicas: number; metric: string; status: MetricStatus } {
    const namespace = this.hpa.metadata.namespace as string;
    const refuse = (kind: string, reason: string, cause: string): never => {
      throw new MetricFailure(reason, cause, `failed to get ${kind}: ${cause}`);
    };
    switch (metric.type) {
      case 'Resource': {
        const { name = '', target } = metric.resource ?? {};
        const { shown, proposal, value } = this.usage(name, undefined, target, current, selector, pods, 'resource');
        return {
          replicas: proposal.replicas,
          metric: shown,
          status: { type: 'Resource', resource: { name, current: value } },
        };
      }
      case 'ContainerResource': {
        const { name = '', container = '', target } = metric.containerResource ?? {};
        const { shown, proposal, value } = this.usage(
          name,
          container,
          target,
          current,
          selector,
          pods,
          'container resource',
        );
        const status = { type: 'ContainerResource', containerResource: { name, container, current: value } };
        return { replicas: proposal.replicas, metric: shown, status };
      }
      case 'Pods': {
        const name = metric.pods?.metric.name ?? '';
        const cause = `unable to get metric ${name}: ${noCustomMetrics().message}`;
        return refuse('pods metric value', 'FailedGetPodsMetric', cause);
      }
      case 'Object': {
        const { kind, name } = metric.object?.describedObject ?? { kind: '', name: '' };
        const cause = `unable to get metric ${metric.object?.metric.name}: ${kind} on ${namespace} ${name}/${noCustomMetrics().message}`;
        return refuse('object metric value', 'FailedGetObjectMetric', cause);
      }
      case 'External': {
        const { name, selector: wanted } = metric.external?.metric ?? { name: '', selector: undefined };
        const cause = `unable to get external metric ${namespace}/${name}/${selectorText(wanted)}: ${noExternalMetrics(name).message}`;
        return refuse(`${name} external metric value`, 'FailedGetExternalMetric', cause);
      }
      default: {
        const cause = `unknown metric source type ${JSON.stringify(metric.type)}`;
        throw new MetricFailure('InvalidMetricSourceType', cause, cause);
      }
    }
  }

  private usage(
    resource: string,
    container: string | undefined,
    target: MetricTarget | undefined,
    current: number,
    selector: string,
    pods: readonly Pod[],
    what: string,
  ): { shown: string; proposal: Proposal; value: { averageUtilization?: number; averageValue: string } } {
    const reason = container === undefined ? 'FailedGetResourceMetric' : 'FailedGetContainerResourceMetric';
    const byValue = target?.averageValue !== undefined;
    const { namespace } = this.hpa.metadata;
    try {
      let metrics;
      try {
        metrics = resourceMetrics(this.context.client, namespace as string, selector, resource, container);
      } catch (error) {
        if (!(error instanceof MetricError)) throw error;
        throw new MetricError(`unable to get metrics for resource ${resource}: ${error.message}`);
      }
      if (pods.length === 0) throw new MetricError('no pods returned by selector while calculating replica count');
      const question = { current, resource, container, pods, metrics, tolerances: this.tolerances(), now: this.now };
      const proposal = byValue
        ? replicasByValue(question, quantityMilli(target.averageValue as string))
        : replicasByUtilization(question, target?.averageUtilization ?? 0);
      const averageValue = shownValue(resource, proposal.average);
      return byValue
        ? { shown: `${resource} ${what}`, proposal, value: { averageValue } }
        : {
            shown: `${resource} ${what} utilization (percentage of request)`,
            proposal,
            value: { averageUtilization: proposal.utilization, averageValue },
          };
    } catch (error) {
      if (!(error instanceof MetricError)) throw error;
      const cause = `failed to get ${resource} ${byValue ? 'usage' : 'utilization'}: ${error.message}`;
      throw new MetricFailure(reason, cause, `failed to get ${resource} ${what} metric value: ${cause}`);
    }
  }

  private tolerances(): Tolerances {
    const { scaleUp, scaleDown } = specOf(this.hpa).behavior ?? {};
    const of = (text: string | undefined) => (text === undefined ? TOLERANCE : quantityMilli(text) / 1000);
    return { up: of(scaleUp?.tolerance), down: of(scaleDown?.tolerance) };
  }
}

/** Thousandths as the status shows them: millicores, or bytes in thousandths where they are not whole. */
function shownValue(resource: string, thousandths: number): string {
  return formatQuantity(
    parseQuantity(resource === 'cpu' || thousandths % 1000 ? `${thousandths}m` : `${thousandths / 1000}`),
  );
}
