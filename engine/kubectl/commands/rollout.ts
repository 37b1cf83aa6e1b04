// kubectl rollout: status, history, undo, pause, resume, restart.

import type { KubeObject } from '../../api/types.ts';
import { formatTime } from '../../api/time.ts';
import type { Command } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import { PRINT_FLAGS, changePrinter } from '../output/printers.ts';
import { twoWayPatch } from '../patch/three-way.ts';
import { FILENAME_FLAGS, type Info, SELECTOR_FLAG } from '../resource/builder.ts';
import { patchObject } from '../resource/rest.ts';
import { A_WEEK, waitFor } from '../resource/waiting.ts';
import { fieldManagerFlag } from '../write-flags.ts';
import { findRollout } from './rollout/find.ts';
import { history, undo } from './rollout/history.ts';
import { statusOf } from './rollout/status.ts';

const status: Command = {
  name: 'status',
  short: 'Show the status of the rollout',
  usage: '(TYPE NAME | TYPE/NAME) [flags]',
  flags: [
    ...FILENAME_FLAGS,
    SELECTOR_FLAG,
    {
      name: 'revision',
      type: 'int',
      usage: 'Pin to a specific revision for showing its status. Defaults to 0 (last revision).',
    },
    { name: 'timeout', type: 'duration', usage: 'The length of time to wait before ending watch, zero means never.' },
    {
      name: 'watch',
      short: 'w',
      type: 'bool',
      default: true,
      usage: "Watch the status of the rollout until it's done.",
    },
  ],
  *run(kubectl, args) {
    const revision = args.int('revision');
    if (revision < 0) throw new CommandError(`revision must be a positive integer: ${revision}`);
    const errors: Error[] = [];
    const found = yield* findRollout(kubectl, args, errors);
    for (const info of found) {
      if (!args.bool('watch')) {
        kubectl.out(statusOf(info.object, revision).text);
        continue;
      }
      let seen = false;
      const done = yield* waitFor(
        kubectl,
        info.mapping,
        info.namespace,
        info.name,
        args.duration('timeout') || A_WEEK,
        (object) => {
          if (!object) {
            if (seen) throw new CommandError('object has been deleted');
            return undefined;
          }
          seen = true;
          const now = statusOf(object, revision);
          kubectl.out(now.text);
          return now.done ? true : undefined;
        },
      );
      if (!done) throw new CommandError('timed out waiting for the condition');
    }
    throwAll(errors);
  },
};

/** pause, resume and restart: a change of the spec, refused when it is so already. */
const change = (
  name: string,
  short: string,
  operation: string,
  modify: (object: KubeObject, info: Info, now: number) => KubeObject,
): Command => ({
  name,
  short,
  usage: 'RESOURCE',
  flags: [...FILENAME_FLAGS, SELECTOR_FLAG, ...PRINT_FLAGS, fieldManagerFlag('kubectl-rollout')],
  *run(kubectl, args) {
    const errors: Error[] = [];
    const found = yield* findRollout(kubectl, args, errors);
    if (found.length === 0 && errors.length === 0)
      kubectl.warn(`No resources found in ${kubectl.namespace} namespace.`);
    for (const info of found) {
      try {
        const modified = modify(info.object, info, kubectl.now);
        const { type, patch } = twoWayPatch(info.mapping, info.object, modified);
        if (Object.keys(patch).length === 0)
          throw new CommandError(
            `failed to create patch for ${info.name}: if restart has already been triggered within the past second, please wait before attempting to trigger another`,
          );
        const options = { fieldManager: args.string('field-manager') };
        const patched = yield* patchObject(kubectl, info.mapping, info.namespace, info.name, type, patch, options);
        changePrinter(kubectl, args, operation).print(patched);
      } catch (error) {
        errors.push(error as Error);
      }
    }
    throwAll(errors);
  },
});

const resourceName = (info: Info) =>
  `${info.mapping.resource}${info.mapping.group ? '.' + info.mapping.group : ''} "${info.name}"`;

const setPaused = (paused: boolean) => (object: KubeObject, info: Info) => {
  const verb = paused ? 'pausing' : 'resuming';
  if (object.kind !== 'Deployment') throw new CommandError(`${resourceName(info)} ${verb} is not supported`);
  if (Boolean(object.spec.paused) === paused)
    throw new CommandError(`${resourceName(info)} is ${paused ? 'already paused' : 'not paused'}`);
  return { ...object, spec: { ...object.spec, paused } };
};

const pause = change('pause', 'Mark the provided resource as paused', 'paused', setPaused(true));
const resume = change('resume', 'Resume a paused resource', 'resumed', setPaused(false));

const restart = change('restart', 'Restart a resource', 'restarted', (object, info, now) => {
  if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(object.kind))
    throw new CommandError(`error: ${resourceName(info)} restarting is not supported`);
  if (object.spec.paused)
    throw new CommandError(`${resourceName(info)} can't restart paused deployment (run rollout resume first)`);
  const { template } = object.spec;
  const annotations = { ...template.metadata?.annotations, 'kubectl.kubernetes.io/restartedAt': formatTime(now) };
  return {
    ...object,
    spec: { ...object.spec, template: { ...template, metadata: { ...template.metadata, annotations } } },
  };
});

export const rollout: Command = {
  name: 'rollout',
  typed: true,
  short: 'Manage the rollout of a resource',
  group: 'Deploy Commands',
  usage: 'SUBCOMMAND',
  alone: 'stdout',
  commands: [history, pause, restart, resume, status, undo],
};
