// The suffix that kustomize and --append-hash give to names: ten characters of the SHA-256 of the content.

import { encode } from '../../linux/bytes.ts';
import type { KubeObject } from '../../api/types.ts';
import { compactJson } from '../output/json.ts';

/** Of a ConfigMap or a Secret; `empty` is what stands for no data (kustomize: ''). */
export function hashSuffix(object: KubeObject, empty: object | '' = {}): string {
  const content: Record<string, unknown> = {
    kind: object.kind,
    name: object.metadata.name,
    data: object.data ?? empty,
  };
  if (object.kind === 'Secret') {
    content.type = object.type ?? '';
    if (object.stringData) content.stringData = object.stringData;
  } else if (object.binaryData && Object.keys(object.binaryData).length) content.binaryData = object.binaryData;
  return readable(sha256(compactJson(content)));
}

/** No vowels and no look-alikes, so that no words come out. */
const REPLACED: Record<string, string> = { '0': 'g', '1': 'h', '3': 'k', a: 'm', e: 't' };
export const readable = (hex: string) => hex.slice(0, 10).replace(/[013ae]/g, (c) => REPLACED[c]);

let constants: Uint32Array | undefined;

/** The fractional parts of the cube roots of the first 64 primes. */
function roundConstants(): Uint32Array {
  if (constants) return constants;
  constants = new Uint32Array(64);
  let count = 0;
  for (let n = 2; count < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (prime) constants[count++] = (Math.cbrt(n) % 1) * 2 ** 32;
  }
  return constants;
}

const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/** Hex digest of a text's UTF-8 bytes. */
export function sha256(text: string): string {
  const bytes = encode(text);
  const length = ((bytes.length + 9 + 63) >> 6) << 6;
  const data = new Uint8Array(length);
  data.set(bytes);
  data[bytes.length] = 0x80;
  const view = new DataView(data.buffer);
  view.setUint32(length - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(length - 4, (bytes.length << 3) >>> 0);
  const k = roundConstants();
  const state = Uint32Array.from(START);
  const w = new Uint32Array(64);
  for (let block = 0; block < length; block += 64) compress(state, view, block, w, k);
  let hex = '';
  for (let i = 0; i < 8; i++) hex += state[i].toString(16).padStart(8, '0');
  return hex;
}

const rotate = (x: number, n: number) => (x >>> n) | (x << (32 - n));

function compress(state: Uint32Array, view: DataView, block: number, w: Uint32Array, k: Uint32Array) {
  for (let i = 0; i < 16; i++) w[i] = view.getUint32(block + i * 4);
  for (let i = 16; i < 64; i++) {
    const s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >>> 3);
    const s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >>> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
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
