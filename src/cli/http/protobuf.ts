// Reads bodies in Kubernetes' protobuf encoding, which kubectl's and helm's typed clients send: the same object in JSON
// goes on to the API server, whose answers are JSON. Types come from the catalogue; protobuf-fields.ts adds the numbers
// of a message's fields: names in their order, `-N` for N free numbers, parentheses around a message that JSON inlines.

import protobuf from 'protobufjs/minimal.js';
import { structNameOf, structType, type Field, type TypeRef } from '../../../engine/api/schema.ts';
import { FIELDS } from './protobuf-fields.ts';

type Json = Record<string, unknown>;
type Reader = protobuf.Reader;
/** By number: a field's name in JSON, or the fields of an inlined message. */
type Numbers = (string | Numbers)[];

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';
/** What every body begins with: "k8s" and a zero. */
const MAGIC = Buffer.from('k8s\0');

export class ProtobufError extends Error {}

/** The object in the body, with its apiVersion and kind. */
export function decodeBody(body: Buffer): Json {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  try {
    let apiVersion = '';
    let kind = '';
    let raw: Uint8Array = new Uint8Array();
    eachField(protobuf.Reader.create(body.subarray(MAGIC.length)), (number, reader) => {
      if (number === 2) raw = reader.bytes();
      else if (number !== 1) return false;
      else
        eachField(nested(reader), (at, meta) => {
          if (at === 1) apiVersion = meta.string();
          else if (at === 2) kind = meta.string();
          else return false;
          return true;
        });
      return true;
    });
    const slash = apiVersion.indexOf('/');
    const struct =
      kind === 'DeleteOptions'
        ? kind
        : structNameOf(slash < 0 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), kind);
    if (!numbersOf(struct)) throw new ProtobufError(`no kind "${kind}" is registered for version "${apiVersion}"`);
    return { apiVersion, kind, ...message(protobuf.Reader.create(raw), struct) };
  } catch (error) {
    if (error instanceof ProtobufError) throw error;
    throw new ProtobufError(`proto: ${(error as Error).message}`);
  }
}

let lines: Map<string, string> | undefined;
const known = new Map<string, Numbers>();

function numbersOf(struct: string): Numbers | undefined {
  const found = known.get(struct);
  if (found) return found;
  lines ??= new Map(
    FIELDS.trim()
      .split('\n')
      .map((line) => [line.split(' ', 1)[0], line]),
  );
  const words = lines.get(struct)?.split(' ').slice(1);
  if (!words) return undefined;
  const stack: Numbers[] = [[undefined as never]];
  for (const word of words.filter(Boolean)) {
    const top = stack[stack.length - 1];
    if (word === '(') {
      const inlined: Numbers = [undefined as never];
      top.push(inlined);
      stack.push(inlined);
    } else if (word === ')') stack.pop();
    else if (word[0] === '-') top.length += Number(word.slice(1));
    else top.push(word);
  }
  known.set(struct, stack[0]);
  return stack[0];
}

/** Calls `read` for every field; one that it does not read (false) is skipped. */
function eachField(reader: Reader, read: (number: number, reader: Reader) => boolean) {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!read(tag >>> 3, reader)) reader.skipType(tag & 7);
  }
}

const nested = (reader: Reader): Reader => protobuf.Reader.create(reader.bytes());

function message(reader: Reader, struct: string): Json {
  const out: Json = {};
  const numbers = numbersOf(struct);
  if (!numbers) throw new ProtobufError(`the protobuf encoding of ${struct} is not known here`);
  fill(out, reader, struct, numbers);
  return out;
}

function fill(out: Json, reader: Reader, struct: string, numbers: Numbers) {
  const fields = structType(struct)?.fields ?? {};
  eachField(reader, (number) => {
    const name = numbers[number];
    if (name === undefined) return false;
    if (typeof name !== 'string') {
      fill(out, nested(reader), struct, name);
      return true;
    }
    const field = fields[name];
    if (!field) return false;
    if (field.code === '[') ((out[name] ??= []) as unknown[]).push(value(reader, field.element as TypeRef));
    else if (field.code === '{') entry((out[name] ??= {}) as Json, reader, field.element as TypeRef);
    else {
      const read = value(reader, field);
      if (isKept(read, field)) out[name] = read;
    }
    return true;
  });
}

/** Go writes the zero of what is no pointer, and JSON would leave it out. */
const isKept = (read: unknown, field: Field): boolean =>
  read !== undefined &&
  (field.pointer || field.required || field.always || (read !== '' && read !== 0 && read !== false));

function entry(into: Json, reader: Reader, element: TypeRef) {
  let key = '';
  let read: unknown = element.code === 's' ? '' : undefined;
  eachField(nested(reader), (number, pair) => {
    if (number === 1) key = pair.string();
    else if (number !== 2) return false;
    else if (element.code === '[') {
      // A list in a map is a message of its own, with the items as its first field.
      const items: unknown[] = [];
      eachField(nested(pair), (at, list) => at === 1 && items.push(value(list, element.element as TypeRef)) > 0);
      read = items;
    } else read = value(pair, element);
    return true;
  });
  if (read !== undefined) into[key] = read;
}

/** One value; undefined for the zero of a time or of JSON. */
function value(reader: Reader, type: TypeRef): unknown {
  switch (type.code) {
    case 's':
      return reader.string();
    case 'b':
      return reader.bool();
    case 'i':
      return reader.int32();
    case 'l':
      return Number(reader.int64());
    case 'd':
      return reader.double();
    case 'y':
      return Buffer.from(reader.bytes()).toString('base64');
    case '@':
      return message(nested(reader), type.struct as string);
    case 'q':
      return first(reader, (inner) => inner.string()) ?? '0';
    case 'o':
    case 'j': {
      const text = first(reader, (inner) => Buffer.from(inner.bytes()).toString('utf8'));
      return text ? (JSON.parse(text) as unknown) : undefined;
    }
    case 't':
    case 'm':
      return time(nested(reader), type.code === 'm');
    case 'x':
      return intOrString(nested(reader));
    default:
      throw new ProtobufError(`a list of lists is not expected`);
  }
}

/** The first field of a message around one value. */
function first<T>(reader: Reader, read: (inner: Reader) => T): T | undefined {
  let found: T | undefined;
  eachField(nested(reader), (number, inner) => {
    if (number === 1) found = read(inner);
    return number === 1;
  });
  return found;
}

function time(reader: Reader, micro: boolean): string | undefined {
  let seconds: number | undefined;
  let nanos = 0;
  eachField(reader, (number) => {
    if (number === 1) seconds = Number(reader.int64());
    else if (number === 2) nanos = reader.int32();
    else return false;
    return true;
  });
  if (seconds === undefined) return undefined;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return micro ? `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : `${whole}Z`;
}

function intOrString(reader: Reader): number | string {
  let isString = false;
  let number = 0;
  let text = '';
  eachField(reader, (at) => {
    if (at === 1) isString = Number(reader.int64()) === 1;
    else if (at === 2) number = reader.int32();
    else if (at === 3) text = reader.string();
    else return false;
    return true;
  });
  return isString ? text : number;
}
