// What happens in the cluster, as the scheduler takes it: into its cache, into its queue, and as events that may help
// Pods that were refused (kubernetes/pkg/scheduler/eventhandlers.go).

import { keyOf, type InformerFactory } from '../client/index.ts';
import type { Storage } from './plugins/volumes.ts';
import type { Node, Pod } from '../api/types.ts';
import type { Cache } from './cache.ts';
import type { ClusterEvent } from './framework.ts';
import type { SchedulingQueue } from './queue.ts';

export interface WatchOptions {
  informers: InformerFactory;
  storage: Storage;
  cache: Cache;
  queue: SchedulingQueue;
  /** Whether this scheduler is the one that the Pod asks for. */
  responsible: (pod: Pod) => boolean;
  /** A Pod that waited is gone or scheduled; `key` is its 'namespace/name'. */
  gone: (pod: Pod, key: string) => void;
}

function finished({ status }: Pod): boolean {
  const phase = status?.phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Answers how to stop. */
export function watchCluster({ informers, storage, cache, queue, responsible, gone }: WatchOptions): () => void {
  let stopped = false;

  function placed(pod: Pod, old: Pod | undefined) {
    if (finished(pod)) {
      if (old && !finished(old)) removed(pod);
      return;
    }
    const before = old?.spec?.nodeName ? old : undefined;
    const key = keyOf(pod);
    cache.setPod(pod, key);
    if (!before) {
      queue.remove(key);
      if (old) gone(pod, key);
      queue.moveOn('AssignedPodAdd', undefined, pod);
      return;
    }
    if (before.metadata.labels !== pod.metadata.labels) queue.moveOn('AssignedPodUpdateLabel', undefined, pod);
    if (before.spec?.containers !== pod.spec?.containers) queue.moveOn('AssignedPodScaleDown', undefined, pod);
  }

  function removed(pod: Pod) {
    const { nodeName } = pod.spec ?? {};
    const key = keyOf(pod);
    if (nodeName) {
      cache.removePod(key, nodeName);
      queue.moveOn('AssignedPodDelete', cache.node(nodeName), pod);
    } else {
      queue.remove(key);
      gone(pod, key);
    }
  }

  informers.of<Node>('v1', 'nodes').on({
    add(node) {
      if (!stopped) queue.moveOn('NodeAdd', cache.setNode(node));
    },
    update(node, old) {
      if (stopped) return;
      const info = cache.setNode(node);
      for (const event of nodeEvents(node, old)) queue.moveOn(event, info);
    },
    delete(node) {
      if (stopped) return;
      cache.removeNode(node.metadata.name as string);
      queue.moveOn('NodeDelete');
    },
  });

  informers.of<Pod>('v1', 'pods').on({
    add(pod) {
      if (stopped) return;
      if (pod.spec?.nodeName) placed(pod, undefined);
      else if (responsible(pod) && !pod.metadata.deletionTimestamp && !finished(pod)) queue.add(pod);
    },
    update(pod, old) {
      if (stopped) return;
      if (pod.spec?.nodeName) placed(pod, old);
      // One whose binding is under way is not tried again meanwhile.
      else if (!responsible(pod) || cache.isAssumed(keyOf(pod))) return;
      else if (pod.metadata.deletionTimestamp || finished(pod)) queue.remove(keyOf(pod));
      else
        queue.update(
          pod,
          pod.spec !== old.spec ||
            pod.metadata.labels !== old.metadata.labels ||
            pod.status?.resourceClaimStatuses !== old.status?.resourceClaimStatuses,
        );
    },
    delete(pod) {
      if (!stopped) removed(pod);
    },
  });

  const stored = () => {
    if (!stopped) queue.moveOn('Storage');
  };
  for (const informer of [storage.claims, storage.volumes, storage.classes, storage.csiNodes])
    informer.on({ add: stored, update: stored });

  return () => {
    stopped = true;
  };
}

/** Whether what an update sent anew is as it was. */
export const same = (a: unknown, b: unknown) => a === b || JSON.stringify(a) === JSON.stringify(b);

function nodeEvents(node: Node, old: Node): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  if (!same(node.status?.allocatable, old.status?.allocatable)) events.push('NodeAllocatable');
  if (!same(node.metadata.labels, old.metadata.labels)) events.push('NodeLabel');
  const cordoned = (node.spec?.unschedulable ?? false) !== (old.spec?.unschedulable ?? false);
  if (cordoned || !same(node.spec?.taints, old.spec?.taints)) events.push('NodeTaint');
  return events;
}
