// Job controller: runs Pods until enough have succeeded or too many have failed (kubernetes/pkg/controller/job).
// Every Pod carries a finalizer until it has been counted, so none is counted twice or missed.

import { isNotFound, keyOf, timestamp, type Informer, type ResourceClient } from '../client/index.ts';
import { matchesSelector } from '../api/selectors.ts';
import { condition } from './conditions.ts';
import { backoffOf, indexBackoffOf, lastFailures } from './job-backoff.ts';
import { formatIndexes, parseIndexes } from './job-indexes.ts';
import { judgeFailure, judgeSuccess } from './job-policies.ts';
import { completionIndex, failuresOf, FINALIZER, jobPod, plainPod, surplusPods } from './job-pods.ts';
import { type Outcome, setCount, sorted, targetOf, uncounted } from './job-status.ts';
import { claim, controllerOf, controllerRef, indexByController } from './owners.ts';
import { BURST, createPod, deletePod, slowStart } from './pod-control.ts';
import { isPodActive, isPodFinished, isPodReady } from './pods.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { Job, JobCondition, JobSpec, JobStatus, KubeObject, Pod } from '../api/types.ts';

const MANAGED_BY = 'kubernetes.io/job-controller';
/** Pod events of this time are handled by one sync (syncJobBatchPeriod). */
const BATCH_PERIOD = 1000;

export const jobController: Controller = {
  name: 'job-controller',
  account: 'job-controller',
  component: 'job-controller',
  start: (context) => void new JobController(context),
};

const specOf = (job: Job) => job.spec as JobSpec;
const isIndexed = (job: Job) => specOf(job).completionMode === 'Indexed';
const finished = (job: Job) =>
  (job.status?.conditions ?? []).some(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );

/** The counts of one sync, on the way to the next status. */
interface Tally {
  succeeded: number;
  failed: number;
  done: Set<number>;
  failedIndexes: Set<number> | undefined;
  /** Failed Pods that have ended since the last sync, with what the failure policy makes of each. */
  failures: { pod: Pod; counts: boolean }[];
  /** Pods counted in this sync: their finalizers go. */
  counted: Pod[];
  outcome: Outcome | undefined;
}

/** What a sync has found. */
interface Report {
  tally: Tally;
  outcome: Outcome | undefined;
  running: readonly Pod[];
  terminating: number;
}

