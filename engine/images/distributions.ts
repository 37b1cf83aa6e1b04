// Base images of distributions beside Debian, Ubuntu and Alpine: a shell, the usual commands, their own os-release.

import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain, releases } from './versions.ts';

interface Distribution {
  names: readonly string[];
  tags: Repository['tags'];
  /** `NAME` and `ID` of its os-release; PRETTY_NAME is made of both name and version unless given. */
  os: string;
  id: string;
  pretty?: (version: string) => string;
  manager: readonly string[];
  size: number;
  cmd?: string;
}

const GNU = DEBIAN_COMMANDS.filter((name) => !['apt-get', 'apt', 'dpkg'].includes(name));

const table: Distribution[] = [
  {
    names: ['docker.io/library/centos', 'quay.io/centos/centos'],
    tags: () => ({
      ...plain('6', '7', '8', '7.9.2009', 'stream8', 'stream9', 'stream10'),
      centos7: '7',
      centos8: '8',
      latest: '8',
    }),
    os: 'CentOS Linux',
    id: 'centos',
    pretty: (version) => `CentOS ${version.startsWith('s') ? `Stream ${version.slice(6)}` : `Linux ${version}`}`,
    manager: ['yum', 'dnf'],
    size: 83_500_000,
  },
  {
    names: ['docker.io/library/fedora', 'quay.io/fedora/fedora', 'registry.fedoraproject.org/fedora'],
    tags: () => ({ ...plain('38', '39', '40', '41', '42', '43', '44'), rawhide: '44', latest: '43' }),
    os: 'Fedora Linux',
    id: 'fedora',
    pretty: (version) => `Fedora Linux ${version} (Container Image)`,
    manager: ['dnf', 'yum'],
    size: 63_000_000,
  },
  {
    names: ['docker.io/library/amazonlinux', 'public.ecr.aws/amazonlinux/amazonlinux'],
    tags: () => ({ ...plain('1', '2', '2023'), latest: '2023' }),
    os: 'Amazon Linux',
    id: 'amzn',
    manager: ['dnf', 'yum'],
    size: 54_000_000,
  },
  {
    names: ['docker.io/library/rockylinux', 'docker.io/rockylinux/rockylinux', 'quay.io/rockylinux/rockylinux'],
    tags: () => ({ ...plain('8', '9', '10', '8.9', '9.3', '9.6', '10.0'), '9-minimal': '9', latest: '9' }),
    os: 'Rocky Linux',
    id: 'rocky',
    manager: ['dnf', 'yum', 'microdnf'],
    size: 69_000_000,
  },
  {
    names: ['docker.io/library/almalinux', 'quay.io/almalinuxorg/almalinux'],
    tags: () => ({ ...plain('8', '9', '10', '9.6', '10.0'), minimal: '10', latest: '10' }),
    os: 'AlmaLinux',
    id: 'almalinux',
    manager: ['dnf', 'yum'],
    size: 68_000_000,
  },
  {
    names: ['docker.io/library/oraclelinux', 'container-registry.oracle.com/os/oraclelinux'],
    tags: () => ({ ...plain('7', '8', '9', '10'), '7-slim': '7', '8-slim': '8', '9-slim': '9' }),
    os: 'Oracle Linux Server',
    id: 'ol',
    manager: ['dnf', 'yum', 'microdnf'],
    size: 45_000_000,
  },
  {
    names: [
      'registry.access.redhat.com/ubi8/ubi',
      'registry.access.redhat.com/ubi8/ubi-minimal',
      'registry.access.redhat.com/ubi8',
    ],
    tags: () => ({ ...releases('8.10'), latest: '8.10' }),
    os: 'Red Hat Enterprise Linux',
    id: 'rhel',
    manager: ['dnf', 'yum', 'microdnf'],
    size: 80_000_000,
  },
  {
    names: [
      'registry.access.redhat.com/ubi9/ubi',
      'registry.access.redhat.com/ubi9/ubi-minimal',
      'registry.access.redhat.com/ubi9',
    ],
    tags: () => releases('9.4', '9.5', '9.6', '9.7'),
    os: 'Red Hat Enterprise Linux',
    id: 'rhel',
    manager: ['dnf', 'yum', 'microdnf'],
    size: 78_000_000,
  },
  {
    names: ['docker.io/opensuse/leap', 'registry.opensuse.org/opensuse/leap'],
    tags: () => releases('15.4', '15.5', '15.6', '16.0'),
    os: 'openSUSE Leap',
    id: 'opensuse-leap',
    manager: ['zypper'],
    size: 46_000_000,
  },
  {
    names: ['docker.io/opensuse/tumbleweed', 'registry.opensuse.org/opensuse/tumbleweed'],
    tags: () => plain('latest'),
    os: 'openSUSE Tumbleweed',
    id: 'opensuse-tumbleweed',
    pretty: () => 'openSUSE Tumbleweed',
    manager: ['zypper'],
    size: 38_000_000,
  },
  {
    names: ['docker.io/library/archlinux', 'docker.io/archlinux/archlinux', 'ghcr.io/archlinux/archlinux'],
    tags: () => plain('latest', 'base', 'base-devel'),
    os: 'Arch Linux',
    id: 'arch',
    pretty: () => 'Arch Linux',
    manager: ['pacman'],
    size: 153_000_000,
  },
];

function repository(one: Distribution): Repository {
  const { names, tags, os, id, pretty, manager, size, cmd = '/bin/bash' } = one;
  return {
    names,
    tags,
    size,
    cmd: [cmd],
    userland: 'gnu',
    commands: GNU.concat('curl', manager),
    files: (version) => ({
      '/etc/os-release': `NAME="${os}"\nVERSION="${version}"\nID="${id}"\nVERSION_ID="${version}"\nPRETTY_NAME="${pretty?.(version) ?? `${os} ${version}`}"\n`,
    }),
  };
}

export const distributionRepositories: Repository[] = table.map(repository);
