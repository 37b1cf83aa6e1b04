// Validation of a kind: metadata first, then the kind's own rules, all faults at once.

import type { FieldError, KubeObject, ResourceInfo } from '../types.ts';
import * as batch from './batch.ts';
import * as config from './config.ts';
import * as extensions from './extensions.ts';
import { Faults } from './field.ts';
import { finalizers, nameFormat, objectMeta, objectMetaUpdate } from './metadata.ts';
import * as network from './network.ts';
import { pod, podTemplate } from './pod.ts';
import * as policy from './policy.ts';
import * as rbac from './rbac.ts';
import type { Rules } from './rules.ts';
import * as service from './service.ts';
import * as storage from './storage.ts';
import * as workloads from './workloads.ts';

const RULES: Record<string, Rules> = {
  '/ConfigMap': config.configMap,
  '/Endpoints': service.endpoints,
  '/LimitRange': policy.limitRange,
  '/Namespace': config.namespace,
  '/Node': config.node,
  '/PersistentVolume': storage.persistentVolume,
  '/PersistentVolumeClaim': storage.persistentVolumeClaim,
  '/Pod': pod,
  '/PodTemplate': podTemplate,
  '/ReplicationController': workloads.replicationController,
  '/ResourceQuota': policy.resourceQuota,
  '/Secret': config.secret,
  '/Service': service.service,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': extensions.mutatingWebhooks,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': extensions.validatingAdmissionPolicy,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': extensions.validatingAdmissionPolicyBinding,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': extensions.validatingWebhooks,
  'apiextensions.k8s.io/CustomResourceDefinition': extensions.customResourceDefinition,
  'apiregistration.k8s.io/APIService': extensions.apiService,
  'apps/ControllerRevision': workloads.controllerRevision,
  'apps/DaemonSet': workloads.daemonSet,
  'apps/Deployment': workloads.deployment,
  'apps/ReplicaSet': workloads.replicaSet,
  'apps/StatefulSet': workloads.statefulSet,
  'authorization.k8s.io/LocalSubjectAccessReview': extensions.localSubjectAccessReview,
  'authorization.k8s.io/SelfSubjectAccessReview': extensions.selfSubjectAccessReview,
  'authorization.k8s.io/SubjectAccessReview': extensions.subjectAccessReview,
  'autoscaling/HorizontalPodAutoscaler': policy.horizontalPodAutoscaler,
  'batch/CronJob': batch.cronJob,
  'batch/Job': batch.job,
  'certificates.k8s.io/CertificateSigningRequest': extensions.certificateSigningRequest,
  'coordination.k8s.io/Lease': policy.lease,
  'discovery.k8s.io/EndpointSlice': service.endpointSlice,
  'networking.k8s.io/IPAddress': network.ipAddress,
  'networking.k8s.io/Ingress': network.ingress,
  'networking.k8s.io/IngressClass': network.ingressClass,
  'networking.k8s.io/NetworkPolicy': network.networkPolicy,
  'networking.k8s.io/ServiceCIDR': network.serviceCIDR,
  'node.k8s.io/RuntimeClass': policy.runtimeClass,
  'policy/PodDisruptionBudget': policy.podDisruptionBudget,
  'rbac.authorization.k8s.io/ClusterRole': rbac.clusterRole,
  'rbac.authorization.k8s.io/ClusterRoleBinding': rbac.clusterRoleBinding,
  'rbac.authorization.k8s.io/Role': rbac.role,
  'rbac.authorization.k8s.io/RoleBinding': rbac.roleBinding,
  'scheduling.k8s.io/PriorityClass': policy.priorityClass,
  'storage.k8s.io/CSIDriver': storage.csiDriver,
  'storage.k8s.io/StorageClass': storage.storageClass,
  'storage.k8s.io/VolumeAttributesClass': storage.volumeAttributesClass,
};

/** Kinds that are questions, not things: their metadata is not looked at. */
const isReview = (info: ResourceInfo) =>
  info.group === 'authorization.k8s.io' || info.group === 'authentication.k8s.io';

export function validate(info: ResourceInfo, object: KubeObject): FieldError[] {
  const faults = new Faults();
  const rules = RULES[`${info.group}/${info.kind}`];
  if (!isReview(info)) objectMeta(faults, info, object, rules?.name ?? nameFormat(info));
  rules?.validate?.(faults, object);
  return faults.list;
}

/** An update must be valid in itself and may not touch what is immutable. */
export function validateUpdate(
  info: ResourceInfo,
  object: KubeObject,
  old: KubeObject,
  subresource?: string,
): FieldError[] {
  const faults = new Faults();
  const rules = RULES[`${info.group}/${info.kind}`];
  objectMetaUpdate(faults, object, old);
  if (subresource === 'status') {
    rules?.validateStatus?.(faults, object, old);
    return faults.list;
  }
  finalizers(faults, object.metadata);
  if (rules?.ownUpdate) {
    rules.ownUpdate(faults, object, old, subresource);
    return faults.list;
  }
  // The registry checks metadata, then the kind's strategy does so again: causes come twice, as upstream.
  if (faults.list.length) objectMetaUpdate(faults, object, old);
  rules?.validate?.(faults, object, old);
  rules?.validateUpdate?.(faults, object, old);
  return faults.list;
}
