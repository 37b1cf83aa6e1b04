// kubectl edit: objects as YAML in the user's editor, and what was changed as a patch. The editor is a command of the
// machine that kubectl runs on ($KUBE_EDITOR, $EDITOR, vi), run through its shell.

import type { Process } from '../../linux/types.ts';
import type { Co } from '../../sim/index.ts';
import { CommandError, throwAll } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { changePrinter } from '../output/printers.ts';
import { find, selectionOf } from '../resource/builder.ts';
import { createObject } from '../resource/rest.ts';
import { dryRunOf, fieldValidationOf } from '../write-flags.ts';
import { toYaml } from '../yaml/emit.ts';
import { parseYaml } from '../yaml/parse.ts';

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
        : yield* createObject(kubectl, info.mapping, info.namespace, object, { dryRun, fieldManager: 'kubectl-create', fieldValidation: fieldValidationOf(args) }),
    );
  }
}

export const EDIT_HEADER = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`;
