// Autoscalers: one metric source each, and how fast they may act.

import { compareQuantities } from '../quantity.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { Faults } from './field.ts';
import { pathSegment } from './metadata.ts';
import type { Rules } from './rules.ts';
import { labelSelector } from './selectors.ts';

const METRIC_TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const METRIC_FIELDS: Record<string, string> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

const TARGET_TYPES = ['Utilization', 'Value', 'AverageValue'];

function metricTarget(faults: Faults, at: string, target: JsonObject) {
  if (!target.type) faults.required(`${at}.type`, 'must specify a metric target type');
  if (!TARGET_TYPES.includes(target.type))
    faults.invalid(`${at}.type`, target.type ?? '', 'must be either Utilization, Value, or AverageValue');
  for (const field of ['value', 'averageValue']) {
    if (target[field] !== undefined && compareQuantities(target[field], '0') <= 0)
      faults.invalid(`${at}.${field}`, target[field], 'must be positive');
  }
  if (target.averageUtilization !== undefined && target.averageUtilization < 1) {
    faults.invalid(`${at}.averageUtilization`, target.averageUtilization, 'must be greater than 0');
  }
}

/** The first release that looks at the version of what is referred to. */
const VERSION_SINCE = 35;

/** A reference to another object by kind and name; `grouped`: not one of the core group. */
function reference(faults: Faults, at: string, ref: JsonObject, grouped: boolean) {
  for (const field of ['kind', 'name']) {
    if (!ref[field]) faults.required(`${at}.${field}`);
    else faults.check(`${at}.${field}`, ref[field], pathSegment);
  }
  if (faults.minor < VERSION_SINCE) return;
  const version: string = ref.apiVersion ?? '';
  const slashes = version.split('/').length - 1;
  if (slashes > 1 && version !== '/')
    faults.invalid(`${at}.apiVersion`, version, `unexpected GroupVersion string: ${version}`);
  else if (grouped && !/^[^/]+\//.test(version))
    faults.invalid(`${at}.apiVersion`, version, 'apiVersion must specify API group');
}

function identifier(faults: Faults, at: string, metric: JsonObject) {
  if (!metric.name) faults.required(`${at}.name`, 'must specify a metric name');
  else faults.check(`${at}.name`, metric.name, pathSegment);
  labelSelector(faults, `${at}.selector`, metric.selector);
}

function resourceSource(faults: Faults, at: string, source: JsonObject, inContainer: boolean) {
  const target: JsonObject = source.target ?? {};
  if (!source.name) faults.required(`${at}.name`, 'must specify a resource name');
  if (inContainer && !source.container) faults.required(`${at}.container`, 'must specify a container');
  metricTarget(faults, `${at}.target`, target);
  const { averageUtilization: share, averageValue: amount } = target;
  if (share === undefined && amount === undefined)
    faults.required(`${at}.target.averageUtilization`, 'must set either a target raw value or a target utilization');
  if (share !== undefined && amount !== undefined)
    faults.forbidden(`${at}.target.averageValue`, 'may not set both a target raw value and a target utilization');
}

const PER_POD = 'must set either a target value for metric or a per-pod target';

/** In the order in which they are looked at: only the first that is there is checked. */
const METRIC_SOURCES: Record<string, (faults: Faults, at: string, source: JsonObject) => void> = {
  object(faults, at, source) {
    reference(faults, `${at}.describedObject`, source.describedObject ?? {}, false);
    identifier(faults, `${at}.metric`, source.metric ?? {});
    metricTarget(faults, `${at}.target`, source.target ?? {});
    if (source.target?.value === undefined && source.target?.averageValue === undefined)
      faults.required(`${at}.target.averageValue`, 'must set either a target value or averageValue');
  },
  external(faults, at, source) {
    identifier(faults, `${at}.metric`, source.metric ?? {});
    metricTarget(faults, `${at}.target`, source.target ?? {});
    const { value, averageValue } = source.target ?? {};
    if (value === undefined && averageValue === undefined) faults.required(`${at}.target.averageValue`, PER_POD);
    if (value !== undefined && averageValue !== undefined)
      faults.forbidden(`${at}.target.value`, 'may not set both a target value for metric and a per-pod target');
  },
  pods(faults, at, source) {
    identifier(faults, `${at}.metric`, source.metric ?? {});
    metricTarget(faults, `${at}.target`, source.target ?? {});
    const amount = source.target?.averageValue;
    if (amount === undefined || compareQuantities(amount, '0') <= 0)
      faults.required(`${at}.target.averageValue`, 'must specify a positive target averageValue');
  },
  resource: (faults, at, source) => resourceSource(faults, at, source, false),
  containerResource: (faults, at, source) => resourceSource(faults, at, source, true),
};

function metric(faults: Faults, at: string, spec: JsonObject) {
  const type: string = spec.type ?? '';
  if (!type) faults.required(`${at}.type`, 'must specify a metric source type');
  if (!METRIC_TYPES.includes(type)) faults.notSupported(`${at}.type`, type, METRIC_TYPES);
  const present = Object.keys(METRIC_SOURCES).filter((name) => spec[name]);
  if (present.length) METRIC_SOURCES[present[0]](faults, `${at}.${present[0]}`, spec[present[0]]);
  const field = METRIC_FIELDS[type];
  if (!field) faults.notSupported(`${at}.type`, type, METRIC_TYPES);
  else if (!spec[field]) faults.required(`${at}.${field}`, 'must populate information for the given metric source');
  if (present.length === 1) return;
  for (const other of present)
    if (other !== field) faults.forbidden(`${at}.${other}`, 'must populate the given metric source only');
}

function scalingRules(faults: Faults, at: string, rules: JsonObject | undefined) {
  if (!rules) return;
  const window = rules.stabilizationWindowSeconds;
  if (window !== undefined) {
    faults.nonNegative(`${at}.stabilizationWindowSeconds`, window);
    if (window > 3600) faults.invalid(`${at}.stabilizationWindowSeconds`, window, 'must be less than or equal to 3600');
  }
  if (rules.tolerance !== undefined && compareQuantities(rules.tolerance, '0') < 0)
    faults.invalid(`${at}.tolerance`, rules.tolerance, 'must be greater than or equal to 0');
  if (rules.selectPolicy !== undefined)
    faults.ifNot(`${at}.selectPolicy`, rules.selectPolicy, ['Disabled', 'Max', 'Min']);
  if (!rules.policies?.length) faults.required(`${at}.policies`, 'must specify at least one Policy');
  (rules.policies ?? []).forEach((policy: JsonObject, i: number) => {
    const path = `${at}.policies[${i}]`;
    faults.ifNot(`${path}.type`, policy.type, ['Percent', 'Pods']);
    faults.positive(`${path}.value`, policy.value);
    faults.positive(`${path}.periodSeconds`, policy.periodSeconds);
    if (policy.periodSeconds > 1800)
      faults.invalid(`${path}.periodSeconds`, policy.periodSeconds, 'must be less than or equal to 1800');
  });
}

export const horizontalPodAutoscaler: Rules = {
  validate(faults, object: KubeObject, old) {
    const spec: JsonObject = object.spec ?? {};
    const min = spec.minReplicas;
    if (min !== undefined && min < 1) faults.invalid('spec.minReplicas', min, 'must be greater than or equal to 1');
    if (!(spec.maxReplicas >= 1)) faults.invalid('spec.maxReplicas', spec.maxReplicas ?? 0, 'must be greater than 0');
    if (min !== undefined && spec.maxReplicas < min)
      faults.invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than or equal to `minReplicas`');
    const target: JsonObject = spec.scaleTargetRef ?? {};
    const before: JsonObject | undefined = old?.spec?.scaleTargetRef;
    const same = before?.kind === target.kind && before?.apiVersion === target.apiVersion;
    reference(faults, 'spec.scaleTargetRef', target, !same && target.kind !== 'ReplicationController');
    const metrics: JsonObject[] = spec.metrics ?? [];
    metrics.forEach((m, i) => metric(faults, `spec.metrics[${i}]`, m));
    if (min === 0 && !metrics.some((m) => m.type === 'Object' || m.type === 'External')) {
      faults.forbidden(
        'spec.metrics',
        'must specify at least one Object or External metric to support scaling to zero replicas',
      );
    }
    scalingRules(faults, 'spec.behavior.scaleUp', spec.behavior?.scaleUp);
    scalingRules(faults, 'spec.behavior.scaleDown', spec.behavior?.scaleDown);
  },
  validateStatus(faults, object) {
    faults.nonNegative('status.currentReplicas', object.status?.currentReplicas);
    faults.nonNegative('status.desiredReplicas', object.status?.desiredReplicas);
  },
};
