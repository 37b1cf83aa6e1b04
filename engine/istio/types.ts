// What istiod tells proxies: the mesh as it is, in one immutable snapshot that all of them share.

import type { JsonObject, KubeObject } from '../api/types.ts';

export const VERSION = '1.28.2';
export const ROOT_NAMESPACE = 'istio-system';
export const TRUST_DOMAIN = 'cluster.local';

/** How a port's bytes are read; AUTO: by the first of them. */
export type PortProtocol = 'HTTP' | 'GRPC' | 'TCP' | 'TLS' | 'AUTO';

export interface Locality {
  region: string;
  zone: string;
  subzone: string;
}

/** A Pod as telemetry and policies see it. */
export interface Workload {
  ip: string;
  pod: string;
  namespace: string;
  /** Of the Deployment or the like that owns it. */
  name: string;
  labels: Readonly<Record<string, string>>;
  serviceAccount: string;
  node: string;
  locality: Locality;
  /** Who takes mTLS for it. */
  proxy: 'sidecar' | 'ztunnel' | undefined;
}

export interface Endpoint {
  ip: string;
  port: number;
  labels: Readonly<Record<string, string>>;
  locality: Locality;
  workload: Workload | undefined;
  /** A name that has to be resolved first, in `ip`. */
  byName?: boolean;
}

export interface MeshPort {
  number: number;
  name: string;
  protocol: PortProtocol;
}

export interface MeshService {
  /** Fully qualified. */
  host: string;
  /** As metrics call it. */
  name: string;
  namespace: string;
  addresses: readonly string[];
  ports: readonly MeshPort[];
  /** ORIGINAL_DST: to where the client wanted to go. */
  resolution: 'EDS' | 'ORIGINAL_DST' | 'STRICT_DNS';
  /** Of a ServiceEntry outside of the mesh. */
  external: boolean;
  /** Ready ones by port number of the service. */
  endpoints: ReadonlyMap<number, readonly Endpoint[]>;
}

export interface MeshConfig {
  accessLogFile: string;
  outboundTrafficPolicy: 'ALLOW_ANY' | 'REGISTRY_ONLY';
  enableTracing: boolean;
  /** Percent. */
  sampling: number;
  tracingProviders: ReadonlyMap<string, { service: string; port: number }>;
  defaultTracing: readonly string[];
}

/** Kinds of configuration that proxies follow. */
export const KINDS = [
  'VirtualService',
  'DestinationRule',
  'Gateway',
  'ServiceEntry',
  'Sidecar',
  'EnvoyFilter',
  'PeerAuthentication',
  'AuthorizationPolicy',
  'Telemetry',
] as const;
export type Kind = (typeof KINDS)[number];

export type Config = KubeObject & { spec?: JsonObject };

export interface Snapshot {
  version: number;
  mesh: MeshConfig;
  services: ReadonlyMap<string, MeshService>;
  byAddress: ReadonlyMap<string, MeshService>;
  /** By IP. */
  workloads: ReadonlyMap<string, Workload>;
  /** Oldest first. */
  objects: Readonly<Record<Kind, readonly Config[]>>;
}

/** spiffe://cluster.local/ns/default/sa/front */
export const spiffe = (namespace: string, serviceAccount: string) =>
  `spiffe://${TRUST_DOMAIN}/ns/${namespace}/sa/${serviceAccount}`;

/** A host name as an object of a namespace means it: short names are Services beside it. */
export function fullName(host: string, namespace: string): string {
  return host.includes('.') || host === '*' ? host : `${host}.${namespace}.svc.${TRUST_DOMAIN}`;
}

/** Whether a selector's matchLabels hold. */
export function selects(labels: Readonly<Record<string, string>> | undefined, of: Readonly<Record<string, string>>) {
  for (const name in labels) if (of[name] !== labels[name]) return false;
  return true;
}

/** Seconds and the like as Istio writes durations: 2s, 100ms, 1m, 1h; in ms. */
export function milliseconds(text: string | undefined, preset = 0): number {
  if (text === undefined) return preset;
  let sum = 0;
  for (const [, number, unit] of String(text).matchAll(/([\d.]+)(ms|s|m|h)/g))
    sum += Number(number) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 's'];
  return sum;
}
