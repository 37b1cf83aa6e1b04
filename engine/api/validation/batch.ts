// Jobs and CronJobs.

import { deepEqual } from '../change.ts';
import type { JsonObject, KubeObject, LabelSelector } from '../types.ts';
import { cronSchedule } from './cron.ts';
import { Faults, IMMUTABLE } from './field.ts';
import { podTemplateSpec } from './pod.ts';
import type { Rules } from './rules.ts';
import { labelSelector } from './selectors.ts';
import { MISMATCH, selects } from './workloads.ts';

const FAILURE_ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

function failurePolicy(faults: Faults, path: string, spec: JsonObject) {
  const rules: JsonObject[] = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > 20) faults.tooMany(`${path}.rules`, rules.length, 20);
  const containers = [...(spec.template?.spec?.containers ?? []), ...(spec.template?.spec?.initContainers ?? [])].map(
    (c) => c.name,
  );
  rules.forEach((rule, i) => {
    const at = `${path}.rules[${i}]`;
    if (!rule.action)
      faults.required(`${at}.action`, `valid values: ${FAILURE_ACTIONS.map((a) => JSON.stringify(a)).join(', ')}`);
    else if (rule.action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
      faults.invalid(`${at}.action`, rule.action, 'requires the backoffLimitPerIndex to be set');
    } else faults.ifNot(`${at}.action`, rule.action, FAILURE_ACTIONS);
    if (rule.onExitCodes && rule.onPodConditions?.length) {
      faults.invalid(at, rule, 'specifying both OnExitCodes and OnPodConditions is not supported');
    }
    if (!rule.onExitCodes && !rule.onPodConditions?.length)
      faults.invalid(at, rule, 'specifying one of OnExitCodes and OnPodConditions is required');
    const codes = rule.onExitCodes;
    if (!codes) return;
    const name = codes.containerName;
    if (name !== undefined && !containers.includes(name)) {
      faults.invalid(
        `${at}.onExitCodes.containerName`,
        name,
        'must be one of the container or initContainer names in the pod template',
      );
    }
    if (!codes.operator) faults.required(`${at}.onExitCodes.operator`, 'valid values: "In", "NotIn"');
    else faults.ifNot(`${at}.onExitCodes.operator`, codes.operator, ['In', 'NotIn']);
    const values: number[] = codes.values ?? [];
    if (!values.length) faults.invalid(`${at}.onExitCodes.values`, values, 'at least one value is required');
    values.forEach((value, v) => {
      if (codes.operator === 'In' && value === 0)
        faults.invalid(`${at}.onExitCodes.values[${v}]`, value, 'must not be 0 for the In operator');
      if (values.indexOf(value) < v) faults.duplicate(`${at}.onExitCodes.values[${v}]`, value);
      if (v > 0 && values[v - 1] > value) faults.invalid(`${at}.onExitCodes.values`, values, 'must be ordered');
    });
  });
}

/** What a Job's spec must hold, wherever it stands. */
export function jobSpec(faults: Faults, path: string, spec: JsonObject) {
  for (const field of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ]) {
    faults.nonNegative(`${path}.${field}`, spec[field]);
  }
  const indexed = spec.completionMode === 'Indexed';
  if (spec.completionMode !== undefined) {
    faults.ifNot(`${path}.completionMode`, spec.completionMode, ['NonIndexed', 'Indexed']);
    if (indexed && spec.completions === undefined) {
      faults.required(`${path}.completions`, 'when completion mode is Indexed');
    }
    if (indexed && spec.parallelism > 100000)
      faults.invalid(
        `${path}.parallelism`,
        spec.parallelism,
        'must be less than or equal to 100000 when completion mode is Indexed',
      );
  }
  if (!indexed) {
    if (spec.backoffLimitPerIndex !== undefined)
      faults.invalid(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, 'requires indexed completion mode');
    if (spec.maxFailedIndexes !== undefined)
      faults.invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, 'requires indexed completion mode');
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
  if (!policy || policy === 'Always')
    faults.required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"');
  else faults.ifNot(`${path}.template.spec.restartPolicy`, policy, ['OnFailure', 'Never']);
  if (spec.podFailurePolicy && policy !== 'Never') {
    faults.invalid(
      `${path}.template.spec.restartPolicy`,
      policy,
      'only "Never" is supported when podFailurePolicy is specified',
    );
  }
}

function successPolicy(faults: Faults, path: string, spec: JsonObject) {
  if (spec.completionMode !== 'Indexed') faults.invalid(path, spec.successPolicy, 'requires indexed completion mode');
  const rules: JsonObject[] = spec.successPolicy.rules ?? [];
  if (!rules.length)
    faults.required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified');
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

const JOB_IMMUTABLE = [
  'selector',
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
];

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
    if (matched === false) faults.invalid('spec.template.metadata.labels', labels ?? null, MISMATCH);
    if (matched === false && old) faults.invalid('spec.template.metadata.labels', labels ?? null, MISMATCH);
  },
  validateUpdate(faults, object, old) {
    const spec = object.spec as JsonObject;
    const before = old.spec as JsonObject;
    const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
    if (spec.completions !== before.completions && !elastic)
      faults.invalid('spec.completions', spec.completions, IMMUTABLE);
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
        faults.invalid(
          'spec.schedule',
          spec.schedule,
          'cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
        );
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
  else if (zone.toLowerCase() === 'local')
    faults.invalid(path, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
  else if (!/^[A-Za-z_]+([/+-][A-Za-z0-9_+-]+)*$/.test(zone)) faults.invalid(path, zone, `unknown time zone ${zone}`);
}
