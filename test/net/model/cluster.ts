// A cluster in one mode of kube-proxy that takes one random scenario after the other, and sends packets through its nodes.

import { createCluster, type Cluster } from '../../../engine/cluster.ts';
import type { EndpointSlice, Namespace, NetworkPolicy, Pod, Service } from '../../../engine/api/types.ts';
import { HostCalls } from '../../../engine/host-calls.ts';
import '../../../engine/parts/all.ts';
import { type NetworkNamespace, parseCidr, type Packet, type Cidr } from '../../../engine/linux/net/index.ts';
import { journey, type Fate } from '../../../engine/linux/net/packet.ts';
import type { Co } from '../../../engine/sim/index.ts';
import { originate } from '../../../engine/linux/net/walk.ts';
import { type Addresses, isOf } from './addresses.ts';
import { expected, ipOf, portal, type Mode, type Outcome, type Sent, type World } from './expected.ts';
import { NAMESPACES, NODES, PODS, type Probe, type Scenario, ZONES } from './scenario.ts';

/** Longer than kube-proxy, the endpoints' controller and session affinity take. */
const SETTLE = 25_000;
const ANSWERED = [80, 8080, 53, 9100, 9101];

export class ModelCluster {
  packets = 0;
  services = 0;
  private readonly cluster: Cluster;
  private readonly mode: Mode;
  private readonly addresses: Addresses;
  private world!: World;
  private readonly ips = new Map<string, string>();
  /** By client: where it went while its affinity lasts. */
  private readonly sticky = new Map<string, Set<string>>();
  private nextPort = 20_000;

