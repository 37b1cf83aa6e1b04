// Persistent volumes, claims and storage classes.

import { deepEqual, set, update } from '../change.ts';
import { internalDifference } from '../internal-types.ts';
import { compareQuantities, quantityMilli } from '../quantity.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { accessModes, claimSpec, VOLUME_MODES } from './claim.ts';
import { Faults, IMMUTABLE, Typed } from './field.ts';
import { isDNS1123Subdomain, isQualifiedName } from './names.ts';
import type { Rules } from './rules.ts';
import { labelSelector, nodeSelector } from './selectors.ts';
import { csiDriverName, initiatorPortal, PERSISTENT_SOURCES } from './volume-sources.ts';
import { volumeSource } from './volumes.ts';
import { classParameters } from './well-known.ts';

const RECLAIM = ['Delete', 'Recycle', 'Retain'];
const CLAIM_WORDS =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

export const persistentVolumeClaim: Rules = {
  validate: (faults, object) => claimSpec(faults, 'spec', object.spec ?? {}),
  validateUpdate(faults, object, old) {
    let same = object.spec as JsonObject;
    // The binder fills in the volume's name once.
    if (!old.spec.volumeName) same = set(same, 'volumeName', old.spec.volumeName);
    const before = old.metadata.annotations?.[CLASS_ANNOTATION];
    const now = object.metadata.annotations?.[CLASS_ANNOTATION];
    const given = object.spec.storageClassName;
    if (before !== now && !(before !== undefined && given === before && now === undefined))
      faults.invalid(`metadata.annotations.${CLASS_ANNOTATION}`, now ?? '', IMMUTABLE);
    // A claim that was made without a class may be given one.
    if (old.spec.storageClassName === undefined && (before === undefined || given === before))
      same = set(same, 'storageClassName', undefined);
    if (old.status?.phase === 'Bound') {
      const asked = old.spec.resources?.requests?.storage;
      const requests = same.resources?.requests && set(same.resources.requests, 'storage', asked);
      same = set(same, 'resources', set(same.resources ?? {}, 'requests', requests));
      if (same.volumeAttributesClassName !== undefined)
        same = set(same, 'volumeAttributesClassName', old.spec.volumeAttributesClassName);
    }
    if (!deepEqual(same, old.spec))
      faults.forbidden('spec', `${CLAIM_WORDS}${internalDifference('PersistentVolumeClaimSpec', old.spec, same)}`);
    const size = (claim: KubeObject): string => claim.spec.resources?.requests?.storage ?? '0';
    if (
      compareQuantities(size(object), size(old)) < 0 &&
      compareQuantities(size(object), old.status?.capacity?.storage ?? '0') <= 0
    ) {
      faults.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
    }
    // Upstream leaves the spec out of this path.
    if (old.spec.volumeMode !== object.spec.volumeMode) faults.invalid('volumeMode', object.spec.volumeMode, IMMUTABLE);
    const attributes = object.spec.volumeAttributesClassName;
    if (old.spec.volumeAttributesClassName === undefined || attributes) return;
    const what = attributes === undefined ? 'nil' : 'an empty string';
    faults.forbidden('spec.volumeAttributesClassName', `update from non-nil value to ${what} is forbidden`);
  },
  validateStatus(faults, object) {
    if (!object.spec?.accessModes?.length) faults.required('Spec.accessModes');
    const { capacity, allocatedResourceStatuses: resizes, allocatedResources: allocated } = object.status ?? {};
    for (const name in capacity) amount(faults, `status.capacity[${name}]`, capacity[name]);
    for (const name in resizes) {
      claimResource(faults, 'status.allocatedResourceStatus', name);
      if (!RESIZES.includes(resizes[name])) faults.notSupported('status.allocatedResourceStatus', name, RESIZES);
    }
    for (const name in allocated)
      if (claimResource(faults, 'status.allocatedResources', name))
        amount(faults, `status.allocatedResources[${name}]`, allocated[name]);
  },
};

/** A quantity that may be zero. */
function amount(faults: Faults, path: string, value: string) {
  if (compareQuantities(value, '0') < 0)
    faults.invalid(path, Math.ceil(quantityMilli(value) / 1000), 'must be a valid resource quantity');
}

const RESIZES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

/** Of Kubernetes' own resources a claim has storage alone; whether the name is good. */
function claimResource(faults: Faults, path: string, name: string): boolean {
  const before = faults.list.length;
  faults.check(path, name, isQualifiedName);
  if (faults.list.length === before && name !== 'storage' && (!name.includes('/') || name.includes('kubernetes.io/')))
    faults.notSupported(path, name, ['storage']);
  return faults.list.length === before;
}

/** The parts of a PersistentVolumeSpec that are its source. */
function sourceOf(spec: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const kind in PERSISTENT_SOURCES) if (spec[kind]) out[kind] = spec[kind];
  return out;
}

