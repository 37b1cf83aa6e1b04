// agnhost: the test image of Kubernetes, one binary with many subcommands.

import { bindNslookup } from '../linux/commands/dns.ts';
import {
  header,
  hostPort,
  type HttpResponse,
  type Process,
  type Program,
  serveGrpcHealth,
  serveHttp,
  type ServingStatus,
} from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { conversionWebhook } from './agnhost-conversion.ts';
import { webhook } from './agnhost-webhook.ts';
import { runShell } from './run-shell.ts';
import { clock, flagValue, untilSignal } from './service.ts';
import { GO_KILLED, httpServer } from './small.ts';
import { BUSYBOX_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain } from './versions.ts';

const port = (fallback: number) => (process: Process) =>
  Number(flagValue(process.argv, '--http-port', '--port') ?? fallback);

/** netexec: HTTP endpoints that tell about the Pod. */
const netexec = httpServer(
  port(8080),
  function* (request, process): Co<HttpResponse> {
    const url = request.target;
    const path = url.split('?')[0];
    const query = new Map<string, string>();
    for (const pair of (url.split('?')[1] ?? '').split('&')) {
      const [key, value = ''] = pair.split('=');
      if (key) query.set(decodeURIComponent(key), decodeURIComponent(value.replaceAll('+', ' ')));
    }
    const text = (body: string, status = 200): HttpResponse => ({
      status,
      headers: [['Content-Type', 'text/plain; charset=utf-8']],
      body,
    });
    const { socket } = request;
    switch (path) {
      case '/':
        return text(`NOW: ${clock(process).plain}.000000000 +0000 UTC`);
      case '/hostname':
      case '/hostName':
        return text(process.host.hostname);
      case '/clientip':
        return text(hostPort(socket.remote.ip, socket.remote.port));
      case '/echo':
        return text(query.get('msg') ?? '', Number(query.get('code') ?? 200));
      case '/header':
        return text(header(request.headers, query.get('key') ?? '') ?? '');
      case '/healthz':
        return text('');
      case '/redirect':
        return {
          status: Number(query.get('code') ?? 302),
          headers: [['Location', query.get('location') ?? '/']],
          body: '',
        };
      case '/exit':
        process.host.sim.after(Number(query.get('wait') ?? 0), () => process.signal('KILL'));
        return text('');
      case '/shell': {
        const { output, status } = yield* runShell(process, query.get('shellCommand') ?? query.get('cmd') ?? '');
        return text(JSON.stringify(status === 0 ? { output } : { output, error: `exit status ${status}` }));
      }
    }
    return text('404 page not found\n', 404);
  },
  (process, at) => `${clock(process).klog}       1 log.go:195] Started HTTP server on port ${at}\n`,
  (request, process) => `${clock(process).klog}       1 log.go:195] GET ${request.target.split('?')[0]}\n`,
  GO_KILLED,
);

const serveHostname = httpServer(
  port(9376),
  (_request, process) => process.host.hostname,
  (process) => `${clock(process).klog}       1 log.go:195] Serving on port ${port(9376)(process)}.\n`,
);

/** liveness: answers 200 for ten seconds, then 500. */
const liveness: Program = function* (process): Co<number> {
  const { sim, net } = process.host;
  const since = sim.now;
  const listener = serveHttp(sim, net, 8080, function* (request): Co<HttpResponse> {
    const age = sim.now - since;
    if (request.target.startsWith('/started')) return { status: 200, body: `${age / 1000}s` };
    if (!request.target.startsWith('/healthz')) return { status: 404, body: '404 page not found\n' };
    return age > 10_000 ? { status: 500, body: `error: ${age / 1000}` } : { status: 200, body: 'ok' };
  });
  if (!listener) return 1;
  yield* untilSignal(process);
  return GO_KILLED;
};

const connect: Program = function* (process): Co<number> {
  const target = process.argv[process.argv.length - 1];
  const [host, at] = [target.slice(0, target.lastIndexOf(':')), Number(target.slice(target.lastIndexOf(':') + 1))];
  const timeout = parseFloat(flagValue(process.argv, '--timeout') ?? '5') * 1000;
  const { net } = process.host;
  const addresses = yield* process.host.resolve(host);
  if (!addresses?.length) {
    process.stderr.write('DNS: lookup failed\n');
    return 1;
  }
  const socket = yield* net.connect(addresses[0], at, { timeout });
  if (typeof socket === 'string') {
    process.stderr.write(
      { ECONNREFUSED: 'REFUSED\n', ETIMEDOUT: 'TIMEOUT\n', EHOSTUNREACH: 'OTHER: no route to host\n' }[socket],
    );
    return 1;
  }
  socket.close();
  return 0;
};

const wait: Program = function* (process): Co<number> {
  process.stdout.write('Paused\n');
  return (yield* untilSignal(process, ['TERM', 'INT'])) === 'TERM' ? 2 : 1;
};

/** grpc-health-checking: serves until an HTTP request to /make-not-serving. */
const grpcHealthChecking: Program = function* (process): Co<number> {
  const { sim, net } = process.host;
  let status: ServingStatus = 'SERVING';
  const port = Number(flagValue(process.argv, '--port') ?? 5000);
  const httpPort = Number(flagValue(process.argv, '--http-port') ?? 8080);
  const service = flagValue(process.argv, '--service') ?? '';
  const listeners = [
    serveGrpcHealth(sim, net, port, (asked) => (asked === '' || asked === service ? status : 'SERVICE_UNKNOWN')),
    // eslint-disable-next-line require-yield
    serveHttp(sim, net, httpPort, function* ({ target }) {
      if (target.startsWith('/make-not-serving')) status = 'NOT_SERVING';
      else if (target.startsWith('/make-serving')) status = 'SERVING';
      else return { status: 404, body: '404 page not found\n' };
      return { status: 200, body: '' };
    }),
  ];
  process.stderr.write(`${clock(process).slashes} Http server starting to listen on :${httpPort}\n`);
  process.stderr.write(`${clock(process).slashes} gRPC server starting to listen on :${port}\n`);
  yield* untilSignal(process);
  for (const listener of listeners) listener?.close();
  return 0;
};

