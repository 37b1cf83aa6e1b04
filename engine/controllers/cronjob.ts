// CronJob controller: a Job at each time of the schedule, as the concurrency policy lets it, and only so many finished
// ones kept (kubernetes/pkg/controller/cronjob).

import { isAlreadyExists, isNotFound, keyOf, timestamp, type Informer, type ResourceClient } from '../client/index.ts';
import { condition } from './conditions.ts';
import { parseSchedule, ScheduleError, type Schedule } from '../api/cron.ts';
import { timeZone as zoneOf, type TimeZone } from '../api/time-zones.ts';
import { controlledBy, controllerOf, controllerRef, indexByController } from './owners.ts';
import { namespaceIsTerminating } from './pod-control.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { CronJob, CronJobSpec, CronJobStatus, Job, KubeObject, ObjectReference } from '../api/types.ts';

/** A delta added to the next time, so that it is surely over (nextScheduleDelta). */
const DELTA = 100;
const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
const TOO_MANY = 100;

export const cronJobController: Controller = {
  name: 'cronjob-controller',
  account: 'cronjob-controller',
  component: 'cronjob-controller',
  start: (context) => void new CronJobController(context),
};

const specOf = (cron: CronJob) => cron.spec as CronJobSpec;

/** 'Complete' or 'Failed' when the Job has ended. */
function endOf(job: Job): string | undefined {
  for (const type of ['Complete', 'Failed'])
    if (condition(job.status?.conditions, type)?.status === 'True') return type;
  return undefined;
}

