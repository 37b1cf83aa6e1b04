// The IPVS mode: a virtual server for each address and port of a Service, its addresses on an interface of their own, and
// a fixed number of rules that ask sets.

import {
  ACCEPT,
  type Chain,
  type Cidr,
  DROP,
  hostPort,
  inCidr,
  ipNumber,
  type Link,
  masquerade,
  type Match,
  match,
  type Netfilter,
  type NetworkNamespace,
  parseCidr,
  reject,
  RETURN,
  Rule,
  type RuleSpec,
  setXmark,
  type Table,
  type TableName,
} from '../linux/net/index.ts';
import { Ipvs, type VirtualServer } from '../linux/net/ipvs.ts';
import { inSet, IpSet, type SetType } from '../linux/net/ipset.ts';
import type { Sim } from '../sim/index.ts';
import { DUMMY } from './clean-up.ts';
import {
  isOf,
  jump,
  masquerading,
  nodePortAddresses,
  type Proxier,
  rangeOf,
  sharedRules,
  type SyncedPort,
} from './proxier.ts';
import type { Backend, Family, ServicePort } from './state.ts';

/** kube-proxy: how often servers without new connections are looked at until they have none at all. */
const TERMINATING_PERIOD = 60_000;

export interface IpvsOptions {
  net: NetworkNamespace;
  family: Family;
  sim: Sim;
  clusterCIDR: string;
  masqueradeAll: boolean;
  masqueradeBit: number;
  nodePortAddresses: readonly string[];
  scheduler: string;
}

/** Sets by name, and what they are for as the rules say. */
const SETS: Readonly<Record<string, readonly [SetType, string]>> = {
  'KUBE-LOOP-BACK': ['hash:ip,port,ip', 'Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose'],
  'KUBE-CLUSTER-IP': ['hash:ip,port', 'Kubernetes service cluster ip + port for masquerade purpose'],
  'KUBE-EXTERNAL-IP': ['hash:ip,port', 'Kubernetes service external ip + port for masquerade and filter purpose'],
  'KUBE-EXTERNAL-IP-LOCAL': ['hash:ip,port', 'Kubernetes service external ip + port with externalTrafficPolicy=local'],
  'KUBE-LOAD-BALANCER': ['hash:ip,port', 'Kubernetes service lb portal'],
  'KUBE-LOAD-BALANCER-LOCAL': [
    'hash:ip,port',
    'Kubernetes service load balancer ip + port with externalTrafficPolicy=local',
  ],
  'KUBE-LOAD-BALANCER-FW': [
    'hash:ip,port',
    'Kubernetes service load balancer ip + port for load balancer with sourceRange',
  ],
  'KUBE-LOAD-BALANCER-SOURCE-CIDR': [
    'hash:ip,port,net',
    'Kubernetes service load balancer ip + port + source cidr for packet filter purpose',
  ],
  'KUBE-NODE-PORT-TCP': ['bitmap:port', 'Kubernetes nodeport TCP port for masquerade purpose'],
  'KUBE-NODE-PORT-UDP': ['bitmap:port', 'Kubernetes nodeport UDP port for masquerade purpose'],
  'KUBE-NODE-PORT-LOCAL-TCP': ['bitmap:port', 'Kubernetes nodeport TCP port with externalTrafficPolicy=local'],
  'KUBE-NODE-PORT-LOCAL-UDP': ['bitmap:port', 'Kubernetes nodeport UDP port with externalTrafficPolicy=local'],
  'KUBE-HEALTH-CHECK-NODE-PORT': ['bitmap:port', 'Kubernetes health check node port'],
  'KUBE-IPVS-IPS': ['hash:ip', 'Kubernetes service ip'],
};

/** ipset: the longest name. */
const NAME_LENGTH = 31;
/** The sets of IPv6 stand beside those of IPv4. */
const nameOf = (set: string, family: Family): string =>
  family === 'IPv6' ? set.replace('KUBE-', 'KUBE-6-').slice(0, NAME_LENGTH) : set;
const PROTOCOLS = ['tcp', 'udp'] as const;

/** What one Service has: keys of its virtual servers, members of sets. */
interface Written {
  servers: string[];
  addresses: string[];
  members: [set: string, member: string][];
  /** Balancers' addresses that the node itself may not use. */
  barred: Rule[];
}

