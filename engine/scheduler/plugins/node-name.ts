// NodeName: a Pod that names its node goes nowhere else.

import { always, SKIP, unresolvable, type Plugin } from '../framework.ts';

const REFUSED = unresolvable("node(s) didn't match the requested node name");

export const nodeName: Plugin = {
  name: 'NodeName',
  local: always,
  events: ['NodeAdd'],
  preFilter: (pod) => (pod.spec.nodeName ? undefined : SKIP),
  filter: (pod, node) => (pod.spec.nodeName !== node.name ? REFUSED : undefined),
};
