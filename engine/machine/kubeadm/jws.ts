// The signature over cluster-info by which a machine that joins knows that the cluster knows the token: a detached JWS
// (HS256) with the token's secret as key.

import { encode, toBase64 } from '../../linux/index.ts';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

const url = (bytes: Uint8Array): string => toBase64(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

export function detachedSignature(content: string, id: string, secret: string): string {
  const header = url(encode(`{"alg":"HS256","kid":"${id}"}`));
  const signed = encode(`${header}.${url(encode(content))}`);
  return `${header}..${url(hmac(sha256, encode(secret), signed))}`;
}