export class IpvsProxier implements Proxier {
  readonly reloading = undefined;
  private readonly options: IpvsOptions;
  private readonly netfilter: Netfilter;
  private readonly written = new Map<string, Written>();
  /** How many Services use an address, a member of a set. */
  private readonly used = new Map<string, number>();
  private readonly filled = new Map<Chain, readonly Rule[]>();
  /** The first sync is over. */
  private began = false;
  private readonly clusterCIDR: Cidr | undefined;
  private readonly isOwn: (ip: string) => boolean;
  private readonly ipvs: Ipvs;
  private readonly dummy: Link;

  constructor(options: IpvsOptions) {
    this.options = options;
    const { net, sim, family } = options;
    this.netfilter = net.rules();
    this.clusterCIDR = rangeOf(options.clusterCIDR, family);
    this.isOwn = isOf(family);
    this.ipvs = this.netfilter.ipvs ??= new Ipvs(sim);
    this.dummy = net.link(DUMMY) ?? net.addLink('dummy', DUMMY, randomMac(sim));
    this.dummy.up = false;
    net.sysctls.set('net.ipv4.vs.conntrack', '1');
    this.setUp();
  }

  get intact(): boolean {
    let all = true;
    this.written.forEach(({ servers }) => (all &&= servers.every((key) => this.ipvs.services.has(key))));
    return all && this.table('nat').chains.has('KUBE-SERVICES');
  }

  private table(name: TableName): Table {
    return this.options.family === 'IPv6' ? this.netfilter.table6(name) : this.netfilter.table(name);
  }

