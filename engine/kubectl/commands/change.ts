// What label, annotate, set and their like share: compute a changed copy of each object, send the difference as a
// patch, and say what was done.

import type { KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import { CommandError, StatusError, throwAll } from '../errors.ts';
import type { Args, Flag } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { type Printer, PRINT_FLAGS, changePrinter } from '../output/printers.ts';
import { twoWayPatch } from '../patch/three-way.ts';
import { FILENAME_FLAGS, type Found, type Info, SELECTOR_FLAG } from '../resource/builder.ts';
import { patchObject } from '../resource/rest.ts';
import { DRY_RUN_FLAG, dryRunOf, fieldManagerFlag } from '../write-flags.ts';

/** Flags of a command that changes objects which it finds by TYPE NAME, -f, -l or --all. */
export const changeFlags = (manager: string, files = FILENAME_FLAGS): readonly Flag[] => [
  ...files,
  SELECTOR_FLAG,
  ...PRINT_FLAGS,
  DRY_RUN_FLAG,
  fieldManagerFlag(manager),
  { name: 'all', type: 'bool', usage: 'Select all resources in the namespace of the specified resource types' },
  { name: 'local', type: 'bool', usage: 'If true, the command will NOT contact api-server but run locally.' },
];

/** Changes every object (`failure` stands before the server's words); `modify` returns the new one, the same one for no change, or throws. */
export function* changeAll(
  kubectl: Kubectl,
  args: Args,
  found: Found,
  operation: string,
  modify: (object: KubeObject, info: Info) => KubeObject,
  failure = '',
): Co {
  const dryRun = dryRunOf(args);
  const local = args.has('local') && args.bool('local');
  const printer: Printer = changePrinter(kubectl, args, operation, local ? 'none' : dryRun);
  const { errors } = found;
  for (const info of found.infos) {
    try {
      const modified = modify(info.object, info);
      if (local || dryRun === 'client') {
        printer.print(modified);
        continue;
      }
      const { type, patch } = twoWayPatch(info.mapping, info.object, modified);
      if (Object.keys(patch).length === 0) continue;
      printer.print(yield* send(kubectl, info, type, patch, args));
    } catch (error) {
      errors.push(
        failure && error instanceof StatusError ? new CommandError(`${failure} ${error.message}`) : (error as Error),
      );
    }
  }
  printer.end?.();
  throwAll(errors);
}

function* send(kubectl: Kubectl, info: Info, type: 'strategic' | 'merge', patch: object, args: Args): Co<KubeObject> {
  const options = { dryRun: dryRunOf(args), fieldManager: args.string('field-manager') };
  return yield* patchObject(kubectl, info.mapping, info.namespace, info.name, type, patch, options);
}
