// Field labels: what `fieldSelector` can ask of each kind.

import type { KubeObject, ResourceInfo } from './types.ts';

type Getter = (object: KubeObject) => string;

const text = (value: unknown) => (value === undefined || value === null ? '' : String(value));

/** A getter for a dotted path. */
function at(path: string, zero = ''): Getter {
  const parts = path.split('.');
  if (parts.length === 1) return (o) => text(o[parts[0]]) || zero;
  const [first, second] = parts;
  if (parts.length === 2)
    return (o) => {
      const value: unknown = o[first]?.[second];
      return typeof value === 'string' && value !== '' ? value : text(value) || zero;
    };
  return (o) => {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    let value: any = o;
    for (const part of parts) value = value?.[part];
    return text(value) || zero;
  };
}

const paths = (...list: string[]) => Object.fromEntries(list.map((path) => [path, at(path)])) as Record<string, Getter>;

const COMMON: Record<string, Getter> = {
  'metadata.name': at('metadata.name'),
  'metadata.namespace': at('metadata.namespace'),
};

const EVENT: Record<string, Getter> = {
  ...paths(
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'type',
  ),
  source: (o) => text(o.source?.component ?? o.reportingComponent),
};

/** Kinds with labels of their own; the rest knows name and namespace only. */
const LABELS: Record<string, Record<string, Getter>> = {
  '/Pod': {
    ...paths(
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'status.phase',
      'status.nominatedNodeName',
    ),
    'spec.hostNetwork': (o) => String(o.spec?.hostNetwork ?? false),
    'status.podIP': (o) => text(o.status?.podIPs?.[0]?.ip ?? o.status?.podIP),
    'status.podIPs': (o) => text(o.status?.podIPs?.[0]?.ip ?? o.status?.podIP),
  },
  '/Node': { 'spec.unschedulable': (o) => String(o.spec?.unschedulable ?? false) },
  '/Namespace': paths('status.phase'),
  '/ReplicationController': { 'status.replicas': at('status.replicas', '0') },
  '/Secret': paths('type'),
  '/Event': EVENT,
  'events.k8s.io/Event': {
    ...paths(
      'regarding.kind',
      'regarding.namespace',
      'regarding.name',
      'regarding.uid',
      'regarding.apiVersion',
      'regarding.resourceVersion',
      'regarding.fieldPath',
      'reason',
      'reportingController',
      'type',
    ),
  },
  'apps/ReplicaSet': { 'status.replicas': at('status.replicas', '0') },
  'apps/StatefulSet': { 'status.successful': () => '' },
  'batch/Job': { 'status.successful': at('status.succeeded', '0') },
  'certificates.k8s.io/CertificateSigningRequest': paths('spec.signerName'),
  'resource.k8s.io/ResourceSlice': paths('spec.nodeName', 'spec.driver'),
};

/** How to read field label `label` of an object of the kind; undefined when it is not supported. */
export function fieldGetter(info: ResourceInfo, label: string): Getter | undefined {
  return COMMON[label] ?? LABELS[`${info.group}/${info.kind}`]?.[label];
}

/** What a selector with an unsupported label is refused with. */
export function unsupportedField(info: ResourceInfo, label: string): string {
  return LABELS[`${info.group}/${info.kind}`]
    ? `field label not supported: ${label}`
    : `${JSON.stringify(label)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}
