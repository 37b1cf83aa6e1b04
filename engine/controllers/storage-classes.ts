// The default StorageClass: the newest of those that are marked so, the first by name of equals.

import type { Informer } from '../client/index.ts';
import type { StorageClass } from '../api/types.ts';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

export function defaultClass(classes: Informer<StorageClass>): StorageClass | undefined {
  let best: StorageClass | undefined;
  for (const one of classes.list()) {
    if (one.metadata.annotations?.[DEFAULT_CLASS] !== 'true') continue;
    if (!best || before(one, best)) best = one;
  }
  return best;
}

function before({ metadata: a }: StorageClass, { metadata: b }: StorageClass): boolean {
  const [mine, other] = [a.creationTimestamp as string, b.creationTimestamp as string];
  return mine === other ? (a.name as string) < (b.name as string) : mine > other;
}