class CronJobController {
  private readonly context: ControllerContext;
  private readonly crons: Informer<CronJob>;
  private readonly jobs: Informer<Job>;
  private readonly client: ResourceClient<CronJob>;
  private readonly jobClient: ResourceClient<Job>;
  private readonly queue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.client = context.client.of<CronJob>('batch/v1', 'cronjobs');
    this.jobClient = context.client.of<Job>('batch/v1', 'jobs');
    this.crons = context.informer<CronJob>('batch/v1', 'cronjobs');
    this.jobs = context.informer<Job>('batch/v1', 'jobs');
    indexByController(this.jobs);
    this.queue = context.queue((key) => this.sync(key));
    const enqueue = (cron: CronJob) => this.queue.add(keyOf(cron));
    this.crons.on({ add: enqueue, update: enqueue });
    const jobChanged = (job: Job) => {
      const ref = controllerOf(job);
      if (ref?.kind === 'CronJob') this.queue.add(`${job.metadata.namespace}/${ref.name}`);
    };
    this.jobs.on({ add: jobChanged, update: jobChanged, delete: jobChanged });
  }

  private sync(key: string) {
    const cron = this.crons.byKey(key);
    if (!cron) return;
    const jobs = controlledBy(this.jobs, cron);
    const status: CronJobStatus = { ...cron.status };
    this.reviewActive(cron, jobs, status);
    this.cleanUp(cron, jobs);
    const wait = cron.metadata.deletionTimestamp || specOf(cron).suspend ? undefined : this.schedule(cron, status);
    this.writeStatus(cron, status);
    if (wait !== undefined) this.queue.addAfter(key, wait);
  }

  /** Follows what the Jobs did since the last time. */
  private reviewActive(cron: CronJob, jobs: readonly Job[], status: CronJobStatus) {
    const { recorder } = this.context;
    const active = new Map((status.active ?? []).map((ref) => [ref.uid, ref]));
    for (const job of jobs) {
      const { uid, name } = job.metadata;
      const end = endOf(job);
      if (!active.has(uid)) {
        if (!end)
          recorder.event(
            cron,
            'Warning',
            'UnexpectedJob',
            `Saw a job that the controller did not create or forgot: ${name}`,
          );
      } else if (end) {
        active.delete(uid);
        recorder.event(cron, 'Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${end}`);
      }
      const completed = end === 'Complete' ? job.status?.completionTime : undefined;
      if (completed && (!status.lastSuccessfulTime || completed > status.lastSuccessfulTime))
        status.lastSuccessfulTime = completed;
    }
    const present = new Set(jobs.map(({ metadata }) => metadata.uid));
    active.forEach(({ name, uid }) => {
      if (present.has(uid)) return;
      active.delete(uid);
      recorder.event(cron, 'Normal', 'MissingJob', `Active job went missing: ${name}`);
    });
    status.active = [...active.values()];
  }

  private cleanUp(cron: CronJob, jobs: readonly Job[]) {
    const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = specOf(cron);
    const started = (job: Job) => job.status?.startTime ?? '';
    for (const [end, limit] of [
      ['Complete', successfulJobsHistoryLimit],
      ['Failed', failedJobsHistoryLimit],
    ] as const) {
      const ended = jobs.filter((job) => endOf(job) === end && !job.metadata.deletionTimestamp);
      ended.sort((a, b) => (started(a) < started(b) ? -1 : started(a) > started(b) ? 1 : 0));
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) this.deleteJob(cron, job);
    }
  }

  private deleteJob(
    cron: CronJob,
    { metadata: { namespace, name } }: { metadata: { namespace?: string; name?: string } },
  ) {
    try {
      this.jobClient.delete(namespace as string, name as string, { propagationPolicy: 'Background' });
      this.context.recorder.event(cron, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`);
    } catch (error) {
      if (isNotFound(error)) return;
      this.context.recorder.event(cron, 'Warning', 'FailedDelete', `Deleted job: ${(error as Error).message}`);
    }
  }

  /** Starts the Job that is due, if any; answers how long until the next time, ms. */
  private schedule(cron: CronJob, status: CronJobStatus): number | undefined {
    const { recorder, sim } = this.context;
    const { schedule: text, timeZone, startingDeadlineSeconds, concurrencyPolicy } = specOf(cron);
    const zone = timeZone === undefined ? undefined : zoneOf(timeZone);
    if (timeZone !== undefined && !zone) {
      recorder.event(
        cron,
        'Warning',
        'UnknownTimeZone',
        `invalid timeZone: "${timeZone}": unknown time zone ${timeZone}`,
      );
      return undefined;
    }
    let schedule: Schedule;
    try {
      schedule = parseSchedule(text);
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      recorder.event(
        cron,
        'Warning',
        'UnParseableCronJobSchedule',
        `unparseable schedule: ${JSON.stringify(text)} : ${error.message}`,
      );
      return undefined;
    }
    const next = schedule.next(sim.now, zone);
    const wait = next === undefined ? undefined : next - sim.now + DELTA;
    const due = this.mostRecent(cron, status, schedule, zone);
    if (due === undefined) return wait;
    if (startingDeadlineSeconds !== undefined && due + startingDeadlineSeconds * 1000 < sim.now) {
      recorder.event(cron, 'Warning', 'MissSchedule', `Missed scheduled time to start a job: ${rfc1123(due)}`);
      return wait;
    }
    const running = status.active ?? [];
    if (concurrencyPolicy === 'Forbid' && running.length > 0) {
      recorder.event(
        cron,
        'Normal',
        'JobAlreadyActive',
        'Not starting job because prior execution is running and concurrency policy is Forbid',
      );
      return wait;
    }
    if (concurrencyPolicy === 'Replace') {
      for (const { namespace, name } of running) this.deleteJob(cron, { metadata: { namespace, name } });
      status.active = [];
    }
    this.createJob(cron, status, due);
    return wait;
  }

  /** The last time of the schedule that has passed and no Job was started for. */
  private mostRecent(
    cron: CronJob,
    status: CronJobStatus,
    schedule: Schedule,
    zone: TimeZone | undefined,
  ): number | undefined {
    const { now } = this.context.sim;
    const { startingDeadlineSeconds } = specOf(cron);
    let earliest = Date.parse(status.lastScheduleTime ?? (cron.metadata.creationTimestamp as string));
    if (startingDeadlineSeconds !== undefined) earliest = Math.max(earliest, now - startingDeadlineSeconds * 1000);
    let due: number | undefined;
    let missed = 0;
    for (
      let time = schedule.next(earliest, zone);
      time !== undefined && time <= now;
      time = schedule.next(time, zone)
    ) {
      due = time;
      missed++;
      // A long pause need not be walked through minute by minute.
      if (missed > TOO_MANY) {
        const text = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
        this.context.recorder.event(cron, 'Warning', 'TooManyMissedTimes', text);
        for (
          let late = schedule.next(now - 86_400_000, zone);
          late !== undefined && late <= now;
          late = schedule.next(late, zone)
        )
          due = late;
        break;
      }
    }
    return due;
  }

  private createJob(cron: CronJob, status: CronJobStatus, due: number) {
    const { recorder } = this.context;
    const { namespace } = cron.metadata;
    const { metadata, spec } = specOf(cron).jobTemplate;
    // Named by the time it is due, in minutes: a second one for the same time cannot come to be.
    const name = `${cron.metadata.name}-${Math.floor(due / 60_000)}`;
    const job: Job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name,
        namespace,
        labels: { ...metadata?.labels },
        annotations: { ...metadata?.annotations, [SCHEDULED_AT]: timestamp(due) },
        ownerReferences: [controllerRef(cron, 'batch/v1', 'CronJob')],
      },
      spec,
    };
    try {
      const created = this.jobClient.create(namespace as string, job);
      recorder.event(cron, 'Normal', 'SuccessfulCreate', `Created job ${name}`);
      const { uid, resourceVersion } = created.metadata;
      const ref: ObjectReference = { apiVersion: 'batch/v1', kind: 'Job', namespace, name, uid, resourceVersion };
      status.active = [...(status.active ?? []), ref];
    } catch (error) {
      if (!isAlreadyExists(error)) {
        if (namespaceIsTerminating(error)) return;
        recorder.event(
          cron as KubeObject,
          'Warning',
          'FailedCreate',
          `Error creating job: ${(error as Error).message}`,
        );
        throw error;
      }
    }
    status.lastScheduleTime = timestamp(due);
  }

  private writeStatus(cron: CronJob, status: CronJobStatus) {
    if (status.active?.length === 0) delete status.active;
    const uids = (list: ObjectReference[] | undefined) => (list ?? []).map(({ uid }) => uid).join();
    const old = cron.status ?? {};
    if (
      uids(old.active) === uids(status.active) &&
      old.lastScheduleTime === status.lastScheduleTime &&
      old.lastSuccessfulTime === status.lastSuccessfulTime
    ) {
      return;
    }
    try {
      this.client.updateStatus(cron.metadata.namespace as string, cron.metadata.name as string, { ...cron, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** As Go's time.RFC1123Z prints it: "Mon, 05 Jan 2026 09:00:00 +0000". */
function rfc1123(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}
