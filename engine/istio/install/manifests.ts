// The objects that `istioctl install` applies, component by component.

import type { JsonObject, KubeObject } from '../../api/types.ts';
import { ROOT_NAMESPACE, VERSION } from '../types.ts';
import { customResourceDefinitions } from './kinds.ts';

const RBAC = 'rbac.authorization.k8s.io';
const COMMON = {
  'app.kubernetes.io/managed-by': 'istioctl',
  'app.kubernetes.io/part-of': 'istio',
  'app.kubernetes.io/version': VERSION,
};
const ISTIOD = { app: 'istiod', istio: 'pilot' };
const GROUPS = ['networking', 'security', 'telemetry', 'extensions'].map((name) => `${name}.istio.io`);
const WATCH = ['get', 'list', 'watch'];

const metadata = (name: string, labels: Record<string, string> = {}) => ({
  name,
  namespace: ROOT_NAMESPACE,
  labels: { ...labels, ...COMMON },
});
const everywhere = (name: string, labels: Record<string, string> = {}) => ({ name, labels: { ...labels, ...COMMON } });

const account = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(name) });

function clusterRole(name: string, subject: string, rules: JsonObject[]): KubeObject[] {
  const labels = { app: subject };
  return [
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: everywhere(name, labels), rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: everywhere(name, labels),
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name: subject, namespace: ROOT_NAMESPACE }],
    },
  ];
}

const rule = (apiGroups: string[], resources: string[], verbs: string[]) => ({ apiGroups, resources, verbs });

export const base = (): KubeObject[] => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ROOT_NAMESPACE } },
  ...customResourceDefinitions(),
];

const service = (path: string) => ({ name: 'istiod', namespace: ROOT_NAMESPACE, path, port: 443 });
const expression = (key: string, operator: string, values?: string[]) => ({ key, operator, ...(values && { values }) });

/** Which namespaces and Pods each of the four webhooks takes. */
const INJECTION = {
  'rev.namespace': [
    [expression('istio.io/rev', 'In', ['default']), expression('istio-injection', 'DoesNotExist')],
    [expression('sidecar.istio.io/inject', 'NotIn', ['false'])],
  ],
  'rev.object': [
    [expression('istio.io/rev', 'DoesNotExist'), expression('istio-injection', 'DoesNotExist')],
    [expression('sidecar.istio.io/inject', 'NotIn', ['false']), expression('istio.io/rev', 'In', ['default'])],
  ],
  namespace: [
    [expression('istio-injection', 'In', ['enabled'])],
    [expression('sidecar.istio.io/inject', 'NotIn', ['false'])],
  ],
  object: [
    [expression('istio-injection', 'DoesNotExist'), expression('istio.io/rev', 'DoesNotExist')],
    [expression('sidecar.istio.io/inject', 'In', ['true']), expression('istio.io/rev', 'DoesNotExist')],
  ],
};

