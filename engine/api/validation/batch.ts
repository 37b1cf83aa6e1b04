// Jobs and CronJobs.

import { deepEqual, set } from '../change.ts';
import type { JsonObject, KubeObject, LabelSelector } from '../types.ts';
import { scheduleFault } from '../cron.ts';
import { timeZone as knownZone } from '../time-zones.ts';
import { Faults, IMMUTABLE, Typed } from './field.ts';
import { isDNS1123Label, isDomainPrefixedPath, isQualifiedName } from './names.ts';
import { podTemplateSpec } from './pod.ts';
import type { Rules } from './rules.ts';
import { labelSelector } from './selectors.ts';
import { LABELS, MISMATCH, selects } from './workloads.ts';

const FAILURE_ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const STATUSES = ['False', 'True', 'Unknown'];
/** Values as Go prints a list of texts. */
const listed = (values: readonly string[]) =>
  `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;

function among(faults: Faults, path: string, value: string | undefined, values: readonly string[]) {
  if (!value) faults.required(path, listed(values));
  else faults.ifNot(path, value, values);
}

function exitCodes(faults: Faults, path: string, codes: JsonObject, containers: readonly string[]) {
  among(faults, `${path}.operator`, codes.operator, ['In', 'NotIn']);
  const name: string | undefined = codes.containerName;
  if (name !== undefined && !containers.includes(name)) {
    const words = 'must be one of the container or initContainer names in the pod template';
    faults.invalid(`${path}.containerName`, name, words);
  }
  const values: number[] = codes.values ?? [];
  if (!values.length) faults.invalid(`${path}.values`, new Typed('[]int32', values), 'at least one value is required');
  else if (values.length > 255) faults.tooMany(`${path}.values`, values.length, 255);
  let ordered = true;
  values.forEach((value, v) => {
    if (codes.operator === 'In' && value === 0)
      faults.invalid(`${path}.values[${v}]`, value, 'must not be 0 for the In operator');
    if (values.indexOf(value) < v) faults.duplicate(`${path}.values[${v}]`, value);
    if (v > 0 && values[v - 1] > value) ordered = false;
  });
  if (!ordered) faults.invalid(`${path}.values`, new Typed('[]int32', values), 'must be ordered');
}

function failurePolicy(faults: Faults, path: string, spec: JsonObject) {
  const rules: JsonObject[] = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > 20) faults.tooMany(`${path}.rules`, rules.length, 20);
  const template: JsonObject = spec.template?.spec ?? {};
  const containers = [...(template.containers ?? []), ...(template.initContainers ?? [])].map((c) => c.name);
  rules.forEach((rule, i) => {
    const at = `${path}.rules[${i}]`;
    const conditions: JsonObject[] = rule.onPodConditions ?? [];
    if (rule.action !== 'FailIndex') among(faults, `${at}.action`, rule.action, FAILURE_ACTIONS);
    else if (spec.backoffLimitPerIndex === undefined)
      faults.invalid(`${at}.action`, rule.action, 'requires the backoffLimitPerIndex to be set');
    if (rule.onExitCodes) exitCodes(faults, `${at}.onExitCodes`, rule.onExitCodes, containers);
    if (conditions.length > 20) faults.tooMany(`${at}.onPodConditions`, conditions.length, 20);
    conditions.forEach((condition, c) => {
      const where = `${at}.onPodConditions[${c}]`;
      faults.check(`${where}.type`, condition.type ?? '', isQualifiedName);
      among(faults, `${where}.status`, condition.status, STATUSES);
    });
    if (rule.onExitCodes && conditions.length)
      faults.wrong(at, 'specifying both OnExitCodes and OnPodConditions is not supported');
    if (!rule.onExitCodes && !conditions.length)
      faults.wrong(at, 'specifying one of OnExitCodes and OnPodConditions is required');
  });
}

const MOST_INDEXES = 100_000;
const MOST_FOR_MANY = 10_000;

function indexedJob(faults: Faults, path: string, spec: JsonObject) {
  const { completions, parallelism, maxFailedIndexes: failed } = spec;
  if (completions === undefined) faults.required(`${path}.completions`, 'when completion mode is Indexed');
  const bound = (field: string, value: number | undefined, most: number, more: string) => {
    if (value !== undefined && value > most)
      faults.invalid(`${path}.${field}`, value, `must be less than or equal to ${most}${more}`);
  };
  bound('parallelism', parallelism, MOST_INDEXES, ' when completion mode is Indexed');
  if (failed > completions)
    faults.invalid(`${path}.maxFailedIndexes`, failed, 'must be less than or equal to completions');
  bound('maxFailedIndexes', failed, MOST_INDEXES, '');
  if (!(completions > MOST_INDEXES) || spec.backoffLimitPerIndex === undefined) return;
  if (failed === undefined)
    faults.required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MOST_INDEXES}`);
  const when = ` when completions are above ${MOST_INDEXES} and used with backoff limit per index`;
  bound('parallelism', parallelism, MOST_FOR_MANY, when);
  bound('maxFailedIndexes', failed, MOST_FOR_MANY, when);
}

