// What istiod reads from the API server, and the snapshot of the mesh that follows from it.

import type { EndpointSlice, KubeObject, Node, ObjectMeta, Pod, Service, ServicePort } from '../../api/types.ts';
import { Informer, type Client } from '../../client/index.ts';
import { part } from '../../parts/index.ts';
import {
  KINDS,
  ROOT_NAMESPACE,
  TRUST_DOMAIN,
  type Config,
  type Endpoint,
  type Kind,
  type Locality,
  type MeshConfig,
  type MeshPort,
  type MeshService,
  type PortProtocol,
  type Snapshot,
  type Workload,
} from '../types.ts';
import { RESOURCES } from '../install/kinds.ts';

const SERVICE_NAME = 'kubernetes.io/service-name';
const NOWHERE: Locality = { region: '', zone: '', subzone: '' };

/** By the name or appProtocol of a port. */
const PROTOCOLS: Record<string, PortProtocol> = {
  http: 'HTTP',
  http2: 'HTTP',
  'kubernetes.io/ws': 'HTTP',
  'kubernetes.io/h2c': 'HTTP',
  grpc: 'GRPC',
  'grpc-web': 'HTTP',
  tcp: 'TCP',
  mongo: 'TCP',
  mysql: 'TCP',
  redis: 'TCP',
  https: 'TLS',
  tls: 'TLS',
};
/** Servers on these ports speak first, or their protocol cannot be told by its first bytes. */
const TCP_PORTS = [25, 53, 3306, 27017];

export function protocolOf(port: {
  name?: string;
  appProtocol?: string;
  protocol?: string;
  number: number;
}): PortProtocol {
  const byApp = port.appProtocol && PROTOCOLS[port.appProtocol.toLowerCase()];
  if (byApp) return byApp;
  const declared = port.protocol && PROTOCOLS[port.protocol.toLowerCase()];
  if (declared) return declared;
  const name = (port.name ?? '').toLowerCase();
  const prefix = name.startsWith('grpc-web') ? 'grpc-web' : name.split('-')[0];
  return PROTOCOLS[prefix] ?? (TCP_PORTS.includes(port.number) ? 'TCP' : 'AUTO');
}

const newest = (a: KubeObject, b: KubeObject) => {
  const older = (object: KubeObject) => `${object.metadata.creationTimestamp}/${object.metadata.name}`;
  return older(a) < older(b) ? -1 : 1;
};

export class Registry {
  readonly pods = new Informer<Pod>();
  readonly namespaces = new Informer<KubeObject>();
  private readonly services = new Informer<Service>();
  private readonly slices = new Informer<EndpointSlice>();
  private readonly nodes = new Informer<Node>();
  private readonly maps = new Informer<KubeObject>();
  private readonly objects = {} as Record<Kind, Informer<Config>>;
  private version = 0;

  start(client: Client, changed: () => void) {
    const always = { add: changed, delete: changed, update: changed };
    const when = <T extends object>(which: (object: T) => unknown) => ({
      add: changed,
      delete: changed,
      update: (now: T, old: T) => (JSON.stringify(which(now)) === JSON.stringify(which(old)) ? undefined : changed()),
    });
    this.pods.addIndex('ip', ({ status, spec }) => (status?.podIP && !spec?.hostNetwork ? [status.podIP] : []));
    this.pods.start(client, 'v1', 'pods', {});
    this.pods.on(
      when(({ status, metadata }) => [
        status?.podIP,
        status?.phase === 'Running',
        metadata.labels,
        metadata.annotations,
      ]),
    );
    this.slices.addIndex('service', ({ metadata: { namespace, labels } }) => [
      `${namespace}/${labels?.[SERVICE_NAME]}`,
    ]);
    this.slices.start(client, 'discovery.k8s.io/v1', 'endpointslices', {});
    this.slices.on(always);
    this.services.start(client, 'v1', 'services', {});
    this.services.on(when(({ spec, metadata }) => [spec, metadata.labels]));
    this.nodes.start(client, 'v1', 'nodes', {});
    this.nodes.on(when(({ metadata }) => metadata.labels));
    this.namespaces.start(client, 'v1', 'namespaces', {});
    this.namespaces.on(when(({ metadata }) => metadata.labels));
    this.maps.start(client, 'v1', 'configmaps', { fieldSelector: 'metadata.name=istio' });
    this.maps.on(always);
    for (const kind of KINDS) {
      const { groupVersion, plural } = RESOURCES[kind];
      this.objects[kind] = new Informer<Config>();
      this.objects[kind].start(client, groupVersion, plural, {});
      this.objects[kind].on(when(({ spec, metadata }) => [spec, metadata.annotations]));
    }
  }

