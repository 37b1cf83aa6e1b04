// The claims to devices of Pods, as controllers, scheduler and kubelet speak of them
// (k8s.io/dynamic-resource-allocation/resourceclaim).

import type { Pod, PodResourceClaim, ResourceV1ResourceClaim as ResourceClaim } from './types.ts';

export type { ResourceV1ResourceClaim as ResourceClaim } from './types.ts';

export const GROUP_VERSION = 'resource.k8s.io/v1';
export const CLAIMS = 'resourceclaims';
/** Keeps a claim while it has devices. */
export const FINALIZER = 'resource.kubernetes.io/delete-protection';
/** ResourceClaimReservedForMaxSize. */
const MAX_CONSUMERS = 256;

export const hasResourceClaims = ({ spec }: Pick<Pod, 'spec'>): boolean => !!spec?.resourceClaims?.length;

/** Why a claim cannot be told. */
export class ClaimError extends Error {}

/**
 * The claim behind an entry of the Pod; `generated`: it was made for this Pod, which then must own it. Undefined when the
 * entry turned out to need none. Throws ClaimError while it is not made yet.
 */
export function claimNameOf(pod: Pod, entry: PodResourceClaim): { name: string; generated: boolean } | undefined {
  if (entry.resourceClaimName !== undefined) return { name: entry.resourceClaimName, generated: false };
  const status = pod.status?.resourceClaimStatuses?.find(({ name }) => name === entry.name);
  if (status) return status.resourceClaimName ? { name: status.resourceClaimName, generated: true } : undefined;
  throw new ClaimError(`pod "${pod.metadata.namespace}/${pod.metadata.name}": ResourceClaim not created yet`);
}

/** Throws ClaimError for a claim that was made for another Pod. */
export function checkOwner(pod: Pod, claim: ResourceClaim) {
  const { namespace, name, uid } = pod.metadata;
  if (claim.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid)) return;
  const own = `${claim.metadata.namespace}/${claim.metadata.name}`;
  throw new ClaimError(`ResourceClaim ${own} was not created for pod ${namespace}/${name} (pod is not owner)`);
}

export const isReservedFor = (pod: Pod, { status }: ResourceClaim): boolean =>
  !!status?.reservedFor?.some(({ uid }) => uid === pod.metadata.uid);

export const canBeReserved = ({ status }: ResourceClaim): boolean => (status?.reservedFor?.length ?? 0) < MAX_CONSUMERS;

export const consumerOf = (pod: Pod) => ({
  resource: 'pods',
  name: pod.metadata.name as string,
  uid: pod.metadata.uid as string,
});