export const istiod = (mesh: string): KubeObject[] => [
  account('istiod'),
  ...clusterRole(`istiod-clusterrole-${ROOT_NAMESPACE}`, 'istiod', [
    rule(
      ['admissionregistration.k8s.io'],
      ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
      [...WATCH, 'update', 'patch'],
    ),
    rule(GROUPS, ['*'], [...WATCH, 'update', 'patch']),
    rule(['apiextensions.k8s.io'], ['customresourcedefinitions'], WATCH),
    rule([''], ['pods', 'nodes', 'services', 'namespaces', 'endpoints'], WATCH),
    rule([''], ['configmaps', 'secrets'], [...WATCH, 'create', 'update', 'patch']),
    rule(['discovery.k8s.io'], ['endpointslices'], WATCH),
    rule(['authentication.k8s.io'], ['tokenreviews'], ['create']),
  ]),
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('istio'), data: { mesh, meshNetworks: 'networks: {}' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('istiod', ISTIOD),
    spec: {
      selector: ISTIOD,
      ports: [
        { name: 'grpc-xds', port: 15010, protocol: 'TCP' },
        { name: 'https-dns', port: 15012, protocol: 'TCP' },
        { name: 'https-webhook', port: 443, targetPort: 15017, protocol: 'TCP' },
        { name: 'http-monitoring', port: 15014, protocol: 'TCP' },
      ],
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata('istiod', ISTIOD),
    spec: {
      selector: { matchLabels: ISTIOD },
      strategy: { rollingUpdate: { maxSurge: '100%', maxUnavailable: '25%' } },
      template: {
        metadata: { labels: { ...ISTIOD, 'sidecar.istio.io/inject': 'false', 'istio.io/dataplane-mode': 'none' } },
        spec: {
          serviceAccountName: 'istiod',
          containers: [
            {
              name: 'discovery',
              image: `docker.io/istio/pilot:${VERSION}`,
              args: [
                'discovery',
                '--monitoringAddr=:15014',
                '--log_output_level=default:info',
                '--domain',
                'cluster.local',
                '--keepaliveMaxServerConnectionAge',
                '30m',
              ],
              ports: [8080, 15010, 15012, 15017, 15014].map((containerPort) => ({ containerPort, protocol: 'TCP' })),
              readinessProbe: {
                httpGet: { path: '/ready', port: 8080 },
                initialDelaySeconds: 1,
                periodSeconds: 3,
                timeoutSeconds: 5,
              },
              resources: { requests: { cpu: '500m', memory: '2048Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
                readOnlyRootFilesystem: true,
                runAsNonRoot: true,
              },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: everywhere('istio-sidecar-injector', { app: 'sidecar-injector', 'istio.io/rev': 'default' }),
    webhooks: Object.entries(INJECTION).map(([name, [namespaces, objects]]) => ({
      name: `${name}.sidecar-injector.istio.io`,
      admissionReviewVersions: ['v1'],
      clientConfig: { service: service('/inject') },
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      sideEffects: 'None',
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      namespaceSelector: { matchExpressions: namespaces },
      objectSelector: { matchExpressions: objects },
    })),
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: everywhere('istio-validator-istio-system', { app: 'istiod', istio: 'istiod', 'istio.io/rev': 'default' }),
    webhooks: [
      {
        name: 'rev.validation.istio.io',
        admissionReviewVersions: ['v1'],
        clientConfig: { service: service('/validate') },
        // istiod makes it Fail once it is there.
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        rules: [{ apiGroups: GROUPS, apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['*'] }],
      },
    ],
  },
];

/** A proxy at the edge: istio-ingressgateway or istio-egressgateway. */
export function gateway(name: string): KubeObject[] {
  const labels = { app: name, istio: name.slice('istio-'.length) };
  const ingress = name === 'istio-ingressgateway';
  const field = (key: string, fieldPath: string) => ({ name: key, valueFrom: { fieldRef: { fieldPath } } });
  const ports = [
    ...(ingress ? [{ name: 'status-port', port: 15021, targetPort: 15021, protocol: 'TCP' }] : []),
    { name: 'http2', port: 80, targetPort: 8080, protocol: 'TCP' },
    { name: 'https', port: 443, targetPort: 8443, protocol: 'TCP' },
  ];
  return [
    account(`${name}-service-account`),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(name, labels),
      spec: { type: ingress ? 'LoadBalancer' : 'ClusterIP', selector: labels, ports },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(name, labels),
      spec: {
        selector: { matchLabels: labels },
        strategy: { rollingUpdate: { maxSurge: '100%', maxUnavailable: '25%' } },
        template: {
          metadata: {
            labels: {
              ...labels,
              'service.istio.io/canonical-name': name,
              'service.istio.io/canonical-revision': 'latest',
              'sidecar.istio.io/inject': 'false',
            },
            annotations: {
              'prometheus.io/path': '/stats/prometheus',
              'prometheus.io/port': '15020',
              'prometheus.io/scrape': 'true',
            },
          },
          spec: {
            serviceAccountName: `${name}-service-account`,
            securityContext: { runAsGroup: 1337, runAsNonRoot: true, runAsUser: 1337 },
            containers: [
              {
                name: 'istio-proxy',
                image: `docker.io/istio/proxyv2:${VERSION}`,
                args: [
                  'proxy',
                  'router',
                  '--domain',
                  '$(POD_NAMESPACE).svc.cluster.local',
                  '--proxyLogLevel=warning',
                  '--log_output_level=default:info',
                ],
                env: [
                  { name: 'CA_ADDR', value: `istiod.${ROOT_NAMESPACE}.svc:15012` },
                  field('POD_NAME', 'metadata.name'),
                  field('POD_NAMESPACE', 'metadata.namespace'),
                  field('INSTANCE_IP', 'status.podIP'),
                  field('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
                ],
                ports: [
                  ...[15021, 8080, 8443].map((containerPort) => ({ containerPort, protocol: 'TCP' })),
                  { containerPort: 15090, name: 'http-envoy-prom', protocol: 'TCP' },
                ],
                readinessProbe: {
                  httpGet: { path: '/healthz/ready', port: 15021, scheme: 'HTTP' },
                  failureThreshold: 30,
                  initialDelaySeconds: 1,
                  periodSeconds: 2,
                  timeoutSeconds: 1,
                },
                resources: { limits: { cpu: '2000m', memory: '1024Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { drop: ['ALL'] },
                  privileged: false,
                  readOnlyRootFilesystem: true,
                },
              },
            ],
          },
        },
      },
    },
  ];
}
