// The kubelet: the agent of one node. It watches the Pods bound to its node, keeps one worker for each, looks
// at the runtime once a second while something has changed there, and reports the node itself.

import { ApiError, EventRecorder, Informer, type Client, type ResourceClient } from '../client/index.ts';
import {
  KubeletError,
  type ExecSession,
  type KubeletApi,
  type LogOptions,
  type PortForward,
} from '../apiserver/types.ts';
import { createScheme, quantityValue } from '../api/index.ts';
import { hasRequiredAffinity, matchesRequiredAffinity } from '../api/node-selector.ts';
import { tolerated } from '../api/tolerations.ts';
import type { HostIP, Node, Pod, PodSpec, Scheme, Taint } from '../api/types.ts';
import {
  ComputedDir,
  createHost,
  FileSystem,
  type Host,
  hostPort,
  type Listener,
  type Network,
  type NetworkNamespace,
  type Pipe,
} from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Co, Sim, Timer } from '../sim/index.ts';
import { Allocation } from './allocation.ts';
import { Backoff } from './backoff.ts';
import {
  CONFIG_FILE,
  DNS_ADDRESS,
  readConfig,
  TUNING,
  type NodeLimits,
  type Settings,
  type Tuning,
} from './config-file.ts';
import { UserNamespaces } from './confinement.ts';
import type { Container } from './container.ts';
import { listen } from './endpoints.ts';
import type { KubeletServer } from './exec.ts';
import { EvictionManager, isCritical } from './eviction.ts';
import type { Figures } from './figures.ts';
import type { ServingCertificate } from './serving-certificate.ts';
import { ImageManager } from './image-manager.ts';
import { logLine } from './kubelet-log.ts';
import { placeLogFiles } from './log-files.ts';
import { NodeStatusManager } from './node-status.ts';
import { ObjectCache } from './object-cache.ts';
import { portsClash, wantsHostPorts } from './pod-spec.ts';
import { placePluginRegistry } from './plugin-registry.ts';
import { PodWorker } from './pod-worker.ts';
import { Relist } from './relist.ts';
import { runtimeTrouble, unreachable } from './runtime-health.ts';
import { RUNTIMES, type Runtime } from './runtimes.ts';
import { AddressPool } from './sandbox.ts';
import { ServiceLinks } from './service-links.ts';
import { isMirror, StaticPods } from './static-pods.ts';
import type { CsiVolumes, DeviceDrivers, KubeletOptions, NodeSpec } from './types.ts';
import { usageOf, type ContainerUsage } from './usage.ts';
import type { VolumeSources } from './volumes.ts';

// kubelet: from one try to register with the API server to the next, doubling.
const CONNECT_MS = 200;
const CONNECT_MAX_MS = 7000;
/** From the network's return until broken watches have been noticed and made anew. */
const RELINK_MS = 1000;
const NODE_RESOLV = 'nameserver 10.0.0.2\n';

