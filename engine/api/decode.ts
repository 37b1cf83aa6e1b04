// Reads JSON values as API types the way Go's JSON decoder and printing back do it together: checks types with
// the decoder's words, notes unknown fields, drops nulls and omitted zeros, fills what Go always prints and
// normalises quantities and times. A value that is already in that form is returned as it is, not copied.

import { QuantityError, canonicalQuantity } from './quantity.ts';
import { structType, type Field, type StructType, type TypeRef } from './schema.ts';
import { normalizeTime } from './time.ts';
import { DecodeError, type JsonObject } from './types.ts';

/** Nesting beyond this is refused: the stack of a browser's sandbox is small. */
const MAX_DEPTH = 90;

/** Structs found clean before, so that a template's Pods are read once. Only large types are worth an entry. */
const clean = new WeakMap<object, StructType>();
const REMEMBERED = new Set(['PodSpec', 'PodTemplateSpec', 'ObjectMeta', 'Affinity']);

const GO_SCALARS: Record<string, string> = {
  s: 'string',
  b: 'bool',
  i: 'int32',
  l: 'int64',
  d: 'float64',
  y: '[]uint8',
  q: 'resource.Quantity',
  t: 'v1.Time',
  m: 'v1.MicroTime',
  x: 'intstr.IntOrString',
  o: 'map[string]interface {}',
  j: 'interface {}',
};
const ZEROS: Record<string, unknown> = {
  s: '',
  b: false,
  i: 0,
  l: 0,
  d: 0,
  y: null,
  q: '0',
  t: null,
  m: null,
  x: 0,
  o: null,
  j: null,
};

interface Reader {
  /** Names and indices from the root, ending with the struct being read. */
  path: (string | number)[];
  strict: string[];
}

/** The value as struct `type`, and the unknown fields found on the way. Throws DecodeError. */
export function decodeStruct(type: StructType, value: unknown): { value: JsonObject; strict: string[] } {
  const reader: Reader = { path: [], strict: [] };
  const decoded = readStruct(reader, type, value, undefined);
  return { value: decoded, strict: reader.strict };
}

function goTypeName(ref: TypeRef): string {
  if (ref.code === '[') return '[]' + goTypeName(ref.element as TypeRef);
  if (ref.code === '{') return 'map[string]' + goTypeName(ref.element as TypeRef);
  if (ref.code !== '@') return GO_SCALARS[ref.code];
  const type = structType(ref.struct as string) as StructType;
  return `${type.goPackage}.${type.goName}`;
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

/** `owner` is the struct whose field holds the value, `field` that field. */
function mismatch(
  reader: Reader,
  owner: StructType | undefined,
  ref: TypeRef,
  value: unknown,
  field?: string,
): DecodeError {
  const integer = (ref.code === 'i' || ref.code === 'l') && typeof value === 'number';
  const what = integer ? `number ${value}` : jsonKind(value);
  const names = reader.path.filter((part) => typeof part === 'string');
  if (field !== undefined) names.push(field);
  const place = owner ? `Go struct field ${owner.goName}.${names.join('.')}` : 'Go value';
  return new DecodeError(`json: cannot unmarshal ${what} into ${place} of type ${goTypeName(ref)}`);
}

function pathText(path: readonly (string | number)[], last: string): string {
  let out = '';
  for (const part of path) out += typeof part === 'number' ? `[${part}]` : out ? `.${part}` : part;
  return out ? `${out}.${last}` : last;
}

function readStruct(reader: Reader, type: StructType, value: unknown, owner: StructType | undefined): JsonObject {
  if (value === null) return zeroStruct(type);
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw mismatch(reader, owner, { code: '@', struct: type.goName }, value);
  }
  if (clean.get(value) === type) return value;
  if (reader.path.length > MAX_DEPTH) throw new DecodeError('exceeded max depth');
  const source = value as JsonObject;
  const fields = type.fields;
  let out: JsonObject | undefined;
  for (const key in source) {
    const field = fields[key];
    if (field === undefined) {
      reader.strict.push(`unknown field "${pathText(reader.path, key)}"`);
      out ??= { ...source };
      delete out[key];
      continue;
    }
    const given = source[key];
    // A component's object may hold undefined for what it leaves out.
    const decoded = given === undefined ? undefined : readField(reader, type, field, given);
    if (decoded === given && given !== undefined) continue;
    out ??= { ...source };
    if (decoded === undefined) delete out[key];
    else out[key] = decoded;
  }
  const always = type.always;
  for (let i = 0; i < always.length; i++) {
    const field = always[i];
    if ((out ?? source)[field.name] !== undefined) continue;
    out ??= { ...source };
    out[field.name] = zeroField(field);
  }
  const result = out ?? source;
  if (REMEMBERED.has(type.goName)) clean.set(result, type);
  return result;
}

function readField(reader: Reader, owner: StructType, field: Field, value: unknown): unknown {
  switch (field.code) {
    case 's':
      if (typeof value === 'string') return value !== '' || field.always || field.pointer ? value : undefined;
      break;
    case 'b':
      if (typeof value === 'boolean') return value || field.always || field.pointer ? value : undefined;
      break;
    case 'i':
    case 'l':
      if (typeof value === 'number' && isInteger(value, field.code)) {
        return value !== 0 || field.always || field.pointer ? value : undefined;
      }
      break;
    case '@': {
      if (value === null) break;
      const type = structType(field.struct as string) as StructType;
      reader.path.push(field.name);
      const decoded = readStruct(reader, type, value, owner);
      reader.path.pop();
      return decoded;
    }
    case '[':
    case '{': {
      if (value === null) break;
      reader.path.push(field.name);
      const decoded = readCollection(reader, owner, field, value);
      reader.path.pop();
      const empty = field.code === '[' ? (decoded as unknown[]).length === 0 : isEmpty(decoded as JsonObject);
      if (!empty) return decoded;
      // The store does not tell an empty list from none, and Go prints none as null where it prints it at all.
      return field.always ? null : undefined;
    }
    default:
      if (value !== null) return readScalar(reader, owner, field, value, field.name);
  }
  if (value === null) return field.always ? zeroField(field) : undefined;
  throw mismatch(reader, owner, field, value, field.name);
}

