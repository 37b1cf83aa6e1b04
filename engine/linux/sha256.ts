// SHA-256, and what the digests of its family have in common.

export type Digest = (bytes: Uint8Array) => string;

/** The message with its padding, in 64-byte blocks; the length in bits ends it. */
export function padded(bytes: Uint8Array, bigEndian: boolean): DataView {
  const size = Math.ceil((bytes.length + 9) / 64) * 64;
  const out = new Uint8Array(size);
  out.set(bytes);
  out[bytes.length] = 0x80;
  const view = new DataView(out.buffer);
  const bits = bytes.length * 8;
  view.setUint32(size - (bigEndian ? 4 : 8), bits >>> 0, !bigEndian);
  view.setUint32(size - (bigEndian ? 8 : 4), Math.floor(bits / 4294967296), !bigEndian);
  return view;
}

export function hex(words: ArrayLike<number>, littleEndian: boolean): string {
  let out = '';
  for (let i = 0; i < words.length; i++) {
    let word = words[i] >>> 0;
    if (littleEndian) word = ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
    out += word.toString(16).padStart(8, '0');
  }
  return out;
}

/** First 32 bits of the fractional parts of roots of the first primes. */
function roots(count: number, power: number): Int32Array {
  const out = new Int32Array(count);
  for (let n = 2, i = 0; i < count; n++) {
    let prime = true;
    for (let k = 2; k * k <= n; k++) if (n % k === 0) prime = false;
    if (!prime) continue;
    const root = n ** power;
    out[i++] = Math.floor((root - Math.floor(root)) * 4294967296) | 0;
  }
  return out;
}

let sha256Constants: { initial: Int32Array; rounds: Int32Array } | undefined;

/** SHA-256 in lower-case hexadecimal digits. */
export const sha256: Digest = (bytes) => {
  sha256Constants ??= { initial: roots(8, 1 / 2), rounds: roots(64, 1 / 3) };
  const { initial, rounds } = sha256Constants;
  const view = padded(bytes, true);
  const state = Int32Array.from(initial);
  const words = new Int32Array(64);
  const right = (x: number, n: number) => (x >>> n) | (x << (32 - n));
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let i = 0; i < 64; i++) {
      if (i < 16) {
        words[i] = view.getInt32(block + i * 4);
        continue;
      }
      const x = words[i - 15];
      const y = words[i - 2];
      const s0 = right(x, 7) ^ right(x, 18) ^ (x >>> 3);
      const s1 = right(y, 17) ^ right(y, 19) ^ (y >>> 10);
      words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const s1 = right(e, 6) ^ right(e, 11) ^ right(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + rounds[i] + words[i]) | 0;
      const s0 = right(a, 2) ^ right(a, 13) ^ right(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] += value));
  }
  return hex(state, false);
};
