// Images of books and courses: kubia of "Kubernetes in Action" and others.

import { byteLength, type Process } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app, html, type AppOptions, type Route } from './app.ts';
import { clock } from './service.ts';
import { BUSYBOX_COMMANDS, DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain } from './versions.ts';

const every = (route: Route) => ({ '/*': route });
const hostOf = (process: Process) => process.host.hostname;
const node = { userland: 'gnu', commands: DEBIAN_COMMANDS.concat('curl', 'wget', 'ps'), memory: 22_000_000 } as const;
const alpine = { userland: 'busybox', commands: BUSYBOX_COMMANDS, memory: 6_000_000 } as const;

/** kubia, of "Kubernetes in Action": the unhealthy one fails from the sixth request on. */
const kubia = (unhealthy: boolean, version = ''): AppOptions => {
  let requests = 0;
  return {
    ports: [
      {
        port: 8080,
        http: every((_request, process) => {
          const name = hostOf(process);
          if (unhealthy && ++requests > 5) return { status: 500, body: "I'm not well. Please restart me!\n" };
          return {
            status: 200,
            body: version ? `This is ${version} running in pod ${name}\n` : `You've hit ${name}\n`,
          };
        }),
      },
    ],
    start: 'Kubia server starting...\n',
    access: ({ socket }) => `Received request from ::ffff:${socket.remote.ip}\n`,
  };
};

const kubiaPet: AppOptions = {
  ports: [
    {
      port: 8080,
      http: {
        'POST /*': (request, process) => {
          process.host.fs.writeFile('/var/data/kubia.txt', request.body);
          process.stdout.write('New data has been received and stored.\n');
          return { status: 200, body: `Data stored on pod ${hostOf(process)}\n` };
        },
        '/*': (_request, { host }) => {
          const data = host.fs.exists('/var/data/kubia.txt')
            ? host.fs.readFile('/var/data/kubia.txt')
            : 'No data posted yet';
          return { status: 200, body: `You've hit ${host.hostname}\nData stored on this pod: ${data}\n` };
        },
      },
    },
  ],
};

export const bookRepositories: Repository[] = [
  {
    ...alpine,
    names: ['docker.io/rancher/hello-world', 'docker.io/rancher/example-hello-world'],
    tags: () => ({ ...plain('v0.1.0', 'v0.1.2', 'v0.1.3'), latest: 'v0.1.3' }),
    size: 7_300_000,
    cmd: ['/bin/rancher-hello-world'],
    exposedPorts: ['80/tcp'],
    programs: {
      '/bin/rancher-hello-world': app({
        ports: [
          {
            port: 80,
            http: every((_request, { host }) =>
              html('Hello world!', `<h1>Hello world!</h1>\n<h3>My hostname is ${host.hostname}</h3>`),
            ),
          },
        ],
      }),
    },
  },
  {
    ...node,
    names: ['docker.io/luksa/kubia'],
    tags: () => ({ ...plain('v1', 'v2', 'v3', 'v4'), latest: 'latest' }),
    size: 250_000_000,
    entrypoint: ['node', 'app.js'],
    versionedPrograms: (version) => ({
      '/usr/local/bin/node': (process) => app(kubia(version === 'v3', version === 'latest' ? '' : version))(process),
    }),
  },
  {
    ...node,
    names: ['docker.io/luksa/kubia-unhealthy'],
    tags: () => plain('latest'),
    size: 250_000_000,
    entrypoint: ['node', 'app.js'],
    programs: { '/usr/local/bin/node': (process) => app(kubia(true))(process) },
  },
  {
    ...node,
    names: ['docker.io/luksa/kubia-pet', 'docker.io/luksa/kubia-pet-peers'],
    tags: () => plain('latest'),
    size: 250_000_000,
    entrypoint: ['node', 'app.js'],
    files: () => ({ '/var/data/': '' }),
    programs: { '/usr/local/bin/node': app(kubiaPet) },
  },
  {
    ...alpine,
    names: ['docker.io/luksa/batch-job'],
    tags: () => plain('latest'),
    size: 1_100_000,
    entrypoint: ['/main.sh'],
    programs: {
      *'/main.sh'(process: Process): Co<number> {
        const say = (word: string) =>
          process.stdout.write(`${new Date(process.host.sim.now).toUTCString().replace(',', '')} ${word}\n`);
        say('Batch job starting');
        yield 120_000;
        say('Finished succesfully');
        return 0;
      },
    },
  },
  {
    ...alpine,
    names: ['docker.io/kodekloud/webapp-color', 'docker.io/mmumshad/simple-webapp-color'],
    tags: () => plain('latest', 'v1', 'v2', 'v3'),
    size: 32_000_000,
    exposedPorts: ['8080/tcp'],
    entrypoint: ['python', 'app.py'],
    workingDir: '/opt',
    programs: {
      '/usr/local/bin/python': app({
        ports: (process) => {
          const at = process.argv.indexOf('--color');
          const color = (at >= 0 && process.argv[at + 1]) || process.env.APP_COLOR || 'red';
          return [
            {
              port: 8080,
              http: {
                '/': (_request, { host }) =>
                  `<!doctype html>\n<title>Hello from Flask</title>\n<body style="background: ${color};"></body>\n<div style="color: #e4e4e4;">\n  <h1>Hello from ${host.hostname}!</h1>\n</div>\n`,
                '/color': { status: 200, body: color },
              },
            },
          ];
        },
        ready: ' * Running on http://0.0.0.0:{port}/ (Press CTRL+C to quit)\n',
        access: (request, response, process) =>
          `${request.socket.remote.ip} - - [${clock(process).common.slice(0, 20).replaceAll(':', ' ')}] "${request.method} ${request.target} HTTP/1.1" ${response.status} ${byteLength(response.body as string)}\n`,
      }),
    },
  },
  {
    ...node,
    names: ['docker.io/nigelpoulton/k8sbook', 'docker.io/nigelpoulton/getting-started-k8s'],
    tags: () => plain('1.0', '2.0', 'latest', 'edge'),
    size: 23_000_000,
    exposedPorts: ['8080/tcp'],
    workingDir: '/src',
    entrypoint: ['node', './app.js'],
    programs: {
      '/usr/local/bin/node': app({
        ports: [
          { port: 8080, http: every(html('K8s rocks!', '<h1>Kubernetes Rocks!</h1>\n<p>Check out my K8s Book!</p>')) },
        ],
        ready: 'Server running...\n',
      }),
    },
  },
];