  constructor(mode: Mode, addresses: Addresses) {
    this.mode = mode;
    this.addresses = addresses;
    const version = mode === 'userspace' ? 'v1.25.0' : undefined;
    const { ipFamilies } = addresses;
    this.cluster = createCluster(
      { version, proxyMode: mode, workers: 2, ingressController: false, ipFamilies },
      new HostCalls(),
    );
    const { client, sim } = this.cluster;
    for (const name of NAMESPACES.slice(1)) {
      const namespace: Namespace = {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { team: 'colour' } },
      };
      client.of<Namespace>('v1', 'namespaces', false).create('', namespace);
    }
    NODES.forEach((name, i) => {
      const metadata = { labels: { 'topology.kubernetes.io/zone': ZONES[i] } };
      client.of('v1', 'nodes', false).patch('', name, 'merge', { metadata });
    });
    sim.runUntil(sim.now + 2000);
    for (const { name, namespace, node, labels, ports } of PODS) {
      const { web, metrics, dns } = ports;
      const named = [
        { name: 'web', containerPort: web },
        { name: 'dns', containerPort: dns, protocol: 'UDP' },
        ...(metrics ? [{ name: 'metrics', containerPort: metrics }] : []),
      ];
      const pod: Pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace, labels },
        spec: {
          nodeName: node,
          automountServiceAccountToken: false,
          containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10', ports: named }],
        },
      };
      client.of<Pod>('v1', 'pods').create(namespace, pod);
    }
    sim.runUntil(sim.now + 30_000);
    const pods = client.of<Pod>('v1', 'pods').list('');
    for (const { metadata, status } of pods)
      this.ips.set(metadata.name ?? '', status?.podIPs?.map(({ ip = '' }) => ip).find(this.isOwn) ?? '');
    if (mode === 'userspace') for (const ip of this.ips.values()) answer(this.cluster.workstation.net, ip);
    // Addresses of balancers and the like lead to one node or another.
    const outside = this.cluster.workstation.net;
    const link = outside.link('eth0');
    if (!link) throw new Error('no eth0');
    for (let i = 0; i < 32; i++) {
      for (const address of [addresses.external, addresses.balancer]) {
        const destination = parseCidr(address(i)) as Cidr;
        const via = this.machine(NODES[i % 3]).addresses.find(this.isOwn);
        outside.routes.add({ destination, via, link, protocol: 'static' });
      }
    }
  }

  private readonly isOwn = (ip: string): boolean => isOf(this.addresses.family, ip);

  private machine(name: string): NetworkNamespace {
    return (this.cluster.machines.get(name) as { net: NetworkNamespace }).net;
  }

  /** Brings the objects in line, and waits until everybody knows. */
  apply({ fronts, policies }: Scenario) {
    const { client, sim } = this.cluster;
    const services = client.of<Service>('v1', 'services');
    const slices = client.of<EndpointSlice>('discovery.k8s.io/v1', 'endpointslices');
    const networkPolicies = client.of<NetworkPolicy>('networking.k8s.io/v1', 'networkpolicies');
    const ours = (name = '') => /^s\d+$/.test(name);
    for (const { metadata } of slices.list('')) {
      if (/^s\d+-\d$/.test(metadata.name ?? '')) slices.delete(metadata.namespace ?? '', metadata.name ?? '');
    }
    for (const { metadata } of networkPolicies.list('')) {
      networkPolicies.delete(metadata.namespace ?? '', metadata.name ?? '');
    }
    const wanted = new Map(fronts.map((front) => [front.service.metadata.name, front]));
    for (const { metadata } of services.list('')) {
      const { name = '', namespace = '' } = metadata;
      const front = wanted.get(name);
      if (ours(name) && (!front || front.replace || front.service.metadata.namespace !== namespace)) {
        services.delete(namespace, name);
      }
    }
    for (const { service, slices: own, balancer } of fronts) {
      const { name = '', namespace = '' } = service.metadata;
      const known = services.find(namespace, name);
      if (known) services.update(namespace, name, service);
      else services.create(namespace, service);
      const status = { loadBalancer: { ingress: balancer.map((ip) => ({ ip, ipMode: 'VIP' })) } };
      if (service.spec?.type === 'LoadBalancer') services.patch(namespace, name, 'merge', { status }, 'status');
      for (const slice of own) {
        const endpoints = slice.endpoints?.map((one) => ({
          ...one,
          addresses: one.addresses.map((pod) => this.ips.get(pod) ?? ''),
        }));
        slices.create(namespace, { ...slice, endpoints });
      }
    }
    for (const policy of policies) networkPolicies.create(policy.metadata.namespace ?? '', policy);
    sim.runUntil(sim.now + SETTLE);
    this.sticky.clear();
    this.services += fronts.length;
    const pods = client.of<Pod>('v1', 'pods');
    this.world = {
      mode: this.mode,
      addresses: this.addresses,
      pods: pods.list('').filter(({ spec, metadata }) => !spec?.hostNetwork && metadata.name?.startsWith('pod-')),
      namespaces: client.of<Namespace>('v1', 'namespaces', false).list(''),
      services: services.list('').filter(({ metadata }) => ours(metadata.name)),
      slices: slices.list(''),
      policies: networkPolicies.list(''),
      nodes: NODES.map((name, i) => {
        const net = this.machine(name);
        const bridge = net
          .link('cni0')
          ?.addresses.map(({ ip }) => ip)
          .find(this.isOwn);
        return { name, zone: ZONES[i], ip: net.addresses.find(this.isOwn) ?? '', bridge: bridge ?? '' };
      }),
    };
  }

  /** Sends a packet and compares; 'as expected', or what is wrong. */
  send(probe: Probe): string {
    const aimed = this.aim(probe);
    if (!aimed) return 'as expected';
    const { from, sent } = aimed;
    this.packets++;
    const { fate, packet, seen, answered } = this.walk(from, sent, probe.traced);
    const should = expected(this.world, sent);
    const happened =
      fate.kind === 'rejected'
        ? 'refused'
        : fate.kind !== 'delivered'
          ? 'lost'
          : this.cluster.machines.has(fate.namespace.name)
            ? 'machine'
            : `${packet.destination}:${packet.dport}`;
    const wrong = this.compare(should, happened, `${seen}${answered ? '' : ', unanswered'}`);
    if (!wrong) return 'as expected';
    const found = this.world.services[probe.service % this.world.services.length];
    return `${from.name} ${sent.protocol} ${sent.source} to ${sent.ip}:${sent.port} (${probe.to}): ${wrong}\n${JSON.stringify(found.spec)}\n${JSON.stringify(this.world.policies.map(({ spec, metadata }) => ({ ...spec, in: metadata.namespace })))}`;
  }

  /** Opens a connection, since in userspace mode a process carries it on; 'as expected', or what is wrong. */
  connect(probe: Probe): string {
    const aimed = this.aim(probe);
    if (!aimed || aimed.sent.protocol !== 'tcp') return 'as expected';
    const { from, sent } = aimed;
    // Other machines' balancers stand beside this test.
    if (!sent.pod && !sent.node && sent.by) return 'as expected';
    const wanted = portal(this.world, sent);
    if (!wanted) return 'as expected';
    this.packets++;
    const { sim } = this.cluster;
    const task = sim.spawn('ask', ask(from, sent.ip, sent.port));
    while (!task.done && sim.step());
    const said = task.result ?? '';
    const right = wanted.length ? wanted.includes(said) : said === '';
    return right ? 'as expected' : `${from.name} to ${sent.ip}:${sent.port}: '${said}', not ${wanted.join(' or ')}`;
  }

  private compare(should: Outcome, happened: string, seen: string): string | undefined {
    if (should.kind !== 'reached') return happened === should.kind ? undefined : `${happened}, not ${should.kind}`;
    const wanted = should.at.get(happened);
    const all = [...should.at].map((each) => each.join(' from ')).join(' or ');
    if (wanted === undefined) return `${happened}, not ${all}`;
    if (happened === 'lost') return undefined;
    if (wanted !== seen) return `${happened} from ${seen}, not ${wanted}`;
    if (should.affinity === '') return undefined;
    const before = this.sticky.get(should.affinity) ?? new Set();
    const kept = [...before].filter((one) => should.at.has(one));
    this.sticky.set(should.affinity, before.add(happened));
    return kept.length && !kept.includes(happened)
      ? `${happened}, but the client belongs to ${kept.join(', ')}`
      : undefined;
  }

  private aim({
    from,
    service: which,
    port: choice,
    to,
    at,
    stray,
  }: Probe): { from: NetworkNamespace; sent: Sent } | undefined {
    const { world } = this;
    const { network } = this.cluster.workstation.net;
    const pod = 'pod' in from ? world.pods.find(({ metadata }) => metadata.name === PODS[from.pod].name) : undefined;
    const node = 'node' in from ? world.nodes[from.node] : undefined;
    const sender = pod
      ? network.byAddress.get(ipOf(world, pod))
      : node
        ? this.machine(node.name)
        : this.cluster.workstation.net;
    if (!sender || world.services.length === 0) return undefined;
    const service = world.services[which % world.services.length];
    const ports = service.spec?.ports ?? [];
    const port = ports[choice % ports.length];
    const protocol = (port.protocol ?? 'TCP').toLowerCase() as 'tcp' | 'udp';
    const machine = world.nodes[at % 3];
    const addresses = {
      cluster: service.spec?.clusterIP,
      node: port.nodePort && machine.ip,
      bridge: port.nodePort && machine.bridge,
      localhost: port.nodePort && node && this.addresses.localhost,
      external: service.spec?.externalIPs?.[0],
      balancer: service.status?.loadBalancer?.ingress?.[0]?.ip,
      pod: this.ips.get(PODS[at].name),
    };
    const ip = addresses[to];
    if (!ip) return undefined;
    const byNode = to === 'node' || to === 'bridge' || to === 'localhost';
    const number = (byNode ? (port.nodePort ?? 0) : port.port) + (stray ? 2000 : 0);
    const outside = !pod && !node;
    const last = Number(/\d*$/.exec(String(ip))?.[0]);
    const by = to === 'external' || to === 'balancer' ? world.nodes[last % 3] : undefined;
    const sent: Sent = {
      protocol,
      pod,
      node,
      source: outside ? this.addresses.outside : '',
      ip,
      port: number,
      by: outside ? by : undefined,
    };
    return { from: sender, sent };
  }

  private walk(from: NetworkNamespace, { protocol, ip, port }: Sent, traced: boolean) {
    const sport = this.nextPort++;
    if (this.nextPort > 60_000) this.nextPort = 20_000;
    const packet = fresh(protocol, '', sport, ip, port);
    const way = journey(from, traced ? [] : undefined);
    const fate = originate(from, packet, way);
    const seen = packet.source;
    let answered = false;
    if (fate.kind === 'delivered') {
      const answer = fresh(protocol, packet.destination, packet.dport, packet.source, packet.sport);
      const back = originate(fate.namespace, answer, journey(fate.namespace));
      answered = back.kind === 'delivered' && back.namespace === from && answer.source === ip && answer.sport === port;
    }
    way.entries?.forEach((entry) => entry.finish('CLOSE'));
    return { fate: fate as Fate, packet, seen, answered };
  }
}

/** On the ports that the scenarios use, a Pod says its address. */
function answer({ network }: NetworkNamespace, ip: string) {
  const net = network.byAddress.get(ip);
  for (const port of ANSWERED) {
    net?.listen(port, (socket) => {
      socket.writer.write(ip);
      socket.close();
    });
  }
}

function* ask(from: NetworkNamespace, ip: string, port: number): Co<string> {
  const socket = yield* from.connect(ip, port, { timeout: 1000 });
  if (typeof socket === 'string') return socket;
  return (yield* socket.reader.read()) ?? '';
}

function fresh(protocol: 'tcp' | 'udp', source: string, sport: number, destination: string, dport: number): Packet {
  return {
    protocol,
    source,
    sport,
    destination,
    dport,
    length: 60,
    ttl: 64,
    mark: 0,
    owner: undefined,
    tracked: undefined,
    reply: false,
    state: 'NEW',
  };
}
