// pilot-agent: runs the proxy of a Pod or a gateway, keeps it in touch with istiod, and answers for its health.

import { clock, untilSignal } from '../images/service.ts';
import {
  checkGrpcHealth,
  exchange,
  LineReader,
  serveHttp,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type Listener,
  type Process,
  type Program,
  type Socket,
} from '../linux/index.ts';
import { Signal, type Co } from '../sim/index.ts';
import { adminPage } from './envoy/admin.ts';
import { inbound } from './envoy/inbound.ts';
import { gateway, gatewaysOf, outbound } from './envoy/outbound.ts';
import { Proxy } from './envoy/proxy.ts';
import { View } from './envoy/view.ts';
import { istioIptables, TO_APPLICATION } from './iptables.ts';
import type { Snapshot, Workload } from './types.ts';
import { wiresOf, type Credential } from './wire.ts';

/** Until istiod is asked again when it cannot be reached, ms. */
const RETRY = 1_000;
/** terminationDrainDuration */
const DRAIN = 5_000;
/** Ports of the proxy: out of the Pod, into it; of the agent. */
const OUTBOUND = 15001;
const INBOUND = 15006;

export const pilotAgent: Program = function* (process): Co<number> {
  switch (process.argv[1]) {
    case 'istio-iptables':
      return yield* istioIptables(process);
    case 'proxy':
      return yield* proxy(process);
    case 'request':
      return yield* request(process);
  }
  process.stderr.write(`Error: pilot-agent ${process.argv[1] ?? ''} is not modelled by this engine\n`);
  return 1;
};

/** `pilot-agent request GET stats`: asks the proxy's administration port. */
function* request(process: Process): Co<number> {
  const [, , method = 'GET', path = ''] = process.argv;
  const socket = yield* process.host.net.connect('127.0.0.1', 15000, { timeout: 5_000, process });
  if (typeof socket === 'string') {
    process.stderr.write(
      'Error: failed to execute command on Envoy: Get "http://localhost:15000/": dial tcp 127.0.0.1:15000: connect: connection refused\n',
    );
    return 1;
  }
  const answer = yield* exchange(socket, {
    method,
    target: `/${path.replace(/^\//, '')}`,
    headers: [['Host', 'localhost:15000']],
  });
  for (let part = answer && (yield* answer.read()); part !== undefined; part = answer && (yield* answer.read()))
    process.stdout.write(part);
  socket.close();
  return answer && answer.status < 400 ? 0 : 1;
}

function* proxy(process: Process): Co<number> {
  const agent = new Agent(process, process.argv[2] === 'router');
  yield 150;
  agent.start();
  yield* untilSignal(process, ['TERM', 'INT']);
  agent.log('info', `Agent draining Proxy for termination`);
  agent.log('info', `Graceful termination period is ${DRAIN / 1000}s, starting...`);
  yield DRAIN;
  agent.stop();
  return 0;
}

class Agent {
  private readonly process: Process;
  private readonly router: boolean;
  private proxy: Proxy | undefined;
  private credential: Credential | undefined;
  private self: Workload | undefined;
  private stream: Socket | undefined;
  private readonly listeners: (Listener | undefined)[] = [];
  /** Of gateways, by port. */
  private readonly servers = new Map<number, Listener | undefined>();
  private stopped = false;
  private readonly stopping = new Signal();

  constructor(process: Process, router: boolean) {
    this.process = process;
    this.router = router;
  }

  log(level: string, text: string) {
    this.process.stderr.write(`${clock(this.process).iso.replace('Z', '000Z')}\t${level}\t${text}\n`);
  }

