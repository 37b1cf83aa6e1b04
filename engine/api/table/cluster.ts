// Rows of storage, policy, access and everything else that a cluster administrator looks at.

import { humanDuration } from '../duration.ts';
import { compareQuantities } from '../quantity.ts';
import { formatLabelSelector } from '../selectors.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { NONE, UNSET, accessModes, age, name, type Cell, type Printer } from './columns.ts';

export const persistentVolume: Printer = {
  columns:
    'Name:string:name,Capacity,Access Modes,Reclaim Policy,Status,Claim,StorageClass,VolumeAttributesClass,Reason,Age,*VolumeMode',
  row: (o, now) => {
    const claim = o.spec.claimRef;
    return [
      name(o),
      o.spec.capacity?.storage ?? '0',
      accessModes(o.spec.accessModes),
      o.spec.persistentVolumeReclaimPolicy ?? '',
      o.metadata.deletionTimestamp ? 'Terminating' : (o.status?.phase ?? ''),
      claim ? `${claim.namespace}/${claim.name}` : '',
      storageClassOf(o),
      o.spec.volumeAttributesClassName ?? UNSET,
      o.status?.reason ?? '',
      age(o, now),
      o.spec.volumeMode ?? UNSET,
    ];
  },
};

function storageClassOf(o: KubeObject): string {
  return o.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? o.spec.storageClassName ?? '';
}

export const persistentVolumeClaim: Printer = {
  columns: 'Name:string:name,Status,Volume,Capacity,Access Modes,StorageClass,VolumeAttributesClass,Age,*VolumeMode',
  row: (o, now) => {
    const bound = Boolean(o.spec.volumeName);
    return [
      name(o),
      o.metadata.deletionTimestamp ? 'Terminating' : (o.status?.phase ?? ''),
      o.spec.volumeName ?? '',
      bound ? (o.status?.capacity?.storage ?? '0') : '',
      bound ? accessModes(o.status?.accessModes) : '',
      storageClassOf(o),
      o.spec.volumeAttributesClassName ?? UNSET,
      age(o, now),
      o.spec.volumeMode ?? UNSET,
    ];
  },
};

export const storageClass: Printer = {
  columns: 'Name:string:name,Provisioner,ReclaimPolicy,VolumeBindingMode,AllowVolumeExpansion,Age',
  row: (o, now) => {
    const isDefault =
      o.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ||
      o.metadata.annotations?.['storageclass.beta.kubernetes.io/is-default-class'] === 'true';
    return [
      isDefault ? `${name(o)} (default)` : name(o),
      o.provisioner,
      o.reclaimPolicy ?? 'Delete',
      o.volumeBindingMode ?? 'Immediate',
      o.allowVolumeExpansion ?? false,
      age(o, now),
    ];
  },
};

/** `used/hard` of a quota, requests and the rest apart from limits. */
function quotaTexts(o: KubeObject): [string, string] {
  const hard = o.status?.hard ?? {};
  const used = o.status?.used ?? {};
  const requests: string[] = [];
  const limits: string[] = [];
  for (const resource of Object.keys(hard).sort()) {
    const text = `${resource}: ${used[resource] ?? '0'}/${hard[resource]}`;
    (resource.startsWith('limits') ? limits : requests).push(text);
  }
  return [requests.join(', '), limits.join(', ')];
}

export const resourceQuota: Printer = {
  columns: 'Name:string:name,Request,Limit,Age',
  row: (o, now) => [name(o), ...quotaTexts(o), age(o, now)],
};

/** A kind of which only the birth is printed. */
export const createdAt: Printer = {
  columns: 'Name:string:name,Created At:date',
  row: (o) => [name(o), o.metadata.creationTimestamp ?? ''],
};

export const nameAndAge: Printer = { columns: 'Name:string:name,Age', row: (o, now) => [name(o), age(o, now)] };

export const roleBinding: Printer = {
  columns: 'Name:string:name,Role,Age,*Users,*Groups,*ServiceAccounts',
  row: (o, now) => {
    const of = (kind: string) => (o.subjects ?? []).filter((s: JsonObject) => s.kind === kind);
    const names = (kind: string) =>
      of(kind)
        .map((s: JsonObject) => s.name)
        .join(', ');
    const accounts = of('ServiceAccount').map((s: JsonObject) => `${s.namespace}/${s.name}`);
    return [
      name(o),
      `${o.roleRef.kind}/${o.roleRef.name}`,
      age(o, now),
      names('User'),
      names('Group'),
      accounts.join(', '),
    ];
  },
};

