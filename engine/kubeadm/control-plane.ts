// The control plane of a kubeadm cluster: static Pods whose programs are the running components. The scheduler
// schedules because its container runs; the API answers while an API server and a majority of etcd do.

import type { Pod } from '../api/types.ts';
import type { OpenIdTokens } from '../apiserver/authentication/openid-tokens.ts';
import type { ApiRequest, ApiResponse, Handle } from '../apiserver/types.ts';
import { Client } from '../client/index.ts';
import type { Etcd, KeyValue } from '../etcd/index.ts';
import { clock, flagValue, untilSignal } from '../images/service.ts';
import type { Repository } from '../images/types.ts';
import { ManifestFile } from '../kubelet/index.ts';
import {
  announceHealth,
  FileNode,
  programFile,
  serveHttp,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type NetworkNamespace,
  type Process,
  type Program,
  type Tls,
  type TreeEntry,
} from '../linux/index.ts';
import { lazyProgram, part } from '../parts/index.ts';
import { Signal, type Co, type Sim } from '../sim/index.ts';
import { apiOverHttp } from './api-over-http.ts';
import { COMPONENTS, ETCD_TAG, manifest, type ComponentName, type ManifestOptions } from './control-plane-manifests.ts';
import { certificateFiles, kubeconfig } from './certificate-files.ts';
import { clusterObjects } from './cluster-objects.ts';
import { readFlags, type Refusal } from './component-flags.ts';
import { EtcdMembers } from './etcd-members.ts';
import { etcdProgram } from './etcd-program.ts';
import { keepIdentity } from './identity-lease.ts';
import { elect } from './leader-election.ts';
import { managerFlags, type ManagerFlags } from './manager-flags.ts';
import { releaseTags } from './releases.ts';
import { serverFlags, type ServerFlags } from './server-flags.ts';

/** Something that works until it is stopped. */
export interface Running {
  stop(): void;
}

export interface ControlPlaneOptions {
  sim: Sim;
  version: string;
  /** Addresses of the control-plane nodes that the cluster is born with; each has an etcd member and an API server. */
  addresses: readonly string[];
  podCIDR: string;
  serviceCIDR: string;
  /** PEM text of the cluster's authority. */
  ca: string;
  /** The administrator's, in PEM. */
  admin: { certificate: string; key: string };
  /** When kubeadm made the certificates, ms. */
  made: number;
  /** When the reader's first command starts, ms: nobody looks before. */
  birth: number;
  /** The API server itself, whether or not it can be reached. */
  serve: Handle;
  /** The first API server of a cluster starts, on this machine: its store is empty. */
  bootstrap: (net: NetworkNamespace) => void;
  /** An API server of this version serves from now on. */
  serves: (version: string) => void;
  /** What the members of etcd keep. */
  store: Etcd;
  /** The bytes of a value in it; undefined where they are not modelled. */
  stored: (kv: KeyValue) => Uint8Array | undefined;
  /** How a component reaches the API. */
  client: (component: string) => Client;
  startScheduler: (client: Client, host: string, version: string) => Running;
  startControllers: (client: Client, flags: ManagerFlags, version: string) => Controllers;
  /** The API server's connections into the cluster go through Konnectivity. */
  tunnel: boolean;
  /** An API server starts with these flags. */
  configureServer: (flags: ServerFlags & { openId: OpenIdTokens | undefined }) => void;
}

interface Controllers extends Running {
  readonly names: readonly string[];
  readonly disabled: readonly string[];
}

/** The release that kubeadm uses, and those of examples. */
const ETCD_TAGS = [ETCD_TAG, '3.6.5-0', '3.6.4-0', '3.5.21-0', '3.5.15-0', '3.5.6-0', '3.5.1-0'];
/** How long an API server waits for its store before it gives up. */
const ETCD_TIMEOUT_MS = 20_000;
/** The minor release from which resource.k8s.io/v1 is served, and watched by the scheduler. */
const RESOURCE_V1 = 34;
/** client-go: the longest time from one try to watch to the next. */
const WATCH_RETRY_MS = 30_000;
/** How long it takes to fill an empty store, before it serves. */
const FIRST_START_MS = 3000;

