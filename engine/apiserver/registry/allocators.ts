// Cluster IPs and node ports of Services. What is taken is what stored Services hold: an index over them,
// kept by the store, so that nothing has to be given back when a request fails half way.

import type { ResourceInfo, Service, ServicePort } from '../../api/types.ts';
import type { StoreEvent } from '../../etcd/index.ts';
import type { Sim } from '../../sim/index.ts';
import type { Core } from '../handlers/types.ts';
import { internalError, invalid } from '../status.ts';
import { ClusterIPs } from './cluster-ips.ts';

const SERVICE_KIND = { group: '', kind: 'Service' };

export class ServiceAllocators {
  private readonly sim: Sim;
  readonly clusterIPs: ClusterIPs;
  /** 'protocol/port' of node ports, with the number of holders. */
  private readonly taken = new Map<string, number>();
  private readonly nodePorts = { first: 30000, last: 32767 };

  constructor(core: Core, serviceCIDR: string) {
    this.sim = core.sim;
    const { etcd } = core.storage;
    this.clusterIPs = new ClusterIPs(core, serviceCIDR);
    const { storagePrefix } = core.scheme.resource('', 'v1', 'services') as ResourceInfo;
    for (const kv of etcd.range(storagePrefix).kvs) this.count(kv.value as Service, 1);
    etcd.watch(storagePrefix, (event) => this.observe(event));
  }

  private observe({ prev, kv }: StoreEvent) {
    if (prev) this.count(prev.value as Service, -1);
    if (kv) this.count(kv.value as Service, 1);
  }

  private count(service: Service, by: 1 | -1) {
    this.clusterIPs.count(service, by);
    for (const key of new Set(portKeys(service))) {
      const holders = (this.taken.get(key) ?? 0) + by;
      if (holders > 0) this.taken.set(key, holders);
      else this.taken.delete(key);
    }
  }

  /** The Service with addresses and ports given, kept from `old` or taken back as its type demands. */
  forService(service: Service, old: Service | undefined): Service {
    const spec = service.spec;
    if (!spec) return service;
    const next = { ...spec };
    const wasExternal = old?.spec?.type === 'ExternalName';
    if (spec.type === 'ExternalName') {
      if (old && !wasExternal) {
        // What the other types had goes unless the update itself sets it.
        if (spec.clusterIP === old.spec?.clusterIP) {
          delete next.clusterIP;
          delete next.clusterIPs;
        }
        delete next.ipFamilies;
        delete next.ipFamilyPolicy;
        delete next.internalTrafficPolicy;
        if (next.ports) next.ports = next.ports.map(withoutNodePort);
      }
      return { ...service, spec: next };
    }
    this.clusterIPs.assign(service, next, old);
    this.ports(service, next, old);
    this.healthCheck(service, next, old);
    return { ...service, spec: next };
  }

  private ports(service: Service, spec: NonNullable<Service['spec']>, old: Service | undefined) {
    const ports = spec.ports;
    if (!ports) return;
    const wants =
      spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
    if (!wants) {
      if (old && old.spec?.type !== spec.type && spec.type === 'ClusterIP') {
        const had = new Set(old.spec?.ports?.map((port) => port.nodePort));
        spec.ports = ports.map((port) => (port.nodePort && had.has(port.nodePort) ? withoutNodePort(port) : port));
      }
      return;
    }
    const mine = new Set(old ? portKeys(old) : []);
    const given = new Map<number, Set<string>>();
    const before = old?.spec?.ports ?? [];
    spec.ports = ports.map((port, index) => {
      const protocol = port.protocol ?? 'TCP';
      let nodePort = port.nodePort;
      if (!nodePort) {
        // An update that leaves the node port out keeps the one that this port had.
        nodePort = before.find((other) => other.port === port.port && (other.protocol ?? 'TCP') === protocol)?.nodePort;
      } else if (!mine.has(`${protocol}/${nodePort}`)) this.checkPort(service, index, protocol, nodePort);
      if (!nodePort) {
        // One port number for TCP and UDP of the same port.
        const shared = ports.find((other) => other !== port && other.port === port.port && other.nodePort)?.nodePort;
        nodePort = shared && !given.get(shared)?.has(protocol) ? shared : this.nextPort(given);
      }
      const protocols = given.get(nodePort) ?? new Set();
      given.set(nodePort, protocols.add(protocol));
      return nodePort === port.nodePort ? port : { ...port, nodePort };
    });
  }

  /** A load balancer that keeps to local endpoints asks every node, at one port, whether it has any. */
  private healthCheck(service: Service, spec: NonNullable<Service['spec']>, old: Service | undefined) {
    const before = old?.spec?.healthCheckNodePort;
    if (spec.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local') {
      // What the earlier form had goes with it, unless the update itself sets it.
      if (before && spec.healthCheckNodePort === before) delete spec.healthCheckNodePort;
      return;
    }
    spec.healthCheckNodePort ||= before;
    if (!spec.healthCheckNodePort) spec.healthCheckNodePort = this.nextPort(new Map());
    else if (spec.healthCheckNodePort !== before) {
      const { first, last } = this.nodePorts;
      const port = spec.healthCheckNodePort;
      const taken = this.taken.has(`TCP/${port}`);
      if (port < first || port > last || taken) {
        throw internalError(
          `failed to allocate requested HealthCheck NodePort ${port}: ` +
            (taken
              ? 'provided port is already allocated'
              : `provided port is not in the valid range. The range of valid ports is ${first}-${last}`),
        );
      }
    }
  }

  private checkPort(service: Service, index: number, protocol: string, nodePort: number) {
    const { first, last } = this.nodePorts;
    let why = '';
    if (nodePort < first || nodePort > last)
      why = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
    else if (this.taken.has(`${protocol}/${nodePort}`)) why = 'provided port is already allocated';
    if (why) {
      throw invalid(SERVICE_KIND, service.metadata.name ?? '', [
        {
          type: 'FieldValueInvalid',
          field: `spec.ports[${index}].nodePort`,
          message: `Invalid value: ${nodePort}: ${why}`,
        },
      ]);
    }
  }

  private nextPort(given: Map<number, Set<string>>): number {
    const { first, last } = this.nodePorts;
    // The lowest ports are left to those who choose their own, while there are others (static band of 86).
    const low = first + 86;
    const span = last - low + 1;
    const start = this.sim.random('service-node-port').int(span);
    for (let i = 0; i <= last - first; i++) {
      const port = i < span ? low + ((start + i) % span) : first + i - span;
      if (
        !given.has(port) &&
        !this.taken.has(`TCP/${port}`) &&
        !this.taken.has(`UDP/${port}`) &&
        !this.taken.has(`SCTP/${port}`)
      )
        return port;
    }
    throw internalError('failed to allocate a nodePort: range is full');
  }
}

function portKeys(service: Service): string[] {
  const keys: string[] = [];
  for (const port of service.spec?.ports ?? [])
    if (port.nodePort) keys.push(`${port.protocol ?? 'TCP'}/${port.nodePort}`);
  if (service.spec?.healthCheckNodePort) keys.push(`TCP/${service.spec.healthCheckNodePort}`);
  return keys;
}

function withoutNodePort(port: ServicePort): ServicePort {
  if (!port.nodePort) return port;
  const { nodePort: _dropped, ...rest } = port;
  return rest;
}