  stop() {
    for (const one of [this.pods, this.services, this.slices, this.nodes, this.namespaces, this.maps]) one.stop();
    for (const kind of KINDS) this.objects[kind]?.stop();
  }

  mesh(): MeshConfig {
    const text: string = this.maps.get(ROOT_NAMESPACE, 'istio')?.data?.mesh ?? '';
    const mesh = (part('yaml').parseDocument(text).toJS() ?? {}) as KubeObject;
    const providers = new Map<string, { service: string; port: number }>();
    for (const { name, opentelemetry } of mesh.extensionProviders ?? [])
      if (opentelemetry) providers.set(name, opentelemetry);
    return {
      accessLogFile: mesh.accessLogFile ?? '',
      outboundTrafficPolicy: mesh.outboundTrafficPolicy?.mode ?? 'ALLOW_ANY',
      enableTracing: mesh.enableTracing ?? false,
      sampling: mesh.defaultConfig?.tracing?.sampling ?? 1,
      tracingProviders: providers,
      defaultTracing: mesh.defaultProviders?.tracing ?? [],
    };
  }

  snapshot(): Snapshot {
    const workloads = new Map<string, Workload>();
    for (const pod of this.pods.list()) {
      const ip = pod.status?.podIP;
      if (ip && !pod.spec?.hostNetwork && pod.status?.phase === 'Running') workloads.set(ip, this.workload(pod, ip));
    }
    const objects = {} as Record<Kind, readonly Config[]>;
    for (const kind of KINDS) objects[kind] = this.objects[kind].list().sort(newest);
    const services = new Map<string, MeshService>();
    for (const service of this.services.list()) {
      const made = this.service(service, workloads);
      services.set(made.host, made);
    }
    for (const entry of objects.ServiceEntry) {
      for (const made of entries(entry, workloads)) if (!services.has(made.host)) services.set(made.host, made);
    }
    const byAddress = new Map<string, MeshService>();
    services.forEach((service) => service.addresses.forEach((ip) => byAddress.set(ip, service)));
    return { version: ++this.version, mesh: this.mesh(), services, byAddress, workloads, objects };
  }

  workload({ metadata, spec, status }: Pod, ip: string): Workload {
    const labels = metadata?.labels ?? {};
    const namespace = metadata?.namespace ?? '';
    const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
    const sidecar = containers.some(({ name }) => name === 'istio-proxy');
    const ambient = metadata?.annotations?.['ambient.istio.io/redirection'] === 'enabled';
    return {
      ip,
      pod: metadata?.name ?? '',
      namespace,
      name: workloadName(metadata ?? {}),
      labels,
      serviceAccount: spec?.serviceAccountName ?? 'default',
      node: spec?.nodeName ?? '',
      locality: this.locality(spec?.nodeName),
      proxy: status?.phase !== 'Running' ? undefined : sidecar ? 'sidecar' : ambient ? 'ztunnel' : undefined,
    };
  }

  private locality(node: string | undefined): Locality {
    const labels = node ? this.nodes.get('', node)?.metadata.labels : undefined;
    if (!labels) return NOWHERE;
    return {
      region: labels['topology.kubernetes.io/region'] ?? '',
      zone: labels['topology.kubernetes.io/zone'] ?? '',
      subzone: labels['topology.istio.io/subzone'] ?? '',
    };
  }

