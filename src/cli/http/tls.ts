// The server's own authority and certificate for 127.0.0.1, made anew each time: kubectl sends credentials over TLS only.

import { randomBytes } from 'node:crypto';
import { keyId, nameDer, signCertificate } from '../../../engine/pki/certificate.ts';
import { keyFrom, privateKeyDer, publicKeyInfo } from '../../../engine/pki/keys.ts';
import { pem } from '../../../engine/pki/pem.ts';

const DAY = 86_400_000;

/** PEM texts: what the server shows, its key, and the authority that clients trust. */
export function serverCertificate(): { cert: string; key: string; ca: string } {
  const authority = keyFrom(randomBytes(32).toString('hex'));
  const server = keyFrom(randomBytes(32).toString('hex'));
  const issuer = nameDer({ commonName: 'kubebook-api', organizations: [] });
  const common = { issuer, notBefore: Date.now() - DAY, notAfter: Date.now() + 365 * DAY };
  const serial = () => randomBytes(8).fill(1, 0, 1);
  const info = publicKeyInfo(authority.point);
  const ca = signCertificate(
    {
      ...common,
      serial: serial(),
      subject: issuer,
      publicKeyInfo: info,
      isCA: true,
      usages: ['digital signature', 'key encipherment', 'cert sign'],
    },
    authority,
  );
  const cert = signCertificate(
    {
      ...common,
      serial: serial(),
      subject: nameDer({ commonName: 'kube-apiserver', organizations: [] }),
      publicKeyInfo: publicKeyInfo(server.point),
      isCA: false,
      usages: ['digital signature', 'key encipherment', 'server auth'],
      names: { dns: ['localhost', 'kubernetes', 'kubernetes.default.svc'], ips: ['127.0.0.1'] },
      authorityKeyId: keyId(info),
    },
    authority,
  );
  return {
    cert: pem('CERTIFICATE', cert),
    key: pem('EC PRIVATE KEY', privateKeyDer(server)),
    ca: pem('CERTIFICATE', ca),
  };
}
