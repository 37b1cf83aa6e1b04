// kube-proxy: watches Services and EndpointSlices, and keeps its node's rules in step with them.

import type { Endpoints, EndpointSlice, Node, Service } from '../api/types.ts';
import { type Client, EventRecorder, Informer } from '../client/index.ts';
import { clock, untilSignal } from '../images/service.ts';
import { hostPort, type NetworkNamespace, serveHttp, type Process, type Program } from '../linux/index.ts';
import type { Co, Timer } from '../sim/index.ts';
import { part } from '../parts/index.ts';
import { cleanUpIpvs, cleanUpNftables } from './clean-up.ts';
import { type KubeProxyConfiguration, parseConfiguration } from './config.ts';
import { IptablesProxier } from './iptables.ts';
import { cleanUpIptables, isOf, type Proxier, type SyncedPort } from './proxier.ts';
import {
  backends,
  type Categories,
  categorize,
  type Family,
  SERVICE_NAME,
  servicePorts,
  slicesOf,
  WATCHED,
} from './state.ts';

const ZONE = 'topology.kubernetes.io/zone';
/** Syncs that may follow each other at once, before minSyncPeriod holds them back. */
const BURST = 2;
/** The release that has no userspace mode any more. */
const USERSPACE_ENDS = 26;
const MODES = ['', 'iptables', 'ipvs', 'nftables'];

/** The flags that kubeadm writes. */
const INSTALLED = /^--(config|hostname-override)=/;

/** The program, as an image runs it. `connect` gives a client with the Pod's own identity. */
export function kubeProxy(connect: (process: Process) => Client | undefined, minor: number): Program {
  return function* (process): Co<number> {
    const log = (where: string, text: string, level = 'I') => {
      process.stderr.write(
        `${level}${clock(process).klog.slice(1)} ${String(process.pid).padStart(7)} ${where}] ${text}\n`,
      );
    };
    const option = (name: string) => {
      const prefix = `--${name}=`;
      const at = process.argv.findIndex((arg) => arg.startsWith(prefix) || arg === `--${name}`);
      const arg = process.argv[at];
      return arg === undefined ? undefined : arg.startsWith(prefix) ? arg.slice(prefix.length) : process.argv[at + 1];
    };
    yield 30;
    if (process.argv.slice(1).some((arg) => !INSTALLED.test(arg))) {
      const problem = part('proxiers').flagProblem(process.argv, minor);
      if (problem !== undefined) {
        process.stderr.write(`${problem}\n`);
        return 1;
      }
    }
    const { fs, hostname } = process.host;
    const path = option('config');
    let config: KubeProxyConfiguration;
    try {
      if (path !== undefined && !fs.exists(path)) throw new Error(`open ${path}: no such file or directory`);
      config = parseConfiguration(path === undefined ? '' : fs.readFile(path));
      // As the file says, where there is one.
      if (path === undefined) config = { ...config, mode: option('proxy-mode') ?? config.mode };
    } catch (error) {
      log('server.go:121', `"Error running ProxyServer" err="failed complete: ${(error as Error).message}"`, 'E');
      return 1;
    }
    if (!MODES.includes(config.mode) && !(config.mode === 'userspace' && minor < USERSPACE_ENDS)) {
      const why = `KubeProxyConfiguration.mode: Invalid value: "${config.mode}": must be iptables,ipvs,nftables or blank (blank means the best-available proxy [currently iptables])`;
      log('server.go:121', `"Error running ProxyServer" err="failed validate: ${why}"`, 'E');
      return 1;
    }
    if (config.mode === 'ipvs' && !Object.hasOwn(part('proxiers').SCHEDULERS, config.scheduler)) {
      log(
        'server.go:121',
        `"Error running ProxyServer" err="the IPVS scheduler ${config.scheduler} is not modelled by this engine"`,
        'E',
      );
      return 1;
    }
    const unfit = misfit(config, process);
    if (unfit) {
      log('server.go:121', `"Error running ProxyServer" err="${unfit}"`, 'E');
      return 1;
    }
    const client = connect(process);
    if (!client) {
      log(
        'server.go:121',
        '"Error running ProxyServer" err="invalid configuration: no configuration has been provided"',
        'E',
      );
      return 1;
    }
    const proxy = new Proxy(
      process,
      client,
      config,
      option('hostname-override') ?? (config.hostnameOverride || hostname),
      minor,
      log,
    );
    try {
      return yield* proxy.run();
    } finally {
      proxy.stop();
    }
  };
}

