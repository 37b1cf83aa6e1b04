// Pod garbage collector: Pods of nodes that are gone or out of service, and finished Pods beyond the threshold
// (kubernetes/pkg/controller/podgc).

import { isNotFound, keyOf, timestamp } from '../client/index.ts';
import { indexByNode, podsOn } from './node-pods.ts';
import { isPodFinished } from './pods.ts';
import type { Controller } from './context.ts';
import type { Node, Pod } from '../api/types.ts';

const PERIOD = 20_000;
/** How long a node must be missing before its Pods are given up. */
const QUARANTINE = 40_000;
/** --terminated-pod-gc-threshold. */
const THRESHOLD = 12_500;
/** On a node that is down for good, as a person knows: what ends there need not be waited for. */
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

export const podGarbageCollector: Controller = {
  name: 'pod-garbage-collector-controller',
  account: 'pod-garbage-collector',
  component: 'pod-garbage-collector-controller',
  start(context) {
    const { sim } = context;
    const client = context.client.of<Pod>('v1', 'pods');
    const nodes = context.informer<Node>('v1', 'nodes');
    const pods = context.informer<Pod>('v1', 'pods');
    indexByNode(pods);
    /** Missing nodes that Pods are bound to, and since when that is known. */
    const missing = new Map<string, number>();
    const suspects = new Set<string>();
    const finished = new Set<string>();

    const forceDelete = (pod: Pod, reason: string, message: string) => {
      const { namespace, name, uid, generation } = pod.metadata;
      try {
        if (!isPodFinished(pod)) {
          const disrupted = {
            type: 'DisruptionTarget',
            status: 'True',
            reason,
            message,
            lastTransitionTime: timestamp(sim.now),
            observedGeneration: generation,
          };
          const status = { phase: 'Failed', ...(reason && { conditions: [disrupted] }) };
          client.patch(namespace as string, name as string, 'strategic', { metadata: { uid }, status }, 'status');
        }
        client.delete(namespace as string, name as string, { gracePeriodSeconds: 0, preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    };

    const queue = context.queue(() => {
      suspects.forEach((name) => {
        if (nodes.byKey(name) || podsOn(pods, name).length === 0) {
          suspects.delete(name);
          missing.delete(name);
        } else if (!missing.has(name)) missing.set(name, sim.now);
      });
      missing.forEach((since, name) => {
        if (sim.now - since < QUARANTINE) return;
        for (const pod of podsOn(pods, name)) forceDelete(pod, 'DeletionByPodGC', 'PodGC: node no longer exists');
      });
      for (const node of nodes.list()) {
        if (!isOutOfService(node)) continue;
        for (const pod of podsOn(pods, keyOf(node))) if (pod.metadata.deletionTimestamp) forceDelete(pod, '', '');
      }
      if (finished.size > THRESHOLD) {
        const oldest = [...finished].map((key) => pods.byKey(key) as Pod);
        const created = (pod: Pod) => pod.metadata.creationTimestamp as string;
        oldest.sort((a, b) => (created(a) < created(b) ? -1 : created(a) > created(b) ? 1 : 0));
        for (const pod of oldest.slice(0, finished.size - THRESHOLD)) forceDelete(pod, '', '');
      }
    });

    const note = (pod: Pod, old?: Pod) => {
      const nodeName = pod.spec?.nodeName;
      if (nodeName && nodeName !== old?.spec?.nodeName && !nodes.byKey(nodeName)) suspects.add(nodeName);
      if (isPodFinished(pod)) finished.add(keyOf(pod));
    };
    pods.on({ add: (pod) => note(pod), update: note, delete: (pod) => void finished.delete(keyOf(pod)) });
    nodes.on({ delete: (node) => void suspects.add(keyOf(node)) });
    context.every(PERIOD, () => queue.add('pods'));
  },
};

function isOutOfService({ spec, status }: Node): boolean {
  if (!spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE)) return false;
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True';
}
