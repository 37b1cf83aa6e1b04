// Pods as the runtime and systemd know them: names of sandboxes, and the slice of cgroups that a Pod is in.

import { podQOSClass } from '../api/qos.ts';
import type { Kubelet } from './kubelet.ts';

export type Worker = Kubelet['workers'] extends ReadonlyMap<string, infer One> ? One : never;

/** Names of sandboxes; nothing but the runtime shows them. */
const sandboxIds = new WeakMap<object, string>();

export function sandboxId({ sandbox, kubelet }: Worker): string {
  if (!sandbox) return '';
  let id = sandboxIds.get(sandbox);
  if (!id) sandboxIds.set(sandbox, (id = kubelet.sim.random('sandbox-id').hex(64)));
  return id;
}

export const ROOT = 'kubepods.slice';
const parentSlice = (qos: string): string => (qos === 'Guaranteed' ? ROOT : `kubepods-${qos.toLowerCase()}.slice`);
export const qosOf = ({ pod }: Worker): string => (pod.spec ? podQOSClass(pod.spec) : 'BestEffort');

export function podSliceName(worker: Worker): string {
  const qos = qosOf(worker);
  const parent = parentSlice(qos).replace(/\.slice$/, '');
  // A static Pod's UID is the hash of its manifest.
  return `${parent}-pod${worker.uid.replaceAll('-', '_')}.slice`;
}

/** `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod….slice` */
export function podSlice(worker: Worker): string {
  const qos = qosOf(worker);
  const above = qos === 'Guaranteed' ? `/${ROOT}` : `/${ROOT}/${parentSlice(qos)}`;
  return `${above}/${podSliceName(worker)}`;
}
