// Structural schemas of custom resources, as validation of the definition sees them.

import type { JsonObject } from '../types.ts';
import { Faults } from './field.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** Whether a default is of the type that its schema says; the words of the schema validator if not. */
function defaultFault(value: unknown, schema: JsonObject): string | undefined {
  if (schema['x-kubernetes-int-or-string'])
    return typeof value === 'string' || Number.isInteger(value) ? undefined : 'integer,string';
  const actual = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  switch (schema.type) {
    case undefined:
    case '':
      return undefined;
    case 'integer':
      return Number.isInteger(value) ? undefined : 'integer';
    default:
      if (value === null && schema.nullable) return undefined;
      return actual === schema.type ? undefined : schema.type;
  }
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return value === null ? 'null' : typeof value;
}

function lists(faults: Faults, path: string, schema: JsonObject) {
  const type = schema['x-kubernetes-list-type'];
  if (type === undefined) return;
  faults.ifNot(`${path}.x-kubernetes-list-type`, type, ['atomic', 'set', 'map']);
  if (schema.type !== 'array') {
    faults.invalid(`${path}.type`, schema.type ?? '', `must be array if x-kubernetes-list-type is specified`);
  }
  if (type === 'map' && !schema['x-kubernetes-list-map-keys']?.length) {
    faults.required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map');
  }
}

function isTyped(schema: JsonObject): boolean {
  return Boolean(schema.type || schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields']);
}

function node(faults: Faults, path: string, schema: JsonObject, what: string, depth: number) {
  if (depth > 60) {
    faults.forbidden(path, 'schema is nested too deeply');
    return;
  }
  if (schema.properties && schema.additionalProperties) {
    faults.forbidden(`${path}.additionalProperties`, 'must not be used together with properties');
  }
  if (schema.default !== undefined) {
    const wanted = defaultFault(schema.default, schema);
    if (wanted) {
      faults.list.push({
        type: 'FieldValueTypeInvalid',
        field: `${path}.default`,
        message: `Invalid value: "${goKind(schema.default)}":  in body must be of type ${wanted}: "${goKind(schema.default)}"`,
      });
    }
  }
  lists(faults, path, schema);
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    faults.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined');
  }
  (schema['x-kubernetes-validations'] ?? []).forEach((rule: JsonObject, i: number) => {
    if (!rule.rule?.trim()) faults.required(`${path}.x-kubernetes-validations[${i}].rule`, 'rule is not specified');
  });
  const { properties, items, additionalProperties } = schema;
  for (const name of Object.keys(properties ?? {}).sort()) {
    const child = properties[name];
    const at = `${path}.properties[${name}]`;
    if (what === 'at the root' && name === 'metadata') metadata(faults, at, child);
    node(faults, at, child, 'for specified object fields', depth + 1);
  }
  if (items && typeof items === 'object' && !Array.isArray(items))
    node(faults, `${path}.items`, items, 'for specified array items', depth + 1);
  if (schema.type === 'array' && !items) faults.required(`${path}.items`, 'must be specified');
  if (additionalProperties && typeof additionalProperties === 'object') {
    node(faults, `${path}.additionalProperties`, additionalProperties, 'for specified object fields', depth + 1);
  }
  if (schema.type !== undefined && schema.type !== '' && !TYPES.includes(schema.type))
    faults.notSupported(`${path}.type`, schema.type, TYPES);
  if (!isTyped(schema)) faults.required(`${path}.type`, `must not be empty ${what}`);
}

function metadata(faults: Faults, path: string, schema: JsonObject) {
  const other = Object.keys(schema.properties ?? {}).some((name) => name !== 'name' && name !== 'generateName');
  if (other)
    faults.forbidden(
      path,
      'must not specify anything other than name and generateName, but metadata is implicitly specified',
    );
}

export function customResourceSchema(faults: Faults, path: string, schema: JsonObject) {
  node(faults, path, schema, 'at the root', 0);
  if (schema.type && schema.type !== 'object')
    faults.invalid(`${path}.type`, schema.type, 'must be object at the root');
}