export class ControlPlane {
  readonly repositories: readonly Repository[];
  private readonly options: ControlPlaneOptions;
  /** API servers that run, by host name. */
  private readonly servers = new Set<string>();
  readonly members: EtcdMembers;
  private readonly etcdctl: Program;
  /** Until the first API server's container runs, the one that kubeadm's boot is served by does. */
  private booting: boolean;
  /** The release of the API server that started last. */
  private serving: string;
  /** The store has what an API server puts into an empty one. */
  private bootstrapped: boolean;
  private readonly reachable = new Signal();
  private refused!: ApiResponse;
  private silent!: ApiResponse;
  /** An API server without a majority of etcd behind it. */
  private stalled!: ApiResponse;
  /** The control-plane nodes by name, with what their manifests were made from. */
  private readonly nodes = new Map<string, ManifestOptions>();
  /** Machines that are off the network. */
  private readonly unplugged = new Set<string>();

  constructor(options: ControlPlaneOptions) {
    this.options = options;
    this.booting = this.bootstrapped = options.addresses.length > 0;
    this.serving = options.version;
    this.moved();
    this.members = new EtcdMembers(options.sim.random('etcd').hex(16), (from, to) => this.path(from, to));
    const { version } = options;
    this.etcdctl = lazyProgram(() => {
      const { store, stored } = options;
      return part('machine').etcdctl({ store, stored, members: this.members, version: ETCD_TAG.split('-')[0] });
    });
    this.repositories = [
      repository(
        'etcd',
        ETCD_TAGS,
        24_600_000,
        45_000_000,
        12,
        etcdProgram({
          join: (host) => this.join(host),
          tlsOf: (process) => this.etcdTls(process),
          standard: (process) =>
            this.nodes.has(process.host.hostname) ? this.standard('etcd', process, version) : undefined,
        }),
        {
          '/usr/local/bin/etcdctl': this.etcdctl,
        },
      ),
      released(
        'kube-apiserver',
        version,
        27_700_000,
        260_000_000,
        35,
        (release) => (process) => this.apiServer(process, release),
      ),
      released(
        'kube-controller-manager',
        version,
        23_100_000,
        58_000_000,
        15,
        (release) => (process) => this.controllerManager(process, release),
      ),
      released(
        'kube-scheduler',
        version,
        17_300_000,
        24_000_000,
        4,
        (release) => (process) => this.scheduler(process, release),
      ),
    ];
  }

  /** The API as clients outside the nodes reach it. */
  readonly handle: Handle = (request: ApiRequest) =>
    this.reaches() ? this.options.serve(request) : this.stalls() ? this.stalled : this.refused;

  /** The API as a node reaches it. */
  handleFrom(node: string, request: ApiRequest): ApiResponse {
    if (this.reaches(node)) return this.options.serve(request);
    if (this.stalls(node)) return this.stalled;
    return this.connects(node) ? this.refused : this.silent;
  }

  /** Whether a request from a node, or from outside, is answered. */
  reaches(from?: string): boolean {
    if (this.booting) return true;
    for (const server of this.servers) if (this.path(from, server) && this.members.quorumOf(server)) return true;
    return false;
  }

  /** Whether a server is reached that waits for its store: the member beside it runs and finds no majority. */
  private stalls(from?: string): boolean {
    for (const server of this.servers) if (this.path(from, server) && this.members.runs(server)) return true;
    return false;
  }

  /** What the cluster's address answers to a client outside; undefined: nobody listens there. */
  answered(serve: () => ApiResponse): ApiResponse | undefined {
    return this.reaches() ? serve() : this.stalls() ? this.stalled : undefined;
  }

  /** Whether the network leads from a node to any control-plane node. */
  connects(from: string): boolean {
    for (const node of this.nodes.keys()) if (this.path(from, node)) return true;
    return false;
  }

  /** The address that the cluster's kubeconfigs name. */
  get server(): string {
    return `https://${this.addresses[0]}:6443`;
  }

  /** Whether a URL is that of a control-plane node's API server. */
  isServer(url: string): boolean {
    return this.addresses.some((address) => url === `https://${address}:6443`);
  }

  private get addresses(): readonly string[] {
    return this.nodes.size ? [...this.nodes.values()].map(({ ip }) => ip) : this.options.addresses;
  }

