// A Pod with what the scheduler needs of it, worked out once for all Pods of a template.

import { podRequest, type PodRequest } from './resources.ts';
import { exclusiveDisk, someClaim } from './plugins/volumes.ts';
import type { NodeInfo } from './node-info.ts';
import type { Container, ContainerPort, OwnerReference, Pod, PodAffinityTerm, PodSpec, Volume } from '../api/types.ts';

export class PodInfo {
  /** As it is now; what is below does not change with it. */
  pod: Pod;
  /** On which it counts, if that is known. */
  node: NodeInfo | undefined = undefined;
  readonly key: string;
  readonly spec: PodSpec;
  readonly signature: Signature;
  readonly request: PodRequest;
  readonly hostPorts: readonly ContainerPort[];
  readonly priority: number;
  /** Required anti-affinity: what other Pods must respect as well. */
  readonly antiAffinity: readonly PodAffinityTerm[];
  readonly hasAffinity: boolean;

  constructor(pod: Pod) {
    this.pod = pod;
    this.key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    this.spec = pod.spec as PodSpec;
    const signature = (this.signature = signatureOf(pod));
    this.request = signature.request;
    this.hostPorts = signature.hostPorts;
    this.priority = signature.priority;
    this.antiAffinity = signature.antiAffinity;
    this.hasAffinity = signature.hasAffinity;
  }

  get namespace(): string {
    return this.pod.metadata.namespace as string;
  }
}

const NO_TERMS: readonly PodAffinityTerm[] = [];
const NO_PORTS: readonly ContainerPort[] = [];

/**
 * What Pods that come from one template have in common (upstream's PodSignature): namespace, labels, owners and all of
 * the spec that plug-ins look at, but for the node's name and gates, are the same. Objects do not change, so
 * what was worked out for one of these Pods holds for the others.
 */
export class Signature {
  readonly request: PodRequest;
  readonly hostPorts: readonly ContainerPort[];
  readonly priority: number;
  readonly antiAffinity: readonly PodAffinityTerm[];
  readonly hasAffinity: boolean;
  /** Claims and disks are each Pod's own affair. */
  readonly hasClaims: boolean;
  private readonly namespace: string | undefined;
  private readonly owners: readonly OwnerReference[] | undefined;
  private readonly spec: PodSpec;

  constructor(pod: Pod) {
    const spec = (this.spec = pod.spec as PodSpec);
    this.namespace = pod.metadata.namespace;
    this.owners = pod.metadata.ownerReferences;
    this.request = podRequest(pod);
    this.hostPorts = hostPorts(spec);
    this.priority = spec.priority ?? 0;
    const affinity = spec.affinity;
    this.antiAffinity = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? NO_TERMS;
    this.hasAffinity = affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined;
    this.hasClaims =
      (spec.resourceClaims?.length ?? 0) > 0 ||
      someClaim(pod, () => true) ||
      (spec.volumes?.some(exclusiveDisk) ?? false);
  }

  /** Whether it is that of a Pod with the same labels. */
  isOf({ metadata, spec }: Pod): boolean {
    const own = this.spec;
    const other = spec as PodSpec;
    return (
      every(this.owners, metadata.ownerReferences, sameOwner) &&
      this.namespace === metadata.namespace &&
      own.tolerations === other.tolerations &&
      own.affinity === other.affinity &&
      own.nodeSelector === other.nodeSelector &&
      own.topologySpreadConstraints === other.topologySpreadConstraints &&
      own.priority === other.priority &&
      own.overhead === other.overhead &&
      own.resources === other.resources &&
      own.resourceClaims === other.resourceClaims &&
      every(own.containers, other.containers, sameContainer) &&
      every(own.initContainers, other.initContainers, sameContainer) &&
      every(own.volumes, other.volumes, sameVolume)
    );
  }
}

/** The latest by labels. A signature must not lead to its labels, or it would live for ever. */
const signatures = new WeakMap<object, Signature>();

function signatureOf(pod: Pod): Signature {
  const { labels } = pod.metadata;
  const known = labels && signatures.get(labels);
  if (known?.isOf(pod)) return known;
  const signature = new Signature(pod);
  if (labels) signatures.set(labels, signature);
  return signature;
}

function every<T>(a: readonly T[] | undefined, b: readonly T[] | undefined, same: (x: T, y: T) => boolean): boolean {
  if (a === b) return true;
  if (!a || !b || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false;
  return true;
}

/** Each sync of a controller makes its reference anew. */
const sameOwner = (a: OwnerReference, b: OwnerReference) =>
  a === b || (a.uid === b.uid && a.name === b.name && a.kind === b.kind && a.controller === b.controller);

/** As far as nodes are concerned: admission gives each Pod's containers mounts of their own. */
const sameContainer = (a: Container, b: Container) =>
  a === b ||
  (a.image === b.image && a.resources === b.resources && a.ports === b.ports && a.restartPolicy === b.restartPolicy);

/** The token's volume has another name in each Pod; no plug-in looks at projected volumes. */
const sameVolume = (a: Volume, b: Volume) => a === b || (a.projected !== undefined && b.projected !== undefined);

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
