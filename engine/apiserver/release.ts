// What an older release answers differently. A cluster's `version` says which release its API server is; where one is
// older than v1.35, the differences that clients see in the form of objects are here.

import { structNameOf, structType, type StructType } from '../api/schema.ts';
import type { JsonObject, KubeObject, ResourceInfo } from '../api/types.ts';

/** The minor number of 'v1.28.4': 28. */
export const minorOf = (version: string): number => Number(/^v?1\.(\d+)/.exec(version)?.[1] ?? 35);

/** Until v1.33 a metadata without time of creation (of a template) printed `creationTimestamp: null`. */
export const printsNullTimes = (version: string): boolean => minorOf(version) < 34;

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

/** `object` as a release that prints null times shows it. */
export function withNullTimes(info: ResourceInfo, object: KubeObject): KubeObject {
  const type = structType(structNameOf(info.group, info.version, info.kind));
  return type ? (inStruct(type, object) as KubeObject) : object;
}
