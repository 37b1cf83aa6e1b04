// Server-side printing: which printer a kind has, and tables made with it.

import type { KubeObject, ResourceInfo, Table, TableColumn } from '../types.ts';
import * as c from './cluster.ts';
import * as core from './core.ts';
import { parseColumns, type Printer } from './columns.ts';
import { pod } from './pod.ts';
import * as w from './workloads.ts';

const PRINTERS: Record<string, Printer> = {
  '/ComponentStatus': c.componentStatus,
  '/ConfigMap': core.configMap,
  '/Endpoints': core.endpoints,
  '/Event': core.event,
  '/Namespace': core.namespace,
  '/Node': core.node,
  '/PersistentVolume': c.persistentVolume,
  '/PersistentVolumeClaim': c.persistentVolumeClaim,
  '/Pod': pod,
  '/PodTemplate': w.podTemplate,
  '/ReplicationController': w.replicationController,
  '/ResourceQuota': c.resourceQuota,
  '/Secret': core.secret,
  '/Service': core.service,
  '/ServiceAccount': core.serviceAccount,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': c.webhookConfiguration,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': c.validatingAdmissionPolicy,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': c.validatingAdmissionPolicyBinding,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': c.webhookConfiguration,
  'apiregistration.k8s.io/APIService': c.apiService,
  'apps/ControllerRevision': w.controllerRevision,
  'apps/DaemonSet': w.daemonSet,
  'apps/Deployment': w.deployment,
  'apps/ReplicaSet': w.replicaSet,
  'apps/StatefulSet': w.statefulSet,
  'autoscaling/HorizontalPodAutoscaler': w.horizontalPodAutoscaler,
  'autoscaling/Scale': w.scale,
  'batch/CronJob': w.cronJob,
  'batch/Job': w.job,
  'certificates.k8s.io/CertificateSigningRequest': c.certificateSigningRequest,
  'coordination.k8s.io/Lease': c.lease,
  'discovery.k8s.io/EndpointSlice': core.endpointSlice,
  'events.k8s.io/Event': core.event,
  'flowcontrol.apiserver.k8s.io/FlowSchema': c.flowSchema,
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': c.priorityLevel,
  'networking.k8s.io/IPAddress': c.ipAddress,
  'networking.k8s.io/Ingress': core.ingress,
  'networking.k8s.io/IngressClass': core.ingressClass,
  'networking.k8s.io/NetworkPolicy': core.networkPolicy,
  'networking.k8s.io/ServiceCIDR': c.serviceCIDR,
  'node.k8s.io/RuntimeClass': c.runtimeClass,
  'policy/PodDisruptionBudget': w.podDisruptionBudget,
  'rbac.authorization.k8s.io/ClusterRoleBinding': c.roleBinding,
  'rbac.authorization.k8s.io/RoleBinding': c.roleBinding,
  'resource.k8s.io/DeviceClass': c.nameAndAge,
  'resource.k8s.io/ResourceClaim': c.resourceClaim,
  'resource.k8s.io/ResourceClaimTemplate': c.nameAndAge,
  'resource.k8s.io/ResourceSlice': c.resourceSlice,
  'scheduling.k8s.io/PriorityClass': c.priorityClass,
  'storage.k8s.io/CSIDriver': c.csiDriver,
  'storage.k8s.io/CSINode': c.csiNode,
  'storage.k8s.io/CSIStorageCapacity': c.csiStorageCapacity,
  'storage.k8s.io/StorageClass': c.storageClass,
  'storage.k8s.io/VolumeAttachment': c.volumeAttachment,
  'storage.k8s.io/VolumeAttributesClass': c.volumeAttributesClass,
};

const columns = new Map<Printer, TableColumn[]>();

/** The table of `objects`; a printer of a custom resource takes the built-in one's place. */
export function printTable(info: ResourceInfo, objects: readonly KubeObject[], now: number, custom?: Printer): Table {
  const printer = custom ?? PRINTERS[`${info.group}/${info.kind}`] ?? c.createdAt;
  let columnDefinitions = columns.get(printer);
  if (!columnDefinitions) {
    columnDefinitions = parseColumns(printer.columns);
    columns.set(printer, columnDefinitions);
  }
  const rows: Table['rows'] = [];
  const shown = printer.order ? objects.toSorted(printer.order) : objects;
  for (let i = 0; i < shown.length; i++) {
    const conditions = printer.conditions?.(shown[i]);
    const cells = printer.row(shown[i], now);
    rows.push(conditions ? { cells, conditions } : { cells });
  }
  return printer.order ? { columnDefinitions, rows, objects: shown } : { columnDefinitions, rows };
}
