// The iptables mode: what Services and endpoints mean as chains in the node's tables. Rules are objects that the node's
// packet filter evaluates; a Service's own chains are worked out when the first packet or listing reaches them.

import {
  ACCEPT,
  Chain,
  type Cidr,
  DROP,
  dnat,
  hostPort,
  type Match,
  match,
  type NetworkNamespace,
  parseCidr,
  reject,
  Rule,
  type RuleSpec,
  setXmark,
  type Table,
  type TableName,
  type Target,
} from '../linux/net/index.ts';
import { chainHash } from './names.ts';
import {
  jump,
  masquerading,
  nodePortAddresses,
  type Proxier,
  rangeOf,
  sharedRules,
  type SyncedPort,
} from './proxier.ts';
import { type Backend, type Categories, type Family, isExternal, type ServicePort } from './state.ts';

export interface IptablesOptions {
  net: NetworkNamespace;
  family: Family;
  /** Traffic from outside of this range is masqueraded (detectLocalMode ClusterCIDR). */
  clusterCIDR: string;
  masqueradeAll: boolean;
  masqueradeBit: number;
  localhostNodePorts: boolean;
  nodePortAddresses: readonly string[];
}

/** The rules that one port of a Service has in the shared chains, and the chains of its own. */
interface PortRules {
  services: Rule[];
  nodePorts: Rule[];
  filterServices: Rule[];
  filterExternal: Rule[];
  firewall: Rule[];
  health: Rule[];
  chains: Chain[];
  /** By address and port of the endpoint. */
  endpoints: Map<string, Chain>;
}

const LOOPBACK = parseCidr('127.0.0.0/8') as Cidr;
const LOOPBACK6 = parseCidr('::1/128') as Cidr;

const rule = (spec: RuleSpec, ...matches: Match[]) => new Rule({ ...spec, matches });

export class IptablesProxier implements Proxier {
  readonly reloading = '"Reloading after iptables flush"';
  private readonly nat: Table;
  private readonly filter: Table;
  private readonly options: IptablesOptions;
  private readonly clusterCIDR: Cidr | undefined;
  private readonly ports = new Map<string, PortRules[]>();
  private readonly markMasq: Chain;
  private readonly refusal: Target;
  /** Services of the last sync, and whether it is over. */
  private readonly changed = new Set<string>();
  private settled = false;

  constructor(options: IptablesOptions) {
    this.options = options;
    this.nat = this.table('nat');
    this.filter = this.table('filter');
    const six = options.family === 'IPv6';
    this.clusterCIDR = rangeOf(options.clusterCIDR, options.family);
    this.refusal = reject(six ? 'icmp6-port-unreachable' : undefined);
    this.markMasq = this.nat.ensure('KUBE-MARK-MASQ');
    this.setUp();
  }

  private table(name: TableName): Table {
    const rules = this.options.net.rules();
    return this.options.family === 'IPv6' ? rules.table6(name) : rules.table(name);
  }

  /** Whether somebody has thrown the chains away. */
  get intact(): boolean {
    const rules = this.options.net.rules();
    const { mangle } = this.options.family === 'IPv6' ? rules.tables6 : rules.tables;
    return [mangle, this.nat, this.filter].every((table) => table?.chains.has('KUBE-PROXY-CANARY'));
  }

