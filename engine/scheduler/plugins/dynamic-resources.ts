// DynamicResources, as far as it speaks for Pods without claims to devices; what it does for the others loads with the
// first of them.

import { always, normalizeToMax, SKIP, unresolvable, type Plugin } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import type { ReleaseWays } from '../release.ts';

const hasClaims = ({ spec }: PodInfo) => !!spec.resourceClaims?.length;
const NOTHING = { status: unresolvable('no new claims to deallocate') };

export function dynamicResources(make: () => Plugin, { tellsOfClaims }: ReleaseWays): Plugin {
  let made: Plugin | undefined;
  const of = (pod: PodInfo) => (hasClaims(pod) ? (made ??= make()) : undefined);
  return {
    name: 'DynamicResources',
    local: always,
    get events() {
      return made?.events;
    },
    helps: (...args) => made?.helps?.(...args) ?? true,
    preEnqueue: (pod) => of(pod)?.preEnqueue?.(pod),
    preFilter(pod, state) {
      const plugin = of(pod);
      return plugin ? plugin.preFilter?.(pod, state) : SKIP;
    },
    filter: (pod, node, state) => made?.filter?.(pod, node, state),
    ...(tellsOfClaims && {
      postFilter: (pod, state, statuses) => of(pod)?.postFilter?.(pod, state, statuses) ?? NOTHING,
    }),
    preScore: (pod) => (hasClaims(pod) ? undefined : SKIP),
    score: (pod, node, state) => made?.score?.(pod, node, state) ?? 0,
    normalize: (_pod, scores) => normalizeToMax(scores, false),
    reserve: (pod, node, state) => made?.reserve?.(pod, node, state),
    unreserve: (pod, node, state) => made?.unreserve?.(pod, node, state),
    preBind: (pod, node, state) => made?.preBind?.(pod, node, state),
  };
}
