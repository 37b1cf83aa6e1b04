// Strategic merge as kustomize does it: lists of a known kind are merged by their keys, with what the patch has in
// front; nulls and `$patch` directives take away.

import { type Field, type StructType, type TypeRef, structNameOf, structType } from '../../api/schema.ts';
import { type Json, copy, gvkOf, isMap } from './resource.ts';

/** The patched object; undefined when the patch deletes it. */
export function mergePatch(object: Json, patch: Json): Json | undefined {
  const { group, version, kind } = gvkOf(object);
  const root = structType(structNameOf(group, version, kind));
  return mergeMap(object, patch, root);
}

const structAt = (ref: TypeRef | undefined): StructType | undefined =>
  ref?.code === '@' ? structType(ref.struct as string) : undefined;

function mergeMap(
  target: Json | undefined,
  patch: Json,
  type: StructType | undefined,
  valueType?: TypeRef,
): Json | undefined {
  const { $patch: directive, ...rest } = patch;
  if (directive === 'delete') return undefined;
  if (directive === 'replace' || !target) return withoutNulls(rest);
  const out: Json = { ...target };
  for (const key in rest) {
    const field = type?.fields[key] ?? valueType;
    const merged = mergeValue(out[key], rest[key], field);
    if (merged === undefined) delete out[key];
    else out[key] = merged;
  }
  return out;
}

function mergeValue(target: unknown, patch: unknown, field: TypeRef | undefined): unknown {
  if (patch === null) return undefined;
  if (isMap(patch))
    return mergeMap(
      isMap(target) ? target : undefined,
      patch,
      structAt(field),
      field?.code === '{' ? field.element : undefined,
    );
  if (!Array.isArray(patch)) return patch;
  const rule = (field as Field | undefined)?.rule;
  if (!Array.isArray(target) || !rule?.patchStrategy?.includes('merge')) return mergedList(patch);
  if (!rule.patchMergeKey) return [...target, ...patch.filter((item) => !target.includes(item))];
  return mergeList(target, patch, rule.listMapKeys ?? [rule.patchMergeKey], structAt(field?.element));
}

/** A list that takes the place of another, or stands where none was. */
function mergedList(patch: unknown[]): unknown[] {
  return patch.filter((item) => !isMap(item) || item.$patch === undefined).map(withoutNulls);
}

function mergeList(
  target: unknown[],
  patch: unknown[],
  keys: readonly string[],
  type: StructType | undefined,
): unknown[] {
  if (patch.some((item) => isMap(item) && item.$patch === 'replace' && Object.keys(item).length === 1))
    return mergedList(patch);
  const used = keys.filter((key) => [...target, ...patch].some((item) => isMap(item) && item[key] !== undefined));
  const matches = (item: Json, among: readonly string[]) => (other: unknown) =>
    isMap(other) && among.every((key) => other[key] === item[key]);
  const merged: unknown[] = [];
  const left: unknown[] = target.slice();
  for (const item of patch) {
    if (!isMap(item)) {
      merged.push(item);
      continue;
    }
    const at = left.findIndex(matches(item, used));
    if (at >= 0) {
      // To replace a single element is a wish that kustomize does not grant: it stays as it was.
      const value = item.$patch === 'replace' ? (left[at] as Json) : mergeMap(left[at] as Json, item, type);
      // With several keys (ports) an element stays where it was; with one it comes to the front.
      if (value && used.length > 1) left[at] = value;
      else left.splice(at, 1);
      if (value && used.length === 1) merged.push(value);
      continue;
    }
    // What names only some of the keys of an element means none.
    const given = used.filter((key) => item[key] !== undefined);
    if (given.length < used.length && left.some(matches(item, given))) continue;
    const added = mergeMap(undefined, item, type);
    if (added && item.$patch !== 'delete') merged.push(added);
  }
  return [...merged, ...left];
}

function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutNulls) as T;
  if (!isMap(value)) return value;
  const out: Json = {};
  for (const key in value) if (value[key] !== null && key !== '$patch') out[key] = withoutNulls(value[key]);
  return copy(out) as T;
}
