// Base64 of text, as Secrets carry it.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function utf8Bytes(text: string): number[] {
  const bytes: number[] = [];
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return bytes;
}

/** The base64 of `text` in UTF-8. */
export function utf8Base64(text: string): string {
  const bytes = utf8Bytes(text);
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const bits = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out += ALPHABET[bits >> 18] + ALPHABET[(bits >> 12) & 63];
    out += left > 1 ? ALPHABET[(bits >> 6) & 63] : '=';
    out += left > 2 ? ALPHABET[bits & 63] : '=';
  }
  return out;
}

const BEYOND_ASCII = /[^\0-\x7f]/;

/** The number of bytes that a text in UTF-8 has. */
export function utf8Length(text: string): number {
  let length = text.length;
  // Nearly all texts are, and the expression is much faster than the loop.
  if (!BEYOND_ASCII.test(text)) return length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) length += code < 0x800 ? 1 : code >= 0xd800 && code < 0xe000 ? 1 : 2;
  }
  return length;
}

/** The number of bytes behind a base64 text. */
export function base64Length(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.floor((text.length * 3) / 4) - padding;
}

/** The text in UTF-8 behind a base64 text. */
export function base64Text(base64: string): string {
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (let i = 0; i < base64.length; i++) {
    const value = ALPHABET.indexOf(base64[i]);
    if (value < 0) continue;
    bits = (bits << 6) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push((bits >> count) & 255);
      bits &= (1 << count) - 1;
    }
  }
  let out = '';
  for (let i = 0; i < bytes.length;) {
    const byte = bytes[i++];
    const extra = byte < 0x80 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    let code = extra === 0 ? byte : byte & (0x3f >> extra);
    for (let k = 0; k < extra; k++) code = (code << 6) | ((bytes[i++] ?? 0) & 63);
    out += String.fromCodePoint(Math.min(code, 0x10ffff));
  }
  return out;
}
