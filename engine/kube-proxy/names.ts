// Names of the chains that belong to a Service: a prefix and 16 characters of a hash, as kube-proxy derives them.

import { encode } from '../linux/bytes.ts';
import { sha256 } from '../linux/sha256.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const LENGTH = 16;

/** What was worked out before: every node has the same Services. */
let known = new Map<string, string>();
const MAX_KNOWN = 20_000;

/** The first 16 characters of the SHA-256 in base 32. */
export function chainHash(text: string): string {
  let hash = known.get(text);
  if (hash !== undefined) return hash;
  hash = hashed(text);
  if (known.size >= MAX_KNOWN) known = new Map();
  known.set(text, hash);
  return hash;
}

function hashed(text: string): string {
  const hex = sha256(encode(text));
  let out = '';
  // 20 bits are 5 hexadecimal digits and 4 characters.
  for (let i = 0; out.length < LENGTH; i += 5) {
    const bits = parseInt(hex.slice(i, i + 5), 16);
    out += BASE32[bits >>> 15] + BASE32[(bits >>> 10) & 31] + BASE32[(bits >>> 5) & 31] + BASE32[bits & 31];
  }
  return out;
}
