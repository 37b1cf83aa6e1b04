// The kubelet's side of CSI: drivers that register themselves on the node, and the calls by which their volumes are
// staged, published, grown and taken away again (kubernetes/pkg/volume/csi, pkg/kubelet/volumemanager).

import { compareQuantities, quantityValue } from '../api/quantity.ts';
import type {
  CSIDriver,
  CSINode,
  CSINodeDriver,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Volume,
} from '../api/types.ts';
import { ApiError, isAlreadyExists, isConflict, isNotFound } from '../client/index.ts';
import type { CsiVolumes, DriverVolume, Kubelet } from '../kubelet/index.ts';
import { MountError, NotAttachedError } from '../kubelet/mount-error.ts';
import type { PodWorker } from '../kubelet/pod-worker.ts';
import { podRef } from '../kubelet/reference.ts';
import type { Co } from '../sim/index.ts';
import { applyFsGroup } from './fs-group.ts';
import { stagingPath, uniqueName } from './names.ts';
import { call, RpcError, type Message } from '../linux/grpc.ts';
import { capability } from './sidecar.ts';

// kubelet: workerResyncIntervalJitterFactor.
const RESYNC_MS = 60_000;
const NODE_ID = 'csi.volume.kubernetes.io/nodeid';

interface Published {
  driver: string;
  handle: string;
  /** Of the Pod's volume. */
  name: string;
  claim: PersistentVolumeClaim;
  path: string;
}

export class KubeletCsi implements CsiVolumes {
  private readonly kubelet: Kubelet;
  /** Sockets of the drivers that have registered, by name. */
  private readonly endpoints = new Map<string, string>();
  /** Where each volume is staged, by its unique name. */
  private readonly staged = new Map<string, string>();
  /** By the Pod's uid. */
  private readonly published = new Map<string, Published[]>();
  /** uids of the Pods that have a volume or wait for it, by its unique name: these volumes are in use. */
  private readonly users = new Map<string, Set<string>>();
  private reported = '';

  constructor(kubelet: Kubelet) {
    this.kubelet = kubelet;
  }

  // ---- drivers ---------------------------------------------------------------------------------------------

  *register(name: string, endpoint: string): Co {
    const { kubelet } = this;
    const info = (yield* call(kubelet.machine.fs, endpoint, 'Node/NodeGetInfo', {})) as {
      node_id: string;
      max_volumes_per_node: number;
      accessible_topology?: { segments: Record<string, string> };
    };
    const segments = info.accessible_topology?.segments ?? {};
    kubelet.client.of<Node>('v1', 'nodes', false).patch('', kubelet.node.name, 'merge', {
      metadata: { labels: segments, annotations: this.nodeIds({ [name]: info.node_id }) },
    });
    const entry: CSINodeDriver = {
      name,
      nodeID: info.node_id,
      topologyKeys: Object.keys(segments),
      allocatable: { count: info.max_volumes_per_node },
    };
    this.writeCsiNode((drivers) => [...drivers.filter((one) => one.name !== name), entry]);
    this.endpoints.set(name, endpoint);
  }

  deregister(driver: string) {
    if (!this.endpoints.delete(driver)) return;
    this.writeCsiNode((drivers) => drivers.filter(({ name }) => name !== driver));
  }

  private nodeIds(add: Record<string, string>): Record<string, string> {
    const old = this.kubelet.nodeObject?.metadata.annotations?.[NODE_ID];
    return { [NODE_ID]: JSON.stringify({ ...(old && (JSON.parse(old) as object)), ...add }) };
  }

  private writeCsiNode(change: (drivers: CSINodeDriver[]) => CSINodeDriver[]) {
    const { client, node, nodeObject } = this.kubelet;
    const csiNodes = client.of<CSINode>('storage.k8s.io/v1', 'csinodes', false);
    for (let tries = 0; tries < 3; tries++) {
      try {
        const old = csiNodes.find('', node.name);
        if (old) csiNodes.update('', node.name, { ...old, spec: { ...old.spec, drivers: change(old.spec.drivers) } });
        else
          csiNodes.create('', {
            apiVersion: 'storage.k8s.io/v1',
            kind: 'CSINode',
            metadata: {
              name: node.name,
              ownerReferences: nodeObject && [
                { apiVersion: 'v1', kind: 'Node', name: node.name, uid: nodeObject.metadata.uid as string },
              ],
            },
            spec: { drivers: change([]) },
          });
        return;
      } catch (error) {
        if (!isConflict(error) && !isAlreadyExists(error)) throw error;
      }
    }
  }

