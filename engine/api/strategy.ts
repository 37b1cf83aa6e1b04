// What the registry's strategies do to an object before it is created or updated: who may write status and spec, when
// the generation grows, and the initial status. Uid and creationTimestamp must already be set on create.

import { deepEqual, fill, set, update, updateEach } from './change.ts';
import { zeroStruct } from './decode.ts';
import { part } from '../parts/index.ts';
import { podQOSClass } from './qos.ts';
import { structNameOf, structType } from './schema.ts';
import type { JsonObject, KubeObject, PodSpec, ResourceInfo } from './types.ts';

interface Strategy {
  /** Top-level fields (or 'annotations') whose change makes a new generation. */
  generation?: readonly string[];
  /** Status is not dropped on create. */
  keepsStatusOnCreate?: boolean;
  create?(object: KubeObject): KubeObject;
  update?(object: KubeObject, old: KubeObject): KubeObject;
  /** What an update through a subresource other than status may write. */
  subresources?: Record<string, (object: KubeObject, old: KubeObject) => KubeObject>;
}

const SPEC = ['spec'];

const enabledDevices = (object: KubeObject) => part('rules').withoutDisabledDevices(object);
const DEVICES = { create: enabledDevices, update: enabledDevices };

const GATED = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
  lastProbeTime: null,
  lastTransitionTime: null,
};

function createPod(pod: KubeObject): KubeObject {
  const status: JsonObject = { phase: 'Pending', qosClass: podQOSClass(pod.spec as PodSpec) };
  if (pod.spec.schedulingGates?.length) status.conditions = [GATED];
  return set(withoutStopSignals(pod), 'status', status);
}

/** A signal of a container's own is of a feature that is off (ContainerStopSignals): the image's ends it. */
const withoutStopSignal = (container: JsonObject) =>
  container.lifecycle?.stopSignal === undefined
    ? container
    : update(container, 'lifecycle', (hooks) => set(hooks, 'stopSignal', undefined));

const withoutStopSignals = (pod: KubeObject) =>
  update(pod, 'spec', (spec) =>
    updateEach(updateEach(spec, 'containers', withoutStopSignal), 'initContainers', withoutStopSignal),
  );

/** Without a manual selector the Job selects by its own uid, which its Pods carry as labels. */
function createJob(job: KubeObject): KubeObject {
  const { uid, name } = job.metadata;
  if (job.spec.manualSelector || job.spec.selector || !uid) return jobLabels(job);
  const labels: Record<string, string> = {
    ...job.spec.template?.metadata?.labels,
    'controller-uid': uid,
    'job-name': name ?? '',
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name ?? '',
  };
  const template = { ...job.spec.template, metadata: { ...job.spec.template?.metadata, labels } };
  const selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
  return jobLabels(set(job, 'spec', { ...job.spec, selector, template }));
}

/** A Job without labels takes those of its Pods. */
function jobLabels(job: KubeObject): KubeObject {
  const labels = job.spec.template?.metadata?.labels;
  return labels && !job.metadata.labels ? set(job, 'metadata', { ...job.metadata, labels }) : job;
}

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

/** DaemonSets still count the generations of their template, in an annotation since the field is gone. */
function templateGeneration(daemonSet: KubeObject, old?: KubeObject): KubeObject {
  const before = Number(old?.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0);
  const same = old && deepEqual(daemonSet.spec?.template, old.spec?.template);
  const annotations = { ...daemonSet.metadata.annotations, [TEMPLATE_GENERATION]: String(same ? before : before + 1) };
  return set(daemonSet, 'metadata', { ...daemonSet.metadata, annotations });
}

const isKnownSource = ({ apiGroup, kind }: JsonObject) =>
  apiGroup ? kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io' : kind === 'PersistentVolumeClaim';

/**
 * The data source of a claim stands in both of its fields. What is neither a claim nor a snapshot can be told in the newer one
 * only; other namespaces' sources are of a feature that is off (CrossNamespaceVolumeDataSource).
 */
function claimSources(claim: KubeObject, old?: KubeObject): KubeObject {
  const before: JsonObject = old?.spec ?? {};
  return update(claim, 'spec', (given) => {
    let spec: JsonObject = given;
    if (spec.dataSourceRef?.namespace && !before.dataSourceRef) spec = set(spec, 'dataSourceRef', undefined);
    const { dataSource: source, dataSourceRef: ref } = spec;
    if (source && !ref)
      return before.dataSource || before.dataSourceRef || isKnownSource(source)
        ? set(spec, 'dataSourceRef', source)
        : set(spec, 'dataSource', undefined);
    return ref && !source && !ref.namespace ? set(spec, 'dataSource', ref) : spec;
  });
}

/** Of the Secrets that an account names, the names are all that is kept. */
const secretNames = (account: KubeObject) =>
  updateEach(account, 'secrets', (secret) => (Object.keys(secret).length > 1 ? { name: secret.name } : secret));

