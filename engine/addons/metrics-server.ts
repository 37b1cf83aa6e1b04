// metrics-server: asks the kubelets what their containers use and serves it as metrics.k8s.io while its Pod runs.

import { matchesRequirements } from '../api/selectors.ts';
import type { Handle } from '../apiserver/types.ts';
import type { Core } from '../apiserver/handlers/types.ts';
import { InformerFactory, timestamp, type Client, type Informer } from '../client/index.ts';
import type { Node, Pod } from '../api/types.ts';
import { clock, untilSignal } from '../images/service.ts';
import type { Repository } from '../images/types.ts';
import { goDuration } from '../kubelet/format.ts';
import { DAEMONS, type ContainerUsage } from '../kubelet/usage.ts';
import type { NetworkNamespace, Program } from '../linux/index.ts';
import {
  serveMetrics,
  usageOf,
  type MetricsSource,
  type NodeMetrics,
  type PodMetrics,
} from '../metrics/metrics-api.ts';
import { part } from '../parts/index.ts';
import type { Co, Sim } from '../sim/index.ts';
import { inClusterClient } from './in-cluster.ts';
import type { MetricsServerFlags } from './metrics-server-flags.ts';
import { METRICS_SERVER_ARGS } from './metrics-server-manifests.ts';

/** What it runs with where nobody has changed its Deployment. */
const INSTALLED: MetricsServerFlags = {
  resolution: 15_000,
  securePort: 10250,
  certDir: '/tmp',
  addressTypes: ['InternalIP', 'ExternalIP', 'Hostname'],
  kubeletPort: undefined,
  nodes: [],
};

/** A kubelet's word on its containers. */
export interface UsageReporter {
  readonly running: boolean;
  usage(): Iterable<ContainerUsage>;
}

export interface MetricsServerOptions {
  core: Core;
  /** By node name. */
  kubelets: ReadonlyMap<string, UsageReporter>;
}

class Scraper implements MetricsSource {
  private readonly sim: Sim;
  /** The Pod's own. */
  private readonly net: NetworkNamespace;
  private readonly kubelets: ReadonlyMap<string, UsageReporter>;
  private readonly flags: MetricsServerFlags;
  private readonly nodeInformer: Informer<Node>;
  private readonly podInformer: Informer<Pod>;
  private scrapedAt = -Infinity;
  private nodeList: NodeMetrics[] = [];
  private byNamespace = new Map<string, Map<string, PodMetrics>>();

  constructor(
    sim: Sim,
    net: NetworkNamespace,
    kubelets: ReadonlyMap<string, UsageReporter>,
    informers: InformerFactory,
    flags: MetricsServerFlags,
  ) {
    this.flags = flags;
    this.sim = sim;
    this.net = net;
    this.kubelets = kubelets;
    this.nodeInformer = informers.of<Node>('v1', 'nodes');
    this.podInformer = informers.of<Pod>('v1', 'pods');
  }

  nodes(): NodeMetrics[] {
    this.refresh();
    return this.nodeList;
  }

  pods(namespace: string): PodMetrics[] {
    this.refresh();
    if (namespace) return [...(this.byNamespace.get(namespace)?.values() ?? [])];
    return [...this.byNamespace.values()].flatMap((pods) => [...pods.values()]);
  }

