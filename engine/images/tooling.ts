// Images of tools: git, network tools, load makers, and those that are known and refused.

import { classicNslookup } from '../linux/commands/dns.ts';
import { commands } from '../linux/commands/names.ts';
import { allocate, load, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app } from './app.ts';
import { flagValue, refuse, untilSignal } from './service.ts';
import { memorySize, stress } from './small.ts';
import { BUSYBOX_COMMANDS, DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain, releases } from './versions.ts';

const alpine = {
  userland: 'busybox',
  commands: BUSYBOX_COMMANDS,
  os: 'Alpine Linux v3.23',
} as const satisfies Partial<Repository>;
const NETWORK = 'curl wget nc dig host nslookup ping traceroute ip ss netstat ifconfig route iptables ps pgrep pkill top watch less openssl bash jq'.split(' '); // prettier-ignore

// ---- load -------------------------------------------------------------------------------------------------------

/** `60s`, `2m`, `90`. */
const seconds = (text: string) => parseFloat(text) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[text.slice(-1)] ?? 1);

/** stress-ng with processors and memory. */
const stressNg: Program = function* (process): Co<number> {
  const value = (...names: string[]) => flagValue(process.argv, ...names);
  const say = (line: string) => process.stdout.write(`stress-ng: info:  [${process.pid}] ${line}\n`);
  const cpu = Number(value('--cpu', '-c') ?? 0);
  const vm = Number(value('--vm', '-m') ?? 0);
  const other = process.argv.find((word) => /^--(io|hdd|fork|matrix|sock|iomix|all|sequential|class)$/.test(word));
  const bytes = memorySize(value('--vm-bytes') ?? '256m');
  if (other || bytes === undefined) {
    process.stderr.write(
      `stress-ng: ${other ?? `--vm-bytes ${value('--vm-bytes')}`} is not modelled by this engine, --cpu and --vm with sizes in bytes are\n`,
    );
    return 1;
  }
  if (cpu + vm === 0) {
    process.stderr.write('stress-ng: error: [1] No stress workers invoked\n');
    return 1;
  }
  const given = value('--timeout', '-t');
  const time = given === undefined ? 86_400 : seconds(given);
  say(given === undefined ? 'defaulting to a 1 day run per stressor' : `setting to a ${time} sec run per stressor`);
  say(`dispatching hogs: ${[cpu && `${cpu} cpu`, vm && `${vm} vm`].filter(Boolean).join(', ')}`);
  const busy = cpu * 10 * Number(value('--cpu-load', '-l') ?? 100) + vm * 1000;
  // The memory is divided among the workers of its kind.
  allocate(process, vm && bytes);
  load(process, busy);
  yield time * 1000;
  allocate(process, -(vm && bytes));
  load(process, -busy);
  say(`successful run completed in ${time.toFixed(2)} secs`);
  return 0;
};

const { curl } = commands;

// ---- git --------------------------------------------------------------------------------------------------------

