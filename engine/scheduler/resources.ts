// What a Pod asks of a node, in plain numbers: millicores, bytes, counts (component-helpers/resource).

import { quantityMilli, quantityValue } from '../api/quantity.ts';
import type { Container, Pod, PodSpec } from '../api/types.ts';

export interface Resources {
  /** Millicores. */
  cpu: number;
  /** Bytes. */
  memory: number;
  /** Bytes. */
  ephemeralStorage: number;
  /** Extended resources and huge pages by name. */
  scalars: Record<string, number> | undefined;
}

// schedutil: what a container counts as having asked for when nodes are scored and it has not said.
const DEFAULT_CPU = 100;
const DEFAULT_MEMORY = 200 * 1024 * 1024;

export interface PodRequest extends Resources {
  /** With the defaults in place of what was not said: only scores look at these. */
  nonZeroCPU: number;
  nonZeroMemory: number;
}

const SPECIAL = new Set(['cpu', 'memory', 'ephemeral-storage', 'pods', 'storage']);

function addScalar(into: Resources, name: string, amount: number) {
  into.scalars ??= {};
  into.scalars[name] = (into.scalars[name] ?? 0) + amount;
}

export function zeroRequest(): PodRequest {
  return { cpu: 0, memory: 0, ephemeralStorage: 0, scalars: undefined, nonZeroCPU: 0, nonZeroMemory: 0 };
}

function addQuantities(into: PodRequest, requests: Record<string, string>) {
  for (const name in requests) {
    const text = requests[name];
    if (name === 'cpu') into.cpu += quantityMilli(text);
    else if (name === 'memory') into.memory += quantityValue(text);
    else if (name === 'ephemeral-storage') into.ephemeralStorage += quantityValue(text);
    else if (!SPECIAL.has(name)) addScalar(into, name, quantityValue(text));
  }
}

function addContainer(into: PodRequest, container: Container) {
  const requests = container.resources?.requests;
  const { cpu, memory } = into;
  if (requests) addQuantities(into, requests);
  into.nonZeroCPU += requests?.cpu === undefined ? DEFAULT_CPU : into.cpu - cpu;
  into.nonZeroMemory += requests?.memory === undefined ? DEFAULT_MEMORY : into.memory - memory;
}

function raise(into: PodRequest, floor: PodRequest) {
  into.cpu = Math.max(into.cpu, floor.cpu);
  into.memory = Math.max(into.memory, floor.memory);
  into.ephemeralStorage = Math.max(into.ephemeralStorage, floor.ephemeralStorage);
  into.nonZeroCPU = Math.max(into.nonZeroCPU, floor.nonZeroCPU);
  into.nonZeroMemory = Math.max(into.nonZeroMemory, floor.nonZeroMemory);
  for (const name in floor.scalars) {
    const short = floor.scalars[name] - (into.scalars?.[name] ?? 0);
    if (short > 0) addScalar(into, name, short);
  }
}

/** The sum of containers and sidecars, or the greatest init container if that is more, and the overhead. */
export function podRequest(pod: Pod): PodRequest {
  const spec = pod.spec as PodSpec;
  const total = zeroRequest();
  for (let i = 0; i < spec.containers.length; i++) addContainer(total, spec.containers[i]);
  if (spec.initContainers) {
    // While an init container runs, the sidecars before it run as well.
    const sidecars = zeroRequest();
    const greatest = zeroRequest();
    for (const container of spec.initContainers) {
      if (container.restartPolicy === 'Always') {
        addContainer(sidecars, container);
        addContainer(total, container);
        raise(greatest, sidecars);
      } else {
        const moment: PodRequest = { ...sidecars, scalars: sidecars.scalars && { ...sidecars.scalars } };
        addContainer(moment, container);
        raise(greatest, moment);
      }
    }
    raise(total, greatest);
  }
  const whole = spec.resources?.requests;
  if (whole) applyPodLevel(total, whole);
  if (spec.overhead) {
    const overhead = zeroRequest();
    addQuantities(overhead, spec.overhead);
    total.cpu += overhead.cpu;
    total.nonZeroCPU += overhead.cpu;
    total.memory += overhead.memory;
    total.nonZeroMemory += overhead.memory;
    total.ephemeralStorage += overhead.ephemeralStorage;
    for (const name in overhead.scalars) addScalar(total, name, overhead.scalars[name]);
  }
  return total;
}

/** Requests of the Pod as a whole take the place of its containers' sums. */
function applyPodLevel(total: PodRequest, requests: Record<string, string>) {
  const whole = zeroRequest();
  addQuantities(whole, requests);
  if (requests.cpu !== undefined) total.cpu = total.nonZeroCPU = whole.cpu;
  if (requests.memory !== undefined) total.memory = total.nonZeroMemory = whole.memory;
  for (const name in whole.scalars) {
    total.scalars ??= {};
    total.scalars[name] = whole.scalars[name];
  }
}

export interface Allocatable extends Resources {
  pods: number;
}

export function allocatable(quantities: Record<string, string> | undefined): Allocatable {
  const total = zeroRequest();
  if (quantities) addQuantities(total, quantities);
  const { cpu, memory, ephemeralStorage, scalars } = total;
  return { cpu, memory, ephemeralStorage, scalars, pods: quantities?.pods ? quantityValue(quantities.pods) : 0 };
}