  /** Calls the driver's part on this node. */
  private *call(driver: string, method: string, request: Message, doing: string): Co<Message> {
    const endpoint = this.endpoints.get(driver);
    if (endpoint === undefined)
      throw new MountError(
        `kubernetes.io/csi: ${doing}: driver name ${driver} not found in the list of registered CSI drivers`,
      );
    return yield* call(this.kubelet.machine.fs, endpoint, method, request);
  }

  // ---- a Pod's volumes ---------------------------------------------------------------------------------------

  *mount(worker: PodWorker, volume: Volume, { bound, claim, readOnly }: DriverVolume): Co {
    const csi = bound.spec?.csi;
    if (!csi) throw new Error('no CSI volume');
    const { driver, volumeHandle: handle } = csi;
    const name = bound.metadata.name as string;
    const key = uniqueName(driver, handle);
    const block = bound.spec?.volumeMode === 'Block';
    const users = this.users.get(key);
    if (users) users.add(worker.uid);
    else this.users.set(key, new Set([worker.uid]));
    this.reportInUse();
    const known = this.kubelet.client.of<CSIDriver>('storage.k8s.io/v1', 'csidrivers', false).find('', driver);
    if (known?.spec.attachRequired !== false && !this.isAttached(key)) throw new NotAttachedError(volume.name);
    const request = {
      volume_id: handle,
      volume_capability: capability(
        bound.spec?.accessModes,
        bound.spec?.volumeMode,
        csi.fsType,
        bound.spec?.mountOptions,
      ),
    };
    const steps = block
      ? ([
          'MapVolume.SetUpDevice',
          'blockMapper.SetUpDevice',
          'MapVolume.MapPodDevice',
          'blockMapper.MapPodDevice',
        ] as const)
      : (['MountVolume.MountDevice', 'attacher.MountDevice', 'MountVolume.SetUp', 'mounter.SetUpAt'] as const);
    const { fs } = this.kubelet.machine;
    const staging = stagingPath(driver, handle);
    if (!this.staged.has(key)) {
      const doing = `${steps[1]} failed to create newCsiDriverClient`;
      yield* this.step(steps[0], name, () =>
        this.call(driver, 'Node/NodeStageVolume', { ...request, staging_target_path: staging }, doing),
      );
      this.staged.set(key, staging);
    }
    const base = `/var/lib/kubelet/pods/${worker.uid}`;
    const path = block
      ? `${base}/volumeDevices/kubernetes.io~csi/${name}`
      : `${base}/volumes/kubernetes.io~csi/${name}/mount`;
    yield* this.step(steps[2], name, () =>
      this.call(
        driver,
        'Node/NodePublishVolume',
        { ...request, staging_target_path: staging, target_path: path, readonly: readOnly },
        `${steps[3]} failed to get CSI client`,
      ),
    );
    const node = fs.node(path);
    if (node.kind === 'link') throw new MountError('not a mount point', name);
    if (!readOnly) applyFsGroup(node, worker.pod.spec?.securityContext ?? {}, known, bound);
    if (block) this.tellOfDevice(worker.pod, name, base);
    const list = this.published.get(worker.uid) ?? [];
    list.push({ driver, handle, name: volume.name, claim, path });
    this.published.set(worker.uid, list);
    const mounted = fs.mounts().find((one) => one.path === path);
    worker.volumes.provide(volume.name, node, { ...mounted, readOnly });
    if (list.length === 1) this.resync(worker);
  }

  private *step(step: string, volume: string, run: () => Co<Message>): Co {
    try {
      yield* run();
    } catch (error) {
      if (!(error instanceof RpcError) && !(error instanceof MountError)) throw error;
      throw new MountError(error.message, volume, step);
    }
  }

  private tellOfDevice(pod: Pod, name: string, base: string) {
    const { recorder } = this.kubelet;
    const done = `MapVolume.MapPodDevice succeeded for volume ${JSON.stringify(name)}`;
    const global = `/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices/${name}/dev`;
    const own = `${base}/volumeDevices/kubernetes.io~csi`;
    recorder.event(podRef(pod), 'Normal', 'SuccessfulMountVolume', `${done} globalMapPath ${JSON.stringify(global)}`);
    recorder.event(podRef(pod), 'Normal', 'SuccessfulMountVolume', `${done} volumeMapPath ${JSON.stringify(own)}`);
  }

  private isAttached(key: string): boolean {
    return this.kubelet.nodeObject?.status?.volumesAttached?.some(({ name }) => name === key) === true;
  }

