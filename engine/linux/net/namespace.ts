// A network namespace: interfaces, addresses, routes, neighbours, rules, and the sockets of its processes.

import type { Co, Random } from '../../sim/index.ts';
import { current } from '../current.ts';
import { portFault } from '../faults.ts';
import { Pipe } from '../pipe.ts';
import type { Process } from '../types.ts';
import { ipNumber, isLoopback, macOf, parseCidr, type Cidr } from './address.ts';
import { direction, End, type EndOptions, settle, TCP_HEADERS } from './connection.ts';
import { DEFAULT_ROUTE, DEFAULT_ROUTE6, Link, type LinkKind, type RouteEntry, Routes } from './link.ts';
import { Netfilter } from './netfilter.ts';
import type { Network } from './network.ts';
import { type Connection, type EchoMarks, SYN_RETRIES } from './observer.ts';
import { count, type Fate, type Hop, type Journey, journey, type Packet, type Protocol } from './packet.ts';
import {
  ANY,
  CONNECT_TIMEOUT,
  type Address,
  type ConnectError,
  type ConnectOptions,
  type Datagram,
  type Listener,
  type ListenOptions,
  type Socket,
  type Tls,
  type UdpSocket,
} from './socket.ts';
import { originate } from './walk.ts';

export interface Neighbour {
  mac: string;
  link: Link;
  /** Virtual time of the last packet to it. */
  at: number;
  /** Written down by somebody. */
  permanent?: boolean;
}

const defaultRoute = (ip: string) => (ip.includes(':') ? DEFAULT_ROUTE6 : DEFAULT_ROUTE);

const FIRST_PORT = 32768;
const LAST_PORT = 60999;
/** Packets without data: Ethernet's payload of a SYN with its options. */
const SYN_BYTES = 60;
const UDP_HEADERS = 28;
/** Header of a frame. */
const ETHERNET = 14;
/** After so long nobody has answered ARP. */
const ARP_TIMEOUT = 3_000;

/** Why an echo request was not answered, or how long that took. */
export type Echo = { time: number; ttl: number } | { error: 'silent' } | Complaint;
/** An ICMP error, and who has sent it. */
type Complaint = { error: 'unreachable' | 'prohibited' | 'expired'; address: string; time: number };

export interface Trace {
  hops: Hop[];
  fate: Fate;
  /** As it arrived. */
  packet: Packet;
  compared: number;
  lookups: number;
}

export class NetworkNamespace {
  readonly network: Network;
  /** How traces name it. */
  name: string;
  readonly links: Link[] = [];
  /** The first of VXLAN among them. */
  tunnel: Link | undefined;
  readonly routes = new Routes();
  readonly neighbours = new Map<string, Neighbour>();
  /** Addresses of its interfaces but the loopback, the first one first. */
  readonly addresses: string[] = [];
  private readonly own = new Set<string>();
  /** Made with the first rule; without it nothing is tracked. */
  netfilter: Netfilter | undefined;
  /** Kernel settings that were changed, by name (`net.ipv4.ip_forward`). */
  readonly sysctls = new Map<string, string>();
  /** net.ipv4.ip_forward */
  forwarding = false;
  /** net.ipv6.conf.all.forwarding */
  forwarding6 = false;
  /** net.bridge.bridge-nf-call-iptables */
  bridgeCallsIptables = false;
  /** net.bridge.bridge-nf-call-ip6tables */
  bridgeCallsIp6tables = false;
  /** On a LAN without ranges: all others are neighbours, and who is missing is silent. */
  flat = false;
  private readonly listeners = new Map<string, Listener>();
  private readonly udp = new Map<string, UdpSocket>();
  private readonly open = new Map<Socket, Connection>();
  private closing: (() => void)[] | undefined;
  private nextPort = FIRST_PORT;
  private nextIndex = 1;
  private chance: Random | undefined;

  constructor(network: Network, name = '') {
    this.network = network;
    this.name = name;
    const lo = this.addLink('loopback', 'lo', '00:00:00:00:00:00');
    lo.mtu = 65536;
    lo.addresses.push({ ip: '127.0.0.1', bits: 8 });
  }

  // ---- interfaces ----------------------------------------------------------------------------------------

  addLink(kind: LinkKind, name: string, mac: string): Link {
    const link = new Link(this, kind, name, this.nextIndex++, mac);
    this.links.push(link);
    if (kind === 'vxlan') this.tunnel ??= link;
    return link;
  }

