// A packet's way: out of a namespace, over wires and bridges, through the rules of every machine that it passes,
// to whoever owns its destination. Nothing is decided anywhere else.

import type { Link } from './link.ts';
import type { NetworkNamespace } from './namespace.ts';
import type { HookName } from './rule.ts';
import { DROPPED, type Fate, type HopKind, type Journey, type Packet, packetText } from './packet.ts';

/** Crossing a veth pair or a bridge, ms. */
const WIRE_MS = 0.02;
/** A packet that comes by so many links goes round in circles. */
const MAX_HOPS = 255;

function note(at: NetworkNamespace, link: string, kind: HopKind, text: string, packet: Packet, { trace }: Journey) {
  trace?.push({ namespace: at.name, link, kind, text, packet: packetText(packet) });
}

/** What somebody who looks on at an interface sees; the frame goes from one interface to another, which may be further away. */
export function look(
  link: Link,
  out: boolean,
  from: Link,
  to: Link | undefined,
  packet: Packet,
  journey: Journey,
  arp?: string,
) {
  const { source, sport, destination, dport, ttl } = packet;
  journey.seen?.push({ link, out, after: journey.delay, from, to, arp, source, sport, destination, dport, ttl });
}

/** A frame crosses the wire between two interfaces. */
function cross(one: Link, other: Link, packet: Packet, journey: Journey, from = one, to = other) {
  journey.sent.push(one);
  journey.came.push(other);
  if (!journey.seen) {
    journey.delay += one.kind === 'device' ? one.namespace.network.latency : WIRE_MS;
    return;
  }
  look(one, true, from, to, packet, journey);
  journey.delay += one.kind === 'device' ? one.namespace.network.latency : WIRE_MS;
  look(other, false, from, to, packet, journey);
}

/** Before the first frame to a neighbour its address is asked for. `other`: who answers. */
function ask(link: Link, nextHop: string, other: Link | undefined, packet: Packet, journey: Journey) {
  const { namespace } = link;
  if (!journey.seen || namespace.neighbours.has(nextHop)) return;
  look(link, true, link, other, packet, journey, nextHop);
  // The question tells its receiver who asks.
  const own = link.addresses.find(({ ip }) => ip.includes(':') === nextHop.includes(':'))?.ip;
  if (!other || own === undefined || other.namespace.neighbours.has(own)) return;
  other.namespace.sawNeighbour(own, link, other);
}

/** Asks a hook; a fate when the packet goes no further. */
function stopped(
  at: NetworkNamespace,
  hook: HookName,
  packet: Packet,
  journey: Journey,
  input: string,
  output: string,
  bridged = false,
): Fate | undefined {
  const { netfilter } = at;
  if (!netfilter) return undefined;
  const verdict = netfilter.hook(packet, {
    namespace: at,
    hook,
    table: 'raw' as const,
    in: input,
    out: output,
    bridged,
    journey,
  });
  if (verdict === undefined) return undefined;
  if (typeof verdict === 'object') {
    note(at, input || output, 'verdict', `${hook}: rejected with ${verdict.reject}`, packet, journey);
    return { kind: 'rejected', with: verdict.reject, by: at };
  }
  note(at, input || output, 'verdict', `${hook}: dropped`, packet, journey);
  return DROPPED;
}

/** Sends a packet that a process of the namespace has made. An empty source is filled in by the route. */
export function originate(from: NetworkNamespace, packet: Packet, journey: Journey): Fate {
  const local = from.owns(packet.destination);
  const first = local ? undefined : from.routes.find(packet.destination);
  if (!local && !first) {
    note(from, '', 'route', 'no route to host', packet, journey);
    return { kind: 'unreachable', by: from };
  }
  if (packet.source === '') {
    packet.source = local ? packet.destination : ((first && from.speaker(first, packet.destination)) ?? '127.0.0.1');
  }
  const before = packet.destination;
  const out = local ? 'lo' : (first?.link.name ?? '');
  const end = stopped(from, 'OUTPUT', packet, journey, '', out);
  if (end) return end;
  if (packet.destination === before ? local : from.owns(packet.destination)) {
    const stop = stopped(from, 'POSTROUTING', packet, journey, '', 'lo');
    if (stop) return stop;
    const [lo] = from.links;
    journey.sent.push(lo);
    journey.came.push(lo);
    if (journey.seen) look(lo, false, lo, lo, packet, journey);
    return deliver(from, packet, journey, 'lo', 'delivered');
  }
  return forwardFrom(from, packet, journey, '');
}

