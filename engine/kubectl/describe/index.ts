// Which describer a kind has; kinds without one get the general form.

import type { KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Kubectl } from '../kubectl.ts';
import {
  describeConfigMap,
  describeGeneric,
  describeLimitRange,
  describeNamespace,
  describeResourceQuota,
  describeSecret,
  describeService,
  describeServiceAccount,
} from './core.ts';
import {
  describeEndpointSlice,
  describeEndpoints,
  describeIngress,
  describeIngressClass,
  describeIPAddress,
  describeNetworkPolicy,
  describeServiceCIDR,
} from './network.ts';
import { describeNode } from './node.ts';
import { describePod } from './pod.ts';
import {
  describeCertificateSigningRequest,
  describeHorizontalPodAutoscaler,
  describePodDisruptionBudget,
  describePriorityClass,
} from './policy.ts';
import { describeRole, describeRoleBinding } from './rbac.ts';
import {
  describeCSINode,
  describePersistentVolume,
  describePersistentVolumeClaim,
  describeStorageClass,
} from './storage.ts';
import {
  describeCronJob,
  describeDaemonSet,
  describeDeployment,
  describeJob,
  describeReplicaSet,
  describeStatefulSet,
} from './workloads.ts';

/** The text about one object; `showEvents` adds the events about it. */
export type Describer = (kubectl: Kubectl, object: KubeObject, showEvents: boolean) => Co<string>;

/** By kind and API group. */
const DESCRIBERS: Record<string, Describer> = {
  'CertificateSigningRequest.certificates.k8s.io': describeCertificateSigningRequest,
  'ClusterRole.rbac.authorization.k8s.io': describeRole,
  'ClusterRoleBinding.rbac.authorization.k8s.io': describeRoleBinding,
  'ConfigMap.': describeConfigMap,
  'CronJob.batch': describeCronJob,
  'DaemonSet.apps': describeDaemonSet,
  'Deployment.apps': describeDeployment,
  'Endpoints.': describeEndpoints,
  'EndpointSlice.discovery.k8s.io': describeEndpointSlice,
  'HorizontalPodAutoscaler.autoscaling': describeHorizontalPodAutoscaler,
  'CSINode.storage.k8s.io': describeCSINode,
  'Ingress.networking.k8s.io': describeIngress,
  'IngressClass.networking.k8s.io': describeIngressClass,
  'IPAddress.networking.k8s.io': describeIPAddress,
  'Job.batch': describeJob,
  'LimitRange.': describeLimitRange,
  'Namespace.': describeNamespace,
  'NetworkPolicy.networking.k8s.io': describeNetworkPolicy,
  'Node.': describeNode,
  'PersistentVolume.': describePersistentVolume,
  'PersistentVolumeClaim.': describePersistentVolumeClaim,
  'Pod.': describePod,
  'PodDisruptionBudget.policy': describePodDisruptionBudget,
  'PriorityClass.scheduling.k8s.io': describePriorityClass,
  'ReplicaSet.apps': describeReplicaSet,
  'ReplicationController.': describeReplicaSet,
  'ResourceQuota.': describeResourceQuota,
  'Role.rbac.authorization.k8s.io': describeRole,
  'RoleBinding.rbac.authorization.k8s.io': describeRoleBinding,
  'Secret.': describeSecret,
  'Service.': describeService,
  'ServiceAccount.': describeServiceAccount,
  'ServiceCIDR.networking.k8s.io': describeServiceCIDR,
  'StorageClass.storage.k8s.io': describeStorageClass,
  'StatefulSet.apps': describeStatefulSet,
};

export const describerOf = (kind: string, group: string): Describer =>
  DESCRIBERS[`${kind}.${group}`] ?? describeGeneric;
