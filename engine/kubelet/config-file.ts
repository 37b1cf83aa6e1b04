// The kubelet's configuration file, which kubeadm writes and the kubelet reads when it starts. Only the folder of static
// Pods can be changed in it.

import type { FileSystem } from '../linux/index.ts';
import { part } from '../parts/index.ts';

export const CONFIG_FILE = '/var/lib/kubelet/config.yaml';

/** As kubeadm writes it; what stands at zero there is left out. */
export const CONFIG = `apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  webhook:
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///var/run/containerd/containerd.sock
kind: KubeletConfiguration
resolvConf: /run/systemd/resolve/resolv.conf
rotateCertificates: true
staticPodPath: /etc/kubernetes/manifests
`;
const MANIFESTS = '/etc/kubernetes/manifests';

/** The folder of static Pods, '' for none; `complain` hears of everything else that has been changed. */
export function staticPodPath(fs: FileSystem, complain: (text: string) => void): string {
  const file = fs.find(CONFIG_FILE);
  if (file?.kind !== 'file' || file.text === CONFIG) return MANIFESTS;
  const parse = (text: string) => part('yaml').parseDocument(text, { schema: 'core' });
  const document = parse(file.text);
  if (document.errors.length) {
    complain(`${CONFIG_FILE}: ${document.errors[0].message.split('\n')[0]}`);
    return MANIFESTS;
  }
  const { staticPodPath: path = '', ...rest } = (document.toJS() ?? {}) as Record<string, unknown>;
  const installed = parse(CONFIG).toJS() as Record<string, unknown>;
  for (const name of new Set([...Object.keys(installed), ...Object.keys(rest)])) {
    if (name === 'staticPodPath' || JSON.stringify(installed[name]) === JSON.stringify(rest[name])) continue;
    complain(`${CONFIG_FILE}: a change of ${name} is not modelled and has no effect`);
  }
  return String(path).replace(/\/$/, '');
}
