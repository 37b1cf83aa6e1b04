// Images that go with Istio: its test application, a store of traces, a rate limit service.

import { lazyProgram, part } from '../parts/index.ts';
import { BUSYBOX_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';

export const istioRepositories: Repository[] = [
  {
    names: ['docker.io/istio/app', 'gcr.io/istio-testing/app'],
    tags: { '1.28.2': '1.28.2', latest: '1.28.2' },
    size: 72_000_000,
    userland: 'busybox',
    commands: BUSYBOX_COMMANDS.concat('bash', 'curl'),
    entrypoint: ['/usr/local/bin/server'],
    programs: {
      '/usr/local/bin/server': lazyProgram(() => part('istio').echo),
      '/usr/local/bin/client': lazyProgram(() => part('istio').echoClient),
    },
    memory: 14_000_000,
  },
  {
    names: ['docker.io/jaegertracing/all-in-one'],
    tags: { '1.67.0': '1.67.0', latest: '1.67.0' },
    size: 31_200_000,
    userland: 'busybox',
    commands: BUSYBOX_COMMANDS,
    entrypoint: ['/go/bin/all-in-one-linux'],
    programs: { '/go/bin/all-in-one-linux': lazyProgram(() => part('istio').jaeger) },
    memory: 28_000_000,
  },
  {
    names: ['docker.io/envoyproxy/ratelimit'],
    tags: { master: '9d8d70a8', '9d8d70a8': '9d8d70a8' },
    size: 21_000_000,
    userland: 'busybox',
    commands: BUSYBOX_COMMANDS,
    programs: { '/bin/ratelimit': lazyProgram(() => part('istio').rateLimit) },
    cmd: ['/bin/ratelimit'],
    memory: 12_000_000,
  },
];
