// What sets Konnectivity up: a static Pod and a configuration file beside the API server, and the agents' DaemonSet.

import type { KubeObject, Pod, Volume } from '../api/types.ts';

export const VERSION = 'v0.33.0';
export const IMAGES = 'registry.k8s.io/kas-network-proxy';
export const SERVER_IMAGE = `${IMAGES}/proxy-server:${VERSION}`;
const NAMESPACE = 'kube-system';
const AGENT = 'konnectivity-agent';
export const USER = 'system:konnectivity-server';
const DIRECTORY = '/etc/kubernetes/konnectivity-server';
const SOCKET = `${DIRECTORY}/konnectivity-server.socket`;
export const KUBECONFIG = '/etc/kubernetes/konnectivity-server.conf';
export const EGRESS_FILE = '/etc/kubernetes/egress-selector-configuration.yaml';
const AGENT_PORT = 8132;
const HEALTH_PORT = 8134;

export const EGRESS_CONFIGURATION = `apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
# Since we want to control the egress traffic to the cluster, we use the
# "cluster" as the name. Other supported values are "etcd", and "controlplane".
- name: cluster
  connection:
    proxyProtocol: GRPC
    transport:
      uds:
        udsName: ${SOCKET}
`;

const hostPath = (name: string, path: string, type?: string): Volume => ({
  name,
  hostPath: type ? { path, type } : { path },
});
const udsVolume = hostPath('konnectivity-uds', DIRECTORY, 'DirectoryOrCreate');

export const serverPod = (): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'konnectivity-server', namespace: NAMESPACE, labels: { 'k8s-app': 'konnectivity-server' } },
  spec: {
    priorityClassName: 'system-cluster-critical',
    hostNetwork: true,
    containers: [
      {
        name: 'konnectivity-server-container',
        image: SERVER_IMAGE,
        command: ['/proxy-server'],
        args: [
          '--logtostderr=true',
          `--uds-name=${SOCKET}`,
          '--delete-existing-uds-file',
          '--cluster-cert=/etc/kubernetes/pki/apiserver.crt',
          '--cluster-key=/etc/kubernetes/pki/apiserver.key',
          '--mode=grpc',
          '--server-port=0',
          `--agent-port=${AGENT_PORT}`,
          '--admin-port=8133',
          `--health-port=${HEALTH_PORT}`,
          `--agent-namespace=${NAMESPACE}`,
          `--agent-service-account=${AGENT}`,
          `--kubeconfig=${KUBECONFIG}`,
          `--authentication-audience=${USER}`,
          '--proxy-strategies=destHost,default',
          '--v=3',
        ],
        livenessProbe: {
          httpGet: { scheme: 'HTTP', host: '127.0.0.1', port: HEALTH_PORT, path: '/healthz' },
          initialDelaySeconds: 30,
          timeoutSeconds: 60,
        },
        ports: [
          { name: 'agentport', containerPort: AGENT_PORT, hostPort: AGENT_PORT },
          { name: 'adminport', containerPort: 8133, hostPort: 8133 },
          { name: 'healthport', containerPort: HEALTH_PORT, hostPort: HEALTH_PORT },
        ],
        volumeMounts: [
          { name: 'k8s-certs', mountPath: '/etc/kubernetes/pki', readOnly: true },
          { name: 'kubeconfig', mountPath: KUBECONFIG, readOnly: true },
          { name: udsVolume.name, mountPath: DIRECTORY },
        ],
      },
    ],
    volumes: [
      hostPath('k8s-certs', '/etc/kubernetes/pki'),
      hostPath('kubeconfig', KUBECONFIG, 'FileOrCreate'),
      udsVolume,
    ],
  },
});

/** The API server's manifest, told to go through the socket. */
export function throughTunnel(apiServer: Pod): Pod {
  const spec = apiServer.spec as NonNullable<Pod['spec']>;
  const [container] = spec.containers;
  return {
    ...apiServer,
    spec: {
      ...spec,
      containers: [
        {
          ...container,
          command: [...(container.command ?? []), `--egress-selector-config-file=${EGRESS_FILE}`],
          volumeMounts: [
            ...(container.volumeMounts ?? []),
            { mountPath: EGRESS_FILE, name: 'egress-selector', readOnly: true },
            { mountPath: DIRECTORY, name: udsVolume.name },
          ],
        },
      ],
      volumes: [...(spec.volumes ?? []), hostPath('egress-selector', EGRESS_FILE, 'FileOrCreate'), udsVolume],
    },
  };
}

/** `server`: the control plane's address, which agents dial. */
export function agentManifests(server: string): KubeObject[] {
  const group = 'rbac.authorization.k8s.io';
  const managed = { 'kubernetes.io/cluster-service': 'true', 'addonmanager.kubernetes.io/mode': 'Reconcile' };
  return [
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: USER, labels: managed },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'system:auth-delegator' },
      subjects: [{ apiGroup: group, kind: 'User', name: USER }],
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: AGENT, namespace: NAMESPACE, labels: managed } },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: {
        name: AGENT,
        namespace: NAMESPACE,
        labels: { 'addonmanager.kubernetes.io/mode': 'Reconcile', 'k8s-app': AGENT },
      },
      spec: {
        selector: { matchLabels: { 'k8s-app': AGENT } },
        template: {
          metadata: { labels: { 'k8s-app': AGENT } },
          spec: {
            priorityClassName: 'system-cluster-critical',
            tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }],
            containers: [
              {
                name: AGENT,
                image: `${IMAGES}/proxy-agent:${VERSION}`,
                command: ['/proxy-agent'],
                args: [
                  '--logtostderr=true',
                  '--ca-cert=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
                  `--proxy-server-host=${server}`,
                  `--proxy-server-port=${AGENT_PORT}`,
                  '--admin-server-port=8133',
                  `--health-server-port=${HEALTH_PORT}`,
                  '--service-account-token-path=/var/run/secrets/tokens/konnectivity-agent-token',
                  '--agent-identifiers=ipv4=$(HOST_IP)',
                  '--v=3',
                ],
                env: [{ name: 'HOST_IP', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }],
                livenessProbe: {
                  httpGet: { port: HEALTH_PORT, path: '/healthz' },
                  initialDelaySeconds: 15,
                  timeoutSeconds: 15,
                },
                volumeMounts: [{ mountPath: '/var/run/secrets/tokens', name: 'konnectivity-agent-token' }],
              },
            ],
            serviceAccountName: AGENT,
            volumes: [
              {
                name: 'konnectivity-agent-token',
                projected: {
                  sources: [{ serviceAccountToken: { path: 'konnectivity-agent-token', audience: USER } }],
                },
              },
            ],
          },
        },
      },
    },
  ];
}