const JOB_COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
];

/** What a Job's spec must hold, wherever it stands. */
function jobSpec(faults: Faults, path: string, spec: JsonObject) {
  for (const field of JOB_COUNTS) faults.nonNegative(`${path}.${field}`, spec[field]);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    faults.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
  if (spec.managedBy !== undefined) {
    faults.check(`${path}.managedBy`, spec.managedBy, isDomainPrefixedPath);
    if (spec.managedBy.length > 63) faults.tooLong(`${path}.managedBy`, 63);
  }
  faults.ifNot(`${path}.completionMode`, spec.completionMode, ['NonIndexed', 'Indexed']);
  if (spec.completionMode === 'Indexed') indexedJob(faults, path, spec);
  else if (spec.completionMode === undefined || spec.completionMode === 'NonIndexed') {
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'])
      if (spec[field] !== undefined)
        faults.invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode');
  }
  if (spec.podFailurePolicy) failurePolicy(faults, `${path}.podFailurePolicy`, spec);
  if (spec.successPolicy) successPolicy(faults, `${path}.successPolicy`, spec);
  const replacements = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  faults.ifNot(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, replacements);
  podTemplateSpec(faults, `${path}.template`, spec.template);
  const policy = spec.template?.spec?.restartPolicy;
  const at = `${path}.template.spec.restartPolicy`;
  // The default of templates is no choice: a Job asks for one.
  if (!policy || policy === 'Always') faults.required(at, 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never') faults.notSupported(at, policy, ['OnFailure', 'Never']);
  else if (spec.podFailurePolicy && policy !== 'Never')
    faults.invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified');
}

/** '1,3-5,7' as the number of its indexes, or what is wrong with it. */
function indexCount(text: string, completions: number): number | string {
  if (text === '') return 0;
  let count = 0;
  let last = -1;
  for (const interval of text.split(',')) {
    const limits = interval.split('-');
    if (limits.length > 2)
      return `the fragment ${JSON.stringify(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`;
    const numbers: number[] = [];
    for (const limit of limits) {
      if (!/^[+-]?\d+$/.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
      if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`;
      numbers.push(Number(limit));
    }
    const first = numbers[0];
    const end = numbers[numbers.length - 1];
    if (last >= first) return `non-increasing order, previous: ${last}, current: ${first}`;
    if (numbers.length === 2 && end <= first) return `non-increasing order, previous: ${first}, current: ${end}`;
    count += end - first + 1;
    last = end;
  }
  return count;
}

function successPolicy(faults: Faults, path: string, spec: JsonObject) {
  if (spec.completionMode !== 'Indexed') {
    faults.invalid(path, spec.successPolicy, 'requires indexed completion mode');
    return;
  }
  const rules: JsonObject[] = spec.successPolicy.rules ?? [];
  if (!rules.length)
    faults.required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified');
  if (rules.length > 20) faults.tooMany(`${path}.rules`, rules.length, 20);
  const completions: number = spec.completions ?? 0;
  rules.forEach(({ succeededIndexes: indexes, succeededCount: count }, i) => {
    const at = `${path}.rules[${i}]`;
    if (indexes === undefined && count === undefined)
      faults.required(at, 'at least one of succeededCount or succeededIndexes must be specified');
    let total = 0;
    if (indexes !== undefined) {
      if (indexes.length > 65536) faults.tooLong(`${at}.succeededIndexes`, 65536);
      const found = indexCount(indexes, completions);
      if (typeof found === 'number') total = found;
      else faults.invalid(`${at}.succeededIndexes`, indexes, `error parsing succeededIndexes: ${found}`);
    }
    if (count === undefined) return;
    const where = `${at}.succeededCount`;
    faults.nonNegative(where, count);
    if (count > completions)
      faults.invalid(
        where,
        count,
        `must be less than or equal to ${completions} (the number of specified completions)`,
      );
    if (indexes !== undefined && count > total)
      faults.invalid(
        where,
        count,
        `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
      );
  });
}

const JOB_LABELS = ['controller-uid', 'job-name', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name'];

/** The selector that the server generated must still be the Job's own. */
function generatedSelector(faults: Faults, { metadata, spec }: KubeObject) {
  const selector: LabelSelector | undefined = spec?.selector;
  if (spec?.manualSelector || !selector) return;
  const labels: Record<string, string> = spec.template?.metadata?.labels ?? {};
  const own: Record<string, string> = {};
  for (const key of JOB_LABELS) {
    const value = key.endsWith('uid') ? (metadata.uid ?? '') : (metadata.name ?? '');
    own[key] = value;
    const at = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) faults.required(at, `must be '${value}'`);
    else if (labels[key] !== value) faults.invalid(at, labels, `must be '${value}'`);
  }
  if (selects(selector, own) === false) faults.invalid('spec.selector', selector, '`selector` not auto-generated');
}

/** A Job's own spec; a template of Jobs has no selector yet. */
function wholeJobSpec(faults: Faults, spec: JsonObject) {
  jobSpec(faults, 'spec', spec);
  if (!spec.selector) faults.required('spec.selector');
  else labelSelector(faults, 'spec.selector', spec.selector);
  const labels = spec.template?.metadata?.labels;
  const matched = spec.selector ? selects(spec.selector, labels) : false;
  if (matched === false) faults.invalid('spec.template.metadata.labels', new Typed(LABELS, labels), MISMATCH);
}

const JOB_IMMUTABLE = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'];

/** Where Pods go may be changed of a Job that does not run; of its affinity only what is about nodes. */
function schedulable(template: JsonObject, before: JsonObject): JsonObject {
  const spec: JsonObject = { ...template.spec };
  for (const field of ['nodeSelector', 'tolerations', 'schedulingGates']) spec[field] = before.spec?.[field];
  const affinity: JsonObject = set(spec.affinity ?? {}, 'nodeAffinity', before.spec?.affinity?.nodeAffinity);
  spec.affinity = Object.keys(affinity).length ? affinity : undefined;
  const metadata: JsonObject = { ...template.metadata };
  for (const part of ['labels', 'annotations']) metadata[part] = before.metadata?.[part];
  return { ...template, metadata, spec };
}

/** The first release in which a Job's end must have been announced. */
const ANNOUNCED_SINCE = 31;
const isTrue = (job: KubeObject, type: string) =>
  (job.status?.conditions ?? []).some(
    (condition: JsonObject) => condition.type === type && condition.status === 'True',
  );

export const job: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    generatedSelector(faults, object);
    wholeJobSpec(faults, spec);
    if (spec.completionMode !== 'Indexed' || !(spec.completions > 0)) return;
    const hostname = `${object.metadata.name}-${spec.completions - 1}`;
    if (isDNS1123Label(hostname).length)
      faults.invalid(
        'metadata.name',
        object.metadata.name,
        `will not able to create pod with invalid DNS label: ${hostname}`,
      );
  },
  validateUpdate(faults, object, old) {
    const spec = object.spec as JsonObject;
    const before = old.spec as JsonObject;
    // Upstream checks it once as a Job and once as a change of one.
    wholeJobSpec(faults, spec);
    if (spec.completions !== before.completions) {
      if (spec.completionMode !== 'Indexed') faults.invalid('spec.completions', spec.completions, IMMUTABLE);
      else if (spec.completions !== undefined && spec.completions !== spec.parallelism)
        faults.invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism');
    }
    if (!deepEqual(spec.selector, before.selector)) faults.invalid('spec.selector', spec.selector, IMMUTABLE);
    // A suspended Job that never ran may still be told where and with what to run.
    const free = before.suspend && !old.status?.startTime;
    const template = free ? schedulable(spec.template ?? {}, before.template ?? {}) : spec.template;
    if (!deepEqual(template, before.template)) faults.invalid('spec.template', spec.template, IMMUTABLE);
    for (const field of JOB_IMMUTABLE) {
      if (!deepEqual(spec[field], before[field])) faults.invalid(`spec.${field}`, spec[field], IMMUTABLE);
    }
  },
  validateStatus(faults, object, old) {
    const status: JsonObject = object.status ?? {};
    for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'])
      faults.nonNegative(`status.${field}`, status[field]);
    // What was wrong before may stay so.
    const changed = !deepEqual(status.conditions, old.status?.conditions);
    const complete = changed && isTrue(object, 'Complete');
    const failed = changed && isTrue(object, 'Failed');
    const announced = faults.minor >= ANNOUNCED_SINCE;
    const cannot = (why: string) => faults.wrong('status.conditions', why);
    if (complete && failed) cannot('cannot set Complete=True and Failed=true conditions');
    if (complete && isTrue(object, 'FailureTarget'))
      cannot('cannot set Complete=True and FailureTarget=true conditions');
    const at = 'status.completionTime';
    if (status.completionTime && !isTrue(object, 'Complete'))
      faults.invalid(at, status.completionTime, 'cannot set completionTime when there is no Complete=True condition');
    if (complete && !status.completionTime) faults.required(at, 'completionTime is required for Complete jobs');
    if (status.completionTime < status.startTime)
      faults.invalid(at, status.completionTime, 'completionTime cannot be set before startTime');
    if (failed && announced && !isTrue(object, 'FailureTarget'))
      cannot('cannot set Failed=True condition without the FailureTarget=true condition');
    if (complete && announced && !isTrue(object, 'SuccessCriteriaMet'))
      cannot('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
    if ((complete || failed) && status.active > 0)
      faults.invalid('status.active', status.active, 'active>0 is invalid for finished job');
    if ((complete || failed) && !status.startTime)
      faults.required('status.startTime', 'startTime is required for finished job');
    for (const type of ['Failed', 'Complete', 'FailureTarget'])
      if (isTrue(old, type) && !isTrue(object, type)) cannot(`cannot disable the terminal ${type}=True condition`);
    for (const field of ['failed', 'succeeded']) {
      const now: number = status[field] ?? 0;
      if (now < (old.status?.[field] ?? 0))
        faults.invalid(`status.${field}`, now, `cannot decrease the ${field} counter`);
    }
  },
};

