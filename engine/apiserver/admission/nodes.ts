// TaintNodesByCondition: a node that has just registered takes no Pods until it is known to be ready.

import type { Taint } from '../../api/types.ts';
import type { AdmissionPlugin } from './types.ts';

const NOT_READY: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: (operation, info, subresource) =>
    operation === 'CREATE' && info.group === '' && info.resource === 'nodes' && subresource === '',
  mutate({ object }) {
    const taints: Taint[] = object.spec?.taints ?? [];
    if (taints.some((taint) => taint.key === NOT_READY.key && taint.effect === NOT_READY.effect)) return object;
    return { ...object, spec: { ...object.spec, taints: [...taints, NOT_READY] } };
  },
};
