// Images of the Kubernetes documentation and of clouds' tutorials that are neither servers of tests nor of greetings.

import { serveHttp, type Program, type Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app, html, text } from './app.ts';
import { webRepositories } from './httpd.ts';
import { nginxRepositories } from './nginx.ts';
import { clock, flagValue, refuse, untilSignal } from './service.ts';
import { lookUp } from './static-files.ts';
import { smallRepositories } from './small.ts';
import { BUSYBOX_COMMANDS, DEBIAN_COMMANDS, toolRepositories } from './tools.ts';
import type { Repository } from './types.ts';
import { plain } from './versions.ts';

const debian = { userland: 'gnu', commands: DEBIAN_COMMANDS } as const satisfies Partial<Repository>;
const alpine = { userland: 'busybox', commands: BUSYBOX_COMMANDS } as const satisfies Partial<Repository>;

const WRITES = /^(?:\*\d+\r\n\$\d+\r\n)?(set|del|append|incr|decr|lpush|rpush|lpop|rpop|sadd|hset|expire|flush)/i;

/** A replica of redis-leader that keeps no copy: it asks the leader for what it is asked, and takes no writes. */
const follower: Program = function* (process): Co<number> {
  const { env, host } = process;
  const leader = (env.GET_HOSTS_FROM === 'env' && env.REDIS_LEADER_SERVICE_HOST) || 'redis-leader';
  const line = (text: string) => `${process.pid}:S ${clock(process).redis} * ${text}\n`;
  function* talk(socket: Socket): Co {
    const addresses = yield* host.resolve(leader);
    const up = addresses?.length ? yield* host.net.connect(addresses[0], 6379, { timeout: 5_000 }) : 'EHOSTUNREACH';
    for (let asked = yield* socket.reader.read(); asked !== undefined; asked = yield* socket.reader.read()) {
      if (WRITES.test(asked)) socket.writer.write("-READONLY You can't write against a read only replica.\r\n");
      else if (typeof up === 'string')
        socket.writer.write("-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n");
      else {
        up.writer.write(asked);
        socket.writer.write((yield* up.reader.read()) ?? '');
      }
    }
    if (typeof up !== 'string') up.close();
    socket.close();
  }
  return yield* app({
    ports: [{ port: 6379, talk }],
    ready: () =>
      line('Ready to accept connections') +
      line(`Connecting to MASTER ${leader}:6379`) +
      line('MASTER <-> REPLICA sync started'),
  })(process);
};

/** Serves the files of its own file system. */
const testWebserver = app({
  ports: [
    {
      port: 80,
      http: {
        '/*': ({ target }, { host }) => {
          const found = lookUp(host.fs, target.split('?')[0], ['index.html']);
          if (found.kind === 'file') return { status: 200, body: found.node.text };
          if (found.kind !== 'directory') return text('404 page not found\n', 404);
          return `<pre>\n${host.fs
            .readdir(found.path)
            .map((name) => `<a href="${name}">${name}</a>\n`)
            .join('')}</pre>\n`;
        },
      },
    },
  ],
});

/** node-problem-detector: reads its configuration and watches; it finds nothing on a node without problems. */
const problemDetector: Program = function* (process): Co<number> {
  const log = (line: string) => process.stderr.write(`${clock(process).klog} ${process.pid} ${line}\n`);
  const files = (
    flagValue(process.argv, '--config.system-log-monitor', '--system-log-monitors') ?? '/config/kernel-monitor.json'
  ).split(',');
  for (const file of files) {
    if (!process.host.fs.exists(file)) {
      log(`log_monitor.go:79] Failed to read configuration file "${file}": open ${file}: no such file or directory`);
      return 255;
    }
    log(`log_monitor.go:79] Finish parsing log monitor config file ${file}`);
  }
  const { sim, net } = process.host;
  // eslint-disable-next-line require-yield
  const listener = serveHttp(sim, net, 20256, function* () {
    return { status: 200, body: 'ok' };
  });
  log('problem_detector.go:76] Problem detector started');
  yield* untilSignal(process);
  listener?.close();
  return 0;
};

