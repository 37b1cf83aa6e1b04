// ztunnel: carries the connections of its node's ambient Pods, encrypted from node to node, and knows who speaks to whom.

import { clock, untilSignal } from '../../images/service.ts';
import {
  LineReader,
  serveHttp,
  type Address,
  type Listener,
  type NetworkNamespace,
  type Process,
  type Program,
  type Socket,
} from '../../linux/index.ts';
import { Signal, type Co } from '../../sim/index.ts';
import { denial } from '../envoy/policy.ts';
import { View } from '../envoy/view.ts';
import type { Snapshot, Workload } from '../types.ts';
import { isHello, join, secureClient, secureServer, wiresOf, type Credential } from '../wire.ts';
import { MARK, OUTBOUND, PLAIN, TUNNEL } from './redirection.ts';

const RETRY = 1_000;

/** A Pod that it listens for. */
interface Captured {
  net: NetworkNamespace;
  workload: Workload;
  credential: Credential | undefined;
  listeners: (Listener | undefined)[];
  /** The mesh as it concerns this Pod, of the last snapshot that a connection met. */
  view: View | undefined;
}

export const ztunnel: Program = function* (process): Co<number> {
  const made = new Ztunnel(process);
  yield 100;
  made.start();
  yield* untilSignal(process, ['TERM', 'INT']);
  made.stop();
  return 0;
};

class Ztunnel {
  private readonly process: Process;
  private readonly pods = new Map<string, Captured>();
  private snapshot: Snapshot | undefined;
  private stream: Socket | undefined;
  private stopped = false;
  private readonly stopping = new Signal();

  constructor(process: Process) {
    this.process = process;
  }

  start() {
    const { process } = this;
    const { sim, net } = process.host;
    const ready = () => this.snapshot !== undefined;
    // eslint-disable-next-line require-yield
    serveHttp(
      sim,
      net,
      15021,
      function* ({ target }) {
        return { status: target === '/healthz/ready' ? (ready() ? 200 : 503) : 404, body: '' };
      },
      { process },
    );
    sim.spawn('ztunnel xds', this.follow());
  }

  stop() {
    this.stopped = true;
    this.stopping.fire();
    this.stream?.close();
    this.pods.forEach((pod) => this.release(pod));
  }

  private release({ listeners }: Captured) {
    for (const listener of listeners) listener?.close();
  }

  private *follow(): Co {
    const [host, port] = (this.process.env.CA_ADDRESS ?? '').split(':');
    const { process } = this;
    while (!this.stopped) {
      const addresses = yield* process.host.resolve(host);
      const socket = addresses?.length
        ? yield* process.host.net.connect(addresses[0], Number(port), { process, timeout: 5_000 })
        : undefined;
      if (socket && typeof socket !== 'string') {
        this.stream = socket;
        socket.writer.write(`subscribe ${process.env.POD_NAME}.${process.env.POD_NAMESPACE}\n`);
        yield* this.read(socket);
        socket.close();
      }
      if (!this.stopped) yield { signals: [this.stopping], timeout: RETRY };
    }
  }

  private *read(socket: Socket): Co {
    const lines = new LineReader(socket.reader);
    for (;;) {
      const line = yield* lines.line();
      if (line === undefined) return;
      const space = line.indexOf(' ');
      const rest = line.slice(space + 1);
      if (line.startsWith('push ')) this.configure(wiresOf(this.process.host.sim).snapshots.get(rest), socket);
      else if (line.startsWith('credential ')) {
        const { credential, workload } = JSON.parse(rest) as { credential: Credential; workload: Workload };
        const pod = this.pods.get(workload.ip);
        if (!pod) continue;
        pod.credential = credential;
        const half = (credential.notAfter - this.process.host.sim.now) / 2;
        this.process.host.sim.after(
          half,
          () => this.stream === socket && this.pods.has(workload.ip) && socket.writer.write(`csr ${workload.ip}\n`),
        );
      }
    }
  }

