// istiod (`pilot-discovery discovery`): signs credentials, sends proxies the mesh, injects sidecars, validates objects.

import type { KubeObject, Pod } from '../../api/types.ts';
import { ApiError, type Client } from '../../client/index.ts';
import { clock, untilSignal } from '../../images/service.ts';
import {
  encode,
  LineReader,
  serveHttp,
  toBase64,
  type HttpRequest,
  type HttpResponse,
  type Process,
  type Program,
  type Socket,
} from '../../linux/index.ts';
import { utf8Base64 } from '../../api/base64.ts';
import { Signal, type Co } from '../../sim/index.ts';
import { VERSION } from '../types.ts';
import { unmodelled } from '../install/kinds.ts';
import { wiresOf } from '../wire.ts';
import { Authority } from './authority.ts';
import { inject, wants } from './inject.ts';
import { invalid } from './validate.ts';
import { Registry } from './registry.ts';

/** PILOT_DEBOUNCE_AFTER: what changes within so many ms is sent together. */
const DEBOUNCE = 100;
/** Between two looks at what cannot be read yet. */
const RETRY = 2_000;

/** A proxy's stream. */
interface Connection {
  socket: Socket;
  pod: string;
}

export function pilotDiscovery(connect: (process: Process) => Client | undefined): Program {
  return function* (process): Co<number> {
    if (process.argv[1] !== 'discovery') {
      process.stderr.write('Error: only `pilot-discovery discovery` is modelled by this engine\n');
      return 1;
    }
    yield 400;
    const client = connect(process);
    if (!client) {
      process.stderr.write(`${stamp(process)}\terror\tfailed creating kube client: no token\n`);
      return 1;
    }
    const istiod = new Istiod(process, client);
    try {
      yield* istiod.start();
      yield* untilSignal(process, ['TERM', 'INT']);
    } finally {
      istiod.stop();
    }
    return 0;
  };
}

const stamp = (process: Process) => clock(process).iso.replace('Z', '000Z');

class Istiod {
  private readonly process: Process;
  private readonly client: Client;
  private readonly registry = new Registry();
  private readonly connections = new Set<Connection>();
  private readonly changed = new Signal();
  private authority: Authority | undefined;
  private dirty = false;
  private version = '';
  private stopped = false;

  constructor(process: Process, client: Client) {
    this.process = process;
    this.client = client;
  }

  private log(level: string, text: string) {
    this.process.stderr.write(`${stamp(this.process)}\t${level}\t${text}\n`);
  }

  *start(): Co {
    for (;;) {
      try {
        this.authority ??= new Authority(this.process.host.sim, this.client);
        this.registry.start(this.client, () => this.touch());
        break;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        this.registry.stop();
        this.log('error', error.message);
        yield RETRY;
      }
    }
    const { sim, net } = this.process.host;
    const { authority } = this;
    this.registry.namespaces.on({
      add: ({ metadata }) => sim.after(1, () => this.publish(metadata.name as string)),
    });
    this.vouch();
    const tls = authority.serving();
    const { process } = this;
    serveHttp(sim, net, 15017, (request) => this.webhook(request), { tls, process });
    // eslint-disable-next-line require-yield
    serveHttp(
      sim,
      net,
      8080,
      function* ({ target }) {
        return target === '/ready' ? { status: 200, body: '' } : { status: 404, body: '404 page not found\n' };
      },
      { process },
    );
    serveHttp(sim, net, 15014, (request) => this.monitor(request), { process });
    for (const port of [15010, 15012])
      net.listen(port, (socket) => void sim.spawn('xds', this.stream(socket)), {
        tls: port === 15012 ? tls : undefined,
        process,
      });
    this.push();
    sim.spawn('istiod push', this.pushes());
    this.log('info', `Istiod ${VERSION} is ready`);
  }

  stop() {
    this.stopped = true;
    this.registry.stop();
    for (const { socket } of this.connections) socket.close();
    this.changed.fire();
  }

