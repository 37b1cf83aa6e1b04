// NodeRestriction: a kubelet changes its own Node, its own Pods' status and what else is its own; nothing that would
// let it draw other Pods or their secrets to itself.

import type { KubeObject, ResourceInfo } from '../../api/index.ts';
import type { PodSpec } from '../../api/types.ts';
import { nodeOf } from '../authorization/node.ts';
import { podReferences } from '../authorization/pod-references.ts';
import { equal } from '../equal.ts';
import { forbidden, notFound } from '../status.ts';
import { NOTHING_ELSE, type AdmissionHost, type AdmissionPlugin, type Attributes } from './types.ts';

const MIRROR_POD = 'kubernetes.io/config.mirror';
const NODE_LEASES = 'kube-node-lease';
const RESTRICTION = 'node-restriction.kubernetes.io';

/** Labels of kubernetes.io and k8s.io that a kubelet may set on its Node. */
const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
]);
const KUBELET_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

/** Why not; undefined when there is nothing against it. */
type Restriction = (node: string, attributes: Attributes, host: AdmissionHost) => string | undefined;

const RESTRICTIONS: Readonly<Record<string, Restriction>> = {
  pods: (node, attributes, host) =>
    attributes.subresource === 'status'
      ? podStatus(node, attributes)
      : attributes.subresource === 'eviction'
        ? eviction(node, attributes, host)
        : attributes.subresource === ''
          ? ownPod(node, attributes, host)
          : `unexpected pod subresource ${JSON.stringify(attributes.subresource)}, only 'status' and 'eviction' are allowed`,
  nodes: ownNode,
  persistentvolumeclaims: (_node, { subresource }) =>
    subresource === 'status' ? undefined : 'may only update PVC status',
  serviceaccounts: token,
  'leases.coordination.k8s.io': (node, { namespace, name }) => {
    if (namespace !== NODE_LEASES) return `can only access leases in the "${NODE_LEASES}" system namespace`;
    return name === node ? undefined : 'can only access node lease with the same name as the requesting node';
  },
  'csinodes.storage.k8s.io': (node, { name }) =>
    name === node ? undefined : 'can only access CSINode with the same name as the requesting node',
};

const keyOf = (info: ResourceInfo): string => (info.group ? `${info.resource}.${info.group}` : info.resource);

export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  handles: (operation, info) => operation !== 'CONNECT' && RESTRICTIONS[keyOf(info)] !== undefined,
  findings: ({ user }) => (nodeOf(user) === undefined ? NOTHING_ELSE : undefined),
  validate(attributes, host) {
    const { user, info, name } = attributes;
    const node = nodeOf(user);
    if (node === undefined) return;
    const why = node
      ? RESTRICTIONS[keyOf(info)](node, attributes, host)
      : `could not determine node from user ${JSON.stringify(user.name)}`;
    if (why !== undefined) throw forbidden(info, name, why);
  },
};

function find({ scheme, storage }: AdmissionHost, resource: string, namespace: string, name: string): KubeObject {
  const info = scheme.resource('', 'v1', resource) as ResourceInfo;
  const object = storage.get(info, namespace, name);
  if (!object) throw notFound(info, name);
  return object;
}

function podStatus(node: string, { operation, old, object }: Attributes): string | undefined {
  if (operation !== 'UPDATE') return `unexpected operation ${JSON.stringify(operation)}`;
  if (old?.spec?.nodeName !== node) {
    return `node ${JSON.stringify(node)} can only update pod status for pods with spec.nodeName set to itself`;
  }
  const before = old as KubeObject;
  const now = object as KubeObject;
  if (before.metadata.labels !== now.metadata.labels && !equal(before.metadata.labels, now.metadata.labels)) {
    return `node ${JSON.stringify(node)} cannot update labels through pod status`;
  }
  if (!equal(before.status?.resourceClaimStatuses, now.status?.resourceClaimStatuses)) {
    return `node ${JSON.stringify(node)} cannot update resource claim statues`;
  }
  return undefined;
}

function eviction(node: string, { namespace, name }: Attributes, host: AdmissionHost): string | undefined {
  if (find(host, 'pods', namespace, name).spec?.nodeName === node) return undefined;
  return `node ${node} can only evict pods with spec.nodeName set to itself`;
}

