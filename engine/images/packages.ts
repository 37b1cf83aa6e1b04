// Package managers of distributions (apt-get, apk, dnf…): they know the packages whose commands this engine has, and
// put those into the container. Any other package is refused.

import { commands } from '../linux/commands/names.ts';
import { programFile, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { Repository } from './types.ts';

/** Commands by the packages that bring them, under the names of the distributions. */
const PACKAGES: [packages: string, commands: string][] = [
  ['curl', 'curl'],
  ['wget', 'wget'],
  ['dnsutils bind9-dnsutils bind-tools bind-utils bind knot-utils', 'dig nslookup host'],
  ['iputils-ping iputils inetutils-ping', 'ping'],
  ['iproute2 iproute', 'ip ss bridge'],
  ['net-tools', 'netstat ifconfig route arp'],
  ['tcpdump', 'tcpdump'],
  ['ethtool', 'ethtool'],
  ['lsof', 'lsof'],
  ['mtr mtr-tiny', 'mtr'],
  ['iputils-tracepath', 'tracepath'],
  ['nmap', 'nmap'],
  ['telnet inetutils-telnet busybox-extras', 'telnet'],
  ['conntrack conntrack-tools', 'conntrack'],
  ['ipset', 'ipset'],
  ['ipvsadm', 'ipvsadm'],
  ['netcat netcat-openbsd netcat-traditional ncat nmap-ncat', 'nc'],
  ['procps procps-ng', 'ps top free watch pgrep pkill uptime sysctl'],
  ['vim vim-tiny vim-minimal vim-enhanced', 'vim vi'],
  ['nano', 'nano'],
  ['less', 'less'],
  ['traceroute', 'traceroute'],
  ['iptables', 'iptables iptables-save iptables-restore'],
  ['nftables', 'nft'],
  ['openssl', 'openssl'],
  ['golang-cfssl cfssl', 'cfssl cfssljson'],
  ['sudo', 'sudo'],
  ['file', 'file'],
  ['coreutils util-linux findutils diffutils grep gawk sed ca-certificates gnupg apt-transport-https tzdata', ''],
];

interface Manager {
  /** Words that make it install. */
  install: readonly string[];
  update: readonly string[];
  /** Whether the lists of packages have to be fetched first. */
  lists?: string;
  /** What it says of a package that it cannot have, and its status. */
  unknown: (name: string) => string;
  status: number;
  start: string;
  done: (names: readonly string[]) => string;
  denied: string;
}

const rpm = (): Manager => ({
  install: ['install', 'reinstall', '-S', '-Sy', '-Syu', 'in'],
  update: ['makecache', 'check-update', 'update', 'upgrade', 'refresh', 'clean'],
  unknown: (name) => `No match for argument: ${name}\nError: Unable to find a match: ${name}\n`,
  status: 1,
  start: 'Dependencies resolved.\n',
  done: (names) => `Installed:\n${names.map((name) => `  ${name}\n`).join('')}\nComplete!\n`,
  denied: 'Error: This command has to be run with superuser privileges (under the root user on most systems).\n',
});

const apt: Manager = {
  install: ['install'],
  update: ['update'],
  lists: '/var/lib/apt/lists/partial',
  unknown: (name) => `E: Unable to locate package ${name}\n`,
  status: 100,
  start: 'Reading package lists...\nBuilding dependency tree...\nReading state information...\n',
  done: (names) =>
    `The following NEW packages will be installed:\n  ${names.join(' ')}\n0 upgraded, ${names.length} newly installed, 0 to remove and 0 not upgraded.\n${names.map((name) => `Setting up ${name} ...\n`).join('')}`,
  denied:
    'E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n',
};

const apk: Manager = {
  install: ['add'],
  update: ['update'],
  unknown: (name) =>
    `ERROR: unable to select packages:\n  ${name} (no such package):\n    required by: world[${name}]\n`,
  status: 1,
  start: 'fetch https://dl-cdn.alpinelinux.org/alpine/v3.23/main/x86_64/APKINDEX.tar.gz\n',
  done: (names) =>
    names.map((name, i) => `(${i + 1}/${names.length}) Installing ${name}\n`).join('') +
    'Executing busybox-1.37.0-r30.trigger\nOK: 12 MiB\n',
  denied: 'ERROR: Unable to lock database: Permission denied\nERROR: Failed to open apk database: Permission denied\n',
};

const MANAGERS: Record<string, Manager> = {
  'apt-get': apt,
  apt,
  apk,
  yum: rpm(),
  dnf: rpm(),
  microdnf: rpm(),
  tdnf: rpm(),
  zypper: rpm(),
  pacman: rpm(),
};

/** A package's download and unpacking, in ms. */
const PER_PACKAGE = 900;
const LISTS = 2_500;

const manager = (kind: Manager): Program =>
  function* (process): Co<number> {
    const { fs } = process.host;
    const words = process.argv.slice(1);
    const name = process.argv[0].split('/').pop() as string;
    const say = (text: string, status: number) => {
      process[status ? 'stderr' : 'stdout'].write(text);
      return status;
    };
    const at = words.findIndex((word) => kind.install.includes(word));
    const updating = words.some((word) => kind.update.includes(word));
    yield 20;
    if (at < 0 && !updating) {
      return say(`${name}: only updating the lists and installing packages are modelled by this engine\n`, kind.status);
    }
    if (process.uid !== 0) return say(kind.denied, kind.status);
    if (at < 0) {
      yield LISTS;
      if (kind.lists) fs.mkdir(kind.lists, { recursive: true });
      return say(
        kind.lists ? 'Fetched 9,612 kB in 2s (4,806 kB/s)\nReading package lists...\n' : `${kind.start}OK\n`,
        0,
      );
    }
    process.stdout.write(kind.start);
    const asked = words.slice(at + 1).filter((word) => !word.startsWith('-'));
    for (const one of asked) {
      if (kind.lists && !fs.exists(kind.lists)) return say(kind.unknown(one), kind.status);
      if (!commandsOf(one)) {
        return say(
          `${kind.unknown(one)}${name}: this engine has packages for its own commands only (${PACKAGES.map(([names]) => names.split(' ')[0]).join(', ')})\n`,
          kind.status,
        );
      }
    }
    for (const one of asked) {
      yield PER_PACKAGE;
      install(process, commandsOf(one) ?? []);
    }
    return say(kind.done(asked), 0);
  };

function commandsOf(name: string): string[] | undefined {
  const found = PACKAGES.find(([names]) => names.split(' ').includes(name));
  return found?.[1].split(' ').filter(Boolean);
}

function install({ host }: Process, names: readonly string[]) {
  for (const name of names) {
    const path = `/usr/bin/${name}`;
    const program = commands[name];
    if (program && !host.fs.exists(path)) host.fs.put(path, programFile(program));
  }
}

/** The package managers that an image lists among its commands, by path. */
export function managersOf({ commands: names = [], userland }: Repository): Record<string, Program> {
  const dir = userland === 'gnu' ? '/usr/bin' : '/bin';
  const managers = names.filter((name) => Object.hasOwn(MANAGERS, name));
  return Object.fromEntries(managers.map((name) => [`${dir}/${name}`, manager(MANAGERS[name])]));
}
