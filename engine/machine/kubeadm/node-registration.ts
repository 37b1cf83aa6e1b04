// What a configuration file says of the machine itself, for init and join alike.

import type { Taint } from '../../api/types.ts';
import { CONTROL_PLANE_TAINT } from '../../kubeadm/control-plane-manifests.ts';
import { ignoredChecks } from './preflight.ts';
import type { Flags } from '../flags.ts';
import type { Session } from './session.ts';
import { refuseFields, type Arg } from './settings.ts';
import type { Document } from './types.ts';

export interface NodeSettings {
  taints: readonly Taint[];
  kubeletArgs: readonly Arg[];
  /** Preflight checks that only warn, in small letters. */
  ignored: ReadonlySet<string>;
}

const TIMEOUTS: Readonly<Record<string, readonly unknown[]>> = {
  'timeouts.controlPlaneComponentHealthCheck': ['4m', '4m0s'],
  'timeouts.kubeletHealthCheck': ['4m', '4m0s'],
  'timeouts.kubernetesAPICall': ['1m', '1m0s'],
  'timeouts.etcdAPICall': ['2m', '2m0s'],
  'timeouts.tlsBootstrap': ['5m', '5m0s'],
  'timeouts.discovery': ['5m', '5m0s'],
  'timeouts.upgradeManifests': ['5m', '5m0s'],
};
const POLICIES = ['Always', 'IfNotPresent', 'Never'];

/** `endpoint`: where the document says where the machine's API server listens. */
export function nodeSettings(
  session: Session,
  kind: string,
  document: Document,
  flags: Flags,
  endpoint: string,
): NodeSettings {
  const { host } = session.process;
  const { socket } = session.kubelet.runtime;
  const sockets = [`unix://${socket}`, `unix:///var${socket}`, socket, `/var${socket}`];
  refuseFields(session, kind, document, {
    ...TIMEOUTS,
    [`${endpoint}.advertiseAddress`]: [host.net.addresses[0]],
    [`${endpoint}.bindPort`]: [6443],
    'nodeRegistration.name': [host.hostname],
    'nodeRegistration.criSocket': sockets,
    'nodeRegistration.imagePullSerial': [true],
    'patches.directory': [],
    dryRun: [false],
  });
  const registration = (document.nodeRegistration ?? {}) as {
    taints?: Taint[];
    kubeletExtraArgs?: Arg[];
    ignorePreflightErrors?: string[];
    imagePullPolicy?: string;
  };
  const { taints, kubeletExtraArgs = [], ignorePreflightErrors = [], imagePullPolicy } = registration;
  if (imagePullPolicy !== undefined && !POLICIES.includes(imagePullPolicy))
    session.fail(
      `invalid imagePullPolicy ${JSON.stringify(imagePullPolicy)}; supported values: Always, IfNotPresent, Never`,
    );
  const ignored = new Set([
    ...ignoredChecks(flags.string('ignore-preflight-errors')),
    ...ignoredChecks(ignorePreflightErrors.join(',')),
  ]);
  if (ignored.has('all') && ignored.size > 1)
    session.fail(
      `ignore-preflight-errors: Invalid value: ${JSON.stringify([...ignored].sort().join(','))}: don't specify individual checks if 'all' is used`,
    );
  return { taints: taints ?? [CONTROL_PLANE_TAINT], kubeletArgs: kubeletExtraArgs, ignored };
}

/** Flags that may stand beside --config. */
const BESIDE_CONFIG = new Set([
  'config',
  'ignore-preflight-errors',
  'dry-run',
  'kubeconfig',
  'node-name',
  'kubeconfig-dir',
  'upload-certs',
  'print-join-command',
  'v',
]);

export function refuseMixed(session: Session, flags: Flags) {
  if (!flags.has('config')) return;
  const mixed = flags.names.filter((name) => !BESIDE_CONFIG.has(name) && !name.startsWith('skip-')).sort();
  if (mixed.length) session.fail(`can not mix '--config' with arguments [${mixed.join(' ')}]`);
}
