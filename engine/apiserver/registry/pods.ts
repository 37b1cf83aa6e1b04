// Pods: selectors take in the Pod's own labels; deletion is graceful, the kubelet ends it (registry/core/pod).

import type { KubeObject, Pod } from '../../api/types.ts';
import { readAppArmorAnnotations } from './app-armor.ts';
import { mergeLabelKeys } from './label-keys.ts';
import type { Strategy } from './strategies.ts';

const DEFAULT_GRACE_SECONDS = 30;
/** The first release that counts the generations of Pods' specs. */
const GENERATION_SINCE = 34;

function ofRelease(pod: KubeObject, minor: number): KubeObject {
  if (minor >= GENERATION_SINCE || pod.metadata.generation === undefined) return pod;
  const { generation: _, ...metadata } = pod.metadata;
  return { ...pod, metadata };
}

export const pods: Strategy = {
  repeats: true,
  returnsDeleted: true,
  beforeCreate: ({ version, minor }, ctx, pod) =>
    ofRelease(readAppArmorAnnotations(ctx, mergeLabelKeys(pod, version)), minor),
  beforeUpdate: ({ minor }, _, pod) => ofRelease(pod, minor),
  gracePeriod(object, asked) {
    const pod = object as unknown as Pod;
    let period = asked ?? pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    // Nothing runs yet, or nothing runs any more.
    if (!pod.spec?.nodeName) period = 0;
    if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') period = 0;
    return period < 0 ? 1 : period;
  },
};
