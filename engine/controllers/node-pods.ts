// Pods by the node that they are bound to.

import type { Informer } from '../client/index.ts';
import type { Pod } from '../api/types.ts';

const BY_NODE = 'node';

export function indexByNode(pods: Informer<Pod>) {
  pods.addIndex(BY_NODE, (pod) => pod.spec?.nodeName || undefined, 'spec');
}

export const podsOn = (pods: Informer<Pod>, node: string): Pod[] => pods.byIndex(BY_NODE, node);
