// kubectl patch: a strategic, merge or JSON patch as the user wrote it.

import { jsonPatch } from '../../apiserver/patch/json-patch.ts';
import { mergePatch } from '../../apiserver/patch/merge-patch.ts';
import { strategicMerge } from '../../apiserver/patch/strategic-merge.ts';
import type { KubeObject } from '../../api/types.ts';
import type { Command } from '../command.ts';
import type { Mapping } from '../discovery.ts';
import { CommandError, quote, throwAll } from '../errors.ts';
import { builtinScheme } from '../kubectl.ts';
import { compactJson } from '../../api/go-json.ts';
import { PRINT_FLAGS, changePrinter } from '../output/printers.ts';
import { deepEqual } from '../patch/three-way.ts';
import { FILENAME_FLAGS, find, selectionOf } from '../resource/builder.ts';
import { type PatchType, patchObject } from '../resource/rest.ts';
import { DRY_RUN_FLAG, dryRunOf, fieldManagerFlag } from '../write-flags.ts';
import { YamlError, parseYaml } from '../yaml/parse.ts';

const TYPES = ['json', 'merge', 'strategic'];

export const patch: Command = {
  name: 'patch',
  short: 'Update fields of a resource',
  group: 'Advanced Commands',
  usage: '(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]',
  examples: [
    `kubectl patch node worker-1 -p '{"spec":{"unschedulable":true}}'`,
    `kubectl patch pod web --type=json -p='[{"op": "replace", "path": "/spec/containers/0/image", "value":"nginx:1.27"}]'`,
  ],
  flags: [
    ...FILENAME_FLAGS,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    fieldManagerFlag('kubectl-patch'),
    {
      name: 'local',
      type: 'bool',
      usage: 'If true, patch will operate on the content of the file, not the server-side resource.',
    },
    { name: 'patch', short: 'p', type: 'string', usage: 'The patch to be applied to the resource JSON file.' },
    { name: 'patch-file', type: 'string', usage: 'A file containing a patch to be applied to the resource.' },
    {
      name: 'subresource',
      type: 'string',
      usage: 'If specified, patch will operate on the subresource of the requested object.',
    },
    {
      name: 'type',
      type: 'string',
      default: 'strategic',
      usage: 'The type of patch being provided; one of [json merge strategic]',
    },
  ],
  *run(kubectl, args) {
    const text = args.string('patch');
    const file = args.string('patch-file');
    if (text && file) throw new CommandError('cannot specify --patch and --patch-file together');
    if (!text && !file)
      throw new CommandError('must specify --patch or --patch-file containing the contents of the patch');
    const type = args.string('type').toLowerCase();
    if (!TYPES.includes(type))
      throw new CommandError(`--type must be one of [${TYPES.join(' ')}], not ${JSON.stringify(args.string('type'))}`);
    if (args.bool('local') && dryRunOf(args) === 'server')
      throw new CommandError('cannot specify --local and --dry-run=server - did you mean --dry-run=client?');
    if (file && !kubectl.fs.exists(file))
      throw new CommandError(`unable to read patch file: open ${file}: no such file or directory`);
    const dryRun = dryRunOf(args);
    const body = read(file ? kubectl.fs.readFile(file) : text, args.bool('local') || dryRun === 'client');
    const found = yield* find(kubectl, selectionOf(args, { latest: !args.bool('local') }));
    if (found.infos.length === 0) throwAll(found.errors);
    if (found.infos.length === 0) throw new CommandError('no resources found');
    for (const { mapping, namespace, name, object } of found.infos) {
      const local = args.bool('local') || dryRun === 'client';
      const patched = local
        ? applied(mapping, type as PatchType, object, body)
        : yield* patchObject(kubectl, mapping, namespace, name, type as PatchType, body as string, {
            dryRun,
            fieldManager: args.string('field-manager'),
            subresource: args.string('subresource') || undefined,
          });
      const changed = dryRun === 'server' || !deepEqual(patched, object);
      changePrinter(
        kubectl,
        args,
        changed ? 'patched' : 'patched (no change)',
        args.bool('local') || dryRun === 'server' ? 'none' : dryRun,
      ).print(patched);
    }
    throwAll(found.errors);
  },
};

/** What begins like JSON goes to the server as it is, which then says what is wrong with it. */
function read(text: string, local: boolean): unknown {
  const json = /^\s*\{/.test(text);
  try {
    if (local) return parseYaml(text);
    return json ? text : compactJson(parseYaml(text));
  } catch (error) {
    if (error instanceof YamlError)
      throw new CommandError(json ? 'invalid JSON document' : `unable to parse ${quote(text)}: ${error.message}`);
    throw error;
  }
}

function applied(mapping: Mapping, type: PatchType, object: KubeObject, body: unknown): KubeObject {
  if (type === 'json') {
    try {
      return jsonPatch(object, body as never) as KubeObject;
    } catch (error) {
      const key = /doc is missing key: (.*)/s.exec((error as Error).message)?.[1];
      throw key === undefined ? error : new CommandError(`Object to be patched is missing field (${key})`);
    }
  }
  const scheme = builtinScheme();
  const info = scheme.kind(mapping.group, mapping.version, mapping.kind);
  if (type === 'merge') return mergePatch(object, body) as KubeObject;
  if (!info)
    throw new CommandError(
      `strategic merge patch is not supported for ${mapping.groupVersion}, Kind=${mapping.kind} locally, try --type merge`,
    );
  return strategicMerge(scheme, info, object, body as Record<string, unknown>) as KubeObject;
}
