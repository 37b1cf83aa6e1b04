// kube-proxy as kubeadm installs it: a DaemonSet on every node, with its configuration in a ConfigMap.

import type { KubeObject } from '../api/types.ts';
import type { Handle } from '../apiserver/types.ts';
import type { Repository } from '../images/types.ts';
import { kubeProxy } from '../kube-proxy/index.ts';
import { releaseTags } from '../kubeadm/releases.ts';
import { inClusterClient } from './in-cluster.ts';

const RBAC = 'rbac.authorization.k8s.io';
const NAME = 'kube-proxy';

export function kubeProxyImages(handle: Handle, minor: number): Repository[] {
  const program = kubeProxy((process) => inClusterClient(process, handle, 'kube-proxy'), minor);
  return [
    {
      names: ['registry.k8s.io/kube-proxy'],
      tags: kubernetesTags(),
      size: 25_788_000,
      programs: { '/usr/local/bin/kube-proxy': program },
      memory: 18_000_000,
    },
  ];
}

/** Releases that the kubelet of any of them may ask for. */
function kubernetesTags(): Record<string, string> {
  const tags: Record<string, string> = releaseTags('v1.35.0');
  for (let minor = 20; minor <= 35; minor++) tags[`v1.${minor}.0`] = `v1.${minor}.0`;
  return tags;
}

export function kubeProxyManifests(settings: {
  version: string;
  server: string;
  clusterCIDR: string;
  proxyMode: string;
}): KubeObject[] {
  const { version, server, clusterCIDR, proxyMode } = settings;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: 'kube-system' } },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'kubeadm:node-proxier' },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'system:node-proxier' },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: 'kube-system' }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'Role',
      metadata: { name: NAME, namespace: 'kube-system' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [NAME], verbs: ['get'] }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: { name: NAME, namespace: 'kube-system' },
      roleRef: { apiGroup: RBAC, kind: 'Role', name: NAME },
      subjects: [{ apiGroup: RBAC, kind: 'Group', name: 'system:bootstrappers:kubeadm:default-node-token' }],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: NAME, namespace: 'kube-system', labels: { app: NAME } },
      data: { 'config.conf': kubeProxyConfiguration(clusterCIDR, proxyMode), 'kubeconfig.conf': kubeconfig(server) },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: NAME, namespace: 'kube-system', labels: { 'k8s-app': NAME } },
      spec: {
        selector: { matchLabels: { 'k8s-app': NAME } },
        updateStrategy: { type: 'RollingUpdate' },
        template: {
          metadata: { labels: { 'k8s-app': NAME } },
          spec: {
            priorityClassName: 'system-node-critical',
            containers: [
              {
                name: NAME,
                image: `registry.k8s.io/kube-proxy:${version}`,
                imagePullPolicy: 'IfNotPresent',
                command: [
                  '/usr/local/bin/kube-proxy',
                  '--config=/var/lib/kube-proxy/config.conf',
                  '--hostname-override=$(NODE_NAME)',
                ],
                securityContext: { privileged: true },
                volumeMounts: [
                  { mountPath: '/var/lib/kube-proxy', name: NAME },
                  { mountPath: '/run/xtables.lock', name: 'xtables-lock', readOnly: false },
                  { mountPath: '/lib/modules', name: 'lib-modules', readOnly: true },
                ],
                env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
              },
            ],
            hostNetwork: true,
            serviceAccountName: NAME,
            volumes: [
              { name: NAME, configMap: { name: NAME } },
              { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
              { name: 'lib-modules', hostPath: { path: '/lib/modules' } },
            ],
            tolerations: [{ operator: 'Exists' }],
            nodeSelector: { 'kubernetes.io/os': 'linux' },
          },
        },
      },
    },
  ];
}

const kubeconfig = (server: string) => `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
    server: ${server}
  name: default
contexts:
- context:
    cluster: default
    namespace: default
    user: default
  name: default
current-context: default
users:
- name: default
  user:
    tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token`;

/** Of the primary family of the cluster. */
const everywhere = (clusterCIDR: string) => (clusterCIDR.split(',')[0].includes(':') ? "'::'" : '0.0.0.0');

export const kubeProxyConfiguration = (
  clusterCIDR: string,
  mode: string,
  kubeconfigPath = '/var/lib/kube-proxy/kubeconfig.conf',
) => `apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: ${everywhere(clusterCIDR)}
bindAddressHardFail: false
clientConnection:
  acceptContentTypes: ""
  burst: 0
  contentType: ""
  kubeconfig: ${kubeconfigPath}
  qps: 0
clusterCIDR: ${clusterCIDR}
configSyncPeriod: 0s
conntrack:
  maxPerCore: null
  min: null
  tcpBeLiberal: false
  tcpCloseWaitTimeout: null
  tcpEstablishedTimeout: null
  udpStreamTimeout: 0s
  udpTimeout: 0s
detectLocal:
  bridgeInterface: ""
  interfaceNamePrefix: ""
detectLocalMode: ""
enableProfiling: false
healthzBindAddress: ""
hostnameOverride: ""
iptables:
  localhostNodePorts: null
  masqueradeAll: false
  masqueradeBit: null
  minSyncPeriod: 0s
  syncPeriod: 0s
ipvs:
  excludeCIDRs: null
  minSyncPeriod: 0s
  scheduler: ""
  strictARP: false
  syncPeriod: 0s
  tcpFinTimeout: 0s
  tcpTimeout: 0s
  udpTimeout: 0s
kind: KubeProxyConfiguration
logging:
  flushFrequency: 0
  options:
    json:
      infoBufferSize: "0"
    text:
      infoBufferSize: "0"
  verbosity: 0
metricsBindAddress: ""
mode: ${mode || '""'}
nftables:
  masqueradeAll: false
  masqueradeBit: null
  minSyncPeriod: 0s
  syncPeriod: 0s
nodePortAddresses: null
oomScoreAdj: null
portRange: ""
showHiddenMetricsForVersion: ""
winkernel:
  enableDSR: false
  forwardHealthCheckVip: false
  networkName: ""
  rootHnsEndpointName: ""
  sourceVip: ""
`;
