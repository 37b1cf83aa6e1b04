// A node with the sums over its Pods, kept up to date Pod by Pod.

import { allocatable, type Allocatable, type Resources } from './resources.ts';
import type { PodInfo } from './pod-info.ts';
import type { ContainerPort, Node, Taint } from '../api/types.ts';

const NO_TAINTS: readonly Taint[] = [];

export class NodeInfo {
  readonly name: string;
  /** Grows when Pods come and go. */
  generation = 0;
  /** Its position in scheduling order. */
  at = 0;
  node: Node;
  labels: Record<string, string>;
  taints: readonly Taint[];
  allocatable: Allocatable;
  readonly pods = new Map<string, PodInfo>();
  readonly requested: Resources = { cpu: 0, memory: 0, ephemeralStorage: 0, scalars: undefined };
  nonZeroCPU = 0;
  nonZeroMemory = 0;
  /** Pods with any affinity or anti-affinity towards others, and those of them with required anti-affinity. */
  readonly withAffinity = new Map<string, PodInfo>();
  readonly withAntiAffinity = new Map<string, PodInfo>();
  /** Sizes of the images that are here, by name. */
  images: ReadonlyMap<string, number>;
  private readonly ports: Record<string, number> = Object.create(null);

  constructor(node: Node) {
    this.name = node.metadata.name as string;
    this.node = node;
    this.labels = node.metadata.labels ?? {};
    this.taints = node.spec?.taints ?? NO_TAINTS;
    this.allocatable = allocatable(node.status?.allocatable);
    this.images = imagesOf(node);
  }

  /** Answers whether anything changed that a Pod's place depends on. */
  setNode(node: Node): boolean {
    const old = this.node;
    if (node.status?.allocatable !== this.node.status?.allocatable)
      this.allocatable = allocatable(node.status?.allocatable);
    if (node.status?.images !== this.node.status?.images) this.images = imagesOf(node);
    this.node = node;
    this.labels = node.metadata.labels ?? {};
    this.taints = node.spec?.taints ?? NO_TAINTS;
    return (
      node.spec !== old.spec ||
      node.metadata.labels !== old.metadata.labels ||
      node.status?.allocatable !== old.status?.allocatable ||
      node.status?.images !== old.status?.images
    );
  }

  add(pod: PodInfo) {
    this.pods.set(pod.key, pod);
    if (pod.hasAffinity) this.withAffinity.set(pod.key, pod);
    if (pod.antiAffinity.length > 0) this.withAntiAffinity.set(pod.key, pod);
    this.count(pod, 1);
  }

  remove(key: string): PodInfo | undefined {
    const pod = this.pods.get(key);
    if (!pod) return undefined;
    this.pods.delete(key);
    this.withAffinity.delete(key);
    this.withAntiAffinity.delete(key);
    this.count(pod, -1);
    return pod;
  }

  /** A copy to try removals and additions on. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.node);
    this.pods.forEach((pod) => copy.add(pod));
    return copy;
  }

  private count(pod: PodInfo, sign: 1 | -1) {
    this.generation++;
    const { request } = pod;
    const { requested } = this;
    requested.cpu += sign * request.cpu;
    requested.memory += sign * request.memory;
    requested.ephemeralStorage += sign * request.ephemeralStorage;
    this.nonZeroCPU += sign * request.nonZeroCPU;
    this.nonZeroMemory += sign * request.nonZeroMemory;
    if (request.scalars) {
      requested.scalars ??= {};
      for (const name in request.scalars) {
        requested.scalars[name] = (requested.scalars[name] ?? 0) + sign * request.scalars[name];
      }
    }
    for (let i = 0; i < pod.hostPorts.length; i++) {
      const key = portKey(pod.hostPorts[i]);
      this.ports[key] = (this.ports[key] ?? 0) + sign;
      if (this.ports[key] === 0) delete this.ports[key];
    }
  }

  /** True when a Pod here holds the port; the address 0.0.0.0 stands for every one. */
  portTaken(port: ContainerPort): boolean {
    const wanted = `${port.protocol ?? 'TCP'}/${port.hostPort}/`;
    const ip = port.hostIP || ANY;
    for (const key in this.ports) {
      if (!key.startsWith(wanted)) continue;
      const other = key.slice(wanted.length);
      if (other === ip || other === ANY || ip === ANY) return true;
    }
    return false;
  }
}

const ANY = '0.0.0.0';
const portKey = (port: ContainerPort) => `${port.protocol ?? 'TCP'}/${port.hostPort}/${port.hostIP || ANY}`;

function imagesOf(node: Node): ReadonlyMap<string, number> {
  const images = new Map<string, number>();
  for (const image of node.status?.images ?? []) {
    for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0);
  }
  return images;
}
