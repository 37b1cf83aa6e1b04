// Quotas, limit ranges, priority classes, disruption budgets and autoscalers.

import { compareQuantities, quantityMilli } from '../quantity.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { Faults, IMMUTABLE } from './field.ts';
import { isDNS1123Label, isQualifiedName } from './names.ts';
import { pathSegment } from './metadata.ts';
import type { Rules } from './rules.ts';
import { labelSelector } from './selectors.ts';
import { countOrPercent } from './workloads.ts';

const POD_SCOPED = new Set([
  'pods',
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
  'ephemeral-storage',
  'requests.ephemeral-storage',
  'limits.ephemeral-storage',
]);
const SCOPES = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
  'VolumeAttributesClass',
];
const CONFLICTS: [string, string][] = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];

export const resourceQuota: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    for (const name in spec.hard) {
      const at = `spec.hard[${name}]`;
      for (const fault of isQualifiedName(name)) faults.invalid(at, name, fault);
      if (compareQuantities(spec.hard[name], '0') < 0)
        faults.invalid(at, spec.hard[name], 'must be greater than or equal to 0');
      const integer = !/cpu|memory|storage/.test(name);
      if (integer && quantityMilli(spec.hard[name]) % 1000 !== 0)
        faults.invalid(at, spec.hard[name], 'must be an integer');
    }
    const scopes: string[] = spec.scopes ?? [];
    if (!scopes.length) return;
    for (const scope of scopes) {
      if (!SCOPES.includes(scope)) {
        faults.invalid('spec.scopes', scopes, 'unsupported scope');
        continue;
      }
      const allowed =
        scope === 'BestEffort' ? (name: string) => name === 'pods' : (name: string) => POD_SCOPED.has(name);
      for (const name in spec.hard) {
        if (!allowed(name)) faults.invalid('spec.scopes', scopes, 'unsupported scope applied to resource');
      }
    }
    for (const [a, b] of CONFLICTS) {
      if (scopes.includes(a) && scopes.includes(b)) faults.invalid('spec.scopes', scopes, 'conflicting scopes');
    }
  },
  validateUpdate(faults, object, old) {
    const before: string[] = old.spec?.scopes ?? [];
    const now: string[] = object.spec?.scopes ?? [];
    if ([...before].sort().join() !== [...now].sort().join()) faults.invalid('spec.scopes', now, IMMUTABLE);
  },
};

const STANDARD_TYPES = ['Container', 'PersistentVolumeClaim', 'Pod'];

