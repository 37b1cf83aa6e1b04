// Controllers and what they keep: Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs.

import { formatLabelSelector } from '../../api/selectors.ts';
import { humanDuration } from '../../api/duration.ts';
import type {
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  KubeObject,
  Pod,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Kubectl } from '../kubectl.ts';
import { annotations, controller, events, eventsOf, heading, labels, longTime } from './common.ts';
import { podTemplate } from './pod.ts';
import { DescribeWriter } from './writer.ts';

export function* describeDeployment(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec, status = {} } = object as unknown as Required<Deployment>;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Namespace', metadata.namespace);
  w.field(0, 'CreationTimestamp', longTime(metadata.creationTimestamp));
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  w.field(0, 'Selector', formatLabelSelector(spec.selector));
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, unavailableReplicas = 0 } = status;
  w.field(
    0,
    'Replicas',
    `${spec.replicas} desired | ${updatedReplicas} updated | ${replicas} total | ${availableReplicas} available | ${unavailableReplicas} unavailable`,
  );
  w.field(0, 'StrategyType', spec.strategy?.type);
  w.field(0, 'MinReadySeconds', spec.minReadySeconds ?? 0);
  const rolling = spec.strategy?.rollingUpdate;
  if (rolling)
    w.field(0, 'RollingUpdateStrategy', `${rolling.maxUnavailable} max unavailable, ${rolling.maxSurge} max surge`);
  podTemplate(w, spec.template);
  if (status.conditions?.length) {
    w.line(0, 'Conditions:\n  Type\tStatus\tReason');
    w.line(1, '----\t------\t------');
    for (const { type, status: value, reason } of status.conditions) w.line(1, `${type} \t${value}\t${reason ?? ''}`);
  }
  const { current, old } = yield* replicaSetsOf(kubectl, object as unknown as Deployment);
  if (current || old.length) {
    w.field(0, 'OldReplicaSets', old.map(created).join(', ') || '<none>');
    w.field(0, 'NewReplicaSet', current ? created(current) : '<none>');
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

const created = (rs: ReplicaSet) =>
  `${rs.metadata.name} (${rs.status?.replicas ?? 0}/${rs.spec?.replicas ?? 0} replicas created)`;

/** The ReplicaSet of the present template, and the others, oldest first. */
function* replicaSetsOf(kubectl: Kubectl, deployment: Deployment): Co<{ current?: ReplicaSet; old: ReplicaSet[] }> {
  const { namespace, uid } = deployment.metadata;
  const { body } = yield* kubectl.send({
    method: 'GET',
    path: `/apis/apps/v1/namespaces/${namespace}/replicasets`,
    query: { labelSelector: formatLabelSelector(deployment.spec?.selector), limit: '500' },
  });
  const owned = (body as unknown as { items: ReplicaSet[] }).items.filter((rs) =>
    rs.metadata.ownerReferences?.some((o) => o.controller && o.uid === uid),
  );
  owned.sort((a, b) => {
    const x = a.metadata.creationTimestamp ?? '';
    const y = b.metadata.creationTimestamp ?? '';
    return x < y ? -1 : x > y ? 1 : (a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1;
  });
  const wanted = templateText(deployment.spec?.template);
  const current = owned.find((rs) => templateText(rs.spec?.template) === wanted);
  return { current, old: owned.filter((rs) => rs !== current) };
}

/** A template without the label that its controller adds: equal templates have equal texts. */
function templateText(template: PodTemplateSpec | undefined): string {
  const { 'pod-template-hash': _, ...own } = template?.metadata?.labels ?? {};
  return JSON.stringify(ordered({ ...template, metadata: { ...template?.metadata, labels: own } }));
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== 'object') return value;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined) out[key] = ordered(item);
  }
  return out;
}

