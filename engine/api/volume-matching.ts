// Which volume a claim may have: what the volume controller and the scheduler share
// (kubernetes/component-helpers/storage/volume).

import { termMatches, type Selectable } from './node-selector.ts';
import { compareQuantities } from './quantity.ts';
import { matchesSelector } from './selectors.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from './types.ts';
import { BIND_COMPLETED, classOf } from './volume-claims.ts';

/** True when the claim's volume is chosen or made only when a Pod needs it. */
export const waitsForConsumer = (storageClass: StorageClass | undefined): boolean =>
  storageClass?.volumeBindingMode === 'WaitForFirstConsumer';

export const isFullyBound = (claim: PersistentVolumeClaim): boolean =>
  claim.spec?.volumeName !== undefined && claim.metadata.annotations?.[BIND_COMPLETED] !== undefined;

/** The volume names this claim, for good or in advance. */
export function isBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const ref = volume.spec?.claimRef;
  if (!ref || ref.name !== claim.metadata.name || ref.namespace !== claim.metadata.namespace) return false;
  return !ref.uid || ref.uid === claim.metadata.uid;
}

/** Why the claim cannot have the volume that it asks for by name. */
export function volumeMismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (compareQuantities(requestOf(claim), capacityOf(volume)) > 0) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if (!sameAttributesClass(volume, claim)) return 'volumeAttributesClassName does not match';
  if (!sameMode(volume, claim)) return 'incompatible volumeMode';
  if (!offersModes(volume, claim)) return 'incompatible accessMode';
  return undefined;
}

/** The volumes of a cluster as they are asked for: those of one class. */
export type VolumesOfClass = (storageClass: string) => readonly PersistentVolume[];

/**
 * The volume that suits the claim best: one reserved for it, else the smallest that is free, has the fewest modes beyond
 * those asked for, and is reachable from `node`. `taken`: names given to other claims in the same go.
 */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: VolumesOfClass,
  node?: Selectable,
  taken?: ReadonlySet<string>,
): PersistentVolume | undefined {
  const request = requestOf(claim);
  let best: PersistentVolume | undefined;
  let bestModes = Infinity;
  for (const volume of volumes(classOf(claim))) {
    if (volume.metadata.deletionTimestamp || taken?.has(volume.metadata.name as string)) continue;
    const reserved = isBoundTo(volume, claim);
    if (!reserved && volume.spec?.claimRef) continue;
    if (!sameMode(volume, claim) || !sameAttributesClass(volume, claim)) continue;
    if (!offersModes(volume, claim) || compareQuantities(capacityOf(volume), request) < 0) continue;
    if (node && !isReachable(volume, node)) continue;
    if (reserved) return volume;
    if (volume.status?.phase !== 'Available') continue;
    const { selector } = claim.spec ?? {};
    if (selector && !matchesSelector(selector, volume.metadata.labels)) continue;
    const modes = volume.spec?.accessModes?.length ?? 0;
    if (!best || modes < bestModes || (modes === bestModes && smaller(volume, best))) {
      best = volume;
      bestModes = modes;
    }
  }
  return best;
}

/** Whether the volume's node affinity lets the node have it. */
export function isReachable(volume: PersistentVolume, node: Selectable): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return !required || required.nodeSelectorTerms.some((term) => termMatches(term, node));
}

const capacityOf = (volume: PersistentVolume): string => volume.spec?.capacity?.storage ?? '0';
const requestOf = (claim: PersistentVolumeClaim): string => claim.spec?.resources?.requests?.storage ?? '0';
const smaller = (a: PersistentVolume, b: PersistentVolume) => compareQuantities(capacityOf(a), capacityOf(b)) < 0;

export const sameMode = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (volume.spec?.volumeMode ?? 'Filesystem') === (claim.spec?.volumeMode ?? 'Filesystem');

const sameAttributesClass = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (volume.spec?.volumeAttributesClassName ?? '') === (claim.spec?.volumeAttributesClassName ?? '');

function offersModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const offered = volume.spec?.accessModes ?? [];
  return (claim.spec?.accessModes ?? []).every((mode) => offered.includes(mode));
}
