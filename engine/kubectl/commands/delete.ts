// kubectl delete: asks for deletion, then waits until the objects are gone.

import { wireJson } from '../../api/go-order.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { qualified } from '../discovery.ts';
import { CommandError, StatusError, addSource, isNotFound, throwAll, throwBoth } from '../errors.ts';
import type { Args, Flag } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import {
  ALL_NAMESPACES_FLAG,
  FIELD_SELECTOR_FLAG,
  FILENAME_FLAGS,
  type Info,
  SELECTOR_FLAG,
  find,
  selectionOf,
} from '../resource/builder.ts';
import { deleteObject } from '../resource/rest.ts';
import { A_WEEK, waitForDeletion } from '../resource/waiting.ts';
import { DRY_RUN_FLAG, dryRunOf } from '../write-flags.ts';

/** The flags that say how something is deleted; apply, replace and run have them too. */
export const DELETE_FLAGS: readonly Flag[] = [
  {
    name: 'cascade',
    type: 'string',
    default: 'background',
    alone: 'background',
    usage:
      'Must be "background", "orphan", or "foreground". Selects the deletion cascading strategy for the dependents.',
  },
  {
    name: 'force',
    type: 'bool',
    usage: 'If true, immediately remove resources from API and bypass graceful deletion.',
  },
  {
    name: 'grace-period',
    type: 'int',
    default: -1,
    usage: 'Period of time in seconds given to the resource to terminate gracefully. Ignored if negative.',
  },
  {
    name: 'timeout',
    type: 'duration',
    usage:
      'The length of time to wait before giving up on a delete, zero means determine a timeout from the size of the object',
  },
  {
    name: 'wait',
    type: 'bool',
    default: true,
    usage: 'If true, wait for resources to be gone before returning. This waits for finalizers.',
  },
];

const POLICIES: Record<string, string> = {
  background: 'Background',
  foreground: 'Foreground',
  orphan: 'Orphan',
  true: 'Background',
  false: 'Orphan',
};

export function cascadeOf(kubectl: Kubectl, args: Args): string {
  const value = args.string('cascade');
  const policy = POLICIES[value];
  if (!policy)
    throw new CommandError(`invalid cascade value (${value}). Must be "background", "foreground", or "orphan"`);
  if (value === 'true' || value === 'false') {
    kubectl.warn(
      `warning: --cascade=${value} is deprecated (boolean value) and can be replaced with --cascade=${policy.toLowerCase()}.`,
    );
  }
  return policy;
}

