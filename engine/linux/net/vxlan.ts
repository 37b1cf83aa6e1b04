// VXLAN: an interface whose frames travel in datagrams of the machine underneath, to the machine that has the neighbour.

import type { Link } from './link.ts';
import type { NetworkNamespace } from './namespace.ts';
import { DROPPED, type Fate, type Inside, type Journey, journey, type Packet } from './packet.ts';
import { look, originate, receive } from './walk.ts';

export interface Tunnel {
  readonly vni: number;
  readonly port: number;
  /** The interface underneath. */
  readonly device: Link;
  /** Machines by the next hops that are behind them. */
  readonly remotes: Map<string, string>;
}

/** Headers of Ethernet, IP, UDP and VXLAN. */
const OVERHEAD = 50;

export function addVxlan(
  net: NetworkNamespace,
  name: string,
  mac: string,
  tunnel: Pick<Tunnel, 'vni' | 'port' | 'device'>,
): Link {
  const link = net.addLink('vxlan', name, mac);
  link.mtu = tunnel.device.mtu - OVERHEAD;
  link.tunnel = { ...tunnel, remotes: new Map() };
  link.carry = (nextHop, packet, way) => carry(link, nextHop, packet, way);
  return link;
}

/** A neighbour behind another machine: what ARP and the forwarding table would find is written down. */
export function addRemote(link: Link, nextHop: string, mac: string, machine: string) {
  const { namespace, tunnel } = link;
  tunnel?.remotes.set(nextHop, machine);
  namespace.neighbours.set(nextHop, { mac, link, at: namespace.network.sim.now, permanent: true });
}

/** The end of the tunnel on a machine. */
const endOn = (net: NetworkNamespace | undefined, { vni, port }: Tunnel): Link | undefined =>
  net?.links.find(({ tunnel, up }) => up && tunnel?.vni === vni && tunnel.port === port);

function carry(link: Link, nextHop: string, packet: Packet, way: Journey): Fate {
  const { namespace, tunnel } = link;
  const machine = tunnel?.remotes.get(nextHop);
  if (!tunnel || machine === undefined) return { kind: 'unreachable', by: namespace };
  const expected = endOn(namespace.network.byAddress.get(machine), tunnel);
  way.sent.push(link);
  look(link, true, link, expected, packet, way);
  const outer: Packet = {
    protocol: 'udp',
    source: '',
    sport: sourcePort(packet),
    destination: machine,
    dport: tunnel.port,
    length: packet.length + OVERHEAD,
    ttl: 64,
    mark: 0,
    tracked: undefined,
    reply: false,
    state: 'NEW',
    owner: undefined,
  };
  const { source, sport, destination, dport, ttl } = packet;
  const inside: Inside = { source, sport, destination, dport, ttl, from: link, to: expected, vni: tunnel.vni };
  const under = journey(namespace, way.trace);
  const fate = originate(namespace, outer, under);
  way.sent.push(...under.sent);
  way.came.push(...under.came);
  under.seen?.forEach((sighting) => way.seen?.push({ ...sighting, after: sighting.after + way.delay, inside }));
  way.delay += under.delay;
  if (fate.kind === 'unreachable') return fate;
  const end = fate.kind === 'delivered' ? endOn(fate.namespace, tunnel) : undefined;
  if (!end) return DROPPED;
  way.came.push(end);
  look(end, false, link, end, packet, way);
  return receive(end.namespace, end, packet, way);
}

/** The packets of one connection take one way: the port follows from its ends. */
function sourcePort({ source, sport, destination, dport }: Packet): number {
  let hash = 5381;
  for (const letter of `${source} ${sport} ${destination} ${dport}`) {
    hash = (Math.imul(hash, 33) ^ letter.charCodeAt(0)) >>> 0;
  }
  return 32_768 + (hash % 28_232);
}
