// First stage: what a path and a method ask for (apiserver's RequestInfo).

import type { ResourceInfo, Scheme, SubresourceInfo } from '../api/types.ts';
import { methodNotAllowed, methodNotSupported, noResource, notFound } from './status.ts';
import type { Endpoint } from './endpoint.ts';
import type { ApiRequest } from './types.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A request for a resource; other paths (discovery, health) have no route. */
export interface Route {
  /** As authorization and audit name it. */
  verb: Verb;
  group: string;
  version: string;
  resource: string;
  /** '' for all namespaces and for what has none. */
  namespace: string;
  /** '' for a collection. */
  name: string;
  /** '' for the resource itself. */
  subresource: string;
  /** What follows the subresource (services/x/proxy/…). */
  rest: string;
  /** Undefined when nothing of that name is served. */
  info: ResourceInfo | undefined;
  /** What is known of such requests. */
  endpoint: Endpoint | undefined;
}

const COLLECTION: Record<string, Verb> = {
  GET: 'list',
  HEAD: 'list',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'deletecollection',
};
const OBJECT: Record<string, Verb> = {
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  POST: 'create',
};

/** Undefined for paths that are not a resource's. */
export function route(scheme: Scheme, request: ApiRequest): Route | undefined {
  const parts = request.path.split('/');
  // ['', 'api', 'v1', …] or ['', 'apis', group, version, …]
  let at: number;
  let group = '';
  if (parts[1] === 'api') at = 2;
  else if (parts[1] === 'apis') {
    group = parts[2] ?? '';
    at = 3;
  } else return undefined;
  const version = parts[at++];
  let end = parts.length;
  while (end > at && parts[end - 1] === '') end--;
  if (!version || at >= end) return undefined;

  let watching = false;
  if (parts[at] === 'watch') {
    watching = true;
    at++;
  }
  let namespace = '';
  if (parts[at] === 'namespaces' && end > at + 2 && !NAMESPACE_SUBRESOURCES.has(parts[at + 2])) {
    namespace = parts[at + 1];
    at += 2;
  }
  const resource = parts[at] ?? '';
  const name = at + 1 < end ? decode(parts[at + 1]) : '';
  const subresource = at + 2 < end ? parts[at + 2] : '';
  const rest = at + 3 < end ? parts.slice(at + 3, end).join('/') : '';
  const info = scheme.resource(group, version, resource);
  let verb = (name ? OBJECT : COLLECTION)[request.method] ?? ('get' as Verb);
  if (verb === 'list' && (watching || isTrue(request.query?.watch))) verb = 'watch';
  else if (watching && verb === 'get') verb = 'watch';
  return {
    verb,
    group,
    version,
    resource,
    namespace: resource === 'namespaces' && group === '' ? name : namespace,
    name,
    subresource,
    rest,
    info,
    endpoint: undefined,
  };
}

/** The same for another name. */
export function routeTo(endpoint: Endpoint, name: string): Route {
  const { verb, group, version, resource, namespace, subresource, info } = endpoint.route;
  return { verb, group, version, resource, namespace, name, subresource, rest: '', info, endpoint };
}

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

const decode = (part: string): string => (part.indexOf('%') < 0 ? part : decodeURIComponent(part));

export const isTrue = (value: string | string[] | undefined): boolean => {
  const text = Array.isArray(value) ? value[0] : value;
  return text !== undefined && text !== 'false' && text !== '0';
};

/** Whether the path of a custom resource gives a namespace just where there is one; lists may be over all namespaces. */
export const hasScopeOf = ({ namespace, verb }: Route, { namespaced }: ResourceInfo): boolean =>
  namespaced ? namespace !== '' || verb === 'list' || verb === 'watch' : namespace === '';

/** The resource and subresource a route names; throws what the server answers when they are not served that way. */
export function target(route: Route, method: string): { info: ResourceInfo; sub: SubresourceInfo | undefined } {
  const info = route.info;
  if (!info) throw noResource();
  const namespaceGiven = route.namespace !== '' && !(route.group === '' && route.resource === 'namespaces');
  if (namespaceGiven && !info.namespaced) throw noResource();
  if (info.namespaced && !namespaceGiven && route.name) throw noResource();
  if (route.subresource) {
    const sub = info.subresources[route.subresource];
    if (!sub) throw info.custom ? notFound(info, route.name) : noResource();
    if (!sub.verbs.includes(route.verb)) throw info.custom ? methodNotSupported(info, route.verb) : methodNotAllowed();
    return { info, sub };
  }
  if (method === 'HEAD' || (!info.verbs.includes(route.verb) && !info.custom)) throw methodNotAllowed();
  const collection = route.verb === 'create' || route.verb === 'deletecollection';
  if (collection && (route.name || (info.namespaced && !namespaceGiven))) throw methodNotAllowed();
  if (!OBJECT[method]) throw methodNotAllowed();
  if ((route.verb === 'update' || route.verb === 'patch') && !route.name) throw methodNotAllowed();
  return { info, sub: undefined };
}
