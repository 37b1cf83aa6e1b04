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
/** The same of IPv6 (RFC 3849). */
const PUBLIC6 = parseCidr('2001:db8:ffff::/64') as Cidr;
const PUBLIC6_PREFIX = '2001:db8:ffff::';
const FIRST_PUBLIC = 10;
const LAST_PUBLIC = 250;
/** From where load balancers look at their targets. */
const CHECKER_PREFIX = '10.0.254.';
const CHECKER6_PREFIX = 'fd00:10::fe:';
const NODE_BITS = 16;
const NODE_BITS6 = 64;
/** How long the provider takes to set up a load balancer, ms. */
const BALANCER_MS = 20_000;

export interface Machine {
  id: string;
  name: string;
  ip: string;
  /** Of each family that the network has, the primary one first. */
  ips: readonly string[];
  /** Where machines have one too. */
  publicIP: string | undefined;
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
  /** Addresses of the network's router, one of each family. */
  gateway: readonly string[];
  /** Machines can be reached from outside. */
  publicMachines: boolean;
}

const isSix = (address: string): boolean => address.includes(':');

export class Provider {
  readonly sim: Sim;
  readonly machines = new Map<string, Machine>();
  readonly routes = new Map<string, CloudRoute>();
  readonly balancers = new Map<string, LoadBalancer>();
  readonly disks = new Map<string, Disk>();
  private readonly network: Network;
  private readonly gateway: readonly string[];
  private router: NetworkNamespace | undefined;
  private nextPublic = FIRST_PUBLIC;

  private readonly publicMachines: boolean;
  /** Keys of the project, which the agent on each machine puts into its users' accounts. */
  private readonly sshKeys = new Set<string>();

  constructor({ sim, network, gateway, publicMachines }: ProviderOptions) {
    this.sim = sim;
    this.network = network;
    this.gateway = gateway;
    this.publicMachines = publicMachines;
  }

  /** Takes over the network's router: it carries routes now, and leads to the public addresses. */
  connect(router: NetworkNamespace) {
    this.router = router;
    router.forwarding = router.forwarding6 = true;
    // Beyond it nobody answers.
    router.flat = true;
    const [link] = router.links.filter(({ kind }) => kind === 'device');
    for (const ip of this.gateway)
      router.routes.add({ destination: isSix(ip) ? PUBLIC6 : PUBLIC, link, protocol: 'static' });
  }

  // ---- machines --------------------------------------------------------------------------------------------

  launch(name: string, ips: readonly string[]): Machine {
    const [ip] = ips;
    const zone = ZONES[this.machines.size % ZONES.length];
    const id = `i-${this.sim.random('cloud').hex(10)}`;
    const publicIP = this.publicMachines ? this.publicAddress(undefined) : undefined;
    const machine: Machine = { id, name, ip, ips, publicIP, zone, type: INSTANCE_TYPE, state: 'running' };
    this.machines.set(name, machine);
    return machine;
  }

  /** As `spec.providerID` of its Node names it. */
  providerID = ({ zone, id }: Machine): string => `${PROVIDER}://${zone}/${id}`;

  machineById(id: string): Machine | undefined {
    for (const machine of this.machines.values()) if (machine.id === id) return machine;
    return undefined;
  }

  /** One more key that opens an account on all machines; whether it is new. */
  addSshKey(user: string, line: string): boolean {
    const key = `${user}:${line}`;
    if (this.sshKeys.has(key)) return false;
    this.sshKeys.add(key);
    return true;
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
    const via = machine.ips.find((ip) => isSix(ip) === isSix(route.cidr));
    this.router?.routes.add({ destination, via, link, protocol: 'static' });
  }

  deleteRoute(name: string) {
    const route = this.routes.get(name);
    if (!route) return;
    this.routes.delete(name);
    this.router?.routes.remove(({ destination, via }) => via !== undefined && destination.text === route.cidr);
  }

  // ---- load balancers --------------------------------------------------------------------------------------

  /** Makes the load balancer, or changes it; it serves once `readyAt` has come. */
  ensureBalancer(name: string, spec: BalancerSpec, six: boolean, wanted?: string): LoadBalancer {
    let balancer = this.balancers.get(name);
    if (!balancer) {
      const gateway = this.gateway.find((one) => isSix(one) === six);
      if (gateway === undefined)
        throw new CloudError('InvalidArgument', `the network has no addresses of ${six ? 'IPv6' : 'IPv4'}`);
      const ip = this.publicAddress(wanted, six);
      const number = ip.slice((six ? PUBLIC6_PREFIX : PUBLIC_PREFIX).length);
      const net = this.network.namespace([], `load balancer ${ip}`);
      const link = six
        ? net.plug('eth0', `${CHECKER6_PREFIX}${number}`, NODE_BITS6, gateway)
        : net.plug('eth0', `${CHECKER_PREFIX}${number}`, NODE_BITS, gateway);
      net.forwarding = net.forwarding6 = true;
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

  private publicAddress(wanted: string | undefined, six = false): string {
    const prefix = six ? PUBLIC6_PREFIX : PUBLIC_PREFIX;
    const taken = new Set([...this.balancers.values()].map(({ ip }) => ip));
    this.machines.forEach(({ publicIP }) => publicIP && taken.add(publicIP));
    if (wanted) {
      const number = wanted.startsWith(prefix) ? Number(wanted.slice(prefix.length)) : NaN;
      if (!(number >= 1 && number <= LAST_PUBLIC) || taken.has(wanted))
        throw new CloudError('InvalidArgument', `requested ip ${JSON.stringify(wanted)} is not available`);
      return wanted;
    }
    for (let tries = 0; tries < LAST_PUBLIC; tries++) {
      const ip = `${prefix}${this.nextPublic}`;
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
