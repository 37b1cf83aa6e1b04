// Plug-ins of the part `scheduling`: each is made for the first Pod that it has something to say of.

import { always, SKIP, type Plugin } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';

/** Points that come after preFilter: a plug-in that has skipped every Pod has nothing to do in them. */
type Point = 'helps' | 'filter' | 'addPod' | 'removePod' | 'reserve' | 'unreserve' | 'preBind';
type Call = (...of: unknown[]) => unknown;

/** The plug-in that `make` gives, with preFilter and `points`; until a Pod concerns it, it skips them all. */
export function later(
  name: string,
  points: readonly Point[],
  concerns: (pod: PodInfo) => boolean,
  make: () => Plugin,
): Plugin {
  let made: Plugin | undefined;
  const plugin: Plugin = {
    name,
    local: always,
    get events() {
      return made?.events;
    },
    preFilter: (pod, state) => (concerns(pod) ? (made ??= make()).preFilter?.(pod, state) : SKIP),
  };
  const methods = plugin as unknown as Record<Point, Call>;
  for (const point of points) methods[point] = (...of) => (made?.[point] as Call | undefined)?.apply(made, of);
  return plugin;
}
