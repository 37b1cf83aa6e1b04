// Network interfaces, and the wires between them: the loopback, a device on a LAN, veth pairs, bridges with ports.

import { inCidr, ipNumber, macOf, parseCidr, type Cidr } from './address.ts';
import type { NetworkNamespace } from './namespace.ts';
import type { Fate, Journey, Packet } from './packet.ts';
import type { Tunnel } from './vxlan.ts';

export type LinkKind = 'loopback' | 'device' | 'veth' | 'bridge' | 'dummy' | 'vxlan';

export interface InterfaceAddress {
  ip: string;
  bits: number;
}

export class Link {
  readonly namespace: NetworkNamespace;
  readonly kind: LinkKind;
  readonly index: number;
  name: string;
  mac: string;
  mtu = 1500;
  up = true;
  /** With the headers of Ethernet. */
  sentPackets = 0;
  sentBytes = 0;
  receivedPackets = 0;
  receivedBytes = 0;
  readonly addresses: InterfaceAddress[] = [];
  /** The other end of a veth pair. */
  peer: Link | undefined;
  /** The bridge that this is a port of. */
  master: Link | undefined;
  /** A bridge's ports. */
  readonly ports: Link[] = [];
  /** Frames may leave a bridge by the port that they came in by. */
  hairpin = false;
  /** Of VXLAN: what is underneath, and how frames go there. */
  tunnel: Tunnel | undefined;
  carry: ((nextHop: string, packet: Packet, journey: Journey) => Fate) | undefined;
  /** What a device is plugged into. */
  lan: Lan | undefined;
  /** Ports of a bridge by the addresses behind them, as ARP has found them. */
  private found: Map<string, Link> | undefined;

  constructor(namespace: NetworkNamespace, kind: LinkKind, name: string, index: number, mac: string) {
    this.namespace = namespace;
    this.kind = kind;
    this.name = name;
    this.index = index;
    this.mac = mac;
  }

  get address(): string | undefined {
    return this.addresses[0]?.ip;
  }

  has(ip: string): boolean {
    for (let i = 0; i < this.addresses.length; i++) if (this.addresses[i].ip === ip) return true;
    return false;
  }

  /** ARP on a bridge: the port behind which the address is. */
  portOf(ip: string): Link | undefined {
    const known = this.found?.get(ip);
    if (known?.master === this && known.peer?.has(ip)) return known;
    // Who is asked for first is mostly who came last.
    for (let i = this.ports.length - 1; i >= 0; i--) {
      const port = this.ports[i];
      if (!port.peer?.has(ip)) continue;
      (this.found ??= new Map()).set(ip, port);
      return port;
    }
    this.found?.delete(ip);
    return undefined;
  }

  /** Addresses behind the ports that somebody has asked for. */
  learned(): ReadonlyMap<string, Link> {
    return (this.found ??= new Map());
  }

  enslave(bridge: Link) {
    this.master = bridge;
    bridge.ports.push(this);
  }

  release() {
    const { master } = this;
    if (!master) return;
    master.ports.splice(master.ports.indexOf(this), 1);
    this.master = undefined;
  }
}

/** A segment of Ethernet: devices find each other by address. */
export class Lan {
  private readonly links = new Map<string, Link>();

  attach(link: Link, ip: string) {
    link.lan = this;
    this.links.set(ip, link);
  }

  detach(link: Link, ip: string) {
    if (this.links.get(ip) === link) this.links.delete(ip);
  }

  find(ip: string): Link | undefined {
    const link = this.links.get(ip);
    return link?.up ? link : undefined;
  }

  /** The devices that hear a broadcast. */
  each(hear: (link: Link) => void) {
    new Set(this.links.values()).forEach((link) => link.up && hear(link));
  }
}

export interface RouteEntry {
  destination: Cidr;
  via?: string;
  link: Link;
  /** The address to speak from. */
  source?: string;
  protocol: 'kernel' | 'static' | 'boot' | 'dhcp' | 'bird';
  metric?: number;
  /** Of several next hops, the one for a packet; undefined: it is dropped. */
  choose?: (packet: Packet) => string | undefined;
}

const order = (a: RouteEntry, b: RouteEntry) =>
  b.destination.bits - a.destination.bits || (a.metric ?? 0) - (b.metric ?? 0);

/** The main routing table: the longest prefix wins, then the least metric. */
export class Routes {
  private list: RouteEntry[] = [];
  private cache = new Map<string, RouteEntry | undefined>();

  get entries(): readonly RouteEntry[] {
    return this.list;
  }

  /** False when there is such a route already. */
  add(route: RouteEntry): boolean {
    const { list } = this;
    const same = ({ destination, metric }: RouteEntry) =>
      destination.text === route.destination.text && (metric ?? 0) === (route.metric ?? 0);
    if (list.some(same)) return false;
    this.list = list.concat(route);
    if (list.length && order(list[list.length - 1], route) > 0) this.list.sort(order);
    this.cache.clear();
    return true;
  }

  /** How many went. */
  remove(which: (route: RouteEntry) => boolean): number {
    const kept = this.list.filter((route) => !which(route));
    const removed = this.list.length - kept.length;
    this.list = kept;
    this.cache.clear();
    return removed;
  }

  /** The cache is empty after a change of links. */
  changed() {
    this.cache.clear();
  }

  find(ip: string): RouteEntry | undefined {
    const { cache } = this;
    if (cache.has(ip)) return cache.get(ip);
    const number = ipNumber(ip);
    let found: RouteEntry | undefined;
    for (let i = 0; i < this.list.length && number >= 0; i++) {
      const route = this.list[i];
      if (inCidr(route.destination, number) && route.link.up) {
        found = route;
        break;
      }
    }
    if (cache.size > 4096) cache.clear();
    cache.set(ip, found);
    return found;
  }
}

export const DEFAULT_ROUTE = parseCidr('0.0.0.0/0') as Cidr;
export const DEFAULT_ROUTE6 = parseCidr('::/0') as Cidr;

export { macOf };
