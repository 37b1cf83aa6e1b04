// A cluster without kubeadm ("the hard way"): the release's programs lie on the machines, and systemd runs each as a service.
// Replacing one by hand is how such a cluster is upgraded.

import { kubeProxyConfiguration } from '../addons/kube-proxy.ts';
import { minorOf } from '../apiserver/release.ts';
import type { Client } from '../client/index.ts';
import { kubeconfig } from '../kubeadm/kubeconfig.ts';
import { COMPONENTS, type ComponentName } from '../kubeadm/control-plane-manifests.ts';
import type { ControlPlane } from '../kubeadm/control-plane.ts';
import { NEWEST_PATCH, numbersOf } from '../kubeadm/releases.ts';
import type { Software } from './software.ts';
import { kubeProxy } from '../kube-proxy/index.ts';
import type { Kubelet } from '../kubelet/index.ts';
import { FileNode, programFile, type Process, type Program, type TreeEntry } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { programRelease } from './program-release.ts';
import { runServices } from './units.ts';

export interface BinaryOptions {
  version: string;
  podCIDR: string;
  serviceCIDR: string;
  proxyMode: string;
  /** PEM of the authority. */
  ca: string;
  /** From when certificates are valid, ms. */
  made: number;
  controlPlane: ControlPlane;
  /** How kube-proxy on a machine reaches the API. */
  proxyClient: (name: string) => Client;
  kubelet: Program;
}

const UNITS = '/etc/systemd/system/';
const BIN = '/usr/local/bin/';
const PROXY = '/var/lib/kube-proxy/';
/** Where the releases' archives have been unpacked. */
const OPT = '/opt/kubernetes/';
const ORDER: readonly ComponentName[] = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
const DOCS: Readonly<Record<string, string>> = {
  etcd: 'https://github.com/etcd-io/etcd',
  'kube-apiserver': 'https://github.com/kubernetes/kubernetes',
};

const unitText = (name: string, command: string[], after?: string) => `[Unit]
Description=${name === 'etcd' ? 'etcd' : `Kubernetes ${name}`}
Documentation=${DOCS[name] ?? DOCS['kube-apiserver']}
${after ? `After=${after}\n` : ''}
[Service]
ExecStart=${command.join(' \\\n  ')}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
`;

/** The program says of which release it is, and remembers it. */
function released(release: string, program: Program): Program {
  const own: Program = (process) => {
    if (!process.argv.includes('--version')) return program(process);
    process.stdout.write(`Kubernetes ${release}\n`);
    return ended();
  };
  programRelease.set(own, release);
  return own;
}

// eslint-disable-next-line require-yield
function* ended() {
  return 0;
}

export class BinaryInstall {
  private readonly options: BinaryOptions;
  /** By release and name. */
  private readonly programs = new Map<string, Record<string, Program>>();

  constructor(options: BinaryOptions) {
    this.options = options;
    const { minor } = numbersOf(options.version);
    const next = NEWEST_PATCH[minor + 1];
    this.add(options.version);
    if (next !== undefined) this.add(`v1.${minor + 1}.${next}`);
  }

  private add(release: string) {
    const { controlPlane, proxyClient, kubelet } = this.options;
    const all: Record<string, Program> = {
      'kube-proxy': kubeProxy((process: Process) => proxyClient(process.host.hostname), minorOf(release)),
      kubelet,
    };
    for (const { names, versionedPrograms } of controlPlane.repositories) {
      const name = names[0].replace(/.*\//, '');
      const program = versionedPrograms?.(release)[BIN + name];
      if (program) all[name] = program;
    }
    for (const name in all) all[name] = released(release, all[name]);
    this.programs.set(release, all);
  }

  /** What lies on a machine. */
  install(
    name: string,
    ip: string,
    isControlPlane: boolean,
    now: number,
  ): { files: Record<string, TreeEntry>; images: string[] } {
    const { controlPlane, version, podCIDR, serviceCIDR, made, ca } = this.options;
    const files: Record<string, TreeEntry> = {};
    if (isControlPlane) {
      const settings = { version, name, ip, podCIDR, serviceCIDR };
      controlPlane.admit(settings);
      Object.assign(files, controlPlane.certificates(name, made, now));
      for (const component of ORDER) {
        const flags = COMPONENTS[component].flags(settings);
        const command = [BIN + component, ...Object.keys(flags).map((flag) => `--${flag}=${flags[flag]}`)];
        const after =
          component === 'etcd' ? undefined : component === 'kube-apiserver' ? 'etcd.service' : 'kube-apiserver.service';
        files[`${UNITS}${component}.service`] = unitText(component, command, after);
        files[BIN + component] = programFile(this.program(component));
      }
    }
    const certificate = (kind: string) => part('pki').clusterFile(`kube-proxy.${kind}`, { hostname: name, ip, made });
    files[`${PROXY}kubeconfig`] = new FileNode(
      () =>
        kubeconfig({
          server: controlPlane.server,
          ca,
          user: 'system:kube-proxy',
          certificate: certificate('crt'),
          key: certificate('key'),
        }),
      { mode: 0o600, mtime: now },
    );
    files[`${PROXY}config.conf`] = kubeProxyConfiguration(podCIDR, this.options.proxyMode, `${PROXY}kubeconfig`);
    files[`${UNITS}kube-proxy.service`] = unitText('kube-proxy', [
      `${BIN}kube-proxy`,
      `--config=${PROXY}config.conf`,
      `--hostname-override=${name}`,
    ]);
    files[`${BIN}kube-proxy`] = programFile(this.program('kube-proxy'));
    this.programs.forEach((all, release) => {
      for (const one in all) files[`${OPT}${release}/${one}`] = programFile(all[one]);
    });
    return { files, images: [] };
  }

  private program(name: string): Program {
    const { version, controlPlane } = this.options;
    const own = this.programs.get(version)?.[name];
    if (own) return own;
    const etcd = controlPlane.repositories.find(({ names }) => names[0].endsWith(`/${name}`));
    return etcd?.programs?.[BIN + name] as Program;
  }

  /** Starts the services of a machine, when it is there. */
  start(kubelet: Kubelet, software: Software, isControlPlane: boolean) {
    const own = [...(isControlPlane ? ORDER : []), 'kube-proxy'].map((name) => `${name}.service`);
    runServices(kubelet, software, own);
  }
}