/** What of the configuration does not go with the machine that the program runs on. */
function misfit({ kubeconfig, bindAddress }: KubeProxyConfiguration, { host }: Process): string | undefined {
  if (kubeconfig && !host.fs.exists(kubeconfig)) return `stat ${kubeconfig}: no such file or directory`;
  if (!bindAddress || /^(0\.0\.0\.0|::)$/.test(bindAddress) || host.net.addresses[0] === bindAddress) return undefined;
  return `the bindAddress ${bindAddress}, which is not the node's first one, is not modelled by this engine`;
}

/** Takes away what another mode has left, as far as it would stand in the way; what writes the rules of each family. */
function createProxiers(config: KubeProxyConfiguration, process: Process, families: readonly Family[]): Proxier[] {
  const { net, sim } = process.host;
  const { netfilter } = net;
  const each = (create: (family: Family) => Proxier) => families.map(create);
  if (config.mode === 'userspace') {
    cleanUpIpvs(net);
    if (netfilter) cleanUpIptables(netfilter);
    return [new (part('proxiers').UserspaceProxier)(process)];
  }
  if (config.mode === 'nftables') {
    cleanUpIpvs(net);
    if (netfilter) cleanUpIptables(netfilter);
    return each((family) => new (part('proxiers').NftablesProxier)({ ...config, net, family }));
  }
  cleanUpNftables(net);
  if (config.mode === 'ipvs') {
    if (netfilter && !netfilter.ipvs) cleanUpIptables(netfilter);
    return each((family) => new (part('proxiers').IpvsProxier)({ ...config, net, sim, family }));
  }
  if (netfilter?.ipvs) {
    cleanUpIpvs(net);
    cleanUpIptables(netfilter);
  }
  return each((family) => new IptablesProxier({ ...config, net, family }));
}

/** Of the machine's addresses, the primary one first; the userspace mode serves that one only. */
function familiesOf({ addresses }: NetworkNamespace, mode: string): Family[] {
  const all = new Set(addresses.map((ip): Family => (ip.includes(':') ? 'IPv6' : 'IPv4')));
  return [...all].slice(0, mode === 'userspace' ? 1 : 2);
}

/** What kube-proxy does for one family of addresses. */
interface FamilyProxy {
  family: Family;
  proxier: Proxier;
  /** What was last synced of each Service: UDP flows to what went are forgotten. */
  synced: Map<string, readonly SyncedPort[]>;
}

type Log = (where: string, text: string, level?: string) => void;

class Proxy {
  private readonly process: Process;
  private readonly client: Client;
  private readonly config: KubeProxyConfiguration;
  private readonly node: string;
  private readonly minor: number;
  private readonly log: Log;
  /** One, and on nodes with addresses of both families another. */
  private readonly families: FamilyProxy[];
  private readonly services = new Informer<Service>();
  private readonly slices = new Informer<EndpointSlice>();
  private readonly endpoints = new Informer<Endpoints>();
  private readonly nodes = new Informer<Node>();
  private readonly dirty = new Set<string>();
  private readonly health = new Map<string, { port: number; close: () => void }>();
  private readonly listeners: { close(): void }[] = [];
  private zone = '';
  private timer: Timer | undefined;
  private check: Timer | undefined;
  /** When the bucket of runs was last looked at, and what was in it. */
  private lastSync = 0;
  private runs = BURST;
  private updated = 0;

  constructor(process: Process, client: Client, config: KubeProxyConfiguration, node: string, minor: number, log: Log) {
    this.process = process;
    this.client = client;
    this.config = config;
    this.node = node;
    this.minor = minor;
    this.log = log;
    const families = familiesOf(process.host.net, config.mode);
    const proxiers = createProxiers(config, process, families);
    this.families = families.map((family, i) => ({ family, proxier: proxiers[i], synced: new Map() }));
  }

