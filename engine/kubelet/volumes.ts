// A Pod's volumes: what each one shows, filled when somebody first looks, kept up to date where the API
// objects behind it change, and the mounts that containers see.

import { quantityValue } from '../api/quantity.ts';
import { ApiError, type Client } from '../client/index.ts';
import type {
  Container,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  TokenRequest,
  Volume,
  VolumeMount,
} from '../api/types.ts';
import {
  charge,
  DirNode,
  FileNode,
  FileSystem,
  LinkNode,
  normalize,
  Room,
  setRoom,
  type Host,
  type MountOptions,
} from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Sim } from '../sim/index.ts';
import { podField, resourceField } from './env.ts';
import { quote } from './format.ts';
import { MountError } from './mount-error.ts';
import type { CachedKind, ObjectCache } from './object-cache.ts';
import { LazyDir } from './lazy-dir.ts';
import { ensureDirectory, place } from './place.ts';
import type { DriverVolume } from './types.ts';

export interface VolumeSources {
  sim: Sim;
  client: Client;
  objects: ObjectCache;
  machine: Host;
  allocatable: Readonly<Record<string, string>>;
  hostIP: string;
  /** The node's name. */
  node: string;
}

interface Payload {
  text: string | (() => string);
  mode: number;
}

/** One source of files in a configMap, secret, downwardAPI or projected volume. */
type Source =
  | { kind: CachedKind; name: string; optional: boolean; items: readonly KeyToPath[] | undefined }
  | { kind: 'downward'; items: readonly DownwardAPIVolumeFile[] }
  | { kind: 'token'; path: string; audience: string | undefined; seconds: number };

/** Kinds of volumes that the engine does not provide, with what the message calls them. */
const UNMODELLED = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'gitRepo',
  'glusterfs',
  'iscsi',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
] as const;

/** The volumes of one Pod on this node. */
export class PodVolumes {
  private pod: Pod;
  private readonly at: VolumeSources;
  private readonly nodes = new Map<string, DirNode | FileNode>();
  /** Those of them that are the Pod's own from the beginning. */
  private readonly local = new Set<string>();
  private readonly live: { dir: LazyDir; sources: Source[]; mode: number }[] = [];
  private readonly releases: (() => void)[] = [];
  /** Volumes whose claim or storage lets nobody write. */
  private readOnly: Set<string> | undefined;
  /** How volumes of drivers are mounted. */
  private provided: Map<string, MountOptions> | undefined;
  /** Something behind a volume has changed since the last refresh. */
  private stale = false;
  private readonly onChange: () => void;
  private readonly since: number;

  /** `onChange` is told when an object behind a volume changes after it was set up. */
  constructor(pod: Pod, sources: VolumeSources, onChange: () => void) {
    this.pod = pod;
    this.at = sources;
    this.onChange = onChange;
    this.since = sources.sim.now;
    const namespace = pod.metadata?.namespace ?? '';
    const changed = () => {
      if (this.live.length === 0) return;
      this.stale = true;
      this.onChange();
    };
    for (const volume of pod.spec?.volumes ?? []) {
      for (const source of sourcesOf(volume) ?? []) {
        if (source.kind === 'configmaps' || source.kind === 'secrets') {
          this.releases.push(sources.objects.use(source.kind, namespace, source.name, changed));
        }
      }
    }
  }

  /**
   * Sets up what is not there yet. Throws MountError with the volume's name in `volume`. What a CSI driver has to mount
   * is given back: `provide` says then where it is.
   */
  setUp(volume: Volume, podIP: string): DriverVolume | undefined {
    // An image's is pulled with the containers'.
    if (volume.image || this.nodes.has(volume.name)) return undefined;
    const made = this.make(volume, podIP);
    if ('bound' in made) return made;
    this.nodes.set(volume.name, made);
    if (volume.emptyDir || sourcesOf(volume)) this.local.add(volume.name);
    return undefined;
  }

  /** Whether all of these are set up, and none comes from elsewhere. */
  allLocal(volumes: readonly Volume[]): boolean {
    for (const { name } of volumes) if (!this.local.has(name)) return false;
    return true;
  }

  provide(name: string, node: DirNode | FileNode, options: MountOptions) {
    this.nodes.set(name, node);
    (this.provided ??= new Map()).set(name, options);
  }

