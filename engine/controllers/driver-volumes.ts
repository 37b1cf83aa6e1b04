// The controllers for volumes of CSI drivers: they begin to work when there is the first such volume.

import { keyOf } from '../client/index.ts';
import { compareQuantities } from '../api/quantity.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../api/types.ts';
import { part } from '../parts/index.ts';
import type { Controller, ControllerContext } from './context.ts';

export const attachDetachController: Controller = {
  name: 'persistentvolume-attach-detach-controller',
  account: 'attachdetach-controller',
  component: 'attachdetach-controller',
  start: (context) => onceThereIsADriverVolume(context, () => void part('csi').attachDetach(context)),
};

/** What it could grow itself is gone from Kubernetes: it tells whose turn it is. */
export const expandController: Controller = {
  name: 'persistentvolume-expander-controller',
  account: 'expand-controller',
  component: 'volume_expand',
  start: (context) => onceThereIsADriverVolume(context, () => watchClaims(context)),
};

function onceThereIsADriverVolume(context: ControllerContext, begin: () => void) {
  let begun = false;
  context.informer<PersistentVolume>('v1', 'persistentvolumes').on({
    add({ spec }) {
      if (begun || !spec?.csi) return;
      begun = true;
      begin();
    },
  });
}

function watchClaims(context: ControllerContext) {
  const claims = context.informer<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
  const queue = context.queue((key) => {
    const claim = claims.byKey(key);
    const text = 'waiting for an external controller to expand this PVC';
    if (claim) context.recorder.event(claim, 'Normal', 'ExternalExpanding', text);
  });
  claims.on({
    update(claim, old) {
      const asked = claim.spec?.resources?.requests?.storage ?? '0';
      const before = old.spec?.resources?.requests?.storage ?? '0';
      if (asked !== before && compareQuantities(asked, claim.status?.capacity?.storage ?? '0') > 0)
        queue.add(keyOf(claim));
    },
  });
}
