// Static Pods: the kubelet runs what lies in a folder of its machine, without the API server, and shows each in the
// API as a mirror Pod.

import { DecodeError, type KubeObject, type Scheme } from '../api/types.ts';
import type { Node, Pod, PodSpec } from '../api/types.ts';
import { ApiError, isNotFound } from '../client/index.ts';
import type { DirNode, FileNode } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { Random, streamSeed, type Co, type Signal, type Task } from '../sim/index.ts';
import { apiReference } from './api-references.ts';
import type { Kubelet } from './kubelet.ts';
import { ManifestFile } from './manifest-file.ts';
import type { PodWorker } from './pod-worker.ts';

// kubelet: fileCheckFrequency, for what cannot be watched.
const CHECK_MS = 20_000;
/** From a mirror Pod that could not be written to the next try. */
const MIRROR_RETRY_MS = 10_000;

const HASH = 'kubernetes.io/config.hash';
const MIRROR = 'kubernetes.io/config.mirror';
const SOURCE = 'kubernetes.io/config.source';
const SEEN = 'kubernetes.io/config.seen';

export const isMirror = (pod: Pod): boolean => pod.metadata?.annotations?.[MIRROR] !== undefined;
const keyOf = (pod: Pod): string => `${pod.metadata?.namespace}/${pod.metadata?.name}`;

export class StaticPods {
  private readonly kubelet: Kubelet;
  private path = '';
  private readonly scheme: () => Scheme;
  private task: Task<void> | undefined;
  /** What the files say now, by `namespace/name`. */
  private wanted = new Map<string, Pod>();
  /** Their counterparts in the API, by `namespace/name`. */
  private readonly mirrors = new Map<string, Pod>();
  /** Files that are no Pods, with what they said. */
  private readonly broken = new Map<FileNode, string>();

  constructor(kubelet: Kubelet, scheme: () => Scheme) {
    this.kubelet = kubelet;
    this.scheme = scheme;
  }

  /** `path`: the folder, as the kubelet's configuration names it; '': none. */
  start(path = this.path) {
    this.path = path;
    this.task = this.kubelet.sim.spawn('static pods', this.watch());
  }

  stop() {
    this.task?.kill();
    this.task = undefined;
    this.forgetMirrors();
  }

  /** Nothing is wanted, until the folder is read anew. */
  clear() {
    this.stop();
    this.wanted = new Map();
  }

  /** What the API has is not known any more. */
  forgetMirrors() {
    this.mirrors.clear();
  }

  private *watch(): Co {
    const { fs } = this.kubelet.machine;
    for (;;) {
      const signals: Signal[] = [];
      const parent = fs.find(this.path.slice(0, this.path.lastIndexOf('/')) || '/');
      if (parent?.kind === 'dir') signals.push(parent.changed);
      const dir = this.path ? fs.find(this.path) : undefined;
      if (dir?.kind === 'dir') signals.push(dir.changed);
      this.read(dir?.kind === 'dir' ? dir : undefined, signals);
      yield dir ? { signals } : { signals, timeout: CHECK_MS };
    }
  }

  /** Reads the folder; `signals` gets those of its files. */
  private read(dir: DirNode | undefined, signals: Signal[]) {
    const wanted = new Map<string, Pod>();
    for (const name of dir?.names() ?? []) {
      const file = name.startsWith('.') ? undefined : dir?.get(name);
      if (file?.kind !== 'file') continue;
      signals.push(file.changed);
      const pod = this.decode(file, `${this.path}/${name}`);
      if (pod) wanted.set(keyOf(pod), pod);
    }
    const before = this.wanted;
    this.wanted = wanted;
    before.forEach((pod, key) => {
      if (wanted.get(key)?.metadata?.uid !== pod.metadata?.uid) this.kubelet.staticGone(pod);
    });
    wanted.forEach((pod, key) => {
      const old = before.get(key);
      if (old?.metadata?.uid === pod.metadata?.uid) wanted.set(key, old as Pod);
      this.kubelet.staticWanted(wanted.get(key) as Pod);
    });
  }

  private decode(file: FileNode, path: string): Pod | undefined {
    try {
      const pod = this.podOf(file, path);
      this.broken.delete(file);
      return pod;
    } catch (error) {
      const message = (error as Error).message;
      if (this.broken.get(file) !== message) {
        this.broken.set(file, message);
        // Only what is no Pod at all is reported together with the file's name.
        const err =
          message.startsWith('invalid pod') || message.startsWith('static pods') ? message : `${path}: ${message}`;
        this.kubelet.log(
          'E',
          'file.go:187',
          `"Could not process manifest file" err=${JSON.stringify(err)} path=${JSON.stringify(path)}`,
        );
      }
      return undefined;
    }
  }