  /** The text of a file in a volume that is set up. */
  text(name: string, path: string): string | undefined {
    const root = this.nodes.get(name);
    if (root?.kind !== 'dir') return undefined;
    const file = new FileSystem({ root, now: () => this.at.sim.now }).find(normalize('/' + path));
    return file?.kind === 'file' ? file.text : undefined;
  }

  /** Bytes in a volume that is set up. */
  bytes(name: string): number {
    const node = this.nodes.get(name);
    return node?.kind === 'dir' ? node.totalBytes() : (node?.size ?? 0);
  }

  /** Bytes in emptyDirs on the node's disk. */
  get localBytes(): number {
    let sum = 0;
    for (const { name, emptyDir } of this.pod.spec?.volumes ?? []) {
      if (emptyDir && emptyDir.medium !== 'Memory') sum += this.bytes(name);
    }
    return sum;
  }

  release() {
    for (const release of this.releases) release();
    this.releases.length = 0;
  }

  /** Brings live volumes up to date, all at once each, as the kubelet's atomic writer does. */
  refresh(pod: Pod) {
    const changed = this.stale || pod.metadata !== this.pod.metadata;
    this.pod = pod;
    if (!changed) return;
    this.stale = false;
    for (const { dir, sources, mode } of this.live) {
      if (!dir.filled) continue;
      try {
        this.write(dir, sources, mode);
      } catch (error) {
        if (!(error instanceof MountError)) throw error;
        // The old content stays until the object is back.
      }
    }
  }

  /** Mounts what `container` asks for into its files. */
  mount(fs: FileSystem, container: Container, expandPath: (text: string) => string) {
    for (const mount of container.volumeMounts ?? []) {
      const node = this.nodes.get(mount.name);
      if (!node) continue;
      const volume = this.pod.spec?.volumes?.find((candidate) => candidate.name === mount.name);
      const provided = this.provided?.get(mount.name);
      const readOnly =
        mount.readOnly ||
        provided?.readOnly ||
        this.readOnly?.has(mount.name) ||
        (volume && sourcesOf(volume) !== undefined) ||
        false;
      if (node.kind === 'dir') ensureDirectory(fs.root, mount.mountPath);
      // A disk of its own has its own size and contents, not those of the node's.
      const options = { ...(provided?.device ? provided : { ...this.source(volume, node), ...provided }), readOnly };
      fs.mount(mount.mountPath, this.subPath(node, mount, expandPath), options);
      if (volume?.hostPath && !mount.subPath && !mount.subPathExpr) this.mountBelow(fs, volume.hostPath.path, mount);
    }
    for (const { name, devicePath } of container.volumeDevices ?? []) {
      const device = this.nodes.get(name);
      if (device?.kind === 'file') place(fs.root, devicePath, device);
    }
  }

  /** Where its mounts lie; undefined where what is mounted depends on how things stand when the container starts. */
  places({ volumeMounts, volumeDevices }: Container): readonly string[] | undefined {
    if (volumeDevices?.length) return undefined;
    if (!volumeMounts) return NO_PLACES;
    const places: string[] = [];
    for (const { name, mountPath, subPath, subPathExpr } of volumeMounts) {
      if (subPath || subPathExpr || !this.local.has(name)) return undefined;
      places.push(mountPath);
    }
    return places;
  }

  /** What is mounted on the node below a directory of it. */
  private mountBelow(fs: FileSystem, path: string, mount: VolumeMount) {
    const { machine } = this.at;
    const follows = mount.mountPropagation && mount.mountPropagation !== 'None';
    if (!follows && machine.fs.mounts().length === 0) return;
    const stop = part('kubelet').mountsBelow(machine.fs, fs, normalize(path), mount);
    if (stop) this.releases.push(stop);
  }

  /** What a volume is on, as the container's df shows it. */
  private source(volume: Volume | undefined, node: DirNode | FileNode): MountOptions {
    if (!volume || !inMemory(volume)) return this.at.machine.fs.disk ?? {};
    return { device: 'tmpfs', type: 'tmpfs', size: () => this.memorySize(volume), used: () => used(node) };
  }

