// kubectl replace: the whole object as the file says it; --force deletes and creates.

import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import type { Mapping } from '../discovery.ts';
import { CommandError, StatusError, addSource, isNotFound, throwBoth } from '../errors.ts';
import type { Kubectl } from '../kubectl.ts';
import { PRINT_FLAGS, changePrinter } from '../output/printers.ts';
import { FILENAME_FLAGS, find, hasFiles, selectionOf } from '../resource/builder.ts';
import { createObject, deleteObject, getObject, replaceObject } from '../resource/rest.ts';
import { A_WEEK, waitForDeletion } from '../resource/waiting.ts';
import {
  DRY_RUN_FLAG,
  SAVE_CONFIG_FLAG,
  VALIDATE_FLAG,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  withLastApplied,
} from '../write-flags.ts';
import { RAW_FLAG, sendRaw } from './raw.ts';
import { DELETE_FLAGS, cascadeOf, printDeleted } from './delete.ts';

export const replace: Command = {
  name: 'replace',
  short: 'Replace a resource by file name or stdin',
  group: 'Advanced Commands',
  usage: '-f FILENAME',
  flags: [
    ...FILENAME_FLAGS,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    SAVE_CONFIG_FLAG,
    VALIDATE_FLAG,
    fieldManagerFlag('kubectl-replace'),
    ...DELETE_FLAGS.map((f) => (f.name === 'wait' ? { ...f, default: false } : f)),
    RAW_FLAG,
    {
      name: 'subresource',
      type: 'string',
      usage: 'If specified, replace will operate on the subresource of the requested object.',
    },
  ],
  *run(kubectl, args) {
    if (args.string('raw')) return yield* sendRaw(kubectl, args, 'PUT');
    if (!hasFiles(selectionOf(args))) throw new CommandError('must specify one of -f and -k');
    const force = args.bool('force');
    if (args.int('grace-period') >= 0 && !force) throw new CommandError('--grace-period must have --force specified');
    if (args.duration('timeout') !== 0 && !force) throw new CommandError('--timeout must have --force specified');
    const dryRun = dryRunOf(args);
    const write = {
      dryRun,
      fieldManager: args.string('field-manager'),
      fieldValidation: fieldValidationOf(args),
      subresource: args.string('subresource') || undefined,
    };
    const found = yield* find(kubectl, selectionOf(args, { validate: write.fieldValidation !== 'Ignore' }));
    const errors: Error[] = [];
    const printer = changePrinter(kubectl, args, 'replaced', dryRun);
    for (const info of found.infos) {
      const { mapping, namespace, name } = info;
      const object = args.bool('save-config') ? withLastApplied(info.object) : info.object;
      try {
        if (force) {
          try {
            const seconds = args.int('grace-period');
            const gone = yield* deleteObject(kubectl, mapping, namespace, name, {
              propagationPolicy: cascadeOf(kubectl, args),
              gracePeriodSeconds: seconds < 0 ? undefined : seconds,
            });
            printDeleted(kubectl, info, seconds === 0, '', false);
            yield* waitForDeletion(
              kubectl,
              mapping,
              namespace,
              name,
              gone.metadata?.uid,
              args.duration('timeout') || A_WEEK,
            );
          } catch (error) {
            if (!isNotFound(error)) throw error;
          }
          printer.print(yield* createObject(kubectl, mapping, namespace, object, write));
          continue;
        }
        if (dryRun === 'client') {
          printer.print(object);
          continue;
        }
        const resourceVersion =
          object.metadata.resourceVersion ?? (yield* versionOf(kubectl, mapping, namespace, name));
        printer.print(
          yield* replaceObject(
            kubectl,
            mapping,
            namespace,
            name,
            { ...object, metadata: { ...object.metadata, resourceVersion } },
            write,
          ),
        );
      } catch (error) {
        errors.push(addSource('replacing', info.source, error));
      }
    }
    throwBoth(errors, found.errors);
  },
};

/** The live object's; undefined when there is none: that is for the server to say. */
function* versionOf(kubectl: Kubectl, mapping: Mapping, namespace: string, name: string): Co<string | undefined> {
  try {
    const live = yield* getObject(kubectl, mapping, namespace, name);
    return live.metadata.resourceVersion;
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}
