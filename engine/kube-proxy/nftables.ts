// The nftables mode: one table with verdict maps from address, protocol and port to the chain of a Service. A Service
// more is an element more, and a packet takes one look-up however many there are.

import {
  type Cidr,
  type HookName,
  hostPort,
  inCidr,
  ipNumber,
  type NetworkNamespace,
  type Packet,
  parseCidr,
} from '../linux/net/index.ts';
import {
  Nft,
  NftChain,
  type NftFamily,
  type NftMap,
  type NftRule,
  type NftSet,
  NftTable,
  type NftVerdict,
  vmap,
} from '../linux/net/nft.ts';
import { TABLE } from './clean-up.ts';
import { chainHash } from './names.ts';
import { nodePortAddresses, type Proxier, rangeOf, type SyncedPort } from './proxier.ts';
import { type Backend, type Family, isExternal, type ServicePort } from './state.ts';

/** How rules name what is different in the families. */
const WORDS: Record<Family, { ip: NftFamily; address: string; refusal: string }> = {
  IPv4: { ip: 'ip', address: 'ipv4_addr', refusal: 'icmp-port-unreachable' },
  IPv6: { ip: 'ip6', address: 'ipv6_addr', refusal: 'icmp6-port-unreachable' },
};
const PORT = 'inet_proto . inet_service : verdict';
const HASH_LENGTH = 8;

export interface NftablesOptions {
  net: NetworkNamespace;
  family: Family;
  clusterCIDR: string;
  masqueradeAll: boolean;
  masqueradeBit: number;
  nodePortAddresses: readonly string[];
}

interface EndpointChain {
  chain: NftChain;
  affinity: NftSet | undefined;
}

/** What one Service has in the maps and sets, and its chains. */
interface Written {
  chains: NftChain[];
  sets: string[];
  elements: [where: Map<string, unknown>, key: string][];
}

const rule = (text: string, run: NftRule['run']): NftRule => ({ text, run });
/** One whose text names chains: they are named when it is listed. */
const lateRule = (text: () => string, run: NftRule['run']): NftRule => ({
  get text() {
    return text();
  },
  run,
});
const jump = (chain: NftChain, comment?: string) =>
  lateRule(
    () => `jump ${chain.name}${comment ? ` comment "${comment}"` : ''}`,
    () => ({ jump: chain }),
  );
const goTo = (chain: NftChain) =>
  lateRule(
    () => `goto ${chain.name}`,
    () => ({ goto: chain }),
  );

const addressKey = ({ protocol, destination, dport }: Packet) => `${destination} . ${protocol} . ${dport}`;
const portKey = ({ protocol, dport }: Packet) => `${protocol} . ${dport}`;

export class NftablesProxier implements Proxier {
  readonly reloading = undefined;
  private readonly options: NftablesOptions;
  private readonly cidr: Cidr | undefined;
  private readonly words: (typeof WORDS)[Family];
  private readonly written = new Map<string, Written>();
  private table!: NftTable;
  private markForMasquerade!: NftChain;
  private rejecting!: NftChain;

  constructor(options: NftablesOptions) {
    this.options = options;
    this.cidr = rangeOf(options.clusterCIDR, options.family);
    this.words = WORDS[options.family];
    this.setUp();
  }

  private get tables(): Map<string, NftTable> {
    const netfilter = this.options.net.rules();
    return (netfilter.nft ??= new Nft()).tables;
  }

  get intact(): boolean {
    return this.tables.get(`${this.words.ip} ${TABLE}`) === this.table;
  }

