// The objects of metrics-server, as its own release installs them in kube-system.

import type { KubeObject } from '../api/types.ts';

const NAME = 'metrics-server';
const NAMESPACE = 'kube-system';
const RBAC = 'rbac.authorization.k8s.io';
const labels = { 'k8s-app': NAME };
const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }];
/** What its release runs it with. */
export const METRICS_SERVER_ARGS: readonly string[] = [
  '--cert-dir=/tmp',
  '--secure-port=10250',
  '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
  '--kubelet-use-node-status-port',
  '--metric-resolution=15s',
];
const READ = ['get', 'list', 'watch'];

function role(name: string, rules: object[], more: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name, labels: { ...labels, ...more } },
    rules,
  };
}

function binding(name: string, roleName: string): KubeObject {
  const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name: roleName };
  return { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: { name, labels }, roleRef, subjects };
}

export function metricsServerManifests(): KubeObject[] {
  const own = { name: NAME, namespace: NAMESPACE, labels };
  const aggregated = {
    'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
    'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
    'rbac.authorization.k8s.io/aggregate-to-view': 'true',
  };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: own },
    role(
      'system:aggregated-metrics-reader',
      [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: READ }],
      aggregated,
    ),
    role('system:metrics-server', [
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods', 'nodes'], verbs: READ },
    ]),
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: { ...own, name: 'metrics-server-auth-reader' },
      roleRef: { apiGroup: RBAC, kind: 'Role', name: 'extension-apiserver-authentication-reader' },
      subjects,
    },
    binding('metrics-server:system:auth-delegator', 'system:auth-delegator'),
    binding('system:metrics-server', 'system:metrics-server'),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: own,
      spec: {
        ports: [{ appProtocol: 'https', name: 'https', port: 443, protocol: 'TCP', targetPort: 'https' }],
        selector: labels,
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: own,
      spec: {
        selector: { matchLabels: labels },
        strategy: { rollingUpdate: { maxUnavailable: 0 } },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: NAME,
                image: 'registry.k8s.io/metrics-server/metrics-server:v0.8.0',
                args: [...METRICS_SERVER_ARGS],
                imagePullPolicy: 'IfNotPresent',
                ports: [{ containerPort: 10250, name: 'https', protocol: 'TCP' }],
                resources: { requests: { cpu: '100m', memory: '200Mi' } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { drop: ['ALL'] },
                  readOnlyRootFilesystem: true,
                  runAsNonRoot: true,
                  runAsUser: 1000,
                  seccompProfile: { type: 'RuntimeDefault' },
                },
                volumeMounts: [{ mountPath: '/tmp', name: 'tmp-dir' }],
              },
            ],
            nodeSelector: { 'kubernetes.io/os': 'linux' },
            priorityClassName: 'system-cluster-critical',
            serviceAccountName: NAME,
            volumes: [{ emptyDir: {}, name: 'tmp-dir' }],
          },
        },
      },
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io', labels },
      spec: {
        group: 'metrics.k8s.io',
        groupPriorityMinimum: 100,
        insecureSkipTLSVerify: true,
        service: { name: NAME, namespace: NAMESPACE },
        version: 'v1beta1',
        versionPriority: 100,
      },
    },
  ];
}
