// The custom resources that Istio brings: names, columns, and which fields this engine models. What it does not is
// refused by istiod's validating webhook, never ignored.

import type { JsonObject, KubeObject } from '../../api/types.ts';

/** Fields of a value; 1: any value, a list: one of these words. '*': any name. Lists are looked through. */
export interface Shape {
  readonly [field: string]: Shape | readonly string[] | 1;
}

interface Resource {
  group: string;
  plural: string;
  short?: string;
  /** The first is stored. */
  versions: readonly string[];
  columns?: readonly (readonly [name: string, path: string])[];
  /** Absent: the kind as a whole is not modelled. */
  spec?: Shape;
}

const STRING: Shape = { exact: 1, prefix: 1, regex: 1 };
const SELECTOR: Shape = { matchLabels: 1 };
const HEADERS: Shape = { set: 1, add: 1, remove: 1 };
const DESTINATION: Shape = { host: 1, subset: 1, port: { number: 1 } };
const PERCENT: Shape = { value: 1 };

const TRAFFIC: Shape = {
  loadBalancer: {
    simple: 1,
    consistentHash: { httpHeaderName: 1, useSourceIp: 1, httpQueryParameterName: 1 },
    localityLbSetting: { enabled: 1, failover: { from: 1, to: 1 } },
  },
  connectionPool: {
    tcp: { maxConnections: 1, connectTimeout: 1 },
    http: { http1MaxPendingRequests: 1, http2MaxRequests: 1, maxRequestsPerConnection: 1, maxRetries: 1 },
  },
  outlierDetection: {
    consecutive5xxErrors: 1,
    consecutiveGatewayErrors: 1,
    interval: 1,
    baseEjectionTime: 1,
    maxEjectionPercent: 1,
  },
  tls: { mode: 1 },
};
const TRAFFIC_POLICY: Shape = { ...TRAFFIC, portLevelSettings: { port: { number: 1 }, ...TRAFFIC } };
const SOURCE: Shape = Object.fromEntries(
  ['principals', 'namespaces', 'ipBlocks', 'serviceAccounts'].flatMap((name) => [
    [name, 1],
    [`not${name[0].toUpperCase()}${name.slice(1)}`, 1],
  ]),
);
const OPERATION: Shape = Object.fromEntries(
  ['hosts', 'methods', 'paths', 'ports'].flatMap((name) => [
    [name, 1],
    [`not${name[0].toUpperCase()}${name.slice(1)}`, 1],
  ]),
);

const NETWORKING = { group: 'networking.istio.io', versions: ['v1', 'v1beta1', 'v1alpha3'] };
const SECURITY = { group: 'security.istio.io', versions: ['v1', 'v1beta1'] };

