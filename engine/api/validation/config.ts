// ConfigMaps, Secrets, namespaces and nodes.

import { part } from '../../parts/index.ts';
import { base64Length, base64Text, utf8Length } from '../base64.ts';
import { deepEqual } from '../change.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { Faults, IMMUTABLE, Typed } from './field.ts';
import { finalizer } from './metadata.ts';
import { cidrFamily, isConfigMapKey, isQualifiedName } from './names.ts';
import type { Rules } from './rules.ts';
import { resourceQuantity } from './resources.ts';
import { labelValue, TAINT_EFFECTS } from './selectors.ts';

const MAX_SIZE = 1024 * 1024;
const FROZEN = 'field is immutable when `immutable` is set';

/** Of an object that declared itself immutable, neither that nor its data may change. */
function frozen(faults: Faults, object: KubeObject, old: KubeObject, fields: readonly string[]) {
  if (!old.immutable) return;
  if (!object.immutable) faults.forbidden('immutable', FROZEN);
  for (const field of fields) if (!deepEqual(object[field] ?? {}, old[field] ?? {})) faults.forbidden(field, FROZEN);
}

export const configMap: Rules = {
  validate(faults, object) {
    let size = 0;
    for (const key in object.data) {
      for (const fault of isConfigMapKey(key)) faults.invalid(`data[${key}]`, key, fault);
      if (object.binaryData?.[key] !== undefined)
        faults.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
      size += utf8Length(object.data[key]);
    }
    for (const key in object.binaryData) {
      for (const fault of isConfigMapKey(key)) faults.invalid(`binaryData[${key}]`, key, fault);
      size += base64Length(object.binaryData[key]);
    }
    // Upstream's path is empty: the object as a whole.
    if (size > MAX_SIZE) faults.tooLong('[]', MAX_SIZE);
  },
  validateUpdate: (faults, object, old) => frozen(faults, object, old, ['data', 'binaryData']),
};

/** Keys that a Secret of a type must have. */
const SECRET_KEYS: Record<string, string[]> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};
const SSH_AUTH = 'kubernetes.io/ssh-auth';
const SECRET_JSON = new Set(['kubernetes.io/dockercfg', 'kubernetes.io/dockerconfigjson']);

export const secret: Rules = {
  validate(faults, object) {
    let size = 0;
    for (const key in object.data) {
      for (const fault of isConfigMapKey(key)) faults.invalid(`data[${key}]`, key, fault);
      size += base64Length(object.data[key]);
    }
    if (size > MAX_SIZE) faults.tooLong('data', MAX_SIZE);
    const type: string = object.type ?? '';
    if (
      type === 'kubernetes.io/service-account-token' &&
      !object.metadata.annotations?.['kubernetes.io/service-account.name']
    ) {
      faults.required('metadata.annotations[kubernetes.io/service-account.name]');
    }
    if (type === 'kubernetes.io/basic-auth') {
      if (object.data?.username === undefined && object.data?.password === undefined) {
        faults.required('data[username]');
        faults.required('data[password]');
      }
    }
    for (const key of SECRET_KEYS[type] ?? []) {
      const value = object.data?.[key];
      if (value === undefined || (value === '' && type === SSH_AUTH)) faults.required(`data[${key}]`);
      else if (SECRET_JSON.has(type)) {
        const fault = part('requests').jsonObjectError(base64Text(value));
        if (fault) faults.invalid(`data[${key}]`, '<secret contents redacted>', fault);
      }
    }
  },
  validateUpdate(faults, object, old) {
    if (object.type !== old.type) faults.invalid('type', object.type, IMMUTABLE);
    frozen(faults, object, old, ['data']);
  },
};

export const namespace: Rules = {
  validate(faults, object) {
    (object.spec?.finalizers ?? []).forEach((name: string) => finalizer(faults, 'spec.finalizers', name));
  },
  /** Of `finalize` alone: other updates leave the spec as it is. */
  validateUpdate(faults, object) {
    (object.spec?.finalizers ?? []).forEach((name: string, i: number) =>
      finalizer(faults, `spec.finalizers[${i}]`, name),
    );
  },
  validateStatus(faults, object) {
    const phase = object.status?.phase;
    if (object.metadata.deletionTimestamp) {
      if (phase !== 'Terminating')
        faults.invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
    } else if (phase !== 'Active') {
      faults.invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty");
    }
  },
};

function taints(faults: Faults, path: string, list: JsonObject[] | undefined) {
  const seen = new Set<string>();
  (list ?? []).forEach((taint, i) => {
    const at = `${path}[${i}]`;
    faults.check(`${at}.key`, taint.key ?? '', isQualifiedName);
    labelValue(faults, `${at}.value`, taint.value ?? '');
    faults.oneOf(`${at}.effect`, taint.effect, TAINT_EFFECTS);
    const pair = `${taint.key}:${taint.effect}`;
    if (seen.has(pair))
      faults.duplicate(at, new Typed('core.Taint', taint), 'taints must be unique by key and effect pair');
    seen.add(pair);
  });
}

/** Quantities that a node reports of itself. */
function nodeResources(faults: Faults, status: JsonObject | undefined) {
  for (const field of ['capacity', 'allocatable'])
    for (const name in status?.[field])
      resourceQuantity(faults, `status.${field}.${name}`, name, status?.[field][name]);
}

function podCIDRs(faults: Faults, list: string[]) {
  list.forEach((cidr, i) => {
    if (!cidrFamily(cidr)) faults.invalid(`spec.podCIDRs[${i}]`, cidr, 'must be valid CIDR');
  });
  if (list.length < 2) return;
  const dual = list.length === 2 && cidrFamily(list[0]) !== cidrFamily(list[1]);
  if (!dual) faults.invalid('spec.podCIDRs', list, 'may specify no more than one CIDR for each IP family');
  list.forEach((cidr, i) => {
    if (list.indexOf(cidr) < i) faults.duplicate(`spec.podCIDRs[${i}]`, cidr);
  });
}

const CIDR_WORDS = 'node updates may not change podCIDR except from "" to valid';

export const node: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    // Upstream puts taints under metadata here.
    taints(faults, 'metadata.taints', spec.taints);
    nodeResources(faults, object.status);
    podCIDRs(faults, spec.podCIDRs ?? []);
  },
  validateUpdate(faults, object, old) {
    nodeChange(faults, object, old);
  },
  validateStatus(faults, object, old) {
    nodeChange(faults, object, old);
  },
};

function nodeChange(faults: Faults, object: KubeObject, old: KubeObject) {
  nodeResources(faults, object.status);
  const addresses: JsonObject[] = object.status?.addresses ?? [];
  const seen = new Set<string>();
  addresses.forEach((address, i) => {
    const key = `${address.type} ${address.address}`;
    if (seen.has(key)) faults.duplicate(`status.addresses[${i}]`, new Typed('core.NodeAddress', address));
    seen.add(key);
  });
  const before: string[] = old.spec?.podCIDRs ?? [];
  const now: string[] = object.spec?.podCIDRs ?? [];
  if (before.length && before.length !== now.length) faults.forbidden('spec.podCIDRs', CIDR_WORDS);
  else
    before.forEach((cidr, i) => {
      if (cidr !== now[i]) faults.forbidden('spec.podCIDRs', CIDR_WORDS);
    });
  if (old.spec?.providerID && object.spec?.providerID !== old.spec.providerID)
    faults.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
  taints(faults, 'metadata.taints', object.spec?.taints);
  if (object.spec?.externalID !== old.spec?.externalID) faults.forbidden('spec.externalID', 'may not be updated');
}
