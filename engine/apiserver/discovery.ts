// Paths that are no resource's: which groups, versions and resources there are, version, health.

import { BUILD } from '../api/build.ts';
import type { Catalog, ResourceInfo } from '../api/index.ts';
import { part } from '../parts/index.ts';
import type { Egress } from './egress.ts';
import { CHECKS, health } from './health.ts';
import { minorOf, SERVICE_CIDRS_SINCE, tellsOf } from './release.ts';
import { methodNotAllowed, noResource, notAcceptable } from './status.ts';
import type { ApiRequest, ApiResponse } from './types.ts';

type Json = Record<string, unknown>;

export class Discovery {
  private readonly scheme: Catalog;
  version: string;
  address: string;
  private readonly builtIn: Set<string>;

  /** `address`: host and port at which clients reach the server. */
  constructor(scheme: Catalog, version: string, address: string) {
    this.address = address;
    this.scheme = scheme;
    this.version = version;
    this.builtIn = new Set(scheme.resources().map((info) => info.group));
  }

  /** What the release has; the others of v1.35 are served to who knows their paths, but not told of. */
  private resources(): readonly ResourceInfo[] {
    const all = this.scheme.resources();
    const minor = minorOf(this.version);
    if (minor >= SERVICE_CIDRS_SINCE) return all;
    return all
      .filter((info) => tellsOf(info, minor))
      .map((info) => {
        const { resize, ...subresources } = info.subresources;
        return resize ? { ...info, subresources } : info;
      });
  }

  isBuiltIn(group: string): boolean {
    return this.builtIn.has(group);
  }

  hasGroup(group: string): boolean {
    return this.builtIn.has(group) || this.resources().some((info) => info.group === group);
  }

  /** `check`: a health check beside the usual ones. */
  handle(request: ApiRequest, check?: Egress['check']): ApiResponse {
    const path = request.path.length > 1 && request.path.endsWith('/') ? request.path.slice(0, -1) : request.path;
    const parts = path.split('/');
    // Groups and checks are told whatever the method.
    const any = path === '/apis' || (parts[1] === 'apis' && parts.length === 3) || CHECKS[parts[1]] !== undefined;
    if (request.method !== 'GET' && !any && this.paths().includes(path)) throw methodNotAllowed();
    const aggregated = /as=APIGroupDiscoveryList/.test(request.headers?.accept ?? '');
    if (path === '/api') return aggregated ? json(this.aggregated(['']), AGGREGATED) : json(this.legacyVersions());
    if (path === '/apis') return aggregated ? json(this.aggregated(this.groups()), AGGREGATED) : json(this.groupList());
    if (parts[1] === 'api' && parts.length === 3) return this.resourceList('', parts[2]);
    if (parts[1] === 'apis' && parts.length === 3) return this.group(parts[2]);
    if (parts[1] === 'apis' && parts.length === 4) return this.resourceList(parts[2], parts[3]);
    if (path === '/version') return json(this.versionInfo());
    const healthy = health(path, request.query, check);
    if (healthy) return healthy;
    if (path === '/.well-known/openid-configuration') return json(this.openIdConfiguration());
    if (parts[1] === 'openapi') return this.openApi(path, request);
    if (path === '/') return json({ paths: this.paths() });
    return text(404, '404 page not found\n');
  }

  /** Documents do not change under one hash, so that clients may keep them. */
  private openApi(path: string, { headers, query }: ApiRequest): ApiResponse {
    const accept = headers?.accept ?? '';
    if (accept.includes('protobuf') && !/json|\*\/\*/.test(accept)) throw notAcceptable(['application/json']);
    const { openApi, openApiETag, swagger } = part('openapi');
    if (path === '/openapi/v2') return json(swagger(this.scheme, this.version));
    const tag = openApiETag(this.scheme, this.version, path);
    if (tag !== undefined && query?.hash !== undefined && query.hash !== tag) {
      return { code: 301, headers: { location: `${path}?hash=${tag}` }, body: '' };
    }
    const etag = `"${tag}"`;
    if (tag !== undefined && headers?.['if-none-match'] === etag) return { code: 304, headers: { etag } };
    const found = openApi(this.scheme, this.version, path);
    if (!found) return text(404, '404 page not found\n');
    const answer = json(found);
    if (tag !== undefined) answer.headers.etag = etag;
    if (query?.hash !== undefined) answer.headers['cache-control'] = 'public, immutable';
    return answer;
  }

