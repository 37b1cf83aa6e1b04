// Client certificates: common name and organizations are user and groups (--client-ca-file). What TLS checks on the way
// is checked here as well, since connections inside the engine are not encrypted.

import { base64Text } from '../../api/base64.ts';
import { part } from '../../parts/index.ts';
import type { Sim } from '../../sim/index.ts';
import type { ApiRequest, UserInfo } from '../types.ts';
import { AUTHENTICATED } from './authenticate.ts';

/** Certificate and key do not belong together, or are none: the client itself gives up. */
export class HandshakeError extends Error {}

interface Known {
  user: UserInfo | undefined;
  notBefore: number;
  notAfter: number;
}

/** The administrator's, that clusters are born with: nothing has to be computed for it. */
export interface Administrator {
  certificate: string;
  key: string;
  /** SHA-256 of the certificate's DER, in hexadecimal. */
  fingerprint: string;
  notBefore: number;
  notAfter: number;
}

export class ClientCertificates {
  private readonly sim: Sim;
  /** By certificate and key. */
  private readonly known = new Map<string, Known>();
  /** PEM by the base64 of the certificate: a client sends the same with every request. */
  private readonly texts = new Map<string, { key: string | undefined; pem: string; keyPem: string }>();

  constructor(sim: Sim, { certificate, key, fingerprint, notBefore, notAfter }: Administrator) {
    this.sim = sim;
    const user = userOf({ commonName: 'kubernetes-admin', organizations: ['kubeadm:cluster-admins'] }, fingerprint);
    this.known.set(certificate + key, { user, notBefore, notAfter });
  }

  /**
   * The request as it comes over a connection with this certificate and key (base64 of PEM). The server asks the
   * certificate first: a token beside it counts only when no CA here has signed it.
   */
  connected(request: ApiRequest, certificate: string | undefined, key: string | undefined): ApiRequest {
    if (!certificate) return request;
    let read = this.texts.get(certificate);
    if (!read || read.key !== key) {
      read = { key, pem: base64Text(certificate), keyPem: base64Text(key ?? '') };
      this.texts.set(certificate, read);
    }
    const user = this.user(read.pem, read.keyPem);
    if (user) return { ...request, user };
    // What no CA here has signed is worth as much as a token that nobody knows.
    const { authorization = 'Bearer -' } = request.headers ?? {};
    return { ...request, headers: { ...request.headers, authorization } };
  }

  /** The request as it comes over a connection whose TLS has proven that the client has the key of this certificate (PEM). */
  proven(request: ApiRequest, certificate: string): ApiRequest {
    const user = this.user(certificate);
    if (user) return { ...request, user };
    const { authorization = 'Bearer -' } = request.headers ?? {};
    return request.user ? request : { ...request, headers: { ...request.headers, authorization } };
  }

  /** Who shows the certificate, with its key (PEM both; without one where TLS has asked for it); undefined when the cluster's CA does not vouch for it (now). */
  user(certificate: string, key?: string): UserInfo | undefined {
    const both = certificate + (key ?? '');
    let known = this.known.get(both);
    if (!known) this.known.set(both, (known = read(certificate, key, this.sim.now)));
    const { now } = this.sim;
    return now < known.notBefore || now > known.notAfter ? undefined : known.user;
  }
}

/** Without `keyText` the key has been proven already. */
function read(text: string, keyText: string | undefined, now: number): Known {
  const { authority, readPem, privateKeyOf, publicInfoOf } = part('pki');
  if (readPem(text)?.type !== 'CERTIFICATE') {
    throw new HandshakeError('tls: failed to find any PEM data in certificate input');
  }
  if (keyText !== undefined && !readPem(keyText))
    throw new HandshakeError('tls: failed to find any PEM data in key input');
  const certificate = authority.trusted(text, now);
  if (typeof certificate === 'string') return { user: undefined, notBefore: -Infinity, notAfter: Infinity };
  const secret = keyText === undefined ? undefined : privateKeyOf(keyText);
  // Of keys on other curves, that they fit is taken on trust.
  if (secret && publicInfoOf(secret).join() !== certificate.publicKeyInfo.join()) {
    throw new HandshakeError('tls: private key does not match public key');
  }
  const { notBefore, notAfter, subject, extendedKeyUsages } = certificate;
  const isClient = extendedKeyUsages.includes('client auth') && subject.commonName !== '';
  return { user: isClient ? userOf(subject, authority.fingerprint(text)) : undefined, notBefore, notAfter };
}

const userOf = (subject: { commonName: string; organizations: string[] }, fingerprint: string): UserInfo => ({
  name: subject.commonName,
  groups: [...subject.organizations, AUTHENTICATED],
  extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
});