const aksHello: Program = app({
  ports: [
    {
      port: 80,
      http: {
        '/*': (_request, { env }) =>
          html(
            env.TITLE || 'Welcome to Azure Kubernetes Service (AKS)',
            `<div id="logo">${env.TITLE || 'Welcome to Azure Kubernetes Service (AKS)'}</div>`,
          ),
      },
    },
  ],
  ready: 'Checking for script in /app/prestart.sh\nRunning script /app/prestart.sh\n',
});

const dotnetSample: Program = app({
  ports: ({ env }) => [
    {
      port: Number(env.ASPNETCORE_HTTP_PORTS ?? 8080),
      http: { '/': html('Home page - aspnetapp', '<h1>Welcome to .NET</h1>'), '/healthz': text('Healthy') },
    },
  ],
  ready:
    'info: Microsoft.Hosting.Lifetime[14]\n      Now listening on: http://[::]:{port}\ninfo: Microsoft.Hosting.Lifetime[0]\n      Application started. Press Ctrl+C to shut down.\n',
  stop: 'info: Microsoft.Hosting.Lifetime[0]\n      Application is shutting down...\n',
});

/** Says under which user it runs; without new privileges that is the user it was started as. */
// eslint-disable-next-line require-yield
const noNewPrivileges: Program = function* ({ uid, stdout }): Co<number> {
  stdout.write(`Effective uid: ${uid}\n`);
  return 0;
};

const simple = (
  names: string[],
  tags: string[],
  size: number,
  path: string,
  program: Program,
  more: Partial<Repository> = {},
): Repository => ({
  ...alpine,
  names,
  tags: () => ({ ...plain(...tags), latest: tags[tags.length - 1] }),
  size,
  cmd: [path],
  programs: { [path]: program },
  memory: 8_000_000,
  ...more,
});

/** The same programs and files under another name: the tests' copies of Docker Hub's images, by version. */
function copy(of: readonly Repository[], name: string, as: string, tags: Record<string, string>): Repository[] {
  const found = of.find(({ names }) => names.includes(name));
  return found ? [{ ...found, names: [as], tags }] : [];
}

/** Writes a saying into a page from time to time: the content of a web server beside it. */
const fortune: Program = function* (process): Co<number> {
  const { fs, sim } = process.host;
  const interval = Number(process.argv[1] ?? process.env.INTERVAL ?? 10);
  const page = '/var/htdocs/index.html';
  if (process.argv[1] ?? process.env.INTERVAL) {
    process.stdout.write(`Configured to generate new fortune every ${interval} seconds\n`);
  }
  for (;;) {
    fs.mkdir('/var/htdocs', { recursive: true });
    process.stdout.write(`${new Date(sim.now).toUTCString().replace(',', '')} Writing fortune to ${page}\n`);
    fs.writeFile(page, `${SAYINGS[sim.random('fortune').int(SAYINGS.length)]}\n`);
    yield interval * 1000;
  }
};
const SAYINGS = [
  'You will be called upon to help a friend in trouble.',
  'Tomorrow, you can be anywhere.',
  'Beware of low-flying butterflies.',
  'Good news will come to you by mail.',
  'You are scrupulously honest, frank, and straightforward.',
];

