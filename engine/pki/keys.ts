// Keys on the curve P-256 and signatures with them (ECDSA with SHA-256); and keys of either kind, RSA too.

import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { encode } from '../linux/bytes.ts';
import { bits, context, element, integer, octets, oid, only, read, sequence, type Bytes } from './der.ts';
import { readPem } from './pem.ts';
import {
  readRsaPrivate,
  readRsaPublic,
  RSA_ENCRYPTION,
  rsaPrivateDer,
  rsaPublicDer,
  rsaSign,
  rsaVerify,
  SHA256_WITH_RSA,
  type RsaKey,
} from './rsa.ts';

export { sha256 };

/** Who owns the scalar can sign; the point is public. */
export interface KeyPair {
  readonly scalar: Bytes;
  /** Uncompressed. */
  readonly point: Bytes;
}

export type PrivateKey = KeyPair | RsaKey;
const isRsa = (key: PrivateKey): key is RsaKey => 'modulus' in key;

const EC_PUBLIC_KEY = oid('1.2.840.10045.2.1');
const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
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

const same = (a: Bytes | undefined, b: Bytes): boolean => a !== undefined && a.join() === b.join();

/** SubjectPublicKeyInfo. */
export const publicKeyInfo = (point: Bytes): Bytes => sequence(sequence(EC_PUBLIC_KEY, P256), bits(point));

/** The point in a SubjectPublicKeyInfo; undefined for keys of other kinds. */
export function pointOf(info: Bytes): Bytes | undefined {
  const [algorithm, key] = read(only(info).content);
  const [kind, curve] = read(algorithm.content);
  return same(kind?.raw, EC_PUBLIC_KEY) && same(curve?.raw, P256) ? key.content.slice(1) : undefined;
}

/** ECPrivateKey (SEC 1), as kubeadm and openssl ecparam write it. */
export const privateKeyDer = ({ scalar, point }: KeyPair): Bytes =>
  sequence(integer(1), octets(scalar), context(0, P256), context(1, bits(point)));

/** The key in a private key's PEM (SEC 1, PKCS #1 or PKCS #8); undefined for what is none, or of another kind. */
export function privateKeyOf(text: string): PrivateKey | undefined {
  const found = readPem(text);
  if (!found) return undefined;
  let { type, bytes } = found;
  if (type === 'PRIVATE KEY') {
    const [, algorithm, key] = read(only(bytes).content);
    type = same(algorithm.raw, RSA_ENCRYPTION) ? 'RSA PRIVATE KEY' : 'EC PRIVATE KEY';
    bytes = key.content;
  }
  if (type === 'RSA PRIVATE KEY') return readRsaPrivate(bytes);
  if (type !== 'EC PRIVATE KEY') return undefined;
  const scalar = read(only(bytes).content)[1]?.content;
  return scalar?.length === 32 ? keyOf(scalar) : undefined;
}

/** PKCS #8, as openssl genpkey and genrsa write it. */
export const pkcs8 = (key: PrivateKey): Bytes =>
  isRsa(key)
    ? sequence(integer(0), RSA_ENCRYPTION, octets(rsaPrivateDer(key)))
    : sequence(
        integer(0),
        sequence(EC_PUBLIC_KEY, P256),
        element(0x04, sequence(integer(1), octets(key.scalar), context(1, bits(key.point)))),
      );

/** SubjectPublicKeyInfo of a private key. */
export const publicInfoOf = (key: PrivateKey): Bytes =>
  isRsa(key) ? sequence(RSA_ENCRYPTION, bits(rsaPublicDer(key))) : publicKeyInfo(key.point);

/** The identifier of the algorithm by which the key signs. */
export const algorithmOf = (key: PrivateKey): Bytes => (isRsa(key) ? SHA256_WITH_RSA : ECDSA_SHA256);

/** A signature as a certificate carries it, and the identifier of its algorithm. */
export const signatureBy = (key: PrivateKey, message: Bytes): { algorithm: Bytes; value: Bytes } =>
  isRsa(key)
    ? { algorithm: algorithmOf(key), value: rsaSign(message, key) }
    : { algorithm: algorithmOf(key), value: signatureDer(sign(message, key)) };

/** Whether the owner of the key in `info` (SubjectPublicKeyInfo) has made such a signature. */
export function isSignatureOf(
  info: Bytes,
  { algorithm, value }: { algorithm: Bytes; value: Bytes },
  message: Bytes,
): boolean {
  if (same(algorithm, SHA256_WITH_RSA)) {
    const key = rsaPublicOf(info);
    return key !== undefined && rsaVerify(value, message, key);
  }
  const point = pointOf(info);
  return point !== undefined && same(algorithm, ECDSA_SHA256) && verify(signatureOf(value), message, point);
}

/** The RSA key in a SubjectPublicKeyInfo; undefined for keys of other kinds. */
export function rsaPublicOf(info: Bytes): Pick<RsaKey, 'modulus' | 'exponent'> | undefined {
  const [algorithm, key] = read(only(info).content);
  return same(algorithm.raw, RSA_ENCRYPTION) ? readRsaPublic(key.content.slice(1)) : undefined;
}
