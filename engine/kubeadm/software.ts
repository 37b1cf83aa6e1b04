// What is installed on a machine, as far as its package database knows.

import { numbersOf, releasesOf } from './releases.ts';

export interface Package {
  installed: string;
  /** An ordinary upgrade leaves it alone. */
  held: boolean;
}

/** Where Kubernetes' packages come from: one repository for each minor version. */
export const SOURCE_LIST = '/etc/apt/sources.list.d/kubernetes.list';
export const sourceLine = (version: string) =>
  `deb [signed-by=/etc/apt/keyrings/kubernetes.gpg] https://pkgs.k8s.io/core:/stable:/v1.${numbersOf(version).minor}/deb/ /\n`;

export const KUBERNETES_PACKAGES: readonly string[] = ['kubeadm', 'kubectl', 'kubelet'];
const debianVersion = (release: string) => `${release.slice(1)}-1.1`;

export class Software {
  readonly packages = new Map<string, Package>();
  /** Versions of each package that the last update has found, newest first. */
  readonly available = new Map<string, { version: string; source: string }[]>();
  /** A package has brought a unit file that systemd has not read. */
  unitChanged = false;

  constructor(version: string) {
    for (const name of KUBERNETES_PACKAGES) this.packages.set(name, { installed: debianVersion(version), held: true });
    this.packages.set('containerd.io', { installed: '2.1.5-1~debian.13~trixie', held: false });
    this.packages.set('openssl', { installed: '3.5.1-1', held: false });
    this.index(sourceLine(version));
  }

  /** Reads what the repositories offer now. */
  index(sourceList: string) {
    this.available.clear();
    this.available.set('containerd.io', [
      { version: '2.2.1-1~debian.13~trixie', source: 'https://download.docker.com/linux/debian trixie/stable amd64' },
    ]);
    this.available.set('openssl', [
      { version: '3.5.4-1~deb13u1', source: 'http://deb.debian.org/debian trixie/main amd64' },
    ]);
    for (const [, url, minor] of sourceList.matchAll(
      /^deb .*?(https:\/\/pkgs\.k8s\.io\/core:\/stable:\/v1\.(\d+)\/deb)\/? /gm,
    )) {
      const versions = releasesOf(Number(minor)).map((release) => ({ version: debianVersion(release), source: url }));
      for (const name of KUBERNETES_PACKAGES) {
        this.available.set(name, [...(this.available.get(name) ?? []), ...versions]);
      }
    }
  }

  /** The release of a Kubernetes package: v1.34.3. */
  release(name: string): string {
    return `v${(this.packages.get(name)?.installed ?? '').replace(/-.*/, '')}`;
  }
}
