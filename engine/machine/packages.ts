// What packages bring to a machine beside their programs: files, and other packages.

import { pluginFiles } from '../cni/config.ts';
import { unitFiles, UNIT_PATH } from '../kubeadm/node-programs.ts';

export interface PackageContents {
  depends?: readonly string[];
  /** Names of programs. */
  programs?: readonly string[];
  files?: () => Record<string, string>;
  /** The unit that runs once the package is set up. */
  starts?: string;
}

/** Units of the other runtimes. */
const OTHER_UNITS: Readonly<Record<string, readonly [description: string, docs: string, program: string]>> = {
  crio: ['Container Runtime Interface for OCI (CRI-O)', 'https://github.com/cri-o/cri-o', '/usr/bin/crio'],
  docker: [
    'Docker Application Container Engine',
    'https://docs.docker.com',
    '/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock',
  ],
};

export function runtimeUnit(name: string): string {
  const [description, docs, program] = OTHER_UNITS[name];
  return `[Unit]\nDescription=${description}\nDocumentation=${docs}\nAfter=network-online.target\n\n[Service]\nType=notify\nExecStart=${program}\nRestart=always\n\n[Install]\nWantedBy=multi-user.target\n`;
}

const files = (prefix: string) => () =>
  Object.fromEntries(
    Object.keys(unitFiles)
      .filter((path) => path.startsWith(UNIT_PATH + prefix))
      .map((path) => [path, unitFiles[path]()]),
  );

const runtime: PackageContents = {
  programs: ['containerd', 'ctr'],
  files: files('containerd'),
  starts: 'containerd.service',
};

export const CONTENTS: Readonly<Record<string, PackageContents>> = {
  containerd: { ...runtime, depends: ['runc'] },
  'containerd.io': runtime,
  'cri-tools': { programs: ['crictl'] },
  kubeadm: { programs: ['kubeadm'], files: files('kubelet.service.d') },
  kubectl: { programs: ['kubectl'] },
  kubelet: { depends: ['kubernetes-cni'], programs: ['kubelet'], files: files('kubelet.service') },
  'kubernetes-cni': { files: pluginFiles },
};
