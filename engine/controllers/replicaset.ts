// ReplicaSet controller. When Pods must go, those on nodes crowded with Pods of the same Deployment go first.

import { controlledBy, controllerOf } from './owners.ts';
import { ReplicaManager } from './replica-manager.ts';
import { matchesSelector } from '../api/selectors.ts';
import type { Controller } from './context.ts';
import type { ReplicaSet } from '../api/types.ts';

export const replicaSetController: Controller = {
  name: 'replicaset-controller',
  account: 'replicaset-controller',
  component: 'replicaset-controller',
  start(context) {
    const informer = context.informer<ReplicaSet>('apps/v1', 'replicasets');
    void new ReplicaManager<ReplicaSet>(context, {
      groupVersion: 'apps/v1',
      plural: 'replicasets',
      kind: 'ReplicaSet',
      matches: (rs, labels) => matchesSelector(rs.spec?.selector, labels),
      countsTerminating: true,
      siblings(rs) {
        const owner = controllerOf(rs);
        return owner ? controlledBy(informer, { metadata: { uid: owner.uid } }) : [];
      },
    });
  },
};
