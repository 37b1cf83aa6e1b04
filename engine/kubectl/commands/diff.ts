// kubectl diff: what apply would change, found out by a dry run on the server.

import { formatTime } from '../../api/time.ts';
import type { KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, isNotFound, report } from '../errors.ts';
import type { Mapping } from '../discovery.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { withoutManagedFields } from '../output/printers.ts';
import { unifiedDiff } from '../output/unified-diff.ts';
import { threeWayPatch } from '../patch/three-way.ts';
import { FILENAME_FLAGS, type Info, SELECTOR_FLAG, find, hasFiles, selectionOf } from '../resource/builder.ts';
import { createObject, getObject, patchObject } from '../resource/rest.ts';
import { LAST_APPLIED, fieldManagerFlag, lastAppliedOf } from '../write-flags.ts';
import { toYaml } from '../yaml/emit.ts';
import { checkAllowlist, eachPrunable } from './apply/prune.ts';

export const diff: Command = {
  name: 'diff',
  short: 'Diff the live version against a would-be applied version',
  group: 'Advanced Commands',
  usage: '-f FILENAME',
  flags: [
    ...FILENAME_FLAGS,
    SELECTOR_FLAG,
    fieldManagerFlag('kubectl-client-side-apply'),
    {
      name: 'force-conflicts',
      type: 'bool',
      usage: 'If true, server-side apply will force the changes against conflicts.',
    },
    {
      name: 'concurrency',
      type: 'int',
      default: 1,
      usage: 'Number of objects to process in parallel; the order of the output does not depend on it.',
    },
    { name: 'prune', type: 'bool', usage: 'Include resources that would be deleted by pruning.' },
    {
      name: 'prune-allowlist',
      type: 'array',
      usage: 'Overwrite the default allowlist with <group/version/kind> for --prune',
    },
    { name: 'server-side', type: 'bool', usage: 'If true, apply runs in the server instead of the client.' },
    { name: 'show-managed-fields', type: 'bool', usage: 'If true, include managed fields in the diff.' },
  ],
  *run(kubectl, args): Co<number> {
    try {
      if (!hasFiles(selectionOf(args))) throw new CommandError('must specify one of -f and -k');
      return yield* compareAll(kubectl, args);
    } catch (error) {
      // 1 means "there are differences": failures are more than that.
      const { text, code } = report(error as Error);
      kubectl.process.stderr.write(text);
      return code + 1;
    }
  },
};

/** One file of the two directories that are compared. */
interface Pair {
  name: string;
  before: string;
  after: string;
}

function* compareAll(kubectl: Kubectl, args: Args): Co<number> {
  checkAllowlist(args);
  // What would be pruned is shown as it is, with its managed fields.
  if (args.bool('prune')) kubectl.wantsManagedFields = true;
  const found = yield* find(kubectl, selectionOf(args, { args: [] }));
  if (found.errors.length) throw found.errors[0];
  const pairs: Pair[] = [];
  const kept = new Set<string | undefined>();
  const namespaces = new Set<string>();
  for (const info of found.infos) {
    const current = yield* currentOf(kubectl, info);
    const wanted = yield* mergedOf(kubectl, args, info, current);
    const [before, after] = masked(info, args, current, wanted);
    pairs.push({ name: fileName(info.mapping, info.namespace, info.name), before, after });
    if (current) kept.add(current.metadata.uid);
    if (info.mapping.namespaced) namespaces.add(info.namespace);
  }
  if (args.bool('prune')) {
    // eslint-disable-next-line require-yield
    yield* eachPrunable(kubectl, args, namespaces, kept, function* (object, mapping, namespace) {
      const name = fileName(mapping, namespace, object.metadata.name as string);
      pairs.push({ name, before: toYaml(object), after: '' });
    });
  }
  return show(kubectl, pairs);
}

function fileName({ group, version, kind }: Mapping, namespace: string, name: string): string {
  return `${group ? group + '.' : ''}${version}.${kind}.${namespace}.${name}`;
}

/** As `diff -u -N` of two directories; 1 when there are differences. */
function show(kubectl: Kubectl, pairs: Pair[]): number {
  const random = kubectl.process.host.sim.random('kubectl-diff');
  const live = `/tmp/LIVE-${random.int(4e9)}`;
  const merged = `/tmp/MERGED-${random.int(4e9)}`;
  const time = formatTime(kubectl.now).replace('T', ' ').replace('Z', '.000000000 +0000');
  let different = 0;
  for (const { name, before, after } of pairs.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const hunks = unifiedDiff(before, after);
    if (!hunks) continue;
    different = 1;
    kubectl.out(
      `diff -u -N ${live}/${name} ${merged}/${name}\n--- ${live}/${name}\t${time}\n+++ ${merged}/${name}\t${time}\n${hunks}`,
    );
  }
  return different;
}

function* currentOf(kubectl: Kubectl, info: Info): Co<KubeObject | undefined> {
  try {
    return yield* getObject(kubectl, info.mapping, info.namespace, info.name);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function* mergedOf(kubectl: Kubectl, args: Args, info: Info, current: KubeObject | undefined): Co<KubeObject> {
  const { mapping, namespace, name } = info;
  const options = { dryRun: 'server' as const, fieldManager: args.string('field-manager') };
  if (args.bool('server-side')) {
    const fieldManager = args.changed('field-manager') ? options.fieldManager : 'kubectl';
    return yield* patchObject(kubectl, mapping, namespace, name, 'apply', info.object, {
      ...options,
      fieldManager,
      force: args.bool('force-conflicts'),
    });
  }
  if (!current) return yield* createObject(kubectl, mapping, namespace, info.object, options);
  const applied = (current.metadata.annotations as Record<string, string> | undefined)?.[LAST_APPLIED];
  const { type, patch } = threeWayPatch(
    mapping,
    applied ? (JSON.parse(applied) as Record<string, unknown>) : {},
    JSON.parse(lastAppliedOf(info.object)),
    current,
  );
  if (Object.keys(patch).length === 0) return current;
  return yield* patchObject(kubectl, mapping, namespace, name, type, patch, options);
}

/** The two texts; what a Secret holds is not shown, only whether it changed. */
function masked(info: Info, args: Args, current: KubeObject | undefined, wanted: KubeObject): [string, string] {
  let [before, after] = [current && shown(current, args), shown(wanted, args)];
  if (info.mapping.kind === 'Secret' && info.mapping.group === '') {
    const old = (before?.data ?? {}) as Record<string, string>;
    const now = (after.data ?? {}) as Record<string, string>;
    const hide = (data: Record<string, string>, other: Record<string, string>, word: string) => {
      const out: Record<string, string> = {};
      for (const key in data) out[key] = other[key] === undefined || other[key] === data[key] ? '***' : `*** (${word})`;
      return out;
    };
    if (before) before = { ...before, data: hide(old, now, 'before') };
    after = { ...after, data: hide(now, old, 'after') };
  }
  return [before ? toYaml(before) : '', toYaml(after)];
}

const shown = (object: KubeObject, args: Args): KubeObject =>
  args.bool('show-managed-fields') ? object : (withoutManagedFields(object) as KubeObject);
