// The structure of the built-in kinds, read lazily from the compact text in generated/schema.ts, and of what a new
// cluster has none of in generated/further-schema.ts (part `schema`).
//
// A line of TYPES is a type: its name and its fields `name:type marks`. Types are s string, b bool, i int32,
// l int64, d double, y base64 bytes, q quantity, t Time, m MicroTime, x int-or-string, o any object, j any JSON,
// @T a struct, [T a list, {T a map. Marks: ! required, ? required but left out when zero, = optional but printed even
// when zero (a struct by value), * a pointer whose zero is kept (printed as null with ! and =), ~ a set and ~key,key a map list, % an atomic and & a granular map, ^ patch strategy
// merge with its key, > retainKeys, < replace. A name that ends in % is an atomic struct.

import { part } from '../parts/index.ts';
import { TYPES } from './generated/schema.ts';
import type { ListRule } from './types.ts';

export type TypeCode = 's' | 'b' | 'i' | 'l' | 'd' | 'y' | 'q' | 't' | 'm' | 'x' | 'o' | 'j' | '@' | '[' | '{';

export interface TypeRef {
  code: TypeCode;
  /** Name of the struct, for '@'. */
  struct?: string;
  /** Element type of a list or map. */
  element?: TypeRef;
}

export interface Field extends TypeRef {
  name: string;
  /** The client must give it, says the schema. */
  required: boolean;
  /** Printed even when zero; fills itself when absent. */
  always: boolean;
  /** A zero scalar is kept when it is given. */
  pointer: boolean;
  rule?: ListRule;
}

export interface StructType {
  /** As Go's messages name it: 'DeploymentSpec'. */
  goName: string;
  /** Go package, which Go's messages put before a type: 'v1'. */
  goPackage: string;
  /** Without prototype; looked up by every field of every document. */
  fields: Record<string, Field>;
  fieldList: Field[];
  /** Fields that fill themselves. */
  always: Field[];
  atomic: boolean;
}

let common: Record<string, string> | undefined;
let further: Record<string, string> | undefined;
const structs: Record<string, StructType> = Object.create(null);

/** Name, lists and maps around the type, type, marks. */
const FIELD = /^(.*?):([[{]*)(@[\w.]*|.)(.*)$/;

const PATCH_STRATEGIES: Record<string, string> = {
  '^': 'merge',
  '>': 'retainKeys',
  '^>': 'merge,retainKeys',
  '<': 'replace',
};

function parseField(text: string): Field {
  const [, name, around, type, marks] = FIELD.exec(text) as RegExpExecArray;
  let ref: TypeRef = type[0] === '@' ? { code: '@', struct: type.slice(1) } : { code: type as TypeCode };
  for (let i = around.length - 1; i >= 0; i--) ref = { code: around[i] as TypeCode, element: ref };
  if (marks === '') {
    const field: Field = { ...ref, name, required: false, always: false, pointer: false };
    if (around[0] === '[') field.rule = { listType: 'atomic' };
    return field;
  }
  const field: Field = {
    ...ref,
    name,
    required: /[!?]/.test(marks),
    always: /[!=]/.test(marks),
    pointer: marks.includes('*'),
  };
  const rule: ListRule = {};
  const list = /~([^%&^><]*)/.exec(marks);
  if (list) {
    rule.listType = list[1] ? 'map' : 'set';
    if (list[1]) rule.listMapKeys = list[1].split(',');
  } else if (ref.code === '[') {
    rule.listType = 'atomic';
  }
  if (marks.includes('%')) rule.mapType = 'atomic';
  if (marks.includes('&')) rule.mapType = 'granular';
  const patch = /([\^><]+)([\w.-]*)$/.exec(marks);
  if (patch) {
    rule.patchStrategy = PATCH_STRATEGIES[patch[1]];
    if (patch[2]) rule.patchMergeKey = patch[2];
  }
  if (rule.listType || rule.mapType || rule.patchStrategy) field.rule = rule;
  return field;
}

/** The lines of a text by the names of their structs. */
function linesOf(text: string): Record<string, string> {
  const lines = Object.create(null) as Record<string, string>;
  for (const line of text.split('\n')) if (line) lines[line.slice(0, line.search(/[ %]|$/))] = line;
  return lines;
}

/** Whether a new cluster has structs of that name. */
export const isCommon = (name: string): boolean => (common ??= linesOf(TYPES))[name] !== undefined;

/** The struct of that name ('PodSpec', 'v2.MetricSpec'); undefined when the catalogue has none. */
export function structType(name: string): StructType | undefined {
  const known = structs[name];
  if (known) return known;
  const line = (common ??= linesOf(TYPES))[name] ?? (further ??= linesOf(part('schema').FURTHER_TYPES))[name];
  return line === undefined ? undefined : registerStruct(name, line);
}

/** Adds a struct from its line in the notation above. */
export function registerStruct(name: string, line: string): StructType {
  const parts = line.split(' ');
  const fieldList = parts.slice(1).filter(Boolean).map(parseField);
  const fields: Record<string, Field> = Object.create(null);
  for (const field of fieldList) fields[field.name] = field;
  const names = name.split('.');
  const type: StructType = {
    goName: names[names.length - 1],
    goPackage: names.length > 1 ? names[names.length - 2] : 'v1',
    fields,
    fieldList,
    always: fieldList.filter((f) => f.always),
    atomic: parts[0].endsWith('%'),
  };
  structs[name] = type;
  return type;
}

/** Name in the catalogue of the struct behind a kind: 'Pod', 'v2.HorizontalPodAutoscaler', 'events.v1.Event'. */
export function structNameOf(group: string, version: string, kind: string): string {
  // v1beta1 is what older releases serve of kinds that v1 has the same.
  const short = version === 'v1' || version === 'v1beta1' ? kind : `${version}.${kind}`;
  const qualified = `${group.split('.')[0] || 'core'}.${version}.${kind}`;
  return isCommon(qualified) ? qualified : short;
}
