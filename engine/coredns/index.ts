// CoreDNS: reads its Corefile, watches the cluster, answers questions by the plug-ins of the block that a name falls into.

import type { Client } from '../client/index.ts';
import { serveHttp, type Process, type Program } from '../linux/index.ts';
import type { UdpSocket } from '../linux/net/index.ts';
import { type Co, Signal, type Timer } from '../sim/index.ts';
import { CorefileError, parseCorefile } from './corefile.ts';
import { buildServers, type Server } from './server.ts';
import { ClusterView } from './cluster-view.ts';

const RELOAD = 30_000;

/** `installed`: the Corefile that the cluster comes with. */
export function coreDNS(
  connect: (process: Process) => Client | undefined,
  version: string,
  installed: string,
): Program {
  return function* (process): Co<number> {
    yield 15;
    let path = 'Corefile';
    for (let i = 1; i < process.argv.length; i++) {
      const [, name = '', value] = /^--?([-.\w]+)(?:=(.*))?$/.exec(process.argv[i]) ?? [];
      if (name !== 'conf') {
        process.stderr.write(`coredns: the argument ${process.argv[i]} is not modelled by this engine\n`);
        return 1;
      }
      path = value ?? process.argv[++i] ?? '';
    }
    const daemon = new Daemon(process, path, connect, version, installed);
    try {
      return yield* daemon.run();
    } finally {
      daemon.close();
    }
  };
}

class Daemon {
  private readonly process: Process;
  private readonly path: string;
  private readonly connect: (process: Process) => Client | undefined;
  private readonly version: string;
  private readonly installed: string;
  private readonly ended = new Signal();
  private view: ClusterView | undefined;
  private servers: Server[] = [];
  private sockets: UdpSocket[] = [];
  private listeners: { close(): void }[] = [];
  private timer: Timer | undefined;
  private text = '';
  private status: number | undefined;

  constructor(
    process: Process,
    path: string,
    connect: (process: Process) => Client | undefined,
    version: string,
    installed: string,
  ) {
    this.process = process;
    this.path = path;
    this.connect = connect;
    this.version = version;
    this.installed = installed;
  }

  *run(): Co<number> {
    const { process } = this;
    const { fs, sim } = process.host;
    for (const name of ['TERM', 'INT']) {
      process.handlers.set(name, () => {
        this.status = 0;
        this.ended.fire();
      });
    }
    if (!fs.exists(this.path)) {
      process.stderr.write(
        `${this.time()} [ERROR] Failed to read Corefile: open ${this.path}: no such file or directory\n`,
      );
      return 1;
    }
    try {
      this.load(fs.readFile(this.path));
    } catch (error) {
      if (!(error instanceof CorefileError)) throw error;
      process.stdout.write(`${error.message}\n`);
      return 1;
    }
    const blocks = this.servers.map(({ zone, port }) => `${zone}:${port}\n`).join('');
    process.stdout.write(`${blocks}CoreDNS-${this.version}\nlinux/amd64, go1.25.2, 1db4568\n`);
    for (const server of this.servers) sim.spawn('loop', server.probe());
    if (this.servers.some(({ reloads }) => reloads)) this.timer = sim.every(RELOAD, () => this.reload());
    while (this.status === undefined) yield this.ended;
    if (this.status === 0) {
      process.stdout.write('[INFO] SIGTERM: Shutting down servers then terminating\n');
      const lameduck = Math.max(0, ...this.servers.map((server) => server.lameduck));
      if (lameduck) {
        process.stdout.write(`[INFO] plugin/health: Going into lameduck mode for ${lameduck / 1000}s\n`);
        yield lameduck;
      }
    }
    return this.status;
  }

  close() {
    this.timer?.cancel();
    this.shut();
    this.view?.stop();
  }

  private time(): string {
    return new Date(this.process.host.sim.now).toISOString().replace(/-/g, '/').replace('T', ' ').slice(0, 19);
  }

  /** Reads a configuration and serves by it; throws a CorefileError and goes on as before when it is none. */
  private load(text: string) {
    const { process } = this;
    const blocks = parseCorefile(text, this.path);
    const wantsCluster = blocks.some(({ directives }) => directives.some(({ name }) => name === 'kubernetes'));
    if (wantsCluster && !this.view) {
      const client = this.connect(process);
      if (!client) throw new CorefileError('plugin/kubernetes: unable to load in-cluster configuration');
      this.view = new ClusterView();
      this.view.start(client, process.host.sim, (kind, why) => {
        process.stdout.write(
          `[ERROR] plugin/kubernetes: pkg/mod/k8s.io/client-go@v0.34.1/tools/cache/reflector.go:205: Failed to watch *v1.${kind}: failed to list *v1.${kind}: ${why}\n`,
        );
      });
      if (!this.view.synced)
        process.stdout.write('[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API\n');
    }
    const servers = buildServers(blocks, this.path, {
      process,
      view: this.view,
      isInstalled: text === this.installed,
      fatal: (message) => {
        process.stdout.write(`[FATAL] ${message}\n`);
        this.status = 1;
        this.ended.fire();
      },
    });
    this.shut();
    this.text = text;
    this.servers = servers;
    this.listen();
  }

  private shut() {
    for (const socket of this.sockets) socket.close();
    for (const listener of this.listeners) listener.close();
    this.sockets = [];
    this.listeners = [];
  }

  private listen() {
    const { process } = this;
    const { net, sim } = process.host;
    for (const port of new Set(this.servers.map((server) => server.port))) {
      // The longest zone that fits answers.
      const servers = this.servers
        .filter((server) => server.port === port)
        .sort((a, b) => b.zone.length - a.zone.length);
      const socket = net.bind(
        port,
        (datagram) => servers.find((server) => server.serves(datagram))?.take(datagram, socket as UdpSocket),
        { process },
      );
      if (socket) this.sockets.push(socket);
      const listener = net.listen(port, (connection) => connection.close(), { process });
      if (listener) this.listeners.push(listener);
    }
    const pages = new Map<number, Map<string, () => { status: number; body: string }>>();
    for (const server of this.servers) {
      for (const { port, path, answer } of server.pages) {
        const known = pages.get(port) ?? new Map();
        pages.set(port, known.set(path, answer));
      }
    }
    pages.forEach((paths, port) => {
      // eslint-disable-next-line require-yield
      const listener = serveHttp(sim, net, port, function* ({ target }) {
        const answer = paths.get(target.split('?')[0])?.();
        return answer ?? { status: 404, body: '404 page not found\n' };
      });
      if (listener) this.listeners.push(listener);
    });
  }

  private reload() {
    const { host, stdout } = this.process;
    const { fs } = host;
    if (!fs.exists(this.path)) return;
    const text = fs.readFile(this.path);
    if (text === this.text) return;
    stdout.write('[INFO] Reloading\n');
    try {
      this.load(text);
      stdout.write('[INFO] Reloading complete\n');
    } catch (error) {
      if (!(error instanceof CorefileError)) throw error;
      // The text is tried once, not with every look.
      this.text = text;
      stdout.write(
        `[ERROR] Restart failed: ${error.message}\n[ERROR] plugin/reload: Corefile changed but reload failed: starting with listener file descriptors: ${error.message}\n`,
      );
    }
  }
}
