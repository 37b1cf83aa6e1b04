// kubectl edit: objects as YAML in the user's editor, and what was changed as a patch. The editor is a command of the
// machine that kubectl runs on ($KUBE_EDITOR, $EDITOR, vi), run through its shell. What the server refuses is opened again.

import type { KubeObject } from '../../api/types.ts';
import type { Process } from '../../linux/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, Exit, StatusError, isNotFound, quote, throwAll } from '../errors.ts';
import type { Args, Flag } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { compactJson } from '../../api/go-json.ts';
import {
  type Printer,
  PRINT_FLAGS,
  changePrinter,
  checkEditOutput,
  objectName,
  outputFormat,
  toJson,
  withoutManagedFields,
} from '../output/printers.ts';
import { twoWayPatch } from '../patch/three-way.ts';
import { FILENAME_FLAGS, type Info, find, selectionOf } from '../resource/builder.ts';
import { type WriteOptions, createObject, patchObject } from '../resource/rest.ts';
import {
  SAVE_CONFIG_FLAG,
  VALIDATE_FLAG,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  withLastApplied,
} from '../write-flags.ts';
import { toYaml } from '../yaml/emit.ts';
import { type YamlValue, YamlError, parseYaml } from '../yaml/parse.ts';

export const LINE_ENDINGS_FLAG: Flag = {
  name: 'windows-line-endings',
  type: 'bool',
  usage: 'Lines of the file to edit end as on Windows.',
};

/** Lets the user edit `text`, in a new file or the one at `path`; the caller removes the file. */
export function* runEditor(
  kubectl: Kubectl,
  text: string,
  extension: string,
  windows = false,
): Co<{ text: string; path: string }> {
  const { process, fs } = kubectl;
  const { host } = process;
  const editor = process.env.KUBE_EDITOR || process.env.EDITOR || 'vi';
  const path = `/tmp/kubectl-edit-${host.sim.random('kubectl-edit').int(1e9)}${extension}`;
  if (!fs.exists('/tmp')) fs.mkdir('/tmp', { recursive: true });
  fs.writeFile(path, windows ? text.replaceAll('\n', '\r\n') : text);
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
  return { text: fs.readFile(path).replaceAll('\r\n', '\n'), path };
}

/** kubectl create --edit */
export function* editBeforeCreating(kubectl: Kubectl, args: Args): Co {
  const dryRun = dryRunOf(args);
  const found = yield* find(kubectl, selectionOf(args, { args: [], validate: true }));
  throwAll(found.errors);
  const printer = changePrinter(kubectl, args, 'created', dryRun);
  for (const info of found.infos) {
    const edited = yield* runEditor(
      kubectl,
      EDIT_HEADER + toYaml(info.object),
      '.yaml',
      args.bool('windows-line-endings'),
    );
    const object = parseYaml(edited.text) as typeof info.object | null;
    if (object === null) {
      kubectl.fs.unlink(edited.path);
      kubectl.warn('Edit cancelled, saved file was empty.');
      return;
    }
    try {
      printer.print(
        dryRun === 'client'
          ? object
          : yield* createObject(kubectl, info.mapping, info.namespace, object, {
              dryRun,
              fieldManager: 'kubectl-create',
              fieldValidation: fieldValidationOf(args),
            }),
      );
      kubectl.fs.unlink(edited.path);
    } catch (error) {
      kubectl.warn(`A copy of your changes has been stored to "${edited.path}"`);
      throw error;
    }
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
    ...PRINT_FLAGS,
    VALIDATE_FLAG,
    SAVE_CONFIG_FLAG,
    LINE_ENDINGS_FLAG,
    fieldManagerFlag('kubectl-edit'),
    { name: 'output-patch', type: 'bool', usage: 'Output the patch if the resource is edited.' },
    {
      name: 'subresource',
      type: 'string',
      usage: 'If specified, edit will operate on the subresource of the requested object.',
    },
  ],
  *run(kubectl, args) {
    const { format } = outputFormat(args);
    if (format && args.bool('output-patch'))
      throw new CommandError("the edit mode doesn't support output the patch with the given output format");
    checkEditOutput(args);
    const subresource = args.string('subresource') || undefined;
    const found = yield* find(kubectl, selectionOf(args, { bareTypes: true, latest: true, read: { subresource } }));
    throwAll(found.errors);
    if (found.infos.length === 0) throw new CommandError('edit cancelled, no objects found');
    const asJson = format === 'json';
    const shown = found.infos.map((i) => withoutManagedFields(i.object));
    const document = shown.length === 1 ? shown[0] : { apiVersion: 'v1', kind: 'List', metadata: {}, items: shown };
    const before = asJson ? toJson(document) : toYaml(document);
    const session: Session = {
      infos: found.infos,
      args,
      printer: changePrinter(kubectl, args, 'edited'),
      write: {
        fieldManager: args.string('field-manager'),
        fieldValidation: fieldValidationOf(args),
        subresource,
      },
    };
    let text = before;
    let failed: string | undefined;
    let reasons = '';
    for (;;) {
      const header = asJson ? '' : EDIT_HEADER + reasons;
      const extension = asJson ? '.json' : '.yaml';
      const edited = yield* runEditor(kubectl, header + text, extension, args.bool('windows-line-endings'));
      const after = withoutComments(edited.text);
      if (failed !== undefined && after === failed) {
        kubectl.warn(`A copy of your changes has been stored to "${edited.path}"`);
        throw new CommandError('Edit cancelled, no valid changes were saved.');
      }
      if (after.trimEnd() === withoutComments(before).trimEnd()) {
        kubectl.fs.unlink(edited.path);
        kubectl.warn('Edit cancelled, no changes made.');
        return;
      }
      reasons = yield* saved(kubectl, session, after, edited.path);
      if (!reasons) {
        kubectl.fs.unlink(edited.path);
        return;
      }
      [text, failed] = [after, after];
    }
  },
};

