// The userspace mode, which releases before v1.26 had: kube-proxy listens on a port of its own for each port of a Service,
// rules lead the Service's address there, and the process carries the bytes to a Pod and back.

import {
  type Chain,
  type Datagram,
  dnat,
  match,
  type NetworkNamespace,
  parseCidr,
  type Process,
  redirect,
  Rule,
  type Socket,
  type Table,
  type UdpSocket,
} from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { jump, type Proxier, type SyncedPort } from './proxier.ts';
import type { Backend, ServicePort } from './state.ts';

/** kube-proxy: endpointDialTimeouts; as many tries, each with another Pod. */
const DIAL_TIMEOUTS = [250, 500, 1000, 2000];
const FIRST_PORT = 32_768;
const PORTS = 28_232;
/** How long a client's datagrams go to one Pod without a pause. */
const UDP_IDLE = 250;
const UDP_BYTES = 200;

/** One port of a Service: where the process listens, and whose turn it is. */
interface Portal {
  port: ServicePort;
  proxyPort: number;
  backends: readonly Backend[];
  turn: number;
  /** sessionAffinity: where a client went last, and when. */
  clients: Map<string, { backend: Backend; at: number }>;
  close(): void;
}

export class UserspaceProxier implements Proxier {
  readonly reloading = undefined;
  private readonly process: Process;
  private readonly net: NetworkNamespace;
  private readonly portals = new Map<string, Portal[]>();
  private readonly nat: Table;

  constructor(process: Process) {
    this.process = process;
    this.net = process.host.net;
    this.nat = this.net.rules().table('nat');
    this.setUp();
  }

  get intact(): boolean {
    return this.nat.chains.has('KUBE-PORTALS-CONTAINER');
  }

  setUp() {
    const first = match.comment('handle ClusterIPs; NOTE: this must be before the NodePort rules');
    const last = match.comment('handle service NodePorts; NOTE: this must be the last rule in the chain');
    const local = match.addrtype('dst', 'LOCAL');
    for (const [hook, end] of [
      ['PREROUTING', 'CONTAINER'],
      ['OUTPUT', 'HOST'],
    ]) {
      const nodePorts = this.nat.ensure(`KUBE-NODEPORT-${end}`);
      const chain = this.nat.ensure(hook);
      if (!chain.rules.some(({ spec }) => spec.jump === nodePorts)) {
        chain.append(new Rule({ jump: nodePorts, matches: [local, last] }));
      }
      jump(this.nat, hook, new Rule({ jump: this.nat.ensure(`KUBE-PORTALS-${end}`), matches: [first] }));
    }
  }

  sync(service: string, ports: readonly SyncedPort[]) {
    const before = this.portals.get(service) ?? [];
    const now: Portal[] = [];
    for (const { port, all } of ports) {
      const known = before.find(({ port: old }) => old.name === port.name && old.protocol === port.protocol);
      const portal = known ?? this.open(port);
      if (!portal) continue;
      portal.port = port;
      const text = (list: readonly Backend[]) => list.map(({ ip, port: number }) => `${ip}:${number}`).join();
      // Traffic policies came after this mode.
      const ready = all.all.filter((backend) => backend.ready);
      if (text(portal.backends) !== text(ready)) {
        portal.backends = ready;
        portal.turn = 0;
      }
      now.push(portal);
    }
    for (const portal of before) if (!now.includes(portal)) portal.close();
    if (now.length) this.portals.set(service, now);
    else this.portals.delete(service);
  }

  commit() {
    const portals = { container: [] as Rule[], host: [] as Rule[] };
    const nodePorts = { container: [] as Rule[], host: [] as Rule[] };
    const own = this.net.addresses[0];
    this.portals.forEach((list) => {
      for (const { port, proxyPort } of list) {
        const { protocol } = port;
        const comment = match.comment(port.portName ? port.name : `${port.name}:`);
        const toHere = redirect(proxyPort);
        const toOwn = dnat(own, proxyPort);
        for (const ip of [port.clusterIP, ...port.externalIPs, ...port.loadBalancerIPs]) {
          const destination = parseCidr(ip);
          const matches = [comment, match.ports(protocol, { from: port.port, to: port.port })];
          portals.container.push(new Rule({ protocol, destination, matches, target: toHere }));
          portals.host.push(new Rule({ protocol, destination, matches, target: toOwn }));
        }
        if (!port.nodePort) continue;
        const matches = [comment, match.ports(protocol, { from: port.nodePort, to: port.nodePort })];
        nodePorts.container.push(new Rule({ protocol, matches, target: toHere }));
        nodePorts.host.push(new Rule({ protocol, matches, target: toOwn }));
      }
    });
    const chain = (name: string): Chain => this.nat.ensure(name);
    chain('KUBE-PORTALS-CONTAINER').set(portals.container);
    chain('KUBE-PORTALS-HOST').set(portals.host);
    chain('KUBE-NODEPORT-CONTAINER').set(nodePorts.container);
    chain('KUBE-NODEPORT-HOST').set(nodePorts.host);
  }

