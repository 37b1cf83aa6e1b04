// The provider's CSI driver: a gRPC server on a socket. Its controller makes, attaches and grows disks and file shares of
// the provider; its part on each node formats and mounts them there.

import { CloudError, type Disk, type DiskKind, type Provider } from '../cloud/provider.ts';
import { clock, untilSignal } from '../images/service.ts';
import { FileNode, type Host, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { DRIVER, DRIVER_VERSION, TOPOLOGY_KEY } from './names.ts';
import { readFlags } from './flags.ts';
import { listen, RpcError, socketPath, type Message } from '../linux/grpc.ts';

const GIB = 2 ** 30;
/** What the provider needs for each call, ms. */
const CREATE_MS = 1500;
const ATTACH_MS = 1800;
const DETACH_MS = 900;
const EXPAND_MS = 1200;
const DELETE_MS = 700;
const FORMAT_MS = 400;
/** Disks that one machine may have, without the flag. */
const ATTACH_LIMIT = '16';

interface Capability {
  access_mode: { mode: string };
  block?: object;
  mount?: { fs_type?: string; mount_flags?: string[] };
}

interface Request extends Message {
  name?: string;
  volume_id?: string;
  node_id?: string;
  capacity_range?: { required_bytes: number };
  volume_capability?: Capability;
  volume_capabilities?: Capability[];
  parameters?: Record<string, string>;
  accessibility_requirements?: { preferred?: { segments: Record<string, string> }[] };
  staging_target_path?: string;
  target_path?: string;
  volume_path?: string;
  readonly?: boolean;
}

export interface DriverOptions {
  provider: Provider;
  /** The nodes' machines: mounts of the driver's container propagate to its own. */
  machines: ReadonlyMap<string, Host>;
}

export const driver = (options: DriverOptions): Program =>
  function* (process): Co<number> {
    const log = (text: string) => void process.stderr.write(`${clock(process).klog}       1 server.go:86] ${text}\n`);
    const known = { '--endpoint': '/csi/csi.sock', '--mode': 'all', '--volume-attach-limit': ATTACH_LIMIT };
    const flags = readFlags(process, known);
    if (!flags) return 2;
    const server = new Driver(process, options, Number(flags['--volume-attach-limit']));
    const endpoint = socketPath(flags['--endpoint']);
    const part = flags['--mode'];
    yield 5;
    log(`Driver: ${DRIVER} version: ${DRIVER_VERSION}`);
    listen(process, endpoint, function* (method, request): Co<Message> {
      log(`GRPC call: /csi.v1.${method}`);
      log(`GRPC request: ${JSON.stringify(request)}`);
      try {
        if (!serves(part, method))
          throw new RpcError('Unimplemented', `unknown service csi.v1.${method.split('/')[0]}`);
        const answer = yield* server.answer(method, request as Request);
        log(`GRPC response: ${JSON.stringify(answer)}`);
        return answer;
      } catch (error) {
        const known = error instanceof CloudError ? new RpcError(error.code, error.message) : error;
        log(`GRPC error: ${(known as Error).message}`);
        throw known;
      }
    });
    log(`Listening for connections on address: ${endpoint}`);
    yield* untilSignal(process);
    return 0;
  };

/** Which services a part of the driver offers. */
const serves = (part: string, method: string): boolean =>
  method.startsWith('Identity/') || part === 'all' || method.toLowerCase().startsWith(`${part}/`);

class Driver {
  private readonly attachLimit: number;
  private readonly provider: Provider;
  private readonly machine: Host | undefined;
  private readonly node: string;

  constructor(process: Process, { provider, machines }: DriverOptions, attachLimit: number) {
    this.attachLimit = attachLimit;
    this.provider = provider;
    this.node = process.env.NODE_NAME ?? '';
    this.machine = machines.get(this.node);
  }

  *answer(method: string, request: Request): Co<Message> {
    const { provider } = this;
    const { volume_id: id = '', node_id: node = '' } = request;
    switch (method) {
      case 'Identity/GetPluginInfo':
        return { name: DRIVER, vendor_version: DRIVER_VERSION };
      case 'Identity/Probe':
        return { ready: true };
      case 'Controller/CreateVolume':
        return yield* this.create(request);
      case 'Controller/DeleteVolume':
        yield DELETE_MS;
        provider.deleteDisk(id);
        return {};
      case 'Controller/ControllerPublishVolume':
        yield ATTACH_MS;
        provider.attach(id, node, isMulti(request.volume_capability));
        return { publish_context: { device: `/dev/disk/by-id/${id}` } };
      case 'Controller/ControllerUnpublishVolume':
        yield DETACH_MS;
        provider.detach(id, node);
        return {};
      case 'Controller/ControllerExpandVolume': {
        yield EXPAND_MS;
        const disk = provider.disk(id);
        provider.resize(id, roundUp(request.capacity_range?.required_bytes ?? disk.bytes));
        const growsOnNode = disk.kind === 'disk' && !request.volume_capability?.block;
        return { capacity_bytes: disk.bytes, node_expansion_required: growsOnNode };
      }
      case 'Node/NodeGetInfo':
        return this.info();
      case 'Node/NodeStageVolume':
        return yield* this.stage(request);
      case 'Node/NodePublishVolume':
        return this.publish(request);
      case 'Node/NodeUnpublishVolume':
        this.unmount(request.target_path);
        return {};
      case 'Node/NodeUnstageVolume':
        this.unmount(request.staging_target_path);
        return {};
      case 'Node/NodeExpandVolume': {
        yield FORMAT_MS;
        const disk = this.attached(id);
        disk.formatted = disk.bytes;
        return { capacity_bytes: disk.bytes };
      }
      default:
        throw new RpcError('Unimplemented', `unknown method ${method}`);
    }
  }

  // ---- controller ------------------------------------------------------------------------------------------

  private *create(request: Request): Co<Message> {
    const { name = '', capacity_range, volume_capabilities = [], parameters = {} } = request;
    const { type = 'disk', ...rest } = parameters;
    const unknown = Object.keys(rest);
    if (unknown.length) throw new RpcError('InvalidArgument', `invalid option ${JSON.stringify(unknown[0])}`);
    if (type !== 'disk' && type !== 'share')
      throw new RpcError('InvalidArgument', `type must be disk or share, not ${JSON.stringify(type)}`);
    const wantsMany = volume_capabilities.some(isMulti);
    const block = volume_capabilities.some((capability) => capability.block);
    if (type === 'share' && block) throw new RpcError('InvalidArgument', 'a share is no block device');
    if (type === 'disk' && wantsMany && !(block || volume_capabilities.every(isReader)))
      throw new RpcError('InvalidArgument', 'a disk with a file system can be written to by one node only');
    yield CREATE_MS;
    const zone = request.accessibility_requirements?.preferred?.[0]?.segments[TOPOLOGY_KEY] ?? this.provider.zones[0];
    const bytes = roundUp(capacity_range?.required_bytes ?? GIB);
    const disk = this.provider.createDisk(name, type as DiskKind, bytes, zone);
    return {
      volume: {
        volume_id: disk.id,
        capacity_bytes: disk.bytes,
        accessible_topology: type === 'disk' ? [{ segments: { [TOPOLOGY_KEY]: disk.zone } }] : [],
      },
    };
  }

  // ---- node ------------------------------------------------------------------------------------------------

  private info(): Message {
    const machine = this.provider.machines.get(this.node);
    if (!machine) throw new RpcError('NotFound', `instance of node ${JSON.stringify(this.node)} not found`);
    return {
      node_id: machine.id,
      max_volumes_per_node: this.attachLimit,
      accessible_topology: { segments: { [TOPOLOGY_KEY]: machine.zone } },
    };
  }

  /** The disk, which must be attached to this machine. */
  private attached(id: string): Disk {
    const disk = this.provider.disk(id);
    const machine = this.provider.machines.get(this.node);
    if (!machine || !disk.attached.has(machine.id))
      throw new RpcError('NotFound', `device /dev/disk/by-id/${id} not found`);
    return disk;
  }

  private get files() {
    if (!this.machine) throw new RpcError('Internal', `node ${JSON.stringify(this.node)} is not this machine`);
    return this.machine.fs;
  }

  private *stage(request: Request): Co<Message> {
    const { volume_id = '', staging_target_path: path = '', volume_capability } = request;
    const disk = this.attached(volume_id);
    if (volume_capability?.block) return {};
    const [flag] = volume_capability?.mount?.mount_flags ?? [];
    if (flag) throw new RpcError('InvalidArgument', `the mount option ${flag} is not modelled by this engine`);
    const type = volume_capability?.mount?.fs_type;
    if (disk.kind === 'disk' && type && type !== 'ext4')
      throw new RpcError('InvalidArgument', `the file system ${type} is not modelled by this engine`);
    if (disk.formatted === 0) {
      yield FORMAT_MS;
      disk.formatted = disk.bytes;
    }
    this.files.mkdir(path, { recursive: true });
    this.files.mount(path, disk.files, mountOf(disk));
    return {};
  }

  private publish(request: Request): Message {
    const { volume_id = '', target_path: path = '', volume_capability, readonly } = request;
    const disk = this.attached(volume_id);
    const { files } = this;
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (volume_capability?.block) {
      files.mkdir(parent, { recursive: true });
      files.put(path, new FileNode(''));
      files.mount(path, disk.device, { readOnly: readonly, device: `/dev/disk/by-id/${disk.id}`, type: 'devtmpfs' });
      return {};
    }
    files.mkdir(path, { recursive: true });
    files.mount(path, disk.files, { ...mountOf(disk), readOnly: readonly });
    return {};
  }

  private unmount(path: string | undefined) {
    if (!path || !this.files.exists(path)) return;
    this.files.unmount(path);
    this.files.remove(path);
  }
}

const mountOf = (disk: Disk) => ({
  device: disk.kind === 'disk' ? `/dev/disk/by-id/${disk.id}` : `${disk.id}.files.sim.internal:/`,
  type: disk.kind === 'disk' ? 'ext4' : 'nfs4',
  size: () => disk.formatted,
});
const roundUp = (bytes: number): number => Math.max(1, Math.ceil(bytes / GIB)) * GIB;
const isMulti = (capability: Capability | undefined): boolean => /^MULTI_NODE/.test(capability?.access_mode.mode ?? '');
const isReader = (capability: Capability): boolean => /READER_ONLY$/.test(capability.access_mode.mode);
