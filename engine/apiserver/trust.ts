// Whether the API server, as a client, accepts the certificate that a server shows it.

import type { Socket } from '../linux/index.ts';
import { part } from '../parts/index.ts';

type Certificate = ReturnType<ReturnType<typeof part<'pki'>>['readCertificate']>;

/** What the texts of a server's certificate and of the authorities say, whoever asks when. */
interface Verdict {
  /** Undefined: there is no certificate. */
  notAfter: number | undefined;
  vouched: boolean;
}

/** Signatures are dear to check and a webhook is called again and again; a webhook's few pairs are all there are. */
const verdicts = new Map<string, Verdict>();
const MAX_VERDICTS = 32;

function verdictOn(shownText: string, authorities: string): Verdict {
  const key = `${shownText}\n${authorities}`;
  let verdict = verdicts.get(key);
  if (verdict) return verdict;
  verdict = verify(shownText, authorities);
  if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
  verdicts.set(key, verdict);
  return verdict;
}

function verify(shownText: string, authorities: string): Verdict {
  const { isSignedBy } = part('pki');
  const [shown] = certificates(shownText);
  if (!shown) return { notAfter: undefined, vouched: false };
  const vouched = certificates(authorities).some(
    (root) =>
      root.signed.join() === shown.signed.join() ||
      (root.rawSubject.join() === shown.rawIssuer.join() && isSignedBy(shown, root.publicKeyInfo)),
  );
  return { notAfter: shown.notAfter, vouched };
}

function certificates(text: string): Certificate[] {
  const { readPem, readCertificate, DerError } = part('pki');
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).flatMap((block) => {
    try {
      return [readCertificate(readPem(`${block}\n`)?.bytes ?? new Uint8Array())];
    } catch (error) {
      if (error instanceof DerError) return [];
      throw error;
    }
  });
}

/** Why the certificate is not accepted; undefined: it is. `authorities` is PEM; without them nobody is trusted. */
export function distrusted(
  { tls }: Socket,
  authorities: string | undefined,
  serverName: string,
  now: number,
): string | undefined {
  if (!tls) return 'http: server gave HTTP response to HTTPS client';
  const { notAfter, vouched } = verdictOn(tls.ca, authorities ?? '');
  const fault = (why: string) => `tls: failed to verify certificate: x509: ${why}`;
  if (notAfter !== undefined && now > notAfter) {
    const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
    return fault(`certificate has expired or is not yet valid: current time ${time(now)} is after ${time(notAfter)}`);
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
