// Rows of the kinds that make Pods, and of what scales and protects them.

import { humanDuration } from '../duration.ts';
import { formatLabelSelector, formatLabels } from '../selectors.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { NONE, UNKNOWN, age, containerCells, since, type Printer } from './columns.ts';

const WIDE = '*Containers,*Images';

export const deployment: Printer = {
  columns: `Name:string:name,Ready,Up-to-date,Available,Age,${WIDE},*Selector`,
  row: (d, now) => [
    d.metadata.name ?? '',
    `${d.status?.readyReplicas ?? 0}/${d.spec.replicas ?? 0}`,
    String(d.status?.updatedReplicas ?? 0),
    String(d.status?.availableReplicas ?? 0),
    age(d, now),
    ...containerCells(d.spec.template),
    formatLabelSelector(d.spec.selector),
  ],
};

const replicas = (selector: (object: KubeObject) => string): Printer => ({
  columns: `Name:string:name,Desired:integer,Current:integer,Ready:integer,Age,${WIDE},*Selector`,
  row: (o, now) => [
    o.metadata.name ?? '',
    o.spec.replicas ?? 0,
    o.status?.replicas ?? 0,
    o.status?.readyReplicas ?? 0,
    age(o, now),
    ...containerCells(o.spec.template),
    selector(o),
  ],
});

export const replicaSet = replicas((o) => formatLabelSelector(o.spec.selector));
export const replicationController = replicas((o) => formatLabels(o.spec.selector));

export const statefulSet: Printer = {
  columns: `Name:string:name,Ready,Age,${WIDE}`,
  row: (s, now) => [
    s.metadata.name ?? '',
    `${s.status?.readyReplicas ?? 0}/${s.spec.replicas ?? 0}`,
    age(s, now),
    ...containerCells(s.spec.template),
  ],
};

export const daemonSet: Printer = {
  columns:
    'Name:string:name,Desired:integer,Current:integer,Ready:integer,Up-to-date:integer,Available:integer,Node Selector,Age,' +
    `${WIDE},*Selector`,
  row: (d, now) => [
    d.metadata.name ?? '',
    d.status?.desiredNumberScheduled ?? 0,
    d.status?.currentNumberScheduled ?? 0,
    d.status?.numberReady ?? 0,
    d.status?.updatedNumberScheduled ?? 0,
    d.status?.numberAvailable ?? 0,
    formatLabels(d.spec.template?.spec?.nodeSelector),
    age(d, now),
    ...containerCells(d.spec.template),
    formatLabelSelector(d.spec.selector),
  ],
};

function jobStatus(job: KubeObject): string {
  const holds = (type: string) =>
    job.status?.conditions?.some((c: JsonObject) => c.type === type && c.status === 'True');
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp) return 'Terminating';
  if (holds('Suspended')) return 'Suspended';
  if (holds('FailureTarget')) return 'FailureTarget';
  if (holds('SuccessCriteriaMet')) return 'SuccessCriteriaMet';
  return 'Running';
}

