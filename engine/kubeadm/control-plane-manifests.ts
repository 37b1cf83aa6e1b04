// The manifests of a control plane as kubeadm v1.35 writes them into /etc/kubernetes/manifests: data only.

import { hostPort } from '../linux/net/index.ts';
import type { Container, HTTPGetAction, Pod, Probe, Volume } from '../api/types.ts';

export type ComponentName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';

export interface ManifestOptions {
  /** v1.35.0. */
  version: string;
  /** The node's name and address. */
  name: string;
  ip: string;
  /** '' when the controller manager gives nodes no range. */
  podCIDR: string;
  serviceCIDR: string;
  /** Where images come from; undefined: registry.k8s.io. */
  registry?: string;
  /** Of etcd; undefined: /var/lib/etcd. */
  dataDir?: string;
  clusterName?: string;
  /** Of etcd in a cluster that it joins: all members. */
  initialCluster?: string;
  /** Further names and addresses of the API server. */
  names?: readonly string[];
  /** What a configuration file changes in a component's Pod. */
  adjust?: (component: ComponentName, pod: Pod) => Pod;
}

/** kubeadm: mark-control-plane. */
export const CONTROL_PLANE_LABELS = {
  'node-role.kubernetes.io/control-plane': '',
  'node.kubernetes.io/exclude-from-external-load-balancers': '',
};
export const CONTROL_PLANE_TAINT = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' } as const;

const REGISTRY = 'registry.k8s.io';
const PKI = '/etc/kubernetes/pki';
export const ETCD_DATA = '/var/lib/etcd';
export const ETCD_TAG = '3.6.6-0';

interface Component {
  image: (version: string) => string;
  cpu: string;
  memory?: string;
  /** Named like the probes use it. */
  port: number;
  host: (ip: string) => string;
  scheme: 'HTTP' | 'HTTPS';
  live: string;
  ready?: string;
  startup: string;
  flags: (options: ManifestOptions) => Record<string, string>;
  /** Host paths: name, path, type, writable. */
  volumes: readonly [string, string, string, boolean?][];
  annotations?: (options: ManifestOptions) => Record<string, string>;
}

const CERTIFICATES: Component['volumes'] = [
  ['ca-certs', '/etc/ssl/certs', 'DirectoryOrCreate'],
  ['etc-ca-certificates', '/etc/ca-certificates', 'DirectoryOrCreate'],
  ['k8s-certs', PKI, 'DirectoryOrCreate'],
  ['usr-local-share-ca-certificates', '/usr/local/share/ca-certificates', 'DirectoryOrCreate'],
  ['usr-share-ca-certificates', '/usr/share/ca-certificates', 'DirectoryOrCreate'],
];
const local = () => '127.0.0.1';
/** Of the family of the node's address. */
const localOf = (ip: string) => (ip.includes(':') ? '::1' : '127.0.0.1');
const own = (ip: string) => ip;
const kubernetes = (name: string) => (version: string) => `${REGISTRY}/${name}:${version}`;

