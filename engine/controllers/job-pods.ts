// The Pods of a Job: finalizer, and for indexed Jobs the index in name, label, annotation, host name and environment.

import { controllerRef } from './owners.ts';
import { podFromTemplate } from './pod-control.ts';
import type { Container, Job, JobSpec, KubeObject, Pod, PodSpec } from '../api/types.ts';

export const FINALIZER = 'batch.kubernetes.io/job-tracking';
export const FAILURE_COUNT = 'batch.kubernetes.io/job-index-failure-count';
const INDEX = 'batch.kubernetes.io/job-completion-index';

export function completionIndex(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[INDEX];
  return text === undefined || !/^[0-9]+$/.test(text) ? undefined : Number(text);
}

/** `index`: for indexed Jobs. `before`: earlier Pods, whose failures at that index are counted on. */
export function jobPod(job: Job, index: number | undefined, before: readonly Pod[]): Pod {
  const pod = podFromTemplate((job.spec as JobSpec).template, job as KubeObject, controllerRef(job, 'batch/v1', 'Job'));
  const metadata = { ...pod.metadata, finalizers: [...(pod.metadata.finalizers ?? []), FINALIZER] };
  if (index === undefined) return { ...pod, metadata };
  const name = `${job.metadata.name}-${index}`;
  const annotations: Record<string, string> = { ...metadata.annotations, [INDEX]: String(index) };
  if (job.spec?.backoffLimitPerIndex !== undefined) {
    const failed = before.filter((other) => completionIndex(other) === index && other.status?.phase === 'Failed');
    annotations[FAILURE_COUNT] = String(failed.length);
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
