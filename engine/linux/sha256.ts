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

/** SHA-256 in lower-case hexadecimal digits. The rotations are written out: calls would take more than the digest. */
export const sha256: Digest = (bytes) => {
  sha256Constants ??= { initial: roots(8, 1 / 2), rounds: roots(64, 1 / 3) };
  const { initial, rounds } = sha256Constants;
  const view = padded(bytes, true);
  const size = view.byteLength;
  const state = initial.slice();
  const words = new Int32Array(64);
  for (let block = 0; block < size; block += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(block + i * 4);
    for (let i = 16; i < 64; i++) {
      const x = words[i - 15];
      const y = words[i - 2];
      words[i] =
        words[i - 16] +
        words[i - 7] +
        (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) +
        (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
    }
    let a = state[0];
    let b = state[1];
    let c = state[2];
    let d = state[3];
    let e = state[4];
    let f = state[5];
    let g = state[6];
    let h = state[7];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + rounds[i] + words[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + s0 + ((b & c) ^ (b & d) ^ (c & d))) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
  return hex(state, false);
};
