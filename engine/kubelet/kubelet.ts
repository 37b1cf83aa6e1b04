// The kubelet: the agent of one node. It watches the Pods bound to its node, keeps one worker for each, looks
// at the runtime once a second while something has changed there, and reports the node itself.

import { EventRecorder, Informer, type Client, type ResourceClient } from '../client/index.ts';
import { KubeletError, type ExecSession, type KubeletApi, type LogOptions } from '../apiserver/types.ts';
import type { Node, Pod, PodSpec, Service } from '../api/types.ts';
import { createHost, FileSystem, type Host, type Network, type NetworkNamespace, type Pipe } from '../linux/index.ts';
import type { Sim, Timer } from '../sim/index.ts';
import { quantityMilli, quantityValue } from '../api/quantity.ts';
import { Backoff } from './backoff.ts';
import { serviceEnv } from './env.ts';
import { KubeletServer } from './exec.ts';
import { ImageManager } from './image-manager.ts';
import { NodeStatusManager } from './node-status.ts';
import { ObjectCache } from './object-cache.ts';
import { PodWorker } from './pod-worker.ts';
import { podRequests } from './pod-spec.ts';
import { AddressPool } from './sandbox.ts';
import type { KubeletOptions, NodeSpec } from './types.ts';
import type { VolumeSources } from './volumes.ts';

// kubelet: plegRelistPeriod.
const RELIST_MS = 1000;
const NODE_RESOLV = 'nameserver 10.0.0.2\n';

/** What one container uses now, for metrics. */
export interface ContainerUsage {
  namespace: string;
  pod: string;
  container: string;
  memory: number;
  startedAt: number;
}

export class Kubelet implements KubeletApi {
  readonly sim: Sim;
  readonly client: Client;
  readonly node: NodeSpec;
  readonly network: Network;
  readonly nodeNet: NetworkNamespace;
  readonly machine: Host;
  readonly recorder: EventRecorder;
  readonly pods: ResourceClient<Pod>;
  readonly images: ImageManager;
  readonly addresses = new AddressPool();
  readonly crashBackoff = new Backoff();
  readonly clusterDNS: string;
  readonly clusterDomain: string;
  readonly volumeSources: VolumeSources;
  /** The kubelet process runs. */
  running = false;
  private readonly options: KubeletOptions;
  readonly objects: ObjectCache;
  private readonly nodeStatus: NodeStatusManager;
  private readonly server: KubeletServer;
  private readonly workers = new Map<string, PodWorker>();
  private readonly byKey = new Map<string, PodWorker>();
  private informers: Informer<never>[] = [];
  private services: Informer<Service> | undefined;
  private readonly serviceEnvs = new Map<string, Record<string, string>>();
  /** Workers whose containers have changed since the last relist. */
  private changed = new Set<PodWorker>();
  private relist: Timer | undefined;
  private startedAt = 0;
  private used = { cpu: 0, memory: 0, pods: 0 };

  constructor(options: KubeletOptions) {
    const { sim, client, node, network, images } = options;
    this.options = options;
    this.sim = sim;
    this.client = client;
    this.node = node;
    this.network = network;
    this.clusterDNS = options.clusterDNS ?? '10.96.0.10';
    this.clusterDomain = options.clusterDomain ?? 'cluster.local';
    this.pods = client.of<Pod>('v1', 'pods');
    this.recorder = new EventRecorder(sim, client, 'kubelet', node.name);
    this.machine =
      options.machine ??
      createHost({
        sim,
        hostname: node.name,
        fs: new FileSystem({ now: () => sim.now }),
        net: network.namespace([node.ip]),
      });
    this.nodeNet = this.machine.net;
    this.objects = new ObjectCache(client);
    this.images = new ImageManager(sim, images, this.recorder, () => this.nodeStatus.imagesChanged());
    this.nodeStatus = new NodeStatusManager({
      sim,
      client,
      node,
      recorder: this.recorder,
      images: () => this.images.list(),
      problem: () => this.networkError,
    });
    this.volumeSources = {
      sim,
      client,
      objects: this.objects,
      machine: this.machine,
      allocatable: this.nodeStatus.allocatable,
      hostIP: node.ip,
    };
    this.server = new KubeletServer(sim, (namespace, pod) => {
      if (!this.running) throw new KubeletError(502, `dial tcp ${node.ip}:10250: connect: connection refused`);
      return this.byKey.get(`${namespace}/${pod}`);
    });
  }

  get allocatable(): Readonly<Record<string, string>> {
    return this.nodeStatus.allocatable;
  }

  /** Starts the kubelet process: registers the node, takes over the Pods that are bound to it. */
  start() {
    if (this.running) return;
    this.running = true;
    this.startedAt = this.sim.now;
    this.nodeStatus.start();
    const { name } = this.node;
    const nodes = new Informer<Node>();
    nodes.on({ add: (node) => this.sawNode(node), update: (node) => this.sawNode(node) });
    nodes.start(this.client, 'v1', 'nodes', { fieldSelector: `metadata.name=${name}` });
    const services = new Informer<Service>();
    const forget = () => this.serviceEnvs.clear();
    services.on({ add: forget, update: forget, delete: forget });
    services.start(this.client, 'v1', 'services', {});
    this.services = services;
    const seen = new Set<string>();
    const pods = new Informer<Pod>();
    pods.on({
      add: (pod) => {
        seen.add(pod.metadata?.uid ?? '');
        this.sawPod(pod);
      },
      update: (pod) => this.sawPod(pod),
      delete: (pod) => this.workers.get(pod.metadata?.uid ?? '')?.removed(),
    });
    pods.start(this.client, 'v1', 'pods', { fieldSelector: `spec.nodeName=${name}` });
    this.informers = [nodes, services, pods] as unknown as Informer<never>[];
    // What ran before and is not in the API any more has to go.
    this.workers.forEach((worker, uid) => {
      if (!seen.has(uid)) worker.removed();
    });
  }