/** What the files of the container say: hosts, resolv.conf. */
const shows = (text: (read: (path: string) => string) => string): Program =>
  // eslint-disable-next-line require-yield
  function* ({ stdout, host }): Co<number> {
    const { fs } = host;
    stdout.write(text((path) => (fs.exists(path) ? fs.readFile(path) : '')));
    return 0;
  };
const resolvConf = (read: (path: string) => string, key: string) =>
  [...read('/etc/resolv.conf').matchAll(new RegExp(`^${key}\\s+(.*)$`, 'gm'))].flatMap(([, words]) =>
    words.trim().split(/\s+/),
  );

/** logs-generator: lines that look like those of an API server, evenly over a time. */
const logsGenerator: Program = function* (process): Co<number> {
  const total = Number(
    flagValue(process.argv, '--log-lines-total', '-t') ?? process.env.LOGS_GENERATOR_LINES_TOTAL ?? 0,
  );
  const given = flagValue(process.argv, '--run-duration', '-d') ?? process.env.LOGS_GENERATOR_DURATION ?? '1s';
  const duration = parseFloat(given) * ({ s: 1_000, m: 60_000, h: 3_600_000 }[given.slice(-1)] ?? 1_000);
  if (!(total > 0)) {
    process.stderr.write(
      `${clock(process).klog}       1 logs_generator.go:61] Invalid total number of lines: ${total}\n`,
    );
    return 255;
  }
  const random = process.host.sim.random('logs-generator');
  const pick = (list: readonly string[]) => list[random.int(list.length)];
  for (let line = 0; line < total; line++) {
    const path = `/api/v1/namespaces/${pick(['kube-system', 'default', 'ns'])}/pods/${random.suffix(4)}`;
    process.stderr.write(
      `${clock(process).klog}       1 logs_generator.go:76] ${line} ${pick(['GET', 'PUT', 'POST'])} ${path} ${200 + random.int(400)}\n`,
    );
    yield duration / total;
  }
  return 0;
};

/** entrypoint-tester: its own arguments, as a list. */
// eslint-disable-next-line require-yield
const entrypointTester: Program = function* ({ argv, stdout }): Co<number> {
  stdout.write(`[${argv.join(' ')}]\n`);
  return 0;
};

const SUBCOMMANDS: Record<string, Program> = {
  'dns-suffix': shows((read) => `${resolvConf(read, 'search').join(',')}\n`),
  'dns-server-list': shows((read) => `${resolvConf(read, 'nameserver').join(',')}\n`),
  'etc-hosts': shows((read) => read('/etc/hosts')),
  'entrypoint-tester': entrypointTester,
  'logs-generator': logsGenerator,
  'grpc-health-checking': grpcHealthChecking,
  netexec,
  'serve-hostname': serveHostname,
  pause: wait,
  liveness,
  connect,
  webhook,
  'crd-conversion-webhook': conversionWebhook,
  'test-webserver': httpServer(
    () => 80,
    () => '<pre>\n</pre>\n',
  ),
  *help(process) {
    process.stdout.write(
      `Usage:\n  app [command]\n\nAvailable Commands:\n${Object.keys(SUBCOMMANDS)
        .map((name) => `  ${name}\n`)
        .join('')}`,
    );
    return 0;
  },
};

const agnhost: Program = function* (process): Co<number> {
  const name = process.argv[1];
  const program =
    name === undefined ? SUBCOMMANDS.pause : Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (!program) {
    process.stderr.write(
      `Error: the subcommand "${name}" is unknown or is not modelled by this engine\nRun 'app --help' for usage.\n`,
    );
    return 1;
  }
  return yield* program(process);
};

export const agnhostRepositories: Repository[] = [
  {
    names: ['registry.k8s.io/e2e-test-images/agnhost', 'k8s.gcr.io/e2e-test-images/agnhost'],
    tags: () =>
      plain(
        '2.20',
        '2.21',
        '2.26',
        '2.31',
        '2.32',
        '2.33',
        '2.36',
        '2.37',
        '2.38',
        '2.39',
        '2.40',
        '2.41',
        '2.43',
        '2.44',
        '2.45',
        '2.47',
        '2.48',
        '2.52',
        '2.53',
        '2.54',
        '2.55',
        '2.56',
        '2.57',
      ),
    size: 51_600_000,
    entrypoint: ['/agnhost'],
    cmd: ['pause'],
    userland: 'busybox',
    commands: BUSYBOX_COMMANDS.concat('bash', 'curl', 'dig', 'host', 'iptables'),
    programs: { '/agnhost': agnhost, '/usr/bin/nslookup': bindNslookup },
    users: { 'user-defined-in-image': { uid: 1000, groups: { 'group-defined-in-image': 50_000 } } },
    memory: 6_000_000,
  },
  {
    names: ['registry.k8s.io/liveness', 'k8s.gcr.io/liveness'],
    tags: () => ({ ...plain('0.1'), latest: '0.1' }),
    size: 1_740_000,
    cmd: ['/server'],
    programs: { '/server': liveness },
  },
];
