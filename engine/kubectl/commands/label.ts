// kubectl label and kubectl annotate: keys set with key=value and removed with key-.

import { isValidLabelValue } from '../../api/validation/names.ts';
import type { KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, quote, throwAll } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { changePrinter } from '../output/printers.ts';
import {
  ALL_NAMESPACES_FLAG,
  FIELD_SELECTOR_FLAG,
  type Info,
  find,
  hasFiles,
  selectionOf,
} from '../resource/builder.ts';
import { patchObject } from '../resource/rest.ts';
import { dryRunOf } from '../write-flags.ts';
import { changeFlags } from './change.ts';

interface What {
  field: 'labels' | 'annotations';
  /** 'label', 'annotation' */
  word: string;
  verb: string;
  short: string;
}

const keyed = (what: What): Command => ({
  name: what.verb,
  short: what.short,
  group: 'Settings Commands',
  usage: '[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]',
  flags: [
    ...changeFlags(`kubectl-${what.verb}`),
    ALL_NAMESPACES_FLAG,
    FIELD_SELECTOR_FLAG,
    { name: 'list', type: 'bool', usage: `If true, display the ${what.field} for a given resource.` },
    {
      name: 'overwrite',
      type: 'bool',
      usage: `If true, allow ${what.field} to be overwritten, otherwise reject updates that overwrite existing ${what.field}.`,
    },
    {
      name: 'resource-version',
      type: 'string',
      usage: 'If non-empty, the update will only succeed if this is the current resource-version for the object.',
    },
  ],
  *run(kubectl, args) {
    const { resources, set, removed } = splitArguments(args.args, what);
    if (resources.length === 0 && !hasFiles(selectionOf(args)))
      throw new CommandError('one or more resources must be specified as <resource> <name> or <resource>/<name>');
    if (!args.bool('list') && set.size === 0 && removed.length === 0)
      throw new CommandError(`at least one ${what.word} update is required`);
    for (const flag of ['selector', 'field-selector'])
      if (args.bool('all') && args.string(flag))
        throw new CommandError(`cannot set --all and --${flag} at the same time`);
    const found = yield* find(
      kubectl,
      selectionOf(args, { args: resources, latest: !args.bool('local'), bareTypes: args.bool('list') }),
    );
    if (args.bool('list')) {
      throwAll(found.errors);
      list(kubectl, found.infos, what);
      return;
    }
    const errors: Error[] = found.errors;
    if (args.string('resource-version') && found.infos.length > 1)
      throw new CommandError('--resource-version may only be used with a single resource');
    for (const info of found.infos) {
      try {
        yield* change(kubectl, args, info, what, set, removed);
      } catch (error) {
        errors.push(error as Error);
      }
    }
    throwAll(errors);
  },
});

export const label = keyed({ field: 'labels', word: 'label', verb: 'label', short: 'Update the labels on a resource' });
export const annotate = keyed({
  field: 'annotations',
  word: 'annotation',
  verb: 'annotate',
  short: 'Update the annotations on a resource',
});

function splitArguments(args: readonly string[], what: What) {
  const resources: string[] = [];
  const set = new Map<string, string>();
  const removed: string[] = [];
  let inKeys = false;
  for (const arg of args) {
    const isKey = (arg.includes('=') && arg[0] !== '=') || (arg.endsWith('-') && arg !== '-');
    if (isKey) inKeys = true;
    else if (inKeys) throw new CommandError(`all resources must be specified before ${what.word} changes: ${arg}`);
    else resources.push(arg);
    if (!isKey) continue;
    const equals = arg.indexOf('=');
    if (equals >= 0) set.set(arg.slice(0, equals), arg.slice(equals + 1));
    else removed.push(arg.slice(0, -1));
  }
  for (const [key, value] of set) {
    if (removed.includes(key))
      throw new CommandError(
        what.word === 'label'
          ? 'can not both modify and remove a label in the same command'
          : `can not both modify and remove the following annotation(s) in the same command: ${key}`,
      );
    if (what.field !== 'labels') continue;
    if (value.includes('=')) throw new CommandError(`invalid label spec: ${key}=${value}`);
    const faults = isValidLabelValue(value);
    if (faults.length) throw new CommandError(`invalid label value: ${quote(`${key}=${value}`)}: ${faults.join(';')}`);
  }
  return { resources, set, removed };
}

function list(kubectl: Kubectl, infos: Info[], what: What) {
  for (const { object, mapping, name } of infos) {
    const pairs = (object.metadata[what.field] ?? {}) as Record<string, string>;
    const many = infos.length > 1;
    if (many) kubectl.line(`Listing ${what.field} for ${mapping.kind}.${mapping.group}/${name}:`);
    for (const key of Object.keys(pairs).sort()) kubectl.line(`${many ? ' ' : ''}${key}=${pairs[key]}`);
  }
}

function* change(
  kubectl: Kubectl,
  args: Args,
  info: Info,
  what: What,
  set: Map<string, string>,
  removed: string[],
): Co {
  const old = (info.object.metadata[what.field] ?? {}) as Record<string, string>;
  const local = args.bool('local');
  const dryRun = dryRunOf(args);
  if (!args.bool('overwrite') && !local) checkOverwrite(old, set, what);
  const patch: Record<string, string | null> = {};
  let added = false;
  let dropped = false;
  for (const [key, value] of set) {
    if (old[key] === value) continue;
    patch[key] = value;
    added = true;
  }
  for (const key of removed) {
    if (old[key] === undefined) {
      if (what.field === 'labels') kubectl.line(`label ${quote(key)} not found.`);
      continue;
    }
    patch[key] = null;
    dropped = true;
  }
  const operation =
    what.field === 'annotations' ? 'annotated' : added || local ? 'labeled' : dropped ? 'unlabeled' : 'not labeled';
  const printer = changePrinter(kubectl, args, operation, local ? 'none' : dryRun);
  const body: { metadata: Record<string, unknown> } = { metadata: { [what.field]: patch } };
  if (args.string('resource-version')) body.metadata.resourceVersion = args.string('resource-version');
  if (local || dryRun === 'client') printer.print(merged(info.object, what.field, patch));
  else if (!added && !dropped && !body.metadata.resourceVersion) printer.print(info.object);
  else {
    const options = { dryRun, fieldManager: args.string('field-manager') };
    printer.print(yield* patchObject(kubectl, info.mapping, info.namespace, info.name, 'merge', body, options));
  }
}

function checkOverwrite(old: Record<string, string>, set: Map<string, string>, what: What) {
  const taken: string[] = [];
  for (const [key, value] of set) {
    if (old[key] !== undefined && old[key] !== value) taken.push(`'${key}' already has a value (${old[key]})`);
  }
  if (taken.length === 0) return;
  if (what.field === 'labels') throw new CommandError(`${taken[0]}, and --overwrite is false`);
  throw new CommandError(`--overwrite is false but found the following declared annotation(s): ${taken.join('; ')}`);
}

function merged(object: KubeObject, field: 'labels' | 'annotations', patch: Record<string, string | null>): KubeObject {
  const pairs = { ...(object.metadata[field] as Record<string, string> | undefined) };
  for (const key in patch) {
    const value = patch[key];
    if (value === null) delete pairs[key];
    else pairs[key] = value;
  }
  return { ...object, metadata: { ...object.metadata, [field]: pairs } };
}