/** Routes, asks POSTROUTING and puts the packet on the wire. */
function forwardFrom(at: NetworkNamespace, packet: Packet, journey: Journey, input: string, port?: Link): Fate {
  const route = at.routes.find(packet.destination);
  if (!route) {
    note(at, input, 'route', 'no route to host', packet, journey);
    return { kind: 'unreachable', by: at };
  }
  if (input !== '') {
    const end = stopped(at, 'FORWARD', packet, journey, input, route.link.name);
    if (end) return end;
  }
  const end = stopped(at, 'POSTROUTING', packet, journey, input, route.link.name);
  if (end) return end;
  const via = route.choose ? route.choose(packet) : route.via;
  if (journey.trace) {
    const text = `${route.destination.bits === 0 ? 'default' : route.destination.text}${via ? ` via ${via}` : ''} dev ${route.link.name}`;
    note(at, route.link.name, 'route', text, packet, journey);
  }
  if (route.choose && via === undefined) return DROPPED;
  return transmit(route.link, via ?? packet.destination, packet, journey, port);
}

function transmit(link: Link, nextHop: string, packet: Packet, journey: Journey, port?: Link): Fate {
  if (++journey.hops > MAX_HOPS) return DROPPED;
  const { namespace } = link;
  switch (link.kind) {
    case 'device': {
      const other = link.lan?.find(nextHop);
      if (!other || other === link) {
        note(namespace, link.name, 'link', `nobody has ${nextHop}`, packet, journey);
        journey.delay += namespace.network.latency;
        // What lies beyond a LAN without a known neighbour is silent; a neighbour that is missed is noticed.
        if (namespace.flat) return DROPPED;
        ask(link, nextHop, undefined, packet, journey);
        return { kind: 'unreachable', by: namespace };
      }
      ask(link, nextHop, other, packet, journey);
      namespace.sawNeighbour(nextHop, other, link);
      cross(link, other, packet, journey);
      return receive(other.namespace, other, packet, journey);
    }
    case 'veth': {
      const { peer } = link;
      if (!peer?.up) return DROPPED;
      const bridge = peer.master;
      if (bridge) return bridgeInput(bridge, peer, nextHop, packet, journey, link);
      ask(link, nextHop, peer, packet, journey);
      namespace.sawNeighbour(nextHop, peer, link);
      cross(link, peer, packet, journey);
      return receive(peer.namespace, peer, packet, journey);
    }
    case 'bridge': {
      const out = link.portOf(nextHop);
      if (!out?.peer) {
        journey.delay += WIRE_MS;
        note(namespace, link.name, 'bridge', `nobody has ${nextHop}`, packet, journey);
        ask(link, nextHop, undefined, packet, journey);
        return { kind: 'unreachable', by: namespace };
      }
      if (out === port && !out.hairpin) return DROPPED;
      ask(link, nextHop, out.peer, packet, journey);
      namespace.sawNeighbour(nextHop, out.peer, link);
      note(namespace, link.name, 'bridge', `out by port ${out.name}`, packet, journey);
      journey.sent.push(link);
      if (journey.seen) look(link, true, link, out.peer, packet, journey);
      cross(out, out.peer, packet, journey, link);
      return receive(out.peer.namespace, out.peer, packet, journey);
    }
    case 'vxlan':
      note(namespace, link.name, 'link', `encapsulated, to ${nextHop}`, packet, journey);
      return link.carry?.(nextHop, packet, journey) ?? DROPPED;
    default:
      return DROPPED;
  }
}

