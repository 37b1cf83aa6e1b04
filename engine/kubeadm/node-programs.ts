// What the packages containerd and kubelet bring to a machine: unit files, and the programs that administer them.

import type { KubeadmTargets, KubeletOf, SoftwareOf } from '../machine/index.ts';
import type { Program } from '../linux/index.ts';
import { lazyProgram, part, type Parts } from '../parts/index.ts';

export interface NodeTargets extends KubeadmTargets {
  kubeletOf: KubeletOf;
  softwareOf: SoftwareOf;
}

export function nodePrograms(targets: NodeTargets): Record<string, Program> {
  const { kubeletOf, softwareOf } = targets;
  const from = (pick: (machine: Parts['machine']) => Program): Program => lazyProgram(() => pick(part('machine')));
  return {
    'apt-cache': from((machine) => machine.aptCache(softwareOf)),
    'apt-get': from((machine) => machine.aptGet(softwareOf)),
    'apt-mark': from((machine) => machine.aptMark(softwareOf)),
    crictl: from((machine) => machine.crictl(kubeletOf)),
    'dpkg-query': from((machine) => machine.dpkgQuery(softwareOf)),
    journalctl: from((machine) => machine.journalctl(kubeletOf)),
    kubeadm: from((machine) => machine.kubeadm(targets)),
    kubelet: from((machine) => machine.kubelet(kubeletOf)),
    service: from((machine) => machine.service(kubeletOf, softwareOf)),
    systemctl: from((machine) => machine.systemctl(kubeletOf, softwareOf)),
  };
}

export const UNIT_PATH = '/usr/lib/systemd/system/';
/** What the packages bring. */
export const unitFiles: Readonly<Record<string, string>> = {
  [`${UNIT_PATH}kubelet.service`]: `[Unit]
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
  [`${UNIT_PATH}kubelet.service.d/10-kubeadm.conf`]: `# Note: This dropin only works with kubeadm and kubelet v1.11+
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
  [`${UNIT_PATH}containerd.service`]: `[Unit]
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
