// Field errors: paths, types and texts as apimachinery's field package makes them, and a collector for them.

import type { FieldError } from '../types.ts';
import { utf8Length } from '../base64.ts';
import type { Format } from './names.ts';

/** How a value is printed in a message: strings quoted, numbers and booleans plain, the rest as JSON (since v1.34). */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return '"null"';
  return typeof value === 'string' ? quote(value) : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Go's %q for the texts that occur here. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

export const IMMUTABLE = 'field is immutable';

/** Collects the faults of one object, in order. */
export class Faults {
  readonly list: FieldError[] = [];

  required(field: string, detail = '') {
    this.add('FieldValueRequired', field, detail ? `Required value: ${detail}` : 'Required value');
  }

  invalid(field: string, value: unknown, detail = '') {
    const text = valueText(value);
    this.add('FieldValueInvalid', field, detail ? `Invalid value: ${text}: ${detail}` : `Invalid value: ${text}`);
  }

  /** Invalid as a whole: the value is not printed. */
  wrong(field: string, detail: string) {
    this.add('FieldValueInvalid', field, `Invalid value: ${detail}`);
  }

  notSupported(field: string, value: unknown, supported: readonly string[]) {
    const values = supported.map(quote).join(', ');
    this.add('FieldValueNotSupported', field, `Unsupported value: ${valueText(value)}: supported values: ${values}`);
  }

  duplicate(field: string, value: unknown, detail = '') {
    this.add('FieldValueDuplicate', field, `Duplicate value: ${valueText(value)}${detail && `: ${detail}`}`);
  }

  forbidden(field: string, detail: string) {
    this.add('FieldValueForbidden', field, `Forbidden: ${detail}`);
  }

  notFound(field: string, value: unknown, detail = '') {
    this.add('FieldValueNotFound', field, `Not found: ${valueText(value)}${detail && `: ${detail}`}`);
  }

  tooLong(field: string, max: number) {
    this.add('FieldValueTooLong', field, `Too long: may not be more than ${max} bytes`);
  }

  tooMany(field: string, count: number, max: number) {
    this.add('FieldValueTooMany', field, `Too many: ${count}: must have at most ${max} item${max === 1 ? '' : 's'}`);
  }

  /** One fault for each sentence that `format` has against the value. */
  check(field: string, value: string, format: Format) {
    const faults = format(value);
    for (let i = 0; i < faults.length; i++) this.invalid(field, value, faults[i]);
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
    if (typeof value === 'number' && value < 0) this.invalid(field, value, 'must be greater than or equal to 0');
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
