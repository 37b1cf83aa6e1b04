// Which commands come with which userland, and images that are nothing but tools.

import { classicNslookup } from '../linux/commands/dns.ts';
import type { Program } from '../linux/index.ts';
import type { Repository } from './types.ts';
import { plain, series } from './versions.ts';

const COMMON =
  'sh cat grep egrep fgrep sed awk sort uniq head tail wc cut tr tee seq date sleep base64 echo printf xargs env printenv ls mkdir rm rmdir cp mv touch ln chmod chown pwd basename dirname realpath readlink find stat du df true false yes id whoami hostname uname ps kill timeout nohup expr test [ diff md5sum sha1sum sha256sum sha512sum rev tac nl fold paste comm which od dd mktemp truncate nproc sync stty tty arch mknod mkfifo'.split(
    ' ',
  );

/** busybox as its image and alpine have it. */
export const BUSYBOX_COMMANDS = COMMON.concat(
  'ash arp wget nc nslookup ping sysctl pkill pgrep top free watch less more vi xxd hexdump clear ifconfig ip route netstat traceroute telnet httpd uptime dmesg mount umount chroot crond su tar gzip gunzip zcat unzip strings killall pidof usleep dos2unix unix2dos sha3sum addgroup adduser getopt logger'.split(
    ' ',
  ),
);

/** A Debian base image: bash and coreutils, no network tools, no ps. */
export const DEBIAN_COMMANDS = COMMON.filter((name) => name !== 'ps').concat(
  'bash b2sum chroot column csplit expand factor join numfmt pr shuf split tsort unexpand users who tar gzip gunzip zcat getent mount umount su perl dpkg apt-get apt clear tput'.split(
    ' ',
  ),
);

const NETWORK =
  'curl wget nc dig host nslookup ping traceroute ip ss bridge netstat ifconfig route arp telnet tcpdump iptables iptables-save iptables-restore nft ipset ipvsadm conntrack ethtool mtr tracepath nmap sysctl ps pgrep pkill top watch less jq openssl'.split(
    ' ',
  );

const UBUNTU_TAGS = {
  '14.04': '14.04',
  '16.04': '16.04',
  '18.04': '18.04',
  '20.04': '20.04',
  '22.04': '22.04',
  '24.04': '24.04',
  '25.10': '25.10',
  '24.10': '24.10',
  trusty: '14.04',
  xenial: '16.04',
  bionic: '18.04',
  focal: '20.04',
  jammy: '22.04',
  noble: '24.04',
  questing: '25.10',
  latest: '24.04',
  rolling: '25.10',
};
const DEBIAN_TAGS = {
  '9': 'stretch',
  '10': 'buster',
  '11': 'bullseye',
  '12': 'bookworm',
  '13': 'trixie',
  stretch: 'stretch',
  'stretch-slim': 'stretch-slim',
  buster: 'buster',
  bullseye: 'bullseye',
  bookworm: 'bookworm',
  trixie: 'trixie',
  'buster-slim': 'buster-slim',
  'bullseye-slim': 'bullseye-slim',
  'bookworm-slim': 'bookworm-slim',
  'trixie-slim': 'trixie-slim',
  'stable-slim': 'trixie-slim',
  stable: 'trixie',
  latest: 'trixie',
};
const ALPINE_TAGS = {
  ...series('3.12', 12),
  ...series('3.13', 12),
  ...series('3.14', 10),
  ...series('3.15', 11),
  ...series('3.16', 9),
  ...series('3.17', 10),
  ...series('3.18', 12),
  ...series('3.19', 9),
  ...series('3.20', 8),
  ...series('3.21', 5),
  ...series('3.22', 2),
  ...series('3.23', 2),
  ...plain('3.8', '3.9', '3.10', '3.11'),
  '3': '3.23.2',
  edge: '3.23.2',
  latest: '3.23.2',
};
const BUSYBOX_TAGS = {
  ...plain(
    '1.24',
    '1.25',
    '1.26',
    '1.27',
    '1.28',
    '1.29',
    '1.30',
    '1.31',
    '1.32',
    '1.33',
    '1.34',
    '1.35',
    '1.36',
    '1.37',
  ),
  '1.24.1': '1.24',
  '1.27.2': '1.27',
  '1.28.0': '1.28',
  '1.28.4': '1.28',
  '1.29.3': '1.29',
  '1.30.1': '1.30',
  '1.31.1': '1.31',
  '1.35.0': '1.35',
  '1.36.0': '1.36',
  '1.36.1': '1.36',
  '1.37.0': '1.37',
  '1': '1.37',
  stable: '1.37',
  glibc: '1.37-glibc',
  musl: '1.37-musl',
  uclibc: '1.37-uclibc',
  '1.36-glibc': '1.36-glibc',
  '1.36-musl': '1.36-musl',
  '1.36-uclibc': '1.36-uclibc',
  '1.36.1-musl': '1.36-musl',
  latest: '1.37',
};
const BASH_TAGS = {
  '4': '4.4.23',
  '4.4': '4.4.23',
  '5': '5.3.9',
  '5.0': '5.0.18',
  '5.1': '5.1.16',
  '5.2': '5.2.37',
  '5.3': '5.3.9',
  latest: '5.3.9',
};