export const componentStatus: Printer = {
  columns: 'Name:string:name,Status,Message,Error',
  row: (o) => {
    const healthy = o.conditions?.find((c: JsonObject) => c.type === 'Healthy');
    const status = healthy?.status === 'True' ? 'Healthy' : healthy?.status === 'False' ? 'Unhealthy' : 'Unknown';
    return [name(o), healthy ? status : 'Unknown', healthy?.message ?? '', healthy?.error ?? ''];
  },
};

export const lease: Printer = {
  columns: 'Name:string:name,Holder,Age',
  row: (o, now) => [name(o), o.spec?.holderIdentity ?? '', age(o, now)],
};

export const priorityClass: Printer = {
  columns: 'Name:string:name,Value,Global-Default,Age,PreemptionPolicy',
  row: (o, now) => [name(o), o.value, o.globalDefault ?? false, age(o, now), o.preemptionPolicy ?? ''],
};

export const runtimeClass: Printer = {
  columns: 'Name:string:name,Handler,Age',
  row: (o, now) => [name(o), o.handler, age(o, now)],
};

function csrCondition(o: KubeObject): string {
  const has = (type: string) => o.status?.conditions?.some((c: JsonObject) => c.type === type);
  const words = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'];
  if (has('Failed')) words.push('Failed');
  if (o.status?.certificate) words.push('Issued');
  return words.join(',');
}

export const certificateSigningRequest: Printer = {
  columns: 'Name:string:name,Age,SignerName,Requestor,RequestedDuration,Condition',
  row: (o, now) => {
    const seconds = o.spec.expirationSeconds;
    const duration = seconds === undefined ? NONE : humanDuration(seconds * 1000);
    return [name(o), age(o, now), o.spec.signerName || NONE, o.spec.username ?? '', duration, csrCondition(o)];
  },
};

export const volumeAttachment: Printer = {
  columns: 'Name:string:name,Attacher,PV,Node,Attached:boolean,Age',
  row: (o, now) => [
    name(o),
    o.spec.attacher,
    o.spec.source?.persistentVolumeName ?? '',
    o.spec.nodeName,
    o.status?.attached ?? false,
    age(o, now),
  ],
};

export const csiNode: Printer = {
  columns: 'Name:string:name,Drivers:integer,Age',
  row: (o, now) => [name(o), o.spec?.drivers?.length ?? 0, age(o, now)],
};

export const csiDriver: Printer = {
  columns:
    'Name:string:name,AttachRequired:boolean,PodInfoOnMount:boolean,StorageCapacity:boolean,TokenRequests,RequiresRepublish:boolean,Modes,Age',
  row: (o, now) => {
    const tokens = (o.spec.tokenRequests ?? []).map((t: JsonObject) => t.audience).join(',');
    return [
      name(o),
      o.spec.attachRequired ?? true,
      o.spec.podInfoOnMount ?? false,
      o.spec.storageCapacity ?? false,
      tokens || UNSET,
      o.spec.requiresRepublish ?? false,
      (o.spec.volumeLifecycleModes ?? []).join(',') || NONE,
      age(o, now),
    ];
  },
};

export const csiStorageCapacity: Printer = {
  columns: 'Name:string:name,StorageClassName,Capacity',
  row: (o) => [name(o), o.storageClassName, o.capacity && compareQuantities(o.capacity, '0') ? o.capacity : NONE],
};

export const volumeAttributesClass: Printer = {
  columns: 'Name:string:name,DriverName,Age',
  row: (o, now) => [name(o), o.driverName, age(o, now)],
};

const webhooks = (o: KubeObject, now: number): Cell[] => [name(o), o.webhooks?.length ?? 0, age(o, now)];
export const webhookConfiguration: Printer = { columns: 'Name:string:name,Webhooks:integer,Age', row: webhooks };

