// apps/v1, batch/v1 and the ReplicationController: counts, selectors that match their template, strategies, schedules.

import { deepEqual, set } from '../change.ts';
import { matchesSelector } from '../selectors.ts';
import type { JsonObject, KubeObject, LabelSelector } from '../types.ts';
import { cronSchedule } from './cron.ts';
import { Faults, IMMUTABLE } from './field.ts';
import { annotations } from './metadata.ts';
import { isValidPercent } from './names.ts';
import { podSpec, podTemplateSpec } from './pod.ts';
import type { Rules } from './rules.ts';
import { labelSelector } from './selectors.ts';
import { claimSpec } from './storage.ts';

const MISMATCH = '`selector` does not match template `labels`';

const isEmptySelector = (s: LabelSelector) => !Object.keys(s.matchLabels ?? {}).length && !s.matchExpressions?.length;

/** Whether the selector can be used at all; faults in it have been noted. */
function selects(selector: LabelSelector, labels: Record<string, string> | undefined): boolean | undefined {
  try {
    return matchesSelector(selector, labels);
  } catch {
    return undefined;
  }
}

/** A required selector: not empty, and matched by the template. */
function selectorAndTemplate(faults: Faults, spec: JsonObject, kind: string, invalidWords: string | undefined) {
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
    faults.invalid('spec.template.metadata.labels', labels ?? null, MISMATCH);
  }
  return true;
}

/** Templates of controllers that keep Pods running for ever. */
function runsForEver(faults: Faults, spec: JsonObject, kind: string) {
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

function atMost100(faults: Faults, path: string, value: number | string | undefined) {
  const amount = percent(value);
  if (amount !== undefined && amount > 100) faults.invalid(path, value, 'must not be greater than 100%');
}

const isZero = (value: number | string | undefined) => (percent(value) ?? value) === 0;

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
      faults.notSupported(`${path}.type`, strategy.type, ['Recreate', 'RollingUpdate']);
  }
}

const immutableSelector: Rules['validateUpdate'] = (faults, object, old) => {
  if (!deepEqual(object.spec.selector, old.spec.selector)) faults.invalid('spec.selector', object.spec.selector, IMMUTABLE);
};

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
};

export const replicationController: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    faults.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
    if (!spec.selector || !Object.keys(spec.selector).length) faults.required('spec.selector');
    faults.nonNegative('spec.replicas', spec.replicas);
    if (!spec.template) {
      faults.required('spec.template');
      return;
    }
    const labels = spec.template.metadata?.labels ?? {};
    const matches = Object.keys(spec.selector ?? {}).every((key) => labels[key] === spec.selector[key]);
    if (spec.selector && !matches) faults.invalid('spec.template.metadata.labels', labels, MISMATCH);
    podTemplateSpec(faults, 'spec.template', spec.template);
    runsForEver(faults, spec, 'ReplicationController');
  },
};

const STATEFUL_WORDS =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
  "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const STATEFUL_MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