/** A limit range needs no name. */
const nameByUid = ({ metadata, ...rest }: KubeObject): KubeObject => ({
  ...rest,
  metadata: metadata.name ? metadata : { ...metadata, name: metadata.uid },
});

/** Where a node's kubelet took its settings from, of a feature that is gone. */
const withoutConfigSource = (node: KubeObject) =>
  node.spec?.configSource ? set(node, 'spec', set(node.spec, 'configSource', undefined)) : node;

const onlySpec = (field: string) => (object: KubeObject, old: KubeObject) =>
  set({ ...object, status: old.status }, 'spec', set(old.spec, field, object.spec?.[field]));

/**
 * In-place resizing writes the resources of containers and says how they take them, nothing else. Lists that are not of
 * the same containers stay as given: validation refuses them.
 */
function resize(object: KubeObject, old: KubeObject): KubeObject {
  let spec: JsonObject = old.spec;
  for (const list of ['containers', 'initContainers'] as const) {
    const before: JsonObject[] = old.spec[list] ?? [];
    const given: JsonObject[] = object.spec?.[list] ?? [];
    const same = given.length === before.length && before.every(({ name }, i) => name === given[i].name);
    const resized = same
      ? before.map((container, i) => ({
          ...container,
          resources: given[i].resources,
          resizePolicy: given[i].resizePolicy,
        }))
      : given;
    if (before.length + given.length) spec = set(spec, list, resized);
  }
  return { ...object, spec: deepEqual(spec, old.spec) ? old.spec : spec, status: old.status };
}

const STRATEGIES: Record<string, Strategy> = {
  '/Namespace': {
    create: (o) =>
      set(set(o, 'status', { phase: 'Active' }), 'spec', {
        ...o.spec,
        finalizers: [...new Set([...(o.spec?.finalizers ?? []), 'kubernetes'])],
      }),
    update: (o, old) => set(o, 'spec', old.spec),
    subresources: { finalize: (o, old) => set(o, 'status', old.status) },
  },
  '/LimitRange': { create: nameByUid },
  '/Node': { keepsStatusOnCreate: true, create: withoutConfigSource, update: withoutConfigSource },
  '/PersistentVolume': {
    create: (o) => set(o, 'status', { phase: 'Pending', lastPhaseTransitionTime: o.metadata.creationTimestamp }),
  },
  '/PersistentVolumeClaim': {
    create: (o) => claimSources(set(o, 'status', { phase: 'Pending' })),
    update: claimSources,
  },
  '/Pod': {
    generation: SPEC,
    create: createPod,
    subresources: { ephemeralcontainers: onlySpec('ephemeralContainers'), resize, binding: (o) => o },
  },
  '/PodTemplate': { generation: ['template'] },
  '/ReplicationController': { generation: SPEC },
  '/ServiceAccount': { create: secretNames, update: secretNames },
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': { generation: ['webhooks'] },
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': { generation: SPEC },
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': { generation: SPEC },
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': { generation: ['webhooks'] },
  'apiextensions.k8s.io/CustomResourceDefinition': {
    generation: SPEC,
    create: (o) => {
      const stored = (o.spec?.versions ?? []).find((v: JsonObject) => v.storage);
      return set(o, 'status', { ...o.status, storedVersions: stored ? [stored.name] : [] });
    },
    update: (o) => {
      const name = (o.spec?.versions ?? []).find((v: JsonObject) => v.storage)?.name;
      const known: string[] = o.status?.storedVersions ?? [];
      return !name || known.includes(name) ? o : set(o, 'status', { ...o.status, storedVersions: [...known, name] });
    },
  },
  'apps/DaemonSet': { generation: SPEC, create: (o) => templateGeneration(o), update: templateGeneration },
  'apps/Deployment': { generation: ['spec', 'annotations'] },
  'apps/ReplicaSet': { generation: SPEC },
  'apps/StatefulSet': { generation: SPEC },
  'batch/CronJob': { generation: SPEC },
  'batch/Job': { generation: SPEC, create: createJob },
  'certificates.k8s.io/CertificateSigningRequest': {
    update: (o, old) => set(o, 'spec', old.spec),
    subresources: {
      approval: (o, old) => ({
        ...o,
        spec: old.spec,
        status: set(old.status ?? {}, 'conditions', o.status?.conditions),
      }),
    },
  },
  'discovery.k8s.io/EndpointSlice': { generation: ['endpoints', 'ports', 'addressType', 'labels'] },
  'flowcontrol.apiserver.k8s.io/FlowSchema': { generation: SPEC },
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': { generation: SPEC },
  'networking.k8s.io/Ingress': { generation: SPEC },
  'networking.k8s.io/IngressClass': { generation: SPEC },
  'networking.k8s.io/NetworkPolicy': { generation: SPEC },
  'policy/PodDisruptionBudget': { generation: SPEC },
  'resource.k8s.io/DeviceClass': { generation: SPEC, ...DEVICES },
  'resource.k8s.io/ResourceClaim': DEVICES,
  'resource.k8s.io/ResourceClaimTemplate': DEVICES,
  'resource.k8s.io/ResourceSlice': { generation: SPEC, ...DEVICES },
};

