// Validation of a kind: metadata first, then the kind's own rules, all faults at once.

import type { FieldError, KubeObject, ResourceInfo } from '../types.ts';
import { horizontalPodAutoscaler } from './autoscaler.ts';
import * as batch from './batch.ts';
import * as config from './config.ts';
import * as extensions from './extensions.ts';
import { Faults } from './field.ts';
import { commonMeta, nameFormat, objectMeta, objectMetaUpdate, standardFinalizers } from './metadata.ts';
import * as network from './network.ts';
import { podTemplate } from './pod.ts';
import { pod } from './pod-update.ts';
import * as policy from './policy.ts';
import * as rbac from './rbac.ts';
import type { Rules } from './rules.ts';
import * as service from './service.ts';
import * as storage from './storage.ts';
import { webhooks } from './webhooks.ts';
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
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': extensions.validatingAdmissionPolicy,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': extensions.validatingAdmissionPolicyBinding,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhooks,
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
  'autoscaling/HorizontalPodAutoscaler': horizontalPodAutoscaler,
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
  'storage.k8s.io/CSINode': storage.csiNode,
  'storage.k8s.io/StorageClass': storage.storageClass,
  'storage.k8s.io/VolumeAttachment': storage.volumeAttachment,
  'storage.k8s.io/VolumeAttributesClass': storage.volumeAttributesClass,
};

/**
 * What an update is checked for after the registry has checked the metadata and its change, in the order in which the kind's
 * strategy does it: u the change of the metadata (again), m the metadata as a new object's, s the spec, i what is immutable.
 * Causes come as often as upstream checks.
 */
const ON_UPDATE: Record<string, string> = {
  '/ConfigMap': 'uims',
  '/Endpoints': 'ums',
  '/LimitRange': 'ms',
  '/Namespace': 'msu',
  '/Node': 'msui',
  '/PersistentVolume': 'msi',
  '/PersistentVolumeClaim': 'umsi',
  '/ReplicationController': 'msus',
  '/Secret': 'uims',
  '/Service': 'uims',
  '/ServiceAccount': 'um',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': 'ms',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': 'ms',
  'apiregistration.k8s.io/APIService': 'ums',
  'apps/ControllerRevision': 'umsi',
  'apps/DaemonSet': 'msusi',
  'apps/ReplicaSet': 'msusi',
  'batch/Job': 'msui',
  'discovery.k8s.io/EndpointSlice': 'msi',
  'flowcontrol.apiserver.k8s.io/FlowSchema': 'ms',
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': 'ms',
  'networking.k8s.io/IPAddress': 'msui',
  'networking.k8s.io/Ingress': 'ums',
  'networking.k8s.io/IngressClass': 'uims',
  'networking.k8s.io/NetworkPolicy': 'msus',
  'networking.k8s.io/ServiceCIDR': 'msui',
  'node.k8s.io/RuntimeClass': 'ui',
  'policy/PodDisruptionBudget': 's',
  'rbac.authorization.k8s.io/ClusterRole': 'msu',
  'rbac.authorization.k8s.io/ClusterRoleBinding': 'msui',
  'rbac.authorization.k8s.io/Role': 'msu',
  'rbac.authorization.k8s.io/RoleBinding': 'msui',
  'scheduling.k8s.io/PriorityClass': 'ui',
  'storage.k8s.io/CSIDriver': 'ui',
  'storage.k8s.io/StorageClass': 'msui',
  'storage.k8s.io/VolumeAttributesClass': 'ui',
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
  const kind = `${info.group}/${info.kind}`;
  const rules = RULES[kind];
  commonMeta(faults, object, old);
  objectMetaUpdate(faults, object, old);
  const bad = faults.list.length > 0;
  // The strategy says of the metadata what the registry has said already.
  const again = () => {
    if (bad) objectMetaUpdate(faults, object, old);
    standardFinalizers(faults, object.metadata);
  };
  if (subresource === 'status') {
    again();
    rules?.validateStatus?.(faults, object, old);
    return faults.list;
  }
  if (rules?.ownUpdate) {
    rules.ownUpdate(faults, object, old, subresource);
    return faults.list;
  }
  for (const step of ON_UPDATE[kind] ?? 'usi') {
    if (step === 'u') again();
    else if (step === 'm') objectMeta(faults, info, object, rules?.name ?? nameFormat(info));
    else if (step === 's') rules?.validate?.(faults, object, old);
    else rules?.validateUpdate?.(faults, object, old);
  }
  return faults.list;
}