  setUp() {
    this.filled.clear();
    const { netfilter, options } = this;
    const { family } = options;
    const mark = 2 ** options.masqueradeBit;
    for (const set of Object.keys(SETS)) {
      const name = nameOf(set, family);
      const inet = family === 'IPv6' ? 'inet6' : 'inet';
      if (!netfilter.sets.has(name)) netfilter.sets.set(name, new IpSet(name, SETS[set][0], inet));
    }
    const within = (set: string, directions: string): Match =>
      inSet(netfilter.sets.get(nameOf(set, family)) as IpSet, directions);
    const about = (name: string): Match => match.comment(SETS[name][1]);
    const rule = (spec: RuleSpec, ...matches: Match[]) => new Rule({ ...spec, matches });
    const nat = this.table('nat');
    const filter = this.table('filter');
    const markMasq = nat.ensure('KUBE-MARK-MASQ');
    markMasq.set([new Rule({ target: setXmark(mark, mark) })]);
    this.fill(nat.ensure('KUBE-POSTROUTING'), [
      rule({ target: masquerade() }, about('KUBE-LOOP-BACK'), within('KUBE-LOOP-BACK', 'dst,dst,src')),
      ...masquerading(mark),
    ]);
    const nodePort = nat.ensure('KUBE-NODE-PORT');
    this.fill(
      nodePort,
      PROTOCOLS.flatMap((protocol) => {
        const name = `KUBE-NODE-PORT-${protocol.toUpperCase()}`;
        const local = `KUBE-NODE-PORT-LOCAL-${protocol.toUpperCase()}`;
        return [
          rule({ protocol, target: RETURN }, about(local), within(local, 'dst')),
          rule({ protocol, jump: markMasq }, about(name), within(name, 'dst')),
        ];
      }),
    );
    const balancer = nat.ensure('KUBE-LOAD-BALANCER');
    balancer.set([
      rule({ target: RETURN }, about('KUBE-LOAD-BALANCER-LOCAL'), within('KUBE-LOAD-BALANCER-LOCAL', 'dst,dst')),
      new Rule({ jump: markMasq }),
    ]);
    const cluster = [about('KUBE-CLUSTER-IP'), within('KUBE-CLUSTER-IP', 'dst,dst')];
    const foreign: RuleSpec = options.masqueradeAll ? {} : { source: this.clusterCIDR, notSource: true };
    this.fill(nat.ensure('KUBE-SERVICES'), [
      rule({ source: LOOPBACK[family], target: RETURN }),
      rule({ jump: balancer }, about('KUBE-LOAD-BALANCER'), within('KUBE-LOAD-BALANCER', 'dst,dst')),
      ...(options.masqueradeAll || this.clusterCIDR ? [rule({ ...foreign, jump: markMasq }, ...cluster)] : []),
      rule({ jump: markMasq }, about('KUBE-EXTERNAL-IP'), within('KUBE-EXTERNAL-IP', 'dst,dst')),
      rule({ jump: nodePort }, match.addrtype('dst', 'LOCAL')),
      rule({ target: ACCEPT }, within('KUBE-CLUSTER-IP', 'dst,dst')),
      rule({ target: ACCEPT }, within('KUBE-LOAD-BALANCER', 'dst,dst')),
    ]);
    const portals = match.comment('kubernetes service portals');
    const services = nat.ensure('KUBE-SERVICES');
    for (const hook of ['PREROUTING', 'OUTPUT']) jump(nat, hook, rule({ jump: services }, portals));
    const post = match.comment('kubernetes postrouting rules');
    jump(nat, 'POSTROUTING', rule({ jump: nat.ensure('KUBE-POSTROUTING') }, post));

    const forward = filter.ensure('KUBE-FORWARD');
    forward.set([
      rule({ target: ACCEPT }, match.comment('kubernetes forwarding rules'), match.mark(mark, mark)),
      rule(
        { target: ACCEPT },
        match.comment('kubernetes forwarding conntrack rule'),
        match.ctstate(['RELATED', 'ESTABLISHED']),
      ),
    ]);
    const ranges = filter.ensure('KUBE-SOURCE-RANGES-FIREWALL');
    ranges.set([
      rule(
        { target: RETURN },
        about('KUBE-LOAD-BALANCER-SOURCE-CIDR'),
        within('KUBE-LOAD-BALANCER-SOURCE-CIDR', 'dst,dst,src'),
      ),
      new Rule({ target: DROP }),
    ]);
    const firewall = filter.ensure('KUBE-PROXY-FIREWALL');
    this.fill(firewall, [
      rule({ jump: ranges }, about('KUBE-LOAD-BALANCER-FW'), within('KUBE-LOAD-BALANCER-FW', 'dst,dst')),
    ]);
    const health = filter.ensure('KUBE-NODE-PORT');
    const healthPort = 'KUBE-HEALTH-CHECK-NODE-PORT';
    this.fill(health, [rule({ target: ACCEPT }, about(healthPort), within(healthPort, 'dst'))]);
    // All local addresses take what comes for them: ports that no Service has are refused here.
    const access = filter.ensure('KUBE-IPVS-FILTER');
    const passes = ['KUBE-LOAD-BALANCER', 'KUBE-CLUSTER-IP', 'KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL'];
    access.set([
      ...passes.map((name) => rule({ target: RETURN }, within(name, 'dst,dst'))),
      rule({ target: RETURN }, within(healthPort, 'dst')),
      rule({ target: reject(REFUSAL[family]) }, match.ctstate(['NEW']), within('KUBE-IPVS-IPS', 'dst')),
    ]);
    const outgoing = filter.ensure('KUBE-IPVS-OUT-FILTER');
    const jumps: [hook: string, chain: Chain, comment: string][] = [
      ['OUTPUT', outgoing, 'kubernetes ipvs access filter'],
      ['INPUT', access, 'kubernetes ipvs access filter'],
      ['FORWARD', firewall, 'kube-proxy firewall rules'],
      ['INPUT', firewall, 'kube-proxy firewall rules'],
      ['INPUT', health, 'kubernetes health check rules'],
      ['FORWARD', forward, 'kubernetes forwarding rules'],
    ];
    for (const [hook, chain, comment] of jumps) jump(filter, hook, rule({ jump: chain }, match.comment(comment)));
  }

  sync(service: string, ports: readonly SyncedPort[]) {
    const before = this.written.get(service);
    const now: Written = { servers: [], addresses: [], members: [], barred: [] };
    for (const each of ports) this.write(each, now);
    this.count(now, 1);
    if (before) {
      const kept = new Set(now.servers);
      for (const key of before.servers) if (!kept.has(key)) this.ipvs.services.delete(key);
      this.count(before, -1);
    }
    if (ports.length) this.written.set(service, now);
    else this.written.delete(service);
  }