/** Kinds of which an update must say on which resourceVersion it is based. */
const CONDITIONAL = new Set([
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apiregistration.k8s.io/APIService',
  'apps/ControllerRevision',
  'certificates.k8s.io/ClusterTrustBundle',
  'coordination.k8s.io/Lease',
  'node.k8s.io/RuntimeClass',
  'policy/PodDisruptionBudget',
  'storage.k8s.io/CSIDriver',
  'storage.k8s.io/CSINode',
  'storage.k8s.io/CSIStorageCapacity',
  'storage.k8s.io/VolumeAttachment',
]);
const NO_STRATEGY: Strategy = {};

const strategyOf = (info: ResourceInfo) => STRATEGIES[`${info.group}/${info.kind}`] ?? NO_STRATEGY;

/** Whether an update without a resourceVersion is taken; else 'must be specified for an update'. */
export function allowsUnconditionalUpdate(info: ResourceInfo): boolean {
  return !CONDITIONAL.has(`${info.group}/${info.kind}`);
}

/** The status that Go prints for a new object of the kind. */
function emptyStatus(info: ResourceInfo): JsonObject {
  const field = structType(structNameOf(info.group, info.version, info.kind))?.fields.status;
  const type = field?.struct === undefined ? undefined : structType(field.struct);
  return type ? zeroStruct(type) : {};
}

export function prepareForCreate(info: ResourceInfo, object: KubeObject): KubeObject {
  const strategy = strategyOf(info);
  let out = object;
  if (info.subresources.status && !strategy.keepsStatusOnCreate) out = set(out, 'status', emptyStatus(info));
  if (strategy.create) out = strategy.create(out);
  return strategy.generation ? set(out, 'metadata', set(out.metadata, 'generation', 1)) : out;
}

function changed(field: string, object: KubeObject, old: KubeObject): boolean {
  return field === 'annotations' || field === 'labels'
    ? !deepEqual(object.metadata[field] ?? {}, old.metadata[field] ?? {})
    : !deepEqual(object[field], old[field]);
}

export function prepareForUpdate(
  info: ResourceInfo,
  object: KubeObject,
  old: KubeObject,
  subresource?: string,
): KubeObject {
  const strategy = strategyOf(info);
  let generation = old.metadata.generation;
  let out = object;
  if (subresource === 'status') {
    out = prepareStatus(info, object, old);
  } else {
    const special = subresource === undefined ? undefined : strategy.subresources?.[subresource];
    if (special) out = special(object, old);
    else {
      if (info.subresources.status) out = set(out, 'status', old.status);
      if (strategy.update) out = strategy.update(out, old);
    }
    if (strategy.generation?.some((field) => changed(field, out, old))) generation = (generation ?? 0) + 1;
  }
  return out.metadata.generation === generation
    ? out
    : set(out, 'metadata', set(out.metadata, 'generation', generation));
}

/** Kinds whose labels, too, are closed to writers of status. */
const STATUS_KEEPS_LABELS = new Set(['apps/Deployment']);

// A time that was never written is null in Go's JSON, not absent.
const neverProbed = (condition: JsonObject) => condition.lastProbeTime === undefined;
const withoutProbe = (condition: JsonObject) =>
  neverProbed(condition) ? { lastProbeTime: null, ...condition } : condition;

/** Conditions as given and as stored: Pods that begin together share them. Some of the last ones. */
const probed = new Map<JsonObject[], JsonObject[]>();
const MAX_PROBED = 256;

function withProbeTimes(conditions: JsonObject[]): JsonObject[] {
  const known = probed.get(conditions);
  if (known) return known;
  const all = conditions.some(neverProbed) ? conditions.map(withoutProbe) : conditions;
  if (probed.size === MAX_PROBED) probed.clear();
  probed.set(conditions, all);
  return all;
}

function prepareStatus(info: ResourceInfo, object: KubeObject, old: KubeObject): KubeObject {
  let out = set(object, 'spec', old.spec);
  let metadata = out.metadata;
  if (info.kind === 'Pod') {
    if (metadata !== old.metadata)
      metadata = set(
        set(metadata, 'ownerReferences', old.metadata.ownerReferences),
        'deletionTimestamp',
        old.metadata.deletionTimestamp,
      );
    // The class is decided at creation and stays.
    if (out.status && !out.status.qosClass && old.status?.qosClass)
      out = set(out, 'status', fill(out.status, { qosClass: old.status.qosClass }));
    const conditions: JsonObject[] | undefined = out.status?.conditions;
    if (conditions && conditions !== old.status?.conditions)
      out = set(out, 'status', set(out.status, 'conditions', withProbeTimes(conditions)));
  } else if (STATUS_KEEPS_LABELS.has(`${info.group}/${info.kind}`)) {
    metadata = set(metadata, 'labels', old.metadata.labels);
  }
  return set(out, 'metadata', metadata);
}
