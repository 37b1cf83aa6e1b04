// The resources with ways of their own.

import { part } from '../../parts/index.ts';
import { namespaces } from './namespaces.ts';
import { pods } from './pods.ts';
import { bindings, roles } from './rbac.ts';
import { services } from './services.ts';
import type { Strategy } from './strategies.ts';

const byUpdate: Strategy = { createByUpdate: true };
const adminAccess: Strategy = { beforeCreate: (...of) => part('requests').deviceClaims.beforeCreate(...of) };
const returned: Strategy = { returnsDeleted: true };

export const STRATEGIES: Readonly<Record<string, Strategy>> = {
  pods,
  services,
  namespaces,
  endpoints: byUpdate,
  events: byUpdate,
  'events.events.k8s.io': byUpdate,
  limitranges: byUpdate,
  podtemplates: { createByUpdate: true, returnsDeleted: true },
  persistentvolumes: returned,
  persistentvolumeclaims: returned,
  resourcequotas: returned,
  serviceaccounts: returned,
  replicationcontrollers: { orphansByDefault: true },
  'certificatesigningrequests.certificates.k8s.io': {
    beforeCreate: (...of) => part('requests').certificateSigningRequests.beforeCreate(...of),
    beforeUpdate: (...of) => part('requests').certificateSigningRequests.beforeUpdate(...of),
  },
  'customresourcedefinitions.apiextensions.k8s.io': {
    beginDelete: (...of) => part('extensions').customResourceDefinitions.beginDelete(...of),
  },
  'resourceclaims.resource.k8s.io': adminAccess,
  'resourceclaimtemplates.resource.k8s.io': adminAccess,
  'jobs.batch': { orphansByDefault: true },
  'leases.coordination.k8s.io': byUpdate,
  'roles.rbac.authorization.k8s.io': roles,
  'rolebindings.rbac.authorization.k8s.io': bindings,
  'clusterroles.rbac.authorization.k8s.io': roles,
  'clusterrolebindings.rbac.authorization.k8s.io': bindings,
  'priorityclasses.scheduling.k8s.io': byUpdate,
  'storageclasses.storage.k8s.io': returned,
  'csidrivers.storage.k8s.io': returned,
  'csinodes.storage.k8s.io': returned,
  'volumeattachments.storage.k8s.io': returned,
};

export { Strategies, type Strategy } from './strategies.ts';