  /** The kubelets keep the rates themselves, so nothing has to be asked before somebody wants to know. */
  private refresh() {
    const { now } = this.sim;
    const { resolution, nodes, addressTypes } = this.flags;
    if (now - this.scrapedAt < resolution) return;
    this.scrapedAt = now;
    const common = { timestamp: timestamp(now), window: goDuration(resolution) };
    this.nodeList = [];
    this.byNamespace = new Map();
    for (const node of this.nodeInformer.list()) {
      const kubelet = this.kubelets.get(node.metadata.name as string);
      if (nodes.length && !matchesRequirements(nodes, node.metadata.labels ?? {})) continue;
      const address = addressOf(node, addressTypes);
      const port = this.flags.kubeletPort ?? node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
      // A name of the node's own is not known in the cluster.
      const ip = address?.type.endsWith('IP') ? address.address : undefined;
      if (!kubelet?.running || !ip || this.net.reach('tcp', ip, port)) continue;
      let cpu = DAEMONS.cpuMillis;
      let memory = DAEMONS.memoryBytes;
      for (const { namespace, pod, container, cpuMillis, memoryBytes, startedAt } of kubelet.usage()) {
        cpu += cpuMillis;
        memory += memoryBytes;
        // A rate takes two looks.
        if (startedAt + resolution > now) continue;
        const metrics = this.podMetrics(namespace, pod, common);
        metrics?.containers.push({ name: container, usage: usageOf(cpuMillis, memoryBytes) });
      }
      this.nodeList.push({
        ...HEAD('NodeMetrics'),
        metadata: { ...named(node), creationTimestamp: common.timestamp },
        ...common,
        usage: usageOf(cpu, memory),
      });
    }
  }

  private podMetrics(namespace: string, name: string, common: object): PodMetrics | undefined {
    const pod = this.podInformer.get(namespace, name);
    if (!pod) return undefined;
    let pods = this.byNamespace.get(namespace);
    if (!pods) this.byNamespace.set(namespace, (pods = new Map()));
    let metrics = pods.get(name);
    if (!metrics) {
      const metadata = { ...named(pod), namespace, creationTimestamp: timestamp(this.sim.now) };
      metrics = { ...HEAD('PodMetrics'), metadata, ...common, containers: [] };
      pods.set(name, metrics);
    }
    return metrics;
  }
}

/** Of the first type that the node has an address of. */
function addressOf({ status }: Node, types: readonly string[]) {
  for (const wanted of types) {
    const found = status?.addresses?.find(({ type }) => type === wanted);
    if (found) return found;
  }
  return undefined;
}

const HEAD = (kind: string) => ({ kind, apiVersion: 'metrics.k8s.io/v1beta1' });
const named = ({ metadata: { name, labels } }: Node | Pod) => (labels ? { name, labels } : { name });

const metricsServer = (handle: Handle, { core, kubelets }: MetricsServerOptions): Program =>
  function* (process): Co<number> {
    const say = (line: string) => process.stderr.write(`${clock(process).klog}       1 ${line}\n`);
    const installed = process.argv.slice(1).join(' ') === METRICS_SERVER_ARGS.join(' ');
    const flags = installed ? INSTALLED : part('control-plane').metricsServerFlags(process.argv);
    if (typeof flags === 'string') {
      process.stderr.write(`${flags}\n`);
      return 1;
    }
    const client: Client | undefined = inClusterClient(process, handle, 'metrics-server');
    if (!client) {
      say(
        'run.go:74] "command failed" err="unable to construct lister client config: open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory"',
      );
      return 1;
    }
    const { sim, net } = process.host;
    const informers = new InformerFactory(client);
    say(`serving.go:380] Generated self-signed cert (${flags.certDir}/apiserver.crt, ${flags.certDir}/apiserver.key)`);
    const stop = serveMetrics(core, new Scraper(sim, net, kubelets, informers, flags));
    say(`secure_serving.go:211] Serving securely on [::]:${flags.securePort}`);
    yield* untilSignal(process);
    stop();
    informers.stop();
    return 0;
  };

export const metricsServerImages = (handle: Handle, options: MetricsServerOptions): Repository[] => [
  {
    names: ['registry.k8s.io/metrics-server/metrics-server'],
    tags: { 'v0.8.0': 'v0.8.0' },
    size: 21_800_000,
    user: '65534:65534',
    entrypoint: ['/metrics-server'],
    programs: { '/metrics-server': metricsServer(handle, options) },
    memory: 18_000_000,
  },
];
