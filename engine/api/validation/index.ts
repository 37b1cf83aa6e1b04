// Validation of a kind: metadata first, then the kind's own rules, all faults at once.

import { part } from '../../parts/index.ts';
import type { FieldError, KubeObject, ResourceInfo } from '../types.ts';
import * as config from './config.ts';
import { event } from './events.ts';
import { Faults } from './field.ts';
import { commonMeta, nameFormat, objectMeta, objectMetaUpdate, standardFinalizers } from './metadata.ts';
import { podTemplate } from './pod.ts';
import { pod } from './pod-update.ts';
import * as rbac from './rbac.ts';
import type { Rules } from './rules.ts';
import * as service from './service.ts';
import * as wellKnown from './well-known.ts';
import * as workloads from './workloads.ts';

/** Of the kinds that any cluster has; those of others load when the first object comes (part 'rules'). */
const RULES: Record<string, Rules> = {
  '/ConfigMap': config.configMap,
  '/Endpoints': service.endpoints,
  '/Event': event,
  '/Namespace': config.namespace,
  '/Node': config.node,
  '/Pod': pod,
  '/PodTemplate': podTemplate,
  '/Secret': config.secret,
  '/Service': service.service,
  '/ServiceAccount': {},
  'apiregistration.k8s.io/APIService': wellKnown.apiService,
  'apps/ControllerRevision': workloads.controllerRevision,
  'apps/DaemonSet': workloads.daemonSet,
  'apps/Deployment': workloads.deployment,
  'apps/ReplicaSet': workloads.replicaSet,
  'coordination.k8s.io/Lease': wellKnown.lease,
  'discovery.k8s.io/EndpointSlice': service.endpointSlice,
  'networking.k8s.io/IngressClass': wellKnown.ingressClass,
  'rbac.authorization.k8s.io/ClusterRole': rbac.clusterRole,
  'rbac.authorization.k8s.io/ClusterRoleBinding': rbac.clusterRoleBinding,
  'rbac.authorization.k8s.io/Role': rbac.role,
  'rbac.authorization.k8s.io/RoleBinding': rbac.roleBinding,
  'scheduling.k8s.io/PriorityClass': wellKnown.priorityClass,
  'storage.k8s.io/StorageClass': wellKnown.storageClass,
};

const rulesOf = (kind: string): Rules | undefined => RULES[kind] ?? part('rules').RULES[kind];

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

export function validate(info: ResourceInfo, object: KubeObject, minor?: number): FieldError[] {
  const faults = new Faults(minor);
  const rules = rulesOf(`${info.group}/${info.kind}`);
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
  minor?: number,
): FieldError[] {
  const faults = new Faults(minor);
  const kind = `${info.group}/${info.kind}`;
  const rules = rulesOf(kind);
  // What is stored has been looked at when it came.
  const sameMeta = object.metadata === old.metadata;
  if (!sameMeta) {
    commonMeta(faults, object, old);
    objectMetaUpdate(faults, object, old);
  } else if (subresource === 'status') {
    rules?.validateStatus?.(faults, object, old);
    return faults.list;
  }
  const bad = faults.list.length > 0;
  // The strategy says of the metadata what the registry has said already.
  const again = () => {
    if (sameMeta) return;
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
  for (const step of subresource === 'finalize' ? 'ui' : (ON_UPDATE[kind] ?? 'usi')) {
    if (step === 'u') again();
    else if (step === 'm') objectMeta(faults, info, object, rules?.name ?? nameFormat(info));
    else if (step === 's') rules?.validate?.(faults, object, old);
    else rules?.validateUpdate?.(faults, object, old);
  }
  return faults.list;
}
