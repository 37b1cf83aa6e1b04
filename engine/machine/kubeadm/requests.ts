// kubeadm certs generate-csr: keys and requests for certificates, for an authority that is elsewhere.

import { utf8Base64 } from '../../api/base64.ts';
import { apiServiceIP } from '../../addressing.ts';
import { kubeconfigOf } from '../../kubeadm/kubeconfig.ts';
import { part } from '../../parts/index.ts';
import type { PrivateKey } from '../../pki/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import { configured } from './configuration.ts';
import { readDocuments, textOf } from './documents.ts';
import { KUBERNETES, PKI, type Session } from './session.ts';
import { certificateNames, clusterSettings } from './settings.ts';

const LEAVES = [
  'apiserver',
  'apiserver-kubelet-client',
  'front-proxy-client',
  'etcd/server',
  'etcd/peer',
  'etcd/healthcheck-client',
  'apiserver-etcd-client',
];
/** Of the kubeconfigs, with their users. */
const USERS: Readonly<Record<string, string>> = {
  admin: 'kubernetes-admin',
  'super-admin': 'kubernetes-super-admin',
  kubelet: 'system:node:',
  'controller-manager': 'system:kube-controller-manager',
  scheduler: 'system:kube-scheduler',
};

export function* generateRequests(session: Session, flags: Flags): Co<number> {
  const { process, now, targets } = session;
  const { hostname } = process.host;
  const path = flags.string('config');
  const document =
    path === undefined ? undefined : readDocuments(session, textOf(session, path)).get('ClusterConfiguration');
  const settings = clusterSettings(session, document ?? {});
  const { clusterName, server } = configured(session, path);
  const certificates = absolute(session, flags.string('cert-dir') ?? PKI);
  const kubeconfigs = absolute(session, flags.string('kubeconfig-dir') ?? KUBERNETES);
  const { pem, privateKeyOf, readCertificate, readPem, signRequest, clusterFile } = part('pki');
  const about = {
    hostname,
    ip: settings.ip,
    serviceIP: apiServiceIP(settings.serviceCIDR),
    made: now,
    names: certificateNames(settings),
  };
  /** Whose names stand in a certificate asks for one like it. */
  const request = (certificate: string, key: string): string => {
    const { rawSubject, names } = readCertificate(readPem(certificate)?.bytes ?? new Uint8Array());
    return pem('CERTIFICATE REQUEST', signRequest(rawSubject, names, privateKeyOf(key) as PrivateKey));
  };
  session.say(`generating keys and CSRs in ${certificates}`);
  for (const name of LEAVES) {
    const stem = `${certificates}/${name}`;
    if (session.fs.exists(`${stem}.key`) || session.fs.exists(`${stem}.csr`))
      session.fail(`files already exist: key or CSR ${stem}`);
    const key = clusterFile(`${name}.key`, about);
    session.write(`${stem}.key`, key, 0o600);
    session.write(`${stem}.csr`, request(clusterFile(`${name}.crt`, about), key), 0o600);
    session.say(`  ${name}`);
    yield 120;
  }
  session.say(`generating keys and CSRs in ${kubeconfigs}`);
  for (const name in USERS) {
    const file = `${kubeconfigs}/${name}.conf`;
    if (session.fs.exists(file) || session.fs.exists(`${file}.csr`))
      session.fail(`files already exist: kubeconfig ${file}`);
    const { admin } = targets.controlPlane.options;
    const own = name === 'admin' ? admin : undefined;
    const key = own?.key ?? clusterFile(`${name}.key`, about);
    const user = name === 'kubelet' ? `${USERS[name]}${hostname}` : USERS[name];
    session.write(file, kubeconfigOf(server, '', user, { 'client-key-data': utf8Base64(key) }, clusterName), 0o600);
    session.write(`${file}.csr`, request(own?.certificate ?? clusterFile(`${name}.crt`, about), key), 0o600);
    session.say(`  ${name}.conf`);
    yield 80;
  }
  return 0;
}

const absolute = ({ process }: Session, path: string): string =>
  (path.startsWith('/') ? path : `${process.cwd}/${path}`).replace(/\/+$/, '');