  setUp() {
    this.written.clear();
    const { options } = this;
    const { ip, address, refusal } = this.words;
    const table = (this.table = new NftTable(ip, TABLE, 'rules for kube-proxy'));
    this.tables.set(`${ip} ${TABLE}`, table);
    const reject: NftVerdict = { reject: refusal };
    const service = `${address} . inet_proto . inet_service : verdict`;
    const serviceKey = `${ip} daddr . meta l4proto . th dport`;
    const set = (name: string, comment: string): NftSet => {
      const made = { name, type: address, comment, elements: new Map<string, number>() };
      table.sets.set(name, made);
      return made;
    };
    const map = (name: string, type: string, comment: string): NftMap => {
      const made = { name, type, comment, elements: new Map<string, NftVerdict>() };
      table.maps.set(name, made);
      return made;
    };
    const clusterIPs = set('cluster-ips', 'Active ClusterIPs');
    const nodePortIPs = set('nodeport-ips', 'IPs that accept NodePort traffic');
    const noServices = map(
      'no-endpoint-services',
      service,
      'vmap to drop or reject packets to services with no endpoints',
    );
    const noPorts = map(
      'no-endpoint-nodeports',
      PORT,
      'vmap to drop or reject packets to service nodeports with no endpoints',
    );
    const firewalls = map('firewall-ips', service, 'destinations that are subject to LoadBalancerSourceRanges');
    const services = map('service-ips', service, 'ClusterIP, ExternalIP and LoadBalancer IP traffic');
    const nodePorts = map('service-nodeports', PORT, 'NodePort traffic');
    const own = (packet: Packet) => (nodePortIPs.elements.has(packet.destination) ? portKey(packet) : undefined);
    const mark = 2 ** options.masqueradeBit;
    const hex = `0x${mark.toString(16).padStart(8, '0')}`;
    const add = (name: string, rules: readonly NftRule[], base?: NftChain['base']) => new NftChain(name, rules, base);
    const fresh = (chain: NftChain): NftRule =>
      rule(`ct state new jump ${chain.name}`, ({ state }) => (state === 'NEW' ? { jump: chain } : undefined));
    const nodePortKey = `${ip} daddr @nodeport-ips meta l4proto . th dport`;
    const nodePortCheck = add('nodeport-endpoints-check', [vmap(noPorts, nodePortKey, own)]);
    const serviceCheck = add('service-endpoints-check', [vmap(noServices, serviceKey, addressKey)]);
    const firewallCheck = add('firewall-check', [vmap(firewalls, serviceKey, addressKey)]);
    const toServices = add('services', [vmap(services, serviceKey, addressKey), vmap(nodePorts, nodePortKey, own)]);
    const addressCheck = add('cluster-ips-check', [
      rule(`${ip} daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"`, (packet) =>
        clusterIPs.elements.has(packet.destination) ? reject : undefined,
      ),
    ]);
    this.rejecting = add('reject-chain', [rule('reject', () => reject)]);
    this.markForMasquerade = add('mark-for-masquerade', [
      rule(`meta mark set meta mark | ${hex}`, (packet) => {
        packet.mark = (packet.mark | mark) >>> 0;
        return undefined;
      }),
    ]);
    const masquerading = add('masquerading', [
      rule(`meta mark & ${hex} == 0x00000000 return`, ({ mark: now }) => ((now & mark) === 0 ? 'return' : undefined)),
      rule(`meta mark set meta mark ^ ${hex}`, (packet) => {
        packet.mark = (packet.mark ^ mark) >>> 0;
        return undefined;
      }),
      rule('masquerade fully-random', (packet, { namespace, out }, netfilter) => {
        const address = namespace.sourceFor(packet.destination, out);
        if (address === undefined) return 'drop';
        netfilter.toSource(packet, address, true);
        return 'accept';
      }),
    ]);
    const early = (name: string, hook: HookName, priority: string) =>
      add(name, [fresh(firewallCheck)], { stage: 'early', hook, priority });
    const filter = (name: string, hook: HookName, ...to: NftChain[]) =>
      add(name, to.map(fresh), { stage: 'filter', hook, priority: 'filter' });
    const nat = (name: string, hook: HookName, priority: string, to: NftChain) =>
      add(name, [jump(to)], { stage: 'nat', hook, priority });
    for (const chain of [
      early('filter-prerouting-pre-dnat', 'PREROUTING', 'dstnat - 10'),
      early('filter-output-pre-dnat', 'OUTPUT', '-110'),
      filter('filter-input', 'INPUT', nodePortCheck, serviceCheck),
      filter('filter-forward', 'FORWARD', serviceCheck, addressCheck),
      filter('filter-output', 'OUTPUT', serviceCheck, addressCheck),
      nat('nat-prerouting', 'PREROUTING', 'dstnat', toServices),
      nat('nat-output', 'OUTPUT', '-100', toServices),
      nat('nat-postrouting', 'POSTROUTING', 'srcnat', masquerading),
      nodePortCheck,
      serviceCheck,
      firewallCheck,
      toServices,
      addressCheck,
      this.rejecting,
      this.markForMasquerade,
      masquerading,
    ])
      table.add(chain);
  }