  *run(): Co<number> {
    const { log, process, config } = this;
    const { sim, net } = process.host;
    const mode = config.mode || 'iptables';
    log('server_linux.go:136', `"Using ${mode} Proxier"`);
    if (mode === 'ipvs') this.deprecate();
    log(
      'server.go:219',
      `"Successfully retrieved NodeIPs" NodeIPs=[${net.addresses
        .slice(0, this.families.length)
        .map((ip) => JSON.stringify(ip))
        .join(',')}]`,
    );
    if (config.nodePortAddresses.length === 0 && mode !== 'nftables') {
      log(
        'server.go:256',
        '"Kube-proxy configuration may be incomplete or incorrect" err="nodePortAddresses is unset; NodePort connections will be accepted on all local IPs. Consider using `--nodeport-addresses primary`"',
        'E',
      );
    }
    this.listen(config.healthzPort, undefined, (target) =>
      target === '/healthz' || target === '/livez' ? this.healthz() : undefined,
    );
    this.listen(config.metricsPort, '127.0.0.1', (target) =>
      target === '/proxyMode'
        ? mode
        : target === '/healthz'
          ? 'ok'
          : target === '/metrics'
            ? this.metrics()
            : undefined,
    );
    const watched =
      mode === 'userspace' ? ['service', 'endpoints'] : ['service', 'endpoint slice', 'serviceCIDR', 'node'];
    for (const kind of watched) {
      log('config.go:200', `"Starting ${kind} config controller"`);
    }
    this.nodes.on({ add: (node) => this.sawNode(node), update: (node) => this.sawNode(node) });
    this.nodes.start(this.client, 'v1', 'nodes', { fieldSelector: `metadata.name=${this.node}` });
    const service = ({ metadata }: Service) => this.mark(`${metadata.namespace}/${metadata.name}`);
    this.services.on({ add: service, update: service, delete: service });
    this.services.start(this.client, 'v1', 'services', { labelSelector: WATCHED });
    const owner = ({ metadata: { namespace, labels } }: EndpointSlice) => `${namespace}/${labels?.[SERVICE_NAME]}`;
    this.slices.addIndex('service', (slice) => [owner(slice)]);
    const slice = (object: EndpointSlice) => this.mark(owner(object));
    this.slices.on({ add: slice, update: slice, delete: slice });
    if (mode === 'userspace') this.watchEndpoints();
    else this.slices.start(this.client, 'discovery.k8s.io/v1', 'endpointslices', { labelSelector: WATCHED });
    this.sync();
    this.check = sim.every(this.config.syncPeriod, () => this.repair());
    yield* untilSignal(process, ['TERM', 'INT']);
    return 0;
  }

  /** The userspace mode never came to know EndpointSlices. */
  private watchEndpoints() {
    const changed = ({ metadata }: Endpoints) => this.mark(`${metadata.namespace}/${metadata.name}`);
    this.endpoints.on({ add: changed, update: changed, delete: changed });
    this.endpoints.start(this.client, 'v1', 'endpoints', { labelSelector: WATCHED });
  }

  /** Since v1.35. */
  private deprecate() {
    if (this.minor < 35) return;
    const message =
      "The ipvs proxier is now deprecated and may be removed in a future release. Please use 'nftables' instead.";
    this.log('server_linux.go:196', `"${message}"`, 'E');
    const recorder = new EventRecorder(this.process.host.sim, this.client, 'kube-proxy', this.node);
    const node = { kind: 'Node', name: this.node, uid: this.node, namespace: '' };
    recorder.event(node, 'Warning', 'IPVSDeprecation', message);
  }

  stop() {
    for (const informer of [this.services, this.slices, this.endpoints, this.nodes]) informer.stop();
    this.timer?.cancel();
    this.check?.cancel();
    for (const listener of this.listeners) listener.close();
    this.health.forEach(({ close }) => close());
  }

  private listen(port: number, address: string | undefined, answer: (target: string) => string | undefined) {
    const { sim, net } = this.process.host;
    const listener = serveHttp(
      sim,
      net,
      port,
      // eslint-disable-next-line require-yield
      function* ({ target }) {
        const body = answer(target.split('?')[0]);
        return body === undefined ? { status: 404, body: '404 page not found\n' } : { status: 200, body };
      },
      { address, process: this.process },
    );
    if (listener) this.listeners.push(listener);
  }

  private healthz(): string {
    const time = (ms: number) => `${new Date(ms).toISOString().replace('T', ' ').slice(0, 19)} +0000 UTC`;
    const { now } = this.process.host.sim;
    return JSON.stringify({ lastUpdated: time(this.updated), currentTime: time(now), nodeEligible: true });
  }

  private metrics(): string {
    const name = 'kubeproxy_sync_proxy_rules_iptables_last';
    let text = '';
    for (const { family, proxier } of this.families) {
      const rules = proxier.rulesWritten?.() ?? {};
      for (const table in rules) text += `${name}{ip_family="${family}",table="${table}"} ${rules[table]}\n`;
    }
    return (
      text &&
      `# HELP ${name} [ALPHA] Number of iptables rules written by kube-proxy in last sync\n# TYPE ${name} gauge\n${text}`
    );
  }

  private sawNode(node: Node) {
    const zone = node.metadata.labels?.[ZONE] ?? '';
    if (zone === this.zone) return;
    this.zone = zone;
    for (const service of this.services.list()) this.mark(`${service.metadata.namespace}/${service.metadata.name}`);
  }