  /** The kubelet looks at its Pods every minute and a bit. */
  private resync(worker: PodWorker) {
    const { sim } = this.kubelet;
    const again = () => {
      if (!this.published.has(worker.uid)) return;
      if (this.kubelet.running) sim.spawn(`volumes ${worker.key}`, this.expand(worker));
      this.resync(worker);
    };
    sim.after(Math.round(RESYNC_MS * (1 + 0.5 * sim.random('csi resync').float())), again);
  }

  /** Grows file systems whose volumes have grown. */
  *expand(worker: PodWorker): Co {
    for (const { driver, handle, claim, path } of this.published.get(worker.uid) ?? []) {
      const { namespace = '', name = '' } = claim.metadata;
      const claims = this.kubelet.client.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
      const now = claims.find(namespace, name);
      if (now?.status?.allocatedResourceStatuses?.storage !== 'NodeResizePending') continue;
      const volume = this.kubelet.client
        .of<PersistentVolume>('v1', 'persistentvolumes', false)
        .find('', now.spec?.volumeName ?? '');
      const storage = volume?.spec?.capacity?.storage ?? '0';
      if (!volume || compareQuantities(storage, now.status.capacity?.storage ?? '0') <= 0) continue;
      const { recorder, node } = this.kubelet;
      const shown = JSON.stringify(volume.metadata.name);
      try {
        const required_bytes = quantityValue(storage);
        const request = { volume_id: handle, volume_path: path, capacity_range: { required_bytes } };
        yield* this.call(driver, 'Node/NodeExpandVolume', request, 'Expander.NodeExpand failed to get CSI client');
      } catch (error) {
        if (!(error instanceof RpcError) && !(error instanceof MountError)) throw error;
        const text = `NodeExpandVolume failed for volume ${shown} : ${error.message}`;
        recorder.event(podRef(worker.pod), 'Warning', 'VolumeResizeFailed', text);
        continue;
      }
      const status = { capacity: { storage }, conditions: null, allocatedResourceStatuses: null };
      claims.patch(namespace, name, 'merge', { status }, 'status');
      const text = `MountVolume.NodeExpandVolume succeeded for volume ${shown} ${node.name}`;
      recorder.event(podRef(worker.pod), 'Normal', 'FileSystemResizeSuccessful', text);
      recorder.event(now, 'Normal', 'FileSystemResizeSuccessful', text);
    }
  }

  /** The Pod's containers have ended: its volumes go from the node where nobody else has them. */
  *release(worker: PodWorker): Co {
    for (const { driver, handle, path } of this.published.get(worker.uid) ?? []) {
      const request = { volume_id: handle, target_path: path };
      yield* this.undo(() => this.call(driver, 'Node/NodeUnpublishVolume', request, 'Unmounter.TearDownAt'));
    }
    const freed = this.published.get(worker.uid) ?? [];
    this.published.delete(worker.uid);
    for (const [key, users] of [...this.users]) {
      if (!users.delete(worker.uid) || users.size) continue;
      const staging_target_path = this.staged.get(key);
      const volume = freed.find(({ driver, handle }) => uniqueName(driver, handle) === key);
      if (staging_target_path !== undefined && volume) {
        const request = { volume_id: volume.handle, staging_target_path };
        yield* this.undo(() => this.call(volume.driver, 'Node/NodeUnstageVolume', request, 'attacher.UnmountDevice'));
      }
      this.staged.delete(key);
      this.users.delete(key);
    }
    this.reportInUse();
  }

  private *undo(run: () => Co<Message>): Co {
    try {
      yield* run();
    } catch (error) {
      if (!(error instanceof RpcError) && !(error instanceof MountError)) throw error;
      this.kubelet.log('E', 'nestedpendingoperations.go:348', `"UnmountVolume failed" err="${error.message}"`);
    }
  }

  /** The machine has lost power: nothing is mounted any more. */
  crashed() {
    const { fs } = this.kubelet.machine;
    for (const { path } of fs.mounts()) if (path.startsWith('/var/lib/kubelet/')) fs.unmount(path);
    this.staged.clear();
    this.published.clear();
    this.users.clear();
    this.endpoints.clear();
    this.reported = '';
  }

  /** node.status.volumesInUse: what must not be detached. */
  private reportInUse() {
    const volumesInUse = [...this.users.keys()].sort();
    const text = volumesInUse.join(' ');
    if (text === this.reported) return;
    const { client, node } = this.kubelet;
    try {
      client
        .of<Node>('v1', 'nodes', false)
        .patch('', node.name, 'merge', { status: { volumesInUse: text ? volumesInUse : null } }, 'status');
      this.reported = text;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (isNotFound(error)) this.reported = text;
    }
  }
}