export const documentationRepositories: Repository[] = [
  ...copy(nginxRepositories, 'docker.io/library/nginx', 'registry.k8s.io/e2e-test-images/nginx', {
    '1.14-1': '1.14.2',
    '1.14-2': '1.14.2',
    '1.14-4': '1.14.2',
    '1.15-1': '1.15.12',
    '1.15-2': '1.15.12',
    '1.15-4': '1.15.12',
  }),
  ...copy(webRepositories, 'docker.io/library/httpd', 'registry.k8s.io/e2e-test-images/httpd', {
    '2.4.38-1': '2.4.38',
    '2.4.38-2': '2.4.38',
    '2.4.38-4': '2.4.38',
    '2.4.39-1': '2.4.39',
    '2.4.39-4': '2.4.39',
  }),
  ...copy(toolRepositories, 'docker.io/library/busybox', 'registry.k8s.io/e2e-test-images/busybox', {
    '1.29-1': '1.29',
    '1.29-2': '1.29',
    '1.29-4': '1.29',
    '1.36.1-1': '1.36',
    '1.37.0-1': '1.37',
  }),
  ...copy(
    smallRepositories,
    'registry.k8s.io/echoserver',
    'registry.k8s.io/e2e-test-images/echoserver',
    plain('2.2', '2.3', '2.4', '2.5'),
  ),
  simple(['docker.io/luksa/fortune'], ['env', 'args'], 50_000_000, '/bin/fortuneloop.sh', fortune, {
    entrypoint: ['/bin/fortuneloop.sh'],
    cmd: [],
  }),
  simple(['registry.k8s.io/e2e-test-images/nonewprivs'], ['1.2', '1.3'], 2_700_000, '/nnp', noNewPrivileges, {
    userland: undefined,
    commands: undefined,
  }),
  ...['static', 'base', 'cc'].map((name) => ({
    names: ['', '-debian11', '-debian12', '-debian13'].map((release) => `gcr.io/distroless/${name}${release}`),
    tags: () => plain('latest', 'nonroot'),
    size: 800_000,
    user: '0',
    artifact: true as const,
    files: () => ({
      '/etc/passwd': 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
    }),
  })),
  {
    ...debian,
    names: ['gcr.io/google-samples/gb-redis-follower', 'gcr.io/google-samples/gb-redisslave'],
    tags: { v1: '6.0.20', v2: '6.0.20', v3: '6.0.20' },
    size: 41_000_000,
    cmd: ['/bin/sh', '-c', '/run.sh'],
    exposedPorts: ['6379/tcp'],
    programs: { '/run.sh': follower },
    memory: 8_000_000,
  },
  simple(
    ['registry.k8s.io/test-webserver', 'registry.k8s.io/e2e-test-images/test-webserver'],
    ['e2e', '1.0'],
    4_700_000,
    '/test-webserver',
    testWebserver,
    { userland: undefined, commands: undefined },
  ),
  simple(
    ['registry.k8s.io/node-problem-detector/node-problem-detector', 'registry.k8s.io/node-problem-detector'],
    ['v0.1', 'v0.8.7', 'v0.8.20', 'v1.34.0'],
    49_000_000,
    '/node-problem-detector',
    problemDetector,
    {
      ...debian,
      files: () => ({
        '/config/kernel-monitor.json':
          '{"plugin": "kmsg", "logPath": "/dev/kmsg", "lookback": "5m", "bufferSize": 10, "source": "kernel-monitor"}\n',
      }),
    },
  ),
  simple(['mcr.microsoft.com/azuredocs/aks-helloworld'], ['v1'], 300_000_000, '/start.sh', aksHello, debian),
  simple(['mcr.microsoft.com/dotnet/samples'], ['aspnetapp'], 110_000_000, './aspnetapp', dotnetSample, {
    workingDir: '/app',
    user: '1654',
    entrypoint: ['./aspnetapp'],
    cmd: [],
    programs: { '/app/aspnetapp': dotnetSample },
  }),
  {
    ...debian,
    names: ['gcr.io/google-samples/xtrabackup'],
    tags: () => plain('1.0'),
    size: 110_000_000,
    cmd: ['/bin/bash'],
    // Its work is to copy the files of one MySQL to the next.
    programs: Object.fromEntries(
      ['xtrabackup', 'xbstream', 'ncat', 'mysql'].map((name) => [
        `/usr/bin/${name}`,
        refuse('replication of MySQL is not modelled by this engine'),
      ]),
    ),
  },
];
