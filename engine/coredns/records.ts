// The plug-in `kubernetes`: names of Services, endpoints and Pods as records (the DNS specification of Kubernetes 1.1.0).

import type { Endpoint, EndpointSlice, Service } from '../api/types.ts';
import { canonical, type DnsRecord, type RecordType } from '../linux/net/index.ts';
import { type ClusterView, SERVICE_NAME } from './cluster-view.ts';

const SCHEMA = '1.1.0';

export interface KubernetesOptions {
  /** The cluster's domain, ending with a dot; zones for addresses beside it. */
  zone: string;
  pods: 'disabled' | 'insecure' | 'verified';
  ttl: number;
  endpointPodNames: boolean;
}

export interface Answer {
  code: 'NOERROR' | 'NXDOMAIN';
  answers: DnsRecord[];
  additional?: DnsRecord[];
  /** An outside name whose addresses complete the answer. */
  follow?: string;
}

const NXDOMAIN: Answer = { code: 'NXDOMAIN', answers: [] };
const NODATA: Answer = { code: 'NOERROR', answers: [] };

interface Reached {
  endpoint: Endpoint;
  slice: EndpointSlice;
}

/** The address that a name of the reverse zones stands for. */
function addressOf(name: string): string | undefined {
  const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa\.$/.exec(name);
  if (four) return `${four[4]}.${four[3]}.${four[2]}.${four[1]}`;
  if (!/^([0-9a-f]\.){32}ip6\.arpa\.$/.test(name)) return undefined;
  const digits = name.slice(0, 63).split('.').reverse().join('');
  return canonical((digits.match(/.{4}/g) ?? []).join(':'));
}

export class KubernetesZone {
  private readonly view: ClusterView;
  private readonly options: KubernetesOptions;

  constructor(view: ClusterView, options: KubernetesOptions) {
    this.view = view;
    this.options = options;
  }

  /** Answers for a name in the zone, in lower case and ending with a dot. */
  lookup(name: string, type: RecordType): Answer {
    const { zone } = this.options;
    if (name === zone) return type === 'NS' ? this.nameServers() : NODATA;
    const labels = name.slice(0, -zone.length - 1).split('.');
    if (labels.length === 1 && labels[0] === 'dns-version') {
      return type === 'TXT' ? this.found([this.record(name, 'TXT', `"${SCHEMA}"`)]) : NODATA;
    }
    if (name === `ns.dns.${zone}`) return type === 'A' ? this.found(this.nameServerAddresses(name)) : NODATA;
    const kind = labels.pop();
    if (kind !== 'svc' && kind !== 'pod') return NXDOMAIN;
    if (labels.length === 0) return NODATA;
    const namespace = labels.pop() as string;
    if (!this.view.namespaces.byKey(namespace)) return NXDOMAIN;
    if (labels.length === 0) return NODATA;
    return kind === 'pod' ? this.pod(name, labels, namespace, type) : this.service(name, labels, namespace, type);
  }

  /** The name of an address; undefined: none of the cluster's. */
  reverse(name: string): Answer | undefined {
    const ip = addressOf(name);
    if (ip === undefined) return undefined;
    const [service] = this.view.services.byIndex('address', ip);
    if (service) {
      const { name: own, namespace } = service.metadata;
      return this.found([this.record(name, 'PTR', `${own}.${namespace}.svc.${this.options.zone}`)]);
    }
    const out: DnsRecord[] = [];
    for (const slice of this.view.slices.byIndex('address', ip)) {
      const owner = slice.metadata.labels?.[SERVICE_NAME];
      for (const endpoint of slice.endpoints ?? []) {
        if (!owner || endpoint.addresses[0] !== ip) continue;
        const domain = `${this.hostname(endpoint)}.${owner}.${slice.metadata.namespace}.svc.${this.options.zone}`;
        out.push(this.record(name, 'PTR', domain));
      }
    }
    return out.length ? this.found(out) : undefined;
  }

  /** The record that negative answers carry. */
  soa(now: number): DnsRecord {
    const { zone, ttl } = this.options;
    const data = `ns.dns.${zone} hostmaster.${zone} ${Math.floor(now / 1000)} 7200 1800 86400 ${ttl}`;
    return this.record(zone, 'SOA', data);
  }

  private record(name: string, type: RecordType, data: string): DnsRecord {
    return { name, type, ttl: this.options.ttl, data };
  }

  private found(answers: DnsRecord[], additional?: DnsRecord[]): Answer {
    return { code: 'NOERROR', answers, additional };
  }

  /** Those of one family; a name that has none of it exists all the same. */
  private ofType(records: DnsRecord[], type: RecordType): Answer {
    const own = records.filter((record) => record.type === type);
    return own.length ? this.found(own) : NODATA;
  }

  private nameServers(): Answer {
    const { zone } = this.options;
    const own = `ns.dns.${zone}`;
    return this.found([this.record(zone, 'NS', own)], this.nameServerAddresses(own));
  }

  private nameServerAddresses(name: string): DnsRecord[] {
    const service = this.view.services.get('kube-system', 'kube-dns');
    const ip = service?.spec?.clusterIP;
    return ip ? [this.record(name, 'A', ip)] : [];
  }

