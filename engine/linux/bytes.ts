// Text as bytes. Files and streams hold JavaScript strings; a byte that is not part of valid UTF-8 stands in
// them as a lone surrogate U+DC80…U+DCFF (as Python's surrogateescape does), so binary data survives a pipe.

/** Pieces one after another. */
export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  let size = 0;
  for (const part of parts) size += part.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const BEYOND_ASCII = /[^\0-\x7f]/;

/** Number of bytes that `text` has as UTF-8. */
export function byteLength(text: string): number {
  let bytes = text.length;
  // Nearly all texts are ASCII, and the expression is much faster than the loop.
  if (!BEYOND_ASCII.test(text)) return bytes;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    if (code < 0x800) bytes += 1;
    else if (code >= 0xd800 && code < 0xdc00 && isLow(text.charCodeAt(i + 1))) {
      bytes += 2;
      i++;
    } else if (code < 0xdc80 || code > 0xdcff) bytes += 2;
  }
  return bytes;
}

function isLow(code: number): boolean {
  return code >= 0xdc00 && code < 0xe000;
}

/** The bytes of `text`. */
export function encode(text: string): Uint8Array {
  const out = new Uint8Array(byteLength(text));
  let at = 0;
  if (!BEYOND_ASCII.test(text)) {
    const { length } = text;
    for (; at < length; at++) out[at] = text.charCodeAt(at);
    return out;
  }
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) out[at++] = code;
    else if (code < 0x800) {
      out[at++] = 0xc0 | (code >> 6);
      out[at++] = 0x80 | (code & 63);
    } else if (code >= 0xd800 && code < 0xdc00 && isLow(text.charCodeAt(i + 1))) {
      const point = 0x10000 + ((code - 0xd800) << 10) + (text.charCodeAt(++i) - 0xdc00);
      out[at++] = 0xf0 | (point >> 18);
      out[at++] = 0x80 | ((point >> 12) & 63);
      out[at++] = 0x80 | ((point >> 6) & 63);
      out[at++] = 0x80 | (point & 63);
    } else if (code >= 0xdc80 && code <= 0xdcff) out[at++] = code - 0xdc00;
    else {
      out[at++] = 0xe0 | (code >> 12);
      out[at++] = 0x80 | ((code >> 6) & 63);
      out[at++] = 0x80 | (code & 63);
    }
  }
  return out;
}

/** The text of `bytes`; what is not UTF-8 becomes lone surrogates. */
export function decode(bytes: Uint8Array): string {
  let out = '';
  const size = bytes.length;
  for (let i = 0; i < size; i++) {
    const b = bytes[i];
    if (b < 0x80) {
      out += String.fromCharCode(b);
      continue;
    }
    const more = b >= 0xc2 && b < 0xe0 ? 1 : b >= 0xe0 && b < 0xf0 ? 2 : b >= 0xf0 && b < 0xf5 ? 3 : 0;
    let point = more === 1 ? b & 31 : more === 2 ? b & 15 : b & 7;
    let good = more > 0 && i + more < size;
    for (let k = 1; good && k <= more; k++) {
      const next = bytes[i + k];
      if ((next & 0xc0) !== 0x80) good = false;
      point = (point << 6) | (next & 63);
    }
    const least = more === 1 ? 0x80 : more === 2 ? 0x800 : 0x10000;
    if (!good || point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      out += String.fromCharCode(0xdc00 + b);
      continue;
    }
    out += String.fromCodePoint(point);
    i += more;
  }
  return out;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Standard base64 of bytes, in one line. */
export function toBase64(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const b = bytes[i];
    const c = i + 1 < bytes.length ? bytes[i + 1] : 0;
    const d = i + 2 < bytes.length ? bytes[i + 2] : 0;
    out += BASE64[b >> 2] + BASE64[((b & 3) << 4) | (c >> 4)];
    out += i + 1 < bytes.length ? BASE64[((c & 15) << 2) | (d >> 6)] : '=';
    out += i + 2 < bytes.length ? BASE64[d & 63] : '=';
  }
  return out;
}

/** Decodes base64; line ends are skipped. `ok` is false when something else stood there (what came before is in `bytes`). */
export function fromBase64(text: string, skipGarbage = false): { bytes: Uint8Array; ok: boolean } {
  const out: number[] = [];
  let bits = 0;
  let held = 0;
  let count = 0;
  let padding = 0;
  let ok = true;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\n' || c === '\r') continue;
    if (c === '=') {
      padding++;
      continue;
    }
    const value = BASE64.indexOf(c);
    if (value < 0 || padding) {
      if (skipGarbage) continue;
      ok = false;
      break;
    }
    count++;
    bits = (bits << 6) | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push((bits >> held) & 255);
      bits &= (1 << held) - 1;
    }
  }
  if (ok && !skipGarbage && (count + padding) % 4 !== 0) ok = false;
  return { bytes: Uint8Array.from(out), ok };
}