function jobCompletions(job: KubeObject): string {
  const succeeded = job.status?.succeeded ?? 0;
  if (job.spec.completions !== undefined) return `${succeeded}/${job.spec.completions}`;
  const parallelism = job.spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration(job: KubeObject, now: number): string {
  const start = job.status?.startTime;
  if (!start) return '';
  const end = job.status?.completionTime;
  return humanDuration((end ? Date.parse(end) : now) - Date.parse(start));
}

export const job: Printer = {
  columns: `Name:string:name,Status,Completions,Duration,Age,${WIDE},*Selector`,
  row: (j, now) => [
    j.metadata.name ?? '',
    jobStatus(j),
    jobCompletions(j),
    jobDuration(j, now),
    age(j, now),
    ...containerCells(j.spec.template),
    formatLabelSelector(j.spec.selector),
  ],
};

export const cronJob: Printer = {
  columns: `Name:string:name,Schedule,Timezone,Suspend:boolean,Active:integer,Last Schedule,Age,${WIDE},*Selector`,
  row: (c, now) => [
    c.metadata.name ?? '',
    c.spec.schedule,
    c.spec.timeZone ?? NONE,
    c.spec.suspend ? 'True' : 'False',
    c.status?.active?.length ?? 0,
    since(c.status?.lastScheduleTime, now, NONE),
    age(c, now),
    ...containerCells(c.spec.jobTemplate?.spec?.template),
    formatLabelSelector(c.spec.jobTemplate?.spec?.selector),
  ],
};

export const podTemplate: Printer = {
  columns: 'Name:string:name,Containers,Images,Pod Labels',
  row: (t) => [t.metadata.name ?? '', ...containerCells(t.template), formatLabels(t.template?.metadata?.labels)],
};

export const controllerRevision: Printer = {
  columns: 'Name:string:name,Controller,Revision:integer,Age',
  row: (r, now) => {
    const owner = r.metadata.ownerReferences?.find((ref) => ref.controller);
    const group = owner?.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : '';
    const controller = owner ? `${owner.kind.toLowerCase()}${group && `.${group}`}/${owner.name}` : NONE;
    return [r.metadata.name ?? '', controller, r.revision, age(r, now)];
  },
};

export const podDisruptionBudget: Printer = {
  columns: 'Name:string:name,Min Available,Max Unavailable,Allowed Disruptions:integer,Age',
  row: (b, now) => [
    b.metadata.name ?? '',
    b.spec.minAvailable === undefined ? 'N/A' : String(b.spec.minAvailable),
    b.spec.maxUnavailable === undefined ? 'N/A' : String(b.spec.maxUnavailable),
    b.status?.disruptionsAllowed ?? 0,
    age(b, now),
  ],
};

/** A metric source's lower-case name to where its target is and what is measured. */
function metricText(spec: JsonObject, current: JsonObject | undefined): string {
  const measured = (now: JsonObject | undefined, field: string) => String(now?.current?.[field] ?? UNKNOWN);
  switch (spec.type) {
    case 'External':
    case 'Object':
    case 'Pods': {
      const source = spec[spec.type.toLowerCase()];
      const status = current?.[spec.type.toLowerCase()];
      if (source.target.averageValue !== undefined) {
        const avg = spec.type === 'Pods' ? '' : ' (avg)';
        return `${measured(status, 'averageValue')}/${source.target.averageValue}${avg}`;
      }
      return `${measured(status, 'value')}/${source.target.value}`;
    }
    case 'Resource':
    case 'ContainerResource': {
      const field = spec.type === 'Resource' ? 'resource' : 'containerResource';
      const source = spec[field];
      const status = current?.[field];
      if (source.target.averageValue !== undefined) {
        return `${source.name}: ${measured(status, 'averageValue')}/${source.target.averageValue}`;
      }
      const utilization = status?.current?.averageUtilization;
      const target = source.target.averageUtilization;
      return `${source.name}: ${utilization === undefined ? UNKNOWN : `${utilization}%`}/${target === undefined ? '<auto>' : `${target}%`}`;
    }
    default:
      return '<unknown type>';
  }
}

function metricsText(hpa: KubeObject): string {
  const specs: JsonObject[] = hpa.spec.metrics ?? [];
  if (specs.length === 0) return NONE;
  const texts = specs.slice(0, 2).map((spec, i) => metricText(spec, hpa.status?.currentMetrics?.[i]));
  if (specs.length > 2) return `${texts.join(', ')} + ${specs.length - 2} more...`;
  return texts.join(', ');
}

export const horizontalPodAutoscaler: Printer = {
  columns: 'Name:string:name,Reference,Targets,MinPods,MaxPods,Replicas,Age',
  row: (h, now) => [
    h.metadata.name ?? '',
    `${h.spec.scaleTargetRef.kind}/${h.spec.scaleTargetRef.name}`,
    metricsText(h),
    h.spec.minReplicas === undefined ? UNSET_PODS : String(h.spec.minReplicas),
    h.spec.maxReplicas,
    h.status?.currentReplicas ?? 0,
    age(h, now),
  ],
};
const UNSET_PODS = '<unset>';

export const scale: Printer = {
  columns: 'Name:string:name,Desired:integer,Available:integer,Age',
  row: (s, now) => [s.metadata.name ?? '', s.spec.replicas ?? 0, s.status?.replicas ?? 0, age(s, now)],
};