export const COMPONENTS: Readonly<Record<ComponentName, Component>> = {
  etcd: {
    image: () => `${REGISTRY}/etcd:${ETCD_TAG}`,
    cpu: '100m',
    memory: '100Mi',
    port: 2381,
    host: localOf,
    scheme: 'HTTP',
    live: '/livez',
    ready: '/readyz',
    startup: '/readyz',
    annotations: ({ ip }) => ({ 'kubeadm.kubernetes.io/etcd.advertise-client-urls': `https://${hostPort(ip, 2379)}` }),
    flags: ({ name, ip, dataDir, initialCluster }) => ({
      'advertise-client-urls': `https://${hostPort(ip, 2379)}`,
      'cert-file': `${PKI}/etcd/server.crt`,
      'client-cert-auth': 'true',
      'data-dir': dataDir ?? ETCD_DATA,
      'feature-gates': 'InitialCorruptCheck=true',
      'initial-advertise-peer-urls': `https://${hostPort(ip, 2380)}`,
      'initial-cluster': initialCluster ?? `${name}=https://${hostPort(ip, 2380)}`,
      ...(initialCluster && { 'initial-cluster-state': 'existing' }),
      'key-file': `${PKI}/etcd/server.key`,
      'listen-client-urls': `https://${hostPort(localOf(ip), 2379)},https://${hostPort(ip, 2379)}`,
      'listen-metrics-urls': `http://${hostPort(localOf(ip), 2381)}`,
      'listen-peer-urls': `https://${hostPort(ip, 2380)}`,
      name,
      'peer-cert-file': `${PKI}/etcd/peer.crt`,
      'peer-client-cert-auth': 'true',
      'peer-key-file': `${PKI}/etcd/peer.key`,
      'peer-trusted-ca-file': `${PKI}/etcd/ca.crt`,
      'snapshot-count': '10000',
      'trusted-ca-file': `${PKI}/etcd/ca.crt`,
      'watch-progress-notify-interval': '5s',
    }),
    volumes: [
      ['etcd-data', ETCD_DATA, 'DirectoryOrCreate', true],
      ['etcd-certs', `${PKI}/etcd`, 'DirectoryOrCreate', true],
    ],
  },
  'kube-apiserver': {
    image: kubernetes('kube-apiserver'),
    cpu: '250m',
    port: 6443,
    host: own,
    scheme: 'HTTPS',
    live: '/livez',
    ready: '/readyz',
    startup: '/livez',
    annotations: ({ ip }) => ({
      'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': hostPort(ip, 6443),
    }),
    flags: ({ ip, serviceCIDR }) => ({
      'advertise-address': ip,
      'allow-privileged': 'true',
      'authorization-mode': 'Node,RBAC',
      'client-ca-file': `${PKI}/ca.crt`,
      'enable-admission-plugins': 'NodeRestriction',
      'enable-bootstrap-token-auth': 'true',
      'etcd-cafile': `${PKI}/etcd/ca.crt`,
      'etcd-certfile': `${PKI}/apiserver-etcd-client.crt`,
      'etcd-keyfile': `${PKI}/apiserver-etcd-client.key`,
      'etcd-servers': `https://${hostPort(localOf(ip), 2379)}`,
      'kubelet-client-certificate': `${PKI}/apiserver-kubelet-client.crt`,
      'kubelet-client-key': `${PKI}/apiserver-kubelet-client.key`,
      'kubelet-preferred-address-types': 'InternalIP,ExternalIP,Hostname',
      'proxy-client-cert-file': `${PKI}/front-proxy-client.crt`,
      'proxy-client-key-file': `${PKI}/front-proxy-client.key`,
      'requestheader-allowed-names': 'front-proxy-client',
      'requestheader-client-ca-file': `${PKI}/front-proxy-ca.crt`,
      'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
      'requestheader-group-headers': 'X-Remote-Group',
      'requestheader-username-headers': 'X-Remote-User',
      'secure-port': '6443',
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
      'service-account-key-file': `${PKI}/sa.pub`,
      'service-account-signing-key-file': `${PKI}/sa.key`,
      'service-cluster-ip-range': serviceCIDR,
      'tls-cert-file': `${PKI}/apiserver.crt`,
      'tls-private-key-file': `${PKI}/apiserver.key`,
    }),
    volumes: CERTIFICATES,
  },
  'kube-controller-manager': {
    image: kubernetes('kube-controller-manager'),
    cpu: '200m',
    port: 10257,
    host: local,
    scheme: 'HTTPS',
    live: '/healthz',
    startup: '/healthz',
    flags: ({ podCIDR, serviceCIDR, clusterName }) => ({
      ...(podCIDR && { 'allocate-node-cidrs': 'true' }),
      'authentication-kubeconfig': '/etc/kubernetes/controller-manager.conf',
      'authorization-kubeconfig': '/etc/kubernetes/controller-manager.conf',
      'bind-address': '127.0.0.1',
      'client-ca-file': `${PKI}/ca.crt`,
      ...(podCIDR && { 'cluster-cidr': podCIDR }),
      'cluster-name': clusterName ?? 'kubernetes',
      'cluster-signing-cert-file': `${PKI}/ca.crt`,
      'cluster-signing-key-file': `${PKI}/ca.key`,
      controllers: '*,bootstrapsigner,tokencleaner',
      kubeconfig: '/etc/kubernetes/controller-manager.conf',
      'leader-elect': 'true',
      'requestheader-client-ca-file': `${PKI}/front-proxy-ca.crt`,
      'root-ca-file': `${PKI}/ca.crt`,
      'service-account-private-key-file': `${PKI}/sa.key`,
      ...(podCIDR && { 'service-cluster-ip-range': serviceCIDR }),
      'use-service-account-credentials': 'true',
    }),
    volumes: [
      CERTIFICATES[0],
      CERTIFICATES[1],
      ['flexvolume-dir', '/usr/libexec/kubernetes/kubelet-plugins/volume/exec', 'DirectoryOrCreate', true],
      CERTIFICATES[2],
      ['kubeconfig', '/etc/kubernetes/controller-manager.conf', 'FileOrCreate'],
      CERTIFICATES[3],
      CERTIFICATES[4],
    ],
  },
  'kube-scheduler': {
    image: kubernetes('kube-scheduler'),
    cpu: '100m',
    port: 10259,
    host: local,
    scheme: 'HTTPS',
    live: '/livez',
    ready: '/readyz',
    startup: '/livez',
    flags: () => ({
      'authentication-kubeconfig': '/etc/kubernetes/scheduler.conf',
      'authorization-kubeconfig': '/etc/kubernetes/scheduler.conf',
      'bind-address': '127.0.0.1',
      kubeconfig: '/etc/kubernetes/scheduler.conf',
      'leader-elect': 'true',
    }),
    volumes: [['kubeconfig', '/etc/kubernetes/scheduler.conf', 'FileOrCreate']],
  },
};