export const validatingAdmissionPolicy: Printer = {
  columns: 'Name:string:name,Validations:integer,ParamKind,Age',
  row: (o, now) => {
    const param = o.spec?.paramKind;
    return [
      name(o),
      o.spec?.validations?.length ?? 0,
      param ? `${param.apiVersion}/${param.kind}` : UNSET,
      age(o, now),
    ];
  },
};

export const validatingAdmissionPolicyBinding: Printer = {
  columns: 'Name:string:name,PolicyName,ParamRef,Age',
  row: (o, now) => {
    const ref = o.spec?.paramRef;
    const text = !ref
      ? UNSET
      : ref.name
        ? ref.namespace
          ? `${ref.namespace}/${ref.name}`
          : ref.name
        : `${ref.namespace ?? ''}/${formatLabelSelector(ref.selector)}`;
    return [name(o), o.spec?.policyName ?? '', text, age(o, now)];
  },
};

export const flowSchema: Printer = {
  columns: 'Name:string:name,PriorityLevel,MatchingPrecedence:integer,DistinguisherMethod,Age,MissingPL',
  order: (a, b) =>
    a.spec.matchingPrecedence - b.spec.matchingPrecedence ||
    ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1),
  row: (o, now) => {
    const dangling = o.status?.conditions?.find((c: JsonObject) => c.type === 'Dangling');
    return [
      name(o),
      o.spec.priorityLevelConfiguration?.name ?? '',
      o.spec.matchingPrecedence ?? 0,
      o.spec.distinguisherMethod?.type ?? NONE,
      age(o, now),
      dangling?.status ?? '?',
    ];
  },
};

export const priorityLevel: Printer = {
  columns: 'Name:string:name,Type,NominalConcurrencyShares,Queues,HandSize,QueueLengthLimit,Age',
  row: (o, now) => {
    const limited = o.spec.limited;
    const queuing = limited?.limitResponse?.queuing;
    const or = (value: unknown) => (value === undefined ? NONE : (value as Cell));
    const shares = limited?.nominalConcurrencyShares ?? o.spec.exempt?.nominalConcurrencyShares;
    return [
      name(o),
      o.spec.type,
      or(shares),
      or(queuing?.queues),
      or(queuing?.handSize),
      or(queuing?.queueLengthLimit),
      age(o, now),
    ];
  },
};

export const apiService: Printer = {
  columns: 'Name:string:name,Service,Available,Age',
  row: (o, now) => {
    const service = o.spec.service;
    const available = o.status?.conditions?.find((c: JsonObject) => c.type === 'Available');
    const status = available?.status ?? 'Unknown';
    return [
      name(o),
      service ? `${service.namespace}/${service.name}` : 'Local',
      available && status !== 'True' ? `${status} (${available.reason})` : status,
      age(o, now),
    ];
  },
};

export const ipAddress: Printer = {
  columns: 'Name:string:name,ParentRef,Age',
  row: (o, now) => {
    const ref = o.spec?.parentRef;
    const parts = ref ? [ref.group, ref.resource, ref.namespace, ref.name].filter(Boolean).join('/') : '';
    return [
      name(o),
      parts ? parts.replace(/^([^/]+)\/([a-z]+)\//, (all, g, r) => (ref.group ? `${r}.${g}/` : all)) : NONE,
      age(o, now),
    ];
  },
};

export const serviceCIDR: Printer = {
  columns: 'Name:string:name,CIDRs,Age',
  row: (o, now) => [name(o), (o.spec?.cidrs ?? []).join(','), age(o, now)],
};

export const resourceClaim: Printer = {
  columns: 'Name:string:name,State,Age',
  row: (o, now) => {
    const states: string[] = [];
    if (o.metadata.deletionTimestamp) states.push('deleted');
    if (o.status?.allocation) states.push('allocated');
    else if (!o.metadata.deletionTimestamp) states.push('pending');
    if (o.status?.reservedFor?.length) states.push('reserved');
    return [name(o), states.join(','), age(o, now)];
  },
};

export const resourceSlice: Printer = {
  columns: 'Name:string:name,Node,Driver,Pool,Age',
  row: (o, now) => [
    name(o),
    o.spec.nodeName || (o.spec.allNodes ? '<all>' : o.spec.nodeSelector ? '<selector>' : UNSET),
    o.spec.driver,
    o.spec.pool?.name ?? '',
    age(o, now),
  ],
};
