// The cluster as it is drawn beside a page: nodes, their Pods and the Pods that wait.

import type { Cluster } from './cluster.ts';
import { podSummary } from './api/index.ts';
import type { Pod } from './api/types.ts';

export interface PictureOfPod {
  namespace: string;
  name: string;
  phase: string;
  ready: boolean;
  status: string;
}

export function picture(cluster: Cluster) {
  const { client } = cluster;
  const byNode = new Map<string, PictureOfPod[]>();
  const pending: PictureOfPod[] = [];
  for (const pod of client.of<Pod>('v1', 'pods').list('')) {
    const item: PictureOfPod = {
      namespace: pod.metadata.namespace as string,
      name: pod.metadata.name as string,
      phase: pod.status?.phase ?? 'Pending',
      ready: pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false,
      status: podSummary(pod).status,
    };
    const node = pod.spec?.nodeName;
    if (!node) pending.push(item);
    else if (byNode.has(node)) byNode.get(node)?.push(item);
    else byNode.set(node, [item]);
  }
  const nodes = client
    .of('v1', 'nodes', false)
    .list('')
    .map((node) => ({
      name: node.metadata.name as string,
      ready:
        node.status?.conditions?.some(
          (c: { type: string; status: string }) => c.type === 'Ready' && c.status === 'True',
        ) ?? false,
      schedulable: !node.spec?.unschedulable,
      pods: byNode.get(node.metadata.name as string) ?? [],
    }));
  return { now: cluster.sim.now, nodes, pending };
}
