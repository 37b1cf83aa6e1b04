// Taint eviction: Pods leave nodes with NoExecute taints that they do not tolerate, at once or when their
// tolerationSeconds are over (kubernetes/pkg/controller/tainteviction).

import { isNotFound, keyOf, timestamp } from '../client/index.ts';
import { tolerates } from '../api/tolerations.ts';
import { indexByNode, podsOn } from './node-pods.ts';
import type { Controller } from './context.ts';
import type { Node, Pod, Taint } from '../api/types.ts';
import type { Timer } from '../sim/index.ts';

/** A Pod that will be deleted, and when that was decided. */
interface Planned {
  since: number;
  at: number;
  timer: Timer;
}

const NO_TAINTS: Taint[] = [];

export const taintEvictionController: Controller = {
  name: 'taint-eviction-controller',
  account: 'node-controller',
  component: 'taint-eviction-controller',
  componentIn: ({ evictsApart }) => (evictsApart ? 'taint-eviction-controller' : 'taint-controller'),
  start(context) {
    const { sim, recorder } = context;
    const client = context.client.of<Pod>('v1', 'pods');
    const nodes = context.informer<Node>('v1', 'nodes');
    const pods = context.informer<Pod>('v1', 'pods');
    indexByNode(pods);
    const planned = new Map<string, Planned>();

    const evict = (key: string) => {
      planned.delete(key);
      const pod = pods.byKey(key);
      if (!pod || pod.metadata.deletionTimestamp) return;
      const { namespace, name, uid, generation } = pod.metadata;
      recorder.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
      const disrupted = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByTaintManager',
        message: 'Taint manager: deleting due to NoExecute taint',
        lastTransitionTime: timestamp(sim.now),
        observedGeneration: generation,
      };
      try {
        client.patch(
          namespace as string,
          name as string,
          'strategic',
          { metadata: { uid }, status: { conditions: [disrupted] } },
          'status',
        );
        client.delete(namespace as string, name as string);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    };
    const cancel = (key: string, pod: Pod | undefined) => {
      const plan = planned.get(key);
      if (!plan) return;
      plan.timer.cancel();
      planned.delete(key);
      if (pod) recorder.event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
    };

    const podQueue = context.queue((key) => {
      const pod = pods.byKey(key);
      if (!pod || pod.metadata.deletionTimestamp || !pod.spec?.nodeName) {
        cancel(key, undefined);
        return;
      }
      const taints = executing(nodes.byKey(pod.spec.nodeName));
      const stay = taints.length === 0 ? Infinity : stayOf(pod, taints);
      if (stay === Infinity) {
        cancel(key, pod);
      } else if (stay <= 0) {
        planned.get(key)?.timer.cancel();
        evict(key);
      } else {
        const known = planned.get(key);
        const since = known?.since ?? sim.now;
        if (known?.at === since + stay) return;
        known?.timer.cancel();
        planned.set(key, { since, at: since + stay, timer: sim.at(since + stay, () => evict(key)) });
      }
    });

    nodes.on({
      update(node, old) {
        if (node.spec?.taints === old.spec?.taints) return;
        if (executing(node).length === 0 && executing(old).length === 0) return;
        for (const pod of podsOn(pods, keyOf(node))) podQueue.add(keyOf(pod));
      },
    });
    const consider = (pod: Pod) => {
      if (pod.spec?.nodeName && executing(nodes.byKey(pod.spec.nodeName)).length > 0) podQueue.add(keyOf(pod));
    };
    pods.on({
      add: consider,
      update(pod, old) {
        if (pod.spec?.nodeName !== old.spec?.nodeName || pod.spec?.tolerations !== old.spec?.tolerations) consider(pod);
      },
      delete: (pod) => cancel(keyOf(pod), undefined),
    });
  },
};

function executing(node: Node | undefined): Taint[] {
  const taints = node?.spec?.taints;
  return taints ? taints.filter(({ effect }) => effect === 'NoExecute') : NO_TAINTS;
}

/** How long the Pod may stay, ms: 0 when a taint is not tolerated, Infinity when all are for good. */
function stayOf(pod: Pod, taints: readonly Taint[]): number {
  let least = Infinity;
  for (const taint of taints) {
    const used = pod.spec?.tolerations?.filter((toleration) => tolerates(toleration, taint)) ?? [];
    if (used.length === 0) return 0;
    for (const { tolerationSeconds } of used) {
      if (tolerationSeconds !== undefined) least = Math.min(least, Math.max(0, tolerationSeconds) * 1000);
    }
  }
  return least;
}
