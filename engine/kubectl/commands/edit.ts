// kubectl edit: objects as YAML in the user's editor, and what was changed as a patch. The editor is a command of the
// machine that kubectl runs on ($KUBE_EDITOR, $EDITOR, vi), run through its shell.

import type { KubeObject } from '../../api/types.ts';
import type { Process } from '../../linux/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, report, throwAll } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import {
  type Printer,
  PRINT_FLAGS,
  changePrinter,
  objectName,
  outputFormat,
  toJson,
  withoutManagedFields,
} from '../output/printers.ts';
import { twoWayPatch } from '../patch/three-way.ts';
import { FILENAME_FLAGS, type Info, SELECTOR_FLAG, find, selectionOf } from '../resource/builder.ts';
import { type WriteOptions, createObject, patchObject } from '../resource/rest.ts';
import { SAVE_CONFIG_FLAG, VALIDATE_FLAG, dryRunOf, fieldManagerFlag, fieldValidationOf } from '../write-flags.ts';
import { toYaml } from '../yaml/emit.ts';
import { type YamlValue, parseYaml } from '../yaml/parse.ts';

/** Lets the user edit `text`; the file is gone afterwards unless `keep`. */
export function* runEditor(kubectl: Kubectl, text: string, extension: string): Co<{ text: string; path: string }> {
  const { process } = kubectl;
  const { host } = process;
  const editor = process.env.KUBE_EDITOR || process.env.EDITOR || 'vi';
  const path = `/tmp/kubectl-edit-${host.sim.random('kubectl-edit').int(1e9)}${extension}`;
  if (!host.fs.exists('/tmp')) host.fs.mkdir('/tmp', { recursive: true });
  host.fs.writeFile(path, text);
  const shell = host.program('/bin/sh') ?? host.program('sh');
  if (!shell) throw new CommandError(`unable to launch the editor "${editor}"`);
  const child: Process = host.spawn({
    program: shell,
    argv: ['sh', '-c', `${editor} ${path}`],
    env: process.env,
    cwd: process.cwd,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    tty: process.tty,
    parent: process,
  });
  while (child.task && !child.task.done) yield child.task.exited;
  const status = child.task?.result ?? 1;
  if (status !== 0) throw new CommandError(`there was a problem with the editor "${editor}"`);
  return { text: host.fs.readFile(path), path };
}

/** kubectl create --edit */
export function* editBeforeCreating(kubectl: Kubectl, args: Args): Co {
  const dryRun = dryRunOf(args);
  const found = yield* find(kubectl, selectionOf(args, { args: [], validate: true }));
  throwAll(found.errors);
  const printer = changePrinter(kubectl, args, 'created', dryRun);
  for (const info of found.infos) {
    const edited = yield* runEditor(kubectl, EDIT_HEADER + toYaml(info.object), '.yaml');
    kubectl.process.host.fs.unlink(edited.path);
    const object = parseYaml(edited.text) as typeof info.object | null;
    if (object === null) throw new CommandError('Edit cancelled, saved file was empty.');
    printer.print(
      dryRun === 'client'
        ? object
        : yield* createObject(kubectl, info.mapping, info.namespace, object, {
            dryRun,
            fieldManager: 'kubectl-create',
            fieldValidation: fieldValidationOf(args),
          }),
    );
  }
}

export const EDIT_HEADER = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`;

export const edit: Command = {
  name: 'edit',
  short: 'Edit a resource on the server',
  group: 'Basic Commands (Intermediate)',
  usage: '(RESOURCE/NAME | -f FILENAME)',
  flags: [
    ...FILENAME_FLAGS,
    SELECTOR_FLAG,
    ...PRINT_FLAGS,
    VALIDATE_FLAG,
    SAVE_CONFIG_FLAG,
    fieldManagerFlag('kubectl-edit'),
    {
      name: 'subresource',
      type: 'string',
      usage: 'If specified, edit will operate on the subresource of the requested object.',
    },
  ],
  *run(kubectl, args) {
    const subresource = args.string('subresource') || undefined;
    const found = yield* find(kubectl, selectionOf(args, { bareTypes: true, latest: true, read: { subresource } }));
    throwAll(found.errors);
    if (found.infos.length === 0) throw new CommandError('edit cancelled, no objects found');
    const write: WriteOptions = {
      fieldManager: args.string('field-manager'),
      fieldValidation: fieldValidationOf(args),
      subresource,
    };
    const asJson = outputFormat(args).format === 'json';
    const printer =
      outputFormat(args).format === '' || asJson ? changePrinterOf(kubectl) : changePrinter(kubectl, args, 'edited');
    const shown = found.infos.map((i) => withoutManagedFields(i.object));
    const document = shown.length === 1 ? shown[0] : { apiVersion: 'v1', kind: 'List', metadata: {}, items: shown };
    const before = asJson ? toJson(document) : toYaml(document);
    const edited = yield* runEditor(kubectl, asJson ? before : EDIT_HEADER + before, asJson ? '.json' : '.yaml');
    const after = stripComments(edited.text);
    const drop = () => kubectl.process.host.fs.unlink(edited.path);
    if (after.trim() === '') {
      drop();
      throw new CommandError('Edit cancelled, saved file was empty.');
    }
    if (after.trimEnd() === before.trimEnd()) {
      drop();
      kubectl.line('Edit cancelled, no changes made.');
      return;
    }
    try {
      yield* saveEdited(kubectl, found.infos, parseYaml(after), write, printer);
      drop();
    } catch (error) {
      const { text } = report(error as Error);
      kubectl.process.stderr.write(text);
      kubectl.warn(`A copy of your changes has been stored to "${edited.path}"`);
      throw new CommandError('Edit cancelled, no valid changes were saved.');
    }
  },
};

const stripComments = (text: string) =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');

const changePrinterOf = (kubectl: Kubectl): Printer => ({
  print: (object) => kubectl.line(`${objectName(object)} edited`),
});

function* saveEdited(kubectl: Kubectl, infos: Info[], value: YamlValue, write: WriteOptions, printer: Printer): Co {
  const root = value as unknown as KubeObject;
  const objects: KubeObject[] = root?.kind === 'List' ? root.items : [root];
  const errors: Error[] = [];
  for (const object of objects) {
    const info = infos.find(
      (i) =>
        i.object.kind === object?.kind &&
        i.name === object.metadata?.name &&
        i.namespace === (object.metadata.namespace ?? ''),
    );
    if (!info) throw new CommandError('at least one of apiVersion, kind and name was changed');
    const { type, patch } = twoWayPatch(info.mapping, withoutManagedFields(info.object), object as Record<string, any>);
    if (Object.keys(patch).length === 0) {
      kubectl.line(`${objectName(info.object)} skipped`);
      continue;
    }
    try {
      printer.print(yield* patchObject(kubectl, info.mapping, info.namespace, info.name, type, patch, write));
    } catch (error) {
      errors.push(error as Error);
    }
  }
  throwAll(errors);
}