  commit() {
    this.forgetOthers();
    const { sets } = this.netfilter;
    const asksNobody = (rule: Rule) =>
      rule.spec.matches?.some(({ set }) => set !== undefined && sets.get(set)?.members.size === 0);
    this.filled.forEach((rules, chain) => chain.set(() => rules.filter((rule) => !asksNobody(rule))));
    this.table('filter')
      .ensure('KUBE-IPVS-OUT-FILTER')
      .set(() => [...this.written.values()].flatMap(({ barred }) => barred));
  }

  rulesWritten() {
    return { filter: sharedRules(this.table('filter')), nat: sharedRules(this.table('nat')) };
  }

  /** What a kube-proxy before this one has left, and no Service wants. */
  private forgetOthers() {
    if (this.began) return;
    this.began = true;
    const wanted = new Set<string>();
    this.written.forEach(({ servers }) => servers.forEach((key) => wanted.add(key)));
    for (const [key, { ip }] of [...this.ipvs.services])
      if (this.isOwn(ip) && !wanted.has(key)) this.ipvs.services.delete(key);
    for (const { ip } of [...this.dummy.addresses])
      if (this.isOwn(ip) && !this.used.has(ip)) this.options.net.removeAddress(this.dummy, ip);
    for (const set of Object.keys(SETS)) {
      const members = this.setOf(set)?.members;
      members?.forEach((member) => this.used.has(`${set} ${member}`) || members.delete(member));
    }
  }

  private setOf(set: string): IpSet | undefined {
    return this.netfilter.sets.get(nameOf(set, this.options.family));
  }

  /** Rules of a chain that stand there while the sets that they ask have members. */
  private fill(chain: Chain, rules: readonly Rule[]) {
    this.filled.set(chain, rules);
  }

  private write({ port, all }: SyncedPort, out: Written) {
    const { protocol } = port;
    if (protocol === 'sctp') return;
    // Without an endpoint here, this mode goes on with all of them (kube-proxy: syncEndpoint).
    const near = all.local.length ? all.local : all.cluster;
    const internal = port.internalLocal ? near : all.cluster;
    const external = port.externalLocal ? near : all.cluster;
    const member = (ip: string) => `${ip},${protocol}:${port.port}`;
    const bind = (ip: string) => {
      out.addresses.push(ip);
      out.members.push(['KUBE-IPVS-IPS', ip]);
    };
    bind(port.clusterIP);
    out.members.push(['KUBE-CLUSTER-IP', member(port.clusterIP)]);
    out.servers.push(this.serve(port, port.clusterIP, port.port, internal));
    for (const ip of port.externalIPs) {
      bind(ip);
      out.members.push([port.externalLocal ? 'KUBE-EXTERNAL-IP-LOCAL' : 'KUBE-EXTERNAL-IP', member(ip)]);
      out.servers.push(this.serve(port, ip, port.port, external));
    }
    for (const ip of port.loadBalancerIPs) {
      bind(ip);
      out.members.push(['KUBE-LOAD-BALANCER', member(ip)]);
      if (port.externalLocal) out.members.push(['KUBE-LOAD-BALANCER-LOCAL', member(ip)]);
      if (port.sourceRanges.length) out.members.push(['KUBE-LOAD-BALANCER-FW', member(ip)]);
      for (const range of port.sourceRanges) {
        out.members.push(['KUBE-LOAD-BALANCER-SOURCE-CIDR', `${member(ip)},${range.trim()}`]);
      }
      if (port.sourceRanges.length && !this.covers(port.sourceRanges)) {
        const matches = [match.ipvs(ip, protocol, port.port)];
        out.barred.push(new Rule({ source: parseCidr(ip), matches, target: DROP }));
      }
      out.servers.push(this.serve(port, ip, port.port, external));
    }
    if (port.nodePort) {
      const set = `KUBE-NODE-PORT-${protocol.toUpperCase()}`;
      out.members.push([set, String(port.nodePort)]);
      if (port.externalLocal) {
        out.members.push([`KUBE-NODE-PORT-LOCAL-${protocol.toUpperCase()}`, String(port.nodePort)]);
      }
      for (const ip of this.nodeAddresses()) out.servers.push(this.serve(port, ip, port.nodePort, external));
    }
    if (port.healthCheckNodePort) {
      out.members.push(['KUBE-HEALTH-CHECK-NODE-PORT', String(port.healthCheckNodePort)]);
    }
    for (const { ip, port: number, local } of all.all) {
      if (local) out.members.push(['KUBE-LOOP-BACK', `${ip},${protocol}:${number},${ip}`]);
    }
  }

