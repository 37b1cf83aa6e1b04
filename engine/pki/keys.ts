// Keys on the curve P-256 and signatures with them (ECDSA with SHA-256).

import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { encode } from '../linux/bytes.ts';
import { bits, context, element, integer, octets, oid, only, read, sequence, type Bytes } from './der.ts';
import { readPem } from './pem.ts';

export { sha256 };

/** Who owns the scalar can sign; the point is public. */
export interface KeyPair {
  readonly scalar: Bytes;
  /** Uncompressed. */
  readonly point: Bytes;
}

const EC_PUBLIC_KEY = oid('1.2.840.10045.2.1');
const P256 = oid('1.2.840.10045.3.1.7');
const ORDER = p256.Point.Fn.ORDER;

/** The key that follows from a text: the same text always gives the same key. */
export function keyFrom(text: string): KeyPair {
  let number = 0n;
  for (const byte of sha256(encode(text))) number = (number << 8n) | BigInt(byte);
  const scalar = p256.Point.Fn.toBytes((number % (ORDER - 1n)) + 1n);
  return keyOf(scalar);
}

export const keyOf = (scalar: Bytes): KeyPair => ({ scalar, point: p256.getPublicKey(scalar, false) });

/** r and s, 32 bytes each (what a JWT carries). */
export const sign = (message: Bytes, { scalar }: KeyPair): Bytes => p256.sign(message, scalar);

/** `signature` as `sign` gives it. */
export function verify(signature: Bytes, message: Bytes, point: Bytes): boolean {
  try {
    return p256.verify(signature, message, point, { lowS: false });
  } catch {
    return false;
  }
}

/** r and s as DER (what a certificate carries), and back. */
export const signatureDer = (signature: Bytes): Bytes =>
  sequence(integer(signature.slice(0, 32)), integer(signature.slice(32)));

export function signatureOf(der: Bytes): Bytes {
  const out = new Uint8Array(64);
  read(only(der).content).forEach(({ content }, i) => {
    const number = content.length > 32 ? content.slice(-32) : content;
    out.set(number, 32 * i + 32 - number.length);
  });
  return out;
}

/** SubjectPublicKeyInfo. */
export const publicKeyInfo = (point: Bytes): Bytes => sequence(sequence(EC_PUBLIC_KEY, P256), bits(point));

/** The point in a SubjectPublicKeyInfo; undefined for keys of other kinds. */
export function pointOf(info: Bytes): Bytes | undefined {
  const [algorithm, key] = read(only(info).content);
  const [kind, curve] = read(algorithm.content);
  const same = (a: Bytes | undefined, b: Bytes) => a !== undefined && a.join() === b.join();
  return same(kind?.raw, EC_PUBLIC_KEY) && same(curve?.raw, P256) ? key.content.slice(1) : undefined;
}

/** ECPrivateKey (SEC 1), as kubeadm and openssl ecparam write it. */
export const privateKeyDer = ({ scalar, point }: KeyPair): Bytes =>
  sequence(integer(1), octets(scalar), context(0, P256), context(1, bits(point)));

/** The scalar in a private key's PEM (SEC 1 or PKCS #8); undefined for keys of other kinds. */
export function privateKeyOf(text: string): KeyPair | undefined {
  const found = readPem(text);
  if (!found) return undefined;
  let der = found.bytes;
  if (found.type === 'PRIVATE KEY') der = read(only(der).content)[2].content;
  else if (found.type !== 'EC PRIVATE KEY') return undefined;
  const scalar = read(only(der).content)[1]?.content;
  return scalar?.length === 32 ? keyOf(scalar) : undefined;
}

/** PKCS #8, as openssl genpkey writes it. */
export const pkcs8 = (key: KeyPair): Bytes =>
  sequence(
    integer(0),
    sequence(EC_PUBLIC_KEY, P256),
    element(0x04, sequence(integer(1), octets(key.scalar), context(1, bits(key.point)))),
  );