  private pod(name: string, labels: string[], namespace: string, type: RecordType): Answer {
    const { pods } = this.options;
    if (pods === 'disabled' || labels.length !== 1) return NXDOMAIN;
    const ip = labels[0].replace(/-/g, '.');
    const known = /^\d+\.\d+\.\d+\.\d+$/.test(ip) && ip.split('.').every((part) => Number(part) < 256);
    if (!known) return NXDOMAIN;
    if (pods === 'verified') {
      const slices = this.view.slices.byIndex('address', ip);
      if (!slices.some(({ metadata }) => metadata.namespace === namespace)) return NXDOMAIN;
    }
    return type === 'A' ? this.found([this.record(name, 'A', ip)]) : NODATA;
  }

  private service(name: string, labels: string[], namespace: string, type: RecordType): Answer {
    const service = this.view.services.get(namespace, labels.pop() as string);
    if (!service) return NXDOMAIN;
    const { spec } = service;
    if (spec?.type === 'ExternalName') {
      if (labels.length) return NXDOMAIN;
      const target = `${(spec.externalName ?? '').replace(/\.$/, '')}.`;
      const cname = this.record(name, 'CNAME', target);
      if (type === 'CNAME') return this.found([cname]);
      return { code: 'NOERROR', answers: [cname], follow: target };
    }
    // _port._protocol.service, or endpoint.service
    let port: string | undefined;
    let protocol: string | undefined;
    let host: string | undefined;
    if (labels.length === 2 && labels[0].startsWith('_') && labels[1].startsWith('_')) {
      port = labels[0].slice(1);
      protocol = labels[1].slice(1);
    } else if (labels.length === 1) host = labels[0];
    else if (labels.length) return NXDOMAIN;

    const headless = spec?.clusterIP === 'None';
    const domain = `${service.metadata.name}.${namespace}.svc.${this.options.zone}`;
    if (headless || host !== undefined) return this.endpoints(name, service, domain, { port, protocol, host }, type);
    const ports = (spec?.ports ?? []).filter(
      (one) =>
        (port === undefined || one.name?.toLowerCase() === port) &&
        (protocol === undefined || (one.protocol ?? 'TCP').toLowerCase() === protocol),
    );
    if (ports.length === 0) return NXDOMAIN;
    const addresses = (spec?.clusterIPs ?? []).map((ip) => this.record(name, typeOf(ip), ip));
    if (type === 'A' || type === 'AAAA') return this.ofType(addresses, type);
    if (type !== 'SRV') return NODATA;
    const records = ports.map((one) => this.record(name, 'SRV', `0 ${weight(ports.length)} ${one.port} ${domain}`));
    return this.found(
      records,
      addresses.map((one) => ({ ...one, name: domain })),
    );
  }

  private endpoints(
    name: string,
    service: Service,
    domain: string,
    asked: { port?: string; protocol?: string; host?: string },
    type: RecordType,
  ): Answer {
    const reached: (Reached & { port?: number })[] = [];
    const { namespace, name: owner } = service.metadata;
    for (const slice of this.view.slices.byIndex('service', `${namespace}/${owner}`)) {
      if (slice.addressType === 'FQDN') continue;
      const ports = slice.ports?.length ? slice.ports : [{ name: '', port: undefined, protocol: 'TCP' }];
      for (const endpoint of slice.endpoints ?? []) {
        if (endpoint.conditions?.ready === false) continue;
        if (asked.host !== undefined && this.hostname(endpoint) !== asked.host) continue;
        for (const port of ports) {
          if (asked.port !== undefined && port.name?.toLowerCase() !== asked.port) continue;
          if (asked.protocol !== undefined && (port.protocol ?? 'TCP').toLowerCase() !== asked.protocol) continue;
          reached.push({ endpoint, slice, port: port.port });
        }
      }
    }
    // A headless Service without endpoints exists and has no addresses.
    if (reached.length === 0) return asked.host === undefined && asked.port === undefined ? NODATA : NXDOMAIN;
    const addresses = (owned: (endpoint: Endpoint) => string): DnsRecord[] => {
      const seen = new Map<string, DnsRecord>();
      for (const { endpoint } of reached) {
        for (const ip of endpoint.addresses) {
          const record = this.record(owned(endpoint), typeOf(ip), ip);
          seen.set(`${record.name} ${ip}`, record);
        }
      }
      return [...seen.values()];
    };
    if (type === 'A' || type === 'AAAA')
      return this.ofType(
        addresses(() => name),
        type,
      );
    if (type !== 'SRV') return NODATA;
    const target = (endpoint: Endpoint) => `${this.hostname(endpoint)}.${domain}`;
    const share = weight(reached.length);
    const records = reached
      .filter(({ port }) => port !== undefined)
      .map(({ endpoint, port }) => this.record(name, 'SRV', `0 ${share} ${port} ${target(endpoint)}`));
    return this.found(records, addresses(target));
  }

  /** An endpoint's own label: its host name, its Pod's name where asked for, or its address with dashes. */
  private hostname(endpoint: Endpoint): string {
    if (endpoint.hostname) return endpoint.hostname;
    if (this.options.endpointPodNames && endpoint.targetRef?.name) return endpoint.targetRef.name;
    return endpoint.addresses[0].replace(/[.:]/g, '-');
  }
}

const typeOf = (ip: string): RecordType => (ip.includes(':') ? 'AAAA' : 'A');

function weight(count: number): number {
  return Math.max(1, Math.floor(100 / count));
}