export class Kubelet implements KubeletApi {
  readonly sim: Sim;
  readonly client: Client;
  readonly node: NodeSpec;
  /** Its addresses as its Pods' statuses have them. */
  readonly hostIPs: HostIP[];
  /** Since v1.29 a condition of its own says whether a Pod's sandbox is there. */
  readonly tellsOfSandboxes: boolean;
  readonly network: Network;
  readonly nodeNet: NetworkNamespace;
  readonly machine: Host;
  readonly recorder: EventRecorder;
  readonly pods: ResourceClient<Pod>;
  readonly images: ImageManager;
  readonly runtime: Runtime;
  readonly addresses = new AddressPool();
  readonly userNamespaces = new UserNamespaces();
  /** Of the other family, once the node has a range of it. */
  secondaryAddresses: AddressPool | undefined;
  /** The ranges of its Pods as they were given, of two families with a comma. */
  private ranges = '';
  readonly crashBackoff = new Backoff();
  clusterDNS: string;
  clusterDomain: string;
  /** How it comes by its serving certificate, unless it has made one itself. */
  private serving: ServingCertificate | undefined;
  volumeSources: VolumeSources;
  /** The kubelet process runs. */
  running = false;
  /** The machine is on. */
  power = true;
  /** Called when the machine loses its power, and when it has it again. */
  powered: ((on: boolean) => void) | undefined;
  /** Takes the machine off the network, or plugs it in. */
  plug: ((on: boolean) => void) | undefined;
  /** The machine is being shut down, and the kubelet ends its Pods in order. */
  shuttingDown = false;
  private goingDown = false;
  /** ms of CPU time that containers had which have ended since the machine was started. */
  spentCPU = 0;
  bootedAt: number;
  /** The machine is on the network: the API server can be reached, if it runs. */
  linked = true;
  /** This node in the API, as last seen. */
  nodeObject: Node | undefined;
  readonly statics: StaticPods;
  private readonly options: KubeletOptions;
  readonly objects: ObjectCache;
  private readonly nodeStatus: NodeStatusManager;
  private served: KubeletServer | undefined;
  readonly eviction: EvictionManager;
  readonly allocation: Allocation;
  readonly workers = new Map<string, PodWorker>();
  private readonly byKey = new Map<string, PodWorker>();
  private informers: Informer<never>[] = [];
  readonly serviceLinks = new ServiceLinks();
  private readonly relist: Relist;
  private connecting: Timer | undefined;
  /** The API server knows the node. */
  private registered = false;
  private scheme: Scheme | undefined;
  /** When the kubelet's process was started, and when it ended; ms. */
  startedAt = 0;
  /** Its configuration file, as it was when it started. */
  private configuration = '';
  private unsafeSysctls: readonly string[] = [];
  tuning: Tuning = TUNING;
  private limits: NodeLimits | undefined;
  private hardware: Readonly<Record<string, string>> | undefined;
  stoppedAt = 0;
  /** The container runtime answers; when that changed last. */
  runtimeRuns = true;
  runtimeSince = 0;
  private listeners: Listener[] = [];
  private csiVolumes: CsiVolumes | undefined;
  private deviceDrivers: DeviceDrivers | undefined;

  constructor(options: KubeletOptions) {
    const { sim, client, node, network, images } = options;
    this.options = options;
    this.sim = sim;
    this.relist = new Relist(sim);
    this.client = client;
    this.bootedAt = sim.now;
    this.node = node;
    this.hostIPs = [{ ip: node.ip }];
    if (node.secondaryIP) this.hostIPs.push({ ip: node.secondaryIP });
    this.tellsOfSandboxes = Number(/^v1\.(\d+)/.exec(node.kubeletVersion ?? '')?.[1] ?? 29) >= 29;
    this.runtime = RUNTIMES[node.runtime ?? 'containerd'];
    this.network = network;
    this.clusterDNS = options.clusterDNS ?? DNS_ADDRESS;
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
    this.machine.others = () => part('machine').nodeProcesses(this);
    this.machine.facts = () => part('machine').machineFacts(this);
    placeLogFiles(this.machine.fs.root, this.workers);
    placePluginRegistry(this);
    this.machine.fs.root.set('sys', new ComputedDir(() => part('machine').sysEntries(this)));
    this.machine.fs.root.set('proc', new ComputedDir(() => part('tools').procEntries(this.machine)));
    this.objects = new ObjectCache(client);
    this.images = new ImageManager(sim, images, this.recorder, () => this.nodeStatus.imagesChanged());
    this.nodeStatus = new NodeStatusManager({
      sim,
      client,
      node,
      recorder: this.recorder,
      images: () => this.images.list(),
      problem: () =>
        this.runtimeError ?? this.networkError ?? (this.shuttingDown ? 'node is shutting down' : undefined),
      pressures: () => this.eviction.verdicts(),
      tick: () => this.eviction.synchronize(),
    });
    this.eviction = new EvictionManager(this, this.nodeStatus);
    this.machine.fs.disk = this.eviction.disk;
    this.allocation = new Allocation(this.nodeStatus.allocatable);
    this.volumeSources = {
      sim,
      client,
      objects: this.objects,
      machine: this.machine,
      allocatable: this.nodeStatus.allocatable,
      hostIP: node.ip,
      node: node.name,
    };
    this.statics = new StaticPods(this, () => (this.scheme ??= options.scheme ?? createScheme()));
  }

  get allocatable(): Readonly<Record<string, string>> {
    return this.nodeStatus.allocatable;
  }

