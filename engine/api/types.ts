// What the API server knows of a kind, and how the rest of the engine asks for it. The catalogue behind
// these interfaces (structure, defaults, validation, columns) is in this folder; nothing here acts.

import type { ObjectMeta, JsonObject } from './generated/types.ts';

export type * from './generated/types.ts';

/** Any API object. Objects are immutable once they are in the store or a cache: copy what you change. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [field: string]: any;
}

/** A served resource, e.g. {group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment', …}. */
export interface ResourceInfo {
  /** '' for the core group. */
  group: string;
  version: string;
  kind: string;
  listKind: string;
  /** Plural, lower case: 'deployments'. */
  resource: string;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  /** As discovery lists them: create, delete, deletecollection, get, list, patch, update, watch. */
  verbs: readonly string[];
  /** Name to what discovery says of it: status, scale, log, exec, binding, eviction… */
  subresources: Readonly<Record<string, SubresourceInfo>>;
  /** 'v1' or 'apps/v1'. */
  groupVersion: string;
  /** Key prefix in etcd, e.g. '/registry/deployments/'. Versions of one kind share it. */
  storagePrefix: string;
  /** Defined by a CustomResourceDefinition. */
  custom?: true;
}

export interface SubresourceInfo {
  group?: string;
  version?: string;
  kind: string;
  verbs: readonly string[];
}

/** One failure of validation; `message()` in validation/ words it as field.Error does. */
export interface FieldError {
  type:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotFound'
    | 'InternalError';
  field: string;
  /** The complete text, as in `causes[].message`: 'Required value: must specify …'. */
  message: string;
}

/** The result of reading what a client sent. `strict`: unknown and duplicate fields, worded as upstream words them. */
export interface Decoded {
  object: KubeObject;
  strict: string[];
}

export interface TableColumn {
  name: string;
  type: string;
  format: string;
  description: string;
  /** 0: always; 1: with -o wide. */
  priority: number;
}

export interface Table {
  columnDefinitions: TableColumn[];
  rows: { cells: (string | number | boolean | null)[]; conditions?: JsonObject[] }[];
  /** Of the rows, where these are in an order of their own. */
  objects?: readonly KubeObject[];
}

/** The catalogue: which kinds exist and what holds for each. CustomResourceDefinitions add to it at run time. */
export interface Scheme {
  resources(): readonly ResourceInfo[];
  resource(group: string, version: string, resource: string): ResourceInfo | undefined;
  kind(group: string, version: string, kind: string): ResourceInfo | undefined;
  /**
   * Reads a decoded JSON value as the kind: checks JSON types (throws DecodeError with upstream's words, e.g.
   * `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`), collects unknown fields
   * ('unknown field "spec.foo"'), drops them, keeps `null`s out. Does not default.
   */
  decode(info: ResourceInfo, value: unknown): Decoded;
  /** Fills defaults (schema's and Go-written ones); returns a new object or the same when nothing changed. */
  applyDefaults(info: ResourceInfo, object: KubeObject): KubeObject;
  /** What the strategy does before create: drop status, set initial phase, allocate nothing. */
  prepareForCreate(info: ResourceInfo, object: KubeObject): KubeObject;
  /** Before update through the main resource: keep the old status, bump generation when the spec changed. `subresource`: 'status' keeps the old spec instead. */
  prepareForUpdate(info: ResourceInfo, object: KubeObject, old: KubeObject, subresource?: string): KubeObject;
  /** As the release v1.`minor` judges; default the present one. */
  validate(info: ResourceInfo, object: KubeObject, minor?: number): FieldError[];
  validateUpdate(
    info: ResourceInfo,
    object: KubeObject,
    old: KubeObject,
    subresource?: string,
    minor?: number,
  ): FieldError[];
  /** Warnings for deprecated versions and questionable fields, as the Warning header carries them. */
  warnings(info: ResourceInfo, object: KubeObject, old?: KubeObject): string[];
  /** Server-side printing; `now` in ms since the epoch for ages. */
  table(info: ResourceInfo, objects: readonly KubeObject[], now: number): Table;
  /** Field labels that `fieldSelector` accepts, with the value in an object; undefined means the label is not supported. */
  field(info: ResourceInfo, label: string): ((object: KubeObject) => string) | undefined;
  /** How a strategic merge or a server-side apply treats the list at `path` (field names from the object's root, list elements skipped). */
  listRule(info: ResourceInfo, path: readonly string[]): ListRule | undefined;
}

export interface ListRule {
  /** x-kubernetes-patch-strategy: 'merge', 'retainKeys', 'merge,retainKeys' or absent (replace). */
  patchStrategy?: string;
  patchMergeKey?: string;
  /** x-kubernetes-list-type: atomic, set, map; maps have keys. */
  listType?: 'atomic' | 'set' | 'map';
  listMapKeys?: string[];
  /** x-kubernetes-map-type on an object. */
  mapType?: 'atomic' | 'granular';
}

/** Thrown by `decode` for JSON that cannot be the kind at all. */
export class DecodeError extends Error {}
