// The programs that administer a machine and its cluster. A part of the engine that loads when the first of them runs.

export { aptCache, aptGet, aptMark, dpkgQuery, type SoftwareOf } from './apt.ts';
export { crictl } from './crictl.ts';
export { etcdctl, type EtcdTargets } from './etcdctl.ts';
export { kubeadm, type KubeadmTargets } from './kubeadm.ts';
export { journalctl, service, systemctl, type KubeletOf } from './systemd.ts';
export { kubelet } from './kubelet-program.ts';