  /** kubelet: the least of the node's allocatable memory, the Pod's limit and the volume's own. */
  private memorySize({ emptyDir }: Volume): number {
    const sizes = [this.at.allocatable.memory, emptyDir?.sizeLimit ?? '0'].map(quantityValue);
    const limits = (this.pod.spec?.containers ?? []).map(({ resources }) => resources?.limits?.memory);
    if (limits.every((limit) => limit !== undefined))
      sizes.push(limits.reduce((sum, limit) => sum + quantityValue(limit as string), 0));
    return Math.min(...sizes.filter((size) => size > 0));
  }

  private subPath(
    node: DirNode | FileNode,
    mount: VolumeMount,
    expandPath: (text: string) => string,
  ): DirNode | FileNode {
    const path = mount.subPath ?? (mount.subPathExpr && expandPath(mount.subPathExpr));
    if (!path || node.kind === 'file') return node;
    const fs = new FileSystem({ root: node, now: () => this.at.sim.now });
    const within = normalize('/' + path);
    if (!fs.exists(within)) fs.mkdir(within, { recursive: true, mode: 0o750 });
    const found = fs.node(within);
    return found.kind === 'link' ? node : found;
  }

  private make(volume: Volume, podIP: string): DirNode | FileNode | DriverVolume {
    const { fsGroup } = this.pod.spec?.securityContext ?? {};
    const sources = sourcesOf(volume);
    if (sources) {
      for (const { clusterTrustBundle, podCertificate } of volume.projected?.sources ?? []) {
        const kind = clusterTrustBundle ? 'clusterTrustBundle' : podCertificate && 'podCertificate';
        if (kind) throw new MountError(`projected sources of kind ${kind} are not modelled by this engine`);
      }
      const mode =
        volume.configMap?.defaultMode ??
        volume.secret?.defaultMode ??
        volume.downwardAPI?.defaultMode ??
        volume.projected?.defaultMode ??
        0o644;
      for (const source of sources) this.check(source);
      // Only a ConfigMap's lies on the disk; the root of a tmpfs is sticky.
      const dir: LazyDir = new LazyDir(
        () => this.write(dir, sources, mode, podIP),
        volume.configMap ? 0o777 : 0o1777,
        fsGroup,
      );
      this.live.push({ dir, sources, mode });
      return dir;
    }
    if (volume.emptyDir) {
      if (volume.emptyDir.medium?.startsWith('HugePages'))
        throw new MountError('huge pages are not modelled by this engine: nodes have none');
      const dir = new DirNode({ mode: fsGroup === undefined ? 0o777 : 0o2777, gid: fsGroup, mtime: this.at.sim.now });
      // Memory is of limited size, and held by whoever writes there.
      if (volume.emptyDir.medium === 'Memory') setRoom(dir, new Room(() => this.memorySize(volume), charge));
      return dir;
    }
    if (volume.hostPath) return this.hostPath(volume.hostPath.path, volume.hostPath.type ?? '');
    if (volume.persistentVolumeClaim || volume.ephemeral || volume.csi) return this.claim(volume);
    for (const kind of UNMODELLED) {
      if (volume[kind]) throw new MountError(`volumes of kind ${kind} are not modelled by this engine`);
    }
    return new DirNode({ mode: 0o777 });
  }

  private hostPath(path: string, type: string): DirNode | FileNode {
    const { fs } = this.at.machine;
    const node = fs.find(path);
    if (!node && (type === 'DirectoryOrCreate' || type === '')) fs.mkdir(path, { recursive: true });
    else if (!node && type === 'FileOrCreate') fs.writeFile(path, '');
    const found = fs.find(path);
    const wanted = WANTED[type];
    if (
      wanted &&
      (!found ||
        (found.kind === 'file' ? (found.fifo ? 'socket' : found.device ? 'device' : 'file') : found.kind) !==
          wanted.kind)
    ) {
      throw new MountError(`hostPath type check failed: ${path} is not ${wanted.text}`);
    }
    return found as DirNode | FileNode;
  }

