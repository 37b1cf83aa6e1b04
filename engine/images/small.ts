// Small images: pause, hello-world, the demonstration servers of the Kubernetes documentation, stress.

import { quantityValue } from '../api/quantity.ts';
import {
  allocate,
  compute,
  header,
  type Headers,
  hostPort,
  type HttpRequest,
  type HttpResponse,
  load,
  type Process,
  type Program,
  serveHttp,
} from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { clock, flagValue, untilSignal } from './service.ts';
import { BUSYBOX_COMMANDS, DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain } from './versions.ts';

const pause: Program = function* (process): Co<number> {
  if (process.argv[1] === '-v') {
    process.stdout.write('pause.c 3.10\n');
    return 0;
  }
  yield* untilSignal(process, ['TERM', 'INT']);
  process.stderr.write('Shutting down, got signal: Terminated\n');
  return 0;
};

const HELLO = `
Hello from Docker!
This message shows that your installation appears to be working correctly.

To generate this message, Docker took the following steps:
 1. The Docker client contacted the Docker daemon.
 2. The Docker daemon pulled the "hello-world" image from the Docker Hub.
    (amd64)
 3. The Docker daemon created a new container from that image which runs the
    executable that produces the output you are currently reading.
 4. The Docker daemon streamed that output to the Docker client, which sent it
    to your terminal.

To try something more ambitious, you can run an Ubuntu container with:
 $ docker run -it ubuntu bash

Share images, automate workflows, and more with a free Docker ID:
 https://hub.docker.com/

For more examples and ideas, visit:
 https://docs.docker.com/get-started/

`;

const hello: Program = function* (process): Co<number> {
  yield 1;
  process.stdout.write(HELLO);
  return 0;
};

/** How a Go program ends that SIGTERM kills: as process 1 the signal does not end it, so its runtime exits by itself. */
export const GO_KILLED = 2;

/** A server that answers every request by `answer` until it is told to stop, and ends with `status` then. */
export function httpServer(
  port: (process: Process) => number,
  answer: (request: HttpRequest, process: Process) => string | HttpResponse | Co<HttpResponse>,
  banner: (process: Process, port: number) => string = () => '',
  log?: (request: HttpRequest, process: Process) => string,
  status = 0,
): Program {
  return function* (process): Co<number> {
    const { sim, net } = process.host;
    const at = port(process);
    const listener = serveHttp(sim, net, at, function* (request): Co<HttpResponse> {
      if (log) process.stderr.write(log(request, process));
      const result = answer(request, process);
      if (typeof result === 'string') {
        return { status: 200, headers: dated(process, [['Content-Type', 'text/plain; charset=utf-8']]), body: result };
      }
      const response = 'status' in result ? result : yield* result;
      return { ...response, headers: dated(process, response.headers ?? []) };
    });
    if (!listener) {
      process.stderr.write(`${clock(process).slashes} listen tcp :${at}: bind: address already in use\n`);
      return 1;
    }
    process.stderr.write(banner(process, at));
    yield* untilSignal(process);
    listener.close();
    return status;
  };
}

function dated(process: Process, headers: Headers): Headers {
  return [...headers, ['Date', clock(process).http]];
}

const helloApp = (version: string) =>
  httpServer(
    (process) => Number(process.env.PORT ?? 8080),
    (_request, process) => `Hello, world!\nVersion: ${version}\nHostname: ${process.host.hostname}\n`,
    (process, port) => `${clock(process).slashes} Server listening on port ${port}\n`,
    (request, process) => `${clock(process).slashes} Serving request: ${request.target}\n`,
    GO_KILLED,
  );

/** The backend of the documentation's two-tier example: answers in JSON. */
const helloGo = httpServer(
  () => 80,
  () => ({ status: 200, headers: [['Content-Type', 'application/json']], body: '{"message":"Hello"}\n' }),
);

const serveHostname = httpServer(
  (process) => Number(flagValue(process.argv, '-port', '--port') ?? 9376),
  (_request, process) => process.host.hostname,
  (process) => `${clock(process).klog}       1 serve_hostname.go:52] Serving on port 9376.\n`,
);

