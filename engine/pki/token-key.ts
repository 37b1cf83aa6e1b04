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
  [
    '812d1e131dbc0bf36e31617671ec9eecf71cfc30bcf658041d30f49a35bcaaa4',
    '14f34d1c58ebeb19cc14a30cec3cb034a1fa885024257e0b0e5a98a0a4fdc0d7',
  ],
  [
    '48165fda95054d8d22bf9a8a69232f3103072645a8c6dc06c91e701b74d6fb87',
    'd49188f01e3a105052c72f6a7dcb034c66cd297cd5eac776c2cb84737081672f',
  ],
  [
    '5158d5fbd3f40e1dbe7e2f1d6eeff92b9fa1ba3fa3fea99e15bdb3c2a4186208',
    'd7a2eb2cbd1b433a308abbc31c73a3a9f931d93e85f1da79041b516ca05544e8',
  ],
  [
    '83bcd210b08cdb654faeaf8e70cd975d25bafa59fccbe7f5e44c7daeaff6138e',
    'ec530bb0e7e9a1edc98d93fb4392ff794787bffa9a56a7079aadcb296613d535',
  ],
  [
    '403a5fc81632401815a4776e084a368078f9d3873468331856345ef701f811a5',
    '6b47db246ba6e961bfb60adeaa35c37dce835c8973d8d1ca106a527952c57ad8',
  ],
  [
    '92878bea6e7a6b6a9848e258148b69e9b9afd5c5791d2fde6128e41be1676b3e',
    'b5d411dacd55774339ef3c7b2628b1f17ac6225e94c2bd1bbef69a9d59413695',
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