  /** Starts the kubelet process: runs static Pods, registers the node, takes over the Pods that are bound to it. */
  start() {
    if (this.running) return;
    const settings = this.settings();
    if (typeof settings === 'string')
      return this.log('E', 'run.go:72', `"command failed" err=${JSON.stringify(settings)}`);
    this.running = true;
    const file = this.machine.fs.find(CONFIG_FILE);
    this.configuration = file?.kind === 'file' ? file.text : '';
    if (!this.power) {
      this.nodeStatus.reboot();
      this.bootedAt = this.sim.now;
      this.spentCPU = 0;
    }
    if (!this.power) {
      this.plug?.(true);
      this.powered?.(true);
    }
    this.power = true;
    this.startedAt = this.sim.now;
    if (this.runtimeSince === 0) this.runtimeSince = this.sim.now;
    ({ clusterDNS: this.clusterDNS, clusterDomain: this.clusterDomain } = settings);
    this.unsafeSysctls = settings.allowedUnsafeSysctls ?? [];
    this.limit(settings.node);
    this.tune(settings.tuning ?? TUNING);
    this.serving = settings.serverTLSBootstrap ? new (part('kubelet').ServingCertificate)(this) : undefined;
    this.listeners = listen(this.sim, this.machine, this.serving);
    const readOnly = settings.readOnlyPort && part('kubelet').serveReadOnly(this, settings.readOnlyPort);
    if (readOnly) this.listeners.push(readOnly);
    const { plugins } = this.options;
    // Plug-ins that have their range from the kubelet alone wait until it has seen its Node again.
    if (plugins && plugins().subnet === undefined) this.useRanges('');
    this.statics.start(settings.staticPodPath);
    this.connect(CONNECT_MS);
  }

  /** Takes over how much of the machine Pods get; what was told before counts until then. */
  private limit(limits: NodeLimits | undefined) {
    if (limits === this.limits) return;
    this.limits = limits;
    this.hardware ??= this.nodeStatus.capacity;
    const { pods } = this.hardware;
    const kept = limits ?? { maxPods: Number(pods), reserved: {}, memory: '100Mi', disk: '10%' };
    const { capacity, allocatable, thresholds } = part('kubelet').limitedNode(this.hardware, kept);
    this.nodeStatus.offer(capacity, allocatable);
    this.eviction.setThresholds(thresholds);
    this.allocation.offer(allocatable);
    this.volumeSources = { ...this.volumeSources, allocatable };
  }

  private tune(tuning: Tuning) {
    if (tuning === this.tuning) return;
    this.tuning = tuning;
    this.crashBackoff.limits = tuning.restart;
    this.images.parallel = tuning.parallelPulls;
    const { announceShutdown, thresholdsOf } = part('kubelet');
    this.eviction.tune((hard, signals, most) => thresholdsOf(tuning, hard, signals, most));
    announceShutdown(this);
  }

  /** What its configuration file says now; a string: why it does not start with it. */
  settings(): Settings | string {
    const { clusterDNS = DNS_ADDRESS, clusterDomain = 'cluster.local' } = this.options;
    return readConfig(this.machine.fs, clusterDNS, clusterDomain);
  }

  /** PEM of the authority behind its serving certificate: '' as long as it has none, undefined for its own. */
  get servingAuthority(): string | undefined {
    return this.serving?.authority;
  }

  /** Tries to reach the API server until it answers. */
  private connect(wait: number) {
    try {
      this.nodeStatus.start();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.log('E', 'kubelet_node_status.go:107', `"Unable to register node with API server" err="${error.message}"`);
      this.connecting = this.sim.after(wait, () => this.connect(Math.min(2 * wait, CONNECT_MAX_MS)));
      return;
    }
    this.connected();
  }

  private connected() {
    const { name } = this.node;
    const nodes = new Informer<Node>();
    nodes.on({ add: (node) => this.sawNode(node), update: (node) => this.sawNode(node) });
    nodes.start(this.client, 'v1', 'nodes', { fieldSelector: `metadata.name=${name}` });
    const services = this.serviceLinks.watch(this.client);
    this.registered = true;
    const seen = new Set<string>();
    const pods = new Informer<Pod>();
    pods.on({
      add: (pod) => {
        seen.add(pod.metadata?.uid ?? '');
        this.sawPod(pod);
      },
      update: (pod) => this.sawPod(pod),
      delete: (pod) => {
        if (!this.runtimeRuns) return;
        if (isMirror(pod)) this.statics.mirrorGone(pod);
        else this.workers.get(pod.metadata?.uid ?? '')?.removed();
      },
    });
    pods.start(this.client, 'v1', 'pods', { fieldSelector: `spec.nodeName=${name}` });
    this.informers = [nodes, services, pods] as unknown as Informer<never>[];
    // What ran before and is not in the API any more has to go.
    this.workers.forEach((worker, uid) => {
      if (!worker.isStatic && !seen.has(uid)) worker.removed();
    });
  }

