// ConfigMaps, Secrets, namespaces and nodes.

import { base64Length, base64Text, utf8Length } from '../base64.ts';
import { deepEqual } from '../change.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { Faults, IMMUTABLE } from './field.ts';
import { finalizer } from './metadata.ts';
import { cidrFamily, isConfigMapKey, isQualifiedName, isValidLabelValue } from './names.ts';
import type { Rules } from './rules.ts';
import { TAINT_EFFECTS } from './selectors.ts';

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
    if (size > MAX_SIZE) faults.tooLong('', MAX_SIZE);
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
      if (value === undefined) faults.required(`data[${key}]`);
      else if (SECRET_JSON.has(type)) {
        try {
          JSON.parse(base64Text(value));
        } catch (error) {
          faults.invalid(`data[${key}]`, '<secret contents redacted>', (error as Error).message);
        }
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
    for (const fault of isValidLabelValue(taint.value ?? '')) faults.invalid(`${at}.value`, taint.value, fault);
    if (!taint.effect) faults.required(`${at}.effect`);
    else faults.ifNot(`${at}.effect`, taint.effect, TAINT_EFFECTS);
    const pair = `${taint.key}:${taint.effect}`;
    if (seen.has(pair)) {
      faults.duplicate(at, taint);
      const last = faults.list[faults.list.length - 1];
      last.message += ': taints must be unique by key and effect pair';
    }
    seen.add(pair);
  });
}

export const node: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    // Upstream puts taints under metadata here.
    taints(faults, 'metadata.taints', spec.taints);
    const cidrs: string[] = spec.podCIDRs ?? [];
    cidrs.forEach((cidr, i) => {
      if (!cidrFamily(cidr)) faults.invalid(`spec.podCIDRs[${i}]`, cidr, 'must be valid CIDR');
    });
    if (cidrs.length > 2)
      faults.invalid('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family');
  },
  validateUpdate(faults, object, old) {
    if (old.spec?.providerID && object.spec?.providerID !== old.spec.providerID) {
      faults.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
    }
    if (old.spec?.podCIDRs?.length && !deepEqual(object.spec?.podCIDRs, old.spec.podCIDRs)) {
      faults.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
    }
  },
};