  start() {
    const { process } = this;
    const { sim, net } = process.host;
    const own = { process };
    const plain = (status: number, body = ''): HttpResponse => ({
      status,
      headers: [['Content-Type', 'text/plain']],
      body,
    });
    const { listeners } = this;
    const ready = () => (this.proxy ? plain(200) : plain(503));
    // eslint-disable-next-line require-yield
    listeners.push(
      serveHttp(
        sim,
        net,
        15021,
        function* ({ target }) {
          return target === '/healthz/ready' ? ready() : plain(404);
        },
        own,
      ),
    );
    const metrics = (target: string) =>
      target.split('?')[0] === '/stats/prometheus' ? plain(200, this.proxy?.metrics.text() ?? '') : plain(404);
    // eslint-disable-next-line require-yield
    listeners.push(
      serveHttp(
        sim,
        net,
        15090,
        function* ({ target }) {
          return metrics(target);
        },
        own,
      ),
    );
    listeners.push(serveHttp(sim, net, 15020, (asked) => this.status(asked, metrics), own));
    listeners.push(serveHttp(sim, net, 15000, (asked) => this.admin(asked), { ...own, address: '127.0.0.1' }));
    sim.spawn('xds', this.follow());
  }

  stop() {
    this.stopped = true;
    this.stopping.fire();
    this.stream?.close();
    for (const listener of this.listeners) listener?.close();
    this.servers.forEach((listener) => listener?.close());
  }

  // ---- istiod ----------------------------------------------------------------------------------------------

  private *follow(): Co {
    const [host, port] = (this.process.env.CA_ADDR ?? 'istiod.istio-system.svc:15012').split(':');
    const { process } = this;
    while (!this.stopped) {
      const addresses = yield* process.host.resolve(host);
      const socket = addresses?.length
        ? yield* process.host.net.connect(addresses[0], Number(port), { process, timeout: 5_000 })
        : 'EHOSTUNREACH';
      if (typeof socket === 'string') {
        if (!this.proxy)
          this.log(
            'warn',
            `ca\tca request failed, starting attempt: ${addresses?.length ? `dial tcp ${addresses[0]}:${port}: ${socket}` : `lookup ${host}: no such host`}`,
          );
        yield { signals: [this.stopping], timeout: RETRY };
        continue;
      }
      this.stream = socket;
      yield* this.read(socket);
      socket.close();
      if (!this.stopped) yield { signals: [this.stopping], timeout: RETRY };
    }
  }

  private *read(socket: Socket): Co {
    const lines = new LineReader(socket.reader);
    const { POD_NAME = '', POD_NAMESPACE = '' } = this.process.env;
    socket.writer.write('csr\n');
    for (;;) {
      const line = yield* lines.line();
      if (line === undefined) return;
      const space = line.indexOf(' ');
      const rest = line.slice(space + 1);
      switch (line.slice(0, space < 0 ? undefined : space)) {
        case 'unknown':
          // istiod has not seen this Pod yet.
          yield RETRY / 4;
          socket.writer.write('csr\n');
          break;
        case 'credential':
          this.certified(JSON.parse(rest), socket, `${POD_NAME}.${POD_NAMESPACE}`);
          break;
        case 'push':
          this.configure(wiresOf(this.process.host.sim).snapshots.get(rest));
      }
    }
  }

  private certified(
    { credential, workload }: { credential: Credential; workload: Workload },
    socket: Socket,
    name: string,
  ) {
    const first = !this.self;
    this.credential = credential;
    this.self = workload;
    if (this.proxy) this.proxy.credential = credential;
    if (first || this.stream === socket) socket.writer.write(`subscribe ${name}\n`);
    if (first)
      this.log(
        'info',
        `cache\tgenerated new workload certificate\tresourceName=default latency=1ms ttl=23h59m59.999999999s`,
      );
    // Renewed at half of its life.
    const half = (credential.notAfter - this.process.host.sim.now) / 2;
    this.process.host.sim.after(half, () => this.stream === socket && socket.writer.write('csr\n'));
  }

  private configure(snapshot: Snapshot | undefined) {
    const { self, process } = this;
    if (!snapshot || !self) return;
    const view = new View(snapshot, snapshot.workloads.get(self.ip) ?? self);
    if (this.proxy) this.proxy.view = view;
    else {
      this.proxy = new Proxy(process, view, this.router);
      this.proxy.credential = this.credential;
      if (!this.router) this.capture(this.proxy);
      this.log('info', 'Envoy proxy is ready');
    }
    if (this.router) this.serve(this.proxy);
  }

