// In-place resize of a Pod's containers: what the node has allocated may differ from what the spec asks for, until
// there is room for it and the runtime has been told.

import type { Container as ContainerSpec, Pod, PodSpec, ResourceRequirements } from '../api/types.ts';
import type { Container } from './container.ts';
import { isSidecar } from './pod-spec.ts';
import type { PodWorker } from './pod-worker.ts';
import { podRef } from './reference.ts';
import { limitsOf } from './runtime.ts';

// kubelet: retryDelay of deferred resizes.
const RETRY_MS = 180_000;

export interface ResizeCondition {
  type: 'PodResizePending' | 'PodResizeInProgress';
  reason?: string;
  message?: string;
}

const NO_CONDITIONS: readonly ResizeCondition[] = [];
const NO_CONTAINERS: readonly Container[] = [];

export class PodResize {
  private readonly worker: PodWorker;
  /** By container: what it has been given. */
  private readonly allocated = new Map<string, ResourceRequirements>();
  /** The last spec that asked for just that. */
  private agreed: PodSpec | undefined;
  pending: ResizeCondition | undefined;
  inProgress: ResizeCondition | undefined;

  constructor(worker: PodWorker) {
    this.worker = worker;
  }

  /** The Pod has been admitted as it is. */
  admit(pod: Pod) {
    for (const { name, resources } of resizable(pod)) this.allocated.set(name, resources ?? {});
    this.agreed = pod.spec;
  }

  get conditions(): readonly ResizeCondition[] {
    const { pending, inProgress } = this;
    if (!pending) return inProgress ? [inProgress] : NO_CONDITIONS;
    return inProgress ? [pending, inProgress] : [pending];
  }

  requestsOf(name: string): Record<string, string> | undefined {
    return this.allocated.get(name)?.requests;
  }

  /** The Pod with what it has been given instead of what it asks for. */
  allocatedPod(pod: Pod): Pod {
    if (pod.spec === this.agreed) return pod;
    const differs = resizable(pod).some(({ name, resources }) => {
      const given = this.allocated.get(name);
      return given !== undefined && given !== resources && !equal(given, resources);
    });
    if (!differs) {
      this.agreed = pod.spec;
      return pod;
    }
    const given = (container: ContainerSpec) => ({
      ...container,
      resources: this.allocated.get(container.name) ?? container.resources,
    });
    const spec = pod.spec as PodSpec;
    return {
      ...pod,
      spec: { ...spec, containers: spec.containers.map(given), initContainers: spec.initContainers?.map(given) },
    };
  }

  /** Gives the Pod what it asks for now, if the node has it; else says why it has to wait. */
  consider(pod: Pod) {
    if (this.allocatedPod(pod) === pod) {
      this.pending = undefined;
      return;
    }
    const { worker } = this;
    const { kubelet } = worker;
    const refusal = kubelet.allocation.grow(worker, pod);
    if (!refusal) {
      this.admit(pod);
      this.pending = undefined;
      this.inProgress = { type: 'PodResizeInProgress' };
      kubelet.recorder.event(podRef(pod), 'Normal', 'ResizeStarted', `Pod resize started: ${summary(pod)}`);
      return;
    }
    const { reason, message } = refusal;
    if (this.pending?.reason !== reason || this.pending.message !== message) {
      this.pending = { type: 'PodResizePending', reason, message };
      const text = `Pod resize ${reason}: ${summary(pod, message)}`;
      kubelet.recorder.event(podRef(pod), 'Warning', `Resize${reason}`, text);
    }
    if (reason === 'Deferred') kubelet.sim.after(RETRY_MS, () => worker.requestSync());
  }

  /** Tells the runtime; containers that have to be started again for it are returned. */
  actuate(pod: Pod): readonly Container[] {
    if (!this.inProgress) return NO_CONTAINERS;
    const restart: Container[] = [];
    let error: string | undefined;
    for (const spec of resizable(pod)) {
      const current = this.worker.records.get(spec.name)?.current;
      const wanted = this.allocated.get(spec.name);
      if (current?.state !== 'running' || !wanted || equal(current.resources, wanted)) continue;
      if (needsRestart(spec, current.resources, wanted)) {
        restart.push(current);
        continue;
      }
      const limits = limitsOf({ resources: wanted }, pod);
      if (limits.memory !== undefined && limits.memory < current.cgroup.memory) {
        error = `attempting to set container memory limit (${limits.memory}) below current usage (${current.cgroup.memory})`;
        continue;
      }
      current.resize(wanted, limits);
      this.worker.kubelet.containerChanged(this.worker);
    }
    if (error !== undefined && this.inProgress.message !== error) {
      this.inProgress = { type: 'PodResizeInProgress', reason: 'Error', message: error };
      const { recorder } = this.worker.kubelet;
      recorder.event(podRef(pod), 'Warning', 'ResizeError', `Pod resize error: ${summary(pod, error)}`);
      this.worker.kubelet.containerChanged(this.worker, true);
    }
    return restart;
  }

  /** Whether all running containers have what they have been given. */
  settle(pod: Pod) {
    if (!this.inProgress) return;
    for (const { name } of resizable(pod)) {
      const current = this.worker.records.get(name)?.current;
      if (current?.state !== 'running') return;
      if (!equal(current.resources, this.allocated.get(name))) return;
    }
    this.inProgress = undefined;
    this.worker.kubelet.recorder.event(
      podRef(pod),
      'Normal',
      'ResizeCompleted',
      `Pod resize completed: ${summary(pod)}`,
    );
  }
}

const resizable = ({ spec }: Pod): ContainerSpec[] => {
  const containers = spec?.containers ?? [];
  return spec?.initContainers ? [...spec.initContainers.filter(isSidecar), ...containers] : containers;
};

function needsRestart(spec: ContainerSpec, before: ResourceRequirements, after: ResourceRequirements): boolean {
  return (spec.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === 'RestartContainer' &&
      (before.requests?.[resourceName] !== after.requests?.[resourceName] ||
        before.limits?.[resourceName] !== after.limits?.[resourceName]),
  );
}

/** Whether both ask for the same CPU and memory. */
function equal(a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): boolean {
  for (const name of ['cpu', 'memory']) {
    if (a?.requests?.[name] !== b?.requests?.[name] || a?.limits?.[name] !== b?.limits?.[name]) return false;
  }
  return true;
}

const byName = (amounts: Record<string, string>) =>
  Object.fromEntries(
    Object.keys(amounts)
      .sort()
      .map((name) => [name, amounts[name]]),
  );

/** As the kubelet's events show a resize: JSON. */
function summary(pod: Pod, error?: string): string {
  const of = (list: readonly ContainerSpec[] | undefined) =>
    list?.map(({ name, resources = {} }) => {
      const { limits, requests } = resources;
      return {
        name,
        resources: { ...(limits && { limits: byName(limits) }), ...(requests && { requests: byName(requests) }) },
      };
    });
  const init = of(pod.spec?.initContainers);
  return JSON.stringify({
    ...(init?.length && { initContainers: init }),
    containers: of(pod.spec?.containers),
    generation: pod.metadata?.generation,
    ...(error !== undefined && { error }),
  });
}
