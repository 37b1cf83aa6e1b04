// IP Virtual Server of one network namespace: connections to a virtual address and port are led to one of its real
// servers, by a scheduler. It stands behind the rules of INPUT and OUTPUT, as the kernel has it.

import type { Sim } from '../../sim/index.ts';
import { hostPort, ipNumber } from './address.ts';
import type { ConntrackEntry } from './conntrack.ts';
import type { Netfilter } from './netfilter.ts';
import type { HookContext } from './rule.ts';
import { type Packet, packetText, type Protocol } from './packet.ts';

const SECOND = 1000;
/** How long a connection without an end is remembered: after its SYN, and of UDP. */
const SYN_RECV = 60 * SECOND;
const UDP = 300 * SECOND;
const SWEEP_AT = 1024;
/** Buckets of the hashing schedulers. */
const BUCKETS = 256;

export interface RealServer {
  readonly ip: string;
  readonly port: number;
  /** 0: no new connections. */
  weight: number;
}

export interface VirtualServer {
  readonly protocol: Protocol;
  readonly ip: string;
  readonly port: number;
  scheduler: string;
  /** Seconds that a client stays with its server for. */
  persistent: number | undefined;
  servers: RealServer[];
  /** Of round robin: who was last. */
  last: RealServer | undefined;
}

export interface VsConnection {
  readonly service: VirtualServer;
  readonly server: RealServer;
  readonly client: string;
  readonly clientPort: number;
  readonly entry: ConntrackEntry;
  readonly began: number;
}

type Scheduler = (service: VirtualServer, packet: Packet, ipvs: Ipvs) => RealServer | undefined;

const ready = ({ servers }: VirtualServer): RealServer[] => servers.filter(({ weight }) => weight > 0);

/** The server with the least of something; the first of several. */
function least(servers: readonly RealServer[], of: (server: RealServer) => number): RealServer | undefined {
  let best: RealServer | undefined;
  let low = Infinity;
  for (const server of servers) {
    const value = of(server);
    if (value < low) {
      best = server;
      low = value;
    }
  }
  return best;
}

/** Fibonacci hashing of an address, as the kernel's dh and sh have it: always the same server, while they are the same. */
function hashed(service: VirtualServer, address: string): RealServer | undefined {
  const { servers } = service;
  if (servers.length === 0) return undefined;
  const bucket = Math.imul(ipNumber(address), 2654435761) >>> 0;
  const server = servers[(bucket & (BUCKETS - 1)) % servers.length];
  return server.weight > 0 ? server : undefined;
}

const sed: Scheduler = (service, _packet, ipvs) =>
  least(ready(service), (server) => (ipvs.count(server).active + 1) / server.weight);

export const SCHEDULERS: Readonly<Record<string, Scheduler>> = {
  rr(service) {
    const { servers, last } = service;
    const from = last ? servers.indexOf(last) : -1;
    for (let i = 1; i <= servers.length; i++) {
      const next = servers[(from + i) % servers.length];
      if (next.weight > 0) return (service.last = next);
    }
    return undefined;
  },
  lc: (service, _packet, ipvs) => least(ready(service), (server) => ipvs.overhead(server)),
  wlc: (service, _packet, ipvs) => least(ready(service), (server) => ipvs.overhead(server) / server.weight),
  dh: (service, packet) => hashed(service, packet.destination),
  sh: (service, packet) => hashed(service, packet.source),
  sed,
  nq: (service, packet, ipvs) =>
    ready(service).find((server) => ipvs.count(server).active === 0) ?? sed(service, packet, ipvs),
};

export class Ipvs {
  readonly services = new Map<string, VirtualServer>();
  private readonly sim: Sim;
  private connections: VsConnection[] = [];
  /** So many connections are looked through for those that have ended. */
  private sweepAt = SWEEP_AT;
  /** By virtual server and client: where it went, and until when it goes there again. */
  private readonly persistence = new Map<string, { server: RealServer; until: number }>();

  constructor(sim: Sim) {
    this.sim = sim;
  }

  static key(protocol: string, ip: string, port: number): string {
    return `${protocol} ${ip} ${port}`;
  }

  /** Live connections, oldest first. */
  list(): readonly VsConnection[] {
    const { now } = this.sim;
    this.connections = this.connections.filter((one) => now < this.endOf(one));
    this.sweepAt = Math.max(SWEEP_AT, this.connections.length * 2);
    return this.connections;
  }

  endOf({ entry, began }: VsConnection): number {
    if (entry.protocol !== 'tcp') return began + UDP;
    return entry.state === 'SYN_SENT' ? began + SYN_RECV : entry.expires;
  }

  /** ActiveConn and InActConn of a server. */
  count(server: RealServer): { active: number; inactive: number } {
    let active = 0;
    let inactive = 0;
    for (const one of this.list()) {
      if (one.server !== server) continue;
      if (one.entry.state === 'ESTABLISHED') active++;
      else inactive++;
    }
    return { active, inactive };
  }

  /** An active connection weighs as much as 256 that are not. */
  overhead(server: RealServer): number {
    const { active, inactive } = this.count(server);
    return active * 256 + inactive;
  }

  /**
   * The first packet of a connection to a virtual server: its destination becomes a real one. `none`: it has no server
   * to give; undefined: the packet is for no virtual server.
   */
  take(packet: Packet, netfilter: Netfilter, context: HookContext): 'taken' | 'none' | undefined {
    const { tracked } = packet;
    if (!tracked || packet.reply || tracked.dnat) return undefined;
    const service = this.services.get(Ipvs.key(packet.protocol, packet.destination, packet.dport));
    if (!service) return undefined;
    const { trace } = context.journey;
    if (trace) context.journey.lookups++;
    const server = this.schedule(service, packet);
    if (!server) return 'none';
    const { source: client, sport: clientPort } = packet;
    this.connections.push({ service, server, client, clientPort, entry: tracked, began: this.sim.now });
    if (this.connections.length >= this.sweepAt) this.list();
    netfilter.toDestination(packet, server.ip, server.port);
    tracked.rewriteDestination(packet);
    if (trace) {
      const how = service.persistent === undefined ? service.scheduler : `${service.scheduler}, persistent`;
      const text = `${context.hook}: IPVS (${how}): destination becomes ${hostPort(server.ip, server.port)}`;
      const link = context.in || context.out;
      trace.push({ namespace: context.namespace.name, link, kind: 'rewrite', text, packet: packetText(packet) });
    }
    return 'taken';
  }

  private schedule(service: VirtualServer, packet: Packet): RealServer | undefined {
    const { persistent } = service;
    const choose = () => SCHEDULERS[service.scheduler](service, packet, this);
    if (persistent === undefined) return choose();
    const { now } = this.sim;
    const key = `${Ipvs.key(service.protocol, service.ip, service.port)} ${packet.source}`;
    const known = this.persistence.get(key);
    const kept = known && known.until > now && known.server.weight > 0 && service.servers.includes(known.server);
    const server = kept ? known.server : choose();
    if (server) this.persistence.set(key, { server, until: now + persistent * SECOND });
    return server;
  }
}
