// Cluster IPs and node ports of Services. What is taken is what stored Services hold: an index over them,
// kept by the store, so that nothing has to be given back when a request fails half way.

import type { Service, ServicePort } from '../../api/types.ts';
import type { Etcd, StoreEvent } from '../../etcd/index.ts';
import type { Sim } from '../../sim/index.ts';
import { StatusError, internalError, invalid } from '../status.ts';

const SERVICE_KIND = { group: '', kind: 'Service' };

/** An IPv4 range as numbers. */
interface Range {
  text: string;
  base: number;
  size: number;
}

function parseRange(cidr: string): Range {
  const slash = cidr.indexOf('/');
  const size = 2 ** (32 - Number(cidr.slice(slash + 1)));
  const address = toNumber(cidr.slice(0, slash)) as number;
  return { text: cidr, base: Math.floor(address / size) * size, size };
}

function toNumber(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) value = value * 256 + Number(part);
  return value;
}

const toAddress = (value: number): string =>
  `${Math.floor(value / 16777216)}.${Math.floor(value / 65536) % 256}.${Math.floor(value / 256) % 256}.${value % 256}`;

export class ServiceAllocators {
  private readonly sim: Sim;
  private readonly range: Range;
  /** Taken addresses and 'protocol/port' of node ports, with the number of holders. */
  private readonly taken = new Map<string, number>();
  private readonly nodePorts = { first: 30000, last: 32767 };

  constructor(sim: Sim, etcd: Etcd, prefix: string, serviceCIDR: string) {
    this.sim = sim;
    this.range = parseRange(serviceCIDR);
    for (const kv of etcd.range(prefix).kvs) this.count(kv.value as Service, 1);
    etcd.watch(prefix, (event) => this.observe(event));
  }

  /** The address of the `kubernetes` Service: the first of the range. */
  get first(): string {
    return toAddress(this.range.base + 1);
  }

  private observe({ prev, kv }: StoreEvent) {
    if (prev) this.count(prev.value as Service, -1);
    if (kv) this.count(kv.value as Service, 1);
  }

  private count(service: Service, by: 1 | -1) {
    const add = (key: string) => {
      const holders = (this.taken.get(key) ?? 0) + by;
      if (holders > 0) this.taken.set(key, holders);
      else this.taken.delete(key);
    };
    for (const address of service.spec?.clusterIPs ?? []) if (address !== 'None') add(address);
    for (const key of new Set(portKeys(service))) add(key);
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
    this.families(service, next, old);
    this.ports(service, next, old);
    this.healthCheck(service, next, old);
    return { ...service, spec: next };
  }

  private families(service: Service, spec: NonNullable<Service['spec']>, old: Service | undefined) {
    const before = old?.spec?.type === 'ExternalName' ? undefined : old?.spec;
    if (before) {
      // An update that says nothing keeps what was given.
      spec.clusterIP ||= before.clusterIP;
      spec.clusterIPs ??= before.clusterIPs;
      spec.ipFamilies ??= before.ipFamilies;
      spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
    }
    if (!spec.clusterIP && spec.clusterIPs?.length) spec.clusterIP = spec.clusterIPs[0];
    const headlessWithoutSelector = spec.clusterIP === 'None' && !hasKeys(spec.selector);
    // A single-stack cluster gives one family; without a selector a headless Service may mean both.
    spec.ipFamilyPolicy ??= headlessWithoutSelector ? 'RequireDualStack' : 'SingleStack';
    if (spec.ipFamilyPolicy === 'RequireDualStack' && !headlessWithoutSelector) {
      throw this.refuse(
        service,
        'spec.ipFamilyPolicy',
        'RequireDualStack',
        'this cluster is not configured for dual-stack services',
      );
    }
    spec.ipFamilies ??= headlessWithoutSelector ? ['IPv4', 'IPv6'] : ['IPv4'];
    if (spec.ipFamilies[0] === 'IPv6' && !headlessWithoutSelector) {
      throw this.refuse(service, 'spec.ipFamilies[0]', 'IPv6', 'not configured on this cluster');
    }
    if (!spec.clusterIP) spec.clusterIP = this.nextAddress();
    else if (spec.clusterIP !== 'None' && spec.clusterIP !== before?.clusterIP) this.check(service, spec.clusterIP);
    spec.clusterIPs =
      spec.clusterIPs?.length && spec.clusterIPs[0] === spec.clusterIP ? spec.clusterIPs : [spec.clusterIP];
  }

  private check(service: Service, address: string) {
    const value = toNumber(address);
    const { base, size, text } = this.range;
    // Malformed addresses are validation's.
    if (value === undefined || Number.isNaN(value)) return;
    let why = '';
    if (value <= base || value >= base + size - 1)
      why = `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${text}`;
    else if (this.taken.has(address)) why = 'provided IP is already allocated';
    if (why) {
      throw invalid(SERVICE_KIND, service.metadata.name ?? '', [
        {
          type: 'FieldValueInvalid',
          field: 'spec.clusterIPs',
          message: `Invalid value: ${JSON.stringify([address])}: failed to allocate IP ${address}: ${why}`,
        },
      ]);
    }
  }

  private refuse(service: Service, field: string, value: string, why: string): StatusError {
    const shown = field.endsWith(']') ? `"${value}"` : `"${value}"`;
    return invalid(SERVICE_KIND, service.metadata.name ?? '', [
      { type: 'FieldValueInvalid', field, message: `Invalid value: ${shown}: ${why}` },
    ]);
  }

  /** A free address; the lower part of the range is left to those who choose their own while there are others. */
  private nextAddress(): string {
    const { base, size } = this.range;
    const reserved = Math.min(Math.max(16, Math.floor(size / 16)), 256);
    const random = this.sim.random('service-cluster-ip');
    const first = base + reserved;
    const span = size - reserved - 1;
    const start = random.int(span);
    for (let i = 0; i < span; i++) {
      const address = toAddress(first + ((start + i) % span));
      if (!this.taken.has(address)) return address;
    }
    for (let value = base + 1; value < first; value++) {
      const address = toAddress(value);
      if (!this.taken.has(address)) return address;
    }
    throw internalError('failed to allocate a serviceIP: range is full');
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
    // The lowest ports are left to those who choose their own (static band of 86).
    const low = first + 86;
    const span = last - low + 1;
    const start = this.sim.random('service-node-port').int(span);
    for (let i = 0; i < span; i++) {
      const port = low + ((start + i) % span);
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

const hasKeys = (object: object | undefined): boolean => object !== undefined && Object.keys(object).length > 0;
