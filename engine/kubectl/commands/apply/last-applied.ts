// kubectl apply view-last-applied, set-last-applied, edit-last-applied: the annotation that apply compares with.

import type { KubeObject } from '../../../api/types.ts';
import type { Co } from '../../../sim/index.ts';
import type { Command } from '../../command.ts';
import { CommandError, quote, throwAll, usageError } from '../../errors.ts';
import type { Kubectl } from '../../kubectl.ts';
import { escapeHtml, sorted } from '../../../api/go-json.ts';
import { PRINT_FLAGS, changePrinter, checkEditOutput, objectName } from '../../output/printers.ts';
import { FILENAME_FLAGS, type Info, SELECTOR_FLAG, find, selectionOf } from '../../resource/builder.ts';
import { type WriteOptions, getObject, patchObject } from '../../resource/rest.ts';
import {
  DRY_RUN_FLAG,
  LAST_APPLIED,
  VALIDATE_FLAG,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  lastAppliedOf,
} from '../../write-flags.ts';
import { toYaml } from '../../yaml/emit.ts';
import { parseYaml } from '../../yaml/parse.ts';
import { LINE_ENDINGS_FLAG, runEditor, withoutComments } from '../edit.ts';

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

function* annotate(kubectl: Kubectl, info: Info, text: string, options: WriteOptions = {}): Co<KubeObject> {
  const patch = { metadata: { annotations: { [LAST_APPLIED]: text } } };
  return yield* patchObject(kubectl, info.mapping, info.namespace, info.name, 'merge', patch, options);
}

const EDIT_HEADER = `# Please edit the 'last-applied-configuration' annotations below.
# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.
#
`;

const edit: Command = {
  name: 'edit-last-applied',
  short: 'Edit latest last-applied-configuration annotations of a resource/object',
  usage: '(RESOURCE/NAME | -f FILENAME)',
  flags: [
    ...FILENAME_FLAGS,
    ...PRINT_FLAGS,
    VALIDATE_FLAG,
    LINE_ENDINGS_FLAG,
    fieldManagerFlag('kubectl-last-applied'),
  ],
  *run(kubectl, args) {
    checkEditOutput(args);
    const options = { fieldManager: args.string('field-manager'), fieldValidation: fieldValidationOf(args) };
    const found = yield* find(kubectl, selectionOf(args, { latest: true }));
    throwAll(found.errors);
    const infos = found.infos.filter((info) => annotationOf(info.object) !== undefined);
    if (infos.length === 0) {
      const [first] = found.infos;
      throw new CommandError(`no last-applied-configuration annotation found on resource: ${quote(first?.name ?? '')}`);
    }
    const printer = changePrinter(kubectl, args, 'edited');
    const applied = infos.map((info) => JSON.parse(annotationOf(info.object) as string) as KubeObject);
    const document =
      applied.length === 1 ? applied[0] : { apiVersion: 'v1', kind: 'List', metadata: {}, items: applied };
    const before = toYaml(document);
    const edited = yield* runEditor(kubectl, EDIT_HEADER + before, '.yaml', args.bool('windows-line-endings'));
    kubectl.fs.unlink(edited.path);
    const after = withoutComments(edited.text);
    if (after.trimEnd() === before.trimEnd()) {
      kubectl.warn('Edit cancelled, no changes made.');
      return;
    }
    const root = parseYaml(after) as unknown as KubeObject | null;
    if (root === null) {
      kubectl.warn('Edit cancelled, saved file was empty.');
      return;
    }
    for (const object of (root.kind === 'List' ? root.items : [root]) as KubeObject[]) {
      const at = applied.findIndex((one) => one.kind === object.kind && one.metadata.name === object.metadata?.name);
      if (at < 0) throw new CommandError('At least one of apiVersion, kind and name was changed');
      if (lastAppliedOf(object) === lastAppliedOf(applied[at])) kubectl.line(`${objectName(object)} skipped`);
      else printer.print(yield* annotate(kubectl, infos[at], lastAppliedOf(object), options));
    }
  },
};

export const lastAppliedCommands: readonly Command[] = [edit, set, view];
