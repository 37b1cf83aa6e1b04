// Certificates as servers load them from a Secret: the text, and the names that it is good for.

import type { Secret } from '../api/types.ts';
import { decode, fromBase64 } from '../linux/bytes.ts';
import { part } from '../parts/index.ts';

export interface ServerCertificate {
  /** PEM. */
  ca: string;
  names: readonly string[];
}

/** Of a Secret of type kubernetes.io/tls; undefined when it holds no certificate. */
export function certificateOf(secret: Secret | undefined): ServerCertificate | undefined {
  const encoded = secret?.data?.['tls.crt'];
  const ca = encoded ? decode(fromBase64(encoded).bytes) : '';
  if (ca === '') return undefined;
  const { DerError, readCertificate, readPem } = part('pki');
  try {
    const block = readPem(ca);
    if (block?.type !== 'CERTIFICATE') return undefined;
    const { dns, ips } = readCertificate(block.bytes).names;
    return { ca, names: [...dns, ...ips] };
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}
