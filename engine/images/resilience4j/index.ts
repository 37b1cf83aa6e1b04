// A demonstration of Resilience4j: the image. What runs in it loads when a container starts.

import { lazyProgram, part } from '../../parts/index.ts';
import type { Repository } from '../types.ts';
import { DEBIAN_COMMANDS } from '../tools.ts';

export const resilienceRepositories: Repository[] = [
  {
    // No registry but this engine's has it: an application of this book's own.
    names: ['docker.io/kubebook/resilience4j-demo'],
    tags: { '2.3.0': '2.3.0', '2.3': '2.3.0', latest: '2.3.0' },
    size: 184_000_000,
    userland: 'gnu',
    commands: DEBIAN_COMMANDS.concat('curl'),
    os: 'Ubuntu 24.04.3 LTS',
    workingDir: '/app',
    exposedPorts: ['8080/tcp'],
    entrypoint: ['/opt/java/openjdk/bin/java', '-jar', '/app/demo.jar'],
    programs: { '/opt/java/openjdk/bin/java': lazyProgram(() => part('resilience4j').application) },
    memory: 210_000_000,
    cpu: 4,
  },
];
