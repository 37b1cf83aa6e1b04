// Requests and limits of containers and Pods, and the names that resources have there, in quotas and in limit ranges.

import { part } from '../../parts/index.ts';
import { compareQuantities, quantityMilli } from '../quantity.ts';
import type { JsonObject, ResourceRequirements } from '../types.ts';
import type { Faults } from './field.ts';
import { isQualifiedName } from './names.ts';

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
/** Counted in whole things. */
const OBJECTS = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const QUOTA_RESOURCES = new Set([
  ...COMPUTE,
  ...COMPUTE.map((name) => `requests.${name}`),
  ...COMPUTE.map((name) => `limits.${name}`),
  ...OBJECTS,
  'requests.storage',
]);
const INTEGERS = new Set(OBJECTS);

export const isHugePages = (name: string) => name.startsWith('hugepages-');
const isNative = (name: string) => !name.includes('/') || name.includes('kubernetes.io/');
const isExtended = (name: string) =>
  !isNative(name) && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`).length === 0;
/** Whether a limit may be above the request. */
export const mayOvercommit = (name: string) => isNative(name) && !isHugePages(name);
export const isQuotaResource = (name: string) =>
  QUOTA_RESOURCES.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-');

/** A name at all: well-formed, and of the standard set where it has no domain. */
export function resourceName(faults: Faults, path: string, name: string) {
  const wrong = isQualifiedName(name);
  for (const fault of wrong) faults.invalid(path, name, fault);
  if (wrong.length === 0 && !name.includes('/') && name !== 'storage' && !isQuotaResource(name))
    faults.invalid(path, name, 'must be a standard resource type or fully qualified');
}

export function containerResourceName(faults: Faults, path: string, name: string) {
  resourceName(faults, path, name);
  if (!name.includes('/')) {
    if (!COMPUTE.includes(name) && !isHugePages(name))
      faults.invalid(path, name, 'must be a standard resource for containers');
  } else if (!isNative(name) && !isExtended(name)) {
    faults.invalid(path, name, "doesn't follow extended resource name standard");
  }
}

export function quotaResourceName(faults: Faults, path: string, name: string) {
  resourceName(faults, path, name);
  if (!name.includes('/') && !isQuotaResource(name))
    faults.invalid(path, name, 'must be a standard resource for quota');
}

export function resourceQuantity(faults: Faults, path: string, name: string, value: string) {
  if (compareQuantities(value, '0') < 0) faults.invalid(path, value, 'must be greater than or equal to 0');
  if ((INTEGERS.has(name) || isExtended(name)) && quantityMilli(value) % 1000 !== 0)
    faults.invalid(path, value, 'must be an integer');
}

/** Huge pages come whole. */
function hugePages(faults: Faults, path: string, name: string, value: string) {
  const size = name.slice('hugepages-'.length);
  let whole = false;
  try {
    whole = quantityMilli(size) > 0 && quantityMilli(value) % quantityMilli(size) === 0;
  } catch {
    // A size that is no quantity divides nothing.
  }
  if (!whole) faults.invalid(path, value, `${value} is not positive integer multiple of ${name}`);
}

export function resourceRequirements(
  faults: Faults,
  path: string,
  value: ResourceRequirements | undefined,
  claims: readonly string[] = [],
  nameRule = containerResourceName,
) {
  if (!value) return;
  const { limits, requests } = value;
  let huge = false;
  let standard = false;
  for (const name in limits) {
    const at = `${path}.limits[${name}]`;
    nameRule(faults, at, name);
    resourceQuantity(faults, at, name, limits[name]);
    if (isHugePages(name)) {
      huge = true;
      hugePages(faults, at, name, limits[name]);
    }
    if (name === 'cpu' || name === 'memory') standard = true;
  }
  for (const name in requests) {
    const at = `${path}.requests[${name}]`;
    nameRule(faults, at, name);
    resourceQuantity(faults, at, name, requests[name]);
    const limit = limits?.[name];
    if (limit !== undefined) {
      const order = compareQuantities(requests[name], limit);
      if (order !== 0 && !mayOvercommit(name))
        faults.invalid(`${path}.requests`, requests[name], `must be equal to ${name} limit of ${limit}`);
      else if (order > 0)
        faults.invalid(`${path}.requests`, requests[name], `must be less than or equal to ${name} limit of ${limit}`);
    } else if (!mayOvercommit(name)) {
      faults.required(`${path}.limits`, 'Limit must be set for non overcommitable resources');
    }
    if (isHugePages(name)) {
      huge = true;
      hugePages(faults, at, name, requests[name]);
    }
    if (name === 'cpu' || name === 'memory') standard = true;
  }
  if (huge && !standard) faults.forbidden(path, 'HugePages require cpu or memory');
  if (value.claims) part('rules').containerClaims(faults, `${path}.claims`, value.claims as JsonObject[], claims);
}
