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
    return stopped(from, 'POSTROUTING', packet, journey, '', 'lo') ?? deliver(from, packet, journey, 'lo', 'delivered');
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
      journey.delay += namespace.network.latency;
      const other = link.lan?.find(nextHop);
      if (!other || other === link) {
        note(namespace, link.name, 'link', `nobody has ${nextHop}`, packet, journey);
        // What lies beyond a LAN without a known neighbour is silent; a neighbour that is missed is noticed.
        return namespace.flat ? DROPPED : { kind: 'unreachable', by: namespace };
      }
      namespace.sawNeighbour(nextHop, other, link);
      return receive(other.namespace, other, packet, journey);
    }
    case 'veth': {
      journey.delay += WIRE_MS;
      const { peer } = link;
      if (!peer?.up) return DROPPED;
      const bridge = peer.master;
      if (!bridge) {
        namespace.sawNeighbour(nextHop, peer, link);
        return receive(peer.namespace, peer, packet, journey);
      }
      return bridgeInput(bridge, peer, nextHop, packet, journey, link);
    }
    case 'bridge': {
      journey.delay += WIRE_MS;
      const out = link.portOf(nextHop);
      if (!out?.peer) {
        note(namespace, link.name, 'bridge', `nobody has ${nextHop}`, packet, journey);
        return { kind: 'unreachable', by: namespace };
      }
      if (out === port && !out.hairpin) return DROPPED;
      namespace.sawNeighbour(nextHop, out.peer, link);
      note(namespace, link.name, 'bridge', `out by port ${out.name}`, packet, journey);
      return receive(out.peer.namespace, out.peer, packet, journey);
    }
    default:
      return DROPPED;
  }
}

/** A frame comes in by a bridge's port: for the machine itself, or for another port. */
function bridgeInput(bridge: Link, port: Link, nextHop: string, packet: Packet, journey: Journey, sender: Link): Fate {
  const at = bridge.namespace;
  if (!bridge.up) return DROPPED;
  if (bridge.has(nextHop)) {
    sender.namespace.sawNeighbour(nextHop, bridge, sender);
    return receive(at, bridge, packet, journey, port);
  }
  const out = bridge.portOf(nextHop);
  if (!out?.peer || (out === port && !port.hairpin)) {
    note(at, bridge.name, 'bridge', `nobody has ${nextHop}`, packet, journey);
    return { kind: 'unreachable', by: sender.namespace };
  }
  sender.namespace.sawNeighbour(nextHop, out.peer, sender);
  if (at.bridgeCallsIptables) {
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
  journey.delay += WIRE_MS;
  return receive(out.peer.namespace, out.peer, packet, journey);
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
function receive(at: NetworkNamespace, link: Link, packet: Packet, journey: Journey, port?: Link): Fate {
  if (!link.up) return DROPPED;
  enter(at, packet, journey);
  note(at, link.name, 'link', 'comes in', packet, journey);
  return stopped(at, 'PREROUTING', packet, journey, link.name, '') ?? routed(at, link, packet, journey, port);
}

/** After PREROUTING: to a process here, or on. */
function routed(at: NetworkNamespace, link: Link, packet: Packet, journey: Journey, port?: Link): Fate {
  if (at.owns(packet.destination)) return deliver(at, packet, journey, link.name, 'delivered');
  if (!at.forwarding) {
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
  if (packet.ttl <= 0) return { kind: 'expired', by: at, address: link.address ?? at.addresses[0] };
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
