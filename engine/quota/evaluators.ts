// How objects of each resource are measured for ResourceQuotas. Pods, Services and claims have rules of their own;
// of everything else the objects are counted.

import { compareQuantities, formatQuantity, parseQuantity, quantityValue } from '../api/quantity.ts';
import type {
  DeviceRequest,
  DeviceSubRequest,
  KubeObject,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
  Service,
} from '../api/types.ts';
import type { Quantities } from './lists.ts';
import { countsForPods, isCharged, podConstraints, podMatchesScope, podUsage } from './pods.ts';
import { scopesOf, selects } from './scopes.ts';

export interface Evaluator {
  /** Whether objects are counted under that name of a quota. */
  counts(name: string): boolean;
  /** What an object uses; `now` is virtual time. */
  usage(object: KubeObject, now: number): Quantities;
  /** Updates that are measured, by subresource; creation always is. */
  readonly updates: readonly string[];
  matchesScope?(object: KubeObject, scope: ScopedResourceSelectorRequirement): boolean;
  /** What the quota's names want an object to say that it does not say. */
  constraints?(object: KubeObject, names: readonly string[]): string | undefined;
  /** Whether an update may have freed something. */
  frees?(now: number, object: KubeObject, old: KubeObject): boolean;
}

const pods: Evaluator = {
  counts: countsForPods,
  updates: ['resize'],
  usage: (object, now) => podUsage(object as unknown as Pod, now),
  matchesScope: (object, scope) => podMatchesScope(object as unknown as Pod, scope),
  constraints: (object, names) => podConstraints(object as unknown as Pod, names),
  frees: (now, object, old) =>
    (isCharged(old as unknown as Pod, now) && !isCharged(object as unknown as Pod, now)) ||
    allocation(object as unknown as Pod) !== allocation(old as unknown as Pod),
};

function allocation({ status }: Pod): string {
  let text = '';
  for (const one of status?.containerStatuses ?? [])
    if (one.allocatedResources) text += JSON.stringify(one.allocatedResources);
  return text;
}

const SERVICE_NAMES = ['count/services', 'services', 'services.nodeports', 'services.loadbalancers'];

const services: Evaluator = {
  counts: (name) => SERVICE_NAMES.includes(name),
  updates: [''],
  usage(object) {
    const { type, ports = [], allocateLoadBalancerNodePorts } = (object as unknown as Service).spec ?? {};
    const balanced = type === 'LoadBalancer';
    // Node ports are not allocated yet when a Service is admitted: what will be counts.
    let nodePorts = type === 'NodePort' || balanced ? ports.length : 0;
    if (balanced && allocateLoadBalancerNodePorts === false) nodePorts = ports.filter((port) => port.nodePort).length;
    return {
      'count/services': '1',
      services: '1',
      'services.nodeports': String(nodePorts),
      'services.loadbalancers': balanced ? '1' : '0',
    };
  },
  frees: (_now, object, old) => eligibleType(object) !== eligibleType(old),
};

const eligibleType = ({ spec }: KubeObject): string =>
  spec?.type === 'NodePort' || spec?.type === 'LoadBalancer' ? spec.type : '';

const NANO = 1_000_000_000n;
const BY_CLASS = '.storageclass.storage.k8s.io/';
const CLAIM_NAMES = ['persistentvolumeclaims', 'requests.storage'];