/** echoserver: shows the request as it arrived. */
const echo = httpServer(
  (process) => Number(process.env.PORT ?? 8080),
  (request, process) => {
    const host = header(request.headers, 'host') ?? '';
    const headers = request.headers
      .map(([name, value]) => `\t${name.toLowerCase()}=${value}`)
      .sort()
      .join('\n');
    return `\n\nHostname: ${process.host.hostname}\n\nPod Information:\n\t-no pod information available-\n\nServer values:\n\tserver_version=nginx: 1.13.3 - lua: 10008\n\nRequest Information:\n\tclient_address=${request.socket.remote.ip}\n\tmethod=${request.method}\n\treal path=${request.target}\n\tquery=${request.target.split('?')[1] ?? ''}\n\trequest_version=1.1\n\trequest_scheme=http\n\trequest_uri=http://${host}:8080${request.target}\n\nRequest Headers:\n${headers}\n\nRequest Body:\n${request.body ? `\t${request.body}` : '\t-no body in request-'}\n\n`;
  },
);

/** whoami: name, addresses and the request. */
const whoami = httpServer(
  (process) => Number(flagValue(process.argv, '--port', '-port') ?? 80),
  (request, process) => {
    const { hostname, net } = process.host;
    const lines = [`Hostname: ${hostname}`, 'IP: 127.0.0.1', ...net.addresses.map((ip) => `IP: ${ip}`)];
    lines.push(
      `RemoteAddr: ${hostPort(request.socket.remote.ip, request.socket.remote.port)}`,
      `${request.method} ${request.target} HTTP/1.1`,
    );
    return `${lines.concat(request.headers.map(([name, value]) => `${name}: ${value}`)).join('\n')}\n\n`;
  },
  (process) => `${clock(process).slashes} Starting up on port 80\n`,
);

/** goproxy: an HTTP proxy that the documentation probes by its port. */
const goproxy = httpServer(
  () => 8080,
  () => ({ status: 500, headers: [], body: 'This is a proxy server. Does not respond to non-proxy requests.\n' }),
  undefined,
  undefined,
  GO_KILLED,
);

/** Each request takes a million square roots. */
const HPA_REQUEST_MS = 60;

const hpaExample = httpServer(
  () => 80,
  function* (_request, process): Co<HttpResponse> {
    yield* compute(process, HPA_REQUEST_MS);
    return { status: 200, headers: [['Content-Type', 'text/html; charset=UTF-8']], body: 'OK!' };
  },
);

/** hashicorp/http-echo: one text for every request. */
const httpEcho = httpServer(
  (process) => Number((flagValue(process.argv, '-listen', '--listen') ?? ':5678').split(':').pop()),
  (_request, process) => `${flagValue(process.argv, '-text', '--text') ?? process.env.ECHO_TEXT ?? 'hello-world'}\n`,
  (process, port) => `${clock(process).slashes} [INFO] server is listening on :${port}\n`,
);

