// What the packages containerd and kubelet bring to a machine: unit files, and the programs that administer them.

import type { KubeadmTargets } from '../machine/kubeadm/index.ts';
import type { KubeletOf, SoftwareOf } from '../machine/index.ts';
import type { Program, TreeEntry } from '../linux/index.ts';
import { lazyProgram, part, type Parts } from '../parts/index.ts';

export interface NodeTargets extends KubeadmTargets {
  kubeletOf: KubeletOf;
  softwareOf: SoftwareOf;
  kubectl: Program;
}

/** `system`: what every machine has; `packaged`: what packages of Kubernetes and of the runtime bring, by name; `docker`: what Docker does. */
export function nodePrograms(targets: NodeTargets): Record<'system' | 'packaged' | 'docker', Record<string, Program>> {
  const { kubeletOf, softwareOf } = targets;
  const from = (pick: (machine: Parts['machine']) => Program): Program => lazyProgram(() => pick(part('machine')));
  const packaged: Record<string, Program> = {
    containerd: from((machine) => machine.containerd(softwareOf)),
    crictl: from((machine) => machine.crictl(kubeletOf)),
    ctr: from((machine) => machine.ctr(kubeletOf)),
    kubeadm: lazyProgram(() => part('kubeadm').kubeadm(targets)),
    kubectl: targets.kubectl,
    kubelet: from((machine) => machine.kubelet(kubeletOf, softwareOf)),
  };
  const system: Record<string, Program> = {
    'apt-cache': from((machine) => machine.aptCache(softwareOf)),
    'apt-get': from((machine) => machine.aptGet(softwareOf, kubeletOf, packaged)),
    'apt-mark': from((machine) => machine.aptMark(softwareOf)),
    'dpkg-query': from((machine) => machine.dpkgQuery(softwareOf)),
    gpg: from((machine) => machine.gpg),
    journalctl: from((machine) => machine.journalctl(kubeletOf, softwareOf)),
    service: from((machine) => machine.service(kubeletOf, softwareOf)),
    systemctl: from((machine) => machine.systemctl(kubeletOf, softwareOf)),
  };
  return { system, packaged, docker: { docker: from((machine) => machine.docker(kubeletOf)) } };
}

export const UNIT_PATH = '/usr/lib/systemd/system/';
/** Of machines with another runtime than containerd; Docker has containerd beneath it. */
export function unitFilesWith(unit: string): Record<string, TreeEntry> {
  const files: Record<string, TreeEntry> = {
    ...unitFiles,
    [`${UNIT_PATH}${unit}.service`]: () => part('machine').runtimeUnit(unit),
  };
  if (unit !== 'docker') delete files[`${UNIT_PATH}containerd.service`];
  return files;
}

/** What the packages bring. */
export const unitFiles: Readonly<Record<string, () => string>> = {
  [`${UNIT_PATH}kubelet.service`]: () => `[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
`,
  [`${UNIT_PATH}kubelet.service.d/10-kubeadm.conf`]:
    () => `# Note: This dropin only works with kubeadm and kubelet v1.11+
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
# This is a file that "kubeadm init" and "kubeadm join" generates at runtime, populating the KUBELET_KUBEADM_ARGS variable dynamically
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
# This is a file that the user can use for overrides of the kubelet args as a last resort. Preferably, the user should use
# the .NodeRegistration.KubeletExtraArgs object in the configuration files instead. KUBELET_EXTRA_ARGS should be sourced from this file.
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`,
  [`${UNIT_PATH}containerd.service`]: () => `[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target dbus.service

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/bin/containerd

Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
`,
};
