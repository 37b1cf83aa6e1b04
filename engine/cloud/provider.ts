// A cloud as its customers see it: machines in zones, routes of a private network, load balancers with public addresses,
// disks and file shares. It knows nothing of Kubernetes; the cloud-controller-manager and the CSI driver are its customers.

import { DirNode, FileNode, type NetworkNamespace, type Network } from '../linux/index.ts';
import type { Cidr } from '../linux/net/index.ts';
import { parseCidr } from '../linux/net/index.ts';
import type { Sim } from '../sim/index.ts';
import { LoadBalancer, type BalancerSpec } from './load-balancer.ts';

export const PROVIDER = 'sim';
export const REGION = 'sim-1';
const ZONES = ['sim-1a', 'sim-1b'];
const INSTANCE_TYPE = 'standard-4';
/** Public addresses (RFC 5737: documentation). */
const PUBLIC = parseCidr('203.0.113.0/24') as Cidr;
const PUBLIC_PREFIX = '203.0.113.';
const FIRST_PUBLIC = 10;
const LAST_PUBLIC = 250;
/** From where load balancers look at their targets. */
const CHECKER_PREFIX = '10.0.254.';
const NODE_BITS = 16;
/** How long the provider takes to set up a load balancer, ms. */
const BALANCER_MS = 20_000;

export interface Machine {
  id: string;
  name: string;
  ip: string;
  zone: string;
  type: string;
  state: 'running' | 'stopped' | 'terminated';
}

export interface CloudRoute {
  name: string;
  cidr: string;
  machine: string;
}

export type DiskKind = 'disk' | 'share';

/** A block device of one zone, or a directory that many machines mount over the network. */
export interface Disk {
  id: string;
  name: string;
  kind: DiskKind;
  zone: string;
  bytes: number;
  /** Ids of the machines that it is attached to. */
  attached: Set<string>;
  /** What is on it once it carries a file system. */
  files: DirNode;
  /** The file system's size; 0 before there is one. */
  formatted: number;
  /** The device itself. */
  device: FileNode;
}

/** The provider refuses; `code` as gRPC has it. */
export class CloudError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface ProviderOptions {
  sim: Sim;
  network: Network;
  /** Address of the network's router. */
  gateway: string;
}

export class Provider {
  readonly sim: Sim;
  readonly machines = new Map<string, Machine>();
  readonly routes = new Map<string, CloudRoute>();
  readonly balancers = new Map<string, LoadBalancer>();
  readonly disks = new Map<string, Disk>();
  private readonly network: Network;
  private readonly gateway: string;
  private router: NetworkNamespace | undefined;
  private nextPublic = FIRST_PUBLIC;

  constructor({ sim, network, gateway }: ProviderOptions) {
    this.sim = sim;
    this.network = network;
    this.gateway = gateway;
  }

  /** Takes over the network's router: it carries routes now, and leads to the public addresses. */
  connect(router: NetworkNamespace) {
    this.router = router;
    router.forwarding = true;
    // Beyond it nobody answers.
    router.flat = true;
    const [link] = router.links.filter(({ kind }) => kind === 'device');
    router.routes.add({ destination: PUBLIC, link, protocol: 'static' });
  }

  // ---- machines --------------------------------------------------------------------------------------------

  launch(name: string, ip: string): Machine {
    const zone = ZONES[this.machines.size % ZONES.length];
    const id = `i-${this.sim.random('cloud').hex(10)}`;
    const machine: Machine = { id, name, ip, zone, type: INSTANCE_TYPE, state: 'running' };
    this.machines.set(name, machine);
    return machine;
  }

  /** As `spec.providerID` of its Node names it. */
  providerID = ({ zone, id }: Machine): string => `${PROVIDER}://${zone}/${id}`;

  machineById(id: string): Machine | undefined {
    for (const machine of this.machines.values()) if (machine.id === id) return machine;
    return undefined;
  }

  stop(machine: Machine) {
    machine.state = 'stopped';
  }

  start(machine: Machine) {
    machine.state = 'running';
  }

  /** It is gone for good; what was attached to it is free. */
  terminate(machine: Machine) {
    machine.state = 'terminated';
    this.disks.forEach((disk) => disk.attached.delete(machine.id));
  }

  // ---- routes ----------------------------------------------------------------------------------------------

  createRoute(route: CloudRoute) {
    const machine = this.machines.get(route.machine);
    const destination = parseCidr(route.cidr);
    const link = this.router?.links.find(({ kind }) => kind === 'device');
    if (!machine || machine.state === 'terminated' || !destination || !link)
      throw new CloudError('NotFound', `instance ${route.machine} not found`);
    this.deleteRoute(route.name);
    this.routes.set(route.name, route);
    this.router?.routes.add({ destination, via: machine.ip, link, protocol: 'static' });
  }

