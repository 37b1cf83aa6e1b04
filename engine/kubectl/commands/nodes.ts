// Commands for the care of nodes: cordon, uncordon, drain.

import type { KubeObject, Pod } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { AggregateFailure, Collected, CommandError, StatusError, isNotFound, usageError } from '../errors.ts';
import type { Args, Flag } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { SELECTOR_FLAG, find, selectionOf, type Info } from '../resource/builder.ts';
import { listItems, listObjects, patchObject, resourcePath } from '../resource/rest.ts';
import { waitForDeletion } from '../resource/waiting.ts';
import { DRY_RUN_FLAG, dryRunOf } from '../write-flags.ts';
import type { DryRun } from '../output/printers.ts';

const GROUP = 'Cluster Management Commands';

function* nodesOf(kubectl: Kubectl, args: Args): Co<Info[]> {
  const selector = args.string('selector');
  if (args.args.length === 0 && !selector)
    throw usageError(kubectl.path, `USAGE: ${kubectl.path.split(' ')[1]} NODE [flags]`);
  if (args.args.length && selector)
    throw usageError(kubectl.path, 'error: cannot specify both a node name and a --selector option');
  const names: string[] = [];
  for (const arg of args.args) names.push(yield* nameOf(kubectl, arg));
  const found = yield* find(kubectl, {
    ...selectionOf(args, { latest: true }),
    args: ['nodes', ...names],
    bareTypes: Boolean(selector),
  });
  if (found.errors.length) throw found.errors[0];
  return found.infos;
}

/** 'worker-1' of 'node/worker-1'. */
function* nameOf(kubectl: Kubectl, arg: string): Co<string> {
  const slash = arg.indexOf('/');
  if (slash < 0) return arg;
  const { group, version, resource, kind } = yield* kubectl.mappingFor(arg.slice(0, slash));
  if (kind !== 'Node' || group)
    throw new CommandError(`expected resource of type node, got "${group}/${version}, Resource=${resource}"`);
  return arg.slice(slash + 1);
}

function* setSchedulable(kubectl: Kubectl, info: Info, schedulable: boolean, dryRun: DryRun): Co {
  const present = !info.object.spec?.unschedulable;
  const word = schedulable ? 'uncordoned' : 'cordoned';
  const suffix = dryRun === 'none' ? '' : dryRun === 'client' ? ' (dry run)' : ' (server dry run)';
  if (present === schedulable) {
    kubectl.line(`node/${info.name} already ${word}${suffix}`);
    return;
  }
  if (dryRun !== 'client') {
    yield* patchObject(
      kubectl,
      info.mapping,
      '',
      info.name,
      'strategic',
      { spec: { unschedulable: schedulable ? null : true } },
      { dryRun },
    );
  }
  kubectl.line(`node/${info.name} ${word}${suffix}`);
}

const toggle = (name: string, short: string, schedulable: boolean): Command => ({
  name,
  short,
  group: GROUP,
  usage: 'NODE',
  flags: [SELECTOR_FLAG, DRY_RUN_FLAG],
  *run(kubectl, args) {
    const list = yield* nodesOf(kubectl, args);
    for (const info of list) yield* setSchedulable(kubectl, info, schedulable, dryRunOf(args));
  },
});

export const cordon = toggle('cordon', 'Mark node as unschedulable', false);
export const uncordon = toggle('uncordon', 'Mark node as schedulable', true);

const DRAIN_FLAGS: readonly Flag[] = [
  {
    name: 'chunk-size',
    type: 'int',
    default: 500,
    usage: 'Return large lists in chunks rather than all at once. Pass 0 to disable.',
  },
  {
    name: 'delete-emptydir-data',
    type: 'bool',
    usage: 'Continue even if there are pods using emptyDir (local data that will be deleted when the node is drained).',
  },
  {
    name: 'disable-eviction',
    type: 'bool',
    usage:
      'Force drain to use delete, even if eviction is supported. This will bypass checking PodDisruptionBudgets, use with caution.',
  },
  { name: 'force', type: 'bool', usage: 'Continue even if there are pods that do not declare a controller.' },
  {
    name: 'grace-period',
    type: 'int',
    default: -1,
    usage:
      'Period of time in seconds given to each pod to terminate gracefully. If negative, the default value specified in the pod will be used.',
  },
  { name: 'ignore-daemonsets', type: 'bool', usage: 'Ignore DaemonSet-managed pods.' },
  { name: 'pod-selector', type: 'string', usage: 'Label selector to filter pods on the node' },
  {
    name: 'skip-wait-for-delete-timeout',
    type: 'int',
    usage: 'Do not wait for pods that have been leaving for longer than this, seconds; zero waits for all.',
  },
  { name: 'timeout', type: 'duration', usage: 'The length of time to wait before giving up, zero means infinite' },
];

/** Between two tries to evict a Pod whose budget says no, ms. */
const EVICTION_RETRY = 5000;

export const drain: Command = {
  name: 'drain',
  short: 'Drain node in preparation for maintenance',
  group: GROUP,
  usage: 'NODE',
  flags: [SELECTOR_FLAG, DRY_RUN_FLAG, ...DRAIN_FLAGS],
  *run(kubectl, args) {
    const dryRun = dryRunOf(args);
    const nodes = yield* nodesOf(kubectl, args);
    for (const info of nodes) yield* setSchedulable(kubectl, info, false, dryRun);
    for (const info of nodes) yield* drainNode(kubectl, args, info, dryRun);
  },
};

