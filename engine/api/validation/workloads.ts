// apps/v1 and the ReplicationController: counts, selectors that match their template, strategies.

import { deepEqual } from '../change.ts';
import { matchesSelector } from '../selectors.ts';
import type { JsonObject, LabelSelector } from '../types.ts';
import { Faults, IMMUTABLE, Typed } from './field.ts';
import { isValidPercent } from './names.ts';
import { podTemplateSpec } from './pod.ts';
import type { Rules } from './rules.ts';
import { labelSelector } from './selectors.ts';

/** The type of labels. */
export const LABELS = 'map[string]string';
export const MISMATCH = '`selector` does not match template `labels`';

const isEmptySelector = (s: LabelSelector) => !Object.keys(s.matchLabels ?? {}).length && !s.matchExpressions?.length;

/** Whether the selector can be used at all; faults in it have been noted. */
export function selects(selector: LabelSelector, labels: Record<string, string> | undefined): boolean | undefined {
  try {
    return matchesSelector(selector, labels);
  } catch {
    return undefined;
  }
}

/** A required selector: not empty, and matched by the template. */
export function selectorAndTemplate(faults: Faults, spec: JsonObject, kind: string, invalidWords: string | undefined) {
  const selector: LabelSelector | undefined = spec.selector;
  if (!selector) faults.required('spec.selector');
  else {
    labelSelector(faults, 'spec.selector', selector);
    if (isEmptySelector(selector)) faults.invalid('spec.selector', selector, `empty selector is invalid for ${kind}`);
  }
  const labels = spec.template?.metadata?.labels;
  // A missing selector selects nothing; one that cannot be read is a fault of its own.
  const matched = selector ? selects(selector, labels) : false;
  if (matched === undefined) {
    if (invalidWords !== undefined) faults.invalid('spec.selector', selector, invalidWords);
    return false;
  }
  if (!matched && (!selector || !isEmptySelector(selector))) {
    faults.invalid('spec.template.metadata.labels', new Typed(LABELS, labels), MISMATCH);
  }
  return true;
}

/** Templates of controllers that keep Pods running for ever. */
export function runsForEver(faults: Faults, spec: JsonObject, kind: string) {
  const template = spec.template?.spec ?? {};
  if (template.restartPolicy && template.restartPolicy !== 'Always') {
    faults.notSupported('spec.template.spec.restartPolicy', template.restartPolicy, ['Always']);
  }
  if (template.activeDeadlineSeconds !== undefined) {
    faults.forbidden('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`);
  }
}

/** A count or a percentage: positive or zero, well-formed. */
export function countOrPercent(faults: Faults, path: string, value: number | string | undefined) {
  if (typeof value === 'string') for (const fault of isValidPercent(value)) faults.invalid(path, value, fault);
  else if (typeof value === 'number') faults.nonNegative(path, value);
}

/** The percentage that a value is, if it is one. */
function percent(value: number | string | undefined): number | undefined {
  return typeof value === 'string' && /^[0-9]+%$/.test(value) ? Number(value.slice(0, -1)) : undefined;
}

export function atMost100(faults: Faults, path: string, value: number | string | undefined) {
  const amount = percent(value);
  if (amount !== undefined && amount > 100) faults.invalid(path, value, 'must not be greater than 100%');
}

/** The amount that stands there; text that is no percentage counts as the number that it is, if any. */
export const isZero = (value: number | string | undefined) =>
  (percent(value) ?? (typeof value === 'string' && !/^-?\d+$/.test(value) ? 0 : Number(value ?? 0))) === 0;

function deploymentStrategy(faults: Faults, strategy: JsonObject) {
  const path = 'spec.strategy';
  const rolling = strategy.rollingUpdate;
  switch (strategy.type) {
    case 'Recreate':
      if (rolling) faults.forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'");
      break;
    case 'RollingUpdate': {
      const { maxUnavailable, maxSurge } = rolling ?? {};
      const at = `${path}.rollingUpdate`;
      if (!rolling) {
        faults.required(at, 'this should be defaulted and never be nil');
        break;
      }
      countOrPercent(faults, `${at}.maxUnavailable`, maxUnavailable);
      countOrPercent(faults, `${at}.maxSurge`, maxSurge);
      if (isZero(maxUnavailable) && isZero(maxSurge)) {
        faults.invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0');
      }
      atMost100(faults, `${at}.maxUnavailable`, maxUnavailable);
      break;
    }
    default:
      faults.notSupported(path, new Typed('apps.DeploymentStrategy', strategy), ['Recreate', 'RollingUpdate']);
  }
}

const immutableSelector: Rules['validateUpdate'] = (faults, object, old) => {
  if (!deepEqual(object.spec.selector, old.spec.selector))
    faults.invalid('spec.selector', object.spec.selector, IMMUTABLE);
};

/** Counts of a status: none below zero, and none above what it is a part of. */
export function statusCounts(faults: Faults, status: JsonObject, counts: readonly string[], parts: readonly string[]) {
  for (const field of counts) faults.nonNegative(`status.${field}`, status[field]);
  const total = status.replicas ?? 0;
  for (const field of parts) {
    if (status[field] > total)
      faults.invalid(`status.${field}`, status[field], 'cannot be greater than status.replicas');
  }
  if (parts.includes('availableReplicas') && (status.availableReplicas ?? 0) > (status.readyReplicas ?? 0))
    faults.invalid('status.availableReplicas', status.availableReplicas, 'cannot be greater than readyReplicas');
}

export function collisions(faults: Faults, now: JsonObject, before: JsonObject) {
  if (before.collisionCount !== undefined && (now.collisionCount ?? -1) < before.collisionCount)
    faults.invalid('status.collisionCount', now.collisionCount ?? 0, 'cannot be decremented');
}

export const replicaStatus: Rules['validateStatus'] = (faults, object) =>
  statusCounts(
    faults,
    object.status ?? {},
    ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'],
    ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
  );

export const deployment: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    faults.nonNegative('spec.replicas', spec.replicas);
    if (selectorAndTemplate(faults, spec, 'deployment', 'invalid label selector')) {
      podTemplateSpec(faults, 'spec.template', spec.template);
      runsForEver(faults, spec, 'ReplicaSet');
    }
    deploymentStrategy(faults, spec.strategy ?? {});
    faults.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
    faults.nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
    const deadline = spec.progressDeadlineSeconds;
    if (deadline !== undefined) {
      faults.nonNegative('spec.progressDeadlineSeconds', deadline);
      if (deadline <= (spec.minReadySeconds ?? 0)) {
        faults.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds');
      }
    }
  },
  validateUpdate: immutableSelector,
  validateStatus(faults, object, old) {
    const parts = ['updatedReplicas', 'readyReplicas', 'availableReplicas'];
    const counts = ['observedGeneration', 'replicas', ...parts, 'unavailableReplicas', 'collisionCount'];
    statusCounts(faults, object.status ?? {}, counts, parts);
    collisions(faults, object.status ?? {}, old.status ?? {});
  },
};

