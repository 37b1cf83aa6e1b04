// The flags of commands that change something (--dry-run, --field-manager, --validate, --save-config), and what they mean.

import type { KubeObject } from '../api/types.ts';
import { CommandError, quote } from './errors.ts';
import type { Args, Flag } from './flags.ts';
import { typedJson } from '../api/go-order.ts';
import { compactJson } from '../api/go-json.ts';
import type { DryRun } from './output/printers.ts';

const ALONE = 'unchanged';
export const DRY_RUN_FLAG: Flag = {
  name: 'dry-run',
  type: 'string',
  default: 'none',
  alone: ALONE,
  usage:
    'Must be "none", "server", or "client". If client strategy, only print the object that would be sent, without sending it. If server strategy, submit server-side request without persisting the resource.',
};
export const VALIDATE_FLAG: Flag = {
  name: 'validate',
  type: 'string',
  default: 'strict',
  alone: 'strict',
  usage: 'Must be one of: strict (or true), warn, ignore (or false).',
};
export const SAVE_CONFIG_FLAG: Flag = {
  name: 'save-config',
  type: 'bool',
  usage: 'If true, the configuration of current object will be saved in its annotation.',
};
export const fieldManagerFlag = (manager: string): Flag => ({
  name: 'field-manager',
  type: 'string',
  default: manager,
  usage: 'Name of the manager used to track field ownership.',
});

/** What kubectl logs about flags in a form that it would rather not see. */
export function deprecations(args: Args): string[] {
  const alone = args.has('dry-run') && args.string('dry-run') === ALONE;
  return alone ? ['helpers.go:719] --dry-run is deprecated and can be replaced with --dry-run=client.'] : [];
}

export function dryRunOf(args: Args): DryRun {
  const value = args.string('dry-run');
  if (value === 'none' || value === 'client' || value === 'server') return value;
  if (value === ALONE) return 'client';
  throw new CommandError(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
}

/** Strict, Warn or Ignore, as the request's parameter. */
export function fieldValidationOf(args: Args): string {
  switch (args.string('validate')) {
    case 'true':
    case 'strict':
      return 'Strict';
    case 'warn':
      return 'Warn';
    case 'false':
    case 'ignore':
      return 'Ignore';
  }
  throw new CommandError(
    `invalid - validate option ${quote(args.string('validate'))}; must be one of: strict (or true), warn, ignore (or false)`,
  );
}

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** What `apply` writes into the annotation: the object without it, as compact JSON. `asIs`: no empty annotations are added. */
export function lastAppliedOf(object: KubeObject, asIs = false): string {
  const { [LAST_APPLIED]: _, ...annotations } = (object.metadata.annotations ?? {}) as Record<string, string>;
  if (asIs && !object.metadata.annotations) return compactJson(object) + '\n';
  return compactJson({ ...object, metadata: { ...object.metadata, annotations } }) + '\n';
}

/** The object with its own configuration in the annotation; `typed`: as kubectl's own Go types are written. */
export function withLastApplied(object: KubeObject, typed = false): KubeObject {
  const text = typed ? `${typedJson(object)}\n` : lastAppliedOf(object);
  const annotations = { ...object.metadata.annotations, [LAST_APPLIED]: text };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
