// JSON values as CEL sees them: integers are int (the library has them as bigint) where the schema does not say number,
// texts of some formats are times and durations, and names of fields that CEL could not write are escaped.

import { duration } from './library.ts';
import { base64Bytes } from './bytes.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = Record<string, any>;

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** A field name as expressions write it; undefined when they cannot. */
export function escapeName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !name.includes('__')) return name;
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(name)) return undefined;
  return name
    .replace(/__/g, '__underscores__')
    .replace(/\./g, '__dot__')
    .replace(/-/g, '__dash__')
    .replace(/\//g, '__slash__');
}

const MAX_DEPTH = 60;

/** A value of which no schema is known. */
export function untyped(value: unknown, depth = 0): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    const out: unknown[] = [];
    for (let i = 0; i < value.length; i++) out.push(untyped(value[i], depth + 1));
    return out;
  }
  const out: Json = {};
  for (const key in value) {
    const field = (value as Json)[key];
    if (field !== undefined) out[key] = typeof field === 'string' ? field : untyped(field, depth + 1);
  }
  return out;
}

/** A value of a schema. `root`: an object of the API, whose metadata shows its names only. */
export function typed(value: unknown, schema: Json, root: boolean, depth = 0): unknown {
  if (value === null || value === undefined || depth > MAX_DEPTH) return null;
  if (schema['x-kubernetes-int-or-string']) return untyped(value);
  if (typeof value === 'string') return typedText(value, schema.format);
  if (typeof value === 'number') return schema.type === 'number' ? value : untyped(value);
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const items = typeof schema.items === 'object' ? schema.items : {};
    const out: unknown[] = [];
    for (let i = 0; i < value.length; i++)
      out.push(typed(value[i], items, items['x-kubernetes-embedded-resource'] === true, depth + 1));
    return out;
  }
  const { properties, additionalProperties } = schema;
  const out: Json = {};
  const embedded = root || schema['x-kubernetes-embedded-resource'] === true;
  if (!properties && typeof additionalProperties !== 'object' && !embedded) return untyped(value, depth);
  for (const key in value) {
    const field = (value as Json)[key];
    if (field === undefined) continue;
    const inner = properties?.[key];
    if (embedded && key === 'metadata') out.metadata = metadataOf(field);
    else if (embedded && (key === 'apiVersion' || key === 'kind')) out[key] = field;
    else if (inner) {
      const name = escapeName(key);
      if (name !== undefined && (field !== null || inner.nullable))
        out[name] = typed(field, inner, inner['x-kubernetes-embedded-resource'] === true, depth + 1);
    } else if (typeof additionalProperties === 'object')
      out[key] = typed(field, additionalProperties, false, depth + 1);
  }
  return out;
}

function metadataOf(metadata: Json): Json {
  const out: Json = {};
  if (metadata?.name !== undefined) out.name = metadata.name;
  if (metadata?.generateName !== undefined) out.generateName = metadata.generateName;
  return out;
}

function typedText(text: string, format: string | undefined): unknown {
  switch (format) {
    case 'date':
      return new Date(Date.parse(`${text}T00:00:00Z`));
    case 'date-time':
    case 'datetime':
      return new Date(Date.parse(text));
    case 'duration':
      return duration(text);
    case 'byte':
      return base64Bytes(text);
    default:
      return text;
  }
}
