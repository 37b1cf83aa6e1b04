// What a Pod needs from the API before it can run. A static Pod may need nothing of it (podutil.HasAPIObjectReference;
// the kubelet refuses such manifests since v1.34).

import type { PodSpec } from '../api/types.ts';

/** The resource of the first object that the Pod refers to. */
export function apiReference(spec: PodSpec): string | undefined {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  const volumes = spec.volumes ?? [];
  const projected = volumes.flatMap((volume) => volume.projected?.sources ?? []);
  const references: [string, boolean | undefined][] = [
    ['serviceaccounts', !!spec.serviceAccountName || projected.some((source) => source.serviceAccountToken)],
    [
      'secrets',
      !!spec.imagePullSecrets?.length ||
        [...volumes, ...projected].some((source) => source.secret) ||
        containers.some(
          ({ env, envFrom }) =>
            env?.some(({ valueFrom }) => valueFrom?.secretKeyRef) || envFrom?.some((from) => from.secretRef),
        ),
    ],
    [
      'configmaps',
      [...volumes, ...projected].some((source) => source.configMap) ||
        containers.some(
          ({ env, envFrom }) =>
            env?.some(({ valueFrom }) => valueFrom?.configMapKeyRef) || envFrom?.some((from) => from.configMapRef),
        ),
    ],
    ['persistentvolumeclaims', volumes.some((volume) => volume.persistentVolumeClaim || volume.ephemeral)],
    ['clustertrustbundles', projected.some((source) => source.clusterTrustBundle)],
    ['resourceclaims', !!spec.resourceClaims?.length],
  ];
  return references.find(([, used]) => used)?.[0];
}
