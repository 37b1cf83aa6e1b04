// Objects as kubectl's own Go types: some commands read files and overrides so, and print then what a struct always has
// (empty structs, counts, null times), quantities in their shortest form and nothing that the type does not know.

import { decodeStruct } from '../../api/decode.ts';
import { goType } from '../../api/go-order.ts';
import { type TypeCode, type TypeRef, structType } from '../../api/schema.ts';
import { DecodeError, type JsonObject, type KubeObject } from '../../api/types.ts';
import { CommandError, quote } from '../errors.ts';

/** Of a kind that is not built in: the object as it is. `source`: the file that it was read from. */
export function typed(object: KubeObject, source = ''): KubeObject {
  const struct = goType(object);
  const type = structType(struct);
  if (!type) return object;
  try {
    return whole({ code: '@', struct }, decodeStruct(type, object).value) as KubeObject;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new CommandError(source ? `unable to decode ${quote(source)}: ${error.message}` : error.message);
  }
}

/** What Go writes of a required field that is not there; structs and quantities are never missing. */
const ZERO: Partial<Record<TypeCode, unknown>> = { s: '', b: false, i: 0, l: 0, d: 0, x: 0, '[': null, '{': null };
/** An int-or-string by value, which Go's `omitempty` never leaves out. */
const ALWAYS: Record<string, string> = { ServicePort: 'targetPort' };

/** With the required fields that are missing, as the server would refuse them and kubectl prints them. */
function whole(type: TypeRef, value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  const { element } = type;
  if (Array.isArray(value)) return element ? value.map((item) => whole(element, item)) : value;
  const out = { ...value } as JsonObject;
  if (element) for (const key in out) out[key] = whole(element, out[key]);
  const struct = type.struct === undefined ? undefined : structType(type.struct);
  for (const field of struct?.fieldList ?? []) {
    const { name, required, code } = field;
    if (out[name] !== undefined) out[name] = whole(field, out[name]);
    else if (required || ALWAYS[type.struct as string] === name) out[name] = code === '@' ? null : ZERO[code];
    if (out[name] === undefined) delete out[name];
  }
  return out;
}