  /** Listens on a port that chance picks; undefined when there is none for the protocol. */
  private open(port: ServicePort): Portal | undefined {
    if (port.protocol === 'sctp') return undefined;
    const { net, process } = this;
    const portal: Portal = { port, proxyPort: 0, backends: [], turn: 0, clients: new Map(), close: () => undefined };
    const chance = process.host.sim.random('proxy-port');
    for (let tries = 0; tries < PORTS; tries++) {
      const number = FIRST_PORT + chance.int(PORTS);
      const listener =
        port.protocol === 'tcp'
          ? net.listen(number, (socket) => this.accept(portal, socket), { process })
          : this.datagrams(portal, number);
      if (!listener) continue;
      portal.proxyPort = number;
      portal.close = () => listener.close();
      return portal;
    }
    return undefined;
  }

  /** Round robin; a client with affinity stays where it is, unless that has just failed. */
  private next(portal: Portal, client: string, failed: boolean): Backend | undefined {
    const { backends, clients, port } = portal;
    const { now } = this.process.host.sim;
    const seconds = port.affinitySeconds;
    if (seconds !== undefined && !failed) {
      const known = clients.get(client);
      if (known && now - known.at < seconds * 1000 && backends.includes(known.backend)) {
        known.at = now;
        return known.backend;
      }
    }
    if (backends.length === 0) return undefined;
    const backend = backends[portal.turn % backends.length];
    portal.turn = (portal.turn + 1) % backends.length;
    if (seconds !== undefined) clients.set(client, { backend, at: now });
    return backend;
  }

  private accept(portal: Portal, client: Socket) {
    this.process.host.sim.spawn('kube-proxy', this.carry(portal, client));
  }

  private *carry(portal: Portal, client: Socket): Co {
    let failed = false;
    for (const timeout of DIAL_TIMEOUTS) {
      const backend = this.next(portal, client.remote.ip, failed);
      if (!backend) break;
      const server = yield* this.net.connect(backend.ip, backend.port, { timeout });
      if (typeof server === 'string') {
        failed = true;
        continue;
      }
      const { sim } = this.process.host;
      sim.spawn('kube-proxy', copy(server, client));
      yield* copy(client, server);
      return;
    }
    client.close();
  }

  private datagrams(portal: Portal, number: number): UdpSocket | undefined {
    const { net, process } = this;
    const { sim } = process.host;
    const flows = new Map<string, { socket: UdpSocket; backend: Backend; at: number }>();
    const answer = (client: Datagram) => (datagram: Datagram) =>
      void front?.send(client.from, datagram.payload, UDP_BYTES, client.to.ip);
    const front: UdpSocket | undefined = net.bind(
      number,
      (datagram) => {
        const key = `${datagram.from.ip}:${datagram.from.port}`;
        let flow = flows.get(key);
        if (!flow || sim.now - flow.at > UDP_IDLE) {
          flow?.socket.close();
          const backend = this.next(portal, datagram.from.ip, false);
          const socket = backend && net.bind(0, answer(datagram), { process });
          if (!backend || !socket) return;
          flow = { socket, backend, at: sim.now };
          flows.set(key, flow);
        }
        flow.at = sim.now;
        flow.socket.send({ ip: flow.backend.ip, port: flow.backend.port }, datagram.payload, UDP_BYTES);
      },
      { process },
    );
    return front;
  }
}

/** Until one side has ended. */
function* copy(from: Socket, to: Socket): Co {
  for (let text = yield* from.reader.read(); text !== undefined; text = yield* from.reader.read()) {
    if (!to.writer.write(text)) break;
    yield* to.writer.drain();
  }
  to.writer.close();
}
