// What identifies a machine's kubelet: its client certificate, which the cluster's authority signed when the node joined,
// and the serving certificate that it made itself. Each file is made when it is first read.

import { FileNode, type TreeEntry } from '../linux/index.ts';
import { part } from '../parts/index.ts';

const PKI = '/var/lib/kubelet/pki/';

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
    [`${PKI}kubelet-client-current.pem`]: secret(() => client('crt') + client('key')),
    [`${PKI}kubelet.crt`]: () => serving().certificate + serving().authority,
    [`${PKI}kubelet.key`]: secret(() => serving().key),
  };
}
