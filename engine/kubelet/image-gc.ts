// Which images a kubelet throws away: those that no container has used for longest, when the disk is too full or they are too
// old.

import type { Kubelet } from './kubelet.ts';

/** One round, every five minutes: `used` and `size` of the disk in bytes. */
export function collectImages(kubelet: Kubelet, used: number, size: number, inUse: ReadonlySet<string>) {
  const { images, recorder, node, sim, tuning } = kubelet;
  const { high, low, maximumAge } = tuning.imageGC;
  for (const reference of inUse) images.usedAt.set(reference, sim.now);
  if (maximumAge > 0) {
    for (const reference of removable(kubelet, inUse)) {
      const last = images.usedAt.get(reference) ?? images.addedAt.get(reference) ?? 0;
      if (sim.now - last > maximumAge) images.remove(reference);
    }
  }
  if (used < size * high) {
    images.collectionFailed = false;
    return;
  }
  const wanted = Math.floor(used - size * low);
  const freed = removeUnused(kubelet, inUse, wanted);
  if (freed >= wanted) {
    images.collectionFailed = false;
    return;
  }
  const ref = { kind: 'Node', name: node.name, uid: node.name, apiVersion: 'v1' };
  const text = `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`;
  recorder.event(ref, 'Warning', 'FreeDiskSpaceFailed', text);
  // The kubelet says a second thing of a failure that follows one.
  if (images.collectionFailed) recorder.event(ref, 'Warning', 'ImageGCFailed', text);
  images.collectionFailed = true;
}

/** Removes images that no container uses until so many bytes have come free; how many have. */
export function removeUnused(kubelet: Kubelet, inUse: ReadonlySet<string>, need = Infinity): number {
  let freed = 0;
  for (const reference of removable(kubelet, inUse)) {
    if (freed >= need) break;
    freed += kubelet.images.remove(reference);
  }
  return freed;
}

/** Unused for longest first; what has just been pulled stays. */
function removable({ images, sim, tuning }: Kubelet, inUse: ReadonlySet<string>): string[] {
  const { addedAt, usedAt } = images;
  const order = (reference: string) => usedAt.get(reference) ?? 0;
  const added = (reference: string) => addedAt.get(reference) ?? 0;
  return images
    .references()
    .filter((one) => !inUse.has(one) && sim.now - added(one) >= tuning.imageGC.minimumAge)
    .sort((a, b) => order(a) - order(b) || added(a) - added(b));
}