/** 'Pods Status': phases of the Pods that the object controls. */
function* podsStatus(kubectl: Kubectl, object: KubeObject, selector: string): Co<string> {
  const path = `/api/v1/namespaces/${object.metadata.namespace}/pods`;
  const { body } = yield* kubectl.send({ method: 'GET', path, query: { labelSelector: selector, limit: '500' } });
  const counts: Record<string, number> = { Running: 0, Pending: 0, Succeeded: 0, Failed: 0 };
  for (const pod of (body as unknown as { items: Pod[] }).items) {
    if (!pod.metadata.ownerReferences?.some((o) => o.controller && o.uid === object.metadata.uid)) continue;
    const phase = pod.status?.phase ?? 'Pending';
    if (phase in counts) counts[phase]++;
  }
  return `${counts.Running} Running / ${counts.Pending} Waiting / ${counts.Succeeded} Succeeded / ${counts.Failed} Failed`;
}

function conditions(w: DescribeWriter, list: readonly { type: string; status: string; reason?: string }[] | undefined) {
  if (!list?.length) return;
  w.line(0, 'Conditions:\n  Type\tStatus\tReason');
  w.line(1, '----\t------\t------');
  for (const { type, status, reason } of list) w.line(1, `${type} \t${status}\t${reason ?? ''}`);
}

