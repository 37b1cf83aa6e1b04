// The certificates and keys that all control planes share, in the Secret kubeadm-certs: encrypted with a key that only the
// administrator has, and owned by a token with whose end, after two hours, they go.

import { gcm } from '@noble/ciphers/aes.js';
import type { KubeObject, Secret } from '../../api/types.ts';
import { isNotFound, type Client } from '../../client/index.ts';
import { JOINING_GROUP } from '../../kubeadm/cluster-objects.ts';
import { decode, encode, fromBase64, toBase64 } from '../../linux/index.ts';
import { PKI, type Session } from './session.ts';
import { newToken, storeToken } from './token.ts';
import { upload } from './uploads.ts';

const SECRET = 'kubeadm-certs';
const READERS = 'kubeadm:kubeadm-certs';
const NAMESPACE = 'kube-system';
/** kubeadm: DefaultCertTokenDuration. */
const TTL = 2 * 3_600_000;
const NONCE_BYTES = 12;
const KEY_BYTES = 32;
const RBAC = 'rbac.authorization.k8s.io';

const FILES = ['ca', 'front-proxy-ca', 'etcd/ca'].flatMap((name) => [`${name}.crt`, `${name}.key`]);
FILES.push('sa.key', 'sa.pub');
const entryOf = (file: string): string => file.replace('/', '-');

export function newCertificateKey({ process }: Session): string {
  const random = process.host.sim.random('kubeadm');
  return Array.from({ length: 2 * KEY_BYTES }, () => random.int(16).toString(16)).join('');
}

/** The bytes of a key in hexadecimal digits; a text is what is wrong with it. */
function keyBytes(text: string): Uint8Array | string {
  const odd = /[^0-9a-f]/i.exec(text);
  if (odd)
    return `encoding/hex: invalid byte: U+${odd[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')} '${odd[0]}'`;
  if (text.length % 2) return 'encoding/hex: odd length hex string';
  return Uint8Array.from({ length: text.length / 2 }, (_, at) => parseInt(text.slice(2 * at, 2 * at + 2), 16));
}

const LENGTHS = [16, 24, KEY_BYTES];

export function uploadCertificates(session: Session, key: string) {
  const { fs, process } = session;
  session.say(`[upload-certs] Storing the certificates in Secret "${SECRET}" in the "${NAMESPACE}" Namespace`);
  const wrong = (why: string) => session.fail(`error execution phase upload-certs: error uploading certs: ${why}`);
  const secret = keyBytes(key);
  if (typeof secret === 'string') return wrong(`error decoding certificate key: ${secret}`);
  if (!LENGTHS.includes(secret.length)) return wrong(`crypto/aes: invalid key size ${secret.length}`);
  const token = newToken(session);
  const description = 'Proxy for managing TTL for the kubeadm-certs secret';
  storeToken(session, { token, ttl: TTL, description, groups: [], usages: [] });
  const owner = session.admin.of<Secret>('v1', 'secrets').get(NAMESPACE, `bootstrap-token-${token.slice(0, 6)}`);
  const random = process.host.sim.random('kubeadm');
  const data: Record<string, string> = {};
  for (const file of FILES) {
    const path = `${PKI}/${file}`;
    if (!fs.exists(path)) {
      data[entryOf(file)] = '';
      continue;
    }
    const nonce = Uint8Array.from({ length: NONCE_BYTES }, () => random.int(256));
    const sealed = gcm(secret, nonce).encrypt(encode(fs.readFile(path)));
    const bytes = new Uint8Array(NONCE_BYTES + sealed.length);
    bytes.set(nonce);
    bytes.set(sealed, NONCE_BYTES);
    data[entryOf(file)] = toBase64(bytes);
  }
  const { name, uid } = owner.metadata;
  const reference = { apiVersion: 'v1', kind: 'Secret', name, uid, controller: true, blockOwnerDeletion: true };
  const metadata = { name: READERS, namespace: NAMESPACE };
  const rules = [{ apiGroups: [''], resourceNames: [SECRET], resources: ['secrets'], verbs: ['get'] }];
  const roleRef = { apiGroup: RBAC, kind: 'Role', name: READERS };
  const subjects = [{ apiGroup: RBAC, kind: 'Group', name: JOINING_GROUP }];
  upload(session, [
    [
      'v1',
      'secrets',
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: SECRET, namespace: NAMESPACE, ownerReferences: [reference] },
        data,
      } as unknown as KubeObject,
    ],
    [`${RBAC}/v1`, 'roles', { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules } as unknown as KubeObject],
    [
      `${RBAC}/v1`,
      'rolebindings',
      { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata, roleRef, subjects } as unknown as KubeObject,
    ],
  ]);
}

/** Fetches them with the rights of who joins, and puts them where they belong. */
export function downloadCertificates(session: Session, client: Client, key: string) {
  const wrong = (why: string) =>
    session.fail(`error execution phase control-plane-prepare/download-certs: error downloading certs: ${why}`);
  session.say(`[download-certs] Downloading the certificates in Secret "${SECRET}" in the "${NAMESPACE}" Namespace`);
  const secret = keyBytes(key);
  if (typeof secret === 'string') return wrong(`error decoding certificate key: ${secret}`);
  let data: Record<string, string>;
  try {
    data = client.of<Secret>('v1', 'secrets').get(NAMESPACE, SECRET).data ?? {};
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return wrong(
      `error downloading the secret: Secret "${SECRET}" was not found in the "${NAMESPACE}" Namespace. This Secret might have expired. Please, run \`kubeadm init phase upload-certs --upload-certs\` on a control plane to generate a new one`,
    );
  }
  const texts: Record<string, string> = {};
  for (const name in data) {
    const { bytes } = fromBase64(data[name]);
    if (bytes.length === 0) continue;
    if (!LENGTHS.includes(secret.length))
      return wrong(`error decoding secret data with provided key: crypto/aes: invalid key size ${secret.length}`);
    try {
      texts[name] = decode(gcm(secret, bytes.slice(0, NONCE_BYTES)).decrypt(bytes.slice(NONCE_BYTES)));
    } catch {
      return wrong('error decoding secret data with provided key: cipher: message authentication failed');
    }
  }
  session.say(`[download-certs] Saving the certificates to the folder: "${PKI}"`);
  for (const file of FILES) {
    const text = texts[entryOf(file)];
    if (data[entryOf(file)] === undefined)
      return wrong(`the Secret does not include the required certificate or key - name: ${file}, path: ${PKI}/${file}`);
    if (text !== undefined) session.write(`${PKI}/${file}`, text, file.endsWith('.key') ? 0o600 : 0o644);
  }
}
