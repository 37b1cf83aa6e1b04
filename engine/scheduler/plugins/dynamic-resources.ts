// DynamicResources, as far as it speaks for Pods without claims; a Pod with claims waits, since nothing allocates them.

import { unresolvable, type Plugin } from '../framework.ts';
import type { ReleaseWays } from '../release.ts';

const NOTHING = unresolvable('no new claims to deallocate');

export const dynamicResources = ({ tellsOfClaims }: ReleaseWays): Plugin => ({
  name: 'DynamicResources',
  events: ['TargetPodUpdate'],
  preEnqueue(pod) {
    if (!pod.spec.resourceClaims?.length) return undefined;
    return unresolvable(`waiting for dynamic resource controller to create the resourceclaim for pod "${pod.key}"`);
  },
  ...(tellsOfClaims && { postFilter: () => ({ status: NOTHING }) }),
});