function readCollection(reader: Reader, owner: StructType, ref: TypeRef, value: unknown): unknown {
  const element = ref.element as TypeRef;
  if (ref.code === '[') {
    if (!Array.isArray(value)) throw mismatch(reader, owner, ref, value);
    let out: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      reader.path.push(i);
      const decoded = readElement(reader, owner, element, value[i]);
      reader.path.pop();
      if (decoded === value[i]) continue;
      out ??= value.slice();
      out[i] = decoded;
    }
    return out ?? value;
  }
  if (typeof value !== 'object' || Array.isArray(value)) throw mismatch(reader, owner, ref, value);
  const source = value as JsonObject;
  const plain = element.code === 's';
  let out: JsonObject | undefined;
  for (const key in source) {
    const given = source[key];
    if (plain && typeof given === 'string') continue;
    let decoded: unknown;
    if (element.code === '@' || element.code === '[' || element.code === '{') {
      // Go's message names the map's field only, an unknown field's path has the key.
      reader.path.push(key);
      decoded = readElement(reader, owner, element, given);
      reader.path.pop();
    } else {
      decoded = readElement(reader, owner, element, given);
    }
    if (decoded === given) continue;
    out ??= { ...source };
    out[key] = decoded;
  }
  return out ?? source;
}

function readElement(reader: Reader, owner: StructType, ref: TypeRef, value: unknown): unknown {
  if (ref.code === '@') return readStruct(reader, structType(ref.struct as string) as StructType, value, owner);
  // The store makes no bytes of null ones.
  if (value === null) return ref.code === 'y' ? '' : ref.code === '[' || ref.code === '{' ? null : zeroOf(ref);
  if (ref.code === '[' || ref.code === '{') return readCollection(reader, owner, ref, value);
  return readScalar(reader, owner, ref, value, undefined);
}

function isInteger(value: number, code: string): boolean {
  if (!Number.isInteger(value)) return false;
  return code === 'i' ? value >= -2147483648 && value <= 2147483647 : Math.abs(value) < 9223372036854775808;
}

function readScalar(
  reader: Reader,
  owner: StructType,
  ref: TypeRef,
  value: unknown,
  field: string | undefined,
): unknown {
  switch (ref.code) {
    case 's':
      if (typeof value === 'string') return value;
      break;
    case 'b':
      if (typeof value === 'boolean') return value;
      break;
    case 'i':
    case 'l':
      if (typeof value === 'number' && isInteger(value, ref.code)) return value;
      break;
    case 'd':
      if (typeof value === 'number') return value;
      break;
    case 'x':
      if (typeof value === 'string' || (typeof value === 'number' && isInteger(value, 'i'))) return value;
      break;
    case 'q':
      if (typeof value === 'string' || typeof value === 'number') {
        try {
          return canonicalQuantity(value);
        } catch (error) {
          if (error instanceof QuantityError) throw new DecodeError(error.message);
          throw error;
        }
      }
      throw new DecodeError(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      );
    case 't':
    case 'm':
      if (typeof value === 'string') {
        const time = normalizeTime(value, ref.code === 'm');
        if (time !== undefined) return time;
        const layout = ref.code === 'm' ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
        throw new DecodeError(
          `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(value)} as "2006"`,
        );
      }
      break;
    case 'y':
      if (typeof value === 'string') {
        const bad = badBase64(value);
        if (bad >= 0) throw new DecodeError(`illegal base64 data at input byte ${bad}`);
        return value;
      }
      break;
    default:
      return value;
  }
  throw mismatch(reader, owner, ref, value, field);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Where Go's base64 decoder stops, or -1 when the text is valid. */
function badBase64(text: string): number {
  if (BASE64.test(text)) return -1;
  let inQuantum = 0;
  let i = 0;
  const skipBreaks = () => {
    while (text[i] === '\n' || text[i] === '\r') i++;
  };
  for (;;) {
    skipBreaks();
    if (i >= text.length) return inQuantum === 0 ? -1 : i - inQuantum;
    const c = text[i++];
    if (/[A-Za-z0-9+/]/.test(c)) {
      inQuantum = (inQuantum + 1) % 4;
      continue;
    }
    if (c !== '=' || inQuantum < 2) return i - 1;
    if (inQuantum === 2) {
      skipBreaks();
      if (i >= text.length) return text.length;
      if (text[i++] !== '=') return i - 1;
    }
    skipBreaks();
    return i < text.length ? i : -1;
  }
}

const isEmpty = (object: JsonObject) => Object.keys(object).length === 0;

const zeroStructs = new Map<StructType, JsonObject>();

/** What Go prints for the zero struct: `{}` and the fields that are always printed. Shared: never change it. */
export function zeroStruct(type: StructType): JsonObject {
  let zero = zeroStructs.get(type);
  if (!zero) {
    zero = {};
    zeroStructs.set(type, zero);
    for (const field of type.always) zero[field.name] = zeroField(field);
  }
  return zero;
}

/** A pointer that is printed is null where there is nothing. */
const zeroField = (field: Field) => (field.pointer ? null : zeroOf(field));

function zeroOf(ref: TypeRef): unknown {
  if (ref.code === '@') return zeroStruct(structType(ref.struct as string) as StructType);
  if (ref.code === '[' || ref.code === '{') return null;
  return ZEROS[ref.code];
}
