// Istio's certificate authority: a root that istiod makes when it first starts and keeps in a Secret, its own serving
// certificate, and the credentials that it gives to workloads.

import type { KubeObject, Secret } from '../../api/types.ts';
import { utf8Base64 } from '../../api/base64.ts';
import { isAlreadyExists, type Client } from '../../client/index.ts';
import { encode, decode, fromBase64, type Tls } from '../../linux/index.ts';
import { part } from '../../parts/index.ts';
import type { Sim } from '../../sim/index.ts';
import { ROOT_NAMESPACE, spiffe, TRUST_DOMAIN } from '../types.ts';
import type { Credential } from '../wire.ts';

const DAY = 24 * 3_600_000;
const BACKDATE = 2 * 60_000;
const SECRET = 'istio-ca-secret';
const ROOT_MAP = 'istio-ca-root-cert';
const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
const SERVES = ['istiod', 'istiod-remote', 'istio-pilot'].flatMap((name) => [`${name}.${ROOT_NAMESPACE}.svc`]);

export class Authority {
  private readonly sim: Sim;
  private readonly client: Client;
  /** PEM of the root. */
  readonly root: string;

  constructor(sim: Sim, client: Client) {
    this.sim = sim;
    this.client = client;
    const secrets = client.of<Secret>('v1', 'secrets');
    const kept = secrets.find(ROOT_NAMESPACE, SECRET)?.data?.['ca-cert.pem'];
    if (kept) {
      this.root = decode(fromBase64(kept).bytes);
      return;
    }
    const { signer, subject } = rootOf();
    const pki = part('pki');
    this.root = certificate({
      subject,
      point: signer.point,
      days: 3650,
      now: sim.now,
      isCA: true,
      serial: 'istio-root',
    });
    const key = pki.pem('EC PRIVATE KEY', pki.privateKeyDer(signer));
    secrets.create(ROOT_NAMESPACE, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: SECRET, namespace: ROOT_NAMESPACE },
      type: 'istio.io/ca-root',
      data: { 'ca-cert.pem': utf8Base64(this.root), 'ca-key.pem': utf8Base64(key) },
    } as Secret);
  }

  /** What istiod shows on its own ports. */
  serving(): Tls {
    const pki = part('pki');
    const own = pki.keyFrom('istio/istiod');
    const text = certificate({
      subject: named('istiod'),
      point: own.point,
      days: 365,
      now: this.sim.now,
      names: { dns: SERVES },
      serial: 'istiod',
    });
    return { ca: text, names: SERVES };
  }

  /** Each namespace gets the root, for proxies to know istiod by. */
  publish(namespace: string) {
    const maps = this.client.of<KubeObject>('v1', 'configmaps');
    const data = { 'root-cert.pem': this.root };
    const metadata = { name: ROOT_MAP, namespace, labels: { 'istio.io/config': 'true' } };
    try {
      maps.create(namespace, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      maps.patch(namespace, ROOT_MAP, 'merge', { data });
    }
  }

  /** A workload's credential, good for a day. */
  issue(namespace: string, serviceAccount: string): Credential {
    const { now } = this.sim;
    const serial = this.sim.random('istio-ca').hex(32);
    return {
      uri: spiffe(namespace, serviceAccount),
      issuer: this.root,
      serial,
      notBefore: now - BACKDATE,
      notAfter: now + DAY,
    };
  }
}

const fingerprints = new Map<string, string>();

/** SHA-256 of the certificate, as x-forwarded-client-cert has it. */
export function fingerprintOf(credential: Credential): string {
  let found = fingerprints.get(credential.serial);
  if (!found) fingerprints.set(credential.serial, (found = part('pki').authority.fingerprint(inPem(credential))));
  return found;
}

/** The same credential as an X.509 certificate in PEM: made when somebody looks. */
export function inPem({ uri, serial, notBefore, notAfter }: Credential): string {
  const point = part('pki').keyFrom(`istio/${serial}`).point;
  return certificate({
    subject: named(''),
    point,
    notBefore,
    notAfter,
    names: { uris: [uri] },
    serial,
    now: 0,
    days: 0,
  });
}

const named = (commonName: string) => ({
  commonName,
  organizations: commonName === TRUST_DOMAIN ? [TRUST_DOMAIN] : [],
});

function rootOf() {
  return { signer: part('pki').keyFrom('istio/root-ca'), subject: { commonName: '', organizations: [TRUST_DOMAIN] } };
}

interface Wanted {
  subject: { commonName: string; organizations: string[] };
  point: Uint8Array;
  days: number;
  now: number;
  notBefore?: number;
  notAfter?: number;
  isCA?: boolean;
  names?: { dns?: string[]; uris?: string[] };
  serial: string;
}

function certificate({ subject, point, days, now, notBefore, notAfter, isCA = false, names, serial }: Wanted): string {
  const pki = part('pki');
  const { signer, subject: issuer } = rootOf();
  const bytes = /^[0-9a-f]{32}$/.test(serial) ? hexBytes(serial) : encode(serial);
  const der = pki.signCertificate(
    {
      serial: bytes.map((byte, at) => (at ? byte : byte & 0x7f)),
      issuer: pki.nameDer(issuer),
      subject: pki.nameDer(subject),
      notBefore: notBefore ?? now - BACKDATE,
      notAfter: notAfter ?? now + days * DAY,
      publicKeyInfo: pki.publicKeyInfo(point),
      isCA,
      usages: isCA ? ['cert sign'] : USAGES,
      names,
    },
    signer,
  );
  return pki.pem('CERTIFICATE', der);
}

const hexBytes = (text: string) => new Uint8Array(text.match(/../g)?.map((pair) => parseInt(pair, 16)) ?? []);
