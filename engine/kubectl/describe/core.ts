// Services, configuration, accounts and namespaces, and the form for kinds without one of their own.

import { base64Length, base64Text } from '../../api/base64.ts';
import type {
  ConfigMap,
  EndpointSlice,
  KubeObject,
  LimitRange,
  Namespace,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Kubectl } from '../kubectl.ts';
import { annotations, events, eventsOf, formatMap, heading, labels, sortedKeys } from './common.ts';
import { DescribeWriter } from './writer.ts';

/** Endpoints shown before "+ n more...". */
const MAX_ENDPOINTS = 3;

export function* describeService(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec, status } = object as unknown as Required<Service>;
  const w = new DescribeWriter();
  heading(w, object);
  w.field(0, 'Selector', formatMap(spec.selector));
  w.field(0, 'Type', spec.type);
  if (spec.ipFamilyPolicy) w.field(0, 'IP Family Policy', spec.ipFamilyPolicy);
  if (spec.ipFamilies?.length) w.field(0, 'IP Families', spec.ipFamilies.join(','));
  else w.field(0, 'IP Families', '<none>');
  w.field(0, 'IP', spec.clusterIP);
  w.field(0, 'IPs', spec.clusterIPs?.length ? spec.clusterIPs.join(',') : '<none>');
  if (spec.externalIPs?.length) w.field(0, 'External IPs', spec.externalIPs.join(','));
  if (spec.loadBalancerIP) w.field(0, 'Desired LoadBalancer IP', spec.loadBalancerIP);
  if (spec.externalName) w.field(0, 'External Name', spec.externalName);
  const ingress = status?.loadBalancer?.ingress;
  if (ingress?.length) {
    w.field(
      0,
      'LoadBalancer Ingress',
      ingress
        .map(({ ip, hostname, ipMode }) => (ip ? `${ip}${ipMode ? ` (${ipMode})` : ''}` : (hostname ?? '')))
        .join(', '),
    );
  }
  const slices = yield* slicesOf(kubectl, metadata.namespace as string, metadata.name as string);
  for (const port of spec.ports ?? []) {
    const name = port.name || '<unset>';
    w.line(0, `Port:\t${name}\t${port.port}/${port.protocol}`);
    w.line(0, `TargetPort:\t${port.targetPort}/${port.protocol}`);
    if (port.nodePort) w.line(0, `NodePort:\t${name}\t${port.nodePort}/${port.protocol}`);
    w.field(0, 'Endpoints', endpoints(slices, port.name ?? ''));
  }
  w.field(0, 'Session Affinity', spec.sessionAffinity);
  if (spec.externalTrafficPolicy) w.field(0, 'External Traffic Policy', spec.externalTrafficPolicy);
  if (spec.internalTrafficPolicy) w.field(0, 'Internal Traffic Policy', spec.internalTrafficPolicy);
  if (spec.trafficDistribution) w.field(0, 'Traffic Distribution', spec.trafficDistribution);
  if (spec.healthCheckNodePort) w.field(0, 'HealthCheck NodePort', spec.healthCheckNodePort);
  if (spec.loadBalancerSourceRanges?.length)
    w.field(0, 'LoadBalancer Source Ranges', spec.loadBalancerSourceRanges.join(','));
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* slicesOf(kubectl: Kubectl, namespace: string, service: string): Co<EndpointSlice[]> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const { body } = yield* kubectl.send({
    method: 'GET',
    path,
    query: { labelSelector: `kubernetes.io/service-name=${service}` },
  });
  return (body as unknown as { items: EndpointSlice[] }).items;
}

export function endpoints(slices: readonly EndpointSlice[], portName: string): string {
  const list: string[] = [];
  let more = 0;
  for (const slice of slices) {
    const ports = slice.ports?.length ? slice.ports.filter((p) => (p.name ?? '') === portName) : [];
    for (const port of ports) {
      for (const endpoint of slice.endpoints ?? []) {
        if (endpoint.conditions?.ready === false) continue;
        for (const address of endpoint.addresses) {
          if (list.length === MAX_ENDPOINTS) more++;
          else list.push(`${address.includes(':') ? `[${address}]` : address}:${port.port}`);
        }
      }
    }
  }
  return list.join(',') + (more ? ` + ${more} more...` : '');
}

