// The ingress controller of the Kubernetes project on nginx: watches Ingresses and what they name, answers on ports 80
// and 443 by the table that follows from them, and hands requests on to the Services' endpoints.

import type { EndpointSlice, Ingress, IngressBackend, IngressClass, Pod, Secret, Service } from '../api/types.ts';
import { ApiError, type Client, EventRecorder, Informer } from '../client/index.ts';
import { certificateOf } from '../images/certificate.ts';
import { forward, page } from '../images/forward.ts';
import { clock, untilSignal } from '../images/service.ts';
import {
  byteLength,
  header,
  type Headers,
  hostPort,
  type HttpRequest,
  type HttpResponse,
  type Listener,
  type Process,
  type Program,
  serveHttp,
} from '../linux/index.ts';
import type { Co, Timer } from '../sim/index.ts';
import { covers, findLocation, isOurs, type Location, type Routes, routesOf } from './routes.ts';

const SERVICE_NAME = 'kubernetes.io/service-name';
/** How often addresses are written into the Ingresses' status. */
const STATUS_PERIOD = 60_000;
const RETRY = 10_000;

/** What it shows for hosts without a certificate, or with one for other names. */
const FAKE_CERTIFICATE = 'Kubernetes Ingress Controller Fake Certificate';

/** nginx to a client that forgets TLS. */
const plain = () =>
  '<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n<body>\r\n' +
  '<center><h1>400 Bad Request</h1></center>\r\n<center>The plain HTTP request was sent to HTTPS port</center>\r\n' +
  '<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n';

export function ingressController(connect: (process: Process) => Client | undefined, version: string): Program {
  return function* (process): Co<number> {
    yield 40;
    const rule = '-'.repeat(79);
    process.stderr.write(
      `${rule}\nNGINX Ingress controller\n  Release:       ${version}\n  Repository:    https://github.com/kubernetes/ingress-nginx\n  nginx version: nginx/1.27.1\n\n${rule}\n\n`,
    );
    const client = connect(process);
    if (!client) {
      process.stderr.write(
        `F${clock(process).klog.slice(1)}       7 main.go:63] Error while initiating a connection to the Kubernetes API server\n`,
      );
      return 255;
    }
    const controller = new Controller(process, client);
    try {
      yield* started(process, controller);
      yield* untilSignal(process, ['TERM', 'INT']);
    } finally {
      controller.stop();
    }
    return 0;
  };
}

/** What it may not read yet is asked for again, as every client of the API does it. */
function* started(process: Process, controller: Controller): Co {
  for (let wait = 1000; ; wait = Math.min(wait * 2, 30_000)) {
    try {
      return controller.start();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      controller.stop();
      process.stderr.write(
        `E${clock(process).klog.slice(1)}       7 reflector.go:205] "Failed to watch" err=${JSON.stringify(error.message)} logger="UnhandledError"\n`,
      );
      yield wait;
    }
  }
}

class Controller {
  private readonly process: Process;
  private readonly client: Client;
  private readonly recorder: EventRecorder;
  private readonly ingresses = new Informer<Ingress>();
  private readonly classes = new Informer<IngressClass>();
  private readonly services = new Informer<Service>();
  private readonly slices = new Informer<EndpointSlice>();
  private routes: Routes | undefined;
  private listeners: (Listener | undefined)[] = [];
  private statusTimer: Timer | undefined;
  private readonly began: number;
  private turn = 0;
  private stopped = false;

  constructor(process: Process, client: Client) {
    const { sim, hostname } = process.host;
    this.process = process;
    this.client = client;
    this.began = sim.now;
    this.recorder = new EventRecorder(sim, client, 'nginx-ingress-controller', hostname);
  }

  start() {
    const changed = () => {
      this.routes = undefined;
      this.scheduleStatus();
    };
    const seen = (ingress: Ingress) => {
      changed();
      // Inside the request that made it: what follows comes a moment later.
      this.process.host.sim.after(1, () => this.announce(ingress));
    };
    this.classes.on({ add: changed, update: changed, delete: changed });
    this.classes.start(this.client, 'networking.k8s.io/v1', 'ingressclasses', {});
    this.ingresses.on({
      add: seen,
      update: (now, old) => (now.metadata.generation === old.metadata.generation ? undefined : seen(now)),
      delete: changed,
    });
    this.ingresses.start(this.client, 'networking.k8s.io/v1', 'ingresses', {});
    this.services.start(this.client, 'v1', 'services', {});
    this.slices.addIndex('service', ({ metadata: { namespace, labels } }) => [
      `${namespace}/${labels?.[SERVICE_NAME]}`,
    ]);
    this.slices.start(this.client, 'discovery.k8s.io/v1', 'endpointslices', {});
    this.listen();
  }