  sync(service: string, ports: readonly SyncedPort[]) {
    const { table } = this;
    const before = this.written.get(service);
    for (const chain of before?.chains ?? []) table.drop(chain);
    for (const [where, key] of before?.elements ?? []) where.delete(key);
    const now: Written = { chains: [], sets: [], elements: [] };
    for (const { port, all } of ports) this.write(port, all, now);
    // Who was where is remembered while the endpoint is there.
    for (const name of before?.sets ?? []) if (!now.sets.includes(name)) table.sets.delete(name);
    if (ports.length) this.written.set(service, now);
    else this.written.delete(service);
  }

  commit() {
    const { net, nodePortAddresses: set, family } = this.options;
    const { elements } = this.table.sets.get('nodeport-ips') as NftSet;
    elements.clear();
    // kube-proxy: nodePortAddresses is "primary" unless it is set, in this mode.
    for (const ip of nodePortAddresses(net, set.length ? set : ['primary'], family)) elements.set(ip, 0);
  }

  private write(port: ServicePort, all: SyncedPort['all'], out: Written) {
    const { table } = this;
    const { protocol, namespacedName, portName } = port;
    const base = `${namespacedName}/${protocol}/${portName}`;
    const hashed = (text: string) => `${chainHash(text).slice(0, HASH_LENGTH)}-${text}`;
    const add = (chain: () => string, rules: () => readonly NftRule[]): NftChain => {
      const made = table.add(new NftChain(chain, rules));
      out.chains.push(made);
      return made;
    };
    /** A chain of the whole port. */
    const whole = (prefix: string, rules: () => readonly NftRule[]) => add(() => `${prefix}-${hashed(base)}`, rules);
    const element = <V>(where: Map<string, V> | undefined, key: string, value: V) => {
      where?.set(key, value);
      out.elements.push([where as Map<string, unknown>, key]);
    };
    const map = (of: string) => table.maps.get(of)?.elements;
    const at = (ip: string) => `${ip} . ${protocol} . ${port.port}`;

    const endpoints = new Map<string, EndpointChain>();
    for (const { ip, port: number } of all.reachable) {
      const key = hostPort(ip, number);
      // Names of chains have no colons.
      const tail = () => hashed(`${base}__${ip.replace(/:/g, '.')}/${number}`);
      const affinity =
        port.affinitySeconds === undefined ? undefined : this.affinity(tail(), port.affinitySeconds, out);
      const chain = add(
        () => `endpoint-${tail()}`,
        () => this.endpoint(port, ip, number, affinity),
      );
      endpoints.set(key, { chain, affinity });
    }
    const { cluster, local } = all;
    const clusterChain = cluster.length
      ? whole('service', () => [...this.foreign(port), ...this.balance(cluster, endpoints)])
      : undefined;
    const localChain = local.length
      ? whole('local', () => [...(port.internalLocal ? this.foreign(port) : []), ...this.balance(local, endpoints)])
      : undefined;
    const internal = port.internalLocal ? localChain : clusterChain;
    const external = port.externalLocal ? localChain : clusterChain;
    const nothing: NftVerdict = all.any ? 'drop' : { goto: this.rejecting };

    element(table.sets.get('cluster-ips')?.elements, port.clusterIP, 0);
    if (internal) element(map('service-ips'), at(port.clusterIP), { goto: internal });
    else element(map('no-endpoint-services'), at(port.clusterIP), nothing);
    if (!isExternal(port)) return;

    const ext =
      cluster.length || local.length ? whole('external', () => this.external(port, clusterChain, external)) : undefined;
    const outside = (ip: string) => {
      if (ext) element(map('service-ips'), at(ip), { goto: ext });
      if (!external) element(map('no-endpoint-services'), at(ip), nothing);
    };
    port.externalIPs.forEach(outside);
    port.loadBalancerIPs.forEach(outside);
    if (port.sourceRanges.length) {
      const ranges = port.sourceRanges.map((text) => parseCidr(text.trim()));
      const text = port.sourceRanges.map((one) => one.trim()).join(', ');
      const chain = whole('firewall', () => [
        rule(`${this.words.ip} saddr != { ${text} } drop`, ({ source }) =>
          ranges.some((range) => range && inCidr(range, ipNumber(source))) ? undefined : 'drop',
        ),
      ]);
      for (const ip of port.loadBalancerIPs) element(map('firewall-ips'), at(ip), { goto: chain });
    }
    if (port.nodePort) {
      const key = `${protocol} . ${port.nodePort}`;
      if (ext) element(map('service-nodeports'), key, { goto: ext });
      if (!external) element(map('no-endpoint-nodeports'), key, nothing);
    }
  }

