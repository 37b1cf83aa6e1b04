// The cloud-controller-manager as it is installed: a Deployment in kube-system and what it may do.

import type { KubeObject } from '../api/types.ts';
import { NAME } from './controller-manager.ts';
import { PROVIDER } from './provider.ts';

const RBAC = 'rbac.authorization.k8s.io';
export const NAMESPACE = 'kube-system';
export const REGISTRY = 'registry.sim.example';

export interface CloudManifestOptions {
  version: string;
  clusterCIDR: string;
  /** How many copies of the cloud-controller-manager. */
  replicas: number;
}

export const managerImage = `${REGISTRY}/${NAME}`;

export function cloudManifests({ version, clusterCIDR, replicas }: CloudManifestOptions): KubeObject[] {
  const labels = { 'k8s-app': NAME };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: NAMESPACE } },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name: `system:${NAME}` },
      rules: [
        { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch', 'update'] },
        { apiGroups: [''], resources: ['nodes'], verbs: ['*'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
        { apiGroups: [''], resources: ['services'], verbs: ['list', 'patch', 'update', 'watch'] },
        { apiGroups: [''], resources: ['services/status'], verbs: ['list', 'patch', 'update', 'watch'] },
        {
          apiGroups: ['coordination.k8s.io'],
          resources: ['leases'],
          verbs: ['create', 'get', 'list', 'watch', 'update'],
        },
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: `system:${NAME}` },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: `system:${NAME}` },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: NAME, namespace: NAMESPACE, labels },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            // It has to run before there is anything that it brings: initialized nodes, routes between Pods.
            hostNetwork: true,
            dnsPolicy: 'Default',
            priorityClassName: 'system-cluster-critical',
            serviceAccountName: NAME,
            tolerations: [
              { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' },
              { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoSchedule' },
              { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' },
              { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
            ],
            affinity: {
              nodeAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                  {
                    weight: 100,
                    preference: {
                      matchExpressions: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }],
                    },
                  },
                ],
              },
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' },
                ],
              },
            },
            containers: [
              {
                name: NAME,
                image: `${managerImage}:${version}`,
                command: [
                  `/bin/${NAME}`,
                  `--cloud-provider=${PROVIDER}`,
                  '--leader-elect=true',
                  '--allocate-node-cidrs=true',
                  '--configure-cloud-routes=true',
                  `--cluster-cidr=${clusterCIDR}`,
                ],
                resources: { requests: { cpu: '100m', memory: '50Mi' } },
              },
            ],
          },
        },
      },
    },
  ];
}
