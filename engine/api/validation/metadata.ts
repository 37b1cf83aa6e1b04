// ObjectMeta: names, labels, annotations, owner references and finalizers, on create and on update.

import { deepEqual } from '../change.ts';
import type { KubeObject, ObjectMeta, ResourceInfo } from '../types.ts';
import { Faults, IMMUTABLE, utf8Length } from './field.ts';
import {
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidIP,
  isValidLabelValue,
  maskTrailingDash,
  type Format,
} from './names.ts';

const TOTAL_ANNOTATIONS = 256 * 1024;
const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion'];

/** RBAC names are path segments, nothing more. */
export const pathSegment: Format = (name) => {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  const faults: string[] = [];
  for (const part of ['/', '%']) if (name.includes(part)) faults.push(`may not contain '${part}'`);
  return faults;
};

/** What names of a kind must be like, where it is not a DNS subdomain. */
const NAME_FORMATS: Record<string, Format> = {
  '/Namespace': isDNS1123Label,
  '/Service': isDNS1035Label,
  'apps/StatefulSet': isDNS1123Label,
  'policy/PodDisruptionBudget': pathSegment,
  'apiregistration.k8s.io/APIService': pathSegment,
  'storage.k8s.io/CSIDriver': pathSegment,
  'rbac.authorization.k8s.io/Role': pathSegment,
  'rbac.authorization.k8s.io/ClusterRole': pathSegment,
  'rbac.authorization.k8s.io/RoleBinding': pathSegment,
  'rbac.authorization.k8s.io/ClusterRoleBinding': pathSegment,
  'networking.k8s.io/IPAddress': isValidIP,
  'certificates.k8s.io/CertificateSigningRequest': pathSegment,
};

// Labels of all Pods of a template are the same object.
const goodLabels = new WeakSet<object>();

export function labels(faults: Faults, path: string, value: Record<string, string> | undefined) {
  if (!value || goodLabels.has(value)) return;
  const before = faults.list.length;
  for (const key in value) {
    faults.check(path, key, isQualifiedName);
    faults.check(path, value[key], isValidLabelValue);
  }
  if (faults.list.length === before) goodLabels.add(value);
}

export function annotations(faults: Faults, path: string, value: Record<string, string> | undefined) {
  if (!value) return;
  let total = 0;
  for (const key in value) {
    // Keys are compared in lower case: old annotations have upper case prefixes.
    for (const fault of isQualifiedName(key.toLowerCase())) faults.invalid(path, key, fault);
    total += utf8Length(key) + utf8Length(value[key]);
  }
  if (total > TOTAL_ANNOTATIONS) faults.tooLong(path, TOTAL_ANNOTATIONS);
}

function ownerReferences(faults: Faults, path: string, meta: ObjectMeta) {
  let controller = '';
  for (const ref of meta.ownerReferences ?? []) {
    if ((ref.apiVersion ?? '').split('/').length > 2) {
      faults.invalid(`${path}.apiVersion`, ref.apiVersion, `unexpected GroupVersion string: ${ref.apiVersion}`);
    }
    if (!ref.apiVersion || ref.apiVersion.endsWith('/'))
      faults.invalid(`${path}.apiVersion`, ref.apiVersion ?? '', 'version must not be empty');
    if (!ref.kind) faults.invalid(`${path}.kind`, ref.kind ?? '', 'kind must not be empty');
    if (!ref.name) faults.invalid(`${path}.name`, ref.name ?? '', 'name must not be empty');
    if (!ref.uid) faults.invalid(`${path}.uid`, ref.uid ?? '', 'uid must not be empty');
    if (ref.apiVersion === 'v1' && ref.kind === 'Event') {
      faults.invalid(path, ref, '/v1, Kind=Event is disallowed from being an owner');
    }
    if (!ref.controller) continue;
    const name = `${ref.kind}/${ref.name}`;
    if (controller) {
      faults.invalid(
        path,
        meta.ownerReferences,
        `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`,
      );
    }
    controller = name;
  }
}

/** A name without a domain must be one of Kubernetes' own. */
function standardFinalizer(faults: Faults, path: string, name: string) {
  if (!name.includes('/') && !STANDARD_FINALIZERS.includes(name)) {
    faults.invalid(path, name, 'name is neither a standard finalizer name nor is it fully qualified');
  }
}

/** One of a namespace's own finalizers. */
export function finalizer(faults: Faults, path: string, name: string) {
  faults.check(path, name, isQualifiedName);
  standardFinalizer(faults, path, name);
}