  /** What those see who do not reach the API names its address. */
  private moved() {
    const server = this.server.slice('https://'.length);
    this.refused = failure(`dial tcp ${server}: connect: connection refused`);
    this.silent = failure(`dial tcp ${server}: i/o timeout`);
    this.stalled = { ...this.refused, code: 500, body: { ...(this.refused.body as object), ...STALLED } };
  }

  private path(from: string | undefined, to: string): boolean {
    return from === to || (!this.unplugged.has(to) && !(from !== undefined && this.unplugged.has(from)));
  }

  plug(node: string, connected: boolean) {
    if (connected) this.unplugged.delete(node);
    else this.unplugged.add(node);
    this.members.changed();
    this.reachable.fire();
  }

  plugged(node: string): boolean {
    return !this.unplugged.has(node);
  }

  /** The files of /etc/kubernetes, and the images that the manifests name. */
  install(name: string, ip: string, now: number): { files: Record<string, TreeEntry>; images: string[] } {
    const { version, podCIDR, serviceCIDR, made, ca, addresses } = this.options;
    this.admit({ version, name, ip, podCIDR, serviceCIDR });
    const files: Record<string, TreeEntry> = this.certificates(name, made, now);
    files['/usr/bin/etcdctl'] = programFile(this.etcdctl);
    const images: string[] = [];
    for (const component of Object.keys(COMPONENTS) as ComponentName[]) {
      files[`/etc/kubernetes/manifests/${component}.yaml`] = this.manifest(component, name, now);
      images.push(COMPONENTS[component].image(version));
    }
    if (this.options.tunnel) {
      const { serverPod, EGRESS_CONFIGURATION, EGRESS_FILE, KUBECONFIG, SERVER_IMAGE, USER } = part('konnectivity');
      const certificate = (kind: string) =>
        part('pki').clusterFile(`konnectivity-server.${kind}`, { hostname: name, ip, made });
      const server = `https://${addresses[0]}:6443`;
      const config = () =>
        kubeconfig({ server, ca, user: USER, certificate: certificate('crt'), key: certificate('key') });
      files[EGRESS_FILE] = EGRESS_CONFIGURATION;
      files[KUBECONFIG] = new FileNode(config, { mode: 0o600, mtime: now });
      files['/etc/kubernetes/manifests/konnectivity-server.yaml'] = new ManifestFile(
        serverPod(),
        (object) => part('kubectl').toYaml(object),
        now,
      );
      images.push(SERVER_IMAGE);
    }
    return { files, images };
  }

  /** A machine becomes a control-plane node, with a member of etcd. */
  admit(options: ManifestOptions) {
    const { name, ip } = options;
    this.nodes.set(name, options);
    this.members.all.push({ name, ip, id: this.options.sim.random(`etcd/${name}`).hex(16) });
    this.moved();
  }

  /** It is none any more; with the last one goes what etcd has kept. */
  dismiss(name: string) {
    if (!this.nodes.delete(name)) return;
    const { all } = this.members;
    all.splice(
      all.findIndex((member) => member.name === name),
      1,
    );
    this.members.changed();
    if (this.nodes.size > 0) return this.moved();
    const { store } = this.options;
    for (const { key } of store.range('').kvs) store.delete(key);
    this.bootstrapped = false;
  }

  /** The files of a control-plane node with certificates and keys. `made`: from when they are valid; ms both. */
  certificates(name: string, made: number, now: number): Record<string, TreeEntry> {
    const { ca, admin } = this.options;
    const { ip } = this.nodes.get(name) as ManifestOptions;
    return certificateFiles({ hostname: name, ip, made, now, ca, admin, server: this.server });
  }

  /** The file from which a control-plane node's kubelet starts a component. */
  manifest(component: ComponentName, name: string, now: number): ManifestFile {
    let pod: Pod = manifest(component, this.nodes.get(name) as ManifestOptions);
    if (this.options.tunnel && component === 'kube-apiserver') pod = part('konnectivity').throughTunnel(pod);
    return new ManifestFile(pod, (object) => part('kubectl').toYaml(object), now);
  }