const SIZE = /^(\d+)([bkmg]?)$/i;
export const memorySize = (text: string): number | undefined => {
  const size = SIZE.exec(text);
  if (!size) return undefined;
  return Number(size[1]) * ({ '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[size[2].toLowerCase()] ?? 1);
};

/** `stress --vm N --vm-bytes B --cpu N --timeout T`, as the stress package behaves. */
export const stress: Program = function* (process): Co<number> {
  const { argv } = process;
  const value = (...names: string[]) => flagValue(argv, ...names);
  const say = (text: string) => process.stdout.write(`stress: ${text}\n`);
  const vm = Number(value('--vm', '-m') ?? 0);
  const size = memorySize(value('--vm-bytes') ?? '256M');
  const cpu = Number(value('--cpu', '-c') ?? 0);
  const io = Number(value('--io', '-i') ?? 0);
  const hdd = Number(value('--hdd', '-d') ?? 0);
  if (size === undefined || vm + cpu + io + hdd === 0) {
    process.stdout.write(
      "`stress' imposes certain types of compute stress on your system\n\nUsage: stress [OPTION [ARG]] ...\n",
    );
    return vm + cpu + io + hdd === 0 ? 0 : 1;
  }
  say(`info: [${process.pid}] dispatching hogs: ${cpu} cpu, ${io} io, ${vm} vm, ${hdd} hdd`);
  yield 100;
  const bytes = vm * size;
  // The hogs touch what they take: the memory is really in use.
  allocate(process, bytes);
  // Hogs that hang on to their memory sleep meanwhile.
  const busy = (cpu + (value('--vm-hang') === undefined ? vm : 0)) * 1000;
  load(process, busy);
  const seconds = value('--timeout', '-t');
  if (seconds === undefined) {
    yield* untilSignal(process, ['TERM', 'INT']);
    return 1;
  }
  const number = parseFloat(seconds) * ({ s: 1, m: 60, h: 3600, d: 86400 }[seconds.slice(-1)] ?? 1);
  yield number * 1000;
  allocate(process, -bytes);
  load(process, -busy);
  say(`info: [${process.pid}] successful run completed in ${number}s`);
  return 0;
};

/** vish/stress: `-cpus N -mem-total 950Mi -mem-alloc-size 100Mi -mem-alloc-sleep 1s`. */
const vishStress: Program = function* (process): Co<number> {
  const value = (name: string) => flagValue(process.argv, `-${name}`, `--${name}`);
  const total = quantityValue(value('mem-total') ?? '0');
  const step = quantityValue(value('mem-alloc-size') ?? '4Ki');
  const pauseText = value('mem-alloc-sleep') ?? '1ms';
  const wait = parseFloat(pauseText) * (pauseText.endsWith('ms') ? 1 : 1000);
  const cpus = Number(value('cpus') ?? 0);
  const log = (line: number, text: string) =>
    process.stderr.write(`${clock(process).klog}       1 main.go:${line}] ${text}\n`);
  log(
    26,
    `Allocating "${value('mem-total') ?? '0'}" memory, in "${value('mem-alloc-size') ?? '4Ki'}" chunks, with a ${pauseText} sleep between allocations`,
  );
  for (let i = 0; i < cpus; i++) log(39, 'Spawning a thread to consume CPU');
  load(process, cpus * 1000);
  for (let taken = 0; taken < total; taken += step) {
    allocate(process, Math.min(step, total - taken));
    yield wait;
  }
  log(29, `Allocated "${value('mem-total') ?? '0'}" memory`);
  yield* untilSignal(process, ['TERM', 'INT']);
  return 2;
};

export const smallRepositories: Repository[] = [
  {
    names: [
      'registry.k8s.io/pause',
      'k8s.gcr.io/pause',
      'gcr.io/google_containers/pause',
      'gcr.io/google-containers/pause',
      'docker.io/rancher/mirrored-pause',
    ],
    tags: () => ({
      ...plain('2.0', '3.0', '3.1', '3.2', '3.3', '3.4.1', '3.5', '3.6', '3.7', '3.8', '3.9', '3.10', '3.10.1'),
      latest: '3.10.1',
    }),
    size: 320_368,
    user: '65535:65535',
    entrypoint: ['/pause'],
    programs: { '/pause': pause },
    memory: 250_000,
  },
  {
    names: ['quay.io/crio/artifact'],
    tags: () => plain('v1', 'v2'),
    size: 320,
    artifact: true,
    files: (): Record<string, string> => ({ '/dir/file': '1\n', '/file': '2\n' }),
  },
  {
    names: ['docker.io/library/hello-world'],
    tags: () => plain('linux', 'latest'),
    size: 2_374,
    cmd: ['/hello'],
    programs: { '/hello': hello },
  },
  {
    names: ['gcr.io/google-samples/hello-app', 'us-docker.pkg.dev/google-samples/containers/gke/hello-app'],
    tags: () => plain('1.0', '2.0'),
    size: 13_900_000,
    cmd: ['./hello-app'],
    userland: 'busybox',
    commands: BUSYBOX_COMMANDS,
    os: 'Alpine Linux v3.23',
    exposedPorts: ['8080/tcp'],
    env: { PORT: '8080' },
    versionedPrograms: (version) => ({ '/hello-app': helloApp(`${version}.0`) }),
    memory: 4_000_000,
  },
  {
    names: ['gcr.io/google-samples/hello-go-gke'],
    tags: () => plain('1.0'),
    size: 5_000_000,
    cmd: ['/hello'],
    programs: { '/hello': helloGo },
  },
  {
    names: [
      'registry.k8s.io/serve_hostname',
      'k8s.gcr.io/serve_hostname',
      'gcr.io/google_containers/serve_hostname',
      'gcr.io/kubernetes-e2e-test-images/serve-hostname',
      'registry.k8s.io/e2e-test-images/serve-hostname',
    ],
    tags: () => ({ ...plain('1.1', '1.2', '1.3', '1.4', 'v1.4'), latest: '1.4' }),
    size: 2_730_000,
    entrypoint: ['/serve_hostname'],
    exposedPorts: ['9376/tcp'],
    programs: { '/serve_hostname': serveHostname },
    memory: 3_000_000,
  },
  {
    names: [
      'registry.k8s.io/echoserver',
      'k8s.gcr.io/echoserver',
      'gcr.io/google_containers/echoserver',
      'gcr.io/google-containers/echoserver',
    ],
    tags: () => ({ ...plain('1.4', '1.5', '1.6', '1.7', '1.8', '1.9', '1.10'), latest: '1.10' }),
    size: 35_600_000,
    cmd: ['/usr/sbin/echoserver'],
    userland: 'gnu',
    commands: DEBIAN_COMMANDS,
    programs: { '/usr/sbin/echoserver': echo },
  },
  {
    names: ['docker.io/traefik/whoami', 'docker.io/containous/whoami'],
    tags: { 'v1.10': 'v1.11', 'v1.11': 'v1.11', 'v1.11.0': 'v1.11', latest: 'v1.11' },
    size: 2_800_000,
    entrypoint: ['/whoami'],
    exposedPorts: ['80/tcp'],
    programs: { '/whoami': whoami },
  },
  {
    names: ['registry.k8s.io/goproxy', 'k8s.gcr.io/goproxy'],
    tags: () => plain('0.1'),
    size: 1_698_862,
    cmd: ['/goproxy'],
    programs: { '/goproxy': goproxy },
  },
  {
    names: ['registry.k8s.io/hpa-example', 'k8s.gcr.io/hpa-example'],
    tags: () => plain('latest'),
    size: 170_000_000,
    cmd: ['/usr/sbin/apache2-foreground'],
    exposedPorts: ['80/tcp'],
    userland: 'gnu',
    commands: DEBIAN_COMMANDS,
    programs: { '/usr/sbin/apache2-foreground': hpaExample },
  },
  {
    names: ['docker.io/hashicorp/http-echo'],
    tags: () => ({ ...plain('0.2.3', '1.0', '1.0.0'), latest: '1.0.0' }),
    size: 1_900_000,
    entrypoint: ['/http-echo'],
    exposedPorts: ['5678/tcp'],
    programs: { '/http-echo': httpEcho },
  },
  {
    names: ['docker.io/polinux/stress'],
    tags: () => ({ ...plain('1.0.4'), latest: '1.0.4' }),
    size: 4_041_495,
    cmd: ['/bin/sh'],
    userland: 'busybox',
    commands: BUSYBOX_COMMANDS,
    programs: { '/usr/bin/stress': stress },
    memory: 1_200_000,
  },
  {
    names: ['docker.io/vish/stress'],
    tags: () => plain('latest'),
    size: 1_560_000,
    entrypoint: ['/stress'],
    programs: { '/stress': vishStress },
    memory: 3_000_000,
  },
];