  private legacyVersions(): Json {
    return {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: this.address }],
    };
  }

  private openIdConfiguration(): Json {
    return {
      issuer: 'https://kubernetes.default.svc.cluster.local',
      jwks_uri: `https://${this.address}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
  }

  /** Groups in the order in which the catalogue serves them, without the core group. */
  private groups(): string[] {
    const names = new Set<string>();
    for (const info of this.resources()) if (info.group) names.add(info.group);
    return [...names];
  }

  private versionsOf(group: string): string[] {
    const versions = new Set<string>();
    for (const info of this.resources()) if (info.group === group) versions.add(info.version);
    return [...versions].sort(byPriority);
  }

  private groupObject(name: string): Json {
    const versions = this.versionsOf(name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions, preferredVersion: versions[0] };
  }

  private groupList(): Json {
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: this.groups().map((name) => this.groupObject(name)) };
  }

  private group(name: string): ApiResponse {
    if (this.versionsOf(name).length === 0) return text(404, '404 page not found\n');
    return json({ kind: 'APIGroup', apiVersion: 'v1', ...this.groupObject(name) });
  }

  private resourceList(group: string, version: string): ApiResponse {
    const infos = this.resources().filter((info) => info.group === group && info.version === version);
    if (infos.length === 0) {
      if (group === '' || this.hasGroup(group)) throw noResource();
      return text(404, '404 page not found\n');
    }
    const resources: Json[] = [];
    for (const info of infos) {
      resources.push(resourceEntry(info));
      const names = Object.keys(info.subresources).sort();
      for (const name of names) resources.push(subresourceEntry(info, name));
    }
    resources.sort((a, b) => ((a.name as string) < (b.name as string) ? -1 : 1));
    return json({
      kind: 'APIResourceList',
      ...(group ? { apiVersion: 'v1' } : {}),
      groupVersion: group ? `${group}/${version}` : version,
      resources,
    });
  }

  private aggregated(groups: readonly string[]): Json {
    return {
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      metadata: {},
      items: groups.map((group) => ({
        metadata: group ? { name: group, creationTimestamp: null } : { creationTimestamp: null },
        versions: this.versionsOf(group).map((version) => ({
          version,
          resources: this.resources()
            .filter((info) => info.group === group && info.version === version)
            .sort((a, b) => (a.resource < b.resource ? -1 : 1))
            .map(aggregatedEntry),
          freshness: 'Current',
        })),
      })),
    };
  }

  private versionInfo(): Json {
    const [, major, minor] = /^v(\d+)\.(\d+)/.exec(this.version) ?? ['', '1', '35'];
    return {
      major,
      minor,
      emulationMajor: major,
      emulationMinor: minor,
      minCompatibilityMajor: major,
      minCompatibilityMinor: String(Number(minor) - 1),
      gitVersion: this.version,
      ...BUILD,
      buildDate: '2025-12-17T12:32:07Z',
    };
  }

  private paths(): string[] {
    const paths = ['/api', '/api/v1', '/apis', '/apis/'];
    for (const group of this.groups()) {
      paths.push(`/apis/${group}`);
      for (const version of this.versionsOf(group)) paths.push(`/apis/${group}/${version}`);
    }
    paths.push('/metrics', '/openapi/v2', '/openapi/v3', '/version');
    for (const name of Object.keys(CHECKS)) {
      paths.push(`/${name}`);
      for (const check of CHECKS[name]()) paths.push(`/${name}/${check}`);
    }
    return paths.sort();
  }
}

function resourceEntry(info: ResourceInfo): Json {
  const entry: Json = {
    name: info.resource,
    singularName: info.singular,
    namespaced: info.namespaced,
    kind: info.kind,
    verbs: info.verbs,
  };
  if (info.shortNames.length) entry.shortNames = info.shortNames;
  if (info.categories.length) entry.categories = info.categories;
  return entry;
}

function subresourceEntry(info: ResourceInfo, name: string): Json {
  const sub = info.subresources[name];
  const entry: Json = { name: `${info.resource}/${name}`, singularName: '', namespaced: info.namespaced };
  if (sub.version) {
    entry.group = sub.group;
    entry.version = sub.version;
  }
  entry.kind = sub.kind;
  entry.verbs = sub.verbs;
  return entry;
}

function aggregatedEntry(info: ResourceInfo): Json {
  const { group, version, kind } = info;
  const entry: Json = {
    resource: info.resource,
    responseKind: { group, version, kind },
    scope: info.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: info.singular,
    verbs: info.verbs,
  };
  if (info.shortNames.length) entry.shortNames = info.shortNames;
  if (info.categories.length) entry.categories = info.categories;
  const names = Object.keys(info.subresources).sort();
  if (names.length) {
    entry.subresources = names.map((name) => {
      const sub = info.subresources[name];
      return {
        subresource: name,
        responseKind: { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind },
        verbs: sub.verbs,
      };
    });
  }
  return entry;
}

/** Versions by their stability: v2, v1, v1beta1, v1alpha1 (apimachinery's CompareKubeAwareVersionStrings). */
function byPriority(a: string, b: string): number {
  const x = rank(a);
  const y = rank(b);
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return y[i] - x[i];
  return a < b ? -1 : 1;
}

function rank(version: string): number[] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (!match) return [-1, 0, 0];
  const stage = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return [stage, Number(match[1]), Number(match[3] ?? 0)];
}

/** By this type clients tell the aggregated form from what older servers answer. */
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

const json = (body: object, type = 'application/json'): ApiResponse => ({
  code: 200,
  headers: { 'content-type': type },
  body: body as never,
});
const text = (code: number, body: string): ApiResponse => ({
  code,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
});
