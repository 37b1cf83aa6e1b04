// Structural schemas at work on custom resources: fields that a schema does not know are pruned, defaults are filled in,
// nulls where there may be none are dropped. Values are immutable; what nothing changes is returned as it is.

import type { JsonObject } from '../../api/types.ts';

export type Schema = JsonObject;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What every object has by itself. */
const IMPLICIT = ['apiVersion', 'kind', 'metadata'];

/** Of deeper documents the rest is left as it is: the stack is small. */
const MAX_DEPTH = 60;

export const preserves = (schema: Schema): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true;

/** The schema of the field `key` of an object; undefined when it may not be there, {} when anything may. */
export function fieldSchema(schema: Schema, key: string): Schema | undefined {
  const own = schema.properties?.[key];
  if (own) return own;
  const { additionalProperties } = schema;
  if (isObject(additionalProperties)) return additionalProperties;
  return additionalProperties === true || preserves(schema) ? ANYTHING : undefined;
}

const ANYTHING: Schema = { 'x-kubernetes-preserve-unknown-fields': true };

/** `value` without what its schema does not know; the paths of that go to `unknown`. `root`: the value is an object of the API. */
export function prune(
  value: unknown,
  schema: Schema,
  root: boolean,
  path: string,
  unknown: string[],
  depth = 0,
): unknown {
  if (depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    const items = schema.items as Schema | undefined;
    if (!isObject(items)) return value;
    let out: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const embedded = items['x-kubernetes-embedded-resource'] === true;
      const pruned = prune(value[i], items, embedded, `${path}[${i}]`, unknown, depth + 1);
      if (pruned === value[i]) continue;
      out ??= value.slice();
      out[i] = pruned;
    }
    return out ?? value;
  }
  if (!isObject(value)) return value;
  let out: JsonObject | undefined;
  for (const key in value) {
    const inner = path === '' ? key : `${path}.${key}`;
    if (root && IMPLICIT.includes(key)) continue;
    const field = fieldSchema(schema, key);
    if (!field) {
      unknown.push(inner);
      out ??= { ...value };
      delete out[key];
      continue;
    }
    if (field === ANYTHING) continue;
    const pruned = prune(
      value[key],
      field,
      field['x-kubernetes-embedded-resource'] === true,
      inner,
      unknown,
      depth + 1,
    );
    if (pruned === value[key]) continue;
    out ??= { ...value };
    out[key] = pruned;
  }
  return out ?? value;
}

/** `value` with the defaults of its schema, and without nulls that it does not allow. */
export function applyDefaults(value: unknown, schema: Schema, depth = 0): unknown {
  if (depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    const items = schema.items as Schema | undefined;
    if (!isObject(items)) return value;
    let out: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const given = value[i] === null && !items.nullable && items.default !== undefined ? items.default : value[i];
      const filled = applyDefaults(given, items, depth + 1);
      if (filled === value[i]) continue;
      out ??= value.slice();
      out[i] = filled;
    }
    return out ?? value;
  }
  if (!isObject(value)) return value;
  let out: JsonObject | undefined;
  const set = (key: string, field: unknown) => {
    out ??= { ...value };
    if (field === undefined) delete out[key];
    else out[key] = field;
  };
  const { properties, additionalProperties } = schema;
  for (const key in properties) {
    const field = withDefault(value[key], properties[key], depth);
    if (field !== value[key]) set(key, field);
  }
  if (isObject(additionalProperties)) {
    for (const key in value) {
      if (properties?.[key]) continue;
      const field = withDefault(value[key], additionalProperties, depth);
      if (field !== value[key]) set(key, field);
    }
  }
  return out ?? value;
}

function withDefault(value: unknown, schema: Schema, depth: number): unknown {
  if (value === undefined || (value === null && !schema.nullable)) {
    return schema.default === undefined ? undefined : applyDefaults(schema.default, schema, depth + 1);
  }
  return typeof value === 'object' ? applyDefaults(value, schema, depth + 1) : value;
}
