// kubectl taint: puts taints on nodes and takes them off.

import type { Taint } from '../../api/types.ts';
import { isQualifiedName, isValidLabelValue } from '../../api/validation/names.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { BareError, CommandError, throwAll, usageError } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { PRINT_FLAGS, changePrinter } from '../output/printers.ts';
import { type Info, SELECTOR_FLAG, find } from '../resource/builder.ts';
import { patchObject } from '../resource/rest.ts';
import { DRY_RUN_FLAG, VALIDATE_FLAG, dryRunOf, fieldManagerFlag, fieldValidationOf } from '../write-flags.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

interface Removal {
  key: string;
  /** '' means any. */
  effect: string;
}

export const taint: Command = {
  name: 'taint',
  typed: true,
  short: 'Update the taints on one or more nodes',
  group: 'Cluster Management Commands',
  usage: 'NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N',
  flags: [
    SELECTOR_FLAG,
    DRY_RUN_FLAG,
    VALIDATE_FLAG,
    ...PRINT_FLAGS,
    fieldManagerFlag('kubectl-taint'),
    { name: 'all', type: 'bool', usage: 'Select all nodes in the cluster' },
    {
      name: 'overwrite',
      type: 'bool',
      usage: 'If true, allow taints to be overwritten, otherwise reject taint updates that overwrite existing taints.',
    },
  ],
  *run(kubectl, args) {
    const { resources, specs } = split(args.args);
    let changes: { add: Taint[]; remove: Removal[] };
    try {
      changes = readTaints(specs);
    } catch (error) {
      throw usageError(kubectl.path, (error as Error).message);
    }
    yield* check(kubectl, args, resources, changes);
    const selector = args.string('selector');
    const found = yield* find(kubectl, {
      args: args.bool('all') || selector ? ['node'] : ['node', ...resources.slice(1)],
      selector,
      all: args.bool('all'),
      latest: true,
    });
    const { errors } = found;
    for (const info of found.infos) {
      try {
        yield* change(kubectl, args, info, changes);
      } catch (error) {
        errors.push(error as Error);
      }
    }
    throwAll(errors);
  },
};

function split(words: readonly string[]): { resources: string[]; specs: string[] } {
  const resources: string[] = [];
  const specs: string[] = [];
  for (const word of words) {
    if (/[=:]|-$/.test(word)) specs.push(word);
    else if (specs.length) throw new CommandError(`all resources must be specified before taint changes: ${word}`);
    else resources.push(word);
  }
  if (resources.length === 0) throw new CommandError('one or more resources must be specified as <resource> <name>');
  if (specs.length === 0) throw new CommandError('at least one taint update is required');
  return { resources, specs };
}

function readTaints(specs: readonly string[]): { add: Taint[]; remove: Removal[] } {
  const add: Taint[] = [];
  const remove: Removal[] = [];
  for (const spec of specs) {
    if (spec.endsWith('-')) {
      const { key, effect } = readTaint(spec.slice(0, -1));
      remove.push({ key, effect });
      continue;
    }
    const taint = readTaint(spec);
    if (!taint.effect) throw new CommandError(`invalid taint spec: ${spec}`);
    if (add.some((other) => same(other, taint))) {
      const { key, value = '', effect } = taint;
      throw new CommandError(`duplicated taints with the same key and effect: {${key} ${value} ${effect} <nil>}`);
    }
    add.push(taint);
  }
  return { add, remove };
}

/** key, key:effect, key=value:effect */
function readTaint(spec: string): Taint & { effect: string } {
  const parts = spec.split(':');
  if (parts.length > 2) throw new CommandError(`invalid taint spec: ${spec}`);
  const [left, effect = ''] = parts;
  let key = left;
  let value: string | undefined;
  if (parts.length === 2) {
    if (!EFFECTS.includes(effect)) throw new CommandError(`invalid taint effect: ${effect}, unsupported taint effect`);
    const pair = left.split('=');
    if (pair.length > 2) throw new CommandError(`invalid taint spec: ${spec}`);
    [key, value] = pair;
    refuse(spec, isValidLabelValue(value ?? ''));
  }
  refuse(spec, isQualifiedName(key));
  return value ? { key, value, effect } : { key, effect };
}

function refuse(spec: string, faults: readonly string[]) {
  if (faults.length) throw new CommandError(`invalid taint spec: ${spec}, ${faults.join('; ')}`);
}

const same = (a: Taint, b: Taint) => a.key === b.key && a.effect === b.effect;
const removes = (removal: Removal, taint: Taint) =>
  removal.key === taint.key && (!removal.effect || removal.effect === taint.effect);

function* check(
  kubectl: Kubectl,
  args: Args,
  resources: readonly string[],
  { add, remove }: { add: Taint[]; remove: Removal[] },
): Co {
  const conflicts = add.flatMap((taint) => remove.filter((removal) => removes(removal, taint)));
  if (conflicts.length) {
    const list = conflicts.map(({ key, effect }) => `${key}=${effect}`).join(', ');
    throw new CommandError(`can not both modify and remove the following taint(s) in the same command: ${list}`);
  }
  const [type] = resources;
  const mapping = yield* kubectl.discover((discovery) => discovery.find(type));
  if (!mapping) throw new BareError(`the server doesn't have a resource type "${type}"`);
  if (mapping.kind !== 'Node') throw new CommandError(`invalid resource type ${type}, only node types are supported`);
  if (args.bool('all') && args.string('selector'))
    throw new CommandError("setting 'all' parameter with a non empty selector is prohibited");
  if (resources.length < 2 && !args.bool('all') && !args.string('selector'))
    throw new CommandError("at least one resource name must be specified since 'all' parameter is not set");
}

function* change(
  kubectl: Kubectl,
  args: Args,
  { mapping, name, object }: Info,
  { add, remove }: { add: Taint[]; remove: Removal[] },
): Co {
  const old: Taint[] = object.spec?.taints ?? [];
  const overwrite = args.bool('overwrite');
  const taken = add.filter((taint) => old.some((other) => same(other, taint)));
  if (taken.length && !overwrite) {
    const keys = taken.map((taint) => taint.key).join(',');
    throw new CommandError(`node ${name} already has ${keys} taint(s) with same effect(s) and --overwrite is false`);
  }
  const all = [...add, ...old.filter((taint) => !add.some((other) => same(other, taint)))];
  const missing = remove.filter((removal) => !all.some((taint) => removes(removal, taint)));
  throwAll(missing.map(({ key, effect }) => new CommandError(`taint "${key}${effect ? `:${effect}` : ''}" not found`)));
  const taints = all.filter((taint) => !remove.some((removal) => removes(removal, taint)));
  const added = all.length !== old.length;
  const operation = overwrite || (added && remove.length) ? 'modified' : added ? 'tainted' : 'untainted';
  const dryRun = dryRunOf(args);
  const patched =
    dryRun === 'client'
      ? { ...object, spec: { ...object.spec, taints: taints.length ? taints : undefined } }
      : yield* patchObject(
          kubectl,
          mapping,
          '',
          name,
          'strategic',
          { spec: { taints: taints.length ? taints : null } },
          { dryRun, fieldManager: args.string('field-manager'), fieldValidation: fieldValidationOf(args) },
        );
  // Nothing tells a dry run here.
  changePrinter(kubectl, args, operation).print(patched);
}
