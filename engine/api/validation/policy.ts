// Quotas, limit ranges, priority classes, disruption budgets, runtime classes and leases.

import { compareQuantities, quantityMilli } from '../quantity.ts';
import type { JsonObject } from '../types.ts';
import { Faults, IMMUTABLE, Typed } from './field.ts';
import { labels } from './metadata.ts';
import { isDNS1123Label, isQualifiedName } from './names.ts';
import {
  containerResourceName,
  isQuotaResource,
  mayOvercommit,
  quotaResourceName,
  resourceName,
  resourceQuantity,
  resourceRequirements,
} from './resources.ts';
import type { Rules } from './rules.ts';
import { labelSelector, tolerations } from './selectors.ts';
import { atMost100, countOrPercent } from './workloads.ts';

/** Resources of a quota that a scope can be asked about. */
const POD_SCOPED = new Set(['pods', 'cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);
const CLAIM_SCOPED = new Set(['persistentvolumeclaims', 'storage', 'requests.storage']);
const SCOPES: Record<string, (resource: string) => boolean> = {
  BestEffort: (resource) => resource === 'pods',
  CrossNamespacePodAffinity: (resource) => POD_SCOPED.has(resource),
  NotBestEffort: (resource) => POD_SCOPED.has(resource),
  NotTerminating: (resource) => POD_SCOPED.has(resource),
  PriorityClass: (resource) => POD_SCOPED.has(resource),
  Terminating: (resource) => POD_SCOPED.has(resource),
  VolumeAttributesClass: (resource) => CLAIM_SCOPED.has(resource),
};
const ONLY_EXISTS = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const EXISTS_WORDS =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, " +
  'ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity';
const CONFLICTS: [string, string][] = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];

/** One scope of a quota with the resources that it limits; `path` and `value` are where upstream sees the fault. */
function quotaScope(faults: Faults, path: string, value: unknown, scope: string, hard: readonly string[]) {
  for (const name of hard)
    if (isQuotaResource(name) && SCOPES[scope] && !SCOPES[scope](name))
      faults.invalid(path, value, 'unsupported scope applied to resource');
}

function scopeConflicts(faults: Faults, path: string, value: unknown, scopes: readonly string[]) {
  for (const [a, b] of CONFLICTS)
    if (scopes.includes(a) && scopes.includes(b)) faults.invalid(path, value, 'conflicting scopes');
}

function scopeSelector(faults: Faults, spec: JsonObject, hard: readonly string[]) {
  const path = 'spec.scopeSelector.matchExpressions';
  const expressions: JsonObject[] = spec.scopeSelector?.matchExpressions ?? [];
  for (const { scopeName: scope = '', operator = '', values = [] } of expressions) {
    if (!SCOPES[scope]) faults.invalid(`${path}.scopeName`, scope, 'unsupported scope');
    quotaScope(faults, path, new Typed('core.ScopeSelector', spec.scopeSelector), scope, hard);
    if (ONLY_EXISTS.includes(scope) && operator !== 'Exists')
      faults.invalid(`${path}.operator`, operator, EXISTS_WORDS);
    if (operator === 'In' || operator === 'NotIn') {
      if (!values.length)
        faults.required(
          `${path}.values`,
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        );
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length)
        faults.invalid(
          `${path}.values`,
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        );
    } else faults.invalid(`${path}.operator`, operator, 'not a valid selector operator');
  }
  const names = expressions.map((expression) => expression.scopeName);
  scopeConflicts(faults, path, spec.scopes ?? null, names);
}

function quotaList(faults: Faults, path: string, list: Record<string, string> | undefined) {
  for (const name in list) {
    quotaResourceName(faults, `${path}[${name}]`, name);
    resourceQuantity(faults, `${path}[${name}]`, name, list[name]);
  }
}

export const resourceQuota: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    const hard = Object.keys(spec.hard ?? {}).sort();
    quotaList(faults, 'spec.hard', spec.hard);
    const scopes: string[] = spec.scopes ?? [];
    for (const scope of scopes) {
      if (!SCOPES[scope]) faults.invalid('spec.scopes', scopes, 'unsupported scope');
      quotaScope(faults, 'spec.scopes', scopes, scope, hard);
    }
    scopeConflicts(faults, 'spec.scopes', scopes, scopes);
    scopeSelector(faults, spec, hard);
  },
  validateUpdate(faults, object, old) {
    const before: string[] = old.spec?.scopes ?? [];
    const now: string[] = object.spec?.scopes ?? [];
    if ([...before].sort().join() !== [...now].sort().join()) faults.invalid('spec.scopes', now, IMMUTABLE);
  },
  validateStatus(faults, object) {
    quotaList(faults, 'status.hard', object.status?.hard);
    quotaList(faults, 'status.used', object.status?.used);
  },
};