const claims: Evaluator = {
  counts: (name) =>
    name === 'count/persistentvolumeclaims' ||
    CLAIM_NAMES.includes(name) ||
    CLAIM_NAMES.some((own) => name.endsWith(BY_CLASS + own)),
  updates: ['', 'status'],
  usage(object) {
    const claim = object as unknown as PersistentVolumeClaim;
    const usage: Record<string, string> = { persistentvolumeclaims: '1', 'count/persistentvolumeclaims': '1' };
    let storage = claim.spec?.resources?.requests?.storage;
    const allocated = claim.status?.allocatedResources?.storage;
    if (storage !== undefined && allocated !== undefined && compareQuantities(allocated, storage) > 0)
      storage = allocated;
    if (storage !== undefined) usage['requests.storage'] = wholeBytes(storage);
    const storageClass =
      claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim.spec?.storageClassName;
    if (storageClass)
      for (const name of CLAIM_NAMES) if (usage[name]) usage[storageClass + BY_CLASS + name] = usage[name];
    return usage;
  },
  matchesScope: (object, scope) =>
    scope.scopeName === 'VolumeAttributesClass' &&
    selects(scope, attributesClasses(object as unknown as PersistentVolumeClaim)),
  frees: (_now, object, old) =>
    object.status?.allocatedResources?.storage !== old.status?.allocatedResources?.storage ||
    attributesClasses(object as unknown as PersistentVolumeClaim).join() !==
      attributesClasses(old as unknown as PersistentVolumeClaim).join(),
};

/** Fractions of a byte are rounded up, which a quota's status could not hold. */
function wholeBytes(text: string): string {
  const { nanos, format } = parseQuantity(text);
  return nanos % NANO === 0n ? text : formatQuantity({ nanos: BigInt(quantityValue(text)) * NANO, format });
}

function attributesClasses({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names.filter((name): name is string => !!name))].sort();
}

const CLAIM_COUNT = 'count/resourceclaims.resource.k8s.io';
const BY_DEVICE_CLASS = '.deviceclass.resource.k8s.io/devices';
/** AllocationResultsMaxSize: what a request for all devices may come to. */
const MAX_DEVICES = 32;

type DevicesAsked = Pick<DeviceSubRequest, 'deviceClassName' | 'allocationMode' | 'count'>;
const devicesOf = ({ allocationMode, count = 1 }: DevicesAsked) => (allocationMode === 'All' ? MAX_DEVICES : count);

/** Devices by class; of alternatives the one of a class that takes most. */
const deviceClaims: Evaluator = {
  counts: (name) => name === CLAIM_COUNT || name.endsWith(BY_DEVICE_CLASS),
  updates: [],
  usage(object) {
    const devices: Record<string, number> = {};
    const requests: DeviceRequest[] = object.spec?.devices?.requests ?? [];
    for (const { exactly, firstAvailable = [] } of requests) {
      const most: Record<string, number> = {};
      for (const asked of exactly ? [exactly] : firstAvailable)
        most[asked.deviceClassName] = Math.max(most[asked.deviceClassName] ?? 0, devicesOf(asked));
      for (const name in most) devices[name] = (devices[name] ?? 0) + most[name];
    }
    const usage: Record<string, string> = { [CLAIM_COUNT]: '1' };
    for (const name in devices) usage[name + BY_DEVICE_CLASS] = String(devices[name]);
    return usage;
  },
};

/** Resources that may be counted by their bare names, from before there was count/…. */
const BARE = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);
const OWN: Record<string, Evaluator> = { pods, services, persistentvolumeclaims: claims };
const counters = new Map<string, Evaluator>();

/** The evaluator of a resource; undefined for what quotas leave alone. */
export function evaluatorOf(group: string, resource: string): Evaluator | undefined {
  if (resource === 'events') return undefined;
  if (group === '' && OWN[resource]) return OWN[resource];
  if (group === 'resource.k8s.io' && resource === 'resourceclaims') return deviceClaims;
  const counted = group ? `count/${resource}.${group}` : `count/${resource}`;
  let evaluator = counters.get(counted);
  if (!evaluator) {
    const names = group === '' && BARE.has(resource) ? [counted, resource] : [counted];
    const one: Quantities = Object.fromEntries(names.map((name) => [name, '1']));
    evaluator = { counts: (name) => names.includes(name), updates: [], usage: () => one };
    counters.set(counted, evaluator);
  }
  return evaluator;
}

/** Whether an object is within all scopes of a quota. */
export const inScope = (evaluator: Evaluator, quota: ResourceQuota, object: KubeObject): boolean =>
  scopesOf(quota).every((scope) => evaluator.matchesScope?.(object, scope) ?? false);