/** The first release whose schedules have no time zones. */
const UNZONED_SINCE = 29;

export const cronJob: Rules = {
  validate(faults, object, old) {
    const spec: JsonObject = object.spec ?? {};
    if (!spec.schedule) faults.required('spec.schedule');
    else {
      const fault = scheduleFault(spec.schedule);
      if (fault) faults.invalid('spec.schedule', spec.schedule, fault);
      const zoned = spec.schedule.includes('TZ');
      const allowed = old?.spec.schedule.includes('TZ') ?? false;
      if (zoned && !allowed && faults.minor >= UNZONED_SINCE)
        faults.invalid(
          'spec.schedule',
          spec.schedule,
          'cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
        );
      else if (zoned && spec.timeZone !== undefined)
        faults.invalid('spec.schedule', spec.schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule');
    }
    faults.nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
    if (spec.timeZone !== undefined && spec.timeZone !== old?.spec.timeZone) timeZone(faults, spec.timeZone);
    faults.ifNot('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']);
    const template: JsonObject = spec.jobTemplate?.spec ?? {};
    const at = 'spec.jobTemplate.spec';
    jobSpec(faults, at, template);
    if (template.selector) faults.invalid(`${at}.selector`, template.selector, '`selector` will be auto-generated');
    if (template.manualSelector) faults.notSupported(`${at}.manualSelector`, template.manualSelector, ['nil', 'false']);
    faults.nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
    faults.nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
    // Jobs get eleven characters more than their CronJob has.
    const name = object.metadata.name ?? '';
    if (!old && name.length > 52) faults.invalid('metadata.name', name, 'must be no more than 52 characters');
  },
};

function timeZone(faults: Faults, zone: string) {
  const path = 'spec.timeZone';
  if (zone === '') {
    faults.invalid(path, zone, 'timeZone must be nil or non-empty string');
    return;
  }
  const wellFormed = zone
    .split('/')
    .every((part) => part !== '.' && part !== '..' && !part.startsWith('-') && /^[A-Za-z.\-_0-9+]{1,14}$/.test(part));
  if (!wellFormed) {
    faults.invalid(path, zone, `unknown time zone ${zone}`);
    return;
  }
  if (zone.toLowerCase() === 'local')
    faults.invalid(path, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
  if (zone !== 'Local' && !knownZone(zone)) faults.invalid(path, zone, `unknown time zone ${zone}`);
}
