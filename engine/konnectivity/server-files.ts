// What lies on a control-plane node for Konnectivity's server: its static Pod, its kubeconfig, and the configuration that sends
// the API server through it.

import { kubeconfig } from '../kubeadm/kubeconfig.ts';
import { ManifestFile } from '../kubelet/index.ts';
import { FileNode, type TreeEntry } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { EGRESS_CONFIGURATION, EGRESS_FILE, KUBECONFIG, SERVER_IMAGE, serverPod, USER } from './manifests.ts';

export interface ServerFilesOptions {
  /** The node's name and address. */
  name: string;
  ip: string;
  /** The API server's URL, and its authority in PEM. */
  server: string;
  ca: string;
  /** When the certificates were made, and now; ms. */
  made: number;
  now: number;
}

export function serverFiles({ name, ip, server, ca, made, now }: ServerFilesOptions): {
  files: Record<string, TreeEntry>;
  image: string;
} {
  const certificate = (kind: string) =>
    part('pki').clusterFile(`konnectivity-server.${kind}`, { hostname: name, ip, made });
  const config = () => kubeconfig({ server, ca, user: USER, certificate: certificate('crt'), key: certificate('key') });
  return {
    files: {
      [EGRESS_FILE]: EGRESS_CONFIGURATION,
      [KUBECONFIG]: new FileNode(config, { mode: 0o600, mtime: now }),
      '/etc/kubernetes/manifests/konnectivity-server.yaml': new ManifestFile(
        serverPod(),
        (object) => part('kubectl').toYaml(object),
        now,
      ),
    },
    image: SERVER_IMAGE,
  };
}
