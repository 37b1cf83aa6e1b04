// Which kind gets which defaults. A kind without a line here has none.

import { part } from '../../parts/index.ts';
import type { KubeObject, ResourceInfo } from '../types.ts';
import * as cluster from './cluster.ts';
import { pod } from './pod.ts';
import * as workloads from './workloads.ts';

type Defaults = (object: KubeObject) => KubeObject;

const DEFAULTS: Record<string, Defaults> = {
  '/Endpoints': cluster.endpoints,
  '/Namespace': cluster.namespace,
  '/Node': cluster.node,
  '/Pod': pod,
  '/Secret': cluster.secret,
  '/Service': cluster.service,
  'apiregistration.k8s.io/APIService': cluster.apiService,
  'apps/DaemonSet': workloads.daemonSet,
  'apps/Deployment': workloads.deployment,
  'apps/ReplicaSet': workloads.replicaSet,
  'discovery.k8s.io/EndpointSlice': cluster.endpointSlice,
  'networking.k8s.io/IngressClass': cluster.ingressClass,
  'rbac.authorization.k8s.io/ClusterRoleBinding': cluster.roleBinding,
  'rbac.authorization.k8s.io/RoleBinding': cluster.roleBinding,
  'scheduling.k8s.io/PriorityClass': cluster.priorityClass,
  'storage.k8s.io/StorageClass': cluster.storageClass,
};

/** Kinds whose defaults load with the first object (part `rules`). */
const FURTHER = new Set([
  '/LimitRange',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  '/PodTemplate',
  '/ReplicationController',
  '/ResourceQuota',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apps/StatefulSet',
  'autoscaling/HorizontalPodAutoscaler',
  'batch/CronJob',
  'batch/Job',
  'flowcontrol.apiserver.k8s.io/FlowSchema',
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
  'networking.k8s.io/NetworkPolicy',
  'resource.k8s.io/ResourceClaim',
  'resource.k8s.io/ResourceClaimTemplate',
  'storage.k8s.io/CSIDriver',
]);

/** `object` with the defaults of its kind; the same object when it has them all. */
export function applyDefaults(info: ResourceInfo, object: KubeObject): KubeObject {
  const kind = `${info.group}/${info.kind}`;
  const defaults = DEFAULTS[kind] ?? (FURTHER.has(kind) ? part('rules').FURTHER_DEFAULTS[kind] : undefined);
  return defaults ? defaults(object) : object;
}