  /** What the Pod's rules redirect comes here. */
  private capture(made: Proxy) {
    const { sim, net } = made;
    const { passes } = made;
    const options = { process: this.process, passes };
    this.listeners.push(
      net.listen(OUTBOUND, (socket) => void sim.spawn('outbound', outbound(made, socket)), options),
      net.listen(INBOUND, (socket) => void sim.spawn('inbound', inbound(made, socket)), options),
    );
  }

  /** The ports of the Gateways that select this one; the Service says which port of the Pod they are. */
  private serve(made: Proxy) {
    const { view, sim, net } = made;
    const wanted = new Map<number, number>();
    for (const { spec } of gatewaysOf(view.snapshot.objects.Gateway, view.self.labels)) {
      for (const { port } of spec?.servers ?? []) {
        view.snapshot.services.forEach(({ endpoints }) => {
          const mine = endpoints.get(port.number)?.find(({ ip }) => ip === view.self.ip);
          if (mine) wanted.set(mine.port, port.number);
        });
      }
    }
    this.servers.forEach((listener, port) => {
      if (wanted.has(port)) return;
      listener?.close();
      this.servers.delete(port);
    });
    wanted.forEach((number, port) => {
      if (this.servers.has(port)) return;
      const listener = net.listen(port, (socket) => void sim.spawn('gateway', gateway(made, socket, number)), {
        process: this.process,
      });
      this.servers.set(port, listener);
    });
  }

  // ---- what it answers itself ------------------------------------------------------------------------------

  private *status({ target, method }: HttpRequest, metrics: (target: string) => HttpResponse): Co<HttpResponse> {
    const path = target.split('?')[0];
    if (path === '/drain') return { status: method === 'POST' || method === 'GET' ? 200 : 405, body: '' };
    if (path === '/healthz/ready') return { status: this.proxy ? 200 : 503, body: '' };
    if (path.startsWith('/app-health/')) return yield* this.probe(path);
    return metrics(target);
  }

  /** A probe of the application that the injector has turned to here. */
  private *probe(path: string): Co<HttpResponse> {
    const probers = JSON.parse(this.process.env.ISTIO_KUBE_APP_PROBERS ?? '{}');
    const prober = probers[path];
    if (!prober) return { status: 404, body: `app prober config does not exists for ${path}` };
    const { net } = this.process.host;
    const { httpGet, tcpSocket, grpc } = prober;
    const port = (httpGet ?? tcpSocket ?? grpc).port;
    const socket = yield* net.connect(this.self?.ip ?? '127.0.0.1', port, {
      process: this.process,
      from: TO_APPLICATION,
      timeout: prober.timeoutSeconds * 1000,
    });
    if (typeof socket === 'string') return { status: 500, body: '' };
    try {
      if (tcpSocket) return { status: 200, body: '' };
      if (grpc)
        return { status: (yield* checkGrpcHealth(socket, grpc.service ?? '')) === 'SERVING' ? 200 : 500, body: '' };
      const headers: Headers = [
        ['Host', `${this.self?.ip}:${port}`],
        ['User-Agent', 'kube-probe/1.35'],
      ];
      for (const { name, value } of httpGet.httpHeaders ?? []) headers.push([name, value]);
      const answer = yield* exchange(socket, {
        method: 'GET',
        target: httpGet.path ?? '/',
        headers: [...headers, ['Connection', 'close']],
      });
      return { status: answer?.status ?? 500, body: '' };
    } finally {
      socket.close();
    }
  }

  // eslint-disable-next-line require-yield
  private *admin({ target }: HttpRequest): Co<HttpResponse> {
    if (!this.proxy) return { status: 503, body: '' };
    return adminPage(this.proxy, target);
  }
}