function limitItem(faults: Faults, at: string, item: JsonObject) {
  const type: string = item.type ?? '';
  const names = new Set<string>();
  for (const field of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio']) {
    for (const name in item[field]) names.add(name);
  }
  for (const name of names) {
    for (const fault of isQualifiedName(name)) faults.invalid(`${at}[${name}]`, name, fault);
  }
  if (type === 'Pod') {
    for (const field of ['default', 'defaultRequest']) {
      if (Object.keys(item[field] ?? {}).length)
        faults.forbidden(`${at}.${field}`, "may not be specified when `type` is 'Pod'");
    }
  }
  if (type === 'PersistentVolumeClaim' && item.min?.storage === undefined && item.max?.storage === undefined) {
    faults.required(`${at}.limits`, 'either minimum or maximum storage value is required, but neither was provided');
  }
  const above = (a: string | undefined, b: string | undefined) =>
    a !== undefined && b !== undefined && compareQuantities(a, b) > 0;
  for (const name of [...names].sort()) {
    const min = item.min?.[name];
    const max = item.max?.[name];
    const limit = item.default?.[name];
    const request = item.defaultRequest?.[name];
    const ratio = item.maxLimitRequestRatio?.[name];
    const say = (field: string, value: string, detail: string) =>
      faults.invalid(`${at}.${field}[${name}]`, value, detail);
    if (above(min, max)) say('min', min, `min value ${min} is greater than max value ${max}`);
    if (above(min, request))
      say('defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
    if (above(request, max))
      say('defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
    if (above(request, limit))
      say('defaultRequest', request, `default request value ${request} is greater than default limit value ${limit}`);
    if (above(min, limit)) say('default', min, `min value ${min} is greater than default value ${limit}`);
    if (above(limit, max)) say('default', max, `default value ${limit} is greater than max value ${max}`);
    if (ratio === undefined) continue;
    if (compareQuantities(ratio, '1') < 0) say('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`);
    if (min !== undefined && max !== undefined) {
      const most = quantityMilli(max) / quantityMilli(min);
      if (quantityMilli(ratio) / 1000 > most)
        say('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`);
    }
  }
}

export const limitRange: Rules = {
  validate(faults, object) {
    const seen = new Set<string>();
    (object.spec?.limits ?? []).forEach((item: JsonObject, i: number) => {
      const at = `spec.limits[${i}]`;
      const type: string = item.type ?? '';
      for (const fault of isQualifiedName(type)) faults.invalid(`${at}.type`, type, fault);
      if (type && !type.includes('/') && !STANDARD_TYPES.includes(type)) {
        faults.invalid(`${at}.type`, type, 'must be a standard limit type or fully qualified');
      }
      if (seen.has(type)) faults.duplicate(`${at}.type`, type);
      seen.add(type);
      limitItem(faults, at, item);
    });
  },
};

const SYSTEM_PRIORITIES: Record<string, number> = {
  'system-cluster-critical': 2000000000,
  'system-node-critical': 2000001000,
};

export const priorityClass: Rules = {
  validate(faults, object) {
    const name = object.metadata.name ?? '';
    if (name.startsWith('system-')) {
      const known = SYSTEM_PRIORITIES[name];
      const words = "priority class names with 'system-' prefix are reserved for system use only. error: ";
      if (known === undefined)
        faults.forbidden('metadata.name', `${words}${name} is not a known system priority class`);
      else if (known !== object.value)
        faults.forbidden('metadata.name', `${words}value of ${name} PriorityClass must be ${known}`);
    } else if (object.value > 1000000000) {
      faults.forbidden('value', 'maximum allowed value of a user defined priority is 1000000000');
    }
    if (object.preemptionPolicy !== undefined)
      faults.ifNot('preemptionPolicy', object.preemptionPolicy, ['PreemptLowerPriority', 'Never']);
  },
  validateUpdate(faults, object, old) {
    if (object.value !== old.value) faults.forbidden('value', 'may not be changed in an update.');
    if (object.preemptionPolicy !== old.preemptionPolicy)
      faults.invalid('preemptionPolicy', object.preemptionPolicy, IMMUTABLE);
  },
};

export const podDisruptionBudget: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
      faults.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set');
    }
    for (const field of ['minAvailable', 'maxUnavailable']) {
      const value = spec[field];
      if (value === undefined) continue;
      countOrPercent(faults, `spec.${field}`, value);
      if (typeof value === 'string' && /^\d+%$/.test(value) && Number(value.slice(0, -1)) > 100) {
        faults.invalid(`spec.${field}`, value, 'must not be greater than 100%');
      }
    }
    labelSelector(faults, 'spec.selector', spec.selector);
    if (spec.unhealthyPodEvictionPolicy !== undefined) {
      faults.ifNot('spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, [
        'AlwaysAllow',
        'IfHealthyBudget',
      ]);
    }
  },
};

const METRIC_TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const METRIC_FIELDS: Record<string, string> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

function metricTarget(faults: Faults, at: string, target: JsonObject) {
  if (!target.type) faults.required(`${at}.type`, 'must specify a metric target type');
  else if (!['Utilization', 'Value', 'AverageValue'].includes(target.type)) {
    faults.invalid(`${at}.type`, target.type, 'must be either Utilization, Value, or AverageValue');
  }
  for (const field of ['value', 'averageValue']) {
    if (target[field] !== undefined && compareQuantities(target[field], '0') <= 0)
      faults.invalid(`${at}.${field}`, target[field], 'must be positive');
  }
  if (target.averageUtilization !== undefined && target.averageUtilization < 1) {
    faults.invalid(`${at}.averageUtilization`, target.averageUtilization, 'must be greater than 0');
  }
}

