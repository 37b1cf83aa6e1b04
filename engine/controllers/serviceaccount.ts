// Every namespace that is not going away has a service account "default".

import { ApiError, isAlreadyExists, keyOf } from '../client/index.ts';
import { namespaceIsTerminating } from './pod-control.ts';
import type { Controller } from './context.ts';
import type { Namespace, ServiceAccount } from '../api/types.ts';

export const serviceAccountController: Controller = {
  name: 'serviceaccount-controller',
  account: 'service-account-controller',
  component: 'serviceaccount-controller',
  start(context) {
    const client = context.client.of<ServiceAccount>('v1', 'serviceaccounts');
    const namespaces = context.informer<Namespace>('v1', 'namespaces');
    const accounts = context.informer<ServiceAccount>('v1', 'serviceaccounts');
    const queue = context.queue((name) => {
      if (namespaces.byKey(name)?.status?.phase !== 'Active' || accounts.get(name, 'default')) return;
      try {
        client.create(name, {
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { name: 'default', namespace: name },
        });
      } catch (error) {
        if (!(error instanceof ApiError) || !(isAlreadyExists(error) || namespaceIsTerminating(error))) throw error;
      }
    });
    namespaces.on({ add: (ns) => queue.add(keyOf(ns)), update: (ns) => queue.add(keyOf(ns)) });
    accounts.on({ delete: (account) => queue.add(account.metadata.namespace as string) });
  },
};