  /** Inside the request that made the change: only noted. */
  private mark(service: string) {
    this.dirty.add(service);
    if (this.timer) return;
    const { sim } = this.process.host;
    // A bucket that holds BURST runs and gets one with every period.
    const { minSyncPeriod } = this.config;
    this.runs = Math.min(BURST, this.runs + (sim.now - this.lastSync) / minSyncPeriod);
    this.lastSync = sim.now;
    const wait = this.runs >= 1 ? 1 : Math.ceil((1 - this.runs) * minSyncPeriod);
    this.runs -= 1;
    this.timer = sim.after(wait, () => this.sync());
  }

  private sync() {
    this.timer?.cancel();
    this.timer = undefined;
    this.updated = this.process.host.sim.now;
    for (const key of this.dirty) this.syncService(key);
    this.dirty.clear();
    for (const { proxier } of this.families) proxier.commit();
  }

  private syncService(key: string) {
    const service = this.services.byKey(key);
    const endpoints = this.endpoints.byKey(key);
    const slices = endpoints ? slicesOf(endpoints) : this.slices.byIndex('service', key);
    let first: Categories | undefined;
    for (const { family, proxier, synced } of this.families) {
      const ports = service ? servicePorts(service, family) : [];
      const wanted = ports.map((port) => {
        const all = backends(slices, port.portName, port.protocol, this.node, family);
        return { port, all: categorize(port, all, this.zone, this.node) };
      });
      proxier.sync(key, wanted);
      this.forgetFlows(family, synced.get(key) ?? [], wanted);
      if (wanted.length) synced.set(key, wanted);
      else synced.delete(key);
      first ??= wanted[0]?.all;
    }
    this.serveHealth(key, service, first);
  }

  /** UDP has no end: flows to endpoints that went, and those that began before there were any, would go on. */
  private forgetFlows(family: Family, before: readonly SyncedPort[], now: readonly SyncedPort[]) {
    for (const { port } of [...before, ...now]) {
      if (port.protocol !== 'udp') continue;
      const current = now.find((one) => one.port.name === port.name && one.port.port === port.port);
      const live = new Set(current?.all.reachable.map(({ ip, port: number }) => hostPort(ip, number)));
      const own = new Set([port.clusterIP, ...port.externalIPs, ...port.loadBalancerIPs]);
      this.process.host.net.netfilter?.conntrack.remove(({ protocol, original, reply }) => {
        if (protocol !== 'udp' || !isOf(family)(original.destination)) return false;
        const toService = own.has(original.destination) && original.dport === port.port;
        if (!toService && !(port.nodePort && original.dport === port.nodePort)) return false;
        return !live.has(hostPort(reply.source, reply.sport));
      });
    }
  }

  /** The port by which a load balancer learns whether this node has endpoints of its own. */
  private serveHealth(key: string, service: Service | undefined, all: Categories | undefined) {
    const port = service?.spec?.healthCheckNodePort;
    const known = this.health.get(key);
    if (known && known.port !== port) {
      known.close();
      this.health.delete(key);
    }
    if (!port || this.health.has(key)) return;
    const { sim, net } = this.process.host;
    const [namespace, name] = key.split('/');
    const local = () =>
      (this.families.map(({ synced }) => synced.get(key)?.[0]?.all).find(Boolean) ?? all)?.local.length ?? 0;
    // eslint-disable-next-line require-yield
    const listener = serveHttp(sim, net, port, function* () {
      const count = local();
      const body = JSON.stringify(
        { service: { namespace, name }, localEndpoints: count, serviceProxyHealthy: true },
        null,
        '\t',
      );
      return {
        status: count ? 200 : 503,
        headers: [
          ['Content-Type', 'application/json'],
          ['X-Content-Type-Options', 'nosniff'],
          ['X-Load-Balancing-Endpoint-Weight', String(count)],
        ],
        body,
      };
    });
    if (listener) this.health.set(key, { port, close: () => listener.close() });
  }

  /** Somebody has flushed the tables: everything is written again. */
  private repair() {
    const lost = this.families.filter(({ proxier }) => !proxier.intact);
    if (!lost.length) return;
    for (const { proxier } of lost) {
      if (proxier.reloading) this.log('iptables.go:560', proxier.reloading);
      proxier.setUp();
    }
    for (const service of this.services.list())
      this.dirty.add(`${service.metadata.namespace}/${service.metadata.name}`);
    this.sync();
  }
}
