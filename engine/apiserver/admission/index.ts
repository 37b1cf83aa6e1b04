// The admission plug-ins that are on by default, in the order in which kube-apiserver runs them.

import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { taintNodesByCondition } from './nodes.ts';
import { podSecurity } from './pod-security/index.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { priority } from './priority.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import {
  defaultIngressClass,
  defaultStorageClass,
  persistentVolumeClaimResize,
  storageObjectInUseProtection,
} from './storage-objects.ts';
import type { AdmissionPlugin } from './types.ts';

export const DEFAULT_PLUGINS: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  nodeRestriction,
  taintNodesByCondition,
  podSecurity,
  priority,
  defaultTolerationSeconds,
  defaultStorageClass,
  storageObjectInUseProtection,
  persistentVolumeClaimResize,
  runtimeClass,
  podTopologyLabels,
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  defaultIngressClass,
  // Last: only what everything else lets pass is charged.
  resourceQuota,
];

export { AdmissionChain } from './chain.ts';
export type { AdmissionPlugin, Attributes, AdmissionHost, AdmissionOperation } from './types.ts';