  private service({ metadata, spec }: Service, workloads: ReadonlyMap<string, Workload>): MeshService {
    const { name = '', namespace = '' } = metadata ?? {};
    const { clusterIP, ports = [], type, externalName } = spec ?? {};
    const headless = clusterIP === 'None';
    const number = (port: ServicePort) => port.port;
    const endpoints = new Map<number, Endpoint[]>();
    for (const port of ports) endpoints.set(number(port), []);
    for (const slice of this.slices.byIndex('service', `${namespace}/${name}`)) {
      for (const port of ports) {
        const target = slice.ports?.find((one) => (one.name ?? '') === (port.name ?? ''))?.port;
        if (target === undefined) continue;
        for (const { addresses, conditions } of slice.endpoints ?? []) {
          if (conditions?.ready === false) continue;
          const workload = workloads.get(addresses[0]);
          const { labels = {}, locality = NOWHERE } = workload ?? {};
          endpoints.get(number(port))?.push({ ip: addresses[0], port: target, labels, locality, workload });
        }
      }
    }
    endpoints.forEach((list) => list.sort((a, b) => (a.ip < b.ip ? -1 : 1)));
    return {
      host: `${name}.${namespace}.svc.${TRUST_DOMAIN}`,
      name,
      namespace,
      addresses: clusterIP && !headless ? [clusterIP] : [],
      ports: ports
        .filter(({ protocol }) => protocol !== 'UDP')
        .map((port): MeshPort => ({
          number: port.port,
          name: port.name ?? '',
          protocol: protocolOf({ name: port.name, appProtocol: port.appProtocol, number: port.port }),
        })),
      resolution: headless ? 'ORIGINAL_DST' : type === 'ExternalName' && externalName ? 'STRICT_DNS' : 'EDS',
      external: false,
      endpoints,
    };
  }
}

/** The services of a ServiceEntry, one a host. */
function* entries({ metadata, spec = {} }: Config, workloads: ReadonlyMap<string, Workload>): Generator<MeshService> {
  const { hosts = [], ports = [], resolution = 'NONE', addresses = [], location = 'MESH_EXTERNAL' } = spec;
  for (const host of hosts as string[]) {
    const endpoints = new Map<number, Endpoint[]>();
    for (const port of ports) {
      const given: {
        address: string;
        ports?: Record<string, number>;
        labels?: Record<string, string>;
        locality?: string;
      }[] = spec.endpoints ?? (resolution === 'DNS' ? [{ address: host }] : []);
      endpoints.set(
        port.number,
        given.map(({ address, ports: own, labels = {}, locality = '' }): Endpoint => {
          const [region = '', zone = '', subzone = ''] = locality.split('/');
          return {
            ip: address,
            port: own?.[port.name] ?? port.targetPort ?? port.number,
            labels,
            locality: { region, zone, subzone },
            workload: workloads.get(address),
            byName: !/^[\d.]+$/.test(address),
          };
        }),
      );
    }
    yield {
      host,
      name: host,
      namespace: metadata.namespace ?? '',
      addresses,
      ports: (ports as KubeObject[]).map((port) => ({
        number: port.number,
        name: port.name,
        protocol: protocolOf({ name: port.name, protocol: port.protocol, number: port.number }),
      })),
      resolution: resolution === 'NONE' ? 'ORIGINAL_DST' : resolution === 'DNS' ? 'STRICT_DNS' : 'EDS',
      external: location !== 'MESH_INTERNAL',
      endpoints,
    };
  }
}

/** What telemetry calls the workload: the Deployment behind a ReplicaSet, any other owner, or the Pod itself. */
export function workloadName({ name = '', ownerReferences, labels, generateName }: ObjectMeta): string {
  const owner = ownerReferences?.find(({ controller }) => controller);
  if (!owner) return name || (generateName ?? '').replace(/-$/, '');
  const hash = labels?.['pod-template-hash'];
  return owner.kind === 'ReplicaSet' && hash && owner.name.endsWith(`-${hash}`)
    ? owner.name.slice(0, -hash.length - 1)
    : owner.name;
}