function metricSource(faults: Faults, at: string, type: string, source: JsonObject) {
  const target: JsonObject = source.target ?? {};
  metricTarget(faults, `${at}.target`, target);
  if (type === 'Resource' || type === 'ContainerResource') {
    if (!source.name) faults.required(`${at}.name`, 'must specify a resource name');
    if (type === 'ContainerResource' && !source.container)
      faults.required(`${at}.container`, 'must specify a container');
    if (target.averageUtilization === undefined && target.averageValue === undefined) {
      faults.required(`${at}.target.averageUtilization`, 'must set either a target raw value or a target utilization');
    }
    if (target.averageUtilization !== undefined && target.averageValue !== undefined) {
      faults.forbidden(`${at}.target.averageValue`, 'may not set both a target raw value and a target utilization');
    }
    if (target.value !== undefined) faults.forbidden(`${at}.target.value`, `must not set a target value`);
    return;
  }
  if (!source.metric?.name) faults.required(`${at}.metric.name`, 'must specify a metric name');
  else faults.check(`${at}.metric.name`, source.metric.name, pathSegment);
  if (type === 'Pods') {
    if (target.averageValue === undefined)
      faults.required(`${at}.target.averageValue`, 'must specify a positive target averageValue');
    return;
  }
  if (type === 'Object') {
    const ref = source.describedObject ?? {};
    if (!ref.kind) faults.required(`${at}.describedObject.kind`);
    if (!ref.name) faults.required(`${at}.describedObject.name`);
  }
  if (target.value === undefined && target.averageValue === undefined) {
    faults.required(`${at}.target.averageValue`, 'must set either a target value for metric or a per-pod target');
  }
  if (type === 'External' && target.value !== undefined && target.averageValue !== undefined) {
    faults.forbidden(`${at}.target.value`, 'may not set both a target value for metric and a per-pod target');
  }
}

function metric(faults: Faults, at: string, spec: JsonObject) {
  const type: string = spec.type ?? '';
  if (!type) faults.required(`${at}.type`, 'must specify a metric source type');
  if (!METRIC_TYPES.includes(type)) faults.notSupported(`${at}.type`, type, METRIC_TYPES);
  const field = METRIC_FIELDS[type];
  const populated = Object.values(METRIC_FIELDS).filter((name) => spec[name]);
  if (field && !spec[field]) faults.required(`${at}.${field}`, 'must populate information for the given metric source');
  if (field && spec[field]) metricSource(faults, `${at}.${field}`, type, spec[field]);
  else if (!field) faults.notSupported(`${at}.type`, type, METRIC_TYPES);
  for (const other of populated) {
    if (field && other !== field && spec[field])
      faults.forbidden(`${at}.${other}`, 'must populate the given metric source only');
  }
}

function scalingRules(faults: Faults, at: string, rules: JsonObject | undefined) {
  if (!rules) return;
  const window = rules.stabilizationWindowSeconds;
  if (window !== undefined) {
    faults.nonNegative(`${at}.stabilizationWindowSeconds`, window);
    if (window > 3600) faults.invalid(`${at}.stabilizationWindowSeconds`, window, 'must be less than or equal to 3600');
  }
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
  validate(faults, object: KubeObject) {
    const spec: JsonObject = object.spec ?? {};
    const min = spec.minReplicas;
    if (min !== undefined && min < 1) faults.invalid('spec.minReplicas', min, 'must be greater than or equal to 1');
    if (!(spec.maxReplicas >= 1)) faults.invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than 0');
    if (min !== undefined && spec.maxReplicas < min)
      faults.invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than or equal to `minReplicas`');
    const ref: JsonObject = spec.scaleTargetRef ?? {};
    for (const field of ['kind', 'name']) {
      if (!ref[field]) faults.required(`spec.scaleTargetRef.${field}`);
      else faults.check(`spec.scaleTargetRef.${field}`, ref[field], pathSegment);
    }
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
};

export const runtimeClass: Rules = {
  validate: (faults, object) => faults.check('handler', object.handler ?? '', isDNS1123Label),
  validateUpdate(faults, object, old) {
    if (object.handler !== old.handler) faults.invalid('handler', object.handler, IMMUTABLE);
  },
};

export const lease: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) {
      faults.invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0');
    }
    if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0) {
      faults.invalid('spec.leaseTransitions', spec.leaseTransitions, 'must be greater than or equal to 0');
    }
  },
};
