// The ingress controller as small clusters offer it: one Pod that takes ports 80 and 443 of its node.

import type { KubeObject } from '../api/types.ts';
import type { Handle } from '../apiserver/types.ts';
import type { Repository } from '../images/types.ts';
import { ingressController } from '../ingress-nginx/index.ts';
import { inClusterClient } from './in-cluster.ts';

const RBAC = 'rbac.authorization.k8s.io';
const NAME = 'ingress-nginx';
/** As minikube had it: a fresh cluster shows Kubernetes' own namespaces only. */
const NAMESPACE = 'kube-system';
const CONTROLLER = `${NAME}-controller`;
const VERSION = 'v1.14.1';
const LABELS = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/instance': NAME };
const SELECTED = { ...LABELS, 'app.kubernetes.io/component': 'controller' };

export function ingressNginxImages(handle: Handle): Repository[] {
  const program = ingressController((process) => inClusterClient(process, handle, 'nginx-ingress-controller'), VERSION);
  return [
    {
      names: ['registry.k8s.io/ingress-nginx/controller'],
      tags: { [VERSION]: VERSION },
      size: 104_800_000,
      user: '101',
      programs: { '/nginx-ingress-controller': program },
      memory: 60_000_000,
    },
  ];
}

export function ingressNginxManifests(): KubeObject[] {
  const metadata = (name: string) => ({ name, namespace: NAMESPACE, labels: LABELS });
  const watch = ['get', 'list', 'watch'];
  const account = { kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE };
  const probe = {
    httpGet: { path: '/healthz', port: 10254, scheme: 'HTTP' },
    initialDelaySeconds: 10,
    periodSeconds: 10,
  };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(NAME) },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name: NAME, labels: LABELS },
      rules: [
        {
          apiGroups: [''],
          resources: ['configmaps', 'endpoints', 'nodes', 'pods', 'secrets', 'namespaces'],
          verbs: ['get', 'list', 'watch'],
        },
        { apiGroups: [''], resources: ['services'], verbs: watch },
        { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'ingressclasses'], verbs: watch },
        { apiGroups: ['networking.k8s.io'], resources: ['ingresses/status'], verbs: ['update', 'patch'] },
        { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: watch },
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME, labels: LABELS },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: NAME },
      subjects: [account],
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(CONTROLLER),
      spec: {
        type: 'NodePort',
        selector: SELECTED,
        ports: ['http', 'https'].map((name) => ({
          name,
          appProtocol: name,
          port: name === 'http' ? 80 : 443,
          protocol: 'TCP',
          targetPort: name,
        })),
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(CONTROLLER),
      spec: {
        replicas: 1,
        selector: { matchLabels: SELECTED },
        template: {
          metadata: { labels: SELECTED },
          spec: {
            serviceAccountName: NAME,
            nodeSelector: { 'kubernetes.io/os': 'linux' },
            tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Equal', effect: 'NoSchedule' }],
            containers: [
              {
                name: 'controller',
                image: `registry.k8s.io/ingress-nginx/controller:${VERSION}`,
                imagePullPolicy: 'IfNotPresent',
                args: [
                  '/nginx-ingress-controller',
                  '--election-id=ingress-nginx-leader',
                  `--controller-class=k8s.io/${NAME}`,
                  '--ingress-class=nginx',
                  '--watch-ingress-without-class=false',
                  '--report-node-internal-ip-address',
                ],
                env: ['name', 'namespace'].map((field) => ({
                  name: `POD_${field.toUpperCase()}`,
                  valueFrom: { fieldRef: { fieldPath: `metadata.${field}` } },
                })),
                ports: [
                  { containerPort: 80, hostPort: 80, name: 'http', protocol: 'TCP' },
                  { containerPort: 443, hostPort: 443, name: 'https', protocol: 'TCP' },
                ],
                resources: { requests: { cpu: '100m', memory: '90Mi' } },
                readinessProbe: probe,
                livenessProbe: { ...probe, failureThreshold: 5 },
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'nginx', labels: LABELS },
      spec: { controller: `k8s.io/${NAME}` },
    },
  ];
}
