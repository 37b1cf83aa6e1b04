// Rows of what applications are made of and reached by: configuration, nodes, events, services, ingresses.

import { formatLabels, formatLabelSelector } from '../selectors.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { NONE, UNKNOWN, UNSET, age, firstThree, keyCount, name, since, type Printer } from './columns.ts';

export const configMap: Printer = {
  columns: 'Name:string:name,Data,Age',
  row: (o, now) => [name(o), keyCount(o.data) + keyCount(o.binaryData), age(o, now)],
};

export const secret: Printer = {
  columns: 'Name:string:name,Type,Data,Age',
  row: (o, now) => [name(o), o.type ?? '', keyCount(o.data), age(o, now)],
};

export const serviceAccount: Printer = {
  columns: 'Name:string:name,Secrets,Age',
  row: (o, now) => [name(o), o.secrets?.length ?? 0, age(o, now)],
};

export const namespace: Printer = {
  columns: 'Name:string:name,Status,Age',
  row: (o, now) => [name(o), o.status?.phase ?? '', age(o, now)],
};

const ROLE_PREFIX = 'node-role.kubernetes.io/';

/** The roles that a node's labels give it. */
export function nodeRoles(node: KubeObject): string[] {
  const roles = new Set<string>();
  const labels = node.metadata.labels;
  for (const key in labels) {
    if (key.startsWith(ROLE_PREFIX)) {
      if (key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length));
    } else if (key === 'kubernetes.io/role' && labels[key]) {
      roles.add(labels[key]);
    }
  }
  return [...roles].sort();
}