  private configure(snapshot: Snapshot | undefined, socket: Socket) {
    if (!snapshot) return;
    this.snapshot = snapshot;
    const { host, env } = this.process;
    snapshot.workloads.forEach((workload, ip) => {
      if (workload.node !== env.NODE_NAME || workload.proxy !== 'ztunnel') return;
      const known = this.pods.get(ip);
      if (known?.workload.pod === workload.pod) known.workload = workload;
      const net = host.net.network.byAddress.get(ip);
      if (known?.net === net || !net) return;
      const pod: Captured = { net, workload, credential: undefined, listeners: [], view: undefined };
      this.pods.set(ip, pod);
      this.listen(pod);
      socket.writer.write(`csr ${ip}\n`);
    });
    this.pods.forEach((pod, ip) => {
      if (snapshot.workloads.get(ip)?.proxy === 'ztunnel') return;
      this.release(pod);
      this.pods.delete(ip);
    });
  }

  private listen(pod: Captured) {
    const { process } = this;
    const { sim } = process.host;
    const { net } = pod;
    const on = (port: number, serve: (socket: Socket) => Co) =>
      net.listen(port, (socket) => void sim.spawn('ztunnel', serve(socket)), {
        process,
        passes: port === TUNNEL ? undefined : (local, remote) => this.behind(pod, local, remote),
      });
    pod.listeners = [
      on(OUTBOUND, (socket) => this.outbound(pod, socket)),
      on(PLAIN, (socket) => this.plain(pod, socket)),
      on(TUNNEL, (socket) => this.tunnel(pod, socket)),
    ];
  }

  private behind({ net }: Captured, local: Address, remote: Address) {
    const original = net.originalDestination({ local, remote });
    return original.port === local.port ? undefined : net.tlsAt(original, { process: this.process, mark: MARK });
  }

  // ---- connections -----------------------------------------------------------------------------------------

  /** Where a connection goes: one of a Service's Pods, or the address itself. */
  private target(original: Address): { address: Address; workload: Workload | undefined; service: string } {
    const { byAddress, workloads } = this.snapshot as Snapshot;
    const service = byAddress.get(original.ip);
    const endpoints = service?.endpoints.get(original.port);
    if (!service || !endpoints?.length) return { address: original, workload: workloads.get(original.ip), service: '' };
    const { ip, port, workload } = this.process.host.sim.random('ztunnel').pick(endpoints);
    return { address: { ip, port }, workload, service: service.host };
  }

  private *outbound(pod: Captured, socket: Socket): Co {
    const { sim } = this.process.host;
    const original = pod.net.originalDestination(socket);
    if (original.port === socket.local.port || !this.snapshot) return socket.close();
    const began = sim.now;
    const { address, workload, service } = this.target(original);
    const tunnelled = workload?.proxy === 'ztunnel' && pod.credential !== undefined;
    const to = tunnelled ? { ip: address.ip, port: TUNNEL } : address;
    const opened = yield* pod.net.connect(to.ip, to.port, { process: this.process, mark: MARK, timeout: 10_000 });
    let upstream: Socket | string = opened;
    let peer = '';
    if (typeof opened !== 'string' && tunnelled) {
      const sni = '';
      const hello = {
        credential: pod.credential as Credential,
        sni,
        alpn: 'hbone' as const,
        peer: pod.workload,
        target: address,
      };
      const secured = yield* secureClient(sim, opened, hello);
      upstream = typeof secured === 'string' ? secured : secured.socket;
      if (typeof secured !== 'string') peer = secured.peer.credential.uri;
    }
    const said = {
      src: { address: socket.remote, workload: pod.workload, identity: tunnelled ? (pod.credential?.uri ?? '') : '' },
      dst: { address: to, hbone: tunnelled ? address : undefined, workload, identity: peer, service },
      direction: 'outbound' as const,
      began,
    };
    if (typeof upstream === 'string') {
      this.log('error', { ...said, sent: 0, received: 0, error: `connection failed: ${upstream}` });
      return socket.reset();
    }
    const { forth, back } = yield* join(sim, socket, upstream);
    this.log('info', { ...said, sent: forth, received: back });
  }

  private viewOf(pod: Captured): View {
    const { workload } = pod;
    const snapshot = this.snapshot as Snapshot;
    if (pod.view?.snapshot !== snapshot || pod.view.self !== workload) pod.view = new View(snapshot, workload);
    return pod.view;
  }

