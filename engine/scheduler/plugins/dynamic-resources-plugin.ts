// DynamicResources for Pods with claims: they go where their claims' devices are, or where devices for them can be had,
// which the claims then say before the Pod is bound (kubernetes/pkg/scheduler/framework/plugins/dynamicresources).

import { ApiError, keyOf, type Client, type InformerFactory } from '../../client/index.ts';
import {
  canBeReserved,
  checkOwner,
  claimNameOf,
  ClaimError,
  CLAIMS,
  consumerOf,
  FINALIZER,
  GROUP_VERSION,
  isReservedFor,
  type ResourceClaim,
} from '../../api/resource-claims.ts';
import type { AllocationResult, DeviceClass, Pod, ResourceSlice } from '../../api/types.ts';
import { SKIP, unresolvable, type CycleState, type Handle, type Plugin, type Status } from '../framework.ts';
import {
  allocate,
  AllocationError,
  InvalidPools,
  SearchTimeout,
  type Selector,
} from './dynamic-resources-allocator.ts';
import { deviceId, Pools, selectorMatches } from './dynamic-resources-pools.ts';

const NAME = 'DynamicResources';
/** FirstAvailableDeviceRequestMaxSize. */
const MAX_ALTERNATIVES = 8;

export interface DynamicResourcesOptions {
  client: Client;
  informers: InformerFactory;
  handle: Handle;
  /** The program of a selector, or what is wrong with it. */
  compile(expression: string): Selector | string;
}

/** What is known of a Pod's claims in one cycle. */
interface Data {
  claims: readonly ResourceClaim[];
  /** Those without devices. */
  pending: readonly ResourceClaim[];
  /** By node: what would be allocated there for `pending`. */
  allocations: Map<string, AllocationResult[]>;
  /** Allocated claims that some node does not reach. */
  unavailable: Set<ResourceClaim>;
}

const error = (...reasons: string[]): Status => ({ code: 'Error', reasons });
const postFilter = (text: string) => ({ status: unresolvable(text) });
const NOTHING = postFilter('no new claims to deallocate');

