// The control plane of a kubeadm cluster: static Pods whose programs are the running components. The scheduler
// schedules because its container runs; the API answers while an API server and a majority of etcd do.

import { apiServiceIP, serverURL } from '../addressing.ts';
import type { Pod } from '../api/types.ts';
import type { OpenIdTokens } from '../apiserver/authentication/openid-tokens.ts';
import type { ApiResponse, Handle } from '../apiserver/types.ts';
import type { Client } from '../client/index.ts';
import type { Etcd, KeyValue } from '../etcd/index.ts';
import type { Repository } from '../images/types.ts';
import { ManifestFile } from '../kubelet/index.ts';
import {
  programFile,
  type FileSystem,
  type Host,
  type NetworkNamespace,
  type Process,
  type Program,
  type Tls,
  type TreeEntry,
} from '../linux/index.ts';
import { lazyProgram, part } from '../parts/index.ts';
import { Signal, type Sim } from '../sim/index.ts';
import { certificateFiles } from './certificate-files.ts';
import { clusterObjects } from './cluster-objects.ts';
import { componentImages } from './component-images.ts';
import { COMPONENTS, ETCD_TAG, manifest, type ComponentName, type ManifestOptions } from './control-plane-manifests.ts';
import { EtcdData } from './etcd-data.ts';
import { EtcdMembers } from './etcd-members.ts';
import type { ManagerFlags } from './manager-flags.ts';
import type { ServerFlags } from './server-flags.ts';

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
  bootstrap: (net: NetworkNamespace, serviceCIDR: string) => void;
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
  /** What the API server's connections into the cluster go through; '': nothing. */
  tunnel: '' | 'konnectivity' | 'ssh';
  /** The machines' provider puts a key on all of them; whether it is new there. Undefined: the machines are nobody's. */
  installKey: ((user: string, line: string) => boolean) | undefined;
  /** An API server starts with these flags. */
  configureServer: (flags: StartedWith) => void;
}

/** An API server's flags, read, and whose ID tokens follow from them. */
export type StartedWith = ServerFlags & { openId: OpenIdTokens | undefined };

interface Controllers extends Running {
  readonly names: readonly string[];
  readonly disabled: readonly string[];
}

/** A dictionary by names that a reader chooses. */
const none = () => Object.create(null) as Record<string, boolean>;
/** Where clients outside the nodes are; no node has such a name. */
const OUTSIDE = '';
const STALLED = { reason: undefined, message: 'etcdserver: request timed out', code: 500 };

export class ControlPlane {
  readonly repositories: readonly Repository[];
  readonly options: ControlPlaneOptions;
  readonly members: EtcdMembers;
  /** Until the first API server's container runs, the one that kubeadm's boot is served by does. */
  isBooting: boolean;
  /** The store has what an API server puts into an empty one. */
  isFilled: boolean;
  /** What all machines reach the API servers by, `cluster.example:6443`; undefined: the first one's address. */
  endpoint: string | undefined;
  /** The release of the API server that started last. */
  serving: string;
  /** Something about who reaches whom, or what runs, has changed. */
  readonly reachable = new Signal();
  /** API servers that run, by host name. */
  private readonly servers = new Set<string>();
  private readonly etcdctl: Program;
  private readonly etcdutl: Program;
  private readonly data: EtcdData;
  private refused!: ApiResponse;
  private silent!: ApiResponse;
  /** An API server without a majority of etcd behind it. */
  private stalled!: ApiResponse;
  /** The control-plane nodes by name, with what their manifests were made from. */
  private readonly nodes = new Map<string, ManifestOptions>();
  /** What `reaches` has found since something changed last: every request asks it. */
  private reached = none();
  /** Machines that are off the network. */
  private readonly unplugged = new Set<string>();

  constructor(options: ControlPlaneOptions) {
    this.options = options;
    this.isBooting = this.isFilled = options.addresses.length > 0;
    this.serving = options.version;
    this.moved();
    this.members = new EtcdMembers(options.sim.random('etcd').hex(16), (from, to) => this.path(from, to));
    this.data = new EtcdData(options.store);
    const [version] = ETCD_TAG.split('-');
    this.etcdctl = lazyProgram(() => {
      const { store, stored } = options;
      return part('machine').etcdctl({ store, stored, members: this.members, data: this.data, version });
    });
    this.etcdutl = lazyProgram(() => part('machine').etcdutl({ data: this.data, version }));
    this.repositories = componentImages(this, { etcdctl: this.etcdctl, etcdutl: this.etcdutl });
  }

