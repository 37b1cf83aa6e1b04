// kubeadm upgrade diff: how an upgrade would change the manifests of this machine's control plane.

import type { ConfigMap } from '../../api/types.ts';
import { ApiError } from '../../client/index.ts';
import { manifest, type ComponentName } from '../../kubeadm/control-plane-manifests.ts';
import { numbersOf } from '../../kubeadm/releases.ts';
import { filesOf, FsError } from '../../linux/index.ts';
import { sideOf, unifiedDiff } from '../../linux/commands/diff.ts';
import { part } from '../../parts/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import { MANIFESTS, type Session } from './session.ts';
import { clusterSettings, manifestOptions } from './settings.ts';
import type { Document } from './types.ts';

/** Components, and the flags that say where their manifests are. */
const FILES: readonly [component: ComponentName, flag: string][] = [
  ['kube-apiserver', 'api-server-manifest'],
  ['kube-controller-manager', 'controller-manager-manifest'],
  ['kube-scheduler', 'scheduler-manifest'],
];
const CONTEXT = 3;

export function* upgradeDiff(
  session: Session,
  flags: Flags,
  target: string | undefined,
  { contextLines }: Document,
): Co<number> {
  session.say(
    '[upgrade/diff] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...',
    "[upgrade/diff] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.",
  );
  yield 200;
  if (target === undefined)
    return session.fail('missing one or more required arguments. Required arguments: [version]');
  if (!/^v?1\.\d+\.\d+$/.test(target)) return session.fail(`could not parse ${JSON.stringify(target)} as version`);
  const version = target.replace(/^v?/, 'v');
  const text = kept(session);
  const document = part('yaml').parseDocument(text, { schema: 'core' }).toJS() as Document;
  const { minor } = numbersOf(session.version);
  // What is compared is the version that is asked for, whichever the cluster has.
  const own = { ...document, kubernetesVersion: `v1.${minor}.0` };
  const options = { ...manifestOptions(session, clusterSettings(session, own)), version };
  const context = Number(flags.string('context-lines') ?? contextLines ?? CONTEXT);
  for (const [component, flag] of FILES) {
    const path = flags.string(flag) ?? `${MANIFESTS}/${component}.yaml`;
    let before: string;
    try {
      before = filesOf(session.process).readFile(path);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      return session.fail(`open ${path}: ${error.message.toLowerCase()}`);
    }
    const pod = manifest(component, options);
    const after = part('kubectl').toYaml(options.adjust?.(component, pod) ?? pod);
    session.process.stdout.write(unifiedDiff(sideOf(before, path), sideOf(after, 'new manifest'), context));
  }
  return 0;
}

function kept(session: Session): string {
  try {
    const { data } = session.admin.of<ConfigMap>('v1', 'configmaps').get('kube-system', 'kubeadm-config');
    return data?.ClusterConfiguration ?? '';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return session.fail(`failed to get config map: ${error.message}`);
  }
}