  private claim(volume: Volume): DirNode | FileNode | DriverVolume {
    const { client, node } = this.at;
    const found = part('kubelet').claimedPlace(client, node, this.pod, volume);
    if ('bound' in found) return found;
    const { path, type, readOnly, local } = found;
    if (local !== undefined && !this.at.machine.fs.exists(path))
      throw new MountError(`path ${quote(path)} does not exist`, local, 'MountVolume.NewMounter initialization');
    if (readOnly) (this.readOnly ??= new Set()).add(volume.name);
    return this.hostPath(path, type);
  }

  /** Everything that a volume needs must be there before its container starts, unless it is optional. */
  private check(source: Source) {
    if (source.kind !== 'configmaps' && source.kind !== 'secrets') return;
    const namespace = this.pod.metadata?.namespace ?? '';
    const object = this.at.objects.get(source.kind, namespace, source.name);
    const kind = source.kind === 'configmaps' ? 'configmap' : 'secret';
    if (!object) {
      if (source.optional) return;
      throw new MountError(`${kind} ${quote(source.name)} not found`);
    }
    if (!source.items || source.optional) return;
    const { data, binaryData } = object as { data?: Record<string, string>; binaryData?: Record<string, string> };
    for (const item of source.items) {
      if (data?.[item.key] === undefined && binaryData?.[item.key] === undefined) {
        throw new MountError(
          kind === 'configmap'
            ? `configmap references non-existent config key: ${item.key}`
            : `references non-existent secret key: ${item.key}`,
        );
      }
    }
  }

  /** Writes the files into a fresh directory and swings `..data` over to it. */
  private write(dir: DirNode, sources: Source[], mode: number, podIP = '') {
    const files: Record<string, Payload> = {};
    for (const source of sources) {
      this.check(source);
      this.collect(source, mode, files, podIP || (this.pod.status?.podIP ?? ''));
    }
    const { sim } = this.at;
    const { fsGroup } = this.pod.spec?.securityContext ?? {};
    const stamp = new Date(sim.now).toISOString();
    const name = `..${stamp.slice(0, 19).replace(/[-T:]/g, '_')}.${sim.random('atomic-writer').int(4e9)}`;
    const content = new DirNode({ gid: fsGroup, mtime: sim.now });
    const old = dir.get('..data');
    const tops = new Set<string>();
    const fs = new FileSystem({ root: content, now: () => sim.now });
    for (const path in files) {
      const { text, mode: bits } = files[path];
      const slash = path.lastIndexOf('/');
      if (slash > 0) fs.mkdir(`/${path.slice(0, slash)}`, { recursive: true });
      fs.put(
        `/${path}`,
        new FileNode(text, { mode: fsGroup === undefined ? bits : bits | 0o040, gid: fsGroup, mtime: sim.now }),
      );
      tops.add(path.split('/', 1)[0]);
    }
    dir.set(name, content);
    dir.set('..data', new LinkNode(name, { mtime: sim.now }));
    if (old?.kind === 'link') dir.delete(old.target);
    for (const top of dir.names()) if (!top.startsWith('..') && !tops.has(top)) dir.delete(top);
    tops.forEach((top) => {
      if (!dir.get(top)) dir.set(top, new LinkNode(`..data/${top}`, { mtime: sim.now }));
    });
  }

  private collect(source: Source, mode: number, files: Record<string, Payload>, podIP: string) {
    const namespace = this.pod.metadata?.namespace ?? '';
    switch (source.kind) {
      case 'configmaps':
      case 'secrets': {
        const data = this.at.objects.data(source.kind, namespace, source.name) ?? {};
        if (source.items) {
          for (const item of source.items) {
            if (data[item.key] !== undefined) files[item.path] = { text: data[item.key], mode: item.mode ?? mode };
          }
        } else for (const key in data) files[key] = { text: data[key], mode };
        return;
      }
      case 'downward':
        for (const item of source.items) {
          files[item.path] = { text: this.downward(item, podIP), mode: item.mode ?? mode };
        }
        return;
      case 'token':
        files[source.path] = {
          text: this.token(source),
          mode: this.pod.spec?.securityContext?.fsGroup === undefined ? mode : 0o600,
        };
    }
  }

  private downward(item: DownwardAPIVolumeFile, podIP: string): string {
    const { allocatable, hostIP } = this.at;
    if (item.fieldRef) return podField(this.known(), item.fieldRef.fieldPath, { podIP, hostIP }) ?? '';
    const containers = this.pod.spec?.containers ?? [];
    return item.resourceFieldRef ? resourceField(this.pod, containers[0], item.resourceFieldRef, allocatable) : '';
  }

