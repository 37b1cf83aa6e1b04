// The texts of kubectl explain: they name types and fields that there are, and they cover what readers ask about.

import { expect, test } from 'vitest';
import { explainField, explainType } from '../../engine/api/explanations/index.ts';
import { NETWORK } from '../../engine/api/explanations/network.ts';
import { OBJECTS } from '../../engine/api/explanations/objects.ts';
import { PODS } from '../../engine/api/explanations/pods.ts';
import { POLICY } from '../../engine/api/explanations/policy.ts';
import { STORAGE } from '../../engine/api/explanations/storage.ts';
import { WORKLOADS } from '../../engine/api/explanations/workloads.ts';
import { FURTHER_TYPES } from '../../engine/api/generated/further-schema.ts';
import { TYPES } from '../../engine/api/generated/schema.ts';
import '../../engine/parts/all.ts';
import { structNameOf, structType, type Field, type TypeRef } from '../../engine/api/schema.ts';

const ALL = [OBJECTS, PODS, WORKLOADS, NETWORK, STORAGE, POLICY].join('');
/** Types that OpenAPI names and the catalogue has as scalars. */
const SCALARS = ['Time', 'MicroTime', 'Quantity', 'IntOrString', 'FieldsV1', 'RawExtension', 'JSON'];

/** Fields of the types by the last word of their names: several groups may have one of the same name. */
const known = new Map<string, Set<string>>();
for (const line of `${TYPES}\n${FURTHER_TYPES}`.split('\n').filter(Boolean)) {
  const name = line.split(/[ %]/, 1)[0];
  const fields = known.get(name.split('.').at(-1) as string) ?? new Set<string>();
  for (const field of structType(name)?.fieldList ?? []) fields.add(field.name);
  known.set(name.split('.').at(-1) as string, fields);
}

test('every text belongs to a type and a field of the API', () => {
  const lost: string[] = [];
  let fields: Set<string> | undefined;
  let type = '';
  for (const line of ALL.split('\n')) {
    if (line.startsWith(' ')) {
      const name = line.trim().split(/[ {]/, 1)[0];
      if (type !== '*' && !fields?.has(name)) lost.push(`${type}.${name}`);
    } else if (line) {
      type = line.split(/[ :]/, 1)[0];
      fields = known.get(type);
      if (!fields && type !== '*' && !SCALARS.includes(type)) lost.push(type);
    }
  }
  expect(lost).toEqual([]);
});

const KINDS = `v1/Pod apps/v1/Deployment apps/v1/ReplicaSet apps/v1/StatefulSet apps/v1/DaemonSet batch/v1/Job batch/v1/CronJob
  v1/Service networking.k8s.io/v1/Ingress networking.k8s.io/v1/NetworkPolicy v1/ConfigMap v1/Secret v1/PersistentVolumeClaim
  v1/Namespace v1/Node v1/ServiceAccount rbac.authorization.k8s.io/v1/Role rbac.authorization.k8s.io/v1/ClusterRoleBinding
  autoscaling/v2/HorizontalPodAutoscaler policy/v1/PodDisruptionBudget v1/ResourceQuota v1/LimitRange v1/Event
  discovery.k8s.io/v1/EndpointSlice scheduling.k8s.io/v1/PriorityClass storage.k8s.io/v1/StorageClass`;
/** Volumes of clouds and of the past, and the node's configuration by ConfigMap: what they are is said, not each field. */
const PAST =
  /^(Glusterfs|RBD|CephFS|Flocker|Vsphere|Quobyte|PhotonPersistentDisk|Portworx|ScaleIO|StorageOS|ISCSI|NodeConfig|ConfigMapNodeConfig)/;

const innermost = (type: TypeRef): TypeRef => (type.element ? innermost(type.element) : type);

test('every field of the common kinds is explained', () => {
  const silent: string[] = [];
  const seen = new Set<string>();
  const visit = (struct: string) => {
    if (seen.has(struct) || PAST.test(struct)) return;
    seen.add(struct);
    if (explainType(struct) === undefined) silent.push(struct);
    for (const field of (structType(struct)?.fieldList ?? []) as Field[]) {
      if (!explainField(struct, field.name)) silent.push(`${struct}.${field.name}`);
      const inner = innermost(field).struct;
      if (inner) visit(inner);
    }
  };
  for (const kind of KINDS.split(/\s+/)) {
    const parts = kind.split('/');
    visit(structNameOf(parts.at(-3) ?? '', parts.at(-2) as string, parts.at(-1) as string));
  }
  expect(silent).toEqual([]);
});

test('a field is found with its values, by its own type, a like one or what it means everywhere', () => {
  expect(explainField('PodSpec', 'restartPolicy')?.values).toEqual(['Always', 'Never', 'OnFailure']);
  expect(explainField('HostPathVolumeSource', 'type')?.values?.[0]).toBe('');
  expect(explainField('EphemeralContainer', 'image')).toEqual(explainField('Container', 'image'));
  expect(explainField('v2.MetricSpec', 'pods')).toEqual(explainField('MetricSpec', 'pods'));
  expect(explainField('Deployment', 'spec')).toEqual(explainField('Pod', 'spec'));
});
