// The certificates and keys that kubeadm leaves in /etc/kubernetes/pki of a control-plane node, in PEM. Keys follow from
// their names, so that each file can be made when it is first read.

import { encode } from '../linux/bytes.ts';
import { BACKDATE, CA_DAYS, CLIENT_DAYS, DAY } from './authority.ts';
import { keyId, nameDer, signCertificate, type AlternativeNames, type Name } from './certificate.ts';
import { keyFrom, keyOf as pairOf, privateKeyDer, publicKeyInfo, sha256, type KeyPair } from './keys.ts';
import { pem } from './pem.ts';
import { SCALAR } from './token-key.ts';

/** The machine whose files they are, and when they were made (ms since the epoch). */
export interface ClusterFiles {
  hostname: string;
  ip: string;
  /** Of the Service `kubernetes`, for the API server's. */
  serviceIP?: string;
  made: number;
  /** Further names and addresses of the API server. */
  names?: readonly string[];
}

/** Authorities by their file's name; `seed`: what its key follows from. */
const AUTHORITIES: Readonly<Record<string, { commonName: string; seed: string }>> = {
  ca: { commonName: 'kubernetes', seed: 'ca' },
  'etcd/ca': { commonName: 'etcd-ca', seed: 'etcd-ca' },
  'public-root': { commonName: 'Public Root R1', seed: 'public-root' },
  'front-proxy-ca': { commonName: 'front-proxy-ca', seed: 'front-proxy-ca' },
};

interface Leaf {
  by: string;
  subject: (files: ClusterFiles) => Name;
  usages: readonly string[];
  names?: (files: ClusterFiles) => Partial<AlternativeNames>;
}

const named =
  (commonName: string, ...organizations: string[]) =>
  (): Name => ({ commonName, organizations });
const unique = (names: readonly string[]): string[] => [...new Set(names)];
const isAddress = (name: string): boolean => /^\d+(\.\d+){3}$/.test(name) || name.includes(':');
const SERVER = 'server auth';
const CLIENT = 'client auth';
const member: Leaf = {
  by: 'etcd/ca',
  subject: ({ hostname }) => ({ commonName: hostname, organizations: [] }),
  usages: [SERVER, CLIENT],
  names: ({ hostname, ip }) => ({ dns: [hostname, 'localhost'], ips: [ip, '127.0.0.1', '::1'] }),
};

const LEAVES: Readonly<Record<string, Leaf>> = {
  apiserver: {
    by: 'ca',
    subject: named('kube-apiserver'),
    usages: [SERVER],
    names: ({ hostname, ip, serviceIP = '10.96.0.1', names = [] }) => ({
      dns: unique([
        hostname,
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        'kubernetes.default.svc.cluster.local',
        ...names.filter((name) => !isAddress(name)),
      ]),
      ips: unique([serviceIP, ip, ...names.filter(isAddress)]),
    }),
  },
  'apiserver-kubelet-client': {
    by: 'ca',
    subject: named('kube-apiserver-kubelet-client', 'kubeadm:cluster-admins'),
    usages: [CLIENT],
  },
  'front-proxy-client': { by: 'front-proxy-ca', subject: named('front-proxy-client'), usages: [CLIENT] },
  'apiserver-etcd-client': { by: 'etcd/ca', subject: named('kube-apiserver-etcd-client'), usages: [CLIENT] },
  'etcd/server': member,
  'etcd/peer': member,
  'etcd/healthcheck-client': { by: 'etcd/ca', subject: named('kube-etcd-healthcheck-client'), usages: [CLIENT] },
};

/** Of the kubeconfigs, not files of their own. */
const USERS: Readonly<Record<string, (files: ClusterFiles) => Name>> = {
  'super-admin': named('kubernetes-super-admin', 'system:masters'),
  'controller-manager': named('system:kube-controller-manager'),
  scheduler: named('system:kube-scheduler'),
  'kube-proxy': named('system:kube-proxy', 'system:node-proxier'),
  'konnectivity-server': named('system:konnectivity-server'),
  kubelet: ({ hostname }) => ({ commonName: `system:node:${hostname}`, organizations: ['system:nodes'] }),
};

const keys = new Map<string, KeyPair>();

/** What signs the tokens of service accounts. */
function tokenKey(): KeyPair {
  const digits = SCALAR.toString(16).padStart(64, '0');
  return pairOf(Uint8Array.from({ length: 32 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16)));
}

function keyOf(seed: string): KeyPair {
  let key = keys.get(seed);
  if (!key) keys.set(seed, (key = keyFrom(`kubebook/${seed}`)));
  return key;
}

/** The text of a file by its name below /etc/kubernetes/pki, such as `etcd/server.crt`. */
export function clusterFile(name: string, files: ClusterFiles): string {
  const stem = name.slice(0, -4);
  if (stem === 'sa')
    return name === 'sa.key'
      ? pem('EC PRIVATE KEY', privateKeyDer(tokenKey()))
      : pem('PUBLIC KEY', publicKeyInfo(tokenKey().point));
  const authority = AUTHORITIES[stem];
  const user = USERS[stem];
  const leaf: Leaf = user ? { by: 'ca', subject: user, usages: [CLIENT] } : LEAVES[stem];
  const key = keyOf(authority ? authority.seed : `${files.hostname}/${stem}`);
  if (name.endsWith('.key')) return pem('EC PRIVATE KEY', privateKeyDer(key));
  const common = {
    serial: sha256(encode(authority ? stem : `${files.hostname}/${stem}`))
      .slice(0, 8)
      .map((byte, at) => (at ? byte : byte & 0x7f)),
    notBefore: files.made,
    publicKeyInfo: publicKeyInfo(key.point),
  };
  if (authority) {
    const subject = nameDer({ commonName: authority.commonName, organizations: [] });
    const template = {
      ...common,
      issuer: subject,
      subject,
      notAfter: files.made + BACKDATE + CA_DAYS * DAY,
      isCA: true,
      usages: ['digital signature', 'key encipherment', 'cert sign'],
      names: { dns: [authority.commonName] },
    };
    return pem('CERTIFICATE', signCertificate(template, key));
  }
  const { commonName, seed } = AUTHORITIES[leaf.by];
  const signer = keyOf(seed);
  const template = {
    ...common,
    issuer: nameDer({ commonName, organizations: [] }),
    subject: nameDer(leaf.subject(files)),
    notAfter: files.made + BACKDATE + CLIENT_DAYS * DAY,
    isCA: false,
    usages: ['digital signature', 'key encipherment', ...leaf.usages],
    names: leaf.names?.(files),
    authorityKeyId: keyId(publicKeyInfo(signer.point)),
  };
  return pem('CERTIFICATE', signCertificate(template, signer));
}
