// What kubeadm leaves in the API beside the add-ons: how to join the cluster, and with what it was made.

import type { KubeObject } from '../api/types.ts';
import { utf8Base64 } from '../api/index.ts';

export interface ClusterObjectsOptions {
  version: string;
  /** https://10.0.0.10:6443 */
  server: string;
  /** PEM. */
  ca: string;
  podCIDR: string;
  serviceCIDR: string;
}

const CLUSTER_INFO = 'kubeadm:bootstrap-signer-clusterinfo';

/** By resource: group and version, plural, objects. */
export function clusterObjects(options: ClusterObjectsOptions): [string, string, KubeObject][] {
  const rbac = 'rbac.authorization.k8s.io/v1';
  const group = 'rbac.authorization.k8s.io';
  const configMap = (namespace: string, name: string, data: Record<string, string>): [string, string, KubeObject] => [
    'v1',
    'configmaps',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data } as KubeObject,
  ];
  const metadata = { name: CLUSTER_INFO, namespace: 'kube-public' };
  return [
    configMap('kube-public', 'cluster-info', { kubeconfig: discoveryKubeconfig(options) }),
    [
      rbac,
      'roles',
      {
        apiVersion: rbac,
        kind: 'Role',
        metadata,
        rules: [{ apiGroups: [''], resourceNames: ['cluster-info'], resources: ['configmaps'], verbs: ['get'] }],
      } as unknown as KubeObject,
    ],
    [
      rbac,
      'rolebindings',
      {
        apiVersion: rbac,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup: group, kind: 'Role', name: CLUSTER_INFO },
        subjects: [{ apiGroup: group, kind: 'User', name: 'system:anonymous' }],
      } as unknown as KubeObject,
    ],
    configMap('kube-system', 'kubeadm-config', { ClusterConfiguration: clusterConfiguration(options) }),
    configMap('kube-system', 'kubelet-config', { kubelet: kubeletConfiguration() }),
  ];
}

/** Whoever joins finds the cluster by it: no user stands in it. */
const discoveryKubeconfig = ({ server, ca }: ClusterObjectsOptions) => `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${utf8Base64(ca)}
    server: ${server}
  name: ""
contexts: null
current-context: ""
kind: Config
preferences: {}
users: null
`;

const clusterConfiguration = ({ version, podCIDR, serviceCIDR }: ClusterObjectsOptions) => `apiServer: {}
apiVersion: kubeadm.k8s.io/v1beta4
caCertificateValidityPeriod: 87600h0m0s
certificateValidityPeriod: 8760h0m0s
certificatesDir: /etc/kubernetes/pki
clusterName: kubernetes
controllerManager: {}
dns: {}
encryptionAlgorithm: RSA-2048
etcd:
  local:
    dataDir: /var/lib/etcd
imageRepository: registry.k8s.io
kind: ClusterConfiguration
kubernetesVersion: ${version}
networking:
  dnsDomain: cluster.local
  podSubnet: ${podCIDR}
  serviceSubnet: ${serviceCIDR}
proxy: {}
scheduler: {}
`;

const kubeletConfiguration = () => `apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  webhook:
    cacheTTL: 0s
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
  webhook:
    cacheAuthorizedTTL: 0s
    cacheUnauthorizedTTL: 0s
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cpuManagerReconcilePeriod: 0s
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
httpCheckFrequency: 0s
imageMaximumGCAge: 0s
imageMinimumGCAge: 0s
kind: KubeletConfiguration
nodeStatusReportFrequency: 0s
nodeStatusUpdateFrequency: 0s
rotateCertificates: true
runtimeRequestTimeout: 0s
shutdownGracePeriod: 0s
shutdownGracePeriodCriticalPods: 0s
staticPodPath: /etc/kubernetes/manifests
streamingConnectionIdleTimeout: 0s
syncFrequency: 0s
volumeStatsAggPeriod: 0s
`;
