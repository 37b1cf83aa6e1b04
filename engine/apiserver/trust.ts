// Whether the API server, as a client, accepts the certificate that a server shows it.

import type { Socket } from '../linux/index.ts';
import { part } from '../parts/index.ts';

type Certificate = ReturnType<ReturnType<typeof part<'pki'>>['readCertificate']>;

/** Why the certificate is not accepted; undefined: it is. `authorities` is PEM; without them nobody is trusted. */
export function distrusted(
  { tls }: Socket,
  authorities: string | undefined,
  serverName: string,
  now: number,
): string | undefined {
  if (!tls) return 'http: server gave HTTP response to HTTPS client';
  const { readPem, readCertificate, isSignedBy, DerError } = part('pki');
  const certificates = (text: string): Certificate[] =>
    (text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).flatMap((block) => {
      try {
        return [readCertificate(readPem(`${block}\n`)?.bytes ?? new Uint8Array())];
      } catch (error) {
        if (error instanceof DerError) return [];
        throw error;
      }
    });
  const fault = (why: string) => `tls: failed to verify certificate: x509: ${why}`;
  const [shown] = certificates(tls.ca);
  const roots = certificates(authorities ?? '');
  const vouched = roots.some((root) => {
    if (!shown) return false;
    if (root.signed.join() === shown.signed.join()) return true;
    return root.rawSubject.join() === shown.rawIssuer.join() && isSignedBy(shown, root.publicKeyInfo);
  });
  if (shown && now > shown.notAfter) {
    const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
    return fault(
      `certificate has expired or is not yet valid: current time ${time(now)} is after ${time(shown.notAfter)}`,
    );
  }
  const { names } = tls;
  const covers = (name: string) =>
    name === serverName || (name.startsWith('*.') && serverName.slice(serverName.indexOf('.')) === name.slice(1));
  if (!names.some(covers)) {
    if (!names.length) return fault('certificate relies on legacy Common Name field, use SANs instead');
    return fault(`certificate is valid for ${names.join(', ')}, not ${serverName}`);
  }
  return vouched ? undefined : fault('certificate signed by unknown authority');
}
