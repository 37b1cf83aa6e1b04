// Requests and limits of containers and Pods.

import { compareQuantities, quantityMilli } from '../quantity.ts';
import type { ResourceRequirements } from '../types.ts';
import { Faults } from './field.ts';
import { isQualifiedName } from './names.ts';

const STANDARD_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);
const isHugePages = (name: string) => name.startsWith('hugepages-');
const isNative = (name: string) => !name.includes('/') || name.startsWith('kubernetes.io/');
const isExtended = (name: string) => !isNative(name) && !name.startsWith('requests.');

export function containerResourceName(faults: Faults, path: string, name: string) {
  const before = faults.list.length;
  faults.check(path, name, isQualifiedName);
  if (faults.list.length > before) return;
  if (!name.includes('/')) {
    if (!STANDARD_RESOURCES.has(name) && !isHugePages(name))
      faults.invalid(path, name, 'must be a standard resource for containers');
  } else if (isNative(name)) {
    faults.invalid(path, name, 'must be a standard resource for containers');
  } else if (isExtended(name)) {
    faults.check(path, `requests.${name}`, isQualifiedName);
  }
}

export function resourceQuantity(faults: Faults, path: string, name: string, value: string) {
  if (compareQuantities(value, '0') < 0) faults.invalid(path, value, 'must be greater than or equal to 0');
  const integer = name === 'pods' || name === 'services' || isExtended(name);
  if (integer && quantityMilli(value) % 1000 !== 0) faults.invalid(path, value, 'must be an integer');
}

export function resourceRequirements(faults: Faults, path: string, value: ResourceRequirements | undefined) {
  if (!value) return;
  const { limits, requests } = value;
  let huge = false;
  let standard = false;
  for (const name in limits) {
    const at = `${path}.limits`;
    containerResourceName(faults, at, name);
    resourceQuantity(faults, `${at}[${name}]`, name, limits[name]);
    if (isHugePages(name)) huge = true;
    if (name === 'cpu' || name === 'memory') standard = true;
  }
  for (const name in requests) {
    const at = `${path}.requests`;
    containerResourceName(faults, at, name);
    resourceQuantity(faults, `${at}[${name}]`, name, requests[name]);
    const limit = limits?.[name];
    if (limit !== undefined) {
      if ((isExtended(name) || isHugePages(name)) && compareQuantities(requests[name], limit) !== 0) {
        faults.invalid(at, requests[name], `must be equal to ${name} limit of ${limit}`);
      } else if (compareQuantities(requests[name], limit) > 0) {
        faults.invalid(at, requests[name], `must be less than or equal to ${name} limit of ${limit}`);
      }
    } else if (isExtended(name) || isHugePages(name)) {
      faults.required(`${path}.limits`, 'Limit must be set for non overcommitable resources');
    }
    if (isHugePages(name)) huge = true;
    if (name === 'cpu' || name === 'memory') standard = true;
  }
  if (huge && !standard) faults.forbidden(path, 'HugePages require cpu or memory');
}
