// The claims of a StatefulSet's Pods: made from its templates, and owned by the set or by a Pod that goes for good when
// persistentVolumeClaimRetentionPolicy says that they follow them (kubernetes/pkg/controller/statefulset).

import { type Informer, type ResourceClient } from '../client/index.ts';
import { controllerRef } from './owners.ts';
import { claimName, ordinalOf, podName } from './statefulset-pods.ts';
import type { ControllerContext } from './context.ts';
import type { OwnerReference, PersistentVolumeClaim, Pod, StatefulSet, StatefulSetSpec } from '../api/types.ts';

const specOf = (set: StatefulSet) => set.spec as StatefulSetSpec;
const setRef = (set: StatefulSet) => controllerRef(set, 'apps/v1', 'StatefulSet');

export class StatefulClaims {
  private readonly context: ControllerContext;
  private readonly claims: Informer<PersistentVolumeClaim>;
  private readonly client: ResourceClient<PersistentVolumeClaim>;

  constructor(context: ControllerContext) {
    this.context = context;
    this.client = context.client.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
    this.claims = context.informer<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
  }

  /** Makes the claims of the Pod at `ordinal` that are missing. */
  ensure(set: StatefulSet, ordinal: number) {
    const namespace = set.metadata.namespace as string;
    const { recorder } = this.context;
    for (const template of specOf(set).volumeClaimTemplates ?? []) {
      const name = claimName(set, template, ordinal);
      if (this.claims.get(namespace, name)) continue;
      const labels = { ...template.metadata.labels, ...specOf(set).selector.matchLabels };
      const { annotations } = template.metadata;
      const owned = specOf(set).persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
      const metadata = {
        name,
        namespace,
        labels,
        ...(annotations && { annotations }),
        ...(owned && { ownerReferences: [setRef(set)] }),
      };
      const what = `Claim ${name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`;
      try {
        this.client.create(namespace, {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata,
          spec: template.spec,
        });
        recorder.event(set, 'Normal', 'SuccessfulCreate', `create ${what} success`);
      } catch (error) {
        recorder.event(set, 'Warning', 'FailedCreate', `create ${what} failed error: ${(error as Error).message}`);
        throw error;
      }
    }
  }

  /** Gives the Pod's claims the owners that the retention policy asks for; `retired`: the Pod is beyond the wanted number. */
  follow(set: StatefulSet, pod: Pod, retired: boolean) {
    const { volumeClaimTemplates = [], persistentVolumeClaimRetentionPolicy: policy } = specOf(set);
    if (volumeClaimTemplates.length === 0) return;
    const byPod = retired && policy?.whenScaled === 'Delete';
    const bySet = policy?.whenDeleted === 'Delete' && !byPod;
    let changed = false;
    for (const template of volumeClaimTemplates) {
      const claim = this.claims.get(pod.metadata.namespace as string, claimName(set, template, ordinalOf(set, pod)));
      const owners =
        claim &&
        ownersOf(claim, bySet ? setRef(set) : byPod ? controllerRef(pod, 'v1', 'Pod') : undefined, [
          set.metadata.uid,
          pod.metadata.uid,
        ]);
      if (!claim || !owners) continue;
      const metadata = { ...claim.metadata, ownerReferences: owners };
      this.client.update(metadata.namespace as string, metadata.name as string, { ...claim, metadata });
      changed = true;
    }
    if (!changed || retired) return;
    const text = `update Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`;
    this.context.recorder.event(set, 'Normal', 'SuccessfulUpdate', text);
  }
}

/** The claim's owner references with `owner` as the only one of `ours`; undefined when they are that already. */
function ownersOf(
  claim: PersistentVolumeClaim,
  owner: OwnerReference | undefined,
  ours: readonly (string | undefined)[],
): OwnerReference[] | undefined {
  const { ownerReferences = [] } = claim.metadata;
  // Whoever else controls it decides.
  if (ownerReferences.some(({ uid, controller }) => controller && !ours.includes(uid))) return undefined;
  const kept = ownerReferences.filter(({ uid }) => !ours.includes(uid) || uid === owner?.uid);
  const missing = owner && !kept.some(({ uid }) => uid === owner.uid);
  if (!missing && kept.length === ownerReferences.length) return undefined;
  return missing ? [...kept, owner] : kept;
}