const STANDARD_TYPES = ['Container', 'PersistentVolumeClaim', 'Pod'];

function limitItem(faults: Faults, at: string, item: JsonObject) {
  const type: string = item.type ?? '';
  const names = new Set<string>();
  const nameRule = type === 'Pod' || type === 'Container' ? containerResourceName : resourceName;
  const look = (field: string) => {
    for (const name in item[field]) {
      nameRule(faults, `${at}.${field}[${name}]`, name);
      names.add(name);
    }
  };
  look('max');
  look('min');
  for (const field of ['default', 'defaultRequest']) {
    if (type !== 'Pod') look(field);
    else if (Object.keys(item[field] ?? {}).length)
      faults.forbidden(`${at}.${field}`, "may not be specified when `type` is 'Pod'");
  }
  if (type === 'PersistentVolumeClaim' && item.min?.storage === undefined && item.max?.storage === undefined) {
    faults.required(`${at}.limits`, 'either minimum or maximum storage value is required, but neither was provided');
  }
  look('maxLimitRequestRatio');
  const above = (a: string | undefined, b: string | undefined) =>
    a !== undefined && b !== undefined && compareQuantities(a, b) > 0;
  for (const name of [...names].sort()) {
    const min = item.min?.[name];
    const max = item.max?.[name];
    const limit = type === 'Pod' ? undefined : item.default?.[name];
    const request = type === 'Pod' ? undefined : item.defaultRequest?.[name];
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
    if (ratio !== undefined) {
      if (compareQuantities(ratio, '1') < 0) say('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`);
      if (min !== undefined && max !== undefined) {
        const most = quantityMilli(max) / quantityMilli(min);
        if (quantityMilli(ratio) / 1000 > most)
          say('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`);
      }
    }
    if (!mayOvercommit(name) && limit !== undefined && request !== undefined && compareQuantities(limit, request) !== 0)
      say('defaultRequest', request, `default value ${limit} must equal to defaultRequest value ${request} in ${name}`);
  }
}

export const limitRange: Rules = {
  validate(faults, object) {
    const seen = new Set<string>();
    (object.spec?.limits ?? []).forEach((item: JsonObject, i: number) => {
      const at = `spec.limits[${i}]`;
      const type: string = item.type ?? '';
      const wrong = isQualifiedName(type);
      for (const fault of wrong) faults.invalid(`${at}.type`, type, fault);
      if (wrong.length === 0 && !type.includes('/') && !STANDARD_TYPES.includes(type)) {
        faults.invalid(`${at}.type`, type, 'must be a standard limit type or fully qualified');
      }
      if (seen.has(type)) faults.duplicate(`${at}.type`, type);
      seen.add(type);
      limitItem(faults, at, item);
    });
  },
};

export const podDisruptionBudget: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
      faults.invalid(
        'spec',
        new Typed('policy.PodDisruptionBudgetSpec', spec),
        'minAvailable and maxUnavailable cannot be both set',
      );
    }
    for (const field of ['minAvailable', 'maxUnavailable']) {
      const value = spec[field];
      if (value === undefined) continue;
      countOrPercent(faults, `spec.${field}`, value);
      atMost100(faults, `spec.${field}`, value);
    }
    labelSelector(faults, 'spec.selector', spec.selector);
    if (spec.unhealthyPodEvictionPolicy !== undefined) {
      faults.ifNot('spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, [
        'AlwaysAllow',
        'IfHealthyBudget',
      ]);
    }
  },
  validateStatus(faults, object) {
    const status: JsonObject = object.status ?? {};
    for (const field of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'])
      faults.nonNegative(`status.${field}`, status[field]);
  },
};

export const runtimeClass: Rules = {
  validate(faults, object) {
    faults.check('handler', object.handler ?? '', isDNS1123Label);
    if (object.overhead) resourceRequirements(faults, 'overhead.podFixed', { limits: object.overhead.podFixed });
    if (object.scheduling) {
      labels(faults, 'scheduling.nodeSelector', object.scheduling.nodeSelector);
      tolerations(faults, 'scheduling.tolerations', object.scheduling.tolerations);
    }
  },
  validateUpdate(faults, object, old) {
    if (object.handler !== old.handler) faults.invalid('handler', object.handler, IMMUTABLE);
  },
};
