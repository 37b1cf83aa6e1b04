// The phases of kubeadm join that make the machine a further control plane: certificates from those that all share, the
// manifests, and a member of etcd that first learns and then votes.

import type { ComponentName } from '../../kubeadm/control-plane-manifests.ts';
import { hostPort } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import { pullImages } from './init.ts';
import type { Found, JoinSettings } from './join.ts';
import { componentManifest, kubeconfigFile, manifestFolder, missingCertificates, writeManifest } from './node-files.ts';
import { initChecks, runChecks } from './preflight.ts';
import { KUBERNETES, PKI, type Session } from './session.ts';
import { manifestOptions } from './settings.ts';
import { downloadCertificates } from './upload-certs.ts';

/** kubeadm: EtcdAPICall. */
const ETCD_MS = 120_000;
const COMPONENTS: readonly ComponentName[] = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
type Step = (session: Session, settings: JoinSettings, found: Found) => Co;

/** What every control plane has from the first one, in the order in which it is missed. */
const SHARED: readonly [what: string, kind: string, file: string][] = [
  ['certificate for CA', 'certificate', 'ca.crt'],
  ['key for service account', 'private key', 'sa.key'],
  ['certificate for front-proxy CA', 'certificate', 'front-proxy-ca.crt'],
  ['certificate for etcd CA', 'certificate', 'etcd/ca.crt'],
];

/** Whether cluster and machine can have one more; ends the command otherwise. */
export function* readyForControlPlane(session: Session, settings: JoinSettings, { cluster }: Found): Co {
  const problems: string[] = [];
  if (!cluster.endpoint)
    problems.push(
      "unable to add a new control plane instance to a cluster that doesn't have a stable controlPlaneEndpoint address",
    );
  else if (settings.certificateKey === undefined)
    for (const [what, kind, file] of SHARED) {
      const path = `${PKI}/${file}`;
      if (!session.fs.exists(path))
        problems.push(
          `failure loading ${what}: couldn't load the ${kind} file ${path}: open ${path}: no such file or directory`,
        );
    }
  if (problems.length)
    session.fail(
      `error execution phase preflight: \nOne or more conditions for hosting a new control plane instance is not satisfied.\n\n${problems.length > 1 ? `[${problems.join(', ')}]` : problems[0]}\n\nPlease ensure that:\n* The cluster has a stable controlPlaneEndpoint address.\n* The certificates that must be shared among control plane instances are provided.\n\n`,
    );
  session.say('[preflight] Running pre-flight checks before initializing the new control plane instance');
  const { version, dataDir } = cluster;
  runChecks(session, initChecks(session, version, { dataDir, joins: true }), settings.ignored);
  yield* pullImages(session, cluster);
}

/** The phases of control-plane-prepare. */
export const prepareControlPlane: Readonly<Record<string, Step>> = {
  *'download-certs'(session, { certificateKey }, { client }) {
    if (certificateKey === undefined) return;
    downloadCertificates(session, client, certificateKey);
    yield 200;
  },
  certs: (session, _settings, { cluster }) => missingCertificates(session, cluster),
  *kubeconfig(session, _settings, { cluster }) {
    session.say('[kubeconfig] Generating kubeconfig files', `[kubeconfig] Using kubeconfig folder "${KUBERNETES}"`);
    for (const name of ['admin', 'controller-manager', 'scheduler']) yield* kubeconfigFile(session, cluster, name);
  },
  *'control-plane'(session, _settings, { cluster }) {
    yield* manifestFolder(session);
    session.targets.controlPlane.settle(manifestOptions(session, cluster));
    for (const component of COMPONENTS) yield* componentManifest(session, cluster, component);
  },
};

export function* checkEtcd(session: Session): Co {
  session.say('[check-etcd] Checking that the etcd cluster is healthy');
  yield 300;
  const { members } = session.targets.controlPlane;
  const sick = members.all.find(({ name }) => !members.quorumOf(name));
  if (!sick) return;
  yield ETCD_MS;
  session.fail(
    `error execution phase check-etcd: etcd cluster is not healthy: failed to dial endpoint https://${hostPort(sick.ip, 2379)} with maintenance client: context deadline exceeded`,
  );
}

export function* joinEtcd(session: Session, _settings: JoinSettings, { cluster }: Found): Co {
  const { controlPlane } = session.targets;
  const { hostname } = session.process.host;
  const { members } = controlPlane;
  session.fs.mkdir(cluster.dataDir, { recursive: true, mode: 0o700 });
  controlPlane.enroll({ name: hostname, ip: cluster.ip }, true);
  session.say('[etcd] Announced new etcd member joining to the existing etcd cluster');
  yield 100;
  const all = members.all.map(({ name, ip }) => `${name}=https://${hostPort(ip, 2380)}`).join(',');
  controlPlane.settle(manifestOptions(session, cluster, all));
  session.say('[etcd] Creating static Pod manifest for "etcd"');
  writeManifest(session, 'etcd');
  const runs = yield* session.poll(ETCD_MS, () => members.runs(hostname) || undefined);
  if (!runs)
    session.fail(
      'error execution phase etcd-join: error creating local etcd static pod manifest file: etcdserver: can only promote a learner member which is in sync with leader',
    );
  controlPlane.promote(hostname);
  session.say('[etcd] Waiting for the new etcd member to join the cluster. This can take up to 40s');
  yield 500;
}