  /** Whether the node is in one of the ranges. */
  private covers(ranges: readonly string[]): boolean {
    const own = ipNumber(this.options.net.addresses.find(this.isOwn) ?? '');
    return ranges.some((text) => {
      const range = parseCidr(text.trim());
      return range !== undefined && inCidr(range, own);
    });
  }

  private nodeAddresses(): string[] {
    const { net, nodePortAddresses: ranges, family } = this.options;
    const own = ranges.length ? nodePortAddresses(net, ranges, family) : net.addresses.filter(this.isOwn);
    return own.filter((ip) => !this.dummy.has(ip));
  }

  /** Makes a virtual server, or brings it in line; its key. */
  private serve(port: ServicePort, ip: string, number: number, backends: readonly Backend[]): string {
    const protocol = port.protocol as 'tcp' | 'udp';
    const key = Ipvs.key(protocol, ip, number);
    let server: VirtualServer | undefined = this.ipvs.services.get(key);
    if (!server) {
      const { scheduler } = this.options;
      server = { protocol, ip, port: number, scheduler, persistent: undefined, servers: [], last: undefined };
      this.ipvs.services.set(key, server);
    }
    server.scheduler = this.options.scheduler;
    server.persistent = port.affinitySeconds;
    const wanted = new Map(backends.map((backend) => [hostPort(backend.ip, backend.port), backend]));
    const kept = server.servers.filter((one) => {
      const found = wanted.delete(hostPort(one.ip, one.port));
      one.weight = found ? 1 : 0;
      return found || this.busy(one);
    });
    wanted.forEach((backend) => kept.push({ ip: backend.ip, port: backend.port, weight: 1 }));
    server.servers = kept;
    if (kept.some(({ weight }) => weight === 0)) this.terminate(server);
    return key;
  }

  /** UDP has no end that could be waited for. */
  private busy(server: VirtualServer['servers'][number]): boolean {
    return this.ipvs.list().some((one) => one.server === server && one.entry.protocol === 'tcp');
  }

  /** Servers that went keep the connections that they have, until there are none. */
  private terminate(server: VirtualServer) {
    this.options.sim.after(TERMINATING_PERIOD, () => {
      server.servers = server.servers.filter((one) => one.weight > 0 || this.busy(one));
      if (server.servers.some(({ weight }) => weight === 0)) this.terminate(server);
    });
  }

  /** Several Services may share an address, or a node port by protocol. */
  private count({ addresses, members }: Written, by: 1 | -1) {
    const { net } = this.options;
    const change = (key: string): 'first' | 'last' | undefined => {
      const count = (this.used.get(key) ?? 0) + by;
      if (count > 0) this.used.set(key, count);
      else this.used.delete(key);
      return by > 0 && count === 1 ? 'first' : count === 0 ? 'last' : undefined;
    };
    for (const ip of addresses) {
      const what = change(ip);
      if (what === 'first' && !net.owns(ip)) net.assign(this.dummy, ip, ip.includes(':') ? 128 : 32);
      else if (what === 'last') net.removeAddress(this.dummy, ip);
    }
    for (const [name, member] of members) {
      const what = change(`${name} ${member}`);
      const set = what && this.setOf(name);
      if (what === 'first') set?.members.add(member);
      else if (what === 'last') set?.members.delete(member);
    }
  }
}

const LOOPBACK: Record<Family, Cidr | undefined> = { IPv4: parseCidr('127.0.0.0/8'), IPv6: parseCidr('::1/128') };
const REFUSAL: Record<Family, string> = { IPv4: 'icmp-port-unreachable', IPv6: 'icmp6-port-unreachable' };

function randomMac(sim: Sim): string {
  const hex = sim.random('kube-ipvs0').hex(10);
  return `${hex[0]}a:${hex.match(/../g)?.join(':')}`;
}