function ownPod(node: string, attributes: Attributes, host: AdmissionHost): string | undefined {
  const { operation, object, old } = attributes;
  const quoted = JSON.stringify(node);
  if (operation === 'DELETE') {
    if (old?.spec?.nodeName === node) return undefined;
    return `node ${quoted} can only delete pods with spec.nodeName set to itself`;
  }
  if (operation !== 'CREATE') {
    return `unexpected operation ${JSON.stringify(operation)}, node ${quoted} can only create and delete mirror pods`;
  }
  const pod = object as KubeObject;
  if (pod.metadata.annotations?.[MIRROR_POD] === undefined) {
    return `pod does not have ${JSON.stringify(MIRROR_POD)} annotation, node ${quoted} can only create mirror pods`;
  }
  if (pod.spec?.nodeName !== node) return `node ${quoted} can only create pods with spec.nodeName set to itself`;
  const owners = pod.metadata.ownerReferences ?? [];
  if (owners.length > 1) return `node ${quoted} can only create pods with a single owner reference set to itself`;
  const [owner] = owners;
  if (!owner || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    return `node ${quoted} can only create pods with an owner reference set to itself`;
  }
  if (!owner.controller) return `node ${quoted} can only create pods with a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion) return `node ${quoted} must not set blockOwnerDeletion on an owner reference`;
  const { uid } = find(host, 'nodes', '', node).metadata;
  if (owner.uid !== uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`;
  const may = (what: string) => `node ${quoted} can not create pods that reference ${what}`;
  if (pod.spec.serviceAccountName) return may('a service account');
  const used = podReferences(pod.spec as PodSpec, pod.metadata.name ?? '', undefined);
  for (const resource of ['secrets', 'configmaps', 'persistentvolumeclaims']) {
    if (used[resource].length) return may(resource);
  }
  return undefined;
}

function ownNode(node: string, { operation, name, object, old }: Attributes): string | undefined {
  const quoted = JSON.stringify(node);
  if (name !== node) return `node ${quoted} is not allowed to modify node ${JSON.stringify(name)}`;
  if (operation === 'DELETE') return undefined;
  const now = object as KubeObject;
  if (operation === 'UPDATE' && !equal(now.spec?.taints ?? [], old?.spec?.taints ?? [])) {
    return `node ${quoted} is not allowed to modify taints`;
  }
  const labels = forbiddenLabels(now.metadata.labels ?? {}, old?.metadata.labels ?? {});
  if (labels.length === 0) return undefined;
  return operation === 'CREATE'
    ? `node ${quoted} is not allowed to set the following labels: ${labels.join(', ')}`
    : `is not allowed to modify labels: ${labels.join(', ')}`;
}

/** Labels that differ and are not the kubelet's to change. */
function forbiddenLabels(now: Record<string, string>, old: Record<string, string>): string[] {
  if (now === old) return [];
  const out: string[] = [];
  const look = (label: string) => {
    const domain = label.includes('/') ? label.slice(0, label.indexOf('/')) : '';
    const within = (parent: string) => domain === parent || domain.endsWith(`.${parent}`);
    const reserved = within('kubernetes.io') || within('k8s.io');
    const own = KUBELET_LABELS.has(label) || KUBELET_DOMAINS.some(within);
    if ((within(RESTRICTION) || (reserved && !own)) && !out.includes(label)) out.push(label);
  };
  for (const label in now) if (now[label] !== old[label]) look(label);
  for (const label in old) if (now[label] === undefined) look(label);
  return out.sort();
}

function token(node: string, attributes: Attributes, host: AdmissionHost): string | undefined {
  const { operation, subresource, namespace, object } = attributes;
  if (operation !== 'CREATE' || subresource !== 'token') return undefined;
  const ref = object?.spec?.boundObjectRef;
  if (!ref || ref.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) {
    return 'node requested token not bound to a pod';
  }
  if (!ref.uid) return 'node requested token with a pod binding without a uid';
  const pod = find(host, 'pods', namespace, ref.name);
  if (pod.metadata.uid !== ref.uid) {
    return `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  }
  return pod.spec?.nodeName === node ? undefined : 'node requested token bound to a pod scheduled on a different node';
}
