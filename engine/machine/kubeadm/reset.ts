// kubeadm reset: takes back, as far as it can, what init and join have done to a machine.

import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import { KUBERNETES, MANIFESTS, PKI, type Session } from './session.ts';

const ETCD = '/var/lib/etcd';
const KUBELET = '/var/lib/kubelet';
const FILES = ['admin', 'super-admin', 'kubelet', 'bootstrap-kubelet', 'controller-manager', 'scheduler'].map(
  (name) => `${KUBERNETES}/${name}.conf`,
);

export const RESET_FLAGS = { force: 'bool' } as const;

export function* reset(session: Session, flags: Flags): Co<number> {
  const { fs, process, targets, systemd, kubelet } = session;
  session.refuseWords('reset', flags.args.slice(1));
  if (!flags.bool('force')) session.fail('questions are not modelled by this engine; use --force');
  const isControlPlane = fs.exists(`${MANIFESTS}/etcd.yaml`);
  yield 300;
  if (isControlPlane && targets.controlPlane.reaches(process.host.hostname))
    session.say(
      '[reset] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...',
      "[reset] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.",
    );
  session.say('[preflight] Running pre-flight checks');
  if (!isControlPlane)
    session.log('W', 'removeetcdmember.go:105', '[reset] No kubeadm config, using etcd pod spec to get data directory');
  session.say(`[reset] Deleted contents of the etcd data directory: ${ETCD}`, '[reset] Stopping the kubelet service');
  systemd.stop('kubelet.service');
  yield 500;
  session.say(`[reset] Unmounting mounted directories in "${KUBELET}"`);
  kubelet.removeContainers();
  yield 1500;
  targets.controlPlane.dismiss(process.host.hostname);
  const directories = [MANIFESTS, KUBELET, PKI];
  session.say(`[reset] Deleting contents of directories: [${directories.join(' ')}]`);
  for (const path of [...directories, ETCD]) {
    if (!fs.isDirectory(path)) continue;
    for (const name of fs.readdir(path)) fs.remove(`${path}/${name}`);
  }
  session.say(`[reset] Deleting files: [${FILES.join(' ')}]`);
  for (const path of FILES) if (fs.exists(path)) fs.unlink(path);
  session.say(
    '',
    'The reset process does not perform cleanup of CNI plugin configuration,',
    'network filtering rules and kubeconfig files.',
    '',
    'For information on how to perform this cleanup manually, please see:',
    '    https://k8s.io/docs/reference/setup-tools/kubeadm/kubeadm-reset/',
    '',
  );
  return 0;
}
