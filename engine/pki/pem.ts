// PEM: base64 between two lines that say what it is.

import { fromBase64, toBase64 } from '../linux/bytes.ts';
import type { Bytes } from './der.ts';

export function pem(type: string, bytes: Bytes): string {
  const lines = toBase64(bytes).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${type}-----\n${lines.join('\n')}\n-----END ${type}-----\n`;
}

/** The first block of a text; undefined when there is none. */
export function readPem(text: string): { type: string; bytes: Bytes } | undefined {
  const match = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n((?:[A-Za-z0-9+/=]+\r?\n)*)-----END \1-----/.exec(text);
  return match ? { type: match[1], bytes: fromBase64(match[2].replace(/\s/g, '')).bytes } : undefined;
}
