// Waits until a Pod's volumes are set up, saying what fails meanwhile.

import type { Co } from '../sim/index.ts';
import { quote } from './format.ts';
import { MountError, NotAttachedError } from './mount-error.ts';
import type { PodWorker } from './pod-worker.ts';
import { podRef } from './reference.ts';

/** Virtual cost of the volume manager's rounds, ms. */
const MOUNT_MS = 100;
// kubelet: podAttachAndMountTimeout; exponentialbackoff: 500 ms doubling to 2 min 2 s.
const MOUNT_TIMEOUT = 123_000;
const MOUNT_RETRY = 500;
const MOUNT_RETRY_MAX = 122_000;

/** Whether there is nothing to do about the Pod's volumes: all are set up, and no driver has to be asked. */
export function isMounted(worker: PodWorker): boolean {
  const volumes = worker.pod.spec?.volumes;
  if (!volumes?.length) return true;
  return worker.sandbox !== undefined && !worker.kubelet.hasDrivers && worker.volumes.allLocal(volumes);
}

/** Sets up all volumes of the Pod, trying again what fails; false when time is up. */
export function* mountVolumes(worker: PodWorker): Co<boolean> {
  const { kubelet, pod } = worker;
  const volumes = pod.spec?.volumes ?? [];
  if (!worker.sandbox) yield MOUNT_MS;
  else {
    yield* kubelet.expandVolumes(worker);
    if (worker.volumes.allLocal(volumes)) return true;
  }
  const since = kubelet.sim.now;
  const failures = new Map<string, { next: number; delay: number }>();
  const unattached = new Set<string>();
  for (;;) {
    let nextTry = Infinity;
    for (const volume of volumes) {
      const failure = failures.get(volume.name);
      if (failure && failure.next > kubelet.sim.now) {
        nextTry = Math.min(nextTry, failure.next);
        continue;
      }
      try {
        const found = worker.volumes.setUp(volume, worker.sandbox?.ip ?? '');
        if (found) yield* kubelet.csi.mount(worker, volume, found);
        failures.delete(volume.name);
        unattached.delete(volume.name);
      } catch (error) {
        if (error instanceof NotAttachedError) {
          unattached.add(volume.name);
          failures.set(volume.name, { next: kubelet.sim.now + MOUNT_RETRY, delay: MOUNT_RETRY / 2 });
          nextTry = Math.min(nextTry, kubelet.sim.now + MOUNT_RETRY);
          continue;
        }
        if (!(error instanceof MountError)) throw error;
        unattached.delete(volume.name);
        const text = `${error.step} failed for volume ${quote(error.volume ?? volume.name)} : ${error.message}`;
        kubelet.recorder.event(podRef(worker.pod), 'Warning', 'FailedMount', text);
        const delay = failure ? Math.min(failure.delay * 2, MOUNT_RETRY_MAX) : MOUNT_RETRY;
        failures.set(volume.name, { next: kubelet.sim.now + delay, delay });
        nextTry = Math.min(nextTry, kubelet.sim.now + delay);
      }
    }
    if (failures.size === 0) return true;
    if (nextTry > since + MOUNT_TIMEOUT) {
      yield since + MOUNT_TIMEOUT - kubelet.sim.now;
      const unmounted = [...failures.keys()].sort().join(' ');
      const text = `Unable to attach or mount volumes: unmounted volumes=[${unmounted}], unattached volumes=[${[...unattached].sort().join(' ')}], failed to process volumes=[]: context deadline exceeded`;
      kubelet.recorder.event(podRef(worker.pod), 'Warning', 'FailedMount', text);
      return false;
    }
    yield nextTry - kubelet.sim.now;
  }
}