  /** Traffic to a cluster IP from outside of the Pods' range leaves with this machine's address. */
  private foreign({ clusterIP, protocol, port }: ServicePort): NftRule[] {
    const { options, cidr } = this;
    const { ip } = this.words;
    const to = `${ip} daddr ${clusterIP} ${protocol} dport ${port}`;
    const mark: NftVerdict = { jump: this.markForMasquerade };
    const meant = (packet: Packet) =>
      packet.destination === clusterIP && packet.protocol === protocol && packet.dport === port;
    if (options.masqueradeAll) {
      return [rule(`${to} jump mark-for-masquerade`, (packet) => (meant(packet) ? mark : undefined))];
    }
    if (!cidr) return [];
    return [
      rule(`${to} ${ip} saddr != ${cidr.text} jump mark-for-masquerade`, (packet) =>
        meant(packet) && !inCidr(cidr, ipNumber(packet.source)) ? mark : undefined,
      ),
    ];
  }

  private balance(list: readonly Backend[], endpoints: ReadonlyMap<string, EndpointChain>): NftRule[] {
    const each = list.map(({ ip, port }) => endpoints.get(hostPort(ip, port)) as EndpointChain);
    const { sim } = this.options.net.network;
    const out: NftRule[] = [];
    for (const { chain, affinity } of each) {
      if (!affinity) continue;
      const { name, elements, timeout = 0 } = affinity;
      out.push(
        lateRule(
          () => `${this.words.ip} saddr @${name} goto ${chain.name}`,
          ({ source }) => {
            const seen = elements.get(source);
            return seen !== undefined && sim.now - seen <= timeout ? { goto: chain } : undefined;
          },
        ),
      );
    }
    const choices = () => each.map(({ chain }, i) => `${i} : goto ${chain.name}`).join(', ');
    out.push(
      lateRule(
        () => `numgen random mod ${each.length} vmap { ${choices()} }`,
        (_packet, { namespace }) => ({ goto: each[namespace.random.int(each.length)].chain }),
      ),
    );
    return out;
  }

  private external(port: ServicePort, cluster: NftChain | undefined, policy: NftChain | undefined): NftRule[] {
    const { cidr } = this;
    const out: NftRule[] = [];
    if (!port.externalLocal) out.push(jump(this.markForMasquerade, 'masquerade'));
    else if (cluster) {
      if (cidr) {
        out.push(
          lateRule(
            () => `${this.words.ip} saddr ${cidr.text} goto ${cluster.name} comment "short-circuit pod traffic"`,
            ({ source }) => (inCidr(cidr, ipNumber(source)) ? { goto: cluster } : undefined),
          ),
        );
      }
      const fromHere = (text: () => string, verdict: NftVerdict) =>
        lateRule(text, ({ source }, { namespace }) => (namespace.owns(source) ? verdict : undefined));
      out.push(
        fromHere(() => 'fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"', {
          jump: this.markForMasquerade,
        }),
        fromHere(() => `fib saddr type local goto ${cluster.name} comment "short-circuit local traffic"`, {
          goto: cluster,
        }),
      );
    }
    if (policy) out.push(goTo(policy));
    return out;
  }

  /** Who was sent to an endpoint, and when; it lives as long as the endpoint. */
  private affinity(tail: string, seconds: number, out: Written): NftSet {
    const { sets } = this.table;
    const name = `affinity-${tail}`;
    out.sets.push(name);
    let set = sets.get(name);
    if (set?.timeout !== seconds * 1000) {
      set = { name, type: this.words.address, timeout: seconds * 1000, elements: new Map() };
      sets.set(name, set);
    }
    return set;
  }

  private endpoint(port: ServicePort, ip: string, number: number, affinity: NftSet | undefined): NftRule[] {
    const { sim } = this.options.net.network;
    const { ip: family } = this.words;
    const mark = this.markForMasquerade;
    const rules: NftRule[] = [
      rule(`${family} saddr ${ip} jump mark-for-masquerade`, ({ source }) =>
        source === ip ? { jump: mark } : undefined,
      ),
    ];
    if (affinity) {
      rules.push(
        rule(`update @${affinity.name} { ${family} saddr }`, ({ source }) => {
          affinity.elements.set(source, sim.now);
          return undefined;
        }),
      );
    }
    rules.push(
      rule(`meta l4proto ${port.protocol} dnat to ${hostPort(ip, number)}`, (packet, _context, netfilter) => {
        if (packet.protocol !== port.protocol) return undefined;
        netfilter.toDestination(packet, ip, number);
        return 'accept';
      }),
    );
    return rules;
  }
}
