// Validation of a value by an OpenAPI v3 schema, with the words and in the order of the validator that kube-apiserver
// uses. What an update leaves as it was is not validated again (ratcheting).

import { goRegExp } from '../../api/regexp.ts';
import { Faults, Typed, valueText } from '../../api/validation/field.ts';
import { equal } from '../equal.ts';
import { FORMATS } from './formats.ts';
import { isObject, type Schema } from './structural.ts';

/** In place of an old value: there is nothing to compare with. */
export const NEW = Symbol('new');

const MAX_DEPTH = 60;
/** The first release that speaks of bytes, though it counts characters. */
const BYTES_SINCE = 32;

/** The JSON type of a value as messages name it. */
export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** Types that a schema allows, as messages join them; '' for all. */
export function typesOf(schema: Schema): string {
  return schema['x-kubernetes-int-or-string'] ? 'integer,string' : (schema.type ?? '');
}

function hasType(value: unknown, schema: Schema): boolean {
  const types = typesOf(schema);
  if (types === '') return true;
  if (value === null) return schema.nullable === true;
  const type = typeOf(value);
  return types.split(',').includes(type) || (types === 'number' && type === 'integer');
}

export class Validator {
  readonly faults: Faults;

  /** `minor`: of the release that judges. */
  constructor(minor?: number) {
    this.faults = new Faults(minor);
  }

  validate(value: unknown, schema: Schema, path: string, old: unknown = NEW, depth = 0) {
    if (depth > MAX_DEPTH || (old !== NEW && equal(value, old))) return;
    if (!hasType(value, schema)) this.wrongType(path, typeOf(value), typesOf(schema));
    this.combined(value, schema, path, old, depth);
    if (typeof value === 'string') this.string(value, schema, path);
    else if (typeof value === 'number') this.number(value, schema, path);
    else if (Array.isArray(value)) this.array(value, schema, path, old, depth);
    if (schema.enum && !(value === null && schema.nullable)) this.enumeration(value, schema.enum, path);
    if (isObject(value)) this.object(value, schema, path, old, depth);
  }

  private wrongType(path: string, shown: string, wanted: string) {
    this.faults.list.push({
      type: 'FieldValueTypeInvalid',
      field: fieldName(path),
      message: `Invalid value: ${JSON.stringify(shown)}: ${path} in body must be of type ${wanted}: ${JSON.stringify(shown)}`,
    });
  }

  private wrong(path: string, value: unknown, why: string) {
    this.faults.invalid(fieldName(path), value, `${path} in body ${why}`);
  }

  /** A fault that no field is named for. */
  private general(text: string) {
    this.faults.invalid('<nil>', '', text);
  }

  /** The faults that `schema` alone would find. */
  private trial(value: unknown, schema: Schema, path: string, old: unknown, depth: number): Validator {
    const trial = new Validator(this.faults.minor);
    trial.validate(value, schema, path, old, depth + 1);
    return trial;
  }

  private combined(value: unknown, schema: Schema, path: string, old: unknown, depth: number) {
    const { anyOf, oneOf, allOf, not } = schema;
    const shown = JSON.stringify(path);
    if (anyOf) {
      const trials = (anyOf as Schema[]).map((one) => this.trial(value, one, path, old, depth));
      if (!trials.some((trial) => trial.faults.list.length === 0)) {
        this.general(`${shown} must validate at least one schema (anyOf)`);
        this.faults.list.push(...trials[0].faults.list);
      }
    }
    if (oneOf) {
      const trials = (oneOf as Schema[]).map((one) => this.trial(value, one, path, old, depth));
      const fit = trials.filter((trial) => trial.faults.list.length === 0).length;
      if (fit !== 1) {
        this.general(
          `${shown} must validate one and only one schema (oneOf). Found ${fit ? `${fit} valid alternatives` : 'none valid'}`,
        );
        if (!fit && trials.length) this.faults.list.push(...trials[0].faults.list);
      }
    }
    if (allOf) {
      let fit = 0;
      for (const one of allOf as Schema[]) {
        const trial = this.trial(value, one, path, old, depth);
        if (trial.faults.list.length === 0) fit++;
        this.faults.list.push(...trial.faults.list);
      }
      if (fit < allOf.length)
        this.general(`${shown} must validate all the schemas (allOf)${fit ? '' : '. None validated'}`);
    }
    if (not && this.trial(value, not, path, old, depth).faults.list.length === 0)
      this.general(`${shown} must not validate the schema (not)`);
  }

  private string(value: string, schema: Schema, path: string) {
    const { maxLength, minLength, pattern, format } = schema;
    if (maxLength !== undefined || minLength !== undefined) {
      // Characters, not code units.
      let length = value.length;
      for (const _ of value.match(/[\ud800-\udbff][\udc00-\udfff]/g) ?? []) length--;
      if (maxLength !== undefined && length > maxLength) {
        if (this.faults.minor >= BYTES_SINCE) this.faults.tooLong(fieldName(path), maxLength);
        else
          this.faults.list.push({
            type: 'FieldValueTooLong',
            field: fieldName(path),
            message: `Too long: may not be longer than ${maxLength}`,
          });
      }
      if (minLength !== undefined && length < minLength)
        this.wrong(path, value, `should be at least ${minLength} chars long`);
    }
    if (pattern) {
      const regexp = goRegExp(pattern);
      if (regexp && !regexp.test(value)) this.wrong(path, value, `should match '${pattern}'`);
    }
    if (format && FORMATS[format] && !FORMATS[format](value)) this.wrongType(path, value, format);
  }

