// What a cluster is born with: its CA's certificate and the administrator's certificate and key, in PEM.

import { part } from '../parts/index.ts';
import { ADMIN_CERTIFICATE, ADMIN_FINGERPRINT, ADMIN_KEY, ADMIN_UNTIL, MADE, ROOT_CA } from './well-known.ts';

export interface Credentials {
  ca: string;
  certificate: string;
  key: string;
  /** SHA-256 of the certificate's DER, in hexadecimal. */
  fingerprint: string;
  /** Of the certificate, ms since the epoch. */
  notBefore: number;
  notAfter: number;
}

/** `birth`: ms since the epoch. Made anew only where those that are ready would not be valid. */
export function credentials(birth: number): Credentials {
  if (birth >= MADE && birth < ADMIN_UNTIL) {
    return {
      ca: ROOT_CA,
      certificate: ADMIN_CERTIFICATE,
      key: ADMIN_KEY,
      fingerprint: ADMIN_FINGERPRINT,
      notBefore: MADE,
      notAfter: ADMIN_UNTIL,
    };
  }
  const { authority } = part('pki');
  const notBefore = birth - authority.BACKDATE;
  const own = authority.administrator(notBefore);
  const fingerprint = authority.fingerprint(own.certificate);
  const notAfter = notBefore + ADMIN_UNTIL - MADE;
  return { ca: authority.rootCA(notBefore), ...own, fingerprint, notBefore, notAfter };
}
