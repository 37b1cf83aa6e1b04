// Field errors: paths, types and texts as apimachinery's field package makes them, and a collector for them.

import { part } from '../../parts/index.ts';
import type { FieldError } from '../types.ts';
import { utf8Length } from '../base64.ts';
import type { Format } from './names.ts';

/** The first release whose messages have values as JSON. */
const JSON_SINCE = 34;

/** A value of a struct or list that Go prints with the fields of its internal type: 'policy.PodDisruptionBudgetSpec'. */
export class Typed {
  readonly type: string;
  readonly value: unknown;

  constructor(type: string, value: unknown) {
    this.type = type;
    this.value = value;
  }
}

/** How a value is printed in a message: strings quoted, numbers and booleans plain, the rest as JSON (since v1.34). */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return '"null"';
  return typeof value === 'string'
    ? quote(value)
    : typeof value === 'object'
      ? JSON.stringify(value, mapsSorted)
      : String(value);
}

/** Fields that are maps in Go, whose encoder sorts them. */
const MAPS = new Set(['annotations', 'labels', 'limits', 'matchLabels', 'nodeSelector', 'requests']);

function mapsSorted(key: string, value: unknown): unknown {
  if (!MAPS.has(key) || !value || typeof value !== 'object' || Array.isArray(value)) return value;
  const map = value as Record<string, unknown>;
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(map).sort()) out[name] = map[name];
  return out;
}

/** Go's %q for the texts that occur here. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

export const IMMUTABLE = 'field is immutable';

/** Collects the faults of one object, in order. */
export class Faults {
  readonly list: FieldError[] = [];
  /** Of the release that judges: 35 of v1.35. */
  readonly minor: number;

  constructor(minor = 35) {
    this.minor = minor;
  }

  private text(field: string, value: unknown): string {
    if (value instanceof Typed) return part('schema').typedText(value.type, value.value, this.minor < JSON_SINCE);
    const old =
      this.minor < JSON_SINCE && typeof value !== 'boolean' ? part('schema').goValueText(field, value) : undefined;
    return old ?? valueText(value);
  }

  required(field: string, detail = '') {
    this.add('FieldValueRequired', field, detail ? `Required value: ${detail}` : 'Required value');
  }

  invalid(field: string, value: unknown, detail = '') {
    const text = this.text(field, value);
    this.add('FieldValueInvalid', field, detail ? `Invalid value: ${text}: ${detail}` : `Invalid value: ${text}`);
  }

  /** Invalid as a whole: the value is not printed. */
  wrong(field: string, detail: string) {
    this.add('FieldValueInvalid', field, `Invalid value: ${detail}`);
  }

  notSupported(field: string, value: unknown, supported: readonly string[]) {
    const values = supported.map(quote).join(', ');
    this.add(
      'FieldValueNotSupported',
      field,
      `Unsupported value: ${this.text(field, value)}: supported values: ${values}`,
    );
  }

  duplicate(field: string, value: unknown, detail = '') {
    this.add('FieldValueDuplicate', field, `Duplicate value: ${this.text(field, value)}${detail && `: ${detail}`}`);
  }

  forbidden(field: string, detail: string) {
    this.add('FieldValueForbidden', field, `Forbidden: ${detail}`);
  }

  notFound(field: string, value: unknown, detail = '') {
    this.add('FieldValueNotFound', field, `Not found: ${this.text(field, value)}${detail && `: ${detail}`}`);
  }

  tooLong(field: string, max: number) {
    const limit = this.minor < 32 ? 'must have at most' : 'may not be more than';
    this.add('FieldValueTooLong', field, `Too long: ${limit} ${max} bytes`);
  }

  tooMany(field: string, count: number, max: number) {
    this.add('FieldValueTooMany', field, `Too many: ${count}: must have at most ${max} item${max === 1 ? '' : 's'}`);
  }

  /** One fault for each sentence that `format` has against the value. */
  check(field: string, value: string, format: Format) {
    const faults = format(value);
    for (let i = 0; i < faults.length; i++) this.invalid(field, value, this.worded(faults[i]));
  }

  /** Lengths were counted in characters, it was said, until v1.31. */
  private worded(detail: string): string {
    return this.minor < 32 ? detail.replace(/^(must be no more than \d+) bytes$/, '$1 characters') : detail;
  }

  oneOf(field: string, value: string | undefined, supported: readonly string[]) {
    if (value === undefined || value === '') this.required(field);
    else this.ifNot(field, value, supported);
  }

  /** A fault when the value is given and not one of those supported. */
  ifNot(field: string, value: string | undefined | null, supported: readonly string[]) {
    if (value !== undefined && value !== null && !supported.includes(value)) this.notSupported(field, value, supported);
  }

  nonNegative(field: string, value: number | undefined | null) {
    if (typeof value === 'number' && value < 0)
      this.add('FieldValueInvalid', field, `Invalid value: ${value}: must be greater than or equal to 0`);
  }

  /** One fault whose value is of the given range's outside. */
  between(field: string, value: number | undefined | null, least: number, most: number) {
    if (typeof value === 'number' && (value < least || value > most))
      this.invalid(field, value, `must be between ${least} and ${most}, inclusive`);
  }

  positive(field: string, value: number | undefined | null) {
    if (typeof value === 'number' && value <= 0) this.invalid(field, value, 'must be greater than zero');
  }

  private add(type: FieldError['type'], field: string, message: string) {
    this.list.push({ type, field, message });
  }
}

export { utf8Length };
