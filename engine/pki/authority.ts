// The cluster's certificate authority, and what checks tokens. Keys are the same in every cluster and follow from their
// names, so that nothing is derived before it is asked for.

import { encode, fromBase64 } from '../linux/bytes.ts';
import {
  isSignedBy,
  keyId,
  nameDer,
  readCertificate,
  signCertificate,
  type AlternativeNames,
  type Certificate,
  type Name,
} from './certificate.ts';
import { DerError, type Bytes } from './der.ts';
import { keyFrom, privateKeyDer, publicKeyInfo, sha256, verify, type KeyPair } from './keys.ts';
import { pem, readPem } from './pem.ts';
import { TOKEN_KEY } from './token-key.ts';

/** kubeadm: a CA is valid for ten years, what it signs for one; certificates begin five minutes early. */
export const BACKDATE = 5 * 60_000;
export const DAY = 24 * 3_600_000;
export const CA_DAYS = 3650;
export const CLIENT_DAYS = 365;
const CA_NAME: Name = { commonName: 'kubernetes', organizations: [] };

const keys = new Map<string, KeyPair>();

function key(name: 'ca' | 'admin'): KeyPair {
  let pair = keys.get(name);
  if (!pair) keys.set(name, (pair = keyFrom(`kubebook/${name}`)));
  return pair;
}

/** A certificate to make: the subject as DER (a request's) or as a name. */
export interface Wanted {
  subject: Bytes | Name;
  publicKeyInfo: Bytes;
  usages: readonly string[];
  names?: Partial<AlternativeNames>;
  serial: Bytes;
  notBefore: number;
  notAfter: number;
}

/** A certificate signed by the cluster's CA, in PEM. */
export function issue({ subject, ...rest }: Wanted): string {
  const ca = key('ca');
  const der = signCertificate(
    {
      ...rest,
      issuer: nameDer(CA_NAME),
      subject: subject instanceof Uint8Array ? subject : nameDer(subject),
      isCA: false,
      authorityKeyId: keyId(publicKeyInfo(ca.point)),
    },
    ca,
  );
  return pem('CERTIFICATE', der);
}

/** The CA's own certificate in PEM, made at a time (ms since the epoch). */
export function rootCA(made: number): string {
  const ca = key('ca');
  const name = nameDer(CA_NAME);
  const usages = ['digital signature', 'key encipherment', 'cert sign'];
  const der = signCertificate(
    {
      serial: encode('Kubebook'),
      issuer: name,
      subject: name,
      notBefore: made,
      notAfter: made + BACKDATE + CA_DAYS * DAY,
      publicKeyInfo: publicKeyInfo(ca.point),
      isCA: true,
      usages,
      names: { dns: ['kubernetes'] },
    },
    ca,
  );
  return pem('CERTIFICATE', der);
}

/** The administrator's certificate and key in PEM. */
export function administrator(made: number): { certificate: string; key: string } {
  const own = key('admin');
  const certificate = issue({
    subject: { commonName: 'kubernetes-admin', organizations: ['kubeadm:cluster-admins'] },
    publicKeyInfo: publicKeyInfo(own.point),
    usages: ['digital signature', 'key encipherment', 'client auth'],
    serial: new Uint8Array([1, 2, 3]),
    notBefore: made,
    notAfter: made + BACKDATE + CLIENT_DAYS * DAY,
  });
  return { certificate, key: pem('EC PRIVATE KEY', privateKeyDer(own)) };
}

/** The certificate in a PEM text if the cluster's CA signed it; else why it is not accepted, in Go's words. */
export function trusted(text: string, now: number): Certificate | string {
  const block = readPem(text);
  if (block?.type !== 'CERTIFICATE') return 'tls: failed to find any PEM data in certificate input';
  let certificate: Certificate;
  try {
    certificate = readCertificate(block.bytes);
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
  if (!isSignedBy(certificate, publicKeyInfo(key('ca').point))) return 'x509: certificate signed by unknown authority';
  const { notBefore, notAfter } = certificate;
  const shown = (ms: number) => new Date(ms).toISOString().slice(0, 19) + 'Z';
  if (now < notBefore) {
    return `x509: certificate has expired or is not yet valid: current time ${shown(now)} is before ${shown(notBefore)}`;
  }
  if (now > notAfter) {
    return `x509: certificate has expired or is not yet valid: current time ${shown(now)} is after ${shown(notAfter)}`;
  }
  return certificate;
}

export const fingerprint = (text: string): string =>
  [...sha256(readPem(text)?.bytes ?? new Uint8Array())].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** Of bytes, or of a text in UTF-8. */
/** `signed`: header and payload; `signature`: the third part. */
export function verifyJwt(signed: string, signature: string): boolean {
  const bytes = fromBase64url(signature);
  const point = new Uint8Array([4, ...fromBase64url(TOKEN_KEY.x), ...fromBase64url(TOKEN_KEY.y)]);
  return bytes.length === 64 && verify(bytes, encode(signed), point);
}

const fromBase64url = (text: string): Bytes => fromBase64(text.replace(/-/g, '+').replace(/_/g, '/')).bytes;