function statefulStrategy(faults: Faults, spec: JsonObject) {
  const strategy = spec.updateStrategy ?? {};
  const path = 'spec.updateStrategy';
  switch (strategy.type) {
    case undefined:
    case '':
      faults.required(path);
      break;
    case 'OnDelete':
      if (strategy.rollingUpdate) {
        faults.invalid(`${path}.rollingUpdate`, strategy.rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'");
      }
      break;
    case 'RollingUpdate': {
      const at = `${path}.rollingUpdate`;
      faults.nonNegative(`${at}.partition`, strategy.rollingUpdate?.partition);
      const limit = strategy.rollingUpdate?.maxUnavailable;
      if (limit !== undefined) {
        countOrPercent(faults, `${at}.maxUnavailable`, limit);
        if (isZero(limit)) faults.invalid(`${at}.maxUnavailable`, limit, 'cannot be 0');
        atMost100(faults, `${at}.maxUnavailable`, limit);
      }
      break;
    }
    default:
      faults.invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'");
  }
}

export const statefulSet: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    if (!spec.podManagementPolicy) faults.required('spec.podManagementPolicy');
    else if (spec.podManagementPolicy !== 'OrderedReady' && spec.podManagementPolicy !== 'Parallel') {
      faults.invalid('spec.podManagementPolicy', spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'");
    }
    statefulStrategy(faults, spec);
    const retention = spec.persistentVolumeClaimRetentionPolicy;
    for (const field of ['whenDeleted', 'whenScaled']) {
      if (retention) faults.ifNot(`spec.persistentVolumeClaimRetentionPolicy.${field}`, retention[field], ['Delete', 'Retain']);
    }
    faults.nonNegative('spec.replicas', spec.replicas);
    faults.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
    faults.nonNegative('spec.ordinals.start', spec.ordinals?.start);
    if (selectorAndTemplate(faults, spec, 'statefulset', '')) {
      const template = spec.template;
      annotations(faults, 'spec.template.metadata.annotations', template?.metadata?.annotations);
      // The claims of the template become volumes of the Pods, so the template alone is not checked as a whole.
      if (template?.spec?.containers?.length) {
        const names: string[] = (spec.volumeClaimTemplates ?? []).map((claim: JsonObject) => claim.metadata?.name);
        const given: JsonObject[] = template.spec.volumes ?? [];
        const claims = names
          .filter((name) => name && !given.some((volume) => volume.name === name))
          .map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
        podSpec(faults, 'spec.template.spec', claims.length ? { ...template.spec, volumes: [...given, ...claims] } : template.spec);
      }
      runsForEver(faults, spec, 'StatefulSet');
    }
    (spec.volumeClaimTemplates ?? []).forEach((claim: JsonObject, i: number) =>
      claimSpec(faults, `spec.volumeClaimTemplates[${i}].spec`, claim.spec ?? {}),
    );
  },
  validateUpdate(faults, object, old) {
    let same = object.spec as JsonObject;
    for (const field of STATEFUL_MUTABLE) same = set(same, field, old.spec[field]);
    if (!deepEqual(same, old.spec)) faults.forbidden('spec', STATEFUL_WORDS);
  },
};

export const daemonSet: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    const selector: LabelSelector | undefined = spec.selector;
    labelSelector(faults, 'spec.selector', selector);
    const labels = spec.template?.metadata?.labels;
    if (!selector || (selects(selector, labels) === false && !isEmptySelector(selector))) {
      faults.invalid('spec.template.metadata.labels', labels ?? null, MISMATCH);
    }
    if (selector && isEmptySelector(selector)) faults.invalid('spec.selector', selector, 'empty selector is invalid for daemonset');
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
      const unavailable = maxUnavailable !== undefined && !isZero(maxUnavailable);
      const surge = maxSurge !== undefined && !isZero(maxSurge);
      if (unavailable && surge) faults.invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero');
      else if (!unavailable && !surge) faults.required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
      atMost100(faults, `${at}.maxUnavailable`, maxUnavailable);
      atMost100(faults, `${at}.maxSurge`, maxSurge);
    } else if (strategy.type !== 'OnDelete') {
      faults.notSupported(path, strategy, ['RollingUpdate', 'OnDelete']);
    }
    faults.nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  },
  validateUpdate: immutableSelector,
};

const FAILURE_ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

function failurePolicy(faults: Faults, path: string, spec: JsonObject) {
  const rules: JsonObject[] = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > 20) faults.tooMany(`${path}.rules`, rules.length, 20);
  const containers = [...(spec.template?.spec?.containers ?? []), ...(spec.template?.spec?.initContainers ?? [])].map((c) => c.name);
  rules.forEach((rule, i) => {
    const at = `${path}.rules[${i}]`;
    if (!rule.action) faults.required(`${at}.action`, `valid values: ${FAILURE_ACTIONS.map((a) => JSON.stringify(a)).join(', ')}`);
    else if (rule.action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
      faults.invalid(`${at}.action`, rule.action, 'requires the backoffLimitPerIndex to be set');
    } else faults.ifNot(`${at}.action`, rule.action, FAILURE_ACTIONS);
    if (rule.onExitCodes && rule.onPodConditions?.length) {
      faults.invalid(at, rule, 'specifying both OnExitCodes and OnPodConditions is not supported');
    }
    if (!rule.onExitCodes && !rule.onPodConditions?.length) faults.invalid(at, rule, 'specifying one of OnExitCodes and OnPodConditions is required');
    const codes = rule.onExitCodes;
    if (!codes) return;
    const name = codes.containerName;
    if (name !== undefined && !containers.includes(name)) {
      faults.invalid(`${at}.onExitCodes.containerName`, name, 'must be one of the container or initContainer names in the pod template');
    }
    if (!codes.operator) faults.required(`${at}.onExitCodes.operator`, 'valid values: "In", "NotIn"');
    else faults.ifNot(`${at}.onExitCodes.operator`, codes.operator, ['In', 'NotIn']);
    const values: number[] = codes.values ?? [];
    if (!values.length) faults.invalid(`${at}.onExitCodes.values`, values, 'at least one value is required');
    values.forEach((value, v) => {
      if (codes.operator === 'In' && value === 0) faults.invalid(`${at}.onExitCodes.values[${v}]`, value, 'must not be 0 for the In operator');
      if (values.indexOf(value) < v) faults.duplicate(`${at}.onExitCodes.values[${v}]`, value);
      if (v > 0 && values[v - 1] > value) faults.invalid(`${at}.onExitCodes.values`, values, 'must be ordered');
    });
  });
}