  /** Writes what kubeadm leaves in the API. */
  configure(kubeadm: Client) {
    for (const [version, plural, object] of clusterObjects({ ...this.options, server: this.server })) {
      kubeadm.of(version, plural).create(object.metadata.namespace ?? '', object);
    }
  }

  // ---- the programs ------------------------------------------------------------------------------------------

  /** An etcd process has started on a host: a member of the store when kubeadm made it one. */
  private join(host: string): (() => void) | undefined {
    if (!this.nodes.has(host)) return undefined;
    this.members.join(host);
    this.reachable.fire();
    return () => {
      this.members.leave(host);
      this.reachable.fire();
    };
  }

  /** What etcd shows on its client port: the authority of its own. */
  private etcdTls({ host }: Process): Tls {
    const { hostname, net } = host;
    const { made } = this.options;
    const ip = net.addresses[0];
    return {
      get ca() {
        return part('pki').clusterFile('etcd/ca.crt', { hostname, ip, made });
      },
      names: [hostname, 'localhost', ip, '127.0.0.1'],
    };
  }

  private *apiServer(process: Process, version: string): Co<number> {
    const { sim, ca, serve } = this.options;
    const { hostname, net } = process.host;
    const say = logger(process);
    const flags = serverFlags(process, this.standard('kube-apiserver', process, version), minorNumber(version));
    if (!('tokens' in flags)) return refused(process, flags);
    say('I', 'options.go:263', `external host was not specified, using ${net.addresses[0]}`);
    if (!this.nodes.has(hostname)) {
      say(
        'E',
        'run.go:72',
        '"command failed" err="an API server beside the control plane is not modelled by this engine"',
      );
      return 1;
    }
    const giveUp = sim.now + ETCD_TIMEOUT_MS;
    while (!this.booting && !this.members.quorumOf(hostname)) {
      if (sim.now >= giveUp) {
        say('F', 'instance.go:233', 'Error creating leases: error creating storage factory: context deadline exceeded');
        return 1;
      }
      yield { signals: [this.reachable], timeout: giveUp - sim.now };
    }
    if (!this.bootstrapped) yield FIRST_START_MS;
    const changed = new Signal();
    announceHealth(process, { changed });
    const names = [
      hostname,
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      '10.96.0.1',
      ...this.addresses,
    ];
    const listener = serveHttp(sim, net, 6443, (request) => this.answer(hostname, request, serve), {
      tls: { ca, names },
    });
    if (!listener) {
      say(
        'E',
        'run.go:72',
        '"command failed" err="failed to create listener: failed to listen on 0.0.0.0:6443: listen tcp 0.0.0.0:6443: bind: address already in use"',
      );
      return 1;
    }
    if (!this.bootstrapped) this.options.bootstrap(net);
    this.bootstrapped = true;
    const { issuers } = flags;
    const openId = issuers.length
      ? part('control-plane').openIdTokens(issuers, process.host, (text) => say('E', 'authentication.go:75', text))
      : undefined;
    this.options.configureServer({ ...flags, openId });
    this.booting = false;
    this.servers.add(hostname);
    this.serving = version;
    this.options.serves(version);
    this.reachable.fire();
    say('I', 'secure_serving.go:211', 'Serving securely on [::]:6443');
    const watch = sim.spawn('kube-apiserver', follow(this.reachable, changed));
    const agent = `kube-apiserver/${this.options.version} (linux/amd64) kubernetes`;
    const identity = keepIdentity(sim, new Client(this.handle, agent, LOOPBACK), hostname);
    try {
      yield* untilSignal(process);
      say('I', 'genericapiserver.go:760', '"[graceful-termination] shutdown event" name="ShutdownInitiated"');
      return 0;
    } finally {
      watch.kill();
      identity.stop();
      openId?.stop();
      listener.close();
      this.servers.delete(hostname);
      this.reachable.fire();
    }
  }

  private *answer(hostname: string, request: HttpRequest, serve: Handle): Co<HttpResponse> {
    const path = request.target.split('?', 1)[0];
    const ready = this.members.quorumOf(hostname);
    if (!ready && /^\/(healthz|livez|readyz)/.test(path)) {
      return {
        status: 500,
        headers: PLAIN,
        body: `[+]ping ok\n[-]etcd failed: reason withheld\n${path.slice(1)} check failed\n`,
      };
    }
    if (!ready) return { status: 500, headers: PLAIN, body: 'etcdserver: request timed out\n' };
    return yield* apiOverHttp(request, serve);
  }

