// The hashes that name ReplicaSets and ControllerRevisions: FNV over what Go's reflection prints of a Pod template
// (controller.ComputeHash with go-spew's %#v), or over the JSON of a revision (history.HashControllerRevision).

import { goFields, quantityText, ZERO_TIME } from './go-structs.ts';
import { canonicalQuantity } from '../api/quantity.ts';
import type { PodTemplateSpec } from '../api/types.ts';
import type { TypeRef } from '../api/schema.ts';
import { encode } from '../linux/bytes.ts';

// k8s.io/apimachinery/pkg/util/rand: SafeEncodeString maps each character into this alphabet.
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** A property read less for each of thousands of characters. */
const { imul } = Math;
const OPEN = encode('{');
const CLOSE = encode('}');
const MAX_DEPTH = 32;
/** Seconds from the year 1, where Go's clock starts, to 1970. */
const UNIX_TO_INTERNAL = 62_135_596_800;
/** time.Local in a container without time zone. */
const LOCAL =
  '(*time.Location){name:(string)UTC zone:([]time.zone)<nil> tx:([]time.zoneTrans)<nil> extend:(string) cacheStart:(int64)0 cacheEnd:(int64)0 cacheZone:(*time.zone)<nil>}';

/** FNV-1a of all that was written so far. */
let state = FNV_OFFSET;

const write = (text: string) => writeBytes(encode(text));

function writeBytes(bytes: Uint8Array) {
  const { length } = bytes;
  let hash = state;
  let i = 0;
  // Most of tens of thousands of bytes are the names of types: four at a time take half the steps.
  for (; i + 3 < length; i += 4) {
    hash = imul(hash ^ bytes[i], FNV_PRIME);
    hash = imul(hash ^ bytes[i + 1], FNV_PRIME);
    hash = imul(hash ^ bytes[i + 2], FNV_PRIME);
    hash = imul(hash ^ bytes[i + 3], FNV_PRIME);
  }
  for (; i < length; i++) hash = imul(hash ^ bytes[i], FNV_PRIME);
  state = hash;
}

function safeEncode(hash: number): string {
  const digits = String(hash >>> 0);
  let out = '';
  for (let i = 0; i < digits.length; i++) out += SAFE[digits.charCodeAt(i) % SAFE.length];
  return out;
}

/** The pod-template-hash of a release's controllers; a count of collisions goes into it when there is one. */
export function templateHash(template: PodTemplateSpec, minor: number, collisionCount: number | undefined): string {
  state = FNV_OFFSET;
  write('(v1.PodTemplateSpec)');
  writeStruct('PodTemplateSpec', template as Record<string, unknown>, minor, 0);
  // Little-endian, in eight bytes.
  if (collisionCount !== undefined) writeBytes(new Uint8Array(new Uint32Array([collisionCount, 0]).buffer));
  return safeEncode(state);
}

/** Of a revision's JSON; the count of collisions follows it as text. FNV-1, not FNV-1a. */
export function revisionHash(json: string, collisionCount: number): string {
  const bytes = encode(json + collisionCount);
  let hash = FNV_OFFSET;
  for (let i = 0; i < bytes.length; i++) hash = imul(hash, FNV_PRIME) ^ bytes[i];
  return safeEncode(hash);
}

function writeStruct(struct: string, value: Record<string, unknown>, minor: number, depth: number) {
  if (depth > MAX_DEPTH) throw new Error('pod template is nested too deeply');
  const fields = goFields(struct, minor);
  writeBytes(OPEN);
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i];
    const given = value[field.name];
    if (given === undefined || given === null || isEmpty(field.code, given)) {
      writeBytes((field.absentBytes ??= encode(field.absent)));
      continue;
    }
    writeBytes((field.openBytes ??= encode(field.open)));
    writeValue(field, given, minor, depth + 1);
    if (field.close) writeBytes(CLOSE);
  }
  writeBytes(CLOSE);
}