  link(name: string): Link | undefined {
    return this.links.find((one) => one.name === name);
  }

  removeLink(link: Link) {
    const at = this.links.indexOf(link);
    if (at < 0) return;
    this.links.splice(at, 1);
    if (link === this.tunnel) this.tunnel = this.links.find(({ kind }) => kind === 'vxlan');
    for (const { ip } of [...link.addresses]) this.removeAddress(link, ip);
    for (const port of [...link.ports]) port.release();
    link.release();
    this.routes.remove((route) => route.link === link);
    this.neighbours.forEach((neighbour, ip) => {
      if (neighbour.link === link) this.neighbours.delete(ip);
    });
    const { peer } = link;
    link.peer = undefined;
    if (peer) peer.namespace.removeLink(peer);
  }

  /** Gives an interface an address; the range around it becomes reachable by it. */
  assign(link: Link, ip: string, bits: number, range?: Cidr) {
    if (ip.includes(':') && !this.links[0].has('::1')) this.links[0].addresses.push({ ip: '::1', bits: 128 });
    link.addresses.push({ ip, bits });
    this.addresses.push(ip);
    this.own.add(ip);
    // The addresses of virtual servers are on every node.
    if (link.kind !== 'dummy') this.network.byAddress.set(ip, this);
    if (link.kind === 'device') this.network.lan.attach(link, ip);
    if (bits < (ip.includes(':') ? 128 : 32)) {
      const destination = range ?? (parseCidr(`${ip}/${bits}`) as Cidr);
      this.routes.add({ destination, link, source: ip, protocol: 'kernel' });
    }
    this.routes.changed();
  }

  removeAddress(link: Link, ip: string) {
    const at = link.addresses.findIndex((one) => one.ip === ip);
    if (at < 0) return;
    link.addresses.splice(at, 1);
    const mine = this.addresses.indexOf(ip);
    if (mine >= 0) this.addresses.splice(mine, 1);
    if (!this.addresses.includes(ip)) this.own.delete(ip);
    if (this.network.byAddress.get(ip) === this) this.network.byAddress.delete(ip);
    link.lan?.detach(link, ip);
    this.routes.remove((route) => route.source === ip);
  }

  /** Plugs the namespace into the LAN as everybody's neighbour. */
  addAddress(ip: string) {
    const link = this.link('eth0') ?? this.addLink('device', 'eth0', macOf(ip, '02:00'));
    this.flat = true;
    this.assign(link, ip, ip.includes(':') ? 128 : 32);
    this.routes.add({ destination: defaultRoute(ip), link, protocol: 'boot' });
  }

  /** Plugs the namespace into the LAN with a range and the way out of it. */
  plug(name: string, ip: string, bits: number, gateway: string): Link {
    const link = this.addLink('device', name, macOf(ip, '02:00'));
    this.assign(link, ip, bits);
    this.routes.add({ destination: defaultRoute(ip), via: gateway, link, protocol: 'boot' });
    return link;
  }

  /** Whether the address is one of its own. */
  owns(ip: string): boolean {
    return isLoopback(ip) || this.own.has(ip);
  }

  linkAddress(name: string): string | undefined {
    return this.link(name)?.address;
  }

  /** The address that packets to a destination leave with. */
  sourceFor(destination: string, out: string): string | undefined {
    const route = this.routes.find(destination);
    if (route && route.link.name === out) return this.speaker(route, destination);
    return out === 'lo' ? destination : this.linkAddress(out);
  }

  /** The address that it speaks from to a destination. */
  sourceTowards(destination: string): string | undefined {
    const route = this.owns(destination) ? undefined : this.routes.find(destination);
    return route && this.speaker(route, destination);
  }

  /** Whom packets by a route seem to come from: the route says it, else an address of the interface, else any. */
  speaker({ source, link }: RouteEntry, destination: string): string | undefined {
    if (source !== undefined) return source;
    const six = destination.includes(':');
    const own = link.addresses.find(({ ip }) => ip.includes(':') === six)?.ip;
    return own ?? this.addresses.find((ip) => ip.includes(':') === six);
  }

  sawNeighbour(ip: string, other: Link, link: Link) {
    const known = this.neighbours.get(ip);
    if (known) {
      known.at = this.network.sim.now;
      known.mac = other.mac;
    } else this.neighbours.set(ip, { mac: other.mac, link, at: this.network.sim.now });
  }

