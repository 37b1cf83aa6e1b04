// The names of the objects in its namespace that a Pod uses, by resource.

import type { Container, PodSpec, PodStatus } from '../../api/types.ts';

export type References = Readonly<Record<string, readonly string[]>>;

const known = new WeakMap<object, References>();

/** Remembered by the Pod's spec, which versions of the Pod share. */
export function podReferences(spec: PodSpec, pod: string, status: PodStatus | undefined): References {
  let found = known.get(spec);
  if (!found) known.set(spec, (found = read(spec, pod)));
  const claims = status?.resourceClaimStatuses;
  if (!claims) return found;
  return { ...found, resourceclaims: [...found.resourceclaims, ...claims.map((one) => one.resourceClaimName ?? '')] };
}

function read(spec: PodSpec, pod: string): References {
  const secrets: string[] = [];
  const configmaps: string[] = [];
  const persistentvolumeclaims: string[] = [];
  const add = (names: string[], name: string | undefined) => {
    if (name && !names.includes(name)) names.push(name);
  };
  for (const { name } of spec.imagePullSecrets ?? []) add(secrets, name);
  const containers: Pick<Container, 'env' | 'envFrom'>[] = [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ];
  for (const { env = [], envFrom = [] } of containers) {
    for (const { valueFrom } of env) {
      add(secrets, valueFrom?.secretKeyRef?.name);
      add(configmaps, valueFrom?.configMapKeyRef?.name);
    }
    for (const { secretRef, configMapRef } of envFrom) {
      add(secrets, secretRef?.name);
      add(configmaps, configMapRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    add(secrets, volume.secret?.secretName);
    add(configmaps, volume.configMap?.name);
    add(persistentvolumeclaims, volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral) add(persistentvolumeclaims, `${pod}-${volume.name}`);
    for (const { secret, configMap } of volume.projected?.sources ?? []) {
      add(secrets, secret?.name);
      add(configmaps, configMap?.name);
    }
    add(secrets, volume.csi?.nodePublishSecretRef?.name);
  }
  const resourceclaims = (spec.resourceClaims ?? []).flatMap(({ resourceClaimName }) => resourceClaimName ?? []);
  const serviceaccounts = [spec.serviceAccountName ?? 'default'];
  return { secrets, configmaps, persistentvolumeclaims, resourceclaims, serviceaccounts };
}
