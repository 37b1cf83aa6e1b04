// The key that signs service account tokens (sa.key of kubeadm), and signing with it: ES256 without the arithmetic of curves.
// The key stands in this file and so keeps nothing secret; hence the signatures' nonces may be known as well, and what a
// signature costs is two multiplications of numbers instead of one of a point. Anybody can check the result.

import { encode } from '../linux/bytes.ts';
import { sha256 } from '../linux/sha256.ts';

/** The public part, as a JSON Web Key. */
export const TOKEN_KEY = {
  use: 'sig',
  kty: 'EC',
  kid: '8YJ7FkPOCDEB9q1nO1z4l97XBkf51W2enezRF6RaR9c',
  crv: 'P-256',
  alg: 'ES256',
  x: '5ADRFhW3qLolPtgFvDOGeljZcCYLplenmM1Urzh8BUc',
  y: '9IOSzKER45VU7bK7yQC1DlePAMGUOWbSdC6lGOOGk4E',
};

/** Of P-256's group of points. */
const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
export const SCALAR = BigInt('0xff7b7cb79a54b87be2d422e393826b5247ac74886c950aa272ac059fb1c57bb5');

/** Nonces: the inverse of each, and the x coordinate of its point. */
const NONCES = [
  [
    '3531687973a0df92a63929f44208c0e6ff3a87254e6947538d6a0dc711998490',
    'acd55f3c99dfbd40941d995b4c5326a78b0a5846d20e7d09c65196babdfbebc5',
  ],
  [
    'f7b7f0f75aa160214c02b8cb39b74d70aaf5fb3b6649030b39ce06eb63c31138',
    '44f4c977a85d76f2c13cebbdf7d55e5bad8c525a1f7a7b76c28db546ead8f14c',
  ],
];

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Base64 for URLs, without padding. */
export function base64url(bytes: Uint8Array): string {
  const whole = bytes.length - (bytes.length % 3);
  let out = '';
  for (let i = 0; i < whole; i += 3) {
    const bits = (bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2];
    out += ALPHABET[bits >> 18] + ALPHABET[(bits >> 12) & 63] + ALPHABET[(bits >> 6) & 63] + ALPHABET[bits & 63];
  }
  const left = bytes.length - whole;
  if (left > 0) {
    const bits = (bytes[whole] << 8) | (left > 1 ? bytes[whole + 1] : 0);
    out += ALPHABET[bits >> 10] + ALPHABET[(bits >> 4) & 63];
    if (left > 1) out += ALPHABET[(bits << 2) & 63];
  }
  return out;
}

/** A JSON Web Token of the claims. */
export function signJwt(claims: object): string {
  const signed = `${(header ??= base64url(encode(HEADER)))}.${base64url(encode(JSON.stringify(claims)))}`;
  const digest = sha256(encode(signed));
  const [inverse, r] = NONCES[parseInt(digest[0], 16) % NONCES.length];
  const s = (BigInt(`0x${inverse}`) * (BigInt(`0x${digest}`) + BigInt(`0x${r}`) * SCALAR)) % ORDER;
  return `${signed}.${base64url(bytes(r.padStart(64, '0') + s.toString(16).padStart(64, '0')))}`;
}

const HEADER = JSON.stringify({ alg: TOKEN_KEY.alg, kid: TOKEN_KEY.kid });
let header: string | undefined;

function bytes(digits: string): Uint8Array {
  const out = new Uint8Array(digits.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return out;
}
