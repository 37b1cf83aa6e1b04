// The identity of a StatefulSet's Pods: name, host name, labels, claims.

import type { PersistentVolumeClaim, Pod, PodSpec, StatefulSet, Volume } from '../api/types.ts';

export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** The number at the end of the Pod's name; -1 when the Pod is not named after the set. */
export function ordinalOf(set: StatefulSet, pod: Pod): number {
  const prefix = `${set.metadata.name}-`;
  const name = pod.metadata.name as string;
  if (!name.startsWith(prefix)) return -1;
  const rest = name.slice(prefix.length);
  return /^[0-9]+$/.test(rest) ? Number(rest) : -1;
}

export function claimName(set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata.name}-${podName(set, ordinal)}`;
}

/** Gives a Pod from the template its place in the set. */
export function statefulPod(set: StatefulSet, ordinal: number, pod: Pod, revision: string): Pod {
  const name = podName(set, ordinal);
  const { metadata } = pod;
  const spec = pod.spec as PodSpec;
  const claims = (set.spec?.volumeClaimTemplates ?? []).map((template): Volume => ({
    name: template.metadata.name as string,
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  const replaced = new Set(claims.map((volume) => volume.name));
  const volumes = [...claims, ...(spec.volumes ?? []).filter((volume) => !replaced.has(volume.name))];
  return {
    ...pod,
    metadata: {
      ...metadata,
      name,
      labels: {
        ...metadata.labels,
        'apps.kubernetes.io/pod-index': String(ordinal),
        'controller-revision-hash': revision,
        'statefulset.kubernetes.io/pod-name': name,
      },
    },
    spec: {
      ...spec,
      hostname: name,
      ...(set.spec?.serviceName && { subdomain: set.spec.serviceName }),
      ...(volumes.length > 0 && { volumes }),
    },
  };
}