  /** A connection from outside of the mesh. */
  private *plain(pod: Captured, socket: Socket): Co {
    const original = pod.net.originalDestination(socket);
    if (original.port === socket.local.port || !this.snapshot) return socket.close();
    const view = this.viewOf(pod);
    const strict = view.mtlsMode(original.port) === 'STRICT';
    yield* this.deliver(
      pod,
      socket,
      socket,
      original,
      '',
      undefined,
      strict
        ? 'connection closed due to policy rejection: explicitly denied by: istio-system/istio_converted_static_strict'
        : undefined,
    );
  }

  /** A connection from another ztunnel. */
  private *tunnel(pod: Captured, raw: Socket): Co {
    const first = yield* raw.reader.read();
    if (first === undefined || !isHello(first) || !pod.credential) return raw.reset();
    const secured = secureServer(this.process.host.sim, raw, first, { credential: pod.credential, peer: pod.workload });
    if (typeof secured === 'string' || !secured.peer.target) return raw.reset();
    const { credential, target, peer } = secured.peer;
    yield* this.deliver(pod, raw, secured.socket, target, credential.uri, peer, undefined);
  }

  private *deliver(
    pod: Captured,
    raw: Socket,
    socket: Socket,
    to: Address,
    identity: string,
    peer: Workload | undefined,
    denied: string | undefined,
  ): Co {
    const { sim } = this.process.host;
    const began = sim.now;
    const view = this.viewOf(pod);
    const why = denied ?? denial(view, { principal: identity, remote: raw.remote, ...to, sni: '' }, undefined);
    const said = {
      src: { address: raw.remote, workload: peer, identity },
      dst: {
        address: raw.local,
        hbone: identity ? to : undefined,
        workload: pod.workload,
        identity: identity ? (pod.credential?.uri ?? '') : '',
        service: '',
      },
      direction: 'inbound' as const,
      began,
    };
    const upstream =
      why ?? (yield* pod.net.connect(to.ip, to.port, { process: this.process, mark: MARK, timeout: 10_000 }));
    if (typeof upstream === 'string') {
      const error = why
        ? (denied ?? 'connection closed due to policy rejection: allow policies exist, but none allowed')
        : `io error: ${upstream}`;
      this.log('error', { ...said, sent: 0, received: 0, error });
      return raw.reset();
    }
    const { forth, back } = yield* join(sim, socket, upstream);
    this.log('info', { ...said, sent: back, received: forth });
  }

  private log(level: 'info' | 'error', { src, dst, direction, began, sent, received, error }: Entry) {
    const text = ({ ip, port }: Address) => `${ip}:${port}`;
    const fields: string[] = [];
    const add = (name: string, value: string | undefined, quoted = true) => {
      if (value) fields.push(`${name}=${quoted ? JSON.stringify(value) : value}`);
    };
    add('src.addr', text(src.address), false);
    add('src.workload', src.workload?.pod);
    add('src.namespace', src.workload?.namespace);
    add('src.identity', src.identity);
    add('dst.addr', text(dst.address), false);
    add('dst.hbone_addr', dst.hbone && text(dst.hbone), false);
    add('dst.service', dst.service);
    add('dst.workload', dst.workload?.pod);
    add('dst.namespace', dst.workload?.namespace);
    add('dst.identity', dst.identity);
    add('direction', direction);
    fields.push(`bytes_sent=${sent}`, `bytes_recv=${received}`);
    add('duration', `${Math.round(this.process.host.sim.now - began)}ms`);
    add('error', error);
    const time = clock(this.process).iso.replace('Z', '000Z');
    this.process.stdout.write(`${time}\t${level}\taccess\tconnection complete\t${fields.join(' ')}\n`);
  }
}

interface Entry {
  src: { address: Address; workload: Workload | undefined; identity: string };
  dst: {
    address: Address;
    hbone: Address | undefined;
    workload: Workload | undefined;
    identity: string;
    service: string;
  };
  direction: 'inbound' | 'outbound';
  began: number;
  sent: number;
  received: number;
  error?: string;
}
