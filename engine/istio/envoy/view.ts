// The mesh as one proxy sees it: which services and rules concern it. Made anew with each version of the mesh, and worked
// out where somebody asks.

import type { JsonObject } from '../../api/types.ts';
import type { Address } from '../../linux/index.ts';
import {
  fullName,
  ROOT_NAMESPACE,
  selects,
  TRUST_DOMAIN,
  type Config,
  type MeshPort,
  type MeshService,
  type Snapshot,
  type Workload,
} from '../types.ts';
import { compileRoutes, type Route } from './routes.ts';

export interface VirtualHost {
  name: string;
  routes: readonly Route[];
  /** The VirtualService behind it, as istioctl shows it. */
  virtualService: string;
}

/** What applies to calls to a service, its port and a subset. */
export type TrafficPolicy = JsonObject;

export type MtlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT';

const NO_POLICY: TrafficPolicy = {};

export class View {
  readonly snapshot: Snapshot;
  readonly self: Workload;
  private readonly hosts = new Map<string, VirtualHost | undefined>();
  private readonly policies = new Map<string, TrafficPolicy>();
  private readonly modes = new Map<number, MtlsMode>();
  private readonly cached = new Map<string, unknown>();

  constructor(snapshot: Snapshot, self: Workload) {
    this.snapshot = snapshot;
    this.self = self;
  }

  /** Worked out once. */
  once<T>(key: string, make: () => T): T {
    if (!this.cached.has(key)) this.cached.set(key, make());
    return this.cached.get(key) as T;
  }

  /** Objects of the root namespace, of the proxy's, and those that select it; the most general first. */
  concerning(
    kind: keyof Snapshot['objects'],
    labels: (spec: JsonObject) => Record<string, string> | undefined,
  ): Config[] {
    const { namespace, labels: own } = this.self;
    const rank = (one: Config) => (one.metadata.namespace === ROOT_NAMESPACE ? 0 : labels(one.spec ?? {}) ? 2 : 1);
    return this.snapshot.objects[kind]
      .filter(({ metadata, spec }) =>
        metadata.namespace === ROOT_NAMESPACE || metadata.namespace === namespace
          ? selects(labels(spec ?? {}), own)
          : false,
      )
      .sort((a, b) => rank(a) - rank(b));
  }

  // ---- services --------------------------------------------------------------------------------------------

  private get sidecar(): JsonObject {
    return this.once('sidecar', () => {
      const found = this.concerning('Sidecar', (spec) => spec.workloadSelector?.labels);
      return found[found.length - 1]?.spec ?? {};
    });
  }

  get outboundPolicy(): 'ALLOW_ANY' | 'REGISTRY_ONLY' {
    return this.sidecar.outboundTrafficPolicy?.mode ?? this.snapshot.mesh.outboundTrafficPolicy;
  }

  /** Whether the proxy is told of a service: a Sidecar may narrow that down. */
  private sees({ namespace, host }: MeshService): boolean {
    const hosts: string[] | undefined = this.sidecar.egress?.flatMap((one: JsonObject) => one.hosts ?? []);
    if (!hosts) return true;
    return hosts.some((text) => {
      const [ns, dns = '*'] = text.split('/');
      const wanted = ns === '.' ? this.self.namespace : ns;
      return (wanted === '*' || wanted === namespace) && hostMatches(dns, host);
    });
  }

  service(host: string): MeshService | undefined {
    const found = this.snapshot.services.get(host);
    return found && this.sees(found) ? found : undefined;
  }

  at(ip: string): MeshService | undefined {
    const found = this.snapshot.byAddress.get(ip);
    return found && this.sees(found) ? found : undefined;
  }

  /** The headless service whose endpoint this is. */
  headlessAt({ ip, port }: Address): { service: MeshService; port: MeshPort } | undefined {
    const known = this.once('headless', () => {
      const out = new Map<string, { service: MeshService; port: MeshPort }>();
      for (const service of this.services()) {
        if (service.resolution !== 'ORIGINAL_DST') continue;
        for (const one of service.ports)
          for (const endpoint of service.endpoints.get(one.number) ?? [])
            out.set(`${endpoint.ip}:${endpoint.port}`, { service, port: one });
      }
      return out;
    });
    return known.get(`${ip}:${port}`);
  }

  services(): MeshService[] {
    return this.once('services', () => [...this.snapshot.services.values()].filter((service) => this.sees(service)));
  }

  /** Some service has this port for HTTP: the proxy looks at Host on it. */
  hasHttpPort(number: number): boolean {
    return this.once(`http ${number}`, () =>
      this.services().some(({ ports }) =>
        ports.some((port) => port.number === number && port.protocol !== 'TCP' && port.protocol !== 'TLS'),
      ),
    );
  }

  // ---- routes ----------------------------------------------------------------------------------------------

  /** The service that a Host header means, for a proxy of this namespace; a headless one also by its Pods' names. */
  private named(name: string): MeshService | undefined {
    const found = this.at(name) ?? this.service(name) ?? this.shortNamed(name);
    if (found) return found;
    const rest = name.slice(name.indexOf('.') + 1);
    const behind = this.service(rest) ?? this.shortNamed(rest);
    return behind?.resolution === 'ORIGINAL_DST' ? behind : this.wildcard(name);
  }

  private shortNamed(name: string): MeshService | undefined {
    const [service, namespace = this.self.namespace, svc = 'svc', more] = name.split('.');
    if (svc !== 'svc' || more !== undefined) return undefined;
    return this.service(`${service}.${namespace}.svc.${TRUST_DOMAIN}`);
  }

