// Owner references: who controls an object, and how an object is adopted or let go.

import type { Informer, ResourceClient } from '../client/index.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../api/types.ts';

type Named = { metadata: ObjectMeta };

/** The reference with `controller: true`, of which there is at most one. */
export function controllerOf(object: Named): OwnerReference | undefined {
  const owners = object.metadata.ownerReferences;
  if (!owners) return undefined;
  for (let i = 0; i < owners.length; i++) if (owners[i].controller) return owners[i];
  return undefined;
}

export function isControlledBy(object: Named, owner: Named): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

export function controllerRef(owner: Named, apiVersion: string, kind: string): OwnerReference {
  const { name, uid } = owner.metadata;
  return { apiVersion, kind, name: name as string, uid: uid as string, controller: true, blockOwnerDeletion: true };
}

const BY_CONTROLLER = 'controller-uid';
const ORPHANS = 'orphans';

/** Indexes an informer's objects by the uid of their controller, and those without one by namespace. */
export function indexByController<T extends object>(informer: Informer<T>) {
  const orphaned = (object: T) => {
    const { ownerReferences, namespace } = (object as Named).metadata;
    return ownerReferences && controllerOf(object as Named) ? undefined : (namespace ?? '');
  };
  informer.addIndex(BY_CONTROLLER, (object) => controllerOf(object as Named)?.uid, 'owners');
  informer.addIndex(ORPHANS, orphaned, 'owners');
}

export const controlledBy = <T extends object>(informer: Informer<T>, owner: Named): T[] =>
  informer.byIndex(BY_CONTROLLER, owner.metadata.uid as string);

export const orphansIn = <T extends object>(informer: Informer<T>, namespace: string): T[] =>
  informer.byIndex(ORPHANS, namespace);

export function adopt<T extends object>(client: ResourceClient<T>, object: Named, ref: OwnerReference): T {
  const { namespace, name, uid } = object.metadata;
  return client.patch(namespace as string, name as string, 'strategic', { metadata: { uid, ownerReferences: [ref] } });
}

export function release<T extends object>(client: ResourceClient<T>, object: Named, ownerUID: string): T {
  const { namespace, name, uid } = object.metadata;
  return client.patch(namespace as string, name as string, 'strategic', {
    metadata: { uid, ownerReferences: [{ $patch: 'delete', uid: ownerUID }] },
  });
}

/**
 * The objects that belong to `owner`: those it controls and that match, those without a controller that match
 * (adopted), less those it controls that match no more (released). PodControllerRefManager and its kin.
 */
export function claim<T extends object>(options: {
  client: ResourceClient<T>;
  informer: Informer<T>;
  owner: Named;
  ref: OwnerReference;
  matches: (object: T) => boolean;
  /** Objects that are past adoption (finished Pods, say). */
  adoptable?: (object: T) => boolean;
}): T[] {
  const { client, informer, owner, ref, matches, adoptable } = options;
  const deleting = owner.metadata.deletionTimestamp !== undefined;
  const claimed: T[] = [];
  const owned = controlledBy(informer, owner);
  for (let i = 0; i < owned.length; i++) {
    const object = owned[i];
    if (matches(object)) claimed.push(object);
    else if (!deleting) release(client, object as Named, ref.uid);
  }
  if (deleting) return claimed;
  const orphans = orphansIn(informer, owner.metadata.namespace as string);
  for (let i = 0; i < orphans.length; i++) {
    const object = orphans[i];
    if ((object as Named).metadata.deletionTimestamp || !matches(object)) continue;
    if (adoptable && !adoptable(object)) continue;
    claimed.push(adopt(client, object as Named, ref));
  }
  return claimed;
}

/** True when labels or controller changed: when an object may have to be claimed anew. */
export function claimChanged(object: KubeObject | Named, old: KubeObject | Named): boolean {
  const a = object.metadata;
  const b = old.metadata;
  if (a.labels !== b.labels && !sameMap(a.labels, b.labels)) return true;
  return a.ownerReferences !== b.ownerReferences && controllerOf(object)?.uid !== controllerOf(old)?.uid;
}

export function sameMap(a: Record<string, string> | undefined, b: Record<string, string> | undefined): boolean {
  if (a === b) return true;
  let n = 0;
  for (const key in a) {
    if (!b || a[key] !== b[key]) return false;
    n++;
  }
  for (const _ in b) n--;
  return n === 0;
}
