// kubectl scale.

import type { KubeObject } from '../../api/types.ts';
import type { Command } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import { PRINT_FLAGS, changePrinter } from '../output/printers.ts';
import { FILENAME_FLAGS, SELECTOR_FLAG, find, selectionOf } from '../resource/builder.ts';
import { getObject, patchObject, replaceObject } from '../resource/rest.ts';
import { waitFor } from '../resource/waiting.ts';
import { DRY_RUN_FLAG, dryRunOf } from '../write-flags.ts';

export const scale: Command = {
  name: 'scale',
  short: 'Set a new size for a deployment, replica set, or replication controller',
  group: 'Deploy Commands',
  usage: '[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)',
  flags: [
    ...FILENAME_FLAGS,
    SELECTOR_FLAG,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    { name: 'all', type: 'bool', usage: 'Select all resources in the namespace of the specified resource types' },
    {
      name: 'current-replicas',
      type: 'int',
      default: -1,
      usage: 'Precondition for current size. -1 (default) for no condition.',
    },
    { name: 'replicas', type: 'int', required: true, usage: 'The new desired number of replicas. Required.' },
    { name: 'resource-version', type: 'string', usage: 'Precondition for resource version.' },
    {
      name: 'timeout',
      type: 'duration',
      usage: "The length of time to wait before giving up on a scale operation, zero means don't wait.",
    },
  ],
  *run(kubectl, args) {
    const replicas = args.int('replicas');
    if (replicas < 0)
      throw new CommandError('The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0');
    if (args.int('current-replicas') < -1)
      throw new CommandError('The --current-replicas must specify an integer of -1 or greater');
    const dryRun = dryRunOf(args);
    const found = yield* find(kubectl, selectionOf(args, { latest: true }));
    const { infos, errors } = found;
    if (infos.length === 0 && errors.length === 0) throw new CommandError('no objects passed to scale');
    if (infos.length > 1 && args.string('resource-version'))
      throw new CommandError('cannot use --resource-version with multiple resources');
    const printer = changePrinter(kubectl, args, 'scaled', dryRun);
    for (const { mapping, namespace, name, object } of infos) {
      try {
        const options = { dryRun, subresource: 'scale' };
        const expected = args.int('current-replicas');
        const version = args.string('resource-version');
        if (dryRun !== 'client' && expected < 0 && !version) {
          yield* patchObject(kubectl, mapping, namespace, name, 'merge', { spec: { replicas } }, options);
        } else if (dryRun !== 'client') {
          const current = yield* getObject(kubectl, mapping, namespace, name, { subresource: 'scale' });
          if (expected >= 0 && current.spec.replicas !== expected) {
            throw new CommandError(`Expected replicas to be ${expected}, was ${current.spec.replicas}`);
          }
          if (version && current.metadata.resourceVersion !== version) {
            throw new CommandError(
              `Expected resource version to be ${version}, was ${current.metadata.resourceVersion}`,
            );
          }
          yield* replaceObject(kubectl, mapping, namespace, name, { ...current, spec: { replicas } }, options);
        }
        printer.print(object);
        if (args.duration('timeout') > 0 && dryRun === 'none') {
          const done = (o: KubeObject | undefined) =>
            o && o.status?.replicas === replicas && (o.status.observedGeneration ?? 0) >= (o.metadata.generation ?? 0)
              ? true
              : undefined;
          if (!(yield* waitFor(kubectl, mapping, namespace, name, args.duration('timeout'), done)))
            throw new CommandError('timed out waiting for the condition');
        }
      } catch (error) {
        errors.push(error as Error);
      }
    }
    throwAll(errors);
  },
};
