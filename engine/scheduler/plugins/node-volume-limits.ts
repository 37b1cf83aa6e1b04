// NodeVolumeLimits: no more volumes of a CSI driver on a node than its CSINode object allows.

import { classOf } from '../../api/volume-claims.ts';
import { SKIP, unschedulable, type Plugin } from '../framework.ts';
import { someClaim, volumeOf, type Storage } from './volumes.ts';
import type { PodInfo } from '../pod-info.ts';

const NAME = 'NodeVolumeLimits';
const TOO_MANY = unschedulable('node(s) exceed max volume count');

/** Distinct volumes by driver. */
type Volumes = Map<string, Set<string>>;

export function nodeVolumeLimits(storage: Storage): Plugin {
  /** Adds the CSI volumes behind the Pod's claims; those that are not made yet count under their claims' names. */
  function collect({ pod, namespace }: PodInfo, into: Volumes) {
    someClaim(pod, (name) => {
      const claim = storage.claims.get(namespace, name);
      const csi = volumeOf(storage, claim)?.spec?.csi;
      const driver =
        csi?.driver ??
        (claim && !claim.spec?.volumeName ? storage.classes.byKey(classOf(claim))?.provisioner : undefined);
      if (!driver) return false;
      const handle = csi?.volumeHandle ?? `${namespace}/${name}`;
      const known = into.get(driver);
      if (known) known.add(handle);
      else into.set(driver, new Set([handle]));
      return false;
    });
  }

  return {
    name: NAME,
    events: ['NodeAdd', 'AssignedPodDelete', 'Storage'],
    helps: () => true,
    preFilter(pod, state) {
      const own: Volumes = new Map();
      if (storage.csiNodes.size > 0) collect(pod, own);
      if (own.size === 0) return SKIP;
      state.set(NAME, own);
      return undefined;
    },
    filter(_pod, node, state) {
      const drivers = storage.csiNodes
        .byKey(node.name)
        ?.spec.drivers.filter(({ allocatable }) => allocatable?.count !== undefined);
      if (!drivers?.length) return undefined;
      const own = state.get(NAME) as Volumes;
      let used: Volumes | undefined;
      for (const { name, allocatable } of drivers) {
        const wanted = own.get(name);
        if (!wanted) continue;
        if (!used) {
          const all: Volumes = (used = new Map());
          node.pods.forEach((other) => collect(other, all));
        }
        const there = used.get(name) ?? new Set();
        let added = 0;
        wanted.forEach((one) => (added += there.has(one) ? 0 : 1));
        if (added > 0 && there.size + added > (allocatable?.count as number)) return TOO_MANY;
      }
      return undefined;
    },
  };
}
