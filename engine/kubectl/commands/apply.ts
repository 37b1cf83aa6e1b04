// kubectl apply: makes the server's objects be what the files say, by a three-way patch on the client or by server-side
// apply; --prune removes what the files no longer say (apply/prune.ts).

import type { KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import type { Mapping } from '../discovery.ts';
import {
  CommandError,
  StatusError,
  addSource,
  isConflict,
  isNotFound,
  quote,
  throwAll,
  usageError,
} from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { compactJson } from '../../api/go-json.ts';
import { type DryRun, PRINT_FLAGS, changePrinter, outputFormat, outputPrinter } from '../output/printers.ts';
import { threeWayPatch } from '../patch/three-way.ts';
import { FILENAME_FLAGS, type Info, SELECTOR_FLAG, find, hasFiles, selectionOf } from '../resource/builder.ts';
import { type WriteOptions, createObject, deleteObject, getObject, patchObject } from '../resource/rest.ts';
import { A_WEEK, waitForDeletion } from '../resource/waiting.ts';
import {
  DRY_RUN_FLAG,
  LAST_APPLIED,
  VALIDATE_FLAG,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  withLastApplied,
} from '../write-flags.ts';
import { applySetOf } from './apply/applyset.ts';
import { lastAppliedCommands } from './apply/last-applied.ts';
import { migrate } from './apply/migrate.ts';
import { checkPrune, prune } from './apply/prune.ts';
import { DELETE_FLAGS, cascadeOf } from './delete.ts';

const CLIENT_MANAGER = 'kubectl-client-side-apply';
const SERVER_MANAGER = 'kubectl';

export const apply: Command = {
  name: 'apply',
  short: 'Apply a configuration to a resource by file name or stdin',
  group: 'Advanced Commands',
  usage: '(-f FILENAME | -k DIRECTORY)',
  examples: [
    'kubectl apply -f ./pod.yaml',
    'kubectl apply -k dir/',
    'cat pod.json | kubectl apply -f -',
    'kubectl apply --server-side -f web.yaml',
  ],
  commands: lastAppliedCommands,
  flags: [
    ...FILENAME_FLAGS,
    SELECTOR_FLAG,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    VALIDATE_FLAG,
    ...DELETE_FLAGS.map((f) => (f.name === 'wait' ? { ...f, default: false } : f)),
    fieldManagerFlag(CLIENT_MANAGER),
    { name: 'all', type: 'bool', usage: 'Select all resources in the namespace of the specified resource types.' },
    {
      name: 'applyset',
      type: 'string',
      hidden: true,
      usage: '[alpha] The name of the ApplySet that tracks which resources are being managed, [RESOURCE][.GROUP]/NAME.',
    },
    {
      name: 'force-conflicts',
      type: 'bool',
      usage: 'If true, server-side apply will force the changes against conflicts.',
    },
    {
      name: 'openapi-patch',
      type: 'bool',
      default: true,
      usage: 'If true, use openapi to calculate diff when the openapi presents and the resource can be found in it.',
    },
    {
      name: 'overwrite',
      type: 'bool',
      default: true,
      usage:
        'Automatically resolve conflicts between the modified and live configuration by using values from the modified configuration',
    },
    {
      name: 'prune',
      type: 'bool',
      usage:
        'Automatically delete resource objects, that do not appear in the configs and are created by either apply or create --save-config.',
    },
    {
      name: 'prune-allowlist',
      type: 'array',
      usage: 'Overwrite the default allowlist with <group/version/kind> for --prune',
    },
    { name: 'server-side', type: 'bool', usage: 'If true, apply runs in the server instead of the client.' },
    {
      name: 'subresource',
      type: 'string',
      usage:
        'If specified, apply will operate on the subresource of the requested object. Only allowed when using --server-side.',
    },
  ],
  *run(kubectl, args) {
    if (args.args.length) throw usageError(kubectl.path, `Unexpected args: [${args.args.join(' ')}]`);
    if (!hasFiles(selectionOf(args))) throw new CommandError('must specify one of -f and -k');
    const run = settings(kubectl, args);
    if (!args.bool('overwrite'))
      throw new CommandError(
        '--overwrite=false is not possible here: what differs between the file and the live object is always taken from the file',
      );
    if (args.bool('prune') && args.bool('force')) throw new CommandError('--force cannot be used with --prune');
    const set = yield* applySetOf(kubectl, args);
    if (args.bool('prune') && !set) checkPrune(args);
    const found = yield* find(
      kubectl,
      selectionOf(args, { args: [], all: false, validate: run.write.fieldValidation !== 'Ignore' }),
    );
    const errors: Error[] = [];
    if (found.infos.length === 0 && found.errors.length === 0) throw new CommandError('no objects passed to apply');
    const applied: Applied[] = [];
    const infos = set ? yield* set.begin(found.infos, run.dryRun) : found.infos;
    for (const info of infos) {
      try {
        const one = run.serverSide
          ? yield* applyOnServer(kubectl, run, info)
          : yield* applyOnClient(kubectl, run, info);
        applied.push(one);
        if (!run.printObjects) changePrinter(kubectl, args, one.operation, run.dryRun).print(one.object);
      } catch (error) {
        errors.push(error as Error);
      }
    }
    if (run.printObjects && applied.length) {
      const printer = outputPrinter(kubectl, args);
      const objects = applied.map((a) => a.object);
      kubectl.typed = objects.length > 1;
      printer.print(
        objects.length === 1 ? objects[0] : { apiVersion: 'v1', kind: 'List', metadata: {}, items: objects },
      );
      printer.end?.();
    }
    errors.push(...found.errors);
    if (errors.length === 0 && args.bool('prune')) {
      const objects = applied.map((a) => a.object);
      if (set) yield* set.prune(args, objects, run.dryRun);
      else yield* prune(kubectl, args, objects, run.dryRun);
    }
    throwAll(errors);
  },
};

interface Applied {
  object: KubeObject;
  /** created, configured, unchanged, serverside-applied */
  operation: string;
}

interface Settings {
  args: Args;
  dryRun: DryRun;
  write: WriteOptions;
  serverSide: boolean;
  printObjects: boolean;
}

function settings(kubectl: Kubectl, args: Args): Settings {
  const serverSide = args.bool('server-side');
  // What server-side apply answers says whose the fields are.
  if (serverSide) kubectl.wantsManagedFields = true;
  const dryRun = dryRunOf(args);
  if (args.bool('force-conflicts') && !serverSide)
    throw new CommandError('--force-conflicts only works with --server-side');
  if (dryRun === 'client' && serverSide)
    throw new CommandError("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
  if (args.string('subresource') && !serverSide)
    throw new CommandError('--subresource can only be specified for --server-side');
  if (args.bool('force') && serverSide) throw new CommandError('--force cannot be used with --server-side');
  if (args.bool('force') && dryRun === 'server') throw new CommandError('--dry-run=server cannot be used with --force');
  cascadeOf(kubectl, args);
  const fieldManager = args.changed('field-manager') || !serverSide ? args.string('field-manager') : SERVER_MANAGER;
  const { format } = outputFormat(args);
  return {
    args,
    dryRun,
    serverSide,
    printObjects: format !== '' && format !== 'name',
    write: {
      dryRun,
      fieldManager,
      fieldValidation: fieldValidationOf(args),
      subresource: args.string('subresource') || undefined,
    },
  };
}

function* applyOnServer(kubectl: Kubectl, run: Settings, info: Info): Co<Applied> {
  try {
    const force = run.args.bool('force-conflicts');
    const { mapping, namespace, name } = info;
    const send = () => patchObject(kubectl, mapping, namespace, name, 'apply', info.object, { ...run.write, force });
    const object = yield* migrate(kubectl, info, yield* send(), run.write, send);
    return { object, operation: 'serverside-applied' };
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw new CommandError(`${(error as Error).message}\n${CONFLICT_ADVICE}`);
  }
}

const CONFLICT_ADVICE = `Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`;

function* applyOnClient(kubectl: Kubectl, run: Settings, info: Info): Co<Applied> {
  const { mapping, namespace, name } = info;
  const { generateName } = info.object.metadata as { generateName?: string };
  if (!name && generateName) throw new CommandError(`from ${generateName}: cannot use generate name with apply`);
  let current: KubeObject;
  try {
    current = yield* getObject(kubectl, mapping, namespace, name);
  } catch (error) {
    if (!isNotFound(error)) throw source(error, 'retrieving current configuration of:', info);
    const object = withLastApplied(info.object);
    if (run.dryRun === 'client') return { object, operation: 'created' };
    try {
      return { object: yield* createObject(kubectl, mapping, namespace, object, run.write), operation: 'created' };
    } catch (failure) {
      throw addSource('creating', info.source, failure);
    }
  }
  if (run.dryRun === 'client') return { object: current, operation: 'configured' };
  const annotations = current.metadata.annotations as Record<string, string> | undefined;
  if (annotations?.[LAST_APPLIED] === undefined) {
    kubectl.warn(
      `Warning: resource ${mapping.resource}/${name} is missing the ${LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.`,
    );
  }
  return yield* patchUntilNoConflict(kubectl, run, info, current);
}

/** Somebody else may write between our read and our patch when the file names a resourceVersion; kubectl tries five times. */
function* patchUntilNoConflict(kubectl: Kubectl, run: Settings, info: Info, first: KubeObject): Co<Applied> {
  const { mapping, namespace, name } = info;
  let current = first;
  for (let attempt = 0; ; attempt++) {
    const { type, patch } = patchFor(mapping, info.object, current);
    if (isEmpty(patch)) return { object: current, operation: 'unchanged' };
    try {
      const object = yield* patchObject(kubectl, mapping, namespace, name, type, patch, run.write);
      if (object.metadata.deletionTimestamp) {
        kubectl.warn(`Warning: Detected changes to resource ${name} which is currently being deleted.`);
      }
      return { object, operation: 'configured' };
    } catch (error) {
      if (isConflict(error) && attempt < 5) {
        if (attempt > 1) yield 1000;
        current = yield* getObject(kubectl, mapping, namespace, name);
        continue;
      }
      const invalid = error instanceof StatusError && (error.reason === 'Invalid' || error.reason === 'Conflict');
      if (invalid && run.args.bool('force')) return yield* recreate(kubectl, run, info, current);
      throw source(error, `applying patch:\n${compactJson(patch)}\nto:`, info);
    }
  }
}

const isEmpty = (patch: object) => Object.keys(patch).length === 0;

/** The patch from what was applied last, what is in the file and what is live. */
export function patchFor(mapping: Mapping, wanted: KubeObject, current: KubeObject) {
  const applied = (current.metadata.annotations as Record<string, string> | undefined)?.[LAST_APPLIED];
  const modified = withLastApplied(wanted);
  return threeWayPatch(mapping, applied ? (JSON.parse(applied) as Record<string, unknown>) : {}, modified, current);
}

/** --force: what cannot be changed is deleted and made anew. */
function* recreate(kubectl: Kubectl, run: Settings, info: Info, current: KubeObject): Co<Applied> {
  const { mapping, namespace, name } = info;
  const seconds = run.args.int('grace-period');
  const propagationPolicy = cascadeOf(kubectl, run.args);
  yield* deleteObject(kubectl, mapping, namespace, name, {
    propagationPolicy,
    gracePeriodSeconds: seconds < 0 ? undefined : seconds,
  });
  yield* waitForDeletion(
    kubectl,
    mapping,
    namespace,
    name,
    current.metadata.uid,
    run.args.duration('timeout') || A_WEEK,
  );
  return {
    object: yield* createObject(kubectl, mapping, namespace, withLastApplied(info.object), run.write),
    operation: 'configured',
  };
}

/** Names the object and the file in an error of the server. */
function source(error: unknown, doing: string, info: Info): Error {
  if (!(error instanceof StatusError || error instanceof CommandError)) return error as Error;
  const { mapping } = info;
  const gv = mapping.group ? mapping.groupVersion : `/${mapping.version}`;
  const what = `Resource: "${gv}, Resource=${mapping.resource}", GroupVersionKind: "${gv}, Kind=${mapping.kind}"\nName: ${quote(info.name)}, Namespace: ${quote(info.namespace)}`;
  const file = doing.startsWith('retrieving') ? `from server for: ${quote(info.source)}` : `for: ${quote(info.source)}`;
  const message = `error when ${doing}\n${what}\n${file}: ${error.message}`;
  return error instanceof StatusError
    ? new StatusError({ ...error.status, message }, error.code)
    : new CommandError(message);
}