  /** The tables of rules, made when the first one is looked at. */
  rules(): Netfilter {
    return (this.netfilter ??= new Netfilter(this.network.sim));
  }

  /** The chance that rules of this machine draw from. */
  get random(): Random {
    return (this.chance ??= this.network.sim.random(`netfilter ${this.name}`));
  }

  /** Something elsewhere that has to go with it. */
  onClose(undo: () => void) {
    (this.closing ??= []).push(undo);
  }

  /** Takes the namespace off the network; its connections break. */
  close() {
    const { closing } = this;
    this.closing = undefined;
    closing?.forEach((undo) => undo());
    for (const socket of [...this.open.keys()]) socket.close();
    this.listeners.clear();
    this.udp.clear();
    for (const link of [...this.links]) this.removeLink(link);
  }

  // ---- TCP -----------------------------------------------------------------------------------------------

  /** Accepts connections on a port; undefined when it is taken (EADDRINUSE). */
  listen(port: number, onConnect: (socket: Socket) => void, options: ListenOptions = {}): Listener | undefined {
    const address = options.address ?? ANY;
    const key = `${address}:${port}`;
    if (this.listeners.has(key) || (address !== ANY && this.listeners.has(`${ANY}:${port}`))) return undefined;
    const close = () => void this.listeners.delete(key);
    const listener: Listener = {
      port,
      address,
      tls: options.tls,
      passes: options.passes,
      process: options.process ?? current.process,
      service: options.service,
      onConnect,
      close,
    };
    this.listeners.set(key, listener);
    return listener;
  }

  /** The process has ended: nobody listens on its sockets any more. */
  closeSocketsOf(process: Process) {
    this.listeners.forEach((listener, key) => {
      if (listener.process === process) this.listeners.delete(key);
    });
    this.udp.forEach((socket, key) => {
      if (socket.process === process) this.udp.delete(key);
    });
  }

  listener(ip: string, port: number): Listener | undefined {
    return this.listeners.get(`${ip}:${port}`) ?? this.listeners.get(`${ANY}:${port}`);
  }

  listening(): Listener[] {
    return [...this.listeners.values()];
  }

  connections(): Socket[] {
    return [...this.open.keys()];
  }

  /** Opens a connection, or says why not; a silent address costs `timeout` ms. */
  *connect(ip: string, port: number, options: ConnectOptions = {}): Co<Socket | ConnectError> {
    const timeout = options.timeout ?? CONNECT_TIMEOUT;
    const destination = ip === ANY ? '127.0.0.1' : ip;
    const sport = this.freePort();
    const packet = this.packet('tcp', sport, destination, port, SYN_BYTES);
    const owner = options.process ?? current.process;
    packet.owner = owner;
    packet.source = options.from ?? '';
    packet.mark = options.mark ?? 0;
    const there = journey(this);
    const fate = originate(this, packet, there);
    count(there, 1, SYN_BYTES + ETHERNET);
    const answer = fate.kind === 'delivered' ? fate.namespace.reply(packet) : undefined;
    const flow = this.network.observer?.connecting({
      from: this,
      way: there,
      packet,
      fate,
      back: answer?.way,
      accepts: () => accepts(fate, packet),
    });
    if (fate.kind === 'dropped' || fate.kind === 'expired') {
      let waited = 0;
      for (let i = 0; i < SYN_RETRIES.length && SYN_RETRIES[i] < timeout; i++) {
        yield SYN_RETRIES[i] - waited;
        waited = SYN_RETRIES[i];
        count(there, 1, SYN_BYTES + ETHERNET);
        flow?.again();
      }
      yield timeout - waited;
      return 'ETIMEDOUT';
    }
    if (fate.kind === 'unreachable') {
      yield Math.min(timeout, ARP_TIMEOUT);
      return timeout < ARP_TIMEOUT ? 'ETIMEDOUT' : 'EHOSTUNREACH';
    }
    yield 2 * there.delay;
    if (fate.kind === 'rejected') return fate.with === 'icmp-host-prohibited' ? 'EHOSTUNREACH' : 'ECONNREFUSED';
    const server = fate.namespace;
    const listener = server.listener(packet.destination, packet.dport);
    const seen: Address = { ip: packet.source, port: packet.sport };
    const served: Address = { ip: packet.destination, port: packet.dport };
    if (answer?.namespace !== this || answer.packet.source !== destination || answer.packet.sport !== port) {
      yield Math.max(0, timeout - 2 * there.delay);
      return 'ETIMEDOUT';
    }
    const fault = listener && portFault(server, packet.dport)?.connect;
    if (!listener || fault === 'refuse') {
      there.entries?.forEach((entry) => entry.finish('CLOSE'));
      return 'ECONNREFUSED';
    }
    const from: Address = { ip: answer.packet.destination, port: sport };
    const { delay } = there;
    const forth = new Pipe();
    const back = new Pipe();
    const tls = listener.passes ? listener.passes(served, seen) : listener.tls;
    const connection: Connection = {
      client: this,
      server,
      local: from,
      remote: { ip, port },
      served,
      seen,
      tls: tls !== undefined,
      forth: direction(there),
      back: direction(answer.way),
      flow,
    };
    count(there, 1, TCP_HEADERS);
    flow?.established(connection);
    const client = this.end(connection, { client: true, tls, incoming: back, outgoing: forth, delay, process: owner });
    const { process, service } = listener;
    const accepted = server.end(connection, {
      client: false,
      tls,
      incoming: forth,
      outgoing: back,
      delay,
      process,
      service,
    });
    // A program that hangs leaves the connection to the kernel.
    if (fault !== 'hang') listener.onConnect(accepted);
    return client;
  }