  /** The Pod as the kubelet has it: with notes on where it came from and when. */
  private known(): Pod {
    const { metadata } = this.pod;
    const annotations = {
      'kubernetes.io/config.seen': `${new Date(this.since).toISOString().slice(0, -1)}000000Z`,
      'kubernetes.io/config.source': 'api',
      ...metadata?.annotations,
    };
    return { ...this.pod, metadata: { ...metadata, annotations } };
  }

  /** Asks for a token when the file is first read, and again when it is about to end. */
  private token(source: Source & { kind: 'token' }): () => string {
    const { client, sim } = this.at;
    const { name, namespace = '', uid } = this.pod.metadata ?? {};
    let token = '';
    let until = 0;
    return () => {
      if (sim.now < until) return token;
      const request = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: source.audience ? [source.audience] : [],
          expirationSeconds: source.seconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
        },
      } as TokenRequest;
      const account = this.pod.spec?.serviceAccountName ?? 'default';
      try {
        const accounts = client.of<TokenRequest>('v1', 'serviceaccounts');
        token = accounts.create(namespace, request, 'token', account).status?.token ?? '';
      } catch (error) {
        // The account is gone: the old token stays, as it does on a node.
        if (!(error instanceof ApiError)) throw error;
      }
      // kubelet: a token is renewed after 80 % of its life.
      until = sim.now + source.seconds * 800;
      return token;
    };
  }
}

const NO_PLACES: readonly string[] = [];

const WANTED: Record<string, { kind: string; text: string }> = {
  Directory: { kind: 'dir', text: 'a directory' },
  DirectoryOrCreate: { kind: 'dir', text: 'a directory' },
  File: { kind: 'file', text: 'a file' },
  FileOrCreate: { kind: 'file', text: 'a file' },
  Socket: { kind: 'socket', text: 'a socket' },
  CharDevice: { kind: 'device', text: 'a character device' },
  BlockDevice: { kind: 'block', text: 'a block device' },
};

/** Memory is taken by the page. */
const used = (node: DirNode | FileNode) =>
  Math.ceil((node.kind === 'dir' ? node.totalBytes() : node.size) / 4096) * 4096;

/** Secrets and what is made for one Pod stay off the disk. */
const inMemory = ({ emptyDir, secret, projected, downwardAPI }: Volume): boolean =>
  emptyDir?.medium === 'Memory' || !!(secret ?? projected ?? downwardAPI);

/** Projected volumes of service accounts are one object for all Pods. */
const known = new WeakMap<object, { sources: Source[] | undefined }>();

/** The sources of a volume that is made of API objects; undefined for all others. */
function sourcesOf(volume: Volume): Source[] | undefined {
  const identity = volume.projected ?? volume;
  let entry = known.get(identity);
  if (!entry) known.set(identity, (entry = { sources: readSources(volume) }));
  return entry.sources;
}

function readSources(volume: Volume): Source[] | undefined {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) {
    return [{ kind: 'configmaps', name: configMap.name ?? '', optional: !!configMap.optional, items: configMap.items }];
  }
  if (secret) {
    return [{ kind: 'secrets', name: secret.secretName ?? '', optional: !!secret.optional, items: secret.items }];
  }
  if (downwardAPI) return [{ kind: 'downward', items: downwardAPI.items ?? [] }];
  if (!projected) return undefined;
  const sources: Source[] = [];
  for (const part of projected.sources ?? []) {
    const map = part.configMap ?? part.secret;
    if (map) {
      const kind = part.configMap ? 'configmaps' : 'secrets';
      sources.push({ kind, name: map.name ?? '', optional: !!map.optional, items: map.items });
    }
    if (part.downwardAPI) sources.push({ kind: 'downward', items: part.downwardAPI.items ?? [] });
    if (part.serviceAccountToken) {
      const { path, audience, expirationSeconds = 3600 } = part.serviceAccountToken;
      sources.push({ kind: 'token', path, audience, seconds: expirationSeconds });
    }
  }
  return sources;
}
