// The images of ZooKeeper: the documentation's and the official one.

import { DirNode, LinkNode, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { script } from './registry.ts';
import { become } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain, releases } from './versions.ts';
import { LOGGING, official, ready, startZookeeper } from './zookeeper.ts';
import { zkCli } from './zookeeper-cli.ts';

const owner = { uid: 1000, gid: 1000 };

/** A program that its user may replace or take away, and its name on the PATH. */
function own(name: string, program: Program) {
  const file = script(program, '#!/usr/bin/env bash\n');
  return { [`/opt/zookeeper/bin/${name}`]: Object.assign(file, owner), [`/usr/bin/${name}`]: link(name) };
}

const link = (name: string) => new LinkNode(`/opt/zookeeper/bin/${name}`, owner);

export const zookeeperRepositories: Repository[] = [
  {
    userland: 'gnu',
    commands: DEBIAN_COMMANDS.concat('ps', 'pkill', 'pgrep', 'nc'),
    os: 'Ubuntu 16.04.3 LTS',
    names: [
      'registry.k8s.io/kubernetes-zookeeper',
      'gcr.io/google_samples/k8szk',
      'gcr.io/google_containers/kubernetes-zookeeper',
    ],
    tags: () => plain('1.0-3.4.10', 'v3'),
    size: 156_000_000,
    exposedPorts: ['2181/tcp', '2888/tcp', '3888/tcp'],
    cmd: ['/bin/bash'],
    memory: 120_000_000,
    users: { zookeeper: { uid: 1000, groups: {} } },
    files: () => ({
      '/opt/zookeeper': new DirNode({ ...owner, mode: 0o755 }),
      '/opt/zookeeper/bin': new DirNode({ ...owner, mode: 0o755 }),
      '/opt/zookeeper/conf': new DirNode({ ...owner, mode: 0o755 }),
      '/usr/etc/zookeeper/log4j.properties': LOGGING,
      '/var/lib/zookeeper': new DirNode({ ...owner, mode: 0o755 }),
      ...own('start-zookeeper', startZookeeper),
      ...own('zookeeper-ready', ready),
      ...own('zkCli.sh', zkCli(true)),
    }),
  },
  {
    userland: 'gnu',
    commands: DEBIAN_COMMANDS.concat('nc', 'wget'),
    os: 'Ubuntu 22.04.5 LTS',
    names: ['docker.io/library/zookeeper'],
    tags: () => releases('3.4.14', '3.5.9', '3.6.4', '3.7.2', '3.8.5', '3.9.4'),
    size: 165_000_000,
    entrypoint: ['/docker-entrypoint.sh'],
    cmd: ['zkServer.sh', 'start-foreground'],
    exposedPorts: ['2181/tcp', '2888/tcp', '3888/tcp', '8080/tcp'],
    env: (version) => ({
      ZOO_CONF_DIR: '/conf',
      ZOO_DATA_DIR: '/data',
      PATH: `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/apache-zookeeper-${version}-bin/bin`,
    }),
    memory: 95_000_000,
    files: () => ({ '/data/': '', '/conf/': '' }),
    versionedPrograms: (version) => ({
      *'/docker-entrypoint.sh'(process: Process): Co<number> {
        return yield* become(process, process.argv.slice(1));
      },
      [`/apache-zookeeper-${version}-bin/bin/zkServer.sh`]: official(version),
      [`/apache-zookeeper-${version}-bin/bin/zkCli.sh`]: zkCli(version.startsWith('3.4')),
    }),
  },
];