  /** The chains that all Services share, and the jumps to them. */
  setUp() {
    const { nat, filter, options } = this;
    const mark = 2 ** options.masqueradeBit;
    this.table('mangle').ensure('KUBE-PROXY-CANARY');
    nat.ensure('KUBE-PROXY-CANARY');
    filter.ensure('KUBE-PROXY-CANARY');
    if (nat.chains.get('KUBE-MARK-MASQ') !== this.markMasq) nat.chains.set('KUBE-MARK-MASQ', this.markMasq);
    this.markMasq.set([new Rule({ target: setXmark(mark, mark) })]);
    nat.ensure('KUBE-POSTROUTING').set(masquerading(mark));
    const services = nat.ensure('KUBE-SERVICES');
    nat.ensure('KUBE-NODEPORTS');
    const portals = match.comment('kubernetes service portals');
    jump(nat, 'PREROUTING', rule({ jump: services }, portals));
    jump(nat, 'OUTPUT', rule({ jump: services }, portals));
    jump(
      nat,
      'POSTROUTING',
      rule({ jump: nat.ensure('KUBE-POSTROUTING') }, match.comment('kubernetes postrouting rules')),
    );

    const fresh = match.ctstate(['NEW']);
    const filterServices = filter.ensure('KUBE-SERVICES');
    const external = filter.ensure('KUBE-EXTERNAL-SERVICES');
    const firewall = filter.ensure('KUBE-PROXY-FIREWALL');
    const forward = filter.ensure('KUBE-FORWARD');
    forward.set([
      rule({ target: DROP }, match.ctstate(['INVALID'])),
      rule({ target: ACCEPT }, match.comment('kubernetes forwarding rules'), match.mark(mark, mark)),
      rule(
        { target: ACCEPT },
        match.comment('kubernetes forwarding conntrack rule'),
        match.ctstate(['RELATED', 'ESTABLISHED']),
      ),
    ]);
    const visible = match.comment('kubernetes externally-visible service portals');
    const balancers = match.comment('kubernetes load balancer firewall');
    // Each is put in front of those before it, as `iptables -I` does.
    jump(filter, 'INPUT', rule({ jump: external }, fresh, visible));
    jump(filter, 'FORWARD', rule({ jump: external }, fresh, visible));
    jump(
      filter,
      'INPUT',
      rule({ jump: filter.ensure('KUBE-NODEPORTS') }, match.comment('kubernetes health check service ports')),
    );
    jump(filter, 'FORWARD', rule({ jump: filterServices }, fresh, portals));
    jump(filter, 'OUTPUT', rule({ jump: filterServices }, fresh, portals));
    jump(filter, 'FORWARD', rule({ jump: forward }, match.comment('kubernetes forwarding rules')));
    for (const hook of ['INPUT', 'OUTPUT', 'FORWARD']) jump(filter, hook, rule({ jump: firewall }, fresh, balancers));
  }

  /** The shared chains, and those of the Services that had changed. */
  rulesWritten() {
    let own = 0;
    for (const service of this.changed) {
      for (const { chains, endpoints } of this.ports.get(service) ?? []) {
        for (const chain of chains) own += chain.rules.length;
        endpoints.forEach(({ rules }) => (own += rules.length));
      }
    }
    return { filter: sharedRules(this.filter), nat: sharedRules(this.nat) + own };
  }

  /** Replaces the rules of one Service; no ports: they go. */
  sync(service: string, ports: readonly SyncedPort[]) {
    if (this.settled) this.changed.clear();
    this.settled = false;
    this.changed.add(service);
    const before = this.ports.get(service);
    for (const old of before ?? []) for (const chain of old.chains) this.nat.drop(chain);
    if (ports.length === 0) {
      for (const old of before ?? []) this.dropEndpoints(old);
      this.ports.delete(service);
      return;
    }
    this.ports.set(
      service,
      ports.map(({ port, all }, i) => this.build(port, all, before?.[i])),
    );
    // Endpoints' chains are kept with their counters while they are used.
    before?.slice(ports.length).forEach((old) => this.dropEndpoints(old));
  }

  /** With an endpoint's chain goes what it remembers of clients. */
  private dropEndpoints({ endpoints }: PortRules) {
    const { recent } = this.options.net.rules();
    endpoints.forEach((chain) => {
      if (recent.size) recent.delete(chain.name);
      this.nat.drop(chain);
    });
  }

  /** Puts the shared chains together again, after any number of `sync`s. */
  commit() {
    this.settled = true;
    const all = (pick: (rules: PortRules) => readonly Rule[]) => () => {
      const out: Rule[] = [];
      this.ports.forEach((ports) => {
        for (const each of ports) {
          const rules = pick(each);
          for (let i = 0; i < rules.length; i++) out.push(rules[i]);
        }
      });
      return out;
    };
    const { nat, filter } = this;
    const nodePorts = nat.ensure('KUBE-NODEPORTS');
    const services = all((rules) => rules.services);
    const tail = this.nodePortsJumps(nodePorts);
    nat.ensure('KUBE-SERVICES').set(() => services().concat(tail));
    nodePorts.set(all((rules) => rules.nodePorts));
    filter.ensure('KUBE-SERVICES').set(all((rules) => rules.filterServices));
    filter.ensure('KUBE-EXTERNAL-SERVICES').set(all((rules) => rules.filterExternal));
    filter.ensure('KUBE-PROXY-FIREWALL').set(all((rules) => rules.firewall));
    filter.ensure('KUBE-NODEPORTS').set(all((rules) => rules.health));
  }

