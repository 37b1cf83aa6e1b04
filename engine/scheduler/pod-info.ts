// A Pod with what the scheduler needs of it, worked out once.

import { podRequest, type PodRequest } from './resources.ts';
import type { ContainerPort, Pod, PodAffinityTerm, PodSpec } from '../api/types.ts';

export class PodInfo {
  /** As it is now; what is below does not change with it. */
  pod: Pod;
  readonly key: string;
  readonly spec: PodSpec;
  readonly request: PodRequest;
  readonly hostPorts: readonly ContainerPort[];
  readonly priority: number;
  /** Required anti-affinity: what other Pods must respect as well. */
  readonly antiAffinity: readonly PodAffinityTerm[];
  readonly hasAffinity: boolean;

  constructor(pod: Pod) {
    this.pod = pod;
    this.key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    const spec = (this.spec = pod.spec as PodSpec);
    this.request = podRequest(pod);
    this.hostPorts = hostPorts(spec);
    this.priority = spec.priority ?? 0;
    const affinity = spec.affinity;
    this.antiAffinity = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? NO_TERMS;
    this.hasAffinity = affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined;
  }

  get namespace(): string {
    return this.pod.metadata.namespace as string;
  }
}

const NO_TERMS: readonly PodAffinityTerm[] = [];
const NO_PORTS: readonly ContainerPort[] = [];

function hostPorts(spec: PodSpec): readonly ContainerPort[] {
  let list: ContainerPort[] | undefined;
  const collect = (ports: ContainerPort[] | undefined) => {
    if (!ports) return;
    for (let i = 0; i < ports.length; i++) {
      if ((ports[i].hostPort ?? 0) > 0) (list ??= []).push(ports[i]);
    }
  };
  for (let i = 0; i < spec.containers.length; i++) collect(spec.containers[i].ports);
  for (const container of spec.initContainers ?? []) if (container.restartPolicy === 'Always') collect(container.ports);
  return list ?? NO_PORTS;
}
