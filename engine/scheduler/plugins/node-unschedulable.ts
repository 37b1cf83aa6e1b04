// NodeUnschedulable: cordoned nodes take only Pods that tolerate it.

import { always, unresolvable, type Plugin } from '../framework.ts';
import { tolerated } from '../../api/tolerations.ts';

const REFUSED = unresolvable('node(s) were unschedulable');
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  local: always,
  events: ['NodeAdd', 'NodeTaint', 'TargetPodUpdate'],
  filter: (pod, node) =>
    node.node.spec?.unschedulable && !tolerated(TAINT, pod.spec.tolerations) ? REFUSED : undefined,
};
