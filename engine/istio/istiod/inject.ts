// The sidecar injector: what istiod's mutating webhook makes of a Pod. As since Istio 1.27, the proxy is a native sidecar.

import type { Container, JsonObject, Pod, Probe } from '../../api/types.ts';
import { workloadName } from './registry.ts';
import { VERSION } from '../types.ts';

const IMAGE = `docker.io/istio/proxyv2:${VERSION}`;
const PREFIX = 'sidecar.istio.io';
const TRAFFIC = 'traffic.sidecar.istio.io';
const REFUSED = ['interceptionMode', 'userVolume', 'userVolumeMount', 'bootstrapOverride', 'componentLogLevel'];

export type Operation = { op: 'add' | 'replace'; path: string; value: unknown };

/** Whether a Pod that reached the webhook gets a proxy. */
export function wants({ metadata, spec }: Pod): boolean {
  const label = metadata?.labels?.[`${PREFIX}/inject`] ?? metadata?.annotations?.[`${PREFIX}/inject`];
  return label !== 'false' && !spec?.hostNetwork && !spec?.containers.some(({ name }) => name === 'istio-proxy');
}

/** The patch; throws a sentence for what is not modelled. */
export function inject(pod: Pod): Operation[] {
  const { metadata = {}, spec } = pod;
  const { annotations = {}, labels = {} } = metadata;
  for (const name of REFUSED)
    if (annotations[`${PREFIX}/${name}`] !== undefined)
      throw new Error(`annotation ${PREFIX}/${name} is not modelled by this engine`);
  const probers: Record<string, JsonObject> = {};
  const containers = (spec?.containers ?? []).map((container) => rewritten(container, probers));
  const name = workloadName(metadata);
  const app = labels.app ?? name;
  const wanted = (key: string, preset: string) => annotations[`${PREFIX}/${key}`] ?? preset;
  const resources = {
    limits: { cpu: wanted('proxyCPULimit', '2000m'), memory: wanted('proxyMemoryLimit', '1024Mi') },
    requests: { cpu: wanted('proxyCPU', '100m'), memory: wanted('proxyMemory', '128Mi') },
  };
  const traffic = (key: string, preset: string) => annotations[`${TRAFFIC}/${key}`] ?? preset;
  const without = traffic('excludeInboundPorts', '');
  const outbound = annotations[`${TRAFFIC}/excludeOutboundPorts`];
  const init: Container = {
    name: 'istio-init',
    image: IMAGE,
    args: [
      'istio-iptables',
      ...['-p', '15001', '-z', '15006', '-u', '1337', '-m', 'REDIRECT'],
      ...['-i', traffic('includeOutboundIPRanges', '*'), '-x', traffic('excludeOutboundIPRanges', '')],
      ...['-b', traffic('includeInboundPorts', '*'), '-d', `15090,15021,15020${without && `,${without}`}`],
      ...(outbound ? ['-o', outbound] : []),
      '--log_output_level=default:info',
    ],
    resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: false,
      runAsGroup: 0,
      runAsNonRoot: false,
      runAsUser: 0,
    },
  };
  const field = (key: string, fieldPath: string) => ({ name: key, valueFrom: { fieldRef: { fieldPath } } });
  const probe = { httpGet: { path: '/healthz/ready', port: 15021 }, timeoutSeconds: 3 };
  const proxy: Container = {
    name: 'istio-proxy',
    image: IMAGE,
    args: [
      ...['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.cluster.local'],
      ...['--proxyLogLevel=warning', '--proxyComponentLogLevel=misc:error', '--log_output_level=default:info'],
    ],
    env: [
      { name: 'CA_ADDR', value: 'istiod.istio-system.svc:15012' },
      field('POD_NAME', 'metadata.name'),
      field('POD_NAMESPACE', 'metadata.namespace'),
      field('INSTANCE_IP', 'status.podIP'),
      field('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
      field('HOST_IP', 'status.hostIP'),
      { name: 'ISTIO_META_CLUSTER_ID', value: 'Kubernetes' },
      { name: 'ISTIO_META_APP_CONTAINERS', value: containers.map((container) => container.name).join(',') },
      { name: 'ISTIO_META_WORKLOAD_NAME', value: name },
      { name: 'ISTIO_META_MESH_ID', value: 'cluster.local' },
      { name: 'TRUST_DOMAIN', value: 'cluster.local' },
      ...(Object.keys(annotations).length
        ? [{ name: 'ISTIO_METAJSON_ANNOTATIONS', value: JSON.stringify(annotations) }]
        : []),
      ...(Object.keys(probers).length ? [{ name: 'ISTIO_KUBE_APP_PROBERS', value: JSON.stringify(probers) }] : []),
    ],
    ports: [{ containerPort: 15090, name: 'http-envoy-prom', protocol: 'TCP' }],
    startupProbe: { ...probe, failureThreshold: 600, periodSeconds: 1 },
    readinessProbe: { ...probe, failureThreshold: 4, periodSeconds: 15 },
    lifecycle: { preStop: { httpGet: { path: '/drain', port: 15020 } } },
    resources,
    restartPolicy: 'Always',
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: 1337,
      runAsNonRoot: true,
      runAsUser: 1337,
    },
    volumeMounts: [
      { mountPath: '/var/run/secrets/istio', name: 'istiod-ca-cert' },
      { mountPath: '/var/lib/istio/data', name: 'istio-data' },
      { mountPath: '/etc/istio/proxy', name: 'istio-envoy' },
      { mountPath: '/var/run/secrets/tokens', name: 'istio-token' },
      { mountPath: '/etc/istio/pod', name: 'istio-podinfo' },
    ],
  };
  const volumes = [
    { name: 'istio-envoy', emptyDir: { medium: 'Memory' } },
    { name: 'istio-data', emptyDir: {} },
    {
      name: 'istio-podinfo',
      downwardAPI: {
        items: ['labels', 'annotations'].map((path) => ({ path, fieldRef: { fieldPath: `metadata.${path}` } })),
      },
    },
    {
      name: 'istio-token',
      projected: {
        sources: [{ serviceAccountToken: { path: 'istio-token', expirationSeconds: 43200, audience: 'istio-ca' } }],
      },
    },
    { name: 'istiod-ca-cert', configMap: { name: 'istio-ca-root-cert' } },
  ];
  const first = spec?.containers[0]?.name ?? '';
  const added = {
    'kubectl.kubernetes.io/default-container': first,
    'kubectl.kubernetes.io/default-logs-container': first,
    'istio.io/rev': 'default',
    'prometheus.io/path': '/stats/prometheus',
    'prometheus.io/port': '15020',
    'prometheus.io/scrape': 'true',
    [`${PREFIX}/status`]: JSON.stringify({
      initContainers: ['istio-init', 'istio-proxy'],
      containers: null,
      volumes: volumes.map((volume) => volume.name),
      imagePullSecrets: null,
      revision: 'default',
    }),
  };
  return [
    {
      op: 'add',
      path: '/metadata/annotations',
      value: { ...added, ...annotations, [`${PREFIX}/status`]: added[`${PREFIX}/status`] },
    },
    {
      op: 'add',
      path: '/metadata/labels',
      value: {
        ...labels,
        'security.istio.io/tlsMode': 'istio',
        'service.istio.io/canonical-name':
          labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? app,
        'service.istio.io/canonical-revision':
          labels['service.istio.io/canonical-revision'] ??
          labels['app.kubernetes.io/version'] ??
          labels.version ??
          'latest',
      },
    },
    { op: 'add', path: '/spec/initContainers', value: [init, proxy, ...(spec?.initContainers ?? [])] },
    { op: 'replace', path: '/spec/containers', value: containers },
    { op: 'add', path: '/spec/volumes', value: [...(spec?.volumes ?? []), ...volumes] },
  ];
}