export const del: Command = {
  name: 'delete',
  short: 'Delete resources by file names, stdin, resources and names, or by resources and label selector',
  group: 'Basic Commands (Intermediate)',
  usage: '([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)])',
  flags: [
    ...FILENAME_FLAGS,
    SELECTOR_FLAG,
    FIELD_SELECTOR_FLAG,
    ALL_NAMESPACES_FLAG,
    ...DELETE_FLAGS,
    DRY_RUN_FLAG,
    { name: 'all', type: 'bool', usage: 'Delete all resources, in the namespace of the specified resource types.' },
    {
      name: 'ignore-not-found',
      type: 'bool',
      usage: 'Treat "resource not found" as a successful delete. Defaults to "true" when --all is specified.',
    },
    { name: 'interactive', short: 'i', type: 'bool', usage: 'If true, delete resource only when user confirms.' },
    {
      name: 'now',
      type: 'bool',
      usage: 'If true, resources are signaled for immediate shutdown (same as --grace-period=1).',
    },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      usage: 'Output mode. Use "-o name" for shorter output (resource/name).',
    },
    { name: 'raw', type: 'string', usage: 'Raw URI to DELETE to the server.' },
  ],
  *run(kubectl, args) {
    if (args.string('raw')) {
      const answer = yield* kubectl.send({ method: 'DELETE', path: args.string('raw') });
      kubectl.out(typeof answer.body === 'string' ? answer.body : wireJson(answer.body) + '\n');
      return;
    }
    const gracePeriod = gracePeriodOf(kubectl, args);
    const output = args.string('output');
    if (output !== '' && output !== 'name')
      throw new CommandError(`unexpected -o output mode: ${output}. We only support '-o name'`);
    if (args.bool('all') && args.string('field-selector'))
      throw new CommandError('cannot set --all and --field-selector at the same time');
    const dryRun = dryRunOf(args);
    const propagationPolicy = cascadeOf(kubectl, args);
    const broad = args.bool('all') || args.string('selector') !== '' || args.string('field-selector') !== '';
    const ignoreNotFound = args.changed('ignore-not-found') ? args.bool('ignore-not-found') : broad;
    const found = yield* find(kubectl, selectionOf(args, { nameOnly: true, onlyAll: true }));
    if (args.bool('interactive') && !(yield* confirmed(kubectl, found.infos))) return;
    const errors: Error[] = [];
    const deleted: { info: Info; uid?: string }[] = [];
    let warnClusterScope = kubectl.connection.namespaceExplicit && !args.bool('all-namespaces');
    for (const info of found.infos) {
      if (warnClusterScope && !info.mapping.namespaced) {
        kubectl.warn('Warning: deleting cluster-scoped resources, not scoped to the provided namespace');
        warnClusterScope = false;
      }
      try {
        const answer =
          dryRun === 'client'
            ? undefined
            : yield* deleteObject(kubectl, info.mapping, info.namespace, info.name, {
                propagationPolicy,
                gracePeriodSeconds: gracePeriod < 0 ? undefined : gracePeriod,
                dryRun,
              });
        deleted.push({ info, uid: answer?.kind === 'Status' ? answer.details?.uid : answer?.metadata?.uid });
        printDeleted(
          kubectl,
          info,
          gracePeriod === 0,
          dryRun === 'none' ? '' : dryRun === 'client' ? ' (dry run)' : ' (server dry run)',
          output === 'name',
        );
      } catch (error) {
        if (!(ignoreNotFound && isNotFound(error))) errors.push(addSource('deleting', info.source, error));
      }
    }
    throwBoth(errors, found.errors);
    if (found.infos.length === 0) kubectl.line('No resources found');
    if (args.bool('wait') && dryRun === 'none') yield* waitForAll(kubectl, deleted, args.duration('timeout') || A_WEEK);
  },
};

function gracePeriodOf(kubectl: Kubectl, args: Args): number {
  let seconds = args.int('grace-period');
  const force = args.bool('force');
  if (args.bool('now')) {
    if (seconds !== -1) throw new CommandError('--now and --grace-period cannot be specified together');
    seconds = 1;
  }
  // Nobody loses data by a mere zero: it takes --force as well.
  if (seconds === 0 && !force) seconds = 1;
  if (force && seconds < 0) seconds = 0;
  if (force && seconds > 0)
    throw new CommandError('--force and --grace-period greater than 0 cannot be specified together');
  if (seconds === 0) {
    kubectl.warn(
      'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.',
    );
  }
  return seconds;
}

export function printDeleted(kubectl: Kubectl, info: Info, force: boolean, dryRun: string, nameOnly: boolean) {
  const kind = qualified(info.mapping.kind.toLowerCase(), info.mapping.group);
  if (nameOnly) kubectl.line(`${kind}/${info.name}`);
  else {
    const from = info.mapping.namespaced ? ` from ${info.namespace} namespace` : '';
    kubectl.line(`${kind} "${info.name}" ${force ? 'force deleted' : 'deleted'}${from}${dryRun}`);
  }
}

function* waitForAll(kubectl: Kubectl, deleted: { info: Info; uid?: string }[], timeout: number): Co {
  const errors: Error[] = [];
  for (const { info, uid } of deleted) {
    try {
      yield* waitForDeletion(kubectl, info.mapping, info.namespace, info.name, uid, timeout);
    } catch (error) {
      // Who may delete but not look does not have to wait.
      if (error instanceof StatusError && (error.reason === 'Forbidden' || error.reason === 'MethodNotAllowed'))
        continue;
      errors.push(error as Error);
    }
  }
  throwAll(errors);
}

function* confirmed(kubectl: Kubectl, infos: Info[]): Co<boolean> {
  if (infos.length === 0) {
    kubectl.line('No resources found');
    return false;
  }
  kubectl.line(`You are about to delete the following ${infos.length} resource(s):`);
  for (const info of infos)
    kubectl.line(`${qualified(info.mapping.kind.toLowerCase(), info.mapping.group)}/${info.name}`);
  kubectl.out('Do you want to continue? (y/N): ');
  const answer = (yield* kubectl.process.stdin.read()) ?? '';
  if (answer.trim().toLowerCase() === 'y') return true;
  kubectl.line('deletion is cancelled');
  return false;
}
