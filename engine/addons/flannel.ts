// The Pods' network: flannel's DaemonSet, which here routes by way of the nodes themselves (host-gw; in a
// cloud it leaves that to the provider's routes), with the agent
// that enforces NetworkPolicies beside it, as flannel's chart adds it.

import type { KubeObject } from '../api/types.ts';
import type { Handle } from '../apiserver/types.ts';
import { flanneld } from '../cni/flannel.ts';
import { networkPolicies } from '../cni/network-policy.ts';
import type { Repository } from '../images/types.ts';
import { inClusterClient } from './in-cluster.ts';

const RBAC = 'rbac.authorization.k8s.io';
const NAMESPACE = 'kube-system';
const VERSION = 'v0.27.4';
const PLUGIN_VERSION = 'v1.8.0-flannel1';
export const CNI_PLUGIN_IMAGE = `ghcr.io/flannel-io/flannel-cni-plugin:${PLUGIN_VERSION}`;
const POLICIES = 'kube-network-policies';
const POLICIES_VERSION = 'v0.9.2';

export function flannelImages(handle: Handle): Repository[] {
  return [
    {
      names: ['ghcr.io/flannel-io/flannel'],
      tags: { [VERSION]: VERSION },
      size: 33_400_000,
      userland: 'busybox',
      commands: ['cp'],
      programs: { '/opt/bin/flanneld': flanneld((process) => inClusterClient(process, handle, 'flanneld')) },
      memory: 14_000_000,
    },
    {
      names: ['ghcr.io/flannel-io/flannel-cni-plugin'],
      tags: { [PLUGIN_VERSION]: PLUGIN_VERSION },
      size: 4_900_000,
      userland: 'busybox',
      commands: ['cp'],
      files: () => ({ '/flannel': '\x7fELF' }),
    },
    {
      names: [`registry.k8s.io/networking/${POLICIES}`],
      tags: { [POLICIES_VERSION]: POLICIES_VERSION },
      size: 19_800_000,
      programs: { '/bin/netpol': networkPolicies((process) => inClusterClient(process, handle, POLICIES)) },
      memory: 16_000_000,
    },
  ];
}

export function flannelManifests(settings: { clusterCIDR: string; cloud: boolean }): KubeObject[] {
  const ranges = settings.clusterCIDR.split(',');
  const six = ranges.find((range) => range.includes(':'));
  const four = ranges.find((range) => range !== six);
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'flannel', namespace: NAMESPACE, labels: { 'k8s-app': 'flannel' } },
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name: 'flannel', labels: { 'k8s-app': 'flannel' } },
      rules: [
        { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
        { apiGroups: [''], resources: ['pods', 'namespaces'], verbs: ['list', 'watch'] },
        { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list', 'watch'] },
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'flannel', labels: { 'k8s-app': 'flannel' } },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'flannel' },
      subjects: [{ kind: 'ServiceAccount', name: 'flannel', namespace: NAMESPACE }],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'kube-flannel-cfg',
        namespace: NAMESPACE,
        labels: { tier: 'node', 'k8s-app': 'flannel', app: 'flannel' },
      },
      data: {
        'net-conf.json': `{\n  ${four ? `"Network": "${four}"` : '"EnableIPv4": false'},\n${six ? `  "EnableIPv6": true,\n  "IPv6Network": "${six}",\n` : ''}  "EnableNFTables": false,\n  "Backend": {\n    "Type": "${settings.cloud ? 'alloc' : 'host-gw'}"\n  }\n}\n`,
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: {
        name: 'kube-flannel-ds',
        namespace: NAMESPACE,
        labels: { tier: 'node', app: 'flannel', 'k8s-app': 'flannel' },
      },
      spec: {
        selector: { matchLabels: { app: 'flannel' } },
        template: {
          metadata: { labels: { tier: 'node', app: 'flannel' } },
          spec: {
            nodeSelector: { 'kubernetes.io/os': 'linux' },
            hostNetwork: true,
            priorityClassName: 'system-node-critical',
            tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }],
            serviceAccountName: 'flannel',
            containers: [
              {
                name: 'kube-flannel',
                image: `ghcr.io/flannel-io/flannel:${VERSION}`,
                command: ['/opt/bin/flanneld'],
                args: ['--ip-masq', '--kube-subnet-mgr'],
                resources: { requests: { cpu: '100m', memory: '50Mi' } },
                securityContext: { privileged: false, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
                env: [
                  { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                  { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                  { name: 'EVENT_QUEUE_DEPTH', value: '5000' },
                ],
                volumeMounts: [
                  { name: 'run', mountPath: '/run/flannel' },
                  { name: 'flannel-cfg', mountPath: '/etc/kube-flannel/' },
                ],
              },
              {
                name: POLICIES,
                image: `registry.k8s.io/networking/${POLICIES}:${POLICIES_VERSION}`,
                args: ['/bin/netpol', '--hostname-override=$(MY_NODE_NAME)', '--v=2'],
                env: [{ name: 'MY_NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
                securityContext: { privileged: true, capabilities: { add: ['NET_ADMIN'] } },
              },
            ],
            volumes: [
              { name: 'run', hostPath: { path: '/run/flannel' } },
              { name: 'flannel-cfg', configMap: { name: 'kube-flannel-cfg' } },
            ],
          },
        },
      },
    },
  ];
}