  /** What the server shows that a connection would reach; no time passes. */
  tlsAt({ ip, port }: Address, options: ConnectOptions = {}): Tls | undefined {
    const packet = this.packet('tcp', this.freePort(), ip, port, SYN_BYTES);
    packet.owner = options.process ?? current.process;
    packet.source = options.from ?? '';
    packet.mark = options.mark ?? 0;
    const fate = originate(this, packet, journey(this));
    if (fate.kind !== 'delivered') return undefined;
    const { source, sport, destination, dport } = packet;
    const listener = fate.namespace.listener(destination, dport);
    if (!listener?.passes) return listener?.tls;
    return listener.passes({ ip: destination, port: dport }, { ip: source, port: sport });
  }

  /** Where a connection that came in was meant to go before rules of this machine sent it here. */
  originalDestination({ local, remote }: Pick<Socket, 'local' | 'remote'>): Address {
    return this.netfilter?.conntrack.originalDestination(local, remote) ?? local;
  }

  /** Whether a connection could be made: the first packet is sent, and nothing more. No time passes. */
  reach(protocol: Protocol, ip: string, port: number): ConnectError | undefined {
    const packet = this.packet(protocol, this.freePort(), ip, port, SYN_BYTES);
    const fate = originate(this, packet, journey(this));
    if (fate.kind === 'dropped' || fate.kind === 'expired') return 'ETIMEDOUT';
    if (fate.kind === 'unreachable') return 'EHOSTUNREACH';
    if (fate.kind === 'rejected') return fate.with === 'icmp-host-prohibited' ? 'EHOSTUNREACH' : 'ECONNREFUSED';
    return fate.namespace.listener(packet.destination, packet.dport) ? undefined : 'ECONNREFUSED';
  }

  private freePort(): number {
    const port = this.nextPort++;
    if (this.nextPort > LAST_PORT) this.nextPort = FIRST_PORT;
    return port;
  }

  private packet(protocol: Protocol, sport: number, destination: string, dport: number, length: number): Packet {
    return {
      protocol,
      source: '',
      sport,
      destination,
      dport,
      length,
      ttl: 64,
      mark: 0,
      tracked: undefined,
      reply: false,
      state: 'NEW',
      owner: undefined,
    };
  }

  /** Sends the answer to a packet that was delivered here on its way; where it came out. */
  private reply(packet: Packet): { namespace: NetworkNamespace | undefined; packet: Packet; way: Journey } {
    const { protocol, source, sport, destination, dport, length } = packet;
    const icmp = protocol === 'icmp';
    const answer = this.packet(protocol, icmp ? sport : dport, source, icmp ? dport : sport, length);
    answer.source = destination;
    const way = journey(this);
    const fate = originate(this, answer, way);
    count(way, 1, length + ETHERNET);
    return { namespace: fate.kind === 'delivered' ? fate.namespace : undefined, packet: answer, way };
  }

  /** One end of a connection is here. */
  private end(connection: Connection, options: Omit<EndOptions, 'closed'>): Socket {
    const closed = (socket: Socket) => {
      if (!this.open.delete(socket)) return;
      connection.forth.way.entries?.forEach((entry) => entry.finish('TIME_WAIT'));
      settle(connection);
    };
    const socket = new End(this.network, connection, { ...options, closed });
    this.open.set(socket, connection);
    return socket;
  }

