// Volumes that show what is in an image: pulled before a container that mounts them is made, and never written to.

import type { Container as ContainerSpec } from '../api/types.ts';
import { DirNode } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { Waiting } from './image-manager.ts';
import type { PodWorker } from './pod-worker.ts';
import { podRef } from './reference.ts';

/** Sees to it that the images of all volumes that the container mounts are on the node; why one cannot be had. */
export function* pullImageVolumes(worker: PodWorker, spec: ContainerSpec): Co<Waiting | undefined> {
  const { kubelet, pod, volumes } = worker;
  for (const { name, image } of pod.spec?.volumes ?? []) {
    if (!image || !spec.volumeMounts?.some((mount) => mount.name === name)) continue;
    const wanted = { image: image.reference, imagePullPolicy: image.pullPolicy };
    const found = yield* kubelet.images.ensure(pod, wanted, podRef(pod));
    if ('reason' in found) return found;
    volumes.provide(name, new DirNode({ lower: found.tree() }), { device: 'overlay', type: 'overlay', readOnly: true });
  }
  return undefined;
}
