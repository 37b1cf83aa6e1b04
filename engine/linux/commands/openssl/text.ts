// Certificates and requests as -text shows them.

import { part } from '../../../parts/index.ts';
import { parse6 } from '../../net/address6.ts';
import type { Certificate, Request } from './types.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function date(ms: number): string {
  const text = new Date(ms).toISOString();
  const day = String(Number(text.slice(8, 10))).padStart(2);
  return `${MONTHS[Number(text.slice(5, 7)) - 1]} ${day} ${text.slice(11, 19)} ${text.slice(0, 4)} GMT`;
}

export const hex = (bytes: Uint8Array): string[] => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));

/** Bytes in lines of so many, with a colon between all of them. */
function lines(bytes: Uint8Array | string[], perLine: number, indent: number): string {
  const all = bytes instanceof Uint8Array ? hex(bytes) : bytes;
  let out = '';
  for (let i = 0; i < all.length; i += perLine) {
    const row = all.slice(i, i + perLine).join(':');
    out += `${' '.repeat(indent)}${row}${i + perLine < all.length ? ':' : ''}\n`;
  }
  return out;
}

function keyText(info: Uint8Array): string {
  const { pointOf, rsaPublicOf } = part('pki');
  const head = '            Public Key Algorithm: ';
  const point = pointOf(info);
  if (point) {
    return (
      `${head}id-ecPublicKey\n                Public-Key: (256 bit)\n                pub:\n` +
      `${lines(point, 15, 20)}                ASN1 OID: prime256v1\n                NIST CURVE: P-256\n`
    );
  }
  const key = rsaPublicOf(info);
  if (!key) return `${head}(not one of RSA and P-256)\n`;
  const modulus = key.modulus.toString(16);
  const digits = `00${modulus.padStart(modulus.length + (modulus.length & 1), '0')}`.match(/../g) ?? [];
  return (
    `${head}rsaEncryption\n                Public-Key: (${modulus.length * 4} bit)\n                Modulus:\n` +
    `${lines(digits, 15, 20)}                Exponent: ${key.exponent} (0x${key.exponent.toString(16)})\n`
  );
}

/** The public key in PEM. */
export const publicKeyText = (info: Uint8Array): string => part('pki').pem('PUBLIC KEY', info);

/** OpenSSL shortens nothing. */
function wholeAddress(ip: string): string {
  const hex = (parse6(ip) ?? 0n).toString(16).padStart(32, '0').toUpperCase();
  return (hex.match(/.{4}/g) ?? []).map((group) => group.replace(/^0{1,3}/, '')).join(':');
}

function namesText({ names }: Request): string {
  return [
    ...names.dns.map((name) => `DNS:${name}`),
    ...names.ips.map((ip) => `IP Address:${ip.includes(':') ? wholeAddress(ip) : ip}`),
    ...names.emails.map((email) => `email:${email}`),
    ...names.uris.map((uri) => `URI:${uri}`),
  ].join(', ');
}

export function requestText(read: Request): string {
  const names = namesText(read);
  return (
    'Certificate Request:\n    Data:\n        Version: 1 (0x0)\n' +
    `        Subject: ${part('pki').nameText(read.rawSubject)}\n        Subject Public Key Info:\n${keyText(read.publicKeyInfo)}` +
    (names
      ? `        Attributes:\n            Requested Extensions:\n                X509v3 Subject Alternative Name: \n                    ${names}\n`
      : '        Attributes:\n            (none)\n            Requested Extensions:\n')
  );
}

const USAGES: Readonly<Record<string, string>> = {
  'digital signature': 'Digital Signature',
  'content commitment': 'Non Repudiation',
  'key encipherment': 'Key Encipherment',
  'data encipherment': 'Data Encipherment',
  'cert sign': 'Certificate Sign',
  'crl sign': 'CRL Sign',
  'client auth': 'TLS Web Client Authentication',
  'server auth': 'TLS Web Server Authentication',
};

/** The extensions by their short name: title and value. */
function extensions(read: Certificate): Record<string, readonly [title: string, value: string]> {
  const usages = (all: string[]) => all.map((usage) => USAGES[usage] ?? usage).join(', ');
  const id = (bytes: Uint8Array) => hex(bytes).join(':').toUpperCase();
  const names = namesText(read);
  return {
    ...(read.keyUsages.length ? { keyUsage: ['Key Usage: critical', usages(read.keyUsages)] as const } : {}),
    ...(read.extendedKeyUsages.length
      ? { extendedKeyUsage: ['Extended Key Usage: ', usages(read.extendedKeyUsages)] as const }
      : {}),
    basicConstraints: ['Basic Constraints: critical', `CA:${read.isCA ? 'TRUE' : 'FALSE'}`],
    ...(read.subjectKeyId
      ? { subjectKeyIdentifier: ['Subject Key Identifier: ', id(read.subjectKeyId)] as const }
      : {}),
    ...(read.authorityKeyId
      ? { authorityKeyIdentifier: ['Authority Key Identifier: ', id(read.authorityKeyId)] as const }
      : {}),
    ...(names ? { subjectAltName: ['Subject Alternative Name: ', names] as const } : {}),
  };
}

/** -ext: some of them. */
export function extensionText(read: Certificate, wanted: readonly string[]): string {
  const all = extensions(read);
  const found = wanted.filter((name) => all[name]);
  if (!found.length) return 'No extensions matching requested type\n';
  return found.map((name) => `X509v3 ${all[name][0]}\n    ${all[name][1]}\n`).join('');
}

export function certificateText(read: Certificate): string {
  const { nameText } = part('pki');
  const small = read.serial.length <= 8 ? BigInt(`0x${hex(read.serial).join('')}`) : undefined;
  const serial =
    small === undefined ? `\n            ${hex(read.serial).join(':')}` : ` ${small} (0x${small.toString(16)})`;
  // A signature of RSA is as long as the key, one of ECDSA never.
  const algorithm = read.signature.value.length > 80 ? 'sha256WithRSAEncryption' : 'ecdsa-with-SHA256';
  return (
    `Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number:${serial}\n` +
    `        Signature Algorithm: ${algorithm}\n        Issuer: ${nameText(read.rawIssuer)}\n        Validity\n` +
    `            Not Before: ${date(read.notBefore)}\n            Not After : ${date(read.notAfter)}\n` +
    `        Subject: ${nameText(read.rawSubject)}\n        Subject Public Key Info:\n${keyText(read.publicKeyInfo)}` +
    '        X509v3 extensions:\n' +
    Object.values(extensions(read))
      .map(([title, value]) => `            X509v3 ${title}\n                ${value}\n`)
      .join('') +
    `    Signature Algorithm: ${algorithm}\n    Signature Value:\n${lines(read.signature.value, 18, 8)}`
  );
}
