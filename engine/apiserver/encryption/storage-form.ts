// Objects as they stand in etcd: of Secrets and ConfigMaps the protocol buffers (k8s.io/api/core/v1/generated.proto, in an
// envelope with version and kind), of custom resources JSON.

import type { KubeObject } from '../../api/types.ts';
import { encode, fromBase64 } from '../../linux/bytes.ts';
import type { Ledger } from '../managed-fields/ledger.ts';

type Value = unknown;
/** A field's number, its name, and how its value is written; undefined values that are not `always` there are left out. */
type Field = readonly [number, string, (value: Value) => Uint8Array, 'always'?];
type Message = readonly Field[];

function varint(number: number): Uint8Array {
  const out: number[] = [];
  let rest = number;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return new Uint8Array(out);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const sized = (bytes: Uint8Array) => join([varint(bytes.length), bytes]);
const text = (value: Value) => sized(encode((value as string | undefined) ?? ''));
const number = (value: Value) => varint((value as number | undefined) ?? 0);
const bool = (value: Value) => varint(value ? 1 : 0);
const bytes = (value: Value) => sized(fromBase64(value as string).bytes);
const message = (fields: Message) => (value: Value) =>
  sized(encodeMessage(fields, (value ?? {}) as Record<string, Value>));
const VARINTS: readonly unknown[] = [number, bool];

/** A list or a map has as many fields as it has entries. */
const repeated = new Set<unknown>();
function each(write: (value: Value) => Uint8Array) {
  const field = (value: Value) => write(value);
  repeated.add(field);
  return field;
}
const map = (write: (value: Value) => Uint8Array) => {
  const entry = message([
    [1, 'key', text, 'always'],
    [2, 'value', write, 'always'],
  ]);
  return each(entry);
};

function encodeMessage(fields: Message, object: Record<string, Value>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [id, name, write, always] of fields) {
    const value = object[name];
    if (value === undefined && !always) continue;
    const tag = varint((id << 3) | (VARINTS.includes(write) ? 0 : 2));
    if (!repeated.has(write)) parts.push(tag, write(value));
    else if (Array.isArray(value)) for (const one of value) parts.push(tag, write(one));
    else {
      const entries = value as Record<string, Value>;
      for (const key of Object.keys(entries).sort()) parts.push(tag, write({ key, value: entries[key] }));
    }
  }
  return join(parts);
}

const seconds = (value: Value) =>
  message([
    [1, 'seconds', number, 'always'],
    [2, 'nanos', number, 'always'],
  ])(typeof value === 'string' ? { seconds: Math.floor(Date.parse(value) / 1000) } : {});

const OWNER: Message = [
  [1, 'kind', text, 'always'],
  [3, 'name', text, 'always'],
  [4, 'uid', text, 'always'],
  [5, 'apiVersion', text, 'always'],
  [6, 'controller', bool],
  [7, 'blockOwnerDeletion', bool],
];
const MANAGED: Message = [
  [1, 'manager', text, 'always'],
  [2, 'operation', text, 'always'],
  [3, 'apiVersion', text, 'always'],
  [4, 'time', seconds],
  [6, 'fieldsType', text, 'always'],
  [7, 'fieldsV1', (value) => message([[1, 'raw', text]])({ raw: JSON.stringify(value) })],
  [8, 'subresource', text, 'always'],
];
const METADATA: Message = [
  [1, 'name', text, 'always'],
  [2, 'generateName', text, 'always'],
  [3, 'namespace', text, 'always'],
  [4, 'selfLink', text, 'always'],
  [5, 'uid', text, 'always'],
  // It is the revision of the value itself.
  [6, '', text, 'always'],
  [7, 'generation', number, 'always'],
  [8, 'creationTimestamp', seconds, 'always'],
  [9, 'deletionTimestamp', seconds],
  [10, 'deletionGracePeriodSeconds', number],
  [11, 'labels', map(text)],
  [12, 'annotations', map(text)],
  [13, 'ownerReferences', each(message(OWNER))],
  [14, 'finalizers', each(text)],
  [17, 'managedFields', each(message(MANAGED))],
];
const KINDS: Readonly<Record<string, Message>> = {
  Secret: [
    [1, 'metadata', message(METADATA)],
    [2, 'data', map(bytes)],
    [3, 'type', text, 'always'],
    [5, 'immutable', bool],
  ],
  ConfigMap: [
    [1, 'metadata', message(METADATA)],
    [2, 'data', map(text)],
    [3, 'binaryData', map(bytes)],
    [4, 'immutable', bool],
  ],
};
const ENVELOPE: Message = [
  [
    1,
    'typeMeta',
    message([
      [1, 'apiVersion', text],
      [2, 'kind', text],
    ]),
  ],
  [2, 'raw', (value) => sized(value as Uint8Array)],
  [3, 'contentEncoding', text, 'always'],
  [4, 'contentType', text, 'always'],
];

/** Undefined for kinds whose form is not modelled. */
export function storageForm(key: string, object: KubeObject, ledger: Ledger): Uint8Array | undefined {
  const { apiVersion = '', kind } = object;
  const group = apiVersion.split('/')[0];
  if (key.startsWith(`/registry/${group}/`) && !group.endsWith('.k8s.io')) return encode(`${JSON.stringify(object)}\n`);
  const fields = apiVersion === 'v1' ? KINDS[kind] : undefined;
  if (!fields) return undefined;
  const managedFields = ledger.entries(object);
  const whole = { ...object, metadata: { ...object.metadata, ...(managedFields.length ? { managedFields } : {}) } };
  const envelope = encodeMessage(ENVELOPE, { typeMeta: { apiVersion, kind }, raw: encodeMessage(fields, whole) });
  return join([encode('k8s\0'), envelope]);
}