  deleteRoute(name: string) {
    const route = this.routes.get(name);
    if (!route) return;
    this.routes.delete(name);
    this.router?.routes.remove(({ destination, via }) => via !== undefined && destination.text === route.cidr);
  }

  // ---- load balancers --------------------------------------------------------------------------------------

  /** Makes the load balancer, or changes it; it serves once `readyAt` has come. */
  ensureBalancer(name: string, spec: BalancerSpec, wanted?: string): LoadBalancer {
    let balancer = this.balancers.get(name);
    if (!balancer) {
      const ip = this.publicAddress(wanted);
      const number = ip.slice(PUBLIC_PREFIX.length);
      const net = this.network.namespace([], `load balancer ${ip}`);
      const link = net.plug('eth0', `${CHECKER_PREFIX}${number}`, NODE_BITS, this.gateway);
      net.forwarding = true;
      balancer = new LoadBalancer({ sim: this.sim, net, ip, link, readyAt: this.sim.now + BALANCER_MS });
      this.balancers.set(name, balancer);
    }
    balancer.configure(spec);
    return balancer;
  }

  deleteBalancer(name: string) {
    this.balancers.get(name)?.close();
    this.balancers.delete(name);
  }

  private publicAddress(wanted: string | undefined): string {
    const taken = new Set([...this.balancers.values()].map(({ ip }) => ip));
    if (wanted) {
      const number = wanted.startsWith(PUBLIC_PREFIX) ? Number(wanted.slice(PUBLIC_PREFIX.length)) : NaN;
      if (!(number >= 1 && number <= LAST_PUBLIC) || taken.has(wanted))
        throw new CloudError('InvalidArgument', `requested ip ${JSON.stringify(wanted)} is not available`);
      return wanted;
    }
    for (let tries = 0; tries < LAST_PUBLIC; tries++) {
      const ip = `${PUBLIC_PREFIX}${this.nextPublic}`;
      this.nextPublic = this.nextPublic >= LAST_PUBLIC ? FIRST_PUBLIC : this.nextPublic + 1;
      if (!taken.has(ip)) return ip;
    }
    throw new CloudError('ResourceExhausted', 'quota of public addresses exceeded');
  }

  // ---- storage ---------------------------------------------------------------------------------------------

  get zones(): readonly string[] {
    return [...new Set([...this.machines.values()].map(({ zone }) => zone))];
  }

  /** Of one name there is one: asking again gives the same. */
  createDisk(name: string, kind: DiskKind, bytes: number, zone: string): Disk {
    const id = `${kind === 'disk' ? 'vol' : 'fs'}-`;
    for (const known of this.disks.values()) {
      if (known.name !== name) continue;
      if (known.bytes !== bytes) throw new CloudError('AlreadyExists', `volume ${name} exists with another size`);
      return known;
    }
    const device = new FileNode('', { mode: 0o660, mtime: this.sim.now });
    device.block = true;
    const disk: Disk = {
      id: id + this.sim.random('cloud').hex(10),
      name,
      kind,
      zone,
      bytes,
      attached: new Set(),
      files: new DirNode({ mode: 0o755, mtime: this.sim.now }),
      formatted: kind === 'share' ? bytes : 0,
      device,
    };
    this.disks.set(disk.id, disk);
    return disk;
  }

  disk(id: string): Disk {
    const disk = this.disks.get(id);
    if (!disk) throw new CloudError('NotFound', `volume ${JSON.stringify(id)} not found`);
    return disk;
  }

  deleteDisk(id: string) {
    const disk = this.disks.get(id);
    if (!disk) return;
    if (disk.attached.size) throw new CloudError('FailedPrecondition', `volume ${JSON.stringify(id)} is in use`);
    this.disks.delete(id);
  }

  /** `many`: several machines may have it at once. */
  attach(id: string, machineId: string, many: boolean) {
    const disk = this.disk(id);
    const machine = this.machineById(machineId);
    if (!machine || machine.state === 'terminated')
      throw new CloudError('NotFound', `instance ${JSON.stringify(machineId)} not found`);
    if (disk.attached.has(machineId)) return;
    if (disk.kind === 'disk' && disk.zone !== machine.zone)
      throw new CloudError(
        'InvalidArgument',
        `volume ${id} is in zone ${disk.zone}, instance ${machineId} in ${machine.zone}`,
      );
    if (disk.attached.size && !many)
      throw new CloudError(
        'FailedPrecondition',
        `volume ${JSON.stringify(id)} is attached to another instance ${JSON.stringify([...disk.attached][0])}`,
      );
    disk.attached.add(machineId);
  }

  detach(id: string, machineId: string) {
    this.disks.get(id)?.attached.delete(machineId);
  }

  resize(id: string, bytes: number) {
    const disk = this.disk(id);
    disk.bytes = Math.max(disk.bytes, bytes);
    if (disk.kind === 'share') disk.formatted = disk.bytes;
  }
}