  /** Stops the kubelet process alone: containers go on, the node falls silent. */
  stop() {
    if (!this.running) return;
    this.running = false;
    this.stoppedAt = this.sim.now;
    this.connecting?.cancel();
    for (const listener of this.listeners) listener.close();
    this.listeners = [];
    this.serving?.stop();
    this.statics.stop();
    this.nodeStatus.stop();
    this.unwatch();
    this.registered = false;
    this.relist.stop();
    this.workers.forEach((worker) => worker.pause());
  }

  /** The container runtime's process ends: containers go on, but nobody starts, stops or looks at any. */
  stopRuntime() {
    if (!this.runtimeRuns) return;
    this.runtimeRuns = false;
    this.runtimeSince = this.sim.now;
    this.workers.forEach((worker) => worker.pause());
  }

  startRuntime() {
    if (this.runtimeRuns) return;
    this.runtimeRuns = true;
    this.runtimeSince = this.sim.now;
    if (!this.running) return;
    this.statics.stop();
    this.statics.start();
    if (!this.registered) return;
    this.unwatch();
    this.relink();
  }

  private get runtimeError(): string | undefined {
    return this.runtimeRuns ? undefined : runtimeTrouble(this.sim.now - this.runtimeSince);
  }

  private unwatch() {
    for (const informer of this.informers) informer.stop();
    this.informers = [];
  }

  /** The machine is taken off the network, or is back on it: watches break, and everything is listed anew. */
  link(linked: boolean) {
    if (this.linked === linked) return;
    this.linked = linked;
    if (!this.running || !this.registered) return;
    if (linked) this.sim.after(RELINK_MS, () => this.relink());
    else {
      this.unwatch();
      this.statics.forgetMirrors();
    }
  }

  private relink() {
    if (!this.running || !this.linked || this.informers.length) return;
    try {
      this.connected();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.unwatch();
      this.sim.after(CONNECT_MAX_MS, () => this.relink());
    }
  }

  /** All containers are stopped and removed behind the kubelet's back; it does not run. */
  removeContainers() {
    this.statics.clear();
    for (const worker of [...this.workers.values()]) {
      worker.crash();
      this.forget(worker);
    }
  }

  /** The machine is shut down: what runs may end first. `restart`: it comes up again. */
  powerOff(restart = false) {
    if (!this.power || this.goingDown) return;
    this.goingDown = true;
    part('kubelet').shutDown(this, restart);
  }

  /** The node's status is to be told now. */
  reportNode() {
    this.nodeStatus.report();
  }

  /** Static Pods whose last state does not count any more; their manifests are read when the kubelet starts. */
  forgetStatics() {
    this.statics.clear();
    for (const worker of [...this.workers.values()]) if (worker.isStatic) this.forget(worker);
  }

  /** The machine loses power: the kubelet and all containers end at once. */
  crash() {
    this.power = false;
    this.goingDown = this.shuttingDown = false;
    this.plug?.(false);
    this.powered?.(false);
    this.stop();
    this.workers.forEach((worker) => worker.crash());
    this.csiVolumes?.crashed();
    this.deviceDrivers?.crashed();
  }

  // ---- devices ---------------------------------------------------------------------------------------------

  get devices(): DeviceDrivers {
    return (this.deviceDrivers ??= part('devices').deviceDrivers(this));
  }

  *releaseDevices(worker: PodWorker): Co {
    if (this.deviceDrivers) yield* this.deviceDrivers.unprepare(worker);
  }

  // ---- volumes of CSI drivers ------------------------------------------------------------------------------

  get csi(): CsiVolumes {
    return (this.csiVolumes ??= part('csi').kubeletCsi(this));
  }