/** What a Job's spec must hold, wherever it stands. */
export function jobSpec(faults: Faults, path: string, spec: JsonObject) {
  for (const field of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes']) {
    faults.nonNegative(`${path}.${field}`, spec[field]);
  }
  const indexed = spec.completionMode === 'Indexed';
  if (spec.completionMode !== undefined) {
    faults.ifNot(`${path}.completionMode`, spec.completionMode, ['NonIndexed', 'Indexed']);
    if (indexed && spec.completions === undefined) {
      faults.required(`${path}.completions`, 'when completion mode is Indexed');
    }
    if (indexed && spec.parallelism > 100000) faults.invalid(`${path}.parallelism`, spec.parallelism, 'must be less than or equal to 100000 when completion mode is Indexed');
  }
  if (!indexed) {
    if (spec.backoffLimitPerIndex !== undefined) faults.invalid(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, 'requires indexed completion mode');
    if (spec.maxFailedIndexes !== undefined) faults.invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, 'requires indexed completion mode');
  }
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    faults.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
  }
  if (spec.maxFailedIndexes > (spec.completions ?? Infinity)) {
    faults.invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, 'must be less than or equal to completions');
  }
  if (spec.podFailurePolicy) failurePolicy(faults, `${path}.podFailurePolicy`, spec);
  if (spec.successPolicy) successPolicy(faults, `${path}.successPolicy`, spec);
  const replacement = spec.podReplacementPolicy;
  if (replacement !== undefined) {
    if (spec.podFailurePolicy) faults.ifNot(`${path}.podReplacementPolicy`, replacement, ['Failed']);
    else faults.ifNot(`${path}.podReplacementPolicy`, replacement, ['Failed', 'TerminatingOrFailed']);
  }
  podTemplateSpec(faults, `${path}.template`, spec.template);
  const policy = spec.template?.spec?.restartPolicy;
  // The default of templates is no choice: a Job asks for one.
  if (!policy || policy === 'Always') faults.required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"');
  else faults.ifNot(`${path}.template.spec.restartPolicy`, policy, ['OnFailure', 'Never']);
  if (spec.podFailurePolicy && policy !== 'Never') {
    faults.invalid(`${path}.template.spec.restartPolicy`, policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

function successPolicy(faults: Faults, path: string, spec: JsonObject) {
  if (spec.completionMode !== 'Indexed') faults.invalid(path, spec.successPolicy, 'requires indexed completion mode');
  const rules: JsonObject[] = spec.successPolicy.rules ?? [];
  if (!rules.length) faults.required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified');
  rules.forEach((rule, i) => {
    if (rule.succeededIndexes === undefined && rule.succeededCount === undefined) {
      faults.required(`${path}.rules[${i}]`, 'at least one of succeededCount or succeededIndexes must be specified');
    }
    faults.nonNegative(`${path}.rules[${i}].succeededCount`, rule.succeededCount);
  });
}

const JOB_LABELS = ['controller-uid', 'job-name', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name'];

/** The selector that the server generated must still be the Job's own. */
function generatedSelector(faults: Faults, object: KubeObject) {
  if (object.spec.manualSelector) return;
  const uid = object.metadata.uid;
  const labels = object.spec.template?.metadata?.labels ?? {};
  const expected: Record<string, string | undefined> = { [JOB_LABELS[0]]: uid, [JOB_LABELS[1]]: object.metadata.name };
  for (const key of [JOB_LABELS[0], JOB_LABELS[1]]) {
    if (labels[key] !== undefined && labels[key] !== expected[key]) {
      faults.invalid('spec.template.metadata.labels', labels, `must be '${expected[key]}'`);
    }
  }
  const selector: LabelSelector | undefined = object.spec.selector;
  if (selector && uid) {
    const own = { [JOB_LABELS[0]]: uid, [JOB_LABELS[2]]: uid };
    if (selects(selector, own) === false) faults.invalid('spec.selector', selector, '`selector` not auto-generated');
  }
}

const JOB_IMMUTABLE = ['selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'];

export const job: Rules = {
  validate(faults, object, old) {
    const spec: JsonObject = object.spec ?? {};
    generatedSelector(faults, object);
    jobSpec(faults, 'spec', spec);
    if (!spec.selector) faults.required('spec.selector');
    else labelSelector(faults, 'spec.selector', spec.selector);
    const labels = spec.template?.metadata?.labels;
    const matched = spec.selector ? selects(spec.selector, labels) : false;
    // On an update upstream checks this once as a Job and once as a change of one.
    for (let i = 0; matched === false && i < (old ? 2 : 1); i++) {
      faults.invalid('spec.template.metadata.labels', labels ?? null, MISMATCH);
    }
  },
  validateUpdate(faults, object, old) {
    const spec = object.spec as JsonObject;
    const before = old.spec as JsonObject;
    const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
    if (spec.completions !== before.completions && !elastic) faults.invalid('spec.completions', spec.completions, IMMUTABLE);
    for (const field of JOB_IMMUTABLE) {
      if (field !== 'selector' && field !== 'completionMode') continue;
      if (!deepEqual(spec[field], before[field])) faults.invalid(`spec.${field}`, spec[field], IMMUTABLE);
    }
    let template = spec.template;
    // A suspended Job that never ran may still be told where and with what to run.
    if (before.suspend && !old.status?.startTime) {
      const freed: JsonObject = { ...template, spec: { ...template?.spec } };
      for (const field of ['nodeSelector', 'affinity', 'tolerations', 'schedulingGates']) {
        freed.spec[field] = before.template?.spec?.[field];
      }
      for (const part of ['labels', 'annotations']) {
        freed.metadata = { ...freed.metadata, [part]: before.template?.metadata?.[part] };
      }
      template = freed;
    }
    if (!deepEqual(template, before.template)) faults.invalid('spec.template', spec.template, IMMUTABLE);
    for (const field of JOB_IMMUTABLE.slice(2)) {
      if (!deepEqual(spec[field], before[field])) faults.invalid(`spec.${field}`, spec[field], IMMUTABLE);
    }
  },
};

export const cronJob: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    if (!spec.schedule) faults.required('spec.schedule');
    else {
      const fault = cronSchedule(spec.schedule);
      if (fault) faults.invalid('spec.schedule', spec.schedule, fault);
      else if (/TZ=/.test(spec.schedule)) {
        faults.invalid('spec.schedule', spec.schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
      }
    }
    if (spec.timeZone !== undefined) timeZone(faults, spec.timeZone);
    faults.nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
    faults.ifNot('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']);
    const template: JsonObject = spec.jobTemplate?.spec ?? {};
    const at = 'spec.jobTemplate.spec';
    if (template.selector) faults.invalid(`${at}.selector`, template.selector, '`selector` will be auto-generated');
    if (template.manualSelector) faults.notSupported(`${at}.manualSelector`, template.manualSelector, ['nil', 'false']);
    jobSpec(faults, at, template);
    faults.nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
    faults.nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
    // Jobs get eleven characters more than their CronJob has.
    const name = object.metadata.name ?? '';
    if (name.length > 52) faults.invalid('metadata.name', name, 'must be no more than 52 characters');
  },
};

function timeZone(faults: Faults, zone: string) {
  const path = 'spec.timeZone';
  if (zone === '') faults.invalid(path, zone, 'timeZone must be nil or non-empty string');
  else if (zone.toLowerCase() === 'local') faults.invalid(path, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
  else if (!/^[A-Za-z_]+([/+-][A-Za-z0-9_+-]+)*$/.test(zone)) faults.invalid(path, zone, `unknown time zone ${zone}`);
}

export const controllerRevision: Rules = {
  validate(faults, object) {
    if (object.data === undefined || object.data === null) faults.required('data', 'data is mandatory');
    faults.nonNegative('revision', object.revision);
  },
  validateUpdate(faults, object, old) {
    if (!deepEqual(object.data, old.data)) faults.invalid('data', object.data, IMMUTABLE);
  },
};