/** A frame comes in by a bridge's port: for the machine itself, or for another port. */
function bridgeInput(bridge: Link, port: Link, nextHop: string, packet: Packet, journey: Journey, sender: Link): Fate {
  const at = bridge.namespace;
  if (!bridge.up) return DROPPED;
  if (bridge.has(nextHop)) {
    ask(sender, nextHop, bridge, packet, journey);
    sender.namespace.sawNeighbour(nextHop, bridge, sender);
    cross(sender, port, packet, journey, sender, bridge);
    journey.came.push(bridge);
    if (journey.seen) look(bridge, false, sender, bridge, packet, journey);
    return receive(at, bridge, packet, journey, port);
  }
  const out = bridge.portOf(nextHop);
  if (!out?.peer || (out === port && !port.hairpin)) {
    journey.delay += WIRE_MS;
    ask(sender, nextHop, undefined, packet, journey);
    note(at, bridge.name, 'bridge', `nobody has ${nextHop}`, packet, journey);
    return { kind: 'unreachable', by: sender.namespace };
  }
  const { peer } = out;
  ask(sender, nextHop, peer, packet, journey);
  sender.namespace.sawNeighbour(nextHop, peer, sender);
  cross(sender, port, packet, journey, sender, peer);
  // A capture makes the bridge listen to what it only passes on.
  if (journey.seen) look(bridge, false, sender, peer, packet, journey);
  if (packet.destination.includes(':') ? at.bridgeCallsIp6tables : at.bridgeCallsIptables) {
    enter(at, packet, journey);
    const { destination } = packet;
    const end = stopped(at, 'PREROUTING', packet, journey, bridge.name, '', true);
    if (end) return end;
    if (packet.destination !== destination) return routed(at, bridge, packet, journey, port);
    const name = bridge.name;
    const stop =
      stopped(at, 'FORWARD', packet, journey, name, name, true) ??
      stopped(at, 'POSTROUTING', packet, journey, name, name, true);
    if (stop) return stop;
  }
  note(at, bridge.name, 'bridge', `out by port ${out.name}`, packet, journey);
  cross(out, peer, packet, journey, sender);
  return receive(peer.namespace, peer, packet, journey);
}

/** Another machine's marks and connections mean nothing here. */
function enter(at: NetworkNamespace, packet: Packet, journey: Journey) {
  if (at === journey.last) return;
  packet.mark = 0;
  packet.tracked = undefined;
  packet.reply = false;
  packet.state = 'NEW';
  packet.owner = undefined;
  journey.last = at;
}

/** A packet comes in by an interface. */
export function receive(at: NetworkNamespace, link: Link, packet: Packet, journey: Journey, port?: Link): Fate {
  if (!link.up) return DROPPED;
  enter(at, packet, journey);
  note(at, link.name, 'link', 'comes in', packet, journey);
  return stopped(at, 'PREROUTING', packet, journey, link.name, '') ?? routed(at, link, packet, journey, port);
}

/** After PREROUTING: to a process here, or on. */
function routed(at: NetworkNamespace, link: Link, packet: Packet, journey: Journey, port?: Link): Fate {
  if (at.owns(packet.destination)) return deliver(at, packet, journey, link.name, 'delivered');
  const six = packet.destination.includes(':');
  if (!(six ? at.forwarding6 : at.forwarding)) {
    note(
      at,
      link.name,
      'verdict',
      `dropped: ${packet.destination} is not its own, and it forwards nothing`,
      packet,
      journey,
    );
    return DROPPED;
  }
  packet.ttl--;
  if (packet.ttl <= 0) {
    const own = link.addresses.find(({ ip }) => ip.includes(':') === six)?.ip;
    return { kind: 'expired', by: at, address: own ?? at.addresses[0] };
  }
  return forwardFrom(at, packet, journey, link.name, port);
}

function deliver(at: NetworkNamespace, packet: Packet, journey: Journey, input: string, text: string): Fate {
  const { destination } = packet;
  const end = stopped(at, 'INPUT', packet, journey, input, '');
  if (end) return end;
  if (packet.destination !== destination && !at.owns(packet.destination)) {
    // A virtual server has sent it on.
    const out = at.routes.find(packet.destination)?.link.name ?? '';
    return stopped(at, 'OUTPUT', packet, journey, '', out) ?? forwardFrom(at, packet, journey, '');
  }
  note(at, input, 'verdict', text, packet, journey);
  return { kind: 'delivered', namespace: at };
}
