// References to a Pod and its containers, as the kubelet's events carry them.

import type { ObjectReference, Pod } from '../api/types.ts';

export function podRef(pod: Pod): ObjectReference {
  const { name, namespace, uid, resourceVersion } = pod.metadata ?? {};
  return { kind: 'Pod', namespace, name, uid, apiVersion: 'v1', resourceVersion };
}

/** With `fieldPath: spec.containers{web}`. */
export function containerRef(pod: Pod, name: string): ObjectReference {
  const { initContainers, ephemeralContainers } = pod.spec ?? {};
  const field = initContainers?.some((container) => container.name === name)
    ? 'initContainers'
    : ephemeralContainers?.some((container) => container.name === name)
      ? 'ephemeralContainers'
      : 'containers';
  const ref = podRef(pod);
  ref.fieldPath = `spec.${field}{${name}}`;
  return ref;
}
