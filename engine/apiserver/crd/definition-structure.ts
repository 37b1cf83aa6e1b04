// What makes the schema of a definition structural: every field is declared outside of combinations, and has a type.

import { type Faults } from '../../api/validation/field.ts';
import { goRegExp } from '../../api/regexp.ts';
import { isObject, preserves, type Schema } from './structural.ts';

export const MAX_DEPTH = 60;

/** Children in the order of their names, with their places. */
export function children(schema: Schema, path: string): [path: string, schema: Schema, level: string][] {
  const found: [string, Schema, string][] = [];
  const { properties, items, additionalProperties } = schema;
  for (const name of Object.keys(properties ?? {}).sort())
    found.push([`${path}.properties[${name}]`, properties[name], FIELDS]);
  if (isObject(items)) found.push([`${path}.items`, items, 'for specified array items']);
  if (isObject(additionalProperties)) found.push([`${path}.additionalProperties`, additionalProperties, FIELDS]);
  return found;
}

const FIELDS = 'for specified object fields';

export function wantsType(faults: Faults, path: string, schema: Schema, type: string, why: string) {
  if (schema.type === type) return;
  if (schema.type) faults.invalid(`${path}.type`, schema.type, why);
  else faults.required(`${path}.type`, why);
}

export function structural(faults: Faults, path: string, schema: Schema, level: string, depth: number) {
  if (depth > MAX_DEPTH) return;
  const root = level === 'at the root';
  for (const [at, inner, below] of children(schema, path)) structural(faults, at, inner, below, depth + 1);
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  if (schema.type === 'array' && !schema.items) faults.required(`${path}.items`, 'must be specified');
  if (root && schema.additionalProperties !== undefined)
    faults.forbidden(`${path}.additionalProperties`, 'must not be used at the root');
  if (intOrString) {
    for (const other of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'])
      if (schema[other])
        faults.invalid(`${path}.${other}`, true, 'must be false if x-kubernetes-int-or-string is true');
  }
  combinations(faults, path, schema);
  pattern(faults, path, schema);
  if (isEmbedded && schema.type !== 'object')
    wantsType(faults, path, schema, 'object', 'must be object if x-kubernetes-embedded-resource is true');
  else if (!schema.type && !intOrString && !preserves(schema))
    faults.required(`${path}.type`, `must not be empty ${level}`);
  if (isEmbedded && schema.additionalProperties !== undefined)
    faults.forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set');
  if (root && schema.type && schema.type !== 'object')
    faults.invalid(`${path}.type`, schema.type, 'must be object at the root');
  if (isEmbedded && !preserves(schema) && !Object.keys(schema.properties ?? {}).length)
    faults.required(
      `${path}.properties`,
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    );
  if (!root && !isEmbedded) return;
  const { apiVersion, kind, metadata } = schema.properties ?? {};
  if (kind && kind.type !== 'string')
    faults.invalid(`${path}.properties[kind].type`, kind.type ?? '', 'must be string');
  if (apiVersion && apiVersion.type !== 'string')
    faults.invalid(`${path}.properties[apiVersion].type`, apiVersion.type ?? '', 'must be string');
  if (!metadata) return;
  const at = `${path}.properties[metadata]`;
  if (metadata.type !== 'object') faults.invalid(`${at}.type`, metadata.type ?? '', 'must be object');
  if (root && saysMore(metadata))
    faults.forbidden(
      at,
      'must not specify anything other than name and generateName, but metadata is implicitly specified',
    );
}

/** Whether the schema of metadata restricts anything but names. */
function saysMore(metadata: Schema): boolean {
  for (const field in metadata) {
    if (field === 'type' || field === 'default') continue;
    if (field !== 'properties') return true;
    if (Object.keys(metadata.properties).some((name) => name !== 'name' && name !== 'generateName')) return true;
  }
  return false;
}

function pattern(faults: Faults, path: string, schema: Schema) {
  if (!schema.pattern || goRegExp(schema.pattern)) return;
  const why = `must be a valid regular expression, but isn't: error parsing regexp: ${regExpFault(schema.pattern)}`;
  faults.invalid(`${path}.pattern`, schema.pattern, why);
}

/** What Go says of an expression that it does not take. */
function regExpFault(text: string): string {
  const perl = /\(\?(?!:|P?<\w+>|[imsU]*(?:-[imsU]+)?[:)])(?:<?.)?/.exec(text);
  if (perl) return `invalid or unsupported Perl syntax: \`${perl[0]}\``;
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(text)) return 'trailing backslash at end of expression: ``';
  const plain = text.replace(/\\./g, '..');
  const open = plain.search(/\[(?!\^?\]?[^\]]*\])/);
  if (open >= 0) return `missing closing ]: \`${text.slice(open)}\``;
  const bare = plain.replace(/\[\^?\]?[^\]]*\]/g, (list) => '.'.repeat(list.length));
  let depth = 0;
  for (const char of bare)
    if (char === '(') depth++;
    else if (char === ')' && --depth < 0) return `unexpected ): \`${text}\``;
  if (depth > 0) return `missing closing ): \`${text}\``;
  const repeat = /(?:^|[(|])([*+?])/.exec(bare);
  if (repeat) return `missing argument to repetition operator: \`${repeat[1]}\``;
  const escape = /\\[a-zA-Z0-9]/g;
  for (const [sequence] of text.matchAll(escape))
    if (!/\\[AabBCdDfnpPQrsStvwWxzE0-7]/.test(sequence)) return `invalid escape sequence: \`${sequence}\``;
  return `invalid repeat count: \`${/\{[^}]*\}/.exec(text)?.[0] ?? text}\``;
}

