// describe for volumes, claims and storage classes.

import type {
  KubeObject,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  CSINode,
} from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Kubectl } from '../kubectl.ts';
import { annotations, events, eventsOf, formatMap, heading, labels, longTime, shortSince } from './common.ts';
import { persistentSource } from './volumes.ts';
import { DescribeWriter } from './writer.ts';

const SHORT_MODES: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const modes = (list: readonly string[] | undefined) => (list ?? []).map((mode) => SHORT_MODES[mode] ?? mode).join(',');
const finalizers = (list: readonly string[] | undefined) => `[${(list ?? []).join(' ')}]`;
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

function status(phase: string | undefined, deleted: string | undefined, now: number): string {
  return deleted ? `Terminating (lasts ${shortSince(deleted, now)})` : (phase ?? '');
}

export function* describePersistentVolumeClaim(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const claim = object as unknown as PersistentVolumeClaim;
  const { metadata, spec = {}, status: state = {} } = claim;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Namespace', metadata.namespace);
  w.field(0, 'StorageClass', metadata.annotations?.[BETA_CLASS] ?? spec.storageClassName);
  w.field(0, 'Status', status(state.phase, metadata.deletionTimestamp, kubectl.now));
  w.field(0, 'Volume', spec.volumeName);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  w.field(0, 'Finalizers', finalizers(metadata.finalizers));
  const bound = Boolean(spec.volumeName);
  w.field(0, 'Capacity', bound ? state.capacity?.storage : '');
  w.field(0, 'Access Modes', bound ? modes(state.accessModes) : '');
  if (spec.volumeMode) w.field(0, 'VolumeMode', spec.volumeMode);
  if (spec.dataSource) {
    w.line(0, 'DataSource:');
    if (spec.dataSource.apiGroup) w.field(1, 'APIGroup', spec.dataSource.apiGroup);
    w.field(1, 'Kind', spec.dataSource.kind);
    w.field(1, 'Name', spec.dataSource.name);
  }
  const pods = yield* usedBy(kubectl, claim);
  if (pods.length === 0) w.field(0, 'Used By', '<none>');
  pods.forEach((name, i) => w.line(0, `${i ? '' : 'Used By:'}\t${name}`));
  if (state.conditions?.length) {
    w.line(0, 'Conditions:');
    w.line(1, 'Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage');
    w.line(1, '----\t------\t-----------------\t------------------\t------\t-------');
    for (const c of state.conditions) {
      w.line(
        1,
        `${c.type} \t${c.status} \t${c.lastProbeTime ?? ''} \t${c.lastTransitionTime ?? ''} \t${c.reason ?? ''} \t${c.message ?? ''} `,
      );
    }
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

/** Pods that mount the claim, or will: an ephemeral volume's claim has a name made of theirs. */
function* usedBy(kubectl: Kubectl, claim: PersistentVolumeClaim): Co<string[]> {
  const { body } = yield* kubectl.send({ method: 'GET', path: `/api/v1/namespaces/${claim.metadata.namespace}/pods` });
  const names: string[] = [];
  for (const pod of (body as unknown as { items: Pod[] }).items) {
    for (const volume of pod.spec?.volumes ?? []) {
      const used =
        volume.persistentVolumeClaim?.claimName ??
        (volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined);
      if (used === claim.metadata.name) names.push(pod.metadata.name as string);
    }
  }
  return names;
}

export function* describePersistentVolume(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec = {}, status: state = {} } = object as unknown as PersistentVolume;
  const w = new DescribeWriter();
  heading(w, object);
  w.field(0, 'Finalizers', finalizers(metadata.finalizers));
  w.field(0, 'StorageClass', metadata.annotations?.[BETA_CLASS] ?? spec.storageClassName);
  w.field(0, 'Status', status(state.phase, metadata.deletionTimestamp, kubectl.now));
  w.field(0, 'Claim', spec.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : '');
  w.field(0, 'Reclaim Policy', spec.persistentVolumeReclaimPolicy);
  w.field(0, 'Access Modes', modes(spec.accessModes));
  if (spec.volumeMode) w.field(0, 'VolumeMode', spec.volumeMode);
  w.field(0, 'Capacity', spec.capacity?.storage);
  nodeAffinity(w, spec);
  w.field(0, 'Message', state.message);
  w.line(0, 'Source:');
  persistentSource(w, spec as Record<string, unknown>);
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

function nodeAffinity(w: DescribeWriter, { nodeAffinity: affinity }: NonNullable<PersistentVolume['spec']>) {
  if (!affinity) {
    w.field(0, 'Node Affinity', '<none>');
    return;
  }
  w.field(0, 'Node Affinity', '');
  const terms = affinity.required?.nodeSelectorTerms ?? [];
  w.field(1, 'Required Terms', terms.length ? '' : '<none>');
  terms.forEach((term, i) => {
    const rows = (term.matchExpressions ?? []).map(
      (e) => `${e.key} ${e.operator.toLowerCase()}${e.values?.length ? ` [${e.values.join(', ')}]` : ''}`,
    );
    if (rows.length === 0) w.field(2, `Term ${i}`, '<none>');
    rows.forEach((row, j) => w.line(2, `${j ? '' : `Term ${i}:`}\t${row}`));
  });
}

export function* describeStorageClass(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const {
    metadata,
    provisioner,
    parameters,
    allowVolumeExpansion,
    mountOptions,
    reclaimPolicy,
    volumeBindingMode,
    allowedTopologies,
  } = object as unknown as StorageClass;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  w.field(
    0,
    'IsDefaultClass',
    metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ? 'Yes' : 'No',
  );
  w.field(0, 'Annotations', formatMap(metadata.annotations));
  w.field(0, 'Provisioner', provisioner);
  w.field(0, 'Parameters', formatMap(parameters));
  w.field(
    0,
    'AllowVolumeExpansion',
    allowVolumeExpansion === undefined ? '<unset>' : allowVolumeExpansion ? 'True' : 'False',
  );
  if (mountOptions?.length) {
    w.line(0, 'MountOptions:');
    for (const option of mountOptions) w.line(1, option);
  } else w.field(0, 'MountOptions', '<none>');
  if (reclaimPolicy) w.field(0, 'ReclaimPolicy', reclaimPolicy);
  if (volumeBindingMode) w.field(0, 'VolumeBindingMode', volumeBindingMode);
  if (allowedTopologies?.length) {
    w.field(0, 'AllowedTopologies', '');
    allowedTopologies.forEach((term, i) => {
      const rows = (term.matchLabelExpressions ?? []).map((e) => `${e.key} in [${e.values.join(', ')}]`);
      rows.forEach((row, j) => w.line(1, `${j ? '' : `Term ${i}:`}\t${row}`));
    });
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* describeCSINode(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec } = object as unknown as CSINode;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  w.field(0, 'CreationTimestamp', longTime(metadata.creationTimestamp));
  w.line(0, 'Spec:');
  if (spec?.drivers?.length) {
    w.line(1, 'Drivers:');
    for (const driver of spec.drivers) {
      w.line(2, `${driver.name}:`);
      w.field(3, 'Node ID', driver.nodeID);
      if (driver.allocatable?.count !== undefined) {
        w.line(3, 'Allocatables:');
        w.field(4, 'Count', driver.allocatable.count);
      }
      if (driver.topologyKeys) w.field(3, 'Topology Keys', `[${driver.topologyKeys.join(' ')}]`);
    }
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}