const KINDS = [
  ['readinessProbe', 'readyz'],
  ['livenessProbe', 'livez'],
  ['startupProbe', 'startupz'],
] as const;

/** Probes over the network go to the agent, which asks the application from within: the kubelet speaks no mTLS. */
function rewritten(container: Container, probers: Record<string, JsonObject>): Container {
  let out = container;
  for (const [field, path] of KINDS) {
    const probe: Probe | undefined = container[field];
    if (!probe || (!probe.httpGet && !probe.tcpSocket && !probe.grpc)) continue;
    const { httpGet, tcpSocket, grpc, ...rest } = probe;
    const at = `/app-health/${container.name}/${path}`;
    const port = (value: number | string) =>
      typeof value === 'number' ? value : (container.ports?.find(({ name }) => name === value)?.containerPort ?? 0);
    probers[at] = {
      ...(httpGet && { httpGet: { ...httpGet, port: port(httpGet.port) } }),
      ...(tcpSocket && { tcpSocket: { port: port(tcpSocket.port) } }),
      ...(grpc && { grpc }),
      timeoutSeconds: probe.timeoutSeconds ?? 1,
    };
    out = { ...out, [field]: { ...rest, httpGet: { path: at, port: 15020, scheme: 'HTTP' } } };
  }
  return out;
}
