// The control plane of a kubeadm cluster: static Pods whose programs are the running components. The scheduler
// schedules because its container runs; the API answers while an API server and a majority of etcd do.

import type { Pod } from '../api/types.ts';
import type { ApiRequest, ApiResponse, Handle } from '../apiserver/types.ts';
import { Client } from '../client/index.ts';
import type { Etcd } from '../etcd/index.ts';
import { clock, flagValue, untilSignal } from '../images/service.ts';
import type { Repository } from '../images/types.ts';
import { ManifestFile } from '../kubelet/index.ts';
import {
  announceHealth,
  programFile,
  serveHttp,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type Process,
  type Program,
  type Tls,
  type TreeEntry,
} from '../linux/index.ts';
import { lazyProgram, part } from '../parts/index.ts';
import { Signal, type Co, type Sim } from '../sim/index.ts';
import { apiOverHttp } from './api-over-http.ts';
import { COMPONENTS, ETCD_TAG, manifest, type ComponentName, type ManifestOptions } from './control-plane-manifests.ts';
import { certificateFiles } from './certificate-files.ts';
import { clusterObjects } from './cluster-objects.ts';
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
  /** Addresses of the control-plane nodes; each has an etcd member and an API server. */
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
  /** An API server of this version serves from now on. */
  serves: (version: string) => void;
  /** What the members of etcd keep. */
  store: Etcd;
  /** How a component reaches the API. */
  client: (component: string) => Client;
  startScheduler: (client: Client, host: string, version: string) => Running;
  startControllers: (client: Client, flags: ManagerFlags) => Controllers;
  /** An API server starts with these flags. */
  configureServer: (flags: ServerFlags) => void;
}

interface Controllers extends Running {
  readonly names: readonly string[];
  readonly disabled: readonly string[];
}

/** The release that kubeadm uses, and those of examples. */
const ETCD_TAGS = [ETCD_TAG, '3.6.5-0', '3.6.4-0', '3.5.21-0', '3.5.15-0', '3.5.6-0', '3.5.1-0'];
/** How long an API server waits for its store before it gives up. */
const ETCD_TIMEOUT_MS = 20_000;

export class ControlPlane {
  readonly repositories: readonly Repository[];
  private readonly options: ControlPlaneOptions;
  /** API servers that run, by host name. */
  private readonly servers = new Set<string>();
  readonly members: EtcdMembers;
  private readonly etcdctl: Program;
  /** Until the first API server's container runs, the one that kubeadm's boot is served by does. */
  private booting = true;
  private readonly reachable = new Signal();
  private readonly refused: ApiResponse;
  private readonly silent: ApiResponse;
  /** An API server without a majority of etcd behind it. */
  private readonly stalled: ApiResponse;
  /** Names of the control-plane nodes. */
  private readonly nodes: string[] = [];
  /** Machines that are off the network. */
  private readonly unplugged = new Set<string>();

  constructor(options: ControlPlaneOptions) {
    this.options = options;
    const server = `${options.addresses[0]}:6443`;
    this.refused = failure(`dial tcp ${server}: connect: connection refused`);
    this.silent = failure(`dial tcp ${server}: i/o timeout`);
    this.stalled = { ...this.refused, code: 500, body: { ...(this.refused.body as object), ...STALLED } };
    this.members = new EtcdMembers(options.sim.random('etcd').hex(16), (from, to) => this.path(from, to));
    const { version } = options;
    this.etcdctl = lazyProgram(() => {
      const { store } = options;
      return part('machine').etcdctl({ store, members: this.members, version: ETCD_TAG.split('-')[0] });
    });
    this.repositories = [
      repository(
        'etcd',
        ETCD_TAGS,
        24_600_000,
        45_000_000,
        12,
        etcdProgram(
          (host) => this.join(host),
          (process) => this.etcdTls(process),
        ),
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
        (release) => (process) =>
          this.elected(
            process,
            'kube-scheduler',
            (client, host) => options.startScheduler(client, host, release),
            true,
          ),
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
    return this.nodes.some((node) => this.path(from, node));
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
    const { version, podCIDR, serviceCIDR } = this.options;
    this.nodes.push(name);
    this.members.all.push({ name, ip, id: this.options.sim.random(`etcd/${name}`).hex(16) });
    const options: ManifestOptions = { version, name, ip, podCIDR, serviceCIDR };
    const { made, ca, addresses, admin } = this.options;
    const files: Record<string, TreeEntry> = certificateFiles({
      hostname: name,
      ip,
      made,
      now,
      ca,
      admin,
      server: `https://${addresses[0]}:6443`,
    });
    files['/usr/bin/etcdctl'] = programFile(this.etcdctl);
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
    const { sim, addresses, ca, serve } = this.options;
    const { hostname, net } = process.host;
    const say = logger(process);
    const flags = serverFlags(process, Number(this.options.version.split('.')[1]));
    if ('line' in flags) {
      process.stderr.write(`${flags.line}\n`);
      return 1;
    }
    if ('reason' in flags) {
      say('E', 'run.go:72', `"command failed" err=${JSON.stringify(flags.reason)}`);
      return 1;
    }
    this.options.configureServer(flags);
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
    while (!this.booting && !this.members.quorumOf(hostname)) {
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
    this.booting = false;
    this.servers.add(hostname);
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
    const { podCIDR, serviceCIDR, startControllers } = this.options;
    const { hostname, net } = process.host;
    const standard = COMPONENTS['kube-controller-manager'].flags({
      version,
      name: hostname,
      ip: net.addresses[0],
      podCIDR,
      serviceCIDR,
    });
    const flags = managerFlags(process.argv, standard, Number(version.split('.')[1]));
    const say = logger(process);
    if ('line' in flags) process.stderr.write(`${flags.line}\n`);
    else if ('reason' in flags) say('E', 'run.go:72', `"command failed" err="${flags.reason}"`);
    if (!('controllers' in flags)) {
      yield 1;
      return 1;
    }
    const begin = (client: Client): Running => {
      const controllers = startControllers(client, flags);
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
  void process.stderr.write(`${level}${clock(process).klog.slice(1)}       1 ${where}] ${text}\n`);

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
