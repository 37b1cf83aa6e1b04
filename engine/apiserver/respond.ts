// Last stage: the answer in the form that the client accepts (whole objects, metadata only, a Table).

import type { KubeObject, ResourceInfo } from '../api/types.ts';
import type { Listed } from './handlers/list.ts';
import type { Core } from './handlers/types.ts';
import { withNullTimes } from './release.ts';
import { badRequest, notAcceptable, StatusError, unknownForm } from './status.ts';
import type { ApiRequest, ApiResponse } from './types.ts';

export type Form = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

export interface Accepted {
  form: Form;
  /** Of meta.k8s.io, for forms other than the object. */
  version: string;
  /** The client reads text: lists of built-in kinds leave apiVersion and kind out of their items, as their encoding does. */
  encoded: boolean;
  contentType: string;
}

const TYPES = ['application/json', 'application/yaml', 'application/json;stream=watch'];
/** What a kube-apiserver offers; a client that wants protobuf is told of what there really is. */
const UPSTREAM_TYPES = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
];
/** Without an Accept header the objects are handed over as they are. */
export const MEMORY: Accepted = { form: 'object', version: 'v1', encoded: false, contentType: 'application/json' };
const known = new Map<string, Accepted | null>();

export function negotiate(request: ApiRequest): Accepted {
  const accept = request.headers?.accept;
  if (accept === undefined || accept === '') return MEMORY;
  let accepted = known.get(accept);
  if (accepted === undefined) {
    accepted = parseAccept(accept) ?? null;
    if (known.size < 200) known.set(accept, accepted);
  }
  if (!accepted) {
    // A form that nobody offers of a type that is offered is refused by what serves the kind, in other words.
    if (/application\/(json|yaml)/.test(accept)) throw unknownForm(UPSTREAM_TYPES.slice(0, 3));
    throw notAcceptable(accept.includes('protobuf') ? TYPES : UPSTREAM_TYPES);
  }
  return accepted;
}

function parseAccept(header: string): Accepted | undefined {
  for (const clause of header.split(',')) {
    const [type, ...rest] = clause.split(';').map((part) => part.trim());
    const params = new Map(rest.map((param) => param.split('=', 2) as [string, string]));
    if (type !== 'application/json' && type !== 'application/yaml' && type !== '*/*' && type !== 'application/*')
      continue;
    const contentType = type === 'application/yaml' ? type : 'application/json';
    const as = params.get('as');
    if (as === undefined) return { form: 'object', version: 'v1', encoded: true, contentType };
    const version = params.get('v');
    if (params.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) continue;
    if (as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') {
      return { form: as, version, encoded: true, contentType };
    }
  }
  return undefined;
}

const metadataOnly = (object: KubeObject, version: string): KubeObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata,
});

/** A list is no object, an object no list: in the words of the types behind them. */
function unfit(info: ResourceInfo, form: Form, kind: string): StatusError {
  const group = info.group.split('.')[0];
  const type = info.custom
    ? `unstructured.Unstructured${kind === info.kind ? '' : 'List'}`
    : `${group === '' || group === 'events' ? 'core' : group}.${kind}`;
  const is = kind === info.kind ? 'not a list' : 'a list';
  return new StatusError(406, 'NotAcceptable', `you requested ${form}, but the requested object is ${is} (*${type})`);
}

/** How one object of a kind is shown; undefined: as it is. */
export function viewOf(core: Core, info: ResourceInfo, request: ApiRequest, accepted: Accepted) {
  const { form, version, encoded } = accepted;
  if (form === 'Table')
    return (object: KubeObject) =>
      table(core, info, request, version, [object], { resourceVersion: object.metadata.resourceVersion ?? '' });
  if (form === 'PartialObjectMetadata') return (object: KubeObject) => metadataOnly(object, version);
  if (form === 'PartialObjectMetadataList')
    return () => {
      throw unfit(info, form, info.kind);
    };
  return encoded ? (object: KubeObject) => encodedObject(core, info, object) : undefined;
}

/** An object as text shows it. */
function encodedObject(core: Core, info: ResourceInfo, object: KubeObject): KubeObject {
  const shown = withManagedFields(core, object);
  return core.nullTimes ? withNullTimes(info, shown) : shown;
}

function withManagedFields(core: Core, object: KubeObject): KubeObject {
  const entries = core.ledger.entries(object);
  return entries.length ? { ...object, metadata: { ...object.metadata, managedFields: [...entries] } } : object;
}

/** A watch's Tables name their columns once. */
export function watchViewOf(core: Core, info: ResourceInfo, request: ApiRequest, accepted: Accepted) {
  const view = viewOf(core, info, request, accepted);
  if (accepted.form !== 'Table' || !view) return view;
  let first = true;
  return (object: KubeObject) => {
    const shown = view(object);
    if (first) {
      first = false;
      return shown;
    }
    return { ...shown, columnDefinitions: null } as unknown as KubeObject;
  };
}

function table(
  core: Core,
  info: ResourceInfo,
  request: ApiRequest,
  version: string,
  objects: readonly KubeObject[],
  metadata: Listed['metadata'],
): KubeObject {
  const { columnDefinitions, rows, objects: of = objects } = core.scheme.table(info, objects, core.sim.now);
  const include = request.query?.includeObject || 'Metadata';
  if (include !== 'Metadata' && include !== 'Object' && include !== 'None') {
    throw badRequest(
      `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`,
    );
  }
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions,
    rows: rows.map((row, i) => {
      const shown = include === 'None' ? undefined : include === 'Object' ? of[i] : metadataOnly(of[i], version);
      return shown ? { ...row, object: shown } : row;
    }),
  } as unknown as KubeObject;
}

export function listBody(
  core: Core,
  info: ResourceInfo,
  request: ApiRequest,
  accepted: Accepted,
  listed: Listed,
): KubeObject {
  const { items, metadata } = listed;
  if (accepted.form === 'Table') return table(core, info, request, accepted.version, items, metadata);
  if (accepted.form === 'PartialObjectMetadata') throw unfit(info, accepted.form, info.listKind);
  if (accepted.form !== 'object') {
    return {
      kind: 'PartialObjectMetadataList',
      apiVersion: `meta.k8s.io/${accepted.version}`,
      metadata,
      items: items.map((item) => metadataOnly(item, accepted.version)),
    } as unknown as KubeObject;
  }
  return {
    kind: info.listKind,
    apiVersion: info.groupVersion,
    // Untyped lists leave nothing out.
    metadata: info.custom ? { continue: '', ...metadata } : metadata,
    items: accepted.encoded ? items.map((item) => encodedItem(core, info, item)) : items,
  } as unknown as KubeObject;
}

function withoutKind({
  apiVersion: _version,
  kind: _kind,
  ...rest
}: KubeObject): Omit<KubeObject, 'apiVersion' | 'kind'> {
  return rest;
}

function encodedItem(core: Core, info: ResourceInfo, object: KubeObject) {
  const item = encodedObject(core, info, object);
  return core.isCustom(info) ? item : withoutKind(item);
}

/** Warnings as one header: `299 - "text", 299 - "text"`. */
export function withWarnings(response: ApiResponse, warnings: readonly string[]): ApiResponse {
  const texts = warnings.map((text) => `299 - ${quoted(text)}`);
  return { ...response, headers: { ...response.headers, warning: texts.join(', ') } };
}

const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', ' ')}"`;
