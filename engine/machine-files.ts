// What lies on the disks of machines when the reader's first command starts, beside what the cluster's parts bring.

import { publicAuthority } from './datacenter.ts';
import { unitFiles, unitFilesWith } from './kubeadm/node-programs.ts';
import { DOCKER_LIST, dockerLine, KEY_FILE, REPOSITORY_KEY, SOURCE_LIST, sourceLine } from './kubeadm/repositories.ts';
import { CONFIG_FILE, installedConfig, RUNTIMES, type RuntimeName } from './kubelet/index.ts';
import { devices, type DirNode, FileSystem, tree, type TreeEntry } from './linux/index.ts';
import type { Sim } from './sim/index.ts';

const DIRECTORIES = ['/root', '/sbin', '/tmp', '/usr/local/bin', '/usr/local/sbin', '/usr/sbin', '/var/log'];
export const BLANK_DIRECTORIES = [...DIRECTORIES, '/run', '/etc/apt/keyrings', '/etc/apt/sources.list.d'];
export const NODE_DIRECTORIES = [...DIRECTORIES, '/run', '/etc/kubernetes/manifests'];

/** `system`: the programs and what else machines have in common. */
export function diskOf(
  sim: Sim,
  system: DirNode,
  files: Record<string, TreeEntry>,
  directories: readonly string[] = DIRECTORIES,
): FileSystem {
  const fs = new FileSystem({ root: tree(files, sim.now, system), now: () => sim.now });
  for (const path of directories) fs.mkdir(path, { recursive: true });
  fs.chmod('/tmp', 0o1777);
  return fs;
}

const hostLines = (machines: Readonly<Record<string, readonly string[]>>): string =>
  Object.keys(machines)
    .flatMap((name) => machines[name].map((ip) => `${ip}\t${name}\n`))
    .join('');

const ROOT = 'root:x:0:0:root:/root:/bin/bash\n';

/** Of a machine as Debian installs it; `users`: beside root; `machines`: others that it knows by name. */
export const blankFiles = (
  hostname: string,
  nameServer: string,
  users = '',
  machines: Readonly<Record<string, readonly string[]>> = {},
): Record<string, TreeEntry> => ({
  ...devices(),
  '/etc/group': 'root:x:0:\nuser:x:1000:\n',
  '/etc/passwd': ROOT + users,
  '/etc/resolv.conf': `nameserver ${nameServer}\n`,
  '/etc/hostname': `${hostname}\n`,
  '/etc/ssl/certs/ca-certificates.crt': publicAuthority,
  '/etc/hosts': `127.0.0.1\tlocalhost\n127.0.1.1\t${hostname}\n${hostLines(machines)}`,
  '/etc/os-release':
    'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n',
});

/** Of a machine with Kubernetes' packages. `version`: the one whose repository it has. */
export const nodeFiles = (
  hostname: string,
  { runtime, version }: { runtime: RuntimeName; version: string },
  clusterDNS: string,
  nameServer: string,
): Record<string, TreeEntry> => ({
  ...blankFiles(hostname, nameServer),
  ...(runtime === 'containerd' ? unitFiles : unitFilesWith(RUNTIMES[runtime].unit)),
  [CONFIG_FILE]: installedConfig(clusterDNS),
  '/var/lib/kubelet/kubeadm-flags.env': 'KUBELET_KUBEADM_ARGS=""\n',
  [SOURCE_LIST]: sourceLine(version),
  [DOCKER_LIST]: dockerLine,
  [KEY_FILE]: REPOSITORY_KEY,
});
