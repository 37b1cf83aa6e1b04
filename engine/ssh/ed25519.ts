// Keys of the kind ssh-ed25519: made from a text or from chance, written and read as OpenSSH writes them.

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { encode, fromBase64, toBase64 } from '../linux/index.ts';

const TYPE = 'ssh-ed25519';
const MAGIC = 'openssh-key-v1\0';
const BEGIN = '-----BEGIN OPENSSH PRIVATE KEY-----';
const END = '-----END OPENSSH PRIVATE KEY-----';
const LINE = 70;

export interface Ed25519Key {
  /** RFC 8032: 32 bytes from which all follows. */
  readonly seed: Uint8Array;
  readonly point: Uint8Array;
}

/** The key that follows from a text: the same text always gives the same key. */
export const keyFromText = (text: string): Ed25519Key => keyOf(sha256(encode(text)));

/** RFC 8032, 5.1.5. Without the tables that many signatures would pay for: a machine makes a key or two. */
export function keyOf(seed: Uint8Array): Ed25519Key {
  const half = sha512(seed).slice(0, 32);
  half[0] &= 248;
  half[31] = (half[31] & 127) | 64;
  let scalar = 0n;
  for (let i = 31; i >= 0; i--) scalar = (scalar << 8n) | BigInt(half[i]);
  const { BASE, Fn } = ed25519.Point;
  return { seed, point: BASE.multiplyUnsafe(scalar % Fn.ORDER).toBytes() };
}

/** The public half as it stands in authorized_keys and known_hosts: `ssh-ed25519 AAAA…`. */
export const publicLine = ({ point }: Ed25519Key): string => `${TYPE} ${toBase64(joined(text(TYPE), field(point)))}`;

/** The file of the private half, without a passphrase (OpenSSH's PROTOCOL.key). */
export function privateFile({ seed, point }: Ed25519Key, comment: string): string {
  const blob = joined(text(TYPE), field(point));
  // Two equal numbers tell whether a passphrase was right; they follow from the key here.
  const check = sha256(seed).slice(0, 4);
  const secret = joined(check, check, blob, field(joined(seed, point)), text(comment));
  const padding = Uint8Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, i) => i + 1);
  const all = joined(
    encode(MAGIC),
    text('none'),
    text('none'),
    text(''),
    number(1),
    field(blob),
    field(joined(secret, padding)),
  );
  const lines = toBase64(all).match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return `${[BEGIN, ...lines, END].join('\n')}\n`;
}

/** The key in such a file; undefined: it is none, or one of another kind. */
export function readPrivate(file: string): Ed25519Key | undefined {
  const begin = file.indexOf(BEGIN);
  const end = file.indexOf(END);
  if (begin < 0 || end < begin) return undefined;
  const { bytes } = fromBase64(file.slice(begin + BEGIN.length, end));
  const reader = new Fields(bytes);
  if (!reader.literal(encode(MAGIC))) return undefined;
  if (reader.text() !== 'none' || reader.text() !== 'none') return undefined;
  reader.field();
  reader.skip(4);
  reader.field();
  const secret = new Fields(reader.field());
  secret.skip(8);
  if (secret.text() !== TYPE) return undefined;
  secret.field();
  const pair = secret.field();
  return pair.length === 64 ? keyOf(pair.slice(0, 32)) : undefined;
}

/** The comment in it. */
export function commentOf(file: string): string {
  const { bytes } = fromBase64(file.slice(file.indexOf(BEGIN) + BEGIN.length, file.indexOf(END)));
  const reader = new Fields(bytes);
  reader.skip(MAGIC.length);
  for (let i = 0; i < 3; i++) reader.field();
  reader.skip(4);
  reader.field();
  const secret = new Fields(reader.field());
  secret.skip(8);
  for (let i = 0; i < 3; i++) secret.field();
  return secret.text();
}

/** RFC 4251, 5: numbers of 32 bits, and strings behind their lengths. */
class Fields {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  skip(count: number) {
    this.at += count;
  }

  literal(expected: Uint8Array): boolean {
    const there = this.bytes.slice(this.at, (this.at += expected.length));
    return there.length === expected.length && expected.every((byte, i) => byte === there[i]);
  }

  field(): Uint8Array {
    const { bytes, at } = this;
    if (at + 4 > bytes.length) return new Uint8Array();
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
    this.at = at + 4 + length;
    return bytes.slice(at + 4, this.at);
  }

  text(): string {
    return String.fromCharCode(...this.field());
  }
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

const field = (bytes: Uint8Array): Uint8Array => joined(number(bytes.length), bytes);
const text = (value: string): Uint8Array => field(encode(value));

function joined(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