function* drainNode(kubectl: Kubectl, args: Args, node: Info, dryRun: DryRun): Co {
  const mapping = yield* kubectl.mappingFor('pods');
  const list = yield* listObjects(kubectl, mapping, '', {
    fieldSelector: `spec.nodeName=${node.name}`,
    labelSelector: args.string('pod-selector') || undefined,
    limit: args.int('chunk-size'),
  });
  const leaving: Pod[] = [];
  const problems = new Map<string, string[]>();
  const warnings = new Map<string, string[]>();
  const note = (map: Map<string, string[]>, text: string, pod: Pod) =>
    map.set(text, [...(map.get(text) ?? []), `${pod.metadata.namespace}/${pod.metadata.name}`]);
  for (const pod of listItems(list) as unknown as Pod[]) {
    const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller);
    const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (pod.metadata.annotations?.['kubernetes.io/config.mirror']) continue;
    const patience = args.int('skip-wait-for-delete-timeout') * 1000;
    const since = Date.parse(pod.metadata.deletionTimestamp ?? '');
    if (patience > 0 && kubectl.now - since > patience) continue;
    if (owner?.kind === 'DaemonSet' && !finished) {
      const set = yield* daemonSet(kubectl, pod.metadata.namespace as string, owner.name);
      if (set) {
        if (args.bool('ignore-daemonsets')) note(warnings, 'ignoring DaemonSet-managed Pods', pod);
        else note(problems, 'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)', pod);
        continue;
      }
      if (!args.bool('force')) {
        note(problems, `cannot delete orphaned DaemonSet-managed Pods (use --force to override)`, pod);
        continue;
      }
    }
    if (!finished && pod.spec?.volumes?.some((volume) => volume.emptyDir) && !args.bool('delete-emptydir-data')) {
      note(problems, 'cannot delete Pods with local storage (use --delete-emptydir-data to override)', pod);
      continue;
    }
    if (!finished && !owner) {
      if (!args.bool('force')) {
        note(problems, 'cannot delete Pods that declare no controller (use --force to override)', pod);
        continue;
      }
      note(warnings, 'deleting Pods that declare no controller', pod);
    }
    leaving.push(pod);
  }
  const told = (map: Map<string, string[]>) => [...map].map(([text, pods]) => `${text}: ${pods.join(', ')}`).join('; ');
  if (problems.size) {
    const errors = [...problems].map(([text, pods]) => new CommandError(`${text}: ${pods.join(', ')}`));
    const all = new AggregateFailure(errors);
    kubectl.warn(`error: unable to drain node "${node.name}" due to error: ${all.message}, continuing command...`);
    kubectl.warn(`There are pending nodes to be drained:\n ${node.name}`);
    throw new Collected(errors);
  }
  if (warnings.size) kubectl.warn(`Warning: ${told(warnings)}`);
  const started = kubectl.now;
  const end = args.duration('timeout') ? started + args.duration('timeout') : Infinity;
  for (const pod of leaving) {
    const what = args.bool('disable-eviction') && dryRun !== 'client' ? 'deleting' : 'evicting';
    const suffix = dryRun === 'none' ? '' : dryRun === 'client' ? ' (dry run)' : ' (server dry run)';
    kubectl.line(`${what} pod ${pod.metadata.namespace}/${pod.metadata.name}${suffix}`);
  }
  if (dryRun === 'client') {
    kubectl.line(`node/${node.name} drained (dry run)`);
    return;
  }
  for (const pod of leaving) yield* evict(kubectl, args, pod, dryRun, end);
  if (dryRun === 'none') {
    for (const pod of leaving) {
      yield* waitForDeletion(
        kubectl,
        mapping,
        pod.metadata.namespace as string,
        pod.metadata.name as string,
        pod.metadata.uid,
        Math.max(0, Math.min(end - kubectl.now, 168 * 3_600_000)),
      );
      kubectl.line(`pod/${pod.metadata.name} ${args.bool('disable-eviction') ? 'deleted' : 'evicted'}`);
    }
  }
  kubectl.line(`node/${node.name} drained${dryRun === 'server' ? ' (server dry run)' : ''}`);
}

function* daemonSet(kubectl: Kubectl, namespace: string, name: string): Co<KubeObject | undefined> {
  try {
    return (yield* kubectl.send({ method: 'GET', path: `/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}` }))
      .body as KubeObject;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Evicts a Pod; while a budget forbids it, tries again. */
function* evict(kubectl: Kubectl, args: Args, pod: Pod, dryRun: DryRun, end: number): Co {
  const mapping = yield* kubectl.mappingFor('pods');
  const { namespace = '', name = '' } = pod.metadata;
  const deleteOptions: Record<string, unknown> = {};
  if (args.int('grace-period') >= 0) deleteOptions.gracePeriodSeconds = args.int('grace-period');
  if (dryRun === 'server') deleteOptions.dryRun = ['All'];
  for (;;) {
    try {
      if (args.bool('disable-eviction')) {
        yield* kubectl.send({
          method: 'DELETE',
          path: resourcePath(mapping, namespace, name),
          body: { kind: 'DeleteOptions', apiVersion: 'v1', ...deleteOptions },
        });
      } else {
        const body = { kind: 'Eviction', apiVersion: 'policy/v1', metadata: { name, namespace }, deleteOptions };
        yield* kubectl.send({ method: 'POST', path: resourcePath(mapping, namespace, name, 'eviction'), body });
      }
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!(error instanceof StatusError) || error.reason !== 'TooManyRequests') throw error;
      kubectl.warn(`error when evicting pods/"${name}" -n "${namespace}" (will retry after 5s): ${error.message}`);
      if (kubectl.now + EVICTION_RETRY > end)
        throw new CommandError(
          `error when evicting pods/"${name}" -n "${namespace}": global timeout reached: ${args.duration('timeout') / 1000}s`,
        );
      yield EVICTION_RETRY;
      kubectl.line(`evicting pod ${namespace}/${name}${dryRun === 'server' ? ' (server dry run)' : ''}`);
    }
  }
}