/** The name format of a kind. */
export function nameFormat(info: Pick<ResourceInfo, 'group' | 'kind'>): Format {
  return NAME_FORMATS[`${info.group}/${info.kind}`] ?? isDNS1123Subdomain;
}

/** Metadata of a whole object or, at another path and without a name, of a template. */
export function objectMeta(
  faults: Faults,
  info: Pick<ResourceInfo, 'group' | 'kind' | 'namespaced'>,
  object: KubeObject,
  format: Format = nameFormat(info),
  path = 'metadata',
) {
  const meta = object.metadata;
  if (meta.generateName) {
    for (const fault of format(maskTrailingDash(meta.generateName))) {
      faults.invalid(`${path}.generateName`, meta.generateName, fault);
    }
  }
  if (!meta.name) faults.required(`${path}.name`, 'name or generateName is required');
  else faults.check(`${path}.name`, meta.name, format);
  if (info.namespaced) {
    if (!meta.namespace) faults.required(`${path}.namespace`);
    else faults.check(`${path}.namespace`, meta.namespace, isDNS1123Label);
  } else if (meta.namespace) {
    faults.forbidden(`${path}.namespace`, 'not allowed on this type');
  }
  faults.nonNegative(`${path}.generation`, meta.generation);
  labels(faults, `${path}.labels`, meta.labels);
  annotations(faults, `${path}.annotations`, meta.annotations);
  if (meta.ownerReferences) ownerReferences(faults, `${path}.ownerReferences`, meta);
  finalizers(faults, meta, path);
}

/** What the registry checks of any object's metadata on an update; what has not changed was good before. */
export function commonMeta(faults: Faults, { metadata: now }: KubeObject, old: KubeObject) {
  const before = old.metadata;
  if (now.labels !== before.labels) labels(faults, 'metadata.labels', now.labels);
  if (now.annotations !== before.annotations) annotations(faults, 'metadata.annotations', now.annotations);
  if (now.ownerReferences && now.ownerReferences !== before.ownerReferences)
    ownerReferences(faults, 'metadata.ownerReferences', now);
  if (now.finalizers && now.finalizers !== before.finalizers) finalizerNames(faults, now.finalizers, 'metadata');
}

/** What strategies check of finalizers on an update; the registry alone lets their names be. */
export function standardFinalizers(faults: Faults, { finalizers: names }: ObjectMeta, path = 'metadata') {
  names?.forEach((name, i) => standardFinalizer(faults, `${path}.finalizers[${i}]`, name));
}

function finalizerNames(faults: Faults, names: string[], path: string) {
  for (const name of names) faults.check(`${path}.finalizers`, name, isQualifiedName);
  if (names.includes('orphan') && names.includes('foregroundDeletion')) {
    faults.invalid(`${path}.finalizers`, names, 'finalizer orphan and foregroundDeletion cannot be both set');
  }
}

function finalizers(faults: Faults, meta: ObjectMeta, path: string) {
  if (!meta.finalizers) return;
  finalizerNames(faults, meta.finalizers, path);
  standardFinalizers(faults, meta, path);
}

/** Metadata of a template of something whose name is not its own: labels and annotations, nothing else. */
export function templateMeta(faults: Faults, path: string, meta: ObjectMeta | undefined) {
  if (!meta) return;
  annotations(faults, `${path}.annotations`, meta.annotations);
  labels(faults, `${path}.labels`, meta.labels);
  for (const field in meta) {
    if (field !== 'annotations' && field !== 'labels') faults.forbidden(`${path}.${field}`, 'cannot be set');
  }
}

const IMMUTABLE_META = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

export function objectMetaUpdate(faults: Faults, object: KubeObject, old: KubeObject) {
  const meta = object.metadata;
  const before = old.metadata;
  if (before.deletionTimestamp && meta.finalizers) {
    const added = meta.finalizers.filter((name) => !before.finalizers?.includes(name));
    if (added.length) {
      faults.forbidden(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((n) => JSON.stringify(n)).join(', ')}}`,
      );
    }
  }
  if ((meta.generation ?? 0) < (before.generation ?? 0)) {
    faults.invalid('metadata.generation', meta.generation ?? 0, 'must not be decremented');
  }
  for (const key of IMMUTABLE_META) {
    if (!deepEqual(meta[key], before[key])) faults.invalid(`metadata.${key}`, meta[key] ?? '', IMMUTABLE);
  }
  labels(faults, 'metadata.labels', meta.labels);
  if (meta.annotations !== before.annotations) annotations(faults, 'metadata.annotations', meta.annotations);
  if (meta.ownerReferences && meta.ownerReferences !== before.ownerReferences) {
    ownerReferences(faults, 'metadata.ownerReferences', meta);
  }
}