  /** Whether it has volumes of CSI drivers to look after. */
  get hasDrivers(): boolean {
    return this.csiVolumes !== undefined;
  }

  *expandVolumes(worker: PodWorker): Co {
    if (this.csiVolumes) yield* this.csiVolumes.expand(worker);
  }

  *releaseVolumes(worker: PodWorker): Co {
    if (this.csiVolumes) yield* this.csiVolumes.release(worker);
  }

  // ---- Pods ----------------------------------------------------------------------------------------------

  private sawNode(node: Node) {
    this.nodeObject = node;
    this.nodeStatus.seen(node);
    const cidr = node.spec?.podCIDR;
    if (!cidr || this.addresses.ready || this.options.plugins?.().subnet !== undefined) return;
    this.useRanges(node.spec?.podCIDRs?.join() ?? cidr);
    // The handler runs inside the request that set the range: what follows from it comes a moment later.
    this.sim.after(1, () => this.nodeStatus.report());
  }

  private useRanges(text: string) {
    if (text === this.ranges) return;
    this.ranges = text;
    const [primary, secondary] = text.split(',');
    this.addresses.range = primary;
    if (secondary !== undefined) this.secondaryAddresses ??= new AddressPool();
    if (this.secondaryAddresses) this.secondaryAddresses.range = secondary ?? '';
  }

  private sawPod(pod: Pod) {
    if (!this.runtimeRuns) return;
    if (isMirror(pod)) {
      this.statics.sawMirror(pod);
      return;
    }
    const uid = pod.metadata?.uid ?? '';
    const known = this.workers.get(uid);
    if (known) {
      if (known.paused) known.resume(pod);
      else known.update(pod);
      return;
    }
    this.take(new PodWorker(this, pod));
  }

  private take(worker: PodWorker) {
    this.workers.set(worker.uid, worker);
    this.byKey.set(worker.key, worker);
    this.eviction.watch(worker);
    worker.begin();
  }

  forget(worker: PodWorker) {
    this.workers.delete(worker.uid);
    this.eviction.unwatch(worker);
    if (this.byKey.get(worker.key) === worker) this.byKey.delete(worker.key);
    if (worker.isStatic) this.statics.ended(worker);
  }

  /** A manifest says that this Pod runs here; one of the same name that still ends goes first. */
  staticWanted(pod: Pod) {
    const known = this.byKey.get(`${pod.metadata?.namespace}/${pod.metadata?.name}`);
    if (!known) this.take(new PodWorker(this, pod, true));
    else if (known.paused && known.uid === pod.metadata?.uid) known.resume(pod);
  }

  /** Its manifest is gone, or says something else now. */
  staticGone(pod: Pod) {
    this.workers.get(pod.metadata?.uid ?? '')?.removed();
  }

  staticWorker(key: string): PodWorker | undefined {
    const worker = this.byKey.get(key);
    return worker?.isStatic ? worker : undefined;
  }

  /** A line of the kubelet's log, where nothing else could say it. */
  log(level: 'I' | 'W' | 'E', where: string, text: string) {
    logLine(this.machine.fs, this.sim.now, level, where, text);
  }

