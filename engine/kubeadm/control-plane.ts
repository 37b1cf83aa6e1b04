// The control plane of a kubeadm cluster: static Pods whose programs are the running components. The scheduler
// schedules because its container runs; the API answers while an API server and a majority of etcd do.

import type { Pod } from '../api/types.ts';
import type { ApiRequest, ApiResponse, Handle } from '../apiserver/types.ts';
import type { Client } from '../client/index.ts';
import { clock, flagValue, untilSignal } from '../images/service.ts';
import type { Repository } from '../images/types.ts';
import { ManifestFile } from '../kubelet/index.ts';
import {
  announceHealth,
  serveHttp,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type Process,
  type Program,
} from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { Signal, type Co, type Sim } from '../sim/index.ts';
import { apiOverHttp } from './api-over-http.ts';
import { COMPONENTS, ETCD_TAG, manifest, type ComponentName, type ManifestOptions } from './control-plane-manifests.ts';
import { clusterObjects } from './cluster-objects.ts';
import { etcdProgram } from './etcd-program.ts';
import { elect } from './leader-election.ts';

/** Something that works until it is stopped. */
export interface Running {
  stop(): void;
}

export interface ControlPlaneOptions {
  sim: Sim;
  version: string;
  /** Addresses of the control-plane nodes; each has an etcd member and an API server. */
  addresses: readonly string[];
  podCIDR: string;
  serviceCIDR: string;
  /** PEM text of the cluster's authority. */
  ca: string;
  /** When the reader's first command starts, ms: nobody looks before. */
  birth: number;
  /** The API server itself, whether or not it can be reached. */
  serve: Handle;
  /** How a component reaches the API. */
  client: (component: string) => Client;
  startScheduler: (client: Client, host: string) => Running;
  startControllers: (client: Client) => Running;
}

/** The release that kubeadm uses, and those of examples. */
const ETCD_TAGS = [ETCD_TAG, '3.6.5-0', '3.6.4-0', '3.5.21-0', '3.5.15-0', '3.5.6-0', '3.5.1-0'];
/** How long an API server waits for its store before it gives up. */
const ETCD_TIMEOUT_MS = 20_000;

export class ControlPlane {
  readonly repositories: readonly Repository[];
  private readonly options: ControlPlaneOptions;
  /** API servers and etcd members that run, by host name. */
  private readonly servers = new Set<string>();
  private readonly members = new Set<string>();
  /** Until the first API server's container runs, the one that kubeadm's boot is served by does. */
  private booting = true;
  private readonly reachable = new Signal();
  private readonly refused: ApiResponse;
  private readonly silent: ApiResponse;
  /** Names of the control-plane nodes. */
  private readonly nodes: string[] = [];
  /** Machines that are off the network. */
  private readonly unplugged = new Set<string>();

  constructor(options: ControlPlaneOptions) {
    this.options = options;
    const server = `${options.addresses[0]}:6443`;
    this.refused = failure(`dial tcp ${server}: connect: connection refused`);
    this.silent = failure(`dial tcp ${server}: i/o timeout`);
    const { version } = options;
    this.repositories = [
      repository(
        'etcd',
        ETCD_TAGS,
        24_600_000,
        45_000_000,
        12,
        etcdProgram((host) => this.join(host)),
      ),
      repository('kube-apiserver', [version], 27_700_000, 260_000_000, 35, (process) => this.apiServer(process)),
      repository('kube-controller-manager', [version], 23_100_000, 58_000_000, 15, (process) =>
        this.elected(process, 'kube-controller-manager', options.startControllers, false),
      ),
      repository('kube-scheduler', [version], 17_300_000, 24_000_000, 4, (process) =>
        this.elected(process, 'kube-scheduler', options.startScheduler, true),
      ),
    ];
  }

  /** The API as clients outside the nodes reach it. */
  readonly handle: Handle = (request: ApiRequest) => (this.reaches() ? this.options.serve(request) : this.refused);

  /** The API as a node reaches it. */
  handleFrom(node: string, request: ApiRequest): ApiResponse {
    if (this.reaches(node)) return this.options.serve(request);
    return this.connects(node) ? this.refused : this.silent;
  }

  /** Whether a request from a node, or from outside, is answered. */
  reaches(from?: string): boolean {
    if (this.booting) return true;
    if (!this.quorum) return false;
    if (this.unplugged.size === 0) return this.servers.size > 0;
    for (const server of this.servers) if (this.path(from, server)) return true;
    return false;
  }

  /** Whether the network leads from a node to any control-plane node. */
  connects(from: string): boolean {
    return this.nodes.some((node) => this.path(from, node));
  }

  private path(from: string | undefined, to: string): boolean {
    return from === to || (!this.unplugged.has(to) && !(from !== undefined && this.unplugged.has(from)));
  }

  plug(node: string, connected: boolean) {
    if (connected) this.unplugged.delete(node);
    else this.unplugged.add(node);
    this.reachable.fire();
  }

  plugged(node: string): boolean {
    return !this.unplugged.has(node);
  }

