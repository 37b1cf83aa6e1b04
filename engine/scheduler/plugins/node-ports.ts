// NodePorts: host ports that the Pod asks for must be free.

import { always, SKIP, unschedulable, type Plugin } from '../framework.ts';

const REFUSED = unschedulable("node(s) didn't have free ports for the requested pod ports");

export const nodePorts: Plugin = {
  name: 'NodePorts',
  local: always,
  events: ['AssignedPodDelete', 'NodeAdd', 'TargetPodUpdate'],
  preFilter: (pod) => (pod.hostPorts.length === 0 ? SKIP : undefined),
  filter(pod, node) {
    for (let i = 0; i < pod.hostPorts.length; i++) if (node.portTaken(pod.hostPorts[i])) return REFUSED;
    return undefined;
  },
};