class JobController {
  private readonly context: ControllerContext;
  private readonly jobs: Informer<Job>;
  private readonly pods: Informer<Pod>;
  private readonly client: ResourceClient<Job>;
  private readonly podClient: ResourceClient<Pod>;
  private readonly queue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.client = context.client.of<Job>('batch/v1', 'jobs');
    this.podClient = context.client.of<Pod>('v1', 'pods');
    this.jobs = context.informer<Job>('batch/v1', 'jobs');
    this.pods = context.informer<Pod>('v1', 'pods');
    indexByController(this.pods);
    this.queue = context.queue((key) => this.sync(key));
    const enqueue = (job: Job) => this.queue.add(keyOf(job));
    this.jobs.on({
      add: enqueue,
      update: enqueue,
      delete: (job) => {
        for (const pod of this.pods.byIndex('controller-uid', job.metadata.uid as string)) this.removeFinalizer(pod);
      },
    });
    this.pods.on({
      add: (pod) => this.podChanged(pod, 0),
      update: (pod, old) => this.podChanged(pod, isPodFinished(pod) && !isPodFinished(old) ? BATCH_PERIOD : 0),
      delete: (pod) => this.podChanged(pod, 0),
    });
  }

  private podChanged(pod: Pod, delay: number) {
    const ref = controllerOf(pod);
    if (ref?.kind === 'Job') {
      // The Job is gone: nothing will count this Pod any more.
      if (!this.jobs.get(pod.metadata.namespace as string, ref.name)) this.removeFinalizer(pod);
      else this.queue.addAfter(`${pod.metadata.namespace}/${ref.name}`, delay);
    }
  }

  private sync(key: string) {
    const job = this.jobs.byKey(key);
    if (!job || (specOf(job).managedBy !== undefined && specOf(job).managedBy !== MANAGED_BY)) return;
    if (finished(job) || job.metadata.deletionTimestamp) {
      for (const pod of this.pods.byIndex('controller-uid', job.metadata.uid as string)) this.removeFinalizer(pod);
      return;
    }
    const pods = claim<Pod>({
      client: this.podClient,
      informer: this.pods,
      owner: job,
      ref: controllerRef(job, 'batch/v1', 'Job'),
      matches: (pod) => matchesSelector(specOf(job).selector, pod.metadata.labels),
      adoptable: (pod) => pod.metadata.finalizers?.includes(FINALIZER) === true,
    });
    const tally = this.count(job, pods);
    const active = pods.filter(isPodActive);
    const outcome = targetOf(job) ?? tally.outcome ?? this.judge(job, pods, tally);
    const suspended = specOf(job).suspend === true;
    const replaceable = outcome || suspended ? NONE : replaceablePods(job, active, tally);
    let running = active;
    let waiting: number | undefined;
    if (outcome || suspended) {
      this.deleteActive(job, active);
      running = [];
    } else {
      ({ running, waiting } = this.manage(job, pods, active, tally, replaceable));
    }
    this.countFailures(tally, replaceable);
    const terminating = this.pods
      .byIndex('controller-uid', job.metadata.uid as string)
      .filter((pod) => pod.metadata.deletionTimestamp && !isPodFinished(pod)).length;
    const report = { tally, outcome, running, terminating };
    // Pods that are counted are noted first: should this end here, the next sync knows of them.
    const noted = tally.counted.length > 0 ? this.updateStatus(job, report, true) : job;
    for (const pod of tally.counted) this.removeFinalizer(pod);
    if (noted) this.updateStatus(noted, report, false);
    if (waiting !== undefined) this.queue.addAfter(key, waiting);
    this.awaitDeadline(key, job);
  }

  /** Pods that ended since the last sync, added to what the status already says. */
  private count(job: Job, pods: readonly Pod[]): Tally {
    const { status } = job;
    const limit = specOf(job).completions ?? Infinity;
    const perIndex = specOf(job).backoffLimitPerIndex;
    const tally: Tally = {
      succeeded: status?.succeeded ?? 0,
      failed: status?.failed ?? 0,
      done: isIndexed(job) ? parseIndexes(status?.completedIndexes, limit) : new Set(),
      failedIndexes: perIndex === undefined ? undefined : parseIndexes(status?.failedIndexes, limit),
      failures: [],
      counted: [],
      outcome: undefined,
    };
    // With podReplacementPolicy Failed, a Pod that is being deleted is waited for.
    const waits = specOf(job).podReplacementPolicy === 'Failed';
    for (const pod of pods) {
      if (!pod.metadata.finalizers?.includes(FINALIZER)) continue;
      const index = completionIndex(pod);
      if (pod.status?.phase === 'Succeeded') {
        tally.counted.push(pod);
        if (!isIndexed(job)) tally.succeeded++;
        else if (index !== undefined && index < limit) tally.done.add(index);
      } else if (pod.status?.phase === 'Failed' || (pod.metadata.deletionTimestamp && !waits)) {
        this.noteFailure(job, pod, index, tally);
      }
    }
    if (isIndexed(job)) tally.succeeded = tally.done.size;
    return tally;
  }

  private noteFailure(job: Job, pod: Pod, index: number | undefined, tally: Tally) {
    if (specOf(job).suspend) {
      tally.counted.push(pod);
      return;
    }
    const { action, message } =
      pod.status?.phase === 'Failed' ? judgeFailure(job, pod) : { action: 'Count', message: '' };
    const counts = action !== 'Ignore';
    tally.failures.push({ pod, counts });
    if (action === 'FailJob') tally.outcome ??= { type: 'Failed', reason: 'PodFailurePolicy', message };
    const limit = specOf(job).backoffLimitPerIndex;
    if (limit === undefined || index === undefined || !counts) return;
    if (action === 'FailIndex' || failuresOf(pod).counted >= limit) tally.failedIndexes?.add(index);
  }

  /** Adds the failures to the counts, except of Pods that wait for their successors. */
  private countFailures(tally: Tally, waiting: ReadonlyMap<number, Pod>) {
    for (const { pod, counts } of tally.failures) {
      const index = completionIndex(pod);
      if (index !== undefined && waiting.get(index) === pod) continue;
      tally.counted.push(pod);
      if (counts) tally.failed++;
    }
  }

  /** Whether the counts, the clock or the policies end the Job. */
  private judge(job: Job, pods: readonly Pod[], tally: Tally): Outcome | undefined {
    const { status } = job;
    const { completions, backoffLimit = 6, activeDeadlineSeconds, maxFailedIndexes, suspend } = specOf(job);
    const failure = (reason: string, message: string): Outcome => ({ type: 'Failed', reason, message });
    const restarts = specOf(job).template.spec?.restartPolicy === 'OnFailure' ? restartsOf(pods) : 0;
    const failed = tally.failed + tally.failures.filter(({ counts }) => counts).length;
    if (failed > backoffLimit || (restarts > 0 && restarts >= Math.max(1, backoffLimit))) {
      return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
    }
    if (activeDeadlineSeconds !== undefined && status?.startTime && !suspend) {
      if (this.context.sim.now - Date.parse(status.startTime) >= activeDeadlineSeconds * 1000) {
        return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
      }
    }
    if (maxFailedIndexes !== undefined && (tally.failedIndexes?.size ?? 0) > maxFailedIndexes) {
      return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
    }
    if (isIndexed(job)) {
      const words = judgeSuccess(job, tally.done);
      if (words !== undefined) return { type: 'Complete', reason: 'SuccessPolicy', message: words };
    }
    const failedIndexes = tally.failedIndexes?.size ?? 0;
    if (completions !== undefined && failedIndexes > 0 && tally.succeeded + failedIndexes >= completions) {
      return failure('FailedIndexes', 'Job has failed indexes');
    }
    const complete =
      completions !== undefined ? tally.succeeded >= completions : tally.succeeded > 0 && !pods.some(isPodActive);
    return complete
      ? { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
      : undefined;
  }

  /** Creates or deletes Pods towards parallelism; `waiting`: ms until failed ones may be replaced. */
  private manage(
    job: Job,
    pods: readonly Pod[],
    active: Pod[],
    tally: Tally,
    replaceable: ReadonlyMap<number, Pod>,
  ): { running: Pod[]; waiting: number | undefined } {
    const { parallelism = 1, completions } = specOf(job);
    const { recorder, sim } = this.context;
    const owner = job as KubeObject;
    let wanted: number;
    if (completions === undefined) wanted = tally.succeeded > 0 ? active.length : parallelism;
    else wanted = Math.max(0, Math.min(parallelism, completions - tally.succeeded));
    const removed = surplusPods(job, active, active.length - wanted, sim.now);
    if (removed.length > 0) {
      this.deleteActive(job, removed);
      return { running: active.filter((pod) => !removed.includes(pod)), waiting: undefined };
    }
    let missing = Math.min(wanted - active.length, BURST);
    if (specOf(job).podReplacementPolicy === 'Failed') {
      missing -= pods.filter((pod) => pod.metadata.deletionTimestamp && !isPodFinished(pod)).length;
    }
    if (missing <= 0) return { running: active, waiting: undefined };
    const perIndex = tally.failedIndexes !== undefined;
    const waiting = perIndex ? 0 : backoffOf(pods, sim.now);
    if (waiting > 0) return { running: active, waiting };
    let indexes = isIndexed(job) ? freeIndexes(job, active, tally, missing) : undefined;
    if (indexes && perIndex) {
      const rests = indexes.map((index) => indexBackoffOf(replaceable.get(index), sim.now));
      if (rests.length > 0 && !rests.includes(0)) return { running: active, waiting: Math.min(...rests) };
      indexes = indexes.filter((_, i) => rests[i] === 0);
    }
    const created: Pod[] = [];
    const count = indexes ? indexes.length : missing;
    const error = slowStart(count, (i) => {
      const pod = indexes ? jobPod(job, indexes[i], replaceable.get(indexes[i])) : plainPod(job);
      created.push(createPod(this.podClient, recorder, owner, pod));
    });
    if (error !== undefined) throw error;
    return { running: [...active, ...created], waiting: undefined };
  }

  private deleteActive(job: Job, pods: readonly Pod[]) {
    for (const pod of pods)
      deletePod(this.podClient, this.context.recorder, job as KubeObject, pod.metadata.name as string);
  }

  /** Writes what a sync has found, on the way to it (`interim`) or whole; undefined: the Job is gone. */
  private updateStatus(job: Job, { tally, outcome, running, terminating }: Report, interim: boolean): Job | undefined {
    const { sim, recorder } = this.context;
    const now = timestamp(sim.now);
    const old = job.status ?? {};
    const suspended = specOf(job).suspend === true;
    const status: JobStatus = {
      ...old,
      ready: running.filter(isPodReady).length,
      terminating,
      uncountedTerminatedPods: interim ? uncounted(isIndexed(job), tally.counted) : {},
    };
    setCount(status, 'active', running.length);
    if (!interim || isIndexed(job)) setCount(status, 'succeeded', tally.succeeded);
    if (!interim) setCount(status, 'failed', tally.failed);
    if (isIndexed(job) && tally.done.size > 0) status.completedIndexes = formatIndexes(tally.done);
    if (tally.failedIndexes) status.failedIndexes = formatIndexes(tally.failedIndexes);
    if (!old.startTime && !suspended) status.startTime = now;
    let conditions = old.conditions ?? [];
    const put = (type: string, value: string, reason: string, message: string) => {
      const known = condition(conditions, type);
      if (known ? known.status === value : value === 'False') return false;
      const next: JobCondition = { type, status: value, lastProbeTime: now, lastTransitionTime: now, reason, message };
      conditions = known ? conditions.map((one) => (one === known ? next : one)) : [...conditions, next];
      return true;
    };
    if (!outcome) {
      if (suspended && put('Suspended', 'True', 'JobSuspended', 'Job suspended'))
        recorder.event(job, 'Normal', 'Suspended', 'Job suspended');
      if (!suspended && put('Suspended', 'False', 'JobResumed', 'Job resumed')) {
        recorder.event(job, 'Normal', 'Resumed', 'Job resumed');
        status.startTime = now;
      }
    } else {
      const { type, reason, message } = outcome;
      const { announcesEnd } = this.context.ways;
      if (announcesEnd || reason === 'PodFailurePolicy')
        put(type === 'Failed' ? 'FailureTarget' : 'SuccessCriteriaMet', 'True', reason, message);
      // The Job has ended only when the last of its Pods has.
      if (!interim && running.length === 0 && terminating === 0) {
        if (type === 'Failed' || announcesEnd) put(type, 'True', reason, message);
        else put(type, 'True', '', '');
        if (type === 'Complete') {
          status.completionTime = now;
          recorder.event(job, 'Normal', 'Completed', 'Job completed');
        } else recorder.event(job, 'Warning', reason, message);
      }
    }
    if (conditions.length > 0) status.conditions = conditions;
    if (JSON.stringify(sorted(old)) === JSON.stringify(sorted(status))) return job;
    try {
      const { namespace, name } = job.metadata;
      return this.client.updateStatus(namespace as string, name as string, { ...job, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return undefined;
    }
  }

  private awaitDeadline(key: string, job: Job) {
    const { activeDeadlineSeconds, suspend } = specOf(job);
    if (activeDeadlineSeconds === undefined || suspend) return;
    const started = job.status?.startTime ? Date.parse(job.status.startTime) : this.context.sim.now;
    const rest = started + activeDeadlineSeconds * 1000 - this.context.sim.now;
    if (rest > 0) this.queue.addAfter(key, rest);
  }

  private removeFinalizer(pod: Pod) {
    const { namespace, name, finalizers = [] } = this.pods.byKey(keyOf(pod))?.metadata ?? {};
    if (!finalizers.includes(FINALIZER)) return;
    const rest = finalizers.filter((one) => one !== FINALIZER);
    try {
      this.podClient.patch(namespace as string, name as string, 'merge', {
        metadata: { finalizers: rest.length > 0 ? rest : null },
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const NONE: ReadonlyMap<number, Pod> = new Map();

/** The failed Pods whose indexes are to be tried again, where each index is counted by itself. */
function replaceablePods(job: Job, active: readonly Pod[], tally: Tally): ReadonlyMap<number, Pod> {
  const { done, failedIndexes } = tally;
  if (!failedIndexes || tally.failures.length === 0) return NONE;
  const running = new Set(active.map(completionIndex));
  return lastFailures(
    tally.failures.map(({ pod }) => pod),
    (index) => !running.has(index) && !done.has(index) && !failedIndexes.has(index),
  );
}

function restartsOf(pods: readonly Pod[]): number {
  let sum = 0;
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue;
    for (const one of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
      sum += one.restartCount;
  }
  return sum;
}

/** The lowest indexes that are neither done, failed nor running. */
function freeIndexes(job: Job, active: readonly Pod[], { done, failedIndexes }: Tally, count: number): number[] {
  const taken = new Set<number | undefined>(active.map(completionIndex));
  const free: number[] = [];
  for (let i = 0; i < (specOf(job).completions ?? 0) && free.length < count; i++) {
    if (!taken.has(i) && !done.has(i) && !failedIndexes?.has(i)) free.push(i);
  }
  return free;
}