  private get quorum(): boolean {
    return 2 * this.members.size > this.options.addresses.length;
  }

  /** The files of /etc/kubernetes/manifests and the images that they name. */
  install(name: string, ip: string, now: number): { files: Record<string, ManifestFile>; images: string[] } {
    const { version, podCIDR, serviceCIDR } = this.options;
    this.nodes.push(name);
    const options: ManifestOptions = { version, name, ip, podCIDR, serviceCIDR };
    const files: Record<string, ManifestFile> = {};
    const images: string[] = [];
    for (const component of Object.keys(COMPONENTS) as ComponentName[]) {
      const pod: Pod = manifest(component, options);
      files[`/etc/kubernetes/manifests/${component}.yaml`] = new ManifestFile(
        pod,
        (object) => part('kubectl').toYaml(object),
        now,
      );
      images.push(COMPONENTS[component].image(version));
    }
    return { files, images };
  }

  /** Writes what kubeadm leaves in the API. */
  configure(kubeadm: Client) {
    const { addresses } = this.options;
    for (const [version, plural, object] of clusterObjects({
      ...this.options,
      server: `https://${addresses[0]}:6443`,
    })) {
      kubeadm.of(version, plural).create(object.metadata.namespace ?? '', object);
    }
  }

  // ---- the programs ------------------------------------------------------------------------------------------

  /** An etcd process has started on a host: a member of the store when kubeadm made it one. */
  private join(host: string): (() => void) | undefined {
    if (!this.nodes.includes(host)) return undefined;
    this.members.add(host);
    this.reachable.fire();
    return () => {
      this.members.delete(host);
      this.reachable.fire();
    };
  }

  private *apiServer(process: Process): Co<number> {
    const { sim, addresses, ca, serve } = this.options;
    const { hostname, net } = process.host;
    const say = logger(process);
    say('I', 'options.go:263', `external host was not specified, using ${net.addresses[0]}`);
    if (!this.nodes.includes(hostname)) {
      say(
        'E',
        'run.go:72',
        '"command failed" err="an API server beside the control plane is not modelled by this engine"',
      );
      return 1;
    }
    const giveUp = sim.now + ETCD_TIMEOUT_MS;
    while (!this.booting && !this.quorum) {
      if (sim.now >= giveUp) {
        say('F', 'instance.go:233', 'Error creating leases: error creating storage factory: context deadline exceeded');
        return 1;
      }
      yield { signals: [this.reachable], timeout: giveUp - sim.now };
    }
    const changed = new Signal();
    announceHealth(process, { changed });
    const names = [
      hostname,
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      '10.96.0.1',
      ...addresses,
    ];
    const listener = serveHttp(sim, net, 6443, (request) => this.answer(request, serve), { tls: { ca, names } });
    if (!listener) {
      say(
        'E',
        'run.go:72',
        '"command failed" err="failed to create listener: failed to listen on 0.0.0.0:6443: listen tcp 0.0.0.0:6443: bind: address already in use"',
      );
      return 1;
    }
    this.booting = false;
    this.servers.add(hostname);
    this.reachable.fire();
    say('I', 'secure_serving.go:211', 'Serving securely on [::]:6443');
    const watch = sim.spawn('kube-apiserver', follow(this.reachable, changed));
    try {
      yield* untilSignal(process);
      say('I', 'genericapiserver.go:760', '"[graceful-termination] shutdown event" name="ShutdownInitiated"');
      return 0;
    } finally {
      watch.kill();
      listener.close();
      this.servers.delete(hostname);
      this.reachable.fire();
    }
  }

  private *answer(request: HttpRequest, serve: Handle): Co<HttpResponse> {
    const path = request.target.split('?', 1)[0];
    if (!this.quorum && /^\/(healthz|livez|readyz)/.test(path)) {
      return {
        status: 500,
        headers: PLAIN,
        body: `[+]ping ok\n[-]etcd failed: reason withheld\n${path.slice(1)} check failed\n`,
      };
    }
    if (!this.quorum) return { status: 500, headers: PLAIN, body: 'etcdserver: request timed out\n' };
    return yield* apiOverHttp(request, serve);
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
    if (flagValue(process.argv, '--config') !== undefined) {
      say('E', 'run.go:72', '"command failed" err="a configuration file is not modelled by this engine"');
      return 1;
    }
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
  void process.stderr.write(`${level}${clock(process).klog.slice(1)}       1 ${where}] ${text}\n`);

function repository(
  name: string,
  tags: readonly string[],
  size: number,
  memory: number,
  cpu: number,
  program: Program,
): Repository {
  return {
    names: [`registry.k8s.io/${name}`, `k8s.gcr.io/${name}`],
    tags: Object.fromEntries(tags.map((tag) => [tag, tag])),
    size,
    memory,
    cpu,
    entrypoint: [name],
    programs: { [`/usr/local/bin/${name}`]: program },
  };
}

/** What a component sees when it does not reach the API server. */
function failure(message: string): ApiResponse {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'ServiceUnavailable' };
  return { code: 503, headers: {}, body: { ...status, message, code: 503 } };
}
