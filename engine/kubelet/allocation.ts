// What a node has given away: CPU and memory by the requests of the Pods that it has admitted, and whether there is room
// for another one or for one to grow.

import { quantityMilli, quantityValue } from '../api/quantity.ts';
import type { Pod, PodSpec } from '../api/types.ts';
import { podRequests } from './pod-spec.ts';
import type { PodWorker } from './pod-worker.ts';

type Amounts = Record<'cpu' | 'memory', number>;
const RESOURCES = ['cpu', 'memory'] as const;
const NOTHING: Amounts = { cpu: 0, memory: 0 };

export class Allocation {
  /** Millicores, bytes. */
  private capacity: Amounts = NOTHING;
  private maxPods = 0;
  private used: Amounts = NOTHING;
  private pods = 0;
  /** Pods that wait for room to grow. */
  private readonly waiting = new Set<PodWorker>();

  constructor(allocatable: Readonly<Record<string, string>>) {
    this.offer(allocatable);
  }

  /** How much there is to give away. */
  offer(allocatable: Readonly<Record<string, string>>) {
    this.capacity = { cpu: quantityMilli(allocatable.cpu), memory: quantityValue(allocatable.memory) };
    this.maxPods = Number(allocatable.pods);
  }

  /** Why a Pod cannot run here; undefined when it can. */
  refusal(pod: Pod): { reason: string; message: string } | undefined {
    const wanted = podRequests(pod.spec as PodSpec);
    for (const name of RESOURCES) {
      const shortage = this.shortage(name, wanted[name], this.used[name], this.capacity[name]);
      if (shortage) return shortage;
    }
    return this.shortage('pods', 1, this.pods, this.maxPods);
  }

  /** How much of each has to come free before a Pod fits. */
  missing(pod: Pod): [keyof Amounts | 'pods', number][] {
    const wanted = podRequests(pod.spec as PodSpec);
    const list: [keyof Amounts | 'pods', number][] = [];
    for (const name of RESOURCES) {
      const amount = wanted[name] + this.used[name] - this.capacity[name];
      if (wanted[name] > 0 && amount > 0) list.push([name, amount]);
    }
    if (this.pods >= this.maxPods) list.push(['pods', this.pods + 1 - this.maxPods]);
    return list;
  }

  private shortage(resource: string, requested: number, used: number, capacity: number) {
    if (requested === 0 || requested + used <= capacity) return undefined;
    const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
    return { reason: `OutOf${resource}`, message };
  }

  /** Counts a Pod in. */
  add(worker: PodWorker) {
    worker.accounted = NOTHING;
    this.pods++;
    this.change(worker, podRequests(worker.pod.spec as PodSpec));
  }

  /** Counts it out again; Pods that wait to grow may have room now. */
  remove(worker: PodWorker) {
    this.pods--;
    this.change(worker, NOTHING);
    this.waiting.delete(worker);
    this.waiting.forEach((other) => other.requestSync());
  }

  /** The Pod is given what it asks for now, or told why not. */
  grow(worker: PodWorker, pod: Pod): { reason: 'Infeasible' | 'Deferred'; message: string } | undefined {
    this.waiting.delete(worker);
    if (worker.isStatic) return { reason: 'Infeasible', message: 'In-place resize of static-pods is not supported' };
    const wanted = podRequests(pod.spec as PodSpec);
    for (const name of RESOURCES) {
      if (wanted[name] <= this.capacity[name]) continue;
      const message = `Node didn't have enough capacity: ${name}, requested: ${wanted[name]}, capacity: ${this.capacity[name]}`;
      return { reason: 'Infeasible', message };
    }
    for (const name of RESOURCES) {
      const others = this.used[name] - worker.accounted[name];
      const shortage = this.shortage(name, wanted[name], others, this.capacity[name]);
      if (!shortage) continue;
      this.waiting.add(worker);
      return { reason: 'Deferred', message: shortage.message };
    }
    this.change(worker, wanted);
    return undefined;
  }

  private change(worker: PodWorker, requests: Amounts) {
    const { accounted } = worker;
    const { cpu, memory } = this.used;
    this.used = {
      cpu: cpu + requests.cpu - accounted.cpu,
      memory: memory + requests.memory - accounted.memory,
    };
    worker.accounted = requests;
  }
}