/** ReplicaSets and ReplicationControllers. */
export function* describeReplicaSet(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec, status } = object as unknown as Required<ReplicaSet>;
  const w = new DescribeWriter();
  const selector =
    object.kind === 'ReplicationController'
      ? formatLabelSelector({ matchLabels: (object as unknown as ReplicationController).spec?.selector })
      : formatLabelSelector(spec.selector);
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Namespace', metadata.namespace);
  w.field(0, 'Selector', selector);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  const owner = controller(object);
  if (owner) w.field(0, 'Controlled By', owner);
  w.field(0, 'Replicas', `${status?.replicas ?? 0} current / ${spec.replicas} desired`);
  w.field(0, 'Pods Status', yield* podsStatus(kubectl, object, selector));
  podTemplate(w, spec.template as PodTemplateSpec);
  conditions(w, status?.conditions);
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* describeStatefulSet(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec, status } = object as unknown as Required<StatefulSet>;
  const w = new DescribeWriter();
  const selector = formatLabelSelector(spec.selector);
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Namespace', metadata.namespace);
  w.field(0, 'CreationTimestamp', longTime(metadata.creationTimestamp));
  w.field(0, 'Selector', selector);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  w.field(0, 'Replicas', `${spec.replicas} desired | ${status?.replicas ?? 0} total`);
  w.field(0, 'Update Strategy', spec.updateStrategy?.type);
  const rolling = spec.updateStrategy?.rollingUpdate;
  if (rolling?.partition !== undefined) {
    w.field(1, 'Partition', rolling.partition);
    if (rolling.maxUnavailable !== undefined) w.field(1, 'MaxUnavailable', rolling.maxUnavailable);
  }
  w.field(0, 'Pods Status', yield* podsStatus(kubectl, object, selector));
  podTemplate(w, spec.template);
  w.line(0, spec.volumeClaimTemplates?.length ? 'Volume Claims:' : 'Volume Claims:\t<none>');
  for (const claim of spec.volumeClaimTemplates ?? []) {
    w.field(1, 'Name', claim.metadata.name);
    w.field(1, 'StorageClass', claim.spec?.storageClassName);
    labels(w, 1, 'Labels', claim.metadata.labels);
    labels(w, 1, 'Annotations', claim.metadata.annotations);
    w.field(1, 'Capacity', claim.spec?.resources?.requests?.storage ?? '<default>');
    w.field(1, 'Access Modes', `[${(claim.spec?.accessModes ?? []).join(' ')}]`);
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* describeDaemonSet(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec, status } = object as unknown as Required<DaemonSet>;
  const w = new DescribeWriter();
  const selector = formatLabelSelector(spec.selector);
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Namespace', metadata.namespace);
  w.field(0, 'Selector', selector);
  labels(w, 0, 'Node-Selector', spec.template.spec?.nodeSelector);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  w.line(0, `Desired Number of Nodes Scheduled: ${status.desiredNumberScheduled}`);
  w.line(0, `Current Number of Nodes Scheduled: ${status.currentNumberScheduled}`);
  w.line(0, `Number of Nodes Scheduled with Up-to-date Pods: ${status.updatedNumberScheduled ?? 0}`);
  w.line(0, `Number of Nodes Scheduled with Available Pods: ${status.numberAvailable ?? 0}`);
  w.line(0, `Number of Nodes Misscheduled: ${status.numberMisscheduled}`);
  w.field(0, 'Pods Status', yield* podsStatus(kubectl, object, selector));
  podTemplate(w, spec.template);
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* describeJob(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec, status } = object as unknown as Required<Job>;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Namespace', metadata.namespace);
  if (spec.selector) w.field(0, 'Selector', formatLabelSelector(spec.selector));
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  const owner = controller(object);
  if (owner) w.field(0, 'Controlled By', owner);
  if (spec.parallelism !== undefined) w.field(0, 'Parallelism', spec.parallelism);
  w.field(0, 'Completions', spec.completions ?? '<unset>');
  if (spec.completionMode) w.field(0, 'Completion Mode', spec.completionMode);
  if (spec.suspend !== undefined) w.field(0, 'Suspend', spec.suspend);
  if (spec.backoffLimit !== undefined) w.field(0, 'Backoff Limit', spec.backoffLimit);
  if (spec.ttlSecondsAfterFinished !== undefined)
    w.field(0, 'TTL Seconds After Finished', spec.ttlSecondsAfterFinished);
  if (status?.startTime) w.field(0, 'Start Time', longTime(status.startTime));
  if (status?.completionTime) w.field(0, 'Completed At', longTime(status.completionTime));
  if (status?.startTime && status.completionTime) {
    w.field(0, 'Duration', humanDuration(Date.parse(status.completionTime) - Date.parse(status.startTime)));
  }
  if (spec.activeDeadlineSeconds !== undefined) w.field(0, 'Active Deadline Seconds', `${spec.activeDeadlineSeconds}s`);
  const ready = status?.ready === undefined ? '' : ` (${status.ready} Ready)`;
  w.field(
    0,
    'Pods Statuses',
    `${status?.active ?? 0} Active${ready} / ${status?.succeeded ?? 0} Succeeded / ${status?.failed ?? 0} Failed`,
  );
  if (spec.completionMode === 'Indexed') w.field(0, 'Completed Indexes', shortIndexes(status?.completedIndexes));
  podTemplate(w, spec.template);
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

/** At most 50 characters of the list, cut at a comma. */
function shortIndexes(indexes: string | undefined): string {
  if (!indexes) return '<none>';
  if (indexes.length <= 50) return indexes;
  return `${indexes.slice(0, indexes.lastIndexOf(',', 46) + 1)}...`;
}

export function* describeCronJob(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { spec, status } = object as unknown as Required<CronJob>;
  const w = new DescribeWriter();
  heading(w, object);
  w.field(0, 'Schedule', spec.schedule);
  w.field(0, 'Concurrency Policy', spec.concurrencyPolicy);
  w.field(0, 'Suspend', capitalised(spec.suspend));
  w.field(0, 'Successful Job History Limit', spec.successfulJobsHistoryLimit ?? '<unset>');
  w.field(0, 'Failed Job History Limit', spec.failedJobsHistoryLimit ?? '<unset>');
  w.field(
    0,
    'Starting Deadline Seconds',
    spec.startingDeadlineSeconds === undefined ? '<unset>' : `${spec.startingDeadlineSeconds}s`,
  );
  const job = spec.jobTemplate.spec;
  w.field(0, 'Selector', job?.selector ? formatLabelSelector(job.selector) : '<unset>');
  w.field(0, 'Parallelism', job?.parallelism ?? '<unset>');
  w.field(0, 'Completions', job?.completions ?? '<unset>');
  if (job?.activeDeadlineSeconds !== undefined) w.field(0, 'Active Deadline Seconds', `${job.activeDeadlineSeconds}s`);
  if (job) podTemplate(w, job.template);
  w.field(0, 'Last Schedule Time', status?.lastScheduleTime ? longTime(status.lastScheduleTime) : '<unset>');
  w.field(0, 'Active Jobs', status?.active?.map((j) => j.name).join(', ') || '<none>');
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

const capitalised = (value: boolean | undefined) => (value === undefined ? '<unset>' : value ? 'True' : 'False');