export const replicaSet: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    faults.nonNegative('spec.replicas', spec.replicas);
    faults.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
    if (selectorAndTemplate(faults, spec, 'deployment', 'invalid label selector')) {
      podTemplateSpec(faults, 'spec.template', spec.template);
      runsForEver(faults, spec, 'ReplicaSet');
    }
  },
  validateUpdate: immutableSelector,
  validateStatus: replicaStatus,
};

export const daemonSet: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    const selector: LabelSelector | undefined = spec.selector;
    labelSelector(faults, 'spec.selector', selector);
    const labels = spec.template?.metadata?.labels;
    if (!selector || (selects(selector, labels) === false && !isEmptySelector(selector))) {
      faults.invalid('spec.template.metadata.labels', new Typed(LABELS, labels), MISMATCH);
    }
    if (selector && isEmptySelector(selector))
      faults.invalid('spec.selector', selector, 'empty selector is invalid for daemonset');
    podTemplateSpec(faults, 'spec.template', spec.template);
    runsForEver(faults, spec, 'DaemonSet');
    faults.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
    const strategy = spec.updateStrategy ?? {};
    const path = 'spec.updateStrategy';
    if (strategy.type === 'RollingUpdate') {
      const at = `${path}.rollingUpdate`;
      const { maxUnavailable, maxSurge } = strategy.rollingUpdate ?? {};
      if (!strategy.rollingUpdate) faults.required(at);
      countOrPercent(faults, `${at}.maxUnavailable`, maxUnavailable);
      countOrPercent(faults, `${at}.maxSurge`, maxSurge);
      atMost100(faults, `${at}.maxUnavailable`, maxUnavailable);
      atMost100(faults, `${at}.maxSurge`, maxSurge);
      const unavailable = !isZero(maxUnavailable);
      const surge = !isZero(maxSurge);
      if (unavailable && surge)
        faults.invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero');
      else if (!unavailable && !surge) faults.required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
    } else if (strategy.type !== 'OnDelete') {
      faults.notSupported(path, new Typed('apps.DaemonSetUpdateStrategy', strategy), ['RollingUpdate', 'OnDelete']);
    }
    faults.nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  },
  validateUpdate: immutableSelector,
  validateStatus(faults, object, old) {
    const status: JsonObject = object.status ?? {};
    statusCounts(faults, status, DAEMON_COUNTS, []);
    collisions(faults, status, old.status ?? {});
  },
};

const DAEMON_COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
];

export const controllerRevision: Rules = {
  validate(faults, object) {
    if (object.data === undefined || object.data === null) faults.required('data', 'data is mandatory');
    faults.nonNegative('revision', object.revision);
  },
  validateUpdate(faults, object, old) {
    if (!deepEqual(object.data, old.data)) faults.invalid('data', object.data, IMMUTABLE);
  },
};
