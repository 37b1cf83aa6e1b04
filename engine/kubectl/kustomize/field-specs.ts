// Where in which kinds labels, annotations, namespaces, replica counts and names of other objects stand: the tables
// that are compiled into kustomize, and the walk along their paths.

import { type Gvk, type Json, isMap, isSelected } from './resource.ts';

export interface FieldSpec extends Gvk {
  /** Fields separated by '/'; lists on the way are entered; 'x[]' must be a list. */
  path: string;
  /** Make what is missing on the way. */
  create?: boolean;
}

/** Kinds whose Pods stand at spec/template. */
const TEMPLATED = ['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet', 'Job'];
const AFFINITY_TERMS = ['podAffinity', 'podAntiAffinity'].flatMap((kind) => [
  `affinity/${kind}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm`,
  `affinity/${kind}/requiredDuringSchedulingIgnoredDuringExecution`,
]);

const templates = (last: string): FieldSpec[] => [
  { path: `spec/template/metadata/${last}`, create: true, kind: 'ReplicationController', version: 'v1' },
  { path: `spec/template/metadata/${last}`, create: true, kind: 'Deployment' },
  { path: `spec/template/metadata/${last}`, create: true, kind: 'ReplicaSet' },
  { path: `spec/template/metadata/${last}`, create: true, kind: 'DaemonSet' },
  { path: `spec/template/metadata/${last}`, create: true, kind: 'StatefulSet', group: 'apps' },
  { path: `spec/template/metadata/${last}`, create: true, kind: 'Job', group: 'batch' },
  { path: `spec/jobTemplate/metadata/${last}`, create: true, kind: 'CronJob', group: 'batch' },
  { path: `spec/jobTemplate/spec/template/metadata/${last}`, create: true, kind: 'CronJob', group: 'batch' },
];

export const METADATA_LABELS: readonly FieldSpec[] = [{ path: 'metadata/labels', create: true }];
/** labels with includeTemplates. */
export const TEMPLATE_LABELS: readonly FieldSpec[] = [
  ...templates('labels'),
  { path: 'spec/volumeClaimTemplates[]/metadata/labels', create: true, group: 'apps', kind: 'StatefulSet' },
];
/** commonLabels, and labels with includeSelectors. */
export const ALL_LABELS: readonly FieldSpec[] = [
  ...METADATA_LABELS,
  { path: 'spec/selector', create: true, version: 'v1', kind: 'Service' },
  { path: 'spec/selector', create: true, version: 'v1', kind: 'ReplicationController' },
  { path: 'spec/selector/matchLabels', create: true, kind: 'Deployment' },
  { path: 'spec/selector/matchLabels', create: true, kind: 'ReplicaSet' },
  { path: 'spec/selector/matchLabels', create: true, kind: 'DaemonSet' },
  { path: 'spec/selector/matchLabels', create: true, group: 'apps', kind: 'StatefulSet' },
  ...['Deployment', 'StatefulSet'].flatMap((kind) =>
    [...AFFINITY_TERMS, 'topologySpreadConstraints'].map((term) => ({
      path: `spec/template/spec/${term}/labelSelector/matchLabels`,
      group: 'apps',
      kind,
    })),
  ),
  { path: 'spec/selector/matchLabels', group: 'batch', kind: 'Job' },
  { path: 'spec/jobTemplate/spec/selector/matchLabels', group: 'batch', kind: 'CronJob' },
  { path: 'spec/selector/matchLabels', group: 'policy', kind: 'PodDisruptionBudget' },
  { path: 'spec/podSelector/matchLabels', group: 'networking.k8s.io', kind: 'NetworkPolicy' },
  { path: 'spec/ingress/from/podSelector/matchLabels', group: 'networking.k8s.io', kind: 'NetworkPolicy' },
  { path: 'spec/egress/to/podSelector/matchLabels', group: 'networking.k8s.io', kind: 'NetworkPolicy' },
  ...TEMPLATE_LABELS,
];
export const ANNOTATIONS: readonly FieldSpec[] = [
  { path: 'metadata/annotations', create: true },
  ...templates('annotations'),
];

export const REPLICAS: readonly FieldSpec[] = ['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map(
  (kind) => ({
    path: 'spec/replicas',
    create: true,
    kind,
  }),
);

