// Whose Endpoints appear as slices as well: those that somebody wrote by hand.

import type { KubeObject } from '../api/types.ts';

const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
/** Endpoints that a controller made have slices of their own. */
const CONTROLLED = 'endpoints.kubernetes.io/managed-by';

export function isMirrored({ metadata: { labels, annotations } }: Pick<KubeObject, 'metadata'>): boolean {
  return labels?.[SKIP_MIRROR] !== 'true' && labels?.[CONTROLLED] === undefined && annotations?.[LEADER] === undefined;
}