  private nodePortsJumps(nodePorts: Chain): Rule[] {
    const last = match.comment('kubernetes service nodeports; NOTE: this must be the last rule in this chain');
    const six = this.options.family === 'IPv6';
    const ranges = this.options.nodePortAddresses.filter((text) => text.includes(':') === six && text !== 'primary');
    if (ranges.length === 0 && !this.options.nodePortAddresses.includes('primary')) {
      // The kernel has no way out of ::1.
      const barred = six ? LOOPBACK6 : this.options.localhostNodePorts ? undefined : LOOPBACK;
      const loopback: RuleSpec = barred ? { destination: barred, notDestination: true } : {};
      return [rule({ ...loopback, jump: nodePorts }, last, match.addrtype('dst', 'LOCAL'))];
    }
    const own = nodePortAddresses(this.options.net, this.options.nodePortAddresses, this.options.family);
    return own.map((ip) => rule({ jump: nodePorts, destination: parseCidr(ip) }, last));
  }

  private build(port: ServicePort, all: Categories, before: PortRules | undefined): PortRules {
    const { name, protocol } = port;
    const out: PortRules = {
      services: [],
      nodePorts: [],
      filterServices: [],
      filterExternal: [],
      firewall: [],
      health: [],
      chains: [],
      endpoints: new Map(),
    };
    const chain = (prefix: string, rules: () => Rule[]) => {
      const made = new Chain(prefix, () => chainHash(name + protocol), rules);
      this.nat.add(made);
      out.chains.push(made);
      return made;
    };
    const dport = match.ports(protocol, { from: port.port, to: port.port });
    const to = (ip: string): RuleSpec => ({ protocol, destination: parseCidr(ip) });
    const clusterIP = match.comment(`${name} cluster IP`);

    for (const { ip, port: number } of all.reachable) {
      const key = hostPort(ip, number);
      const old = before?.endpoints.get(key);
      out.endpoints.set(key, old ?? this.endpointChain(port, ip, number));
      before?.endpoints.delete(key);
    }
    if (before) this.dropEndpoints(before);
    // The rules of an endpoint follow from the Service too.
    if (before) out.endpoints.forEach((each, key) => each.set(() => this.endpointRules(port, each, key)));

    const masqueraded = (): Rule[] => {
      if (this.options.masqueradeAll) return [rule({ ...to(port.clusterIP), jump: this.markMasq }, clusterIP, dport)];
      if (!this.clusterCIDR) return [];
      const from: RuleSpec = { source: this.clusterCIDR, notSource: true };
      return [rule({ ...from, ...to(port.clusterIP), jump: this.markMasq }, clusterIP, dport)];
    };
    const { cluster, local } = all;
    const policyChain = (list: readonly Backend[], prefix: string) =>
      chain(prefix, () => {
        const head = prefix === 'KUBE-SVC-' || port.internalLocal ? masqueraded() : [];
        return head.concat(this.balance(port, list, out.endpoints));
      });
    const clusterChain = cluster.length ? policyChain(cluster, 'KUBE-SVC-') : undefined;
    const localChain = local.length ? policyChain(local, 'KUBE-SVL-') : undefined;
    const internal = port.internalLocal ? localChain : clusterChain;
    const externalChain = port.externalLocal ? localChain : clusterChain;

    if (internal) out.services.push(rule({ ...to(port.clusterIP), jump: internal }, clusterIP, dport));
    else if (port.internalLocal && all.any) {
      out.filterServices.push(
        rule({ ...to(port.clusterIP), target: DROP }, match.comment(`${name} has no local endpoints`), dport),
      );
    } else {
      out.filterServices.push(
        rule({ ...to(port.clusterIP), target: this.refusal }, match.comment(`${name} has no endpoints`), dport),
      );
    }
    if (!isExternal(port)) return out;

    const ext =
      all.cluster.length || all.local.length
        ? chain('KUBE-EXT-', () => this.externalRules(port, clusterChain, externalChain))
        : undefined;
    const usable = all.reachable.length > 0 && ext;
    const missing = all.any ? `${name} has no local endpoints` : `${name} has no endpoints`;
    const refuse = (spec: RuleSpec, ...more: Match[]) => {
      const target = all.any ? DROP : this.refusal;
      out.filterExternal.push(rule({ ...spec, target }, match.comment(missing), ...more));
    };
    for (const ip of port.externalIPs) {
      const comment = match.comment(`${name} external IP`);
      if (usable) out.services.push(rule({ ...to(ip), jump: ext }, comment, dport));
      if (!externalChain) refuse(to(ip), dport);
    }
    const firewalled = port.sourceRanges.length > 0 && ext;
    const firewall = firewalled ? chain('KUBE-FW-', () => this.firewallRules(port, ext)) : undefined;
    for (const ip of port.loadBalancerIPs) {
      const comment = match.comment(`${name} loadbalancer IP`);
      if (usable) out.services.push(rule({ ...to(ip), jump: firewall ?? ext }, comment, dport));
      if (!externalChain) refuse(to(ip), dport);
      if (firewall) {
        const text = `${name} traffic not accepted by ${firewall.name}`;
        out.firewall.push(rule({ ...to(ip), target: DROP }, match.comment(text), dport));
      }
    }
    if (port.nodePort) {
      const node = match.ports(protocol, { from: port.nodePort, to: port.nodePort });
      if (usable) out.nodePorts.push(rule({ protocol, jump: ext }, match.comment(name), node));
      if (!externalChain) refuse({ protocol }, match.addrtype('dst', 'LOCAL'), node);
    }
    if (port.healthCheckNodePort) {
      const health = match.ports('tcp', { from: port.healthCheckNodePort, to: port.healthCheckNodePort });
      const comment = match.comment(`${port.namespacedName} health check node port`);
      out.health.push(rule({ protocol: 'tcp', target: ACCEPT }, comment, health));
    }
    return out;
  }