const TABLE = {
  VirtualService: {
    ...NETWORKING,
    plural: 'virtualservices',
    short: 'vs',
    columns: [
      ['Gateways', '.spec.gateways'],
      ['Hosts', '.spec.hosts'],
    ],
    spec: {
      hosts: 1,
      gateways: 1,
      http: {
        name: 1,
        match: {
          name: 1,
          uri: STRING,
          method: STRING,
          authority: STRING,
          headers: { '*': STRING },
          withoutHeaders: { '*': STRING },
          queryParams: { '*': STRING },
          port: 1,
          gateways: 1,
          sourceLabels: 1,
          sourceNamespace: 1,
          ignoreUriCase: 1,
        },
        route: { destination: DESTINATION, weight: 1, headers: { request: HEADERS, response: HEADERS } },
        redirect: { uri: 1, authority: 1, redirectCode: 1 },
        directResponse: { status: 1, body: { string: 1 } },
        rewrite: { uri: 1, authority: 1 },
        timeout: 1,
        retries: { attempts: 1, perTryTimeout: 1, retryOn: 1 },
        fault: {
          abort: { httpStatus: 1, percentage: PERCENT },
          delay: { fixedDelay: 1, percentage: PERCENT },
        },
        headers: { request: HEADERS, response: HEADERS },
      },
      tcp: { match: { port: 1, gateways: 1 }, route: { destination: DESTINATION, weight: 1 } },
    },
  },
  DestinationRule: {
    ...NETWORKING,
    plural: 'destinationrules',
    short: 'dr',
    columns: [['Host', '.spec.host']],
    spec: {
      host: 1,
      trafficPolicy: TRAFFIC_POLICY,
      subsets: { name: 1, labels: 1, trafficPolicy: TRAFFIC_POLICY },
    },
  },
  Gateway: {
    ...NETWORKING,
    plural: 'gateways',
    short: 'gw',
    spec: { selector: 1, servers: { port: { number: 1, name: 1, protocol: 1 }, hosts: 1, name: 1 } },
  },
  ServiceEntry: {
    ...NETWORKING,
    plural: 'serviceentries',
    short: 'se',
    columns: [
      ['Hosts', '.spec.hosts'],
      ['Location', '.spec.location'],
      ['Resolution', '.spec.resolution'],
    ],
    spec: {
      hosts: 1,
      addresses: 1,
      ports: { number: 1, name: 1, protocol: 1, targetPort: 1 },
      location: 1,
      resolution: 1,
      endpoints: { address: 1, ports: 1, labels: 1, locality: 1 },
    },
  },
  Sidecar: {
    ...NETWORKING,
    plural: 'sidecars',
    spec: {
      workloadSelector: { labels: 1 },
      egress: { hosts: 1 },
      outboundTrafficPolicy: { mode: 1 },
    },
  },
  EnvoyFilter: {
    ...NETWORKING,
    versions: ['v1alpha3'],
    plural: 'envoyfilters',
    spec: {
      workloadSelector: { labels: 1 },
      configPatches: { applyTo: 1, match: 1, patch: { operation: 1, value: 1 } },
    },
  },
  WorkloadEntry: { ...NETWORKING, plural: 'workloadentries', short: 'we' },
  WorkloadGroup: { ...NETWORKING, plural: 'workloadgroups', short: 'wg' },
  ProxyConfig: { ...NETWORKING, versions: ['v1beta1'], plural: 'proxyconfigs' },
  PeerAuthentication: {
    ...SECURITY,
    plural: 'peerauthentications',
    short: 'pa',
    columns: [['Mode', '.spec.mtls.mode']],
    spec: { selector: SELECTOR, mtls: { mode: 1 }, portLevelMtls: { '*': { mode: 1 } } },
  },
  AuthorizationPolicy: {
    ...SECURITY,
    plural: 'authorizationpolicies',
    short: 'ap',
    columns: [['Action', '.spec.action']],
    spec: {
      selector: SELECTOR,
      action: 1,
      rules: {
        from: { source: SOURCE },
        to: { operation: OPERATION },
        when: { key: 1, values: 1, notValues: 1 },
      },
    },
  },
  RequestAuthentication: { ...SECURITY, plural: 'requestauthentications', short: 'ra' },
  Telemetry: {
    group: 'telemetry.istio.io',
    versions: ['v1', 'v1alpha1'],
    plural: 'telemetries',
    short: 'telemetry',
    spec: {
      selector: SELECTOR,
      accessLogging: { providers: { name: 1 }, disabled: 1 },
      tracing: { providers: { name: 1 }, randomSamplingPercentage: 1, disableSpanReporting: 1 },
    },
  },
  WasmPlugin: { group: 'extensions.istio.io', versions: ['v1alpha1'], plural: 'wasmplugins' },
} as const satisfies Record<string, Resource>;

export type ResourceKind = keyof typeof TABLE;
const table: Readonly<Record<ResourceKind, Resource>> = TABLE;

export const RESOURCES = Object.fromEntries(
  Object.entries(table).map(([kind, { group, versions, plural, short }]) => [
    kind,
    { group, plural, short, groupVersion: `${group}/${versions[0]}` },
  ]),
) as Record<ResourceKind, { group: string; plural: string; short?: string; groupVersion: string }>;

/** The definitions. Which fields there are is for the webhook to say. */
export function customResourceDefinitions(): KubeObject[] {
  return Object.entries(table).map(([kind, { group, plural, short, versions, columns = [] }]) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      labels: { app: 'istio-pilot', chart: 'istio', heritage: 'Tiller', release: 'istio' },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(short && { shortNames: [short] }),
        categories: ['istio-io', group.split('.')[0] + '-istio-io'],
      },
      versions: versions.map((name, i) => ({
        name,
        served: true,
        storage: i === 0,
        additionalPrinterColumns: [
          ...columns.map(([title, jsonPath]) => ({ name: title, type: 'string', jsonPath })),
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
        subresources: { status: {} },
      })),
    },
  }));
}

/** What of an object this engine does not model, in a sentence. */
export function unmodelled({ kind, spec }: KubeObject & { spec?: JsonObject }): string | undefined {
  const { spec: shape } = table[kind as ResourceKind];
  if (!shape) return `${kind} is not modelled by this engine`;
  return missing(spec ?? {}, shape, 'spec');
}

/** The first place where a value is not what its shape has, in a sentence. */
export function missing(value: unknown, shape: Shape, path: string): string | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = missing(value[i], shape, `${path}[${i}]`);
      if (found) return found;
    }
    return undefined;
  }
  for (const name in value) {
    const inner = shape[name] ?? shape['*'];
    const place = `${path}.${name}`;
    const one: unknown = (value as JsonObject)[name];
    if (inner === undefined) return `${place} is unknown, or is not modelled by this engine`;
    if (inner === 1) continue;
    const found = isWords(inner) ? oneOf(place, one, inner) : missing(one, inner, place);
    if (found) return found;
  }
  return undefined;
}

const isWords = (shape: Shape | readonly string[]): shape is readonly string[] => Array.isArray(shape);

/** What is wrong with a value that is to be one of these words. */
export const oneOf = (what: string, value: unknown, allowed: readonly string[]): string | undefined =>
  value === undefined || allowed.includes(String(value))
    ? undefined
    : `${what}: ${JSON.stringify(value)} is unknown, or is not modelled by this engine; there are ${allowed.map((word) => word || '""').join(', ')}`;