interface Session {
  infos: Info[];
  args: Args;
  write: WriteOptions;
  printer: Printer;
}

export const withoutComments = (text: string) =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');

/** Sends what was changed; returns comments that say what the user has to mend, or '' when all is well. */
function* saved(kubectl: Kubectl, session: Session, text: string, path: string): Co<string> {
  const [first] = session.infos;
  const broken = (message: string) => {
    kubectl.warn(`error: ${first.mapping.resource} ${quote(first.name)} is invalid`);
    const what = `${first.mapping.resource} ${quote(first.name)} was not valid:`;
    return `# ${what}\n# * <nil>: Invalid value: "The edited file failed validation": ${message}\n#\n`;
  };
  let value: YamlValue;
  try {
    value = parseYaml(text);
  } catch (error) {
    if (error instanceof YamlError) return broken(error.message);
    throw error;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return broken('invalid object to validate');
  const root = value as unknown as KubeObject;
  let reasons = '';
  let again = false;
  let gone = false;
  for (const object of (root.kind === 'List' ? root.items : [root]) as KubeObject[]) {
    const info = session.infos.find(
      (i) =>
        i.object.kind === object?.kind &&
        i.name === object.metadata?.name &&
        i.namespace === (object.metadata.namespace ?? ''),
    );
    if (!info) throw new CommandError('At least one of apiVersion, kind and name was changed');
    const named = `${info.mapping.resource} ${quote(info.name)}`;
    try {
      yield* saveOne(kubectl, session, info, object);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      if (error.reason === 'Invalid') {
        const causes = (error.status.details?.causes ?? []).map((c) => `# * ${c.field ?? ''}: ${c.message ?? ''}\n`);
        reasons += `# ${named} was not valid:\n${causes.join('')}#\n`;
        kubectl.warn(`error: ${named} is invalid`);
      } else if (isNotFound(error)) {
        gone = true;
        kubectl.warn(`error: ${named} could not be found on the server`);
      } else {
        again = true;
        kubectl.warn(`error: ${named} could not be patched: ${error.message}`);
      }
    }
  }
  if (again) kubectl.warn(`You can run \`kubectl replace -f ${path}\` to try this update again.`);
  else if (gone) kubectl.warn(`The edits you made on deleted resources have been saved to ${quote(path)}`);
  if (again || gone) throw new Exit(1);
  return reasons;
}

function* saveOne(kubectl: Kubectl, { args, write, printer }: Session, info: Info, object: KubeObject): Co {
  const wanted = args.bool('save-config') ? withLastApplied(object) : object;
  const { type, patch } = twoWayPatch(info.mapping, withoutManagedFields(info.object), wanted as Record<string, any>);
  if (Object.keys(patch).length === 0) {
    kubectl.line(`${objectName(info.object)} skipped`);
    return;
  }
  if (args.bool('output-patch')) kubectl.line(`Patch: ${compactJson(patch)}`);
  printer.print(yield* patchObject(kubectl, info.mapping, info.namespace, info.name, type, patch, write));
  printer.end?.();
}
