// What a Gateway gets made for it: a Deployment of nginx with its service account and settings, and a Service in front.

import type { KubeObject } from '../api/types.ts';
import type { Gateway, NginxProxy, Server } from './types.ts';

const READY_PORT = 8081;

export interface Provisioned {
  apiVersion: string;
  plural: string;
  object: KubeObject;
}

export function provisioned(
  gateway: Gateway,
  servers: readonly Server[],
  proxy: NginxProxy | undefined,
  image: string,
  controlPlane: string,
): Provisioned[] {
  const { namespace, name: gatewayName, uid = '' } = gateway.metadata;
  const name = dataPlaneName(gateway);
  const labels = {
    'app.kubernetes.io/instance': 'nginx-gateway',
    'app.kubernetes.io/managed-by': 'nginx-gateway-nginx',
    'app.kubernetes.io/name': name,
    'gateway.networking.k8s.io/gateway-name': gatewayName ?? '',
  };
  const ownerReferences = [
    { apiVersion: gateway.apiVersion, kind: 'Gateway', name: gatewayName ?? '', uid, controller: true },
  ];
  const metadata = (of = name) => ({ name: of, namespace, labels, ownerReferences });
  const { deployment = {}, service = {} } = proxy?.spec.kubernetes ?? {};
  const config = `${name}-agent-config`;
  return [
    {
      apiVersion: 'v1',
      plural: 'serviceaccounts',
      object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata() },
    },
    {
      apiVersion: 'v1',
      plural: 'configmaps',
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: metadata(config),
        data: {
          'nginx-agent.conf': `command:\n    server:\n        host: ${controlPlane}\n        port: 443\nlabels:\n    gateway: ${namespace}/${gatewayName}\n`,
        },
      },
    },
    {
      apiVersion: 'v1',
      plural: 'services',
      object: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: metadata(),
        spec: {
          type: service.type ?? 'LoadBalancer',
          externalTrafficPolicy: service.type === 'ClusterIP' ? undefined : (service.externalTrafficPolicy ?? 'Local'),
          selector: labels,
          ports: servers.map(({ port }) => ({
            name: `port-${port}`,
            port,
            targetPort: port,
            protocol: 'TCP',
            nodePort: service.nodePorts?.find(({ listenerPort }) => listenerPort === port)?.port,
          })),
        },
      },
    },
    {
      apiVersion: 'apps/v1',
      plural: 'deployments',
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: metadata(),
        spec: {
          replicas: deployment.replicas ?? 1,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              serviceAccountName: name,
              containers: [
                {
                  name: 'nginx',
                  image,
                  imagePullPolicy: 'IfNotPresent',
                  ports: servers.map(({ port }) => ({ name: `port-${port}`, containerPort: port, protocol: 'TCP' })),
                  readinessProbe: {
                    httpGet: { path: '/readyz', port: READY_PORT },
                    initialDelaySeconds: 3,
                    periodSeconds: 1,
                  },
                  volumeMounts: [{ name: 'nginx-agent', mountPath: '/etc/nginx-agent' }],
                },
              ],
              volumes: [{ name: 'nginx-agent', configMap: { name: config } }],
            },
          },
        },
      },
    },
  ];
}

export const dataPlaneName = ({ metadata, spec }: Gateway) => `${metadata.name}-${spec.gatewayClassName}`;
