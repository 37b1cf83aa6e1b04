// What is installed on a machine, as far as its package database knows.

import { releasesOf } from '../kubeadm/releases.ts';
import { DEBIAN, dockerLine, sourceLine } from '../kubeadm/repositories.ts';

export interface Package {
  installed: string;
  /** An ordinary upgrade leaves it alone. */
  held: boolean;
}

/** A version that a repository offers. */
export interface Offer {
  version: string;
  source: string;
}

const KUBERNETES_PACKAGES: readonly string[] = ['kubeadm', 'kubectl', 'kubelet'];
const debianVersion = (release: string) => `${release.slice(1)}-1.1`;
const DOCKER = 'https://download.docker.com/linux/debian trixie/stable amd64';
const CNI = '1.8.0-1.1';

export class Software {
  readonly packages = new Map<string, Package>();
  /** Versions of each package that the last update has found, newest first. */
  readonly available = new Map<string, Offer[]>();
  /** A package has brought a unit file that systemd has not read. */
  unitChanged = false;
  /** The lines of the sources that it was made from. */
  sources: ReadonlySet<string> = new Set();
  /** Units that start with the machine. */
  readonly enabled = new Set<string>();

  /** `version`: of Kubernetes, `runtime`: the unit; without a version the machine is as Debian installs it. */
  constructor(version?: string, runtime = 'containerd') {
    this.enabled.add('ssh.service');
    this.packages.set('openssl', { installed: '3.5.1-1', held: false });
    if (version) {
      for (const name of KUBERNETES_PACKAGES)
        this.packages.set(name, { installed: debianVersion(version), held: true });
      this.packages.set('containerd.io', { installed: '2.1.5-1~debian.13~trixie', held: false });
      this.packages.set('kubernetes-cni', { installed: CNI, held: false });
      for (const unit of ['containerd', runtime, 'kubelet']) this.enabled.add(`${unit}.service`);
      this.index([DEBIAN, dockerLine.trim(), sourceLine(version).trim()]);
    }
  }

  /** Reads what the repositories of these lines of the sources offer now. */
  index(lines: readonly string[]) {
    this.available.clear();
    this.sources = new Set(lines);
    for (const line of lines) {
      if (line === DEBIAN) {
        this.offer('openssl', '3.5.4-1~deb13u1', 'http://deb.debian.org/debian trixie/main amd64');
        this.offer('containerd', '1.7.24~ds1-6+b4', 'http://deb.debian.org/debian trixie/main amd64');
        this.offer('runc', '1.1.15+ds1-2+b4', 'http://deb.debian.org/debian trixie/main amd64');
      } else if (line.includes(' https://download.docker.com/linux/debian'))
        this.offer('containerd.io', '2.2.1-1~debian.13~trixie', DOCKER);
      const [, url, minor] = /(https:\/\/pkgs\.k8s\.io\/core:\/stable:\/v1\.(\d+)\/deb)\/? /.exec(line) ?? [];
      const releases = releasesOf(Number(minor));
      for (const release of releases)
        for (const name of KUBERNETES_PACKAGES) this.offer(name, debianVersion(release), url);
      if (releases.length === 0) continue;
      this.offer('cri-tools', `1.${minor}.0-1.1`, url);
      this.offer('kubernetes-cni', CNI, url);
    }
  }

  private offer(name: string, version: string, source: string) {
    const offers = this.available.get(name);
    if (offers) offers.push({ version, source });
    else this.available.set(name, [{ version, source }]);
  }

  /** The release of a Kubernetes package: v1.34.3. */
  release(name: string): string {
    return `v${(this.packages.get(name)?.installed ?? '').replace(/-.*/, '')}`;
  }

  /** As the node reports it: `containerd://2.1.5`. */
  get runtimeVersion(): string {
    const { installed = '' } = this.packages.get('containerd.io') ?? this.packages.get('containerd') ?? {};
    return `containerd://${installed.replace(/[-~+].*/, '')}`;
  }
}