/** Beside metadata/namespace, which every namespaced kind has. */
export const NAMESPACES: readonly FieldSpec[] = [
  { path: 'metadata/name', create: true, kind: 'Namespace' },
  { path: 'spec/service/namespace', create: true, kind: 'APIService', group: 'apiregistration.k8s.io' },
  {
    path: 'spec/conversion/webhook/clientConfig/service/namespace',
    kind: 'CustomResourceDefinition',
    group: 'apiextensions.k8s.io',
  },
];

/** Kinds that no prefix or suffix is put on. */
export const FIXED_NAMES: readonly Gvk[] = [
  { kind: 'CustomResourceDefinition' },
  { group: 'apiregistration.k8s.io', kind: 'APIService' },
  { kind: 'Namespace' },
];

/** The places of one field of a PodSpec in all kinds that have one. */
function inPods(...fields: string[]): FieldSpec[] {
  return fields.flatMap((field) => [
    { path: `spec/${field}`, kind: 'Pod' },
    { path: `template/spec/${field}`, kind: 'PodTemplate' },
    { path: `spec/template/spec/${field}`, kind: 'ReplicationController' },
    ...TEMPLATED.map((kind) => ({ path: `spec/template/spec/${field}`, kind })),
    { path: `spec/jobTemplate/spec/template/spec/${field}`, kind: 'CronJob' },
  ]);
}
const only = (kinds: string, specs: FieldSpec[]) => specs.filter((s) => kinds.split(' ').includes(s.kind as string));

const KEYED_PODS = `Pod PodTemplate CronJob ${TEMPLATED.join(' ')}`;
const NAMED_PODS = 'Pod StatefulSet Deployment ReplicationController CronJob Job DaemonSet';
const INGRESS_ANNOTATION = 'metadata/annotations/nginx.ingress.kubernetes.io\\/';

export interface NameReferences {
  target: Gvk;
  fieldSpecs: readonly FieldSpec[];
}