/** Up to 1.28 nslookup asked the C library; most examples use that release for it. */
const busyboxPrograms = (version: string): Record<string, Program> =>
  Number(version.split('.')[1]?.split('-')[0]) < 29 ? { '/bin/nslookup': classicNslookup } : {};

/** /etc/os-release of a distribution that has a number. */
const osRelease = (name: string, id: string, number: string, pretty: string) => ({
  '/etc/os-release': `PRETTY_NAME="${pretty}"\nNAME="${name}"\nVERSION_ID="${number}"\nID=${id}\n`,
});
/** The last point releases of Ubuntu's long-term versions. */
const UBUNTU_POINTS: Record<string, string> = {
  '14.04': '14.04.6 LTS',
  '16.04': '16.04.7 LTS',
  '18.04': '18.04.6 LTS',
  '20.04': '20.04.6 LTS',
  '22.04': '22.04.5 LTS',
  '24.04': '24.04.3 LTS',
};
const DEBIAN_NUMBERS: Record<string, string> = {
  stretch: '9',
  buster: '10',
  bullseye: '11',
  bookworm: '12',
  trixie: '13',
};

export const toolRepositories: Repository[] = [
  {
    names: ['docker.io/library/busybox'],
    tags: BUSYBOX_TAGS,
    versionedPrograms: busyboxPrograms,
    size: 2_224_358,
    cmd: ['sh'],
    userland: 'busybox',
    commands: BUSYBOX_COMMANDS,
    memory: 700_000,
  },
  {
    names: [
      'registry.k8s.io/busybox',
      'k8s.gcr.io/busybox',
      'gcr.io/google_containers/busybox',
      'gcr.io/google-containers/busybox',
    ],
    versionedPrograms: busyboxPrograms,
    tags: { '1.24': '1.24', '1.27': '1.27', '1.27.2': '1.27', latest: '1.24' },
    size: 1_113_554,
    cmd: ['sh'],
    userland: 'busybox',
    commands: BUSYBOX_COMMANDS,
    memory: 700_000,
  },
  {
    names: ['docker.io/library/alpine'],
    tags: ALPINE_TAGS,
    size: 3_860_000,
    cmd: ['/bin/sh'],
    userland: 'busybox',
    commands: BUSYBOX_COMMANDS.concat('apk'),
    files: (version) =>
      osRelease('Alpine Linux', 'alpine', version, `Alpine Linux v${version.split('.').slice(0, 2).join('.')}`),
    memory: 700_000,
  },
  {
    names: ['docker.io/library/debian'],
    tags: DEBIAN_TAGS,
    size: (version) => (version.endsWith('-slim') ? 29_780_000 : 49_290_000),
    cmd: ['bash'],
    userland: 'gnu',
    commands: DEBIAN_COMMANDS,
    files: (version) => {
      const name = version.split('-')[0];
      const number = DEBIAN_NUMBERS[name] ?? '13';
      return osRelease('Debian GNU/Linux', 'debian', number, `Debian GNU/Linux ${number} (${name})`);
    },
  },
  {
    names: ['registry.k8s.io/build-image/debian-base'],
    tags: { 'bookworm-v1.0.2': 'bookworm-v1.0.2', 'bookworm-v1.0.6': 'bookworm-v1.0.6' },
    size: 20_400_000,
    cmd: ['/bin/sh'],
    userland: 'gnu',
    commands: DEBIAN_COMMANDS,
    os: 'Debian GNU/Linux 12 (bookworm)',
  },
  {
    names: ['docker.io/library/ubuntu'],
    tags: UBUNTU_TAGS,
    size: 29_720_000,
    cmd: ['/bin/bash'],
    userland: 'gnu',
    commands: DEBIAN_COMMANDS.concat('ps', 'top', 'watch', 'pgrep', 'pkill', 'free'),
    files: (version) => osRelease('Ubuntu', 'ubuntu', version, `Ubuntu ${UBUNTU_POINTS[version] ?? version}`),
  },
  {
    names: ['docker.io/library/bash'],
    tags: BASH_TAGS,
    size: 6_100_000,
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['bash'],
    userland: 'busybox',
    commands: BUSYBOX_COMMANDS.concat('bash'),
    entrypointRuns: '/usr/local/bin/docker-entrypoint.sh',
    flagsTo: 'bash',
  },
  {
    names: ['docker.io/curlimages/curl', 'quay.io/curl/curl'],
    tags: {
      '8.11.1': '8.11.1',
      '8.12.1': '8.12.1',
      '8.14.1': '8.14.1',
      '8.16.0': '8.16.0',
      '8.17.0': '8.17.0',
      latest: '8.17.0',
    },
    size: 10_060_000,
    entrypoint: ['/entrypoint.sh'],
    cmd: ['curl'],
    user: 'curl_user',
    userland: 'busybox',
    commands: BUSYBOX_COMMANDS.concat('curl'),
    entrypointRuns: '/entrypoint.sh',
    flagsTo: 'curl',
  },
  {
    names: ['docker.io/nicolaka/netshoot', 'ghcr.io/nicolaka/netshoot'],
    tags: { 'v0.13': 'v0.13', 'v0.14': 'v0.14', latest: 'v0.14' },
    size: 203_400_000,
    cmd: ['zsh'],
    userland: 'gnu',
    commands: DEBIAN_COMMANDS.concat(NETWORK, 'zsh'),
    os: 'Alpine Linux v3.22',
  },
  {
    names: [
      'registry.k8s.io/e2e-test-images/jessie-dnsutils',
      'k8s.gcr.io/e2e-test-images/jessie-dnsutils',
      'gcr.io/kubernetes-e2e-test-images/dnsutils',
    ],
    tags: () => plain('1.0', '1.1', '1.2', '1.3', '1.4', '1.5', '1.7'),
    size: 112_030_000,
    cmd: ['sh'],
    userland: 'gnu',
    commands: DEBIAN_COMMANDS.concat('dig', 'host', 'nslookup', 'ping', 'nc', 'curl', 'wget', 'ps'),
    os: 'Debian GNU/Linux 8 (jessie)',
  },
  {
    names: [
      'docker.io/bitnami/kubectl',
      'docker.io/bitnamilegacy/kubectl',
      'registry.k8s.io/kubectl',
      'docker.io/rancher/kubectl',
      'docker.io/alpine/k8s',
    ],
    tags: {
      'v1.35.0': '1.35.0',
      '1.35.0': '1.35.0',
      '1.35': '1.35.0',
      '1.34': '1.34.3',
      'v1.34.3': '1.34.3',
      latest: '1.35.0',
    },
    size: 59_700_000,
    entrypoint: ['kubectl'],
    cmd: ['--help'],
    user: '1001',
    userland: 'gnu',
    commands: DEBIAN_COMMANDS.concat('kubectl', 'curl', 'jq'),
    os: 'Debian GNU/Linux 12 (bookworm)',
  },
];