  /** The kubelet's own check of a Pod that has been bound to it: why it cannot run here. */
  admit(pod: Pod, worker: PodWorker): { reason: string; message: string } | undefined {
    if (this.shuttingDown) return { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' };
    const pressed = this.eviction.refuses(pod);
    if (pressed) return { reason: 'Evicted', message: pressed };
    const spec = pod.spec as PodSpec;
    const special =
      (spec.os ?? spec.securityContext?.sysctls) ? part('kubelet').refusal(pod, this.unsafeSysctls) : undefined;
    if (special) return special;
    const short = this.allocation.refusal(pod);
    const wrong = this.misplacement(spec, worker);
    if (short && !wrong && isCritical(pod)) return part('kubelet').makeRoom(this, pod);
    return short ?? (wrong && part('kubelet').misplaced(wrong));
  }

  /** What of the scheduler's rules a Pod breaks that was bound by somebody else. */
  private misplacement(spec: PodSpec, own: PodWorker): 'affinity' | 'ports' | 'taints' | undefined {
    const { name } = this.node;
    const { metadata, spec: { taints } = {} } = this.nodeObject ?? {};
    if (metadata && hasRequiredAffinity(spec)) {
      if (!matchesRequiredAffinity(spec, { name, labels: metadata.labels ?? {} })) return 'affinity';
    }
    if (wantsHostPorts(spec)) {
      for (const worker of this.workers.values()) {
        if (worker === own || worker.phase !== 'syncing' || worker.failure) continue;
        if (portsClash(spec, worker.pod.spec as PodSpec)) return 'ports';
      }
    }
    if (!taints || own.isStatic) return undefined;
    const repels = (taint: Taint) => taint.effect === 'NoExecute' && !tolerated(taint, spec.tolerations);
    return taints.some(repels) ? 'taints' : undefined;
  }

  /** Why Pods with a network of their own cannot start; undefined when they can. */
  get networkError(): string | undefined {
    const plugins = this.options.plugins?.();
    if (plugins?.subnet !== undefined) this.useRanges(plugins.subnet);
    if (this.addresses.ready && (plugins?.configured ?? true)) return undefined;
    if (plugins?.unready !== undefined) return plugins.unready;
    return 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';
  }

  /**
   * Something happened in a worker's sandbox: it is looked at with the next relist. `report` alone: only the
   * status has to be written again.
   */
  containerChanged(worker: PodWorker, report = false) {
    if (!this.running || !this.runtimeRuns) return;
    if (!report) worker.unseen = true;
    this.relist.add(worker, this.startedAt);
  }

  /** Why the network plug-ins cannot wire a Pod up. */
  pluginProblem(): string | undefined {
    return this.options.plugins?.().problem;
  }

  /** What the plug-ins say when all addresses are taken. */
  get addressesTaken(): string {
    return this.options.plugins?.().full ?? 'no IP addresses available in range set';
  }

  /** A Pod's network namespace: wired up by the plug-ins, or else on the machines' LAN. */
  podNetwork(pod: Pod, ips: readonly string[]): NetworkNamespace {
    const { setupNetwork } = this.options;
    if (!setupNetwork) return this.network.namespace(ips);
    const net = this.network.namespace();
    setupNetwork(net, pod, ips, this.ranges);
    return net;
  }

  get nodeResolv(): string {
    const { fs } = this.machine;
    return fs.exists('/etc/resolv.conf') ? fs.readFile('/etc/resolv.conf') : NODE_RESOLV;
  }

  /** What the running containers of this node use; the kubelet answers while it runs. */
  usage(): ContainerUsage[] {
    return this.running ? usageOf(this.workers.values()) : [];
  }

  /** The answer to a GET of figures: /metrics/resource, /metrics/cadvisor, /stats/summary. */
  figures(path: string): Figures | undefined {
    if (path === '/configz') return { type: 'application/json', body: part('kubelet').configz(this.configuration) };
    return part('kubelet').figures(path, {
      node: this.node.name,
      now: this.sim.now,
      bootedAt: this.bootedAt,
      spentBefore: this.spentCPU,
      memory: quantityValue(this.nodeStatus.capacity.memory),
      workers: this.workers.values(),
      fs: this.machine.fs,
    });
  }

  /** What the machine has, as its Node says. */
  get capacity(): Readonly<Record<string, string>> {
    return this.nodeStatus.capacity;
  }

  /** A container of a Pod, as the runtime knows it. */
  container(namespace: string, pod: string, name: string): Container | undefined {
    return this.byKey.get(`${namespace}/${pod}`)?.records.get(name)?.current;
  }

  /** Files of nobody's take up the disk until only this share of it is free; undefined: they are gone. */
  fillDisk(free: number | undefined) {
    this.eviction.fill(free);
  }

  // ---- KubeletApi ----------------------------------------------------------------------------------------

  /** Made when it is first asked. */
  private get server(): KubeletServer {
    return (this.served ??= new (part('kubelet').KubeletServer)(this.sim, (namespace, pod) => {
      if (!this.running)
        throw new KubeletError(502, `dial tcp ${hostPort(this.node.ip, 10250)}: connect: connection refused`);
      if (!this.runtimeRuns) throw new KubeletError(500, unreachable(this.runtime));
      return this.byKey.get(`${namespace}/${pod}`);
    }));
  }

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

  portForward(namespace: string, pod: string): PortForward {
    return this.server.portForward(namespace, pod);
  }
}