const git: Program = function* (process): Co<number> {
  yield 5;
  if (process.argv.includes('--version')) {
    process.stdout.write('git version 2.52.0\n');
    return 0;
  }
  if (process.argv[1] === 'clone') {
    const url = process.argv.slice(2).find((word) => /:\/\//.test(word)) ?? '';
    const host = /:\/\/(?:[^@/]*@)?([^/:]+)/.exec(url)?.[1] ?? '';
    const path = process.argv[process.argv.length - 1];
    process.stderr.write(
      `Cloning into '${
        path === url
          ? url
              .split('/')
              .pop()
              ?.replace(/\.git$/, '')
          : path
      }'...\n`,
    );
    yield 200;
    process.stderr.write(`fatal: unable to access '${url}': Could not resolve host: ${host}\n`);
    return 128;
  }
  return yield* refuse('repositories are not modelled by this engine')(process);
};

/** The web server of network-multitool, which keeps the container running. */
const multitool = app({
  ports: ({ env }) => [
    {
      port: Number(env.HTTP_PORT ?? 80),
      http: {
        '/*': (_request, { host }) => ({
          status: 200,
          body: `WBITT Network MultiTool (with NGINX) - ${host.hostname} - ${host.net.addresses.join(' ')}\n`,
        }),
      },
    },
  ],
  start: 'The directory /usr/share/nginx/html is not mounted.\n',
});

/** Sleeps until it is ended: tools that are used by exec. */
const idle: Program = function* (process): Co<number> {
  yield* untilSignal(process);
  return 0;
};

// ---- known and refused ------------------------------------------------------------------------------------------

const REFUSED: [what: string, names: string[], tags?: string[]][] = [
  ['Terraform', ['docker.io/hashicorp/terraform'], ['1.5', '1.9', '1.14']],
  [
    'the Sock Shop',
    [
      'front-end',
      'catalogue',
      'carts',
      'orders',
      'user',
      'payment',
      'shipping',
      'queue-master',
      'catalogue-db',
      'user-db',
      'load-test',
    ].map((name) => `docker.io/weaveworksdemos/${name}`),
    ['0.3.12', '0.3.5', '0.4.8', '0.4.7', '0.4.3', '0.3.1', '0.3.0', '0.4.0'],
  ],
  ['an aggregated API server in a Pod', ['registry.k8s.io/e2e-test-images/sample-apiserver'], ['1.17.7', '1.29.2']],
  [
    'Docker in a container',
    ['docker.io/library/docker'],
    ['20.10', '24.0', '27.5', '29.1', 'dind', '24-dind', '27-dind'],
  ],
  [
    'building images',
    ['gcr.io/kaniko-project/executor', 'docker.io/moby/buildkit', 'quay.io/buildah/stable'],
    ['v1.9.0', 'v1.23.0', 'debug', 'v0.26.0'],
  ],
  ['the AWS command line', ['docker.io/amazon/aws-cli'], ['2.13', '2.32']],
  [
    'Google Cloud’s command line',
    ['gcr.io/google.com/cloudsdktool/cloud-sdk', 'docker.io/google/cloud-sdk'],
    ['slim', 'alpine', '460.0'],
  ],
  ['TensorFlow', ['docker.io/tensorflow/tensorflow', 'docker.io/tensorflow/serving'], ['2.15', '2.20']],
  [
    'the Online Boutique',
    'frontend cartservice productcatalogservice currencyservice paymentservice shippingservice emailservice checkoutservice recommendationservice adservice loadgenerator'
      .split(' ')
      .flatMap((name) =>
        [
          'gcr.io/google-samples/microservices-demo',
          'us-central1-docker.pkg.dev/google-samples/microservices-demo',
        ].map((at) => `${at}/${name}`),
      ),
    ['v0.3.9', 'v0.8.1', 'v0.10.3'],
  ],
  [
    'the voting application',
    ['vote', 'result', 'worker']
      .flatMap((name) => [
        `docker.io/dockersamples/examplevotingapp_${name}`,
        `docker.io/kodekloud/examplevotingapp_${name}`,
      ])
      .concat('mcr.microsoft.com/azuredocs/azure-vote-front'),
    ['v1', 'v2', 'before', 'after'],
  ],
  [
    'cert-manager',
    ['controller', 'webhook', 'cainjector', 'acmesolver'].map((name) => `quay.io/jetstack/cert-manager-${name}`),
    ['v1.8.2', 'v1.19.2'],
  ],
  ['Dapr', ['docker.io/daprio/daprd', 'docker.io/daprio/dapr'], ['1.9.6', '1.16.5']],
  [
    'the Open Policy Agent',
    ['docker.io/openpolicyagent/opa', 'docker.io/openpolicyagent/gatekeeper'],
    ['0.70.0', '1.11.1', 'v3.21.0'],
  ],
  [
    'the OpenTelemetry Collector',
    [
      'docker.io/otel/opentelemetry-collector',
      'docker.io/otel/opentelemetry-collector-contrib',
      'ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector',
    ],
    ['0.90.1', '0.141.0'],
  ],
  [
    'resizing of add-ons',
    ['registry.k8s.io/autoscaling/addon-resizer', 'registry.k8s.io/addon-resizer', 'registry.k8s.io/prometheus-to-sd'],
    ['1.8.23', 'v0.11.12', '2.3'],
  ],
  ['PyTorch', ['docker.io/pytorch/pytorch', 'docker.io/nvidia/cuda', 'nvcr.io/nvidia/cuda'], ['2.5.1', '12.6.0']],
];

const refused = (what: string, names: string[], tags: string[] = []): Repository => ({
  ...alpine,
  names,
  tags: () => ({ ...plain(...tags), latest: 'latest' }),
  size: 90_000_000,
  entrypoint: ['/entrypoint'],
  programs: { '/entrypoint': refuse(`${what} is not modelled by this engine`) },
});

export const toolingRepositories: Repository[] = [
  {
    ...alpine,
    names: ['docker.io/alpine/git', 'docker.io/bitnami/git', 'registry.k8s.io/git-sync/git-sync'],
    tags: () => ({
      ...releases('2.43.0', '2.45.2', '2.47.2', '2.49.1', '2.52.0'),
      ...plain('v2.49.1', 'v2.52.0', 'v4.4.2', 'v4.5.1'),
    }),
    size: 28_000_000,
    workingDir: '/git',
    entrypoint: ['git'],
    cmd: ['--help'],
    programs: { '/usr/bin/git': git },
  },
  {
    ...alpine,
    names: ['docker.io/alpine/curl', 'docker.io/tutum/curl', 'docker.io/yauritux/busybox-curl'],
    tags: () => ({ ...releases('7.88.1', '8.14.1', '8.17.0'), curl: '8.17.0' }),
    size: 6_500_000,
    commands: BUSYBOX_COMMANDS.concat('curl'),
    cmd: ['/bin/sh'],
  },
  {
    ...alpine,
    names: ['docker.io/radial/busyboxplus'],
    tags: () => plain('curl'),
    size: 2_100_000,
    commands: BUSYBOX_COMMANDS.concat('curl'),
    cmd: ['/bin/sh'],
    // Its busybox is of 1.22.
    programs: { '/bin/nslookup': classicNslookup },
  },
  {
    ...alpine,
    names: ['docker.io/appropriate/curl', 'docker.io/byrnedo/alpine-curl'],
    tags: () => plain('latest'),
    size: 2_900_000,
    commands: BUSYBOX_COMMANDS.concat('curl'),
    entrypoint: ['/usr/bin/curl'],
    cmd: ['--help'],
    programs: { '/usr/bin/curl': curl },
  },
  {
    ...alpine,
    names: ['docker.io/praqma/network-multitool', 'docker.io/wbitt/network-multitool'],
    tags: () => plain('latest', 'minimal', 'extra', 'openshift', 'alpine-minimal', 'alpine-extra', 'c3d4e04'),
    size: 25_000_000,
    commands: BUSYBOX_COMMANDS.concat(NETWORK),
    entrypoint: ['/bin/sh', '/docker/entrypoint.sh'],
    cmd: ['/usr/sbin/nginx', '-g', 'daemon off;'],
    exposedPorts: ['80/tcp', '443/tcp', '1180/tcp', '11443/tcp'],
    files: () => ({ '/docker/entrypoint.sh': '#!/bin/sh\nexec "$@"\n', '/usr/share/nginx/html/': '' }),
    programs: { '/usr/sbin/nginx': multitool },
  },
  {
    ...alpine,
    names: [
      'docker.io/jonlabelle/network-tools',
      'docker.io/amouat/network-utils',
      'docker.io/arunvelsriram/utils',
      'docker.io/tutum/dnsutils',
      'docker.io/leodotcloud/swiss-army-knife',
    ],
    tags: () => plain('latest'),
    size: 60_000_000,
    commands: BUSYBOX_COMMANDS.concat(NETWORK),
    cmd: ['/bin/bash'],
  },
  {
    ...alpine,
    names: ['docker.io/giantswarm/tiny-tools', 'docker.io/weibeld/ubuntu-networking'],
    tags: () => plain('latest', '3.12'),
    size: 40_000_000,
    commands: BUSYBOX_COMMANDS.concat(NETWORK),
    cmd: ['/idle'],
    programs: { '/idle': idle },
  },
  {
    ...alpine,
    names: ['docker.io/progrium/stress'],
    tags: () => plain('latest'),
    size: 100_000_000,
    userland: 'gnu',
    commands: DEBIAN_COMMANDS,
    entrypoint: ['/usr/bin/stress', '--verbose'],
    programs: { '/usr/bin/stress': stress },
  },
  {
    ...alpine,
    names: [
      'docker.io/alexeiled/stress-ng',
      'docker.io/polinux/stress-ng',
      'docker.io/colinianking/stress-ng',
      'ghcr.io/colinianking/stress-ng',
    ],
    tags: () => ({ ...releases('0.11.01', '0.12.05', '0.20.01'), latest: '0.20.01' }),
    size: 3_100_000,
    entrypoint: ['/stress-ng'],
    cmd: ['--help'],
    programs: { '/stress-ng': stressNg, '/usr/bin/stress-ng': stressNg, '/usr/bin/stress': stress },
  },
  {
    ...alpine,
    names: ['docker.io/library/buildpack-deps'],
    tags: () => plain('latest', 'curl', 'scm', 'bookworm', 'jammy', 'stable'),
    size: 240_000_000,
    userland: 'gnu',
    os: 'Debian GNU/Linux 13 (trixie)',
    commands: DEBIAN_COMMANDS.concat('curl', 'wget', 'ps'),
    cmd: ['bash'],
  },
  ...REFUSED.map(([what, names, tags]) => refused(what, names, tags)),
];
