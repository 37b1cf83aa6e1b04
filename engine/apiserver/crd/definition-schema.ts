// Validation of the schemas of a CustomResourceDefinition: what OpenAPI allows in one, whether its defaults fit; beside this
// file what makes it structural, and its rules.

import { Faults } from '../../api/validation/field.ts';
import { cardinality, SCHEMA_LIMIT } from '../../cel/index.ts';
import { overBudget, rules, type Cost, type RulesPlace } from './definition-rules.ts';
import { children, MAX_DEPTH, structural, wantsType } from './definition-structure.ts';
import { checkRules, ruleTree } from './rules.ts';
import { isObject, prune, type Schema } from './structural.ts';
import { duplicates, Validator } from './validate.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** What JSON schema has and a definition may not use. */
const UNSUPPORTED: readonly [field: string, why: string][] = [
  ['id', 'id is not supported'],
  ['additionalItems', 'additionalItems is not supported'],
  ['patternProperties', 'patternProperties is not supported'],
  ['definitions', 'definitions is not supported'],
  ['dependencies', 'dependencies is not supported'],
  ['$ref', '$ref is not supported'],
];

/** What the root may have beside the schemas of its fields when status is a subresource, and is validated apart. */
const AT_ROOT = [
  'Description',
  'Type',
  'Format',
  'Title',
  'Maximum',
  'ExclusiveMaximum',
  'Minimum',
  'ExclusiveMinimum',
  'MaxLength',
  'MinLength',
  'Pattern',
  'MaxItems',
  'MinItems',
  'UniqueItems',
  'MultipleOf',
  'Required',
  'Items',
  'Properties',
  'ExternalDocs',
  'Example',
  'XPreserveUnknownFields',
  'XValidations',
];
const GO_NAMES: Readonly<Record<string, string>> = {
  'x-kubernetes-preserve-unknown-fields': 'XPreserveUnknownFields',
  'x-kubernetes-validations': 'XValidations',
};
const goName = (field: string) => GO_NAMES[field] ?? field[0].toUpperCase() + field.slice(1);

export function definitionSchema(faults: Faults, path: string, schema: Schema, hasStatus: boolean) {
  const begun = faults.list.length;
  if (hasStatus) rootOfStatus(faults, path, schema);
  if (schema.nullable) faults.forbidden(`${path}.nullable`, 'nullable cannot be true at the root');
  const before = faults.list.length;
  structural(faults, path, schema, 'at the root', 0);
  if (faults.list.length > before) {
    const sorted = faults.list.splice(before);
    const text = ({ field, message }: { field: string; message: string }) => `${field}: ${message}`;
    faults.list.push(...sorted.sort((a, b) => (text(a) < text(b) ? -1 : 1)));
  } else defaults(faults, path, schema, true, false, 0);
  const cel = faults.list.length === before ? new Faults(faults.minor) : undefined;
  const costs: Cost[] = [];
  generic(faults, path, schema, { ...ROOT, cel, costs }, 0);
  if (cel) faults.list.push(...cel.list);
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total > SCHEMA_LIMIT) {
    for (const { at } of costs.filter(({ cost }) => cost > SCHEMA_LIMIT / 100).slice(0, 4))
      faults.forbidden(at, 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema');
    faults.forbidden(
      path,
      overBudget('x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema', total, SCHEMA_LIMIT),
    );
  }
  return faults.list.length === begun;
}

function rootOfStatus(faults: Faults, path: string, schema: Schema) {
  for (const field in schema) {
    if (field === 'type' && schema.type && schema.type !== 'object') {
      const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      return faults.invalid(`${path}.type`, schema.type, why);
    }
    if (!schema[field] || AT_ROOT.includes(goName(field))) continue;
    const why = `only [${AT_ROOT.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`;
    return faults.invalid(path, schema, why);
  }
  return undefined;
}

