// The components of ambient mode: a CNI agent and a ztunnel on every node.

import type { KubeObject } from '../../api/types.ts';
import { ROOT_NAMESPACE, VERSION } from '../types.ts';

const RBAC = 'rbac.authorization.k8s.io';
const COMMON = {
  'app.kubernetes.io/managed-by': 'istioctl',
  'app.kubernetes.io/part-of': 'istio',
  'app.kubernetes.io/version': VERSION,
};

const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

function daemonSet(
  name: string,
  container: KubeObject['spec'],
  labels: Record<string, string>,
  spec: KubeObject['spec'],
): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: ROOT_NAMESPACE, labels: { ...labels, ...COMMON } },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, 'sidecar.istio.io/inject': 'false', 'istio.io/dataplane-mode': 'none' } },
        spec: {
          ...spec,
          priorityClassName: 'system-node-critical',
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          tolerations: [
            { effect: 'NoSchedule', operator: 'Exists' },
            { effect: 'NoExecute', operator: 'Exists' },
          ],
          containers: [container],
        },
      },
    },
  };
}

const probe = (port: number) => ({
  httpGet: { path: port === 8000 ? '/readyz' : '/healthz/ready', port },
  periodSeconds: 2,
});

/** The objects of the CNI agent, and those of ztunnel. */
export function ambient(): [KubeObject[], KubeObject[]] {
  const account = (name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: ROOT_NAMESPACE, labels: COMMON },
  });
  return [
    [
      account('istio-cni'),
      {
        apiVersion: `${RBAC}/v1`,
        kind: 'ClusterRole',
        metadata: { name: 'istio-cni', labels: COMMON },
        rules: [
          { apiGroups: [''], resources: ['pods', 'nodes', 'namespaces'], verbs: ['get', 'list', 'watch'] },
          { apiGroups: [''], resources: ['pods', 'pods/status'], verbs: ['get', 'patch', 'update'] },
        ],
      },
      {
        apiVersion: `${RBAC}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name: 'istio-cni', labels: COMMON },
        roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'istio-cni' },
        subjects: [{ kind: 'ServiceAccount', name: 'istio-cni', namespace: ROOT_NAMESPACE }],
      },
      daemonSet(
        'istio-cni-node',
        {
          name: 'install-cni',
          image: `docker.io/istio/install-cni:${VERSION}`,
          command: ['install-cni'],
          env: [field('KUBERNETES_NODE_NAME', 'spec.nodeName'), { name: 'AMBIENT_ENABLED', value: 'true' }],
          readinessProbe: probe(8000),
          resources: { requests: { cpu: '100m', memory: '100Mi' } },
        },
        { 'k8s-app': 'istio-cni-node' },
        { serviceAccountName: 'istio-cni' },
      ),
    ],
    [
      account('ztunnel'),
      daemonSet(
        'ztunnel',
        {
          name: 'istio-proxy',
          image: `docker.io/istio/ztunnel:${VERSION}`,
          args: ['proxy', 'ztunnel'],
          env: [
            { name: 'CA_ADDRESS', value: `istiod.${ROOT_NAMESPACE}.svc:15012` },
            field('NODE_NAME', 'spec.nodeName'),
            field('POD_NAME', 'metadata.name'),
            field('POD_NAMESPACE', 'metadata.namespace'),
          ],
          ports: [{ containerPort: 15020, name: 'ztunnel-stats', protocol: 'TCP' }],
          readinessProbe: probe(15021),
          resources: { requests: { cpu: '200m', memory: '512Mi' } },
        },
        { app: 'ztunnel' },
        { serviceAccountName: 'ztunnel', terminationGracePeriodSeconds: 30 },
      ),
    ],
  ];
}