/** Which fields hold the name of an object of `target`. */
export const NAME_REFERENCES: readonly NameReferences[] = [
  ...['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map((kind) => ({
    target: { kind },
    fieldSpecs: [{ path: 'spec/scaleTargetRef/name', kind: 'HorizontalPodAutoscaler' }],
  })),
  {
    target: { kind: 'ConfigMap', version: 'v1' },
    fieldSpecs: [
      ...only(
        KEYED_PODS,
        inPods(
          'volumes/configMap/name',
          'containers/env/valueFrom/configMapKeyRef/name',
          'initContainers/env/valueFrom/configMapKeyRef/name',
          'containers/envFrom/configMapRef/name',
          'initContainers/envFrom/configMapRef/name',
          'volumes/projected/sources/configMap/name',
        ),
      ),
      { path: 'spec/configSource/configMap', kind: 'Node' },
      { path: 'rules/resourceNames', kind: 'Role' },
      { path: 'rules/resourceNames', kind: 'ClusterRole' },
      { path: `${INGRESS_ANNOTATION}fastcgi-params-configmap`, kind: 'Ingress' },
    ],
  },
  {
    target: { kind: 'Secret', version: 'v1' },
    fieldSpecs: [
      ...only(
        KEYED_PODS,
        inPods(
          'volumes/secret/secretName',
          'containers/env/valueFrom/secretKeyRef/name',
          'initContainers/env/valueFrom/secretKeyRef/name',
          'containers/envFrom/secretRef/name',
          'initContainers/envFrom/secretRef/name',
          'imagePullSecrets/name',
          'volumes/projected/sources/secret/name',
        ),
      ),
      { path: 'spec/tls/secretName', kind: 'Ingress' },
      { path: 'metadata/annotations/ingress.kubernetes.io\\/auth-secret', kind: 'Ingress' },
      { path: `${INGRESS_ANNOTATION}auth-secret`, kind: 'Ingress' },
      { path: `${INGRESS_ANNOTATION}auth-tls-secret`, kind: 'Ingress' },
      { path: 'imagePullSecrets/name', kind: 'ServiceAccount' },
      ...['secretName', 'adminSecretName', 'userSecretName', 'secretRef'].map((field) => ({
        path: `parameters/${field}`,
        kind: 'StorageClass',
      })),
      { path: 'rules/resourceNames', kind: 'Role' },
      { path: 'rules/resourceNames', kind: 'ClusterRole' },
      { path: 'spec/azureFile/secretName', kind: 'PersistentVolume' },
    ],
  },
  {
    target: { kind: 'Service', version: 'v1' },
    fieldSpecs: [
      { path: 'spec/serviceName', kind: 'StatefulSet', group: 'apps' },
      { path: 'spec/rules/http/paths/backend/serviceName', kind: 'Ingress' },
      { path: 'spec/backend/serviceName', kind: 'Ingress' },
      { path: 'spec/rules/http/paths/backend/service/name', kind: 'Ingress' },
      { path: 'spec/defaultBackend/service/name', kind: 'Ingress' },
      { path: 'spec/service/name', kind: 'APIService', group: 'apiregistration.k8s.io' },
      {
        path: 'webhooks/clientConfig/service',
        kind: 'ValidatingWebhookConfiguration',
        group: 'admissionregistration.k8s.io',
      },
      {
        path: 'webhooks/clientConfig/service',
        kind: 'MutatingWebhookConfiguration',
        group: 'admissionregistration.k8s.io',
      },
      { path: 'spec/rules/backendRefs/name', kind: 'HTTPRoute' },
    ],
  },
  {
    target: { kind: 'Role', group: 'rbac.authorization.k8s.io' },
    fieldSpecs: [{ path: 'roleRef/name', kind: 'RoleBinding', group: 'rbac.authorization.k8s.io' }],
  },
  {
    target: { kind: 'ClusterRole', group: 'rbac.authorization.k8s.io' },
    fieldSpecs: [
      { path: 'roleRef/name', kind: 'RoleBinding', group: 'rbac.authorization.k8s.io' },
      { path: 'roleRef/name', kind: 'ClusterRoleBinding', group: 'rbac.authorization.k8s.io' },
    ],
  },
  {
    target: { kind: 'ServiceAccount', version: 'v1' },
    fieldSpecs: [
      { path: 'subjects', kind: 'RoleBinding', group: 'rbac.authorization.k8s.io' },
      { path: 'subjects', kind: 'ClusterRoleBinding', group: 'rbac.authorization.k8s.io' },
      ...only(NAMED_PODS, inPods('serviceAccountName')),
    ],
  },
  {
    target: { kind: 'PersistentVolumeClaim', version: 'v1' },
    fieldSpecs: only(NAMED_PODS, inPods('volumes/persistentVolumeClaim/claimName')),
  },
  {
    target: { kind: 'PersistentVolume', version: 'v1' },
    fieldSpecs: [
      { path: 'spec/volumeName', kind: 'PersistentVolumeClaim' },
      { path: 'rules/resourceNames', kind: 'ClusterRole' },
    ],
  },
  {
    target: { kind: 'StorageClass', version: 'v1', group: 'storage.k8s.io' },
    fieldSpecs: [
      { path: 'spec/storageClassName', kind: 'PersistentVolume' },
      { path: 'spec/storageClassName', kind: 'PersistentVolumeClaim' },
      { path: 'spec/volumeClaimTemplates/spec/storageClassName', kind: 'StatefulSet' },
    ],
  },
  {
    target: { kind: 'PriorityClass', version: 'v1', group: 'scheduling.k8s.io' },
    fieldSpecs: only(NAMED_PODS, inPods('priorityClassName')),
  },
  {
    target: { kind: 'IngressClass', version: 'v1', group: 'networking.k8s.io' },
    fieldSpecs: [{ path: 'spec/ingressClassName', kind: 'Ingress' }],
  },
];

/** Calls `change` with the value at the path, and puts its answer there; `missing` is what is made at the end of a path. */
export function visit(object: Json, gvk: Gvk, spec: FieldSpec, change: (value: any) => any, missing?: () => unknown) {
  if (!isSelected(gvk, spec)) return;
  const steps = spec.path.split(/(?<!\\)\//).map((step) => step.replaceAll('\\/', '/'));
  walk(object, steps, 0, spec.create && missing ? missing : undefined, change);
}

function walk(
  value: any,
  steps: readonly string[],
  at: number,
  missing: (() => unknown) | undefined,
  change: (value: any) => any,
): any {
  if (at === steps.length) return change(value);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = walk(value[i], steps, at, missing, change);
    return value;
  }
  if (!isMap(value)) return value;
  const list = steps[at].endsWith('[]');
  const name = list ? steps[at].slice(0, -2) : steps[at];
  let next = value[name];
  if (next === undefined || next === null) {
    if (!missing || list) return value;
    next = at === steps.length - 1 ? missing() : {};
  }
  value[name] = walk(next, steps, at + 1, missing, change);
  return value;
}