  /** The API as clients outside the nodes reach it. */
  readonly handle = this.handleFrom(OUTSIDE);

  /** The API as a node reaches it. */
  handleFrom(node: string): Handle {
    return (request) =>
      this.reached[node] || this.reaches(node) ? this.options.serve(request) : this.unanswered(node);
  }

  private unanswered(node: string): ApiResponse {
    const from = node === OUTSIDE ? undefined : node;
    if (this.stalls(from)) return this.stalled;
    return from === undefined || this.connects(from) ? this.refused : this.silent;
  }

  /** Whether a request from a node, or from outside, is answered. */
  reaches(from = OUTSIDE): boolean {
    if (this.isBooting) return true;
    return (this.reached[from] ??= this.finds(from === OUTSIDE ? undefined : from));
  }

  private finds(from: string | undefined): boolean {
    for (const server of this.servers) if (this.path(from, server) && this.members.quorumOf(server)) return true;
    return false;
  }

  /** Who reaches whom, or what runs, has changed. */
  private changed() {
    this.reached = none();
    this.reachable.fire();
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

  /** The address that the cluster's kubeconfigs name; of nobody before there is a control plane. */
  get server(): string {
    return this.endpoint ? `https://${this.endpoint}` : serverURL(this.addresses[0] ?? '');
  }

  /** The address of the Service `kubernetes`. */
  get serviceIP(): string {
    const [first] = this.nodes.values();
    return apiServiceIP(first?.serviceCIDR ?? this.options.serviceCIDR);
  }

  /** Whether a URL is that of a control-plane node's API server. */
  isServer(url: string): boolean {
    if (this.endpoint && url === this.server) return true;
    return this.addresses.some((address) => url === serverURL(address));
  }

  /** Of the machines of the control plane. */
  get addresses(): readonly string[] {
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
    this.changed();
  }

  plugged(node: string): boolean {
    return !this.unplugged.has(node);
  }

  /** The files of /etc/kubernetes, and the images that the manifests name. */
  install(name: string, ip: string, now: number): { files: Record<string, TreeEntry>; images: string[] } {
    const { version, podCIDR, serviceCIDR, made, ca } = this.options;
    this.admit({ version, name, ip, podCIDR, serviceCIDR });
    const files: Record<string, TreeEntry> = this.certificates(name, made, now);
    files['/usr/bin/etcdctl'] = programFile(this.etcdctl);
    files['/usr/bin/etcdutl'] = programFile(this.etcdutl);
    const images: string[] = [];
    for (const component of Object.keys(COMPONENTS) as ComponentName[]) {
      files[`/etc/kubernetes/manifests/${component}.yaml`] = this.manifest(component, name, now);
      images.push(COMPONENTS[component].image(version));
    }
    if (this.options.tunnel === 'konnectivity') {
      const server = part('konnectivity').serverFiles({ name, ip, server: this.server, ca, made, now });
      Object.assign(files, server.files);
      images.push(server.image);
    }
    return { files, images };
  }

  /** A machine becomes a control-plane node, with a member of etcd. */
  admit(options: ManifestOptions) {
    this.settle(options);
    this.enroll(options);
  }

  /** What the manifests of a control-plane node are made from, from now on. */
  settle(options: ManifestOptions) {
    this.nodes.set(options.name, options);
    this.reached = none();
    this.moved();
  }

  /** A control-plane node gets a member of etcd, unless it has one. */
  enroll({ name, ip }: { name: string; ip: string }, isLearner = false) {
    if (this.members.all.some((member) => member.name === name)) return;
    const id = this.options.sim.random(`etcd/${name}`).hex(16);
    this.members.add(isLearner ? { name, ip, id, isLearner } : { name, ip, id });
    this.changed();
  }

  /** A new member of etcd votes from now on. */
  promote(name: string) {
    this.members.promote(name);
    this.changed();
  }

  /** The others forget a member of etcd; the last one stays. */
  retire(name: string) {
    if (this.members.all.length < 2) return;
    this.members.remove(name);
    this.changed();
  }

  /** What a control-plane node's manifests are made from. */
  settingsOf(name: string): ManifestOptions | undefined {
    return this.nodes.get(name);
  }

  /** It is none any more; with the last one goes what etcd has kept. `leaves`: the others forget its member of etcd. */
  dismiss(name: string, leaves = true) {
    if (!this.nodes.delete(name)) return;
    if (leaves || this.nodes.size === 0) this.members.remove(name);
    this.changed();
    if (this.nodes.size > 0) return this.moved();
    this.endpoint = undefined;
    const { store } = this.options;
    for (const { key } of store.range('').kvs) store.delete(key);
    this.data.forget();
    this.isFilled = false;
  }

  /** The files of a control-plane node with certificates and keys. `made`: from when they are valid; ms both. */
  certificates(name: string, made: number, now: number): Record<string, TreeEntry> {
    const { ca, admin } = this.options;
    const { ip, names } = this.nodes.get(name) as ManifestOptions;
    return certificateFiles({
      hostname: name,
      ip,
      names,
      serviceIP: this.serviceIP,
      made,
      now,
      ca,
      admin,
      server: this.server,
    });
  }

  /** The file from which a control-plane node's kubelet starts a component. */
  manifest(component: ComponentName, name: string, now: number): ManifestFile {
    const options = this.nodes.get(name) as ManifestOptions;
    let pod: Pod = manifest(component, options);
    pod = options.adjust?.(component, pod) ?? pod;
    const { tunnel } = this.options;
    if (tunnel && component === 'kube-apiserver')
      pod = tunnel === 'ssh' ? part('ssh').throughTunnels(pod) : part('konnectivity').throughTunnel(pod);
    return new ManifestFile(pod, (object) => part('kubectl').toYaml(object), now);
  }

  /** Writes what kubeadm leaves in the API. */
  configure(kubeadm: Client) {
    for (const [version, plural, object] of clusterObjects({ ...this.options, server: this.server })) {
      kubeadm.of(version, plural).create(object.metadata.namespace ?? '', object);
    }
  }

  // ---- for the programs --------------------------------------------------------------------------------------

  /** Whether a machine is one of the control plane's. */
  has(host: string): boolean {
    return this.nodes.has(host);
  }

  /** Whether there is a control plane, and a machine is none of its. */
  isBeside(host: string): boolean {
    return this.nodes.size > 0 && !this.nodes.has(host);
  }

  /** An etcd process begins with a data directory; a string: why it cannot. */
  opensData(fs: FileSystem, directory: string): string | undefined {
    return this.data.open(fs, directory, this.members.all.length);
  }

  /** An etcd process has started on a machine of the control plane; the answer is how its member leaves. */
  memberJoins(host: string): () => void {
    this.members.join(host);
    this.changed();
    if (this.reaches()) this.data.settle();
    return () => {
      this.members.leave(host);
      this.changed();
    };
  }

  /** An API server of this release serves on a machine from now on; the answer is how it leaves. */
  serverJoins({ hostname, net }: Host, version: string, flags: StartedWith): () => void {
    const { options } = this;
    if (!this.isFilled) options.bootstrap(net, this.nodes.get(hostname)?.serviceCIDR ?? options.serviceCIDR);
    this.isFilled = true;
    options.configureServer(flags);
    this.isBooting = false;
    this.servers.add(hostname);
    this.serving = version;
    options.serves(version);
    this.changed();
    if (this.reaches()) this.data.settle();
    return () => {
      this.servers.delete(hostname);
      this.changed();
    };
  }

  /** What etcd shows on its client port: the authority of its own. */
  etcdTls({ host }: Process): Tls {
    const { hostname, net, fs } = host;
    const { made } = this.options;
    const ip = net.addresses[0];
    const file = '/etc/kubernetes/pki/etcd/ca.crt';
    return {
      get ca() {
        if (fs.exists(file)) return fs.readFile(file);
        return part('pki').clusterFile('etcd/ca.crt', { hostname, ip, made });
      },
      names: [hostname, 'localhost', ip, '127.0.0.1', '::1'],
    };
  }

  /** What kubeadm writes for the machine on which the process runs. */
  standard(component: ComponentName, { host }: Process, version: string): Record<string, string> {
    const { podCIDR, serviceCIDR } = this.options;
    const elsewhere = { version, name: host.hostname, ip: host.net.addresses[0], podCIDR, serviceCIDR };
    return COMPONENTS[component].flags(this.nodes.get(host.hostname) ?? elsewhere);
  }
}

/** What a component sees when it does not reach the API server. */
function failure(message: string): ApiResponse {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'ServiceUnavailable' };
  return { code: 503, headers: {}, body: { ...status, message, code: 503 } };
}
