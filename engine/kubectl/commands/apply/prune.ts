// kubectl apply --prune: deletes what apply has created before and the files do not say any more.

import type { KubeObject } from '../../../api/types.ts';
import type { Co } from '../../../sim/index.ts';
import type { Mapping } from '../../discovery.ts';
import { CommandError } from '../../errors.ts';
import type { Args } from '../../flags.ts';
import type { Kubectl } from '../../kubectl.ts';
import { type DryRun, changePrinter } from '../../output/printers.ts';
import { deleteObject, listItems, listObjects } from '../../resource/rest.ts';
import { LAST_APPLIED } from '../../write-flags.ts';
import { cascadeOf } from '../delete.ts';

const DEFAULT_ALLOWLIST = [
  'core/v1/ConfigMap',
  'core/v1/Endpoints',
  'core/v1/Namespace',
  'core/v1/PersistentVolumeClaim',
  'core/v1/PersistentVolume',
  'core/v1/Pod',
  'core/v1/ReplicationController',
  'core/v1/Secret',
  'core/v1/Service',
  'batch/v1/Job',
  'batch/v1/CronJob',
  'networking.k8s.io/v1/Ingress',
  'apps/v1/DaemonSet',
  'apps/v1/Deployment',
  'apps/v1/ReplicaSet',
  'apps/v1/StatefulSet',
];

const DEPRECATED =
  'prune.go:71] Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.';

export function checkPrune(args: Args) {
  if (args.bool('all') && args.string('selector'))
    throw new CommandError('cannot set --all and --selector at the same time');
  if (!args.bool('all') && !args.string('selector')) {
    throw new CommandError(
      'all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector',
    );
  }
  checkAllowlist(args);
  if (args.bool('server-side'))
    throw new CommandError("--prune is in alpha and doesn't currently work on objects created by server-side apply");
}

export function checkAllowlist(args: Args) {
  for (const entry of args.strings('prune-allowlist'))
    if (entry.split('/').length !== 3)
      throw new CommandError(`invalid GroupVersionKind format: ${entry}, please follow <group/version/kind>`);
}

export function* prune(kubectl: Kubectl, args: Args, applied: readonly KubeObject[], dryRun: DryRun): Co {
  if (args.strings('prune-allowlist').length === 0) kubectl.log('W', DEPRECATED);
  const kept = new Set(applied.map((o) => o.metadata.uid));
  const namespaces = new Set(applied.map((o) => o.metadata.namespace ?? '').filter(Boolean));
  namespaces.add(kubectl.namespace);
  yield* eachPrunable(kubectl, args, namespaces, kept, function* (object, mapping, namespace) {
    if (dryRun !== 'client') {
      const seconds = args.int('grace-period');
      const options = {
        propagationPolicy: cascadeOf(kubectl, args),
        gracePeriodSeconds: seconds < 0 ? undefined : seconds,
        dryRun,
      };
      yield* deleteObject(kubectl, mapping, namespace, object.metadata.name as string, options);
    }
    changePrinter(kubectl, args, 'pruned', dryRun).print(object);
  });
}

/** Goes through what apply has written in the namespaces, and cluster-wide, but for the objects whose uids are `kept`. */
export function* eachPrunable(
  kubectl: Kubectl,
  args: Args,
  namespaces: ReadonlySet<string>,
  kept: ReadonlySet<string | undefined>,
  act: (object: KubeObject, mapping: Mapping, namespace: string) => Co,
): Co {
  const listed = args.strings('prune-allowlist');
  for (const entry of listed.length ? listed : DEFAULT_ALLOWLIST) {
    const parts = entry.split('/');
    const apiVersion = parts[0] === 'core' || parts[0] === '' ? parts[1] : `${parts[0]}/${parts[1]}`;
    const mapping = yield* kubectl.mappingForKind(apiVersion, parts[2]);
    for (const namespace of mapping.namespaced ? namespaces : ['']) {
      const labelSelector = args.string('selector') || undefined;
      const list = yield* listObjects(kubectl, mapping, namespace, { labelSelector });
      for (const object of listItems(list)) {
        const annotations = object.metadata.annotations as Record<string, string> | undefined;
        if (annotations?.[LAST_APPLIED] === undefined || kept.has(object.metadata.uid)) continue;
        yield* act(object, mapping, namespace);
      }
    }
  }
}