function nodeStatus(node: KubeObject): string {
  const ready = node.status?.conditions?.find((c: JsonObject) => c.type === 'Ready');
  const words = [!ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (node.spec?.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

function nodeAddress(node: KubeObject, type: string): string {
  return node.status?.addresses?.find((a: JsonObject) => a.type === type)?.address ?? NONE;
}

export const node: Printer = {
  columns:
    'Name:string:name,Status,Roles,Age,Version,*Internal-IP,*External-IP,*OS-Image,*Kernel-Version,*Container-Runtime',
  row: (o, now) => {
    const info = o.status?.nodeInfo ?? {};
    return [
      name(o),
      nodeStatus(o),
      nodeRoles(o).join(',') || NONE,
      age(o, now),
      info.kubeletVersion ?? '',
      nodeAddress(o, 'InternalIP'),
      nodeAddress(o, 'ExternalIP'),
      info.osImage || UNKNOWN,
      info.kernelVersion || UNKNOWN,
      info.containerRuntimeVersion || UNKNOWN,
    ];
  },
};

/** The short time span of an event: when it was last seen and, if it came more than once, since when. */
function eventTimes(event: KubeObject, now: number): { first: string; last: string; count: number } {
  const series = event.series;
  const firstTime = event.firstTimestamp ?? event.deprecatedFirstTimestamp ?? event.eventTime;
  const lastTime = event.lastTimestamp ?? event.deprecatedLastTimestamp;
  const first = since(firstTime, now);
  const last = series ? since(series.lastObservedTime, now) : lastTime ? since(lastTime, now) : first;
  return { first, last, count: series?.count ?? event.count ?? event.deprecatedCount ?? 0 };
}

function eventSource(event: KubeObject): string {
  const source = event.source ?? event.deprecatedSource ?? {};
  const component = source.component || event.reportingComponent || event.reportingController || '';
  const host = source.host || (source.component ? '' : event.reportingInstance) || '';
  return host ? `${component}, ${host}` : component;
}

export const event: Printer = {
  columns: 'Last Seen,Type,Reason,Object,*Subobject,*Source,Message,*First Seen,*Count,*Name:string:name',
  row: (o, now) => {
    const { first, last, count } = eventTimes(o, now);
    const about = o.involvedObject ?? o.regarding ?? {};
    const target = about.name ? `${(about.kind ?? '').toLowerCase()}/${about.name}` : (about.kind ?? '').toLowerCase();
    return [
      last,
      o.type ?? '',
      o.reason ?? '',
      target,
      about.fieldPath ?? '',
      eventSource(o),
      (o.message ?? o.note ?? '').trim(),
      first,
      count || 1,
      name(o),
    ];
  },
};

function loadBalancerIngress(status: JsonObject | undefined, wide: boolean): string {
  const seen: string[] = [];
  for (const entry of status?.ingress ?? []) {
    const text = entry.ip || entry.hostname;
    if (text && !seen.includes(text)) seen.push(text);
  }
  const joined = seen.sort().join(',');
  return !wide && joined.length > 16 ? `${joined.slice(0, 13)}...` : joined;
}

function externalIP(service: KubeObject): string {
  const { type, externalIPs, externalName } = service.spec;
  const listed = (externalIPs ?? []).join(',');
  switch (type) {
    case 'ClusterIP':
    case 'NodePort':
      return listed || NONE;
    case 'LoadBalancer': {
      const balanced = loadBalancerIngress(service.status?.loadBalancer, true);
      return [balanced, listed].filter(Boolean).join(',') || '<pending>';
    }
    case 'ExternalName':
      return externalName ?? '';
    default:
      return UNKNOWN;
  }
}

function portsText(ports: JsonObject[] | undefined): string {
  if (!ports?.length) return NONE;
  return ports.map((p) => `${p.port}${p.nodePort ? `:${p.nodePort}` : ''}/${p.protocol}`).join(',');
}

export const service: Printer = {
  columns: 'Name:string:name,Type,Cluster-IP,External-IP,Port(s),Age,*Selector',
  row: (o, now) => [
    name(o),
    o.spec.type ?? '',
    o.spec.clusterIPs?.[0] || o.spec.clusterIP || NONE,
    externalIP(o),
    portsText(o.spec.ports),
    age(o, now),
    formatLabels(o.spec.selector),
  ],
};

function endpointsText(subsets: JsonObject[] | undefined): string {
  const list: string[] = [];
  for (const subset of subsets ?? []) {
    const addresses: JsonObject[] = subset.addresses ?? [];
    if (!subset.ports?.length) {
      for (const address of addresses) list.push(address.ip);
      continue;
    }
    for (const port of subset.ports) {
      for (const address of addresses)
        list.push(`${address.ip.includes(':') ? `[${address.ip}]` : address.ip}:${port.port}`);
    }
  }
  return firstThree(list) || NONE;
}

export const endpoints: Printer = {
  columns: 'Name:string:name,Endpoints,Age',
  row: (o, now) => [name(o), endpointsText(o.subsets), age(o, now)],
};

export const endpointSlice: Printer = {
  columns: 'Name:string:name,AddressType,Ports,Endpoints,Age',
  row: (o, now) => {
    const ports = (o.ports ?? []).map((p: JsonObject) => (p.port === undefined ? '*' : String(p.port)));
    const addresses = (o.endpoints ?? []).flatMap((e: JsonObject) => e.addresses ?? []);
    return [name(o), o.addressType, firstThree(ports) || UNSET, firstThree(addresses) || UNSET, age(o, now)];
  },
};

export const ingress: Printer = {
  columns: 'Name:string:name,Class,Hosts,Address,Ports,Age',
  row: (o, now) => {
    const hosts: string[] = [];
    for (const rule of o.spec.rules ?? []) if (rule.host) hosts.push(rule.host);
    return [
      name(o),
      o.spec.ingressClassName ?? NONE,
      hosts.length ? firstThree(hosts) : '*',
      loadBalancerIngress(o.status?.loadBalancer, true),
      o.spec.tls?.length ? '80, 443' : '80',
      age(o, now),
    ];
  },
};

export const ingressClass: Printer = {
  columns: 'Name:string:name,Controller,Parameters,Age',
  row: (o, now) => {
    const p = o.spec.parameters;
    const parameters = p ? `${p.kind}${p.apiGroup ? `.${p.apiGroup}` : ''}/${p.name}` : NONE;
    return [name(o), o.spec.controller ?? '', parameters, age(o, now)];
  },
};

export const networkPolicy: Printer = {
  columns: 'Name:string:name,Pod-Selector,Age',
  row: (o, now) => [name(o), formatLabelSelector(o.spec.podSelector ?? {}), age(o, now)],
};
