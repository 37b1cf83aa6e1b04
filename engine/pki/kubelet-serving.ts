// A kubelet's serving certificate as long as nobody gives it one: signed by an authority that it made for this alone.

import { encode } from '../linux/bytes.ts';
import { DAY } from './authority.ts';
import { keyId, nameDer, signCertificate } from './certificate.ts';
import { keyFrom, privateKeyDer, publicKeyInfo, sha256 } from './keys.ts';
import { pem } from './pem.ts';

/** client-go: valid from an hour before it was made, for a year. */
const EARLIER = 3_600_000;
const DAYS = 365;

/** In PEM: the certificate, that of its authority, and the key. `made`: ms since the epoch. */
export function kubeletServing(
  hostname: string,
  made: number,
): { certificate: string; authority: string; key: string } {
  const seconds = Math.floor(made / 1000);
  const nameOf = (what: string) => nameDer({ commonName: `${what}@${seconds}`, organizations: [] });
  const keyOf = (what: string) => keyFrom(`kubebook/${hostname}/${what}`);
  const issuer = nameOf(`${hostname}-ca`);
  const signer = keyOf('kubelet-ca');
  const own = keyOf('kubelet');
  const template = (what: string) => ({
    serial: sha256(encode(`${hostname}/${what}`))
      .slice(0, 8)
      .map((byte, at) => (at ? byte : byte & 0x7f)),
    issuer,
    notBefore: made - EARLIER,
    notAfter: made - EARLIER + DAYS * DAY,
  });
  const usages = ['digital signature', 'key encipherment'];
  const authority = signCertificate(
    {
      ...template('kubelet-ca'),
      subject: issuer,
      publicKeyInfo: publicKeyInfo(signer.point),
      isCA: true,
      usages: [...usages, 'cert sign'],
      names: { dns: [`${hostname}-ca@${seconds}`] },
    },
    signer,
  );
  const certificate = signCertificate(
    {
      ...template('kubelet'),
      subject: nameOf(hostname),
      publicKeyInfo: publicKeyInfo(own.point),
      isCA: false,
      usages: [...usages, 'server auth'],
      names: { dns: [hostname] },
      authorityKeyId: keyId(publicKeyInfo(signer.point)),
    },
    signer,
  );
  return {
    certificate: pem('CERTIFICATE', certificate),
    authority: pem('CERTIFICATE', authority),
    key: pem('EC PRIVATE KEY', privateKeyDer(own)),
  };
}
