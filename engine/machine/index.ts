// The programs that administer a machine. A part of the engine that loads when the first of them runs.

export { flannelInstaller } from '../addons/flannel-installer.ts';
export { aptCache, aptGet, aptMark, dpkgQuery, type SoftwareOf } from './apt.ts';
export { BinaryInstall } from './binary-install.ts';
export { containerd } from './containerd-program.ts';
export { sysEntries } from './cgroups.ts';
export { crictl } from './crictl.ts';
export { ctr } from './ctr.ts';
export { docker } from './docker.ts';
export { etcdctl, type EtcdTargets } from './etcdctl.ts';
export { etcdutl } from './etcdutl.ts';
export { gpg } from './gpg.ts';
export { journalctl } from './journalctl.ts';
export { kubelet } from './kubelet-program.ts';
export { machineFacts, noteOutOfMemory } from './machine-facts.ts';
export { startMirror } from './mirror.ts';
export { runtimeUnit } from './packages.ts';
export { nodeProcesses } from './node-processes.ts';
export { Software } from './software.ts';
export { service, systemctl } from './systemctl.ts';
export { runServices, systemdOf, type KubeletOf } from './units.ts';
