// The spec of a claim for storage, in a PersistentVolumeClaim and in a Pod's ephemeral volume.

import { compareQuantities } from '../quantity.ts';
import type { JsonObject } from '../types.ts';
import type { Faults } from './field.ts';
import { isDNS1123Label, isDNS1123Subdomain } from './names.ts';
import { labelSelector } from './selectors.ts';

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES = ['Block', 'Filesystem'];

export function accessModes(faults: Faults, path: string, modes: string[] | undefined) {
  const list = modes ?? [];
  for (const mode of list) faults.ifNot(path, mode, ACCESS_MODES);
  const others = list.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode));
  if (list.includes('ReadWriteOncePod') && others)
    faults.forbidden(path, 'may not use ReadWriteOncePod with other access modes');
}

function dataSource(faults: Faults, path: string, source: JsonObject) {
  if (!source.name) faults.required(`${path}.name`);
  if (!source.kind) faults.required(`${path}.kind`);
  if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') {
    faults.invalid(path, source.kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  }
  if (source.apiGroup) faults.check(`${path}.apiGroup`, source.apiGroup, isDNS1123Subdomain);
  if (source.namespace) faults.check(`${path}.namespace`, source.namespace, isDNS1123Label);
}

export function claimSpec(faults: Faults, path: string, spec: JsonObject) {
  if (!spec.accessModes?.length) faults.required(`${path}.accessModes`, 'at least 1 access mode is required');
  labelSelector(faults, `${path}.selector`, spec.selector);
  accessModes(faults, `${path}.accessModes`, spec.accessModes);
  const storage = spec.resources?.requests?.storage;
  if (storage === undefined) faults.required(`${path}.resources[storage]`);
  else if (compareQuantities(storage, '0') <= 0)
    faults.invalid(`${path}.resources[storage]`, storage, 'must be greater than zero');
  if (spec.storageClassName) faults.check(`${path}.storageClassName`, spec.storageClassName, isDNS1123Subdomain);
  faults.ifNot(`${path}.volumeMode`, spec.volumeMode, VOLUME_MODES);
  const { dataSource: source, dataSourceRef: ref } = spec;
  if (source) dataSource(faults, `${path}.dataSource`, source);
  if (ref) dataSource(faults, `${path}.dataSourceRef`, ref);
  if (source && ref?.namespace) {
    faults.invalid(path, `${path}.dataSource`, 'may not be specified when dataSourceRef.namespace is specified');
  } else if (source && ref && ['apiGroup', 'kind', 'name'].some((field) => source[field] !== ref[field])) {
    faults.invalid(path, `${path}.dataSource`, 'must match dataSourceRef');
  }
  if (spec.volumeAttributesClassName)
    faults.check(`${path}.volumeAttributesClassName`, spec.volumeAttributesClassName, isDNS1123Subdomain);
}
