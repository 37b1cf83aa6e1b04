// JSON of what kubectl holds in its own Go types: the fields stand in the order of the structs, maps are sorted. (What it
// keeps as it came from the server or a file is sorted throughout: ./json.ts.)

import { type TypeRef, structType } from '../../api/schema.ts';
import { goType } from '../resource/typed.ts';
import { escapeHtml, sorted } from './json.ts';

type Document = Record<string, unknown>;

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
