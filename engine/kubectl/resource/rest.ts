// Requests about one resource: paths, parameters and bodies, so that commands speak of verbs only. Bodies are sent as
// text, so that the server reads them as strictly as it reads anybody's.

import type { KubeObject } from '../../api/types.ts';
import type { ApiRequest, WatchStream } from '../../apiserver/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Mapping } from '../discovery.ts';
import { CommandError } from '../errors.ts';
import type { Kubectl } from '../kubectl.ts';
import type { DryRun } from '../output/printers.ts';

type Query = Record<string, string>;

export function resourcePath(mapping: Mapping, namespace: string, name?: string, subresource?: string): string {
  let path = mapping.group ? `/apis/${mapping.groupVersion}` : `/api/${mapping.groupVersion}`;
  if (mapping.namespaced && namespace) path += `/namespaces/${namespace}`;
  path += `/${mapping.resource}`;
  if (name !== undefined) path += `/${encodeURIComponent(name).replaceAll('%3A', ':')}`;
  return subresource ? `${path}/${subresource}` : path;
}

export interface ReadOptions {
  /** Ask for a Table instead of the object. */
  accept?: string;
  subresource?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  limit?: number;
  includeObject?: string;
}

function readQuery(options: ReadOptions): Query | undefined {
  const query: Query = {};
  if (options.labelSelector) query.labelSelector = options.labelSelector;
  if (options.fieldSelector) query.fieldSelector = options.fieldSelector;
  if (options.resourceVersion) query.resourceVersion = options.resourceVersion;
  if (options.limit) query.limit = String(options.limit);
  if (options.includeObject) query.includeObject = options.includeObject;
  for (const _ in query) return query;
  return undefined;
}

const accept = (options: ReadOptions) => (options.accept ? { accept: options.accept } : undefined);

/** Refused before it is sent: without a name it would mean the whole collection. */
function checkName(name: string) {
  if (name === '') throw new CommandError('resource name may not be empty');
}

export function* getObject(
  kubectl: Kubectl,
  mapping: Mapping,
  namespace: string,
  name: string,
  options: ReadOptions = {},
): Co<KubeObject> {
  checkName(name);
  const path = resourcePath(mapping, namespace, name, options.subresource);
  // Chunks are for lists.
  const query = readQuery({ ...options, limit: undefined });
  return (yield* kubectl.send({ method: 'GET', path, query, headers: accept(options) })).body as KubeObject;
}

/** Namespace '' lists all. Large lists come in chunks of `limit` and are put together. */
export function* listObjects(
  kubectl: Kubectl,
  mapping: Mapping,
  namespace: string,
  options: ReadOptions = {},
): Co<KubeObject> {
  const path = resourcePath(mapping, namespace);
  const query = readQuery(options);
  let list = (yield* kubectl.send({ method: 'GET', path, query, headers: accept(options) })).body as KubeObject;
  let token = (list.metadata as { continue?: string } | undefined)?.continue;
  while (token) {
    const more = (yield* kubectl.send({
      method: 'GET',
      path,
      query: { ...query, continue: token },
      headers: accept(options),
    })).body as KubeObject;
    const key = list.rows ? 'rows' : 'items';
    list = { ...list, metadata: more.metadata, [key]: [...list[key], ...more[key]] };
    token = (more.metadata as { continue?: string } | undefined)?.continue;
  }
  return list;
}

/** The items of a list, each with its kind. */
export function listItems(list: KubeObject): KubeObject[] {
  const items = (list.items ?? []) as KubeObject[];
  if (items.length === 0 || items[0].kind) return items;
  const kind = list.kind.replace(/List$/, '');
  return items.map((item) => ({ ...item, apiVersion: list.apiVersion, kind }));
}

