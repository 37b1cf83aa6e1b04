// /openapi/v2 in protobuf, the only form in which `kubectl explain --output=plaintext-openapiv2` takes it: the JSON
// document that the API server gives, in the messages of openapi.v2.

import protobuf from 'protobufjs/minimal.js';

type Json = Record<string, unknown>;
type Writer = protobuf.Writer;

export const OPENAPI_V2 = '/openapi/v2';
/** What clients ask for; an `@` may not stand in a type, so that the answer calls it differently. */
export const OPENAPI_ACCEPT = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
export const OPENAPI_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/**
 * `field:numbers:type`. Several numbers are messages around the value. Types: s text, S texts, b boolean, v values of any
 * kind, a message of that name, `*Name` several, `{Name` a map: entries of a name (1) and a message (2), `{Name/1` with
 * a message around it. `x-:N` is where what begins so goes.
 */
const MESSAGES = `
Document swagger:1:s info:2:Info paths:8.2:{PathItem definitions:9.1:{Schema
Info title:1:s version:2:s
PathItem get:2:Operation put:3:Operation post:4:Operation delete:5:Operation patch:8:Operation
Operation parameters:8:*ParametersItem responses:9.1:{Response/1 x-:13
ParametersItem body:1.1:Body query:1.2.3:Query
Body name:2:s in:3:s required:4:b schema:5:Schema
Query in:2:s name:4:s type:6:s
Response description:1:s schema:2.1:Schema
Schema $ref:1:s format:2:s description:4:s required:19:S enum:20:v properties:25.1:{Schema items:23.1:Schema type:22.1:S allOf:24:*Schema x-:31`;

interface Field {
  numbers: number[];
  type: string;
}

const shapes = new Map<string, Map<string, Field>>();
for (const line of MESSAGES.trim().split('\n')) {
  const [name, ...fields] = line.split(' ');
  const shape = new Map<string, Field>();
  for (const field of fields) {
    const [key, numbers, type = ''] = field.split(':');
    shape.set(key, { numbers: numbers.split('.').map(Number), type });
  }
  shapes.set(name, shape);
}

export function encodeOpenApiV2(document: unknown): Uint8Array {
  const writer = protobuf.Writer.create();
  message(writer, 'Document', document as Json);
  return writer.finish();
}

/** Opens the messages around a value, lets `write` put it there and closes them. */
function within(writer: Writer, numbers: readonly number[], write: () => void) {
  for (const number of numbers) writer.uint32((number << 3) | 2).fork();
  write();
  for (const _ of numbers) writer.ldelim();
}

function message(writer: Writer, name: string, value: Json) {
  const shape = shapes.get(name) as Map<string, Field>;
  const source = name === 'ParametersItem' ? { [String(value.in)]: value } : value;
  for (const [key, one] of Object.entries(source)) {
    const field = shape.get(key);
    if (field) put(writer, field, one);
    else if (key.startsWith('x-')) extension(writer, (shape.get('x-') as Field).numbers[0], key, one);
    else if (key === 'additionalProperties') additional(writer, one);
  }
}

function put(writer: Writer, { numbers, type }: Field, value: unknown) {
  const around = numbers.slice(0, -1);
  const last = numbers[numbers.length - 1];
  const text = (one: unknown) => writer.uint32((last << 3) | 2).string(String(one));
  const one = (name: string, inner: unknown) => within(writer, [last], () => message(writer, name, inner as Json));
  within(writer, around, () => {
    if (type === 's') text(value);
    else if (type === 'S') for (const item of Array.isArray(value) ? value : [value]) text(item);
    else if (type === 'b') writer.uint32(last << 3).bool(value as boolean);
    else if (type === 'v') for (const item of value as unknown[]) within(writer, [last], () => any(writer, item));
    else if (type[0] === '*') for (const item of value as unknown[]) one(type.slice(1), item);
    else if (type[0] === '{') {
      const [name, wrapped] = type.slice(1).split('/');
      for (const [key, item] of Object.entries(value as Json))
        named(writer, last, key, () =>
          within(writer, wrapped ? [Number(wrapped)] : [], () => message(writer, name, item as Json)),
        );
    } else one(type, value);
  });
}

function named(writer: Writer, number: number, name: string, write: () => void) {
  within(writer, [number], () => {
    writer.uint32((1 << 3) | 2).string(name);
    within(writer, [2], write);
  });
}

/** Any value, as YAML, of which JSON is a part. */
const any = (writer: Writer, value: unknown) => writer.uint32((2 << 3) | 2).string(`${JSON.stringify(value)}\n`);

const extension = (writer: Writer, number: number, name: string, value: unknown) =>
  named(writer, number, name, () => any(writer, value));

/** The values of a map, or whether there may be any. */
function additional(writer: Writer, value: unknown) {
  within(writer, [21], () => {
    if (typeof value === 'boolean') writer.uint32(2 << 3).bool(value);
    else within(writer, [1], () => message(writer, 'Schema', value as Json));
  });
}
