// The rules of kinds that clusters do without until somebody uses them.

import { horizontalPodAutoscaler } from './autoscaler.ts';
import * as batch from './batch.ts';
import * as devices from './devices.ts';
import * as extensions from './extensions.ts';
import * as flowControl from './flow-control.ts';
import * as network from './network.ts';
import { newEvent } from './new-events.ts';
import * as policy from './policy.ts';
import type { Rules } from './rules.ts';
import { replicationController, statefulSet } from './stateful-workloads.ts';
import * as storage from './storage.ts';
import { webhooks } from './webhooks.ts';

export const RULES: Record<string, Rules> = {
  '/LimitRange': policy.limitRange,
  '/PersistentVolume': storage.persistentVolume,
  '/PersistentVolumeClaim': storage.persistentVolumeClaim,
  '/ReplicationController': replicationController,
  '/ResourceQuota': policy.resourceQuota,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': extensions.validatingAdmissionPolicy,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': extensions.validatingAdmissionPolicyBinding,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhooks,
  'apiextensions.k8s.io/CustomResourceDefinition': extensions.customResourceDefinition,
  'apps/StatefulSet': statefulSet,
  'authorization.k8s.io/LocalSubjectAccessReview': extensions.localSubjectAccessReview,
  'authorization.k8s.io/SelfSubjectAccessReview': extensions.selfSubjectAccessReview,
  'authorization.k8s.io/SubjectAccessReview': extensions.subjectAccessReview,
  'autoscaling/HorizontalPodAutoscaler': horizontalPodAutoscaler,
  'batch/CronJob': batch.cronJob,
  'batch/Job': batch.job,
  'certificates.k8s.io/CertificateSigningRequest': extensions.certificateSigningRequest,
  'events.k8s.io/Event': newEvent,
  'flowcontrol.apiserver.k8s.io/FlowSchema': flowControl.flowSchema,
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': flowControl.priorityLevelConfiguration,
  'networking.k8s.io/IPAddress': network.ipAddress,
  'networking.k8s.io/Ingress': network.ingress,
  'networking.k8s.io/NetworkPolicy': network.networkPolicy,
  'networking.k8s.io/ServiceCIDR': network.serviceCIDR,
  'node.k8s.io/RuntimeClass': policy.runtimeClass,
  'policy/PodDisruptionBudget': policy.podDisruptionBudget,
  'resource.k8s.io/DeviceClass': devices.deviceClass,
  'resource.k8s.io/ResourceClaim': devices.resourceClaim,
  'resource.k8s.io/ResourceClaimTemplate': devices.resourceClaimTemplate,
  'resource.k8s.io/ResourceSlice': devices.resourceSlice,
  'storage.k8s.io/CSIDriver': storage.csiDriver,
  'storage.k8s.io/CSINode': storage.csiNode,
  'storage.k8s.io/CSIStorageCapacity': storage.csiStorageCapacity,
  'storage.k8s.io/VolumeAttachment': storage.volumeAttachment,
  'storage.k8s.io/VolumeAttributesClass': storage.volumeAttributesClass,
};
