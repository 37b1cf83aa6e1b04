// Persistent volumes, claims and storage classes.

import { deepEqual, set } from '../change.ts';
import { compareQuantities } from '../quantity.ts';
import type { JsonObject } from '../types.ts';
import { accessModes, claimSpec, VOLUME_MODES } from './claim.ts';
import { IMMUTABLE } from './field.ts';
import { isDNS1123Subdomain } from './names.ts';
import type { Rules } from './rules.ts';
import { nodeSelector } from './selectors.ts';
import { SOURCES, volumeSource } from './volumes.ts';

const RECLAIM = ['Delete', 'Recycle', 'Retain'];
const CLAIM_WORDS =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

/** The difference as upstream appends it: every old line with a minus, every new one with a plus. */
function difference(before: unknown, now: unknown): string {
  return `\n@@\n-${JSON.stringify(before)}\n+${JSON.stringify(now)}`;
}

export const persistentVolumeClaim: Rules = {
  validate: (faults, object) => claimSpec(faults, 'spec', object.spec ?? {}),
  validateUpdate(faults, object, old) {
    const bound = old.status?.phase === 'Bound';
    let same = object.spec as JsonObject;
    // The binder fills in the volume's name once.
    if (!old.spec.volumeName) same = set(same, 'volumeName', old.spec.volumeName);
    if (bound) {
      const requests = set(same.resources?.requests ?? {}, 'storage', old.spec.resources?.requests?.storage);
      same = set(same, 'resources', set(same.resources ?? {}, 'requests', requests));
      same = set(same, 'volumeAttributesClassName', old.spec.volumeAttributesClassName);
    }
    if (!old.spec.storageClassName && old.spec.storageClassName === undefined)
      same = set(same, 'storageClassName', undefined);
    if (!deepEqual(same, old.spec)) {
      faults.forbidden('spec', `${CLAIM_WORDS}${difference(old.spec, object.spec)}`);
      return;
    }
    const now = object.spec.resources?.requests?.storage;
    const before = old.spec.resources?.requests?.storage;
    const given = old.status?.capacity?.storage;
    if (compareQuantities(now, before) < 0 && !(given && compareQuantities(now, given) > 0)) {
      faults.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
    }
    if (old.spec.volumeMode !== object.spec.volumeMode)
      faults.invalid('spec.volumeMode', object.spec.volumeMode, IMMUTABLE);
  },
};

/** The parts of a PersistentVolumeSpec that are its source. */
function sourceOf(spec: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const kind in SOURCES) if (spec[kind]) out[kind] = spec[kind];
  return out;
}

export const persistentVolume: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    accessModes(faults, 'spec.accessModes', spec.accessModes, '');
    const capacity: JsonObject = spec.capacity ?? {};
    if (!Object.keys(capacity).length) faults.required('spec.capacity');
    if (capacity.storage === undefined || Object.keys(capacity).length > 1) {
      faults.notSupported('spec.capacity', capacity, ['storage']);
    }
    for (const name in capacity) {
      if (compareQuantities(capacity[name], '0') <= 0)
        faults.invalid(`spec.capacity[${name}]`, capacity[name], 'must be greater than zero');
    }
    if (spec.persistentVolumeReclaimPolicy) {
      faults.ifNot('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, RECLAIM);
    }
    if (volumeSource(faults, 'spec', spec) === 0) faults.required('spec', 'must specify a volume type');
    if (spec.hostPath?.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle') {
      faults.forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'");
    }
    if (spec.nodeAffinity) {
      if (!spec.nodeAffinity.required)
        faults.required('spec.nodeAffinity.required', 'must specify required node constraints');
      else nodeSelector(faults, 'spec.nodeAffinity.required', spec.nodeAffinity.required);
    } else if (spec.local) {
      faults.required('spec.nodeAffinity', 'Local volume requires node affinity');
    }
    if (spec.storageClassName) faults.check('spec.storageClassName', spec.storageClassName, isDNS1123Subdomain);
    if (spec.volumeMode !== undefined) faults.ifNot('spec.volumeMode', spec.volumeMode, VOLUME_MODES);
  },
  validateUpdate(faults, object, old) {
    const before = sourceOf(old.spec);
    const now = sourceOf(object.spec);
    if (!deepEqual(before, now)) {
      faults.forbidden(
        'spec.persistentvolumesource',
        `spec.persistentvolumesource is immutable after creation${difference(before, now)}`,
      );
    }
    if (object.spec.volumeMode !== old.spec.volumeMode)
      faults.invalid('spec.volumeMode', object.spec.volumeMode, IMMUTABLE);
    if (old.spec.nodeAffinity && !deepEqual(old.spec.nodeAffinity, object.spec.nodeAffinity)) {
      faults.invalid('spec.nodeAffinity', object.spec.nodeAffinity, IMMUTABLE);
    }
  },
};

export const storageClass: Rules = {
  validate(faults, object) {
    if (!object.provisioner) faults.required('provisioner');
    if (object.reclaimPolicy) faults.ifNot('reclaimPolicy', object.reclaimPolicy, ['Delete', 'Retain']);
    if (!object.volumeBindingMode) faults.required('volumeBindingMode');
    else faults.ifNot('volumeBindingMode', object.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']);
  },
  validateUpdate(faults, object, old) {
    if (!deepEqual(object.parameters, old.parameters))
      faults.forbidden('parameters', 'updates to parameters are forbidden.');
    if (object.provisioner !== old.provisioner)
      faults.forbidden('provisioner', 'updates to provisioner are forbidden.');
    if (object.reclaimPolicy !== old.reclaimPolicy)
      faults.forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.');
    if (object.volumeBindingMode !== old.volumeBindingMode)
      faults.invalid('volumeBindingMode', object.volumeBindingMode, IMMUTABLE);
  },
};

export const csiDriver: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    for (const field of ['attachRequired', 'podInfoOnMount', 'storageCapacity']) {
      if (spec[field] === undefined) faults.required(`spec.${field}`);
    }
    for (const mode of spec.volumeLifecycleModes ?? [])
      faults.ifNot('spec.volumeLifecycleModes', mode, ['Ephemeral', 'Persistent']);
    if (spec.fsGroupPolicy)
      faults.ifNot('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']);
  },
  validateUpdate(faults, object, old) {
    if (object.spec?.attachRequired !== old.spec?.attachRequired)
      faults.invalid('spec.attachedRequired', object.spec?.attachRequired, IMMUTABLE);
  },
};

export const volumeAttributesClass: Rules = {
  validate(faults, object) {
    if (!object.driverName) faults.required('driverName');
    if (!Object.keys(object.parameters ?? {}).length)
      faults.required('parameters', 'must contain at least one key/value pair');
  },
  validateUpdate(faults, object, old) {
    if (object.driverName !== old.driverName) faults.forbidden('driverName', 'updates to driverName are forbidden.');
    if (!deepEqual(object.parameters, old.parameters))
      faults.forbidden('parameters', 'updates to parameters are forbidden.');
  },
};