export function* describeConfigMap(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { data, binaryData } = object as unknown as ConfigMap;
  const w = new DescribeWriter();
  heading(w, object);
  w.raw('\nData\n====\n');
  for (const key of sortedKeys(data)) w.raw(`${key}:\n----\n${data?.[key]}\n\n`);
  w.raw('\nBinaryData\n====\n');
  for (const key of sortedKeys(binaryData)) w.raw(`${key}: ${base64Length(binaryData?.[key] as string)} bytes\n`);
  w.raw('\n');
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

// eslint-disable-next-line require-yield
export function* describeSecret(_kubectl: Kubectl, object: KubeObject): Co<string> {
  const { type, data } = object as unknown as Secret;
  const w = new DescribeWriter();
  heading(w, object);
  w.raw(`\nType:\t${type}\n\nData\n====\n`);
  for (const key of sortedKeys(data)) {
    const value = data?.[key] as string;
    // A token is of use only when it is seen.
    if (type === 'kubernetes.io/service-account-token' && key === 'token') w.raw(`${key}:\t${base64Text(value)}\n`);
    else w.raw(`${key}:\t${base64Length(value)} bytes\n`);
  }
  return w.toString();
}

export function* describeServiceAccount(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { imagePullSecrets = [] } = object as unknown as ServiceAccount;
  const w = new DescribeWriter();
  heading(w, object);
  if (imagePullSecrets.length === 0) w.field(0, 'Image pull secrets', '<none>');
  imagePullSecrets.forEach(({ name }, i) => w.line(0, `${i ? '' : 'Image pull secrets:'}\t${name}`));
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* describeNamespace(kubectl: Kubectl, object: KubeObject): Co<string> {
  const { metadata, status } = object as unknown as Namespace;
  const w = new DescribeWriter();
  heading(w, object);
  w.field(0, 'Status', status?.phase);
  if (status?.conditions?.length) {
    w.line(0, 'Conditions:\n  Type\tStatus\tLastTransitionTime\tReason\tMessage');
    w.line(1, '----\t------\t------------------\t------\t-------');
    for (const c of status.conditions) {
      w.line(1, `${c.type} \t${c.status} \t${c.lastTransitionTime ?? ''} \t${c.reason ?? ''} \t${c.message ?? ''}`);
    }
  }
  const base = `/api/v1/namespaces/${metadata.name}`;
  const read = function* <T>(plural: string): Co<T[]> {
    return (
      (yield* kubectl.send({ method: 'GET', path: `${base}/${plural}`, query: { limit: '500' } })).body as {
        items: T[];
      }
    ).items;
  };
  quotas(w, yield* read<ResourceQuota>('resourcequotas'));
  limits(w, yield* read<LimitRange>('limitranges'));
  return w.toString();
}

function quotas(w: DescribeWriter, list: readonly ResourceQuota[]) {
  if (list.length === 0) {
    w.raw('\nNo resource quota.\n');
    return;
  }
  w.raw(`\nResource Quotas\n`);
  for (const quota of list
    .slice()
    .sort((a, b) => ((a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1))) {
    w.raw(`  Name:\t${quota.metadata.name}\n`);
    const scopes = (quota.spec?.scopes ?? []).slice().sort();
    if (scopes.length) w.raw(`  Scopes:\t${scopes.join(', ')}\n`);
    for (const scope of scopes) if (SCOPES[scope]) w.raw(`  * ${SCOPES[scope]}\n`);
    w.raw('  Resource\tUsed\tHard\n');
    w.raw('  --------\t---\t---\n');
    for (const name of sortedKeys(quota.status?.hard)) {
      w.raw(`  ${name}\t${quota.status?.used?.[name] ?? '0'}\t${quota.status?.hard?.[name]}\n`);
    }
  }
}

/** The table of a LimitRange, as namespaces and LimitRanges show it. */
export function limitRows(w: DescribeWriter, range: LimitRange, indent: string) {
  for (const item of range.spec?.limits ?? []) {
    const { max, min, default: limit, defaultRequest, maxLimitRequestRatio } = item;
    const names = new Set([max, min, limit, defaultRequest, maxLimitRequestRatio].flatMap((map) => sortedKeys(map)));
    for (const name of [...names].sort()) {
      const cell = (map: Record<string, string> | undefined) => map?.[name] ?? '-';
      w.raw(
        `${indent}${item.type}\t${name}\t${cell(min)}\t${cell(max)}\t${cell(defaultRequest)}\t${cell(limit)}\t${cell(maxLimitRequestRatio)}\n`,
      );
    }
  }
}

function limits(w: DescribeWriter, list: readonly LimitRange[]) {
  if (list.length === 0) {
    w.raw('\nNo LimitRange resource.\n');
    return;
  }
  w.raw('\nResource Limits\n Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio\n');
  w.raw(' ----\t--------\t---\t---\t---------------\t-------------\t-----------------------\n');
  for (const range of list) limitRows(w, range, ' ');
}

// eslint-disable-next-line require-yield
export function* describeResourceQuota(_kubectl: Kubectl, object: KubeObject): Co<string> {
  const { metadata, spec, status } = object as unknown as ResourceQuota;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Namespace', metadata.namespace);
  const scopes = (spec?.scopes ?? []).slice().sort();
  if (scopes.length) {
    w.field(0, 'Scopes', scopes.join(', '));
    for (const scope of scopes) if (SCOPES[scope]) w.line(0, ` * ${SCOPES[scope]}`);
  }
  w.line(0, 'Resource\tUsed\tHard');
  w.line(0, '--------\t----\t----');
  for (const name of sortedKeys(status?.hard))
    w.line(0, `${name}\t${status?.used?.[name] ?? '0'}\t${status?.hard?.[name]}`);
  return w.toString();
}

const SCOPES: Record<string, string> = {
  Terminating:
    'Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.',
  NotTerminating:
    'Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.',
  BestEffort:
    'Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.',
  NotBestEffort:
    'Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service.',
};

// eslint-disable-next-line require-yield
export function* describeLimitRange(_kubectl: Kubectl, object: KubeObject): Co<string> {
  const w = new DescribeWriter();
  w.field(0, 'Name', object.metadata.name);
  w.field(0, 'Namespace', object.metadata.namespace);
  w.raw('Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio\n');
  w.raw('----\t--------\t---\t---\t---------------\t-------------\t-----------------------\n');
  limitRows(w, object as unknown as LimitRange, '');
  return w.toString();
}

/** Kinds without a form of their own: every field, with spaced words for names. */
export function* describeGeneric(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata } = object;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Namespace', metadata.namespace);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  const { name: _n, namespace: _ns, labels: _l, annotations: _a, managedFields: _m, ...rest } = metadata;
  fields(w, 0, { ...object, metadata: rest });
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

const ACRONYMS = /^(API|URL|UID|OSB|GUID)$/;

/** 'resourceVersion' → 'Resource Version', 'apiVersion' → 'API Version'. */
function words(key: string): string {
  if (/[^A-Za-z-]/.test(key)) return key;
  return (key[0].toUpperCase() + key.slice(1))
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(' ')
    .map((word) => (ACRONYMS.test(word.toUpperCase()) ? word.toUpperCase() : word[0] + word.slice(1).toLowerCase()))
    .join(' ');
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
function fields(w: DescribeWriter, level: number, object: Record<string, any>) {
  for (const key of sortedKeys(object)) {
    const value = object[key];
    const label = words(key);
    if (Array.isArray(value)) {
      w.line(level, `${label}:`);
      for (const item of value) {
        if (item !== null && typeof item === 'object') fields(w, level + 1, item);
        else w.line(level + 1, String(item));
      }
    } else if (value !== null && typeof value === 'object') {
      w.line(level, `${label}:`);
      fields(w, level + 1, value);
    } else if (value !== undefined) {
      w.field(level, label, value === null ? '<nil>' : value);
    }
  }
}