interface Place extends RulesPlace {
  /** Inside of the kind, version or metadata of an object. */
  inMeta: boolean;
  /** Why there may be no default; '' where one may be. */
  noDefault: string;
}

const ROOT = { root: true, inMeta: false, noDefault: '', uncorrelated: '', times: 1 };
const META = ['metadata', 'kind', 'apiVersion'];

/** What OpenAPI allows, in the order in which it is looked at: children before what is special to Kubernetes. */
function generic(faults: Faults, path: string, schema: Schema, place: Place, depth: number) {
  if (depth > MAX_DEPTH) return faults.forbidden(path, 'schema is nested too deeply');
  const before = faults.list.length;
  standard(faults, path, schema, place);
  if (schema.uniqueItems)
    faults.forbidden(
      `${path}.uniqueItems`,
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    );
  const child = (at: string, inner: unknown, change: Partial<Place>) => {
    if (!isObject(inner)) return;
    const times = change.cel === undefined && 'cel' in change ? 1 : cardinality(schema, inner, place.times);
    generic(faults, at, inner, { ...place, root: false, times, ...change }, depth + 1);
  };
  const { additionalProperties: others, properties = {}, items } = schema;
  if (others !== undefined) {
    if (Object.keys(properties).length && others !== true)
      faults.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
    const noDefault = place.inMeta ? 'inside additionalProperties applying to object metadata' : place.noDefault;
    child(`${path}.additionalProperties`, others, { noDefault });
  }
  const atomic = schema['x-kubernetes-map-type'] === 'atomic';
  for (const name of Object.keys(properties).sort()) {
    const meta = (place.root || schema['x-kubernetes-embedded-resource']) && META.includes(name);
    child(`${path}.properties[${name}]`, properties[name], {
      uncorrelated: place.uncorrelated || (atomic ? path : ''),
      inMeta: place.inMeta || meta,
      noDefault: meta && place.root ? `in top-level ${name}` : place.noDefault,
    });
  }
  child(`${path}.not`, schema.not, { cel: undefined });
  for (const combination of ['allOf', 'oneOf', 'anyOf'])
    (schema[combination] ?? []).forEach((one: Schema, i: number) =>
      child(`${path}.${combination}[${i}]`, one, { cel: undefined }),
    );
  const blind = schema['x-kubernetes-list-type'] !== 'map';
  child(`${path}.items`, items, { uncorrelated: place.uncorrelated || (blind ? path : '') });
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    faults.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined');
  const mapType: string | undefined = schema['x-kubernetes-map-type'];
  if (mapType !== undefined) {
    wantsType(faults, path, schema, 'object', 'must be object if x-kubernetes-map-type is specified');
    faults.ifNot(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']);
  }
  lists(faults, path, schema);
  rules(faults, path, schema, place, before);
  return undefined;
}

/** What of JSON schema may be used. */
function standard(faults: Faults, path: string, schema: Schema, { inMeta, noDefault }: Place) {
  if (schema.type) faults.ifNot(`${path}.type`, schema.type, TYPES);
  if (schema.default !== undefined && noDefault) faults.forbidden(`${path}.default`, `must not be set ${noDefault}`);
  for (const [field, why] of UNSUPPORTED) if (schema[field] !== undefined) faults.forbidden(`${path}.${field}`, why);
  if (schema.type === 'null')
    faults.forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative');
  if (Array.isArray(schema.items)) faults.forbidden(`${path}.items`, 'items must be a schema object and not an array');
  if (inMeta && schema['x-kubernetes-embedded-resource'])
    faults.forbidden(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta');
}

function lists(faults: Faults, path: string, schema: Schema) {
  const type: string | undefined = schema['x-kubernetes-list-type'];
  const keys: string[] = schema['x-kubernetes-list-map-keys'] ?? [];
  const items: Schema | undefined = isObject(schema.items) ? schema.items : undefined;
  const at = `${path}.x-kubernetes-list-type`;
  if (type !== undefined && schema.type !== 'array')
    wantsType(faults, path, schema, 'array', 'must be array if x-kubernetes-list-type is specified');
  else if (type === 'set' && items) {
    const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    const own = items['x-kubernetes-list-type'];
    if (items.type === 'array' && (own ?? 'atomic') !== 'atomic')
      faults.invalid(`${path}.items.x-kubernetes-list-type`, own, why);
    // Upstream prints the type of a list here.
    if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
      faults.invalid(`${path}.items.x-kubernetes-map-type`, own, why);
  }
  if (type !== undefined) faults.ifNot(at, type, ['atomic', 'set', 'map']);
  if (keys.length && type !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    if (type === undefined) faults.required(at, why);
    else faults.invalid(at, type, why);
  }
  if (type === 'map') mapOfItems(faults, path, schema, items, keys);
  if ((type !== 'map' && type !== 'set') || !items) return;
  if (items.nullable)
    faults.forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${type}`);
  if (type === 'set') return;
  for (const key of keys) {
    const property: Schema | undefined = items.properties?.[key];
    if (!property) continue;
    const own = `${path}.items.properties[${key}]`;
    if (property.default === undefined && !items.required?.includes(key))
      faults.required(
        `${own}.default`,
        'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      );
    if (property.nullable)
      faults.forbidden(`${own}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable');
  }
}

function mapOfItems(faults: Faults, path: string, schema: Schema, items: Schema | undefined, keys: string[]) {
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (!keys.length) faults.required(at, 'must not be empty if x-kubernetes-list-type is map');
  if (schema.items === undefined)
    faults.required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map');
  if (!items) return;
  if (items.type !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    faults.invalid(`${path}.items.type`, items.type ?? '', why);
    return;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const type: string | undefined = items.properties?.[key]?.type;
    if (!items.properties?.[key]) faults.invalid(at, keys, 'entries must all be names of item properties');
    // Upstream prints the type of the items.
    else if (type === 'array' || type === 'object')
      faults.invalid(
        `${path}.items.properties[${key}].type`,
        items.type,
        "must be a scalar type if parent array's x-kubernetes-list-type is map",
      );
    if (seen.has(key)) faults.invalid(at, keys, 'must not contain duplicate entries');
    seen.add(key);
  }
}

/** Whether there is a default in the schema or below. */
export function hasDefaults(schema: Schema | undefined, depth = 0): boolean {
  if (!isObject(schema) || depth > MAX_DEPTH) return false;
  return schema.default !== undefined || children(schema, '').some(([, inner]) => hasDefaults(inner, depth + 1));
}

/** Defaults are what a client could write: nothing unknown, nothing invalid. Names of objects are judged with the whole. */
function defaults(faults: Faults, path: string, schema: Schema, root: boolean, inMeta: boolean, depth: number) {
  if (depth > MAX_DEPTH) return;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  if (schema.default !== undefined) {
    const at = `${path}.default`;
    const unknown: string[] = [];
    if (!inMeta) prune(schema.default, schema, isEmbedded, '', unknown);
    if (unknown.length) faults.invalid(at, schema.default, 'must not have unknown fields');
    const validator = new Validator(faults.minor);
    validator.validate(schema.default, schema, '');
    duplicates(validator.faults, schema.default, schema, '');
    const tree = validator.faults.list.length ? undefined : ruleTree(schema, root);
    if (tree) checkRules(validator.faults, tree, schema.default, '');
    for (const fault of validator.faults.list)
      faults.list.push({ ...fault, field: fault.field === '<nil>' ? at : `${at}.${fault.field}` });
  }
  for (const name of Object.keys(schema.properties ?? {}).sort()) {
    const meta = (inMeta && !isEmbedded) || ((root || isEmbedded) && META.includes(name));
    defaults(faults, `${path}.properties[${name}]`, schema.properties[name], false, meta, depth + 1);
  }
  if (isObject(schema.items)) defaults(faults, `${path}.items`, schema.items, false, inMeta, depth + 1);
}
