// JSON of what the API server and kubectl hold in Go types: the fields stand in the order of the structs, maps are
// sorted. (What kubectl keeps as it came from the server or a file is sorted throughout: ./go-json.ts.)

import { escapeHtml, sorted } from './go-json.ts';
import { type TypeRef, structNameOf, structType } from './schema.ts';
import type { KubeObject } from './types.ts';

type Document = Record<string, unknown>;

/** The struct of a built-in kind. */
export function goType({ apiVersion = '', kind }: Partial<KubeObject>): string {
  const slash = apiVersion.indexOf('/');
  return structNameOf(slash < 0 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), String(kind));
}

/** A copy whose keys stand as Go's encoder writes them; of a kind that is not built in, sorted, as what a plain List holds. */
export function inGoOrder(object: unknown): unknown {
  const document = object as Document;
  const { kind, apiVersion } = document;
  if (Array.isArray(document.items)) {
    const { metadata = {}, items } = document;
    const order = kind === 'List' ? sorted : inGoOrder;
    return {
      kind,
      apiVersion,
      metadata: inOrder({ code: '@', struct: 'ListMeta' }, metadata),
      items: items.map((item) => order(item)),
    };
  }
  return inOrder({ code: '@', struct: goType(document) }, object);
}

/** JSON on one line in that order. */
export const typedJson = (object: unknown): string => escapeHtml(JSON.stringify(inGoOrder(object)));

/**
 * An answer of the API server as it goes over the wire, `indent`ed for people: built-in objects and lists of them in the
 * order of their structs, custom ones sorted, whatever else as it is.
 */
export function wireJson(body: unknown, indent?: number): string {
  return escapeHtml(JSON.stringify(onWire(body), null, indent));
}

/** An event of a watch, as it goes over the wire. */
export const eventJson = ({ type, object }: { type: string; object: unknown }): string =>
  `{"type":"${type}","object":${wireJson(object)}}`;

function onWire(body: unknown): unknown {
  const { apiVersion, kind, metadata, items } = (body ?? {}) as Partial<KubeObject>;
  if (!apiVersion || !kind || !metadata) return body;
  const group = apiVersion.slice(0, Math.max(apiVersion.indexOf('/'), 0));
  const custom = group.includes('.') && !group.endsWith('.k8s.io');
  const element = {
    code: '@',
    struct: goType({ apiVersion, kind: items ? kind.replace(/List$/, '') : kind }),
  } as const;
  if (!custom && !structType(element.struct)) return body;
  const order = custom ? sorted : (object: unknown) => inOrder(element, object);
  if (!Array.isArray(items)) return order(body);
  return { kind, apiVersion, metadata, items: items.map((item) => order(item)) };
}

function inOrder(type: TypeRef, value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  const { element } = type;
  if (Array.isArray(value)) return element ? value.map((item) => inOrder(element, item)) : sorted(value);
  const map = value as Document;
  const out: Document = {};
  const struct = type.struct === undefined ? undefined : structType(type.struct);
  if (!struct) {
    for (const key of Object.keys(map).sort()) out[key] = element ? inOrder(element, map[key]) : sorted(map[key]);
    return out;
  }
  for (const field of struct.fieldList)
    if (map[field.name] !== undefined) out[field.name] = inOrder(field, map[field.name]);
  for (const key of Object.keys(map).sort()) if (!(key in out)) out[key] = sorted(map[key]);
  return out;
}