  /** Traffic from outside: masqueraded, unless it has to stay on this node and show where it came from. */
  private externalRules(port: ServicePort, cluster: Chain | undefined, policy: Chain | undefined): Rule[] {
    const { name } = port;
    const out: Rule[] = [];
    if (!port.externalLocal) {
      const comment = match.comment(`masquerade traffic for ${name} external destinations`);
      out.push(rule({ jump: this.markMasq }, comment));
    } else if (cluster) {
      if (this.clusterCIDR) {
        const comment = match.comment(`pod traffic for ${name} external destinations`);
        out.push(rule({ source: this.clusterCIDR, jump: cluster }, comment));
      }
      const local = match.addrtype('src', 'LOCAL');
      const masquerade = match.comment(`masquerade LOCAL traffic for ${name} external destinations`);
      out.push(rule({ jump: this.markMasq }, masquerade, local));
      out.push(rule({ jump: cluster }, match.comment(`route LOCAL traffic for ${name} external destinations`), local));
    }
    if (policy) out.push(new Rule({ jump: policy }));
    return out;
  }

  private firewallRules(port: ServicePort, ext: Chain): Rule[] {
    const comment = match.comment(`${port.name} loadbalancer IP`);
    const out = port.sourceRanges.map((text) => rule({ source: parseCidr(text.trim()), jump: ext }, comment));
    out.push(rule({}, match.comment(`other traffic to ${port.name} will be dropped by KUBE-PROXY-FIREWALL`)));
    return out;
  }

  /** A client that was here goes where it went; others are spread by chance. */
  private balance(port: ServicePort, list: readonly Backend[], chains: ReadonlyMap<string, Chain>): Rule[] {
    const out: Rule[] = [];
    const each = list.map(({ ip, port: number }) => {
      const key = hostPort(ip, number);
      return { chain: chains.get(key) as Chain, comment: match.comment(`${port.name} -> ${key}`) };
    });
    const { affinitySeconds: seconds } = port;
    if (seconds !== undefined) {
      for (const { chain, comment } of each) {
        out.push(
          rule({ jump: chain }, comment, match.recent({ list: chain.name, seconds, reap: true, six: this.nat.six })),
        );
      }
    }
    each.forEach(({ chain, comment }, i) => {
      const left = each.length - i;
      out.push(left > 1 ? rule({ jump: chain }, comment, match.probability(1 / left)) : rule({ jump: chain }, comment));
    });
    return out;
  }

  private endpointChain(port: ServicePort, ip: string, number: number): Chain {
    const key = hostPort(ip, number);
    const chain: Chain = new Chain(
      'KUBE-SEP-',
      () => chainHash(`${port.name}${port.protocol}${key}`),
      () => this.endpointRules(port, chain, key),
    );
    this.nat.add(chain);
    return chain;
  }

  private endpointRules(port: ServicePort, chain: Chain, key: string): Rule[] {
    const colon = key.lastIndexOf(':');
    const ip = key.slice(0, colon).replace(/^\[|\]$/g, '');
    const { name, protocol } = port;
    const comment = match.comment(name);
    const matches: Match[] = [comment];
    if (port.affinitySeconds !== undefined) matches.push(match.recent({ list: chain.name, six: this.nat.six }));
    matches.push(match.ports(protocol));
    return [
      rule({ source: parseCidr(ip), jump: this.markMasq }, comment),
      rule({ protocol, target: dnat(ip, Number(key.slice(colon + 1))) }, ...matches),
    ];
  }
}