/** Fields that a part of allOf, anyOf, oneOf or not may not have. */
const NOT_NESTED: readonly [field: string, why: string][] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
];

const isIntOrString = (anyOf: unknown) => JSON.stringify(anyOf) === '[{"type":"integer"},{"type":"string"}]';

function combinations(faults: Faults, path: string, schema: Schema) {
  for (const name of ['allOf', 'anyOf', 'oneOf']) {
    if (name === 'anyOf' && isIntOrString(schema.anyOf)) continue;
    (schema[name] ?? []).forEach((part: Schema, i: number) =>
      nested(faults, `${path}.${name}[${i}]`, part, schema, path, 0, name === 'allOf' && i === 0),
    );
  }
  if (schema.not) nested(faults, `${path}.not`, schema.not, schema, path, 0);
}

/** A part of a combination: it only restricts what the schema `around` it declares. `mayChoose`: an integer or a string. */
function nested(
  faults: Faults,
  path: string,
  part: Schema,
  around: Schema | undefined,
  outer: string,
  depth: number,
  mayChoose = false,
) {
  if (depth > MAX_DEPTH) return;
  if (!around && outer) faults.required(outer, `because it is defined in ${path}`);
  // What is missing is said once, not of all that is below.
  const missing = around ? outer : '';
  for (const [field, why] of NOT_NESTED) if (part[field]) faults.forbidden(`${path}.${field}`, why);
  pattern(faults, path, part);
  for (const name of Object.keys(part.properties ?? {}).sort()) {
    const at = `${path}.properties[${name}]`;
    if (name === 'metadata') faults.forbidden(at, 'must not be specified in a nested context');
    const own: Schema | undefined = around?.properties?.[name];
    nested(faults, at, part.properties[name], own, missing && `${outer}.properties[${name}]`, depth + 1);
  }
  if (isObject(part.items))
    nested(faults, `${path}.items`, part.items, around?.items, missing && `${outer}.items`, depth + 1);
  for (const name of ['allOf', 'anyOf', 'oneOf']) {
    if (name === 'anyOf' && mayChoose && isIntOrString(part.anyOf)) continue;
    (part[name] ?? []).forEach((one: Schema, i: number) =>
      nested(faults, `${path}.${name}[${i}]`, one, around, missing && outer, depth + 1),
    );
  }
  if (part.not) nested(faults, `${path}.not`, part.not, around, missing && outer, depth + 1);
}