/** A volume that could not be expanded for want of a secret may be given it. */
function withoutNewSecret(now: JsonObject, before: JsonObject): JsonObject {
  const added = now.csi?.controllerExpandSecretRef && before.csi && !before.csi.controllerExpandSecretRef;
  return added ? set(now, 'csi', set(now.csi, 'controllerExpandSecretRef', undefined)) : now;
}

/** Labels of nodes that have taken the place of others. */
const NEW_LABELS: Record<string, string> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** An affinity with the new labels where the update has them. */
const withNewLabels = (affinity: JsonObject, now: JsonObject) =>
  update(affinity, 'required', (required) =>
    set(
      required,
      'nodeSelectorTerms',
      required.nodeSelectorTerms.map((term: JsonObject, t: number) =>
        update(term, 'matchExpressions', (list: JsonObject[]) =>
          list.map((one, i) => {
            const key = now.nodeAffinity?.required?.nodeSelectorTerms[t]?.matchExpressions?.[i]?.key;
            return key && NEW_LABELS[one.key] === key ? { ...one, key } : one;
          }),
        ),
      ),
    ),
  );

function className(faults: Faults, path: string, name: string | undefined) {
  if (name === undefined) return;
  if (name === '') faults.required(path, 'an empty string is disallowed');
  else faults.check(path, name, isDNS1123Subdomain);
}

export const persistentVolume: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    if (!spec.accessModes?.length) faults.required('spec.accessModes');
    accessModes(faults, 'spec.accessModes', spec.accessModes);
    const capacity: JsonObject = spec.capacity ?? {};
    if (!Object.keys(capacity).length) faults.required('spec.capacity');
    if (capacity.storage === undefined || Object.keys(capacity).length > 1) {
      faults.notSupported('spec.capacity', spec.capacity, ['storage']);
    }
    for (const name in capacity) {
      const at = `spec.capacity[${name}]`;
      amount(faults, at, capacity[name]);
      if (compareQuantities(capacity[name], '0') <= 0) faults.invalid(at, capacity[name], 'must be greater than zero');
    }
    if (spec.persistentVolumeReclaimPolicy)
      faults.ifNot('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, RECLAIM);
    if (spec.nodeAffinity) {
      if (!spec.nodeAffinity.required)
        faults.required('spec.nodeAffinity.required', 'must specify required node constraints');
      else nodeSelector(faults, 'spec.nodeAffinity.required', spec.nodeAffinity.required);
    }
    volumeSource(faults, 'spec', spec, PERSISTENT_SOURCES);
    if (spec.iscsi?.initiatorName !== undefined) {
      const named = { name: object.metadata.name, iscsi: spec.iscsi };
      initiatorPortal(faults, 'spec.iscsi.targetportal', named, spec.iscsi.targetPortal);
    }
    if (spec.local && !spec.nodeAffinity) faults.required('spec.nodeAffinity', 'Local volume requires node affinity');
    if (/^\/+\.?$/.test(spec.hostPath?.path ?? '') && spec.persistentVolumeReclaimPolicy === 'Recycle') {
      faults.forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'");
    }
    if (spec.storageClassName) faults.check('spec.storageClassName', spec.storageClassName, isDNS1123Subdomain);
    faults.ifNot('spec.volumeMode', spec.volumeMode, VOLUME_MODES);
    className(faults, 'spec.volumeAttributesClassName', spec.volumeAttributesClassName);
    if (spec.volumeAttributesClassName !== undefined && !spec.csi)
      faults.required('spec.csi', 'has to be specified when using volumeAttributesClassName');
  },
  validateUpdate(faults, object, old) {
    const before = sourceOf(old.spec);
    const now = withoutNewSecret(sourceOf(object.spec), before);
    if (!deepEqual(before, now)) {
      faults.forbidden(
        'spec.persistentvolumesource',
        `spec.persistentvolumesource is immutable after creation${internalDifference('PersistentVolumeSource', before, now)}`,
      );
    }
    // Upstream leaves the spec out of the next two paths.
    if (object.spec.volumeMode !== old.spec.volumeMode) faults.invalid('volumeMode', object.spec.volumeMode, IMMUTABLE);
    if (
      old.spec.nodeAffinity &&
      !deepEqual(withNewLabels(old.spec.nodeAffinity, object.spec), object.spec.nodeAffinity)
    ) {
      faults.invalid(
        'nodeAffinity',
        object.spec.nodeAffinity && new Typed('core.VolumeNodeAffinity', object.spec.nodeAffinity),
        `${IMMUTABLE}, except for updating from beta label to GA`,
      );
    }
    if (old.spec.volumeAttributesClassName !== undefined && object.spec.volumeAttributesClassName === undefined)
      faults.forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden');
  },
};

