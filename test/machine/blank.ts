// Blank machines with a runtime and the packages of Kubernetes.

import type { TestTerminal } from '../sim-command/terminal.ts';

export const KEY = '/etc/apt/keyrings/kubernetes.gpg';
export const SOURCE = `deb [signed-by=${KEY}] https://pkgs.k8s.io/core:/stable:/v1.35/deb/ /`;

/** Installs a runtime and packages of Kubernetes on a blank machine. */
export function prepare({ run }: TestTerminal, machine: string, packages = 'kubelet kubeadm kubectl') {
  run('sysctl -w net.ipv4.ip_forward=1; apt-get update; apt-get install -y containerd', machine);
  run(`curl -fsSL https://pkgs.k8s.io/core:/stable:/v1.35/deb/Release.key | gpg --dearmor -o ${KEY}`, machine);
  run(`echo '${SOURCE}' > /etc/apt/sources.list.d/kubernetes.list; apt-get update`, machine);
  return run(`apt-get install -y ${packages}; systemctl enable --now kubelet`, machine);
}
