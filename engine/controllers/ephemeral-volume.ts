// Ephemeral volume controller: makes the claim of each generic ephemeral volume of a Pod, which owns it
// (kubernetes/pkg/controller/volume/ephemeral).

import { keyOf } from '../client/index.ts';
import { claimNameOf } from '../api/volume-claims.ts';
import { controllerRef, isControlledBy } from './owners.ts';
import type { Controller } from './context.ts';
import type { PersistentVolumeClaim, Pod } from '../api/types.ts';

export const ephemeralVolumeController: Controller = {
  name: 'ephemeral-volume-controller',
  account: 'ephemeral-volume-controller',
  component: 'ephemeral_volume',
  start(context) {
    const pods = context.informer<Pod>('v1', 'pods');
    const claims = context.informer<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
    const client = context.client.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');

    const queue = context.queue((key) => {
      const pod = pods.byKey(key);
      if (!pod || pod.metadata.deletionTimestamp) return;
      const namespace = pod.metadata.namespace as string;
      for (const volume of pod.spec?.volumes ?? []) {
        const template = volume.ephemeral?.volumeClaimTemplate;
        if (!template) continue;
        const name = claimNameOf(pod, volume) as string;
        const known = claims.get(namespace, name);
        if (known && isControlledBy(known, pod)) continue;
        if (known) {
          const text = `PVC ${JSON.stringify(`${namespace}/${name}`)} was not created for pod ${JSON.stringify(key)} (pod is not owner)`;
          context.recorder.event(pod, 'Warning', 'EphemeralVolumeConflict', text);
          throw new Error(text);
        }
        const { labels, annotations } = template.metadata ?? {};
        const ownerReferences = [controllerRef(pod, 'v1', 'Pod')];
        const metadata = { name, namespace, labels, annotations, ownerReferences };
        try {
          client.create(namespace, {
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            metadata,
            spec: template.spec,
          });
        } catch (error) {
          const text = `ephemeral volume ${volume.name}: create PVC ${name}: ${(error as Error).message}`;
          context.recorder.event(pod, 'Warning', 'EphemeralVolumeCreationFailed', text);
          throw error;
        }
      }
    });
    const changed = (pod: Pod) => {
      if (pod.spec?.volumes?.some((volume) => volume.ephemeral)) queue.add(keyOf(pod));
    };
    pods.on({ add: changed });
    claims.on({
      delete(claim) {
        const owner = claim.metadata.ownerReferences?.find((ref) => ref.controller && ref.kind === 'Pod');
        if (owner) queue.add(`${claim.metadata.namespace}/${owner.name}`);
      },
    });
  },
};