export const csiDriver: Rules = {
  validate(faults, object) {
    csiDriverName(faults, 'name', object.metadata.name);
    const spec: JsonObject = object.spec ?? {};
    for (const field of ['attachRequired', 'podInfoOnMount', 'storageCapacity'])
      if (spec[field] === undefined) faults.required(`spec.${field}`);
    faults.ifNot('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']);
    const audiences = new Set<string>();
    (spec.tokenRequests ?? []).forEach((request: JsonObject, i: number) => {
      const at = `spec.tokenRequests[${i}]`;
      if (audiences.has(request.audience ?? '')) faults.duplicate(`${at}.audience`, request.audience ?? '');
      audiences.add(request.audience ?? '');
      const seconds = request.expirationSeconds;
      if (seconds < 600)
        faults.invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes');
      if (seconds > 4294967296)
        faults.invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds');
    });
    for (const mode of spec.volumeLifecycleModes ?? [])
      faults.ifNot('spec.volumeLifecycleModes', mode, ['Ephemeral', 'Persistent']);
    if (spec.seLinuxMount === undefined) faults.required('spec.seLinuxMount');
    const period = spec.nodeAllocatableUpdatePeriodSeconds;
    if (period < 10)
      faults.invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds');
  },
  validateUpdate(faults, object, old) {
    if (object.spec?.attachRequired !== old.spec?.attachRequired)
      faults.invalid('spec.attachedRequired', object.spec?.attachRequired, IMMUTABLE);
    if (!deepEqual(object.spec?.volumeLifecycleModes, old.spec?.volumeLifecycleModes))
      faults.invalid('spec.volumeLifecycleModes', object.spec?.volumeLifecycleModes, IMMUTABLE);
  },
};

export const csiNode: Rules = {
  validate(faults, object) {
    const names = new Set<string>();
    (object.spec?.drivers ?? []).forEach((driver: JsonObject, i: number) => {
      const at = `spec.drivers[${i}]`;
      csiDriverName(faults, `${at}.name`, driver.name);
      const nodeID: string = driver.nodeID ?? '';
      if (!nodeID) faults.required(`${at}.nodeID`);
      if (nodeID.length > 192) faults.invalid(`${at}.nodeID`, nodeID, 'must be 192 characters or less');
      faults.nonNegative(`${at}.allocatable.count`, driver.allocatable?.count);
      if (names.has(driver.name)) faults.duplicate(`${at}.name`, driver.name);
      names.add(driver.name);
      const keys = new Set<string>();
      for (const key of driver.topologyKeys ?? []) {
        if (keys.has(key)) faults.duplicate(at, key);
        keys.add(key);
        for (const fault of isQualifiedName(key)) faults.invalid(at, driver.topologyKeys, fault);
      }
    });
  },
};

export const csiStorageCapacity: Rules = {
  validate(faults, object) {
    labelSelector(faults, 'nodeTopology', object.nodeTopology);
    faults.check('storageClassName', object.storageClassName ?? '', isDNS1123Subdomain);
    for (const field of ['capacity', 'maximumVolumeSize']) {
      const value: string | undefined = object[field];
      if (value !== undefined && compareQuantities(value, '0') < 0)
        faults.invalid(field, value, 'must be greater than or equal to 0');
    }
  },
  validateUpdate(faults, object, old) {
    for (const field of ['nodeTopology', 'storageClassName'])
      if (!deepEqual(object[field], old[field])) faults.invalid(field, object[field], IMMUTABLE);
  },
};

export const volumeAttachment: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    if (!spec.attacher) faults.required('spec.attacher');
    const { inlineVolumeSpec: inline, persistentVolumeName: name } = spec.source ?? {};
    if (inline === undefined && name === undefined)
      faults.required('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName');
    else if (inline && name !== undefined)
      faults.forbidden('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName');
    else if (name === '')
      faults.required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName');
    faults.check('spec.nodeName', spec.nodeName ?? '', isDNS1123Subdomain);
    csiDriverName(faults, 'spec.attacher', spec.attacher);
    if (name) faults.check('spec.source.persistentVolumeName', name, isDNS1123Subdomain);
  },
  validateUpdate(faults, object, old) {
    if (!deepEqual(object.spec, old.spec))
      faults.invalid('spec', new Typed('storage.VolumeAttachmentSpec', object.spec), IMMUTABLE);
  },
};

export const volumeAttributesClass: Rules = {
  validate(faults, object) {
    csiDriverName(faults, 'driverName', object.driverName);
    if (!Object.keys(object.parameters ?? {}).length)
      faults.required('parameters', 'must contain at least one key/value pair');
    else classParameters(faults, 'parameters', object.parameters);
  },
  validateUpdate(faults, object, old) {
    if (object.driverName !== old.driverName) faults.forbidden('driverName', 'updates to driverName are forbidden.');
    if (!deepEqual(object.parameters, old.parameters))
      faults.forbidden('parameters', 'updates to parameters are forbidden.');
  },
};
