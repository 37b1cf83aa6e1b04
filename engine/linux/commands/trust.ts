// Whether a client believes a server: its certificate, or who signed it, stands in a bundle of authorities.

import { part } from '../../parts/index.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * undefined when it is believed, else why not, in OpenSSL's words. `names`: those of the certificate that the server shows;
 * `certificate` is that of its authority, or the same when it has signed itself.
 */
export function distrust(certificate: string, names: readonly string[], bundle: string): string | undefined {
  const own = certificate.trim();
  if (own === '' || bundle.includes(own)) return undefined;
  const { DerError, isSignedBy, readCertificate, readPem } = part('pki');
  const read = (text: string) => {
    const block = readPem(text);
    return block?.type === 'CERTIFICATE' ? readCertificate(block.bytes) : undefined;
  };
  const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);
  try {
    const shown = read(own);
    const isServers = shown && String([...shown.names.dns, ...shown.names.ips]) === String(names);
    if (shown && isServers && same(shown.rawSubject, shown.rawIssuer)) return 'self-signed certificate';
    for (const text of (shown && bundle.match(BLOCK)) ?? []) {
      const authority = read(text);
      if (!shown || !authority?.isCA || !same(authority.rawSubject, shown.rawIssuer)) continue;
      if (isSignedBy(shown, authority.publicKeyInfo)) return undefined;
    }
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
  }
  return 'unable to get local issuer certificate';
}
