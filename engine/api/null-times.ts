// `creationTimestamp: null`, which Go's JSON had until v1.33 in every metadata without time of creation (of a template).

import { structType, type StructType } from './schema.ts';
import type { JsonObject } from './types.ts';

/** The first release (v1.34) that leaves it out. */
export const NO_NULL_TIMES = 34;

/** For each struct the fields below which there is a metadata; undefined while it is being found out. */
const leading = new Map<StructType, string[]>();

function fieldsToMetadata(type: StructType): string[] {
  const known = leading.get(type);
  if (known) return known;
  // A struct that contains itself (JSON schemas do) leads nowhere new.
  leading.set(type, []);
  const out: string[] = [];
  for (const field of type.fieldList) {
    const name = field.struct ?? field.element?.struct;
    const inner = name === undefined ? undefined : structType(name);
    if (inner && (inner.goName === 'ObjectMeta' || fieldsToMetadata(inner).length)) out.push(field.name);
  }
  leading.set(type, out);
  return out;
}

function inStruct(type: StructType, value: JsonObject): JsonObject {
  if (type.goName === 'ObjectMeta') {
    return value.creationTimestamp === undefined ? { ...value, creationTimestamp: null } : value;
  }
  let out = value;
  for (const name of fieldsToMetadata(type)) {
    const given = value[name] as JsonObject | JsonObject[] | null | undefined;
    if (given === undefined || given === null) continue;
    const field = type.fields[name];
    const inner = structType((field.struct ?? field.element?.struct) as string) as StructType;
    const shown = Array.isArray(given) ? given.map((one) => inStruct(inner, one)) : inStruct(inner, given);
    out = { ...out, [name]: shown };
  }
  return out;
}

/** A value of that struct as a release that prints null times shows it. */
export function nullTimesIn(struct: string, value: JsonObject): JsonObject {
  const type = structType(struct);
  return type ? inStruct(type, value) : value;
}