/** Empty lists and maps do not survive the protobuf between API server and controller. */
function isEmpty(code: string, value: unknown): boolean {
  if (code === '[') return (value as unknown[]).length === 0;
  if (code !== '{') return false;
  for (const _ in value as object) return false;
  return true;
}

function writeValue(type: TypeRef, value: unknown, minor: number, depth: number) {
  switch (type.code) {
    case '@':
      return writeStruct(type.struct as string, value as Record<string, unknown>, minor, depth);
    case '[': {
      const list = value as unknown[];
      for (let i = 0; i < list.length; i++) {
        write(i ? ' ' : '[');
        writeValue(type.element as TypeRef, list[i], minor, depth);
      }
      return write(']');
    }
    case '{': {
      const map = value as Record<string, unknown>;
      let separator = 'map[';
      for (const key of Object.keys(map).sort()) {
        write(`${separator}${key}:`);
        writeValue(type.element as TypeRef, map[key], minor, depth);
        separator = ' ';
      }
      return write(']');
    }
    case 'q':
      return write(quantity(canonicalQuantity(value as string)));
    case 'x': {
      const text = typeof value === 'string';
      return write(
        `{Type:(intstr.Type)${text ? 1 : 0} IntVal:(int32)${text ? 0 : value} StrVal:(string)${text ? value : ''}}`,
      );
    }
    case 't': {
      const seconds = Date.parse(value as string) / 1000 + UNIX_TO_INTERNAL;
      return write(ZERO_TIME.replace('ext:(int64)0', `ext:(int64)${seconds}`).replace('(*time.Location)<nil>', LOCAL));
    }
    case 'o':
      return write(`{Raw:([]uint8)[${encode(JSON.stringify(value)).join(' ')}]}`);
    default:
      return write(String(value));
  }
}

const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DIGITS = 18;
const NANO = -9;
/** Big numbers are rounded to nanos. */
const PLACES = 9n;
const MAX_INT64 = (1n << 63n) - 1n;
const WORD = 1n << 64n;

/** A canonical quantity as ParseQuantity leaves it: an int64 with a power of ten, or a big decimal when that is tight. */
function quantity(text: string): string {
  if (text === '0') return quantityText('0', text, 0, 'DecimalSI');
  const [, sign, digits, suffix] = /^(-?)(\d+)(.*)$/.exec(text) as RegExpExecArray;
  const power = BINARY.indexOf(suffix, 1) * 10;
  if (power > 0) {
    const number = BigInt(digits) << BigInt(power);
    if (15 - digits.length - Math.trunc((power * 3) / 10) - 1 >= 0) {
      // It keeps its text where that is surely canonical.
      return quantityText(sign + number, BigInt(digits) & 7n ? text : '', 0, 'BinarySI');
    }
    if (number > MAX_INT64) return bigQuantity(sign, MAX_INT64, 0, 'BinarySI');
    return bigQuantity(sign, number * 10n ** PLACES, 9, 'BinarySI');
  }
  const scale = DECIMAL[suffix] ?? Number(suffix.slice(1));
  const format = suffix in DECIMAL ? 'DecimalSI' : 'DecimalExponent';
  if (digits.length <= DIGITS && scale >= NANO) {
    const canonical = scale % 3 === 0 && !digits.endsWith('000');
    return quantityText(sign + digits, canonical ? text : '', scale, format);
  }
  return bigQuantity(sign, BigInt(digits) * 10n ** (BigInt(scale) + PLACES), 9, format);
}

/** As gopkg.in/inf.v0 has it: a whole number and how many of its digits are decimal places. */
function bigQuantity(sign: string, unscaled: bigint, scale: number, format: string): string {
  const words: bigint[] = [];
  for (let left = unscaled; left > 0n; left /= WORD) words.push(left % WORD);
  const dec = `(*inf.Dec){unscaled:(big.Int){neg:(bool)${sign !== ''} abs:(big.nat)[${words.join(' ')}]} scale:(inf.Scale)${scale}}`;
  return quantityText('0', '', 0, format, dec);
}
