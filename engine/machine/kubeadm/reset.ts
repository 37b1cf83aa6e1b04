// kubeadm reset: takes back, as far as it can, what init and join have done to a machine.

import { readAll } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import { readDocuments, textOf } from './documents.ts';
import { refuseMixed } from './node-registration.ts';
import { runPhases, selectPhase, skippedPhases, type Phase } from './phases.ts';
import { ignoredChecks } from './preflight.ts';
import { KUBERNETES, MANIFESTS, PKI, type Session } from './session.ts';
import { refuseFields } from './settings.ts';

const KUBELET = '/var/lib/kubelet';
const FILES = ['admin', 'super-admin', 'kubelet', 'bootstrap-kubelet', 'controller-manager', 'scheduler'].map(
  (name) => `${KUBERNETES}/${name}.conf`,
);

export const RESET_FLAGS = {
  config: 'string',
  force: 'bool',
  'cert-dir': 'string',
  'cri-socket': 'string',
  'cleanup-tmp-dir': 'bool',
  'dry-run': 'bool',
  'ignore-preflight-errors': 'string',
  kubeconfig: 'string',
  'skip-phases': 'string',
} as const;

interface ResetSettings {
  force: boolean;
  cleansTmp: boolean;
  isControlPlane: boolean;
  /** Whether the API answered, and so the others of the control plane can be told. */
  knowsCluster: boolean;
}

const PHASES: readonly Phase<ResetSettings>[] = [
  { name: 'preflight', run: preflight },
  { name: 'remove-etcd-member', run: removeEtcdMember },
  { name: 'cleanup-node', run: cleanupNode },
];

export function* reset(session: Session, flags: Flags): Co<number> {
  const { fs, process, targets } = session;
  const words = flags.args.slice(1);
  const only = selectPhase(session, 'reset', PHASES, words);
  if (only === undefined && words.length)
    session.fail(`unknown command ${JSON.stringify(words[0])} for "kubeadm reset"`);
  refuseMixed(session, flags);
  const path = flags.string('config');
  const document =
    path === undefined ? undefined : readDocuments(session, textOf(session, path)).get('ResetConfiguration');
  if (path !== undefined && !document)
    session.fail(`no ResetConfiguration found in config file ${JSON.stringify(path)}`);
  const { socket } = session.kubelet.runtime;
  const given = document ?? {
    certificatesDir: flags.string('cert-dir'),
    criSocket: flags.string('cri-socket'),
    dryRun: flags.bool('dry-run'),
  };
  refuseFields(session, 'ResetConfiguration', given, {
    certificatesDir: [PKI],
    criSocket: [`unix://${socket}`, `unix:///var${socket}`],
    dryRun: [false],
    unmountFlags: [],
  });
  ignoredChecks(flags.string('ignore-preflight-errors'));
  const isControlPlane = fs.exists(`${MANIFESTS}/etcd.yaml`);
  const knowsCluster = isControlPlane && targets.controlPlane.reaches(process.host.hostname);
  yield 300;
  if (knowsCluster)
    session.say(
      '[reset] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...',
      "[reset] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.",
    );
  const settings: ResetSettings = {
    force: flags.bool('force') || document?.force === true,
    cleansTmp: flags.bool('cleanup-tmp-dir') || document?.cleanupTmpDir === true,
    isControlPlane,
    knowsCluster,
  };
  yield* runPhases(session, PHASES, settings, { only, skip: skippedPhases(flags, document?.skipPhases) });
  if (only === undefined) session.say(...DONE);
  return 0;
}

function* preflight(session: Session, { force }: ResetSettings): Co {
  if (!force) {
    session.log(
      'W',
      'preflight.go:56',
      "[reset] WARNING: Changes made to this host by 'kubeadm init' or 'kubeadm join' will be reverted.",
    );
    session.process.stdout.write('[reset] Are you sure you want to proceed? [y/N]: ');
    const [answer] = (yield* readAll(session.process.stdin)).split('\n');
    if (!/^y(es)?$/i.test(answer)) session.fail('error execution phase preflight: aborted reset operation');
  }
  session.say('[preflight] Running pre-flight checks');
}

function* removeEtcdMember(session: Session, { isControlPlane, knowsCluster }: ResetSettings): Co {
  const { fs, process, targets } = session;
  const { controlPlane } = targets;
  const { hostname } = process.host;
  const directory = controlPlane.settingsOf(hostname)?.dataDir ?? '/var/lib/etcd';
  if (!knowsCluster)
    session.log('W', 'removeetcdmember.go:105', '[reset] No kubeadm config, using etcd pod spec to get data directory');
  else if (isControlPlane) {
    yield 200;
    controlPlane.retire(hostname);
  }
  if (fs.isDirectory(directory)) for (const name of fs.readdir(directory)) fs.remove(`${directory}/${name}`);
  session.say(`[reset] Deleted contents of the etcd data directory: ${directory}`);
}

function* cleanupNode(session: Session, { cleansTmp, knowsCluster }: ResetSettings): Co {
  const { fs, process, targets, systemd, kubelet } = session;
  session.say('[reset] Stopping the kubelet service');
  systemd.stop('kubelet.service');
  yield 500;
  session.say(`[reset] Unmounting mounted directories in "${KUBELET}"`);
  kubelet.removeContainers();
  yield 1500;
  targets.controlPlane.dismiss(process.host.hostname, knowsCluster);
  const directories = [MANIFESTS, KUBELET, PKI, ...(cleansTmp ? [`${KUBERNETES}/tmp`] : [])];
  session.say(`[reset] Deleting contents of directories: [${directories.join(' ')}]`);
  for (const path of directories) {
    if (!fs.isDirectory(path)) continue;
    for (const name of fs.readdir(path)) fs.remove(`${path}/${name}`);
  }
  session.say(`[reset] Deleting files: [${FILES.join(' ')}]`);
  for (const path of FILES) if (fs.exists(path)) fs.unlink(path);
}

const DONE = [
  '',
  'The reset process does not perform cleanup of CNI plugin configuration,',
  'network filtering rules and kubeconfig files.',
  '',
  'For information on how to perform this cleanup manually, please see:',
  '    https://k8s.io/docs/reference/setup-tools/kubeadm/kubeadm-reset/',
  '',
];
