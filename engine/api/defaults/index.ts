// Which kind gets which defaults. A kind without a line here has none.

import type { KubeObject, ResourceInfo } from '../types.ts';
import * as cluster from './cluster.ts';
import { pod } from './pod.ts';
import * as workloads from './workloads.ts';

type Defaults = (object: KubeObject) => KubeObject;

const DEFAULTS: Record<string, Defaults> = {
  '/Endpoints': cluster.endpoints,
  '/LimitRange': cluster.limitRange,
  '/Namespace': cluster.namespace,
  '/Node': cluster.node,
  '/PersistentVolume': cluster.persistentVolume,
  '/PersistentVolumeClaim': cluster.persistentVolumeClaim,
  '/Pod': pod,
  '/PodTemplate': workloads.podTemplateObject,
  '/ReplicationController': workloads.replicationController,
  '/Secret': cluster.secret,
  '/Service': cluster.service,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': cluster.mutatingWebhooks,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': cluster.validatingAdmissionPolicy,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': cluster.validatingAdmissionPolicyBinding,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': cluster.validatingWebhooks,
  'apiextensions.k8s.io/CustomResourceDefinition': cluster.customResourceDefinition,
  'apiregistration.k8s.io/APIService': cluster.apiService,
  'apps/DaemonSet': workloads.daemonSet,
  'apps/Deployment': workloads.deployment,
  'apps/ReplicaSet': workloads.replicaSet,
  'apps/StatefulSet': workloads.statefulSet,
  'autoscaling/HorizontalPodAutoscaler': workloads.horizontalPodAutoscaler,
  'batch/CronJob': workloads.cronJob,
  'batch/Job': workloads.job,
  'discovery.k8s.io/EndpointSlice': cluster.endpointSlice,
  'flowcontrol.apiserver.k8s.io/FlowSchema': cluster.flowSchema,
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': cluster.priorityLevel,
  'networking.k8s.io/IngressClass': cluster.ingressClass,
  'networking.k8s.io/NetworkPolicy': cluster.networkPolicy,
  'rbac.authorization.k8s.io/ClusterRoleBinding': cluster.roleBinding,
  'rbac.authorization.k8s.io/RoleBinding': cluster.roleBinding,
  'resource.k8s.io/ResourceClaim': cluster.resourceClaim,
  'resource.k8s.io/ResourceClaimTemplate': cluster.resourceClaimTemplate,
  'scheduling.k8s.io/PriorityClass': cluster.priorityClass,
  'storage.k8s.io/CSIDriver': cluster.csiDriver,
  'storage.k8s.io/StorageClass': cluster.storageClass,
};

/** `object` with the defaults of its kind; the same object when it has them all. */
export function applyDefaults(info: ResourceInfo, object: KubeObject): KubeObject {
  const defaults = DEFAULTS[`${info.group}/${info.kind}`];
  return defaults ? defaults(object) : object;
}