  private number(value: number, schema: Schema, path: string) {
    const { multipleOf, maximum, minimum, exclusiveMaximum, exclusiveMinimum } = schema;
    if (multipleOf && !Number.isInteger(value / multipleOf))
      this.wrong(path, value, `should be a multiple of ${multipleOf}`);
    if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum))
      this.wrong(path, value, `should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
    if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum))
      this.wrong(path, value, `should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }

  private array(value: readonly unknown[], schema: Schema, path: string, old: unknown, depth: number) {
    const { items, minItems, maxItems } = schema;
    if (isObject(items)) {
      const before = correlated(schema, old);
      for (let i = 0; i < value.length; i++)
        this.validate(value[i], items, `${path}[${i}]`, before?.(value[i]) ?? NEW, depth + 1);
    }
    if (minItems !== undefined && value.length < minItems)
      this.wrong(path, value.length, `should have at least ${minItems} items`);
    if (maxItems !== undefined && value.length > maxItems) this.tooMany(path, value.length, maxItems);
  }

  private tooMany(path: string, count: number, max: number) {
    this.faults.list.push({
      type: 'FieldValueTooMany',
      field: fieldName(path),
      message: `Too many: ${count}: must have at most ${max} items`,
    });
  }

  private enumeration(value: unknown, allowed: readonly unknown[], path: string) {
    for (const one of allowed) if (equal(one, value)) return;
    const texts = allowed.map((one) => JSON.stringify(typeof one === 'string' ? one : JSON.stringify(one)));
    this.faults.list.push({
      type: 'FieldValueNotSupported',
      field: fieldName(path),
      message: `Unsupported value: ${valueText(value)}: supported values: ${texts.join(', ')}`,
    });
  }

  private object(value: Schema, schema: Schema, path: string, old: unknown, depth: number) {
    const { properties, additionalProperties, required, minProperties, maxProperties } = schema;
    if (minProperties !== undefined || maxProperties !== undefined) {
      const count = Object.keys(value).length;
      if (minProperties !== undefined && count < minProperties)
        this.wrong(path, count, `should have at least ${minProperties} properties`);
      if (maxProperties !== undefined && count > maxProperties) this.tooMany(path, count, maxProperties);
    }
    const before = isObject(old) ? old : undefined;
    const field = (key: string, inner: Schema) => {
      const was = before && before[key] !== undefined ? before[key] : NEW;
      this.validate(value[key], inner, path ? `${path}.${key}` : key, was, depth + 1);
    };
    const others = isObject(additionalProperties) ? additionalProperties : undefined;
    for (const key of Object.keys(value).sort()) {
      const inner = properties?.[key] ?? others;
      if (inner) field(key, inner);
    }
    for (const key of (required ?? []) as string[])
      if (value[key] === undefined) this.faults.required(path ? `${path}.${key}` : key);
  }
}

/** Where in an old list the items of a list that is a map were; undefined when items cannot be told apart. */
export function correlated(schema: Schema, old: unknown): ((item: unknown) => unknown) | undefined {
  if (!Array.isArray(old) || schema['x-kubernetes-list-type'] !== 'map') return undefined;
  const keys: string[] = schema['x-kubernetes-list-map-keys'] ?? [];
  const keyOf = (item: unknown) => JSON.stringify(keys.map((key) => (item as Schema)?.[key]));
  const items = new Map<string, unknown>();
  for (const item of old) items.set(keyOf(item), item);
  return (item) => items.get(keyOf(item));
}

const fieldName = (path: string): string => path || '<nil>';

/** Duplicates in lists that are sets or maps; `old` ones that were there before pass. */
export function duplicates(
  faults: Faults,
  value: unknown,
  schema: Schema,
  path: string,
  old: unknown = NEW,
  depth = 0,
) {
  if (depth > MAX_DEPTH || (old !== NEW && equal(value, old))) return;
  if (Array.isArray(value)) {
    const type = schema['x-kubernetes-list-type'];
    if (type === 'set' || type === 'map') {
      const keys: string[] = schema['x-kubernetes-list-map-keys'] ?? [];
      const seen = new Set<string>();
      value.forEach((item, i) => {
        const key: unknown =
          type === 'set'
            ? item
            : Object.fromEntries(keys.filter((k) => item?.[k] !== undefined).map((k) => [k, item[k]]));
        const text = JSON.stringify(key);
        const shown = type === 'map' ? new Typed('map[string]interface {}', key) : key;
        if (seen.has(text)) faults.duplicate(`${path}[${i}]`, shown);
        seen.add(text);
      });
    }
    if (!isObject(schema.items)) return;
    const before = correlated(schema, old);
    for (let i = 0; i < value.length; i++)
      duplicates(faults, value[i], schema.items, `${path}[${i}]`, before?.(value[i]) ?? NEW, depth + 1);
    return;
  }
  if (!isObject(value)) return;
  const others = isObject(schema.additionalProperties) ? schema.additionalProperties : undefined;
  const before = isObject(old) ? old : undefined;
  for (const key in value) {
    const inner = schema.properties?.[key] ?? others;
    if (inner) duplicates(faults, value[key], inner, path ? `${path}.${key}` : key, before?.[key] ?? NEW, depth + 1);
  }
}