/** What kubeadm writes into the component's file. */
export function manifest(name: ComponentName, options: ManifestOptions): Pod {
  const component = COMPONENTS[name];
  const flags = component.flags(options);
  const get = (path: string): HTTPGetAction => ({
    host: component.host(options.ip),
    path,
    port: 'probe-port',
    scheme: component.scheme,
  });
  const probe = (path: string, rest: Partial<Probe>): Probe => ({ httpGet: get(path), timeoutSeconds: 15, ...rest });
  const { cpu, memory, annotations, ready } = component;
  const volumes: Component['volumes'] = options.dataDir
    ? component.volumes.map(([volume, path, ...rest]) => [
        volume,
        path === ETCD_DATA ? (options.dataDir as string) : path,
        ...rest,
      ])
    : component.volumes;
  const image = component.image(options.version);
  const container: Container = {
    command: [name, ...Object.keys(flags).map((flag) => `--${flag}=${flags[flag]}`)],
    image: options.registry ? image.replace(REGISTRY, options.registry) : image,
    imagePullPolicy: 'IfNotPresent',
    livenessProbe: probe(component.live, { failureThreshold: 8, initialDelaySeconds: 10, periodSeconds: 10 }),
    name,
    ports: [{ containerPort: component.port, name: 'probe-port', protocol: 'TCP' }],
    ...(ready && { readinessProbe: probe(ready, { failureThreshold: 3, periodSeconds: 1 }) }),
    resources: { requests: memory ? { cpu, memory } : { cpu } },
    startupProbe: probe(component.startup, { failureThreshold: 24, initialDelaySeconds: 10, periodSeconds: 10 }),
    volumeMounts: volumes.map(([volume, mountPath, , writable]) =>
      writable ? { mountPath, name: volume } : { mountPath, name: volume, readOnly: true },
    ),
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(annotations && { annotations: annotations(options) }),
      labels: { component: name, tier: 'control-plane' },
      name,
      namespace: 'kube-system',
    },
    spec: {
      containers: [container],
      hostNetwork: true,
      priority: 2_000_001_000,
      priorityClassName: 'system-node-critical',
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      volumes: volumes.map(([volume, path, type]): Volume => ({ hostPath: { path, type }, name: volume })),
    },
    status: {},
  } as Pod;
}
