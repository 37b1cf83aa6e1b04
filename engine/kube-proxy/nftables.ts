// The nftables mode: one table with verdict maps from address, protocol and port to the chain of a Service. A Service
// more is an element more, and a packet takes one look-up however many there are.

import {
  type HookName,
  inCidr,
  ipNumber,
  type NetworkNamespace,
  Nft,
  type NftChain,
  type NftMap,
  type NftRule,
  type NftSet,
  NftTable,
  type NftVerdict,
  type Packet,
  parseCidr,
  vmap,
} from '../linux/net/index.ts';
import { TABLE } from './clean-up.ts';
import { chainHash } from './names.ts';
import type { Proxier, SyncedPort } from './proxier.ts';
import { type Backend, isExternal, type ServicePort } from './state.ts';

const ADDRESS = 'ipv4_addr';
const SERVICE = 'ipv4_addr . inet_proto . inet_service : verdict';
const PORT = 'inet_proto . inet_service : verdict';
const HASH_LENGTH = 8;

export interface NftablesOptions {
  net: NetworkNamespace;
  clusterCIDR: string;
  masqueradeAll: boolean;
  masqueradeBit: number;
}

/** What one Service has in the maps and sets, and its chains. */
interface Written {
  chains: string[];
  sets: string[];
  elements: [where: Map<string, unknown>, key: string][];
}

const rule = (text: string, run: NftRule['run']): NftRule => ({ text, run });
const always = (text: string, verdict: NftVerdict): NftRule => rule(text, () => verdict);
const jump = (chain: string, comment?: string) =>
  always(`jump ${chain}${comment ? ` comment "${comment}"` : ''}`, { jump: chain });
const goTo = (chain: string) => always(`goto ${chain}`, { goto: chain });
const REJECT: NftVerdict = { reject: 'icmp-port-unreachable' };

const addressKey = ({ protocol, destination, dport }: Packet) => `${destination} . ${protocol} . ${dport}`;
const portKey = ({ protocol, dport }: Packet) => `${protocol} . ${dport}`;
const ADDRESS_KEY = 'ip daddr . meta l4proto . th dport';

export class NftablesProxier implements Proxier {
  readonly reloading = undefined;
  private readonly options: NftablesOptions;
  private readonly cidr: ReturnType<typeof parseCidr>;
  private readonly written = new Map<string, Written>();
  private table!: NftTable;

  constructor(options: NftablesOptions) {
    this.options = options;
    this.cidr = parseCidr(options.clusterCIDR);
    this.setUp();
  }

  private get tables(): Map<string, NftTable> {
    const netfilter = this.options.net.rules();
    return (netfilter.nft ??= new Nft()).tables;
  }

  get intact(): boolean {
    return this.tables.get(TABLE) === this.table;
  }

