// DER (ITU-T X.690), as far as certificates need it: values written as byte arrays, and read as a tree of elements.

import { concat, encode } from '../linux/bytes.ts';

export type Bytes = Uint8Array;

export interface Element {
  tag: number;
  /** The value, without tag and length. */
  content: Bytes;
  /** The whole element. */
  raw: Bytes;
}

export class DerError extends Error {}

export function element(tag: number, ...parts: Bytes[]): Bytes {
  const content = concat(...parts);
  const size = content.length;
  let head: number[];
  if (size < 0x80) head = [tag, size];
  else if (size < 0x100) head = [tag, 0x81, size];
  else head = [tag, 0x82, size >> 8, size & 255];
  return concat(new Uint8Array(head), content);
}

export const sequence = (...parts: Bytes[]): Bytes => element(0x30, ...parts);
export const set = (...parts: Bytes[]): Bytes => element(0x31, ...parts);
/** [n], constructed. */
export const context = (n: number, ...parts: Bytes[]): Bytes => element(0xa0 | n, ...parts);
export const octets = (...parts: Bytes[]): Bytes => element(0x04, ...parts);
/** Whole bytes as a bit string; `unused` bits of the last one do not count. */
export const bits = (bytes: Bytes, unused = 0): Bytes => element(0x03, new Uint8Array([unused]), bytes);
export const boolean = (value: boolean): Bytes => element(0x01, new Uint8Array([value ? 255 : 0]));

/** An unsigned big-endian number. */
export function integer(bytes: Bytes | number): Bytes {
  let value = typeof bytes === 'number' ? new Uint8Array([bytes]) : bytes;
  let zeros = 0;
  while (zeros < value.length - 1 && value[zeros] === 0) zeros++;
  value = value.slice(zeros);
  return value[0] & 0x80 ? element(0x02, new Uint8Array([0]), value) : element(0x02, value);
}

export function oid(text: string): Bytes {
  const numbers = text.split('.').map(Number);
  const out: number[] = [numbers[0] * 40 + numbers[1]];
  for (const number of numbers.slice(2)) {
    const groups = [number & 127];
    for (let rest = number >>> 7; rest > 0; rest >>>= 7) groups.unshift((rest & 127) | 128);
    out.push(...groups);
  }
  return element(0x06, new Uint8Array(out));
}

export function oidText(content: Bytes): string {
  const numbers = [Math.floor(content[0] / 40), content[0] % 40];
  let number = 0;
  for (const byte of content.slice(1)) {
    number = number * 128 + (byte & 127);
    if (byte < 128) {
      numbers.push(number);
      number = 0;
    }
  }
  return numbers.join('.');
}

const ascii = (text: string): Bytes => Uint8Array.from(text, (char) => char.charCodeAt(0));
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/** A name's value: PrintableString where it can be one, else UTF-8, as Go writes it. */
export const string = (text: string): Bytes =>
  PRINTABLE.test(text) ? element(0x13, ascii(text)) : element(0x0c, encode(text));
export const ia5 = (tag: number, text: string): Bytes => element(tag, ascii(text));

/** `time`: ms since the epoch; years up to 2049 as UTCTime. */
export function time(ms: number): Bytes {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return Number(text.slice(0, 4)) < 2050 ? ia5(0x17, text.slice(2)) : ia5(0x18, text);
}

export function timeOf({ tag, content }: Element): number {
  const text = String.fromCharCode(...content);
  const full = tag === 0x17 ? (Number(text.slice(0, 2)) < 50 ? '20' : '19') + text : text;
  const parts = [4, 6, 8, 10, 12].map((at) => Number(full.slice(at, at + 2)));
  return Date.UTC(Number(full.slice(0, 4)), parts[0] - 1, parts[1], parts[2], parts[3], parts[4]);
}

/** The elements that follow one another in `bytes`. */
export function read(bytes: Bytes): Element[] {
  const out: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at;
    const tag = bytes[at++];
    let size = bytes[at++];
    if (size === undefined) throw new DerError('asn1: syntax error: truncated tag or length');
    if (size > 0x80) {
      const count = size & 127;
      if (count > 3) throw new DerError('asn1: structure error: length too large');
      size = 0;
      for (let i = 0; i < count; i++) size = size * 256 + (bytes[at++] ?? 0);
    } else if (size === 0x80) throw new DerError('asn1: syntax error: indefinite length found (not DER)');
    if (at + size > bytes.length) throw new DerError('asn1: syntax error: data truncated');
    out.push({ tag, content: bytes.slice(at, at + size), raw: bytes.slice(start, at + size) });
    at += size;
  }
  return out;
}

/** The one element that `bytes` are, which must have the tag. */
export function only(bytes: Bytes, tag = 0x30): Element {
  const all = read(bytes);
  if (all.length > 1) throw new DerError('asn1: syntax error: trailing data');
  if (all.length !== 1 || all[0].tag !== tag) throw new DerError("asn1: structure error: tags don't match");
  return all[0];
}
