// Whether an applied configuration fits the types of its kind, in the words of structured-merge-diff, which reads it
// before anything else does.

import { structType, type Field, type StructType, type TypeRef } from '../../api/schema.ts';
import type { ListRule } from '../../api/types.ts';
import { goMap } from '../patch/strategic-merge.ts';
import { elementOf, shownKey } from './schema-walk.ts';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What does not fit, a text for each; `.spec.replicas: expected numeric (int or float), got string`. */
export function typeFaults(type: StructType, value: unknown): string[] {
  const faults: string[] = [];
  struct(faults, type, value, '');
  return faults;
}

function struct(faults: string[], type: StructType, value: unknown, path: string) {
  if (!isObject(value)) {
    faults.push(`${path}: expected map, got &{${goMap(value)}}`);
    return;
  }
  for (const key in value) {
    const field: Field | undefined = type.fields[key];
    if (field?.code === 's' && typeof value[key] === 'string') continue;
    if (field) check(faults, field, value[key], `${path}.${key}`, field.rule);
    else faults.push(`${path}.${key}: field not declared in schema`);
  }
}

function check(faults: string[], ref: TypeRef, value: unknown, path: string, rule?: ListRule) {
  if (value === null || value === undefined) return;
  const expected = (what: string, got: string) => faults.push(`${path}: expected ${what}, got ${got}`);
  switch (ref.code) {
    case '@':
      struct(faults, structType(ref.struct as string) as StructType, value, path);
      break;
    case '[':
      if (Array.isArray(value)) items(faults, ref.element as TypeRef, value, path, rule);
      else expected('list', `&{${goMap(value)}}`);
      break;
    case '{':
      if (!isObject(value)) expected('map', `&{${goMap(value)}}`);
      else for (const key in value) check(faults, ref.element as TypeRef, value[key], `${path}.${key}`);
      break;
    case 's':
    case 'y':
      if (typeof value !== 'string') expected('string', `&value.valueUnstructured{Value:${goSyntax(value)}}`);
      break;
    case 'b':
      if (typeof value !== 'boolean') expected('boolean', `&{${goMap(value)}}`);
      break;
    case 'i':
    case 'l':
    case 'd':
      if (typeof value !== 'number') expected('numeric (int or float)', goType(value));
      break;
    case 'q':
    case 't':
    case 'm':
    case 'x':
      if (typeof value === 'object') expected('any scalar', `&{${goMap(value)}}`);
      break;
    default:
  }
}

function items(faults: string[], ref: TypeRef, list: readonly unknown[], path: string, rule: ListRule | undefined) {
  for (let i = 0; i < list.length; i++) {
    if (ref.code === 's' && typeof list[i] === 'string' && rule?.listType !== 'map') continue;
    const why = rule && noElement(rule, list[i]);
    if (why) faults.push(`${path}: element ${i}: ${why}`);
    else check(faults, ref, list[i], path + (rule?.listType === 'map' ? shownKey(elementOf(rule, list[i])) : `[${i}]`));
  }
}

/** Why something cannot stand in a list whose elements are told apart. */
function noElement(rule: ListRule, item: unknown): string | undefined {
  if (rule.listType === 'set') {
    if (item === null) return "associative list without keys has an element that's an explicit null";
    if (Array.isArray(item)) return 'not supported: associative list with lists as elements';
    return isObject(item) ? "associative list without keys has an element that's a map type" : undefined;
  }
  if (rule.listType !== 'map') return undefined;
  if (item === null) return 'associative list with keys may not have a null element';
  if (!isObject(item)) return 'associative list with keys may not have non-map elements';
  const present = JSON.parse(elementOf(rule, item).slice(2)) as Json;
  const missing = rule.listMapKeys?.find((key) => present[key] === undefined);
  return missing === undefined
    ? undefined
    : `associative list with keys has an element that omits key field ${JSON.stringify(missing)} (and doesn't have default value)`;
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isObject(value)) return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

/** As Go's %#v shows it. */
function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (!isObject(value)) return typeof value === 'string' ? JSON.stringify(value) : String(value);
  const keys = Object.keys(value).sort();
  return `map[string]interface {}{${keys.map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`).join(', ')}}`;
}
