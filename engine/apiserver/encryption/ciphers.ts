// The ciphers of encryption at rest, as kube-apiserver writes what they make: a prefix with the provider and the key's name,
// what the cipher needs to be undone, and the text.

import { cbc, gcm } from '@noble/ciphers/aes.js';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { encode } from '../../linux/bytes.ts';
import type { Cipher, Key } from './configuration.ts';

/** How a value was written. */
export interface Seal {
  cipher: Cipher;
  key: Key;
  /** The initialization vector, or the number used once. */
  nonce: Uint8Array;
  /** The key in etcd: a value moved to another cannot be read (aesgcm). */
  place: string;
}

/** Bytes. */
export const NONCE: Readonly<Record<Cipher, number>> = { aescbc: 16, aesgcm: 12, secretbox: 24 };

function cipherOf({ cipher, nonce, place }: Seal, secret: Uint8Array) {
  if (cipher === 'aescbc') return cbc(secret, nonce);
  if (cipher === 'aesgcm') return gcm(secret, nonce, encode(place));
  return xsalsa20poly1305(secret, nonce);
}

/** What stands in etcd. */
export function seal(how: Seal, plain: Uint8Array): Uint8Array {
  const prefix = encode(`k8s:enc:${how.cipher}:v1:${how.key.name}:`);
  const text = cipherOf(how, how.key.secret).encrypt(plain);
  const out = new Uint8Array(prefix.length + how.nonce.length + text.length);
  out.set(prefix);
  out.set(how.nonce, prefix.length);
  out.set(text, prefix.length + how.nonce.length);
  return out;
}

const FAILURES: Readonly<Record<Cipher, string>> = {
  aescbc: 'invalid padding on input',
  aesgcm: 'cipher: message authentication failed',
  secretbox: 'output array was not large enough for encryption',
};

/** Why another key of the same name does not read it; undefined: it does. */
export function openFails(how: Seal, { secret }: Key, plain: () => Uint8Array): string | undefined {
  if (secret.join() === how.key.secret.join()) return undefined;
  const text = cipherOf(how, how.key.secret).encrypt(plain());
  try {
    cipherOf(how, secret).decrypt(text);
    return undefined;
  } catch {
    return FAILURES[how.cipher];
  }
}
