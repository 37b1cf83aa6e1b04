// NodeName: a Pod that names its node goes nowhere else.

import { unresolvable, type Plugin } from '../framework.ts';

const REFUSED = unresolvable("node(s) didn't match the requested node name");

export const nodeName: Plugin = {
  name: 'NodeName',
  events: ['NodeAdd'],
  filter: (pod, node) => (pod.spec.nodeName && pod.spec.nodeName !== node.name ? REFUSED : undefined),
};
