// DefaultStorageClass gives claims without a class the default one; StorageObjectInUseProtection keeps claims and
// volumes until nobody uses them. DefaultIngressClass does for Ingresses what the first does for claims.

import { compareQuantities } from '../../api/quantity.ts';
import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import { forbidden } from '../status.ts';
import { Selection } from '../storage/selection.ts';
import type { AdmissionHost, AdmissionPlugin } from './types.ts';

const EVERYTHING = new Selection('', undefined, [], []);

/** Objects of a kind that an annotation marks as default. */
function marked(host: AdmissionHost, info: ResourceInfo | undefined, annotation: string): KubeObject[] {
  if (!info) return [];
  return host.storage
    .cache(info)
    .list(EVERYTHING)
    .filter((object) => object.metadata.annotations?.[annotation] === 'true');
}

export const defaultStorageClass: NonNullable<AdmissionPlugin['mutate']> = ({ object }, host) => {
  const annotations = object.metadata.annotations;
  if (object.spec?.storageClassName !== undefined) return object;
  if (annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined) return object;
  const defaults = marked(
    host,
    host.scheme.resource('storage.k8s.io', 'v1', 'storageclasses'),
    'storageclass.kubernetes.io/is-default-class',
  );
  if (defaults.length === 0) return object;
  // Of several the newest wins, then the first by name.
  const born = (one: KubeObject): string => one.metadata.creationTimestamp ?? '';
  defaults.sort((a, b) => (born(a) === born(b) ? (nameOf(a) < nameOf(b) ? -1 : 1) : born(a) > born(b) ? -1 : 1));
  return { ...object, spec: { ...object.spec, storageClassName: defaults[0].metadata.name } };
};

const nameOf = (object: KubeObject): string => object.metadata.name as string;

const PROTECTION: Record<string, string> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
};

export const storageObjectInUseProtection: NonNullable<AdmissionPlugin['mutate']> = ({ object, info }) => {
  const finalizer = PROTECTION[info.resource];
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(finalizer)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
};

export const persistentVolumeClaimResize: NonNullable<AdmissionPlugin['validate']> = (
  { object, old, info, name },
  host,
) => {
  const size = (claim: KubeObject | undefined): string => claim?.spec?.resources?.requests?.storage ?? '0';
  if (object?.spec === old?.spec || compareQuantities(size(object), size(old)) <= 0) return;
  if (old?.status?.phase !== 'Bound')
    throw forbidden(info, name, 'Only bound persistent volume claims can be expanded');
  const classes = host.scheme.resource('storage.k8s.io', 'v1', 'storageclasses');
  const wanted: string = object?.spec?.storageClassName ?? '';
  const storageClass = classes && wanted ? host.storage.get(classes, '', wanted) : undefined;
  if (storageClass?.allowVolumeExpansion !== true)
    throw forbidden(
      info,
      name,
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    );
};

export const defaultIngressClass: NonNullable<AdmissionPlugin['mutate']> = ({ object, info, name }, host) => {
  if (object.spec?.ingressClassName !== undefined) return object;
  if (object.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return object;
  const defaults = marked(
    host,
    host.scheme.resource('networking.k8s.io', 'v1', 'ingressclasses'),
    'ingressclass.kubernetes.io/is-default-class',
  );
  if (defaults.length === 0) return object;
  if (defaults.length > 1) {
    throw forbidden(info, name, `${defaults.length} default IngressClasses were found, only 1 allowed`);
  }
  return { ...object, spec: { ...object.spec, ingressClassName: defaults[0].metadata.name } };
};
