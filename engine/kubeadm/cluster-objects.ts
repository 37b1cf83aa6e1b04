// What kubeadm leaves in the API beside the add-ons: how to join the cluster, and with what it was made.

import { dnsServiceIP } from '../addressing.ts';
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
  /** ClusterConfiguration and KubeletConfiguration as YAML, when somebody has said more. */
  configuration?: string;
  kubelet?: string;
}

const CLUSTER_INFO = 'kubeadm:bootstrap-signer-clusterinfo';
const RBAC_GROUP = 'rbac.authorization.k8s.io';
const RBAC = `${RBAC_GROUP}/v1`;
/** Who holds a token that kubeadm has made. */
export const JOINING_GROUP = 'system:bootstrappers:kubeadm:default-node-token';

/** Group and version, plural, and the object. */
export type Uploaded = [version: string, plural: string, object: KubeObject];

const configMap = (namespace: string, name: string, data: Record<string, string>): Uploaded => [
  'v1',
  'configmaps',
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data } as KubeObject,
];

/** Who may read one ConfigMap. */
function readers(namespace: string, name: string, resource: string, subjects: object[]): Uploaded[] {
  const metadata = { name, namespace };
  const role = {
    apiVersion: RBAC,
    kind: 'Role',
    metadata,
    rules: [{ apiGroups: [''], resourceNames: [resource], resources: ['configmaps'], verbs: ['get'] }],
  };
  const roleRef = { apiGroup: RBAC_GROUP, kind: 'Role', name };
  const binding = { apiVersion: RBAC, kind: 'RoleBinding', metadata, roleRef, subjects };
  return [
    [RBAC, 'roles', role as unknown as KubeObject],
    [RBAC, 'rolebindings', binding as unknown as KubeObject],
  ];
}

const NODES = [JOINING_GROUP, 'system:nodes'].map((name) => ({ apiGroup: RBAC_GROUP, kind: 'Group', name }));

/** How to find and to trust the cluster: for everybody. */
export const clusterInfo = (options: ClusterObjectsOptions): Uploaded[] => [
  configMap('kube-public', 'cluster-info', { kubeconfig: discoveryKubeconfig(options) }),
  ...readers('kube-public', CLUSTER_INFO, 'cluster-info', [
    { apiGroup: RBAC_GROUP, kind: 'User', name: 'system:anonymous' },
  ]),
];

/** What the cluster and its kubelets were made with: for nodes, and for those that will be. */
export const uploadedConfig = (options: ClusterObjectsOptions): Uploaded[] => [
  configMap('kube-system', 'kubeadm-config', {
    ClusterConfiguration: options.configuration ?? clusterConfiguration(options),
  }),
  ...readers('kube-system', 'kubeadm:nodes-kubeadm-config', 'kubeadm-config', NODES),
  configMap('kube-system', 'kubelet-config', {
    kubelet: options.kubelet ?? kubeletConfiguration(dnsServiceIP(options.serviceCIDR)),
  }),
  ...readers('kube-system', 'kubeadm:kubelet-config', 'kubelet-config', NODES),
];

export const clusterObjects = (options: ClusterObjectsOptions): Uploaded[] => [
  ...clusterInfo(options),
  ...uploadedConfig(options),
];

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
${
  podCIDR &&
  `  podSubnet: ${podCIDR}
`
}  serviceSubnet: ${serviceCIDR}
proxy: {}
scheduler: {}
`;

/** The same before anybody has said anything. */
export const defaultClusterConfiguration = (version: string): string =>
  clusterConfiguration({ version, podCIDR: '', serviceCIDR: '10.96.0.0/12', server: '', ca: '' });

export const kubeletConfiguration = (clusterDNS: string) => `apiVersion: kubelet.config.k8s.io/v1beta1
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
- ${clusterDNS}
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
