// TaintToleration: NoSchedule and NoExecute taints keep Pods away that do not tolerate them; PreferNoSchedule costs points.

import { always, normalizeToMax, unresolvable, type Plugin } from '../framework.ts';
import { tolerated } from '../../api/tolerations.ts';
import type { Taint } from '../../api/types.ts';
import type { ReleaseWays } from '../release.ts';

const named = ({ key, value = '' }: Taint) => unresolvable(`node(s) had untolerated taint {${key}: ${value}}`);
const REFUSED = unresolvable('node(s) had untolerated taint(s)');

export const taintToleration = ({ namesTaints }: ReleaseWays): Plugin => ({
  name: 'TaintToleration',
  local: always,
  events: ['NodeAdd', 'NodeTaint', 'TargetPodUpdate'],
  filter(pod, node) {
    const { taints } = node;
    for (let i = 0; i < taints.length; i++) {
      const { effect } = taints[i];
      if ((effect === 'NoSchedule' || effect === 'NoExecute') && !tolerated(taints[i], pod.spec.tolerations))
        return namesTaints ? named(taints[i]) : REFUSED;
    }
    return undefined;
  },
  score(pod, node) {
    let intolerable = 0;
    const { taints } = node;
    for (let i = 0; i < taints.length; i++) {
      if (taints[i].effect !== 'PreferNoSchedule') continue;
      const able = pod.spec.tolerations?.filter(({ effect }) => !effect || effect === 'PreferNoSchedule');
      if (!tolerated(taints[i], able)) intolerable++;
    }
    return intolerable;
  },
  normalize: (_pod, scores) => normalizeToMax(scores, true),
});