  /** What the kubelet makes of a manifest before it runs it. Throws what is wrong with it. */
  private podOf(file: FileNode, path: string): Pod {
    const scheme = this.scheme();
    const info = scheme.kind('', 'v1', 'Pod');
    if (!info) throw new Error('no kind "Pod" is registered');
    let value: unknown = file instanceof ManifestFile ? file.untouched : undefined;
    if (value === undefined) {
      const text = file.text;
      if (text.trim() === '') throw new Error('the file is empty');
      const document = part('yaml').parseDocument(text, { schema: 'core' });
      if (document.errors.length)
        throw new Error(
          `couldn't parse as pod(yaml: ${document.errors[0].message.split('\n')[0]}), please check config file`,
        );
      value = document.toJS({ maxAliasCount: 100 });
    }
    const { kind, apiVersion } = (value ?? {}) as Partial<KubeObject>;
    const missing = kind ? (apiVersion ? undefined : 'apiVersion') : 'Kind';
    if (missing) {
      throw new Error(
        `couldn't parse as pod(Object '${missing}' is missing in '${JSON.stringify(value)}'), please check config file`,
      );
    }
    if (kind !== 'Pod' || apiVersion !== 'v1') {
      throw new Error(
        `couldn't parse as pod(no kind "${kind}" is registered for version "${apiVersion}"), please check config file`,
      );
    }
    let pod: Pod;
    try {
      pod = scheme.decode(info, value).object as unknown as Pod;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new Error(`couldn't parse as pod(${error.message}), please check config file`, { cause: error });
    }
    const { node, sim } = this.kubelet;
    const { metadata, spec } = pod;
    const namespace = metadata?.namespace || 'default';
    const uid =
      metadata?.uid || new Random(streamSeed(0x57a71c, `${node.name} ${path} ${JSON.stringify(value)}`)).hex(32);
    const known = this.wanted.get(`${namespace}/${metadata?.name}-${node.name}`);
    if (known?.metadata?.uid === uid) return known;
    const everything = { operator: 'Exists', effect: 'NoExecute' };
    const made = scheme.applyDefaults(info, {
      ...pod,
      metadata: {
        ...metadata,
        name: `${metadata?.name}-${node.name}`,
        namespace,
        uid,
        annotations: {
          ...metadata?.annotations,
          [HASH]: uid,
          [SEEN]: `${new Date(sim.now).toISOString().slice(0, 23)}000000Z`,
          [SOURCE]: 'file',
        },
      },
      spec: { ...spec, nodeName: node.name, tolerations: [...(spec?.tolerations ?? []), everything] },
      status: { phase: 'Pending' },
    } as unknown as KubeObject);
    const errors = scheme.validate(info, made);
    if (errors.length)
      throw new Error(`invalid pod: [${errors.map(({ field, message }) => `${field}: ${message}`).join(', ')}]`);
    const resource = apiReference(made.spec as PodSpec);
    if (resource) throw new Error(`static pods may not reference ${resource}`);
    return made as unknown as Pod;
  }

  // ---- mirror Pods ---------------------------------------------------------------------------------------

  mirrorOf(key: string): Pod | undefined {
    return this.mirrors.get(key);
  }

  /** The API has a mirror Pod, perhaps of something that is not here any more. */
  sawMirror(pod: Pod) {
    const key = keyOf(pod);
    this.mirrors.set(key, pod);
    const worker = this.kubelet.staticWorker(key);
    if (!worker) this.kubelet.sim.after(1, () => this.deleteOrphan(key));
    else if (pod.metadata?.deletionTimestamp || pod.metadata?.annotations?.[MIRROR] !== worker.uid)
      worker.requestSync();
    else if (worker.mirrored !== pod.metadata?.uid) worker.mirrorAppeared(pod);
  }

  mirrorGone(pod: Pod) {
    const key = keyOf(pod);
    if (this.mirrors.get(key)?.metadata?.uid !== pod.metadata?.uid) return;
    this.mirrors.delete(key);
    this.kubelet.staticWorker(key)?.requestSync();
  }

  /** Nothing here stands behind this mirror Pod. */
  private deleteOrphan(key: string) {
    const mirror = this.mirrors.get(key);
    if (mirror && this.kubelet.running && !this.kubelet.staticWorker(key)) this.deleteMirror(mirror);
  }

  /** The Pod's mirror as it should be: stale ones go, a missing one is created. */
  reconcileMirror(worker: PodWorker) {
    const { key, pod, kubelet } = { key: worker.key, pod: worker.pod, kubelet: this.kubelet };
    const present = this.mirrors.get(key);
    if (present && !present.metadata?.deletionTimestamp && present.metadata?.annotations?.[MIRROR] === worker.uid) {
      if (worker.mirrored !== present.metadata?.uid) worker.mirrorAppeared(present);
      return;
    }
    if (present && !this.deleteMirror(present)) return;
    const owner = kubelet.nodeObject;
    const retry = () =>
      void kubelet.sim.after(MIRROR_RETRY_MS, () => {
        if (kubelet.running && kubelet.staticWorker(key) === worker && !this.mirrors.has(key)) worker.requestSync();
      });
    if (!owner) return retry();
    const { uid: _uid, ...metadata } = pod.metadata as NonNullable<Pod['metadata']>;
    const { status: _status, ...rest } = pod;
    const mirror = {
      ...rest,
      metadata: {
        ...metadata,
        annotations: { ...metadata.annotations, [MIRROR]: worker.uid },
        ownerReferences: [ownerOf(owner)],
      },
    } as Pod;
    try {
      // The watch brings it within this request.
      kubelet.pods.create(metadata.namespace ?? '', mirror);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      kubelet.log('E', 'kubelet.go:3351', `"Failed creating a mirror pod" err="${error.message}" pod="${key}"`);
      retry();
    }
  }

  /** False when the API server would not. */
  deleteMirror(mirror: Pod): boolean {
    const { namespace = '', name = '', uid = '' } = mirror.metadata ?? {};
    try {
      this.kubelet.pods.delete(namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!isNotFound(error)) return false;
    }
    return true;
  }

  /** The last of a static Pod has ended. */
  ended(worker: PodWorker) {
    const mirror = this.mirrors.get(worker.key);
    const next = this.wanted.get(worker.key);
    if (next) this.kubelet.staticWanted(next);
    else if (mirror) this.deleteMirror(mirror);
  }
}

function ownerOf(node: Node) {
  return {
    apiVersion: 'v1',
    controller: true,
    kind: 'Node',
    name: node.metadata?.name ?? '',
    uid: node.metadata?.uid ?? '',
  };
}
