// kubectl apply view-last-applied, set-last-applied, edit-last-applied: the annotation that apply compares with.

import type { KubeObject } from '../../../api/types.ts';
import type { Co } from '../../../sim/index.ts';
import type { Command } from '../../command.ts';
import { CommandError, quote, throwAll, usageError } from '../../errors.ts';
import type { Kubectl } from '../../kubectl.ts';
import { escapeHtml, sorted } from '../../output/json.ts';
import { PRINT_FLAGS, changePrinter } from '../../output/printers.ts';
import { FILENAME_FLAGS, type Info, SELECTOR_FLAG, find, selectionOf } from '../../resource/builder.ts';
import { getObject, patchObject } from '../../resource/rest.ts';
import { DRY_RUN_FLAG, LAST_APPLIED, dryRunOf, lastAppliedOf } from '../../write-flags.ts';
import { toYaml } from '../../yaml/emit.ts';
import { parseYaml } from '../../yaml/parse.ts';
import { runEditor } from '../edit.ts';

const annotationOf = (object: KubeObject) =>
  (object.metadata.annotations as Record<string, string> | undefined)?.[LAST_APPLIED];

const view: Command = {
  name: 'view-last-applied',
  short: 'View the latest last-applied-configuration annotations of a resource/object',
  usage: '(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)',
  flags: [
    ...FILENAME_FLAGS,
    SELECTOR_FLAG,
    { name: 'all', type: 'bool', usage: 'Select all resources in the namespace of the specified resource types' },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      default: 'yaml',
      usage: 'Output format. Must be one of (yaml, json)',
    },
  ],
  *run(kubectl, args) {
    const found = yield* find(kubectl, selectionOf(args, { latest: true }));
    throwAll(found.errors);
    const output = args.string('output');
    for (const { object, source } of found.infos) {
      const text = annotationOf(object);
      if (text === undefined) {
        // Without a file to name, kubectl loses this error.
        if (!source) return;
        const missing = `no last-applied-configuration annotation found on resource: ${object.metadata.name}\n`;
        throw new CommandError(`error when ${missing} ${quote(source)}: %!v(<nil>)`);
      }
      if (output === 'yaml') kubectl.out(toYaml(JSON.parse(text)));
      else if (output === 'json') kubectl.out(escapeHtml(JSON.stringify(sorted(JSON.parse(text)), null, 2)) + '\n');
      else
        throw usageError(
          kubectl.path,
          `Unexpected -o output mode: ${output}, the flag 'output' must be one of yaml|json`,
        );
    }
  },
};

const set: Command = {
  name: 'set-last-applied',
  short: 'Set the last-applied-configuration annotation on a live object to match the contents of a file',
  usage: '-f FILENAME',
  flags: [
    ...FILENAME_FLAGS,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    {
      name: 'create-annotation',
      type: 'bool',
      usage: "Will create 'last-applied-configuration' annotations if current objects doesn't have one",
    },
  ],
  *run(kubectl, args) {
    const found = yield* find(kubectl, selectionOf(args));
    throwAll(found.errors);
    const dryRun = dryRunOf(args);
    const printer = changePrinter(kubectl, args, 'configured', dryRun);
    for (const info of found.infos) {
      const current = yield* getObject(kubectl, info.mapping, info.namespace, info.name);
      if (annotationOf(current) === undefined && !args.bool('create-annotation')) {
        throw new CommandError(
          `no last-applied-configuration annotation found on resource: ${info.name}, to create the annotation, run the command with --create-annotation`,
        );
      }
      const text = lastAppliedOf(info.object, true);
      if (annotationOf(current) === text) {
        kubectl.line(`set-last-applied ${info.name}: no changes required.`);
        continue;
      }
      printer.print(dryRun === 'client' ? current : yield* annotate(kubectl, info, text));
    }
  },
};

function* annotate(kubectl: Kubectl, info: Info, text: string): Co<KubeObject> {
  return yield* patchObject(kubectl, info.mapping, info.namespace, info.name, 'merge', {
    metadata: { annotations: { [LAST_APPLIED]: text } },
  });
}

const edit: Command = {
  name: 'edit-last-applied',
  short: 'Edit latest last-applied-configuration annotations of a resource/object',
  usage: '(RESOURCE/NAME | -f FILENAME)',
  flags: [...FILENAME_FLAGS, ...PRINT_FLAGS],
  *run(kubectl, args) {
    const found = yield* find(kubectl, selectionOf(args, { latest: true }));
    throwAll(found.errors);
    const printer = changePrinter(kubectl, args, 'edited');
    for (const info of found.infos) {
      const text = annotationOf(info.object);
      if (text === undefined)
        throw new CommandError(`no last-applied-configuration annotation found on resource: ${quote(info.name)}`);
      const edited = yield* runEditor(kubectl, toYaml(JSON.parse(text)), '.yaml');
      kubectl.fs.unlink(edited.path);
      printer.print(yield* annotate(kubectl, info, lastAppliedOf(parseYaml(edited.text) as unknown as KubeObject)));
    }
  },
};

export const lastAppliedCommands: readonly Command[] = [edit, set, view];
