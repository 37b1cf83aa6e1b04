// The spec of a claim for storage, in a PersistentVolumeClaim and in a Pod's ephemeral volume.

import { compareQuantities } from '../quantity.ts';
import type { JsonObject } from '../types.ts';
import type { Faults } from './field.ts';
import { isDNS1123Subdomain } from './names.ts';
import { labelSelector } from './selectors.ts';

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES = ['Block', 'Filesystem'];

export function accessModes(faults: Faults, path: string, modes: string[] | undefined, missing: string) {
  if (!modes?.length) {
    faults.required(path, missing);
    return;
  }
  for (const mode of modes) faults.ifNot(path, mode, ACCESS_MODES);
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    faults.forbidden(path, 'may not use ReadWriteOncePod with other access modes');
  }
}

export function claimSpec(faults: Faults, path: string, spec: JsonObject) {
  accessModes(faults, `${path}.accessModes`, spec.accessModes, 'at least 1 access mode is required');
  labelSelector(faults, `${path}.selector`, spec.selector);
  const storage = spec.resources?.requests?.storage;
  if (storage === undefined) faults.required(`${path}.resources[storage]`);
  else if (compareQuantities(storage, '0') <= 0)
    faults.invalid(`${path}.resources[storage]`, storage, 'must be greater than zero');
  if (spec.storageClassName) faults.check(`${path}.storageClassName`, spec.storageClassName, isDNS1123Subdomain);
  if (spec.volumeMode !== undefined) faults.ifNot(`${path}.volumeMode`, spec.volumeMode, VOLUME_MODES);
  if (spec.volumeAttributesClassName)
    faults.check(`${path}.volumeAttributesClassName`, spec.volumeAttributesClassName, isDNS1123Subdomain);
  for (const field of ['dataSource', 'dataSourceRef']) {
    const source = spec[field];
    if (!source) continue;
    if (!source.name) faults.required(`${path}.${field}.name`);
    if (!source.kind) faults.required(`${path}.${field}.kind`);
    if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') {
      faults.invalid(
        `${path}.${field}`,
        source.kind,
        'must be PersistentVolumeClaim when referencing the default apiGroup',
      );
    }
  }
}
