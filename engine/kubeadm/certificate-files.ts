// The files of /etc/kubernetes with certificates and keys on a control-plane node, each made when it is first read.

import { FileNode, type TreeEntry } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { kubeconfig } from './kubeconfig.ts';

export interface CertificateFilesOptions {
  hostname: string;
  ip: string;
  /** Of the Service `kubernetes`. */
  serviceIP: string;
  /** From when they are valid, ms. */
  made: number;
  /** When they are written, ms. */
  now: number;
  /** PEM of the cluster's authority. */
  ca: string;
  /** The administrator's, in PEM. */
  admin: { certificate: string; key: string };
  /** https://10.0.0.10:6443 */
  server: string;
  /** Further names and addresses of the API server. */
  names?: readonly string[];
  /** The cluster's name. */
  cluster?: string;
}

const PKI = '/etc/kubernetes/pki/';
const NAMES = [
  'apiserver',
  'apiserver-etcd-client',
  'apiserver-kubelet-client',
  'ca',
  'etcd/ca',
  'etcd/healthcheck-client',
  'etcd/peer',
  'etcd/server',
  'front-proxy-ca',
  'front-proxy-client',
];

export function certificateFiles(options: CertificateFilesOptions): Record<string, TreeEntry> {
  const { hostname, ip, serviceIP, made, now, ca, server, admin, names, cluster } = options;
  const file = (name: string) => part('pki').clusterFile(name, { hostname, ip, serviceIP, made, names });
  const files: Record<string, TreeEntry> = {};
  const secret = (text: () => string) => new FileNode(text, { mode: 0o600, mtime: now });
  for (const name of NAMES) {
    files[`${PKI}${name}.crt`] = name === 'ca' ? ca : () => file(`${name}.crt`);
    files[`${PKI}${name}.key`] = secret(() => file(`${name}.key`));
  }
  files[`${PKI}sa.key`] = secret(() => file('sa.key'));
  files[`${PKI}sa.pub`] = () => file('sa.pub');
  files['/etc/kubernetes/admin.conf'] = secret(() =>
    kubeconfig({ ...admin, server, ca, cluster, user: 'kubernetes-admin' }),
  );
  for (const name of ['super-admin', 'controller-manager', 'scheduler']) {
    files[`/etc/kubernetes/${name}.conf`] = secret(() =>
      kubeconfig({
        server,
        ca,
        cluster,
        user: name === 'super-admin' ? 'kubernetes-super-admin' : `system:kube-${name}`,
        certificate: file(`${name}.crt`),
        key: file(`${name}.key`),
      }),
    );
  }
  return files;
}