export function dynamicResourcesPlugin({ client, informers, handle, compile }: DynamicResourcesOptions): Plugin {
  const claimClient = client.of<ResourceClaim>(GROUP_VERSION, CLAIMS);
  const claims = informers.of<ResourceClaim>(GROUP_VERSION, CLAIMS);
  const classes = informers.of<DeviceClass>(GROUP_VERSION, 'deviceclasses');
  const slices = informers.of<ResourceSlice>(GROUP_VERSION, 'resourceslices');
  const pools = new Pools(slices);
  /** Allocations that are decided and not written yet, by uid of the claim. */
  const inFlight = new Map<string, AllocationResult>();
  /** How many claims have each device. */
  const used = new Map<string, number>();
  /** The claim whose change Pods are asked about. */
  let changed: { now: ResourceClaim; old: ResourceClaim | undefined } | undefined;

  function count(allocation: AllocationResult | undefined, sign: 1 | -1) {
    for (const { driver, pool, device, adminAccess } of allocation?.devices?.results ?? []) {
      if (adminAccess) continue;
      const id = deviceId(driver, pool, device);
      used.set(id, (used.get(id) ?? 0) + sign);
    }
  }

  let watching = false;
  const claimHappened = (now: ResourceClaim, old: ResourceClaim | undefined) => {
    if (!watching) return;
    changed = { now, old };
    handle.happened('ResourceClaim');
    changed = undefined;
  };
  claims.on({
    add(claim) {
      count(claim.status?.allocation, 1);
      claimHappened(claim, undefined);
    },
    update(now, old) {
      if (now.status?.allocation !== old.status?.allocation) {
        count(old.status?.allocation, -1);
        count(now.status?.allocation, 1);
      }
      claimHappened(now, old);
    },
    delete(claim) {
      count(claim.status?.allocation, -1);
    },
  });
  const classHappened = () => watching && handle.happened('DeviceClass');
  classes.on({ add: classHappened, update: classHappened });
  const sliceHappened = () => {
    pools.changed();
    if (watching) handle.happened('ResourceSlice');
  };
  slices.on({ add: sliceHappened, update: sliceHappened, delete: () => pools.changed() });
  watching = true;

  /** The Pod's claims. Throws ClaimError when one is missing, going or somebody else's. */
  function claimsOf(pod: Pod): ResourceClaim[] {
    const found: ResourceClaim[] = [];
    for (const entry of pod.spec?.resourceClaims ?? []) {
      const named = claimNameOf(pod, entry);
      if (!named) continue;
      const claim = claims.get(pod.metadata.namespace as string, named.name);
      if (!claim) throw new ClaimError(`resourceclaim.${CLAIM_GROUP} ${JSON.stringify(named.name)} not found`);
      if (claim.metadata.deletionTimestamp)
        throw new ClaimError(`resourceclaim ${JSON.stringify(named.name)} is being deleted`);
      if (named.generated) checkOwner(pod, claim);
      found.push(claim);
    }
    return found;
  }

  /** The Pod's claims, or why they are not there. */
  function claimsOrStatus(pod: Pod): ResourceClaim[] | Status {
    try {
      return claimsOf(pod);
    } catch (failure) {
      if (!(failure instanceof ClaimError)) throw failure;
      return unresolvable(failure.message);
    }
  }

  /** Why the claim keeps the Pod from every node. */
  function objection(pod: Pod, claim: ResourceClaim): Status | undefined {
    if (claim.status?.allocation)
      return canBeReserved(claim) || isReservedFor(pod, claim) ? undefined : unresolvable('resourceclaim in use');
    if (inFlight.has(claim.metadata.uid as string))
      return unresolvable(`resource claim ${keyOf(claim)} is in the process of being allocated`);
    for (const { name, exactly, firstAvailable = [] } of claim.spec.devices?.requests ?? []) {
      const asked = exactly
        ? [{ at: name, deviceClass: exactly.deviceClassName }]
        : firstAvailable.map((one) => ({ at: `${name}/${one.name}`, deviceClass: one.deviceClassName }));
      for (const { at, deviceClass } of asked)
        if (!classes.byKey(deviceClass))
          return unresolvable(`request ${at}: device class ${deviceClass} does not exist`);
    }
    return undefined;
  }

  const dataOf = (state: CycleState) => state.get(NAME) as Data | undefined;

  function inUse(id: string): boolean {
    if ((used.get(id) ?? 0) > 0) return true;
    let found = false;
    inFlight.forEach(({ devices }) => {
      found ||= !!devices?.results?.some(
        (one) => !one.adminAccess && deviceId(one.driver, one.pool, one.device) === id,
      );
    });
    return found;
  }

  /** Writes into the claim who uses it, and, when it is new, what it gets. */
  function reserveFor(pod: Pod, claim: ResourceClaim, allocation: AllocationResult | undefined) {
    const { namespace = '', name = '' } = claim.metadata;
    let current = claims.get(namespace, name) ?? claim;
    const { finalizers = [] } = current.metadata;
    if (allocation && !finalizers.includes(FINALIZER))
      current = claimClient.update(namespace, name, {
        ...current,
        metadata: { ...current.metadata, finalizers: [...finalizers, FINALIZER] },
      });
    const reservedFor = [...(current.status?.reservedFor ?? []), consumerOf(pod)];
    claimClient.updateStatus(namespace, name, {
      ...current,
      status: { ...current.status, ...(allocation && { allocation }), reservedFor },
    });
  }

  return {
    name: NAME,
    events: ['NodeAdd', 'NodeLabel', 'TargetPodUpdate', 'ResourceClaim', 'DeviceClass', 'ResourceSlice'],
    helps({ pod }, event) {
      if (event !== 'ResourceClaim' || !changed) return true;
      const own = claimsOrStatus(pod);
      if (!Array.isArray(own)) return false;
      const { now, old } = changed;
      // Devices have become free.
      if (old?.status?.allocation && !now.status?.allocation) return true;
      return own.some(({ metadata }) => metadata.uid === now.metadata.uid) && now.status !== old?.status;
    },
    preEnqueue({ pod }) {
      const own = claimsOrStatus(pod);
      return Array.isArray(own) ? undefined : own;
    },
    preFilter({ pod }, state) {
      const own = claimsOrStatus(pod);
      if (!Array.isArray(own)) return own;
      if (own.length === 0) return SKIP;
      for (const claim of own) {
        const status = objection(pod, claim);
        if (status) return status;
      }
      const pending = own.filter(({ status }) => !status?.allocation);
      const data: Data = { claims: own, pending, allocations: new Map(), unavailable: new Set() };
      state.set(NAME, data);
      return undefined;
    },
    filter(_pod, node, state) {
      const data = dataOf(state);
      if (!data) return undefined;
      const away = data.claims.filter(({ status }) => {
        const selector = status?.allocation?.nodeSelector;
        return selector !== undefined && !selectorMatches(selector, node);
      });
      if (data.pending.length > 0) {
        let found: AllocationResult[] | undefined;
        try {
          const reached = pools.reachedFrom(node);
          const classOf = (name: string) => classes.byKey(name);
          found = allocate({ node, claims: data.pending, pools: reached, classOf, inUse, compile });
        } catch (failure) {
          if (failure instanceof AllocationError) return error(failure.message);
          if (failure instanceof SearchTimeout || failure instanceof InvalidPools) return unresolvable(failure.message);
          throw failure;
        }
        if (!found) return unresolvable('cannot allocate all claims');
        data.allocations.set(node.name, found);
      }
      if (away.length === 0) return undefined;
      for (const claim of away) data.unavailable.add(claim);
      return unresolvable('resourceclaim not available on the node');
    },
    postFilter({ pod }, state) {
      const data = dataOf(state);
      if (!data) return NOTHING;
      for (const claim of data.unavailable) {
        const { reservedFor = [] } = claim.status ?? {};
        if (reservedFor.some(({ uid }) => uid !== pod.metadata.uid)) continue;
        const { namespace = '', name = '' } = claim.metadata;
        try {
          claimClient.updateStatus(namespace, name, { ...claim, status: {} });
        } catch (failure) {
          if (!(failure instanceof ApiError)) throw failure;
          return postFilter(failure.message);
        }
        return postFilter('deallocation of ResourceClaim completed');
      }
      return postFilter('still not schedulable');
    },
    /** The earlier among its alternatives each request is served by, the better. */
    score(_pod, node, state) {
      const data = dataOf(state);
      const allocations = data?.allocations.get(node.name);
      let score = 0;
      data?.pending.forEach(({ spec }, i) => {
        const chosen = new Set(allocations?.[i].devices?.results?.map(({ request }) => request));
        for (const { name, firstAvailable = [] } of spec.devices?.requests ?? [])
          firstAvailable.forEach((one, rank) => {
            if (chosen.has(`${name}/${one.name}`)) score += MAX_ALTERNATIVES - rank;
          });
      });
      return score;
    },
    reserve(_pod, node, state) {
      const data = dataOf(state);
      const allocations = data?.allocations.get(node);
      data?.pending.forEach(({ metadata }, i) => {
        const allocation = allocations?.[i];
        if (allocation) inFlight.set(metadata.uid as string, allocation);
      });
      return undefined;
    },
    unreserve({ pod }, _node, state) {
      const data = dataOf(state);
      if (!data) return;
      for (const { metadata } of data.pending) inFlight.delete(metadata.uid as string);
      for (const { metadata } of data.claims) {
        const { namespace = '', name = '' } = metadata;
        const claim = claims.get(namespace, name);
        if (!claim?.status?.allocation || !isReservedFor(pod, claim)) continue;
        const reservedFor = [{ $patch: 'delete', uid: pod.metadata.uid }];
        const patch = { metadata: { uid: claim.metadata.uid }, status: { reservedFor } };
        try {
          claimClient.patch(namespace, name, 'strategic', patch, 'status');
        } catch (failure) {
          // The resource claim controller finds that the Pod does not use it.
          if (!(failure instanceof ApiError)) throw failure;
        }
      }
    },
    preBind({ pod }, node, state) {
      const data = dataOf(state);
      for (const claim of data?.claims ?? []) {
        if (isReservedFor(pod, claim)) continue;
        const index = data?.pending.indexOf(claim) ?? -1;
        const allocation = index < 0 ? undefined : data?.allocations.get(node)?.[index];
        try {
          reserveFor(pod, claim, allocation);
        } catch (failure) {
          if (!(failure instanceof ApiError)) throw failure;
          const what = allocation ? 'allocation and reservation' : 'reservation';
          return error(`add ${what} to claim ${keyOf(claim)}: ${failure.message}`);
        }
        inFlight.delete(claim.metadata.uid as string);
      }
      return undefined;
    },
  };
}

const CLAIM_GROUP = GROUP_VERSION.slice(0, GROUP_VERSION.indexOf('/'));
