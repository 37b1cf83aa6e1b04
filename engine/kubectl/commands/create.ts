// kubectl create: objects from files, and the subcommands that make one from flags (create/).

import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, addSource, usageError, throwBoth } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { PRINT_FLAGS, changePrinter } from '../output/printers.ts';
import { FILENAME_FLAGS, SELECTOR_FLAG, find, hasFiles, selectionOf } from '../resource/builder.ts';
import { createObject } from '../resource/rest.ts';
import {
  DRY_RUN_FLAG,
  SAVE_CONFIG_FLAG,
  VALIDATE_FLAG,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  withLastApplied,
} from '../write-flags.ts';
import { subcommands } from './create/index.ts';
import { LINE_ENDINGS_FLAG, editBeforeCreating } from './edit.ts';
import { RAW_FLAG, sendRaw } from './raw.ts';

export const create: Command = {
  name: 'create',
  short: 'Create a resource from a file or from stdin',
  group: 'Basic Commands (Beginner)',
  usage: '-f FILENAME',
  examples: [
    'kubectl create -f ./pod.json',
    'cat pod.json | kubectl create -f -',
    'kubectl create deployment web --image=nginx',
  ],
  flags: [
    ...FILENAME_FLAGS,
    SELECTOR_FLAG,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    SAVE_CONFIG_FLAG,
    VALIDATE_FLAG,
    fieldManagerFlag('kubectl-create'),
    RAW_FLAG,
    LINE_ENDINGS_FLAG,
    { name: 'edit', type: 'bool', usage: 'Edit the API resource before creating' },
  ],
  commands: subcommands,
  *run(kubectl, args) {
    if (args.string('raw')) return yield* sendRaw(kubectl, args, 'POST');
    if (!hasFiles(selectionOf(args))) {
      if (args.args.length) throw usageError(kubectl.path, `Unexpected args: [${args.args.join(' ')}]`);
      throw new CommandError('must specify one of -f and -k');
    }
    if (args.args.length) throw usageError(kubectl.path, `Unexpected args: [${args.args.join(' ')}]`);
    if (args.bool('edit')) return yield* editBeforeCreating(kubectl, args);
    yield* createFromFiles(kubectl, args);
  },
};

function* createFromFiles(kubectl: Kubectl, args: Args): Co {
  const dryRun = dryRunOf(args);
  const fieldValidation = fieldValidationOf(args);
  const printer = changePrinter(kubectl, args, 'created', dryRun);
  const found = yield* find(kubectl, selectionOf(args, { args: [], validate: fieldValidation !== 'Ignore' }));
  const errors: Error[] = [];
  for (const info of found.infos) {
    const object = args.bool('save-config') ? withLastApplied(info.object) : info.object;
    try {
      const created =
        dryRun === 'client'
          ? object
          : yield* createObject(kubectl, info.mapping, info.namespace, object, {
              dryRun,
              fieldManager: args.string('field-manager'),
              fieldValidation,
            });
      printer.print(created);
    } catch (error) {
      errors.push(addSource('creating', info.source, error));
    }
  }
  printer.end?.();
  // What was wrong with the files is told last.
  throwBoth(errors, found.errors);
  if (found.infos.length === 0) throw new CommandError('no objects passed to create');
}