export function* watchObjects(
  kubectl: Kubectl,
  mapping: Mapping,
  namespace: string,
  options: ReadOptions = {},
): Co<WatchStream> {
  const query: Query = { ...readQuery(options), watch: 'true' };
  if (kubectl.requestTimeout) query.timeoutSeconds = String(Math.ceil(kubectl.requestTimeout / 1000));
  const path = resourcePath(mapping, namespace);
  return (yield* kubectl.send({ method: 'GET', path, query, headers: accept(options) })).watch as WatchStream;
}

export interface WriteOptions {
  dryRun?: DryRun;
  fieldManager?: string;
  /** Strict, Warn or Ignore. */
  fieldValidation?: string;
  force?: boolean;
  subresource?: string;
}

function writeQuery(options: WriteOptions): Query | undefined {
  const query: Query = {};
  if (options.dryRun === 'server') query.dryRun = 'All';
  if (options.fieldManager) query.fieldManager = options.fieldManager;
  if (options.fieldValidation) query.fieldValidation = options.fieldValidation;
  if (options.force !== undefined) query.force = String(options.force);
  return query;
}

export function* createObject(
  kubectl: Kubectl,
  mapping: Mapping,
  namespace: string,
  object: object,
  options: WriteOptions = {},
  name?: string,
): Co<KubeObject> {
  const path = resourcePath(mapping, namespace, name, options.subresource);
  return (yield* kubectl.send({
    method: 'POST',
    path,
    query: writeQuery(options),
    headers: JSON_BODY,
    body: JSON.stringify(object),
  })).body as KubeObject;
}

export function* replaceObject(
  kubectl: Kubectl,
  mapping: Mapping,
  namespace: string,
  name: string,
  object: object,
  options: WriteOptions = {},
): Co<KubeObject> {
  checkName(name);
  const path = resourcePath(mapping, namespace, name, options.subresource);
  return (yield* kubectl.send({
    method: 'PUT',
    path,
    query: writeQuery(options),
    headers: JSON_BODY,
    body: JSON.stringify(object),
  })).body as KubeObject;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';
const PATCH_CONTENT: Record<PatchType, Record<string, string>> = {
  json: { 'content-type': 'application/json-patch+json' },
  merge: { 'content-type': 'application/merge-patch+json' },
  strategic: { 'content-type': 'application/strategic-merge-patch+json' },
  apply: { 'content-type': 'application/apply-patch+yaml' },
};
const JSON_BODY = { 'content-type': 'application/json' };

export function* patchObject(
  kubectl: Kubectl,
  mapping: Mapping,
  namespace: string,
  name: string,
  type: PatchType,
  /** As an object, or as the text that is sent. */
  patch: object | string,
  options: WriteOptions = {},
): Co<KubeObject> {
  checkName(name);
  const path = resourcePath(mapping, namespace, name, options.subresource);
  return (yield* kubectl.send({
    method: 'PATCH',
    path,
    query: writeQuery(options),
    headers: PATCH_CONTENT[type],
    body: typeof patch === 'string' ? patch : JSON.stringify(patch),
  })).body as KubeObject;
}

export interface DeleteOptions {
  propagationPolicy?: string;
  gracePeriodSeconds?: number;
  dryRun?: DryRun;
}

/** The object that is on its way out, or a Status. */
export function* deleteObject(
  kubectl: Kubectl,
  mapping: Mapping,
  namespace: string,
  name: string,
  options: DeleteOptions = {},
): Co<KubeObject> {
  checkName(name);
  const body: Record<string, unknown> = { kind: 'DeleteOptions', apiVersion: 'v1' };
  if (options.propagationPolicy) body.propagationPolicy = options.propagationPolicy;
  if (options.gracePeriodSeconds !== undefined) body.gracePeriodSeconds = options.gracePeriodSeconds;
  if (options.dryRun === 'server') body.dryRun = ['All'];
  const request: ApiRequest = {
    method: 'DELETE',
    path: resourcePath(mapping, namespace, name),
    headers: JSON_BODY,
    body: JSON.stringify(body),
  };
  return (yield* kubectl.send(request)).body as KubeObject;
}
