// UTF-8 and base64 for CEL's bytes. The library wants the web's TextEncoder and TextDecoder, which the sandbox has not:
// this file stands in for them and must be imported before it.

class Encoder {
  encode(text: string): Uint8Array {
    return utf8Bytes(text);
  }
}

class Decoder {
  decode(bytes: Uint8Array): string {
    let text = '';
    for (const byte of bytes) text += `%${byte.toString(16).padStart(2, '0')}`;
    try {
      return decodeURIComponent(text);
    } catch {
      throw new Error('invalid UTF-8 in bytes, cannot convert to string');
    }
  }
}

const web = globalThis as { TextEncoder?: unknown; TextDecoder?: unknown };
web.TextEncoder ??= Encoder;
web.TextDecoder ??= Decoder;

export function utf8Bytes(text: string): Uint8Array {
  const bytes: number[] = [];
  const encoded = encodeURIComponent(text);
  for (let i = 0; i < encoded.length; i++) {
    if (encoded[i] === '%') {
      bytes.push(parseInt(encoded.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(encoded.charCodeAt(i));
  }
  return new Uint8Array(bytes);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function base64Bytes(text: string): Uint8Array {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) continue;
    held = (held << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 255);
  }
  return new Uint8Array(bytes);
}