  /** Stops the kubelet process alone: containers go on, the node falls silent. */
  stop() {
    if (!this.running) return;
    this.running = false;
    this.nodeStatus.stop();
    for (const informer of this.informers) informer.stop();
    this.informers = [];
    this.relist?.cancel();
    this.relist = undefined;
    this.changed.clear();
    this.workers.forEach((worker) => worker.pause());
  }

  /** The machine loses power: the kubelet and all containers end at once. */
  crash() {
    this.stop();
    this.workers.forEach((worker) => worker.crash());
  }

  // ---- Pods ----------------------------------------------------------------------------------------------

  private sawNode(node: Node) {
    const cidr = node.spec?.podCIDR;
    if (!cidr || this.addresses.ready) return;
    this.addresses.range = cidr;
    // The handler runs inside the request that set the range: what follows from it comes a moment later.
    this.sim.after(1, () => this.nodeStatus.report());
  }

  private sawPod(pod: Pod) {
    const uid = pod.metadata?.uid ?? '';
    const known = this.workers.get(uid);
    if (known) {
      if (known.paused) known.resume(pod);
      else known.update(pod);
      return;
    }
    const worker = new PodWorker(this, pod);
    this.workers.set(uid, worker);
    this.byKey.set(worker.key, worker);
    worker.begin();
  }

  forget(worker: PodWorker) {
    this.workers.delete(worker.uid);
    if (this.byKey.get(worker.key) === worker) this.byKey.delete(worker.key);
  }

  /** Counts a Pod's requests in (1) or out (-1) of what the node has given away. */
  account(pod: Pod, sign: 1 | -1) {
    const { cpu, memory } = podRequests(pod.spec as PodSpec);
    this.used.cpu += sign * cpu;
    this.used.memory += sign * memory;
    this.used.pods += sign;
  }

  /** The kubelet's own check of a Pod that has been bound to it: why it cannot run here. */
  admit(pod: Pod): { reason: string; message: string } | undefined {
    const spec = pod.spec as PodSpec;
    const wanted = podRequests(spec);
    const { cpu, memory, pods } = this.allocatable;
    const limits: [string, number, number, number][] = [
      ['cpu', wanted.cpu, this.used.cpu, quantityMilli(cpu)],
      ['memory', wanted.memory, this.used.memory, quantityValue(memory)],
      ['pods', 1, this.used.pods, Number(pods)],
    ];
    for (const [resource, requested, used, capacity] of limits) {
      if (requested === 0 || requested + used <= capacity) continue;
      const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
      return { reason: `OutOf${resource}`, message };
    }
    return undefined;
  }

  /** Why Pods with a network of their own cannot start; undefined when they can. */
  get networkError(): string | undefined {
    if (this.addresses.ready) return undefined;
    return 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';
  }

  /**
   * Something happened in a worker's sandbox: it is looked at with the next relist. `report` alone: only the
   * status has to be written again.
   */
  containerChanged(worker: PodWorker, report = false) {
    if (!this.running) return;
    if (!report) worker.unseen = true;
    this.changed.add(worker);
    if (this.relist) return;
    const since = this.sim.now - this.startedAt;
    const next = this.startedAt + (Math.floor(since / RELIST_MS) + 1) * RELIST_MS;
    this.relist = this.sim.at(next, () => {
      this.relist = undefined;
      const workers = this.changed;
      this.changed = new Set();
      workers.forEach((each) => each.relisted());
    });
  }

  /** The service variables of a namespace's Pods; without links only those of the API server's service. */
  serviceEnvironment(namespace: string, links: boolean): Readonly<Record<string, string>> {
    const key = links ? namespace : '';
    let env = this.serviceEnvs.get(key);
    if (env) return env;
    const { services } = this;
    const own = links ? (services?.inNamespace(namespace) ?? []) : [];
    const master = services?.get('default', 'kubernetes');
    const all = own.filter((service) => service !== master);
    env = serviceEnv(master ? [master, ...all] : all);
    this.serviceEnvs.set(key, env);
    return env;
  }

  setupNetwork(net: NetworkNamespace, pod: Pod) {
    this.options.setupNetwork?.(net, pod);
  }

  get nodeResolv(): string {
    const { fs } = this.machine;
    return fs.exists('/etc/resolv.conf') ? fs.readFile('/etc/resolv.conf') : NODE_RESOLV;
  }

  /** What the containers of this node use now. */
  usage(): ContainerUsage[] {
    const list: ContainerUsage[] = [];
    this.workers.forEach((worker) => {
      const { name = '', namespace = '' } = worker.pod.metadata ?? {};
      worker.records.forEach(({ current }) => {
        if (current?.state !== 'running') return;
        list.push({
          namespace,
          pod: name,
          container: current.name,
          memory: current.memory,
          startedAt: current.startedAt,
        });
      });
    });
    return list;
  }

  // ---- KubeletApi ----------------------------------------------------------------------------------------

  logs(namespace: string, pod: string, container: string, options: LogOptions): Pipe {
    return this.server.logs(namespace, pod, container, options);
  }

  exec(
    namespace: string,
    pod: string,
    container: string,
    command: string[],
    options: { stdin: boolean; tty: boolean },
  ): ExecSession {
    return this.server.exec(namespace, pod, container, command, options);
  }

  attach(namespace: string, pod: string, container: string, options: { stdin: boolean; tty: boolean }): ExecSession {
    return this.server.attach(namespace, pod, container, options);
  }
}