  setUp() {
    this.written.clear();
    const table = (this.table = new NftTable(TABLE, 'rules for kube-proxy'));
    this.tables.set(TABLE, table);
    const { options } = this;
    const set = (name: string, comment: string): NftSet => {
      const made = { name, type: ADDRESS, comment, elements: new Map<string, number>() };
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
    // kube-proxy: nodePortAddresses is "primary" unless it is set, in this mode.
    nodePortIPs.elements.set(options.net.addresses[0], 0);
    const noServices = map(
      'no-endpoint-services',
      SERVICE,
      'vmap to drop or reject packets to services with no endpoints',
    );
    const noPorts = map(
      'no-endpoint-nodeports',
      PORT,
      'vmap to drop or reject packets to service nodeports with no endpoints',
    );
    const firewalls = map('firewall-ips', SERVICE, 'destinations that are subject to LoadBalancerSourceRanges');
    const services = map('service-ips', SERVICE, 'ClusterIP, ExternalIP and LoadBalancer IP traffic');
    const nodePorts = map('service-nodeports', PORT, 'NodePort traffic');
    const own = (packet: Packet) => (nodePortIPs.elements.has(packet.destination) ? portKey(packet) : undefined);
    const fresh = (chain: string): NftRule =>
      rule(`ct state new jump ${chain}`, ({ state }) => (state === 'NEW' ? { jump: chain } : undefined));
    const add = (name: string, rules: readonly NftRule[], base?: NftChain['base']) => table.add({ name, rules, base });
    const early = (name: string, hook: HookName, priority: string) =>
      add(name, [fresh('firewall-check')], { stage: 'early', hook, priority });
    const filter = (name: string, hook: HookName, ...to: string[]) =>
      add(name, to.map(fresh), { stage: 'filter', hook, priority: 'filter' });
    const nat = (name: string, hook: HookName, priority: string, to: string) =>
      add(name, [jump(to)], { stage: 'nat', hook, priority });
    early('filter-prerouting-pre-dnat', 'PREROUTING', 'dstnat - 10');
    early('filter-output-pre-dnat', 'OUTPUT', '-110');
    filter('filter-input', 'INPUT', 'nodeport-endpoints-check', 'service-endpoints-check');
    filter('filter-forward', 'FORWARD', 'service-endpoints-check', 'cluster-ips-check');
    filter('filter-output', 'OUTPUT', 'service-endpoints-check', 'cluster-ips-check');
    nat('nat-prerouting', 'PREROUTING', 'dstnat', 'services');
    nat('nat-output', 'OUTPUT', '-100', 'services');
    nat('nat-postrouting', 'POSTROUTING', 'srcnat', 'masquerading');
    add('nodeport-endpoints-check', [vmap(noPorts, 'ip daddr @nodeport-ips meta l4proto . th dport', own)]);
    add('service-endpoints-check', [vmap(noServices, ADDRESS_KEY, addressKey)]);
    add('firewall-check', [vmap(firewalls, ADDRESS_KEY, addressKey)]);
    add('services', [
      vmap(services, ADDRESS_KEY, addressKey),
      vmap(nodePorts, 'ip daddr @nodeport-ips meta l4proto . th dport', own),
    ]);
    add('cluster-ips-check', [
      rule('ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"', (packet) =>
        clusterIPs.elements.has(packet.destination) ? REJECT : undefined,
      ),
    ]);
    add('reject-chain', [always('reject', REJECT)]);
    const mark = 2 ** options.masqueradeBit;
    const hex = `0x${mark.toString(16).padStart(8, '0')}`;
    add('mark-for-masquerade', [
      rule(`meta mark set meta mark | ${hex}`, (packet) => {
        packet.mark = (packet.mark | mark) >>> 0;
        return undefined;
      }),
    ]);
    add('masquerading', [
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
  }

  sync(service: string, ports: readonly SyncedPort[]) {
    const { table } = this;
    const before = this.written.get(service);
    for (const name of before?.chains ?? []) table.chains.delete(name);
    for (const [where, key] of before?.elements ?? []) where.delete(key);
    const now: Written = { chains: [], sets: [], elements: [] };
    for (const { port, all } of ports) this.write(port, all, now);
    // Who was where is remembered while the endpoint is there.
    for (const name of before?.sets ?? []) if (!now.sets.includes(name)) table.sets.delete(name);
    if (ports.length) this.written.set(service, now);
    else this.written.delete(service);
  }

  commit() {}

  private write(port: ServicePort, all: SyncedPort['all'], out: Written) {
    const { table } = this;
    const { protocol, namespacedName, portName, name } = port;
    const base = `${namespacedName}/${protocol}/${portName}`;
    const own = `${chainHash(name + protocol).slice(0, HASH_LENGTH)}-${base}`;
    const add = (chain: string, rules: readonly NftRule[]) => {
      table.add({ name: chain, rules });
      out.chains.push(chain);
      return chain;
    };
    const element = <V>(where: Map<string, V> | undefined, key: string, value: V) => {
      where?.set(key, value);
      out.elements.push([where as Map<string, unknown>, key]);
    };
    const map = (of: string) => table.maps.get(of)?.elements;
    const at = (ip: string) => `${ip} . ${protocol} . ${port.port}`;

    const endpoints = new Map<string, { chain: string; affinity: string }>();
    for (const { ip, port: number } of all.reachable) {
      const key = `${ip}:${number}`;
      const tail = `${chainHash(name + protocol + key).slice(0, HASH_LENGTH)}-${base}__${ip}/${number}`;
      const affinity = `affinity-${tail}`;
      endpoints.set(key, { chain: add(`endpoint-${tail}`, this.endpoint(port, ip, number, affinity, out)), affinity });
    }
    const { cluster, local } = all;
    const head: NftRule[] = this.foreign(port);
    const clusterChain = cluster.length
      ? add(`service-${own}`, [...head, ...this.balance(port, cluster, endpoints)])
      : undefined;
    const localChain = local.length
      ? add(`local-${own}`, [...(port.internalLocal ? head : []), ...this.balance(port, local, endpoints)])
      : undefined;
    const internal = port.internalLocal ? localChain : clusterChain;
    const external = port.externalLocal ? localChain : clusterChain;
    const nothing: NftVerdict = all.any ? 'drop' : { goto: 'reject-chain' };

    element(table.sets.get('cluster-ips')?.elements, port.clusterIP, 0);
    if (internal) element(map('service-ips'), at(port.clusterIP), { goto: internal });
    else element(map('no-endpoint-services'), at(port.clusterIP), nothing);
    if (!isExternal(port)) return;

    const ext =
      cluster.length || local.length ? add(`external-${own}`, this.external(port, clusterChain, external)) : '';
    const outside = (ip: string) => {
      if (ext) element(map('service-ips'), at(ip), { goto: ext });
      if (!external) element(map('no-endpoint-services'), at(ip), nothing);
    };
    port.externalIPs.forEach(outside);
    port.loadBalancerIPs.forEach(outside);
    if (port.sourceRanges.length) {
      const ranges = port.sourceRanges.map((text) => parseCidr(text.trim()));
      const text = port.sourceRanges.map((one) => one.trim()).join(', ');
      const chain = add(`firewall-${own}`, [
        rule(`ip saddr != { ${text} } drop`, ({ source }) =>
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
    const to = `ip daddr ${clusterIP} ${protocol} dport ${port}`;
    const mark: NftVerdict = { jump: 'mark-for-masquerade' };
    const meant = (packet: Packet) =>
      packet.destination === clusterIP && packet.protocol === protocol && packet.dport === port;
    if (options.masqueradeAll) {
      return [rule(`${to} jump mark-for-masquerade`, (packet) => (meant(packet) ? mark : undefined))];
    }
    if (!cidr) return [];
    return [
      rule(`${to} ip saddr != ${cidr.text} jump mark-for-masquerade`, (packet) =>
        meant(packet) && !inCidr(cidr, ipNumber(packet.source)) ? mark : undefined,
      ),
    ];
  }

  private balance(
    port: ServicePort,
    list: readonly Backend[],
    endpoints: ReadonlyMap<string, { chain: string; affinity: string }>,
  ): NftRule[] {
    const each = list.map(
      ({ ip, port: number }) => endpoints.get(`${ip}:${number}`) as { chain: string; affinity: string },
    );
    const out: NftRule[] = [];
    if (port.affinitySeconds !== undefined) {
      const { sim } = this.options.net.network;
      for (const { chain, affinity } of each) {
        const set = this.table.sets.get(affinity) as NftSet;
        out.push(
          rule(`ip saddr @${affinity} goto ${chain}`, ({ source }) => {
            const seen = set.elements.get(source);
            return seen !== undefined && sim.now - seen <= (set.timeout ?? 0) ? { goto: chain } : undefined;
          }),
        );
      }
    }
    const choices = each.map(({ chain }, i) => `${i} : goto ${chain}`).join(', ');
    out.push(
      rule(`numgen random mod ${each.length} vmap { ${choices} }`, (_packet, { namespace }) => ({
        goto: each[namespace.random.int(each.length)].chain,
      })),
    );
    return out;
  }

  private external(port: ServicePort, cluster: string | undefined, policy: string | undefined): NftRule[] {
    const { cidr } = this;
    const out: NftRule[] = [];
    if (!port.externalLocal) out.push(jump('mark-for-masquerade', 'masquerade'));
    else if (cluster) {
      if (cidr) {
        out.push(
          rule(`ip saddr ${cidr.text} goto ${cluster} comment "short-circuit pod traffic"`, ({ source }) =>
            inCidr(cidr, ipNumber(source)) ? { goto: cluster } : undefined,
          ),
        );
      }
      const fromHere = (text: string, verdict: NftVerdict) =>
        rule(text, ({ source }, { namespace }) => (namespace.owns(source) ? verdict : undefined));
      out.push(
        fromHere('fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"', {
          jump: 'mark-for-masquerade',
        }),
        fromHere(`fib saddr type local goto ${cluster} comment "short-circuit local traffic"`, { goto: cluster }),
      );
    }
    if (policy) out.push(goTo(policy));
    return out;
  }

  private endpoint(port: ServicePort, ip: string, number: number, affinity: string, out: Written): NftRule[] {
    const { table } = this;
    const { sim } = this.options.net.network;
    const rules: NftRule[] = [
      rule(`ip saddr ${ip} jump mark-for-masquerade`, ({ source }) =>
        source === ip ? { jump: 'mark-for-masquerade' } : undefined,
      ),
    ];
    const seconds = port.affinitySeconds;
    if (seconds !== undefined) {
      let set = table.sets.get(affinity);
      if (set?.timeout !== seconds * 1000) {
        set = { name: affinity, type: ADDRESS, timeout: seconds * 1000, elements: new Map() };
        table.sets.set(affinity, set);
      }
      const { elements } = set;
      out.sets.push(affinity);
      rules.push(
        rule(`update @${affinity} { ip saddr }`, ({ source }) => {
          elements.set(source, sim.now);
          return undefined;
        }),
      );
    }
    rules.push(
      rule(`meta l4proto ${port.protocol} dnat to ${ip}:${number}`, (packet, _context, netfilter) => {
        if (packet.protocol !== port.protocol) return undefined;
        netfilter.toDestination(packet, ip, number);
        return 'accept';
      }),
    );
    return rules;
  }
}