  stop() {
    this.stopped = true;
    for (const informer of [this.ingresses, this.classes, this.services, this.slices]) informer.stop();
    for (const listener of this.listeners) listener?.close();
    this.statusTimer?.cancel();
  }

  private ours(): Ingress[] {
    const classes = this.classes.list();
    return this.ingresses.list().filter((ingress) => isOurs(ingress, classes));
  }

  private table(): Routes {
    return (this.routes ??= routesOf(this.ours()));
  }

  private announce(ingress: Ingress) {
    if (!isOurs(ingress, this.classes.list())) return;
    const { namespace, name, uid, resourceVersion } = ingress.metadata;
    const ref = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace, name, uid, resourceVersion };
    this.recorder.event(ref, 'Normal', 'Sync', 'Scheduled for sync');
    this.attempt(() => this.listen());
  }

  /** Port 443 shows each host the certificate of its Secret, and to others one of the controller's own making. */
  private listen() {
    const { sim, net } = this.process.host;
    const secrets = this.client.of<Secret>('v1', 'secrets');
    const secured = {
      ca: FAKE_CERTIFICATE,
      names: ['ingress.local'],
      byName: this.table().tls.flatMap(({ host, namespace, secret }) => {
        const found = host && secret ? certificateOf(secrets.find(namespace, secret)) : undefined;
        return found?.names.some((name) => covers(name, host)) ? [{ pattern: host, ...found }] : [];
      }),
      plain,
    };
    const answer = (scheme: string) => (request: HttpRequest) => this.answer(request, scheme);
    for (const listener of this.listeners) listener?.close();
    this.listeners = [
      serveHttp(sim, net, 80, answer('http'), { process: this.process }),
      serveHttp(sim, net, 443, answer('https'), { tls: secured, process: this.process }),
      // eslint-disable-next-line require-yield
      serveHttp(sim, net, 10254, function* ({ target }) {
        return target === '/healthz' ? { status: 200, body: 'ok' } : { status: 404, body: '404 page not found\n' };
      }),
    ];
  }

  private *answer(request: HttpRequest, scheme: string): Co<HttpResponse> {
    const host = (header(request.headers, 'host') ?? '').replace(/:\d+$/, '').toLowerCase();
    const [path] = request.target.split('?');
    const location = findLocation(this.table(), host, path);
    const started = this.process.host.sim.now;
    let upstream = '';
    let response: HttpResponse;
    if (!location) response = page(404);
    else if (location.redirect && scheme === 'http') {
      response = {
        ...page(308),
        headers: [
          ['Content-Type', 'text/html'],
          ['Location', `https://${host}${request.target}`],
        ],
      };
    } else {
      const endpoints = this.endpoints(location.namespace, location.backend);
      upstream = endpoints[this.turn++ % Math.max(1, endpoints.length)] ?? '';
      response = upstream ? yield* this.pass(request, location, upstream, host, scheme) : page(503);
    }
    this.log(request, response, location, upstream, (this.process.host.sim.now - started) / 1000);
    return response;
  }

  /** Ready endpoints of the Service's port: the controller speaks to Pods, not to the Service's address. */
  private endpoints(namespace: string, { service: backend }: IngressBackend): string[] {
    if (!backend) return [];
    const service = this.services.get(namespace, backend.name);
    const port = service?.spec?.ports?.find(({ name, port: number }) =>
      backend.port?.name !== undefined ? name === backend.port.name : number === backend.port?.number,
    );
    if (!port) return [];
    const out: string[] = [];
    for (const slice of this.slices.byIndex('service', `${namespace}/${backend.name}`)) {
      const number = slice.ports?.find(({ name }) => (name ?? '') === (port.name ?? ''))?.port;
      if (number === undefined) continue;
      for (const { addresses, conditions } of slice.endpoints ?? []) {
        if (conditions?.ready !== false) out.push(hostPort(addresses[0], number));
      }
    }
    return out.sort();
  }

  private *pass(
    request: HttpRequest,
    location: Location,
    upstream: string,
    host: string,
    scheme: string,
  ): Co<HttpResponse> {
    const { sim } = this.process.host;
    const client = request.socket.remote.ip;
    const dropped = /^(connection|host|x-forwarded-.*|x-real-ip|x-request-id|x-scheme)$/i;
    const headers: Headers = [
      ['Host', header(request.headers, 'host') ?? host],
      ['X-Request-ID', sim.random('ingress-request').hex(32)],
      ['X-Real-IP', client],
      ['X-Forwarded-For', client],
      ['X-Forwarded-Host', host],
      ['X-Forwarded-Port', scheme === 'https' ? '443' : '80'],
      ['X-Forwarded-Proto', scheme],
      ['X-Forwarded-Scheme', scheme],
      ['X-Scheme', scheme],
      ...request.headers.filter(([name]) => !dropped.test(name)),
    ];
    const { method, body } = request;
    const answer = yield* forward(this.process, upstream, {
      method,
      target: rewritten(location, request.target),
      headers,
      body,
    });
    return typeof answer === 'number' ? page(answer) : answer;
  }

  private log(
    request: HttpRequest,
    response: HttpResponse,
    location: Location | undefined,
    upstream: string,
    took: number,
  ) {
    const size = typeof response.body === 'string' ? byteLength(response.body) : 0;
    const service = location?.backend.service;
    const port = service?.port?.name ?? service?.port?.number;
    const proxy = service ? `${location.namespace}-${service.name}-${port}` : 'upstream-default-backend';
    const time = took.toFixed(3);
    this.process.stdout.write(
      `${request.socket.remote.ip} - - [${clock(this.process).common}] "${request.method} ${request.target} HTTP/1.1" ${response.status} ${size} "-" "${header(request.headers, 'user-agent') ?? '-'}" ${request.target.length + 70} ${time} [${proxy}] [] ${upstream || '-'} ${upstream ? size : '-'} ${upstream ? time : '-'} ${upstream ? response.status : '-'} ${this.process.host.sim.random('ingress-request').hex(32)}\n`,
    );
  }

  // ---- status --------------------------------------------------------------------------------------------

  private scheduleStatus() {
    if (this.statusTimer) return;
    const { sim } = this.process.host;
    const since = sim.now - this.began;
    const next = this.began + (Math.floor(since / STATUS_PERIOD) + 1) * STATUS_PERIOD;
    this.statusTimer = sim.at(next, () => {
      this.statusTimer = undefined;
      this.attempt(() => this.writeStatus());
    });
  }

  /** What asks the API server is asked again a little later when that does not answer. */
  private attempt(work: () => void) {
    if (this.stopped) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.process.stderr.write(
        `E${clock(this.process).klog.slice(1)}       7 queue.go:131] "requeuing" err=${JSON.stringify(error.message)}\n`,
      );
      this.process.host.sim.after(RETRY, () => this.attempt(work));
    }
  }

  /** --report-node-internal-ip-address: the address of the node that the controller runs on. */
  private writeStatus() {
    const { POD_NAMESPACE = '', POD_NAME = '' } = this.process.env;
    const pod = this.client.of<Pod>('v1', 'pods').find(POD_NAMESPACE, POD_NAME);
    const ip = pod?.status?.hostIP;
    if (!ip) return;
    const client = this.client.of<Ingress>('networking.k8s.io/v1', 'ingresses');
    for (const ingress of this.ours()) {
      const { namespace = '', name = '' } = ingress.metadata;
      if (ingress.status?.loadBalancer?.ingress?.[0]?.ip === ip) continue;
      client.patch(namespace, name, 'merge', { status: { loadBalancer: { ingress: [{ ip }] } } }, 'status');
    }
  }
}

/** rewrite-target: the whole path, or with what the path's groups have caught. */
function rewritten({ rewrite, pattern }: Location, target: string): string {
  if (rewrite === undefined) return target;
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  const query = at < 0 ? '' : target.slice(at);
  const groups = pattern?.exec(path);
  return rewrite.replace(/\$(\d)/g, (_all, digit: string) => groups?.[Number(digit)] ?? '') + query;
}
