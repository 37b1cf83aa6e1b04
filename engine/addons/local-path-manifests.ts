// What a small cluster has of storage from the start: the class `standard` and its provisioner, as kind installs them.

import type { KubeObject } from '../api/types.ts';

export const PROVISIONER_NAME = 'rancher.io/local-path';
export const NAMESPACE = 'kube-system';
export const HELPER_IMAGE = 'docker.io/kindest/local-path-helper:v20241212-8ac705d0';
const IMAGE = 'docker.io/kindest/local-path-provisioner:v20250214-acbabc1a';
const NAME = 'local-path-provisioner';
const ACCOUNT = `${NAME}-service-account`;
const ROLE = `${NAME}-role`;
const RBAC = 'rbac.authorization.k8s.io';
const ALL = ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'];

export function localPathManifests(): KubeObject[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace: NAMESPACE } },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'Role',
      metadata: { name: ROLE, namespace: NAMESPACE },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ALL }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name: ROLE },
      rules: [
        {
          apiGroups: [''],
          resources: ['nodes', 'persistentvolumeclaims', 'configmaps', 'pods', 'pods/log'],
          verbs: ['get', 'list', 'watch'],
        },
        { apiGroups: [''], resources: ['persistentvolumes'], verbs: ALL },
        { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
        { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: ['get', 'list', 'watch'] },
      ],
    },
    binding('RoleBinding', 'Role', NAMESPACE),
    binding('ClusterRoleBinding', 'ClusterRole'),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'local-path-config', namespace: NAMESPACE },
      data: {
        'config.json': `{
        "nodePathMap":[
        {
                "node":"DEFAULT_PATH_FOR_NON_LISTED_NODES",
                "paths":["/var/local-path-provisioner"]
        }
        ]
}`,
        setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
        teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: NAME, namespace: NAMESPACE },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: NAME } },
        template: {
          metadata: { labels: { app: NAME } },
          spec: {
            nodeSelector: { 'kubernetes.io/os': 'linux' },
            tolerations: ['control-plane', 'master'].map((role) => ({
              key: `node-role.kubernetes.io/${role}`,
              operator: 'Equal',
              effect: 'NoSchedule',
            })),
            serviceAccountName: ACCOUNT,
            containers: [
              {
                name: NAME,
                image: IMAGE,
                imagePullPolicy: 'IfNotPresent',
                command: [
                  NAME,
                  '--debug',
                  'start',
                  '--helper-image',
                  HELPER_IMAGE,
                  '--config',
                  '/etc/config/config.json',
                ],
                volumeMounts: [{ name: 'config-volume', mountPath: '/etc/config/' }],
                env: [{ name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }],
              },
            ],
            volumes: [{ name: 'config-volume', configMap: { name: 'local-path-config' } }],
          },
        },
      },
    },
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: PROVISIONER_NAME,
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Delete',
    },
  ];
}

function binding(kind: string, role: string, namespace?: string): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind,
    metadata: { name: `${NAME}-bind`, ...(namespace && { namespace }) },
    roleRef: { apiGroup: RBAC, kind: role, name: ROLE },
    subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: NAMESPACE }],
  };
}
