// The resources with ways of their own.

import { namespaces } from './namespaces.ts';
import { pods } from './pods.ts';
import { services } from './services.ts';
import type { Strategy } from './strategies.ts';

const byUpdate: Strategy = { createByUpdate: true };
const returned: Strategy = { returnsDeleted: true };
const versioned: Strategy = { needsResourceVersion: true };

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
  'jobs.batch': { orphansByDefault: true },
  'leases.coordination.k8s.io': { createByUpdate: true, needsResourceVersion: true },
  'roles.rbac.authorization.k8s.io': byUpdate,
  'rolebindings.rbac.authorization.k8s.io': byUpdate,
  'clusterroles.rbac.authorization.k8s.io': byUpdate,
  'clusterrolebindings.rbac.authorization.k8s.io': byUpdate,
  'priorityclasses.scheduling.k8s.io': byUpdate,
  'storageclasses.storage.k8s.io': returned,
  'csidrivers.storage.k8s.io': { returnsDeleted: true, needsResourceVersion: true },
  'csinodes.storage.k8s.io': { returnsDeleted: true, needsResourceVersion: true },
  'volumeattachments.storage.k8s.io': { returnsDeleted: true, needsResourceVersion: true },
  'poddisruptionbudgets.policy': versioned,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': versioned,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': versioned,
  'customresourcedefinitions.apiextensions.k8s.io': versioned,
  'apiservices.apiregistration.k8s.io': versioned,
  'runtimeclasses.node.k8s.io': versioned,
};

export { Strategies, type Strategy } from './strategies.ts';