  private *controllerManager(process: Process, version: string): Co<number> {
    const { startControllers } = this.options;
    const standard = this.standard('kube-controller-manager', process, version);
    const flags = managerFlags(process.argv, standard, minorNumber(version));
    const say = logger(process);
    if (!('controllers' in flags)) {
      yield 1;
      return refused(process, flags);
    }
    const begin = (client: Client): Running => {
      const controllers = startControllers(client, flags, version);
      for (const name of controllers.disabled) {
        if (flags.controllers.includes(`-${name}`))
          say('I', 'controllermanager.go:701', `"Warning: controller is disabled" controller="${name}"`);
        else say('I', 'controllermanager.go:664', `"Warning: skipping controller" controller="${name}"`);
      }
      if (flags.verbosity > 0) {
        for (const name of controllers.names)
          say('I', 'controllermanager.go:768', `"Controller starting..." controller="${name}"`);
      }
      return controllers;
    };
    return yield* this.elected(process, 'kube-controller-manager', begin, false);
  }

  private *scheduler(process: Process, version: string): Co<number> {
    const flags = readFlags({
      component: 'kube-scheduler',
      argv: process.argv,
      standard: this.standard('kube-scheduler', process, version),
      heeded: ELECTION,
      minor: minorNumber(version),
    });
    if (!(flags instanceof Map)) return refused(process, flags);
    if (!(yield* this.cachesSynced(process, version))) return 0;
    const begin = (client: Client, host: string) => this.options.startScheduler(client, host, version);
    return yield* this.elected(process, 'kube-scheduler', begin, true);
  }

  /**
   * Waits until the API server serves all that the scheduler of this release watches: it does nothing before. False: it has
   * been asked to end.
   */
  private *cachesSynced(process: Process, version: string): Co<boolean> {
    const lacks = () => minorNumber(version) >= RESOURCE_V1 && minorNumber(this.serving) < RESOURCE_V1;
    if (!lacks()) return true;
    const say = logger(process);
    const stop = new Signal();
    let ending = false;
    process.handlers.set('TERM', () => {
      ending = true;
      stop.fire();
    });
    announceHealth(process, { changed: new Signal() });
    const listener = healthServer(process, COMPONENTS['kube-scheduler'].port, '', () => true);
    for (let wait = 1000; !ending && lacks(); wait = Math.min(2 * wait, WATCH_RETRY_MS)) {
      for (const kind of ['DeviceClass', 'ResourceClaim', 'ResourceSlice'])
        say(
          'E',
          'reflector.go:205',
          `"Failed to watch" err="failed to list *v1.${kind}: the server could not find the requested resource" logger="UnhandledError" reflector="k8s.io/client-go/informers/factory.go:160" type="*v1.${kind}"`,
        );
      yield { signals: [stop, this.reachable], timeout: wait };
    }
    listener?.close();
    return !ending;
  }

  /** What kubeadm writes for the machine on which the process runs. */
  private standard(component: ComponentName, { host }: Process, version: string): Record<string, string> {
    const { podCIDR, serviceCIDR } = this.options;
    const elsewhere = { version, name: host.hostname, ip: host.net.addresses[0], podCIDR, serviceCIDR };
    return COMPONENTS[component].flags(this.nodes.get(host.hostname) ?? elsewhere);
  }