  private wildcard(name: string): MeshService | undefined {
    return this.services().find(({ host }) => host.startsWith('*.') && hostMatches(host, name));
  }

  /** The virtual host for a Host header on a port; undefined: unknown. */
  virtualHost(authority: string, port: number): VirtualHost | undefined {
    const key = `${authority}:${port}`;
    if (!this.hosts.has(key)) this.hosts.set(key, this.findHost(authority, port));
    return this.hosts.get(key);
  }

  private findHost(authority: string, port: number): VirtualHost | undefined {
    const colon = authority.lastIndexOf(':');
    if (colon > 0 && Number(authority.slice(colon + 1)) !== port) return undefined;
    const name = (colon > 0 ? authority.slice(0, colon) : authority).toLowerCase();
    const service = this.named(name);
    const has = service?.ports.find(({ number }) => number === port);
    const rule = this.virtualService(service?.host ?? name, 'mesh');
    if (!has && !(rule && !service)) return undefined;
    const host = service?.host ?? name;
    return {
      name: `${host}:${port}`,
      routes: compileRoutes(rule, host, port, 'mesh', this.self),
      virtualService: rule ? `${rule.metadata.name}.${rule.metadata.namespace}` : '',
    };
  }

  gatewayRoutes(rule: Config, host: string, port: number, gateway: string): Route[] {
    return compileRoutes(rule, host, port, gateway, this.self);
  }

  /** The oldest VirtualService for a host, exact names before wildcards. */
  virtualService(host: string, gateway: string): Config | undefined {
    const bound = this.snapshot.objects.VirtualService.filter(({ metadata, spec }) =>
      ((spec?.gateways ?? ['mesh']) as string[]).some((one) => gatewayName(one, metadata.namespace ?? '') === gateway),
    );
    const of = (test: (wanted: string) => boolean) =>
      bound.find(({ metadata, spec }) =>
        ((spec?.hosts ?? []) as string[]).some((one) => test(fullName(one, metadata.namespace ?? ''))),
      );
    return of((wanted) => wanted === host) ?? of((wanted) => wanted.includes('*') && hostMatches(wanted, host));
  }

  // ---- destinations ----------------------------------------------------------------------------------------

  destinationRule(host: string): Config | undefined {
    const rules = this.snapshot.objects.DestinationRule.filter(({ metadata, spec }) => {
      const { namespace = '' } = metadata;
      const about = this.snapshot.services.get(host)?.namespace;
      return (
        hostMatches(fullName(spec?.host, namespace), host) &&
        [this.self.namespace, about, ROOT_NAMESPACE].includes(namespace)
      );
    });
    const own = (one: Config) => one.metadata.namespace === this.self.namespace;
    return rules.find(own) ?? rules.find(({ metadata }) => metadata.namespace !== ROOT_NAMESPACE) ?? rules[0];
  }

  subset(host: string, name: string): JsonObject | undefined {
    return (this.destinationRule(host)?.spec?.subsets as JsonObject[] | undefined)?.find((one) => one.name === name);
  }

  /** A subset's settings go before the rule's, those of a port before both. */
  policy(host: string, port: number, subset: string): TrafficPolicy {
    const key = `${host} ${port} ${subset}`;
    let found = this.policies.get(key);
    if (!found) {
      const rule = this.destinationRule(host)?.spec;
      const one = (policy: TrafficPolicy = NO_POLICY): TrafficPolicy => {
        const { portLevelSettings, ...rest } = policy;
        const own = (portLevelSettings as JsonObject[] | undefined)?.find((each) => each.port?.number === port);
        return own ? { ...own, port: undefined } : rest;
      };
      found = { ...one(rule?.trafficPolicy), ...(subset && one(this.subset(host, subset)?.trafficPolicy)) };
      this.policies.set(key, found);
    }
    return found;
  }

  // ---- security --------------------------------------------------------------------------------------------

  /** Whether the workload takes plain connections on a port. */
  mtlsMode(port: number): MtlsMode {
    let mode = this.modes.get(port);
    if (!mode) this.modes.set(port, (mode = peerMode(this, port)));
    return mode;
  }

  /** How another workload takes them. */
  mtlsModeOf(workload: Workload, port: number): MtlsMode {
    return this.once(`mtls ${workload.ip} ${port}`, () => new View(this.snapshot, workload).mtlsMode(port));
  }

  /** The service that a port of this workload belongs to. */
  inboundService(port: number): { service: MeshService; port: MeshPort } | undefined {
    return this.once(`inbound ${port}`, () => {
      for (const service of this.snapshot.services.values()) {
        for (const one of service.ports) {
          const mine = service.endpoints
            .get(one.number)
            ?.some(({ ip, port: target }) => ip === this.self.ip && target === port);
          if (mine) return { service, port: one };
        }
      }
      return undefined;
    });
  }
}

function peerMode(view: View, port: number): MtlsMode {
  const rules = view.concerning('PeerAuthentication', (spec) => spec.selector?.matchLabels);
  let mode: MtlsMode = 'PERMISSIVE';
  for (const { spec } of rules) {
    const own = spec?.portLevelMtls?.[port]?.mode ?? spec?.mtls?.mode;
    if (own && own !== 'UNSET') mode = own;
  }
  return mode;
}

/** `ns/name` of a gateway as a VirtualService names it; mesh is all sidecars. */
export const gatewayName = (name: string, namespace: string) =>
  name === 'mesh' || name.includes('/') ? name : `${namespace}/${name}`;

function hostMatches(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true;
  return pattern.startsWith('*') && host.endsWith(pattern.slice(1));
}