  /** Lets interfaces count what open connections have carried. */
  settle() {
    this.open.forEach((connection) => settle(connection));
  }

  // ---- UDP and ICMP --------------------------------------------------------------------------------------

  /** A socket for datagrams; port 0 takes a free one. undefined: the port is taken. */
  bind(port: number, onDatagram: (datagram: Datagram) => void, options: ListenOptions = {}): UdpSocket | undefined {
    const address = options.address ?? ANY;
    const number = port === 0 ? this.freePort() : port;
    const key = `${address}:${number}`;
    if (this.udp.has(key)) return undefined;
    const socket: UdpSocket = {
      port: number,
      address,
      process: options.process ?? current.process,
      onDatagram,
      send: (to, payload, length, from) => this.sendDatagram(number, to, payload, length, from),
      close: () => void this.udp.delete(key),
    };
    this.udp.set(key, socket);
    return socket;
  }

  datagramSockets(): UdpSocket[] {
    return [...this.udp.values()];
  }

  datagramSocket(ip: string, port: number): UdpSocket | undefined {
    return this.udp.get(`${ip}:${port}`) ?? this.udp.get(`${ANY}:${port}`);
  }

  private sendDatagram(sport: number, to: Address, payload: unknown, length: number, from?: string): Fate {
    const packet = this.packet('udp', sport, to.ip, to.port, length + UDP_HEADERS);
    if (from !== undefined && from !== ANY) packet.source = from;
    const way = journey(this);
    const fate = originate(this, packet, way);
    count(way, 1, packet.length + ETHERNET);
    this.network.observer?.datagram(this, way, packet, payload, fate);
    if (fate.kind !== 'delivered') return fate;
    const socket = fate.namespace.datagramSocket(packet.destination, packet.dport);
    if (!socket) return { kind: 'rejected', with: 'icmp-port-unreachable', by: fate.namespace };
    const datagram: Datagram = {
      from: { ip: packet.source, port: packet.sport },
      to: { ip: packet.destination, port: packet.dport },
      payload,
    };
    this.network.sim.after(way.delay, () => socket.onDatagram(datagram));
    return fate;
  }

  /** What the first of a series of echo requests carries. */
  echoMarks(size = 56): EchoMarks {
    return { id: this.freePort(), sequence: 1, size };
  }

  /** An echo request and its answer. */
  echo(ip: string, ttl = 64, { id, sequence, size }: EchoMarks = this.echoMarks()): Echo {
    const packet = this.packet('icmp', id, ip === ANY ? '127.0.0.1' : ip, 0, size + UDP_HEADERS);
    packet.ttl = ttl;
    const way = journey(this);
    const fate = originate(this, packet, way);
    count(way, 1, packet.length + ETHERNET);
    const answer = fate.kind === 'delivered' ? fate.namespace.reply(packet) : undefined;
    this.network.observer?.echo(this, way, packet, { id, sequence, size }, fate, answer?.way);
    const time = Math.max(0.04, 2 * way.delay);
    const own = this.addresses.find((one) => one.includes(':') === ip.includes(':')) ?? '127.0.0.1';
    const speaker = (by: NetworkNamespace) => by.sourceTowards(own) ?? own;
    if (fate.kind === 'unreachable') return { error: 'unreachable', address: speaker(fate.by), time };
    if (fate.kind === 'rejected') return { error: 'prohibited', address: speaker(fate.by), time };
    if (fate.kind === 'expired') return { error: 'expired', address: fate.address, time };
    return answer?.namespace === this ? { time, ttl: answer.packet.ttl } : { error: 'silent' };
  }

  /** Follows a first packet: every hop, rule and rewrite, where it ended, and how many rules it was compared with. */
  trace(protocol: Protocol, ip: string, port: number): Trace {
    const hops: Hop[] = [];
    const way = journey(this, hops);
    const packet = this.packet(protocol, this.freePort(), ip, port, SYN_BYTES);
    const fate = originate(this, packet, way);
    return { hops, fate, packet, compared: way.compared, lookups: way.lookups };
  }
}

/** Whether somebody takes a connection where its first packet has arrived. */
function accepts(fate: Fate, { destination, dport }: Packet): boolean {
  if (fate.kind !== 'delivered' || !fate.namespace.listener(destination, dport)) return false;
  return portFault(fate.namespace, dport)?.connect !== 'refuse';
}

export { ipNumber };
