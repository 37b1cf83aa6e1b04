// Keeps claims that Pods use and volumes that claims hold from going away: the finalizer that admission puts on each
// is taken off only when nobody needs the object any more (kubernetes/pkg/controller/volume/pvcprotection, pvprotection).

import { isNotFound, keyOf, type Informer, type ResourceClient } from '../client/index.ts';
import type { ObjectMeta, PersistentVolume, PersistentVolumeClaim, Pod } from '../api/types.ts';
import type { Controller, ControllerContext } from './context.ts';

const CLAIM_FINALIZER = 'kubernetes.io/pvc-protection';
const VOLUME_FINALIZER = 'kubernetes.io/pv-protection';

export const claimProtection: Controller = {
  name: 'persistentvolumeclaim-protection-controller',
  account: 'pvc-protection-controller',
  component: 'pvc-protection-controller',
  start: startClaimProtection,
};

export const volumeProtection: Controller = {
  name: 'persistentvolume-protection-controller',
  account: 'pv-protection-controller',
  component: 'pv-protection-controller',
  start: startVolumeProtection,
};

function startClaimProtection(context: ControllerContext) {
  const claims = context.informer<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
  const pods = context.informer<Pod>('v1', 'pods');
  pods.addIndex('claim', claimsOf, 'spec');
  const inUse = (claim: PersistentVolumeClaim) =>
    // A Pod without a node uses nothing yet: no kubelet will start it with a claim that is going.
    pods.byIndex('claim', keyOf(claim)).some((pod) => pod.spec?.nodeName);
  const queue = protect(context, claims, 'persistentvolumeclaims', CLAIM_FINALIZER, inUse);
  const podChanged = (pod: Pod) => {
    for (const key of claimsOf(pod)) if (leaving(claims.byKey(key), CLAIM_FINALIZER)) queue.add(key);
  };
  pods.on({ update: podChanged, delete: podChanged });
}

function startVolumeProtection(context: ControllerContext) {
  const volumes = context.informer<PersistentVolume>('v1', 'persistentvolumes');
  protect(context, volumes, 'persistentvolumes', VOLUME_FINALIZER, (volume) => volume.status?.phase === 'Bound');
}

/** Keys of the claims that a Pod mounts, those of its ephemeral volumes among them. */
function claimsOf({ metadata, spec }: Pod): string[] {
  const keys: string[] = [];
  for (const volume of spec?.volumes ?? []) {
    if (volume.persistentVolumeClaim) keys.push(`${metadata.namespace}/${volume.persistentVolumeClaim.claimName}`);
    else if (volume.ephemeral) keys.push(`${metadata.namespace}/${metadata.name}-${volume.name}`);
  }
  return keys;
}

const leaving = (object: { metadata: ObjectMeta } | undefined, finalizer: string): boolean =>
  object?.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers?.includes(finalizer) ?? false);

/** Takes the finalizer off what is being deleted and not in use. */
function protect<T extends { metadata: ObjectMeta }>(
  context: ControllerContext,
  informer: Informer<T>,
  plural: string,
  finalizer: string,
  inUse: (object: T) => boolean,
) {
  const client: ResourceClient<T> = context.client.of<T>('v1', plural, plural === 'persistentvolumeclaims');
  const queue = context.queue((key) => {
    const object = informer.byKey(key);
    if (!object || !leaving(object, finalizer) || inUse(object)) return;
    const finalizers = object.metadata.finalizers?.filter((one) => one !== finalizer);
    try {
      client.update(object.metadata.namespace ?? '', object.metadata.name as string, {
        ...object,
        metadata: { ...object.metadata, finalizers },
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  });
  const changed = (object: T) => {
    if (leaving(object, finalizer)) queue.add(keyOf(object));
  };
  informer.on({ add: changed, update: changed });
  return queue;
}