  private *elected(
    process: Process,
    name: 'kube-scheduler' | 'kube-controller-manager',
    begin: (client: Client, host: string) => Running,
    releaseOnCancel: boolean,
  ): Co<number> {
    const { sim, birth } = this.options;
    const { hostname } = process.host;
    const say = logger(process);
    announceHealth(process, { changed: new Signal() });
    const listener = healthServer(process, COMPONENTS[name].port, '', () => true);
    if (!listener) {
      say(
        'E',
        'run.go:72',
        `"command failed" err="failed to create listener: failed to listen on 127.0.0.1:${COMPONENTS[name].port}: bind: address already in use"`,
      );
      return 1;
    }
    say('I', 'secure_serving.go:211', `Serving securely on 127.0.0.1:${COMPONENTS[name].port}`);
    const client = this.options.client(name);
    const stop = new Signal();
    let ending = false;
    for (const signal of ['TERM', 'INT']) {
      process.handlers.set(signal, () => {
        ending = true;
        stop.fire();
      });
    }
    let running: Running | undefined;
    try {
      if (flagValue(process.argv, '--leader-elect') === 'false') {
        running = begin(client, hostname);
        if (!ending) yield stop;
        return 0;
      }
      const result = yield* elect({
        sim,
        client,
        name,
        identity: `${hostname}_${sim.random(`leader-election/${name}`).uuid()}`,
        stop,
        ending: () => ending,
        releaseOnCancel,
        quietUntil: birth,
        lead: () => (running = begin(client, hostname)),
        log: (where, text) => say(text.startsWith('error') ? 'E' : 'I', where, text),
      });
      if (result === 'stopped') return 0;
      say('E', 'server.go:333', '"Leaderelection lost"');
      return 1;
    } finally {
      running?.stop();
      listener.close();
    }
  }
}

const ELECTION = new Set(['leader-elect']);
const minorNumber = (version: string) => Number(version.split('.')[1]);

/** Says why a program ends that cannot heed its flags; its exit status. */
function refused(process: Process, refusal: Refusal): number {
  if ('line' in refusal) process.stderr.write(`${refusal.line}\n`);
  else logger(process)('E', 'run.go:72', `"command failed" err=${JSON.stringify(refusal.reason)}`);
  return 1;
}

/** Who the API server is to itself. */
const LOOPBACK = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
const STALLED = { reason: undefined, message: 'etcdserver: request timed out', code: 500 };
const PLAIN: Headers = [['Content-Type', 'text/plain; charset=utf-8']];

/** Passes a signal on. */
function* follow(from: Signal, to: Signal): Co {
  for (;;) {
    yield from;
    to.fire();
  }
}

/** The port that probes ask: `ok` on the health paths. */
function healthServer(process: Process, port: number, ca: string | undefined, healthy: () => boolean) {
  const { sim, net } = process.host;
  const tls = ca === undefined ? undefined : { ca, names: ['localhost'] };
  return serveHttp(
    sim,
    net,
    port,
    // eslint-disable-next-line require-yield
    function* ({ target }): Co<HttpResponse> {
      if (!/^\/(healthz|livez|readyz)(\?|$)/.test(target))
        return { status: 404, headers: PLAIN, body: '404 page not found\n' };
      return healthy()
        ? { status: 200, headers: PLAIN, body: 'ok' }
        : { status: 500, headers: PLAIN, body: 'not ok\n' };
    },
    { address: '127.0.0.1', tls },
  );
}

const logger = (process: Process) => (level: 'I' | 'E' | 'F', where: string, text: string) =>
  void process.stderr.write(
    `${level}${clock(process).klog.slice(1)} ${String(process.pid).padStart(7)} ${where}] ${text}\n`,
  );

function repository(
  name: string,
  tags: readonly string[],
  size: number,
  memory: number,
  cpu: number,
  program: Program,
  others: Record<string, Program> = {},
): Repository {
  return {
    names: [`registry.k8s.io/${name}`, `k8s.gcr.io/${name}`],
    tags: Object.fromEntries(tags.map((tag) => [tag, tag])),
    size,
    memory,
    cpu,
    entrypoint: [name],
    programs: { [`/usr/local/bin/${name}`]: program, ...others },
  };
}

/** An image with the version of Kubernetes in its tag: each is a program of that release. */
function released(
  name: string,
  version: string,
  size: number,
  memory: number,
  cpu: number,
  programOf: (version: string) => Program,
): Repository {
  return {
    ...repository(name, [], size, memory, cpu, programOf(version)),
    tags: releaseTags(version),
    versionedPrograms: (release) => ({ [`/usr/local/bin/${name}`]: programOf(release) }),
  };
}

/** What a component sees when it does not reach the API server. */
function failure(message: string): ApiResponse {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'ServiceUnavailable' };
  return { code: 503, headers: {}, body: { ...status, message, code: 503 } };
}
