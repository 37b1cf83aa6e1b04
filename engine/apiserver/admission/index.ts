// The admission plug-ins that are on by default, in the order in which kube-apiserver runs them.

import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { byObject, later, on } from './later.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { taintNodesByCondition } from './nodes.ts';
import { podSecurity } from './pod-security/index.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { priority } from './priority.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import type { AdmissionPlugin } from './types.ts';

const REQUESTS = 'certificatesigningrequests.certificates.k8s.io';

export const DEFAULT_PLUGINS: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  byObject('LimitRanger'),
  serviceAccount,
  nodeRestriction,
  taintNodesByCondition,
  podSecurity,
  priority,
  defaultTolerationSeconds,
  later('DefaultStorageClass', 'mutate', on('CREATE', 'persistentvolumeclaims')),
  later('StorageObjectInUseProtection', 'mutate', on('CREATE', 'persistentvolumeclaims', 'persistentvolumes')),
  later('PersistentVolumeClaimResize', 'validate', on('UPDATE', 'persistentvolumeclaims')),
  runtimeClass,
  podTopologyLabels,
  later('CertificateApproval', 'validate', on('UPDATE', `${REQUESTS}/approval`)),
  later('CertificateSigning', 'validate', on('UPDATE', `${REQUESTS}/status`)),
  later('CertificateSubjectRestriction', 'validate', on('CREATE', REQUESTS)),
  later('DefaultIngressClass', 'mutate', on('CREATE', 'ingresses.networking.k8s.io')),
  // Last: only what everything else lets pass is charged.
  byObject('ResourceQuota'),
];

export { AdmissionChain } from './chain.ts';
export type { AdmissionPlugin, Attributes, AdmissionHost, AdmissionOperation } from './types.ts';