  private publish(namespace: string) {
    if (this.stopped) return;
    try {
      this.authority?.publish(namespace);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Writes the root into the configurations of its webhooks, so that the API server trusts it. */
  private vouch() {
    const caBundle = utf8Base64((this.authority as Authority).root);
    const group = 'admissionregistration.k8s.io/v1';
    for (const [plural, name] of [
      ['mutatingwebhookconfigurations', 'istio-sidecar-injector'],
      ['validatingwebhookconfigurations', 'istio-validator-istio-system'],
    ]) {
      const client = this.client.of<KubeObject>(group, plural, false);
      const found = client.find('', name);
      if (!found) continue;
      const webhooks = (found.webhooks as KubeObject[]).map((hook) => ({
        ...hook,
        ...(plural[0] === 'v' && { failurePolicy: 'Fail' }),
        clientConfig: { ...hook.clientConfig, caBundle },
      }));
      client.update('', name, { ...found, webhooks });
    }
  }

  // ---- configuration ---------------------------------------------------------------------------------------

  private touch() {
    this.dirty = true;
    this.changed.fire();
  }

  private *pushes(): Co {
    while (!this.stopped) {
      while (!this.dirty && !this.stopped) yield this.changed;
      yield DEBOUNCE;
      if (this.stopped) return;
      this.push();
    }
  }

  private push() {
    this.dirty = false;
    const { snapshots } = wiresOf(this.process.host.sim);
    const snapshot = this.registry.snapshot();
    const before = this.version;
    this.version = `${this.process.host.hostname}/${snapshot.version}`;
    snapshots.set(this.version, snapshot);
    // Whoever has not read the one before has it still to come.
    if (before) this.process.host.sim.after(1_000, () => snapshots.delete(before));
    for (const { socket } of this.connections) socket.writer.write(`push ${this.version}\n`);
  }

  /** A proxy's stream: it asks for a credential, and hears of every version of the mesh. */
  private *stream(socket: Socket): Co {
    const lines = new LineReader(socket.reader);
    const connection: Connection = { socket, pod: '' };
    for (;;) {
      const line = yield* lines.line();
      if (line === undefined) break;
      const [word, pod] = line.split(' ');
      // Who it is follows from where it speaks from; ztunnel asks for the Pods of its node.
      const [self] = this.registry.pods.byIndex('ip', socket.remote.ip);
      const [other] = pod && word === 'csr' ? this.registry.pods.byIndex('ip', pod) : [];
      const tunnel = self?.metadata?.labels?.app === 'ztunnel' && self.spec?.nodeName === other?.spec?.nodeName;
      const found = tunnel ? other : pod && word === 'csr' ? undefined : self;
      if (word === 'csr' && found) {
        const { namespace = '' } = found.metadata ?? {};
        const credential = (this.authority as Authority).issue(namespace, found.spec?.serviceAccountName ?? 'default');
        const workload = this.registry.workload(found, found.status?.podIP ?? '');
        socket.writer.write(`credential ${JSON.stringify({ credential, workload })}\n`);
      } else if (word === 'csr') socket.writer.write('unknown\n');
      else if (word === 'subscribe') {
        connection.pod = pod;
        this.connections.add(connection);
        this.log('info', `ADS: new connection for node:${pod}`);
        socket.writer.write(`push ${this.version}\n`);
      }
    }
    if (this.connections.delete(connection))
      this.log('info', `ADS: "${socket.remote.ip}:${socket.remote.port}" ${connection.pod} terminated`);
    socket.close();
  }

  private *monitor({ target }: HttpRequest): Co<HttpResponse> {
    if (target === '/version') return { status: 200, body: `${VERSION}-Clean` };
    if (target === '/debug/syncz') {
      const body = [...this.connections].map(({ pod }) => ({
        proxy: pod,
        istiod: this.process.host.hostname,
        version: VERSION,
      }));
      return { status: 200, headers: [['Content-Type', 'application/json']], body: JSON.stringify(body) };
    }
    if (target === '/metrics')
      return {
        status: 200,
        body: `# TYPE pilot_xds gauge\npilot_xds{version="${VERSION}"} ${this.connections.size}\n`,
      };
    return { status: 404, body: '404 page not found\n' };
  }

  // ---- webhooks --------------------------------------------------------------------------------------------

  private *webhook({ target, body }: HttpRequest): Co<HttpResponse> {
    const path = target.split('?')[0];
    const review = JSON.parse(body);
    const { uid, object } = review.request;
    const answer = (response: object): HttpResponse => ({
      status: 200,
      headers: [['Content-Type', 'application/json']],
      body: JSON.stringify({ apiVersion: review.apiVersion, kind: 'AdmissionReview', response: { uid, ...response } }),
    });
    yield 2;
    if (path === '/inject') {
      if (!wants(object as Pod)) return answer({ allowed: true });
      try {
        const patch = toBase64(encode(JSON.stringify(inject(object as Pod))));
        return answer({ allowed: true, patchType: 'JSONPatch', patch });
      } catch (error) {
        return answer({ allowed: false, status: { message: (error as Error).message } });
      }
    }
    if (path !== '/validate') return { status: 404, body: '404 page not found\n' };
    const problem = object && (unmodelled(object) ?? invalid(object));
    return answer(
      problem
        ? { allowed: false, status: { message: `configuration is invalid: ${problem}`, code: 400 } }
        : { allowed: true },
    );
  }
}
