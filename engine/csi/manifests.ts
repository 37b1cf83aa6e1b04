// The provider's CSI driver as it is installed: the controller with its sidecars as a Deployment, the node part as a
// DaemonSet, the CSIDriver object, and a class for each sort of storage.

import type { Container, KubeObject } from '../api/types.ts';
import { DRIVER_IMAGE, sidecarImage, type SidecarName } from './images.ts';
import { DRIVER, DRIVER_VERSION } from './names.ts';

const RBAC = 'rbac.authorization.k8s.io';
const NAMESPACE = 'kube-system';
const PLUGIN_DIR = `/var/lib/kubelet/plugins/${DRIVER}`;
const READ = ['get', 'list', 'watch'];

const named = (name: string, part: string) => ({ name, namespace: NAMESPACE, labels: { app: part } });

function account(name: string, rules: object[]): KubeObject[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE } },
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }],
    },
  ];
}

const sidecar = (name: SidecarName, ...args: string[]): Container => ({
  name,
  image: sidecarImage(name),
  args: ['--csi-address=/csi/csi.sock', '--v=2', ...args],
  volumeMounts: [{ name: 'socket-dir', mountPath: '/csi' }],
});

const plugin = (args: string[], rest: Partial<Container>): Container => ({
  name: 'csi-driver',
  image: `${DRIVER_IMAGE}:${DRIVER_VERSION}`,
  args: ['--endpoint=unix:///csi/csi.sock', ...args],
  env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
  ...rest,
});

export function csiManifests(): KubeObject[] {
  const storage = 'storage.k8s.io';
  return [
    ...account('csi-controller', [
      { apiGroups: [''], resources: ['persistentvolumes'], verbs: [...READ, 'create', 'patch', 'update', 'delete'] },
      { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: [...READ, 'update'] },
      { apiGroups: [''], resources: ['persistentvolumeclaims/status'], verbs: ['patch', 'update'] },
      { apiGroups: [''], resources: ['events'], verbs: ['list', 'watch', 'create', 'update', 'patch'] },
      { apiGroups: [''], resources: ['nodes', 'pods'], verbs: READ },
      { apiGroups: [storage], resources: ['storageclasses', 'csinodes'], verbs: READ },
      { apiGroups: [storage], resources: ['volumeattachments'], verbs: [...READ, 'patch'] },
      { apiGroups: [storage], resources: ['volumeattachments/status'], verbs: ['patch'] },
    ]),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'csi-node', namespace: NAMESPACE } },
    {
      apiVersion: `${storage}/v1`,
      kind: 'CSIDriver',
      metadata: { name: DRIVER },
      spec: { attachRequired: true, podInfoOnMount: false, fsGroupPolicy: 'File' },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named('csi-controller', 'csi-controller'),
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'csi-controller' } },
        template: {
          metadata: { labels: { app: 'csi-controller' } },
          spec: {
            serviceAccountName: 'csi-controller',
            priorityClassName: 'system-cluster-critical',
            tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' }],
            containers: [
              sidecar('csi-provisioner', '--default-fstype=ext4'),
              sidecar('csi-attacher'),
              sidecar('csi-resizer'),
              plugin(['--mode=controller'], { volumeMounts: [{ name: 'socket-dir', mountPath: '/csi' }] }),
            ],
            volumes: [{ name: 'socket-dir', emptyDir: {} }],
          },
        },
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: named('csi-node', 'csi-node'),
      spec: {
        selector: { matchLabels: { app: 'csi-node' } },
        template: {
          metadata: { labels: { app: 'csi-node' } },
          spec: {
            serviceAccountName: 'csi-node',
            priorityClassName: 'system-node-critical',
            tolerations: [{ operator: 'Exists' }],
            containers: [
              {
                ...sidecar('csi-node-driver-registrar', `--kubelet-registration-path=${PLUGIN_DIR}/csi.sock`),
                volumeMounts: [
                  { name: 'socket-dir', mountPath: '/csi' },
                  { name: 'registration-dir', mountPath: '/registration' },
                ],
              },
              plugin(['--mode=node', '--volume-attach-limit=16'], {
                securityContext: { privileged: true },
                volumeMounts: [
                  { name: 'socket-dir', mountPath: '/csi' },
                  { name: 'kubelet-dir', mountPath: '/var/lib/kubelet', mountPropagation: 'Bidirectional' },
                ],
              }),
            ],
            volumes: [
              { name: 'socket-dir', hostPath: { path: PLUGIN_DIR, type: 'DirectoryOrCreate' } },
              { name: 'registration-dir', hostPath: { path: '/var/lib/kubelet/plugins_registry', type: 'Directory' } },
              { name: 'kubelet-dir', hostPath: { path: '/var/lib/kubelet', type: 'Directory' } },
            ],
          },
        },
      },
    },
    storageClass('disk', { type: 'disk' }, 'WaitForFirstConsumer'),
    storageClass('share', { type: 'share' }, 'Immediate'),
  ];
}

const storageClass = (name: string, parameters: Record<string, string>, volumeBindingMode: string): KubeObject => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name },
  provisioner: DRIVER,
  parameters,
  reclaimPolicy: 'Delete',
  volumeBindingMode,
  allowVolumeExpansion: true,
});
