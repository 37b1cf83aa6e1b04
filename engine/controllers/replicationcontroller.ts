// ReplicationController: the ReplicaSet's elder, with equality selectors only.

import { ReplicaManager } from './replica-manager.ts';
import { matchesLabels } from '../api/selectors.ts';
import type { Controller } from './context.ts';
import type { ReplicationController } from '../api/types.ts';

export const replicationControllerController: Controller = {
  name: 'replicationcontroller-controller',
  account: 'replication-controller',
  component: 'replication-controller',
  start(context) {
    void new ReplicaManager<ReplicationController>(context, {
      groupVersion: 'v1',
      plural: 'replicationcontrollers',
      kind: 'ReplicationController',
      matches: (rc, labels) => matchesLabels(rc.spec?.selector, labels),
      countsTerminating: false,
      siblings: () => [],
    });
  },
};
