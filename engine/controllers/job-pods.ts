// The Pods of a Job: finalizer, and for indexed Jobs the index in name, label, annotation, host name and environment;
// and which of them go when there are too many.

import { controllerRef } from './owners.ts';
import { judgeFailure } from './job-policies.ts';
import { podFromTemplate } from './pod-control.ts';
import { podsToDelete } from './pod-ranking.ts';
import type { Container, Job, JobSpec, KubeObject, Pod, PodSpec } from '../api/types.ts';

export const FINALIZER = 'batch.kubernetes.io/job-tracking';
const FAILURE_COUNT = 'batch.kubernetes.io/job-index-failure-count';
const IGNORED_COUNT = 'batch.kubernetes.io/job-index-ignored-failure-count';
const INDEX = 'batch.kubernetes.io/job-completion-index';

export function completionIndex(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[INDEX];
  return text === undefined || !/^[0-9]+$/.test(text) ? undefined : Number(text);
}

/** How often the index had failed before this Pod: what counts, and what the failure policy ignored. */
export function failuresOf({ metadata: { annotations } }: Pod): { counted: number; ignored: number } {
  return { counted: Number(annotations?.[FAILURE_COUNT] ?? 0), ignored: Number(annotations?.[IGNORED_COUNT] ?? 0) };
}

/** By the spec of a Job without indexes, the object for all its Pods: the API server need not look at it again. */
const made = new WeakMap<JobSpec, { owner: string; pod: Pod }>();

/** The Pod of a Job without indexes. */
export function plainPod(job: Job): Pod {
  const spec = job.spec as JobSpec;
  const owner = job.metadata.uid as string;
  const known = made.get(spec);
  if (known?.owner === owner) return known.pod;
  const pod = jobPod(job, undefined, undefined);
  made.set(spec, { owner, pod });
  return pod;
}

/** `index`: for indexed Jobs. `failed`: the Pod that the new one replaces, when failures are counted by index. */
export function jobPod(job: Job, index: number | undefined, failed: Pod | undefined): Pod {
  const pod = podFromTemplate((job.spec as JobSpec).template, job as KubeObject, controllerRef(job, 'batch/v1', 'Job'));
  const metadata = { ...pod.metadata, finalizers: [...(pod.metadata.finalizers ?? []), FINALIZER] };
  if (index === undefined) return { ...pod, metadata };
  const name = `${job.metadata.name}-${index}`;
  const annotations: Record<string, string> = { ...metadata.annotations, [INDEX]: String(index) };
  if (job.spec?.backoffLimitPerIndex !== undefined) {
    const { counted, ignored } = failed ? countOn(job, failed) : { counted: 0, ignored: 0 };
    annotations[FAILURE_COUNT] = String(counted);
    if (ignored > 0) annotations[IGNORED_COUNT] = String(ignored);
  }
  const spec = pod.spec as PodSpec;
  const variable = {
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } },
  };
  const withIndex = (container: Container): Container => {
    if (container.env?.some((one) => one.name === variable.name)) return container;
    return { ...container, env: [...(container.env ?? []), variable] };
  };
  return {
    ...pod,
    metadata: {
      ...metadata,
      generateName: `${name}-`,
      annotations,
      labels: { ...metadata.labels, [INDEX]: String(index) },
    },
    spec: {
      ...spec,
      ...(spec.restartPolicy !== undefined && !spec.hostname && { hostname: name }),
      containers: spec.containers.map(withIndex),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(withIndex) }),
    },
  };
}

function countOn(job: Job, failed: Pod): { counted: number; ignored: number } {
  const { counted, ignored } = failuresOf(failed);
  return judgeFailure(job, failed).action === 'Ignore'
    ? { counted, ignored: ignored + 1 }
    : { counted: counted + 1, ignored };
}

/** The active Pods to delete: those at indexes that are not wanted or taken twice, and as many others as make `surplus`. */
export function surplusPods(job: Job, active: readonly Pod[], surplus: number, now: number): Pod[] {
  const { completionMode, completions = Infinity } = job.spec as JobSpec;
  if (completionMode !== 'Indexed') return surplus > 0 ? podsToDelete(active, undefined, surplus, now) : [];
  const at = new Map<number, Pod[]>();
  const removed: Pod[] = [];
  for (const pod of active) {
    const index = completionIndex(pod);
    if (index === undefined || index >= completions) removed.push(pod);
    else if (at.has(index)) (at.get(index) as Pod[]).push(pod);
    else at.set(index, [pod]);
  }
  at.forEach((same) => {
    if (same.length > 1) removed.push(...podsToDelete(same, undefined, same.length - 1, now));
  });
  if (removed.length >= surplus) return removed;
  const gone = new Set(removed);
  const left = active.filter((pod) => !gone.has(pod));
  return [...removed, ...podsToDelete(left, undefined, surplus - removed.length, now)];
}
