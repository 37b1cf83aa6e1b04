// Validation of the schemas of a CustomResourceDefinition: what OpenAPI allows in one, what makes it structural, whether its
// defaults fit and its rules compile.

import type { Faults } from '../../api/validation/field.ts';
import { goRegExp } from '../../api/regexp.ts';
import { cardinality, RULE_LIMIT, SCHEMA_LIMIT, type Program } from '../../cel/index.ts';
import { checkRules, rulesOf, ruleTree, scopeOf } from './rules.ts';
import { isObject, preserves, prune, type Schema } from './structural.ts';
import { duplicates, Validator } from './validate.ts';

const MAX_DEPTH = 60;
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const SCALARS = ['boolean', 'integer', 'number', 'string'];
const REASONS = ['FieldValueRequired', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueDuplicate'];
const MAX_MESSAGE = 2048;

/** What JSON schema has and a definition may not use. */
const UNSUPPORTED: readonly [field: string, why: string][] = [
  ['id', 'id is not supported'],
  ['additionalItems', 'additionalItems is not supported'],
  ['patternProperties', 'patternProperties is not supported'],
  ['definitions', 'definitions is not supported'],
  ['dependencies', 'dependencies is not supported'],
  ['$ref', '$ref is not supported'],
];

export function definitionSchema(faults: Faults, path: string, schema: Schema) {
  if (schema.nullable) faults.forbidden(`${path}.nullable`, 'nullable cannot be true at the root');
  const costs: Cost[] = [];
  generic(faults, path, schema, { root: true, uncorrelated: '', times: 1, costs }, 0);
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total > SCHEMA_LIMIT) {
    for (const { at } of costs.filter(({ cost }) => cost > SCHEMA_LIMIT / 100).slice(0, 4))
      faults.forbidden(
        at,
        'contributed to estimated rule & messageExpression cost total exceeding cost limit for entire OpenAPIv3 schema',
      );
    faults.forbidden(
      path,
      overBudget(
        'x-kubernetes-validations estimated rule & messageExpression cost total for entire OpenAPIv3 schema',
        total,
        SCHEMA_LIMIT,
      ),
    );
  }
  const before = faults.list.length;
  structural(faults, path, schema, 'at the root', 0);
  if (faults.list.length === before) defaults(faults, path, schema, true, 0);
}

/** Children in the order of their names, with their places. */
function children(schema: Schema, path: string): [path: string, schema: Schema, level: string][] {
  const found: [string, Schema, string][] = [];
  const { properties, items, additionalProperties } = schema;
  for (const name of Object.keys(properties ?? {}).sort())
    found.push([`${path}.properties[${name}]`, properties[name], FIELDS]);
  if (isObject(items)) found.push([`${path}.items`, items, 'for specified array items']);
  if (isObject(additionalProperties)) found.push([`${path}.additionalProperties`, additionalProperties, FIELDS]);
  return found;
}

const FIELDS = 'for specified object fields';

interface Place {
  root: boolean;
  /** The list whose items cannot be told apart, if the schema is in one. */
  uncorrelated: string;
  /** How many values an object can have here. */
  times: number;
  costs: Cost[];
}

interface Cost {
  at: string;
  cost: number;
}

