// What identifies a machine's kubelet: its client certificate, which the cluster's authority signed when the node joined,
// and the serving certificate that it made itself. Each file is made when it is first read.

import { utf8Base64 } from '../api/base64.ts';
import { FileNode, type TreeEntry } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { kubeconfigOf } from './kubeconfig.ts';

export const KUBELET_CONF = '/etc/kubernetes/kubelet.conf';
const PKI = '/var/lib/kubelet/pki/';
export const CURRENT = `${PKI}kubelet-client-current.pem`;

/** `made`: when the client certificate was signed; `started`: when the kubelet first ran; ms both. */
export function kubeletCertificates(
  hostname: string,
  ip: string,
  made: number,
  started: number,
): Record<string, TreeEntry> {
  const client = (kind: string) => part('pki').clusterFile(`kubelet.${kind}`, { hostname, ip, made });
  const serving = () => part('pki').kubeletServing(hostname, started);
  const secret = (text: () => string) => new FileNode(text, { mode: 0o600, mtime: started });
  return {
    [CURRENT]: secret(() => client('crt') + client('key')),
    [`${PKI}kubelet.crt`]: () => serving().certificate + serving().authority,
    [`${PKI}kubelet.key`]: secret(() => serving().key),
  };
}

/** How the kubelet finds the API server, and by what file it says who it is. */
export const kubeletConf = (server: string, ca: string, hostname: string, cluster?: string): string =>
  kubeconfigOf(
    server,
    utf8Base64(ca),
    `system:node:${hostname}`,
    { 'client-certificate': CURRENT, 'client-key': CURRENT },
    cluster,
  );