function overBudget(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

function generic(faults: Faults, path: string, schema: Schema, place: Place, depth: number) {
  if (depth > MAX_DEPTH) return faults.forbidden(path, 'schema is nested too deeply');
  for (const [field, why] of UNSUPPORTED) if (schema[field] !== undefined) faults.forbidden(`${path}.${field}`, why);
  if (schema.type === 'null')
    faults.forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative');
  else if (schema.type) faults.ifNot(`${path}.type`, schema.type, TYPES);
  if (Array.isArray(schema.items)) faults.forbidden(`${path}.items`, 'items must be a schema object and not an array');
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    faults.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined');
  lists(faults, path, schema);
  const mapType: string | undefined = schema['x-kubernetes-map-type'];
  if (mapType !== undefined) {
    faults.ifNot(`${path}.x-kubernetes-map-type`, mapType, ['granular', 'atomic']);
    wantsType(faults, path, schema, 'object', 'must be object if x-kubernetes-map-type is specified');
  }
  if (schema.uniqueItems)
    faults.forbidden(
      `${path}.uniqueItems`,
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    );
  if (schema.additionalProperties !== undefined && Object.keys(schema.properties ?? {}).length) {
    if (schema.additionalProperties !== true)
      faults.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
  }
  if (schema.pattern && !goRegExp(schema.pattern))
    faults.invalid(`${path}.pattern`, schema.pattern, "must be a valid regular expression, but isn't");
  rules(faults, path, schema, place);
  for (const combination of ['allOf', 'anyOf', 'oneOf'])
    (schema[combination] ?? []).forEach((one: Schema, i: number) =>
      generic(faults, `${path}.${combination}[${i}]`, one, { ...place, root: false }, depth + 1),
    );
  if (schema.not) generic(faults, `${path}.not`, schema.not, { ...place, root: false }, depth + 1);
  const blind = schema.type === 'array' && schema['x-kubernetes-list-type'] !== 'map';
  const uncorrelated = place.uncorrelated || (blind || mapType === 'atomic' ? path : '');
  for (const [at, inner] of children(schema, path)) {
    const times = cardinality(schema, inner, place.times);
    generic(faults, at, inner, { root: false, uncorrelated, times, costs: place.costs }, depth + 1);
  }
}

function wantsType(faults: Faults, path: string, schema: Schema, type: string, why: string) {
  if (schema.type === type) return;
  if (schema.type) faults.invalid(`${path}.type`, schema.type, why);
  else faults.required(`${path}.type`, why);
}

function lists(faults: Faults, path: string, schema: Schema) {
  const type: string | undefined = schema['x-kubernetes-list-type'];
  const keys: string[] = schema['x-kubernetes-list-map-keys'] ?? [];
  const at = `${path}.x-kubernetes-list-type`;
  if (type !== undefined) {
    faults.ifNot(at, type, ['atomic', 'set', 'map']);
    wantsType(faults, path, schema, 'array', 'must be array if x-kubernetes-list-type is specified');
  }
  if (keys.length && type !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    if (type === undefined) faults.required(at, why);
    else faults.invalid(at, type, why);
  }
  const items: Schema | undefined = isObject(schema.items) ? schema.items : undefined;
  if (type !== 'map' && type !== 'set') return;
  if (type === 'map' && !keys.length)
    faults.required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map');
  if (!items) {
    faults.required(`${path}.items`, `must have a schema if x-kubernetes-list-type is ${type}`);
    return;
  }
  if (items.nullable)
    faults.forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${type}`);
  if (type === 'set') {
    if (items.type === 'array' && (items['x-kubernetes-list-type'] ?? 'atomic') !== 'atomic')
      faults.invalid(
        `${path}.items.x-kubernetes-list-type`,
        items['x-kubernetes-list-type'],
        'must be atomic as item of a list with x-kubernetes-list-type=set',
      );
    if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
      const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
      if (items['x-kubernetes-map-type'])
        faults.invalid(`${path}.items.x-kubernetes-map-type`, items['x-kubernetes-map-type'], why);
      else faults.required(`${path}.items.x-kubernetes-map-type`, why);
    }
    return;
  }
  if (items.type !== 'object')
    faults.invalid(
      `${path}.items.type`,
      items.type ?? '',
      "must be object if parent array's x-kubernetes-list-type is map",
    );
  for (const key of new Set(keys)) {
    const property: Schema | undefined = items.properties?.[key];
    if (!property) {
      faults.invalid(`${path}.x-kubernetes-list-map-keys`, key, 'entries must all be names of item properties');
      continue;
    }
    const own = `${path}.items.properties[${key}]`;
    if (!SCALARS.includes(property.type))
      faults.invalid(
        `${own}.type`,
        property.type ?? '',
        "must be a scalar type if parent array's x-kubernetes-list-type is map",
      );
    if (property.nullable)
      faults.forbidden(`${own}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable');
    if (property.default === undefined && !items.required?.includes(key))
      faults.required(
        `${own}.default`,
        'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      );
  }
  if (new Set(keys).size < keys.length)
    faults.invalid(`${path}.x-kubernetes-list-map-keys`, keys, 'must not contain duplicates');
}

function rules(faults: Faults, path: string, schema: Schema, { root, uncorrelated, times, costs }: Place) {
  rulesOf(schema).forEach((rule, i) => {
    const at = `${path}.x-kubernetes-validations[${i}]`;
    // As the internal type prints: nothing is left out.
    const shown = {
      Rule: rule.rule ?? '',
      Message: rule.message ?? '',
      MessageExpression: rule.messageExpression ?? '',
      Reason: rule.reason ?? null,
      FieldPath: rule.fieldPath ?? '',
      OptionalOldSelf: rule.optionalOldSelf ?? null,
    };
    const text = (rule.rule ?? '').trim();
    if (text === '') faults.required(`${at}.rule`, 'rule is not specified');
    if (rule.message !== undefined && rule.message !== '') {
      if (rule.message.trim() === '')
        faults.invalid(`${at}.message`, rule.message, 'message must be non-empty if specified');
      else if (/[\n\r]/.test(rule.message.trim()))
        faults.invalid(`${at}.message`, rule.message, 'message must not contain line breaks');
      else if (rule.message.length > MAX_MESSAGE) faults.tooLong(`${at}.message`, MAX_MESSAGE);
    } else if (/[\n\r]/.test(text))
      faults.required(`${at}.message`, 'message must be specified if rule contains line breaks');
    if (rule.messageExpression !== undefined && rule.messageExpression !== '' && rule.messageExpression.trim() === '')
      faults.required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified');
    if (rule.reason !== undefined) faults.ifNot(`${at}.reason`, rule.reason, REASONS);
    if (rule.fieldPath && !leadsSomewhere(schema, rule.fieldPath))
      faults.invalid(
        `${at}.fieldPath`,
        rule.fieldPath,
        'fieldPath must be a valid path: does not refer to a valid field',
      );
    if (text === '') return;
    const scope = scopeOf(schema, root, rule.optionalOldSelf === true);
    const compile = (expression: string, field: string, type: string, word: string): Program | undefined => {
      const program = scope.compile(expression);
      if (typeof program === 'string') {
        faults.invalid(
          `${at}.${field}`,
          shown,
          `${field === 'rule' ? '' : 'messageExpression '}compilation failed: ${program}`,
        );
        return undefined;
      }
      if (program.type !== type && program.type !== 'dyn') {
        faults.invalid(
          `${at}.${field}`,
          shown,
          `${field === 'rule' ? 'cel expression' : 'messageExpression'} must evaluate to a ${word}`,
        );
        return undefined;
      }
      return program;
    };
    const program = compile(rule.rule, 'rule', 'bool', 'bool');
    if (rule.messageExpression?.trim()) compile(rule.messageExpression, 'messageExpression', 'string', 'string');
    if (program) {
      const cost = program.cost({ self: schema, oldSelf: schema }) * times;
      costs.push({ at: `${at}.rule`, cost });
      if (cost > RULE_LIMIT) faults.forbidden(`${at}.rule`, overBudget('estimated rule cost', cost, RULE_LIMIT));
    }
    if (program?.reads.has('oldSelf') && uncorrelated)
      faults.invalid(
        `${at}.rule`,
        rule.rule,
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`,
      );
    if (rule.optionalOldSelf !== undefined && program && !program.reads.has('oldSelf'))
      faults.invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule');
  });
}

/** Whether '.a.b' or ".a['b']" names a field of the schema. */
function leadsSomewhere(schema: Schema, path: string): boolean {
  let at: Schema | undefined = schema;
  const steps = path.match(/\.[A-Za-z_][\w-]*|\['(?:[^'\\]|\\.)*'\]/g) ?? [];
  if (steps.join('') !== path) return false;
  for (const step of steps) {
    const name = step[0] === '.' ? step.slice(1) : step.slice(2, -2);
    at = at?.properties?.[name] ?? (isObject(at?.additionalProperties) ? at.additionalProperties : undefined);
    if (!at) return false;
  }
  return true;
}

function structural(faults: Faults, path: string, schema: Schema, level: string, depth: number) {
  if (depth > MAX_DEPTH) return;
  for (const [at, inner, below] of children(schema, path)) structural(faults, at, inner, below, depth + 1);
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  if (schema.type === 'array' && !schema.items) faults.required(`${path}.items`, 'must be specified');
  if (intOrString) {
    if (schema.type) faults.invalid(`${path}.type`, schema.type, 'must be empty if x-kubernetes-int-or-string is true');
    for (const other of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'])
      if (schema[other])
        faults.invalid(`${path}.${other}`, true, 'must be false if x-kubernetes-int-or-string is true');
  }
  combinations(faults, path, schema, intOrString);
  if (isEmbedded && schema.type !== 'object')
    wantsType(faults, path, schema, 'object', 'must be object if x-kubernetes-embedded-resource is true');
  else if (!schema.type && !intOrString && !preserves(schema))
    faults.required(`${path}.type`, `must not be empty ${level}`);
  const root = level === 'at the root';
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
  if (
    Object.keys(metadata.properties ?? {}).some((name) => name !== 'name' && name !== 'generateName') ||
    metadata.additionalProperties !== undefined
  )
    faults.forbidden(
      at,
      'must not specify anything other than name and generateName, but metadata is implicitly specified',
    );
}

/** Fields that a part of allOf, anyOf, oneOf or not may not have. */
const NOT_NESTED: readonly [field: string, why: string][] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
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

function combinations(faults: Faults, path: string, schema: Schema, intOrString: boolean) {
  const isIntOrString = (anyOf: unknown) => JSON.stringify(anyOf) === '[{"type":"integer"},{"type":"string"}]';
  for (const name of ['allOf', 'anyOf', 'oneOf']) {
    if (name === 'anyOf' && intOrString && isIntOrString(schema.anyOf)) continue;
    (schema[name] ?? []).forEach((part: Schema, i: number) => {
      if (name === 'allOf' && i === 0 && intOrString && isIntOrString(part.anyOf)) return;
      nested(faults, `${path}.${name}[${i}]`, part, schema, path, 0);
    });
  }
  if (schema.not) nested(faults, `${path}.not`, schema.not, schema, path, 0);
}

/** A part of a combination: it only restricts what the schema around it declares. */
function nested(faults: Faults, path: string, part: Schema, around: Schema | undefined, outer: string, depth: number) {
  if (depth > MAX_DEPTH) return;
  for (const [field, why] of NOT_NESTED) if (part[field]) faults.forbidden(`${path}.${field}`, why);
  for (const name of Object.keys(part.properties ?? {}).sort()) {
    const own: Schema | undefined =
      around?.properties?.[name] ?? (isObject(around?.additionalProperties) ? around.additionalProperties : undefined);
    const at = `${path}.properties[${name}]`;
    if (!own) faults.required(`${outer}.properties[${name}]`, `because it is defined in ${at}`);
    nested(faults, at, part.properties[name], own, `${outer}.properties[${name}]`, depth + 1);
  }
  if (isObject(part.items)) {
    if (!around?.items) faults.required(`${outer}.items`, `because it is defined in ${path}.items`);
    nested(faults, `${path}.items`, part.items, around?.items, `${outer}.items`, depth + 1);
  }
  for (const name of ['allOf', 'anyOf', 'oneOf'])
    (part[name] ?? []).forEach((one: Schema, i: number) =>
      nested(faults, `${path}.${name}[${i}]`, one, around, outer, depth + 1),
    );
  if (part.not) nested(faults, `${path}.not`, part.not, around, outer, depth + 1);
}

function defaults(faults: Faults, path: string, schema: Schema, root: boolean, depth: number) {
  if (depth > MAX_DEPTH) return;
  if (schema.default !== undefined) {
    const at = `${path}.default`;
    const unknown: string[] = [];
    prune(schema.default, schema, schema['x-kubernetes-embedded-resource'] === true, '', unknown);
    if (unknown.length) faults.invalid(at, schema.default, 'must not have unknown fields');
    const validator = new Validator();
    validator.validate(schema.default, schema, '');
    duplicates(validator.faults, schema.default, schema, '');
    const tree = validator.faults.list.length ? undefined : ruleTree(schema, root);
    if (tree) checkRules(validator.faults, tree, schema.default, '');
    for (const fault of validator.faults.list)
      faults.list.push({ ...fault, field: fault.field === '<nil>' ? at : `${at}.${fault.field}` });
  }
  for (const [at, inner] of children(schema, path)) defaults(faults, at, inner, false, depth + 1);
}
